//! What a client does wrongly, and how it is refused.

use mcphub_lab::{Browser, Decision, Indicators, Switches, World};
use serde_json::{Value, json};

use crate::plain::*;

async fn world() -> World {
    World::start(Switches::default()).await.unwrap()
}

/// Status and error of a code exchange with one field changed.
async fn exchange_with(world: &World, name: &'static str, value: &str) -> (u16, Value) {
    let client_id = public_client(world).await;
    let code = code(world, &client_id).await;
    let (status, answer) = token(
        world,
        &with(exchange(world, &client_id, &code), name, value),
    )
    .await;
    (status, answer["error"].clone())
}

/// The error that the redirect carries for a changed authorization request.
async fn refused_in_redirect(world: &World, fields: &[(&'static str, String)]) -> String {
    let back = way_back(world, fields, Decision::Allow).await;
    assert_eq!(field(&back, "state"), Some("s1"));
    field(&back, "error").unwrap().to_owned()
}

#[tokio::test]
async fn a_wrong_verifier_costs_the_code() {
    let world = world().await;
    let client_id = public_client(&world).await;
    let code = code(&world, &client_id).await;
    let right = exchange(&world, &client_id, &code);
    let wrong = with(
        right.clone(),
        "code_verifier",
        "another-verifier-of-more-than-forty-three-characters",
    );
    assert_eq!(token(&world, &wrong).await.1["error"], "invalid_grant");
    assert_eq!(token(&world, &right).await.1["error"], "invalid_grant");
    assert_eq!(world.counts().tokens_issued, 0);
}

#[tokio::test]
async fn a_verifier_that_is_too_short_is_refused_even_when_it_fits() {
    let world = world().await;
    let client_id = public_client(&world).await;
    let fields = with(
        authorization(&world, &client_id),
        "code_challenge",
        &challenge("short"),
    );
    let back = way_back(&world, &fields, Decision::Allow).await;
    let fields = with(
        exchange(&world, &client_id, field(&back, "code").unwrap()),
        "code_verifier",
        "short",
    );
    assert_eq!(token(&world, &fields).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn a_replayed_code_ends_what_its_first_use_gave() {
    let world = world().await;
    let client_id = public_client(&world).await;
    let code = code(&world, &client_id).await;
    let fields = exchange(&world, &client_id, &code);
    let (_, tokens) = token(&world, &fields).await;
    let access = text(&tokens, "access_token");
    session(&world, access).await;
    let (status, answer) = token(&world, &fields).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")));
    assert_eq!(
        mcp(&world, &initialize(), Some(access), None)
            .await
            .status(),
        401
    );
    let renewal = refresh(&world, &client_id, text(&tokens, "refresh_token"));
    assert_eq!(token(&world, &renewal).await.1["error"], "invalid_grant");
    let counts = world.counts();
    assert_eq!((counts.codes_reused, counts.families_revoked), (1, 1));
}

#[tokio::test]
async fn a_code_grows_old_within_a_minute() {
    let world = world().await;
    let client_id = public_client(&world).await;
    let code = code(&world, &client_id).await;
    world.advance(std::time::Duration::from_secs(61));
    assert_eq!(
        token(&world, &exchange(&world, &client_id, &code)).await.1["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn a_code_is_of_no_use_to_another_client_and_is_not_lost_by_the_attempt() {
    let world = world().await;
    let (owner, stranger) = (public_client(&world).await, public_client(&world).await);
    let code = code(&world, &owner).await;
    assert_eq!(
        token(&world, &exchange(&world, &stranger, &code)).await.1["error"],
        "invalid_grant"
    );
    assert_eq!(token(&world, &exchange(&world, &owner, &code)).await.0, 200);
}

#[tokio::test]
async fn another_redirect_uri_at_the_exchange_is_refused() {
    let world = world().await;
    let refused = exchange_with(&world, "redirect_uri", "http://127.0.0.1:9/callback/").await;
    assert_eq!(refused, (400, json!("invalid_grant")));
}

#[tokio::test]
async fn another_resource_at_the_exchange_is_refused() {
    let world = world().await;
    let refused = exchange_with(&world, "resource", "https://other.test/mcp").await;
    assert_eq!(refused, (400, json!("invalid_target")));
}

#[tokio::test]
async fn redirect_uris_are_compared_byte_for_byte_and_the_person_is_told() {
    let world = world().await;
    let client_id = public_client(&world).await;
    let browser = Browser::new().unwrap();
    for wrong in [
        "http://127.0.0.1:9/callback/",
        "http://127.0.0.1:10/callback",
        "http://127.0.0.1:9/callback?x=1",
        "https://evil.test/",
    ] {
        let url = authorization_url(
            &world,
            &with(authorization(&world, &client_id), "redirect_uri", wrong),
        );
        let page = browser.open(&url).await.unwrap();
        assert_eq!((page.status, page.location), (400, None), "{wrong}");
        assert!(page.body.contains("redirect URI"), "{}", page.body);
    }
}

#[tokio::test]
async fn the_port_of_a_loopback_redirect_is_free_only_by_switch() {
    let world = world().await;
    let client_id = public_client(&world).await;
    let other_port = with(
        authorization(&world, &client_id),
        "redirect_uri",
        "http://127.0.0.1:4711/callback",
    );
    let other_path = with(
        authorization(&world, &client_id),
        "redirect_uri",
        "http://127.0.0.1:4711/other",
    );
    let browser = Browser::new().unwrap();
    let open = async |fields: &[_]| {
        browser
            .open(&authorization_url(&world, fields))
            .await
            .unwrap()
            .status
    };
    assert_eq!(open(&other_port).await, 400);
    world.switches(|switches| switches.loopback_any_port = true);
    assert_eq!(open(&other_port).await, 200);
    assert_eq!(open(&other_path).await, 400);
}

#[tokio::test]
async fn mistakes_in_the_authorization_request_go_back_to_the_client() {
    let world = world().await;
    let client_id = public_client(&world).await;
    let right = authorization(&world, &client_id);
    let cases = [
        (without(right.clone(), "code_challenge"), "invalid_request"),
        (
            with(right.clone(), "code_challenge_method", "plain"),
            "invalid_request",
        ),
        (
            with(right.clone(), "response_type", "token"),
            "unsupported_response_type",
        ),
        (
            with(right.clone(), "resource", "https://other.test/mcp"),
            "invalid_target",
        ),
        (without(right.clone(), "resource"), "invalid_target"),
        (
            with(right.clone(), "scope", "tools:read admin"),
            "invalid_scope",
        ),
    ];
    for (fields, error) in cases {
        assert_eq!(refused_in_redirect(&world, &fields).await, error);
    }
}

#[tokio::test]
async fn a_token_without_an_audience_opens_no_mcp_server() {
    let world = World::start(Switches {
        indicators: Indicators::Checked,
        ..Switches::default()
    })
    .await
    .unwrap();
    let client_id = public_client(&world).await;
    let back = way_back(
        &world,
        &without(authorization(&world, &client_id), "resource"),
        Decision::Allow,
    )
    .await;
    let fields = without(
        exchange(&world, &client_id, field(&back, "code").unwrap()),
        "resource",
    );
    let (status, tokens) = token(&world, &fields).await;
    assert_eq!(status, 200);
    let refused = mcp(
        &world,
        &initialize(),
        Some(text(&tokens, "access_token")),
        None,
    )
    .await;
    assert_eq!(refused.status(), 401);
    let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.contains("error=\"invalid_token\"") && challenge.contains("another resource"),
        "{challenge}"
    );
}

#[tokio::test]
async fn a_server_that_takes_no_resource_says_so_and_works_without() {
    let world = World::start(Switches {
        indicators: Indicators::Refused,
        ..Switches::default()
    })
    .await
    .unwrap();
    let client_id = public_client(&world).await;
    assert_eq!(
        refused_in_redirect(&world, &authorization(&world, &client_id)).await,
        "invalid_target"
    );
    let back = way_back(
        &world,
        &without(authorization(&world, &client_id), "resource"),
        Decision::Allow,
    )
    .await;
    let fields = without(
        exchange(&world, &client_id, field(&back, "code").unwrap()),
        "resource",
    );
    let (_, tokens) = token(&world, &fields).await;
    session(&world, text(&tokens, "access_token")).await;
}

#[tokio::test]
async fn a_forgotten_client_is_refused_on_the_page_and_at_the_token_endpoint() {
    let world = world().await;
    let (client_id, tokens) = signed_in(&world).await;
    world.forget_clients();
    let page = Browser::new()
        .unwrap()
        .open(&authorization_url(
            &world,
            &authorization(&world, &client_id),
        ))
        .await
        .unwrap();
    assert_eq!((page.status, page.location), (400, None));
    let (status, answer) = token(
        &world,
        &refresh(&world, &client_id, text(&tokens, "refresh_token")),
    )
    .await;
    assert_eq!((status, &answer["error"]), (401, &json!("invalid_client")));
}
