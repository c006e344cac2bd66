//! What happens outside of calls: lists that change, resources that change, settings that change.

use std::sync::Arc;

use http::{Method, StatusCode};
use hub::access::Rules;
use hub::catalog::Endpoint;
use hub::session::{Reply, Session};
use mcp::message::Message;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::by_hand::{Wire, initialize, send};
use crate::by_stream::{ByStream, text};
use crate::client::connect;
use crate::harness::{Running, hub, hub_with, soon, typed};
use crate::up::{self, Way};

#[tokio::test]
async fn sessions_hear_that_a_servers_tools_changed_and_see_the_new_ones() {
    for way in Way::BOTH {
        let (url, up) = up::start_as("everything", way).await;
        let hub = hub_with(&url, json!({})).await;
        let (single, many) = (
            connect(&hub.url("/mcp/up")).await,
            connect(&hub.url("/mcp")).await,
        );
        if way == Way::Stateless {
            up.hears("listen ").await;
        }
        up.tools.lock().unwrap().push("fresh");
        up.tells_of_tools().await;
        single.hears("tools changed").await;
        many.hears("tools changed").await;
        assert!(
            single.tools().await.contains(&"fresh".to_owned()),
            "{way:?}"
        );
        assert!(
            many.tools().await.contains(&"up-fresh".to_owned()),
            "{way:?}"
        );
    }
}

#[tokio::test]
async fn only_sessions_that_subscribed_hear_that_a_resource_changed() {
    for way in Way::BOTH {
        let (url, up) = up::start_as("everything", way).await;
        let hub = hub_with(&url, json!({})).await;
        let (first, second) = (
            connect(&hub.url("/mcp/up")).await,
            connect(&hub.url("/mcp")).await,
        );
        let deaf = connect(&hub.url("/mcp/up")).await;
        for session in [&first, &second] {
            let uri = typed(json!({ "uri": "test://text" }));
            soon(session.service.subscribe(uri)).await.unwrap();
        }
        let (begun, ended) = match way {
            Way::Handshake => ("subscribe test://text", "unsubscribe test://text"),
            Way::Stateless => ("listen test://text", "listen "),
        };
        up.hears(begun).await;
        let before = up.heard().len();
        assert_eq!(deaf.tool("touch", json!({})).await, "touched");
        first.hears("updated test://text").await;
        second.hears("updated test://text").await;
        let updates = deaf.heard().into_iter();
        assert!(
            updates.filter(|heard| heard.starts_with("updated")).count() == 0,
            "{way:?}"
        );
        let uri = || typed(json!({ "uri": "test://text" }));
        soon(first.service.unsubscribe(uri())).await.unwrap();
        assert_eq!(up.heard().len(), before, "{way:?}: {:?}", up.heard());
        soon(second.service.unsubscribe(uri())).await.unwrap();
        up.hears_after(before, ended).await;
    }
}

#[tokio::test]
async fn a_server_added_to_the_settings_is_shown_to_sessions_that_are_open() {
    let (url, _) = up::start("one").await;
    let running = hub(json!({ "mcpServers": {} })).await;
    let client = connect(&running.url("/mcp")).await;
    assert!(client.tools().await.is_empty());
    let server: Value = json!({ "type": "streamable-http", "url": url });
    let path = vec!["mcpServers".to_owned(), "late".to_owned()];
    set(&running, path, server).await;
    client.hears("tools changed").await;
    running.ready("late").await;
    assert_eq!(
        client.tool("late-echo", json!({ "text": "hi" })).await,
        "one: hi"
    );
    assert!(client.tools().await.contains(&"late-echo".to_owned()));
}

#[tokio::test]
async fn a_session_of_a_server_that_was_switched_off_is_told_so() {
    let (url, _) = up::start("one").await;
    let hub = hub_with(&url, json!({})).await;
    let wire = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    let merged = connect(&hub.url("/mcp")).await;
    let path = ["mcpServers", "up", "enabled"].map(str::to_owned).to_vec();
    set(&hub, path, json!(false)).await;
    merged.hears("tools changed").await;
    assert!(merged.tools().await.is_empty());
    let answer = wire
        .post(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#)
        .await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(
        answer.body.contains("mcpServers.up.enabled"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn a_token_that_is_stored_tells_no_session_that_lists_changed() {
    let (url, _) = up::start("one").await;
    let hub = hub_with(&url, json!({})).await;
    let client = connect(&hub.url("/mcp")).await;
    let token = ["mcpServers", "up", "oauth", "accessToken"]
        .map(str::to_owned)
        .to_vec();
    set(&hub, token, json!("t")).await;
    // What is told later proves that nothing was told before.
    let off = ["mcpServers", "up", "enabled"].map(str::to_owned).to_vec();
    set(&hub, off, json!(false)).await;
    client.hears("tools changed").await;
    assert_eq!(
        client
            .heard()
            .iter()
            .filter(|heard| *heard == "tools changed")
            .count(),
        1
    );
}

// rule: mcphub-key-taken-back
#[tokio::test]
async fn a_key_that_may_use_less_from_now_on_sees_less_in_sessions_old_and_new() {
    let ((one, _), (two, _)) = (up::start("one").await, up::start("two").await);
    let server = |url: &str| json!({ "type": "streamable-http", "url": url });
    let hub = hub(json!({
        "mcpServers": { "one": server(&one), "two": server(&two) },
        "bearerKeys": [{ "id": "k", "token": "key", "enabled": true, "accessType": "servers", "allowedServers": ["one", "two"] }],
    }))
    .await;
    hub.ready("one").await;
    hub.ready("two").await;
    let mut old = ByStream::open_as(Some("key"), &hub, "/sse").await;
    old.initialize("2025-06-18").await;
    let call = json!({ "name": "two-echo", "arguments": { "text": "hi" } });
    let answer = old.ask(1, "tools/call", call.clone()).await;
    assert_eq!(text(&answer), "two: hi");
    let allowed = ["bearerKeys", "0", "allowedServers"].map(str::to_owned);
    set(&hub, allowed.to_vec(), json!(["one"])).await;
    let mut new = ByStream::open_as(Some("key"), &hub, "/sse").await;
    new.initialize("2025-06-18").await;
    for (which, session) in [("new", &mut new), ("old", &mut old)] {
        session.asks(2, "tools/call", call.clone()).await;
        let answer = loop {
            let heard = session.hears().await;
            if heard["id"] == 2 {
                break heard;
            }
        };
        assert!(
            text(&answer).contains("is not available here"),
            "{which}: {answer}"
        );
    }
}

// rule: mcphub-key-taken-back
#[tokio::test]
async fn a_key_that_is_taken_back_ends_its_sessions_with_their_streams_and_calls() {
    let (url, up) = up::start("up").await;
    let hub = hub(json!({
        "mcpServers": { "up": { "type": "streamable-http", "url": url } },
        "bearerKeys": [
            { "id": "k", "token": "key", "enabled": true, "accessType": "all" },
            { "id": "other", "token": "other", "enabled": true, "accessType": "all" },
        ],
    }))
    .await;
    hub.ready("up").await;
    let mut old = ByStream::open_as(Some("key"), &hub, "/sse/up").await;
    old.initialize("2025-06-18").await;
    let mut wire = Wire::new(&hub, "/mcp/up");
    let request = |wire: &Wire, method| wire.request(method).bearer_auth("key");
    let hello = request(&wire, Method::POST).header("content-type", "application/json");
    wire.session = send(hello.body(initialize("2025-06-18"))).await.session;
    let stream = soon(request(&wire, Method::GET).send()).await.unwrap();
    assert_eq!(stream.status(), StatusCode::OK);
    let mut others = ByStream::open_as(Some("other"), &hub, "/sse/up").await;
    others.initialize("2025-06-18").await;
    old.calls(1, "wait").await;
    soon(up.started.notified()).await;
    let enabled = ["bearerKeys", "0", "enabled"].map(str::to_owned);
    set(&hub, enabled.to_vec(), json!(false)).await;
    soon(up.cancelled.notified()).await;
    assert_eq!(old.event().await, None);
    assert!(soon(stream.text()).await.is_ok());
    assert_eq!(hub.hub.sessions().count(), 1);
    assert_eq!(others.ask(2, "ping", json!({})).await["result"], json!({}));
}

// rule: mcphub-key-taken-back
#[tokio::test]
async fn a_key_that_is_taken_back_while_its_session_is_being_opened_opens_none() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", silent.local_addr().unwrap());
    let hub = hub(json!({
        "mcpServers": { "up": { "type": "streamable-http", "url": url } },
        "bearerKeys": [
            { "id": "k", "token": "key", "enabled": true, "accessType": "all" },
            { "id": "other", "token": "other", "enabled": true, "accessType": "all" },
        ],
    }))
    .await;
    let wire = Wire::new(&hub, "/mcp/up");
    let hello = wire.request(Method::POST).bearer_auth("key");
    let hello = hello.header("content-type", "application/json");
    let opening = tokio::spawn(hello.body(initialize("2025-06-18")).send());
    let mut asked = Vec::new();
    // The hub asks its server, and the client waits for what it says.
    asked.push(soon(silent.accept()).await.unwrap());
    let before = hub.hub.sessions().count();
    let enabled = ["bearerKeys", "0", "enabled"].map(str::to_owned);
    set(&hub, enabled.to_vec(), json!(false)).await;
    drop((silent, asked));
    let refused = opening.await.unwrap().unwrap();
    assert_eq!(
        (before, refused.status(), hub.hub.sessions().count()),
        (0, StatusCode::NOT_FOUND, 0)
    );
}

// rule: mcphub-key-taken-back
#[tokio::test]
async fn a_key_that_is_taken_back_while_a_body_is_on_its_way_does_nothing_with_it() {
    let (url, up) = up::start("up").await;
    let hub = hub(json!({
        "mcpServers": { "up": { "type": "streamable-http", "url": url } },
        "bearerKeys": [
            { "id": "k", "token": "key", "enabled": true, "accessType": "all" },
            { "id": "other", "token": "other", "enabled": true, "accessType": "all" },
        ],
    }))
    .await;
    hub.ready("up").await;
    let stream = ByStream::open_as(Some("key"), &hub, "/sse/up").await;
    let address = hub.url("");
    let address = address.trim_start_matches("http://").trim_end_matches('/');
    let messages = stream.messages.as_str();
    let messages = messages
        .split_once(address)
        .map_or(messages, |(_, path)| path);
    let body = initialize("2025-06-18");
    let (early, late) = body.split_at(body.len() / 2);
    let mut begun = Vec::new();
    for path in ["/mcp/up", messages] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer key\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(head.as_bytes()).await.unwrap();
        // Whoever asks for the body has let its sender in.
        let mut proceed = [0; 25];
        soon(socket.read_exact(&mut proceed)).await.unwrap();
        assert_eq!(&proceed, b"HTTP/1.1 100 Continue\r\n\r\n");
        socket.write_all(early.as_bytes()).await.unwrap();
        begun.push(socket);
    }
    let enabled = ["bearerKeys", "0", "enabled"].map(str::to_owned);
    set(&hub, enabled.to_vec(), json!(false)).await;
    for mut socket in begun {
        socket.write_all(late.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        soon(socket.read_exact(&mut answer)).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 401");
    }
    assert_eq!(hub.hub.sessions().count(), 0);
    drop((stream, up));
}

#[tokio::test]
async fn the_first_key_ends_the_sessions_of_those_who_came_without_one() {
    let hub = hub(json!({ "mcpServers": {}, "bearerKeys": [] })).await;
    let mut old = ByStream::initialized(&hub, "/sse", "2025-06-18").await;
    let theme = ["systemConfig", "install", "npmRegistry"].map(str::to_owned);
    set(&hub, theme.to_vec(), json!("https://registry.example.test")).await;
    assert_eq!(old.ask(1, "ping", json!({})).await["result"], json!({}));
    let key = json!([{ "id": "k", "token": "key", "enabled": true, "accessType": "all" }]);
    set(&hub, vec!["bearerKeys".to_owned()], key).await;
    assert_eq!(old.event().await, None);
}

// rule: mcphub-key-taken-back
#[tokio::test]
async fn what_a_caller_sees_is_what_he_may_see_now_and_not_what_his_key_once_could() {
    let ((one, _), (two, _)) = (up::start("one").await, up::start("two").await);
    let server = |url: &str| json!({ "type": "streamable-http", "url": url });
    let servers = json!({ "one": server(&one), "two": server(&two) });
    let hub = hub(json!({ "mcpServers": servers })).await;
    hub.ready("one").await;
    hub.ready("two").await;
    let caller = |allowed: Value| {
        let key = json!({ "id": "k", "token": "key", "enabled": true, "accessType": "servers", "allowedServers": allowed });
        let text = json!({ "mcpServers": servers, "bearerKeys": [key] }).to_string();
        let settings = settings::resolve(&settings::File::parse(&text).unwrap(), &|_| None);
        Rules::of(&settings, true).admit(Some("key")).unwrap()
    };
    // As when a request was let in before a change and its body came after it.
    let (before, now) = (caller(json!(["one", "two"])), caller(json!(["one"])));
    assert_eq!(before.identity(), now.identity());
    let sessions = hub.hub.sessions();
    let hello = Message::parse(initialize("2025-06-18")).unwrap();
    let tools = async |session: &Arc<Session>| {
        let list = Message::request("1", "tools/list", None);
        match sessions.receive(session, list).await {
            Reply::Now(listed) => listed.text().to_owned(),
            Reply::Later(_) | Reply::Accepted => panic!("a merged list is known"),
        }
    };
    let everything = Endpoint::Everything;
    let open = async |caller| {
        sessions
            .open(everything.clone(), caller, &hello)
            .await
            .unwrap()
            .0
    };
    let early = open(&before).await;
    assert!(tools(&early).await.contains("two-echo"));
    let late = open(&now).await;
    let again = sessions.find(&early.id(), &everything, &now).unwrap();
    for session in [&late, &again] {
        let listed = tools(session).await;
        assert!(
            listed.contains("one-echo") && !listed.contains("two-echo"),
            "{listed}"
        );
    }
}

pub(crate) async fn set(hub: &Running, path: Vec<String>, value: Value) {
    let change = settings::Change::Set { path, value };
    hub.hub
        .store()
        .edit(vec![change])
        .await
        .expect("the settings change");
}
