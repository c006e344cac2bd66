//! Between revisions that shake hands and the stateless one: what every stateless request says of its sender, what `server/discover`
//! says of a server, and a call that takes several rounds.
//!
//! MCP 2026-07-28: basic, "`_meta`"; versioning; server, "Discovery"; patterns, "Multi Round-Trip Requests" and "Subscriptions". Leaves out headers (`mirror`).

mod answer;
mod discovery;
mod rounds;
mod said;
#[cfg(test)]
mod tests;

pub use answer::{completed, discovered, input_required};
pub use discovery::{Choice, choose, introduction, is_modern, supported, unsupported};
pub use rounds::{Input, Outcome, Unanswerable, outcome, retry};
pub use said::{Said, Unsaid, said, without_sender};

use crate::capability::Abilities;
use crate::raw::{self, Unreadable};
use crate::revision::Revision;

/// Keys in `_meta` that belong to the protocol.
pub mod key {
    pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
    pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
    pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
    pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
    pub const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
    pub const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";
}

/// Who sends a stateless request. All but the revision and the level is JSON text.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    pub revision: Revision,
    /// Name and version of the program.
    pub implementation: &'a str,
    pub capabilities: &'a str,
    /// From which level on the sender wants to hear logs of this request.
    pub log_level: Option<&'a str>,
}

/// The params of a request with what the stateless revision wants in their `_meta`; everything else stays.
// rule: mcp-meta-every-request -- every request says its revision and its sender's capabilities, and should say who it is.
pub fn with_sender(params: Option<&str>, sender: &Sender<'_>) -> Result<String, Unreadable> {
    let params = params
        .filter(|params| raw::is_object(params))
        .unwrap_or("{}");
    let meta = raw::field(params, "_meta")?.filter(|meta| raw::is_object(meta));
    let version = raw::quote(sender.revision.as_str());
    let mut meta = raw::set(meta.unwrap_or("{}"), key::PROTOCOL_VERSION, &version)?;
    meta = raw::set(&meta, key::CLIENT_INFO, sender.implementation)?;
    meta = raw::set(&meta, key::CLIENT_CAPABILITIES, sender.capabilities)?;
    if let Some(level) = sender.log_level {
        meta = raw::set(&meta, key::LOG_LEVEL, &raw::quote(level))?;
    }
    raw::set(params, "_meta", &meta)
}

/// What a client that shook hands can do, in the words of the stateless revision. Extensions pass as they are.
pub fn capabilities(declared: &str) -> String {
    let keys = ["sampling", "elicitation", "extensions"];
    // What cannot be read can do nothing, as in `Abilities`.
    let found = raw::fields(declared, keys).unwrap_or_default();
    let objects = keys.iter().zip(found);
    let mut kept: Vec<String> = objects
        .filter_map(|(key, value)| Some((key, value.filter(|value| raw::is_object(value))?)))
        .map(|(key, value)| format!("{}:{value}", raw::quote(key)))
        .collect();
    if Abilities::read(declared).roots {
        kept.push("\"roots\":{}".to_owned());
    }
    format!("{{{}}}", kept.join(","))
}

/// The params of `subscriptions/listen`.
pub fn listen(lists: &[&str], resources: &[Box<str>], tasks: &[Box<str>]) -> String {
    let mut filter: Vec<String> = lists
        .iter()
        .map(|list| format!("{}:true", raw::quote(list)))
        .collect();
    for (key, named) in [("resourceSubscriptions", resources), ("taskIds", tasks)] {
        let named: Vec<String> = named.iter().map(|name| raw::quote(name)).collect();
        if !named.is_empty() {
            filter.push(format!("{}:[{}]", raw::quote(key), named.join(",")));
        }
    }
    format!("{{\"notifications\":{{{}}}}}", filter.join(","))
}
