//! `/api/servers`: what is there, and changes of it. A change is the smallest edit of the settings file.

use axum::Json;
use axum::extract::State;
use hub::cause::Cause;
use hub::upstream::Upstreams;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use settings::{Change, File, Severity};
use utoipa::{IntoParams, ToSchema};

use super::answer::{Answer, Done};
use super::page::{self, Pagination};
use super::shape::Keys;
use super::view::Shown;
use super::{Body, InQuery, Named, change, name, redaction, sharing, view};
use crate::access::{Admin, Visitor};
use crate::app::App;
use crate::problem::{Problem, Whose};

pub(super) const SERVERS: &str = "mcpServers";
const USUAL_PAGE: usize = 20;
const LARGEST_PAGE: usize = 1000;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    page: Option<usize>,
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Servers)]
pub(super) struct Listed {
    success: bool,
    /// What keeps the settings file from being read or written; it concerns every server.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    /// Where a page was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pagination: Option<Pagination>,
    data: Vec<Shown>,
    /// Beside the page that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    all_servers: Option<Vec<Shown>>,
}

/// The servers that the visitor may see: all, or a page of them.
#[utoipa::path(
    get,
    path = "/servers",
    operation_id = "listServers",
    tag = "servers",
    params(Paging),
    responses((status = 200, description = "The servers", body = Listed))
)]
pub(super) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    InQuery(paging): InQuery<Paging>,
) -> Json<Listed> {
    let settings = app.hub().store().current();
    let seen = settings
        .servers
        .iter()
        .filter(|server| view::sees(&visitor, server));
    let all: Vec<Shown> = seen
        .map(|server| view::server(&app, server, &visitor))
        .collect();
    // What keeps the settings from being read or written concerns every server, and those who can do something about it.
    let trouble = app.hub().store().trouble();
    let trouble = trouble
        .filter(|_| visitor.is_admin)
        .map(|it| it.to_string());
    let mut answer = Listed {
        success: true,
        trouble,
        pagination: None,
        data: all,
        all_servers: None,
    };
    if paging.page.is_none() && paging.limit.is_none() {
        return Json(answer);
    }
    let limit = paging.limit.unwrap_or(USUAL_PAGE).clamp(1, LARGEST_PAGE);
    let page = paging.page.unwrap_or(1).max(1);
    let (shown, pagination) = page::cut(&answer.data, page, limit);
    let data = shown.to_vec();
    answer.pagination = Some(pagination);
    answer.all_servers = Some(std::mem::replace(&mut answer.data, data));
    Json(answer)
}

/// One server.
#[utoipa::path(
    get,
    path = "/servers/{name}",
    operation_id = "readServer",
    tag = "servers",
    params(("name" = String, Path, description = "The server's name")),
    responses((status = 200, description = "The server", body = Answer<Shown>))
)]
pub(super) async fn read(
    State(app): State<App>,
    visitor: Visitor,
    Named(name): Named,
) -> Result<Json<Answer<Shown>>, Problem> {
    Ok(Answer::of(shown(&app, &name, &visitor)?))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = ServerAddition)]
pub(super) struct Addition {
    name: String,
    /// As in the settings file: `/schema/mcp_settings.json` has its keys.
    #[schema(value_type = Keys)]
    config: Map<String, Value>,
}

/// Adds a server.
#[utoipa::path(
    post,
    path = "/servers",
    operation_id = "addServer",
    tag = "servers",
    request_body = Addition,
    responses((status = 200, description = "The server", body = Answer<Shown>))
)]
pub(super) async fn add(
    State(app): State<App>,
    Admin(visitor): Admin,
    Body(sent): Body<Addition>,
) -> Result<Json<Answer<Shown>>, Problem> {
    name::check(&sent.name)?;
    let _turn = app.changing().lock().await;
    let file = app.hub().store().file();
    if file.raw_server(&sent.name).is_some() {
        return Err(taken(&sent.name));
    }
    let mut config = sent.config;
    if let (Some(username), None) = (&visitor.username, config.get("owner")) {
        config.insert("owner".to_owned(), username.as_str().into());
    }
    let config = restored(&Value::Object(config), None)?;
    makes_sense(&sent.name, &config)?;
    sharing::check(&file, None, &config)?;
    edit(&app, vec![Change::set([SERVERS, &sent.name], config)]).await?;
    answer(
        &app,
        &sent.name,
        &visitor,
        &format!("{} was added", sent.name),
    )
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServerReplacement)]
pub(super) struct Replacement {
    /// As in the settings file. A secret that is sent back as it was shown stays as it is stored.
    #[schema(value_type = Option<Keys>)]
    config: Option<Map<String, Value>>,
    new_name: Option<String>,
}

/// Replaces the configuration of a server, its name, or both.
#[utoipa::path(
    put,
    path = "/servers/{name}",
    operation_id = "replaceServer",
    tag = "servers",
    params(("name" = String, Path, description = "The server's name")),
    request_body = Replacement,
    responses((status = 200, description = "The server", body = Answer<Shown>))
)]
pub(super) async fn replace(
    State(app): State<App>,
    Admin(visitor): Admin,
    Named(name): Named,
    Body(sent): Body<Replacement>,
) -> Result<Json<Answer<Shown>>, Problem> {
    let _turn = app.changing().lock().await;
    let file = app.hub().store().file();
    let old = file.raw_server(&name).ok_or_else(|| no_server(&name))?;
    let new_name = sent.new_name.filter(|new| *new != name);
    if sent.config.is_none() && new_name.is_none() {
        return Err(Problem::request(
            "nothing to change: send {config}, {newName}, or both",
        ));
    }
    let mut changes = Vec::new();
    if let Some(config) = sent.config {
        let mut config = restored(&Value::Object(config), Some(old))?;
        if let Some(opened) = app.hub().store().opened_server(&name) {
            change::as_it_stands(old, &opened, &mut config);
        }
        let Value::Object(config) = config else {
            return Err(Problem::request("config must be an object"));
        };
        let new = change::replaced(old, config);
        makes_sense(&name, &new)?;
        sharing::check(&file, Some(old), &new)?;
        changes.extend(change::between(&[SERVERS, &name], old, &new));
    }
    if let Some(new_name) = &new_name {
        name::check(new_name)?;
        if file.raw_server(new_name).is_some() {
            return Err(taken(new_name));
        }
        changes.push(Change::rename([SERVERS, &name], new_name.as_str()));
        changes.extend(change::references(file.document(), &name, Some(new_name)));
    }
    edit(&app, changes).await?;
    let name = new_name.unwrap_or(name);
    answer(&app, &name, &visitor, &format!("{name} was changed"))
}

/// Takes a server out of the settings, with its sign-in.
#[utoipa::path(
    delete,
    path = "/servers/{name}",
    operation_id = "removeServer",
    tag = "servers",
    params(("name" = String, Path, description = "The server's name")),
    responses((status = 200, description = "It is gone", body = Done))
)]
pub(super) async fn remove(
    State(app): State<App>,
    _: Admin,
    Named(name): Named,
) -> Result<Json<Done>, Problem> {
    let _turn = app.changing().lock().await;
    let file = app.hub().store().file();
    file.raw_server(&name).ok_or_else(|| no_server(&name))?;
    let mut changes = vec![Change::remove([SERVERS, &name])];
    changes.extend(change::references(file.document(), &name, None));
    edit(&app, changes).await?;
    Ok(Done::told(format!("{name} was removed")))
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Switch {
    pub(super) enabled: bool,
}

/// Switches a server on or off.
#[utoipa::path(
    post,
    path = "/servers/{name}/toggle",
    operation_id = "toggleServer",
    tag = "servers",
    params(("name" = String, Path, description = "The server's name")),
    request_body = Switch,
    responses((status = 200, description = "The server", body = Answer<Shown>))
)]
pub(super) async fn toggle(
    State(app): State<App>,
    Admin(visitor): Admin,
    Named(name): Named,
    Body(sent): Body<Switch>,
) -> Result<Json<Answer<Shown>>, Problem> {
    let _turn = app.changing().lock().await;
    app.hub()
        .store()
        .file()
        .raw_server(&name)
        .ok_or_else(|| no_server(&name))?;
    edit(
        &app,
        vec![Change::set([SERVERS, &name, "enabled"], sent.enabled)],
    )
    .await?;
    let word = if sent.enabled { "on" } else { "off" };
    answer(
        &app,
        &name,
        &visitor,
        &format!("{name} was switched {word}"),
    )
}

/// Connects to a server afresh.
#[utoipa::path(
    post,
    path = "/servers/{name}/reload",
    operation_id = "reloadServer",
    tag = "servers",
    params(("name" = String, Path, description = "The server's name")),
    responses((status = 200, description = "The server", body = Answer<Shown>))
)]
pub(super) async fn reload(
    State(app): State<App>,
    Admin(visitor): Admin,
    Named(name): Named,
) -> Result<Json<Answer<Shown>>, Problem> {
    let upstreams: &Upstreams = app.hub().upstreams();
    if !upstreams.reload(&name).await {
        return Err(no_server(&name));
    }
    answer(
        &app,
        &name,
        &visitor,
        &format!("{name} is connecting afresh"),
    )
}

pub(super) fn no_server(name: &str) -> Problem {
    Problem::missing(format!(
        "there is no server named {name:?}; GET /api/servers lists them"
    ))
    .cause(Cause::NoSuchServer)
}

fn taken(name: &str) -> Problem {
    Problem::new(
        Whose::Taken,
        format!(
            "a server named {name:?} is there already; change it with PUT, or choose another name"
        ),
    )
}

/// The server as the visitor may see it.
fn shown(app: &App, name: &str, visitor: &Visitor) -> Result<Shown, Problem> {
    let settings = app.hub().store().current();
    let server = settings
        .server(name)
        .filter(|server| view::sees(visitor, server))
        .ok_or_else(|| no_server(name))?;
    Ok(view::server(app, server, visitor))
}

pub(super) fn answer(
    app: &App,
    name: &str,
    visitor: &Visitor,
    message: &str,
) -> Result<Json<Answer<Shown>>, Problem> {
    Ok(Answer::told(message, shown(app, name, visitor)?))
}

fn restored(sent: &Value, stored: Option<&Value>) -> Result<Value, Problem> {
    redaction::restore(sent, stored).map_err(|error| Problem::request(error.to_string()))
}

pub(super) async fn edit(app: &App, changes: Vec<Change>) -> Result<(), Problem> {
    if changes.is_empty() {
        return Ok(());
    }
    app.hub()
        .store()
        .edit(changes)
        .await
        .map_err(|error| super::lists::unwritten(&error))
}

/// Refuses what could never run. What a placeholder will hold is not known here; it is judged when the server starts.
fn makes_sense(name: &str, config: &Value) -> Result<(), Problem> {
    let unread =
        |error: &dyn std::fmt::Display| Problem::request(format!("config cannot be read: {error}"));
    let alone = json!({ SERVERS: { name: config } }).to_string();
    let file = File::parse(&alone).map_err(|error| unread(&error))?;
    let placeholder = |_: &str| Some("http://placeholder.invalid".to_owned());
    // A sealed value that was sent back stands where it stood; whether it opens is judged when the server starts.
    let settings = settings::resolve_with(&file, &placeholder, &settings::Supposed);
    let broken = settings
        .problems
        .iter()
        .filter(|problem| problem.path.first().is_some_and(|key| key == SERVERS))
        .find(|problem| problem.severity == Severity::Broken);
    let Some(problem) = broken else { return Ok(()) };
    let path = problem.path.get(2..).unwrap_or_default().join(".");
    let place = if path.is_empty() {
        String::new()
    } else {
        format!(".{path}")
    };
    let cure = problem
        .cure
        .as_deref()
        .map(|cure| format!("; {cure}"))
        .unwrap_or_default();
    Err(Problem::new(
        Whose::Settings,
        format!("config{place} {}{cure}", problem.message),
    )
    .code("bad_config"))
}
