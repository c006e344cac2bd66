//! `/{user}/mcp` and `/{user}/sse`: what is seen there.

use serde_json::{Value, json};

use crate::by_hand::{Wire, initialize, send};
use crate::by_stream::{ByStream, text};
use crate::harness::{Running, hub};
use crate::up;

async fn shared_out() -> Running {
    let mut servers = serde_json::Map::new();
    for (name, sharing) in [
        ("hers", json!({ "owner": "alice" })),
        ("his", json!({ "owner": "bob" })),
        (
            "ours",
            json!({ "visibility": "group", "sharedWithUsers": ["alice", "bob"] }),
        ),
    ] {
        let (url, _) = up::start(name).await;
        let mut server = sharing;
        server["type"] = "streamable-http".into();
        server["url"] = url.into();
        servers.insert(name.to_owned(), server);
    }
    let key = |id: &str| json!({ "id": id, "token": id, "enabled": true, "kind": "user", "owner": id, "accessType": "all" });
    let running = hub(json!({
        "mcpServers": servers,
        "groups": [{ "id": "g", "name": "both", "servers": ["hers", { "name": "his", "tools": ["echo"] }] }],
        "users": [{ "username": "alice" }, { "username": "bob" }],
        "bearerKeys": [key("alice"), key("bob"), { "id": "s", "token": "system", "enabled": true, "accessType": "all" }],
    }))
    .await;
    for server in ["hers", "his", "ours"] {
        running.ready(server).await;
    }
    running
}

fn servers(listed: &Value) -> Vec<String> {
    let tools = listed["result"]["tools"].as_array().expect("tools").iter();
    let names = tools.map(|tool| tool["name"].as_str().expect("a name"));
    let mut servers: Vec<String> = names
        .filter_map(|name| Some(name.strip_suffix("-echo")?.to_owned()))
        .collect();
    servers.sort();
    servers
}

async fn lists(hub: &Running, path: &str, key: &str) -> Value {
    let mut wire = Wire::new(hub, path);
    let post = |wire: &Wire, body: String| {
        let request = wire.request(http::Method::POST).bearer_auth(key);
        send(
            request
                .header("content-type", "application/json")
                .body(body),
        )
    };
    let opened = post(&wire, initialize("2025-11-25")).await;
    wire.session = opened.session;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let answer = post(&wire, list.to_string()).await;
    serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{path}: {}", answer.body))
}

#[tokio::test]
async fn a_users_address_shows_what_that_user_may_see() {
    let hub = shared_out().await;
    for (path, key, expected) in [
        ("/alice/mcp", "alice", &["hers", "ours"][..]),
        ("/alice/mcp", "system", &["hers", "ours"]),
        ("/bob/mcp", "system", &["his", "ours"]),
        ("/bob/mcp/both", "bob", &["his"]),
        ("/alice/mcp/both", "system", &["hers"]),
        ("/mcp", "system", &["hers", "his", "ours"]),
    ] {
        assert_eq!(
            servers(&lists(&hub, path, key).await),
            expected,
            "{key} at {path}"
        );
    }
    let wire = Wire::new(&hub, "/alice/mcp/his");
    let request = wire.request(http::Method::POST).bearer_auth("system");
    let request = request.header("content-type", "application/json");
    let hidden = send(request.body(initialize("2025-11-25"))).await;
    assert!(
        hidden.body.contains("no group or server named"),
        "{}",
        hidden.body
    );
}

#[tokio::test]
async fn a_users_stream_has_the_users_address_for_messages() {
    let hub = shared_out().await;
    for key in ["alice", "system"] {
        let mut old = ByStream::open_as(Some(key), &hub, "/alice/sse").await;
        let expected = hub.url("/alice/messages?sessionId=");
        assert!(old.messages.starts_with(&expected), "{}", old.messages);
        old.initialize("2024-11-05").await;
        let listed = old.ask(1, "tools/list", json!({})).await;
        assert_eq!(servers(&listed), ["hers", "ours"]);
        let echo = |server: &str| json!({ "name": format!("{server}-echo"), "arguments": { "text": "hi" } });
        let answer = old.ask(2, "tools/call", echo("ours")).await;
        assert_eq!(text(&answer), "ours: hi");
        let answer = old.ask(3, "tools/call", echo("his")).await;
        assert!(text(&answer).contains("is not available here"), "{answer}");
    }
    let system = ByStream::open_as(Some("system"), &hub, "/alice/sse").await;
    let plain = system.messages.replace("/alice/", "/");
    let bobs = system.messages.replace("/alice/", "/bob/");
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    for (address, status) in [(plain, 404), (bobs, 404), (system.messages.clone(), 202)] {
        let request = system.client.post(&address).bearer_auth("system");
        let answer = send(
            request
                .header("content-type", "application/json")
                .body(ping),
        )
        .await;
        assert_eq!(answer.status.as_u16(), status, "{address}");
    }
}
