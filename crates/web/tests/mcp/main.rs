//! The MCP endpoints between counterparts that we did not write: `rmcp` as client and as server, both over loopback.

#![expect(
    deprecated,
    reason = "logging, sampling, roots and subscriptions belong to the revisions under test"
)]

mod asks;
mod by_hand;
mod changes;
mod client;
mod groups;
mod harness;
mod merged;
mod passed_on;
mod per_session;
mod raw_upstream;
mod resumed;
mod resumed_session;
mod sessions;
mod stateless;
mod tasks;
mod transparent;
mod up;
mod wire;
