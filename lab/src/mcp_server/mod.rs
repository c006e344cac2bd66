//! The MCP server: Streamable HTTP of 2025-11-25 (also 2025-06-18 and 2025-03-26 without batches), four tools, and the
//! protected resource metadata (RFC 9728). It leaves out prompts, resources, resumable streams and the older transport.

pub(crate) mod admission;
pub(crate) mod sessions;
mod tools;
mod transport;

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::authorization_server::metadata::{missing, said_instead};
use crate::choices::ResourceMetadata;
use crate::seen::Seen;
use crate::state::{Shared, State};
use crate::trouble::Endpoint;

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
/// An address that nobody finds without being told.
pub(crate) const ELSEWHERE: &str = "/documents/practice-resource.json";

pub(crate) async fn answer(shared: &Arc<Shared>, asked: &Seen) -> Response {
    if asked.endpoint == Endpoint::ResourceMetadata {
        return resource_metadata(&shared.lock(), asked);
    }
    let admitted = match admission::admit(&mut shared.lock(), asked) {
        Ok(admitted) => admitted,
        Err(refusal) => return *refusal,
    };
    match asked.endpoint {
        Endpoint::Mcp => transport::post(shared, asked, &admitted).await,
        Endpoint::McpStream => transport::stream(&shared.lock(), asked),
        Endpoint::McpEnd => transport::end(&mut shared.lock(), asked),
        Endpoint::ResourceMetadata
        | Endpoint::ServerMetadata
        | Endpoint::Register
        | Endpoint::Unregister
        | Endpoint::Authorize
        | Endpoint::Decision
        | Endpoint::Token
        | Endpoint::Revoke
        | Endpoint::Device
        | Endpoint::Verification
        | Endpoint::Other => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Path at which the protected resource metadata is published.
fn metadata_path(state: &State) -> Option<String> {
    match state.switches.resource_metadata {
        ResourceMetadata::Path => Some(format!("{WELL_KNOWN}/mcp")),
        ResourceMetadata::Root => Some(WELL_KNOWN.to_owned()),
        ResourceMetadata::Elsewhere => Some(ELSEWHERE.to_owned()),
        ResourceMetadata::Absent => None,
    }
}

fn resource_metadata(state: &State, asked: &Seen) -> Response {
    if metadata_path(state).as_deref() != Some(asked.path.as_str()) || asked.method != "GET" {
        return missing(state);
    }
    let switches = &state.switches;
    let mut document = Map::new();
    document.insert("resource".to_owned(), json!(state.resource()));
    let servers = switches
        .published_servers
        .clone()
        .unwrap_or_else(|| vec![state.issuer()]);
    document.insert("authorization_servers".to_owned(), json!(servers));
    if let Some(scopes) = &switches.resource_scopes {
        document.insert("scopes_supported".to_owned(), json!(scopes));
    }
    document.insert("bearer_methods_supported".to_owned(), json!(["header"]));
    document.insert("resource_name".to_owned(), json!("Practice tools"));
    said_instead(&mut document, &switches.resource_members);
    Json(Value::Object(document)).into_response()
}
