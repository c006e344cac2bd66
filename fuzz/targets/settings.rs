//! Bytes as a settings file and a change to it: reading and editing against the same change on the plain value
//! (`crates/settings/tests/reference`).

#![no_main]

#[path = "../../crates/settings/tests/reference/edit.rs"]
mod edit;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    edit::check(bytes);
});
