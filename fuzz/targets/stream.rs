//! Bytes as an event stream, cut in pieces: the reader against its reference (`crates/mcp/tests/reference`). The first bytes choose the
//! limit and the cuts.

#![no_main]

#[path = "../../crates/mcp/tests/reference/stream.rs"]
mod reference;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [limit, first, second, stream @ ..] = bytes else {
        return;
    };
    let limit = 3 + usize::from(*limit);
    reference::check(stream, limit, &[usize::from(*first), usize::from(*second)]);
});
