//! `/api/auth/keys`, `/api/groups` and the export: what is made by hand in MCPHub's dashboard, made by the API.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use axum::body::Body;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use stage::{Answer, Stage, request};

const WRITTEN: &str = r#"{
  "mcpServers": {
    "a": { "url": "${URL_OF_A}", "enabled": false, "headers": { "Authorization": "Bearer hunter2" } },
    "b": {
      "url": "https://b.example.com/mcp", "enabled": false,
      "oauth": {
        "clientId": "hunter2-client", "registration": { "x": "hunter2" }, "scopes": ["read"],
        "accessToken": "hunter2", "refreshToken": "hunter2", "users": { "eve": { "accessToken": "hunter2" } }
      }
    }
  },
  // whoever may come in
  "bearerKeys": [
    // the first one
    { "id": "k", "name": "first", "token": "hunter2", "accessType": "groups", "allowedGroups": ["dev"] }
  ],
  "groups": [
    { "id": "g", "name": "dev", "servers": ["a"], "note": "mine" } // ours
  ],
  "users": [{ "username": "root", "password": "$2b$10$hunter2", "isAdmin": true }, { "username": "eve" }],
  "oauthTokens": [{ "accessToken": "hunter2" }]
}
"#;

async fn ask(stage: &Stage, method: Method, path: &str, body: Value) -> Answer {
    stage.ask(method, path, Some(body)).await
}

/// What is written, comments apart.
fn now(stage: &Stage) -> Value {
    stage.hub.store().file().document().clone().into()
}

async fn create(stage: &Stage, body: Value) -> Answer {
    ask(stage, Method::POST, "/api/auth/keys", body).await
}

#[tokio::test]
async fn a_new_key_is_shown_once_and_opens_the_door() {
    let stage = Stage::new(WRITTEN).await;
    let wished = json!({ "name": " cursor ", "accessType": "servers", "allowedServers": ["a"], "token": "weak" });
    let answer = create(&stage, wished).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let key = answer.json()["data"].clone();
    let token = key["token"].as_str().unwrap().to_owned();
    assert!(
        token.starts_with("mcphub_") && token.len() == 71,
        "{token}: the hub makes it, nobody else"
    );
    assert_eq!(key["name"], "cursor");
    assert_eq!(key["kind"], "system");

    let listed = stage.get("/api/auth/keys").await;
    assert!(!listed.text.contains(&token) && !listed.text.contains("hunter2"));
    assert_eq!(listed.json()["data"][1]["id"], key["id"]);
    let end = &token[token.len() - 4..];
    assert_eq!(
        listed.json()["data"][1]["token"],
        format!("mcphub_{}...{end}", &token[7..8])
    );

    assert_eq!(open(&stage, &token).await, StatusCode::OK);
    assert_eq!(open(&stage, "mcphub_x").await, StatusCode::UNAUTHORIZED);
    assert_eq!(now(&stage)["bearerKeys"][1], key);
    let before = WRITTEN.split("\"groups\"").next().unwrap();
    let kept = before.trim_end().trim_end_matches("],").trim_end();
    assert!(stage.written().starts_with(kept), "{}", stage.written());
}

async fn open(stage: &Stage, token: &str) -> StatusCode {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } });
    let mut request = request(Method::POST, "/mcp");
    let value = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert(header::AUTHORIZATION, value);
    *request.body_mut() = Body::from(body.to_string());
    stage.send(request).await.status
}

#[tokio::test]
async fn a_key_for_nothing_that_is_there_is_not_made() {
    let stage = Stage::new(WRITTEN).await;
    for (wished, said) in [
        (json!({ "accessType": "all" }), "needs a name"),
        (json!({ "name": "x" }), "accessType must be"),
        (
            json!({ "name": "x", "accessType": "everything" }),
            "accessType must be",
        ),
        (
            json!({ "name": "x", "accessType": "groups", "allowedGroups": ["nope"] }),
            "no group named \\\"nope\\\"",
        ),
        (
            json!({ "name": "x", "accessType": "servers", "allowedServers": ["nope"] }),
            "no server named \\\"nope\\\"",
        ),
        (json!({ "name": "x", "kind": "user" }), "needs an owner"),
        (
            json!({ "name": "x", "kind": "user", "owner": "nobody" }),
            "no user named",
        ),
        (json!({ "name": "x", "kind": "root" }), "kind must be"),
    ] {
        let answer = create(&stage, wished).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
        assert!(answer.text.contains(said), "{said}: {}", answer.text);
    }
    assert_eq!(stage.written(), WRITTEN);
}

#[tokio::test]
async fn a_key_is_changed_and_deleted_by_its_id_and_never_its_token() {
    let stage = Stage::new(WRITTEN).await;
    let path = "/api/auth/keys/k";
    let change = json!({ "enabled": false, "token": "other" });
    let answer = ask(&stage, Method::PUT, path, change).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    let key = &now(&stage)["bearerKeys"][0];
    assert_eq!(
        (&key["enabled"], &key["token"]),
        (&json!(false), &json!("hunter2"))
    );
    assert!(stage.written().contains("// the first one"));

    let gone = stage.ask(Method::DELETE, path, None).await;
    assert_eq!(gone.status, StatusCode::OK, "{}", gone.text);
    assert_eq!(now(&stage)["bearerKeys"], json!([]));
    let again = stage.ask(Method::DELETE, path, None).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_group_is_made_filled_emptied_renamed_and_deleted_and_keys_follow() {
    let stage = Stage::new(WRITTEN).await;
    let wished = json!({ "name": "ops", "description": "o", "servers": ["a", { "name": "b", "tools": ["t"] }] });
    let answer = ask(&stage, Method::POST, "/api/groups", wished).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let id = answer.json()["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        stage.get(&format!("/api/groups/{id}")).await.json()["data"],
        now(&stage)["groups"][1]
    );

    let of_dev = "/api/groups/dev/servers";
    let added = ask(&stage, Method::POST, of_dev, json!({ "serverName": "b" })).await;
    assert_eq!(added.json()["data"]["servers"], json!(["a", "b"]));
    let twice = ask(&stage, Method::POST, of_dev, json!({ "serverName": "b" })).await;
    assert_eq!(twice.json()["data"]["servers"], json!(["a", "b"]));
    let gone = stage
        .ask(Method::DELETE, &format!("{of_dev}/a"), None)
        .await;
    assert_eq!(gone.json()["data"]["servers"], json!(["b"]));
    assert_eq!(stage.get(of_dev).await.json()["data"], json!(["b"]));
    let again = stage
        .ask(Method::DELETE, &format!("{of_dev}/a"), None)
        .await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    let batch = json!({ "servers": [{ "name": "a", "alias": "x" }] });
    let replaced = ask(&stage, Method::PUT, &format!("{of_dev}/batch"), batch).await;
    assert_eq!(replaced.status, StatusCode::OK, "{}", replaced.text);

    let renamed = ask(
        &stage,
        Method::PUT,
        "/api/groups/g",
        json!({ "name": "team" }),
    )
    .await;
    assert_eq!(renamed.status, StatusCode::OK, "{}", renamed.text);
    let told = now(&stage);
    assert_eq!(told["groups"][0]["note"], "mine");
    assert_eq!(told["bearerKeys"][0]["allowedGroups"], json!(["team"]));
    assert!(stage.written().contains("// ours") && stage.written().contains("// the first one"));

    let deleted = stage.ask(Method::DELETE, "/api/groups/team", None).await;
    assert_eq!(deleted.status, StatusCode::OK, "{}", deleted.text);
    let told = now(&stage);
    assert_eq!(told["groups"].as_array().unwrap().len(), 1);
    assert_eq!(told["bearerKeys"][0]["allowedGroups"], json!([]));
}

#[tokio::test]
async fn a_group_that_makes_no_sense_is_not_made() {
    let stage = Stage::new(WRITTEN).await;
    for (wished, status) in [
        (json!({ "servers": ["a"] }), 400),
        (json!({ "name": "dev" }), 409),
        (json!({ "name": "../x" }), 400),
        (json!({ "name": "x", "servers": ["nope"] }), 400),
        (json!({ "name": "x", "servers": [7] }), 400),
        (
            json!({ "name": "x", "servers": [{ "name": "a", "tools": 7 }] }),
            400,
        ),
    ] {
        let answer = ask(&stage, Method::POST, "/api/groups", wished.clone()).await;
        assert_eq!(answer.status, status, "{wished}: {}", answer.text);
    }
    let unknown = json!({ "serverName": "nope" });
    let answer = ask(&stage, Method::POST, "/api/groups/dev/servers", unknown).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(stage.written(), WRITTEN);
}

#[tokio::test]
async fn the_first_group_and_the_first_key_make_their_lists() {
    let stage = Stage::new(r#"{ "mcpServers": {} }"#).await;
    ask(&stage, Method::POST, "/api/groups", json!({ "name": "g" })).await;
    create(
        &stage,
        json!({ "name": "k", "accessType": "groups", "allowedGroups": ["g"] }),
    )
    .await;
    let told = now(&stage);
    assert_eq!(told["groups"][0]["name"], "g");
    assert_eq!(told["bearerKeys"][0]["allowedGroups"], json!(["g"]));
}

#[tokio::test]
async fn an_export_holds_no_secret_and_no_sign_in() {
    let stage = Stage::new(WRITTEN).await;
    let answer = stage.get("/api/mcp-settings/export").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    let data = &answer.json()["data"];
    assert_eq!(data["mcpServers"]["a"]["url"], "${URL_OF_A}");
    assert_eq!(
        data["mcpServers"]["b"]["oauth"],
        json!({ "scopes": ["read"] })
    );
    assert_eq!(data["groups"][0]["note"], "mine");
    assert_eq!(data["users"][0]["username"], "root");
    let one = stage
        .get("/api/mcp-settings/export?serverName=b")
        .await
        .json();
    assert_eq!(one["data"]["mcpServers"].as_object().unwrap().len(), 1);
    let none = stage.get("/api/mcp-settings/export?serverName=nope").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn all_this_is_for_administrators() {
    let stage = Stage::new(WRITTEN).await;
    for (method, path) in [
        (Method::GET, "/api/auth/keys"),
        (Method::POST, "/api/auth/keys"),
        (Method::PUT, "/api/auth/keys/k"),
        (Method::DELETE, "/api/auth/keys/k"),
        (Method::GET, "/api/groups"),
        (Method::POST, "/api/groups"),
        (Method::GET, "/api/groups/g"),
        (Method::PUT, "/api/groups/g"),
        (Method::DELETE, "/api/groups/g"),
        (Method::GET, "/api/groups/g/servers"),
        (Method::POST, "/api/groups/g/servers"),
        (Method::PUT, "/api/groups/g/servers/batch"),
        (Method::DELETE, "/api/groups/g/servers/a"),
        (Method::GET, "/api/mcp-settings/export"),
    ] {
        let mut asked = request(method, path);
        *asked.body_mut() =
            Body::from(json!({ "name": "x", "serverName": "a", "servers": [] }).to_string());
        let answer = stage.send(asked).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(stage.written(), WRITTEN);
}
