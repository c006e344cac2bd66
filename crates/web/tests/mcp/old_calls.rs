//! Calls over the old HTTP+SSE transport: progress, questions and news on the one stream, answers by POST.

use std::time::Duration;

use hub::activity::Outcome;
use serde_json::{Value, json};

use crate::by_stream::{ByStream, text};
use crate::harness::{hub, hub_with, soon};
use crate::raw_upstream;
use crate::up::{self, Way};

#[tokio::test]
async fn progress_comes_before_the_answer_under_the_callers_own_token() {
    let (url, _) = up::start("up").await;
    let hub = hub_with(&url, json!({})).await;
    for (path, tool) in [("/sse/up", "progress"), ("/sse", "up-progress")] {
        let mut old = ByStream::initialized(&hub, path, "2024-11-05").await;
        old.calls(7, tool).await;
        for step in [1.0, 2.0, 3.0] {
            let heard = old.hears().await;
            assert_eq!(heard["method"], "notifications/progress");
            assert_eq!(
                heard["params"],
                json!({ "progressToken": "token", "progress": step })
            );
        }
        assert_eq!(text(&old.hears().await), "done");
    }
}

#[tokio::test]
async fn what_a_server_asks_comes_on_the_stream_and_the_answer_goes_back_by_post() {
    for way in Way::BOTH {
        let (url, _) = up::start_as("up", way).await;
        let hub = hub_with(&url, json!({})).await;
        let mut old = ByStream::initialized(&hub, "/sse/up", "2025-06-18").await;
        for (tool, method, result, expected) in [
            (
                "sample",
                "sampling/createMessage",
                json!({ "role": "assistant", "model": "stream", "content": { "type": "text", "text": "Paris" } }),
                "stream says so",
            ),
            (
                "elicit",
                "elicitation/create",
                json!({ "action": "decline" }),
                "decline",
            ),
            (
                "roots",
                "roots/list",
                json!({ "roots": [{ "uri": "file:///stream" }] }),
                "file:///stream",
            ),
        ] {
            old.calls(1, tool).await;
            let asked = old.hears().await;
            assert_eq!(asked["method"], method, "{way:?}: {asked}");
            old.says(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }))
                .await;
            let answer = old.hears().await;
            assert!(text(&answer).contains(expected), "{way:?}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_question_is_for_the_stream_that_called_and_no_other_can_answer_it() {
    let (url, _) = up::start("up").await;
    let hub = hub_with(&url, json!({})).await;
    let mut alice = ByStream::initialized(&hub, "/sse/up", "2025-06-18").await;
    let mut bob = ByStream::initialized(&hub, "/sse/up", "2025-06-18").await;
    alice.calls(1, "roots").await;
    let asked = alice.hears().await;
    let answer = |uri: &str| json!({ "jsonrpc": "2.0", "id": asked["id"], "result": { "roots": [{ "uri": uri }] } });
    bob.says(&answer("file:///bob")).await;
    assert_eq!(bob.ask(2, "ping", json!({})).await["result"], json!({}));
    alice.says(&answer("file:///alice")).await;
    assert_eq!(text(&alice.hears().await), "file:///alice");
}

#[tokio::test]
async fn news_outside_of_calls_come_on_the_stream_too() {
    let (url, up) = up::start("up").await;
    let hub = hub_with(&url, json!({})).await;
    let mut single = ByStream::initialized(&hub, "/sse/up", "2025-06-18").await;
    let mut many = ByStream::initialized(&hub, "/sse", "2025-06-18").await;
    up.tools.lock().unwrap().push("fresh");
    up.tells_of_tools().await;
    for old in [&mut single, &mut many] {
        assert_eq!(
            old.hears().await["method"],
            "notifications/tools/list_changed"
        );
    }
    let listed = many.ask(1, "tools/list", json!({})).await;
    assert!(listed.to_string().contains("up-fresh"), "{listed}");
    single
        .ask(2, "resources/subscribe", json!({ "uri": "test://text" }))
        .await;
    many.calls(3, "up-touch").await;
    let updated = single.hears().await;
    assert_eq!(updated["method"], "notifications/resources/updated");
    assert_eq!(text(&many.hears().await), "touched");
}

#[tokio::test]
async fn a_call_that_the_client_cancels_is_cancelled_at_the_server_and_not_answered() {
    let (url, up) = up::start("up").await;
    let hub = hub_with(&url, json!({})).await;
    let mut old = ByStream::initialized(&hub, "/sse/up", "2025-06-18").await;
    old.calls(1, "wait").await;
    soon(up.started.notified()).await;
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } });
    old.says(&cancel).await;
    soon(up.cancelled.notified()).await;
    assert_eq!(old.ask(2, "ping", json!({})).await["result"], json!({}));
    let noted = hub.noted(1).await;
    assert_eq!((noted.len(), &noted[0].outcome), (1, &Outcome::Cancelled));
}

#[tokio::test]
async fn calls_of_one_stream_do_not_wait_for_each_other() {
    let (url, up) = up::start("up").await;
    let hub = hub_with(&url, json!({})).await;
    let mut old = ByStream::initialized(&hub, "/sse/up", "2025-06-18").await;
    old.calls(1, "wait").await;
    soon(up.started.notified()).await;
    let echo = json!({ "name": "echo", "arguments": { "text": "hi" } });
    let answer = old.ask(2, "tools/call", echo).await;
    assert_eq!(text(&answer), "up: hi");
}

#[tokio::test]
async fn named_headers_of_a_message_go_on_to_the_server() {
    let raw = raw_upstream::start(r#"{"content":[]}"#).await;
    let hub = hub_with(&raw.url, json!({ "passthroughHeaders": ["X-Tenant"] })).await;
    let mut old = ByStream::initialized(&hub, "/sse/up", "2025-06-18").await;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#;
    let request = old.request().header("x-tenant", "blue").body(call);
    assert_eq!(soon(request.send()).await.unwrap().status(), 202);
    assert_eq!(old.hears().await["id"], 1);
    let headers = raw.headers.lock().unwrap().last().cloned().unwrap();
    assert_eq!(headers["x-tenant"], "blue");
}

#[tokio::test]
async fn a_silent_stream_shows_that_it_lives() {
    let hub = hub(json!({ "mcpServers": {} })).await;
    let mut stream = soon(crate::by_stream::get(None, &hub, "/sse").send())
        .await
        .unwrap();
    let first = soon(stream.chunk()).await.unwrap().unwrap();
    assert!(first.starts_with(b"event: endpoint"), "{first:?}");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(16)).await;
    tokio::time::resume();
    let next = soon(stream.chunk()).await.unwrap().unwrap();
    assert!(next.starts_with(b":"), "{next:?}");
}

/// Our own hub has the stream of another one of ours as its server.
#[tokio::test]
async fn a_hub_in_front_of_a_hub_speaks_the_old_transport_on_both_sides() {
    let (url, up) = up::start("up").await;
    let behind = hub_with(&url, json!({})).await;
    for path in ["/sse", "/sse/up"] {
        let inner = json!({ "inner": { "type": "sse", "url": behind.url(path) } });
        let front = hub(json!({ "mcpServers": inner })).await;
        front.ready("inner").await;
        let prefix = if path == "/sse" { "up-" } else { "" };
        let mut old = ByStream::initialized(&front, "/sse/inner", "2025-06-18").await;
        let listed = old.ask(1, "tools/list", json!({})).await;
        assert_eq!(
            listed["result"]["tools"][0]["name"],
            format!("{prefix}echo")
        );
        old.calls(2, &format!("{prefix}progress")).await;
        let steps: Vec<Value> = vec![old.hears().await, old.hears().await, old.hears().await];
        assert!(
            steps
                .iter()
                .all(|step| step["params"]["progressToken"] == "token"),
            "{steps:?}"
        );
        assert_eq!(text(&old.hears().await), "done");
        old.calls(3, &format!("{prefix}roots")).await;
        let asked = old.hears().await;
        let roots = json!({ "roots": [{ "uri": "file:///far" }] });
        old.says(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": roots }))
            .await;
        assert_eq!(text(&old.hears().await), "file:///far");
        old.calls(4, &format!("{prefix}wait")).await;
        soon(up.started.notified()).await;
        drop(old);
        soon(up.cancelled.notified()).await;
    }
}
