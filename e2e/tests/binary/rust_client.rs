//! `rmcp`, another implementation than ours, as client of `/mcp`.

use lab::{Switches, World};
use rmcp::ServiceExt;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::StreamableHttpClientTransport;
use serde_json::json;

use crate::hub::{Hub, free_port};

async fn signed_in() -> (World, Hub) {
    let world = World::start(Switches::default()).await.expect("a world");
    let settings =
        json!({"mcpServers": {"lab": {"type": "streamable-http", "url": world.mcp_url()}}});
    let hub = Hub::start(free_port().await, &settings.to_string(), &[]).await;
    hub.sign_in("lab").await;
    (world, hub)
}

fn echo(name: &'static str, text: &str) -> CallToolRequestParams {
    let arguments = json!({"text": text});
    CallToolRequestParams::new(name)
        .with_arguments(arguments.as_object().cloned().unwrap_or_default())
}

#[tokio::test]
async fn rmcp_lists_and_calls_through_one_server_under_the_servers_own_names() {
    let (world, hub) = signed_in().await;
    let transport = StreamableHttpClientTransport::from_uri(hub.url("/mcp/lab"));
    let client = ().serve(transport).await.unwrap();
    let tools = client.list_all_tools().await.unwrap();
    assert!(tools.iter().any(|tool| tool.name == "echo"), "{tools:?}");
    let answer = client.call_tool(echo("echo", "over rmcp")).await.unwrap();
    assert!(
        format!("{answer:?}").contains("over rmcp"),
        "{answer:?}\n{}",
        hub.log()
    );
    assert_eq!(world.counts().tools_called, 1);
    client.cancel().await.unwrap();
}

#[tokio::test]
async fn rmcp_calls_through_the_merged_endpoint_under_prefixed_names() {
    let (world, hub) = signed_in().await;
    let transport = StreamableHttpClientTransport::from_uri(hub.url("/mcp"));
    let client = ().serve(transport).await.unwrap();
    let tools = client.list_all_tools().await.unwrap();
    assert!(
        tools.iter().any(|tool| tool.name == "lab-echo"),
        "{tools:?}"
    );
    let answer = client.call_tool(echo("lab-echo", "merged")).await.unwrap();
    assert!(format!("{answer:?}").contains("merged"), "{answer:?}");
    assert_eq!(world.counts().tools_called, 1);
    client.cancel().await.unwrap();
}

#[tokio::test]
async fn an_expired_token_costs_the_client_nothing() {
    let (world, hub) = signed_in().await;
    let transport = StreamableHttpClientTransport::from_uri(hub.url("/mcp/lab"));
    let client = ().serve(transport).await.unwrap();
    client.call_tool(echo("echo", "before")).await.unwrap();
    world.expire_access_tokens();
    let answer = client.call_tool(echo("echo", "after")).await.unwrap();
    assert!(format!("{answer:?}").contains("after"), "{answer:?}");
    assert_eq!(world.counts().renewed, 1);
    client.cancel().await.unwrap();
}
