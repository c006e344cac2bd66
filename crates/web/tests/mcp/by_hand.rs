//! A client by hand: it sends what the test says and shows what came back.

use http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Running, soon};

pub(crate) struct Wire {
    pub(crate) client: reqwest::Client,
    pub(crate) url: String,
    pub(crate) session: Option<String>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) session: Option<String>,
    pub(crate) body: String,
}

impl Wire {
    #[expect(clippy::disallowed_methods, reason = "the test is a client of its own")]
    pub(crate) fn new(hub: &Running, path: &str) -> Self {
        Self {
            client: reqwest::Client::new(),
            url: hub.url(path),
            session: None,
        }
    }

    /// Opens a session.
    pub(crate) async fn initialized(hub: &Running, path: &str, revision: &str) -> Self {
        let mut wire = Self::new(hub, path);
        let answer = wire.post(&initialize(revision)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        wire.session = answer.session;
        wire
    }

    pub(crate) fn request(&self, method: http::Method) -> reqwest::RequestBuilder {
        let request = self
            .client
            .request(method, &self.url)
            .header("accept", "application/json, text/event-stream");
        match &self.session {
            Some(session) => request.header("mcp-session-id", session),
            None => request,
        }
    }

    pub(crate) async fn post(&self, body: &str) -> Answer {
        let request = self
            .request(http::Method::POST)
            .header("content-type", "application/json");
        send(request.body(body.to_owned())).await
    }
}

pub(crate) async fn send(request: reqwest::RequestBuilder) -> Answer {
    let response = soon(request.send()).await.expect("an answer");
    let text = |name: &str| {
        let value = response.headers().get(name)?;
        Some(value.to_str().expect("text").to_owned())
    };
    Answer {
        status: response.status(),
        content_type: text("content-type").unwrap_or_default(),
        session: text("mcp-session-id"),
        body: soon(response.text()).await.expect("a body"),
    }
}

pub(crate) fn initialize(revision: &str) -> String {
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": revision, "capabilities": {}, "clientInfo": { "name": "wire", "version": "1" },
    } })
    .to_string()
}

pub(crate) fn code(answer: &Answer) -> i64 {
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    body["error"]["code"].as_i64().expect("an error code")
}
