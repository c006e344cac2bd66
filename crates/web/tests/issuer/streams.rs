//! Streams without an end, and the token that opened them.

use std::time::Duration;

use axum::body::Body;
use http::StatusCode;
use serde_json::json;

use crate::client::{
    HUB, code, initialize, post, redeem, refresh, register, sign_in, stage, tokens,
};
use crate::stage::Stage;
use crate::stage::streams::stream;
pub(crate) use crate::stage::streams::{ends, goes_on};

/// A stream that has begun with this token, and goes on.
pub(crate) async fn opened(stage: &Stage, token: &str, (path, session): (&str, &str)) -> Body {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", &*bearer), ("mcp-session-id", session)];
    let headers = headers.iter().filter(|(_, value)| !value.is_empty());
    stream(stage, path, headers.copied()).await
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
