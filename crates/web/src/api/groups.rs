//! `/api/groups`: named subsets of servers, served at `/mcp/{group}`. A group is named by its id or its name.
//!
//! Leaves out MCPHub's routes for many groups at once, for the tools of one member, and for whom to share with.

use axum::extract::{FromRequestParts, Path, State};
use axum::routing::{delete, get, put};
use axum::{Json, Router};
use http::StatusCode;
use http::request::Parts;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use settings::{Change, File};

use super::{Body, Named, lists, name};
use crate::access::Admin;
use crate::app::App;
use crate::problem::{Problem, Whose};

const GROUPS: &str = "groups";
/// What a member may say beside its name.
const CHOICES: [&str; 5] = ["alias", "tools", "prompts", "resources", "pinnedTools"];

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(list).post(create))
        .route("/{id}", get(read).put(change).delete(remove))
        .route("/{id}/servers", get(servers).post(add_server))
        .route("/{id}/servers/batch", put(replace_servers))
        .route("/{id}/servers/{server}", delete(remove_server))
}

async fn list(State(app): State<App>, _: Admin) -> Json<Value> {
    let file = app.hub().store().file();
    Json(json!({ "success": true, "data": lists::entries(&file, GROUPS) }))
}

async fn read(State(app): State<App>, _: Admin, Named(id): Named) -> Result<Json<Value>, Problem> {
    let file = app.hub().store().file();
    Ok(Json(
        json!({ "success": true, "data": find(&file, &id)?.1 }),
    ))
}

/// What is sent to make or change a group; members are names, or objects with a choice of tools.
#[derive(Deserialize)]
struct Wished {
    name: Option<String>,
    description: Option<String>,
    servers: Option<Vec<Value>>,
}

/// POST `/groups {name, description?, servers?}`.
async fn create(
    State(app): State<App>,
    Admin(visitor): Admin,
    Body(wished): Body<Wished>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let name = lists::named("group", wished.name.as_deref().unwrap_or_default())?;
    name::check_of("group", &name)?;
    let mut group = Map::new();
    group.insert("id".into(), uuid::Uuid::new_v4().to_string().into());
    group.insert("name".into(), name.as_str().into());
    if let Some(text) = wished.description {
        group.insert("description".into(), text.into());
    }
    group.insert("servers".into(), wished.servers.unwrap_or_default().into());
    let owner = visitor.username.as_deref().unwrap_or("admin");
    group.insert("owner".into(), owner.into());
    group.insert("visibility".into(), "private".into());
    let group = Value::Object(group);
    lists::change(&app, |file| {
        free(file, &name, None)?;
        makes_sense(file, &group)?;
        Ok((vec![lists::one_more(file, GROUPS, group.clone())], ()))
    })
    .await?;
    Ok((StatusCode::CREATED, told(&group, "The group was created.")))
}

/// PUT `/groups/:id`, with what is to change.
async fn change(
    State(app): State<App>,
    _: Admin,
    Named(id): Named,
    Body(wished): Body<Wished>,
) -> Result<Json<Value>, Problem> {
    if wished.name.is_none() && wished.description.is_none() && wished.servers.is_none() {
        return Err(Problem::request(
            "nothing to change: send {name}, {description} or {servers}",
        ));
    }
    let name = wished.name.as_deref();
    let name = name.map(|name| lists::named("group", name)).transpose()?;
    if let Some(name) = &name {
        name::check_of("group", name)?;
    }
    let group = lists::change(&app, |file| {
        let (place, old) = find(file, &id)?;
        let mut new = old.clone();
        let mut changes = Vec::new();
        if let Some(name) = &name {
            free(file, name, Some(place))?;
            changes.extend(in_keys(file, &[&old["name"]], Some(name)));
            new["name"] = name.as_str().into();
        }
        if let Some(text) = &wished.description {
            new["description"] = text.as_str().into();
        }
        if let Some(servers) = &wished.servers {
            new["servers"] = servers.as_slice().into();
            makes_sense(file, &new)?;
        }
        changes.push(Change::set([GROUPS, &place.to_string()], new.clone()));
        Ok((changes, new))
    })
    .await?;
    Ok(told(&group, "The group was changed."))
}

/// DELETE `/groups/:id`. Keys for it forget it too, so that they do not open the next group of that name.
async fn remove(
    State(app): State<App>,
    _: Admin,
    Named(id): Named,
) -> Result<Json<Value>, Problem> {
    lists::change(&app, |file| {
        let (place, group) = find(file, &id)?;
        let mut changes = in_keys(file, &[&group["name"], &group["id"]], None);
        changes.push(Change::remove([GROUPS, &place.to_string()]));
        Ok((changes, ()))
    })
    .await?;
    Ok(Json(
        json!({ "success": true, "message": "The group was deleted." }),
    ))
}

/// GET `/groups/:id/servers`.
async fn servers(
    State(app): State<App>,
    _: Admin,
    Named(id): Named,
) -> Result<Json<Value>, Problem> {
    let file = app.hub().store().file();
    let (_, group) = find(&file, &id)?;
    Ok(Json(json!({ "success": true, "data": members(group) })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    server_name: String,
}

/// POST `/groups/:id/servers {serverName}`. One that is in already stays as it is.
async fn add_server(
    State(app): State<App>,
    _: Admin,
    Named(id): Named,
    Body(sent): Body<Member>,
) -> Result<Json<Value>, Problem> {
    let server = sent.server_name;
    let group = lists::change(&app, |file| {
        let (place, group) = find(file, &id)?;
        if file.raw_server(&server).is_none() {
            return Err(super::servers::no_server(&server));
        }
        let mut servers = members(group).to_vec();
        if servers.iter().any(|member| is_of(member, &server)) {
            return Ok((Vec::new(), group.clone()));
        }
        servers.push(server.as_str().into());
        Ok(with_servers(place, group, servers))
    })
    .await?;
    Ok(told(&group, &format!("{server} is in the group.")))
}

#[derive(Deserialize)]
struct Members {
    servers: Vec<Value>,
}

/// PUT `/groups/:id/servers/batch {servers}`.
async fn replace_servers(
    State(app): State<App>,
    _: Admin,
    Named(id): Named,
    Body(sent): Body<Members>,
) -> Result<Json<Value>, Problem> {
    let group = lists::change(&app, |file| {
        let (place, group) = find(file, &id)?;
        let (changes, new) = with_servers(place, group, sent.servers.clone());
        makes_sense(file, &new)?;
        Ok((changes, new))
    })
    .await?;
    Ok(told(&group, "The servers of the group were changed."))
}

/// DELETE `/groups/:id/servers/:server`.
async fn remove_server(
    State(app): State<App>,
    _: Admin,
    Both(id, server): Both,
) -> Result<Json<Value>, Problem> {
    let group = lists::change(&app, |file| {
        let (place, group) = find(file, &id)?;
        let mut servers = members(group).to_vec();
        servers.retain(|member| !is_of(member, &server));
        if servers.len() == members(group).len() {
            return Err(Problem::missing(format!(
                "there is no server named {server:?} in the group"
            )));
        }
        Ok(with_servers(place, group, servers))
    })
    .await?;
    Ok(told(
        &group,
        &format!("{server} is no longer in the group."),
    ))
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

fn told(group: &Value, message: &str) -> Json<Value> {
    Json(json!({ "success": true, "message": message, "data": group }))
}

/// By id first: a name may be another group's id.
fn find<'f>(file: &'f File, id: &str) -> Result<(usize, &'f Value), Problem> {
    let by = |key: &'static str| lists::find(file, GROUPS, move |group| group[key] == id);
    by("id").or_else(|| by("name")).ok_or_else(|| {
        Problem::missing(format!(
            "there is no group named {id:?}; GET /api/groups lists them"
        ))
        .code("no_such_group")
    })
}

fn free(file: &File, name: &str, but: Option<usize>) -> Result<(), Problem> {
    let found = lists::find(file, GROUPS, |group| group["name"] == name);
    if found.is_none_or(|(place, _)| Some(place) == but) {
        return Ok(());
    }
    Err(Problem::new(
        Whose::Taken,
        format!("a group named {name:?} is there already"),
    ))
}

fn members(group: &Value) -> &[Value] {
    let servers = group["servers"].as_array();
    servers.map(Vec::as_slice).unwrap_or_default()
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

/// Refuses members that are not there, and choices that cannot be read.
fn makes_sense(file: &File, group: &Value) -> Result<(), Problem> {
    for member in members(group) {
        let name = member.as_str().or_else(|| member["name"].as_str());
        let name = name.ok_or_else(|| {
            Problem::request("a member of a group is a server's name, or an object with `name`")
        })?;
        if file.raw_server(name).is_none() {
            return Err(Problem::request(format!(
                "there is no server named {name:?}; GET /api/servers lists them"
            )));
        }
    }
    let alone = File::parse(&json!({ GROUPS: [group] }).to_string());
    let alone =
        alone.map_err(|error| Problem::request(format!("the group cannot be read: {error}")))?;
    let meant = settings::resolve(&alone, &|_: &str| None);
    // Keys that nobody knows are kept, here as everywhere.
    let of_choice = |problem: &&settings::Problem| {
        let last = problem.path.last().map(String::as_str);
        last.is_some_and(|last| CHOICES.contains(&last))
    };
    match meant.problems.iter().find(of_choice) {
        None => Ok(()),
        Some(problem) => Err(Problem::request(problem.to_string())),
    }
}

/// What bearer keys say of a group: under its new name, or no longer.
fn in_keys(file: &File, group: &[&Value], to: Option<&str>) -> Vec<Change> {
    let mut changes = Vec::new();
    for (place, key) in lists::entries(file, "bearerKeys").iter().enumerate() {
        let Some(allowed) = key["allowedGroups"].as_array() else {
            continue;
        };
        let renamed = allowed.iter().filter_map(|it| match to {
            _ if !group.contains(&it) => Some(it.clone()),
            Some(to) => Some(to.into()),
            None => None,
        });
        let renamed: Vec<Value> = renamed.collect();
        if renamed != *allowed {
            changes.push(Change::set(
                ["bearerKeys", &place.to_string(), "allowedGroups"],
                renamed,
            ));
        }
    }
    changes
}
