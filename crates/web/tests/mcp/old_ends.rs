//! How streams of the old HTTP+SSE transport end: with the client, with the session, with the hub, and for want of a reader.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures::StreamExt;
use http::{Request, StatusCode};
use mcphub_web::WebOptions;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::by_stream::{ByStream, text};
use crate::harness::{Running, hub, hub_with, soon};
use crate::raw_upstream;
use crate::up;

#[tokio::test]
async fn a_client_that_goes_away_cancels_all_its_calls_and_nobody_elses() {
    let (url, up) = up::start("up").await;
    let hub = hub_with(&url, json!({})).await;
    let going = ByStream::initialized(&hub, "/sse/up", "2025-06-18").await;
    let mut staying = ByStream::initialized(&hub, "/sse/up", "2025-06-18").await;
    for id in [1, 2] {
        going.calls(id, "wait").await;
        soon(up.started.notified()).await;
    }
    staying.calls(1, "roots").await;
    let asked = staying.hears().await;
    assert_eq!(hub.hub.sessions().count(), 2);
    let messages = going.messages.clone();
    let client = going.client.clone();
    drop(going);
    soon(up.cancelled.notified()).await;
    soon(up.cancelled.notified()).await;
    assert_eq!(hub.hub.sessions().count(), 1);
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let late = client
        .post(messages)
        .header("content-type", "application/json");
    assert_eq!(
        soon(late.body(ping).send()).await.unwrap().status(),
        StatusCode::NOT_FOUND
    );
    let roots = json!({ "roots": [{ "uri": "file:///there" }] });
    staying
        .says(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": roots }))
        .await;
    assert_eq!(text(&staying.hears().await), "file:///there");
}

#[tokio::test]
async fn a_hub_that_is_about_to_stop_finishes_calls_and_then_ends_streams() {
    let (url, _) = up::start("up").await;
    let hub = hub_with(&url, json!({})).await;
    let mut idle = ByStream::initialized(&hub, "/sse/up", "2025-06-18").await;
    let mut busy = ByStream::initialized(&hub, "/sse/up", "2025-06-18").await;
    busy.calls(1, "roots").await;
    let asked = busy.hears().await;
    assert_eq!(asked["method"], "roots/list");
    // On its way before the end is asked for, so that the answer can finish the call.
    let roots = json!({ "roots": [{ "uri": "file:///late" }] });
    busy.says(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": roots }))
        .await;
    hub.stop.cancel();
    assert_eq!(text(&busy.hears().await), "file:///late");
    assert_eq!(busy.event().await, None);
    assert_eq!(idle.event().await, None);
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let hub = hub(json!({ "mcpServers": {} })).await;
    let mut old = ByStream::initialized(&hub, "/sse", "2025-06-18").await;
    hub.hub.sessions().shutdown();
    assert_eq!(old.event().await, None);
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    assert_eq!(old.post(ping).await.status, StatusCode::NOT_FOUND);
}

/// Without a socket, whose buffers would read for a while on behalf of a client that does not.
struct Unread {
    router: Router,
    messages: String,
    stream: futures::stream::BoxStream<'static, String>,
}

impl Unread {
    async fn open(hub: &Running) -> Self {
        let options = WebOptions::at(([127, 0, 0, 1], 0).into());
        let router = mcphub_web::router(hub.hub.clone(), options);
        let get = Request::get("/sse/up").header("host", "localhost");
        let response = router
            .clone()
            .oneshot(get.body(Body::empty()).expect("a request"));
        let body = response
            .await
            .expect("a response")
            .into_body()
            .into_data_stream();
        let text =
            |bytes: Result<bytes::Bytes, _>| String::from_utf8(bytes.expect("bytes").to_vec());
        let mut stream = body.map(move |bytes| text(bytes).expect("text")).boxed();
        let first = stream.next().await.expect("an event");
        let messages = first
            .split_once("data: ")
            .expect("data")
            .1
            .trim()
            .to_owned();
        let mut opened = Self {
            router,
            messages,
            stream,
        };
        let initialize = crate::by_hand::initialize("2025-06-18");
        assert_eq!(opened.post(initialize).await, StatusCode::ACCEPTED);
        let answer = opened.stream.next().await.expect("an event");
        assert!(answer.contains("protocolVersion"), "{answer}");
        opened
    }

    async fn post(&self, body: String) -> StatusCode {
        let request = Request::post(&self.messages)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Body::from(body));
        let response = self.router.clone().oneshot(request.expect("a request"));
        soon(response).await.expect("a response").status()
    }

    async fn call(&self, id: u64) -> StatusCode {
        let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": "t" } });
        self.post(call.to_string()).await
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_keeps_its_own_calls_waiting_and_is_cut_off() {
    let large = format!(r#"{{"content":"{}"}}"#, "x".repeat(600_000));
    let raw = raw_upstream::start(Box::leak(large.into_boxed_str())).await;
    let hub = hub_with(&raw.url, json!({})).await;
    let unread = Unread::open(&hub).await;
    for id in 1..=20 {
        assert_eq!(unread.call(id).await, StatusCode::ACCEPTED);
    }
    soon(raw.heard("tools/call", 20)).await;
    // Others are served as if nothing were.
    let mut other = ByStream::initialized(&hub, "/sse/up", "2025-06-18").await;
    other.calls(1, "t").await;
    assert_eq!(other.hears().await["id"], 1);
    assert_eq!(hub.hub.sessions().count(), 2);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(29)).await;
    assert_eq!(unread.call(21).await, StatusCode::ACCEPTED);
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::time::resume();
    soon(async {
        while unread
            .post(r#"{"jsonrpc":"2.0","method":"notifications/x"}"#.to_owned())
            .await
            != StatusCode::NOT_FOUND
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(hub.hub.sessions().count(), 1);
    let rest: Vec<String> = soon(unread.stream.collect()).await;
    assert!(rest.concat().len() < 2_000_000, "what waits is bounded");
}

#[tokio::test]
async fn a_client_that_reads_slowly_is_not_cut_off_and_loses_nothing() {
    let large = format!(r#"{{"content":"{}"}}"#, "x".repeat(600_000));
    let raw = raw_upstream::start(Box::leak(large.into_boxed_str())).await;
    let hub = hub_with(&raw.url, json!({})).await;
    let mut slow = Unread::open(&hub).await;
    for id in 1..=5 {
        assert_eq!(slow.call(id).await, StatusCode::ACCEPTED);
    }
    soon(raw.heard("tools/call", 5)).await;
    tokio::time::pause();
    let mut heard = String::new();
    // A piece each 20 seconds: more than a minute for one answer.
    while heard.matches("event: message").count() < 5 || !heard.ends_with("\n\n") {
        heard += &slow.stream.next().await.unwrap();
        tokio::time::advance(Duration::from_secs(20)).await;
    }
    tokio::time::resume();
    let ids: Vec<Value> = heard
        .split("\n\n")
        .filter_map(|event| event.split_once("data: "))
        .map(|(_, data)| serde_json::from_str::<Value>(data).unwrap()["id"].clone())
        .collect();
    for id in 1..=5 {
        assert!(ids.contains(&json!(id)), "{id} in {ids:?}");
    }
}
