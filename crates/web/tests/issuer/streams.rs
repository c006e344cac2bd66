//! Streams without an end, and the token that opened them.

use std::time::Duration;

use axum::body::Body;
use futures::FutureExt;
use http::{Method, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;

use crate::client::{
    HUB, code, initialize, post, redeem, refresh, register, sign_in, stage, tokens,
};
use crate::stage::{Stage, request};

/// A stream that has begun, and goes on.
pub(crate) async fn opened(stage: &Stage, token: &str, (path, session): (&str, &str)) -> Body {
    let mut asked = request(Method::GET, path);
    let headers = asked.headers_mut();
    let bearer = format!("Bearer {token}").parse().unwrap();
    headers.insert(header::AUTHORIZATION, bearer);
    headers.insert(header::ACCEPT, "text/event-stream".parse().unwrap());
    if !session.is_empty() {
        headers.insert("mcp-session-id", session.parse().unwrap());
    }
    let answer = stage.router.clone().oneshot(asked).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    answer.into_body()
}

/// What is under way in it happens at once; then it waits.
pub(crate) fn goes_on(body: &mut Body) -> bool {
    loop {
        match body.frame().now_or_never() {
            None => return true,
            Some(None) => return false,
            Some(Some(frame)) => drop(frame.unwrap()),
        }
    }
}

pub(crate) async fn ends(body: Body) -> bool {
    let whole = tokio::time::timeout(Duration::from_secs(20), body.collect());
    whole.await.is_ok()
}

/// Streams of one token at `/mcp` and `/sse`, and of another at the API.
struct Streams {
    client: String,
    any: String,
    any_refresh: String,
    api: String,
    session: String,
    open: [Body; 4],
}

async fn streams(stage: &Stage) -> Streams {
    let client = register(stage).await;
    let given = code(stage, &client, "root", &[]).await;
    let any = tokens(&redeem(stage, &client, &given).await);
    let api = format!("{HUB}/api");
    let given = code(stage, &client, "root", &[("resource", &api)]).await;
    let api = tokens(&redeem(stage, &client, &given).await).access;
    let opening = initialize(stage, "/mcp", &any.access).await;
    let session = opening.header("mcp-session-id").to_owned();
    let mut open = [
        opened(stage, &any.access, ("/mcp", &session)).await,
        opened(stage, &any.access, ("/sse", "")).await,
        opened(stage, &api, ("/api/events", "")).await,
        opened(stage, &api, ("/api/logs/stream", "")).await,
    ];
    for (at, stream) in open.iter_mut().enumerate() {
        assert!(goes_on(stream), "{at}");
    }
    let (any, any_refresh) = (any.access, any.refresh);
    Streams {
        client,
        any,
        any_refresh,
        api,
        session,
        open,
    }
}

// rule: mcphub-stream-token
#[tokio::test]
async fn a_stream_ends_with_the_time_of_its_token_and_is_opened_anew_with_the_next() {
    let stage = stage().await;
    let mut streams = streams(&stage).await;
    stage.clock.advance(Duration::from_secs(3_599));
    tokio::task::yield_now().await;
    for stream in &mut streams.open {
        assert!(goes_on(stream));
    }
    let next = refresh(&stage, &streams.client, &streams.any_refresh).await;
    let next = tokens(&next).access;
    let mut renewed = opened(&stage, &next, ("/mcp", &streams.session)).await;
    stage.clock.advance(Duration::from_secs(1));
    for (at, stream) in streams.open.into_iter().enumerate() {
        assert!(ends(stream).await, "{at}");
    }
    assert!(goes_on(&mut renewed));
}

// rule: mcphub-stream-token
#[tokio::test]
async fn a_stream_ends_when_its_token_is_taken_back_and_others_go_on() {
    let stage = stage().await;
    let streams = streams(&stage).await;
    let other = sign_in(&stage, &streams.client, "root").await.access;
    let session = initialize(&stage, "/mcp", &other).await;
    let session = session.header("mcp-session-id").to_owned();
    let mut others = opened(&stage, &other, ("/mcp", &session)).await;
    for token in [&streams.any, &streams.api] {
        let pairs = [("client_id", streams.client.as_str()), ("token", token)];
        let answer = post(&stage, "/oauth/revoke", &pairs).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    for (at, stream) in streams.open.into_iter().enumerate() {
        assert!(ends(stream).await, "{at}");
    }
    assert!(goes_on(&mut others));
}

// rule: mcphub-stream-token
#[tokio::test]
async fn a_stream_ends_with_its_user_and_with_its_client() {
    for gone in ["users", "oauthClients"] {
        let stage = stage().await;
        let streams = streams(&stage).await;
        let mut written = stage.settings();
        written[gone] = json!([]);
        std::fs::write(stage.path(), written.to_string()).unwrap();
        stage.hub.store().reload().await;
        for (at, stream) in streams.open.into_iter().enumerate() {
            assert!(ends(stream).await, "{gone} {at}");
        }
    }
}
