//! The REST API under `/api`, in MCPHub's shapes.

mod change;
mod name;
mod redaction;
