//! `/api/settings`, `/api/system-config` and the switches of single items: read without secrets, changed by the smallest edit.

mod stage;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use stage::{Answer, Stage};

const WRITTEN: &str = r#"{
  // mine
  "mcpServers": {
    "a": { "command": "x", "enabled": false, "tools": { "a-old": { "enabled": false } }, "oauth": { "accessToken": "hunter2" } }
  },
  "users": [{ "username": "eve", "password": "hunter2" }],
  "systemConfig": {
    "routing": { "skipAuth": false, "bearerAuthKey": "hunter2" }, // as it was
    "later": { "apiKey": "hunter2", "kept": true }
  }
}
"#;

/// What is written, with its comments read over.
fn settings(stage: &Stage) -> Value {
    Value::Object(stage.hub.store().file().document().clone())
}

async fn put(stage: &Stage, path: &str, body: Value) -> Answer {
    stage.ask(Method::PUT, path, Some(body)).await
}

#[tokio::test]
async fn the_settings_are_shown_without_a_secret() {
    let stage = Stage::new(WRITTEN).await;
    let answer = stage.get("/api/settings").await;
    assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    let system = answer.json()["data"]["systemConfig"].clone();
    assert_eq!(
        system["later"],
        json!({ "apiKey": "********", "kept": true })
    );
    let empty = Stage::new("{}").await.get("/api/settings").await;
    assert_eq!(empty.json()["data"], json!({ "systemConfig": {} }));
}

#[tokio::test]
async fn a_change_of_the_settings_touches_nothing_else() {
    let stage = Stage::new(WRITTEN).await;
    let shown = stage.get("/api/settings").await.json()["data"]["systemConfig"].clone();
    let same = put(&stage, "/api/system-config", shown).await;
    assert_eq!(same.status, StatusCode::OK, "{}", same.text);
    assert_eq!(stage.written(), WRITTEN, "what was shown can be sent back");

    let change = json!({ "routing": { "skipAuth": true } });
    let answer = put(&stage, "/api/system-config", change).await;
    assert_eq!(
        answer.json()["data"]["routing"],
        json!({ "skipAuth": true, "bearerAuthKey": "********" })
    );
    assert_eq!(
        stage.written(),
        WRITTEN.replace("\"skipAuth\": false", "\"skipAuth\": true")
    );

    put(
        &stage,
        "/api/system-config",
        json!({ "later": { "apiKey": null }, "nameSeparator": "__" }),
    )
    .await;
    let system = settings(&stage)["systemConfig"].clone();
    assert_eq!(system["later"], json!({ "kept": true }));
    assert_eq!(system["nameSeparator"], "__");
    assert_eq!(system["routing"]["bearerAuthKey"], "hunter2");
}

#[tokio::test]
async fn settings_that_cannot_be_and_nothing_at_all_are_refused() {
    let stage = Stage::new(WRITTEN).await;
    for wrong in [
        json!({}),
        json!({ "other": { "apiKey": "********" } }),
        json!({ "routing": { "skipAuth": "perhaps" } }),
        json!({ "nameSeperator": "_" }),
    ] {
        let answer = put(&stage, "/api/system-config", wrong.clone()).await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{wrong}: {}",
            answer.text
        );
    }
    assert_eq!(stage.written(), WRITTEN);
    let later = json!({ "routing": { "jsonBodyLimit": "${LIMIT}" }, "ofSomebodyElse": 1 });
    let answer = put(&stage, "/api/system-config", later).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

#[tokio::test]
async fn a_public_address_that_is_none_is_refused_with_the_cure() {
    let stage = Stage::new("{}").await;
    for wrong in [
        "not an address",
        "hub.example.com",
        "ftp://hub.example.com",
        "https://hub.example.com/?a=b",
        "https://",
    ] {
        let install = json!({ "install": { "baseUrl": wrong } });
        let answer = put(&stage, "/api/system-config", install).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong:?}");
        assert!(
            answer.text.contains("https://hub.example.com"),
            "{wrong:?}: {}",
            answer.text
        );
    }
    for right in ["https://hub.example.com/tools/", "http://10.0.0.5:3000"] {
        let install = json!({ "install": { "baseUrl": right } });
        let answer = put(&stage, "/api/system-config", install).await;
        assert_eq!(answer.status, StatusCode::OK, "{right}: {}", answer.text);
    }
}

// rule: mcphub-key-header
#[tokio::test]
async fn a_header_for_keys_that_would_break_requests_is_refused() {
    let stage = Stage::new("{}").await;
    let named = |name: &str| {
        let routing = json!({ "routing": { "bearerAuthHeaderName": name } });
        stage.ask(Method::PUT, "/api/system-config", Some(routing))
    };
    for wrong in [
        " ",
        "X Key",
        "X-Key:",
        "X\r\nY: z",
        "é",
        "Host",
        "content-length",
        "Transfer-Encoding",
        "connection",
        "Content-Type",
        "Mcp-Session-Id",
        "Sec-Fetch-Site",
        "Cookie",
        "Origin",
        "x-auth-token",
        "Upgrade",
        "TE",
    ] {
        let answer = named(wrong).await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{wrong:?}: {}",
            answer.text
        );
    }
    assert_eq!(stage.written(), "{}");
    for right in ["Authorization", "X-Hub-Key", "api_key"] {
        let answer = named(right).await;
        assert_eq!(answer.status, StatusCode::OK, "{right}: {}", answer.text);
    }
}

#[tokio::test]
async fn an_item_is_switched_and_described_where_the_settings_speak_of_it() {
    let stage = Stage::new(WRITTEN).await;
    let items = |stage: &Stage| settings(stage)["mcpServers"]["a"].clone();
    let toggle = |path: &'static str, enabled: bool| {
        stage.ask(Method::POST, path, Some(json!({ "enabled": enabled })))
    };
    let answer = toggle("/api/servers/a/tools/old/toggle", true).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(
        stage.written(),
        WRITTEN.replace(
            "{ \"a-old\": { \"enabled\": false } }",
            "{ \"a-old\": { \"enabled\": true } }"
        )
    );

    toggle("/api/servers/a/tools/a-new/toggle", false).await;
    assert_eq!(
        items(&stage)["tools"],
        json!({ "a-old": { "enabled": true }, "new": { "enabled": false } })
    );

    let words = json!({ "description": "mine" });
    put(
        &stage,
        "/api/servers/a/tools/new/description",
        words.clone(),
    )
    .await;
    put(
        &stage,
        "/api/servers/a/resources/file:%2F%2Fx/description",
        words,
    )
    .await;
    assert_eq!(
        items(&stage)["tools"]["new"],
        json!({ "enabled": false, "description": "mine" })
    );
    assert_eq!(
        items(&stage)["resources"],
        json!({ "file://x": { "enabled": true, "description": "mine" } })
    );

    stage
        .ask(Method::DELETE, "/api/servers/a/tools/new/description", None)
        .await;
    assert_eq!(items(&stage)["tools"]["new"], json!({ "enabled": false }));
    let before = stage.written();
    stage
        .ask(Method::DELETE, "/api/servers/a/prompts/p/description", None)
        .await;
    assert_eq!(stage.written(), before, "there was none");
}

#[tokio::test]
async fn an_item_of_nothing_is_missing() {
    let stage = Stage::new(WRITTEN).await;
    for path in [
        "/api/servers/b/tools/x/toggle",
        "/api/servers/a/things/x/toggle",
    ] {
        let answer = stage
            .ask(Method::POST, path, Some(json!({ "enabled": true })))
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.text);
    }
    assert_eq!(stage.written(), WRITTEN);
}
