//! All that listens: `/mcp`, `/api`, the callback and its pages.

mod api;
mod mcp;
mod options;
mod page;
mod problem;
mod session;

pub use options::WebOptions;
