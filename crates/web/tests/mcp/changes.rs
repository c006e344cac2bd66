//! What happens outside of calls: lists that change, resources that change, settings that change.

use serde_json::{Value, json};

use crate::client::connect;
use crate::harness::{hub, hub_with, soon, typed};
use crate::up;

#[tokio::test]
async fn sessions_hear_that_a_servers_tools_changed_and_see_the_new_ones() {
    let (url, up) = up::start("everything").await;
    let hub = hub_with(&url, json!({})).await;
    let (single, many) = (
        connect(&hub.url("/mcp/up")).await,
        connect(&hub.url("/mcp")).await,
    );
    up.tools.lock().unwrap().push("fresh");
    up.peer().notify_tool_list_changed().await.unwrap();
    single.hears("tools changed").await;
    many.hears("tools changed").await;
    assert!(single.tools().await.contains(&"fresh".to_owned()));
    assert!(many.tools().await.contains(&"up-fresh".to_owned()));
}

#[tokio::test]
async fn only_sessions_that_subscribed_hear_that_a_resource_changed() {
    let (url, up) = up::start("everything").await;
    let hub = hub_with(&url, json!({})).await;
    let (first, second) = (
        connect(&hub.url("/mcp/up")).await,
        connect(&hub.url("/mcp")).await,
    );
    let deaf = connect(&hub.url("/mcp/up")).await;
    let uri = json!({ "uri": "test://text" });
    soon(first.service.subscribe(typed(uri.clone())))
        .await
        .unwrap();
    soon(second.service.subscribe(typed(uri.clone())))
        .await
        .unwrap();
    assert_eq!(deaf.tool("touch", json!({})).await, "touched");
    first.hears("updated test://text").await;
    second.hears("updated test://text").await;
    assert!(deaf.heard().is_empty());
    soon(first.service.unsubscribe(typed(uri.clone())))
        .await
        .unwrap();
    assert!(
        !up.heard()
            .iter()
            .any(|heard| heard.starts_with("unsubscribe"))
    );
    soon(second.service.unsubscribe(typed(uri))).await.unwrap();
    assert_eq!(up.heard().last().unwrap(), "unsubscribe test://text");
}

#[tokio::test]
async fn a_server_added_to_the_settings_is_shown_to_sessions_that_are_open() {
    let (url, _) = up::start("one").await;
    let running = hub(json!({ "mcpServers": {} })).await;
    let client = connect(&running.url("/mcp")).await;
    assert!(client.tools().await.is_empty());
    let server: Value = json!({ "type": "streamable-http", "url": url });
    let path = vec!["mcpServers".to_owned(), "late".to_owned()];
    running
        .hub
        .store()
        .edit(vec![settings::Change::Set {
            path,
            value: server,
        }])
        .await
        .unwrap();
    client.hears("tools changed").await;
    running.ready("late").await;
    assert_eq!(
        client.tool("late-echo", json!({ "text": "hi" })).await,
        "one: hi"
    );
    assert!(client.tools().await.contains(&"late-echo".to_owned()));
}
