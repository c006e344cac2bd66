//! Words about a person: a token exchange (RFC 8693) gives one for an id token, and the JWT bearer grant (RFC 7523 2.1)
//! takes each one once. This server plays both parts; a real organisation has its own for the first.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::authorize::check_resource;
use super::client::{AuthMethod, Client};
use super::refusal::Refusal;
use crate::chance;
use crate::seen::Seen;
use crate::state::State;

pub(crate) const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub(crate) const BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const WORD: &str = "urn:ietf:params:oauth:token-type:id-jag";
/// The only id token that is known here.
pub(crate) const ADA: &str = "id-token-of-ada";

/// A word towards this very server.
pub(crate) fn exchange(state: &mut State, asked: &Seen) -> Result<Response, Refusal> {
    let said = |name: &str| asked.form(name).unwrap_or_default();
    let invalid = |text: &str| Refusal::new("invalid_request", text.to_owned());
    if said("subject_token_type") != ID_TOKEN || said("requested_token_type") != WORD {
        return Err(invalid(
            "only an id token is exchanged, and only for an id-jag",
        ));
    }
    if said("audience") != state.issuer() {
        return Err(invalid("the audience is no server that is known here"));
    }
    if asked.form("resource").is_none() {
        return Err(invalid("resource is missing"));
    }
    check_resource(state, asked.form("resource").as_deref())?;
    if said("subject_token") != ADA {
        return Err(Refusal::new(
            "invalid_grant",
            "the id token is unknown or has ended",
        ));
    }
    let word = chance::name("jag");
    state.words.insert(word.clone());
    let answer = json!({ "access_token": word, "issued_token_type": WORD, "token_type": "N_A", "expires_in": 300 });
    Ok(Json(answer).into_response())
}

/// Whether the word of a JWT bearer request is good, for a client that has shown who it is.
pub(crate) fn redeem(state: &mut State, asked: &Seen, client: &Client) -> Result<(), Refusal> {
    if client.token_endpoint_auth_method == AuthMethod::None {
        return Err(Refusal::new(
            "unauthorized_client",
            "a public client shows nobody's word",
        ));
    }
    let word = asked.form("assertion").unwrap_or_default();
    match state.words.remove(&word) {
        true => Ok(()),
        false => Err(Refusal::new(
            "invalid_grant",
            "the word is unknown, or was shown before",
        )),
    }
}
