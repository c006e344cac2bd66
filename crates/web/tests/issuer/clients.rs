//! The clients that stand in the settings: how one shows itself, who sees it, and what ends with it; also what MCPHub stored.

use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::client::{
    BACK, HUB, VERIFIER, code, error, form, initialize, post, redeem, refresh, register, settings,
    sign_in, stage, status, tokens,
};
use crate::stage::{Stage, request};
use crate::streams::{ends, goes_on, opened};

// rule: mcphub-token-client
#[tokio::test]
async fn the_tokens_of_a_client_end_when_it_is_taken_out_of_the_settings() {
    let stage = stage().await;
    let (client, other) = (register(&stage).await, register(&stage).await);
    let given = sign_in(&stage, &client, "alice").await;
    let stays = sign_in(&stage, &other, "alice").await;
    let mut written = stage.settings();
    let clients = written["oauthClients"].as_array_mut().unwrap();
    clients.retain(|entry| entry["clientId"] != client.as_str());
    std::fs::write(stage.path(), written.to_string()).unwrap();
    stage.hub.store().reload().await;
    assert_eq!(status(&stage, "/mcp", &given.access).await, 401);
    assert_eq!(status(&stage, "/mcp", &stays.access).await, 200);
    assert_eq!(
        error(&refresh(&stage, &client, &given.refresh).await),
        "invalid_client"
    );
}

// rule: mcphub-token-client
#[tokio::test]
async fn an_administrator_sees_who_was_let_in_and_ends_it() {
    let mut written = settings();
    written["oauthClients"] = json!([{ "clientId": "of/mcphub", "clientSecret": "very secret", "name": "Old", "redirectUris": [BACK],
        "grants": ["authorization_code"], "scopes": ["read"], "owner": "admin" }, 7, {}]);
    let stage = Stage::new(&written.to_string()).await;
    let (client, other) = (register(&stage).await, register(&stage).await);
    let given = sign_in(&stage, &client, "alice").await;
    let stays = sign_in(&stage, &other, "alice").await;
    let listed = stage.get("/api/oauth/clients").await;
    assert!(!listed.text.contains("ecret"), "{}", listed.text);
    let listed = listed.json();
    assert_eq!(
        listed["clients"][0],
        json!({ "clientId": "of/mcphub", "name": "Old", "redirectUris": [BACK], "grants": ["authorization_code"], "scopes": ["read"], "owner": "admin", "letIn": [] })
    );
    assert_eq!(listed["clients"][1]["clientId"], client.as_str());
    assert_eq!(listed["clients"][1]["letIn"][0]["user"], "alice");
    let delete = async |id: &str| {
        let path = format!("/api/oauth/clients/{id}");
        stage.ask(Method::DELETE, &path, None).await.status.as_u16()
    };
    assert_eq!(delete("nobody").await, 404);
    assert_eq!(delete(&client).await, 200);
    assert_eq!(delete(&client).await, 404);
    assert_eq!(delete("of%2Fmcphub").await, 200);
    assert_eq!(status(&stage, "/mcp", &given.access).await, 401);
    assert_eq!(status(&stage, "/mcp", &stays.access).await, 200);
    let left = stage.settings();
    let ids = |list: &str| -> Vec<Value> {
        let list = left[list].as_array().unwrap().iter();
        list.filter_map(|entry| entry.get("clientId").cloned())
            .collect()
    };
    assert_eq!(ids("oauthClients"), [json!(other)]);
    assert_eq!(ids("oauthTokens"), [json!(other)]);
}

#[tokio::test]
async fn an_administrator_is_told_who_let_a_program_in_when_and_for_what() {
    let stage = stage().await;
    let client = register(&stage).await;
    sign_in(&stage, &client, "alice").await;
    let api = format!("{HUB}/api");
    let more = [("resource", api.as_str()), ("scope", "read")];
    let given = code(&stage, &client, "root", &more).await;
    tokens(&redeem(&stage, &client, &given).await);
    let written = stage.settings();
    let agreed = written["oauthTokens"][0]["agreedAt"].as_str().unwrap();
    let agreed = format!("{}Z", agreed.split('.').next().unwrap());
    let listed = stage.get("/api/oauth/clients").await.json();
    let told = &listed["clients"][0];
    assert_eq!(told["registeredAt"], agreed.as_str(), "the clock stands");
    assert!(told.get("isDocument").is_none());
    let let_in = json!([
        { "user": "alice", "agreedAt": agreed, "scopes": ["read", "write"], "resource": "/mcp", "opensApi": false },
        { "user": "root", "agreedAt": agreed, "scopes": ["read"], "resource": "/api", "opensApi": true },
    ]);
    assert_eq!(told["letIn"], let_in);
}

// rule: mcphub-token-client
#[tokio::test]
async fn a_code_that_waited_for_a_program_is_nothing_when_it_was_taken_out() {
    let stage = stage().await;
    let client = register(&stage).await;
    let first = code(&stage, &client, "alice", &[]).await;
    assert_eq!(redeem(&stage, &client, &first).await.status, StatusCode::OK);
    let waits = code(&stage, &client, "alice", &[]).await;
    let there = stage.settings()["oauthClients"].clone();
    let path = format!("/api/oauth/clients/{client}");
    let answer = stage.ask(Method::DELETE, &path, None).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let mut written = stage.settings();
    written["oauthClients"] = there;
    std::fs::write(stage.path(), written.to_string()).unwrap();
    stage.hub.store().reload().await;
    let answer = redeem(&stage, &client, &waits).await;
    assert_eq!(error(&answer), "invalid_grant");
}

// rule: mcphub-token-client
#[tokio::test]
async fn a_program_that_is_known_by_its_document_is_told_and_ended_as_others_are() {
    let id = "https://client.example/client.json";
    let mut written = settings();
    written["systemConfig"]["oauthServer"] = json!({ "clientIdMetadata": { "enabled": true } });
    written["oauthTokens"] = json!([{ "accessToken": "a1".repeat(32), "accessTokenExpiresAt": "2026-12-01T00:00:00.000Z",
        "scope": "read", "clientId": id, "username": "alice" }]);
    let stage = Stage::new(&written.to_string()).await;
    assert_eq!(status(&stage, "/mcp", &"a1".repeat(32)).await, 200);
    let listed = stage.get("/api/oauth/clients").await.json();
    let let_in = json!([{ "user": "alice", "scopes": ["read"], "opensApi": false }]);
    assert_eq!(
        listed["clients"],
        json!([{ "clientId": id, "name": id, "redirectUris": [], "grants": [], "isDocument": true, "letIn": let_in }])
    );
    let path = "/api/oauth/clients/https%3A%2F%2Fclient.example%2Fclient.json";
    let answer = stage.ask(Method::DELETE, path, None).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(status(&stage, "/mcp", &"a1".repeat(32)).await, 401);
    let listed = stage.get("/api/oauth/clients").await.json();
    assert_eq!(listed["clients"], json!([]));
}

// rule: mcphub-stream-token
#[tokio::test]
async fn a_stream_of_a_program_ends_when_an_administrator_takes_it_out() {
    let stage = stage().await;
    let client = register(&stage).await;
    let given = sign_in(&stage, &client, "alice").await.access;
    let session = initialize(&stage, "/mcp", &given).await;
    let session = session.header("mcp-session-id").to_owned();
    let mut stream = opened(&stage, &given, ("/mcp", &session)).await;
    assert!(goes_on(&mut stream));
    let path = format!("/api/oauth/clients/{client}");
    let answer = stage.ask(Method::DELETE, &path, None).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert!(ends(stream).await);
}

#[tokio::test]
async fn what_mcphub_stored_is_honoured_and_what_cannot_be_read_opens_nothing() {
    let (access, renewal) = ("a1".repeat(32), "b2".repeat(32));
    let pair = |token: &str, until: Value, user: &str| {
        json!({ "accessToken": token, "accessTokenExpiresAt": until, "refreshToken": format!("{token}-r"), "refreshTokenExpiresAt": until,
            "scope": "read write", "clientId": "c", "username": user })
    };
    let soon = json!("2026-12-01T00:00:00.000Z");
    let mut good = pair(&access, soon.clone(), "alice");
    good["refreshToken"] = renewal.as_str().into();
    let odd = json!([
        7, null, "x", [], {},
        { "accessToken": 7, "clientId": [], "username": {} },
        pair("over", json!("2020-01-01T00:00:00.000Z"), "alice"),
        pair("never", json!("soon"), "alice"),
        pair("number", json!(1_900_000_000_000_u64), "alice"),
        pair("nobody's", soon, "nobody"),
    ]);
    let mut written = settings();
    written["oauthClients"] = json!([{ "clientId": "c", "clientSecret": "s", "name": "Old", "redirectUris": [BACK], "grants": ["authorization_code", "refresh_token"] }]);
    written["oauthTokens"] = odd.clone();
    written["oauthTokens"].as_array_mut().unwrap().push(good);
    let stage = Stage::new(&written.to_string()).await;
    assert_eq!(status(&stage, "/mcp", &access).await, 200);
    for token in ["over", "never", "number", "nobody's", "x", "7"] {
        assert_eq!(status(&stage, "/mcp", token).await, 401, "{token}");
    }
    let renew = async |word: &str| {
        let pairs = [
            ("grant_type", "refresh_token"),
            ("client_id", "c"),
            ("client_secret", "s"),
            ("refresh_token", word),
        ];
        post(&stage, "/oauth/token", &pairs).await
    };
    for token in ["over-r", "never-r", "number-r", "nobody's-r"] {
        assert_eq!(error(&renew(token).await), "invalid_grant", "{token}");
    }
    let next = tokens(&renew(&renewal).await);
    assert_eq!(status(&stage, "/mcp", &next.access).await, 200);
    let next = tokens(&renew(&next.refresh).await);
    assert_eq!(status(&stage, "/mcp", &next.access).await, 200);
}

// rule: rfc6749-3.2.1, rfc6749-2.3
#[tokio::test]
async fn a_client_with_a_secret_shows_it() {
    let mut written = settings();
    written["oauthClients"] = json!([{ "clientId": "c", "clientSecret": "s", "name": "C", "redirectUris": ["http://127.0.0.1/cb"] }]);
    let stage = Stage::new(&written.to_string()).await;
    let with = async |secret: Option<&str>| {
        let code = code(&stage, "c", "alice", &[]).await;
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("client_id", "c"),
            ("code", code.as_str()),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        pairs.extend(secret.map(|secret| ("client_secret", secret)));
        post(&stage, "/oauth/token", &pairs).await
    };
    for wrong in [None, Some("t")] {
        let answer = with(wrong).await;
        assert_eq!(
            (answer.status.as_u16(), error(&answer)),
            (401, "invalid_client".into())
        );
    }
    tokens(&with(Some("s")).await);
    let mut basic = request(Method::POST, "/oauth/token");
    let wrong = "Basic Yzp0".parse().unwrap();
    basic.headers_mut().insert(header::AUTHORIZATION, wrong);
    *basic.body_mut() = form(&[("grant_type", "refresh_token")]).into();
    let answer = stage.send(basic).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.header(header::WWW_AUTHENTICATE).starts_with("Basic"));
}
