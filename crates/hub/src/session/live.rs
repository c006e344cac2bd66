//! The open sessions, and how many there may be: of all clients, and of one.
//!
//! Whoever opens more loses those of his own that were used longest ago and in which nothing goes on; a client that comes back to
//! one of these is told to initialize again, or goes on in a new one where the hub has a key to recognise it by. So nobody locks others out by opening many, and nobody is locked out by his own past.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use dashmap::{DashMap, Entry};

use super::{NoSession, Session, Shared};

/// Sessions by their id.
pub(super) struct Live {
    by_id: DashMap<Box<str>, Arc<Session>>,
    /// How many each identity has; none stands here with none.
    of: DashMap<Box<str>, usize>,
    most: Most,
}

/// Bounds what clients that never say goodbye can cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    pub(super) of_all: usize,
    pub(super) of_one: usize,
}

/// Of those that could end, one in so many does at once, so that not every newcomer has to look through all of them.
const AT_ONCE: usize = 16;

impl Live {
    pub(super) fn new(most: Most) -> Self {
        Self {
            by_id: DashMap::new(),
            of: DashMap::new(),
            most,
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<Session>> {
        self.by_id.get(id).map(|session| Arc::clone(&session))
    }

    pub(super) fn all(&self) -> Vec<Arc<Session>> {
        let sessions = self.by_id.iter();
        sessions.map(|session| Arc::clone(&session)).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn insert(&self, id: Box<str>, session: Arc<Session>) {
        *self.of.entry(session.identity.clone()).or_default() += 1;
        if let Some(before) = self.by_id.insert(id, session) {
            self.left(&before);
        }
    }

    /// The one that is there, or this one.
    pub(super) fn or_insert(&self, session: Arc<Session>) -> Arc<Session> {
        match self.by_id.entry(session.id.clone()) {
            Entry::Occupied(there) => Arc::clone(there.get()),
            Entry::Vacant(free) => {
                *self.of.entry(session.identity.clone()).or_default() += 1;
                Arc::clone(&free.insert(session))
            }
        }
    }

    pub(super) fn remove(&self, id: &str) {
        if let Some((_, session)) = self.by_id.remove(id) {
            self.left(&session);
        }
    }

    fn left(&self, session: &Session) {
        let of_this = self.of.get_mut(&session.identity).map(|mut count| {
            *count = count.saturating_sub(1);
            *count
        });
        if of_this == Some(0) {
            self.of.remove_if(&session.identity, |_, count| *count == 0);
        }
    }

    /// Whose sessions must become fewer before this identity opens another.
    fn crowding(&self, identity: &str) -> Option<Box<str>> {
        if self
            .of
            .get(identity)
            .is_some_and(|n| *n >= self.most.of_one)
        {
            return Some(identity.into());
        }
        if self.by_id.len() < self.most.of_all {
            return None;
        }
        let most = self.of.iter().max_by_key(|of| *of.value());
        most.map(|of| of.key().clone())
    }

    /// Those of an identity that may end, beginning with what was used longest ago.
    fn longest_unused(&self, identity: &str) -> Vec<Arc<Session>> {
        let sessions = self.by_id.iter();
        let mut idle: Vec<_> = sessions
            .filter(|session| *session.identity == *identity && session.is_idle())
            .map(|session| Arc::clone(&session))
            .collect();
        let some = idle.len().div_ceil(AT_ONCE);
        if some < idle.len() {
            idle.select_nth_unstable_by_key(some, |session| session.used.load(Ordering::Relaxed));
            idle.truncate(some);
        }
        idle
    }
}

impl Session {
    fn is_idle(&self) -> bool {
        !self.outbox.is_open() && self.calls().is_empty()
    }
}

impl Shared {
    /// Makes room for one more session of this identity, at the cost of whoever has the most.
    pub(super) fn make_room(&self, identity: &str) -> Result<(), NoSession> {
        let Some(crowding) = self.live.crowding(identity) else {
            return Ok(());
        };
        let unused = self.live.longest_unused(&crowding);
        if unused.is_empty() {
            return Err(NoSession::TooMany);
        }
        tracing::info!(
            ended = unused.len(),
            "a client has more sessions than one may have; those unused for longest were ended"
        );
        for session in unused {
            self.let_go(&session);
        }
        Ok(())
    }
}
