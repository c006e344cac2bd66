//! POST `/api/mcp/:server/prompts/:prompt`: one prompt without an MCP session, as MCPHub has it.

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use http::request::Parts;
use hub::cause::Cause;
use mcp::method;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::Body;
use super::answer::Answer;
use super::asked::{asked, own_name, reached};
use super::shape::{Keys, PromptResult};
use crate::access::Visitor;
use crate::app::App;
use crate::problem::Problem;

/// MCPHub's own pages send the prompt's name as well; the one in the path counts.
#[derive(Deserialize, ToSchema)]
#[schema(as = PromptWish)]
pub(super) struct Wish {
    /// Handed on as they were written; MCP has texts only.
    #[schema(value_type = Option<Keys>)]
    arguments: Option<Box<RawValue>>,
}

/// A server and its prompt out of the path, decoded.
pub(super) struct Named {
    server: String,
    prompt: String,
}

impl FromRequestParts<App> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let read = Path::<(String, String)>::from_request_parts(parts, app).await;
        let Path((server, prompt)) = read.map_err(|rejection| {
            Problem::request(format!("the names in the path cannot be read: {rejection}"))
        })?;
        Ok(Self { server, prompt })
    }
}

/// Gets a prompt of a server.
#[utoipa::path(
    post,
    path = "/mcp/{name}/prompts/{prompt}",
    operation_id = "getPrompt",
    tag = "servers",
    params(
        ("name" = String, Path, description = "The server's name"),
        ("prompt" = String, Path, description = "The prompt's name, as the server or as clients know it")
    ),
    request_body = Wish,
    responses((status = 200, description = "The prompt's messages", body = Answer<PromptResult>))
)]
pub(super) async fn get(
    State(app): State<App>,
    visitor: Visitor,
    Named { server, prompt }: Named,
    Body(wish): Body<Wish>,
) -> Result<Json<Answer<Value>>, Problem> {
    let settings = app.hub().store().current();
    let (server, upstream) = reached(&app, &visitor, &settings, &server)?;
    let separator = &settings.name_separator;
    let listed = upstream.catalog();
    let knows = |name: &str| listed.prompts.iter().any(|prompt| &*prompt.name == name);
    let name = own_name(&server.name, separator, &prompt, knows);
    let toggle = server.prompts.of(name, &server.name, separator);
    let hidden = toggle.is_some_and(|toggle| !toggle.enabled);
    // A server that could not list yet is asked under the name as it was sent.
    if hidden || (!listed.prompts.is_empty() && !knows(name)) {
        let message = format!(
            "{} has no prompt {prompt:?}; GET /api/servers lists its prompts",
            server.name
        );
        return Err(Problem::missing(message)
            .code("no_such_prompt")
            .cause(Cause::NoSuchTool));
    }
    let arguments = wish.arguments.as_deref().map_or("{}", RawValue::get);
    let params = format!(
        "{{\"name\":{},\"arguments\":{arguments}}}",
        Value::from(name)
    );
    let data = asked((&app, &visitor), &upstream, (method::PROMPTS_GET, &params)).await?;
    Ok(Answer::of(data))
}
