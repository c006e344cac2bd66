//! Tasks: a server gives them to one caller, and no other caller gets at them.

mod keeper;

use futures::StreamExt;
use http::Method;
use serde_json::{Value, json};

use crate::by_hand::{Wire, initialize, send};
use crate::harness::{Running, hub, soon};
use crate::up::Way;
use keeper::Keeper;

const META: &str = "io.modelcontextprotocol/";

/// Hubs with two keys and one server for each name.
async fn with_keys(servers: &[(&str, &Keeper)]) -> Running {
    let running = unsettled(servers).await;
    for (name, _) in servers {
        running.ready(name).await;
    }
    running
}

async fn unsettled(servers: &[(&str, &Keeper)]) -> Running {
    let key = |id: &str| json!({ "id": id, "token": id, "enabled": true, "accessType": "all" });
    let entries = servers.iter().map(|(name, keeper)| {
        let entry = json!({ "type": "streamable-http", "url": keeper.url });
        ((*name).to_owned(), entry)
    });
    let entries: serde_json::Map<_, _> = entries.collect();
    hub(json!({ "mcpServers": entries, "bearerKeys": [key("ann"), key("ben")] })).await
}

/// Somebody with a key, who speaks as the server does.
struct Caller {
    wire: Wire,
    key: &'static str,
    way: Way,
    capabilities: Value,
}

impl Caller {
    async fn at(hub: &Running, path: &str, key: &'static str, way: Way) -> Self {
        let mut caller = Self {
            wire: Wire::new(hub, path),
            key,
            way,
            capabilities: json!({ "extensions": { format!("{META}tasks"): {} } }),
        };
        if way == Way::Handshake {
            let request = caller.request(Method::POST).body(initialize("2025-11-25"));
            caller.wire.session = send(request).await.session;
        }
        caller
    }

    fn request(&self, method: Method) -> reqwest::RequestBuilder {
        self.wire
            .request(method)
            .bearer_auth(self.key)
            .header("content-type", "application/json")
    }

    fn asking(&self, method: &str, mut params: Value) -> reqwest::RequestBuilder {
        let mut request = self.request(Method::POST);
        if self.way == Way::Stateless {
            params["_meta"] = json!({
                format!("{META}protocolVersion"): "2026-07-28",
                format!("{META}clientCapabilities"): self.capabilities,
            });
            request = request
                .header("mcp-protocol-version", "2026-07-28")
                .header("mcp-method", method);
            let about = params["name"].as_str().or(params["taskId"].as_str());
            if let Some(about) = about {
                request = request.header("mcp-name", about);
            }
        }
        let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        request.body(body.to_string())
    }

    async fn ask(&self, method: &str, params: Value) -> Value {
        let answer = send(self.asking(method, params)).await;
        let text = answer.body.lines().rev();
        let mut text = text.filter_map(|line| {
            line.strip_prefix("data: ")
                .or(Some(line).filter(|line| line.starts_with('{')))
        });
        serde_json::from_str(text.next().unwrap_or_default()).expect("JSON")
    }

    async fn about(&self, method: &str, id: &str) -> Value {
        self.ask(method, json!({ "taskId": id })).await
    }

    /// Calls a tool that answers with a task of this id.
    async fn creates(&self, tool: &str, id: &str) {
        let params = json!({ "name": tool, "arguments": { "id": id }, "task": {} });
        let result = self.ask("tools/call", params).await["result"].clone();
        let task = match self.way {
            Way::Handshake => &result["task"],
            Way::Stateless => &result,
        };
        assert_eq!(task["taskId"], id, "{result}");
    }

    /// Opens a stream.
    async fn listens(&self, request: reqwest::RequestBuilder) -> Heard {
        let response = soon(request.send()).await.expect("an answer");
        assert_eq!(response.status(), 200);
        Heard {
            bytes: response.bytes_stream().boxed(),
            text: String::new(),
        }
    }
}

struct Heard {
    bytes: futures::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    text: String,
}

impl Heard {
    /// The next message on the stream.
    async fn next(&mut self) -> Value {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let mut lines = event.lines();
                let text = lines.find_map(|line| line.strip_prefix("data: "));
                // The first event has an id alone.
                if let Some(text) = text.filter(|text| !text.is_empty()) {
                    return serde_json::from_str(text).expect("JSON");
                }
                continue;
            }
            let bytes = soon(self.bytes.next()).await.expect("more");
            let bytes = bytes.expect("bytes");
            self.text
                .push_str(std::str::from_utf8(&bytes).expect("text"));
        }
    }
}

fn methods(way: Way) -> &'static [&'static str] {
    match way {
        Way::Handshake => &["tasks/get", "tasks/result", "tasks/cancel"],
        Way::Stateless => &["tasks/get", "tasks/update", "tasks/cancel"],
    }
}

// rule: mcp-task-owner
// rule: mcp-task-created
// rule: mcp-task-headers
#[tokio::test]
async fn a_task_of_another_caller_is_like_one_that_nobody_has() {
    for way in Way::BOTH {
        let keeper = keeper::start(way).await;
        let hub = with_keys(&[("up", &keeper)]).await;
        let ann = Caller::at(&hub, "/mcp/up", "ann", way).await;
        let ben = Caller::at(&hub, "/mcp/up", "ben", way).await;
        ann.creates("work", "of ann").await;
        for method in methods(way) {
            let foreign = ben.about(method, "of ann").await;
            assert_eq!(foreign["error"]["code"], -32602, "{way:?} {method}");
            assert_eq!(foreign, ben.about(method, "of nobody").await);
            assert_eq!(foreign, ann.about(method, "of nobody").await);
        }
        assert_eq!(
            keeper.heard(),
            [""; 0],
            "{way:?}: nothing reached the server"
        );
        for method in methods(way) {
            let own = ann.about(method, "of ann").await;
            assert!(own["result"].is_object(), "{way:?} {method}: {own}");
        }
        let header = match way {
            Way::Handshake => "",
            Way::Stateless => " of ann",
        };
        let expected = methods(way).iter();
        let expected: Vec<_> = expected.map(|m| format!("{m} of ann{header}")).collect();
        assert_eq!(keeper.heard(), expected);
        let other = Caller::at(&hub, "/mcp", "ann", way).await;
        let elsewhere = other.about("tasks/get", "of ann").await;
        assert_eq!(elsewhere["result"]["taskId"], "of ann", "{way:?}");
        // A server that gives the id again means another task.
        ben.creates("work", "of ann").await;
        assert_eq!(
            ann.about("tasks/get", "of ann").await["error"]["code"],
            -32602
        );
    }
}

// rule: mcp-task-list-own
#[tokio::test]
async fn a_list_of_tasks_holds_the_callers_own() {
    let keeper = keeper::start(Way::Handshake).await;
    let hub = with_keys(&[("up", &keeper)]).await;
    let ann = Caller::at(&hub, "/mcp/up", "ann", Way::Handshake).await;
    let ben = Caller::at(&hub, "/mcp/up", "ben", Way::Handshake).await;
    ann.creates("work", "a").await;
    ben.creates("work", "b").await;
    ann.creates("work", "c").await;
    let ids = |answer: Value| {
        let tasks = answer["result"]["tasks"].as_array().expect("tasks").clone();
        let ids = tasks
            .iter()
            .map(|task| task["taskId"].as_str().unwrap_or_default().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(ids(ann.ask("tasks/list", json!({})).await), ["a", "c"]);
    assert_eq!(ids(ben.ask("tasks/list", json!({})).await), ["b"]);
}

// rule: mcp-task-told-owner
#[tokio::test]
async fn what_a_server_tells_of_a_task_reaches_sessions_of_its_owner_alone() {
    let keeper = keeper::start(Way::Handshake).await;
    let hub = with_keys(&[("up", &keeper)]).await;
    let ann = Caller::at(&hub, "/mcp/up", "ann", Way::Handshake).await;
    let ben = Caller::at(&hub, "/mcp", "ben", Way::Handshake).await;
    let mut to_ann = ann.listens(ann.request(Method::GET)).await;
    let mut to_ben = ben.listens(ben.request(Method::GET)).await;
    ann.creates("work", "a").await;
    ben.creates("up-work", "b").await;
    for id in ["a", "of nobody", "b", "a"] {
        keeper.tells(id).await;
    }
    for (heard, expected) in [(&mut to_ann, ["a", "a"].as_slice()), (&mut to_ben, &["b"])] {
        for id in expected {
            let told = heard.next().await;
            assert_eq!(told["method"], "notifications/tasks/status");
            assert_eq!(told["params"]["taskId"], *id);
        }
    }
}

// rule: mcp-task-listen-own
// rule: mcp-task-listen-agreed
#[tokio::test]
async fn a_listener_hears_of_its_own_tasks_that_the_server_agreed_to_tell_of() {
    let keeper = keeper::start(Way::Stateless).await;
    let hub = with_keys(&[("up", &keeper)]).await;
    let ann = Caller::at(&hub, "/mcp/up", "ann", Way::Stateless).await;
    let ben = Caller::at(&hub, "/mcp", "ben", Way::Stateless).await;
    ann.creates("work", "a").await;
    ann.creates("work", "a secret").await;
    ben.creates("up-work", "b").await;
    let wanted = json!({ "notifications": { "taskIds": ["a", "a secret", "b", "of nobody"] } });
    for (caller, own, other) in [(&ann, "a", "b"), (&ben, "b", "a")] {
        let request = caller.asking("subscriptions/listen", wanted.clone());
        let mut heard = caller.listens(request).await;
        let acknowledged = heard.next().await;
        assert_eq!(
            acknowledged["params"]["notifications"],
            json!({ "taskIds": [own] })
        );
        keeper.tells(other).await;
        keeper.tells(own).await;
        let told = heard.next().await;
        assert_eq!(told["method"], "notifications/tasks");
        assert_eq!(told["params"]["taskId"], own);
        assert_eq!(told["params"]["_meta"][format!("{META}subscriptionId")], 7);
    }
}

// rule: mcp-task-undeclared
#[tokio::test]
async fn a_client_that_did_not_declare_tasks_is_told_to() {
    let keeper = keeper::start(Way::Stateless).await;
    let hub = with_keys(&[("up", &keeper)]).await;
    let mut caller = Caller::at(&hub, "/mcp/up", "ann", Way::Stateless).await;
    caller.capabilities = json!({});
    let listen = json!({ "notifications": { "taskIds": ["a"] } });
    for answer in [
        caller.about("tasks/get", "a").await,
        caller.ask("subscriptions/listen", listen).await,
    ] {
        assert_eq!(answer["error"]["code"], -32021, "{answer}");
        let required = &answer["error"]["data"]["requiredCapabilities"]["extensions"];
        assert!(required[format!("{META}tasks")].is_object(), "{answer}");
    }
}

#[tokio::test]
async fn an_endpoint_of_many_servers_asks_the_one_that_gave_the_task() {
    for way in Way::BOTH {
        let (one, two) = (keeper::start(way).await, keeper::start(way).await);
        let hub = with_keys(&[("one", &one), ("two", &two)]).await;
        let caller = Caller::at(&hub, "/mcp", "ann", way).await;
        caller.creates("two-work", "x").await;
        let found = caller.about("tasks/get", "x").await;
        assert_eq!(found["result"]["taskId"], "x", "{way:?}");
        assert!(one.heard().is_empty() && two.heard().len() == 1);
        let listed = caller.ask("tasks/list", json!({})).await;
        assert_eq!(listed["error"]["code"], -32601, "{listed}");
        // An id that says nothing of its server is not guessed at.
        caller.creates("one-work", "x").await;
        let unclear = caller.about("tasks/get", "x").await;
        let text = unclear["error"]["message"].as_str().unwrap_or_default();
        assert!(text.contains("use /mcp/{server}"), "{unclear}");
        assert!(one.heard().is_empty());
        let alone = Caller::at(&hub, "/mcp/one", "ann", way).await;
        assert!(alone.about("tasks/get", "x").await["result"].is_object());
    }
}

#[tokio::test]
async fn a_server_without_tasks_is_not_asked_about_any() {
    for way in Way::BOTH {
        let (url, _) = crate::up::start_as("plain", way).await;
        let hub = crate::harness::hub_with(&url, json!({})).await;
        let caller = Caller::at(&hub, "/mcp/up", "ann", way).await;
        let answer = caller.about("tasks/get", "a").await;
        let text = answer["error"]["message"].as_str().unwrap_or_default();
        assert_eq!(answer["error"]["code"], -32601, "{way:?}: {answer}");
        assert!(text.contains("up has no tasks"), "{way:?}: {answer}");
    }
}

#[tokio::test]
async fn a_call_that_waited_for_the_connection_may_be_a_task_too() {
    let keeper = keeper::start(Way::Stateless).await;
    keeper.closes();
    let hub = unsettled(&[("up", &keeper)]).await;
    let caller = Caller::at(&hub, "/mcp/up", "ann", Way::Stateless).await;
    tokio::join!(caller.creates("work", "a"), keeper.opens());
    let found = caller.about("tasks/get", "a").await;
    assert_eq!(found["result"]["taskId"], "a", "{found}");
}
