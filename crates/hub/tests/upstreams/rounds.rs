//! Calls to servers of the stateless revision that take several rounds: questions in results, answers in the next request.

use axum::response::Response;
use hub::upstream::{CallError, Trouble};
use mcp::message::Message;
use serde_json::{Value, json};

use crate::{
    desk::{Desk, call, response, soon},
    stand_in::Seen,
    stateless::modern,
};

fn input_required(seen: &Seen, requests: &Value, state: Option<&str>) -> Response {
    let mut result = json!({ "resultType": "input_required", "inputRequests": requests });
    if let Some(state) = state {
        result["requestState"] = json!(state);
    }
    seen.result(&result)
}

fn form(message: &str) -> Value {
    json!({ "method": "elicitation/create", "params": { "message": message, "requestedSchema": {} } })
}

// rule: mcp-mrtr-retry
// rule: mcp-mrtr-new-id
#[tokio::test]
async fn questions_in_a_result_go_to_the_caller_and_the_answers_back_with_the_state() {
    const STATE: &str = "{\"a\": \"\u{e9}\\\"\"}";
    let server = modern(|seen: Seen| async move {
        let params = &seen.body["params"];
        if params["inputResponses"].is_null() {
            let requests = json!({ "who": form("who?"), "where": { "method": "roots/list" } });
            return input_required(&seen, &requests, Some(STATE));
        }
        seen.result(&json!({ "resultType": "complete", "said": params["inputResponses"], "state": params["requestState"], "args": params["arguments"] }))
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    let params = r#"{"name":"echo","arguments":{"n":1},"_meta":{"progressToken":"p"}}"#;
    let mut running = up.call(Message::request("\"mine\"", "tools/call", Some(params)));
    let mut ids = Vec::new();
    for method in ["elicitation/create", "roots/list"] {
        let question = soon("a question", running.next()).await.unwrap().unwrap();
        assert_eq!(question.method(), Some(method));
        ids.push(question.id().unwrap().to_owned());
    }
    up.answer(Message::success(&ids[1], r#"{"roots":[]}"#))
        .await
        .unwrap();
    up.answer(Message::success(&ids[0], r#"{"action":"accept"}"#))
        .await
        .unwrap();
    let answer = response(running).await.unwrap();
    assert_eq!(answer.id(), Some("\"mine\""));
    let result: Value = serde_json::from_str(answer.result().unwrap()).unwrap();
    assert_eq!(
        result["said"],
        json!({ "who": { "action": "accept" }, "where": { "roots": [] } })
    );
    assert_eq!(
        (&result["state"], &result["args"]),
        (&json!(STATE), &json!({ "n": 1 }))
    );

    let calls: Vec<Seen> = server
        .all()
        .into_iter()
        .filter(|seen| seen.asks() == "tools/call")
        .collect();
    assert_eq!(calls.len(), 2);
    assert_ne!(calls[0].body["id"], calls[1].body["id"]);
    for call in &calls {
        assert_eq!(
            call.body["params"]["_meta"]["progressToken"],
            call.body["id"]
        );
    }
    let gone = up.answer(Message::success(&ids[0], "{}")).await;
    assert!(matches!(gone, Err(CallError::NotAsked { .. })), "{gone:?}");
}

#[tokio::test]
async fn a_result_with_a_state_and_no_questions_is_tried_again_at_once() {
    let server = modern(|seen: Seen| async move {
        match seen.body["params"]["requestState"].as_str() {
            None => seen.result(&json!({ "resultType": "input_required", "requestState": "later" })),
            Some(state) => seen.result(&json!({ "state": state, "none": seen.body["params"].get("inputResponses").is_none() })),
        }
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let answer = response(call(&desk.ready().await, "1", "echo"))
        .await
        .unwrap();
    assert_eq!(answer.result(), Some(r#"{"state":"later","none":true}"#));
}

#[tokio::test]
async fn a_question_that_the_client_refuses_ends_the_call_with_its_words() {
    let server =
        modern(|seen: Seen| async move { input_required(&seen, &json!({ "a": form("?") }), None) })
            .await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    let mut running = call(&up, "1", "echo");
    let question = soon("the question", running.next()).await.unwrap().unwrap();
    let refusal = Message::failure(question.id(), -32601, "nobody is here", None);
    up.answer(refusal).await.unwrap();
    let error = response(running).await.unwrap_err();
    assert!(error.to_string().contains("nobody is here"), "{error}");
    assert_eq!(server.count("tools/call"), 1);
}

#[tokio::test]
async fn a_server_that_asks_without_end_is_stopped() {
    let server = modern(|seen: Seen| async move {
        seen.result(&json!({ "resultType": "input_required", "requestState": "again" }))
    })
    .await;
    let desk = Desk::at(&server.url).await;
    let error = response(call(&desk.ready().await, "1", "echo"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("asked 16 times"), "{error}");
    assert_eq!(server.count("tools/call"), 17);
}

// rule: mcp-result-type
#[tokio::test]
async fn a_result_of_an_unknown_type_is_no_answer() {
    let server =
        modern(|seen: Seen| async move { seen.result(&json!({ "resultType": "surprise" })) }).await;
    let desk = Desk::at(&server.url).await;
    let error = response(call(&desk.ready().await, "1", "echo"))
        .await
        .unwrap_err();
    let kind = matches!(&error, CallError::Failed { trouble: Trouble::ResultType { kind }, .. } if kind == "surprise");
    assert!(kind, "{error}");
}
