//! `/mcp`: many servers as one.

use rmcp::model::*;
use serde_json::json;

use crate::client::connect;
use crate::harness::{Running, hub, soon, typed};
use crate::up;

async fn two() -> Running {
    let ((first, _), (second, _)) = (up::start("one").await, up::start("two").await);
    let server = |url: &str| json!({ "type": "streamable-http", "url": url });
    let running =
        hub(json!({ "mcpServers": { "one": server(&first), "team/two": server(&second) } })).await;
    running.ready("one").await;
    running.ready("team/two").await;
    running
}

#[tokio::test]
async fn tools_and_prompts_are_shown_with_their_owner_and_called_by_it() {
    let hub = two().await;
    let client = connect(&hub.url("/mcp")).await;
    let tools = client.tools().await;
    assert_eq!(tools.len(), 16);
    assert_eq!(
        (tools[0].as_str(), tools[8].as_str()),
        ("one-echo", "team/two-echo")
    );
    assert_eq!(
        client.tool("one-echo", json!({ "text": "hi" })).await,
        "one: hi"
    );
    assert_eq!(
        client.tool("team/two-echo", json!({ "text": "hi" })).await,
        "two: hi"
    );
    let params: GetPromptRequestParams = typed(json!({ "name": "team/two-greet" }));
    let prompt = soon(client.service.get_prompt(params)).await.unwrap();
    assert!(
        serde_json::to_string(&prompt)
            .unwrap()
            .contains("greet of two")
    );
    let complete: CompleteRequestParams = typed(json!({
        "ref": { "type": "ref/prompt", "name": "one-greet" }, "argument": { "name": "who", "value": "" },
    }));
    let completed = soon(client.service.complete(complete)).await.unwrap();
    assert_eq!(completed.completion.values, ["greet"]);
}

#[tokio::test]
async fn resources_keep_their_addresses_and_equal_ones_are_told_apart() {
    let hub = two().await;
    let client = connect(&hub.url("/mcp")).await;
    let resources = soon(client.service.list_all_resources()).await.unwrap();
    let uris: Vec<_> = resources
        .iter()
        .map(|resource| resource.uri.as_str())
        .collect();
    assert_eq!(uris, ["test://text", "mcphub+owner:team%2Ftwo/test://text"]);
    assert_eq!(client.read(uris[0]).await.unwrap(), "test://text of one");
    assert_eq!(client.read(uris[1]).await.unwrap(), "test://text of two");
    assert_eq!(
        client.read("two://7/data").await.unwrap(),
        "two://7/data of two"
    );
    let error = client.read("nobody://x").await.unwrap_err().to_string();
    assert!(
        error.contains("-32002") && error.contains("not available here"),
        "{error}"
    );
}

#[tokio::test]
async fn a_tool_that_nobody_has_is_an_error_that_a_model_can_read() {
    let hub = two().await;
    let client = connect(&hub.url("/mcp")).await;
    for name in ["one-nope", "three-echo", "echo"] {
        let text = client.tool(name, json!({})).await;
        assert_eq!(
            text,
            format!(
                "ERROR Error: the tool \"{name}\" is not available here; tools/list shows what is"
            )
        );
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_harms_nobody_else_and_says_why() {
    let (url, _) = up::start("one").await;
    let running = hub(json!({ "mcpServers": {
        "dead": { "type": "streamable-http", "url": "http://127.0.0.1:9/mcp" },
        "one": { "type": "streamable-http", "url": url },
        "nonsense": { "type": "carrier-pigeon" },
    } }))
    .await;
    running.ready("one").await;
    let client = connect(&running.url("/mcp")).await;
    assert_eq!(
        client.tool("one-echo", json!({ "text": "hi" })).await,
        "one: hi"
    );
    let text = client.tool("dead-anything", json!({})).await;
    assert!(text.starts_with("ERROR Error: dead"), "{text}");
    let text = client.tool("nonsense-anything", json!({})).await;
    assert!(text.starts_with("ERROR Error: nonsense"), "{text}");
    let alone = connect(&running.url("/mcp/dead")).await;
    assert!(alone.tools().await.is_empty());
    let text = alone.tool("anything", json!({})).await;
    assert!(text.starts_with("ERROR Error: dead"), "{text}");
}
