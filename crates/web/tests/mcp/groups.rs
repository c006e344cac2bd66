//! `/mcp/{group}`: a choice of servers and of what they offer.

use serde_json::json;

use crate::client::connect;
use crate::harness::{Running, hub};
use crate::up;

async fn grouped() -> Running {
    let ((first, _), (second, _)) = (up::start("one").await, up::start("two").await);
    let server = |url: &str| json!({ "type": "streamable-http", "url": url });
    let running = hub(json!({
        "mcpServers": { "one": server(&first), "two": server(&second) },
        "groups": [
            { "id": "5e", "name": "dev", "servers": [
                { "name": "one", "alias": "1", "tools": ["echo"], "resources": [] }, "two",
            ] },
            { "id": "6e", "name": "two", "servers": ["one"] },
        ],
    }))
    .await;
    running.ready("one").await;
    running.ready("two").await;
    running
}

#[tokio::test]
async fn a_group_shows_its_choice_under_its_alias_and_nothing_else_can_be_called() {
    let hub = grouped().await;
    for (calls, path) in [(1, "/mcp/dev"), (2, "/mcp/5e")] {
        let client = connect(&hub.url(path)).await;
        let tools = client.tools().await;
        assert_eq!(
            tools.iter().filter(|tool| tool.starts_with("1-")).count(),
            1
        );
        assert_eq!(tools.len(), 9);
        assert_eq!(
            client.tool("1-echo", json!({ "text": "hi" })).await,
            "one: hi"
        );
        let noted = hub.noted(calls).await;
        let last = noted.last().unwrap();
        assert_eq!((&*last.server, &*last.tool), ("one", "echo"));
        assert_eq!(last.by.group.as_deref(), Some("dev"), "{path}");
        for hidden in ["1-log", "one-echo"] {
            let text = client.tool(hidden, json!({})).await;
            assert!(text.starts_with("ERROR Error: the tool"), "{text}");
        }
        assert_eq!(
            client.read("test://text").await.unwrap(),
            "test://text of two"
        );
    }
}

#[tokio::test]
async fn a_group_wins_over_a_server_of_the_same_name() {
    let hub = grouped().await;
    let client = connect(&hub.url("/mcp/two")).await;
    assert_eq!(
        client.tool("one-echo", json!({ "text": "hi" })).await,
        "one: hi"
    );
}
