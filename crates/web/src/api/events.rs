//! GET `/events`: what changes on pages, as it happens, as server-sent events, so that nobody has to look again by the clock.
//!
//! An event says what to look at again: a server's state (`server`) or lists (`lists`), parts of the settings (`settings`), the calls that
//! ended (`activity`, for administrators), or everything (`all`), where a slow reader would have missed some. Entries of sign-ins' journals are told whole (`journal`), and
//! how many of them were missed (`lost`). The stream ends when the hub is about to stop, and when who reads it may no longer do
//! what he might when it began. Nobody hears of a server that he may not see, or of what is another user's own.

mod calls;
mod gathered;
mod listener;

use std::convert::Infallible;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt, stream};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use self::listener::Listener;
use super::InQuery;
use super::shape::{JournalEntry, Status};
use crate::access::Visitor;
use crate::app::App;
use crate::ending;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Of servers, only of this one.
    server: Option<String>,
}

/// What an event holds.
#[derive(ToSchema)]
#[schema(as = News)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes events, which are written one by one")]
enum News {
    Journal(Box<JournalEntry>),
    Server(ServerNews),
    Lists(ListsNews),
    Settings(SettingsNews),
    Activity(ActivityNews),
    /// Of `lost`: how many entries.
    Lost(u64),
}

/// Something of a server other than its lists is no longer as it was.
#[derive(Serialize, ToSchema)]
struct ServerNews {
    name: String,
    /// As the reader sees it.
    #[schema(value_type = Status)]
    status: &'static str,
}

/// What a server offers is no longer as it was.
#[derive(Serialize, ToSchema)]
struct ListsNews {
    server: String,
    lists: Vec<ListName>,
}

/// Tool calls ended.
#[derive(Serialize, ToSchema)]
struct ActivityNews {
    /// The number of the last one.
    last: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ListName {
    Tools,
    Prompts,
    Resources,
}

/// The settings are no longer as they were, through the API or the file.
#[derive(Serialize, ToSchema)]
struct SettingsNews {
    parts: Vec<Part>,
}

/// A list of the API.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = SettingsPart)]
enum Part {
    /// Which servers there are.
    Servers,
    Groups,
    Keys,
    Users,
    /// `systemConfig`.
    System,
    /// Which programs were let in, and by whom.
    Clients,
}

/// What changes, as it happens.
///
/// `journal` holds an entry of a sign-in's journal, and `lost` the number of those that a slow reader missed. `server`, `lists` and `settings` say
/// what to look at again, and so does `activity`, which only administrators hear; `all` says that it is everything. Who is no administrator hears of the servers that he may see.
#[utoipa::path(
    get,
    path = "/events",
    tag = "sign-in",
    params(Which),
    responses((status = 200, description = "Events without an end", body = News, content_type = "text/event-stream"))
)]
pub(super) async fn events(
    State(app): State<App>,
    visitor: Visitor,
    InQuery(which): InQuery<Which>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let end = ending::of_headers(&app, &headers);
    let listener = Listener::new(app, visitor, headers, which.server);
    let told = stream::unfold(listener, |mut listener| async {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    });
    Sse::new(told.boxed().take_until(end)).keep_alive(KeepAlive::default())
}
