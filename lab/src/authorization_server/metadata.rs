//! The authorization server metadata (RFC 8414, or OpenID Connect Discovery), at the one address that the switch names.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::device;
use crate::choices::{Iss, Missing, Pkce, RefreshTokens, Registration, ServerMetadata};
use crate::seen::Seen;
use crate::state::State;

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OIDC: &str = "/.well-known/openid-configuration";

pub(crate) fn answer(state: &State, asked: &Seen) -> Response {
    if address(state).as_deref() == Some(asked.path.as_str()) && asked.method == "GET" {
        Json(document(state)).into_response()
    } else {
        missing(state)
    }
}

/// Path at which the document is published.
fn address(state: &State) -> Option<String> {
    let path = &state.switches.issuer_path;
    match state.switches.server_metadata {
        ServerMetadata::PathInserted => Some(format!("{OAUTH}{path}")),
        ServerMetadata::OidcInserted => Some(format!("{OIDC}{path}")),
        ServerMetadata::OidcAppended => Some(format!("{path}{OIDC}")),
        ServerMetadata::PathAppended => Some(format!("{path}{OAUTH}")),
        ServerMetadata::RootOnly => Some(OAUTH.to_owned()),
        ServerMetadata::Absent => None,
    }
}

fn document(state: &State) -> Value {
    let switches = &state.switches;
    let issuer = state.issuer();
    let mut document = Map::new();
    let mut say = |key: &str, value: Value| drop(document.insert(key.to_owned(), value));
    say(
        "issuer",
        json!(switches.published_issuer.as_ref().unwrap_or(&issuer)),
    );
    say(
        "authorization_endpoint",
        json!(format!("{issuer}/authorize")),
    );
    say("token_endpoint", json!(format!("{issuer}/token")));
    if switches.registration != Registration::Absent {
        say("registration_endpoint", json!(format!("{issuer}/register")));
    }
    if switches.revocation {
        say("revocation_endpoint", json!(format!("{issuer}/revoke")));
    }
    say("response_types_supported", json!(["code"]));
    let mut grants = vec!["authorization_code", "refresh_token"];
    if switches.device {
        grants.push(device::GRANT_TYPE);
        let address = format!("{issuer}/device_authorization");
        say("device_authorization_endpoint", json!(address));
    }
    say("grant_types_supported", json!(grants));
    say(
        "token_endpoint_auth_methods_supported",
        json!(switches.auth_methods),
    );
    match switches.pkce {
        Pkce::S256 => say("code_challenge_methods_supported", json!(["S256"])),
        Pkce::Plain => say("code_challenge_methods_supported", json!(["plain"])),
        Pkce::NotOffered => {}
    }
    if let Some(scopes) = server_scopes(state) {
        say("scopes_supported", json!(scopes));
    }
    if matches!(
        switches.iss,
        Iss::Promised | Iss::Missing | Iss::MissingOnDenial | Iss::Wrong
    ) {
        say(
            "authorization_response_iss_parameter_supported",
            json!(true),
        );
    }
    if matches!(
        switches.server_metadata,
        ServerMetadata::OidcInserted | ServerMetadata::OidcAppended
    ) {
        say("jwks_uri", json!(format!("{issuer}/jwks")));
        say("subject_types_supported", json!(["public"]));
        say("id_token_signing_alg_values_supported", json!(["RS256"]));
    }
    said_instead(&mut document, &switches.server_members);
    Value::Object(document)
}

/// A document with members that say something else, or nothing.
pub(crate) fn said_instead(document: &mut Map<String, Value>, instead: &BTreeMap<String, Value>) {
    for (key, value) in instead {
        if value.is_null() {
            document.remove(key);
        } else {
            document.insert(key.clone(), value.clone());
        }
    }
}

fn server_scopes(state: &State) -> Option<Vec<String>> {
    let mut scopes = state.switches.server_scopes.clone();
    if state.switches.refresh_tokens == RefreshTokens::OfflineAccess {
        scopes
            .get_or_insert_default()
            .push("offline_access".to_owned());
    }
    scopes
}

/// What stands where nothing is published.
pub(crate) fn missing(state: &State) -> Response {
    match state.switches.missing {
        Missing::NotFound => StatusCode::NOT_FOUND.into_response(),
        Missing::Html => {
            Html("<!doctype html><title>Practice</title><h1>Practice</h1>").into_response()
        }
        Missing::Unauthorized => StatusCode::UNAUTHORIZED.into_response(),
        Missing::Forbidden => StatusCode::FORBIDDEN.into_response(),
        Missing::ServerError => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Missing::Redirect => (
            StatusCode::FOUND,
            [(header::LOCATION, "http://127.0.0.1:1/elsewhere")],
        )
            .into_response(),
    }
}
