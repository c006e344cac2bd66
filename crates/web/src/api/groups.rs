//! `/api/groups`: named subsets of servers, served at `/mcp/{group}`. A group is named by its id or its name.
//!
//! Leaves out MCPHub's routes for many groups at once, for the tools of one member, and for whom to share with: `/api/users` has them.

mod members;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use settings::{Change, File};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Done};
use super::shape::{Group, Member as Written, Visibility};
use super::{Body, Named, lists, name, sharing};
use crate::access::Admin;
use crate::app::App;
use crate::problem::{Problem, Whose};
use hub::cause::Cause;

const GROUPS: &str = "groups";
/// What a member may say beside its name.
const CHOICES: [&str; 5] = ["alias", "tools", "prompts", "resources", "pinnedTools"];

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change, remove))
        .merge(members::routes())
}

/// All groups, as they are written.
#[utoipa::path(
    get,
    path = "/groups",
    operation_id = "listGroups",
    tag = "groups",
    responses((status = 200, description = "The groups", body = Answer<Vec<Group>>))
)]
async fn list(State(app): State<App>, _: Admin) -> Json<Answer<Vec<Value>>> {
    let file = app.hub().store().file();
    Answer::of(lists::entries(&file, GROUPS).to_vec())
}

/// One group, as it is written.
#[utoipa::path(
    get,
    path = "/groups/{id}",
    operation_id = "readGroup",
    tag = "groups",
    params(("id" = String, Path, description = "The group's id or name")),
    responses((status = 200, description = "The group", body = Answer<Group>))
)]
async fn read(
    State(app): State<App>,
    _: Admin,
    Named(id): Named,
) -> Result<Json<Answer<Value>>, Problem> {
    let file = app.hub().store().file();
    Ok(Answer::of(find(&file, &id)?.1.clone()))
}

/// What is sent to make or change a group; members are names, or objects with a choice of tools.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GroupWish)]
struct Wished {
    name: Option<String>,
    description: Option<String>,
    #[schema(value_type = Option<Vec<Written>>)]
    servers: Option<Vec<Value>>,
    /// Not said: that of a new group is `private`.
    #[schema(value_type = Option<Visibility>)]
    visibility: Option<String>,
    /// Names of users; they count where `visibility` is `group`.
    shared_with_users: Option<Vec<String>>,
}

impl Wished {
    fn is_empty(&self) -> bool {
        self.name.is_none()
            && self.description.is_none()
            && self.servers.is_none()
            && !self.shares()
    }

    fn shares(&self) -> bool {
        self.visibility.is_some() || self.shared_with_users.is_some()
    }

    /// Writes what is sent of whom the group is for.
    fn share(&self, group: &mut Value) {
        if let Some(word) = &self.visibility {
            group[sharing::VISIBILITY] = word.as_str().into();
        }
        if let Some(users) = &self.shared_with_users {
            group[sharing::SHARED_WITH] = users.as_slice().into();
        }
    }
}

/// Makes a group.
#[utoipa::path(
    post,
    path = "/groups",
    operation_id = "createGroup",
    tag = "groups",
    request_body = Wished,
    responses((status = 201, description = "The group", body = Answer<Group>))
)]
async fn create(
    State(app): State<App>,
    Admin(visitor): Admin,
    Body(wished): Body<Wished>,
) -> Result<(StatusCode, Json<Answer<Value>>), Problem> {
    let name = lists::named("group", wished.name.as_deref().unwrap_or_default())?;
    name::check_of("group", &name)?;
    let mut group = Map::new();
    group.insert("id".into(), uuid::Uuid::new_v4().to_string().into());
    group.insert("name".into(), name.as_str().into());
    if let Some(text) = &wished.description {
        group.insert("description".into(), text.as_str().into());
    }
    let servers = wished.servers.as_deref().unwrap_or_default();
    group.insert("servers".into(), servers.into());
    let owner = visitor.username.as_deref().unwrap_or("admin");
    group.insert("owner".into(), owner.into());
    group.insert("visibility".into(), "private".into());
    let mut group = Value::Object(group);
    wished.share(&mut group);
    lists::change(&app, |file| {
        free(file, &name, None)?;
        makes_sense(file, &group)?;
        sharing::check(file, None, &group)?;
        Ok((vec![lists::one_more(file, GROUPS, group.clone())], ()))
    })
    .await?;
    Ok((StatusCode::CREATED, told(group, "The group was created.")))
}

/// Changes what is sent.
#[utoipa::path(
    put,
    path = "/groups/{id}",
    operation_id = "changeGroup",
    tag = "groups",
    params(("id" = String, Path, description = "The group's id or name")),
    request_body = Wished,
    responses((status = 200, description = "The group", body = Answer<Group>))
)]
async fn change(
    State(app): State<App>,
    _: Admin,
    Named(id): Named,
    Body(wished): Body<Wished>,
) -> Result<Json<Answer<Value>>, Problem> {
    if wished.is_empty() {
        return Err(Problem::request(
            "nothing to change: send {name}, {description}, {servers}, {visibility} or {sharedWithUsers}",
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
        wished.share(&mut new);
        sharing::check(file, Some(old), &new)?;
        changes.push(Change::set([GROUPS, &place.to_string()], new.clone()));
        Ok((changes, new))
    })
    .await?;
    Ok(told(group, "The group was changed."))
}

/// Deletes a group.
///
/// Keys for it forget it too, so that they do not open the next group of that name.
#[utoipa::path(
    delete,
    path = "/groups/{id}",
    operation_id = "deleteGroup",
    tag = "groups",
    params(("id" = String, Path, description = "The group's id or name")),
    responses((status = 200, description = "It is gone", body = Done))
)]
async fn remove(State(app): State<App>, _: Admin, Named(id): Named) -> Result<Json<Done>, Problem> {
    lists::change(&app, |file| {
        let (place, group) = find(file, &id)?;
        let mut changes = in_keys(file, &[&group["name"], &group["id"]], None);
        changes.push(Change::remove([GROUPS, &place.to_string()]));
        Ok((changes, ()))
    })
    .await?;
    Ok(Done::told("The group was deleted."))
}

fn told(group: Value, message: &str) -> Json<Answer<Value>> {
    Answer::told(message, group)
}

/// By id first: a name may be another group's id.
fn find<'f>(file: &'f File, id: &str) -> Result<(usize, &'f Value), Problem> {
    let by = |key: &'static str| lists::find(file, GROUPS, move |group| group[key] == id);
    by("id").or_else(|| by("name")).ok_or_else(|| {
        Problem::missing(format!(
            "there is no group named {id:?}; GET /api/groups lists them"
        ))
        .code("no_such_group")
        .cause(Cause::NoSuchGroup)
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
