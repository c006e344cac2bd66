//! The revocation endpoint (RFC 7009): 200 also for a token that it does not know.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::client::authenticate;
use super::metadata;
use super::refusal::Refusal;
use crate::seen::Seen;
use crate::state::State;

pub(crate) fn answer(state: &mut State, asked: &Seen) -> Response {
    if !state.switches.revocation {
        return metadata::missing(state);
    }
    match revoke(state, asked) {
        Ok(()) => StatusCode::OK.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn revoke(state: &mut State, asked: &Seen) -> Result<(), Refusal> {
    let client = authenticate(state, asked)?;
    let token = asked
        .form("token")
        .ok_or_else(|| Refusal::new("invalid_request", "token is missing"))?;
    if state.grants.revoke(&token, &client.client_id) {
        state.counts.revoked += 1;
    }
    Ok(())
}
