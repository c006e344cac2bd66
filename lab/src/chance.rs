//! Randomness of the practice world: names of codes, tokens, clients and sessions.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt;

/// `prefix-` and 32 random bytes as base64url.
#[expect(
    clippy::disallowed_methods,
    reason = "the practice world knows none of the hub's crates, so this is its one source"
)]
pub(crate) fn name(prefix: &str) -> String {
    let bytes: [u8; 32] = rand::rng().random();
    format!("{prefix}-{}", URL_SAFE_NO_PAD.encode(bytes))
}
