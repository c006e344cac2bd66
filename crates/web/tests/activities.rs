//! `/api/activities`: which tools were called, by whom, and what came of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use hub::upstream::State;
use lab::{Switches, World};
use serde_json::{Value, json};
use stage::{Stage, request};

const HOSTILE: &str = "<img src=x onerror=alert(1)>\u{202e}gnp.exe";

async fn staged() -> (Stage, World) {
    let switches = Switches {
        token_required: false,
        ..Switches::default()
    };
    let world = World::start(switches).await.unwrap();
    let server =
        json!({ "type": "streamable-http", "url": world.mcp_url(), "visibility": "public" });
    let settings = json!({
        "mcpServers": { "practice": server },
        "groups": [{ "id": "g1", "name": "team", "servers": ["practice"] }],
        "bearerKeys": [{ "id": "k", "name": "Cursor at work", "token": "of-cursor", "enabled": true, "accessType": "all" }],
        "users": [{ "username": "alice", "password": bcrypt::hash("hers", 4).unwrap() }],
    });
    let stage = Stage::new(&settings.to_string()).await;
    let upstream = stage.hub.upstreams().get("practice").unwrap();
    let mut states = upstream.watch();
    let ready = states.wait_for(|state| matches!(state, State::Ready));
    ready.await.unwrap();
    (stage, world)
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

/// Calls a tool over MCP, as a client of this name.
async fn called(stage: &Stage, path: &str, client: &str, tool: &str, arguments: Value) {
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": client, "version": "1" },
    } });
    let opened = stage.send(asked(path, None, &hello)).await;
    let session = opened.header("mcp-session-id");
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": tool, "arguments": arguments } });
    let answer = stage.send(asked(path, Some(session), &call)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

async fn over_rest(stage: &Stage, tool: &str, arguments: Value) {
    let body = json!({ "toolName": tool, "arguments": arguments });
    let path = "/api/tools/call/practice";
    stage.ask(Method::POST, path, Some(body)).await;
}

async fn tools(stage: &Stage, query: &str) -> Vec<String> {
    let told = stage.get(&format!("/api/activities?{query}")).await.json();
    let data = told["data"].as_array().unwrap().iter();
    data.map(|it| it["tool"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_call_is_shown_in_mcphubs_shape_without_what_was_said_in_it_or_what_opened_the_door() {
    let (stage, _world) = staged().await;
    let secret = json!({ "text": "what nobody else is to read" });
    called(&stage, "/mcp/g1", HOSTILE, "practice-echo", secret).await;
    let answer = stage.get("/api/activities").await;
    let told = answer.json();
    let pages = json!({ "page": 1, "limit": 20, "total": 1, "totalPages": 1, "hasNextPage": false, "hasPrevPage": false });
    assert_eq!(told["pagination"], pages);
    let mut entry = told["data"][0].clone();
    assert!(entry["duration"].take().is_u64());
    assert_eq!(
        entry,
        json!({
            "id": "1", "timestamp": "2026-09-21T14:13:20.000Z", "server": "practice", "tool": "echo", "duration": null,
            "status": "success", "outcome": "answered", "group": "team", "keyId": "k", "keyName": "Cursor at work", "client": HOSTILE,
        })
    );
    assert!(!answer.text.contains("nobody else") && !answer.text.contains("of-cursor"));
    let one = stage.get("/api/activities/1").await.json();
    assert_eq!(one["data"]["client"], HOSTILE);
    for unknown in ["2", "0", "-1", "x", "99999999999999999999"] {
        let answer = stage.get(&format!("/api/activities/{unknown}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{unknown}");
    }
}

#[tokio::test]
async fn a_call_over_the_rest_api_is_noted_once_with_its_caller_and_its_failure() {
    let (stage, _world) = staged().await;
    over_rest(&stage, "add", json!({ "a": "one" })).await;
    over_rest(&stage, "nothing of that name", json!({})).await;
    let login = stage.log_in("alice", "hers").await.json();
    let token = login["token"].as_str();
    let body = Some(json!({ "toolName": "practice-echo", "arguments": { "text": "hello" } }));
    stage
        .ask_as(token, Method::POST, "/api/tools/call/practice", body)
        .await;
    let told = stage.get("/api/activities").await.json();
    assert_eq!(told["pagination"]["total"], 2, "{told}");
    let (second, first) = (&told["data"][0], &told["data"][1]);
    assert_eq!(
        (&second["username"], &second["status"]),
        (&json!("alice"), &json!("success"))
    );
    assert!(second.get("operator").is_none() && second["tool"] == "echo");
    assert_eq!(
        (&first["operator"], &first["status"], &first["outcome"]),
        (&json!(true), &json!("error"), &json!("refused"))
    );
    assert_eq!(first["errorMessage"], "add needs the numbers a and b");
}

#[tokio::test]
async fn the_list_is_narrowed_paged_summed_and_named() {
    let (stage, _world) = staged().await;
    called(
        &stage,
        "/mcp",
        "one",
        "practice-echo",
        json!({ "text": "x" }),
    )
    .await;
    called(
        &stage,
        "/mcp/team",
        "two",
        "practice-add",
        json!({ "a": 1, "b": 2 }),
    )
    .await;
    stage.clock.advance(Duration::from_secs(24 * 60 * 60));
    over_rest(&stage, "add", json!({})).await;
    for (query, expected) in [
        ("", vec!["add", "add", "echo"]),
        ("limit=2", vec!["add", "add"]),
        ("limit=2&page=2", vec!["echo"]),
        ("limit=2&page=3", vec![]),
        ("page=18446744073709551615&limit=100", vec![]),
        ("tool=ECH", vec!["echo"]),
        ("tool=ech&exact=true", vec![]),
        ("server=practice&status=error", vec!["add"]),
        ("group=tea", vec!["add"]),
        ("keyId=k&keyName=cursor", vec!["add", "echo"]),
        ("username=alice", vec![]),
        ("text=numbers+ADD", vec!["add"]),
        ("startDate=2026-09-22", vec!["add"]),
        ("endDate=2026-09-21", vec!["add", "echo"]),
        (
            "endDate=2026-09-21T14:13:20.000%2B00:00",
            vec!["add", "echo"],
        ),
        ("upTo=1", vec!["echo"]),
        ("status=&server=", vec!["add", "add", "echo"]),
    ] {
        assert_eq!(tools(&stage, query).await, expected, "{query}");
    }
    let sums = stage.get("/api/activities/stats?tool=add").await.json();
    let counts = ["totalCalls", "successCount", "errorCount"].map(|it| sums["data"][it].clone());
    assert_eq!(counts, [json!(2), json!(1), json!(1)]);
    let names = stage.get("/api/activities/filters").await.json();
    let expected = json!({ "servers": ["practice"], "tools": ["add", "echo"], "groups": ["team"], "usernames": [], "keyNames": ["Cursor at work"] });
    assert_eq!(names["data"], expected);
    let available = stage.get("/api/activities/available").await.json();
    assert_eq!(available["data"], json!({ "available": true }));
}

#[tokio::test]
async fn a_parameter_that_cannot_be_meant_is_named_in_the_refusal() {
    let (stage, _world) = staged().await;
    for (path, name) in [
        ("?page=0", "page"),
        ("?page=x", "page"),
        ("?limit=0", "limit"),
        ("?limit=101", "limit"),
        ("?status=maybe", "status"),
        ("?exact=1", "exact"),
        ("?startDate=yesterday", "startDate"),
        ("?endDate=2026-02-31", "endDate"),
        ("?upTo=-1", "upTo"),
        ("?tool=a&tool=b", "tool"),
        ("?text=a+b+c+d+e+f+g+h+i+j+k+l+m+n+o+p+q", "text"),
        ("/stats?status=maybe", "status"),
    ] {
        let answer = stage.get(&format!("/api/activities{path}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(name), "{path}: {message}");
    }
    for days in ["-1", "x", "1e3", "36501"] {
        let path = format!("/api/activities/cleanup?daysOld={days}");
        let answer = stage.ask(Method::DELETE, &path, None).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{days}");
    }
}

#[tokio::test]
async fn old_calls_are_forgotten_on_demand_and_all_of_them_with_no_days() {
    let (stage, _world) = staged().await;
    let text = || json!({ "text": "x" });
    over_rest(&stage, "echo", text()).await;
    stage.clock.advance(Duration::from_secs(31 * 24 * 60 * 60));
    over_rest(&stage, "whoami", json!({})).await;
    let path = "/api/activities/cleanup";
    let cleaned = stage.ask(Method::DELETE, path, None).await.json();
    let expected = json!({ "deletedCount": 1, "cutoffDate": "2026-09-22T14:13:20.000Z" });
    assert_eq!(cleaned["data"], expected);
    assert_eq!(tools(&stage, "").await, ["whoami"]);
    let all = format!("{path}?daysOld=0");
    let cleaned = stage.ask(Method::DELETE, &all, None).await.json();
    assert_eq!(cleaned["data"]["deletedCount"], 1);
    assert!(tools(&stage, "").await.is_empty());
}

#[tokio::test]
async fn who_is_no_administrator_reads_none_of_it() {
    let (stage, _world) = staged().await;
    let login = stage.log_in("alice", "hers").await.json();
    for path in ["", "/1", "/stats", "/filters", "/available"] {
        let path = format!("/api/activities{path}");
        let answer = stage.ask_as(login["token"].as_str(), Method::GET, &path, None);
        assert_eq!(answer.await.status, StatusCode::FORBIDDEN, "{path}");
        let stranger = stage.ask_as(None, Method::GET, &path, None).await;
        assert_eq!(stranger.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}
