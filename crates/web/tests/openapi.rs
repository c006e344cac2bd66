//! The contract: handlers -> `openapi.json` -> the dashboard's types. That answers are as described is checked wherever tests ask `/api` (`stage`).

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use std::path::Path;

use axum::body::Body;
use http::{Method, StatusCode, header};
use http_body_util::BodyExt;
use hub::upstream::State;
use lab::{Browser, Decision, Switches, World};
use serde_json::{Value, json};
use stage::{OPERATOR, Stage, contract, request};
use tower::ServiceExt;

#[tokio::test]
async fn the_committed_description_is_the_one_that_is_served() {
    let stage = Stage::new("{}").await;
    let served = stage.get("/openapi.json").await;
    assert_eq!(served.header(header::CONTENT_TYPE), "application/json");
    let written = include_str!("../openapi.json");
    assert!(
        served.text == written,
        "crates/web/openapi.json is stale: `cargo run -p mcphub-web --example openapi` writes it anew; look at what changed"
    );
}

#[tokio::test]
async fn it_stands_under_the_prefix_and_leaves_the_address_of_tools_as_openapi_free() {
    let stage = Stage::with("{}", |options| options.base_path = "/hub".into()).await;
    assert_eq!(stage.get("/hub/openapi.json").await.status, StatusCode::OK);
    let free = stage.get("/hub/api/openapi.json").await;
    assert_eq!(free.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_described_is_there_and_nothing_else_is() {
    let stage = Stage::new("{}").await;
    let described = contract::routes();
    let mut paths: Vec<&str> = described.iter().map(|(_, path)| *path).collect();
    paths.dedup();
    for path in paths {
        for method in ["get", "put", "post", "delete", "patch"] {
            let known = described.contains(&(method, path));
            assert_eq!(
                answers(&stage, method, path).await,
                known,
                "{method} {path}"
            );
        }
    }
}

/// Whether the router has the route.
async fn answers(stage: &Stage, method: &str, template: &str) -> bool {
    let path = template.replace("{kind}", "tools").replace(['{', '}'], "");
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let mut asked = request(method, &path);
    let value = format!("Bearer {OPERATOR}").parse().unwrap();
    asked.headers_mut().insert(header::AUTHORIZATION, value);
    *asked.body_mut() = Body::from("{}");
    let answer = stage.router.clone().oneshot(asked).await.unwrap();
    match answer.status() {
        StatusCode::METHOD_NOT_ALLOWED => false,
        StatusCode::NOT_FOUND => {
            let text = answer.into_body().collect().await.unwrap().to_bytes();
            !String::from_utf8_lossy(&text).contains("no such route")
        }
        _ => true,
    }
}

#[test]
fn no_route_of_the_api_is_made_without_its_description() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = std::fs::read_dir(source.join("api")).unwrap();
    let files = files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file());
    for file in files.chain([source.join("api.rs")]) {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains(".route("), "{} makes one", file.display());
    }
}

#[test]
fn whatever_the_description_refers_to_is_in_it() {
    fn look(value: &Value, missing: &mut Vec<String>) {
        match value {
            Value::Array(list) => list.iter().for_each(|value| look(value, missing)),
            Value::Object(object) => {
                let there = object.get("$ref").and_then(Value::as_str);
                let there = there.and_then(|there| there.strip_prefix('#'));
                missing.extend(
                    there
                        .filter(|at| contract::DOCUMENT.pointer(at).is_none())
                        .map(str::to_owned),
                );
                object.values().for_each(|value| look(value, missing));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut missing = Vec::new();
    look(&contract::DOCUMENT, &mut missing);
    assert!(missing.is_empty(), "{missing:?}");
}

/// Streams have no end, so their events are read in `tests/events.rs`, `tests/logs.rs` and `tests/doctor.rs`.
const STREAMS: [(&str, &str); 3] = [
    ("get", "/api/events"),
    ("get", "/api/logs/stream"),
    ("post", "/api/doctor"),
];

#[tokio::test]
async fn every_route_was_seen_to_answer_as_it_is_described() {
    let world = World::start(Switches::default()).await.unwrap();
    let offers = json!({ "url": stage::offers::start().await, "type": "streamable-http" });
    let settings = json!({
        "mcpServers": { "practice": { "url": world.mcp_url() }, "offers": offers },
        "oauthClients": [{ "clientId": "c", "name": "C", "redirectUris": ["http://127.0.0.1/cb"] }],
    });
    let stage = Stage::new(&settings.to_string()).await;
    signs_in(&stage).await;
    for (method, path, body) in [among_servers_and_groups(), among_people_and_settings()].concat() {
        let answer = stage.ask(method.clone(), path, body).await;
        assert!(
            answer.status.is_success(),
            "{method} {path}: {}",
            answer.text
        );
    }
    let keys = stage.get("/api/auth/keys").await.json();
    let key = format!("/api/auth/keys/{}", keys["data"][0]["id"].as_str().unwrap());
    stage
        .ask(Method::PUT, &key, Some(json!({ "enabled": false })))
        .await;
    stage.ask(Method::DELETE, &key, None).await;
    let password = json!({ "currentPassword": PASSWORD, "newPassword": "another horse battery" });
    let login = stage.log_in("eve", PASSWORD).await.json();
    let change = (Method::POST, "/api/auth/change-password");
    stage
        .ask_as(login["token"].as_str(), change.0, change.1, Some(password))
        .await;
    let done = contract::done();
    let mut missing = contract::routes();
    missing.retain(|route| !done.contains(route) && !STREAMS.contains(route));
    assert_eq!(missing, []);
}

const PASSWORD: &str = "correct horse battery";

/// As a person does it who pastes what the browser arrived at.
async fn signs_in(stage: &Stage) {
    let begun = stage
        .ask(Method::POST, "/api/servers/practice/oauth/authorize", None)
        .await
        .json();
    let link = begun["data"]["authorizationUrl"].as_str().unwrap();
    let back = Browser::new()
        .unwrap()
        .decide(link, Decision::Allow)
        .await
        .unwrap();
    let pasted = json!({ "pasted": back });
    stage
        .ask(
            Method::POST,
            "/api/servers/practice/oauth/complete",
            Some(pasted),
        )
        .await;
    let upstream = stage
        .hub
        .upstreams()
        .serving("practice", None, None)
        .unwrap();
    let mut states = upstream.watch();
    states
        .wait_for(|state| matches!(state, State::Ready))
        .await
        .unwrap();
    let told = stage.get("/api/servers").await.json();
    assert_eq!(told["data"][0]["status"], "connected");
    assert!(!told["data"][0]["tools"].as_array().unwrap().is_empty());
}

type Call = (Method, &'static str, Option<Value>);

/// One call of each route that is left, in an order in which each finds what it needs.
fn among_servers_and_groups() -> Vec<Call> {
    use Method as M;
    let words = json!({ "description": "other words" });
    let group = json!({ "name": "dev", "servers": [{ "name": "practice", "tools": ["echo"], "prompts": "all" }] });
    let call = json!({ "toolName": "echo", "arguments": { "text": "hello" } });
    let put = json!({ "config": { "command": "x", "enabled": false }, "newName": "c" });
    vec![
        (M::GET, "/api/auth/user", None),
        (M::POST, "/api/tools/call/practice", Some(call)),
        (M::POST, "/api/mcp/offers/prompts/greet", Some(json!({}))),
        (
            M::POST,
            "/api/resources/read",
            Some(json!({ "uri": "test://text", "server": "offers" })),
        ),
        (M::GET, "/api/servers?page=1&limit=1", None),
        (M::GET, "/api/servers/practice", None),
        (M::GET, "/api/servers/practice/oauth/journal", None),
        (
            M::POST,
            "/api/servers/practice/tools/echo/toggle",
            Some(json!({ "enabled": false })),
        ),
        (
            M::PUT,
            "/api/servers/practice/tools/echo/description",
            Some(words),
        ),
        (
            M::DELETE,
            "/api/servers/practice/tools/echo/description",
            None,
        ),
        (M::POST, "/api/servers/practice/reload", None),
        (
            M::POST,
            "/api/servers",
            Some(json!({ "name": "b", "config": { "command": "x", "enabled": false } })),
        ),
        (M::PUT, "/api/servers/b", Some(put)),
        (
            M::POST,
            "/api/servers/c/toggle",
            Some(json!({ "enabled": false })),
        ),
        (M::POST, "/api/groups", Some(group)),
        (M::GET, "/api/groups", None),
        (M::GET, "/api/groups/dev", None),
        (
            M::PUT,
            "/api/groups/dev",
            Some(json!({ "description": "for work" })),
        ),
        (
            M::POST,
            "/api/groups/dev/servers",
            Some(json!({ "serverName": "c" })),
        ),
        (M::GET, "/api/groups/dev/servers", None),
        (
            M::PUT,
            "/api/groups/dev/servers/batch",
            Some(json!({ "servers": ["practice", "c"] })),
        ),
        (M::DELETE, "/api/groups/dev/servers/c", None),
        (M::DELETE, "/api/groups/dev", None),
        (M::DELETE, "/api/servers/c", None),
    ]
}

fn among_people_and_settings() -> Vec<Call> {
    use Method as M;
    let user = json!({ "username": "eve", "password": PASSWORD });
    vec![
        (M::POST, "/api/users", Some(user.clone())),
        (M::POST, "/api/auth/login", Some(user)),
        (M::GET, "/api/users", None),
        (M::GET, "/api/users-stats", None),
        (M::GET, "/api/sessions", None),
        (M::GET, "/api/activities", None),
        (M::GET, "/api/activities/1", None),
        (M::GET, "/api/activities/available", None),
        (M::GET, "/api/activities/filters", None),
        (M::GET, "/api/activities/stats", None),
        (M::DELETE, "/api/activities/cleanup", None),
        (M::GET, "/api/users/eve", None),
        (M::PUT, "/api/users/eve", Some(json!({ "isAdmin": false }))),
        (
            M::POST,
            "/api/users",
            Some(json!({ "username": "bob", "password": PASSWORD })),
        ),
        (M::DELETE, "/api/users/bob", None),
        (M::GET, "/api/oauth/clients", None),
        (M::DELETE, "/api/oauth/clients/c", None),
        (M::GET, "/api/settings", None),
        (
            M::PUT,
            "/api/system-config",
            Some(json!({ "nameSeparator": "_" })),
        ),
        (M::GET, "/api/mcp-settings/export", None),
        (M::GET, "/api/logs", None),
        (M::DELETE, "/api/logs", None),
        (
            M::POST,
            "/api/servers/practice/oauth/disconnect",
            Some(json!({ "scope": "all" })),
        ),
        (
            M::POST,
            "/api/auth/keys",
            Some(json!({ "name": "k", "accessType": "all" })),
        ),
        (M::GET, "/api/auth/keys", None),
    ]
}

#[test]
fn an_answer_that_is_not_as_described_is_found_out() {
    let person = json!({ "username": "a", "isAdmin": true, "permissions": ["*"] });
    let answer = |person| json!({ "success": true, "user": person }).to_string();
    let check = |status, text: &str| contract::check("GET", "/api/auth/user", status, text);
    assert_eq!(check(200, &answer(person.clone())), Ok(()));
    let mut missing = person.clone();
    missing.as_object_mut().unwrap().remove("isAdmin");
    let mut more = person.clone();
    more["password"] = "hunter2".into();
    let mut other = person;
    other["isAdmin"] = "yes".into();
    for wrong in [missing, more, other] {
        assert!(check(200, &answer(wrong.clone())).is_err(), "{wrong}");
    }
    assert!(check(201, "{}").is_err(), "a status that is not described");
    assert!(check(403, "{}").is_err(), "an error without a message");
}
