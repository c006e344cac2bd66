//! Who wants to hear of changes of which resource. A server is told to stop when the last session lost interest.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A resource of a server, in the server's own words.
pub(super) type Resource = (Arc<str>, Box<str>);

/// From resource to session to the address under which that session knows it.
type Interested = HashMap<Resource, HashMap<Box<str>, Box<str>>>;

#[derive(Default)]
pub(super) struct Subscriptions {
    interested: Mutex<Interested>,
}

/// Resources that one session may watch.
const MOST: usize = 1_000;

impl Subscriptions {
    /// False: the session watches too many already.
    pub(super) fn add(&self, resource: Resource, session: &str, shown: &str) -> bool {
        let mut interested = self.interested();
        let watched = interested
            .values()
            .filter(|sessions| sessions.contains_key(session))
            .count();
        if watched >= MOST {
            return false;
        }
        interested
            .entry(resource)
            .or_default()
            .insert(session.into(), shown.into());
        true
    }

    /// True: that was the last one, the server can be told.
    pub(super) fn remove(&self, resource: &Resource, session: &str) -> bool {
        let mut interested = self.interested();
        let Some(sessions) = interested.get_mut(resource) else {
            return false;
        };
        sessions.remove(session);
        let last = sessions.is_empty();
        if last {
            interested.remove(resource);
        }
        last
    }

    /// Forgets a session; the resources that nobody watches any more.
    pub(super) fn forget(&self, session: &str) -> Vec<Resource> {
        let mut interested = self.interested();
        let mut lost = Vec::new();
        interested.retain(|resource, sessions| {
            if sessions.remove(session).is_some() && sessions.is_empty() {
                lost.push(resource.clone());
                return false;
            }
            true
        });
        lost
    }

    /// The sessions that watch a resource, and how they know it.
    pub(super) fn of(&self, resource: &Resource) -> Vec<(Box<str>, Box<str>)> {
        let interested = self.interested();
        let sessions = interested.get(resource).into_iter().flatten();
        sessions
            .map(|(session, shown)| (session.clone(), shown.clone()))
            .collect()
    }

    /// What is watched at a server.
    pub(super) fn at(&self, server: &str) -> HashSet<Box<str>> {
        let interested = self.interested();
        let here = interested.keys().filter(|(of, _)| **of == *server);
        here.map(|(_, uri)| uri.clone()).collect()
    }

    fn interested(&self) -> MutexGuard<'_, Interested> {
        self.interested
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_told_when_the_last_session_lost_interest() {
        let subscriptions = Subscriptions::default();
        let resource = |uri: &str| -> Resource { ("up".into(), uri.into()) };
        assert!(subscriptions.add(resource("x"), "a", "x"));
        assert!(subscriptions.add(resource("x"), "b", "shown x"));
        assert!(subscriptions.add(resource("y"), "b", "y"));
        assert!(!subscriptions.remove(&resource("x"), "a"));
        assert_eq!(
            subscriptions.of(&resource("x")),
            [("b".into(), "shown x".into())]
        );
        assert_eq!(subscriptions.at("up").len(), 2);
        assert_eq!(subscriptions.forget("b").len(), 2);
        assert!(!subscriptions.remove(&resource("x"), "a"));
        assert!(subscriptions.at("up").is_empty());
    }
}
