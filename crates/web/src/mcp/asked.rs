//! What a request's headers must say before its body counts.

use http::{HeaderMap, HeaderName};
use mcp::{Revision, header};

use super::answer::Refusal;

/// The text of a header; one that is no text counts as absent.
pub(crate) fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

pub(crate) fn content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    match text(headers, &http::header::CONTENT_TYPE) {
        Some(content_type) if header::is_type(content_type, header::JSON) => Ok(()),
        found => Err(Refusal::unsupported(found.unwrap_or("nothing"))),
    }
}

// rule: mcp-transport-protocol-version -- an invalid or unsupported MCP-Protocol-Version is answered with 400; none means 2025-03-26.
pub(crate) fn revision(headers: &HeaderMap) -> Result<Revision, Refusal> {
    let Some(value) = headers.get(header::PROTOCOL_VERSION) else {
        return Ok(Revision::ASSUMED);
    };
    let asked = value.to_str().unwrap_or_default();
    match Revision::parse(asked) {
        Some(revision) if revision.has_handshake() => Ok(revision),
        Some(_) | None => Err(Refusal::revision(asked)),
    }
}

// rule: mcp-transport-session-required -- a request without the session id (other than initialize) is answered with 400.
pub(super) fn session_id(headers: &HeaderMap) -> Result<&str, Refusal> {
    let Some(value) = headers.get(header::SESSION_ID) else {
        return Err(Refusal::no_session_id());
    };
    let id = value.to_str().unwrap_or_default();
    if header::is_session_id(id) {
        Ok(id)
    } else {
        Err(Refusal::no_session_id())
    }
}

/// The last event that a client has of a stream that it lost. One that is no text is no event's.
pub(super) fn last_event(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::LAST_EVENT_ID)?;
    Some(value.to_str().unwrap_or_default()).filter(|_| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, StatusCode};

    use super::*;

    fn with(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )])
    }

    // rule: mcp-transport-protocol-version
    #[test]
    fn a_revision_that_has_no_sessions_or_that_nobody_knows_is_refused() {
        for (asked, known) in [
            ("2025-06-18", true),
            ("2025-11-25", true),
            ("2026-07-28", false),
            ("latest", false),
        ] {
            assert_eq!(
                revision(&with(header::PROTOCOL_VERSION, asked)).is_ok(),
                known,
                "{asked}"
            );
        }
        assert_eq!(revision(&HeaderMap::new()).unwrap(), Revision::V2025_03_26);
    }

    // rule: mcp-transport-session-required
    #[test]
    fn a_session_id_must_be_there_and_visible() {
        assert_eq!(
            session_id(&HeaderMap::new()).unwrap_err().status,
            StatusCode::BAD_REQUEST
        );
        assert!(session_id(&with(header::SESSION_ID, "a b")).is_err());
        assert_eq!(session_id(&with(header::SESSION_ID, "abc")).unwrap(), "abc");
    }

    #[test]
    fn only_json_is_read() {
        assert!(content_type(&with("content-type", "application/json; charset=utf-8")).is_ok());
        let refused = content_type(&with("content-type", "text/plain")).unwrap_err();
        assert_eq!(refused.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert!(content_type(&HeaderMap::new()).is_err());
    }
}
