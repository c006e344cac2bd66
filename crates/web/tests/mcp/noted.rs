//! What is written down of the calls of sessions: each once, however it ends, and nothing of what was said in it.

use hub::activity::Outcome;
use serde_json::{Value, json};

use crate::by_hand::Wire;
use crate::harness::{hub, hub_with, soon};
use crate::raw_upstream;
use crate::up;

fn call(id: u64, tool: &str, arguments: &Value) -> String {
    let params = json!({ "name": tool, "arguments": arguments });
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }).to_string()
}

#[tokio::test]
async fn each_call_of_a_session_is_noted_once_however_it_ends() {
    let (url, up) = up::start("everything").await;
    let hub = hub_with(&url, json!({})).await;
    let wire = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    let said = json!({ "text": "a word of mine" });
    wire.post(&call(1, "echo", &said)).await;
    wire.post(&call(2, "none", &said)).await;
    let waits = wire.posting(&call(3, "wait", &json!({})));
    let waiting = tokio::spawn(waits.send());
    soon(up.started.notified()).await;
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3}}"#;
    wire.post(cancel).await;
    soon(waiting).await.unwrap().unwrap();
    // What is no tool call is not noted.
    let prompt = r#"{"jsonrpc":"2.0","id":4,"method":"prompts/get","params":{"name":"greet"}}"#;
    wire.post(prompt).await;
    let waits = wire.posting(&call(5, "wait", &json!({})));
    let waiting = tokio::spawn(waits.send());
    soon(up.started.notified()).await;
    hub.hub.sessions().give_up();
    soon(waiting).await.unwrap().unwrap();
    let noted = hub.noted(4).await;
    let told = noted.iter().map(|entry| (&*entry.tool, &entry.outcome));
    let told: Vec<_> = told.collect();
    assert_eq!(told.len(), 4, "{told:?}");
    assert_eq!(told[0], ("echo", &Outcome::Answered));
    assert_eq!(told[1], ("none", &Outcome::Refused("no tool none".into())));
    assert_eq!(told[2], ("wait", &Outcome::Cancelled));
    assert!(
        matches!(told[3], ("wait", Outcome::Failed(why)) if why.contains("the hub stops")),
        "{told:?}"
    );
    for entry in &noted {
        assert_eq!((&*entry.server, &entry.by.group), ("up", &None));
        assert_eq!(entry.by.client.as_deref(), Some("wire"));
        assert!(!format!("{entry:?}").contains("a word of mine"));
    }
}

#[tokio::test]
async fn a_call_that_reaches_no_server_that_is_there_is_a_failure_with_its_reason() {
    let gone = json!({ "url": "http://127.0.0.1:9/mcp", "type": "streamable-http" });
    let hub = hub(json!({ "mcpServers": { "gone": gone } })).await;
    let wire = Wire::initialized(&hub, "/mcp/gone", "2025-11-25").await;
    wire.post(&call(1, "echo", &json!({}))).await;
    let noted = hub.noted(1).await;
    let why = noted[0].outcome.why().unwrap();
    assert!(matches!(noted[0].outcome, Outcome::Failed(_)), "{why}");
    assert!(why.contains("gone"), "{why}");
}

#[tokio::test]
async fn the_words_of_an_error_are_kept_short_and_without_secrets() {
    let up = raw_upstream::start(
        r#"{"content":[{"type":"text","text":"denied:\n\u202eAuthorization: Bearer sk-12345678901234567890abc, password=hunter2"}],"isError":true}"#,
    )
    .await;
    let hub = hub_with(&up.url, json!({})).await;
    let wire = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    let endless = "n".repeat(10_000);
    wire.post(&call(1, &endless, &json!({}))).await;
    let noted = hub.noted(1).await;
    let why = Outcome::Refused("denied: Authorization: Bearer [masked]".into());
    assert_eq!(noted[0].outcome, why);
    assert_eq!(noted[0].tool.len(), 256);
}
