//! Calls that meet a missing sign-in: kept, told where to sign in, and answered by themselves. Clients are `rmcp`'s, the server and its
//! login server are the practice world's.

#![expect(clippy::unwrap_used, reason = "all of this is a test")]

mod asked;
mod client;
mod ends;
mod introduced;
mod measured;
mod stage;
mod waits;
