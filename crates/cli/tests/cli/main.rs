//! The command line from outside: the real binary, what it says, and how it ends.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

mod device;
mod doctor;
mod harness;
mod journey;
mod messages;
mod sealed;
mod twins;
