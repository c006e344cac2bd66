//! The practice world: an authorization server and an MCP server that can be told to misbehave.
