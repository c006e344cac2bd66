//! MCP messages, names, revisions, and many servers merged into one.
//!
//! Pure: text in, text out. JSON is opened only where the hub acts; everything else passes byte for byte.

pub mod bridge;
pub mod capability;
pub mod header;
pub mod merge;
pub mod message;
pub mod method;
pub mod mirror;
pub mod name;
pub mod raw;
pub mod revision;
pub mod sse;
pub mod task;
pub mod trace;

pub use message::{Body, Kind, Malformed, Message};
pub use revision::Revision;
