//! Servers of the stateless revision: how they are told from others, what they hear and tell.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use http::StatusCode;
use hub::upstream::{Behalf, CallError, Event, State, Trouble};
use mcp::{merge::Listing, message::Message, raw};
use serde_json::{Value, json};

use crate::{
    desk::{Desk, call, response, soon, until, whole},
    stand_in::{Seen, StandIn, events, json_answer, streamed, tool, usual},
};

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";

fn discovered(seen: &Seen, capabilities: &Value) -> Response {
    seen.result(&json!({
        "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": capabilities,
        "_meta": { "io.modelcontextprotocol/serverInfo": { "name": "modern", "version": "1" } },
    }))
}

fn error(seen: &Seen, status: StatusCode, error: &Value) -> Response {
    let body = json!({ "jsonrpc": "2.0", "id": seen.body["id"], "error": error });
    (status, json_answer(&body)).into_response()
}

fn stateless_usual(seen: &Seen) -> Option<Response> {
    Some(match seen.asks() {
        "server/discover" => discovered(seen, &json!({ "tools": {} })),
        "tools/list" => seen.result(&json!({ "resultType": "complete", "tools": [tool("echo")] })),
        _ => return None,
    })
}

/// A server without a handshake and with one tool, where the test answers the rest.
pub(crate) async fn modern<F, A>(answer: F) -> StandIn
where
    F: Fn(Seen) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response> + Send,
{
    StandIn::start(move |seen| {
        let answer = answer.clone();
        async move {
            match stateless_usual(&seen) {
                Some(response) => response,
                None => answer(seen).await,
            }
        }
    })
    .await
}

// rule: mcp-meta-every-request
// rule: mcp-transport-version-header-every
// rule: mcp-standard-headers
#[tokio::test]
async fn a_server_that_lists_revisions_gets_no_handshake_and_hears_everything_with_each_request() {
    let server = modern(|seen: Seen| async move { seen.result(&json!({ "content": [] })) }).await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    let hello = up.hello().unwrap();
    let name = raw::string_at(&hello.result, &["serverInfo", "name"]);
    assert_eq!(name.unwrap().unwrap(), "modern");

    let behalf = Behalf {
        stateless: false,
        capabilities: r#"{"roots":{}}"#.into(),
        log_level: Some("warning"),
    };
    let request = Message::request(
        "1",
        "tools/call",
        Some(r#"{"name":"echo","_meta":{"mine":1}}"#),
    );
    let answer = response(up.call_for(request, behalf)).await.unwrap();
    assert_eq!(answer.result(), Some(r#"{"content":[]}"#));
    let seen = server
        .saw("the call", |seen| seen.asks() == "tools/call")
        .await;
    let meta = &seen.body["params"]["_meta"];
    assert_eq!(meta["mine"], 1);
    assert_eq!(meta[VERSION], "2026-07-28");
    assert_eq!(meta["io.modelcontextprotocol/clientInfo"]["name"], "mcphub");
    assert_eq!(
        meta["io.modelcontextprotocol/clientCapabilities"],
        json!({ "roots": {} })
    );
    assert_eq!(meta["io.modelcontextprotocol/logLevel"], "warning");
    assert_eq!(seen.header("mcp-name"), Some("echo"));
    for seen in server.all() {
        assert_eq!(seen.header("mcp-protocol-version"), Some("2026-07-28"));
        assert_eq!(seen.header("mcp-method"), Some(seen.asks()));
        assert_eq!(seen.header("mcp-session-id"), None);
        assert!(
            seen.body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"].is_object()
        );
    }
    assert_eq!(
        server.count("initialize") + server.count("notifications/initialized"),
        0
    );
}

// rule: mcp-unsupported-version
#[tokio::test]
async fn a_refused_revision_is_asked_for_again_as_the_server_names_it() {
    let server = StandIn::start(|seen: Seen| async move {
        if seen.asks() == "server/discover" && seen.body["id"] == 1 {
            let refused = json!({ "code": -32022, "message": "no", "data": { "supported": ["2026-07-28", "2025-11-25"] } });
            return error(&seen, StatusCode::BAD_REQUEST, &refused);
        }
        stateless_usual(&seen).unwrap_or_else(|| seen.result(&json!({})))
    })
    .await;
    let desk = Desk::at(&server.url).await;
    desk.ready().await;
    assert_eq!(
        (server.count("server/discover"), server.count("initialize")),
        (2, 0)
    );
}

// rule: mcp-era-modern-error
#[tokio::test]
async fn an_error_of_a_modern_server_is_shown_and_no_reason_for_a_handshake() {
    let server = StandIn::start(|seen: Seen| async move {
        let refused = json!({ "code": -32021, "message": "tasks are missing" });
        error(&seen, StatusCode::BAD_REQUEST, &refused)
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let state = until(&desk.up(), |state| {
        matches!(state, State::BackingOff { .. } | State::Broken { .. })
    })
    .await;
    assert!(
        format!("{state:?}").contains("tasks are missing"),
        "{state:?}"
    );
    assert_eq!(server.count("initialize"), 0);
}

// rule: mcp-era-fallback
// rule: mcp-discover-result
#[tokio::test]
async fn an_answer_that_no_modern_server_gives_leads_to_a_handshake() {
    type Answer = fn(&Seen) -> Response;
    let answers: [Answer; 6] = [
        |seen| seen.result(&json!({})),
        |seen| seen.result(&json!({ "supportedVersions": [] })),
        |seen| seen.result(&json!({ "supportedVersions": ["2025-11-25"] })),
        |seen| {
            error(
                seen,
                StatusCode::BAD_REQUEST,
                &json!({ "code": -32000, "message": "no session" }),
            )
        },
        |_| (StatusCode::NOT_FOUND, "<html>").into_response(),
        |_| StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    ];
    for answer in answers {
        let server = StandIn::start(move |seen: Seen| async move {
            match seen.asks() {
                "server/discover" => answer(&seen),
                _ => usual(&seen).unwrap_or_else(|| seen.result(&json!({}))),
            }
        })
        .await;
        let desk = Desk::at(&server.url).await;
        desk.ready().await;
        assert_eq!(server.count("initialize"), 1);
    }
}

#[tokio::test]
async fn a_server_that_shook_hands_is_not_asked_again_when_the_connection_is_made_anew() {
    let server = StandIn::with_calls(|seen: Seen| async move { seen.result(&json!({})) }).await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    desk.hub.upstreams().reload("up").await;
    server
        .saw("the second handshake", |seen| {
            seen.asks() == "initialize" && seen.number > 3
        })
        .await;
    until(&up, |state| matches!(state, State::Ready)).await;
    assert_eq!(
        (server.count("server/discover"), server.count("initialize")),
        (1, 2)
    );
}

fn marked(header: &str) -> Value {
    let schema = json!({ "type": "object", "properties": { "region": { "type": "string", "x-mcp-header": header } } });
    json!({ "name": "echo", "inputSchema": schema })
}

// rule: mcp-mirror-invalid-tool
#[tokio::test]
async fn a_tool_with_an_invalid_mark_is_left_out_of_the_catalog_and_of_live_lists() {
    let server = StandIn::start(|seen: Seen| async move {
        match seen.asks() {
            "tools/list" => {
                let bad = json!({ "name": "bad", "inputSchema": { "properties": { "a": { "type": "number", "x-mcp-header": "A" } } } });
                seen.result(&json!({ "tools": [bad, marked("Region")], "x": 1 }))
            }
            _ => stateless_usual(&seen).unwrap_or_else(|| seen.result(&json!({}))),
        }
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    let names: Vec<_> = up
        .catalog()
        .tools
        .iter()
        .map(|tool| tool.name.clone())
        .collect();
    assert_eq!(names, ["echo".into()]);
    let live = response(up.call(Message::request("1", "tools/list", None)))
        .await
        .unwrap();
    assert!(
        !live.text().contains("bad") && live.text().contains("\"x\":1"),
        "{}",
        live.text()
    );
    let noted = up
        .log()
        .iter()
        .any(|line| line.text.contains("\"bad\" is left out"));
    assert!(noted, "{:?}", up.log());

    let params = r#"{"name":"echo","arguments":{"region":" us "}}"#;
    response(up.call(Message::request("2", "tools/call", Some(params))))
        .await
        .unwrap();
    let seen = server
        .saw("the call", |seen| seen.asks() == "tools/call")
        .await;
    assert_eq!(seen.header("mcp-param-region"), Some("=?base64?IHVzIA==?="));
}

// rule: mcp-mirror-mismatch
#[tokio::test]
async fn headers_that_the_server_finds_wrong_are_made_anew_from_a_fresh_list() {
    let lists = Arc::new(AtomicUsize::new(0));
    let server = StandIn::start(move |seen: Seen| {
        let lists = lists.clone();
        async move {
            match seen.asks() {
                "tools/list" => {
                    let first = lists.fetch_add(1, Ordering::SeqCst) == 0;
                    seen.result(&json!({ "tools": [marked(if first { "Old" } else { "New" })] }))
                }
                "tools/call" if seen.header("mcp-param-new").is_none() => {
                    let mismatch = json!({ "code": -32020, "message": "Mcp-Param-New is missing" });
                    error(&seen, StatusCode::BAD_REQUEST, &mismatch)
                }
                _ => stateless_usual(&seen).unwrap_or_else(|| seen.result(&json!({ "ok": true }))),
            }
        }
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    let params = r#"{"name":"echo","arguments":{"region":"us"}}"#;
    let answer = response(up.call(Message::request("1", "tools/call", Some(params))))
        .await
        .unwrap();
    assert_eq!(answer.result(), Some(r#"{"ok":true}"#));
    assert_eq!(server.count("tools/call"), 2);
}

// rule: mcp-era-reprobe
#[tokio::test]
async fn a_server_that_no_longer_knows_the_revision_is_looked_at_anew() {
    let went_back = Arc::new(AtomicUsize::new(0));
    let server = StandIn::start(move |seen: Seen| {
        let went_back = went_back.clone();
        async move {
            if seen.asks() == "tools/call" {
                went_back.store(1, Ordering::SeqCst);
            }
            let modern = seen.header("mcp-method").is_some();
            if went_back.load(Ordering::SeqCst) == 1 && modern {
                let refused = json!({ "code": -32022, "message": "no", "data": { "supported": ["2025-11-25"] } });
                return error(&seen, StatusCode::BAD_REQUEST, &refused);
            }
            let answer = if modern { stateless_usual(&seen) } else { usual(&seen) };
            answer.unwrap_or_else(|| seen.result(&json!({ "back": true })))
        }
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let answer = response(call(&desk.ready().await, "1", "echo"))
        .await
        .unwrap();
    assert_eq!(answer.result(), Some(r#"{"back":true}"#));
    assert_eq!(server.count("initialize"), 1);
}

// rule: mcp-stateless-kept
// rule: mcp-stateless-no-notifications
#[tokio::test]
async fn what_such_servers_know_no_more_is_answered_by_the_hub() {
    let server = modern(|seen: Seen| async move {
        error(
            &seen,
            StatusCode::NOT_FOUND,
            &json!({ "code": -32601, "message": "no" }),
        )
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    for method in ["logging/setLevel", "ping", "resources/unsubscribe"] {
        let request = Message::request("1", method, Some(r#"{"uri":"a:b","level":"info"}"#));
        let answer = response(up.call(request)).await.unwrap();
        assert_eq!(answer.result(), Some("{}"), "{method}");
        assert_eq!(server.count(method), 0);
    }
    up.notify(Message::notification(
        "notifications/roots/list_changed",
        None,
    ))
    .await
    .unwrap();
    assert_eq!(server.count("notifications/roots/list_changed"), 0);
}

/// Answers a listening request with these notifications, and keeps the stream open.
fn told(seen: &Seen, notifications: &[&str]) -> Response {
    let meta = json!({ "io.modelcontextprotocol/subscriptionId": seen.body["id"] });
    let uri = &seen.body["params"]["notifications"]["resourceSubscriptions"][0];
    let texts: Vec<String> = ["notifications/subscriptions/acknowledged"]
        .iter()
        .chain(notifications)
        .map(|method| {
            let message = json!({ "jsonrpc": "2.0", "method": method, "params": { "_meta": meta, "uri": uri } });
            format!("data: {message}\n\n")
        })
        .collect();
    streamed(stream::iter(texts).chain(stream::pending()))
}

#[tokio::test]
async fn changes_of_lists_and_of_watched_resources_are_heard_on_one_request() {
    let server = StandIn::start(|seen: Seen| async move {
        let watching = seen.body["params"]["notifications"]
            .get("resourceSubscriptions")
            .is_some();
        match seen.asks() {
            "server/discover" => discovered(
                &seen,
                &json!({ "tools": { "listChanged": true }, "resources": { "subscribe": true } }),
            ),
            "tools/list" => {
                seen.result(&json!({ "tools": [tool(&format!("tool-{}", seen.number))] }))
            }
            "subscriptions/listen" if watching => told(&seen, &["notifications/resources/updated"]),
            "subscriptions/listen" => told(&seen, &["notifications/tools/list_changed"]),
            _ => seen.result(&json!({ "resources": [], "resourceTemplates": [] })),
        }
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let mut events = desk.hub.upstreams().events();
    let up = desk.ready().await;
    let listening = server
        .saw("the listener", |seen| seen.asks() == "subscriptions/listen")
        .await;
    assert_eq!(
        listening.body["params"]["notifications"],
        json!({ "toolsListChanged": true })
    );
    soon("the change", async {
        while !matches!(
            events.recv().await.unwrap().1,
            Event::ListChanged(Listing::Tools)
        ) {}
    })
    .await;

    let watch = Message::request("1", "resources/subscribe", Some(r#"{"uri":"file:///x"}"#));
    assert_eq!(response(up.call(watch)).await.unwrap().result(), Some("{}"));
    soon("the update", async {
        loop {
            if let Event::Notification(message) = events.recv().await.unwrap().1 {
                assert_eq!(message.method(), Some("notifications/resources/updated"));
                break;
            }
        }
    })
    .await;
    let listening = server
        .saw("the wider listener", |seen| {
            seen.body["params"]["notifications"]
                .get("resourceSubscriptions")
                .is_some()
        })
        .await;
    assert_eq!(
        listening.body["params"]["notifications"],
        json!({ "toolsListChanged": true, "resourceSubscriptions": ["file:///x"] })
    );
}

// rule: mcp-stateless-no-resume
// rule: mcp-cancellation-by-closing
#[tokio::test]
async fn streams_are_not_taken_up_and_giving_up_closes_them() {
    let server = modern(|seen: Seen| async move {
        if seen.body["params"]["name"] == "breaks" {
            return streamed(stream::iter(["id: 7\nretry: 10\ndata:\n\n".to_owned()]));
        }
        streamed(stream::pending())
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    let error = response(call(&up, "1", "breaks")).await.unwrap_err();
    let unanswered = matches!(
        error,
        CallError::Failed {
            trouble: Trouble::Unanswered,
            ..
        }
    );
    assert!(unanswered, "{error}");

    let mut given_up = call(&up, "2", "echo");
    let waiting = tokio::time::timeout(Duration::from_millis(50), given_up.next());
    assert!(waiting.await.is_err());
    server
        .saw("the call", |seen| seen.body["params"]["name"] == "echo")
        .await;
    drop(given_up);
    // Anything that was sent because of it would be there before the answer to this.
    response(up.call(Message::request("3", "tools/list", None)))
        .await
        .unwrap();
    assert_eq!(server.count("notifications/cancelled"), 0);
    let gets = |seen: &&Seen| seen.path == "/mcp" && seen.method == http::Method::GET;
    assert_eq!(server.all().iter().filter(gets).count(), 0);
}

// rule: mcp-stateless-no-requests
#[tokio::test]
async fn a_request_of_a_server_without_a_handshake_is_given_to_nobody_and_not_answered() {
    let server = modern(|seen: Seen| async move {
        let ask =
            json!({ "jsonrpc": "2.0", "id": 9, "method": "elicitation/create", "params": {} });
        let ping = json!({ "jsonrpc": "2.0", "id": 10, "method": "ping" });
        let answer = json!({ "jsonrpc": "2.0", "id": seen.body["id"], "result": {} });
        events([ask, ping, answer])
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    let messages = soon("the answer", whole(call(&up, "1", "echo")))
        .await
        .unwrap();
    assert_eq!(messages.len(), 1);
    response(up.call(Message::request("2", "tools/list", None)))
        .await
        .unwrap();
    assert_eq!(
        server.count(""),
        server
            .all()
            .iter()
            .filter(|seen| seen.path != "/mcp")
            .count()
    );
}

// rule: mcp-listen-closed
#[tokio::test]
async fn a_listener_that_the_server_ends_is_opened_again_and_lists_are_read_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let server = StandIn::start(move |seen: Seen| {
        let asked = asked.clone();
        async move {
            match seen.asks() {
                "server/discover" => {
                    discovered(&seen, &json!({ "tools": { "listChanged": true } }))
                }
                "subscriptions/listen" if asked.fetch_add(1, Ordering::SeqCst) == 0 => {
                    seen.result(&json!({ "resultType": "complete" }))
                }
                "subscriptions/listen" => told(&seen, &[]),
                _ => stateless_usual(&seen).unwrap_or_else(|| seen.result(&json!({}))),
            }
        }
    })
    .await;
    let desk = Desk::at(&server.url).await;
    desk.ready().await;
    let listens = |seen: &Seen| seen.asks() == "subscriptions/listen";
    let first = server.saw("the first listener", listens).await;
    let second = server
        .saw("the second listener", |seen| {
            listens(seen) && seen.number > first.number
        })
        .await;
    server
        .saw("the lists read again", |seen| {
            seen.asks() == "tools/list" && seen.number > second.number
        })
        .await;
}
