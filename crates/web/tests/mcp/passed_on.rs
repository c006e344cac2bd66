//! Headers of a client's request that its server sees too, of clients with a session and without.

use http::HeaderMap;
use serde_json::json;

use crate::by_hand::{Wire, send};
use crate::harness::hub_with;
use crate::raw_upstream;

const STATELESS: &str = r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"any","arguments":{},"_meta":{
    "io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},
    "io.modelcontextprotocol/clientCapabilities":{}}}}"#;

fn seen<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get(name)
        .map(|value| value.to_str().expect("a text"))
}

// rule: rfc9110-7.6.1
#[tokio::test]
async fn named_headers_reach_the_server_of_a_call_and_no_others_do() {
    let up = raw_upstream::start("{\"content\":[]}").await;
    let settings = json!({
        "passthroughHeaders": ["X-Tenant", "X-Kept", "Mcp-Session-Id", "Content-Type"],
        "headers": { "x-tenant": "usual", "x-kept": "of the settings" },
    });
    let hub = hub_with(&up.url, settings).await;
    let with_session = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    let call =
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"any","arguments":{}}}"#;
    let without = Wire::new(&hub, "/mcp/up");
    let stateless = without
        .request(http::Method::POST)
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "any");
    for (request, body) in [
        (with_session.request(http::Method::POST), call),
        (stateless, STATELESS),
    ] {
        let request = request
            .header("content-type", "application/json")
            .header("x-tenant", "mine")
            .header("x-other", "not named")
            .header("cookie", "not=named")
            .header("authorization", "Bearer of-the-hub");
        let answer = send(request.body(body)).await;
        assert!(answer.body.contains("content"), "{}", answer.body);
        let headers = up
            .headers
            .lock()
            .expect("headers")
            .last()
            .cloned()
            .expect("a request");
        assert_eq!(seen(&headers, "x-tenant"), Some("mine"));
        assert_eq!(seen(&headers, "x-kept"), Some("of the settings"));
        assert_eq!(seen(&headers, "content-type"), Some("application/json"));
        assert_ne!(
            seen(&headers, "mcp-session-id"),
            with_session.session.as_deref(),
            "the session with the hub is no session with the server"
        );
        for absent in ["x-other", "cookie", "authorization"] {
            assert_eq!(seen(&headers, absent), None, "{absent}");
        }
    }
}
