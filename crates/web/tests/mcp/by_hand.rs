//! A client by hand: it sends what the test says and shows what came back.

use http::StatusCode;
use mcp::sse::{Event, Parser};
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

    pub(crate) fn posting(&self, body: &str) -> reqwest::RequestBuilder {
        let request = self.request(http::Method::POST);
        let request = request.header("content-type", "application/json");
        request.body(body.to_owned())
    }

    /// What comes back for the stream of this event.
    pub(crate) fn resuming(&self, last_event: &str) -> reqwest::RequestBuilder {
        let request = self.request(http::Method::GET);
        request.header("last-event-id", last_event)
    }

    pub(crate) async fn post(&self, body: &str) -> Answer {
        let request = self
            .request(http::Method::POST)
            .header("content-type", "application/json");
        send(request.body(body.to_owned())).await
    }
}

/// An event stream that is read event by event. Dropped, its connection is cut.
pub(crate) struct Events {
    response: reqwest::Response,
    parser: Parser,
}

impl Events {
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = soon(request.send()).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            response,
            parser: Parser::new(1 << 20),
        }
    }

    /// The next event; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.parser.take() {
                return Some(event.expect("a short event"));
            }
            let chunk = soon(self.response.chunk()).await.expect("a stream")?;
            self.parser.feed(&chunk);
        }
    }

    /// The next event's id and what happened: `step N`, `answer`, a method, or `priming`.
    pub(crate) async fn told(&mut self) -> (String, String) {
        let event = self.next().await.expect("one more event");
        (event.id.clone().unwrap_or_default(), what(&event.data))
    }

    pub(crate) async fn all_told(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(event) = self.next().await {
            all.push(what(&event.data));
        }
        all
    }
}

fn what(data: &str) -> String {
    if data.is_empty() {
        return "priming".to_owned();
    }
    let message: Value = serde_json::from_str(data).expect("a message");
    if let Some(step) = message["params"]["progress"].as_f64() {
        return format!("step {step}");
    }
    let answer = match message.get("error") {
        Some(error) => format!("error: {error}"),
        None => format!("answer: {}", message["result"]["content"][0]["text"]),
    };
    let method = message["method"].as_str().map(str::to_owned);
    method.unwrap_or_else(|| format!("{} {answer}", message["id"]))
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
