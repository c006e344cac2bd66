//! Streamable HTTP: POST, GET and DELETE of the MCP endpoint, strict about headers and sessions.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::admission::Admitted;
use super::tools::{self, Called};
use crate::choices::McpAnswers;
use crate::seen::Seen;
use crate::state::{Shared, State};

const REVISIONS: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];
const SESSION: &str = "mcp-session-id";

/// A request refused before its method is looked at.
type Early = (StatusCode, Json<Value>);

/// What a request is answered with.
struct Answer {
    /// Progress notifications, each after a pause.
    before: Vec<(std::time::Duration, Option<Value>)>,
    message: Value,
}

pub(super) async fn post(shared: &Arc<Shared>, asked: &Seen, admitted: &Admitted) -> Response {
    let message = match checked(&shared.lock(), asked) {
        Ok(message) => message,
        Err(early) => return early.into_response(),
    };
    let (Some(id), Some(method)) = (message.get("id"), message["method"].as_str()) else {
        return StatusCode::ACCEPTED.into_response();
    };
    if method == "initialize" {
        return initialize(&mut shared.lock(), id, &message);
    }
    let answer = match perform(&mut shared.lock(), id, method, &message["params"], admitted) {
        Ok(answer) => answer,
        Err((code, sentence)) => at_once(failure(id, code, &sentence)),
    };
    let form = shared.lock().switches.mcp_answers;
    respond(form, answer).await
}

fn checked(state: &State, asked: &Seen) -> Result<Value, Early> {
    let accepts = asked.header("accept").unwrap_or_default();
    if !accepts.contains("application/json") || !accepts.contains("text/event-stream") {
        return Err(early(
            StatusCode::NOT_ACCEPTABLE,
            "Accept must list application/json and text/event-stream",
        ));
    }
    if !asked
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/json"))
    {
        return Err(early(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Type must be application/json",
        ));
    }
    if asked
        .header("mcp-protocol-version")
        .is_some_and(|version| !REVISIONS.contains(&version))
    {
        return Err(early(
            StatusCode::BAD_REQUEST,
            "MCP-Protocol-Version is not supported",
        ));
    }
    let message: Value = serde_json::from_str(&asked.body)
        .map_err(|_broken| early(StatusCode::BAD_REQUEST, "the body is not JSON"))?;
    if message["jsonrpc"] != "2.0" {
        return Err(early(
            StatusCode::BAD_REQUEST,
            "the body is no single JSON-RPC 2.0 message",
        ));
    }
    if message["method"] != "initialize" {
        check_session(state, asked)?;
    }
    Ok(message)
}

fn check_session(state: &State, asked: &Seen) -> Result<(), Early> {
    if !state.switches.mcp_sessions {
        return Ok(());
    }
    match asked.header(SESSION) {
        None => Err(early(StatusCode::BAD_REQUEST, "Mcp-Session-Id is missing")),
        Some(name) if state.sessions.knows(name) => Ok(()),
        Some(_) => Err(early(StatusCode::NOT_FOUND, "no such session")),
    }
}

fn early(status: StatusCode, sentence: &str) -> Early {
    (
        status,
        Json(
            json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32000, "message": sentence } }),
        ),
    )
}

fn initialize(state: &mut State, id: &Value, message: &Value) -> Response {
    let asked = message["params"]["protocolVersion"]
        .as_str()
        .unwrap_or_default();
    let version = REVISIONS
        .into_iter()
        .find(|known| *known == asked)
        .unwrap_or(REVISIONS[0]);
    let result = json!({
        "protocolVersion": version,
        "capabilities": { "tools": { "listChanged": true } },
        "serverInfo": { "name": "practice", "title": "Practice tools", "version": env!("CARGO_PKG_VERSION") },
        "instructions": "Four small tools behind a sign-in.",
    });
    let mut response = one(state.switches.mcp_answers, &success(id, &result));
    if state.switches.mcp_sessions
        && let Ok(name) = HeaderValue::from_str(&state.sessions.begin())
    {
        response.headers_mut().insert(SESSION, name);
    }
    response
}

fn perform(
    state: &mut State,
    id: &Value,
    method: &str,
    params: &Value,
    admitted: &Admitted,
) -> Result<Answer, (i64, String)> {
    match method {
        "ping" => Ok(at_once(success(id, &json!({})))),
        "tools/list" => Ok(at_once(success(id, &tools::list()))),
        "tools/call" => {
            let name = params["name"].as_str().unwrap_or_default();
            match tools::call(name, &params["arguments"], admitted) {
                Called::Refused(sentence) => Err((-32602, sentence)),
                Called::Done(result) => {
                    state.counts.tools_called += 1;
                    Ok(at_once(success(id, &result)))
                }
                Called::Slow {
                    step,
                    steps,
                    result,
                } => {
                    state.counts.tools_called += 1;
                    let token = &params["_meta"]["progressToken"];
                    let before = (1..=steps)
                        .map(|done| (step, progress(token, done, steps)))
                        .collect();
                    Ok(Answer {
                        before,
                        message: success(id, &result),
                    })
                }
            }
        }
        unknown => Err((-32601, format!("no such method: {unknown}"))),
    }
}

fn progress(token: &Value, done: u64, total: u64) -> Option<Value> {
    let params = json!({ "progressToken": token, "progress": done, "total": total });
    (!token.is_null())
        .then(|| json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params }))
}

fn at_once(message: Value) -> Answer {
    Answer {
        before: Vec::new(),
        message,
    }
}

fn success(id: &Value, result: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

fn failure(id: &Value, code: i64, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}

/// As one JSON body after all pauses, or as a stream that begins at once.
async fn respond(form: McpAnswers, answer: Answer) -> Response {
    match form {
        McpAnswers::Json => {
            for (pause, _unsent) in &answer.before {
                tokio::time::sleep(*pause).await;
            }
            one(form, &answer.message)
        }
        McpAnswers::Sse => {
            let before = stream::iter(answer.before).filter_map(|(pause, notice)| async move {
                tokio::time::sleep(pause).await;
                notice.map(|notice| event(&notice.to_string()))
            });
            let last = stream::once(async move { event(&answer.message.to_string()) });
            events(before.chain(last))
        }
    }
}

fn one(form: McpAnswers, message: &Value) -> Response {
    match form {
        McpAnswers::Json => Json(message).into_response(),
        McpAnswers::Sse => {
            let only = event(&message.to_string());
            events(stream::once(async move { only }))
        }
    }
}

fn event(text: &str) -> String {
    format!("event: message\ndata: {text}\n\n")
}

fn events(stream: impl Stream<Item = String> + Send + 'static) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::from_stream(stream.map(Ok::<_, Infallible>))).into_response()
}

/// The stream of server messages; it begins with a comment so that the client sees it open.
pub(super) fn stream(state: &State, asked: &Seen) -> Response {
    if !state.switches.mcp_stream {
        return (
            StatusCode::METHOD_NOT_ALLOWED,
            [(header::ALLOW, "POST, DELETE")],
        )
            .into_response();
    }
    if let Err(early) = check_session(state, asked) {
        return early.into_response();
    }
    let notices = stream::unfold(state.sessions.listen(), |mut listening| async move {
        loop {
            match listening.recv().await {
                Ok(notice) => return Some((event(&notice), listening)),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    });
    events(stream::once(async { ": open\n\n".to_owned() }).chain(notices))
}

pub(super) fn end(state: &mut State, asked: &Seen) -> Response {
    let ended = asked
        .header(SESSION)
        .is_some_and(|name| state.sessions.end(name));
    let status = if ended {
        StatusCode::OK
    } else {
        StatusCode::NOT_FOUND
    };
    status.into_response()
}
