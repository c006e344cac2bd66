//! The two documents by which clients find their way: the protected resource's (RFC 9728) and the authorization server's (RFC 8414).

use axum::Json;
use axum::extract::{OriginalUri, State};
use http::HeaderMap;
use serde_json::{Value, json};
use settings::Settings;
use url::Url;

use super::{home, is_on, on};
use crate::address::{Address, Door};
use crate::app::App;
use crate::problem::Problem;

pub(crate) const RESOURCE: &str = "/.well-known/oauth-protected-resource";

/// GET `/.well-known/oauth-protected-resource` and, for each endpoint, with its path behind. Without one `/mcp` is meant.
pub(crate) async fn resource(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let prefix = app.options().prefix();
    let (_, behind) = uri.path().split_once(RESOURCE).unwrap_or_default();
    // RFC 9728 3.1 puts the whole path of the resource behind; with a prefix of ours that is a part of it.
    let path = behind.strip_prefix(prefix.as_str()).unwrap_or(behind);
    let path = match path.trim_end_matches('/') {
        "" => "/mcp",
        path => path,
    };
    if !is_resource(path) {
        return Err(Problem::missing("no resource of this hub is at that path"));
    }
    let home = home(&app, &headers);
    let mut document = json!({
        "resource": format!("{home}{path}"),
        "resource_name": "MCPHub",
        "bearer_methods_supported": ["header"],
    });
    let settings = app.now().settings.clone();
    let outside = vouching(&settings);
    let own = is_on(&app).then_some(home.as_str());
    let servers: Vec<&str> = outside.into_iter().chain(own).collect();
    if !servers.is_empty() {
        document["authorization_servers"] = json!(servers);
    }
    // Scopes of ours mean nothing to another issuer, and many refuse whoever asks for one that they do not know.
    if own.is_some() && outside.is_none() {
        document["scopes_supported"] = json!(settings.oauth_server.allowed_scopes);
    }
    Ok(Json(document))
}

/// The outside issuer comes first: somebody chose it, while the hub's own stands there unasked, and clients take the first.
// rule: rfc9728-2-issuers
fn vouching(settings: &Settings) -> Option<&str> {
    let issuer = settings.forward_auth.issuer()?.issuer.as_str();
    let address = Url::parse(issuer).ok()?;
    let is_web = matches!(address.scheme(), "http" | "https");
    is_web.then_some(issuer)
}

fn is_resource(path: &str) -> bool {
    let door = Address::of(path, "").map(|address| address.door);
    matches!(door, Some(Door::Mcp | Door::Sse)) || path == "/api"
}

/// GET `/.well-known/oauth-authorization-server`, and with the path of an endpoint behind, where some clients look.
pub(crate) async fn server(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    on(&app)?;
    let home = home(&app, &headers);
    let settings = app.now().settings.clone();
    let server = &settings.oauth_server;
    let methods: &[&str] = if server.require_client_secret {
        &["client_secret_basic", "client_secret_post"]
    } else {
        &["none", "client_secret_basic", "client_secret_post"]
    };
    let mut document = json!({
        "issuer": home,
        "authorization_endpoint": format!("{home}/oauth/authorize"),
        "token_endpoint": format!("{home}/oauth/token"),
        "revocation_endpoint": format!("{home}/oauth/revoke"),
        "userinfo_endpoint": format!("{home}/oauth/userinfo"),
        "scopes_supported": server.allowed_scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "client_id_metadata_document_supported": server.client_documents.is_some(),
    });
    if server.registration.enabled {
        document["registration_endpoint"] = format!("{home}/oauth/register").into();
    }
    Ok(Json(document))
}
