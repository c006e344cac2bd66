//! `/api/servers/:server/{tools|prompts|resources}/:item`: what is switched off of a server, and described in other words.
//!
//! An item is named as clients see it or as its server calls it, a resource by its URI. The settings keep it under the key that is there, else under
//! the server's own name for it.

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use http::request::Parts;
use hub::cause::Cause;
use hub::upstream::Upstream;
use mcp::merge::Listing;
use serde::Deserialize;
use serde_json::{Value, json};
use settings::{Change, Server};
use utoipa::ToSchema;

use super::Body;
use super::answer::Answer;
use super::servers::{SERVERS, Switch, answer, edit, no_server};
use super::view::Shown;
use crate::access::Admin;
use crate::app::App;
use crate::problem::Problem;

/// Which list of a server.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ItemKind)]
pub(super) enum Kind {
    Tools,
    Prompts,
    Resources,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
        }
    }

    fn listing(self) -> Listing {
        match self {
            Self::Tools => Listing::Tools,
            Self::Prompts => Listing::Prompts,
            Self::Resources => Listing::Resources,
        }
    }
}

/// Shows an item to clients, or hides it.
#[utoipa::path(
    post,
    path = "/servers/{name}/{kind}/{item}/toggle",
    operation_id = "toggleItem",
    tag = "servers",
    params(
        ("name" = String, Path, description = "The server's name"),
        ("kind" = inline(Kind), Path),
        ("item" = String, Path, description = "The item's name; the URI of a resource")
    ),
    request_body = Switch,
    responses((status = 200, description = "The server", body = Answer<Shown>))
)]
pub(super) async fn toggle(
    State(app): State<App>,
    Admin(visitor): Admin,
    item: Item,
    Body(sent): Body<Switch>,
) -> Result<Json<Answer<Shown>>, Problem> {
    let word = if sent.enabled { "on" } else { "off" };
    change(&app, &item, |place, _| {
        Some(Change::set(under(place, "enabled"), sent.enabled))
    })
    .await?;
    let message = format!("{} was switched {word}", item.item);
    answer(&app, &item.server, &visitor, &message)
}

#[derive(Deserialize, ToSchema)]
#[schema(as = Description)]
pub(super) struct Words {
    description: String,
}

/// Describes an item in other words than its server.
#[utoipa::path(
    put,
    path = "/servers/{name}/{kind}/{item}/description",
    operation_id = "describeItem",
    tag = "servers",
    params(
        ("name" = String, Path, description = "The server's name"),
        ("kind" = inline(Kind), Path),
        ("item" = String, Path, description = "The item's name; the URI of a resource")
    ),
    request_body = Words,
    responses((status = 200, description = "The server", body = Answer<Shown>))
)]
pub(super) async fn describe(
    State(app): State<App>,
    Admin(visitor): Admin,
    item: Item,
    Body(sent): Body<Words>,
) -> Result<Json<Answer<Shown>>, Problem> {
    change(&app, &item, |place, written| match written {
        Some(_) => Some(Change::set(
            under(place, "description"),
            sent.description.as_str(),
        )),
        // MCPHub wants the switch, too.
        None => Some(Change::set(
            place.iter().copied(),
            json!({ "enabled": true, "description": sent.description }),
        )),
    })
    .await?;
    let message = format!("{} is described anew", item.item);
    answer(&app, &item.server, &visitor, &message)
}

/// Goes back to the server's own description.
#[utoipa::path(
    delete,
    path = "/servers/{name}/{kind}/{item}/description",
    operation_id = "restoreDescription",
    tag = "servers",
    params(
        ("name" = String, Path, description = "The server's name"),
        ("kind" = inline(Kind), Path),
        ("item" = String, Path, description = "The item's name; the URI of a resource")
    ),
    responses((status = 200, description = "The server", body = Answer<Shown>))
)]
pub(super) async fn restore(
    State(app): State<App>,
    Admin(visitor): Admin,
    item: Item,
) -> Result<Json<Answer<Shown>>, Problem> {
    change(&app, &item, |place, written| {
        written.map(|_| Change::remove(under(place, "description")))
    })
    .await?;
    let message = format!("{} has its server's description", item.item);
    answer(&app, &item.server, &visitor, &message)
}

/// An item out of the path, decoded.
pub(super) struct Item {
    server: String,
    kind: Kind,
    item: String,
}

impl FromRequestParts<App> for Item {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let read = Path::<(String, Kind, String)>::from_request_parts(parts, app).await;
        let Path((server, kind, item)) = read.map_err(|rejection| {
            Problem::missing(format!(
                "a server has tools, prompts and resources: {rejection}"
            ))
        })?;
        Ok(Self { server, kind, item })
    }
}

fn under<'p>(place: &[&'p str], key: &'p str) -> impl Iterator<Item = &'p str> {
    place.iter().copied().chain([key])
}

/// Makes up the change of an item's entry, from its place and what is written there, and makes it.
async fn change(
    app: &App,
    item: &Item,
    make: impl Fn(&[&str], Option<&Value>) -> Option<Change>,
) -> Result<(), Problem> {
    let _turn = app.changing().lock().await;
    let store = app.hub().store();
    let (settings, file) = (store.current(), store.file());
    let server = settings.server(&item.server);
    let (Some(server), Some(raw)) = (server, file.raw_server(&item.server)) else {
        return Err(no_server(&item.server));
    };
    let separator = settings.name_separator.as_str();
    let own = own_name(app, server, separator, item)?;
    let written = &raw[item.kind.word()];
    let shown = mcp::name::shown(&server.name, separator, &own);
    let key = if written.get(&shown).is_some() {
        &*shown
    } else {
        &*own
    };
    let place = [SERVERS, &item.server, item.kind.word(), key];
    let changes = make(&place, written.get(key)).into_iter().collect();
    edit(app, changes).await
}

/// What the server calls it. One that could not list yet is believed to have whatever is named.
fn own_name(app: &App, server: &Server, separator: &str, item: &Item) -> Result<String, Problem> {
    let upstream = app.hub().upstreams().serving(&server.name, None, None).ok();
    let listed = upstream.as_ref().map(Upstream::catalog).unwrap_or_default();
    let listed = listed.of(item.kind.listing());
    let knows = |name: &str| listed.iter().any(|entry| &*entry.name == name);
    let wanted = item.item.as_str();
    let bare = wanted
        .strip_prefix(server.name.as_str())
        .and_then(|rest| rest.strip_prefix(separator))
        .filter(|_| !matches!(item.kind, Kind::Resources));
    match bare {
        _ if knows(wanted) => Ok(wanted.to_owned()),
        Some(bare) if listed.is_empty() || knows(bare) => Ok(bare.to_owned()),
        None if listed.is_empty() => Ok(wanted.to_owned()),
        Some(_) | None => Err(Problem::missing(format!(
            "{} has nothing named {wanted:?} among its {}; GET /api/servers lists them",
            server.name,
            item.kind.word()
        ))
        .code("no_such_item")
        .cause(match item.kind {
            Kind::Tools => Cause::NoSuchTool,
            Kind::Prompts | Kind::Resources => Cause::NoSuchRoute,
        })),
    }
}
