//! The command line from outside: the real binary, what it says, and how it ends.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

#[cfg(unix)]
mod abuse;
mod connect;
mod device;
mod doctor;
mod drain;
mod explain;
mod files;
mod harness;
mod import;
mod journey;
mod lists;
mod messages;
#[cfg(unix)]
mod people;
mod refused;
mod sealed;
#[cfg(unix)]
mod terminal;
mod traced;
mod twins;
mod watched;
