//! `/mcp/{server}`: one server, as it is.

use rmcp::model::*;
use serde_json::json;

use crate::client::connect;
use crate::harness::{hub_with, soon, typed};
use crate::up::{self, Way};

#[tokio::test]
async fn a_server_introduces_itself_through_its_own_endpoint() {
    let (url, _) = up::start("everything").await;
    let hub = hub_with(&url, json!({})).await;
    let client = connect(&hub.url("/mcp/up")).await;
    let info = serde_json::to_value(client.service.peer_info().unwrap()).unwrap();
    assert_eq!(info["serverInfo"]["name"], "everything");
    assert_eq!(info["instructions"], "be kind");
    assert_eq!(info["capabilities"]["resources"]["subscribe"], json!(true));
    assert_eq!(info["protocolVersion"], "2025-11-25");
}

#[tokio::test]
async fn tools_prompts_resources_and_completions_keep_their_names() {
    let (url, _) = up::start("everything").await;
    let hub = hub_with(&url, json!({})).await;
    let client = connect(&hub.url("/mcp/up")).await;
    assert!(client.tools().await.contains(&"echo".to_owned()));
    assert_eq!(
        client.tool("echo", json!({ "text": "hi" })).await,
        "everything: hi"
    );
    let prompts = soon(client.service.list_all_prompts()).await.unwrap();
    assert_eq!(prompts[0].name, "greet");
    let prompt = soon(client.service.get_prompt(typed(json!({ "name": "greet" }))))
        .await
        .unwrap();
    assert!(
        serde_json::to_string(&prompt)
            .unwrap()
            .contains("greet of everything")
    );
    assert_eq!(
        client.read("test://text").await.unwrap(),
        "test://text of everything"
    );
    assert_eq!(
        client.read("everything://1/data").await.unwrap(),
        "everything://1/data of everything"
    );
    let templates = soon(client.service.list_all_resource_templates())
        .await
        .unwrap();
    assert_eq!(templates[0].uri_template, "everything://{id}/data");
    let complete: CompleteRequestParams = typed(json!({
        "ref": { "type": "ref/prompt", "name": "greet" }, "argument": { "name": "who", "value": "x" },
    }));
    let completed = soon(client.service.complete(complete)).await.unwrap();
    assert_eq!(completed.completion.values, ["greet"]);
}

#[tokio::test]
async fn a_tool_that_does_not_exist_is_refused_in_the_servers_own_words() {
    let (url, _) = up::start("everything").await;
    let hub = hub_with(&url, json!({})).await;
    let client = connect(&hub.url("/mcp/up")).await;
    let params: CallToolRequestParams = typed(json!({ "name": "nope" }));
    let error = soon(client.service.call_tool(params)).await.unwrap_err();
    assert!(error.to_string().contains("no tool nope"), "{error}");
}

#[tokio::test]
async fn a_tool_that_is_switched_off_is_neither_listed_nor_called_and_looks_like_a_missing_one() {
    let (url, _) = up::start("everything").await;
    let tools =
        json!({ "echo": { "enabled": false }, "log": { "enabled": true, "description": "ours" } });
    let hub = hub_with(&url, json!({ "tools": tools })).await;
    let client = connect(&hub.url("/mcp/up")).await;
    let listed = soon(client.service.list_all_tools()).await.unwrap();
    assert!(listed.iter().all(|tool| tool.name != "echo"));
    let log = listed.iter().find(|tool| tool.name == "log").unwrap();
    assert_eq!(log.description.as_deref(), Some("ours"));
    let off = client.tool("echo", json!({ "text": "hi" })).await;
    let missing = client.tool("nope", json!({})).await;
    assert!(
        off.starts_with("ERROR Error: the tool \"echo\" is not available here"),
        "{off}"
    );
    assert_eq!(off.replace("echo", "nope"), missing);
}

#[tokio::test]
async fn log_levels_are_asked_for_upstream_and_kept_per_session() {
    let (url, up) = up::start("everything").await;
    let hub = hub_with(&url, json!({})).await;
    let quiet = connect(&hub.url("/mcp/up")).await;
    let talkative = connect(&hub.url("/mcp/up")).await;
    let level = |level: &str| -> SetLevelRequestParams { typed(json!({ "level": level })) };
    soon(talkative.service.set_level(level("debug")))
        .await
        .unwrap();
    soon(quiet.service.set_level(level("error"))).await.unwrap();
    assert_eq!(up.heard(), ["level Debug", "level Debug"]);
    assert_eq!(quiet.tool("log", json!({})).await, "logged");
    assert_eq!(talkative.tool("log", json!({})).await, "logged");
    // The server logs on its own stream, not on the call's, so both hear both calls, each from its level up.
    talkative.hears("log Debug").await;
    quiet.hears("log Error").await;
    assert!(quiet.heard().iter().all(|heard| heard == "log Error"));
}

#[tokio::test]
async fn a_server_without_a_handshake_logs_for_each_call_what_its_session_wants() {
    let (url, up) = up::start_as("everything", Way::Stateless).await;
    let hub = hub_with(&url, json!({})).await;
    let silent = connect(&hub.url("/mcp/up")).await;
    let quiet = connect(&hub.url("/mcp/up")).await;
    let talkative = connect(&hub.url("/mcp")).await;
    for (session, level) in [(&quiet, "error"), (&talkative, "debug")] {
        let level: SetLevelRequestParams = typed(json!({ "level": level }));
        soon(session.service.set_level(level)).await.unwrap();
    }
    assert_eq!(silent.tool("log", json!({})).await, "logged");
    assert_eq!(quiet.tool("log", json!({})).await, "logged");
    assert_eq!(talkative.tool("up-log", json!({})).await, "logged");
    // The lines come on the call's own stream, so they are there before its result.
    assert_eq!(talkative.heard(), ["log Debug", "log Error"]);
    assert_eq!(quiet.heard(), ["log Error"]);
    assert!(silent.heard().is_empty(), "{:?}", silent.heard());
    assert!(!up.heard().iter().any(|heard| heard.starts_with("level")));
}
