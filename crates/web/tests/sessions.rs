//! `/api/sessions`: which clients are connected, in whose name, and what of them waits.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use hub::upstream::Change;
use lab::{Switches, World};
use serde_json::{Value, json};
use stage::{Answer, Stage, request};
use tokio::sync::broadcast;
use tokio::time::timeout;
use tower::ServiceExt;

const HOSTILE: &str = "<img src=x onerror=alert(1)>\u{202e}gnp.exe";

async fn staged() -> (Stage, World) {
    let world = World::start(Switches::default()).await.unwrap();
    let settings = json!({
        "mcpServers": { "practice": { "type": "streamable-http", "url": world.mcp_url() } },
        "bearerKeys": [{ "id": "k", "name": "Cursor at work", "token": "of-cursor", "enabled": true, "accessType": "all" }],
        "users": [{ "username": "alice", "password": bcrypt::hash("hers", 4).unwrap() }],
    });
    (Stage::new(&settings.to_string()).await, world)
}

fn asked(path: &str, session: Option<&str>, body: &Value) -> Request<Body> {
    let mut request = request(Method::POST, path);
    let headers = request.headers_mut();
    headers.insert(header::AUTHORIZATION, "Bearer of-cursor".parse().unwrap());
    if let Some(session) = session {
        headers.insert("mcp-session-id", session.parse().unwrap());
    }
    *request.body_mut() = Body::from(body.to_string());
    request
}

/// Opens a session as a client of this name; its id.
async fn opened(stage: &Stage, path: &str, client: &Value) -> String {
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client,
    } });
    let answer: Answer = stage.send(asked(path, None, &hello)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.header("mcp-session-id").to_owned()
}

// rule: safe-session-unseen
#[tokio::test]
async fn an_administrator_sees_who_is_connected_and_nothing_that_opens_a_session() {
    let (stage, _world) = staged().await;
    let none = stage.get("/api/sessions").await.json();
    assert_eq!((&none["total"], &none["data"]), (&json!(0), &json!([])));
    let client = json!({ "name": HOSTILE, "version": "1.2" });
    let id = opened(&stage, "/mcp", &client).await;
    let answer = stage.get("/api/sessions").await;
    let told = answer.json();
    assert_eq!(told["total"], 1, "{told}");
    let seen = &told["data"][0];
    assert_eq!(seen["client"], client, "{seen}");
    assert_eq!(seen["key"], "Cursor at work", "{seen}");
    assert_eq!(seen["revision"], "2025-11-25", "{seen}");
    assert!(
        seen.get("endpoint").is_none() && seen.get("user").is_none(),
        "{seen}"
    );
    assert_eq!(
        (&seen["calls"], &seen["waitingCalls"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(seen["since"], seen["lastUsed"], "{seen}");
    let mark = seen["id"].as_str().unwrap();
    assert!(id.starts_with(mark) && mark.len() <= 8, "{mark}");
    assert!(!answer.text.contains(&id) && !answer.text.contains("of-cursor"));
}

#[tokio::test]
async fn a_session_of_the_operator_is_told_from_one_that_came_without_a_key() {
    let (stage, _world) = staged().await;
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "one", "version": "1" },
    } });
    let answer = stage.ask(Method::POST, "/mcp", Some(hello)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let told = stage.get("/api/sessions").await.json();
    assert_eq!(told["data"][0]["operator"], true, "{told}");
    opened(&stage, "/mcp", &json!({ "name": "two", "version": "1" })).await;
    let told = stage.get("/api/sessions").await.json();
    let data = told["data"].as_array().unwrap();
    let of_operator = data.iter().filter(|it| it.get("operator").is_some());
    assert_eq!((data.len(), of_operator.count()), (2, 1), "{told}");
}

#[tokio::test]
async fn the_newest_come_first_and_a_list_has_an_end() {
    let (stage, _world) = staged().await;
    for number in 0..3 {
        let client = json!({ "name": format!("{number}{}", "x".repeat(5_000)), "version": "" });
        opened(&stage, "/mcp/practice", &client).await;
    }
    let told = stage.get("/api/sessions?limit=2").await.json();
    let data = told["data"].as_array().unwrap();
    assert_eq!((data.len(), &told["total"]), (2, &json!(3)));
    for seen in data {
        assert_eq!(seen["client"]["name"].as_str().unwrap().len(), 100);
        assert_eq!(seen["endpoint"], "practice");
    }
}

#[tokio::test]
async fn who_is_no_administrator_sees_nobody() {
    let (stage, _world) = staged().await;
    let login = stage.log_in("alice", "hers").await.json();
    let mut asked = request(Method::GET, "/api/sessions");
    let token = login["token"].as_str().unwrap();
    asked
        .headers_mut()
        .insert("x-auth-token", token.parse().unwrap());
    assert_eq!(stage.send(asked).await.status, StatusCode::FORBIDDEN);
    let stranger = stage.ask_as(None, Method::GET, "/api/sessions", None).await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_call_that_waits_for_a_sign_in_is_counted_with_its_client_and_its_server() {
    let (stage, _world) = staged().await;
    let mut changes = stage.hub.upstreams().changes();
    let id = opened(&stage, "/mcp", &json!({ "name": "one", "version": "1" })).await;
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "practice-echo", "arguments": { "text": "hello" } } });
    let router = stage.router.clone();
    let request = asked("/mcp", Some(&id), &call);
    let waits = tokio::spawn(async move {
        let answer = router.oneshot(request).await.unwrap();
        answer.into_body().collect().await.unwrap()
    });
    until(&stage, &mut changes, |server| server["waitingCalls"] == 1).await;
    let told = stage.get("/api/sessions").await.json();
    let seen = &told["data"][0];
    assert_eq!(
        (&seen["calls"], &seen["waitingCalls"]),
        (&json!(1), &json!(1))
    );

    waits.abort();
    let closed = request_of(Method::DELETE, &id);
    assert_eq!(stage.send(closed).await.status, StatusCode::NO_CONTENT);
    let nobody = |server: &Value| server.get("waitingCalls").is_none();
    until(&stage, &mut changes, nobody).await;
    assert_eq!(stage.get("/api/sessions").await.json()["total"], 0);
}

/// Until the server is shown like this; every change of its count of waiting calls is told.
async fn until(
    stage: &Stage,
    changes: &mut broadcast::Receiver<Change>,
    wanted: impl Fn(&Value) -> bool,
) {
    let told = async {
        loop {
            changes.recv().await.unwrap();
            let server = stage.get("/api/servers/practice").await.json();
            if wanted(&server["data"]) {
                break;
            }
        }
    };
    timeout(Duration::from_secs(30), told).await.unwrap();
}

fn request_of(method: Method, session: &str) -> Request<Body> {
    let mut request = asked("/mcp", Some(session), &json!(null));
    *request.method_mut() = method;
    *request.body_mut() = Body::empty();
    request
}
