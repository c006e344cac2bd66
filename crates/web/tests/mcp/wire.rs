//! The wire itself: bytes, headers, statuses; what a client by hand sends and sees.

use http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Running, hub, hub_with, soon};
use crate::{raw_upstream, up};

struct Wire {
    client: reqwest::Client,
    url: String,
    session: Option<String>,
}

struct Answer {
    status: StatusCode,
    content_type: String,
    session: Option<String>,
    body: String,
}

impl Wire {
    #[expect(clippy::disallowed_methods, reason = "the test is a client of its own")]
    fn new(hub: &Running, path: &str) -> Self {
        Self {
            client: reqwest::Client::new(),
            url: hub.url(path),
            session: None,
        }
    }

    /// Opens a session.
    async fn initialized(hub: &Running, path: &str, revision: &str) -> Self {
        let mut wire = Self::new(hub, path);
        let answer = wire.post(&initialize(revision)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        wire.session = answer.session;
        wire
    }

    fn request(&self, method: http::Method) -> reqwest::RequestBuilder {
        let request = self
            .client
            .request(method, &self.url)
            .header("accept", "application/json, text/event-stream");
        match &self.session {
            Some(session) => request.header("mcp-session-id", session),
            None => request,
        }
    }

    async fn post(&self, body: &str) -> Answer {
        let request = self
            .request(http::Method::POST)
            .header("content-type", "application/json");
        send(request.body(body.to_owned())).await
    }
}

async fn send(request: reqwest::RequestBuilder) -> Answer {
    let response = soon(request.send()).await.expect("an answer");
    let text = |name: &str| {
        let value = response.headers().get(name)?;
        Some(value.to_str().expect("text").to_owned())
    };
    Answer {
        status: response.status(),
        content_type: text("content-type").unwrap_or_default(),
        session: text("mcp-session-id"),
        body: soon(response.text()).await.expect("a body"),
    }
}

fn initialize(revision: &str) -> String {
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": revision, "capabilities": {}, "clientInfo": { "name": "wire", "version": "1" },
    } })
    .to_string()
}

fn code(answer: &Answer) -> i64 {
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    body["error"]["code"].as_i64().expect("an error code")
}

#[tokio::test]
async fn what_passes_through_a_servers_endpoint_keeps_every_byte_but_the_id() {
    let result = r#"{"content":[],"messages":[{"n":1e400}], "z":0.10,"execution":{"taskSupport":"x"},"a":"\u00e9"}"#;
    let raw = raw_upstream::start(result).await;
    let hub = hub_with(&raw.url, json!({})).await;
    let wire = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    let call = r#"{"method":"tools/call","vendor":{"b":2.50},"id":"my \"id\"","params":{"name":"t","arguments":{"n":12345678901234567890123},"x":1e2},"jsonrpc":"2.0"}"#;
    let answer = wire.post(call).await;
    assert_eq!(answer.content_type, "application/json");
    assert_eq!(
        answer.body,
        format!(
            "{{\"id\":\"my \\\"id\\\"\",\"result\":{result},\"jsonrpc\":\"2.0\",\"extra\":null}}"
        )
    );
    let received = raw.received.lock().unwrap().last().unwrap().clone();
    let theirs: Value = serde_json::from_str(&received).unwrap();
    assert_eq!(
        received.replace(&format!("\"id\":{}", theirs["id"]), r#""id":"my \"id\"""#),
        call
    );
    let listed = wire
        .post(r#"{"jsonrpc":"2.0","id":5,"method":"tools/list"}"#)
        .await;
    assert!(listed.body.contains(
        r#"{"tools":[{"name":"t","inputSchema":{"$defs":{}},"x":0.10}],"_meta":{"k":1}}"#
    ));
}

#[tokio::test]
async fn the_servers_own_introduction_passes_with_the_revision_of_this_client() {
    let raw = raw_upstream::start("{}").await;
    let hub = hub_with(&raw.url, json!({})).await;
    let answer = Wire::new(&hub, "/mcp/up")
        .post(&initialize("2025-03-26"))
        .await;
    let expected = r#"{"protocolVersion":"2025-03-26","capabilities":{"tools":{},"vendor/x":{"n":1.0}},"serverInfo":{"name":"raw","version":"1","icons":[{"src":"data:,"}]},"vendor":[1e400]}"#;
    assert!(answer.body.contains(expected), "{}", answer.body);
}

#[tokio::test]
async fn a_merged_tool_list_renames_and_touches_nothing_else() {
    let raw = raw_upstream::start("{}").await;
    let hub = hub_with(&raw.url, json!({})).await;
    let wire = Wire::initialized(&hub, "/mcp", "2025-11-25").await;
    let listed = wire
        .post(r#"{"jsonrpc":"2.0","id":5,"method":"tools/list","params":{}}"#)
        .await;
    let expected = r#"{"jsonrpc":"2.0","id":5,"result":{"tools":[{"name":"up-t","inputSchema":{"$defs":{}},"x":0.10}]}}"#;
    assert_eq!(listed.body, expected);
}

// rule: mcp-transport-session-id
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

// rule: mcp-transport-session-required
// rule: mcp-transport-session-unknown
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

// rule: w10
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

// rule: mcp-transport-protocol-version
#[tokio::test]
async fn a_revision_that_is_not_spoken_here_is_refused_with_400() {
    let hub = hub(json!({ "mcpServers": {} })).await;
    let wire = Wire::initialized(&hub, "/mcp", "2025-11-25").await;
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    for (revision, expected) in [
        ("2025-11-25", 200),
        ("2025-06-18", 200),
        ("1900-01-01", 400),
        ("2026-07-28", 400),
    ] {
        let request = wire
            .request(http::Method::POST)
            .header("content-type", "application/json");
        let answer = send(request.header("mcp-protocol-version", revision).body(ping)).await;
        assert_eq!(answer.status, expected, "{revision}: {}", answer.body);
    }
}

// rule: mcp-transport-bad-input
#[tokio::test]
async fn bad_input_is_told_apart() {
    let hub = hub(json!({ "mcpServers": {} })).await;
    let wire = Wire::initialized(&hub, "/mcp", "2025-11-25").await;
    for (body, expected) in [
        ("{", -32700),
        ("<html>", -32700),
        ("[]", -32600),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#,
            -32600,
        ),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600),
    ] {
        let answer = wire.post(body).await;
        assert_eq!(
            (answer.status, code(&answer)),
            (StatusCode::BAD_REQUEST, expected),
            "{body}"
        );
    }
    let text = wire
        .request(http::Method::POST)
        .header("content-type", "text/plain");
    assert_eq!(
        send(text.body("{}")).await.status,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    let put = send(wire.request(http::Method::PUT)).await;
    assert_eq!(put.status, StatusCode::METHOD_NOT_ALLOWED);
    let unknown = wire
        .post(r#"{"jsonrpc":"2.0","id":1,"method":"no/such"}"#)
        .await;
    assert_eq!((unknown.status, code(&unknown)), (StatusCode::OK, -32601));
}

#[tokio::test]
async fn an_endpoint_that_does_not_exist_names_the_cure() {
    let hub = hub(json!({ "mcpServers": { "off": { "command": "x", "enabled": false } } })).await;
    let nothing = Wire::new(&hub, "/mcp/nope")
        .post(&initialize("2025-11-25"))
        .await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    assert!(
        nothing.body.contains("no group or server named"),
        "{}",
        nothing.body
    );
    let off = Wire::new(&hub, "/mcp/off")
        .post(&initialize("2025-11-25"))
        .await;
    assert!(off.body.contains("mcpServers.off.enabled"), "{}", off.body);
}

// rule: jsonrpc-6
// rule: mcp-batch-revision
#[tokio::test]
async fn batches_are_answered_for_the_revision_that_has_them() {
    let raw = raw_upstream::start("{\"content\":[]}").await;
    let hub = hub_with(&raw.url, json!({})).await;
    let wire = Wire::initialized(&hub, "/mcp/up", "2025-03-26").await;
    let quick = r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},7,{"jsonrpc":"2.0","method":"notifications/initialized"}]"#;
    let answers: Value = serde_json::from_str(&wire.post(quick).await.body).unwrap();
    assert_eq!(
        answers[0],
        json!({ "jsonrpc": "2.0", "id": 1, "result": {} })
    );
    assert_eq!(
        (&answers[1]["id"], &answers[1]["error"]["code"]),
        (&Value::Null, &json!(-32600))
    );
    assert_eq!(answers.as_array().unwrap().len(), 2);
    let calls = r#"[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}},{"jsonrpc":"2.0","id":2,"method":"ping"}]"#;
    let answer = wire.post(calls).await;
    assert_eq!(answer.content_type, "text/event-stream");
    assert!(
        answer.body.contains("\"id\":1") && answer.body.contains("\"id\":2"),
        "{}",
        answer.body
    );
    let nothing = wire
        .post(r#"[{"jsonrpc":"2.0","method":"notifications/initialized"}]"#)
        .await;
    assert_eq!(nothing.status, StatusCode::ACCEPTED);
}

// rule: mcp-transport-get
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

#[tokio::test]
async fn a_client_that_takes_json_only_gets_the_response_without_what_came_before() {
    let (url, _) = up::start("everything").await;
    let hub = hub_with(&url, json!({})).await;
    let wire = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"log"}}"#;
    let request = wire
        .client
        .post(&wire.url)
        .header("mcp-session-id", wire.session.as_deref().unwrap())
        .header("accept", "application/json")
        .header("content-type", "application/json");
    let answer = send(request.body(call)).await;
    assert_eq!(answer.content_type, "application/json");
    assert!(answer.body.contains("logged"), "{}", answer.body);
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_its_call() {
    let (url, up) = up::start("everything").await;
    let hub = hub_with(&url, json!({})).await;
    let wire = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait"}}"#;
    let request = wire
        .request(http::Method::POST)
        .header("content-type", "application/json");
    let asking = tokio::spawn(request.body(call).send());
    soon(up.started.notified()).await;
    asking.abort();
    soon(up.cancelled.notified()).await;
}
