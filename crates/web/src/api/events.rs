//! GET `/events`: what is written to the journals of all sign-ins, as it happens, as server-sent events.
//!
//! Each is named `journal`, with an entry as `/servers/{name}/oauth/journal` tells it. Who reads too slowly hears with `lost` how many
//! entries he missed. The stream ends when the hub is about to stop. What is one user's own is told to that user only.

use std::convert::Infallible;

use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt, stream};
use hub::journal::Entry;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use utoipa::IntoParams;

use super::shape::JournalEntry;
use crate::access::Admin;
use crate::app::App;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only of this server.
    server: Option<String>,
}

/// The journals of all sign-ins, as they are written.
///
/// Each event is named `journal` and holds an entry. One named `lost` holds the number of entries that a slow reader missed.
#[utoipa::path(
    get,
    path = "/events",
    tag = "sign-in",
    params(Which),
    responses((status = 200, description = "Events without an end", body = JournalEntry, content_type = "text/event-stream"))
)]
pub(super) async fn events(
    State(app): State<App>,
    Admin(visitor): Admin,
    Query(which): Query<Which>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let news = stream::unfold(app.hub().journal().subscribe(), |mut journal| async {
        let event = match journal.recv().await {
            Ok(entry) => Ok(entry),
            Err(RecvError::Lagged(lost)) => Err(lost),
            Err(RecvError::Closed) => return None,
        };
        Some((event, journal))
    });
    let own = move |entry: &Entry| {
        let wanted = which.server.as_ref();
        wanted.is_none_or(|server| *server == entry.server)
            && (entry.user.is_none() || entry.user == visitor.username)
    };
    let told = news.filter_map(move |event| {
        let told = match event {
            Ok(entry) => own(&entry).then(|| Event::default().event("journal").json_data(entry)),
            Err(lost) => Some(Event::default().event("lost").json_data(json!(lost))),
        };
        async { told?.ok().map(Ok) }
    });
    let mut draining = app.draining();
    let end = async move {
        // Without a hub there is nothing to wait for.
        drop(draining.wait_for(|draining| *draining).await);
    };
    Sse::new(told.take_until(end)).keep_alive(KeepAlive::default())
}
