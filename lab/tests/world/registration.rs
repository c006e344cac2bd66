//! Registered clients: what registration refuses, and how a client must prove itself afterwards.

use mcphub_lab::{
    AuthMethod, Decision, Endpoint, Redirects, RefreshTokens, Registration, Switches, World,
};
use serde_json::json;

use crate::plain::*;

async fn world() -> World {
    World::start(Switches::default()).await.unwrap()
}

#[tokio::test]
async fn a_client_proves_itself_only_as_registered() {
    let world = world().await;
    let body =
        json!({ "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "client_secret_post" });
    let registered = json_of(register(&world, &body).await).await;
    let (id, secret) = (
        text(&registered, "client_id"),
        text(&registered, "client_secret"),
    );
    let code = code(&world, id).await;
    let fields = exchange(&world, id, &code);
    let basic = http()
        .post(world.endpoint_url("token"))
        .basic_auth(id, Some(secret));
    let basic = basic
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&fields));
    assert_eq!(basic.send().await.unwrap().status(), 401);
    assert_eq!(
        token(&world, &with(fields.clone(), "client_secret", "wrong"))
            .await
            .0,
        401
    );
    assert_eq!(token(&world, &fields).await.0, 401);
    let (status, answer) = token(&world, &with(fields, "client_secret", secret)).await;
    assert_eq!(
        status, 200,
        "a refused client must not cost the code: {answer}"
    );
}

#[tokio::test]
async fn a_secret_that_has_expired_is_refused() {
    let world = World::start(Switches {
        secret_life: Some(60),
        ..Switches::default()
    })
    .await
    .unwrap();
    let body =
        json!({ "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "client_secret_post" });
    let registered = json_of(register(&world, &body).await).await;
    let fields = exchange(&world, text(&registered, "client_id"), "no code");
    let fields = with(fields, "client_secret", text(&registered, "client_secret"));
    assert_eq!(token(&world, &fields).await.1["error"], "invalid_grant");
    world.advance(std::time::Duration::from_secs(61));
    assert_eq!(token(&world, &fields).await.1["error"], "invalid_client");
}

#[tokio::test]
async fn registration_refuses_what_it_does_not_offer() {
    let world = World::start(Switches {
        auth_methods: vec![AuthMethod::Basic],
        ..Switches::default()
    })
    .await
    .unwrap();
    let cases = [
        (
            json!({ "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none" }),
            "invalid_client_metadata",
        ),
        (
            json!({ "redirect_uris": [REDIRECT], "grant_types": ["implicit"] }),
            "invalid_client_metadata",
        ),
        (json!({ "redirect_uris": [] }), "invalid_redirect_uri"),
        (
            json!({ "redirect_uris": ["http://example.org/callback"] }),
            "invalid_redirect_uri",
        ),
        (
            json!({ "redirect_uris": ["https://example.org/callback#x"] }),
            "invalid_redirect_uri",
        ),
        (json!([]), "invalid_client_metadata"),
    ];
    for (body, error) in cases {
        let answer = register(&world, &body).await;
        assert_eq!(answer.status(), 400);
        assert_eq!(json_of(answer).await["error"], error, "{body}");
    }
    let https = json!({ "redirect_uris": ["https://example.org/callback"] });
    assert_eq!(register(&world, &https).await.status(), 201);
    world.switches(|switches| switches.registration_redirects = Redirects::LoopbackOnly);
    assert_eq!(
        json_of(register(&world, &https).await).await["error"],
        "invalid_redirect_uri"
    );
}

#[tokio::test]
async fn registration_can_be_guarded_refused_or_absent() {
    let world = World::start(Switches {
        registration: Registration::Protected("let-me-in".to_owned()),
        ..Switches::default()
    })
    .await
    .unwrap();
    let body = json!({ "redirect_uris": [REDIRECT] });
    assert_eq!(register(&world, &body).await.status(), 401);
    let guarded = http()
        .post(world.endpoint_url("register"))
        .bearer_auth("let-me-in")
        .json(&body);
    assert_eq!(guarded.send().await.unwrap().status(), 201);
    world.switches(|switches| switches.registration = Registration::Refused);
    let refused = register(&world, &body).await;
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.text().await.unwrap(), "Forbidden");
    world.switches(|switches| switches.registration = Registration::Absent);
    assert_eq!(register(&world, &body).await.status(), 404);
    assert_eq!(world.counts().of(Endpoint::Register), 4);
    assert_eq!(world.counts().registered, 1);
}

#[tokio::test]
async fn no_refresh_token_comes_unless_the_client_may_refresh() {
    let world = world().await;
    let body = json!({ "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none" });
    let client_id = text(&json_of(register(&world, &body).await).await, "client_id").to_owned();
    let granted = async |scope: Option<&str>, client_id: &str| {
        let fields = authorization(&world, client_id);
        let fields = if let Some(scope) = scope {
            with(fields, "scope", scope)
        } else {
            fields
        };
        let back = way_back(&world, &fields, Decision::Allow).await;
        token(
            &world,
            &exchange(&world, client_id, field(&back, "code").unwrap()),
        )
        .await
        .1
    };
    assert!(granted(None, &client_id).await["refresh_token"].is_null());
    let full = public_client(&world).await;
    assert!(granted(None, &full).await["refresh_token"].is_string());
    world.switches(|switches| switches.refresh_tokens = RefreshTokens::OfflineAccess);
    assert!(granted(None, &full).await["refresh_token"].is_null());
    assert!(granted(Some("tools:read offline_access"), &full).await["refresh_token"].is_string());
}
