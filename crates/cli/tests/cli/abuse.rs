//! What is tried at the running binary by whoever means harm: each row of `docs/security.md` that comes over the network, and a few that
//! show only when everything is put together.

mod bombs;
mod gate;
mod logins;
mod secrets;
mod wire;
