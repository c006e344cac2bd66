//! The old HTTP+SSE transport on the wire: the first event, statuses, whose a stream is.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::by_hand::{Wire, code, initialize, send};
use crate::by_stream::{ByStream, client, get, text};
use crate::harness::{hub, hub_below, hub_with, soon};
use crate::{raw_upstream, up};

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

// rule: mcp-sse-endpoint
// rule: mcp-sse-message
#[tokio::test]
async fn a_stream_begins_with_the_address_for_messages_and_carries_all_answers() {
    let raw = raw_upstream::start(r#"{"content":[],"n":1e400}"#).await;
    let hub = hub_with(&raw.url, json!({})).await;
    let mut old = ByStream::open(&hub, "/sse/up").await;
    let address = old.messages.strip_prefix(&hub.base).unwrap();
    assert!(address.starts_with("/messages?sessionId="), "{address}");
    // 128 bits as base64url.
    assert_eq!(old.id().len(), 22);
    let answer = old.initialize("2024-11-05").await;
    let expected =
        r#"{"protocolVersion":"2024-11-05","capabilities":{"tools":{},"vendor/x":{"n":1.0}},"#;
    assert!(answer.contains(expected), "{answer}");
    let listed = old.ask(1, "tools/list", json!({})).await;
    assert_eq!(listed["result"]["tools"][0]["name"], "t");
    old.asks(2, "tools/call", json!({ "name": "t" })).await;
    let event = old.event().await.unwrap();
    let expected = r#"{"id":2,"result":{"content":[],"n":1e400},"jsonrpc":"2.0","extra":null}"#;
    assert_eq!(
        (event.kind.as_deref(), &*event.data),
        (Some("message"), expected)
    );
}

#[tokio::test]
async fn each_revision_with_a_handshake_is_agreed_on_and_the_stateless_one_is_not() {
    let hub = hub(json!({ "mcpServers": {} })).await;
    for (asked, agreed) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
    ] {
        let mut old = ByStream::open(&hub, "/sse").await;
        let answer = old.initialize(asked).await;
        let expected = format!("\"protocolVersion\":\"{agreed}\"");
        assert!(answer.contains(&expected), "{answer}");
        let stateless = old.request().header("mcp-protocol-version", "2026-07-28");
        let answer = send(stateless.body(PING)).await;
        assert_eq!(
            (answer.status, code(&answer)),
            (StatusCode::BAD_REQUEST, -32000)
        );
        let spoken = old.request().header("mcp-protocol-version", agreed);
        assert_eq!(send(spoken.body(PING)).await.status, StatusCode::ACCEPTED);
        assert_eq!(
            old.hears().await,
            json!({ "jsonrpc": "2.0", "id": 1, "result": {} })
        );
    }
}

#[tokio::test]
async fn initialize_comes_once_and_signs_of_life_may_come_before_it() {
    let hub = hub(json!({ "mcpServers": {} })).await;
    let mut old = ByStream::open(&hub, "/sse").await;
    assert_eq!(old.ask(1, "ping", json!({})).await["result"], json!({}));
    assert_eq!(hub.hub.sessions().count(), 0);
    old.initialize("2025-11-25").await;
    let again = old
        .ask(3, "initialize", json!({ "protocolVersion": "2025-11-25" }))
        .await;
    let words = again["error"]["message"].as_str().unwrap();
    assert!(words.contains("already"), "{words}");
    assert_eq!(hub.hub.sessions().count(), 1);
}

#[tokio::test]
async fn a_client_whose_stream_broke_goes_on_with_a_new_one_without_introducing_itself_again() {
    let (url, _) = up::start("up").await;
    let hub = hub_with(&url, json!({})).await;
    drop(ByStream::initialized(&hub, "/sse/up", "2025-06-18").await);
    let mut again = ByStream::open(&hub, "/sse/up").await;
    // About what was under way on the old stream.
    let late = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 4 } });
    again.says(&late).await;
    let tools = async |id: u64, at: &ByStream| at.asks(id, "tools/list", json!({})).await;
    tokio::join!(tools(5, &again), tools(6, &again), tools(7, &again));
    let mut answered = Vec::new();
    for _ in 0..3 {
        let answer = again.hears().await;
        assert_eq!(answer["result"]["tools"][0]["name"], "echo", "{answer}");
        answered.push(answer["id"].as_u64().unwrap());
    }
    answered.sort_unstable();
    assert_eq!(answered, [5, 6, 7]);
    again.calls(8, "sample").await;
    let answer = again.hears().await;
    assert!(
        text(&answer).contains("did not declare"),
        "nothing is known of it: {answer}"
    );
}

#[tokio::test]
async fn an_introduction_that_cannot_be_read_is_answered_and_may_be_said_again() {
    let hub = hub(json!({ "mcpServers": {} })).await;
    let mut old = ByStream::open(&hub, "/sse").await;
    let twice = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","protocolVersion":"2024-11-05"}}"#;
    assert_eq!(old.post(twice).await.status, StatusCode::ACCEPTED);
    let refused = old.hears().await;
    assert_eq!(
        (&refused["id"], &refused["error"]["code"]),
        (&json!(1), &json!(-32602))
    );
    let answer = old.initialize("2025-06-18").await;
    assert!(answer.contains("2025-06-18"), "{answer}");
}

// rule: safe-w10
#[tokio::test]
async fn a_stream_takes_messages_only_from_the_key_that_opened_it() {
    let key = |id: &str| json!({ "id": id, "name": id, "token": format!("token-{id}"), "enabled": true, "accessType": "all" });
    let hub = hub(json!({ "mcpServers": {}, "bearerKeys": [key("alice"), key("bob")] })).await;
    let refused = send(get(None, &hub, "/sse")).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let mut old = ByStream::open_as(Some("token-alice"), &hub, "/sse").await;
    old.initialize("2025-06-18").await;
    let to = |key: Option<&str>, address: &str| {
        let request = client()
            .post(address)
            .header("content-type", "application/json");
        let request = match key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        send(request.body(PING))
    };
    let bobs = to(Some("token-bob"), &old.messages).await;
    assert_eq!((bobs.status, code(&bobs)), (StatusCode::NOT_FOUND, -32001));
    let response = soon(client().post(&old.messages).body(PING).send())
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let challenge = response.headers()["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.starts_with("Bearer error=\"invalid_token\""),
        "{challenge}"
    );
    let unknown = to(Some("token-alice"), &hub.url("/messages?sessionId=guessed")).await;
    assert_eq!(
        (unknown.status, code(&unknown)),
        (StatusCode::NOT_FOUND, -32001)
    );
    for nameless in [
        "/messages",
        "/messages?sessionId=",
        "/messages?session_id=x",
    ] {
        let answer = to(Some("token-alice"), &hub.url(nameless)).await;
        assert_eq!(
            (answer.status, code(&answer)),
            (StatusCode::BAD_REQUEST, -32000),
            "{nameless}"
        );
    }
    // The stream's id opens nothing at the other transport.
    let mut wire = Wire::new(&hub, "/mcp");
    wire.session = Some(old.id().to_owned());
    let request = wire
        .request(Method::POST)
        .header("content-type", "application/json");
    let answer = send(request.bearer_auth("token-alice").body(PING)).await;
    assert_eq!(
        (answer.status, code(&answer)),
        (StatusCode::NOT_FOUND, -32001)
    );
    assert_eq!(old.ask(1, "ping", json!({})).await["result"], json!({}));
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_with_the_status_that_says_why() {
    let hub = hub(json!({
        "mcpServers": { "off": { "command": "x", "enabled": false } },
        "systemConfig": { "routing": { "jsonBodyLimit": "2kb" } },
    }))
    .await;
    let old = ByStream::initialized(&hub, "/sse", "2025-06-18").await;
    for (body, status, expected) in [
        ("{".to_owned(), StatusCode::BAD_REQUEST, -32700),
        ("[]".to_owned(), StatusCode::BAD_REQUEST, -32600),
        (format!("[{PING}]"), StatusCode::BAD_REQUEST, -32600),
    ] {
        let answer = old.post(&body).await;
        assert_eq!(
            (answer.status, code(&answer)),
            (status, expected),
            "{}",
            answer.body
        );
    }
    let large = old.post(&" ".repeat(3000)).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    let text = client()
        .post(&old.messages)
        .header("content-type", "text/plain");
    assert_eq!(
        send(text.body(PING)).await.status,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    for (method, path, allowed) in [
        (Method::POST, "/sse", "GET"),
        (Method::DELETE, "/sse/x", "GET"),
        (Method::GET, "/messages?sessionId=x", "POST"),
        (Method::PUT, "/messages", "POST"),
    ] {
        let request = client().request(method.clone(), hub.url(path));
        let response = soon(request.send()).await.unwrap();
        assert_eq!(
            response.status(),
            StatusCode::METHOD_NOT_ALLOWED,
            "{method} {path}"
        );
        assert_eq!(response.headers()["allow"], allowed, "{method} {path}");
    }
    let json_only = client()
        .get(hub.url("/sse"))
        .header("accept", "application/json");
    assert_eq!(send(json_only).await.status, StatusCode::NOT_ACCEPTABLE);
    for (path, words) in [
        ("/sse/nope", "no group or server named"),
        ("/sse/off", "mcpServers.off.enabled"),
    ] {
        let answer = send(get(None, &hub, path)).await;
        assert_eq!(
            (answer.status, code(&answer)),
            (StatusCode::NOT_FOUND, -32000)
        );
        assert!(answer.body.contains(words), "{}", answer.body);
    }
}

#[tokio::test]
async fn without_the_global_route_both_transports_answer_403_to_the_bare_address() {
    let (url, _) = up::start("up").await;
    let hub = hub(json!({
        "mcpServers": { "up": { "type": "streamable-http", "url": url } },
        "systemConfig": { "routing": { "enableGlobalRoute": false } },
    }))
    .await;
    hub.ready("up").await;
    let opened = send(get(None, &hub, "/sse")).await;
    assert_eq!(
        (opened.status, code(&opened)),
        (StatusCode::FORBIDDEN, -32000)
    );
    let opened = Wire::new(&hub, "/mcp")
        .post(&initialize("2025-11-25"))
        .await;
    assert_eq!(opened.status, StatusCode::FORBIDDEN);
    ByStream::initialized(&hub, "/sse/up", "2025-11-25").await;
}

#[tokio::test]
async fn names_with_slashes_and_a_base_path_are_kept() {
    let (url, _) = up::start("up").await;
    let server = json!({ "type": "streamable-http", "url": url });
    let hub = hub_below("/hub", json!({ "mcpServers": { "io.github/üp": server } })).await;
    hub.ready("io.github/üp").await;
    for path in ["/hub/sse/io.github/%C3%BCp", "/hub/sse/io.github%2F%C3%BCp"] {
        let mut old = ByStream::open(&hub, path).await;
        assert!(
            old.messages.starts_with(&hub.url("/hub/messages?")),
            "{}",
            old.messages
        );
        old.initialize("2025-06-18").await;
        let tools = old.ask(1, "tools/list", json!({})).await;
        assert_eq!(tools["result"]["tools"][0]["name"], "echo", "{path}");
    }
    let mut all = ByStream::initialized(&hub, "/hub/sse", "2025-06-18").await;
    let tools = all.ask(1, "tools/list", json!({})).await;
    assert_eq!(tools["result"]["tools"][0]["name"], "io.github/üp-echo");
    assert_eq!(
        send(get(None, &hub, "/sse")).await.status,
        StatusCode::NOT_FOUND
    );
}

// rule: jsonrpc-6
// rule: mcp-batch-revision
#[tokio::test]
async fn batches_are_taken_for_the_revisions_that_have_them() {
    let raw = raw_upstream::start(r#"{"content":[]}"#).await;
    let hub = hub_with(&raw.url, json!({})).await;
    for revision in ["2024-11-05", "2025-03-26"] {
        let mut old = ByStream::initialized(&hub, "/sse/up", revision).await;
        let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},7,{"jsonrpc":"2.0","method":"notifications/vendor"},{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"t"}}]"#;
        assert_eq!(old.post(batch).await.status, StatusCode::ACCEPTED);
        let heard = [old.hears().await, old.hears().await, old.hears().await];
        assert_eq!(heard[0], json!({ "jsonrpc": "2.0", "id": 1, "result": {} }));
        assert_eq!(
            (&heard[1]["id"], &heard[1]["error"]["code"]),
            (&Value::Null, &json!(-32600))
        );
        assert_eq!(
            (&heard[2]["id"], &heard[2]["result"]),
            (&json!(2), &json!({ "content": [] }))
        );
    }
    let old = ByStream::initialized(&hub, "/sse/up", "2025-06-18").await;
    let answer = old.post(&format!("[{PING}]")).await;
    assert_eq!(
        (answer.status, code(&answer)),
        (StatusCode::BAD_REQUEST, -32600)
    );
}
