//! The wire itself: bytes, headers, statuses.

use http::StatusCode;
use serde_json::{Value, json};

use crate::by_hand::{Wire, code, initialize, send};
use crate::harness::{hub, hub_with, soon};
use crate::{raw_upstream, up};

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
        r#"{"tools":[{"name":"t","inputSchema":{"$defs":{},"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}},"x":0.10}],"_meta":{"k":1}}"#
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
    let expected = r#"{"jsonrpc":"2.0","id":5,"result":{"tools":[{"name":"up-t","inputSchema":{"$defs":{},"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}},"x":0.10}]}}"#;
    assert_eq!(listed.body, expected);
}

// rule: mcp-transport-session-id
// rule: mcp-transport-session-required
// rule: mcp-transport-session-unknown
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

#[tokio::test]
async fn an_answer_that_takes_its_time_begins_all_the_same() {
    let (url, inside) = up::start("up").await;
    let hub = hub_with(&url, json!({})).await;
    let wire = Wire::initialized(&hub, "/mcp/up", "2025-06-18").await;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait"}}"#;
    let request = wire.request(http::Method::POST);
    let request = request
        .header("content-type", "application/json")
        .body(call);
    let (_, mut answer) = tokio::join!(
        async {
            soon(inside.started.notified()).await;
            // From here on time passes whenever everybody waits.
            tokio::time::pause();
        },
        async { request.send().await.expect("the head of an answer") },
    );
    tokio::time::resume();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let first = soon(answer.chunk())
        .await
        .expect("a stream")
        .expect("a sign of life");
    assert!(first.starts_with(b":"), "{first:?}");
    drop(answer);
    soon(inside.cancelled.notified()).await;
}

#[tokio::test]
async fn a_server_hears_a_clients_words_in_the_order_in_which_they_were_said() {
    let raw = raw_upstream::start("{}").await;
    let hub = hub_with(&raw.url, json!({})).await;
    let wire = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    for n in 0..30 {
        let said =
            format!(r#"{{"jsonrpc":"2.0","method":"notifications/vendor","params":{{"n":{n}}}}}"#);
        assert_eq!(wire.post(&said).await.status, StatusCode::ACCEPTED);
    }
    let heard = soon(raw.heard("notifications/vendor", 30)).await;
    let order: Vec<_> = heard
        .iter()
        .map(|said| said["params"]["n"].as_u64().unwrap())
        .collect();
    assert_eq!(order, (0..30).collect::<Vec<_>>());
}
