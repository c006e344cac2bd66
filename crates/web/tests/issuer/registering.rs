//! Clients that register themselves.

use http::{Method, StatusCode, header};
use serde_json::json;

use crate::client::{allow, authorize, back, code, post, register, settings, show, stage};
use crate::stage::{OPERATOR, Stage};

// rule: mcphub-stranger-writes-nothing
#[tokio::test]
async fn a_stranger_writes_nothing_into_the_settings_before_somebody_agreed() {
    let stage = stage().await;
    let before = stage.written();
    let client = register(&stage).await;
    show(&stage, &authorize(&client, &[])).await;
    assert_eq!(stage.written(), before);
    code(&stage, &client, "alice", &[]).await;
    let clients = &stage.settings()["oauthClients"];
    assert_eq!(clients[0]["clientId"], client.as_str());
    assert_eq!(clients[0]["name"], "Claude");
    assert_eq!(clients[0]["redirectUris"], json!(["http://127.0.0.1/cb"]));
    assert_eq!(clients.as_array().unwrap().len(), 1);
}

// rule: mcphub-registration-pace
#[tokio::test]
async fn strangers_come_at_a_pace() {
    let stage = stage().await;
    for _ in 0..30 {
        register(&stage).await;
    }
    let body = || Some(json!({ "redirect_uris": ["http://127.0.0.1/cb"] }));
    let late = stage
        .ask_as(None, Method::POST, "/oauth/register", body())
        .await;
    assert_eq!(late.status, StatusCode::TOO_MANY_REQUESTS, "{}", late.text);
    assert_eq!(late.header(header::RETRY_AFTER), "60");
    stage.clock.advance(std::time::Duration::from_secs(60));
    register(&stage).await;
}

// rule: mcphub-registration-pace
#[tokio::test]
async fn what_is_larger_than_any_request_of_a_client_is_not_read() {
    let stage = stage().await;
    for path in ["/oauth/register", "/oauth/token", "/oauth/revoke"] {
        let answer = post(&stage, path, &[("scope", &"read ".repeat(20_000))]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(answer.text.contains("did not come"), "{}", answer.text);
    }
}

#[tokio::test]
async fn what_cannot_be_registered_is_told_in_the_words_of_the_standard() {
    let stage = stage().await;
    let body = json!({ "redirect_uris": ["javascript:alert(1)"] });
    let answer = stage
        .ask_as(None, Method::POST, "/oauth/register", Some(body))
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.json()["error"], "invalid_redirect_uri");
    assert!(answer.json()["error_description"].is_string());
}

// rule: mcphub-registration-authentication
#[tokio::test]
async fn where_registering_takes_a_login_strangers_do_not_register() {
    let mut careful = settings();
    careful["systemConfig"]["oauthServer"] =
        json!({ "dynamicRegistration": { "requiresAuthentication": true } });
    let stage = Stage::new(&careful.to_string()).await;
    let body = || Some(json!({ "redirect_uris": ["http://127.0.0.1/cb"] }));
    let path = "/oauth/register";
    for stranger in [None, Some("guessed")] {
        let answer = stage.ask_as(stranger, Method::POST, path, body()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{stranger:?}");
    }
    let answer = stage
        .ask_as(Some(OPERATOR), Method::POST, path, body())
        .await;
    assert_eq!(answer.status, StatusCode::CREATED);
    careful["systemConfig"]["oauthServer"] = json!({ "dynamicRegistration": { "enabled": false } });
    let stage = Stage::new(&careful.to_string()).await;
    let answer = stage
        .ask_as(Some(OPERATOR), Method::POST, path, body())
        .await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let server = stage.get("/.well-known/oauth-authorization-server").await;
    assert!(server.json().get("registration_endpoint").is_none());
}

#[tokio::test]
async fn a_client_that_a_person_wrote_down_is_let_in_as_well() {
    let mut written = settings();
    written["oauthClients"] = json!([{ "clientId": "mine", "name": "Mine", "redirectUris": ["http://127.0.0.1/cb"], "grants": ["authorization_code"] }]);
    let stage = Stage::new(&written.to_string()).await;
    let shown = show(&stage, &authorize("mine", &[])).await;
    assert!(shown.answer.text.contains("Mine"), "{}", shown.answer.text);
    assert!(back(&allow(&stage, &shown, "alice").await).is_some());
}

// rule: as-client-document-inner
#[tokio::test]
async fn a_document_at_an_inner_address_is_never_asked_for() {
    let mut open = settings();
    open["systemConfig"]["oauthServer"] = json!({ "clientIdMetadata": { "enabled": true } });
    let stage = Stage::new(&open.to_string()).await;
    let canary = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = canary.local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
        let id = format!("https://{host}:{port}/client.json");
        let shown = show(&stage, &authorize(&id, &[])).await;
        assert_eq!(shown.answer.status, StatusCode::BAD_REQUEST, "{id}");
        assert!(
            shown.answer.text.contains("MCPHUB-HUB-022"),
            "{}",
            shown.answer.text
        );
    }
    let touched = tokio::select! {
        biased;
        _ = canary.accept() => true,
        () = std::future::ready(()) => false,
    };
    assert!(!touched, "an inner address was asked");
    let server = stage.get("/.well-known/oauth-authorization-server").await;
    assert_eq!(server.json()["client_id_metadata_document_supported"], true);
}
