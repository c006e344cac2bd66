//! MCP messages, names, revisions, and many servers merged into one.
