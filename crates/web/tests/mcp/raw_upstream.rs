//! An MCP server in a few lines that answers with texts of the test's own, because `rmcp` cannot write what it does not know.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use tokio::sync::watch;

/// What it answers to `tools/call`, and what it received.
pub(crate) struct Raw {
    pub(crate) url: String,
    pub(crate) received: Arc<Mutex<Vec<String>>>,
    pub(crate) headers: Arc<Mutex<Vec<HeaderMap>>>,
    count: watch::Receiver<usize>,
}

impl Raw {
    /// The first messages of this method, as soon as there are so many.
    pub(crate) async fn heard(&self, method: &str, many: usize) -> Vec<Value> {
        let mut count = self.count.clone();
        loop {
            let texts = self.received.lock().expect("received").clone();
            let messages = texts
                .iter()
                .map(|text| serde_json::from_str(text).expect("JSON"));
            let found: Vec<Value> = messages
                .filter(|m: &Value| m["method"] == method)
                .take(many)
                .collect();
            if found.len() == many {
                return found;
            }
            count.changed().await.expect("the server runs");
        }
    }
}

#[derive(Clone)]
struct Inside {
    answer: &'static str,
    received: Arc<Mutex<Vec<String>>>,
    headers: Arc<Mutex<Vec<HeaderMap>>>,
    count: watch::Sender<usize>,
}

/// Starts it; `answer` is the result of each `tools/call`.
pub(crate) async fn start(answer: &'static str) -> Raw {
    let (received, headers) = (Arc::default(), Arc::default());
    let (counted, count) = watch::channel(0);
    let inside = Inside {
        answer,
        received: Arc::clone(&received),
        headers: Arc::clone(&headers),
        count: counted,
    };
    let router = Router::new()
        .route("/mcp", post(answers))
        .with_state(inside);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}/mcp", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Raw {
        url,
        received,
        headers,
        count,
    }
}

async fn answers(State(inside): State<Inside>, headers: HeaderMap, body: String) -> Response {
    inside.headers.lock().expect("headers").push(headers);
    let message: Value = serde_json::from_str(&body).expect("JSON");
    inside.received.lock().expect("received").push(body);
    inside.count.send_modify(|count| *count += 1);
    let result = match message["method"].as_str() {
        Some("initialize") => {
            r#"{"protocolVersion":"2025-06-18","capabilities":{"tools":{},"vendor/x":{"n":1.0}},"serverInfo":{"name":"raw","version":"1","icons":[{"src":"data:,"}]},"vendor":[1e400]}"#
        }
        Some("tools/list") => {
            r#"{"tools":[{"name":"t","inputSchema":{"$defs":{},"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}},"x":0.10}],"_meta":{"k":1}}"#
        }
        Some("tools/call") => inside.answer,
        _ => return StatusCode::ACCEPTED.into_response(),
    };
    let text = format!(
        "{{\"id\":{},\"result\":{result},\"jsonrpc\":\"2.0\",\"extra\":null}}",
        message["id"]
    );
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
