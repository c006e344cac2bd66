//! `/api/groups/{id}/servers`: the servers of a group, one at a time or all at once.

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use http::request::Parts;
use hub::cause::Cause;
use serde::Deserialize;
use serde_json::Value;
use settings::Change;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{GROUPS, find, makes_sense, members, told};
use crate::access::Admin;
use crate::api::answer::Answer;
use crate::api::servers::no_server;
use crate::api::shape::{Group, Member as Written};
use crate::api::{Body, Named, lists};
use crate::app::App;
use crate::problem::Problem;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(replace))
        .routes(routes!(remove))
}

/// The servers of a group, as they are written.
#[utoipa::path(
    get,
    path = "/groups/{id}/servers",
    operation_id = "listGroupServers",
    tag = "groups",
    params(("id" = String, Path, description = "The group's id or name")),
    responses((status = 200, description = "Its servers", body = Answer<Vec<Written>>))
)]
async fn list(
    State(app): State<App>,
    _: Admin,
    Named(id): Named,
) -> Result<Json<Answer<Vec<Value>>>, Problem> {
    let file = app.hub().store().file();
    let (_, group) = find(&file, &id)?;
    Ok(Answer::of(members(group).to_vec()))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewGroupServer)]
struct Member {
    server_name: String,
}

/// Takes a server into a group. One that is in already stays as it is.
#[utoipa::path(
    post,
    path = "/groups/{id}/servers",
    operation_id = "addGroupServer",
    tag = "groups",
    params(("id" = String, Path, description = "The group's id or name")),
    request_body = Member,
    responses((status = 200, description = "The group", body = Answer<Group>))
)]
async fn add(
    State(app): State<App>,
    _: Admin,
    Named(id): Named,
    Body(sent): Body<Member>,
) -> Result<Json<Answer<Value>>, Problem> {
    let server = sent.server_name;
    let group = lists::change(&app, |file| {
        let (place, group) = find(file, &id)?;
        if file.raw_server(&server).is_none() {
            return Err(no_server(&server));
        }
        let mut servers = members(group).to_vec();
        if servers.iter().any(|member| is_of(member, &server)) {
            return Ok((Vec::new(), group.clone()));
        }
        servers.push(server.as_str().into());
        Ok(with_servers(place, group, servers))
    })
    .await?;
    Ok(told(group, &format!("{server} is in the group.")))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = GroupServers)]
struct Members {
    #[schema(value_type = Vec<Written>)]
    servers: Vec<Value>,
}

/// Replaces the servers of a group.
#[utoipa::path(
    put,
    path = "/groups/{id}/servers/batch",
    operation_id = "replaceGroupServers",
    tag = "groups",
    params(("id" = String, Path, description = "The group's id or name")),
    request_body = Members,
    responses((status = 200, description = "The group", body = Answer<Group>))
)]
async fn replace(
    State(app): State<App>,
    _: Admin,
    Named(id): Named,
    Body(sent): Body<Members>,
) -> Result<Json<Answer<Value>>, Problem> {
    let group = lists::change(&app, |file| {
        let (place, group) = find(file, &id)?;
        let (changes, new) = with_servers(place, group, sent.servers.clone());
        makes_sense(file, &new)?;
        Ok((changes, new))
    })
    .await?;
    Ok(told(group, "The servers of the group were changed."))
}

/// Takes a server out of a group.
#[utoipa::path(
    delete,
    path = "/groups/{id}/servers/{server}",
    operation_id = "removeGroupServer",
    tag = "groups",
    params(
        ("id" = String, Path, description = "The group's id or name"),
        ("server" = String, Path, description = "The server's name")
    ),
    responses((status = 200, description = "The group", body = Answer<Group>))
)]
async fn remove(
    State(app): State<App>,
    _: Admin,
    Both(id, server): Both,
) -> Result<Json<Answer<Value>>, Problem> {
    let group = lists::change(&app, |file| {
        let (place, group) = find(file, &id)?;
        let mut servers = members(group).to_vec();
        servers.retain(|member| !is_of(member, &server));
        if servers.len() == members(group).len() {
            return Err(Problem::missing(format!(
                "there is no server named {server:?} in the group"
            ))
            .cause(Cause::NoSuchServer));
        }
        Ok(with_servers(place, group, servers))
    })
    .await?;
    Ok(told(group, &format!("{server} is no longer in the group.")))
}

/// A group and a server out of the path, decoded.
struct Both(String, String);

impl FromRequestParts<App> for Both {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let read = Path::<(String, String)>::from_request_parts(parts, app).await;
        let Path((group, server)) = read.map_err(|rejection| {
            Problem::request(format!("the names in the path cannot be read: {rejection}"))
        })?;
        Ok(Self(group, server))
    }
}

fn is_of(member: &Value, server: &str) -> bool {
    *member == server || member["name"] == server
}

fn with_servers(place: usize, group: &Value, servers: Vec<Value>) -> (Vec<Change>, Value) {
    let mut new = group.clone();
    new["servers"] = servers.clone().into();
    let change = Change::set([GROUPS, &place.to_string(), "servers"], servers);
    (vec![change], new)
}
