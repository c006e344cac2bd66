//! The hub's own client document, whose address is its client id at authorization servers that take one.
//!
//! OAuth Client ID Metadata Document sections 3 and 4, MCP authorization "Client ID Metadata Documents". The document speaks of
//! the hub's public callback alone; a server with a callback of its own is registered with instead.

use serde_json::{Value, json};
use settings::{GrantType, Settings};
use url::Url;

/// Where the document is, below the hub's public address.
pub const PATH: &str = "/.well-known/oauth-client-metadata.json";

/// The document's address; `None`: the hub has no public https address.
#[must_use]
pub fn address(settings: &Settings) -> Option<String> {
    let base = settings.base_url()?.trim_end_matches('/');
    let url = Url::parse(base).ok()?;
    (url.scheme() == "https").then(|| format!("{base}{PATH}"))
}

/// The document. Its `client_id` is its own address, byte for byte, and the callback is the one that every sign-in with it uses.
// rule: mcp-auth-client-metadata-document, at-53
#[must_use]
pub fn document(settings: &Settings) -> Option<Value> {
    let address = address(settings)?;
    let base = address.strip_suffix(PATH)?;
    Some(json!({
        "client_id": address,
        "client_name": "MCPHub",
        "client_uri": base,
        "redirect_uris": [format!("{base}/oauth/callback")],
        "grant_types": grant_types(settings),
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "web",
    }))
}

/// A code that people type is named only where a server is signed in to in that way.
fn grant_types(settings: &Settings) -> Vec<&'static str> {
    let mut all = vec!["authorization_code", "refresh_token"];
    let mut servers = settings.servers.iter();
    if servers.any(|server| server.oauth.grant_type == GrantType::DeviceCode) {
        all.push(oauth::device::GRANT_TYPE);
    }
    all
}

/// The address of the document for a sign-in that comes back at this callback.
pub(super) fn for_callback(settings: &Settings, callback: &str) -> Option<String> {
    let address = address(settings)?;
    let ours = address.strip_suffix(PATH)?;
    (callback.strip_suffix("/oauth/callback") == Some(ours)).then_some(address)
}

/// Whether a client id is the address of such a document.
pub(super) fn is_ours(id: &str) -> bool {
    id.starts_with("https://") && id.ends_with(PATH)
}
