//! Servers that are away, hang, or are no MCP servers: what a person reads, and that nobody else notices.

use axum::response::{Html, IntoResponse, Redirect};
use http::StatusCode;
use hub::upstream::{CallError, State};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    desk::{Desk, call, response, soon, trouble, until},
    stand_in::{Seen, StandIn, usual},
};

async fn told(server: &StandIn) -> String {
    trouble(&Desk::at(&server.url).await.up()).await
}

#[track_caller]
fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
}

#[tokio::test]
async fn a_web_page_is_named_with_its_type_and_the_cure() {
    let server =
        StandIn::start(|_| async { Html("<!doctype html>\n<h1>Welcome</h1>").into_response() })
            .await;
    says(
        &told(&server).await,
        &[&server.url, "200", "text/html", "must be the MCP endpoint"],
    );
}

// rule: safe-s11
#[tokio::test]
async fn json_that_is_no_message_is_said_to_be_none_and_not_shown() {
    for status in [StatusCode::OK, StatusCode::BAD_GATEWAY] {
        let answer = move |_| async move {
            (status, axum::Json(json!({ "secret": "of the house" }))).into_response()
        };
        let told = told(&StandIn::start(answer).await).await;
        let expected = match status {
            StatusCode::OK => "not an MCP message",
            _ => "answered 502",
        };
        says(&told, &[expected]);
        assert!(!told.contains("house"), "{told}");
    }
}

// rule: safe-s11
#[tokio::test]
async fn what_is_wrong_with_an_inner_answer_is_told_without_quoting_it() {
    let version = |_| async {
        axum::Json(json!({ "jsonrpc": { "password": "inner-secret" } })).into_response()
    };
    let redirect =
        |_| async { Redirect::temporary("/x?inner-secret#inner-secret").into_response() };
    let odd = |_| async { ([("content-type", "text/x; is=inner-secret")], "").into_response() };
    for (server, expected) in [
        (StandIn::start(odd).await, "with text/x where"),
        (StandIn::start(version).await, "not jsonrpc"),
        (StandIn::start(redirect).await, "/x, and redirects"),
    ] {
        let desk = Desk::at(&server.url).await;
        let told = trouble(&desk.up()).await;
        says(&told, &[expected]);
        let log = format!("{:?}", desk.up().log());
        assert!(!(told + &log).contains("inner-secret"), "{log}");
    }
}

// rule: at-64
#[tokio::test]
async fn a_redirect_is_named_and_not_followed() {
    let other = StandIn::start(|_| async { StatusCode::OK.into_response() }).await;
    let there = format!("{}/mcp", other.origin);
    let to = there.clone();
    let server = StandIn::start(move |_| {
        let to = to.clone();
        async move { Redirect::temporary(&to).into_response() }
    })
    .await;
    let cure = format!("set \"url\" to {there}");
    says(&told(&server).await, &["307", &cure]);
    assert!(other.all().is_empty(), "the other server was asked");
}

#[tokio::test]
async fn a_server_in_trouble_is_asked_again_later() {
    let server =
        StandIn::start(|_| async { (StatusCode::SERVICE_UNAVAILABLE, "later").into_response() })
            .await;
    says(&told(&server).await, &["503", "tries again by itself"]);
}

#[tokio::test]
async fn a_server_that_refuses_to_initialize_is_quoted() {
    let server = StandIn::start(|seen: Seen| async move {
        let error = json!({ "code": -32602, "message": "go\u{1b}[31m away" });
        axum::Json(json!({ "jsonrpc": "2.0", "id": seen.body["id"], "error": error }))
            .into_response()
    })
    .await;
    says(
        &told(&server).await,
        &["refused initialize with error -32602: go [31m away"],
    );
}

/// An address where nobody listens.
async fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/mcp", listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_server_that_is_away_is_named_and_calls_fail_at_once_with_the_reason() {
    let desk = Desk::at(&nowhere().await).await;
    says(
        &trouble(&desk.up()).await,
        &[
            "http://127.0.0.1:",
            "could not be reached",
            "check the address",
        ],
    );
    let error = response(call(&desk.up(), "1", "echo")).await.unwrap_err();
    says(
        &error.to_string(),
        &["up is not connected", "could not be reached"],
    );
}

#[tokio::test]
async fn plain_http_where_tls_is_expected_is_said_so() {
    let server = StandIn::start(|_| async { "hello".into_response() }).await;
    let desk = Desk::at(&server.url.replace("http://", "https://")).await;
    says(
        &trouble(&desk.up()).await,
        &[
            "no trusted TLS connection to https://127.0.0.1",
            "certificate",
        ],
    );
}

// rule: safe-b05
#[tokio::test]
async fn a_server_that_hangs_delays_neither_the_hub_nor_another_server() {
    let hanging = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = StandIn::with_calls(|seen: Seen| async move { seen.result(&json!({})) }).await;
    let desk = Desk::with(json!({
        "hangs": { "url": format!("http://{}/mcp", hanging.local_addr().unwrap()) },
        "up": { "url": server.url },
    }))
    .await;
    let up = desk.ready().await;
    response(call(&up, "1", "echo")).await.unwrap();
    let hangs = desk.hub.upstreams().get("hangs").unwrap();
    assert!(matches!(hangs.state(), State::Connecting { attempt: 1 }));
    soon("the end", desk.hub.shutdown()).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_is_cut_off_after_15_s() {
    let hanging = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let desk = Desk::at(&format!("http://{}/mcp", hanging.local_addr().unwrap())).await;
    let began = tokio::time::Instant::now();
    let state = until(&desk.up(), |state| {
        matches!(state, State::BackingOff { .. })
    })
    .await;
    assert_eq!(began.elapsed().as_secs(), 15);
    says(
        &state.trouble().unwrap().explain(),
        &["no answer to initialize", "within 15 s"],
    );
}

// rule: safe-b05
#[tokio::test]
async fn a_server_that_stalls_at_a_list_is_connecting_and_no_other_waits_for_it() {
    let stalling = StandIn::start(|seen: Seen| async move {
        match seen.asks() {
            "tools/list" => std::future::pending().await,
            _ => usual(&seen).unwrap_or_else(|| seen.result(&json!({}))),
        }
    })
    .await;
    let server = StandIn::with_calls(|seen: Seen| async move { seen.result(&json!({})) }).await;
    let desk =
        Desk::with(json!({ "stalls": { "url": stalling.url }, "up": { "url": server.url } })).await;
    desk.ready().await;
    stalling
        .saw("the list request", |seen| seen.asks() == "tools/list")
        .await;
    let stalls = desk.hub.upstreams().get("stalls").unwrap();
    assert!(matches!(stalls.state(), State::Connecting { .. }));
}

// rule: mcp-auth-401-any-time
#[tokio::test]
async fn a_401_to_a_list_is_never_taken_for_a_server_without_tools() {
    let server = StandIn::start(|seen: Seen| async move {
        match seen.asks() {
            "initialize" | "notifications/initialized" => usual(&seen).unwrap(),
            _ if seen.path == "/mcp" => StatusCode::UNAUTHORIZED.into_response(),
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    })
    .await;
    let desk = Desk::at(&server.url).await;
    until(&desk.up(), |state| {
        matches!(state, State::NeedsSignIn { .. } | State::BackingOff { .. })
    })
    .await;
    assert!(response(call(&desk.up(), "1", "echo")).await.is_err());
}

#[tokio::test]
async fn a_server_that_comes_back_is_used_again_by_the_next_call() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let desk = Desk::at(&format!("http://{address}/mcp")).await;
    let up = desk.up();
    trouble(&up).await;
    let listener = TcpListener::bind(address).await.unwrap();
    let app = axum::Router::new().fallback(|request: axum::extract::Request| async move {
        let get = request.method() != http::Method::POST;
        let body = axum::body::to_bytes(request.into_body(), 1 << 20)
            .await
            .unwrap();
        let asked: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let result = json!({ "protocolVersion": "2025-06-18", "capabilities": {} });
        match asked["id"].is_null() {
            _ if get => StatusCode::METHOD_NOT_ALLOWED.into_response(),
            true => StatusCode::ACCEPTED.into_response(),
            false => axum::Json(json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }))
                .into_response(),
        }
    });
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    until(&up, |state| matches!(state, State::Ready)).await;
    response(call(&up, "1", "echo")).await.unwrap();
}

#[tokio::test]
async fn settings_that_make_no_sense_break_that_server_alone() {
    let server = StandIn::with_calls(|seen: Seen| async move { seen.result(&json!({})) }).await;
    let desk = Desk::with(json!({ "odd": { "type": "carrier-pigeon" }, "off": { "url": server.url, "enabled": false }, "up": { "url": server.url } })).await;
    desk.ready().await;
    let odd = desk.hub.upstreams().get("odd").unwrap();
    assert!(matches!(odd.state(), State::Broken { .. }));
    says(&trouble(&odd).await, &["carrier-pigeon"]);
    let error = response(call(&odd, "1", "echo")).await.unwrap_err();
    assert!(matches!(error, CallError::NotConnected { .. }));
    let off = desk.hub.upstreams().get("off").unwrap();
    says(
        &response(call(&off, "1", "echo"))
            .await
            .unwrap_err()
            .to_string(),
        &["off is not connected", "switched off"],
    );
    assert_eq!(server.count("initialize"), 1);
}
