//! POST `/api/tools/call/:server`: one tool call without an MCP session.

use axum::Json;
use axum::extract::State;
use hub::cause::Cause;
use hub::upstream::Upstream;
use mcp::method;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use settings::Server;
use utoipa::ToSchema;

use super::answer::Answer;
use super::asked::{asked, own_name, reached};
use super::shape::{Keys, ToolResult};
use super::{Body, Named};
use crate::access::Visitor;
use crate::app::App;
use crate::problem::Problem;

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
    let (server, upstream) = reached(&app, &visitor, &settings, &name)?;
    let tool = tool_of(server, &upstream, &wish.tool_name, &settings.name_separator)?;
    let arguments = wish.arguments.as_deref().map_or("{}", RawValue::get);
    let params = format!(
        "{{\"name\":{},\"arguments\":{arguments}}}",
        Value::from(tool)
    );
    let mut data = asked((&app, &visitor), &upstream, (method::TOOLS_CALL, &params)).await?;
    data["toolName"] = wish.tool_name.into();
    data["arguments"] = serde_json::from_str(arguments).unwrap_or_default();
    Ok(Answer::of(data))
}

/// The server's own name of the tool. Hidden and missing tools are told apart to nobody. A server that could not list yet
/// is asked under the name as it was sent.
fn tool_of(
    server: &Server,
    upstream: &Upstream,
    wanted: &str,
    separator: &str,
) -> Result<String, Problem> {
    let listed = upstream.catalog();
    let knows = |name: &str| listed.tools.iter().any(|tool| &*tool.name == name);
    let name = own_name(&server.name, separator, wanted, knows);
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
