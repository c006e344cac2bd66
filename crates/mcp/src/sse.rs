//! Server-sent events: an incremental parser with a cap on its memory, and a writer.
//!
//! HTML Living Standard, "Server-sent events", parsing and interpreting. One thing differs on purpose: a block with only an
//! id or a retry is given out too (with empty data), because MCP's priming events are made of these.

mod parser;
mod writer;

pub use parser::{Parser, TooLong};
pub use writer::{comment, message, write};

/// One event. Data without a message (priming) is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// The event's type; `None` means "message".
    pub kind: Option<String>,
    pub data: String,
    pub id: Option<String>,
    /// How long to wait before reconnecting, in milliseconds.
    pub retry: Option<u64>,
}

impl Event {
    /// An event that carries one message.
    pub fn message(data: impl Into<String>) -> Self {
        Self {
            data: data.into(),
            ..Self::default()
        }
    }
}
