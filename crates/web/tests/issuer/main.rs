//! The hub as authorization server of its own clients, on the wire: metadata, registration, the page on which a person agrees, tokens and their end.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

#[path = "../stage/mod.rs"]
mod stage;

mod client;
mod clients;
mod consent;
mod door;
mod life;
mod metadata;
mod outside;
mod registering;
mod streams;
