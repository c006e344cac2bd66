//! Each code of a connection and of a call, produced: a server that is broken in one way, and what the upstream says of it.
//! `tests/codes.rs` reads which codes are produced here.

use axum::response::{Html, IntoResponse, Redirect, Response};
use http::StatusCode;
use hub::cause::Cause;
use mcp::message::Message;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    desk::{Desk, call, response, soon},
    stand_in::{Seen, StandIn},
    stateless::modern,
};

/// What the server `up` is said to be, once something is said.
async fn of_server(entry: Value) -> String {
    let desk = Desk::with(json!({ "up": entry })).await;
    let up = desk.up();
    let mut states = up.watch();
    let explained = async {
        loop {
            if let Some(explained) = desk.hub.explained(&up) {
                return explained;
            }
            states.changed().await.unwrap();
        }
    };
    let explained = soon("an explanation", explained).await;
    assert_eq!(explained.subject.as_deref(), Some("up"));
    assert!(explained.to_string().lines().count() >= 4, "{explained}");
    explained.code
}

async fn answering<F>(answer: F) -> Value
where
    F: Fn(Seen) -> Response + Clone + Send + Sync + 'static,
{
    let server = StandIn::start(move |seen| {
        let answer = answer(seen);
        async move { answer }
    })
    .await;
    at(&server.url)
}

async fn with_status(status: StatusCode) -> Value {
    answering(move |_| status.into_response()).await
}

fn at(url: &str) -> Value {
    json!({ "type": "streamable-http", "url": url })
}

/// Nobody listens there, or whoever listens hangs up.
async fn nobody(hangs_up: bool) -> Value {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    if hangs_up {
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                drop(stream);
            }
        });
    }
    at(&url)
}

fn hello(seen: &Seen, revision: &str) -> Response {
    seen.result(&json!({ "protocolVersion": revision, "capabilities": {}, "serverInfo": { "name": "x", "version": "0" } }))
}

#[tokio::test]
async fn a_server_that_cannot_be_used_has_its_code() {
    let long = format!("http://{}.invalid/mcp", "a".repeat(64));
    let wrong = [
        (Cause::NameUnknown, at(&long)),
        (Cause::ConnectionRefused, nobody(false).await),
        (Cause::ConnectionBroken, nobody(true).await),
        (
            Cause::Html,
            answering(|_| Html("<!doctype html>").into_response()).await,
        ),
        (
            Cause::NotMcp,
            answering(|_| axum::Json(json!({ "ok": true })).into_response()).await,
        ),
        (Cause::NotFound, with_status(StatusCode::NOT_FOUND).await),
        (
            Cause::Redirect,
            answering(|_| Redirect::temporary("https://new.example/mcp").into_response()).await,
        ),
        (Cause::Forbidden, with_status(StatusCode::FORBIDDEN).await),
        (
            Cause::Refused,
            with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE).await,
        ),
        (
            Cause::Busy,
            with_status(StatusCode::TOO_MANY_REQUESTS).await,
        ),
        (
            Cause::ServerTrouble,
            with_status(StatusCode::SERVICE_UNAVAILABLE).await,
        ),
        (
            Cause::HandshakeRefused,
            answering(|seen| {
                let error = json!({ "code": -32602, "message": "not you" });
                axum::Json(json!({ "jsonrpc": "2.0", "id": seen.body["id"], "error": error }))
                    .into_response()
            })
            .await,
        ),
        (
            Cause::RevisionUnknown,
            answering(|seen| hello(&seen, "1999-12-31")).await,
        ),
        (
            Cause::ProtocolBroken,
            answering(|seen| {
                let mut response = hello(&seen, "2025-06-18");
                let odd = http::HeaderValue::from_bytes(b"abc\xff").unwrap();
                response.headers_mut().insert("mcp-session-id", odd);
                response
            })
            .await,
        ),
        (Cause::NotStarted, json!({ "command": "no-such-program" })),
        (Cause::ProcessEnded, json!({ "command": "false" })),
        (
            Cause::ServerSettings,
            json!({ "type": "streamable-http", "url": "" }),
        ),
    ];
    let mut missed = Vec::new();
    for (cause, entry) in wrong {
        let code = of_server(entry).await;
        if code != cause.id() {
            missed.push(format!("{cause} {}: {code}", cause.word()));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// What a call of this server comes to.
async fn of_call(server: &StandIn, options: Value) -> String {
    let entry = json!({ "type": "streamable-http", "url": server.url, "options": options });
    let desk = Desk::with(json!({ "up": entry })).await;
    let up = desk.ready().await;
    let error = response(call(&up, "1", "echo")).await.unwrap_err();
    up.explain_call(&error).code
}

#[tokio::test]
async fn a_call_without_an_answer_has_its_code() {
    let slow = StandIn::with_calls(|_| std::future::pending()).await;
    assert_eq!(
        of_call(&slow, json!({ "timeout": 50 })).await,
        Cause::CallTimeout.id()
    );
    let large =
        StandIn::with_calls(|seen: Seen| async move { seen.result(&json!("x".repeat(200_000))) })
            .await;
    assert_eq!(
        of_call(&large, json!({ "maxBufferSize": 50_000 })).await,
        Cause::MessageTooLarge.id()
    );
    let forgetful = StandIn::with_calls(|_| async { StatusCode::NOT_FOUND.into_response() }).await;
    assert_eq!(
        of_call(&forgetful, json!({})).await,
        Cause::SessionGone.id()
    );

    let asks = modern(|seen: Seen| async move {
        let ask = json!({ "method": "elicitation/create", "params": { "message": "?", "requestedSchema": {} } });
        seen.result(&json!({ "resultType": "input_required", "inputRequests": { "a": ask } }))
    })
    .await;
    let desk = Desk::at(&asks.url).await;
    let up = desk.ready().await;
    let mut running = call(&up, "1", "echo");
    let question = soon("the question", running.next()).await.unwrap().unwrap();
    let refusal = Message::failure(question.id(), -32601, "nobody is here", None);
    up.answer(refusal).await.unwrap();
    let error = response(running).await.unwrap_err();
    assert_eq!(up.explain_call(&error).code, Cause::QuestionRefused.id());

    let stray = Message::failure(Some("77"), -32601, "no", None);
    let error = up.answer(stray).await.unwrap_err();
    assert_eq!(up.explain_call(&error).code, Cause::CallUnreadable.id());
}

#[tokio::test]
async fn a_server_that_is_off_or_full_has_its_code() {
    let server = StandIn::with_calls(|seen: Seen| async move { seen.result(&json!({})) }).await;
    let servers = json!({
        "up": { "type": "streamable-http", "url": server.url, "enabled": false },
        "each": { "type": "streamable-http", "url": server.url, "perSessionClient": true },
    });
    let desk = Desk::with(servers).await;
    let up = desk.up();
    let error = response(call(&up, "1", "echo")).await.unwrap_err();
    assert_eq!(up.explain_call(&error).code, Cause::ServerOff.id());

    let full = (0..100).find_map(|session| {
        let session = session.to_string();
        let served = desk.hub.upstreams().serving("each", None, Some(&session));
        served.err().map(|why| Cause::from(&why))
    });
    assert_eq!(full, Some(Cause::TooManySessions));
}
