//! What a token opens.

use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use hub::upstream::State;
use serde_json::{Value, json};

use crate::client::{
    HUB, code, initialize, redeem, register, settings, sign_in, stage, status, tokens,
};
use crate::stage::{OPERATOR, Stage, request};

async fn api(stage: &Stage, token: &str, method: Method, path: &str) -> u16 {
    let body = (method == Method::POST).then(|| json!({ "name": "new" }));
    let answer = stage.ask_as(Some(token), method, path, body).await;
    answer.status.as_u16()
}

async fn with(stage: &Stage, client: &str, user: &str, more: &[(&str, &str)]) -> String {
    let code = code(stage, client, user, more).await;
    tokens(&redeem(stage, client, &code).await).access
}

#[tokio::test]
async fn a_token_lets_its_user_in_and_shows_what_he_sees() {
    let stage = stage().await;
    let client = register(&stage).await;
    let tokens = sign_in(&stage, &client, "alice").await;
    assert_eq!(tokens.scope, "read write");
    assert_eq!(status(&stage, "/mcp", &tokens.access).await, 200);
    assert_eq!(status(&stage, "/mcp/team-a", &tokens.access).await, 200);
    assert_ne!(status(&stage, "/mcp/team-b", &tokens.access).await, 200);
    assert_eq!(status(&stage, "/mcp", "").await, 401);
    assert_eq!(
        status(&stage, "/mcp", &tokens.refresh).await,
        401,
        "a refresh token is none"
    );
}

// rule: rfc8707-2
#[tokio::test]
async fn a_token_opens_the_endpoint_that_it_was_given_for_and_no_other() {
    let stage = stage().await;
    let client = register(&stage).await;
    let hers = format!("{HUB}/mcp/team-a");
    let token = with(&stage, &client, "alice", &[("resource", &hers)]).await;
    assert_eq!(status(&stage, "/mcp/team-a", &token).await, 200);
    let elsewhere = initialize(&stage, "/mcp", &token).await;
    assert_eq!(elsewhere.status, StatusCode::UNAUTHORIZED);
    let challenge = elsewhere.header(header::WWW_AUTHENTICATE);
    assert!(challenge.contains("another address"), "{challenge}");
    let any = with(&stage, &client, "alice", &[]).await;
    assert_eq!(status(&stage, "/mcp", &any).await, 200);
    assert_eq!(status(&stage, "/alice/mcp", &any).await, 200);
    assert_eq!(status(&stage, "/root/mcp", &any).await, 403);
}

// rule: mcphub-token-api
#[tokio::test]
async fn a_client_of_mcp_has_no_hand_on_the_settings_even_if_an_administrator_let_it_in() {
    let stage = stage().await;
    let client = register(&stage).await;
    let mcp = sign_in(&stage, &client, "root").await.access;
    let any = with(&stage, &client, "root", &[]).await;
    for token in [&mcp, &any] {
        assert_eq!(api(&stage, token, Method::GET, "/api/servers").await, 401);
        assert_eq!(api(&stage, token, Method::POST, "/api/groups").await, 401);
    }
}

// rule: mcphub-token-api
#[tokio::test]
async fn the_metrics_are_for_a_token_of_the_api_and_for_none_of_mcp() {
    let stage = stage().await;
    let client = register(&stage).await;
    let resource = format!("{HUB}/api");
    let mcp = sign_in(&stage, &client, "root").await.access;
    let any = with(&stage, &client, "root", &[]).await;
    for token in [&mcp, &any] {
        let path = "/metrics";
        let answer = stage.ask_as(Some(token), Method::GET, path, None).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        let challenge = answer.header(header::WWW_AUTHENTICATE);
        let leads = "/.well-known/oauth-protected-resource/api";
        assert!(challenge.contains(leads), "{challenge}");
    }
    let root = with(&stage, &client, "root", &[("resource", &resource)]).await;
    assert_eq!(api(&stage, &root, Method::GET, "/metrics").await, 200);
    let alice = with(&stage, &client, "alice", &[("resource", &resource)]).await;
    assert_eq!(api(&stage, &alice, Method::GET, "/metrics").await, 403);
}

// rule: mcphub-token-scope
#[tokio::test]
async fn a_token_for_the_api_may_what_its_user_may_and_without_write_changes_nothing() {
    let stage = stage().await;
    let client = register(&stage).await;
    let resource = format!("{HUB}/api");
    let root = with(&stage, &client, "root", &[("resource", &resource)]).await;
    assert_eq!(api(&stage, &root, Method::POST, "/api/groups").await, 201);
    assert_eq!(status(&stage, "/mcp", &root).await, 401);
    let alice = with(&stage, &client, "alice", &[("resource", &resource)]).await;
    assert_eq!(api(&stage, &alice, Method::GET, "/api/servers").await, 200);
    assert_eq!(api(&stage, &alice, Method::POST, "/api/groups").await, 403);
    let reading = [("resource", resource.as_str()), ("scope", "read")];
    let reader = with(&stage, &client, "root", &reading).await;
    assert_eq!(api(&stage, &reader, Method::GET, "/api/servers").await, 200);
    assert_eq!(api(&stage, &reader, Method::POST, "/api/groups").await, 403);
}

#[tokio::test]
async fn who_agreed_is_told_to_whoever_has_a_token() {
    let stage = stage().await;
    let client = register(&stage).await;
    let token = sign_in(&stage, &client, "alice").await.access;
    let path = "/oauth/userinfo";
    let answer = stage.ask_as(Some(&token), Method::GET, path, None).await;
    assert_eq!(answer.json()["sub"], "alice");
    for stranger in [None, Some("guessed")] {
        let answer = stage.ask_as(stranger, Method::GET, path, None).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(
            answer
                .header(header::WWW_AUTHENTICATE)
                .starts_with("Bearer")
        );
    }
}

/// A server that answers everything, and remembers what stood in `Authorization`.
pub(crate) async fn listener() -> (String, Arc<Mutex<Vec<String>>>) {
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let hearing = Arc::clone(&heard);
    let answer = async move |headers: HeaderMap, body: String| {
        let said = headers.get(header::AUTHORIZATION);
        let said = said.map(|value| value.to_str().unwrap().to_owned());
        hearing.lock().unwrap().extend(said);
        let asked: Value = serde_json::from_str(&body).unwrap_or_default();
        let result = match asked["method"].as_str().unwrap_or_default() {
            "initialize" => {
                json!({ "protocolVersion": "2025-06-18", "capabilities": { "tools": {} }, "serverInfo": { "name": "x", "version": "0" } })
            }
            "tools/list" => {
                json!({ "tools": [{ "name": "echo", "inputSchema": { "type": "object" } }] })
            }
            _ => json!({ "content": [{ "type": "text", "text": "heard" }] }),
        };
        axum::Json(json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }))
    };
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", socket.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(socket, axum::Router::new().fallback(answer)).await });
    (url, heard)
}

// rule: mcphub-token-passed-on, safe-t07
#[tokio::test]
async fn a_token_or_a_key_is_passed_on_to_no_server_whatever_the_settings_pass_on() {
    let (url, heard) = listener().await;
    let mut passing = settings();
    passing["mcpServers"]["up"] = json!({ "type": "streamable-http", "url": url, "visibility": "public", "passthroughHeaders": ["Authorization"] });
    passing["bearerKeys"] = json!([{ "id": "k", "token": "a-key" }]);
    let stage = Stage::new(&passing.to_string()).await;
    let up = stage.hub.upstreams().get("up").unwrap();
    let mut states = up.watch();
    states
        .wait_for(|state| matches!(state, State::Ready))
        .await
        .unwrap();
    let client = register(&stage).await;
    let token = sign_in(&stage, &client, "alice").await.access;
    for bearer in ["a-key", &token] {
        let opened = initialize(&stage, "/mcp/up", bearer).await;
        heard.lock().unwrap().clear();
        let mut call = request(Method::POST, "/mcp/up");
        let headers = call.headers_mut();
        let session = opened.header("mcp-session-id").parse().unwrap();
        headers.insert("mcp-session-id", session);
        let bearer = format!("Bearer {bearer}").parse().unwrap();
        headers.insert(header::AUTHORIZATION, bearer);
        let asked = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "echo", "arguments": {} } });
        *call.body_mut() = asked.to_string().into();
        let answer = stage.send(call).await;
        assert!(answer.text.contains("heard"), "{}", answer.text);
        assert!(heard.lock().unwrap().is_empty());
    }
}

// rule: mcphub-token-over, mcphub-token-passed-on, safe-t07
#[tokio::test]
async fn at_an_open_door_a_token_that_is_over_is_refused_and_nothing_that_opens_the_hub_goes_on() {
    let (url, heard) = listener().await;
    let mut open = settings();
    open["mcpServers"]["up"] =
        json!({ "type": "streamable-http", "url": url, "passthroughHeaders": ["authorization"] });
    open["systemConfig"] =
        json!({ "routing": { "enableBearerAuth": false, "bearerAuthHeaderName": "x-key" } });
    open["bearerKeys"] = json!([
        { "id": "k", "token": "a-key" },
        { "id": "l", "token": "another-key" },
        { "id": "m", "token": "sleeping-key", "enabled": false }
    ]);
    let stage = Stage::new(&open.to_string()).await;
    let up = stage.hub.upstreams().get("up").unwrap();
    let mut states = up.watch();
    states
        .wait_for(|state| matches!(state, State::Ready))
        .await
        .unwrap();
    let client = register(&stage).await;
    let over = sign_in(&stage, &client, "alice").await;
    stage.clock.advance(std::time::Duration::from_secs(3_600));
    for ended in [&over.access, &over.refresh] {
        let refused = initialize(&stage, "/mcp/up", ended).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        let challenge = refused.header(header::WWW_AUTHENTICATE);
        assert!(challenge.contains("invalid_token"), "{challenge}");
    }
    let living = sign_in(&stage, &client, "root").await.access;
    let login = stage.log_in("alice", crate::client::PASSWORD).await.json();
    let login = login["token"].as_str().unwrap().to_owned();
    let passed = ["Bearer of-the-server".to_owned()];
    for (word, expected) in [
        ("of-the-server", passed.as_slice()),
        ("a-key", &[]),
        ("another-key", &[]),
        ("sleeping-key", &[]),
        (&living, &[]),
        (&over.access, &[]),
        (&login, &[]),
        (OPERATOR, &[]),
    ] {
        let mut session = None;
        for (id, method) in [(1, "initialize"), (2, "tools/call")] {
            let mut ask = request(Method::POST, "/mcp/up");
            let headers = ask.headers_mut();
            headers.insert("x-key", "a-key".parse().unwrap());
            let bearer = format!("Bearer {word}").parse().unwrap();
            headers.insert(header::AUTHORIZATION, bearer);
            headers.extend(
                session
                    .take()
                    .map(|id| (HeaderName::from_static("mcp-session-id"), id)),
            );
            let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" }, "name": "echo", "arguments": {} });
            let asked = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
            *ask.body_mut() = asked.to_string().into();
            heard.lock().unwrap().clear();
            let answer = stage.send(ask).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
            session = answer.headers.get("mcp-session-id").cloned();
        }
        assert_eq!(*heard.lock().unwrap(), expected, "{word}");
    }
}

#[tokio::test]
async fn an_open_door_stays_open_and_a_token_narrows_it() {
    let mut open = settings();
    open["systemConfig"] = json!({});
    let stage = Stage::new(&open.to_string()).await;
    assert_eq!(status(&stage, "/mcp/team-b", "").await, 200);
    let client = register(&stage).await;
    let token = sign_in(&stage, &client, "alice").await.access;
    assert_eq!(status(&stage, "/mcp/team-a", &token).await, 200);
    assert_ne!(status(&stage, "/mcp/team-b", &token).await, 200);
}
