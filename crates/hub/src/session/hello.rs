//! The answer to `initialize`.
//!
//! MCP lifecycle, "Initialization". `/mcp/{server}` passes on what the server said, with the revision that this client gets; endpoints of
//! many servers, and a server that is not there yet, get an answer of the hub's own, with what has to be done before all tools are there.

use std::sync::Arc;
use std::time::Duration;

use mcp::Revision;
use mcp::bridge;
use mcp::capability::{self, Abilities};
use mcp::message::Message;
use mcp::raw::{self, Unreadable};

use crate::catalog::{Catalog, Scope};
use crate::upstream::{State, Upstream};

/// What a client said of itself.
pub(super) struct Asked {
    pub(super) revision: Revision,
    pub(super) abilities: Abilities,
    /// The same in the words of the stateless revision.
    pub(super) capabilities: String,
    /// Not known of a session that was opened in another process.
    pub(super) client: Option<Named>,
}

/// The name of a client and of its version, as it says them: text of a stranger, cut short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub name: Arc<str>,
    pub version: Box<str>,
}

/// How long a client waits for a server that is being connected. After that it gets the hub's own answer and hears of lists later.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of what a client can do, which is kept as long as its session.
const LARGEST: usize = 16 * 1024;

/// Servers that are named to a model.
const MOST_NAMED: usize = 20;

/// Letters of a client's name.
const LONGEST_NAME: usize = 100;

/// Why an `initialize` opens nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotAsked {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("the capabilities have more than {LARGEST} bytes")]
    Large,
}

pub(super) fn read(initialize: &Message) -> Result<Asked, NotAsked> {
    let params = initialize
        .params()
        .filter(|params| raw::is_object(params))
        .unwrap_or("{}");
    let [version, capabilities, client] =
        raw::fields(params, ["protocolVersion", "capabilities", "clientInfo"])?;
    if capabilities.is_some_and(|capabilities| capabilities.len() > LARGEST) {
        return Err(NotAsked::Large);
    }
    let version = version.and_then(raw::string).unwrap_or_default();
    Ok(Asked {
        revision: Revision::negotiate(&version),
        capabilities: bridge::capabilities(capabilities.unwrap_or("{}")),
        abilities: capabilities.map(Abilities::read).unwrap_or_default(),
        client: client.and_then(named),
    })
}

/// What the client says of itself is of no use to anything but people, so that nothing is refused for it.
pub(super) fn named(client: &str) -> Option<Named> {
    let of = |member| {
        let said = raw::string_at(client, &[member]).ok().flatten();
        let said = said.unwrap_or_default();
        said.chars().take(LONGEST_NAME).collect::<String>()
    };
    let name = of("name");
    (!name.is_empty()).then(|| Named {
        name: name.into(),
        version: of("version").into(),
    })
}

/// The result of `initialize`.
pub(super) async fn answer(catalog: &Catalog, scope: &Scope, revision: Revision) -> String {
    let shape = scope.shape();
    let only = shape.members.first().filter(|_| shape.transparent);
    let instructions = || instructions(catalog.behind_sign_in(scope));
    let Some(member) = only else {
        return own(revision, ("mcphub", "MCPHub"), instructions());
    };
    let upstream = catalog.serving(scope, &member.server).ok();
    if let Some(upstream) = &upstream {
        wake_first(upstream).await;
        settled(upstream, PATIENCE).await;
    }
    let said = upstream.and_then(|upstream| upstream.hello());
    let version = raw::quote(revision.as_str());
    // A result that is no object never became a `Hello`; the hub's own answer stands in for it anyway.
    let passed = said.and_then(|hello| raw::set(&hello.result, "protocolVersion", &version).ok());
    passed.unwrap_or_else(|| own(revision, (&member.server, &member.server), instructions()))
}

/// Starts a server that sleeps where nothing is known of it yet; what it said and listed once is remembered.
pub(super) async fn wake_first(upstream: &Upstream) {
    if upstream.hello().is_none() {
        upstream.wake().await;
    }
}

/// Waits until an upstream is no longer being connected, or patience ends.
pub(super) async fn settled(upstream: &Upstream, patience: Duration) {
    let mut states = upstream.watch();
    // What an endpoint shows is switched on; one that is not yet connecting is about to.
    let unsettled = |state: &State| matches!(state, State::Connecting { .. } | State::Disabled);
    let settled = states.wait_for(|state| !unsettled(state));
    if tokio::time::timeout(patience, settled).await.is_err() {
        tracing::debug!(
            server = upstream.name(),
            "a client did not wait for the connection"
        );
    }
}

fn own(revision: Revision, (name, title): (&str, &str), instructions: Option<String>) -> String {
    let instructions = instructions.map(|text| format!(",\"instructions\":{}", raw::quote(&text)));
    format!(
        "{{\"protocolVersion\":\"{revision}\",\"capabilities\":{},\"serverInfo\":{{\"name\":{},\"title\":{},\"version\":\"{}\"}}{}}}",
        capability::merged(revision),
        raw::quote(name),
        raw::quote(title),
        env!("CARGO_PKG_VERSION"),
        instructions.unwrap_or_default(),
    )
}

/// For a model that would otherwise know nothing of servers whose tools cannot be listed yet.
fn instructions((servers, page): (Vec<&str>, String)) -> Option<String> {
    let (named, others) = servers.split_at(servers.len().min(MOST_NAMED));
    let more = match others.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let names = named.join(", ");
    (!named.is_empty()).then(|| format!("These servers list their tools only after a sign-in that is missing: {names}{more}. When the user wants one of them, ask him to open {page} in a browser. The page says what he can do there, or who can; after the sign-in the tools appear by themselves."))
}
