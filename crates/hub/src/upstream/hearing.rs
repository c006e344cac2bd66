//! What a server of the stateless revision tells by itself: a request that stays open, with what the hub wants to hear of.
//!
//! MCP 2026-07-28, patterns, "Subscriptions", the client's side, and the tasks extension. It stands in for the GET stream and for `resources/subscribe`.

mod tasks;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mcp::{
    bridge,
    capability::Offers,
    merge::Listing,
    message::{Kind, Message},
    method,
};
use tokio::{sync::Notify, time::Instant};

use super::{
    Shared, Told, behalf::Behalf, cancel::Cancel, link::Link, outgoing::Refused, shared::answers,
};
use crate::sign_in::Renewals;

use tasks::{Asked, WatchedTasks};

/// Resources that clients watch, and the bell for a change of them.
#[derive(Default)]
pub(super) struct Watched {
    uris: Mutex<BTreeSet<Box<str>>>,
    pub(super) tasks: WatchedTasks,
    bell: Notify,
}

impl Watched {
    pub(super) fn add(&self, uri: &str) {
        if self.uris().insert(uri.into()) {
            self.bell.notify_one();
        }
    }

    pub(super) fn remove(&self, uri: &str) {
        if self.uris().remove(uri) {
            self.bell.notify_one();
        }
    }

    /// Asks for news of a task; from which round on the server has agreed, or has not.
    pub(super) fn add_task(&self, id: &str) -> u64 {
        let round = self.tasks.add(id);
        self.bell.notify_one();
        round
    }

    pub(super) fn remove_task(&self, id: &str) {
        if self.tasks.remove(id) {
            self.bell.notify_one();
        }
    }

    pub(super) fn clear(&self) {
        self.uris().clear();
        self.tasks.clear();
    }

    fn uris(&self) -> MutexGuard<'_, BTreeSet<Box<str>>> {
        self.uris.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const SHORTEST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A stream that held this long was no failure.
const LONG_ENOUGH: Duration = Duration::from_secs(5);

/// How a stream ended.
enum End {
    /// It is worth another attempt.
    Again,
    /// The server has none, or a person has to sign in first.
    Over,
}

/// Listens until the connection is given up (the caller drops this) or the server turns out to tell nothing.
pub(super) async fn hear(link: Link, shared: Arc<Shared>, offers: Offers) {
    let lists = lists(&offers);
    let mut failures: u32 = 0;
    let mut lost = false;
    loop {
        let uris: Vec<Box<str>> = shared.watched.uris().iter().cloned().collect();
        let tasks = shared.watched.tasks.asked();
        if uris.is_empty() && lists.is_empty() && tasks.ids.is_empty() {
            shared.watched.bell.notified().await;
            continue;
        }
        let params = bridge::listen(&lists, &uris, &tasks.ids);
        let began = Instant::now();
        let renewals = link.renewals();
        let end = tokio::select! {
            end = stream(&link, &shared, (&params, &tasks), lost) => end,
            () = shared.watched.bell.notified() => {
                lost = true;
                continue;
            }
            // rule: mcp-auth-stream-renewal
            () = replaced(renewals) => {
                lost = true;
                continue;
            }
        };
        if matches!(end, End::Over) {
            return;
        }
        lost = true;
        failures = if began.elapsed() < LONG_ENOUGH {
            failures.saturating_add(1)
        } else {
            0
        };
        tokio::time::sleep(wait(failures)).await;
    }
}

/// Until there is a newer token than the one that the stream was opened with.
async fn replaced(renewals: Option<Renewals>) {
    match renewals {
        Some(mut renewals) => renewals.next().await,
        None => std::future::pending().await,
    }
}

/// What there is to hear of lists, by the names that the filter has for them.
fn lists(offers: &Offers) -> Vec<&'static str> {
    let all = [
        (offers.changes.tools, "toolsListChanged"),
        (offers.changes.prompts, "promptsListChanged"),
        (offers.changes.resources, "resourcesListChanged"),
    ];
    all.into_iter()
        .filter_map(|(told, name)| told.then_some(name))
        .collect()
}

/// One stream. `lost`: there was another before it, and what was said in between was not heard.
async fn stream(
    link: &Link,
    shared: &Arc<Shared>,
    (params, tasks): (&str, &Asked),
    lost: bool,
) -> End {
    let id = shared.next_id();
    let request = Message::request(&id.to_string(), method::LISTEN, Some(params));
    let behalf = if tasks.ids.is_empty() {
        Behalf::hub()
    } else {
        Behalf::hub_with_tasks()
    };
    let Some(Ok(outgoing)) = link.stateless().map(|it| behalf.dress(request, it, &[])) else {
        return End::Over;
    };
    // A listener that is given up is cancelled like any other request.
    let mut cancel = Cancel::new(link.clone(), id, Arc::downgrade(shared));
    let mut reading = match link.begin(&outgoing, id, false).await {
        Ok(reading) => reading,
        Err(refused) => {
            cancel.disarm();
            return refused_to_listen(link, shared, refused).await;
        }
    };
    loop {
        let message = match reading.next().await {
            Ok(message) => message,
            Err(refused) => {
                cancel.disarm();
                return refused_to_listen(link, shared, refused).await;
            }
        };
        if answers(&message, id) {
            cancel.disarm();
            // rule: mcp-listen-closed -- a result ends the stream in good order; an error says that there is none.
            return if message.error().is_some() {
                End::Over
            } else {
                End::Again
            };
        }
        match (message.kind(), message.method()) {
            (Kind::Notification, Some(method::ACKNOWLEDGED)) => {
                let params = message.params().unwrap_or("{}");
                shared.watched.tasks.acknowledged(tasks, params);
                if lost {
                    shared.changed.add(&Listing::ALL);
                }
            }
            _ => shared.arrived(link, message),
        }
    }
}

async fn refused_to_listen(link: &Link, shared: &Shared, refused: Refused) -> End {
    let generation = link.generation;
    match refused {
        Refused::NeedsSignIn(needed) => {
            shared.tell(Told::SignInNeeded { generation, needed }).await;
            End::Over
        }
        // Its own stream is not worth a person's time.
        Refused::NeedsScopes(_) => End::Over,
        Refused::SessionGone | Refused::Unsent(_) | Refused::Failed(_) => End::Again,
    }
}

/// 1, 2, 4 ... 60 s.
fn wait(failures: u32) -> Duration {
    let doubled = SHORTEST_WAIT.saturating_mul(1 << failures.saturating_sub(1).min(6));
    doubled.min(LONGEST_WAIT)
}
