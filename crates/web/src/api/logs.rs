//! `/api/logs`: the last lines of the hub's own log, in MCPHub's shapes. For administrators; whoever is none any more hears no more of it.

use std::convert::Infallible;

use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt, stream};
use http::HeaderMap;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use utoipa::ToSchema;

use super::answer::{Answer, Done};
use crate::access::{Admin, Visitor};
use crate::app::App;
use crate::ending;
use crate::log_book::Line;

/// What the stream of lines says.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
#[schema(as = LogEvent)]
enum News {
    /// First: what was there.
    Initial { logs: Vec<Line> },
    /// Then each line.
    Log { log: Line },
    /// Who reads too slowly missed so many.
    Lost { lost: u64 },
}

/// The lines that are kept, oldest first.
#[utoipa::path(
    get,
    path = "/logs",
    operation_id = "readLogs",
    tag = "logs",
    responses((status = 200, description = "The lines", body = Answer<Vec<Line>>))
)]
pub(super) async fn read(State(app): State<App>, _: Admin) -> Json<Answer<Vec<Line>>> {
    Answer::of(app.options().log.lines())
}

/// Forgets the lines that are kept. What logging wrote elsewhere stays.
#[utoipa::path(
    delete,
    path = "/logs",
    operation_id = "clearLogs",
    tag = "logs",
    responses((status = 200, description = "They are forgotten", body = Done))
)]
pub(super) async fn clear(State(app): State<App>, _: Admin) -> Json<Done> {
    app.options().log.clear();
    Done::told("The lines were forgotten.")
}

/// The lines that are kept, then each as it is written.
#[utoipa::path(
    get,
    path = "/logs/stream",
    operation_id = "followLogs",
    tag = "logs",
    responses((status = 200, description = "Events without an end", body = News, content_type = "text/event-stream"))
)]
pub(super) async fn follow(
    State(app): State<App>,
    Admin(visitor): Admin,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (logs, lines) = app.options().log.follow();
    let first = stream::once(async { News::Initial { logs } });
    let rest = stream::unfold(lines, |mut lines| async {
        let news = match lines.recv().await {
            Ok(log) => News::Log { log },
            Err(RecvError::Lagged(lost)) => News::Lost { lost },
            Err(RecvError::Closed) => return None,
        };
        Some((news, lines))
    });
    let told = first
        .chain(rest)
        .filter_map(|news| async move { Event::default().json_data(news).ok().map(Ok) });
    Sse::new(told.take_until(over(app, visitor, headers))).keep_alive(KeepAlive::default())
}

/// Until the hub is about to stop, or whoever reads may do so no more.
// rule: mcphub-key-taken-back
async fn over(app: App, visitor: Visitor, headers: HeaderMap) {
    let mut settings = app.hub().store().subscribe();
    let ending = ending::of_headers(&app, &headers);
    let taken_back =
        async { while visitor.is_still(&app, &headers) && settings.changed().await.is_ok() {} };
    tokio::select! {
        () = ending => {}
        () = taken_back => {}
    }
}
