//! Trouble on order, holds, and the control endpoints.

use std::time::Duration;

use mcphub_lab::{Endpoint, Fault, Switches, Trouble, World};
use serde_json::json;

use crate::plain::*;

async fn world() -> World {
    World::start(Switches::default()).await.unwrap()
}

async fn metadata(world: &World) -> Result<reqwest::Response, reqwest::Error> {
    http()
        .get(format!(
            "{}/.well-known/oauth-authorization-server",
            world.issuer()
        ))
        .send()
        .await
}

#[tokio::test]
async fn the_token_endpoint_is_in_trouble_as_often_as_told() {
    let world = world().await;
    let (client_id, tokens) = signed_in(&world).await;
    world.switches(|switches| {
        switches.order(Endpoint::Token, Trouble::once(Fault::status(500)));
        switches.order(Endpoint::Token, Trouble::once(Fault::busy(2)));
    });
    let fields = refresh(&world, &client_id, text(&tokens, "refresh_token"));
    let first = post_form(world.endpoint_url("token"), &fields).await;
    assert_eq!(first.status(), 500);
    assert_eq!(first.headers()["content-type"], "text/html; charset=utf-8");
    let second = post_form(world.endpoint_url("token"), &fields).await;
    assert_eq!(
        (second.status().as_u16(), &second.headers()["retry-after"]),
        (429, &"2".parse().unwrap())
    );
    assert_eq!(token(&world, &fields).await.0, 200);
}

#[tokio::test]
async fn trouble_without_a_number_lasts_until_it_is_calmed() {
    let world = world().await;
    world.switches(|switches| {
        switches.order(Endpoint::ServerMetadata, Trouble::forever(Fault::Html))
    });
    for _often in 0..3 {
        let answer = metadata(&world).await.unwrap();
        assert!(answer.text().await.unwrap().starts_with("<!doctype html>"));
    }
    world.switches(|switches| switches.calm(Endpoint::ServerMetadata));
    assert_eq!(
        json_of(metadata(&world).await.unwrap()).await["issuer"],
        world.issuer()
    );
}

#[tokio::test]
async fn a_dropped_connection_gives_no_answer_and_does_no_work() {
    let world = world().await;
    world.switches(|switches| switches.order(Endpoint::ServerMetadata, Trouble::once(Fault::Drop)));
    let error = metadata(&world).await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
    assert_eq!(metadata(&world).await.unwrap().status(), 200);
    let statuses: Vec<_> = world
        .requests_at(Endpoint::ServerMetadata)
        .iter()
        .map(|seen| seen.status)
        .collect();
    assert_eq!(statuses, [None, Some(200)]);
}

#[tokio::test]
async fn a_lost_answer_has_done_its_work() {
    let world = world().await;
    let (client_id, tokens) = signed_in(&world).await;
    world.switches(|switches| switches.order(Endpoint::Token, Trouble::once(Fault::Lose)));
    let fields = refresh(&world, &client_id, text(&tokens, "refresh_token"));
    let kind = "application/x-www-form-urlencoded";
    let lost = http()
        .post(world.endpoint_url("token"))
        .header("content-type", kind)
        .body(form(&fields))
        .send()
        .await;
    assert!(lost.is_err());
    assert_eq!(world.counts().renewed, 1);
    assert_eq!(token(&world, &fields).await.1["error"], "invalid_grant");
    assert_eq!(world.counts().reuse_detected, 1);
}

#[tokio::test]
async fn an_oauth_error_can_be_ordered() {
    let world = world().await;
    world.switches(|switches| {
        switches.order(
            Endpoint::Token,
            Trouble::once(Fault::oauth("temporarily_unavailable")),
        )
    });
    let (status, answer) = token(&world, &[]).await;
    assert_eq!(
        (status, &answer["error"]),
        (400, &json!("temporarily_unavailable"))
    );
}

#[tokio::test]
async fn a_hold_keeps_requests_until_it_is_dropped() {
    let world = world().await;
    let hold = world.hold(Endpoint::ServerMetadata);
    let asked = tokio::spawn(
        http()
            .get(format!(
                "{}/.well-known/oauth-authorization-server",
                world.issuer()
            ))
            .send(),
    );
    world
        .until(|counts| counts.of(Endpoint::ServerMetadata) == 1)
        .await;
    assert!(!asked.is_finished());
    drop(hold);
    assert_eq!(asked.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn a_hanging_endpoint_never_answers() {
    let world = world().await;
    world.switches(|switches| {
        switches.order(Endpoint::ServerMetadata, Trouble::forever(Fault::Hang))
    });
    let url = format!("{}/.well-known/oauth-authorization-server", world.issuer());
    let asked = http()
        .get(url)
        .timeout(Duration::from_millis(50))
        .send()
        .await;
    assert!(asked.unwrap_err().is_timeout());
    assert_eq!(world.requests_at(Endpoint::ServerMetadata)[0].status, None);
}

#[tokio::test]
async fn nothing_listens_after_the_world_is_dropped() {
    let world = world().await;
    let kept = http();
    let url = format!("{}/.well-known/oauth-authorization-server", world.issuer());
    assert_eq!(kept.get(&url).send().await.unwrap().status(), 200);
    drop(world);
    // The listeners go with their tasks, which need a moment of the runtime.
    while kept.get(&url).send().await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(kept.get(&url).send().await.is_err());
}

#[tokio::test]
async fn live_connections_can_be_cut() {
    let world = World::start(Switches {
        token_required: false,
        mcp_sessions: false,
        ..Switches::default()
    })
    .await
    .unwrap();
    let mut stream = http().get(world.mcp_url()).send().await.unwrap();
    assert!(stream.chunk().await.unwrap().is_some());
    world.cut_connections();
    assert!(stream.chunk().await.is_err());
    assert_eq!(mcp(&world, &initialize(), None, None).await.status(), 200);
}

#[tokio::test]
async fn the_world_can_be_steered_over_http_from_both_origins() {
    let world = world().await;
    let mcp_origin = url::Url::parse(&world.mcp_url())
        .unwrap()
        .origin()
        .ascii_serialization();
    for origin in [world.issuer(), mcp_origin] {
        let report = json_of(http().get(format!("{origin}/lab")).send().await.unwrap()).await;
        assert_eq!(report, world.report());
        assert_eq!(report["mcpUrl"], world.mcp_url());
    }
    let post = async |path: &str, body: serde_json::Value| {
        http()
            .post(format!("{}/lab/{path}", world.issuer()))
            .json(&body)
            .send()
            .await
            .unwrap()
    };
    assert_eq!(
        post("switches", json!({"tokenLife": 9})).await.status(),
        200
    );
    let (client_id, tokens) = signed_in(&world).await;
    assert_eq!(tokens["expires_in"], 9);
    let wrong = post("switches", json!({"tokenLive": 9})).await;
    assert_eq!(wrong.status(), 400);
    assert!(text(&json_of(wrong).await, "error").contains("tokenLive"));
    assert_eq!(post("expire", json!({})).await.status(), 200);
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
    assert_eq!(post("forget-clients", json!({})).await.status(), 200);
    assert_eq!(
        token(
            &world,
            &refresh(&world, &client_id, text(&tokens, "refresh_token"))
        )
        .await
        .0,
        401
    );
    let seen = json_of(
        http()
            .get(format!("{}/lab/requests", world.issuer()))
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(seen.as_array().unwrap().len(), world.requests().len());
    assert_eq!(post("nothing", json!({})).await.status(), 404);
}
