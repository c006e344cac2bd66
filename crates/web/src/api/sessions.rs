//! `/api/sessions`: which MCP clients are connected. Read only: a session is ended by its client, by time, or by taking its key away.
//!
//! A name of a client is text of a stranger. The id of a session opens it, so only its beginning is shown.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use hub::catalog::Endpoint;
use hub::session::Seen;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::InQuery;
use super::view::rfc3339;
use crate::access::Admin;
use crate::app::App;

const USUAL: usize = 100;
const MOST: usize = 1_000;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// At most so many, up to 1,000; 100 where nothing is said.
    limit: Option<usize>,
}

/// The sessions that were used last, the newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = Sessions)]
pub(super) struct Listed {
    success: bool,
    /// How many are open, of which these may be a part.
    total: usize,
    data: Vec<Shown>,
}

/// One MCP session of a client.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
pub(super) struct Shown {
    /// The beginning of its id, as the hub's log has it.
    id: String,
    /// As the client calls itself; not known of a session that was opened at another hub.
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<Client>,
    /// The revision of MCP that was agreed on.
    revision: &'static str,
    /// In whose name servers are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// The name of the bearer key that it came with.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// With the operator's own token.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    operator: bool,
    /// The group or server whose address it uses; absent where that is everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    /// RFC 3339, in UTC.
    #[schema(format = DateTime)]
    since: String,
    /// RFC 3339, in UTC.
    #[schema(format = DateTime)]
    last_used: String,
    /// Requests under way.
    calls: usize,
    /// Those of them that wait for a sign-in.
    waiting_calls: usize,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SessionClient)]
struct Client {
    name: String,
    version: String,
}

/// Which clients are connected. Clients of revision 2026-07-28 have no sessions, and are not in it.
#[utoipa::path(
    get,
    path = "/sessions",
    operation_id = "listSessions",
    tag = "clients",
    params(Wanted),
    responses((status = 200, description = "The sessions that were used last", body = Listed))
)]
pub(super) async fn list(
    State(app): State<App>,
    _: Admin,
    InQuery(wanted): InQuery<Wanted>,
) -> Json<Listed> {
    let sessions = app.hub().sessions();
    let now = app.hub().clock().now();
    let before = |age: Duration| rfc3339(now.checked_sub(age).unwrap_or(now));
    let shown = |seen: Seen| {
        let who = seen.caller.who();
        Shown {
            id: seen.mark,
            client: seen.client.map(|client| Client {
                name: client.name.to_string(),
                version: client.version.into(),
            }),
            revision: seen.revision.as_str(),
            user: who.user.map(|user| user.to_string()),
            key: who.key.map(|key| key.name.to_string()),
            operator: who.operator,
            endpoint: match seen.endpoint {
                Endpoint::Everything => None,
                Endpoint::Named(name) => Some(name.to_string()),
            },
            since: before(seen.age),
            last_used: before(seen.idle),
            calls: seen.calls,
            waiting_calls: seen.waiting,
        }
    };
    let most = wanted.limit.unwrap_or(USUAL).min(MOST);
    Json(Listed {
        success: true,
        total: sessions.count(),
        data: sessions.seen(most).into_iter().map(shown).collect(),
    })
}
