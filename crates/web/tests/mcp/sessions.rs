//! Sessions: their ids, whose they are, how they end.

use http::StatusCode;
use serde_json::json;

use crate::by_hand::{Wire, code, initialize, send};
use crate::harness::{hub, soon};
use crate::{raw_upstream, up};

// rule: safe-w10
#[tokio::test]
async fn a_session_has_an_unguessable_id_of_visible_characters() {
    let hub = hub(json!({ "mcpServers": {} })).await;
    let first = Wire::initialized(&hub, "/mcp", "2025-11-25")
        .await
        .session
        .unwrap();
    let second = Wire::initialized(&hub, "/mcp", "2025-11-25")
        .await
        .session
        .unwrap();
    assert_ne!(first, second);
    // 128 bits as base64url.
    assert_eq!(first.len(), 22);
}

// rule: safe-w10
#[tokio::test]
async fn without_a_session_400_with_a_wrong_or_ended_one_404() {
    let hub = hub(json!({ "mcpServers": {} })).await;
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let mut wire = Wire::new(&hub, "/mcp");
    let none = wire.post(ping).await;
    assert_eq!(
        (none.status, code(&none)),
        (StatusCode::BAD_REQUEST, -32000)
    );
    wire.session = Some("guessed".to_owned());
    let wrong = wire.post(ping).await;
    assert_eq!(
        (wrong.status, code(&wrong)),
        (StatusCode::NOT_FOUND, -32001)
    );
    let wire = Wire::initialized(&hub, "/mcp", "2025-11-25").await;
    assert_eq!(
        wire.post(ping).await.body,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#
    );
    assert_eq!(
        send(wire.request(http::Method::DELETE)).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(wire.post(ping).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        send(wire.request(http::Method::DELETE)).await.status,
        StatusCode::NOT_FOUND
    );
}

// rule: safe-w10
#[tokio::test]
async fn a_session_serves_only_the_key_and_the_endpoint_that_opened_it() {
    let (url, _) = up::start("one").await;
    let key = |id: &str| json!({ "id": id, "name": id, "token": format!("token-{id}"), "enabled": true, "accessType": "all" });
    let hub = hub(json!({
        "mcpServers": { "one": { "type": "streamable-http", "url": url } },
        "bearerKeys": [key("alice"), key("bob")],
    }))
    .await;
    hub.ready("one").await;
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let mut wire = Wire::new(&hub, "/mcp");
    let post = |wire: &Wire, who: &str, body: &str| {
        let request = wire
            .request(http::Method::POST)
            .header("content-type", "application/json");
        send(
            request
                .bearer_auth(format!("token-{who}"))
                .body(body.to_owned()),
        )
    };
    wire.session = post(&wire, "alice", &initialize("2025-11-25"))
        .await
        .session;
    assert_eq!(post(&wire, "alice", ping).await.status, StatusCode::OK);
    assert_eq!(post(&wire, "bob", ping).await.status, StatusCode::NOT_FOUND);
    assert_eq!(wire.post(ping).await.status, StatusCode::UNAUTHORIZED);
    wire.url = hub.url("/mcp/one");
    assert_eq!(
        post(&wire, "alice", ping).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_get_that_takes_no_stream_is_refused_and_one_that_does_is_opened() {
    let hub = hub(json!({ "mcpServers": {} })).await;
    let wire = Wire::initialized(&hub, "/mcp", "2025-11-25").await;
    let session = wire.session.clone().unwrap();
    let get = || {
        wire.client
            .get(&wire.url)
            .header("mcp-session-id", &session)
    };
    assert_eq!(
        send(get().header("accept", "application/json"))
            .await
            .status,
        StatusCode::NOT_ACCEPTABLE
    );
    let opened = soon(get().header("accept", "text/event-stream").send())
        .await
        .unwrap();
    assert_eq!(opened.headers()["content-type"], "text/event-stream");
    assert_eq!(
        send(wire.request(http::Method::DELETE)).await.status,
        StatusCode::NO_CONTENT
    );
    // The stream ends with the session.
    assert!(soon(opened.text()).await.is_ok());
}

// rule: safe-t07
#[tokio::test]
async fn the_key_of_a_client_never_reaches_a_server() {
    let raw = raw_upstream::start("{\"content\":[]}").await;
    let hub = hub(json!({
        "mcpServers": { "up": { "type": "streamable-http", "url": raw.url, "headers": { "x-own": "theirs" } } },
        "bearerKeys": [{ "id": "k", "name": "k", "token": "hub-key", "enabled": true, "accessType": "all" }],
    }))
    .await;
    hub.ready("up").await;
    let mut wire = Wire::new(&hub, "/mcp/up");
    let post = |wire: &Wire, body: &str| {
        let request = wire
            .request(http::Method::POST)
            .header("content-type", "application/json");
        send(
            request
                .bearer_auth("hub-key")
                .header("cookie", "a=b")
                .body(body.to_owned()),
        )
    };
    wire.session = post(&wire, &initialize("2025-11-25")).await.session;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#;
    assert_eq!(post(&wire, call).await.status, StatusCode::OK);
    let headers = raw.headers.lock().unwrap();
    assert!(headers.iter().all(|headers| headers["x-own"] == "theirs"));
    let leaked = |headers: &http::HeaderMap| {
        headers
            .values()
            .any(|value| value.as_bytes().windows(7).any(|w| w == b"hub-key"))
    };
    assert!(
        !headers
            .iter()
            .any(|headers| leaked(headers) || headers.contains_key("cookie"))
    );
}
