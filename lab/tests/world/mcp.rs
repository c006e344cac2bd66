//! The MCP server: transport, sessions, tools, scopes.

use futures::StreamExt;
use mcphub_lab::{Endpoint, McpAnswers, Switches, World};
use serde_json::{Value, json};

use crate::plain::*;

async fn open_world(change: impl FnOnce(&mut Switches)) -> World {
    let mut switches = Switches {
        token_required: false,
        ..Switches::default()
    };
    change(&mut switches);
    World::start(switches).await.unwrap()
}

async fn open_session(world: &World) -> String {
    let answer = mcp(world, &initialize(), None, None).await;
    answer.headers()["mcp-session-id"]
        .to_str()
        .unwrap()
        .to_owned()
}

/// The messages of an answer that is a stream.
fn events(text: &str) -> Vec<Value> {
    text.lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

#[tokio::test]
async fn the_handshake_agrees_on_a_revision_it_knows() {
    let world = open_world(|_| {}).await;
    for (asked, given) in [("2025-06-18", "2025-06-18"), ("2031-01-01", "2025-11-25")] {
        let mut message = initialize();
        message["params"]["protocolVersion"] = json!(asked);
        let answer = json_of(mcp(&world, &message, None, None).await).await;
        assert_eq!(answer["result"]["protocolVersion"], given);
    }
}

#[tokio::test]
async fn four_tools_are_listed_and_can_be_called() {
    let world = open_world(|_| {}).await;
    let session = open_session(&world).await;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let listed = json_of(mcp(&world, &list, None, Some(&session)).await).await;
    let names: Vec<_> = listed["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| &tool["name"])
        .collect();
    assert_eq!(names, ["echo", "add", "whoami", "slow"]);
    let echoed = json_of(
        mcp(
            &world,
            &call("echo", &json!({"text": "hé"})),
            None,
            Some(&session),
        )
        .await,
    )
    .await;
    assert_eq!(echoed["result"]["content"][0]["text"], "hé");
    let added = json_of(
        mcp(
            &world,
            &call("add", &json!({"a": 2, "b": 0.5})),
            None,
            Some(&session),
        )
        .await,
    )
    .await;
    assert_eq!(added["result"]["structuredContent"]["sum"], 2.5);
    let missing = json_of(mcp(&world, &call("nope", &json!({})), None, Some(&session)).await).await;
    assert_eq!(missing["error"]["code"], -32602);
    assert_eq!(world.counts().tools_called, 2);
}

#[tokio::test]
async fn a_stream_carries_progress_before_the_answer() {
    let world = open_world(|switches| switches.mcp_answers = McpAnswers::Sse).await;
    let session = open_session(&world).await;
    let mut message = call("slow", &json!({"milliseconds": 3, "steps": 3}));
    message["params"]["_meta"] = json!({ "progressToken": "p" });
    let answer = mcp(&world, &message, None, Some(&session)).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let events = events(&answer.text().await.unwrap());
    let progress: Vec<_> = events
        .iter()
        .filter_map(|event| event["params"]["progress"].as_u64())
        .collect();
    assert_eq!(progress, [1, 2, 3]);
    assert_eq!(events.last().unwrap()["id"], 7);
}

#[tokio::test]
async fn sessions_are_demanded_and_can_be_forgotten_and_ended() {
    let world = open_world(|_| {}).await;
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    assert_eq!(mcp(&world, &ping, None, None).await.status(), 400);
    let session = open_session(&world).await;
    assert_eq!(mcp(&world, &ping, None, Some(&session)).await.status(), 200);
    world.forget_sessions();
    assert_eq!(mcp(&world, &ping, None, Some(&session)).await.status(), 404);
    let session = open_session(&world).await;
    let end = async || {
        http()
            .delete(world.mcp_url())
            .header("mcp-session-id", &session)
            .send()
            .await
            .unwrap()
            .status()
    };
    assert_eq!((end().await.as_u16(), end().await.as_u16()), (200, 404));
    world.switches(|switches| switches.mcp_sessions = false);
    assert_eq!(mcp(&world, &ping, None, None).await.status(), 200);
    assert!(
        !mcp(&world, &initialize(), None, None)
            .await
            .headers()
            .contains_key("mcp-session-id")
    );
}

#[tokio::test]
async fn headers_are_taken_seriously() {
    let world = open_world(|_| {}).await;
    let post = |accept: &str, kind: &str, version: &str| {
        http()
            .post(world.mcp_url())
            .header("accept", accept)
            .header("content-type", kind)
            .header("mcp-protocol-version", version)
            .body(initialize().to_string())
            .send()
    };
    let both = "application/json, text/event-stream";
    assert_eq!(
        post("application/json", "application/json", "2025-11-25")
            .await
            .unwrap()
            .status(),
        406
    );
    assert_eq!(
        post(both, "text/plain", "2025-11-25")
            .await
            .unwrap()
            .status(),
        415
    );
    assert_eq!(
        post(both, "application/json", "1999-01-01")
            .await
            .unwrap()
            .status(),
        400
    );
    assert_eq!(
        post(both, "application/json", "2025-11-25")
            .await
            .unwrap()
            .status(),
        200
    );
}

#[tokio::test]
async fn notifications_are_accepted_without_an_answer() {
    let world = open_world(|_| {}).await;
    let session = open_session(&world).await;
    let notice = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let answer = mcp(&world, &notice, None, Some(&session)).await;
    assert_eq!(answer.status(), 202);
    assert_eq!(answer.text().await.unwrap(), "");
}

#[tokio::test]
async fn an_open_stream_hears_that_tools_changed() {
    let world = open_world(|_| {}).await;
    let session = open_session(&world).await;
    let answer = http()
        .get(world.mcp_url())
        .header("mcp-session-id", &session)
        .send()
        .await
        .unwrap();
    let mut stream = answer.bytes_stream();
    assert_eq!(stream.next().await.unwrap().unwrap(), ": open\n\n");
    world.tools_changed();
    let event = stream.next().await.unwrap().unwrap();
    assert!(
        event.starts_with(b"event: message\ndata: {\"jsonrpc\""),
        "{event:?}"
    );
    world.switches(|switches| switches.mcp_stream = false);
    let refused = http()
        .get(world.mcp_url())
        .header("mcp-session-id", &session)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 405);
}

#[tokio::test]
async fn the_handshake_can_be_public_while_the_rest_is_not() {
    let world = World::start(Switches {
        public_initialize: true,
        ..Switches::default()
    })
    .await
    .unwrap();
    let session = open_session(&world).await;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    assert_eq!(mcp(&world, &list, None, Some(&session)).await.status(), 401);
}

#[tokio::test]
async fn a_tool_can_need_a_scope_of_its_own() {
    let world = World::start(Switches::default()).await.unwrap();
    world.switches(|switches| {
        drop(
            switches
                .tool_scopes
                .insert("add".to_owned(), "tools:add".to_owned()),
        )
    });
    let (_, tokens) = signed_in(&world).await;
    let access = text(&tokens, "access_token");
    let session = session(&world, access).await;
    let refused = mcp(
        &world,
        &call("add", &json!({"a": 1, "b": 1})),
        Some(access),
        Some(&session),
    )
    .await;
    assert_eq!(refused.status(), 403);
    let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.contains("error=\"insufficient_scope\"")
            && challenge.contains("scope=\"tools:add\""),
        "{challenge}"
    );
    let allowed = mcp(
        &world,
        &call("echo", &json!({"text": "x"})),
        Some(access),
        Some(&session),
    )
    .await;
    assert_eq!(allowed.status(), 200);

    let client_id = public_client(&world).await;
    let fields = with(
        authorization(&world, &client_id),
        "scope",
        "tools:read tools:add",
    );
    let back = way_back(&world, &fields, mcphub_lab::Decision::Allow).await;
    let (_, tokens) = token(
        &world,
        &exchange(&world, &client_id, field(&back, "code").unwrap()),
    )
    .await;
    let wider = text(&tokens, "access_token");
    let allowed = mcp(
        &world,
        &call("add", &json!({"a": 1, "b": 1})),
        Some(wider),
        Some(&session),
    )
    .await;
    assert_eq!(allowed.status(), 200);
}

#[tokio::test]
async fn a_live_token_can_be_refused_all_the_same() {
    let world = World::start(Switches::default()).await.unwrap();
    let (_, tokens) = signed_in(&world).await;
    world.switches(|switches| switches.refuse_tokens = true);
    assert_eq!(
        mcp(
            &world,
            &initialize(),
            Some(text(&tokens, "access_token")),
            None
        )
        .await
        .status(),
        401
    );
    let last = world.requests_at(Endpoint::Mcp).pop().unwrap();
    assert_eq!(
        (last.status, last.bearer()),
        (Some(401), tokens["access_token"].as_str())
    );
}
