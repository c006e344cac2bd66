//! `/api/oauth/clients`: which programs people have let in, in MCPHub's shape; one that is deleted is let in no more.
//!
//! A secret is never shown. Who let one in, when and for what is ours to tell, and so are clients that are known by the address of their own
//! document: they stand in no list, and are told of while somebody's yes to them counts.
//! Leaves out making and changing one: clients register themselves, or stand in the settings file.

use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::State;
use hub::issuer::LetIn;
use serde::Serialize;
use serde_json::Value;
use settings::Change;
use utoipa::ToSchema;

use super::answer::Done;
use super::{Named, lists, rfc3339};
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
    /// When it registered itself. RFC 3339, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    registered_at: Option<String>,
    /// It is known by the address of its own document, which is its id, and stands in no list.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    is_document: bool,
    /// By whom, as far as it opens anything yet; the oldest first.
    let_in: Vec<Consent>,
}

/// What a user agreed to when he let a program in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OAuthConsent)]
struct Consent {
    /// In whose name it comes.
    user: String,
    /// RFC 3339, in UTC. MCPHub does not write it down.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    agreed_at: Option<String>,
    scopes: Vec<String>,
    /// The path below the hub's address that it is for, with what is below it; absent: every endpoint of MCP.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    /// It opens the REST API, where scopes count.
    opens_api: bool,
}

/// All clients that were let in. Who registered and was let in by nobody yet is not among them.
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
    let mut clients: Vec<Shown> = clients.collect();
    for let_in in app.hub().issuer().let_in() {
        let id = &let_in.client_id;
        let at = clients.iter().position(|client| client.client_id == *id);
        let at = at.unwrap_or_else(|| {
            clients.push(by_document(id));
            clients.len() - 1
        });
        clients[at].let_in.push(let_in.into());
    }
    Json(All {
        success: true,
        clients,
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
    app.hub().issuer().forget_codes_of(&id);
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
        registered_at: entry
            .get("clientIdIssuedAt")
            .and_then(Value::as_u64)
            .and_then(|at| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(at)))
            .map(rfc3339),
        is_document: false,
        let_in: Vec::new(),
    })
}

/// What its document says of it is not asked for anew, to be looked at.
fn by_document(id: &str) -> Shown {
    Shown {
        client_id: id.to_owned(),
        name: id.to_owned(),
        redirect_uris: Vec::new(),
        grants: Vec::new(),
        scopes: None,
        owner: None,
        registered_at: None,
        is_document: true,
        let_in: Vec::new(),
    }
}

impl From<LetIn> for Consent {
    fn from(let_in: LetIn) -> Self {
        Self {
            opens_api: let_in.opens_api(),
            user: let_in.username,
            agreed_at: let_in.agreed_at.map(rfc3339),
            scopes: let_in.scopes,
            resource: let_in.resource,
        }
    }
}

fn no_client(id: &str) -> Problem {
    let message = format!("there is no client {id:?}; GET /api/oauth/clients lists them");
    Problem::missing(message).code("no_such_client")
}
