//! The authorization endpoint (RFC 6749 4.1.1, OAuth 2.1 with PKCE, RFC 8707, RFC 9207).
//!
//! What is wrong with the client or the redirect URI is said to the person on a page; everything else goes back to the
//! client in the redirect.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use url::Url;

use super::client::Client;
use super::grants::{Code, Terms};
use super::refusal::Refusal;
use super::{page, register};
use crate::choices::{Consent, Indicators, Iss, RefreshTokens};
use crate::seen::Seen;
use crate::state::State;

/// Who signs in when nobody says a name.
pub(crate) const SOMEBODY: &str = "ada";

/// An authorization request that passed every check and waits for the person.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) client: Client,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) challenge: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) resource: Option<String>,
}

pub(crate) fn answer(state: &mut State, asked: &Seen) -> Response {
    let (client, redirect_uri) = match addressee(state, asked) {
        Ok(addressee) => addressee,
        Err(sentence) => return page::refusal(&sentence),
    };
    let request = match checked(state, asked, client, redirect_uri.clone()) {
        Ok(request) => request,
        Err(refusal) => {
            return deny(
                state,
                &redirect_uri,
                asked.query("state").as_deref(),
                &refusal,
            );
        }
    };
    match state.switches.consent {
        Consent::Page => page::consent(state, request),
        Consent::Allow => allow(state, request, SOMEBODY),
        Consent::Deny => denied_by_person(state, &request),
    }
}

/// The form of the page came back.
pub(crate) fn decide(state: &mut State, asked: &Seen) -> Response {
    let Some(request) = asked
        .form("request")
        .and_then(|name| state.waiting.take(&name))
    else {
        return page::refusal(
            "This page was answered already, or it is too old. Start again where you came from.",
        );
    };
    let person = asked.form("person").filter(|name| !name.trim().is_empty());
    match asked.form("decision").as_deref() {
        Some("allow") => allow(state, request, person.as_deref().unwrap_or(SOMEBODY)),
        _anything_else => denied_by_person(state, &request),
    }
}

/// Whom an answer may be sent to: a known client at exactly one of its redirect URIs.
fn addressee(state: &State, asked: &Seen) -> Result<(Client, String), String> {
    let id = asked
        .query("client_id")
        .ok_or("The request names no client.")?;
    let client = state
        .clients
        .find(&id)
        .ok_or_else(|| format!("No client is registered as {id}."))?;
    let uri = asked
        .query("redirect_uri")
        .ok_or("The request names no redirect URI.")?;
    let known = |registered: &String| {
        *registered == uri || (state.switches.loopback_any_port && same_but_port(registered, &uri))
    };
    if client.redirect_uris.iter().any(known) {
        Ok((client.clone(), uri))
    } else {
        Err(format!(
            "The redirect URI {uri} is none of those that the client registered: {}.",
            client.redirect_uris.join(", ")
        ))
    }
}

/// RFC 8252 7.3: the port of a loopback redirect URI is chosen at the time of the request.
fn same_but_port(registered: &str, asked: &str) -> bool {
    let (Ok(mut registered), Ok(mut asked)) = (Url::parse(registered), Url::parse(asked)) else {
        return false;
    };
    registered.scheme() == "http"
        && register::is_loopback(&registered)
        && registered.set_port(None).is_ok()
        && asked.set_port(None).is_ok()
        && registered == asked
}

fn checked(
    state: &State,
    asked: &Seen,
    client: Client,
    redirect_uri: String,
) -> Result<Request, Refusal> {
    if asked.query("response_type").as_deref() != Some("code") {
        return Err(Refusal::new(
            "unsupported_response_type",
            "only the response type code is offered",
        ));
    }
    if asked.query("code_challenge_method").as_deref() != Some("S256") {
        return Err(Refusal::new(
            "invalid_request",
            "code_challenge_method must be S256",
        ));
    }
    let challenge = asked
        .query("code_challenge")
        .filter(|challenge| challenge.len() == 43);
    let challenge = challenge
        .ok_or_else(|| Refusal::new("invalid_request", "code_challenge must be 43 characters"))?;
    let resource = asked.query("resource");
    check_resource(state, resource.as_deref())?;
    let scopes = scopes(state, asked.query("scope").as_deref())?;
    Ok(Request {
        client,
        redirect_uri,
        state: asked.query("state"),
        challenge,
        scopes,
        resource,
    })
}

/// Whether `resource` is as the switch wants it.
pub(crate) fn check_resource(state: &State, resource: Option<&str>) -> Result<(), Refusal> {
    match (state.switches.indicators, resource) {
        (Indicators::Ignored, _) | (Indicators::Refused | Indicators::Checked, None) => Ok(()),
        (Indicators::Refused, Some(resource)) => Err(Refusal::new(
            "invalid_target",
            format!("resource is not accepted here, and {resource} was sent"),
        )),
        (Indicators::Required, None) => Err(Refusal::new("invalid_target", "resource is missing")),
        (Indicators::Required | Indicators::Checked, Some(resource)) => {
            let known = [state.resource(), state.mcp_url()];
            if known.iter().any(|known| known == resource) {
                Ok(())
            } else {
                Err(Refusal::new(
                    "invalid_target",
                    format!("{resource} is not {}", known[0]),
                ))
            }
        }
    }
}

pub(crate) fn scopes(state: &State, asked: Option<&str>) -> Result<Vec<String>, Refusal> {
    let switches = &state.switches;
    let Some(asked) = asked else {
        return Ok(switches.resource_scopes.clone().unwrap_or_default());
    };
    let mut known: Vec<&str> = [&switches.resource_scopes, &switches.server_scopes]
        .into_iter()
        .flatten()
        .flatten()
        .chain(switches.tool_scopes.values())
        .map(String::as_str)
        .chain(
            switches
                .challenge_scope
                .iter()
                .flat_map(|scopes| scopes.split(' ')),
        )
        .collect();
    if switches.refresh_tokens == RefreshTokens::OfflineAccess {
        known.push("offline_access");
    }
    for scope in asked.split(' ') {
        if !known.contains(&scope) {
            return Err(Refusal::new(
                "invalid_scope",
                format!("{scope} is no scope here"),
            ));
        }
    }
    Ok(asked.split(' ').map(str::to_owned).collect())
}

/// The MCP server that a token for this resource is good for.
pub(crate) fn audience(state: &State, resource: Option<&String>) -> Option<String> {
    match state.switches.indicators {
        Indicators::Required | Indicators::Checked => resource.cloned(),
        Indicators::Ignored | Indicators::Refused => Some(state.mcp_url()),
    }
}

fn allow(state: &mut State, request: Request, person: &str) -> Response {
    let audience = audience(state, request.resource.as_ref());
    let terms = Terms {
        client_id: request.client.client_id,
        subject: person.trim().to_owned(),
        scopes: request.scopes,
        resource: request.resource,
        audience,
    };
    let code = Code {
        terms,
        redirect_uri: request.redirect_uri.clone(),
        challenge: request.challenge,
    };
    let now = state.clock.now();
    let code = state.grants.issue_code(code, now);
    state.counts.codes_issued += 1;
    redirect(
        state,
        &request.redirect_uri,
        request.state.as_deref(),
        &[("code", &code)],
        false,
    )
}

fn denied_by_person(state: &State, request: &Request) -> Response {
    let refusal = Refusal::new("access_denied", "the person said no");
    deny(
        state,
        &request.redirect_uri,
        request.state.as_deref(),
        &refusal,
    )
}

fn deny(
    state: &State,
    redirect_uri: &str,
    client_state: Option<&str>,
    refusal: &Refusal,
) -> Response {
    let error = [
        ("error", refusal.error),
        ("error_description", refusal.description.as_str()),
    ];
    redirect(state, redirect_uri, client_state, &error, true)
}

fn redirect(
    state: &State,
    redirect_uri: &str,
    client_state: Option<&str>,
    fields: &[(&str, &str)],
    denial: bool,
) -> Response {
    let Ok(mut url) = Url::parse(redirect_uri) else {
        return page::refusal("The redirect URI is no address.");
    };
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(fields);
        if let Some(client_state) = client_state {
            query.append_pair("state", client_state);
        }
        if let Some(issuer) = said_issuer(state, denial) {
            query.append_pair("iss", &issuer);
        }
    }
    let headers = [
        (header::LOCATION, url.as_str()),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// `iss` of the redirect (RFC 9207 2).
fn said_issuer(state: &State, denial: bool) -> Option<String> {
    match state.switches.iss {
        Iss::Promised | Iss::Unpromised => Some(state.issuer()),
        Iss::MissingOnDenial => (!denial).then(|| state.issuer()),
        Iss::Wrong | Iss::WrongUnpromised => Some("https://other.test".to_owned()),
        Iss::Missing | Iss::Absent => None,
    }
}
