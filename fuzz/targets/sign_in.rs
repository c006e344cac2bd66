//! Bytes as all that strangers say in a sign-in (challenge, documents, registration, callback, tokens): the chain against what must hold
//! of it (`crates/oauth/tests/reference`).

#![no_main]

#[allow(dead_code, reason = "some of it is for answers that the tests make up")]
#[path = "../../crates/oauth/tests/reference/chain.rs"]
mod chain;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    chain::check(bytes);
});
