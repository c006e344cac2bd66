//! An endpoint, or a server at it, that is taken from those who have a session or a stream there; and one that is gone for a while.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::by_hand::{Answer, Events, Wire, initialize, send};
use crate::by_stream::ByStream;
use crate::changes::set;
use crate::harness::{Running, hub, soon};
use crate::stateless::Client;
use crate::up::{self, Shared};

/// A server that all may see, at its own address and in a group; `al` is the key of a user, `all` opens everything.
async fn shared_hub() -> (Running, Arc<Shared>) {
    let (url, up) = up::start("up").await;
    let key = |id: &str| json!({ "id": id, "token": id, "enabled": true, "accessType": "all" });
    let mut hers = key("al");
    hers["kind"] = "user".into();
    hers["owner"] = "alice".into();
    let hub = hub(json!({
        "mcpServers": { "up": { "type": "streamable-http", "url": url, "visibility": "public" } },
        "users": [{ "username": "alice" }, { "username": "root", "isAdmin": true }],
        "groups": [{ "id": "g", "name": "dev", "servers": ["up"], "visibility": "public", "owner": "root" }],
        "bearerKeys": [hers, key("all")],
    }))
    .await;
    hub.ready("up").await;
    (hub, up)
}

fn with(key: &str, wire: &Wire, method: Method) -> reqwest::RequestBuilder {
    wire.request(method).bearer_auth(key)
}

async fn session(key: &str, hub: &Running, path: &str) -> Wire {
    let mut wire = Wire::new(hub, path);
    let hello = with(key, &wire, Method::POST).header("content-type", "application/json");
    wire.session = send(hello.body(initialize("2025-06-18"))).await.session;
    wire
}

async fn ask(key: &str, wire: &Wire, method: &str, params: Value) -> Answer {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let request = with(key, wire, Method::POST).header("content-type", "application/json");
    send(request.body(body.to_string())).await
}

async fn touch(wire: &Wire) {
    let call = json!({ "name": "touch", "arguments": {} });
    let answer = ask("all", wire, "tools/call", call).await;
    assert!(answer.body.contains("touched"), "{}", answer.body);
}

async fn hears(events: &mut Events, methods: &[&str]) {
    for method in methods {
        assert_eq!(events.told().await.1, format!("notifications/{method}"));
    }
}

async fn hears_at_last(events: &mut Events, method: &str) {
    let told = format!("notifications/{method}");
    while events.told().await.1 != told {}
}

const LISTS: [&str; 3] = [
    "tools/list_changed",
    "prompts/list_changed",
    "resources/list_changed",
];

/// All ways to listen at an endpoint.
struct Listening {
    wire: Wire,
    events: Events,
    before_hello: ByStream,
    by_stream: ByStream,
    stateless: Events,
}

impl Listening {
    async fn at(hub: &Running, name: &str) -> Self {
        let (mcp, sse) = (format!("/mcp/{name}"), format!("/sse/{name}"));
        let wire = session("al", hub, &mcp).await;
        let events = Events::of(with("al", &wire, Method::GET)).await;
        let before_hello = ByStream::open_as(Some("al"), hub, &sse).await;
        let mut by_stream = ByStream::open_as(Some("al"), hub, &sse).await;
        by_stream.initialize("2025-06-18").await;
        let client = Client::at(hub, &mcp);
        let wanted = json!({ "notifications": { "toolsListChanged": true } });
        let body = client.body(9, "subscriptions/listen", wanted);
        let mut stateless = Events::of(client.asking(&body).bearer_auth("al")).await;
        hears(&mut stateless, &["subscriptions/acknowledged"]).await;
        Self {
            wire,
            events,
            before_hello,
            by_stream,
            stateless,
        }
    }

    async fn go_on(&mut self) {
        hears(&mut self.events, &LISTS[..1]).await;
        let told = self.by_stream.hears().await;
        assert_eq!(told["method"], "notifications/tools/list_changed");
        hears(&mut self.stateless, &LISTS[..1]).await;
        self.before_hello.initialize("2025-06-18").await;
    }

    async fn end(mut self) {
        assert!(self.events.next().await.is_none());
        assert_eq!(self.before_hello.event().await, None);
        assert_eq!(self.by_stream.event().await, None);
        let end = self.stateless.all_told().await;
        assert_eq!(end.len(), 1, "{end:?}");
        let answer = ask("al", &self.wire, "tools/list", json!({})).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.body);
    }
}

// rule: mcphub-key-taken-back
#[tokio::test]
async fn whose_group_or_server_is_made_private_hears_nothing_more_of_it_on_streams_that_are_open() {
    let (hub, up) = shared_hub().await;
    let dev = Listening::at(&hub, "dev").await;
    let mut server = Listening::at(&hub, "up").await;
    let mut others = Vec::new();
    for path in ["/mcp/dev", "/mcp/up"] {
        let wire = session("all", &hub, path).await;
        others.push(Events::of(with("all", &wire, Method::GET)).await);
    }
    let group = ["groups", "0", "visibility"].map(str::to_owned);
    set(&hub, group.to_vec(), json!("private")).await;
    soon(dev.end()).await;
    up.tools.lock().unwrap().push("fresh");
    up.tells_of_tools().await;
    server.go_on().await;
    let visibility = ["mcpServers", "up", "visibility"].map(str::to_owned);
    set(&hub, visibility.to_vec(), json!("private")).await;
    soon(server.end()).await;
    up.tools.lock().unwrap().push("fresher");
    up.tells_of_tools().await;
    for events in &mut others {
        hears(events, &[LISTS[0], LISTS[0]]).await;
    }
    assert_eq!(hub.hub.sessions().count(), others.len());
}

// rule: mcphub-key-taken-back
#[tokio::test]
async fn a_resource_that_was_subscribed_to_is_not_told_of_once_its_server_is_made_private() {
    let (hub, up) = shared_hub().await;
    let hers = session("al", &hub, "/mcp").await;
    let all = session("all", &hub, "/mcp/up").await;
    let uri = json!({ "uri": "test://text" });
    ask("al", &hers, "resources/subscribe", uri).await;
    up.hears("subscribe test://text").await;
    let mut events = Events::of(with("al", &hers, Method::GET)).await;
    touch(&all).await;
    hears(&mut events, &["resources/updated"]).await;
    let visibility = ["mcpServers", "up", "visibility"].map(str::to_owned);
    set(&hub, visibility.to_vec(), json!("private")).await;
    hears(&mut events, &LISTS).await;
    touch(&all).await;
    set(&hub, visibility.to_vec(), json!("public")).await;
    hears(&mut events, &LISTS).await;
    touch(&all).await;
    hears(&mut events, &["resources/updated"]).await;
}

#[tokio::test]
async fn a_session_whose_endpoint_is_switched_off_hears_nothing_until_it_is_on_again() {
    let (hub, up) = shared_hub().await;
    let everything = session("all", &hub, "/mcp").await;
    let uri = json!({ "uri": "test://text" });
    ask("all", &everything, "resources/subscribe", uri).await;
    up.hears("subscribe test://text").await;
    let mut events = Events::of(with("all", &everything, Method::GET)).await;
    let server = session("all", &hub, "/mcp/up").await;
    let mut of_server = Events::of(with("all", &server, Method::GET)).await;
    let route = ["systemConfig", "routing", "enableGlobalRoute"].map(str::to_owned);
    set(&hub, route.to_vec(), json!(false)).await;
    touch_when_known(&hub, &server).await;
    let answer = ask("all", &everything, "tools/list", json!({})).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
    set(&hub, route.to_vec(), json!(true)).await;
    hears(&mut events, &LISTS).await;
    touch(&server).await;
    hears(&mut events, &["resources/updated"]).await;
    let enabled = ["mcpServers", "up", "enabled"].map(str::to_owned);
    set(&hub, enabled.to_vec(), json!(false)).await;
    hears_at_last(&mut events, LISTS[2]).await;
    let answer = ask("all", &server, "tools/list", json!({})).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.body);
    set(&hub, enabled.to_vec(), json!(true)).await;
    hears_at_last(&mut of_server, LISTS[2]).await;
    hub.ready("up").await;
    let answer = ask("all", &server, "tools/list", json!({})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

/// Once sessions know the settings as they are.
async fn touch_when_known(hub: &Running, wire: &Wire) {
    let looks = session("all", hub, "/mcp/dev").await;
    let mut events = Events::of(with("all", &looks, Method::GET)).await;
    let servers = ["groups", "0", "servers"].map(str::to_owned);
    set(hub, servers.to_vec(), json!([])).await;
    hears(&mut events, &LISTS).await;
    touch(wire).await;
}
