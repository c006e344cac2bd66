//! Bytes as the body of a POST or a line of a child: the JSON-RPC frame against its reference (`crates/mcp/tests/reference`).

#![no_main]

#[path = "../../crates/mcp/tests/reference/frame.rs"]
mod frame;
#[path = "../../crates/mcp/tests/reference/json.rs"]
mod json;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    frame::check(bytes);
});
