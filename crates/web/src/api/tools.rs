//! POST `/api/tools/call/:server`: one tool call without an MCP session.

use axum::Json;
use axum::extract::State;
use hub::cause::Cause;
use hub::upstream::{CallError, NotServed, Upstream};
use mcp::message::{Kind, Message, code};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use settings::Server;
use utoipa::ToSchema;

use super::answer::Answer;
use super::oauth::{needed, told};
use super::servers::no_server;
use super::shape::{Keys, ToolResult};
use super::view::sees;
use super::{Body, Named};
use crate::access::Visitor;
use crate::app::App;
use crate::problem::{Problem, Whose};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ToolCall)]
pub(super) struct Wish {
    /// The server's own name of the tool, or the one that clients see.
    tool_name: String,
    /// Handed on as it was written.
    #[schema(value_type = Option<Keys>)]
    arguments: Option<Box<RawValue>>,
}

/// Calls a tool of a server.
#[utoipa::path(
    post,
    path = "/tools/call/{name}",
    operation_id = "callTool",
    tag = "servers",
    params(("name" = String, Path, description = "The server's name")),
    request_body = Wish,
    responses((status = 200, description = "The tool's result", body = Answer<ToolResult>))
)]
pub(super) async fn call(
    State(app): State<App>,
    visitor: Visitor,
    Named(name): Named,
    Body(wish): Body<Wish>,
) -> Result<Json<Answer<Value>>, Problem> {
    let settings = app.hub().store().current();
    let server = settings
        .server(&name)
        .filter(|server| sees(&visitor, server))
        .ok_or_else(|| no_server(&name))?;
    let upstream = app
        .hub()
        .upstreams()
        .serving(&name, visitor.username.as_deref(), None)
        .map_err(|why| not_served(&name, &why))?;
    let tool = tool_of(server, &upstream, &wish.tool_name, &settings.name_separator)?;
    let arguments = wish.arguments.as_deref().map_or("{}", RawValue::get);
    let params = format!(
        "{{\"name\":{},\"arguments\":{arguments}}}",
        Value::from(tool)
    );
    let answer = response(
        &upstream,
        Message::request("1", "tools/call", Some(&params)),
    )
    .await?;
    let mut data = outcome(&name, &answer)?;
    data["toolName"] = wish.tool_name.into();
    data["arguments"] = serde_json::from_str(arguments).unwrap_or_default();
    Ok(Answer::of(data))
}

fn not_served(name: &str, why: &NotServed) -> Problem {
    let problem = match why {
        NotServed::Unknown(_) => no_server(name),
        NotServed::TooMany(_) => {
            Problem::new(Whose::Forbidden, why.to_string()).code("too_many_sessions")
        }
        NotServed::NoUser(_) => Problem::new(Whose::Forbidden, why.to_string()).code("no_user"),
    };
    problem.cause(why.into())
}

/// The server's own name of the tool. Hidden and missing tools are told apart to nobody. A server that could not list yet
/// is asked under the name as it was sent.
fn tool_of(
    server: &Server,
    upstream: &Upstream,
    wanted: &str,
    separator: &str,
) -> Result<String, Problem> {
    let own = wanted
        .strip_prefix(server.name.as_str())
        .and_then(|rest| rest.strip_prefix(separator));
    let listed = upstream.catalog();
    let knows = |name: &str| listed.tools.iter().any(|tool| &*tool.name == name);
    let name = if knows(wanted) {
        wanted
    } else {
        own.unwrap_or(wanted)
    };
    let hidden = server
        .tools
        .of(name, &server.name, separator)
        .is_some_and(|toggle| !toggle.enabled);
    if hidden || (!listed.tools.is_empty() && !knows(name)) {
        let message = format!(
            "{} has no tool {wanted:?}; GET /api/servers lists its tools",
            server.name
        );
        return Err(Problem::missing(message)
            .code("no_such_tool")
            .cause(Cause::NoSuchTool));
    }
    Ok(name.to_owned())
}

/// The response. What the server tells meanwhile has no reader here; what it asks is answered with "not possible here", so
/// that it does not wait.
async fn response(upstream: &Upstream, request: Message) -> Result<Message, Problem> {
    let mut call = upstream.call(request);
    while let Some(message) = call.next().await {
        let message = message.map_err(|error| failed(upstream, &error))?;
        match message.kind() {
            Kind::Response => return Ok(message),
            Kind::Notification => {}
            Kind::Request => {
                let why = "nobody can be asked during a call over the REST API";
                let refusal = Message::failure(message.id(), code::METHOD_NOT_FOUND, why, None);
                upstream
                    .answer(refusal)
                    .await
                    .map_err(|error| failed(upstream, &error))?;
            }
        }
    }
    Err(Problem::new(
        Whose::Upstream,
        format!("{} ended the call without an answer", upstream.name()),
    ))
}

fn outcome(server: &str, answer: &Message) -> Result<Value, Problem> {
    let unreadable = |error: serde_json::Error| {
        Problem::new(
            Whose::Upstream,
            format!("the answer of {server} cannot be read: {error}"),
        )
    };
    if let Some(result) = answer.result() {
        let result: Value = serde_json::from_str(result).map_err(unreadable)?;
        return Ok(if result.is_object() {
            result
        } else {
            json!({ "content": result })
        });
    }
    let error: Value = serde_json::from_str(answer.error().unwrap_or("{}")).map_err(unreadable)?;
    let message = error["message"].as_str().unwrap_or("no reason given");
    Err(Problem::new(
        Whose::Upstream,
        format!("{server} refused the call: {message}"),
    )
    .code("refused")
    .cause(Cause::CallRefused)
    .with("error", error.clone()))
}

fn failed(upstream: &Upstream, error: &CallError) -> Problem {
    let explained = upstream.explain_call(error);
    let problem = match error {
        CallError::NeedsSignIn(why) => return needed(why, &explained),
        CallError::NotConnected { .. } => {
            Problem::new(Whose::Upstream, error.to_string()).code("not_connected")
        }
        CallError::Failed { .. } => {
            Problem::new(Whose::Upstream, error.to_string()).code("call_failed")
        }
        CallError::Timeout { .. } => {
            Problem::new(Whose::UpstreamSilent, error.to_string()).code("timeout")
        }
        CallError::Unreadable(_) => Problem::request(error.to_string()),
        CallError::NotAsked { .. } | CallError::Unanswered { .. } => {
            Problem::new(Whose::Upstream, error.to_string())
        }
    };
    problem
        .cause(error.into())
        .with("explained", told(&explained))
}
