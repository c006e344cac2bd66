//! POST `/api/resources/read`: one resource without an MCP session, as MCPHub has it, and `server` where only one is meant.

use axum::Json;
use axum::extract::State;
use hub::cause::Cause;
use mcp::method;
use serde::Deserialize;
use serde_json::{Value, json};
use settings::{Server, Settings};
use utoipa::ToSchema;

use super::Body;
use super::answer::Answer;
use super::asked::{asked, reached};
use super::shape::ResourceResult;
use super::view::sees;
use crate::access::Visitor;
use crate::app::App;
use crate::problem::Problem;

#[derive(Deserialize, ToSchema)]
#[schema(as = ResourceWish)]
pub(super) struct Wish {
    uri: String,
    /// Where it is; without it, the first server that lists it.
    server: Option<String>,
}

/// Reads a resource.
#[utoipa::path(
    post,
    path = "/resources/read",
    operation_id = "readResource",
    tag = "servers",
    request_body = Wish,
    responses((status = 200, description = "What it holds", body = Answer<ResourceResult>))
)]
pub(super) async fn read(
    State(app): State<App>,
    visitor: Visitor,
    Body(wish): Body<Wish>,
) -> Result<Json<Answer<Value>>, Problem> {
    let settings = app.hub().store().current();
    let name = match &wish.server {
        Some(name) => name,
        None => owner(&app, &visitor, &settings, &wish.uri).ok_or_else(|| {
            let message = format!(
                "no server lists the resource {:?}; say which one has it: {{\"server\": ...}}",
                wish.uri
            );
            missing(message)
        })?,
    };
    let (server, upstream) = reached(&app, &visitor, &settings, name)?;
    let listed = upstream.catalog();
    let knows = listed.resources.iter().any(|it| *it.name == *wish.uri);
    // What a template makes is in no list, and the lists of a server that could not list yet are empty.
    let complete = !listed.resources.is_empty() && listed.templates.is_empty();
    if is_hidden(&settings, server, &wish.uri) || (complete && !knows) {
        let message = format!(
            "{name} has no resource {:?}; GET /api/servers lists its resources",
            wish.uri
        );
        return Err(missing(message));
    }
    let params = json!({ "uri": wish.uri }).to_string();
    let data = asked(
        (&app, &visitor),
        &upstream,
        (method::RESOURCES_READ, &params),
    )
    .await?;
    Ok(Answer::of(data))
}

/// The first server that this visitor sees and that lists the resource. None is started for the search.
fn owner<'s>(
    app: &App,
    visitor: &Visitor,
    settings: &'s Settings,
    uri: &str,
) -> Option<&'s String> {
    let upstreams = app.hub().upstreams();
    let lists = |server: &&std::sync::Arc<Server>| {
        let upstream = upstreams.there(&server.name, visitor.username.as_deref());
        upstream.is_some_and(|it| it.catalog().resources.iter().any(|it| *it.name == *uri))
    };
    let seen = settings.servers.iter().filter(|it| sees(visitor, it));
    let shown = seen.filter(|server| !is_hidden(settings, server, uri));
    shown.filter(lists).map(|server| &server.name).next()
}

fn is_hidden(settings: &Settings, server: &Server, uri: &str) -> bool {
    let toggle = server
        .resources
        .of(uri, &server.name, &settings.name_separator);
    !server.enabled || toggle.is_some_and(|toggle| !toggle.enabled)
}

fn missing(message: String) -> Problem {
    Problem::missing(message)
        .code("no_such_resource")
        .cause(Cause::NoSuchTool)
}
