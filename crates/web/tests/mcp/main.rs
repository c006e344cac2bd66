//! The MCP endpoints between counterparts that we did not write: `rmcp` as client and as server, both over loopback.

#![expect(
    deprecated,
    reason = "logging, sampling, roots and subscriptions belong to the revisions under test"
)]

mod asks;
mod by_hand;
mod by_stream;
mod changes;
mod client;
mod groups;
mod harness;
mod merged;
mod metrics;
mod noted;
mod old_calls;
mod old_ends;
mod old_wire;
mod passed_on;
mod per_session;
mod raw_upstream;
mod resumed;
mod resumed_session;
mod sessions;
mod stateless;
mod taken_away;
mod tasks;
mod transparent;
mod up;
mod users;
mod wire;
