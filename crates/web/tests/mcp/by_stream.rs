//! A client of the old HTTP+SSE transport by hand: one stream that it reads, and an address that it sends to.

use http::StatusCode;
use mcp::sse::{Event, Parser};
use serde_json::{Value, json};

use crate::by_hand::{Answer, send};
use crate::harness::{Running, soon};

pub(crate) struct ByStream {
    pub(crate) client: reqwest::Client,
    /// Where it sends, as a whole address.
    pub(crate) messages: String,
    pub(crate) key: Option<&'static str>,
    stream: reqwest::Response,
    parser: Parser,
}

impl ByStream {
    pub(crate) async fn open(hub: &Running, path: &str) -> Self {
        Self::open_as(None, hub, path).await
    }

    pub(crate) async fn open_as(key: Option<&'static str>, hub: &Running, path: &str) -> Self {
        let stream = soon(get(key, hub, path).send()).await.expect("a stream");
        assert_eq!(stream.status(), StatusCode::OK);
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
        let mut opened = Self {
            client: client(),
            messages: String::new(),
            key,
            stream,
            parser: Parser::new(64 * 1024 * 1024),
        };
        let first = opened.event().await.expect("an event");
        assert_eq!(first.kind.as_deref(), Some("endpoint"));
        opened.messages = hub.url(&first.data);
        opened
    }

    /// With a session of this revision that can answer everything.
    pub(crate) async fn initialized(hub: &Running, path: &str, revision: &str) -> Self {
        let mut opened = Self::open(hub, path).await;
        opened.initialize(revision).await;
        opened
    }

    /// The text of the answer, which may hold what no reader of JSON takes.
    pub(crate) async fn initialize(&mut self, revision: &str) -> String {
        let params = json!({
            "protocolVersion": revision, "clientInfo": { "name": "stream", "version": "1" },
            "capabilities": { "sampling": {}, "elicitation": {}, "roots": {} },
        });
        self.asks(0, "initialize", params).await;
        let answer = self.event().await.expect("an answer").data;
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        self.says(&initialized).await;
        answer
    }

    /// Sends a body as it is.
    pub(crate) async fn post(&self, body: &str) -> Answer {
        send(self.request().body(body.to_owned())).await
    }

    pub(crate) fn request(&self) -> reqwest::RequestBuilder {
        let request = self
            .client
            .post(&self.messages)
            .header("content-type", "application/json");
        match self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// Sends a message that is taken.
    pub(crate) async fn says(&self, message: &Value) {
        let answer = self.post(&message.to_string()).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
        assert_eq!(answer.body, "");
    }

    pub(crate) async fn asks(&self, id: u64, method: &str, params: Value) {
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.says(&request).await;
    }

    pub(crate) async fn calls(&self, id: u64, tool: &str) {
        let params =
            json!({ "name": tool, "arguments": {}, "_meta": { "progressToken": "token" } });
        self.asks(id, "tools/call", params).await;
    }

    /// A request whose response is the next thing on the stream.
    pub(crate) async fn ask(&mut self, id: u64, method: &str, params: Value) -> Value {
        self.asks(id, method, params).await;
        let answer = self.hears().await;
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// The next message on the stream.
    pub(crate) async fn hears(&mut self) -> Value {
        let event = self.event().await.expect("a message");
        assert_eq!(event.kind.as_deref(), Some("message"));
        serde_json::from_str(&event.data).expect("JSON")
    }

    /// The next event; `None` when the stream has ended.
    pub(crate) async fn event(&mut self) -> Option<Event> {
        // In all: signs of life come for ever.
        soon(async {
            loop {
                if let Some(event) = self.parser.take() {
                    return Some(event.expect("not too long"));
                }
                let bytes = self.stream.chunk().await.expect("no break");
                self.parser.feed(&bytes?);
            }
        })
        .await
    }

    /// The id in the address for messages.
    pub(crate) fn id(&self) -> &str {
        let (_, id) = self.messages.split_once("?sessionId=").expect("an id");
        id
    }
}

pub(crate) fn get(key: Option<&str>, hub: &Running, path: &str) -> reqwest::RequestBuilder {
    let request = client()
        .get(hub.url(path))
        .header("accept", "text/event-stream");
    match key {
        Some(key) => request.bearer_auth(key),
        None => request,
    }
}

#[expect(clippy::disallowed_methods, reason = "the test is a client of its own")]
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::new()
}

pub(crate) fn text(answer: &Value) -> &str {
    let text = answer["result"]["content"][0]["text"].as_str();
    text.unwrap_or_else(|| panic!("{answer}"))
}
