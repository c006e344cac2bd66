//! Dynamic client registration (RFC 7591), and the end of one (RFC 7592 section 2.3). It leaves out software statements and the
//! rest of RFC 7592.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use url::{Host, Url};

use super::client::{AuthMethod, Client};
use super::refusal::Refusal;
use super::{device, metadata};
use crate::chance;
use crate::choices::{Redirects, Registration};
use crate::seen::Seen;
use crate::state::State;

pub(crate) fn answer(state: &mut State, asked: &Seen) -> Response {
    match &state.switches.registration {
        Registration::Absent => return metadata::missing(state),
        Registration::Refused => return (StatusCode::FORBIDDEN, "Forbidden").into_response(),
        Registration::Protected(token) if asked.bearer() != Some(token) => {
            let challenge = [(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")];
            return (
                StatusCode::UNAUTHORIZED,
                challenge,
                Json(json!({ "error": "invalid_token" })),
            )
                .into_response();
        }
        Registration::Open | Registration::Protected(_) => {}
    }
    match register(state, asked) {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

fn register(state: &mut State, asked: &Seen) -> Result<Response, Refusal> {
    let Value::Object(metadata) = asked.json() else {
        return Err(Refusal::new(
            "invalid_client_metadata",
            "the body is no JSON object",
        ));
    };
    let method = auth_method(state, &metadata)?;
    let issued_at = state.clock.unix();
    let with_secret = method != AuthMethod::None || state.switches.secret_for_public_clients;
    let client = Client {
        jwks: None,
        client_id: chance::name("client"),
        client_secret: with_secret.then(|| chance::name("secret")),
        redirect_uris: redirect_uris(state, &metadata)?,
        token_endpoint_auth_method: method,
        grant_types: grant_types(state, &metadata)?,
        client_name: metadata
            .get("client_name")
            .and_then(Value::as_str)
            .map(str::to_owned),
        client_secret_expires_at: state
            .switches
            .secret_life
            .map_or(0, |life| issued_at + life),
    };
    let mut response = said(&client, metadata, issued_at);
    if state.switches.registration_management {
        let id = &client.client_id;
        response["registration_client_uri"] = json!(format!("{}/register/{id}", state.issuer()));
        response["registration_access_token"] = json!(token_of(id));
    }
    state.clients.insert(client);
    state.counts.registered += 1;
    let status =
        StatusCode::from_u16(state.switches.registration_status).unwrap_or(StatusCode::CREATED);
    Ok((
        status,
        [(header::CACHE_CONTROL, "no-store")],
        Json(response),
    )
        .into_response())
}

/// Nothing here is a secret, so this one need not be remembered.
fn token_of(client_id: &str) -> String {
    format!("manages-{client_id}")
}

/// A client that is not wanted any more.
pub(crate) fn take_back(state: &mut State, asked: &Seen) -> Response {
    let id = asked.path.rsplit('/').next().unwrap_or_default();
    let known = state.switches.registration_management && state.clients.find(id).is_some();
    if !known || asked.bearer() != Some(&token_of(id)) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    state.clients.remove(id);
    StatusCode::NO_CONTENT.into_response()
}

/// All that was asked for, overwritten by what was decided.
fn said(client: &Client, mut metadata: Map<String, Value>, issued_at: u64) -> Value {
    metadata.insert("client_id".to_owned(), json!(client.client_id));
    metadata.insert("client_id_issued_at".to_owned(), json!(issued_at));
    metadata.insert("redirect_uris".to_owned(), json!(client.redirect_uris));
    metadata.insert("grant_types".to_owned(), json!(client.grant_types));
    metadata.insert(
        "token_endpoint_auth_method".to_owned(),
        json!(client.token_endpoint_auth_method),
    );
    if let Some(secret) = &client.client_secret {
        metadata.insert("client_secret".to_owned(), json!(secret));
        metadata.insert(
            "client_secret_expires_at".to_owned(),
            json!(client.client_secret_expires_at),
        );
    }
    Value::Object(metadata)
}

fn auth_method(state: &State, metadata: &Map<String, Value>) -> Result<AuthMethod, Refusal> {
    if let Some(method) = state.switches.registers_as {
        return Ok(method);
    }
    let asked = metadata
        .get("token_endpoint_auth_method")
        .cloned()
        .unwrap_or_else(|| json!(AuthMethod::Basic));
    let method = serde_json::from_value::<AuthMethod>(asked.clone()).map_err(|_unknown| {
        Refusal::new(
            "invalid_client_metadata",
            format!("{asked} is no auth method here"),
        )
    })?;
    if !state.switches.auth_methods.contains(&method) {
        return Err(Refusal::new(
            "invalid_client_metadata",
            format!("{asked} is not offered here"),
        ));
    }
    Ok(method)
}

fn redirect_uris(state: &State, metadata: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    let uris: Vec<String> = metadata
        .get("redirect_uris")
        .and_then(|uris| serde_json::from_value(uris.clone()).ok())
        .filter(|uris: &Vec<String>| !uris.is_empty())
        .ok_or_else(|| {
            Refusal::new(
                "invalid_redirect_uri",
                "redirect_uris must be a list of strings with one at least",
            )
        })?;
    for uri in &uris {
        if !acceptable(uri, state.switches.registration_redirects) {
            return Err(Refusal::new(
                "invalid_redirect_uri",
                format!("{uri} is not accepted here"),
            ));
        }
    }
    Ok(uris)
}

fn acceptable(uri: &str, redirects: Redirects) -> bool {
    let Ok(url) = Url::parse(uri) else {
        return false;
    };
    if url.fragment().is_some() {
        return false;
    }
    match url.scheme() {
        "http" => is_loopback(&url) && redirects != Redirects::HttpsOnly,
        "https" => redirects != Redirects::LoopbackOnly,
        _other => false,
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn grant_types(state: &State, metadata: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    let Some(asked) = metadata.get("grant_types") else {
        return Ok(vec!["authorization_code".to_owned()]);
    };
    let grants: Vec<String> = serde_json::from_value(asked.clone()).map_err(|_wrong| {
        Refusal::new(
            "invalid_client_metadata",
            "grant_types must be a list of strings",
        )
    })?;
    let mut known = vec!["authorization_code", "refresh_token"];
    if state.switches.device {
        known.push(device::GRANT_TYPE);
    }
    let unknown = |grant: &&String| !known.contains(&grant.as_str());
    if let Some(unknown) = grants.iter().find(unknown) {
        return Err(Refusal::new(
            "invalid_client_metadata",
            format!("the grant type {unknown} is not offered here"),
        ));
    }
    Ok(grants)
}
