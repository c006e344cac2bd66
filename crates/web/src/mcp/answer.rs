//! Answers that are one body: a message as JSON (or as the only event of a stream), and refusals in JSON-RPC's words.

use std::error::Error;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::LengthLimitError;
use hub::catalog::Nowhere;
use hub::session::NoSession;
use mcp::message::{Malformed, Message, code};
use mcp::{Revision, header, sse};

use super::asked;
use crate::access::NotAdmitted;
use crate::patience::TooSlow;

/// What the client's `Accept` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Takes {
    pub(super) json: bool,
    pub(super) stream: bool,
}

impl Takes {
    /// The standard wants both listed; clients that list one get that one.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let accept = asked::text(headers, &http::header::ACCEPT);
        let takes = Self {
            json: header::accepts(accept, header::JSON),
            stream: header::accepts(accept, header::EVENT_STREAM),
        };
        if takes.json || takes.stream {
            return Ok(takes);
        }
        Err(Refusal::not_acceptable(
            "Accept must take application/json and text/event-stream",
        ))
    }
}

/// One message, as JSON where the client takes it.
pub(super) fn message(message: Message, takes: Takes) -> Response {
    if takes.json {
        return body(header::JSON, message.into_text());
    }
    let mut text = String::new();
    sse::message(&mut text, None, message.text());
    body(header::EVENT_STREAM, text)
}

/// A whole body of this type.
pub(super) fn body(content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    // Room for all that is said of an answer on its way out.
    *response.headers_mut() = HeaderMap::with_capacity(8);
    let content_type = HeaderValue::from_static(content_type);
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, content_type);
    response
}

/// A request that got no further than HTTP.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(super) status: StatusCode,
    message: Message,
    /// How the client may be let in.
    challenge: Option<HeaderValue>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: i64, text: &str) -> Self {
        Self::saying(status, Message::failure(None, code, text, None))
    }

    fn saying(status: StatusCode, message: Message) -> Self {
        Self {
            status,
            message,
            challenge: None,
        }
    }

    /// The settings changed while the body was on its way.
    pub(crate) fn not_admitted(refused: &NotAdmitted) -> Self {
        let challenge = refused.challenge();
        let status = match challenge {
            Some(_) => StatusCode::UNAUTHORIZED,
            None => StatusCode::FORBIDDEN,
        };
        let text = refused.denied().to_string();
        Self {
            challenge: challenge.and_then(|text| text.try_into().ok()),
            ..Self::new(status, code::SERVER_ERROR, &text)
        }
    }

    // rule: mcp-transport-bad-input -- input that cannot be accepted is answered with an HTTP error; the body may be an error without id.
    pub(crate) fn malformed(malformed: &Malformed) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            malformed.code(),
            &malformed.to_string(),
        )
    }

    /// A refusal of a stateless request; its status goes by its code.
    pub(super) fn of(message: Message) -> Self {
        let status = super::stateless::status(&message);
        let status = if status == StatusCode::OK {
            StatusCode::BAD_REQUEST
        } else {
            status
        };
        Self::saying(status, message)
    }

    pub(super) fn params(request: &Message, why: &str) -> Self {
        let message = Message::failure(request.id(), code::INVALID_PARAMS, why, None);
        Self::saying(StatusCode::BAD_REQUEST, message)
    }

    /// A body that did not arrive, or is larger than it may be.
    pub(crate) fn body(error: &axum::Error) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        let mut status = StatusCode::BAD_REQUEST;
        while let Some(error) = cause {
            if error.is::<LengthLimitError>() {
                status = StatusCode::PAYLOAD_TOO_LARGE;
            } else if error.is::<TooSlow>() {
                status = StatusCode::REQUEST_TIMEOUT;
            }
            cause = error.source();
        }
        let text = format!("the body could not be read: {error}");
        Self::new(status, code::INVALID_REQUEST, &text)
    }

    pub(crate) fn batch(revision: Revision) -> Self {
        let text = format!("revision {revision} has no batches; send one message at a time");
        Self::new(StatusCode::BAD_REQUEST, code::INVALID_REQUEST, &text)
    }

    pub(super) fn unsupported(found: &str) -> Self {
        let text = format!("expected Content-Type application/json, found {found}");
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            code::INVALID_REQUEST,
            &text,
        )
    }

    pub(crate) fn not_acceptable(text: &str) -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, code::INVALID_REQUEST, text)
    }

    pub(super) fn revision(asked: &str) -> Self {
        let known = Revision::ALL
            .into_iter()
            .filter(|revision| revision.has_handshake());
        let known: Vec<_> = known.map(Revision::as_str).collect();
        let text = format!(
            "MCP-Protocol-Version {asked:?} is not spoken here; {} are",
            known.join(", ")
        );
        Self::new(StatusCode::BAD_REQUEST, code::SERVER_ERROR, &text)
    }

    pub(super) fn no_session_id() -> Self {
        let text = "the header Mcp-Session-Id is missing; send initialize first";
        Self::new(StatusCode::BAD_REQUEST, code::SERVER_ERROR, text)
    }

    pub(super) fn too_many_streams() -> Self {
        let text = "this session has enough streams open";
        Self::new(StatusCode::CONFLICT, code::SERVER_ERROR, text)
    }

    pub(super) fn not_resumable(text: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code::INVALID_REQUEST, text)
    }

    pub(crate) fn no_session(why: &NoSession) -> Self {
        let (status, code) = match why {
            NoSession::Nowhere(Nowhere::NoGlobalRoute) => {
                (StatusCode::FORBIDDEN, code::SERVER_ERROR)
            }
            NoSession::Nowhere(Nowhere::Unknown { .. } | Nowhere::Disabled { .. }) => {
                (StatusCode::NOT_FOUND, code::SERVER_ERROR)
            }
            // rule: mcp-transport-session-unknown -- a session that ended is answered with 404, so that the client initializes again.
            NoSession::Unknown => (StatusCode::NOT_FOUND, code::SESSION_NOT_FOUND),
            NoSession::TooMany => (StatusCode::SERVICE_UNAVAILABLE, code::SERVER_ERROR),
            NoSession::Initialize(_) => (StatusCode::BAD_REQUEST, code::INVALID_PARAMS),
        };
        Self::new(status, code, &why.to_string())
    }
}

impl Refusal {
    /// The same as the answer to a request, where HTTP has answered already.
    pub(crate) fn answering(self, request: &Message) -> Message {
        self.message.with_id(request.id().unwrap_or("null"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = body(header::JSON, self.message.into_text());
        *response.status_mut() = self.status;
        if let Some(challenge) = self.challenge {
            let name = http::header::WWW_AUTHENTICATE;
            response.headers_mut().insert(name, challenge);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // rule: mcp-transport-bad-input
    #[test]
    fn broken_json_is_a_parse_error_without_an_id() {
        let refusal = Refusal::malformed(&Message::parse("{").unwrap_err());
        assert_eq!(refusal.status, StatusCode::BAD_REQUEST);
        assert_eq!(refusal.message.id(), Some("null"));
        assert!(refusal.message.error().unwrap().contains("-32700"));
    }

    // rule: mcp-transport-session-unknown
    #[test]
    fn an_unknown_session_is_not_found() {
        let refusal = Refusal::no_session(&NoSession::Unknown);
        assert_eq!(refusal.status, StatusCode::NOT_FOUND);
        assert!(refusal.message.error().unwrap().contains("-32001"));
    }
}
