//! Who may come in: the token is looked up, its life, audience and scopes are checked (RFC 6750 3, RFC 9728 5.1).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::metadata_path;
use crate::authorization_server::grants::Terms;
use crate::choices::Challenge;
use crate::proof::{NONCE, Unproved};
use crate::seen::Seen;
use crate::state::State;
use crate::trouble::Endpoint;

/// The terms that a request came in on; `None` where no token was demanded.
pub(crate) type Admitted = Option<Terms>;

pub(crate) fn admit(state: &mut State, asked: &Seen) -> Result<Admitted, Box<Response>> {
    if !state.switches.token_required || is_public(state, asked) {
        return Ok(None);
    }
    let scheme = if state.switches.dpop {
        "dpop"
    } else {
        "bearer"
    };
    let Some(token) = asked.shown(scheme) else {
        return refuse(unauthorized(state, None));
    };
    if state.switches.dpop
        && let Err(response) = proved(state, asked, token)
    {
        return Err(response);
    }
    let access = state.grants.find_access(token, state.clock.now());
    let Some(access) = access.filter(|access| access.live && !state.switches.refuse_tokens) else {
        return refuse(unauthorized(
            state,
            Some("the access token is unknown, expired or revoked"),
        ));
    };
    let audience = access.terms.audience.as_deref();
    if audience != Some(state.mcp_url().as_str()) && audience != Some(state.resource().as_str()) {
        return refuse(unauthorized(
            state,
            Some("the access token is for another resource"),
        ));
    }
    match missing_scope(state, asked, &access.terms) {
        Some(scope) => refuse(forbidden(state, &scope)),
        None => Ok(Some(access.terms)),
    }
}

fn proved(state: &mut State, asked: &Seen, token: &str) -> Result<(), Box<Response>> {
    let address = state.mcp_url();
    let with_nonce = |mut response: Response| {
        let nonce = HeaderValue::from_static(NONCE);
        response.headers_mut().insert("dpop-nonce", nonce);
        response
    };
    match state.proofs.verify(asked, &address, Some(token)) {
        Ok(point) if state.proofs.is_bound(token, &point) => Ok(()),
        Ok(_) => Err(unauthorized(state, Some("the token is bound to another key")).into()),
        Err(Unproved::Wrong(what)) => Err(unauthorized(state, Some(what)).into()),
        Err(Unproved::Nonce) => {
            let fields = vec![("error", "use_dpop_nonce".to_owned())];
            Err(with_nonce(challenge(state, StatusCode::UNAUTHORIZED, fields)).into())
        }
    }
}

fn refuse(response: Response) -> Result<Admitted, Box<Response>> {
    Err(Box::new(response))
}

fn is_public(state: &State, asked: &Seen) -> bool {
    state.switches.public_initialize
        && asked.endpoint == Endpoint::Mcp
        && matches!(
            asked.json()["method"].as_str(),
            Some("initialize" | "notifications/initialized" | "ping")
        )
}

/// The scope that the called tool needs and the token does not have.
fn missing_scope(state: &State, asked: &Seen, terms: &Terms) -> Option<String> {
    let message = asked.json();
    if message["method"] != "tools/call" {
        return None;
    }
    let needed = state
        .switches
        .tool_scopes
        .get(message["params"]["name"].as_str()?)?;
    (!terms.scopes.contains(needed)).then(|| needed.clone())
}

fn unauthorized(state: &State, description: Option<&str>) -> Response {
    let mut fields = Vec::new();
    if let Some(description) = description {
        fields.push(("error", "invalid_token".to_owned()));
        fields.push(("error_description", description.to_owned()));
    }
    if let Some(scope) = &state.switches.challenge_scope {
        fields.push(("scope", scope.clone()));
    }
    challenge(state, StatusCode::UNAUTHORIZED, fields)
}

fn forbidden(state: &State, scope: &str) -> Response {
    let fields = vec![
        ("error", "insufficient_scope".to_owned()),
        (
            "error_description",
            "the tool needs another scope".to_owned(),
        ),
        ("scope", scope.to_owned()),
    ];
    challenge(state, StatusCode::FORBIDDEN, fields)
}

fn challenge(state: &State, status: StatusCode, mut fields: Vec<(&str, String)>) -> Response {
    match state.switches.challenge {
        Challenge::Absent => return status.into_response(),
        Challenge::Password => return with_words(status, "Basic realm=\"practice\""),
        Challenge::Garbled => return with_words(status, "<login required>"),
        Challenge::WithoutMetadata => {}
        Challenge::AuthorizationServer => fields.push(("authorization_server", state.issuer())),
        Challenge::Full => {
            let true_one = metadata_path(state);
            let true_one = true_one.map(|path| format!("{}{path}", state.origins.mcp_server));
            let named = state.switches.published_pointer.clone().or(true_one);
            fields.extend(named.map(|pointer| ("resource_metadata", pointer)));
        }
    }
    fields.insert(0, ("realm", "practice".to_owned()));
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}=\"{value}\""))
        .collect();
    let scheme = if state.switches.dpop {
        "DPoP"
    } else {
        "Bearer"
    };
    with_words(status, &format!("{scheme} {}", fields.join(", ")))
}

fn with_words(status: StatusCode, words: &str) -> Response {
    let mut response = status.into_response();
    if let Ok(value) = HeaderValue::from_str(words) {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, value);
    }
    response
}
