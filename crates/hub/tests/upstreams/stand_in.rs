//! An MCP server that answers as the test says, and remembers what it was asked.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::desk::soon;

/// A request that the server got.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) number: u64,
}

impl Seen {
    /// The MCP method, or nothing.
    pub(crate) fn asks(&self) -> &str {
        self.body["method"].as_str().unwrap_or("")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// A JSON answer to this request.
    pub(crate) fn result(&self, result: &Value) -> Response {
        json_answer(&json!({ "jsonrpc": "2.0", "id": self.body["id"], "result": result }))
    }
}

pub(crate) struct StandIn {
    pub(crate) origin: String,
    pub(crate) url: String,
    seen: watch::Receiver<Vec<Seen>>,
}

impl StandIn {
    pub(crate) async fn start<F, A>(answer: F) -> Self
    where
        F: Fn(Seen) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Response> + Send,
    {
        let (tell, seen) = watch::channel(Vec::new());
        let number = Arc::new(AtomicU64::new(0));
        let app = Router::new().fallback(move |request: Request| {
            let (answer, tell, number) = (answer.clone(), tell.clone(), number.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = axum::body::to_bytes(body, 16 << 20).await.unwrap();
                let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
                // The first look at a server is no part of what is numbered.
                let is_look = body["method"] == "server/discover";
                let seen = Seen {
                    method: head.method,
                    path: head.uri.path().to_owned(),
                    headers: head.headers,
                    body,
                    number: number.fetch_add(u64::from(!is_look), Ordering::SeqCst),
                };
                tell.send_modify(|all| all.push(seen.clone()));
                answer(seen).await
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            url: format!("{origin}/mcp"),
            origin,
            seen,
        }
    }

    /// A server with one tool, where the test answers the calls.
    pub(crate) async fn with_calls<F, A>(answer: F) -> Self
    where
        F: Fn(Seen) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Response> + Send,
    {
        Self::start(move |seen| {
            let answer = answer.clone();
            async move {
                match usual(&seen) {
                    Some(response) => response,
                    None => answer(seen).await,
                }
            }
        })
        .await
    }

    pub(crate) fn all(&self) -> Vec<Seen> {
        self.seen.borrow().clone()
    }

    pub(crate) fn count(&self, asks: &str) -> usize {
        self.seen
            .borrow()
            .iter()
            .filter(|seen| seen.asks() == asks)
            .count()
    }

    /// The first request that is like this, now or later.
    pub(crate) async fn saw(&self, what: &str, like: impl Fn(&Seen) -> bool) -> Seen {
        let mut seen = self.seen.clone();
        let found = soon(what, seen.wait_for(|all| all.iter().any(&like)))
            .await
            .unwrap();
        found.iter().find(|seen| like(seen)).unwrap().clone()
    }
}

/// What every well-behaved server with one tool answers; calls and unknown methods are left to the test.
pub(crate) fn usual(seen: &Seen) -> Option<Response> {
    Some(match (&seen.method, seen.asks()) {
        (&Method::GET, _) => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        (&Method::DELETE, _) => StatusCode::NO_CONTENT.into_response(),
        // What a server of the older revisions answers to a method that it does not know.
        (_, "server/discover") => json_answer(&json!({
            "jsonrpc": "2.0", "id": seen.body["id"], "error": { "code": -32601, "message": "unknown method" },
        })),
        (_, "initialize") => hello(seen, &json!({ "tools": { "listChanged": true } })),
        (_, "tools/list") => seen.result(&json!({ "tools": [tool("echo")] })),
        (_, "notifications/initialized" | "notifications/cancelled") => {
            StatusCode::ACCEPTED.into_response()
        }
        _ if seen.asks().is_empty() => StatusCode::ACCEPTED.into_response(),
        _ => return None,
    })
}

pub(crate) fn hello(seen: &Seen, capabilities: &Value) -> Response {
    let mut response = seen.result(&json!({
        "protocolVersion": "2025-11-25", "capabilities": capabilities, "serverInfo": { "name": "stand-in", "version": "1" },
    }));
    let session = format!("session-{}", seen.number);
    response
        .headers_mut()
        .insert("mcp-session-id", session.parse().unwrap());
    response
}

pub(crate) fn tool(name: &str) -> Value {
    json!({ "name": name, "inputSchema": { "type": "object" } })
}

pub(crate) fn json_answer(value: &Value) -> Response {
    ([("content-type", "application/json")], value.to_string()).into_response()
}

/// An event stream with these messages, and then its end.
pub(crate) fn events(messages: impl IntoIterator<Item = Value>) -> Response {
    let texts: Vec<String> = messages
        .into_iter()
        .map(|message| format!("event: message\ndata: {message}\n\n"))
        .collect();
    streamed(stream::iter(texts))
}

/// An event stream as it is written.
pub(crate) fn streamed(texts: impl Stream<Item = String> + Send + 'static) -> Response {
    let body =
        Body::from_stream(texts.map(|text| Ok::<_, std::convert::Infallible>(Bytes::from(text))));
    ([("content-type", "text/event-stream")], body).into_response()
}
