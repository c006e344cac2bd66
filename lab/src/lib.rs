//! The practice world: a real authorization server and an MCP server that demands its tokens, on two loopback origins,
//! both of which can be told to misbehave while they run.
//!
//! Made for tests (`World::start`), for trying a client by hand (`serve`) and for the guided walk (`demo`). It depends on
//! none of the hub's crates, so that a mistake in a rule is not made twice in the same way. Nothing in it is a secret:
//! clients, codes and tokens live in memory and are recorded for assertions.

mod authorization_server;
mod browser;
mod chance;
mod choices;
mod clock;
mod control;
pub mod demo;
mod desk;
mod listen;
mod mcp_server;
pub mod outside;
mod proof;
mod seen;
mod state;
mod switches;
mod trouble;
mod wire;
mod world;

pub use authorization_server::client::{AuthMethod, Client};
pub use browser::{Browser, BrowserError, Decision, Page};
pub use choices::{
    Challenge, Consent, Indicators, Iss, McpAnswers, Missing, Pkce, Placement, Redirects,
    RefreshTokens, Registration, ResourceMetadata, Rotation, ServerMetadata, TokenAnswers,
    TokenShape,
};
pub use seen::{Counts, Seen, Side};
pub use switches::{SwitchError, Switches};
pub use trouble::{Endpoint, Fault, Trouble};
pub use world::{Hold, ServeOptions, World, serve};
