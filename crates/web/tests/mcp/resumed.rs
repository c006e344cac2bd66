//! A client by hand that loses the stream of a request, and what it gets when it comes back.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use crate::by_hand::{Events, Wire, code, send};
use crate::harness::{Running, hub, hub_with, soon};
use crate::up::{self, Way};

const GRACE: Duration = Duration::from_secs(60);

fn call(id: u32, tool: &str, arguments: &serde_json::Value) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {
        "name": tool, "arguments": arguments, "_meta": { "progressToken": format!("t{id}") },
    } })
    .to_string()
}

fn steps(id: u32, many: usize) -> String {
    call(id, "steps", &json!({ "many": many }))
}

/// A hub whose calls may take longer than a client is waited for.
async fn patient_hub(url: &str) -> Running {
    hub_with(url, json!({ "options": { "timeout": 600_000 } })).await
}

async fn status(request: reqwest::RequestBuilder) -> StatusCode {
    send(request).await.status
}

// rule: mcp-transport-resume-stream
// rule: mcp-transport-resume-over
// rule: mcp-transport-priming
#[tokio::test]
async fn a_client_that_lost_its_stream_gets_what_it_missed_once_and_the_rest_as_it_comes() {
    let (url, up) = up::start("up").await;
    let hub = hub_with(&url, json!({})).await;
    let wire = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    let posting = wire.posting(&steps(1, 5));
    let (mut stream, ()) = tokio::join!(Events::of(posting), up.steps(1));
    let priming = stream.next().await.unwrap();
    assert_eq!((&*priming.data, priming.retry), ("", Some(2_000)));
    let (one, what) = stream.told().await;
    assert_eq!(what, "step 1");
    assert_ne!(priming.id.unwrap(), one);
    drop(stream);
    up.steps(2).await;
    let mut stream = Events::of(wire.resuming(&one)).await;
    assert_eq!(stream.told().await, (one.clone(), "priming".to_owned()));
    let (_, two) = stream.told().await;
    let (three, what) = stream.told().await;
    assert_eq!((&*two, &*what), ("step 2", "step 3"));
    up.steps(1).await;
    let (four, what) = stream.told().await;
    assert_eq!(what, "step 4");
    // Cut again; and what the hub wrote may not have arrived.
    drop(stream);
    up.steps(1).await;
    let mut stream = Events::of(wire.resuming(&three)).await;
    let mut all = Vec::new();
    while let Some(event) = stream.next().await {
        all.push(event.id.unwrap());
    }
    assert_eq!(all.len(), 4, "{all:?}");
    assert_eq!((&all[0], &all[1]), (&three, &four));
    // The answer may have been lost, too.
    let again = Events::of(wire.resuming(&all[2])).await.all_told().await;
    assert_eq!(again, ["priming", "1 answer: \"done\""]);
    let over = status(wire.resuming(&all[3])).await;
    assert_eq!(over, StatusCode::METHOD_NOT_ALLOWED);
}

// rule: mcp-transport-priming
#[tokio::test]
async fn older_clients_get_ids_and_no_event_without_a_message() {
    let (url, up) = up::start("up").await;
    let hub = hub_with(&url, json!({})).await;
    for revision in ["2025-03-26", "2025-06-18"] {
        let wire = Wire::initialized(&hub, "/mcp/up", revision).await;
        let posting = wire.posting(&steps(1, 3));
        let (mut stream, ()) = tokio::join!(Events::of(posting), up.steps(1));
        let event = stream.next().await.unwrap();
        assert!(event.retry.is_none() && event.data.contains("progress"));
        drop(stream);
        up.steps(2).await;
        let mut stream = Events::of(wire.resuming(&event.id.unwrap())).await;
        let expected = ["step 2", "step 3", "1 answer: \"done\""];
        assert_eq!(stream.all_told().await, expected, "{revision}");
    }
}

// rule: mcp-transport-resume-stream
// rule: mcp-transport-event-id
#[tokio::test]
async fn only_what_belongs_to_the_lost_stream_is_sent_again() {
    let (url, up) = up::start("up").await;
    let hub = hub_with(&url, json!({})).await;
    let wire = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    let mut told = Vec::new();
    for id in [1, 2] {
        let posting = wire.posting(&steps(id, 2));
        let (mut stream, ()) = tokio::join!(Events::of(posting), up.steps(1));
        let (priming, _) = stream.told().await;
        up.steps(1).await;
        told.push((priming, stream.all_told().await));
    }
    let mut posting = Events::of(wire.request(http::Method::GET)).await;
    let (listening, what) = posting.told().await;
    assert_eq!(what, "priming");
    let (first, second) = (&told[0], &told[1]);
    assert_eq!(first.1.last().unwrap(), "1 answer: \"done\"");
    for (id, expected) in [first, second] {
        let again = Events::of(wire.resuming(id)).await.all_told().await;
        assert_eq!(again[1..], expected[..]);
    }
    assert!(first.0 != second.0 && first.0 != listening && second.0 != listening);
}

// rule: mcp-transport-resume-unknown
// rule: mcp-transport-lost
#[tokio::test]
async fn an_event_that_is_not_here_is_said_to_be_so_and_the_session_lives_on() {
    let (url, up) = up::start("up").await;
    let hub = hub_with(&url, json!({})).await;
    let wire = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    let posting = wire.posting(&steps(7, 2));
    let (mut stream, ()) = tokio::join!(Events::of(posting), up.steps(1));
    let (good, _) = stream.told().await;
    for unknown in ["nonsense", &good.replacen("0.", "99.", 1), "1.r0"] {
        let refused = send(wire.resuming(unknown)).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{unknown}");
        assert_eq!(code(&refused), -32600);
    }
    // In another session of the same client, and of a hub before this one.
    let other = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    let before: Vec<_> = good.split('.').collect();
    let before = format!("{}.{}.other.{}", before[0], before[1], before[3]);
    for (wire, id) in [(&other, &good), (&wire, &before)] {
        let mut stream = Events::of(wire.resuming(id)).await;
        let (end, what) = stream.told().await;
        assert!(
            what.starts_with("7 error:") && what.contains("restarted"),
            "{what}"
        );
        assert!(stream.next().await.is_none());
        let over = status(wire.resuming(&end)).await;
        assert_eq!(over, StatusCode::METHOD_NOT_ALLOWED, "it asks only once");
    }
    let ping = wire.post(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    assert_eq!(ping.await.status, StatusCode::OK);
}

#[tokio::test]
async fn nobody_else_takes_up_a_stream() {
    let (url, up) = up::start("up").await;
    let key = |id: &str| json!({ "id": id, "name": id, "token": format!("token-{id}"), "enabled": true, "accessType": "all" });
    let hub = hub(json!({
        "mcpServers": { "up": { "type": "streamable-http", "url": url } },
        "bearerKeys": [key("alice"), key("bob")],
    }))
    .await;
    hub.ready("up").await;
    let mut wire = Wire::new(&hub, "/mcp/up");
    let initialize = wire.posting(&crate::by_hand::initialize("2025-11-25"));
    wire.session = send(initialize.bearer_auth("token-alice")).await.session;
    let posting = wire.posting(&steps(1, 2)).bearer_auth("token-alice");
    let (mut stream, ()) = tokio::join!(Events::of(posting), up.steps(1));
    let (id, _) = stream.told().await;
    drop(stream);
    let resuming = || wire.resuming(&id);
    assert_eq!(
        status(resuming().bearer_auth("token-bob")).await,
        StatusCode::NOT_FOUND
    );
    assert_eq!(status(resuming()).await, StatusCode::UNAUTHORIZED);
    up.steps(1).await;
    let mut stream = Events::of(resuming().bearer_auth("token-alice")).await;
    let expected = ["priming", "step 1", "step 2", "1 answer: \"done\""];
    assert_eq!(stream.all_told().await, expected);
}

// rule: mcp-transport-disconnect
#[tokio::test]
async fn a_client_that_never_comes_back_cancels_its_call_when_it_was_waited_for() {
    let (url, up) = up::start("up").await;
    let hub = patient_hub(&url).await;
    let wire = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    let posting = wire.posting(&steps(1, 5));
    let (mut stream, ()) = tokio::join!(Events::of(posting), up.steps(1));
    let (id, _) = stream.told().await;
    drop(stream);
    tokio::time::pause();
    let cut = tokio::time::Instant::now();
    let cancelled = tokio::time::timeout(GRACE * 2, up.cancelled.notified()).await;
    tokio::time::resume();
    assert!(cancelled.is_ok());
    let after = cut.elapsed();
    assert!(after > GRACE - Duration::from_secs(1), "{after:?}");
    // What was sent before is not sent again, and neither is there an answer.
    let told = Events::of(wire.resuming(&id)).await.all_told().await;
    assert_eq!(told, ["priming", "step 1"]);
}

// rule: mcp-transport-disconnect
#[tokio::test]
async fn a_cancellation_and_the_end_of_the_session_count_while_the_client_is_away() {
    let (url, up) = up::start("up").await;
    let hub = patient_hub(&url).await;
    for deleted in [false, true] {
        let wire = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
        let posting = wire.posting(&steps(1, 5));
        let (mut stream, ()) = tokio::join!(Events::of(posting), up.steps(1));
        let (id, _) = stream.told().await;
        drop(stream);
        let said = if deleted {
            wire.request(http::Method::DELETE)
        } else {
            wire.posting(
                r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
            )
        };
        assert!(status(said).await.is_success());
        soon(up.cancelled.notified()).await;
        if deleted {
            assert_eq!(status(wire.resuming(&id)).await, StatusCode::NOT_FOUND);
        }
    }
}

// rule: mcp-transport-lost
#[tokio::test]
async fn a_client_that_is_too_far_behind_gets_an_error_and_no_gap() {
    let (url, _) = up::start("up").await;
    let hub = hub_with(&url, json!({})).await;
    let wire = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    let many = json!({ "many": 400, "at_once": true });
    let mut stream = Events::of(wire.posting(&call(7, "steps", &many))).await;
    let mut ids = Vec::new();
    while let Some(event) = stream.next().await {
        ids.push(event.id.unwrap());
    }
    assert!(ids.len() > 300, "{}", ids.len());
    let late = &ids[ids.len() - 3];
    let again = Events::of(wire.resuming(late)).await.all_told().await;
    assert_eq!(again.len(), 3, "{again:?}");
    let told = Events::of(wire.resuming(&ids[1])).await.all_told().await;
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("7 error:"), "{told:?}");
}

#[tokio::test]
async fn a_stream_that_is_read_still_goes_to_the_connection_that_comes_back_for_it() {
    let (url, up) = up::start("up").await;
    let hub = hub_with(&url, json!({})).await;
    let wire = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    let posting = wire.posting(&steps(1, 2));
    let (mut first, ()) = tokio::join!(Events::of(posting), up.steps(1));
    let (id, _) = first.told().await;
    let mut second = Events::of(wire.resuming(&id)).await;
    assert_eq!(second.told().await.1, "priming");
    assert_eq!(second.told().await.1, "step 1");
    up.steps(1).await;
    let expected = ["step 2", "1 answer: \"done\""];
    assert_eq!(second.all_told().await, expected);
    assert_eq!(first.all_told().await, ["step 1"], "it ends");
}

#[tokio::test]
async fn streams_without_a_session_have_no_ids() {
    let (url, _) = up::start_as("up", Way::Stateless).await;
    let hub = hub_with(&url, json!({})).await;
    let wire = Wire::new(&hub, "/mcp/up");
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "progress", "arguments": {}, "_meta": {
            "progressToken": "t", "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": { "name": "wire", "version": "1" },
        },
    } });
    let posting = wire.posting(&call.to_string());
    let posting = posting.header("mcp-protocol-version", "2026-07-28");
    let posting = posting.header("mcp-method", "tools/call");
    let mut stream = Events::of(posting.header("mcp-name", "progress")).await;
    let mut many = 0;
    while let Some(event) = stream.next().await {
        assert_eq!((event.id, event.retry), (None, None));
        many += 1;
    }
    assert_eq!(many, 4);
}
