//! Headers of a client's request that no setting passes on: those of one connection, and those in which the protocol itself speaks.
//!
//! RFC 9110 7.6.1 (hop-by-hop headers) and MCP transports, Streamable HTTP (its own headers).

/// Headers of one connection, of one message, and of the hub's own conversation with its server.
const NEVER: [&str; 21] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "dpop",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "last-event-id",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-auth-token",
];

/// Whether a header of this name is passed on to a server whose settings ask for it.
pub fn may_be_passed_on(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !NEVER.contains(&name.as_str()) && !name.starts_with("mcp-") && !name.starts_with("sec-")
}

#[cfg(test)]
mod tests {
    use super::*;

    // rule: rfc9110-7.6.1
    #[test]
    fn headers_of_the_connection_and_of_the_protocol_are_never_passed_on() {
        for never in ["Connection", "TE", "host", "Mcp-Session-Id", "mcp-param-x"] {
            assert!(!may_be_passed_on(never), "{never}");
        }
        for may in ["Authorization", "Cookie", "X-Api-Key", "traceparent"] {
            assert!(may_be_passed_on(may), "{may}");
        }
    }
}
