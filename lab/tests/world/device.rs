//! Device authorization: the person decides, and questions keep their distance.

use std::time::Duration;

use mcphub_lab::{Decision, Endpoint, Switches, World};
use serde_json::{Value, json};

use crate::plain::*;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn world() -> World {
    World::start(Switches {
        device: true,
        ..Switches::default()
    })
    .await
    .unwrap()
}

/// A client that is registered for it, and its first code.
async fn begun(world: &World) -> (String, Value) {
    let body = json!({
        "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none",
        "grant_types": [GRANT_TYPE, "refresh_token"], "response_types": [],
    });
    let registered = json_of(register(world, &body).await).await;
    let client_id = text(&registered, "client_id").to_owned();
    let fields = [
        ("client_id", client_id.clone()),
        ("resource", world.mcp_url()),
    ];
    let answer = post_form(world.endpoint_url("device_authorization"), &fields).await;
    assert_eq!(answer.status(), 200);
    (client_id, json_of(answer).await)
}

async fn ask(world: &World, client_id: &str, begun: &Value) -> (u16, Value) {
    world.advance(Duration::from_secs(5));
    let fields = [
        ("grant_type", GRANT_TYPE.to_owned()),
        ("device_code", text(begun, "device_code").to_owned()),
        ("client_id", client_id.to_owned()),
        ("resource", world.mcp_url()),
    ];
    token(world, &fields).await
}

// rule: at-58
#[tokio::test]
async fn the_token_comes_once_when_the_person_has_decided() {
    let world = world().await;
    let (client_id, begun) = begun(&world).await;
    assert_eq!(world.user_codes(), [text(&begun, "user_code")]);
    assert_eq!(
        ask(&world, &client_id, &begun).await.1["error"],
        "authorization_pending"
    );
    assert!(world.decide_device(text(&begun, "user_code"), Decision::Allow));
    let (status, tokens) = ask(&world, &client_id, &begun).await;
    assert_eq!(status, 200);
    session(&world, text(&tokens, "access_token")).await;
    assert!(tokens["refresh_token"].is_string());
    assert_eq!(
        ask(&world, &client_id, &begun).await.1["error"],
        "invalid_grant"
    );
    assert_eq!(world.counts().of(Endpoint::Device), 1);
}

// rule: at-58
#[tokio::test]
async fn who_asks_too_soon_is_told_to_slow_down_for_good() {
    let world = world().await;
    let (client_id, begun) = begun(&world).await;
    assert_eq!(
        ask(&world, &client_id, &begun).await.1["error"],
        "authorization_pending"
    );
    let fields = [
        ("grant_type", GRANT_TYPE.to_owned()),
        ("device_code", text(&begun, "device_code").to_owned()),
        ("client_id", client_id.clone()),
    ];
    assert_eq!(token(&world, &fields).await.1["error"], "slow_down");
    assert_eq!(
        ask(&world, &client_id, &begun).await.1["error"],
        "slow_down",
        "5 s are too few now"
    );
    assert_eq!(world.counts().asked_too_soon, 2);
    world.advance(Duration::from_secs(600));
    assert_eq!(
        ask(&world, &client_id, &begun).await.1["error"],
        "expired_token"
    );
}

// rule: at-58
#[tokio::test]
async fn the_page_and_the_control_decide_alike() {
    let world = world().await;
    let (client_id, begun) = begun(&world).await;
    let typed = text(&begun, "user_code").to_ascii_lowercase();
    let page = http()
        .get(text(&begun, "verification_uri_complete"))
        .send()
        .await
        .unwrap();
    assert!(
        page.text()
            .await
            .unwrap()
            .contains(text(&begun, "user_code"))
    );
    let fields = [("user_code", typed), ("decision", "deny".to_owned())];
    let said = post_form(text(&begun, "verification_uri").to_owned(), &fields).await;
    assert_eq!(said.status(), 200);
    assert_eq!(
        ask(&world, &client_id, &begun).await.1["error"],
        "access_denied"
    );
    let control = world.mcp_url().replace("/mcp", "/lab/device");
    let decide = json!({"decision": "allow"});
    let nobody = http().post(&control).json(&decide).send().await.unwrap();
    assert_eq!(nobody.status(), 400, "nothing waits any more");
}
