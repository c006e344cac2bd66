//! Requests of the stateless revision: told by what they say, checked against their headers, answered one by one.
//!
//! MCP 2026-07-28, transports, Streamable HTTP; versioning, "Backward Compatibility" (a server of both eras chooses per request).

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, StatusCode};
use hub::access::Caller;
use hub::catalog::Endpoint;
use hub::session::{Asked, Asker, NoSession, Once, Unasked};
use mcp::bridge::{self, key};
use mcp::message::{Message, code};
use mcp::{Kind, Revision, header, mirror, raw};
use tokio::time::timeout;

use super::answer::{self, Refusal, Takes};
use super::at_once::{self, Gathered};
use super::{Mcp, asked, stream};
use crate::ending;

/// Whether this message is of the stateless revision.
// rule: mcp-era-by-request -- a request that says its revision in its `_meta` is answered without a session.
pub(super) fn is(headers: &HeaderMap, message: &Message) -> bool {
    if is_said(headers) {
        return true;
    }
    // Clients with a session said long ago what they speak.
    if headers.contains_key(header::SESSION_ID) {
        return false;
    }
    let params = message.params().unwrap_or_default();
    if !params.contains(key::PROTOCOL_VERSION) {
        return false;
    }
    let revision = raw::string_at(params, &["_meta", key::PROTOCOL_VERSION]);
    let revision = revision.ok().flatten();
    revision.is_some_and(|text| !Revision::parse(&text).is_some_and(Revision::has_handshake))
}

/// Whether the header names the stateless revision.
pub(super) fn is_said(headers: &HeaderMap) -> bool {
    let said = asked::text(headers, &HeaderName::from_static(header::PROTOCOL_VERSION));
    let revision = said.and_then(Revision::parse);
    revision.is_some_and(|revision| !revision.has_handshake())
}

pub(super) async fn answer(
    mcp: &Mcp,
    (endpoint, caller): (Endpoint, &Caller),
    headers: &HeaderMap,
    message: Message,
    takes: Takes,
) -> Result<Response, Refusal> {
    match message.kind() {
        Kind::Request => {}
        // rule: mcp-stateless-notification -- there is no notification over HTTP that means anything.
        Kind::Notification => return Ok(StatusCode::ACCEPTED.into_response()),
        Kind::Response => {
            let text = "a client of the stateless revision sends no responses; an answer goes into inputResponses";
            return Err(refusal(&message, code::INVALID_REQUEST, text, None));
        }
    }
    let request = message;
    let params = request.params().map(str::to_owned);
    let said = bridge::said(params.as_deref())
        .map_err(|why| refusal(&request, code::INVALID_PARAMS, &why.to_string(), None))?;
    let mismatch =
        |why: mirror::Mismatch| refusal(&request, code::HEADER_MISMATCH, &why.to_string(), None);
    let method = request.method().unwrap_or_default();
    let body = params.as_deref().unwrap_or("{}");
    mirror::standard_agree(headers, &said.revision, method, body).map_err(mismatch)?;
    if Revision::parse(&said.revision).is_none_or(Revision::has_handshake) {
        return Err(unsupported(&request, &said.revision));
    }
    let asker = Asker {
        endpoint: endpoint.clone(),
        caller,
        said,
        headers,
    };
    let asked = mcp.sessions.ask(asker, request.clone()).await;
    match asked {
        Ok(Asked::Now(message)) => Ok(whole(message, takes)),
        Ok(Asked::Later(once)) => Ok(later(*once, takes).await),
        Ok(Asked::Listen(subscription)) if takes.stream => Ok(stream::subscribed(
            *subscription,
            ending::of_caller(&mcp.app, caller, &endpoint),
        )),
        Ok(Asked::Listen(_)) => Err(Refusal::not_acceptable(
            "subscriptions/listen opens an event stream: Accept must take text/event-stream",
        )),
        Err(Unasked::Mismatch(why)) => Err(mismatch(why)),
        Err(Unasked::Nowhere(nowhere)) => Err(Refusal::no_session(&NoSession::Nowhere(nowhere))),
    }
}

/// The answer to one request, and a stream when the server has something to say before its response, or takes its time.
async fn later(mut once: Once, takes: Takes) -> Response {
    if !takes.stream {
        while let Some(message) = once.next().await {
            if message.kind() == Kind::Response {
                return whole(message, takes);
            }
        }
        return stream::nothing();
    }
    match timeout(stream::SIGN_OF_LIFE, once.next()).await {
        Ok(Some(response)) if response.kind() == Kind::Response => whole(response, takes),
        Ok(Some(first)) => match at_once::gather(first, &mut once) {
            Gathered::Whole(response) => response,
            Gathered::Begun(first) => stream::exchange(first, once),
        },
        Ok(None) => stream::nothing(),
        Err(_) => stream::slow(once),
    }
}

fn whole(message: Message, takes: Takes) -> Response {
    let status = status(&message);
    let mut response = answer::message(message, takes);
    *response.status_mut() = status;
    response
}

/// The status that goes with a response.
// rule: mcp-stateless-status -- an unknown method is answered with 404; a disagreement of headers, a missing capability and an unknown revision with 400.
pub(super) fn status(message: &Message) -> StatusCode {
    let Some(error) = message.error() else {
        return StatusCode::OK;
    };
    let number = raw::field(error, "code").ok().flatten();
    match number.and_then(|code| code.parse().ok()) {
        Some(code::METHOD_NOT_FOUND) => StatusCode::NOT_FOUND,
        Some(code::HEADER_MISMATCH | code::MISSING_CAPABILITY | code::UNSUPPORTED_VERSION) => {
            StatusCode::BAD_REQUEST
        }
        Some(_) | None => StatusCode::OK,
    }
}

fn refusal(request: &Message, code: i64, text: &str, data: Option<&str>) -> Refusal {
    Refusal::of(Message::failure(request.id(), code, text, data))
}

// rule: mcp-unsupported-version
fn unsupported(request: &Message, asked: &str) -> Refusal {
    let known = Revision::ALL.map(|revision| raw::quote(revision.as_str()));
    let data = format!(
        "{{\"supported\":[{}],\"requested\":{}}}",
        known.join(","),
        raw::quote(asked)
    );
    let text = "Unsupported protocol version";
    refusal(request, code::UNSUPPORTED_VERSION, text, Some(&data))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn is_one(header: Option<&'static str>, session: bool, meta: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(header::PROTOCOL_VERSION, HeaderValue::from_static(header));
        }
        if session {
            headers.insert(header::SESSION_ID, HeaderValue::from_static("x"));
        }
        let params = meta.map(|meta| {
            format!("{{\"_meta\":{{\"io.modelcontextprotocol/protocolVersion\":\"{meta}\"}}}}")
        });
        is(
            &headers,
            &Message::request("1", "tools/list", params.as_deref()),
        )
    }

    // rule: mcp-era-by-request
    #[test]
    fn each_request_says_for_itself_which_era_it_is_of() {
        assert!(is_one(Some("2026-07-28"), false, None));
        assert!(is_one(None, false, Some("2026-07-28")));
        assert!(is_one(Some("v999"), false, Some("v999")));
        assert!(!is_one(Some("2025-11-25"), true, None));
        assert!(!is_one(None, false, None));
        assert!(!is_one(Some("v999"), false, None));
    }

    // rule: mcp-stateless-status, mcp-unsupported-version
    #[test]
    fn the_status_goes_by_the_code_of_the_error() {
        for (code, status) in [
            (-32601, StatusCode::NOT_FOUND),
            (-32020, StatusCode::BAD_REQUEST),
            (-32021, StatusCode::BAD_REQUEST),
            (-32022, StatusCode::BAD_REQUEST),
            (-32602, StatusCode::OK),
        ] {
            assert_eq!(
                super::status(&Message::failure(None, code, "", None)),
                status
            );
        }
        let request = Message::request("7", "x", None);
        assert_eq!(unsupported(&request, "v9").status, StatusCode::BAD_REQUEST);
    }
}
