//! Clients of the stateless revision at servers of either kind, spoken by hand.

use http::{Method, StatusCode};
use hub::activity::Outcome;
use serde_json::{Value, json};

use crate::by_hand::{Answer, Wire, code, send};
use crate::harness::{Running, hub, hub_with, soon};
use crate::raw_upstream;
use crate::up::{self, Way};

const META: &str = "io.modelcontextprotocol/";

/// A client that can answer everything, without a session.
pub(crate) struct Client {
    wire: Wire,
    capabilities: Value,
}

impl Client {
    pub(crate) fn at(hub: &Running, path: &str) -> Self {
        Self {
            wire: Wire::new(hub, path),
            capabilities: json!({ "sampling": {}, "elicitation": {}, "roots": {} }),
        }
    }

    pub(crate) fn body(&self, id: u64, method: &str, mut params: Value) -> Value {
        let meta = json!({
            format!("{META}protocolVersion"): "2026-07-28",
            format!("{META}clientCapabilities"): self.capabilities,
            format!("{META}clientInfo"): { "name": "stateless", "version": "1" },
        });
        for (key, value) in meta.as_object().expect("an object") {
            params["_meta"][key] = value.clone();
        }
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
    }

    pub(crate) fn asking(&self, body: &Value) -> reqwest::RequestBuilder {
        let (method, params) = (body["method"].as_str().expect("a method"), &body["params"]);
        let request = self
            .wire
            .request(Method::POST)
            .header("content-type", "application/json")
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", method);
        let request = match params["name"].as_str().or(params["uri"].as_str()) {
            Some(name) => request.header("mcp-name", name),
            None => request,
        };
        request.body(body.to_string())
    }

    async fn ask(&self, method: &str, params: Value) -> Answer {
        send(self.asking(&self.body(7, method, params))).await
    }

    /// The result of a request, whose answer may be a stream.
    async fn result(&self, method: &str, params: Value) -> Value {
        last(&self.ask(method, params).await)["result"].clone()
    }

    async fn call(&self, name: &str, more: Value) -> Value {
        let mut params = json!({ "name": name, "arguments": {} });
        for (key, value) in more.as_object().expect("an object") {
            params[key] = value.clone();
        }
        self.result("tools/call", params).await
    }
}

fn messages(answer: &Answer) -> Vec<Value> {
    let lines = answer.body.lines();
    let texts = lines.filter_map(|line| {
        line.strip_prefix("data: ")
            .or(line.strip_prefix('{').map(|_| line))
    });
    texts
        .map(|text| serde_json::from_str(text).expect("JSON"))
        .collect()
}

fn last(answer: &Answer) -> Value {
    messages(answer).pop().unwrap_or_default()
}

async fn at_both(path: &str) -> Vec<(Way, Running, Client)> {
    let mut all = Vec::new();
    for way in Way::BOTH {
        let (url, _) = up::start_as("everything", way).await;
        let hub = hub_with(&url, json!({})).await;
        let client = Client::at(&hub, path);
        all.push((way, hub, client));
    }
    all
}

// rule: mcp-stateless-post-only
#[tokio::test]
async fn the_stateless_revision_has_neither_get_nor_delete() {
    let (url, _) = up::start("one").await;
    let hub = hub_with(&url, json!({})).await;
    let client = Client::at(&hub, "/mcp/up");
    for method in [Method::GET, Method::DELETE] {
        let request = client.wire.request(method);
        let answer = send(request.header("mcp-protocol-version", "2026-07-28")).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    }
}

// rule: mcp-stateless-notification, mcp-stateless-removed
#[tokio::test]
async fn a_notification_is_taken_and_what_only_sessions_have_is_unknown() {
    for (way, _hub, client) in at_both("/mcp/up").await {
        let mut told = client.body(0, "notifications/cancelled", json!({}));
        told.as_object_mut().unwrap().remove("id");
        assert_eq!(
            send(client.asking(&told)).await.status,
            StatusCode::ACCEPTED
        );
        for method in [
            "initialize",
            "ping",
            "logging/setLevel",
            "resources/subscribe",
            "none/such",
        ] {
            let answer = client.ask(method, json!({})).await;
            let found = (answer.status, code(&answer));
            assert_eq!(found, (StatusCode::NOT_FOUND, -32601), "{way:?} {method}");
            assert_eq!(last(&answer)["id"], 7);
        }
    }
}

// rule: mcp-header-validation, mcp-meta-required, mcp-unsupported-version
#[tokio::test]
async fn what_headers_and_body_say_must_agree_and_be_spoken_here() {
    let (url, _) = up::start("one").await;
    let hub = hub_with(&url, json!({})).await;
    let client = Client::at(&hub, "/mcp/up");
    let listing = client.body(3, "tools/list", json!({}));
    let mut other = listing.clone();
    other["method"] = "prompts/list".into();
    let twisted = client.asking(&listing).body(other.to_string());
    assert_eq!(code(&send(twisted).await), -32020);
    let mut bare = listing.clone();
    bare["params"] = json!({});
    let answer = send(client.asking(&bare)).await;
    assert_eq!(
        (answer.status, code(&answer)),
        (StatusCode::BAD_REQUEST, -32602)
    );
    let mut strange = listing.clone();
    strange["params"]["_meta"][format!("{META}protocolVersion")] = "v9".into();
    assert_eq!(code(&send(client.asking(&strange)).await), -32020);
    let request = client
        .wire
        .request(Method::POST)
        .header("content-type", "application/json");
    let request = request
        .header("mcp-protocol-version", "v9")
        .header("mcp-method", "tools/list");
    let answer = send(request.body(strange.to_string())).await;
    assert_eq!(
        (answer.status, code(&answer)),
        (StatusCode::BAD_REQUEST, -32022)
    );
    assert_eq!(last(&answer)["error"]["data"]["requested"], "v9");
}

// rule: mcp-result-type, mcp-caching, mcp-discover
#[tokio::test]
async fn servers_of_either_kind_are_found_listed_and_called_without_a_session() {
    for (way, _hub, client) in at_both("/mcp/up").await {
        let found = client.result("server/discover", json!({})).await;
        assert_eq!(
            found["_meta"][format!("{META}serverInfo")]["name"],
            "everything",
            "{way:?}"
        );
        assert_eq!(found["instructions"], "be kind");
        let listed = client.result("tools/list", json!({})).await;
        assert_eq!(listed["resultType"], "complete", "{way:?}");
        assert!(
            listed["ttlMs"].is_u64() && listed["cacheScope"].is_string(),
            "{way:?}: {listed}"
        );
        let called = client
            .call("echo", json!({ "arguments": { "text": "hi" } }))
            .await;
        assert_eq!(called["content"][0]["text"], "everything: hi", "{way:?}");
        assert_eq!(called["resultType"], "complete", "{way:?}");
    }
    for (way, _hub, client) in at_both("/mcp").await {
        let called = client
            .call("up-echo", json!({ "arguments": { "text": "hi" } }))
            .await;
        assert_eq!(called["content"][0]["text"], "everything: hi", "{way:?}");
        let listed = client.result("tools/list", json!({})).await;
        assert_eq!(listed["resultType"], "complete", "{way:?}");
    }
}

// rule: mcp-mrtr-opaque, mcp-stateless-no-requests
#[tokio::test]
async fn a_question_is_a_result_and_the_retry_brings_the_answer() {
    for (way, hub, client) in at_both("/mcp/up").await {
        let asked = client.call("elicit", json!({})).await;
        assert_eq!(asked["resultType"], "input_required", "{way:?}: {asked}");
        let questions = asked["inputRequests"].as_object().expect("an object");
        let (key, question) = questions.iter().next().unwrap();
        assert_eq!(question["method"], "elicitation/create", "{way:?}");
        assert_eq!(question["params"]["message"], "a name for everything?");
        let answer = json!({ "action": "accept", "content": { "name": "Ada" } });
        let again =
            json!({ "requestState": asked["requestState"], "inputResponses": { key: answer } });
        let done = client.call("elicit", again).await;
        let text = done["content"][0]["text"].as_str().unwrap();
        assert!(text.contains("Ada"), "{way:?}: {done}");
        assert_eq!(done["resultType"], "complete", "{way:?}");
        let noted = hub.noted(1).await;
        assert_eq!(noted.len(), 1, "{way:?}: one call in two rounds is one");
        assert_eq!(
            (&*noted[0].tool, &noted[0].outcome),
            ("elicit", &Outcome::Answered)
        );
        assert_eq!(noted[0].by.client.as_deref(), Some("stateless"));
    }
}

// rule: mcp-mrtr-state, mcp-mrtr-missing-input
#[tokio::test]
async fn a_state_counts_for_its_request_alone_and_once() {
    let (url, _) = up::start("everything").await;
    let hub = hub_with(&url, json!({})).await;
    let client = Client::at(&hub, "/mcp/up");
    let asked = client.call("roots", json!({})).await;
    let state = asked["requestState"].as_str().unwrap();
    let answers = json!({ "question": { "roots": [{ "uri": "file:///here" }] } });
    let with = |state: &str| json!({ "requestState": state, "inputResponses": answers });
    let params = |name: &str, state: &str| {
        let mut params = with(state);
        params["name"] = name.into();
        params["arguments"] = json!({});
        params
    };
    let refused =
        async |name: &str, state: &str| code(&client.ask("tools/call", params(name, state)).await);
    assert_eq!(refused("roots", &format!("{state}x")).await, -32602);
    assert_eq!(refused("sample", state).await, -32602);
    let again = client
        .call(
            "roots",
            json!({ "requestState": state, "inputResponses": {} }),
        )
        .await;
    assert_eq!(again["inputRequests"], asked["inputRequests"]);
    assert_eq!(again["requestState"], asked["requestState"]);
    let done = client.call("roots", with(state)).await;
    assert_eq!(done["content"][0]["text"], "file:///here");
    assert_eq!(refused("roots", state).await, -32602);
}

// rule: mcp-mrtr-opaque
#[tokio::test]
async fn a_state_of_another_hub_goes_to_the_server_that_gave_it_out() {
    let (url, _) = up::start_as("everything", Way::Stateless).await;
    let hub = hub_with(&url, json!({})).await;
    let client = Client::at(&hub, "/mcp/up");
    let answers = json!({ "question": { "roots": [] } });
    let foreign = json!({ "requestState": "mcphub:of another", "inputResponses": answers });
    let told = client.call("roots", foreign).await;
    let text = told["content"][0]["text"].as_str().unwrap();
    assert_eq!(text, "a strange state: Some(\"mcphub:of another\")");
}

// rule: mcp-missing-capability
#[tokio::test]
async fn a_question_that_the_client_cannot_answer_names_what_it_lacks() {
    let (url, _) = up::start("everything").await;
    let hub = hub_with(&url, json!({})).await;
    let mut client = Client::at(&hub, "/mcp/up");
    client.capabilities = json!({ "roots": {} });
    let answer = client
        .ask("tools/call", json!({ "name": "sample", "arguments": {} }))
        .await;
    assert_eq!(
        (answer.status, code(&answer)),
        (StatusCode::BAD_REQUEST, -32021)
    );
    let needed = &last(&answer)["error"]["data"]["requiredCapabilities"];
    assert_eq!(*needed, json!({ "sampling": {} }));
}

// rule: mcp-logging-per-request
#[tokio::test]
async fn progress_and_the_logs_that_were_asked_for_come_before_the_response() {
    for (way, _hub, client) in at_both("/mcp/up").await {
        let params =
            json!({ "name": "progress", "arguments": {}, "_meta": { "progressToken": "mine" } });
        let told = messages(&client.ask("tools/call", params).await);
        assert_eq!(told.len(), 4, "{way:?}: {told:?}");
        assert_eq!(told[0]["params"]["progressToken"], "mine", "{way:?}");
        let silent = client
            .ask("tools/call", json!({ "name": "log", "arguments": {} }))
            .await;
        assert!(
            !silent.body.contains("notifications/message"),
            "{way:?}: {}",
            silent.body
        );
    }
    let (url, _) = up::start_as("everything", Way::Stateless).await;
    let hub = hub_with(&url, json!({})).await;
    let client = Client::at(&hub, "/mcp/up");
    let level = json!({ "name": "log", "arguments": {}, "_meta": { format!("{META}logLevel"): "warning" } });
    let told = messages(&client.ask("tools/call", level).await);
    let logs: Vec<_> = told
        .iter()
        .filter_map(|m| m["params"]["level"].as_str())
        .collect();
    assert_eq!(logs, ["error"]);
}

// rule: mcp-logging-bridge
#[tokio::test]
async fn a_server_that_shakes_hands_is_told_the_level_of_a_request_once() {
    let (url, up) = up::start("everything").await;
    let hub = hub_with(&url, json!({})).await;
    let client = Client::at(&hub, "/mcp/up");
    let call = async |level: &str| {
        let meta = json!({ format!("{META}logLevel"): level });
        let params = json!({ "name": "log", "arguments": {}, "_meta": meta });
        client.ask("tools/call", params).await
    };
    call("warning").await;
    call("error").await;
    call("debug").await;
    let told = up.heard().into_iter();
    let levels: Vec<_> = told.filter(|heard| heard.starts_with("level")).collect();
    assert_eq!(levels, ["level Warning", "level Debug"]);
}

#[tokio::test]
async fn a_client_that_closes_its_stream_cancels_the_work() {
    for way in Way::BOTH {
        let (url, up) = up::start_as("everything", way).await;
        let hub = hub_with(&url, json!({})).await;
        let client = Client::at(&hub, "/mcp/up");
        let body = client.body(7, "tools/call", json!({ "name": "wait", "arguments": {} }));
        let call = tokio::spawn(client.asking(&body).send());
        soon(up.started.notified()).await;
        call.abort();
        soon(up.cancelled.notified()).await;
        let noted = hub.noted(1).await;
        assert_eq!((noted.len(), &noted[0].outcome), (1, &Outcome::Cancelled));
    }
}

// rule: mcp-callers-capabilities
#[tokio::test]
async fn a_server_that_shakes_hands_reads_of_the_sender_what_it_can_do_and_nothing_else() {
    let up = raw_upstream::start(r#"{"content":[],"x":1e400}"#).await;
    let hub = hub_with(&up.url, json!({})).await;
    let client = Client::at(&hub, "/mcp/up");
    let answer = client
        .ask("tools/call", json!({ "name": "t", "_meta": { "own": 1 } }))
        .await;
    assert!(
        answer
            .body
            .contains(r#"{"content":[],"x":1e400,"resultType":"complete"}"#),
        "{}",
        answer.body
    );
    let heard = up.heard("tools/call", 1).await;
    assert_eq!(
        heard[0]["params"],
        json!({ "name": "t", "_meta": {
            "own": 1, format!("{META}clientCapabilities"): client.capabilities,
        } })
    );
}

// rule: mcp-mirror-validation
#[tokio::test]
async fn a_marked_parameter_and_its_header_must_agree_whatever_the_server_speaks() {
    let up = raw_upstream::start(r#"{"content":[]}"#).await;
    let hub = hub_with(&up.url, json!({})).await;
    let client = Client::at(&hub, "/mcp/up");
    let params = json!({ "name": "t", "arguments": { "region": "eu" } });
    let body = client.body(4, "tools/call", params);
    assert_eq!(code(&send(client.asking(&body)).await), -32020);
    let wrong = client.asking(&body).header("mcp-param-region", "us");
    assert_eq!(code(&send(wrong).await), -32020);
    let right = client.asking(&body).header("mcp-param-region", "eu");
    assert_eq!(send(right).await.status, StatusCode::OK);
}

// rule: mcp-listen-acknowledged, mcp-listen-id, mcp-listen-filter
#[tokio::test]
async fn one_stream_tells_what_was_asked_for_and_nothing_else() {
    for way in Way::BOTH {
        let (url, up) = up::start_as("everything", way).await;
        let hub = hub_with(&url, json!({})).await;
        let client = Client::at(&hub, "/mcp/up");
        let wanted = json!({ "toolsListChanged": true, "promptsListChanged": true, "resourceSubscriptions": ["test://text"] });
        let body = client.body(
            9,
            "subscriptions/listen",
            json!({ "notifications": wanted }),
        );
        let mut stream = soon(client.asking(&body).send()).await.unwrap();
        let mut heard = String::new();
        let mut hears = async |what: &str| {
            while !heard.contains(what) {
                let chunk = soon(stream.chunk()).await.unwrap().expect("more");
                heard.push_str(std::str::from_utf8(&chunk).unwrap());
            }
            heard.clone()
        };
        let first = hears("acknowledged").await;
        let granted = json!({ "toolsListChanged": true, "resourceSubscriptions": ["test://text"] });
        let answer = Answer {
            status: StatusCode::OK,
            content_type: String::new(),
            session: None,
            body: first,
        };
        assert_eq!(
            messages(&answer)[0]["params"]["notifications"],
            granted,
            "{way:?}"
        );
        up.hears(match way {
            Way::Handshake => "subscribe test://text",
            Way::Stateless => "listen test://text",
        })
        .await;
        assert_eq!(
            client.call("touch", json!({})).await["content"][0]["text"],
            "touched"
        );
        hears("notifications/resources/updated").await;
        up.tools.lock().unwrap().push("fresh");
        up.tells_of_tools().await;
        let all = hears("notifications/tools/list_changed").await;
        let answer = Answer {
            status: StatusCode::OK,
            content_type: String::new(),
            session: None,
            body: all,
        };
        for message in messages(&answer) {
            assert_eq!(
                message["params"]["_meta"][format!("{META}subscriptionId")],
                9,
                "{way:?}"
            );
        }
        drop(stream);
        up.hears(match way {
            Way::Handshake => "unsubscribe test://text",
            Way::Stateless => "listen ",
        })
        .await;
    }
}

// rule: mcp-mrtr-missing-input
#[tokio::test]
async fn questions_that_a_server_asks_at_once_come_in_one_result() {
    let (url, _) = up::start("one").await;
    let hub = hub_with(&url, json!({})).await;
    let client = Client::at(&hub, "/mcp/up");
    let tool = "sample and roots";
    let asked = client.call(tool, json!({})).await;
    let questions = asked["inputRequests"].as_object().expect("questions");
    assert_eq!(questions.len(), 2, "{asked}");
    let answers = questions.iter().map(|(key, question)| {
        let answer = match question["method"].as_str() {
            Some("roots/list") => json!({ "roots": [{ "uri": "file:///here" }] }),
            _ => json!({ "role": "assistant", "content": { "type": "text", "text": "" }, "model": "m" }),
        };
        (key.clone(), answer)
    });
    let answers: serde_json::Map<_, _> = answers.collect();
    let state = &asked["requestState"];
    let some: serde_json::Map<_, _> = answers.clone().into_iter().take(1).collect();
    let again = client
        .call(
            tool,
            json!({ "inputResponses": some, "requestState": state }),
        )
        .await;
    assert_eq!(again, asked, "one answer is missing");
    let done = client
        .call(
            tool,
            json!({ "inputResponses": answers, "requestState": state }),
        )
        .await;
    assert_eq!(
        done["content"][0]["text"], r#""m" in "file:///here""#,
        "{done}"
    );
}

// rule: mcp-listen-closed, mcphub-key-taken-back
#[tokio::test]
async fn who_listens_with_a_key_that_is_taken_back_is_told_once_that_it_is_over() {
    let (url, _) = up::start("up").await;
    let hub = hub(json!({
        "mcpServers": { "up": { "type": "streamable-http", "url": url } },
        "bearerKeys": [{ "id": "k", "token": "key", "enabled": true, "accessType": "all" }],
    }))
    .await;
    hub.ready("up").await;
    let client = Client::at(&hub, "/mcp/up");
    let wanted = json!({ "notifications": { "toolsListChanged": true } });
    let body = client.body(9, "subscriptions/listen", wanted);
    // Both the stream and what is listened to see the end, now this one first and now that.
    let mut listening = Vec::new();
    for _ in 0..8 {
        let stream = soon(client.asking(&body).bearer_auth("key").send()).await;
        let stream = stream.unwrap();
        assert_eq!(stream.status(), StatusCode::OK);
        listening.push(stream);
    }
    let path = ["bearerKeys", "0", "enabled"].map(str::to_owned).to_vec();
    let off = settings::Change::Set {
        path,
        value: json!(false),
    };
    hub.hub.store().edit(vec![off]).await.expect("a change");
    for stream in listening {
        let told = soon(stream.text()).await.unwrap();
        assert_eq!(told.matches("\"complete\"").count(), 1, "{told}");
    }
}

#[tokio::test]
async fn a_server_with_a_handshake_keeps_no_call_out_of_what_is_noted_by_the_word_for_a_question() {
    let up = raw_upstream::start(r#"{"resultType":"input_required","requestState":"s"}"#).await;
    let hub = hub_with(&up.url, json!({})).await;
    let client = Client::at(&hub, "/mcp/up");
    client.ask("tools/call", json!({ "name": "t" })).await;
    let noted = hub.noted(1).await;
    assert_eq!(
        (&*noted[0].tool, &noted[0].outcome),
        ("t", &Outcome::Answered)
    );
}
