//! The old HTTP+SSE transport, and `type: "sse"` for servers that speak the new one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::{Method, StatusCode};
use hub::upstream::{CallError, Carrier, State};
use mcp::message::Message;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    desk::{Desk, call, response, soon, trouble, until, whole},
    stand_in::{Seen, StandIn, streamed, tool, usual},
};

/// A server of 2024-11-05: one stream, and an endpoint for POSTs.
#[derive(Clone)]
struct Old {
    endpoint: String,
    stream: Arc<Mutex<Option<mpsc::UnboundedSender<String>>>>,
    hang_up: CancellationToken,
}

impl Old {
    fn new(endpoint: &str) -> Self {
        Self {
            endpoint: endpoint.into(),
            stream: Arc::default(),
            hang_up: CancellationToken::new(),
        }
    }

    async fn start(self) -> StandIn {
        StandIn::start(move |seen| {
            let answer = self.answer(&seen);
            async move { answer }
        })
        .await
    }

    fn say(&self, message: &Value) {
        let stream = self.stream.lock().unwrap();
        stream
            .as_ref()
            .unwrap()
            .send(format!("event: message\r\ndata: {message}\r\n\r\n"))
            .unwrap();
    }

    fn answer(&self, seen: &Seen) -> Response {
        match (&seen.method, seen.path.as_str()) {
            (&Method::GET, "/sse") => self.open(),
            (&Method::POST, "/messages") => {
                self.hear(seen);
                (StatusCode::ACCEPTED, "Accepted").into_response()
            }
            _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        }
    }

    fn open(&self) -> Response {
        let (send, receive) = mpsc::unbounded_channel();
        send.send(format!("event: endpoint\ndata: {}\n\n", self.endpoint))
            .unwrap();
        *self.stream.lock().unwrap() = Some(send);
        let until = self.hang_up.clone();
        let events = futures::stream::unfold(receive, |mut receive| async {
            Some((receive.recv().await?, receive))
        });
        streamed(events.take_until(async move { until.cancelled().await }))
    }

    fn hear(&self, seen: &Seen) {
        let result = match seen.asks() {
            "initialize" => {
                json!({ "protocolVersion": "2024-11-05", "capabilities": { "tools": {} } })
            }
            "tools/list" => json!({ "tools": [tool("echo")] }),
            "tools/call" => {
                let token = &seen.body["params"]["_meta"]["progressToken"];
                self.say(&json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": { "progressToken": token, "progress": 1 } }));
                json!({ "content": [] })
            }
            _ => return,
        };
        self.say(&json!({ "jsonrpc": "2.0", "id": seen.body["id"], "result": result }));
    }
}

// rule: mcp-transport-backwards
#[tokio::test]
async fn an_old_server_is_used_over_the_endpoint_that_it_names() {
    let server = Old::new("/messages?sessionId=abc").start().await;
    let desk =
        Desk::with(json!({ "up": { "type": "sse", "url": format!("{}/sse", server.origin) } }))
            .await;
    let up = desk.ready().await;
    let request = Message::request(
        "\"a\"",
        "tools/call",
        Some(r#"{"name":"echo","_meta":{"progressToken":"t"}}"#),
    );
    let messages = soon("the answer", whole(up.call(request))).await.unwrap();
    assert_eq!(messages[0].progress_token().unwrap(), Some("\"t\""));
    assert_eq!(messages[1].id(), Some("\"a\""));
    assert_eq!(server.all()[0].method, Method::POST);
}

#[tokio::test]
async fn named_headers_of_a_client_go_with_its_call_over_the_old_transport() {
    let server = Old::new("/messages").start().await;
    let up = json!({ "url": format!("{}/sse", server.origin), "passthroughHeaders": ["x-tenant"] });
    let desk = Desk::with(json!({ "up": up })).await;
    let mut call = call(&desk.ready().await, "1", "echo");
    let headers = [("x-tenant", "mine"), ("x-other", "not named")];
    let headers = headers.map(|(name, value)| {
        let value = http::HeaderValue::from_static(value);
        (http::HeaderName::from_static(name), value)
    });
    call.carry(&headers.into_iter().collect());
    response(call).await.unwrap();
    let sent = server
        .saw("the call", |seen| seen.asks() == "tools/call")
        .await;
    assert_eq!(sent.header("x-tenant"), Some("mine"));
    assert_eq!(sent.header("x-other"), None);
}

#[tokio::test]
async fn an_old_server_that_hangs_up_fails_what_waits_and_is_connected_to_again() {
    let old = Old::new("/messages");
    let hang_up = old.hang_up.clone();
    let server = old.start().await;
    let desk = Desk::with(json!({ "up": { "url": format!("{}/sse", server.origin) } })).await;
    let up = desk.ready().await;
    hang_up.cancel();
    until(&up, |state| !matches!(state, State::Ready)).await;
    server
        .saw("the second connection", |seen| {
            seen.number > 4 && seen.method == Method::GET
        })
        .await;
}

// rule: mcp-transport-remembered
#[tokio::test]
async fn the_transport_that_answered_is_remembered_and_asked_first() {
    let old = Old::new("/messages");
    let server = old.start().await;
    let url = format!("{}/sse", server.origin);
    let desk = Desk::with(json!({ "up": { "url": url } })).await;
    let up = desk.ready().await;
    assert_eq!(up.carrier(), Some(Carrier::Sse));
    let posts = || {
        let all = server.all();
        let posts = all
            .iter()
            .filter(|seen| seen.method == Method::POST && seen.path == "/sse");
        posts.count()
    };
    let before = posts();
    assert!(before > 0, "the new transport is tried first");
    let known = server.all().iter().map(|seen| seen.number).max().unwrap();
    desk.hub.upstreams().reload("up").await;
    server
        .saw("the second stream", |seen| {
            seen.number > known && seen.method == Method::GET
        })
        .await;
    assert_eq!(posts(), before);
}

// rule: mcp-transport-remembered
#[tokio::test]
async fn a_server_that_got_the_new_transport_is_reached_though_its_get_says_nothing() {
    let (old, is_new) = (Old::new("/messages"), Arc::new(AtomicBool::new(false)));
    let is_new_there = Arc::clone(&is_new);
    let server = StandIn::start(move |seen| {
        let answer = match (is_new_there.load(Ordering::Relaxed), &seen.method) {
            (false, _) => old.answer(&seen),
            (true, &Method::GET) => streamed(futures::stream::pending()),
            (true, _) => usual(&seen).unwrap_or_else(|| StatusCode::ACCEPTED.into_response()),
        };
        async move { answer }
    })
    .await;
    let url = format!("{}/sse", server.origin);
    let desk = Desk::with(json!({ "up": { "url": url } })).await;
    assert_eq!(desk.ready().await.carrier(), Some(Carrier::Sse));
    is_new.store(true, Ordering::Relaxed);
    let known = server.all().iter().map(|seen| seen.number).max().unwrap();
    desk.hub.upstreams().reload("up").await;
    server
        .saw("the GET", |seen| {
            seen.number > known && seen.method == Method::GET
        })
        .await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(5)).await;
    tokio::time::resume();
    server
        .saw("the new transport", |seen| {
            seen.number > known && seen.asks() == "initialize"
        })
        .await;
    assert_eq!(desk.ready().await.carrier(), Some(Carrier::StreamableHttp));
}

// rule: mcp-sse-endpoint-origin
// rule: safe-s10
#[tokio::test]
async fn an_endpoint_of_another_origin_is_refused_and_nothing_is_sent_there() {
    let thief = StandIn::start(|_| async { StatusCode::OK.into_response() }).await;
    let server = Old::new(&format!("{}/steal", thief.origin)).start().await;
    let desk =
        Desk::with(json!({ "up": { "type": "sse", "url": format!("{}/sse", server.origin) } }))
            .await;
    let trouble = trouble(&desk.up()).await;
    assert!(
        trouble.contains("another origin") && trouble.contains(&thief.origin),
        "{trouble}"
    );
    assert!(thief.all().is_empty());
}

// rule: safe-s11
#[tokio::test]
async fn what_an_inner_stream_says_that_is_no_message_or_no_address_is_not_quoted() {
    let server = Old::new("http://[inner-secret").start().await;
    let url = format!("{}/sse", server.origin);
    let desk = Desk::with(json!({ "up": { "type": "sse", "url": url } })).await;
    let told = trouble(&desk.up()).await;
    assert!(told.contains("an endpoint that is no address;"), "{told}");
    assert!(!told.contains("inner-secret"), "{told}");

    let old = Old::new("/messages");
    let server = old.clone().start().await;
    let url = format!("{}/sse", server.origin);
    let desk = Desk::with(json!({ "up": { "type": "sse", "url": url } })).await;
    let up = desk.ready().await;
    old.say(&json!({ "jsonrpc": { "password": "inner-secret" } }));
    // What is said after it is read after it.
    response(call(&up, "1", "echo")).await.unwrap();
    let log = format!("{:?}", up.log());
    assert!(
        log.contains("dropped what is not a message (not jsonrpc"),
        "{log}"
    );
    assert!(!log.contains("inner-secret"), "{log}");
}

// rule: mcp-transport-backwards
#[tokio::test]
async fn a_server_that_speaks_neither_transport_is_told_with_both_answers() {
    let server = StandIn::start(|_| async { StatusCode::NOT_FOUND.into_response() }).await;
    let desk = Desk::with(json!({ "up": { "type": "sse", "url": server.url }, "strict": { "type": "streamable-http", "url": server.url } })).await;
    let both = trouble(&desk.up()).await;
    assert!(
        both.contains("neither Streamable HTTP")
            && both.contains("404")
            && both.contains("check the path"),
        "{both}"
    );
    let strict = trouble(&desk.hub.upstreams().get("strict").unwrap()).await;
    assert!(
        strict.contains("answered 404") && !strict.contains("old SSE"),
        "{strict}"
    );
}

#[tokio::test]
async fn type_sse_with_a_server_that_speaks_streamable_http_works_as_written() {
    let server = StandIn::with_calls(|seen: Seen| async move {
        usual(&seen).unwrap_or_else(|| seen.result(&json!({})))
    })
    .await;
    let desk = Desk::with(json!({ "up": { "type": "sse", "url": server.origin } })).await;
    response(call(&desk.ready().await, "1", "echo"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_refused_post_never_leads_to_the_old_transport() {
    let server = StandIn::start(|_| async { StatusCode::UNAUTHORIZED.into_response() }).await;
    let desk =
        Desk::with(json!({ "up": { "type": "sse", "url": format!("{}/sse", server.origin) } }))
            .await;
    until(&desk.up(), |state| {
        !matches!(state, State::Connecting { .. })
    })
    .await;
    assert!(
        server
            .all()
            .iter()
            .all(|seen| seen.method == Method::POST || seen.path != "/sse"),
        "{:?}",
        server.all()
    );
    assert!(!matches!(
        response(call(&desk.up(), "1", "echo")).await,
        Ok(_) | Err(CallError::Timeout { .. })
    ));
}
