//! A server with a process for each session of a client.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::by_hand::{Wire, send};
use crate::harness::{Running, hub, soon};

/// Answers a call with the number of its process.
const SERVER: &str = r#"while read -r line; do
    id=${line#*\"id\":}; id=${id%%,*}
    case "$line" in
        *server/discover*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"error\":{\"code\":-32601,\"message\":\"no\"}}" ;;
        *\"initialize\"*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{\"tools\":{}}}}" ;;
        *tools/list*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"tools\":[{\"name\":\"who\",\"inputSchema\":{\"type\":\"object\"}}]}}" ;;
        *tools/call*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"$$\"}]}}" ;;
    esac
done"#;

async fn with_processes(per_session: bool) -> Running {
    let up =
        json!({ "command": "/bin/sh", "args": ["-c", SERVER], "perSessionClient": per_session });
    let running = hub(json!({ "mcpServers": { "up": up } })).await;
    running.ready("up").await;
    running
}

async fn process_of(wire: &Wire, tool: &str) -> String {
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool, "arguments": {} } });
    let answer = wire.post(&call.to_string()).await;
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    let text = body["result"]["content"][0]["text"].as_str();
    text.unwrap_or_else(|| panic!("{}", answer.body)).to_owned()
}

fn alive(process: &str) -> bool {
    PathBuf::from(format!("/proc/{process}")).exists()
}

#[tokio::test]
async fn each_session_has_a_process_of_its_own_that_ends_with_it() {
    let hub = with_processes(true).await;
    let one = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    let two = Wire::initialized(&hub, "/mcp", "2025-11-25").await;
    let (first, second) = (
        process_of(&one, "who").await,
        process_of(&two, "up-who").await,
    );
    assert_ne!(first, second);
    assert_eq!(process_of(&one, "who").await, first);
    assert_eq!(process_of(&two, "up-who").await, second);
    let listed = two
        .post(r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#)
        .await;
    assert!(listed.body.contains("\"up-who\""), "{}", listed.body);

    send(one.request(http::Method::DELETE)).await;
    soon(async {
        while alive(&first) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(process_of(&two, "up-who").await, second);
    soon(hub.hub.shutdown()).await;
    assert!(!alive(&second));
}

#[tokio::test]
async fn without_the_setting_sessions_share_one_process() {
    let hub = with_processes(false).await;
    let one = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    let two = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    assert_eq!(process_of(&one, "who").await, process_of(&two, "who").await);
}
