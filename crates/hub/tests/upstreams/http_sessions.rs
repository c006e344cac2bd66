//! Sessions of Streamable HTTP: forgotten by the server, ended by the hub, made of odd letters.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};
use hub::upstream::{CallError, Event, State};
use serde_json::json;

use crate::{
    desk::{Desk, call, response, soon, trouble, until},
    stand_in::{Seen, StandIn, hello, tool, usual},
};

/// A server that forgets its first session when told, and every session when `always`.
async fn forgetful(forget: Arc<AtomicBool>, always: bool) -> StandIn {
    StandIn::start(move |seen: Seen| {
        let forget = forget.clone();
        async move {
            let known = seen.header("mcp-session-id");
            let forgets = forget.load(Ordering::SeqCst) && (always || known == Some("session-0"));
            if forgets && seen.asks() == "tools/call" {
                return StatusCode::NOT_FOUND.into_response();
            }
            usual(&seen).unwrap_or_else(|| seen.result(&json!({ "session": known })))
        }
    })
    .await
}

// rule: mcp-transport-session-404
#[tokio::test]
async fn a_forgotten_session_is_opened_again_once_and_the_call_is_answered() {
    let forget = Arc::new(AtomicBool::new(false));
    let server = forgetful(forget.clone(), false).await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    response(call(&up, "1", "echo")).await.unwrap();
    forget.store(true, Ordering::SeqCst);
    let calls = (0..8).map(|_| response(call(&up, "2", "echo")));
    for answer in futures::future::join_all(calls).await {
        let answer = answer.unwrap();
        assert!(
            !answer.result().unwrap().contains("session-0"),
            "{}",
            answer.text()
        );
    }
    assert_eq!(server.count("initialize"), 2);
}

// rule: mcp-transport-session-404
#[tokio::test]
async fn a_server_that_forgets_every_session_is_asked_twice_and_no_more() {
    let server = forgetful(Arc::new(AtomicBool::new(true)), true).await;
    let desk = Desk::at(&server.url).await;
    let error = response(call(&desk.ready().await, "1", "echo"))
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::Failed { .. }), "{error}");
    assert_eq!(server.count("tools/call"), 2);
}

// rule: mcp-transport-session-delete
#[tokio::test]
async fn the_end_of_the_hub_ends_the_session() {
    let server = StandIn::with_calls(|seen: Seen| async move { seen.result(&json!({})) }).await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    soon("the end", desk.hub.shutdown()).await;
    let last = server
        .saw("the good-bye", |seen| seen.method == Method::DELETE)
        .await;
    assert_eq!(last.header("mcp-session-id"), Some("session-0"));
    assert!(matches!(up.state(), State::Disabled));
}

// rule: mcp-transport-session-visible, safe-x05
#[tokio::test]
async fn a_session_id_of_odd_letters_is_refused() {
    let server = StandIn::start(|seen: Seen| async move {
        let mut response = hello(&seen, &json!({}));
        response.headers_mut().insert(
            "mcp-session-id",
            http::HeaderValue::from_bytes(b"abc\xff;<>\"").unwrap(),
        );
        response
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let trouble = trouble(&desk.up()).await;
    assert!(
        trouble.contains("characters other than visible ASCII"),
        "{trouble}"
    );
    assert_eq!(server.count("notifications/initialized"), 0);
}

#[tokio::test]
async fn a_server_without_sessions_is_used_without_one() {
    let server = StandIn::start(|seen: Seen| async move {
        let mut response = usual(&seen).unwrap_or_else(|| seen.result(&json!({})));
        response.headers_mut().remove("mcp-session-id");
        response
    })
    .await;
    let desk = Desk::at(&server.url).await;
    response(call(&desk.ready().await, "1", "echo"))
        .await
        .unwrap();
    soon("the end", desk.hub.shutdown()).await;
    assert!(
        server
            .all()
            .iter()
            .all(|seen| seen.header("mcp-session-id").is_none() && seen.method != Method::DELETE)
    );
}

#[tokio::test]
async fn only_what_the_server_offers_is_listed() {
    let server = StandIn::start(|seen: Seen| async move {
        match seen.asks() {
            "initialize" => hello(&seen, &json!({ "prompts": {} })),
            "prompts/list" => seen.result(&json!({ "prompts": [{ "name": "greet" }] })),
            _ => usual(&seen).unwrap_or_else(|| seen.result(&json!({}))),
        }
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    assert_eq!(up.catalog().prompts.len(), 1);
    assert_eq!(
        (server.count("tools/list"), server.count("resources/list")),
        (0, 0)
    );
}

/// Pages without an end.
async fn pages(seen: Seen) -> Response {
    match seen.asks() {
        "tools/list" => seen.result(&json!({ "tools": [tool(&format!("t{}", seen.number))], "nextCursor": format!("{}", seen.number) })),
        _ => usual(&seen).unwrap_or_else(|| seen.result(&json!({}))),
    }
}

// rule: safe-b04
#[tokio::test]
async fn a_list_without_an_end_is_read_up_to_a_bound_and_the_server_is_used() {
    let server = StandIn::start(pages).await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    assert_eq!(up.catalog().tools.len(), 200);
    assert!(
        up.log()
            .iter()
            .any(|line| line.text.contains("read up to page 200")),
        "{:?}",
        up.log()
    );
}

#[tokio::test]
async fn a_new_connection_and_its_lists_are_announced() {
    let server = StandIn::with_calls(|seen: Seen| async move { seen.result(&json!({})) }).await;
    let desk = Desk::with(json!({})).await;
    let mut events = desk.hub.upstreams().events();
    let settings = json!({ "mcpServers": { "up": { "url": server.url } } });
    std::fs::write(
        desk.folder.path().join("mcp_settings.json"),
        settings.to_string(),
    )
    .unwrap();
    let mut heard = Vec::new();
    while heard.len() < 2 {
        let (name, event) = soon("an event", events.recv()).await.unwrap();
        assert_eq!(&*name, "up");
        heard.push(event);
    }
    assert!(
        matches!(
            heard[..],
            [
                Event::Connected,
                Event::ListChanged(mcp::merge::Listing::Tools)
            ]
        ),
        "{heard:?}"
    );
    until(&desk.up(), |state| matches!(state, State::Ready)).await;
}
