//! The practice world against a plain HTTP client that plays an OAuth client, a correct one and several wrong ones.

mod mcp;
mod metadata;
mod mistakes;
mod plain;
mod renewal;
mod sign_in;
mod trouble;
