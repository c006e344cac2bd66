//! One reader of the stream: what he hears, and when. Where the hub tells of an entry it is passed on at once; of everything else only what
//! there is to look at is kept, for a moment, so that a server that flaps is one event and not a hundred.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::Event;
use futures::future::OptionFuture;
use http::HeaderMap;
use hub::journal::Entry;
use hub::upstream::{Change, Piece};
use mcp::merge::Listing;
use serde::Serialize;
use serde_json::json;
use settings::{Server, Settings};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::calls::Calls;
use super::gathered::{Gathered, Marks, parts};
use super::{ActivityNews, ListName, ListsNews, ServerNews, SettingsNews};
use crate::access::Visitor;
use crate::api::view::{sees, word};
use crate::app::App;

/// What happens within it is told as one.
const MOMENT: Duration = Duration::from_millis(100);

pub(super) struct Listener {
    app: App,
    visitor: Visitor,
    /// How he showed who he is, to be looked at again.
    headers: HeaderMap,
    which: Option<String>,
    journal: broadcast::Receiver<Entry>,
    changes: broadcast::Receiver<Change>,
    calls: Calls,
    settings: watch::Receiver<Arc<Settings>>,
    known: Arc<Settings>,
    gathered: Gathered,
    due: Option<Instant>,
    /// At most one for each server, and four.
    told: VecDeque<Event>,
}

impl Listener {
    pub(super) fn new(
        app: App,
        visitor: Visitor,
        headers: HeaderMap,
        which: Option<String>,
    ) -> Self {
        let hub = app.hub();
        let mut settings = hub.store().subscribe();
        let known = settings.borrow_and_update().clone();
        let calls = (visitor.is_admin && which.is_none()).then(|| hub.activity().subscribe());
        Self {
            journal: hub.journal().subscribe(),
            changes: hub.upstreams().changes(),
            calls: Calls::new(calls),
            settings,
            known,
            gathered: Gathered::default(),
            due: None,
            told: VecDeque::new(),
            app,
            visitor,
            headers,
            which,
        }
    }

    /// The next event; none when it is over.
    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.told.pop_front() {
                return Some(event);
            }
            let due = OptionFuture::from(self.due.map(sleep_until));
            tokio::select! {
                entry = self.journal.recv() => match entry {
                    Ok(entry) if self.hears(&entry) => self.tell("journal", &entry),
                    Ok(_) => {}
                    Err(RecvError::Lagged(lost)) => self.tell("lost", &lost),
                    Err(RecvError::Closed) => return None,
                },
                change = self.changes.recv() => match change {
                    Ok(change) => self.changed(&change),
                    Err(RecvError::Lagged(_)) => self.gather(|gathered| gathered.all = true),
                    Err(RecvError::Closed) => return None,
                },
                last = self.calls.next() => self.tell("activity", &ActivityNews { last }),
                changed = self.settings.changed() => {
                    changed.ok()?;
                    // rule: mcphub-key-taken-back
                    if !self.visitor.is_still(&self.app, &self.headers) {
                        return None;
                    }
                    self.compare();
                }
                Some(()) = due => self.tell_gathered(),
            }
        }
    }

    fn hears(&self, entry: &Entry) -> bool {
        let own = entry.user.is_none() || entry.user == self.visitor.username;
        own && self.wants(&entry.server) && (self.visitor.is_admin || self.seen(&entry.server))
    }

    fn wants(&self, server: &str) -> bool {
        self.which.as_ref().is_none_or(|which| which == server)
    }

    fn seen(&self, name: &str) -> bool {
        let server = self.known.server(name);
        server.is_some_and(|server| sees(&self.visitor, server))
    }

    fn changed(&mut self, change: &Change) {
        let upstreams = self.app.hub().upstreams();
        if change.user.is_some() {
            let own = change.user == self.visitor.username;
            // One that was closed because nobody used it is not opened again by whoever looks because of this.
            if !own
                || upstreams
                    .there(&change.server, change.user.as_deref())
                    .is_none()
            {
                return;
            }
        }
        self.mark(&change.server, |marks| match change.piece {
            Piece::State => marks.server = true,
            Piece::List(listing) => marks.lists.extend([named(listing)]),
        });
    }

    fn mark(&mut self, server: &str, mark: impl FnOnce(&mut Marks)) {
        if self.wants(server) {
            self.gather(|gathered| mark(gathered.of(server)));
        }
    }

    fn gather(&mut self, gather: impl FnOnce(&mut Gathered)) {
        gather(&mut self.gathered);
        self.due.get_or_insert_with(|| Instant::now() + MOMENT);
    }

    /// What is different in the settings, as far as he may know.
    fn compare(&mut self) {
        let now = self.settings.borrow_and_update().clone();
        let before = std::mem::replace(&mut self.known, now.clone());
        let differs = |server: &&Arc<Server>| {
            let same = before.servers.get(&server.name);
            same.is_some_and(|same| same != *server)
        };
        for server in now.servers.iter().filter(differs) {
            self.mark(&server.name, |marks| marks.server = true);
        }
        let parts = parts(&self.visitor, &before, &now);
        if !parts.is_empty() {
            self.gather(|gathered| gathered.parts.extend(parts));
        }
    }

    fn tell_gathered(&mut self) {
        self.due = None;
        let gathered = std::mem::take(&mut self.gathered);
        if gathered.all {
            return self.tell("all", &json!({}));
        }
        if !gathered.parts.is_empty() {
            let parts = gathered.parts.into_iter().collect();
            self.tell("settings", &SettingsNews { parts });
        }
        let settings = self.app.hub().store().current();
        for (name, marks) in gathered.servers {
            let server = settings.server(&name);
            let Some(server) = server.filter(|server| sees(&self.visitor, server)) else {
                continue;
            };
            if marks.server {
                let status = word(&self.app, server, &self.visitor);
                let name = name.clone();
                self.tell("server", &ServerNews { name, status });
            }
            if !marks.lists.is_empty() {
                let (server, lists) = (name, marks.lists.into_iter().collect());
                self.tell("lists", &ListsNews { server, lists });
            }
        }
    }

    fn tell(&mut self, name: &str, what: &impl Serialize) {
        match Event::default().event(name).json_data(what) {
            Ok(event) => self.told.push_back(event),
            Err(error) => tracing::error!(%error, "an event could not be written"),
        }
    }
}

fn named(listing: Listing) -> ListName {
    match listing {
        Listing::Tools => ListName::Tools,
        Listing::Prompts => ListName::Prompts,
        Listing::Resources | Listing::Templates => ListName::Resources,
    }
}
