//! The authorization server: OAuth 2.1 with RFC 8414, 7591, 7636, 8707, 9207, 7009 and 8628. Strict by default; what it does
//! otherwise is a switch. It leaves out id tokens and introspection.

pub(crate) mod assertion;
pub(crate) mod assertion_grant;
pub(crate) mod authorize;
pub(crate) mod client;
pub(crate) mod device;
pub(crate) mod grants;
pub(crate) mod metadata;
pub(crate) mod page;
pub(crate) mod refusal;
pub(crate) mod register;
pub(crate) mod revoke;
pub(crate) mod token;

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::seen::Seen;
use crate::state::State;
use crate::trouble::Endpoint;

pub(crate) fn answer(state: &mut State, asked: &Seen) -> Response {
    match asked.endpoint {
        Endpoint::ServerMetadata => metadata::answer(state, asked),
        Endpoint::Register => register::answer(state, asked),
        Endpoint::Unregister => register::take_back(state, asked),
        Endpoint::Authorize => authorize::answer(state, asked),
        Endpoint::Decision => authorize::decide(state, asked),
        Endpoint::Token => token::answer(state, asked),
        Endpoint::Revoke => revoke::answer(state, asked),
        Endpoint::Device => device::answer(state, asked),
        Endpoint::Verification => device::verification(state, asked),
        Endpoint::Other if asked.path.ends_with("/jwks") => {
            Json(json!({ "keys": [] })).into_response()
        }
        Endpoint::ResourceMetadata
        | Endpoint::Mcp
        | Endpoint::McpStream
        | Endpoint::McpEnd
        | Endpoint::Other => metadata::missing(state),
    }
}
