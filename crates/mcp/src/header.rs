//! Names and checks of the HTTP headers of Streamable HTTP.
//!
//! MCP transports, "Streamable HTTP", revisions 2025-03-26 to 2026-07-28.

pub const SESSION_ID: &str = "mcp-session-id";
pub const PROTOCOL_VERSION: &str = "mcp-protocol-version";
pub const LAST_EVENT_ID: &str = "last-event-id";
/// The method of a request, since 2026-07-28.
pub const METHOD: &str = "mcp-method";
/// The name or address that a request is about, since 2026-07-28.
pub const NAME: &str = "mcp-name";
/// What a header of a mirrored tool parameter begins with, since 2026-07-28.
pub const PARAM: &str = "mcp-param-";
pub const JSON: &str = "application/json";
pub const EVENT_STREAM: &str = "text/event-stream";

/// The longest session id that anybody may send us.
const LONGEST_SESSION_ID: usize = 1024;

/// Whether a session id is one: visible ASCII, and not absurdly long.
// rule: mcp-transport-session-id -- the session id is made of visible ASCII characters (0x21 to 0x7E) only.
pub fn is_session_id(id: &str) -> bool {
    (1..=LONGEST_SESSION_ID).contains(&id.len()) && id.bytes().all(|b| (0x21..=0x7e).contains(&b))
}

/// Whether a content type is this one, whatever its parameters and capitals.
pub fn is_type(content_type: &str, wanted: &str) -> bool {
    essence(content_type).eq_ignore_ascii_case(wanted)
}

/// A type without its parameters.
fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or("").trim_ascii()
}

/// Whether an `Accept` header takes this type. Lenient: no header takes everything, and weights are not looked at.
pub fn accepts(accept: Option<&str>, wanted: &str) -> bool {
    let Some(accept) = accept else { return true };
    let family = wanted.split_inclusive('/').next().unwrap_or("");
    accept.split(',').any(|range| {
        let range = essence(range);
        let of_family = || {
            range
                .strip_suffix('*')
                .is_some_and(|it| it.eq_ignore_ascii_case(family))
        };
        range.eq_ignore_ascii_case(wanted) || range == "*/*" || of_family()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // rule: mcp-transport-session-id
    #[test]
    fn a_session_id_is_visible_ascii() {
        assert!(is_session_id("0f3a-Z~!"));
        for bad in ["", "a b", "a\u{7f}", "ä", "a\n"] {
            assert!(!is_session_id(bad), "{bad:?}");
        }
        assert!(!is_session_id(&"x".repeat(LONGEST_SESSION_ID + 1)));
    }

    #[test]
    fn a_content_type_is_known_with_parameters_and_capitals() {
        assert!(is_type("Application/JSON; charset=utf-8", JSON));
        assert!(!is_type("application/json-patch+json", JSON));
    }

    #[test]
    fn accept_takes_lists_wildcards_and_nothing_at_all() {
        assert!(accepts(None, EVENT_STREAM));
        assert!(accepts(Some("*/*"), EVENT_STREAM));
        assert!(accepts(Some("text/*;q=0.5"), EVENT_STREAM));
        assert!(accepts(
            Some("application/json, text/event-stream"),
            EVENT_STREAM
        ));
        assert!(!accepts(Some("application/json"), EVENT_STREAM));
    }
}
