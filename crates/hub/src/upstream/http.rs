//! Streamable HTTP, the client's side: one POST for each message, answered by JSON or by a stream of events.
//!
//! MCP transports, revisions 2025-03-26 to 2025-11-25, "Streamable HTTP". The caller's own task reads the answer; there is no
//! task for a message.

mod connection;
mod events;
mod listen;
mod reading;
mod strays;

pub(super) use self::{
    connection::Http,
    events::{Stream, is_message},
    listen::listen,
    reading::Reading,
};
