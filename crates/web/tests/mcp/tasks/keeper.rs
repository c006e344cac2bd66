//! An MCP server that answers everything with a task, in the way of either revision, because `rmcp` has only the newer one and tells
//! nobody how a task stands.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures::StreamExt;
use futures::stream::BoxStream;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};

use crate::up::Way;

const META: &str = "io.modelcontextprotocol/";

/// A hand on its inside.
#[derive(Clone)]
pub(crate) struct Keeper {
    pub(crate) url: String,
    way: Way,
    /// The ids of its tasks.
    tasks: Arc<Mutex<Vec<String>>>,
    heard: Arc<Mutex<Vec<String>>>,
    told: broadcast::Sender<(String, Value)>,
    listeners: watch::Sender<usize>,
    /// Requests that are answered when it opens.
    at_the_door: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

pub(crate) async fn start(way: Way) -> Keeper {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let keeper = Keeper {
        url: format!("http://{}/mcp", listener.local_addr().expect("an address")),
        way,
        tasks: Arc::default(),
        heard: Arc::default(),
        told: broadcast::Sender::new(16),
        listeners: watch::Sender::new(0),
        at_the_door: watch::Sender::new(0),
        open: watch::Sender::new(true),
    };
    let router = Router::new()
        .route("/mcp", post(posted).get(opened))
        .with_state(keeper.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    keeper
}

impl Keeper {
    /// What it was asked about tasks: the method, the task, and the task in the header where there is one.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("heard").clone()
    }

    /// Answers nothing until `opens`.
    pub(crate) fn closes(&self) {
        self.open.send_replace(false);
    }

    pub(crate) async fn opens(&self) {
        let mut waiting = self.at_the_door.subscribe();
        let one = waiting.wait_for(|waiting| *waiting > 0);
        one.await.expect("the server runs");
        self.open.send_replace(true);
    }

    /// Tells how a task stands, as soon as somebody listens.
    pub(crate) async fn tells(&self, id: &str) {
        let mut listeners = self.listeners.subscribe();
        let some = listeners.wait_for(|listeners| *listeners > 0);
        some.await.expect("the server runs");
        let method = match self.way {
            Way::Handshake => "notifications/tasks/status",
            Way::Stateless => "notifications/tasks",
        };
        let told = json!({ "jsonrpc": "2.0", "method": method, "params": self.task(id) });
        self.told.send((id.to_owned(), told)).expect("a listener");
    }

    fn task(&self, id: &str) -> Value {
        let ttl = match self.way {
            Way::Handshake => "ttl",
            Way::Stateless => "ttlMs",
        };
        json!({ "taskId": id, "status": "working", "createdAt": "2026-01-01T00:00:00Z", "lastUpdatedAt": "2026-01-01T00:00:00Z", ttl: 60_000 })
    }

    fn capabilities(&self) -> Value {
        match self.way {
            Way::Handshake => {
                json!({ "tools": {}, "tasks": { "list": {}, "cancel": {}, "requests": { "tools": { "call": {} } } } })
            }
            Way::Stateless => {
                json!({ "tools": {}, "extensions": { format!("{META}tasks"): {} } })
            }
        }
    }

    fn answer(&self, method: &str, params: &Value) -> Result<Value, (i64, &'static str)> {
        let stateless = self.way == Way::Stateless;
        let id = params["taskId"].as_str().unwrap_or_default();
        if method.starts_with("tasks/") && !id.is_empty() {
            let tasks = self.tasks.lock().expect("tasks");
            if !tasks.iter().any(|task| task == id) {
                return Err((-32602, "the keeper has no such task"));
            }
        }
        Ok(match method {
            "initialize" if !stateless => json!({
                "protocolVersion": "2025-11-25", "capabilities": self.capabilities(),
                "serverInfo": { "name": "keeper", "version": "1" },
            }),
            "server/discover" if stateless => json!({
                "supportedVersions": ["2026-07-28"], "capabilities": self.capabilities(),
            }),
            "tools/list" => {
                json!({ "tools": [{ "name": "work", "inputSchema": { "type": "object" } }] })
            }
            "tools/call" => {
                let id = params["arguments"]["id"].as_str().unwrap_or_default();
                self.tasks.lock().expect("tasks").push(id.to_owned());
                let mut task = self.task(id);
                if !stateless {
                    return Ok(json!({ "task": task }));
                }
                task["resultType"] = "task".into();
                task
            }
            "tasks/get" => self.task(id),
            "tasks/cancel" | "tasks/update" if stateless => json!({ "resultType": "complete" }),
            "tasks/cancel" if !stateless => self.task(id),
            "tasks/result" if !stateless => json!({ "content": [] }),
            "tasks/list" if !stateless => {
                let tasks = self.tasks.lock().expect("tasks");
                let all: Vec<_> = tasks.iter().map(|id| self.task(id)).collect();
                json!({ "tasks": all })
            }
            _ => return Err((-32601, "the keeper does not know this")),
        })
    }

    /// What is told of these tasks, or of all.
    fn stream(&self, first: Option<Value>, ids: Option<Vec<String>>) -> Response {
        let told = tokio_stream(self.told.subscribe());
        let wanted = told.filter_map(move |(id, told)| {
            let wanted = ids.as_ref().is_none_or(|ids| ids.contains(&id));
            std::future::ready(wanted.then_some(told))
        });
        self.listeners.send_modify(|listeners| *listeners += 1);
        let all = futures::stream::iter(first).chain(wanted);
        let events = all.map(|told| Ok::<_, Infallible>(Event::default().data(told.to_string())));
        Sse::new(events).into_response()
    }
}

fn tokio_stream<T: Clone + Send + 'static>(from: broadcast::Receiver<T>) -> BoxStream<'static, T> {
    let steps = futures::stream::unfold(from, |mut from| async move {
        let next = from.recv().await.ok()?;
        Some((next, from))
    });
    steps.boxed()
}

async fn opened(State(keeper): State<Keeper>) -> Response {
    match keeper.way {
        Way::Handshake => keeper.stream(None, None),
        Way::Stateless => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

async fn posted(State(keeper): State<Keeper>, headers: HeaderMap, body: String) -> Response {
    let message: Value = serde_json::from_str(&body).expect("JSON");
    let (method, params) = (
        message["method"].as_str().unwrap_or_default(),
        &message["params"],
    );
    keeper.at_the_door.send_modify(|waiting| *waiting += 1);
    let mut door = keeper.open.subscribe();
    door.wait_for(|open| *open).await.expect("the server runs");
    if message["id"].is_null() {
        return StatusCode::ACCEPTED.into_response();
    }
    if method.starts_with("tasks/") {
        let id = params["taskId"].as_str().unwrap_or_default();
        let header = headers.get("mcp-name");
        let header = header.map_or("", |name| name.to_str().expect("text"));
        let line = format!("{method} {id} {header}");
        let mut heard = keeper.heard.lock().expect("heard");
        heard.push(line.trim_end().to_owned());
    }
    if method == "subscriptions/listen" && keeper.way == Way::Stateless {
        let ids = params["notifications"]["taskIds"].as_array();
        // It tells of no task that it calls a secret.
        let ids = ids.into_iter().flatten().filter_map(Value::as_str);
        let ids: Vec<String> = ids
            .filter(|id| !id.contains("secret"))
            .map(str::to_owned)
            .collect();
        let acknowledged = json!({ "jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": {
            "_meta": { format!("{META}subscriptionId"): message["id"] }, "notifications": { "taskIds": ids },
        } });
        return keeper.stream(Some(acknowledged), Some(ids));
    }
    let mut answer = json!({ "jsonrpc": "2.0", "id": message["id"] });
    match keeper.answer(method, params) {
        Ok(result) => answer["result"] = result,
        Err((code, text)) => answer["error"] = json!({ "code": code, "message": text }),
    }
    let json = [(header::CONTENT_TYPE, "application/json")];
    (json, answer.to_string()).into_response()
}
