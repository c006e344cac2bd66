//! The life of a session: made by `initialize` or anew in another process, kept in step with the settings, closed, or ended when idle.
//!
//! MCP transports, "Session Management".

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use mcp::merge::Listing;

use super::level::SessionLevel;
use super::outbox::Outbox;
use super::outward::Outward;
use super::tracks::Tracks;
use super::{NoSession, Session, Shared, hello};
use crate::access::Caller;
use crate::catalog::{Endpoint, Nowhere, Scope};

/// A session that nobody used for so long is over.
const LONGEST_IDLE: Duration = Duration::from_secs(24 * 60 * 60);

impl Shared {
    pub(super) fn made(
        &self,
        (id, seal): (Box<str>, Box<str>),
        asked: hello::Asked,
        (endpoint, caller, scope): (Endpoint, &Caller, Arc<Scope>),
    ) -> Session {
        Session {
            id,
            seal,
            identity: caller.identity().into(),
            endpoint,
            revision: asked.revision,
            abilities: asked.abilities,
            capabilities: asked.capabilities.into(),
            client: asked.client,
            caller: ArcSwap::from_pointee(caller.clone()),
            scope: ArcSwap::new(scope),
            level: SessionLevel::default(),
            of_caller: self.callers.of(caller.identity()),
            calls: Mutex::default(),
            asked: Mutex::default(),
            outbox: Outbox::default(),
            tracks: Tracks::new(&self.whole),
            outward: Outward::default(),
            waits: Arc::default(),
            since: self.now(),
            used: AtomicU64::new(self.now()),
        }
    }

    /// A session that another process opened, which had the same key.
    // rule: mcp-transport-session-anew -- a session that this process does not know, and that its own hub gave out, goes on without `initialize`.
    pub(super) fn anew(
        &self,
        (id, seal): (&str, &str),
        endpoint: &Endpoint,
        caller: &Caller,
    ) -> Result<Arc<Session>, NoSession> {
        let asked = self.passports.open((id, seal), endpoint, caller);
        let asked = asked.ok_or(NoSession::Unknown)?;
        let scope = self.catalog.scope_of(id, endpoint, caller)?;
        self.make_room(caller.identity())?;
        let session = self.made(
            (id.into(), seal.into()),
            asked,
            (endpoint.clone(), caller, scope),
        );
        // What happened meanwhile is known to nobody.
        session.outbox.all_changed();
        tracing::info!(
            session = session.short_id(),
            "a session of another process goes on here"
        );
        // Requests of its client may come at the same time.
        Ok(self.live.or_insert(Arc::new(session)))
    }

    /// Lets the session see the settings as they are now, and tells it when other things are shown. `Err`: there is nothing, and it stays as it was.
    pub(super) fn refresh(&self, session: &Session, caller: &Caller) -> Result<(), Nowhere> {
        if self.catalog.is_current(&session.scope.load(), caller) {
            return Ok(());
        }
        let now = if session.revision.has_handshake() {
            self.catalog
                .scope_of(&session.id, &session.endpoint, caller)?
        } else {
            self.catalog.scope(&session.endpoint, caller)?
        };
        session.caller.store(Arc::new(caller.clone()));
        let before = session.scope.swap(Arc::clone(&now));
        if !before.shows_the_same(&now) {
            for listing in [Listing::Tools, Listing::Prompts, Listing::Resources] {
                session.outbox.list_changed(listing);
            }
        }
        Ok(())
    }

    /// There is nothing at its endpoint for now: it hears nothing until `refresh` finds something there again.
    pub(super) fn mute(&self, session: &Session, caller: Caller) {
        session.caller.store(Arc::new(caller));
        let before = session.scope.load_full();
        session.scope.store(Arc::new(before.over()));
    }

    pub(super) fn close(&self, session: &Session) {
        if !session.seal.is_empty() {
            self.passports.end(&session.id);
        }
        self.let_go(session);
    }

    /// Ends what a session has here. One that has a seal may go on when its client comes back.
    pub(super) fn let_go(&self, session: &Session) {
        self.live.remove(&session.id);
        for call in session.calls().values() {
            call.cancel();
        }
        session.asked().clear();
        session.outbox.close();
        session.tracks.close();
        self.catalog.upstreams().end_session(&session.id);
        self.unwatch_tasks(&session.id);
        for (server, uri) in self.subscriptions.forget(&session.id) {
            self.unsubscribe(&server, &uri);
        }
    }

    pub(super) fn end_idle(&self) {
        self.forget_old_tasks();
        self.callers.forget_gone();
        let now = self.now();
        let idle = |s: &Arc<Session>| {
            now.saturating_sub(s.used.load(Ordering::Relaxed)) > LONGEST_IDLE.as_secs()
        };
        for session in self
            .sessions()
            .iter()
            .filter(|s| idle(s) && !s.outbox.is_open())
        {
            self.close(session);
        }
        for session in self.sessions() {
            session.outbox.sweep();
            session.tracks.sweep();
        }
        // A client that listens keeps the connection of its user from being closed.
        for session in self.sessions().iter().filter(|s| s.outbox.is_open()) {
            let scope = session.scope.load_full();
            for member in &scope.shape().members {
                drop(self.catalog.serving(&scope, &member.server));
            }
        }
    }
}
