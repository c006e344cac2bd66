//! Refresh tokens: rotation, reuse, narrowing, revocation and the life of access tokens.

use std::time::Duration;

use mcphub_lab::{Endpoint, Rotation, Switches, TokenAnswers, TokenShape, World};
use serde_json::json;

use crate::plain::*;

async fn world(rotation: Rotation) -> World {
    World::start(Switches {
        rotation,
        ..Switches::default()
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_reused_refresh_token_ends_the_whole_family() {
    let world = world(Rotation::Strict).await;
    let (client_id, first) = signed_in(&world).await;
    let old = refresh(&world, &client_id, text(&first, "refresh_token"));
    let (status, second) = token(&world, &old).await;
    assert_eq!(status, 200);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    session(&world, text(&second, "access_token")).await;
    let (status, answer) = token(&world, &old).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")));
    assert_eq!(
        mcp(
            &world,
            &initialize(),
            Some(text(&second, "access_token")),
            None
        )
        .await
        .status(),
        401
    );
    let newest = refresh(&world, &client_id, text(&second, "refresh_token"));
    assert_eq!(token(&world, &newest).await.1["error"], "invalid_grant");
    let counts = world.counts();
    assert_eq!(
        (
            counts.renewed,
            counts.reuse_detected,
            counts.families_revoked
        ),
        (1, 1, 1)
    );
}

#[tokio::test]
async fn without_rotation_the_answer_brings_no_refresh_token() {
    let world = world(Rotation::Off).await;
    let (client_id, first) = signed_in(&world).await;
    let fields = refresh(&world, &client_id, text(&first, "refresh_token"));
    for _twice in 0..2 {
        let (status, answer) = token(&world, &fields).await;
        assert_eq!(status, 200);
        assert!(answer["refresh_token"].is_null());
        session(&world, text(&answer, "access_token")).await;
    }
}

#[tokio::test]
async fn a_lenient_server_takes_the_old_token_until_the_new_one_is_used() {
    let world = world(Rotation::Lenient).await;
    let (client_id, first) = signed_in(&world).await;
    let old = refresh(&world, &client_id, text(&first, "refresh_token"));
    assert_eq!(token(&world, &old).await.0, 200);
    let (status, again) = token(&world, &old).await;
    assert_eq!(status, 200);
    let new = refresh(&world, &client_id, text(&again, "refresh_token"));
    assert_eq!(token(&world, &new).await.0, 200);
    assert_eq!(token(&world, &old).await.1["error"], "invalid_grant");
    assert_eq!(world.counts().reuse_detected, 1);
}

#[tokio::test]
async fn a_refresh_may_ask_for_less_and_a_refused_one_costs_nothing() {
    let world = world(Rotation::Strict).await;
    let (client_id, first) = signed_in(&world).await;
    let fields = refresh(&world, &client_id, text(&first, "refresh_token"));
    assert_eq!(
        token(&world, &with(fields.clone(), "scope", "admin"))
            .await
            .1["error"],
        "invalid_scope"
    );
    assert_eq!(
        token(&world, &without(fields.clone(), "resource")).await.1["error"],
        "invalid_target"
    );
    let (status, answer) = token(&world, &with(fields, "scope", "tools:read")).await;
    assert_eq!((status, &answer["scope"]), (200, &json!("tools:read")));
}

#[tokio::test]
async fn an_expired_access_token_is_refused_and_its_successor_works() {
    let world = world(Rotation::Strict).await;
    let (client_id, first) = signed_in(&world).await;
    let access = text(&first, "access_token");
    session(&world, access).await;
    world.expire_access_tokens();
    let refused = mcp(&world, &initialize(), Some(access), None).await;
    assert_eq!(refused.status(), 401);
    assert!(
        refused.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .contains("invalid_token")
    );
    let (_, second) = token(
        &world,
        &refresh(&world, &client_id, text(&first, "refresh_token")),
    )
    .await;
    session(&world, text(&second, "access_token")).await;
}

#[tokio::test]
async fn an_access_token_lives_as_long_as_the_switch_says() {
    let world = World::start(Switches {
        token_life: 5,
        ..Switches::default()
    })
    .await
    .unwrap();
    let (_, tokens) = signed_in(&world).await;
    assert_eq!(tokens["expires_in"], 5);
    session(&world, text(&tokens, "access_token")).await;
    world.advance(Duration::from_secs(5));
    assert_eq!(
        mcp(
            &world,
            &initialize(),
            Some(text(&tokens, "access_token")),
            None
        )
        .await
        .status(),
        401
    );
}

#[tokio::test]
async fn an_ended_grant_cannot_be_renewed() {
    let world = world(Rotation::Off).await;
    let (client_id, tokens) = signed_in(&world).await;
    world.end_grants();
    let fields = refresh(&world, &client_id, text(&tokens, "refresh_token"));
    assert_eq!(token(&world, &fields).await.1["error"], "invalid_grant");
    assert_eq!(world.counts().reuse_detected, 0);
}

#[tokio::test]
async fn revoking_the_refresh_token_ends_the_access_token_too() {
    let world = world(Rotation::Strict).await;
    let (client_id, tokens) = signed_in(&world).await;
    let fields = [
        ("client_id", client_id),
        ("token", text(&tokens, "refresh_token").to_owned()),
    ];
    assert_eq!(
        post_form(world.endpoint_url("revoke"), &fields)
            .await
            .status(),
        200
    );
    assert_eq!(
        mcp(
            &world,
            &initialize(),
            Some(text(&tokens, "access_token")),
            None
        )
        .await
        .status(),
        401
    );
    assert_eq!(
        post_form(world.endpoint_url("revoke"), &fields)
            .await
            .status(),
        200
    );
    assert_eq!(world.counts().revoked, 1);
    assert_eq!(world.requests_at(Endpoint::Revoke).len(), 2);
}

#[tokio::test]
async fn token_answers_can_be_forms_and_their_errors_come_with_200() {
    let world = World::start(Switches {
        token_answers: TokenAnswers::Form,
        ..Switches::default()
    })
    .await
    .unwrap();
    let client_id = public_client(&world).await;
    let code = code(&world, &client_id).await;
    let fields = exchange(&world, &client_id, &code);
    let answer = post_form(world.endpoint_url("token"), &fields).await;
    assert_eq!(
        answer.headers()["content-type"],
        "application/x-www-form-urlencoded"
    );
    let answer = answer.text().await.unwrap();
    assert!(
        answer.contains("access_token=at-") && answer.contains("expires_in=3600"),
        "{answer}"
    );
    let again = post_form(world.endpoint_url("token"), &fields).await;
    assert_eq!(again.status(), 200);
    assert!(
        again
            .text()
            .await
            .unwrap()
            .starts_with("error=invalid_grant")
    );
}

#[tokio::test]
async fn life_and_scope_can_be_left_unsaid_and_tokens_can_look_like_jwts() {
    let switches = Switches {
        announce_life: false,
        announce_scope: false,
        token_shape: TokenShape::Jwt,
        ..Switches::default()
    };
    let world = World::start(switches).await.unwrap();
    let (_, tokens) = signed_in(&world).await;
    assert!(tokens["expires_in"].is_null() && tokens["scope"].is_null());
    let access = text(&tokens, "access_token");
    assert_eq!(access.split('.').count(), 3);
    session(&world, access).await;
}
