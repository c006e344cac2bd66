//! The token endpoint: `authorization_code` with PKCE (RFC 7636 4.6) and `refresh_token` (RFC 6749 6) with rotation.

use std::time::Duration;

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::assertion_grant;
use super::authorize::check_resource;
use super::client::{AuthMethod, Client, authenticate};
use super::device;
use super::grants::{CodeRefusal, Family, RefreshRefusal, Terms};
use super::refusal::Refusal;
use crate::chance;
use crate::choices::{RefreshTokens, TokenAnswers, TokenShape};
use crate::proof::{NONCE, Unproved};
use crate::seen::Seen;
use crate::state::State;

/// What a successful request gives: tokens of this family.
struct Issue {
    family: Family,
    scopes: Vec<String>,
    refresh_token: Option<String>,
}

pub(crate) fn answer(state: &mut State, asked: &Seen) -> Response {
    let form = state.switches.token_answers == TokenAnswers::Form;
    if asked.form("grant_type").as_deref() == Some(assertion_grant::EXCHANGE) {
        let exchanged = authenticate(state, asked);
        let exchanged = exchanged.and_then(|_| assertion_grant::exchange(state, asked));
        return exchanged.unwrap_or_else(IntoResponse::into_response);
    }
    let point = match proved(state, asked) {
        Ok(point) => point,
        Err(refusal) => return with_nonce(refusal.into_response()),
    };
    match decide(state, asked) {
        Ok(issue) => answered(state, issue, (form, point)),
        Err(refusal) if form => refusal.into_form(),
        Err(refusal) => refusal.into_response(),
    }
}

/// The key that the request was signed with, where that is wanted; a refresh token is bound to it as well.
fn proved(state: &mut State, asked: &Seen) -> Result<Option<Vec<u8>>, Refusal> {
    if !state.switches.dpop {
        return Ok(None);
    }
    let address = format!("{}/token", state.issuer());
    let point = state.proofs.verify(asked, &address, None);
    let point = point.map_err(|unproved| match unproved {
        Unproved::Nonce => Refusal::new("use_dpop_nonce", "the nonce is missing"),
        Unproved::Wrong(what) => Refusal::new("invalid_dpop_proof", what),
    })?;
    match asked.form("refresh_token") {
        Some(token) if !state.proofs.is_bound(&token, &point) => Err(Refusal::new(
            "invalid_grant",
            "the refresh token is bound to another key",
        )),
        Some(_) | None => Ok(Some(point)),
    }
}

fn with_nonce(mut response: Response) -> Response {
    let nonce = header::HeaderValue::from_static(NONCE);
    response.headers_mut().insert("dpop-nonce", nonce);
    response
}

fn decide(state: &mut State, asked: &Seen) -> Result<Issue, Refusal> {
    let form = asked
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !form {
        return Err(Refusal::new(
            "invalid_request",
            "the body must be application/x-www-form-urlencoded",
        ));
    }
    let client = authenticate(state, asked)?;
    match asked.form("grant_type").as_deref() {
        Some("authorization_code") => redeem(state, asked, &client),
        Some("refresh_token") => renew(state, asked, &client),
        Some("client_credentials") => mint(state, asked, &client),
        Some(assertion_grant::BEARER) => {
            assertion_grant::redeem(state, asked, &client)?;
            issue(state, asked, &client, "ada")
        }
        Some(device::GRANT_TYPE) => give_device(state, asked, &client),
        Some(other) => Err(Refusal::new(
            "unsupported_grant_type",
            format!("{other} is not offered here"),
        )),
        None => Err(Refusal::new("invalid_request", "grant_type is missing")),
    }
}

fn redeem(state: &mut State, asked: &Seen, client: &Client) -> Result<Issue, Refusal> {
    let name = asked
        .form("code")
        .ok_or_else(|| Refusal::new("invalid_request", "code is missing"))?;
    if state
        .grants
        .owner_of_code(&name)
        .is_some_and(|owner| owner != client.client_id)
    {
        return Err(Refusal::new(
            "invalid_grant",
            "the code was issued to another client",
        ));
    }
    let now = state.clock.now();
    let code = state
        .grants
        .redeem(&name, now)
        .map_err(|refusal| code_refusal(state, &refusal))?;
    if asked.form("redirect_uri").as_deref() != Some(code.redirect_uri.as_str()) {
        return Err(Refusal::new(
            "invalid_grant",
            "redirect_uri is not that of the authorization request",
        ));
    }
    let verifier = asked.form("code_verifier").unwrap_or_default();
    if !(43..=128).contains(&verifier.len()) || s256(&verifier) != code.challenge {
        return Err(Refusal::new(
            "invalid_grant",
            "the code verifier does not fit the challenge",
        ));
    }
    check_same_resource(state, asked, code.terms.resource.as_deref())?;
    Ok(begin(state, &name, code.terms, client))
}

/// A device whose person said yes.
fn give_device(state: &mut State, asked: &Seen, client: &Client) -> Result<Issue, Refusal> {
    let terms = device::redeem(state, asked, client)?;
    check_same_resource(state, asked, terms.resource.as_deref())?;
    Ok(begin(state, "no code", terms, client))
}

/// The tokens that a person agreed to.
fn begin(state: &mut State, name: &str, terms: Terms, client: &Client) -> Issue {
    let refreshable = match state.switches.refresh_tokens {
        RefreshTokens::AsRegistered => client.may_refresh(),
        RefreshTokens::OfflineAccess => {
            client.may_refresh() && terms.scopes.iter().any(|scope| scope == "offline_access")
        }
        RefreshTokens::Never => false,
    };
    let scopes = terms.scopes.clone();
    let family = state.grants.begin(name, terms);
    state.counts.tokens_issued += 1;
    let refresh_token = refreshable.then(|| state.grants.add_refresh(family));
    Issue {
        family,
        scopes,
        refresh_token,
    }
}

fn code_refusal(state: &mut State, refusal: &CodeRefusal) -> Refusal {
    let sentence = match *refusal {
        CodeRefusal::Unknown => "no such code",
        CodeRefusal::Expired => "the code has expired",
        CodeRefusal::Reused { ended } => {
            state.counts.codes_reused += 1;
            state.counts.families_revoked += u64::from(ended);
            "the code was used already"
        }
    };
    Refusal::new("invalid_grant", sentence)
}

fn renew(state: &mut State, asked: &Seen, client: &Client) -> Result<Issue, Refusal> {
    if !client.may_refresh() {
        return Err(Refusal::new(
            "unauthorized_client",
            "the client is not registered for refresh_token",
        ));
    }
    let name = asked
        .form("refresh_token")
        .ok_or_else(|| Refusal::new("invalid_request", "refresh_token is missing"))?;
    if state
        .grants
        .owner_of_refresh(&name)
        .is_some_and(|owner| owner != client.client_id)
    {
        return Err(Refusal::new(
            "invalid_grant",
            "the refresh token was issued to another client",
        ));
    }
    check_resource(state, asked.form("resource").as_deref())?;
    let granted = state.grants.scopes_of_refresh(&name);
    let granted = granted.ok_or_else(|| Refusal::new("invalid_grant", "no such refresh token"))?;
    let scopes = narrowed(granted, asked.form("scope").as_deref())?;
    let (family, refresh_token) = state
        .grants
        .renew(&name, state.switches.rotation)
        .map_err(|refusal| refresh_refusal(state, &refusal))?;
    state.counts.renewed += 1;
    Ok(Issue {
        family,
        scopes,
        refresh_token,
    })
}

/// RFC 6749 4.4: for clients that are registered for it, without a person and without a refresh token.
fn mint(state: &mut State, asked: &Seen, client: &Client) -> Result<Issue, Refusal> {
    let may = client
        .grant_types
        .iter()
        .any(|grant| grant == "client_credentials");
    if !may || client.token_endpoint_auth_method == AuthMethod::None {
        return Err(Refusal::new(
            "unauthorized_client",
            "the client is not registered for client_credentials",
        ));
    }
    issue(state, asked, client, &client.client_id)
}

/// What was asked for, for this subject.
fn issue(
    state: &mut State,
    asked: &Seen,
    client: &Client,
    subject: &str,
) -> Result<Issue, Refusal> {
    let resource = asked.form("resource");
    check_resource(state, resource.as_deref())?;
    let asked_for = asked.form("scope").unwrap_or_default();
    let scopes: Vec<String> = asked_for.split_whitespace().map(str::to_owned).collect();
    let family = state.grants.begin(
        "no code",
        Terms {
            client_id: client.client_id.clone(),
            subject: subject.to_owned(),
            scopes: scopes.clone(),
            resource,
            audience: Some(state.mcp_url()),
        },
    );
    state.counts.tokens_issued += 1;
    Ok(Issue {
        family,
        scopes,
        refresh_token: None,
    })
}

fn refresh_refusal(state: &mut State, refusal: &RefreshRefusal) -> Refusal {
    let sentence = match *refusal {
        RefreshRefusal::Unknown => "no such refresh token",
        RefreshRefusal::Ended => "the grant has ended",
        RefreshRefusal::Reused { ended } => {
            state.counts.reuse_detected += 1;
            state.counts.families_revoked += u64::from(ended);
            "the refresh token was used already; the whole grant has ended"
        }
    };
    Refusal::new("invalid_grant", sentence)
}

/// `resource` of the code exchange must be that of the authorization request.
fn check_same_resource(
    state: &State,
    asked: &Seen,
    authorized: Option<&str>,
) -> Result<(), Refusal> {
    let resource = asked.form("resource");
    check_resource(state, resource.as_deref())?;
    match (resource.as_deref(), authorized) {
        (Some(now), Some(before)) if now != before => Err(Refusal::new(
            "invalid_target",
            format!("authorized for {before}, asked for {now}"),
        )),
        (Some(now), None) => Err(Refusal::new(
            "invalid_target",
            format!("authorized for no resource, asked for {now}"),
        )),
        (Some(_) | None, _) => Ok(()),
    }
}

/// A refresh may ask for less, never for more (RFC 6749 6).
fn narrowed(granted: &[String], asked: Option<&str>) -> Result<Vec<String>, Refusal> {
    let Some(asked) = asked else {
        return Ok(granted.to_vec());
    };
    let asked: Vec<String> = asked.split(' ').map(str::to_owned).collect();
    match asked.iter().find(|scope| !granted.contains(scope)) {
        Some(more) => Err(Refusal::new(
            "invalid_scope",
            format!("{more} was not granted"),
        )),
        None => Ok(asked),
    }
}

fn answered(state: &mut State, issue: Issue, (form, point): (bool, Option<Vec<u8>>)) -> Response {
    let life = state.switches.token_life;
    let access_token = access_token(state, &issue, life);
    let expires_at = state.clock.now() + Duration::from_secs(life);
    let mut kind = "Bearer";
    if let Some(point) = point {
        kind = "DPoP";
        state.proofs.bind(&access_token, &point);
        if let Some(refresh_token) = &issue.refresh_token {
            state.proofs.bind(refresh_token, &point);
        }
    }
    let mut answer = Map::new();
    answer.insert("access_token".to_owned(), json!(access_token));
    answer.insert("token_type".to_owned(), json!(kind));
    if state.switches.announce_life {
        answer.insert("expires_in".to_owned(), json!(life));
    }
    if state.switches.announce_scope {
        answer.insert("scope".to_owned(), json!(issue.scopes.join(" ")));
    }
    if let Some(refresh_token) = issue.refresh_token {
        answer.insert("refresh_token".to_owned(), json!(refresh_token));
    }
    state
        .grants
        .add_access(issue.family, access_token, issue.scopes, expires_at);
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    if form {
        (no_store, as_form(&answer)).into_response()
    } else {
        (no_store, Json(answer)).into_response()
    }
}

fn as_form(answer: &Map<String, Value>) -> Response {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in answer {
        body.append_pair(key, value.as_str().unwrap_or(&value.to_string()));
    }
    (
        [(header::CONTENT_TYPE, "application/x-www-form-urlencoded")],
        body.finish(),
    )
        .into_response()
}

fn access_token(state: &State, issue: &Issue, life: u64) -> String {
    match state.switches.token_shape {
        TokenShape::Opaque => chance::name("at"),
        TokenShape::Jwt => {
            let terms = state.grants.terms(issue.family);
            let now = state.clock.unix();
            let claims = json!({
                "iss": state.issuer(), "sub": terms.subject, "aud": terms.audience, "client_id": terms.client_id,
                "scope": issue.scopes.join(" "), "iat": now, "exp": now + life, "jti": chance::name("jti"),
            });
            let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
            format!(
                "{}.{}.{}",
                part(json!({"alg": "ES256", "typ": "at+jwt"})),
                part(claims),
                chance::name("sig")
            )
        }
    }
}

fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s256_is_that_of_the_appendix() {
        let challenge = s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_refresh_cannot_widen_the_scope() {
        let granted = ["a".to_owned(), "b".to_owned()];
        assert_eq!(narrowed(&granted, Some("b")).unwrap(), ["b"]);
        assert_eq!(narrowed(&granted, None).unwrap(), granted);
        assert_eq!(
            narrowed(&granted, Some("b c")).unwrap_err().error,
            "invalid_scope"
        );
    }
}
