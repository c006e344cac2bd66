//! `/api/auth/keys`: the bearer keys that clients of `/mcp` send. A token is shown once, to whoever creates it.
//!
//! Leaves out: keys that users who are no administrators make for themselves.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use settings::{Change, File};
use utoipa::ToSchema;

use super::answer::{Answer, Done};
use super::shape::{Key, KeyAccess, KeyKind};
use super::{Body, Named, lists};
use crate::access::Admin;
use crate::app::App;
use crate::problem::Problem;
use hub::cause::Cause;

const KEYS: &str = "bearerKeys";
const ACCESS: [&str; 4] = ["all", "groups", "servers", "custom"];

/// What is sent to make or change a key. A token is never taken: the hub makes strong ones.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyWish)]
pub(super) struct Wished {
    name: Option<String>,
    enabled: Option<bool>,
    #[schema(value_type = Option<KeyKind>)]
    kind: Option<String>,
    /// The user whose key of kind `user` it is.
    owner: Option<String>,
    #[schema(value_type = Option<KeyAccess>)]
    access_type: Option<String>,
    allowed_groups: Option<Vec<String>>,
    allowed_servers: Option<Vec<String>>,
}

/// All keys, with just so much of each token that a person knows it again.
#[utoipa::path(
    get,
    path = "/auth/keys",
    operation_id = "listKeys",
    tag = "keys",
    responses((status = 200, description = "The keys", body = Answer<Vec<Key>>))
)]
pub(super) async fn list(State(app): State<App>, _: Admin) -> Json<Answer<Vec<Value>>> {
    let file = app.hub().store().file();
    let shown: Vec<Value> = lists::entries(&file, KEYS)
        .iter()
        .filter(|key| key.is_object())
        .map(masked)
        .collect();
    Answer::of(shown)
}

/// Makes a key. Its token is in this answer and never again.
#[utoipa::path(
    post,
    path = "/auth/keys",
    operation_id = "createKey",
    tag = "keys",
    request_body = Wished,
    responses((status = 201, description = "The key, with its token", body = Answer<Key>))
)]
pub(super) async fn create(
    State(app): State<App>,
    _: Admin,
    Body(wished): Body<Wished>,
) -> Result<(StatusCode, Json<Answer<Value>>), Problem> {
    let name = lists::named("key", wished.name.as_deref().unwrap_or_default())?;
    let mut key = Map::new();
    key.insert("id".into(), uuid::Uuid::new_v4().to_string().into());
    key.insert("name".into(), name.into());
    key.insert("token".into(), token().into());
    key.insert("enabled".into(), wished.enabled.unwrap_or(true).into());
    let key = lists::change(&app, |file| {
        let mut key = key.clone();
        key.extend(whose(file, &wished)?);
        let key = Value::Object(key);
        Ok((vec![lists::one_more(file, KEYS, key.clone())], key))
    })
    .await?;
    let message = "The key was created. Its token is shown only once.";
    Ok((StatusCode::CREATED, Answer::told(message, key)))
}

/// Changes what is sent. The token and whose key it is stay.
#[utoipa::path(
    put,
    path = "/auth/keys/{id}",
    operation_id = "changeKey",
    tag = "keys",
    params(("id" = String, Path)),
    request_body = Wished,
    responses((status = 200, description = "The key", body = Answer<Key>))
)]
pub(super) async fn change(
    State(app): State<App>,
    _: Admin,
    Named(id): Named,
    Body(wished): Body<Wished>,
) -> Result<Json<Answer<Value>>, Problem> {
    let name = wished.name.as_deref();
    let name = name.map(|name| lists::named("key", name)).transpose()?;
    let key = lists::change(&app, |file| {
        let (place, old) = find(file, &id)?;
        let mut new = old.clone();
        if let Some(name) = &name {
            new["name"] = name.as_str().into();
        }
        if let Some(enabled) = wished.enabled {
            new["enabled"] = enabled.into();
        }
        if old["kind"] != "user" {
            if let Some(word) = &wished.access_type {
                new["accessType"] = access(Some(word))?.into();
            }
            if let Some(groups) = &wished.allowed_groups {
                new["allowedGroups"] = known_groups(file, groups)?;
            }
            if let Some(servers) = &wished.allowed_servers {
                new["allowedServers"] = known_servers(file, servers)?;
            }
        }
        let change = Change::set([KEYS, &place.to_string()], new.clone());
        Ok((vec![change], masked(&new)))
    })
    .await?;
    Ok(Answer::of(key))
}

/// Deletes a key; whoever sends it is let in no longer.
#[utoipa::path(
    delete,
    path = "/auth/keys/{id}",
    operation_id = "deleteKey",
    tag = "keys",
    params(("id" = String, Path)),
    responses((status = 200, description = "It is gone", body = Done))
)]
pub(super) async fn remove(
    State(app): State<App>,
    _: Admin,
    Named(id): Named,
) -> Result<Json<Done>, Problem> {
    lists::change(&app, |file| {
        let (place, _) = find(file, &id)?;
        Ok((vec![Change::remove([KEYS, &place.to_string()])], ()))
    })
    .await?;
    Ok(Done::told("The key was deleted."))
}

fn find<'f>(file: &'f File, id: &str) -> Result<(usize, &'f Value), Problem> {
    lists::find(file, KEYS, |key| key["id"] == id).ok_or_else(|| {
        Problem::missing(format!(
            "there is no key with the id {id:?}; GET /api/auth/keys lists them"
        ))
        .code("no_such_key")
        .cause(Cause::NoSuchKey)
    })
}

/// A user's key reaches what its user sees; a system key what is written with it.
fn whose(file: &File, wished: &Wished) -> Result<Map<String, Value>, Problem> {
    let mut fields = Map::new();
    let kind = wished.kind.as_deref().unwrap_or("system");
    fields.insert("kind".into(), kind.into());
    match kind {
        "system" => {
            let word = access(wished.access_type.as_deref())?;
            let groups = wished.allowed_groups.as_deref().unwrap_or_default();
            let servers = wished.allowed_servers.as_deref().unwrap_or_default();
            fields.insert("accessType".into(), word.into());
            fields.insert("allowedGroups".into(), known_groups(file, groups)?);
            fields.insert("allowedServers".into(), known_servers(file, servers)?);
        }
        "user" => {
            let owner = wished.owner.as_deref();
            let owner = owner.ok_or_else(|| {
                Problem::request("a key of kind \"user\" needs an owner: the name of a user")
            })?;
            if lists::find(file, "users", |user| user["username"] == owner).is_none() {
                return Err(Problem::request(format!(
                    "there is no user named {owner:?}"
                )));
            }
            fields.insert("owner".into(), owner.into());
            fields.insert("accessType".into(), "all".into());
        }
        _ => {
            return Err(Problem::request("kind must be \"system\" or \"user\""));
        }
    }
    Ok(fields)
}

fn access(word: Option<&str>) -> Result<&str, Problem> {
    word.filter(|word| ACCESS.contains(word)).ok_or_else(|| {
        Problem::request("accessType must be \"all\", \"groups\", \"servers\" or \"custom\"")
    })
}

/// A key for a group that is not there would open it to somebody once another one gets that name.
fn known_groups(file: &File, groups: &[String]) -> Result<Value, Problem> {
    let is_there = |group: &String| {
        let is_it = |it: &Value| it["id"] == group.as_str() || it["name"] == group.as_str();
        lists::find(file, "groups", is_it).is_some()
    };
    match groups.iter().find(|group| !is_there(group)) {
        None => Ok(groups.into()),
        Some(group) => Err(Problem::request(format!(
            "there is no group named {group:?}; GET /api/groups lists them"
        ))),
    }
}

fn known_servers(file: &File, servers: &[String]) -> Result<Value, Problem> {
    match servers.iter().find(|name| file.raw_server(name).is_none()) {
        None => Ok(servers.into()),
        Some(name) => Err(Problem::request(format!(
            "there is no server named {name:?}; GET /api/servers lists them"
        ))),
    }
}

/// As MCPHub makes them: `mcphub_` and 64 hexadecimal digits.
fn token() -> String {
    let digits: String = hub::chance::bytes::<32>()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("mcphub_{digits}")
}

/// With just so much of its token that a person knows it again.
fn masked(key: &Value) -> Value {
    let mut shown = key.clone();
    let token = key["token"].as_str().unwrap_or_default();
    let ends = (token.len() >= 32)
        .then(|| token.get(..8).zip(token.get(token.len() - 4..)))
        .flatten();
    shown["token"] = match ends {
        Some((start, end)) => format!("{start}...{end}").into(),
        None => super::redaction::REDACTED.into(),
    };
    if shown.get("kind").is_none() {
        shown["kind"] = "system".into();
    }
    shown
}
