//! `/connect`: what waits for a sign-in on one page, the way through it, and who may look and click.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod person;
#[path = "../stage/mod.rs"]
mod stage;
mod users;
mod vouched;
mod way;
