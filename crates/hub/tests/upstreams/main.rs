//! Upstreams against servers on loopback: stand-ins that can be told to misbehave, servers on another implementation of the
//! protocol, and child processes.

#![expect(clippy::unwrap_used, reason = "all of this is a test")]

extern crate mcphub_hub as hub;

mod codes;
mod demand;
mod desk;
mod echo;
mod http_answers;
mod http_sessions;
mod http_streams;
mod http_trouble;
mod independent;
mod old_sse;
mod process;
mod proofs;
mod rounds;
mod set;
mod stand_in;
mod stateless;
