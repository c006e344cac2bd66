//! Who gets in where: bearer keys, the operator's token and nobody, at `/mcp` and at `/api`.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use axum::body::Body;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use stage::{Answer, OPERATOR, Stage, request};

fn settings(required: Option<bool>) -> Value {
    let key = |id: &str, access: &str| json!({ "id": id, "name": id, "token": format!("mcphub_{id}"), "enabled": true, "accessType": access });
    let mut some = key("some", "servers");
    some["allowedServers"] = json!(["a"]);
    let mut off = key("off", "all");
    off["enabled"] = false.into();
    let mut user = key("user", "all");
    user["kind"] = "user".into();
    user["owner"] = "root".into();
    let mut settings = json!({
        "mcpServers": { "a": { "command": "x", "enabled": false }, "b": { "command": "x", "enabled": false } },
        "users": [{ "username": "root", "isAdmin": true }],
        "bearerKeys": [key("all", "all"), some, off, user],
    });
    if let Some(required) = required {
        settings["systemConfig"] = json!({ "routing": { "enableBearerAuth": required } });
    }
    settings
}

async fn initialize(stage: &Stage, name: &str, value: Option<&str>) -> Answer {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } });
    let mut request = request(Method::POST, "/mcp");
    if let Some(value) = value {
        request.headers_mut().insert(
            name.parse::<http::HeaderName>().unwrap(),
            value.parse().unwrap(),
        );
    }
    *request.body_mut() = Body::from(body.to_string());
    stage.send(request).await
}

#[tokio::test]
async fn a_locked_door_takes_enabled_keys_only() {
    for required in [Some(true), None] {
        let stage = Stage::new(&settings(required).to_string()).await;
        for (value, status) in [
            (None, 401),
            (Some("Bearer mcphub_all"), 200),
            (Some("bearer mcphub_some"), 200),
            (Some("Bearer mcphub_user"), 200),
            (Some("Bearer mcphub_off"), 401),
            (Some("Bearer nothing"), 401),
            (Some("Bearer "), 401),
            (Some("mcphub_all"), 401),
            (Some("Basic mcphub_all"), 401),
            (Some(&*format!("Bearer {OPERATOR}")), 200),
        ] {
            let answer = initialize(&stage, "authorization", value).await;
            assert_eq!(
                answer.status.as_u16(),
                status,
                "{required:?} {value:?}: {}",
                answer.text
            );
        }
    }
}

#[tokio::test]
async fn an_open_door_asks_for_nothing() {
    let stage = Stage::new(&settings(Some(false)).to_string()).await;
    assert_eq!(
        initialize(&stage, "authorization", None).await.status,
        StatusCode::OK
    );
    let stage = Stage::new("{}").await;
    assert_eq!(
        initialize(&stage, "authorization", None).await.status,
        StatusCode::OK,
        "one person on this machine"
    );
    let stage = Stage::with("{}", |options| options.listen = ([0, 0, 0, 0], 3000).into()).await;
    assert_eq!(
        initialize(&stage, "authorization", None).await.status,
        StatusCode::UNAUTHORIZED,
        "others can reach us"
    );
}

// rule: rfc6750-3
#[tokio::test]
async fn a_refused_client_is_told_how_to_get_in() {
    let stage = Stage::new(&settings(Some(true)).to_string()).await;
    let answer = initialize(&stage, "authorization", None).await;
    let challenge = answer.header(header::WWW_AUTHENTICATE);
    assert!(
        challenge.starts_with("Bearer error=\"invalid_token\", error_description=\""),
        "{challenge}"
    );
    let document = "http://localhost:3000/.well-known/oauth-protected-resource";
    assert!(
        challenge.ends_with(&format!("resource_metadata=\"{document}\"")),
        "{challenge}"
    );
    let body = answer.json();
    assert_eq!(
        (&body["error"], &body["resource_metadata"]),
        (&json!("invalid_token"), &json!(document))
    );
    assert!(
        body["error_description"]
            .as_str()
            .unwrap()
            .contains("bearerKeys")
    );
    let metadata = stage
        .get("/.well-known/oauth-protected-resource")
        .await
        .json();
    assert_eq!(metadata["resource"], "http://localhost:3000/mcp");
}

#[tokio::test]
async fn a_header_of_another_name_is_read_when_the_settings_name_it() {
    let mut settings = settings(Some(true));
    settings["systemConfig"]["routing"]["bearerAuthHeaderName"] = "X-Hub-Key".into();
    let stage = Stage::new(&settings.to_string()).await;
    for value in ["mcphub_all", "Bearer mcphub_all"] {
        assert_eq!(
            initialize(&stage, "x-hub-key", Some(value)).await.status,
            StatusCode::OK,
            "{value}"
        );
    }
    assert_eq!(
        initialize(&stage, "x-hub-key", Some("nothing"))
            .await
            .status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn only_a_system_key_for_everything_and_the_operator_open_the_api() {
    let stage = Stage::new(&settings(Some(false)).to_string()).await;
    for (token, status) in [
        (None, 401),
        (Some("mcphub_all"), 200),
        (Some(OPERATOR), 200),
        (Some("mcphub_some"), 401),
        (Some("mcphub_user"), 401),
        (Some("mcphub_off"), 401),
        (Some(""), 401),
    ] {
        let answer = stage.ask_as(token, Method::GET, "/api/servers", None).await;
        assert_eq!(answer.status.as_u16(), status, "{token:?}");
    }
}

#[tokio::test]
async fn a_key_that_is_taken_out_of_the_settings_opens_nothing_from_then_on() {
    let stage = Stage::new(&settings(Some(true)).to_string()).await;
    assert_eq!(
        initialize(&stage, "authorization", Some("Bearer mcphub_all"))
            .await
            .status,
        StatusCode::OK
    );
    stage
        .hub
        .store()
        .edit(vec![settings::Change::remove(["bearerKeys", "0"])])
        .await
        .unwrap();
    assert_eq!(
        initialize(&stage, "authorization", Some("Bearer mcphub_all"))
            .await
            .status,
        StatusCode::UNAUTHORIZED
    );
}

// rule: mcphub-key-taken-back
#[tokio::test]
async fn a_key_that_is_taken_back_while_the_body_of_its_request_comes_changes_nothing_any_more() {
    let stage = Stage::new(&settings(Some(true)).to_string()).await;
    let (sender, came) = tokio::sync::mpsc::channel::<Result<axum::body::Bytes, std::io::Error>>(1);
    let (asked, is_asked) = tokio::sync::oneshot::channel();
    let pieces = futures::stream::unfold((came, Some(asked)), async |(mut came, asked)| {
        // The body is read once the head has let its sender in.
        asked.map(|asked: tokio::sync::oneshot::Sender<()>| asked.send(()));
        Some((came.recv().await?, (came, None)))
    });
    let mut request = request(Method::POST, "/api/groups");
    let bearer = "Bearer mcphub_all".parse().unwrap();
    request.headers_mut().insert(header::AUTHORIZATION, bearer);
    *request.body_mut() = Body::from_stream(Box::pin(pieces));
    let taken_back = async {
        is_asked.await.unwrap();
        let gone = stage.ask(Method::DELETE, "/api/auth/keys/all", None).await;
        assert_eq!(gone.status, StatusCode::OK, "{gone:?}");
        sender.send(Ok(r#"{"name":"late"}"#.into())).await.unwrap();
        drop(sender);
    };
    let (answer, ()) = tokio::join!(stage.send(request), taken_back);
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
    assert!(!stage.written().contains("late"));
}
