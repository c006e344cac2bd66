//! Calls over Streamable HTTP: ids, tokens, questions of the server, cancellation, time and size.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use hub::upstream::{CallError, Trouble};
use mcp::message::{Kind, Message};
use serde_json::{Value, json};

use crate::{
    desk::{Desk, call, response, soon, whole},
    stand_in::{Seen, StandIn, events, json_answer, streamed},
};

async fn echo(seen: Seen) -> Response {
    seen.result(&json!({ "content": [], "name": seen.body["params"]["name"] }))
}

// rule: mcp-transport-accept
// rule: mcp-transport-session-header
// rule: mcp-transport-version-header
#[tokio::test]
async fn a_call_is_answered_with_the_callers_id_over_the_session_that_was_opened() {
    let server = StandIn::with_calls(echo).await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    assert_eq!(up.catalog().tools[0].name.as_ref(), "echo");

    let answer = response(call(&up, "\"mine\"", "echo")).await.unwrap();
    assert_eq!(answer.id(), Some("\"mine\""));
    let seen = server
        .saw("the call", |seen| seen.asks() == "tools/call")
        .await;
    assert_ne!(seen.body["id"], json!("mine"));
    assert_eq!(seen.header("mcp-session-id"), Some("session-0"));
    assert_eq!(seen.header("mcp-protocol-version"), Some("2025-11-25"));
    assert_eq!(
        seen.header("accept"),
        Some("application/json, text/event-stream")
    );
    let all = server.all();
    let asked: Vec<&str> = all.iter().map(Seen::asks).take(2).collect();
    assert_eq!(asked, ["server/discover", "initialize"]);
    assert_eq!(all[1].header("mcp-session-id"), None);
}

#[tokio::test]
async fn callers_with_the_same_id_share_the_session_and_get_their_own_answers() {
    let server = StandIn::with_calls(echo).await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    let calls = (0..20).map(|number| response(call(&up, "1", &format!("tool-{number}"))));
    for (number, answer) in futures::future::join_all(calls)
        .await
        .into_iter()
        .enumerate()
    {
        let answer = answer.unwrap();
        assert_eq!(answer.id(), Some("1"));
        assert!(
            answer
                .result()
                .unwrap()
                .contains(&format!("\"tool-{number}\"")),
            "{}",
            answer.text()
        );
    }
    assert_eq!(server.count("initialize"), 1);
}

#[tokio::test]
async fn what_the_hub_does_not_know_comes_through_byte_for_byte() {
    const RESULT: &str =
        r#"{"z":1.0000000000000000001,"content":[],"messages":[ ],"a":{"😀":1e400}}"#;
    let server = StandIn::with_calls(|seen: Seen| async move {
        let text = format!(
            "{{\"result\":{RESULT},\"jsonrpc\":\"2.0\",\"id\":{}}}",
            seen.body["id"]
        );
        ([("content-type", "application/json; charset=utf-8")], text).into_response()
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let answer = response(call(&desk.ready().await, "7", "echo"))
        .await
        .unwrap();
    assert_eq!(
        answer.text(),
        format!("{{\"result\":{RESULT},\"jsonrpc\":\"2.0\",\"id\":7}}")
    );
}

// rule: mcp-progress-token-unique
#[tokio::test]
async fn progress_comes_with_the_callers_token_and_before_the_answer() {
    let server = StandIn::with_calls(|seen: Seen| async move {
        let token = seen.body["params"]["_meta"]["progressToken"].clone();
        let progress = |token: &Value, at: u64| {
            json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": { "progressToken": token, "progress": at } })
        };
        let answer = json!({ "jsonrpc": "2.0", "id": seen.body["id"], "result": { "token": token } });
        events([progress(&token, 1), progress(&json!("stranger"), 9), progress(&token, 2), answer])
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    let params = r#"{"name":"echo","_meta":{"progressToken":"mine","other":1}}"#;
    let messages = soon(
        "the answer",
        whole(up.call(Message::request("1", "tools/call", Some(params)))),
    )
    .await
    .unwrap();
    let tokens: Vec<_> = messages
        .iter()
        .map(|message| message.progress_token().unwrap())
        .collect();
    assert_eq!(tokens, [Some("\"mine\""), Some("\"mine\""), None]);
    let upstream = mcp::raw::at(messages[2].result().unwrap(), &["token"])
        .unwrap()
        .unwrap();
    assert!(
        upstream.parse::<u64>().is_ok(),
        "the token upstream is the hub's: {upstream}"
    );
}

#[tokio::test]
async fn a_question_of_the_server_reaches_its_caller_and_the_answer_goes_back_with_the_servers_id()
{
    let server = StandIn::with_calls(|seen: Seen| async move {
        let question = json!({ "jsonrpc": "2.0", "id": "q-1", "method": "elicitation/create", "params": { "message": "?" } });
        let answer = json!({ "jsonrpc": "2.0", "id": seen.body["id"], "result": {} });
        events([question, answer])
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    let mut call = call(&up, "1", "echo");
    let question = soon("the question", call.next()).await.unwrap().unwrap();
    assert_eq!(
        (question.kind(), question.method()),
        (Kind::Request, Some("elicitation/create"))
    );
    let id = question.id().unwrap().to_owned();
    assert_ne!(id, "\"q-1\"");
    up.answer(Message::success(&id, r#"{"action":"accept"}"#))
        .await
        .unwrap();
    let answered = server
        .saw("the answer to its question", |seen| {
            seen.body["result"]["action"] == "accept"
        })
        .await;
    assert_eq!(answered.body["id"], "q-1");
    assert!(matches!(
        up.answer(Message::success(&id, "{}")).await,
        Err(CallError::NotAsked { .. })
    ));
    assert_eq!(
        soon("the answer", call.next()).await.unwrap().unwrap().id(),
        Some("1")
    );
}

#[tokio::test]
async fn a_ping_of_the_server_is_answered_by_the_hub() {
    let server = StandIn::with_calls(|seen: Seen| async move {
        let answer = json!({ "jsonrpc": "2.0", "id": seen.body["id"], "result": {} });
        events([
            json!({ "jsonrpc": "2.0", "id": 4, "method": "ping" }),
            answer,
        ])
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let messages = soon("the answer", whole(call(&desk.ready().await, "1", "echo")))
        .await
        .unwrap();
    assert_eq!(messages.len(), 1);
    server
        .saw("the answer to its ping", |seen| {
            seen.body["id"] == 4 && seen.body["result"] == json!({})
        })
        .await;
}

/// A server that begins to answer and never ends.
async fn endless() -> StandIn {
    StandIn::with_calls(|_| async {
        streamed(stream::once(async { ": begun\n\n".to_owned() }).chain(stream::pending()))
    })
    .await
}

// rule: mcp-cancellation
#[tokio::test]
async fn a_call_that_is_dropped_is_cancelled_upstream_by_the_id_that_it_has_there() {
    let server = endless().await;
    let desk = Desk::at(&server.url).await;
    let mut call = call(&desk.ready().await, "\"mine\"", "echo");
    let asked = tokio::select! {
        answer = call.next() => panic!("{answer:?}"),
        asked = server.saw("the call", |seen| seen.asks() == "tools/call") => asked,
    };
    drop(call);
    let cancelled = server
        .saw("the cancellation", |seen| {
            seen.asks() == "notifications/cancelled"
        })
        .await;
    assert_eq!(cancelled.body["params"]["requestId"], asked.body["id"]);
}

#[tokio::test]
async fn a_call_that_takes_too_long_fails_with_the_setting_that_helps_and_is_cancelled() {
    let server = endless().await;
    let desk = Desk::with(json!({ "up": { "type": "streamable-http", "url": server.url, "options": { "timeout": 50 } } })).await;
    let error = response(call(&desk.ready().await, "1", "echo"))
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("up did not answer within 0.05 s; raise \"options.timeout\""),
        "{error}"
    );
    server
        .saw("the cancellation", |seen| {
            seen.asks() == "notifications/cancelled"
        })
        .await;
}

#[tokio::test]
async fn progress_gives_a_call_more_time_up_to_the_total() {
    let server = StandIn::with_calls(|seen: Seen| async move {
        let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress",
            "params": { "progressToken": seen.body["params"]["_meta"]["progressToken"], "progress": 1 } });
        let ticks = tokio::time::interval(Duration::from_millis(40));
        streamed(stream::unfold(ticks, move |mut ticks| {
            let event = format!("data: {progress}\n\n");
            async move {
                ticks.tick().await;
                Some((event, ticks))
            }
        }))
    })
    .await;
    let options = json!({ "timeout": 200, "maxTotalTimeout": 600 });
    let desk = Desk::with(
        json!({ "up": { "type": "streamable-http", "url": server.url, "options": options } }),
    )
    .await;
    let request = Message::request(
        "1",
        "tools/call",
        Some(r#"{"name":"echo","_meta":{"progressToken":5}}"#),
    );
    let mut call = desk.ready().await.call(request);
    let mut ticks = 0;
    let error = loop {
        match soon("progress or the end", call.next()).await.unwrap() {
            Ok(_) => ticks += 1,
            Err(error) => break error,
        }
    };
    assert!(ticks > 6, "only {ticks} signs of progress were heard");
    assert!(
        matches!(error, CallError::Timeout { after, .. } if after == Duration::from_millis(600)),
        "{error}"
    );
    assert!(
        error.to_string().contains("\"options.maxTotalTimeout\""),
        "{error}"
    );
    // What was given up is cancelled at the server, by the id that it knows.
    let asked = server
        .saw("the call", |seen| seen.asks() == "tools/call")
        .await;
    let cancelled = server
        .saw("the cancellation", |seen| {
            seen.asks() == "notifications/cancelled"
        })
        .await;
    assert_eq!(cancelled.body["params"]["requestId"], asked.body["id"]);
}

#[tokio::test]
async fn progress_gives_no_more_time_where_the_settings_say_so() {
    let server = StandIn::with_calls(|seen: Seen| async move {
        let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress",
            "params": { "progressToken": seen.body["params"]["_meta"]["progressToken"], "progress": 1 } });
        let ticks = tokio::time::interval(Duration::from_millis(40));
        streamed(stream::unfold(ticks, move |mut ticks| {
            let event = format!("data: {progress}\n\n");
            async move {
                ticks.tick().await;
                Some((event, ticks))
            }
        }))
    })
    .await;
    let options = json!({ "timeout": 200, "resetTimeoutOnProgress": false });
    let up = json!({ "type": "streamable-http", "url": server.url, "options": options });
    let desk = Desk::with(json!({ "up": up })).await;
    let params = r#"{"name":"echo","_meta":{"progressToken":5}}"#;
    let request = Message::request("1", "tools/call", Some(params));
    let mut call = desk.ready().await.call(request);
    let error = loop {
        if let Err(error) = soon("progress or the end", call.next()).await.unwrap() {
            break error;
        }
    };
    assert!(
        matches!(error, CallError::Timeout { after, .. } if after == Duration::from_millis(200)),
        "{error}"
    );
    assert!(error.to_string().contains("\"options.timeout\""), "{error}");
}

#[tokio::test]
async fn an_answer_over_the_limit_fails_its_own_call_and_no_other() {
    for streams in [false, true] {
        let server = StandIn::with_calls(move |seen: Seen| async move {
            let size = if seen.body["params"]["name"] == "big" { 100_000 } else { 10 };
            let answer = json!({ "jsonrpc": "2.0", "id": seen.body["id"], "result": { "x": "x".repeat(size) } });
            if streams { events([answer]) } else { json_answer(&answer) }
        })
        .await;
        let options = json!({ "maxBufferSize": 50_000 });
        let desk = Desk::with(
            json!({ "up": { "type": "streamable-http", "url": server.url, "options": options } }),
        )
        .await;
        let up = desk.ready().await;
        let (big, small) = tokio::join!(
            response(call(&up, "1", "big")),
            response(call(&up, "2", "small"))
        );
        assert!(
            matches!(
                big,
                Err(CallError::Failed {
                    trouble: Trouble::TooLarge { limit: 50_000 },
                    ..
                })
            ),
            "{big:?}"
        );
        assert_eq!(small.unwrap().id(), Some("2"));
    }
}

#[tokio::test]
async fn a_json_rpc_error_that_comes_with_an_error_status_is_the_answer() {
    let server = StandIn::with_calls(|seen: Seen| async move {
        let error = json!({ "jsonrpc": "2.0", "id": seen.body["id"], "error": { "code": -32602, "message": "no", "data": { "uri": "x" } } });
        (http::StatusCode::BAD_REQUEST, json_answer(&error)).into_response()
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let answer = response(call(&desk.ready().await, "3", "echo"))
        .await
        .unwrap();
    assert_eq!(
        (answer.id(), answer.error()),
        (
            Some("3"),
            Some(r#"{"code":-32602,"message":"no","data":{"uri":"x"}}"#)
        )
    );
}
