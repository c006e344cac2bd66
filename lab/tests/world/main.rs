//! The practice world against a plain HTTP client that plays an OAuth client, a correct one and several wrong ones.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by stopping"
)]

mod device;
mod mcp;
mod metadata;
mod mistakes;
mod plain;
mod registration;
mod renewal;
mod sign_in;
mod trouble;
