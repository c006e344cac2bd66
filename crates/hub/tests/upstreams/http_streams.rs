//! Event streams over Streamable HTTP: the one on which a server speaks by itself, and those that break off and are taken up.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use http::{Method, StatusCode};
use hub::upstream::{CallError, Event, Trouble};
use serde_json::json;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::{
    desk::{Desk, call, response, soon},
    stand_in::{Seen, StandIn, json_answer, streamed, tool, usual},
};

#[tokio::test]
async fn a_changed_list_is_read_again_and_announced() {
    let (change, lists) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let (bell, counter) = (change.clone(), lists.clone());
    let server = StandIn::start(move |seen: Seen| {
        let (bell, counter) = (bell.clone(), counter.clone());
        async move {
            if seen.method == Method::GET {
                return streamed(
                    stream::once(async move {
                        bell.notified().await;
                        "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n\n".to_owned()
                    })
                    .chain(stream::pending()),
                );
            }
            if seen.asks() == "tools/list" {
                let count = counter.fetch_add(1, Ordering::SeqCst) + 1;
                return seen.result(&json!({ "tools": (0..count).map(|n| tool(&format!("t{n}"))).collect::<Vec<_>>() }));
            }
            usual(&seen).unwrap_or_else(|| seen.result(&json!({})))
        }
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    assert_eq!(up.catalog().tools.len(), 1);
    let mut events = desk.hub.upstreams().events();
    change.notify_one();
    loop {
        let (_, event) = soon("news of the list", events.recv()).await.unwrap();
        if matches!(event, Event::ListChanged(_)) && up.catalog().tools.len() == 2 {
            break;
        }
    }
}

// rule: mcp-transport-get-405
#[tokio::test]
async fn a_server_without_a_stream_of_its_own_is_ready_whatever_it_says_to_get() {
    for status in [
        StatusCode::METHOD_NOT_ALLOWED,
        StatusCode::NOT_FOUND,
        StatusCode::BAD_REQUEST,
        StatusCode::OK,
    ] {
        let server = StandIn::start(move |seen: Seen| async move {
            match seen.method {
                Method::GET => (status, "hello").into_response(),
                _ => usual(&seen).unwrap_or_else(|| seen.result(&json!({}))),
            }
        })
        .await;
        let desk = Desk::at(&server.url).await;
        let up = desk.ready().await;
        server
            .saw("the attempt to listen", |seen| seen.method == Method::GET)
            .await;
        response(call(&up, "1", "echo")).await.unwrap();
        assert_eq!(server.count("initialize"), 1);
    }
}

/// Answers a call with a stream that breaks off after its first event, and goes on when it is taken up.
async fn polling(seen: Seen) -> Response {
    if seen.method == Method::GET {
        return match seen.header("last-event-id") {
            Some(id) => streamed(stream::iter([format!(
                "id: e2\ndata: {{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{}}}}\n\n"
            )])),
            None => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        };
    }
    match seen.asks() {
        "tools/call" => streamed(stream::iter([format!(
            "id: {}\nretry: 150\ndata:\n\n",
            seen.body["id"]
        )])),
        _ => usual(&seen).unwrap_or_else(|| seen.result(&json!({}))),
    }
}

// rule: mcp-transport-retry
// rule: mcp-transport-resume
#[tokio::test]
async fn a_stream_that_breaks_off_is_taken_up_after_the_servers_own_time() {
    let server = StandIn::start(polling).await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    let began = Instant::now();
    let answer = response(call(&up, "5", "echo")).await.unwrap();
    assert_eq!(answer.id(), Some("5"));
    let waited = began.elapsed().as_millis();
    assert!((150..1_000).contains(&waited), "{waited} ms");
    let taken_up = server
        .saw("the stream taken up", |seen| {
            seen.header("last-event-id").is_some()
        })
        .await;
    let asked = server
        .saw("the call", |seen| seen.asks() == "tools/call")
        .await;
    assert_eq!(
        taken_up.header("last-event-id"),
        Some(asked.body["id"].to_string().as_str())
    );
    assert_eq!(server.count("tools/call"), 1);
}

#[tokio::test]
async fn a_stream_without_event_ids_that_ends_early_is_a_failed_call_and_no_replay() {
    let server =
        StandIn::with_calls(|_| async { streamed(stream::iter([": nothing\n\n".to_owned()])) })
            .await;
    let desk = Desk::at(&server.url).await;
    let error = response(call(&desk.ready().await, "1", "echo"))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            CallError::Failed {
                trouble: Trouble::Unanswered,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(server.count("tools/call"), 1);
}

#[tokio::test]
async fn a_question_on_the_servers_own_stream_goes_to_the_only_call_and_its_answer_back() {
    let (ask, answered) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (bell, done) = (ask.clone(), answered.clone());
    let server = StandIn::start(move |seen: Seen| {
        let (ask, answered) = (bell.clone(), done.clone());
        async move {
            match (&seen.method, seen.asks()) {
                (&Method::GET, _) => streamed(
                    stream::once(async move {
                        ask.notified().await;
                        "data: {\"jsonrpc\":\"2.0\",\"id\":77,\"method\":\"elicitation/create\",\"params\":{}}\n\n".to_owned()
                    })
                    .chain(stream::pending()),
                ),
                (_, "tools/call") => {
                    let id = seen.body["id"].clone();
                    ask.notify_one();
                    streamed(stream::once(async move {
                        answered.notified().await;
                        format!("data: {{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{}}}}\n\n")
                    }))
                }
                (_, "") if seen.body["id"] == 77 => {
                    answered.notify_one();
                    StatusCode::ACCEPTED.into_response()
                }
                _ => usual(&seen).unwrap_or_else(|| seen.result(&json!({}))),
            }
        }
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    server
        .saw("the attempt to listen", |seen| seen.method == Method::GET)
        .await;
    let mut running = call(&up, "1", "echo");
    let question = soon("the question", running.next()).await.unwrap().unwrap();
    assert_eq!(question.method(), Some("elicitation/create"));
    let answer = mcp::message::Message::success(question.id().unwrap(), "{}");
    up.answer(answer).await.unwrap();
    assert_eq!(response(running).await.unwrap().id(), Some("1"));
}

/// Takes tokens until the first call refuses the first one; gives the second one out for the refresh token.
fn signed(seen: &Seen, refused: &AtomicUsize) -> Response {
    if seen.path == "/token" {
        return json_answer(
            &json!({ "access_token": "T2", "token_type": "Bearer", "expires_in": 3600 }),
        );
    }
    let first = seen.header("authorization") == Some("Bearer T1");
    if first && seen.asks() == "tools/call" {
        refused.fetch_add(1, Ordering::SeqCst);
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if seen.method == Method::GET {
        return streamed(stream::iter(["id: e1\ndata:\n\n".to_owned()]).chain(stream::pending()));
    }
    usual(seen).unwrap_or_else(|| seen.result(&json!({})))
}

// rule: mcp-auth-stream-renewal
#[tokio::test]
async fn a_stream_that_was_opened_with_the_old_token_is_taken_up_with_the_new_one() {
    let refused = Arc::new(AtomicUsize::new(0));
    let counter = refused.clone();
    let server =
        StandIn::start(move |seen: Seen| std::future::ready(signed(&seen, &counter))).await;
    let oauth = json!({ "clientId": "c", "accessToken": "T1", "refreshToken": "R1",
        "authorizationEndpoint": format!("{}/authorize", server.origin), "tokenEndpoint": format!("{}/token", server.origin) });
    let desk = Desk::with(json!({ "up": { "url": server.url, "oauth": oauth } })).await;
    let up = desk.ready().await;
    let listens = |seen: &Seen, token: &str| {
        seen.method == Method::GET && seen.header("authorization") == Some(token)
    };
    server
        .saw("the stream", |seen| listens(seen, "Bearer T1"))
        .await;
    response(call(&up, "1", "echo")).await.unwrap();
    server
        .saw("the stream with the new token", |seen| {
            listens(seen, "Bearer T2")
        })
        .await;
    assert_eq!(refused.load(Ordering::SeqCst), 1);
    assert_eq!(server.count("initialize"), 1, "the session is the same");
}
