//! GET `/mcp-settings/export`: the settings as they are written, without a secret in them and without anybody's sign-in.
//!
//! Secrets are replaced by asterisks, so that whoever takes the export elsewhere sees what to fill in; placeholders stay.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::IntoParams;

use super::InQuery;
use super::answer::Answer;
use super::redaction::redact;
use super::servers::no_server;
use super::shape::Keys;
use crate::access::Admin;
use crate::app::App;
use crate::problem::Problem;

/// What only lives for a while, or belongs to one hub.
const LEFT_OUT: [&str; 1] = ["oauthTokens"];
/// Written by sign-ins, under a server's `oauth`.
const SIGN_IN: [&str; 8] = [
    "accessToken",
    "refreshToken",
    "expiresAt",
    "grantedScopes",
    "grant",
    "pendingAuthorization",
    "stepUps",
    "users",
];

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only of this server.
    server_name: Option<String>,
}

/// The settings as they are written, without a secret and without anybody's sign-in.
#[utoipa::path(
    get,
    path = "/mcp-settings/export",
    tag = "settings",
    params(Which),
    responses((status = 200, description = "The settings", body = Answer<Keys>))
)]
pub(super) async fn export(
    State(app): State<App>,
    _: Admin,
    InQuery(which): InQuery<Which>,
) -> Result<Json<Answer<Value>>, Problem> {
    let file = app.hub().store().file();
    let data = match which.server_name {
        None => whole(file.document()),
        Some(name) => {
            let server = file.raw_server(&name).ok_or_else(|| no_server(&name))?;
            json!({ "mcpServers": { name: exported(server) } })
        }
    };
    Ok(Answer::of(data))
}

pub(super) fn whole(document: &Map<String, Value>) -> Value {
    let kept = document
        .iter()
        .filter(|(key, _)| !LEFT_OUT.contains(&key.as_str()));
    let entries = kept.map(|(key, value)| {
        let shown = match (key.as_str(), value) {
            ("mcpServers", Value::Object(servers)) => servers
                .iter()
                .map(|(name, server)| (name.clone(), exported(server)))
                .collect(),
            (_, Value::Array(list)) => list.iter().map(redact).collect(),
            (_, value) => redact(value),
        };
        (key.clone(), shown)
    });
    Value::Object(entries.collect())
}

/// Another hub signs in for itself; also a client that registered itself is this hub's.
fn exported(server: &Value) -> Value {
    let mut server = server.clone();
    if let Some(oauth) = server.get_mut("oauth").and_then(Value::as_object_mut) {
        for key in SIGN_IN {
            oauth.shift_remove(key);
        }
        if oauth.shift_remove("registration").is_some() {
            oauth.shift_remove("clientId");
            oauth.shift_remove("clientSecret");
        }
    }
    redact(&server)
}
