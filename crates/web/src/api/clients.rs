//! `/api/oauth/clients`: which programs people have let in, in MCPHub's shape; one that is deleted is let in no more.
//!
//! A secret is never shown. Clients that are known by the address of their own document stand in no list.
//! Leaves out making and changing one: clients register themselves, or stand in the settings file.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use settings::Change;
use utoipa::ToSchema;

use super::answer::Done;
use super::{Named, lists};
use crate::access::Admin;
use crate::app::App;
use crate::problem::Problem;

const CLIENTS: &str = "oauthClients";
const TOKENS: &str = "oauthTokens";

/// The clients of the hub's own authorization server.
#[derive(Serialize, ToSchema)]
#[schema(as = OAuthClients)]
pub(super) struct All {
    success: bool,
    clients: Vec<Shown>,
}

/// A program that somebody has let in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OAuthClient)]
struct Shown {
    client_id: String,
    /// Its own word.
    name: String,
    /// Where it may be answered.
    redirect_uris: Vec<String>,
    grants: Vec<String>,
    /// What it may ask for at most; absent: whatever the hub has.
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<String>>,
    /// Who made it at MCPHub; a client that registered itself has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
}

/// All clients that stand in the settings. Who registered and was let in by nobody yet is not among them.
#[utoipa::path(
    get,
    path = "/oauth/clients",
    operation_id = "listOAuthClients",
    tag = "people",
    responses((status = 200, description = "The clients, without their secrets", body = All))
)]
pub(super) async fn list(State(app): State<App>, _: Admin) -> Json<All> {
    let file = app.hub().store().file();
    let clients = lists::entries(&file, CLIENTS).iter().filter_map(shown);
    Json(All {
        success: true,
        clients: clients.collect(),
    })
}

/// Deletes a client. All that it was given for anybody ends at once.
// rule: mcphub-token-client
#[utoipa::path(
    delete,
    path = "/oauth/clients/{clientId}",
    operation_id = "deleteOAuthClient",
    tag = "people",
    params(("clientId" = String, Path)),
    responses((status = 200, description = "It is gone", body = Done))
)]
pub(super) async fn remove(
    State(app): State<App>,
    _: Admin,
    Named(id): Named,
) -> Result<Json<Done>, Problem> {
    let its = |entry: &Value| entry.get("clientId").and_then(Value::as_str) == Some(&id);
    lists::change(&app, |file| {
        // One that is known by its document stands among the tokens alone.
        let is_there = |list| lists::find(file, list, its).is_some();
        if !is_there(CLIENTS) && !is_there(TOKENS) {
            return Err(no_client(&id));
        }
        let of_list = |list: &'static str| {
            let entries = lists::entries(file, list).iter().enumerate();
            let places = entries.filter(|(_, entry)| its(entry)).map(|(at, _)| at);
            let places: Vec<usize> = places.collect();
            // From behind, so that places stay what they are.
            let places = places.into_iter().rev();
            places.map(move |at| Change::remove([list, &at.to_string()]))
        };
        Ok((of_list(TOKENS).chain(of_list(CLIENTS)).collect(), ()))
    })
    .await?;
    Ok(Done::told("The client was deleted."))
}

fn shown(entry: &Value) -> Option<Shown> {
    let text = |key: &str| Some(entry.get(key)?.as_str()?.to_owned());
    let texts = |key: &str| {
        let list = entry.get(key)?.as_array()?;
        let texts = list.iter().filter_map(Value::as_str);
        Some(texts.map(str::to_owned).collect::<Vec<_>>())
    };
    let client_id = text("clientId")?;
    Some(Shown {
        name: text("name").unwrap_or_else(|| client_id.clone()),
        client_id,
        redirect_uris: texts("redirectUris").unwrap_or_default(),
        grants: texts("grants").unwrap_or_default(),
        scopes: texts("scopes"),
        owner: text("owner"),
    })
}

fn no_client(id: &str) -> Problem {
    let message = format!("there is no client {id:?}; GET /api/oauth/clients lists them");
    Problem::missing(message).code("no_such_client")
}
