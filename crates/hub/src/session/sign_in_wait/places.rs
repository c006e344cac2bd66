//! How many calls wait for a sign-in at once: bounded for each client, and in all; and for which servers.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Calls of all clients, and of one identity.
const MOST: usize = 2_048;
const MOST_OF_ONE: usize = 128;

/// Who waits. A clone is the same one.
#[derive(Debug, Clone, Default)]
pub(in crate::session) struct Places {
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    by_identity: HashMap<Box<str>, usize>,
    /// Those that nobody waits for are not in it.
    by_server: BTreeMap<Box<str>, usize>,
    all: usize,
}

/// One call's place; given back when it is dropped.
#[derive(Debug)]
pub(in crate::session) struct Place {
    places: Places,
    identity: Box<str>,
    server: Box<str>,
}

impl Places {
    /// `None`: too many wait already, so the call is answered at once.
    pub(in crate::session) fn take(&self, identity: &str, server: &str) -> Option<Place> {
        let mut taken = self.taken();
        let of_one = taken.by_identity.get(identity).copied();
        if of_one.unwrap_or_default() >= MOST_OF_ONE || taken.all >= MOST {
            return None;
        }
        taken.all += 1;
        *taken.by_identity.entry(identity.into()).or_default() += 1;
        *taken.by_server.entry(server.into()).or_default() += 1;
        Some(Place {
            places: self.clone(),
            identity: identity.into(),
            server: server.into(),
        })
    }

    /// How many calls wait for each server that any wait for.
    pub(in crate::session) fn by_server(&self) -> BTreeMap<Box<str>, usize> {
        self.taken().by_server.clone()
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all -= 1;
        if let Some(count) = taken.by_identity.get_mut(&self.identity) {
            *count -= 1;
            if *count == 0 {
                taken.by_identity.remove(&self.identity);
            }
        }
        if let Some(count) = taken.by_server.get_mut(&self.server) {
            *count -= 1;
            if *count == 0 {
                taken.by_server.remove(&self.server);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_fills_its_own_places_and_gives_them_back() {
        let places = Places::default();
        let of_me: Vec<_> = (0..MOST_OF_ONE).map(|_| places.take("me", "a")).collect();
        assert!(of_me.iter().all(Option::is_some));
        assert!(places.take("me", "a").is_none());
        assert!(places.take("you", "b").is_some(), "others have theirs");
        drop(of_me);
        assert!(places.take("me", "a").is_some());
    }

    #[test]
    fn all_clients_together_have_an_end_of_places_too() {
        let places = Places::default();
        let identities = (0..MOST / MOST_OF_ONE).map(|each| each.to_string());
        let all: Vec<_> = identities
            .flat_map(|identity| (0..MOST_OF_ONE).map(move |_| identity.clone()))
            .map(|identity| places.take(&identity, "a"))
            .collect();
        assert!(all.iter().all(Option::is_some) && all.len() == MOST);
        assert!(places.take("one more", "b").is_none());
    }

    #[test]
    fn each_server_has_those_that_wait_for_it_and_none_is_kept_in_mind_for_nothing() {
        let places = Places::default();
        let held = [
            places.take("me", "a"),
            places.take("you", "a"),
            places.take("me", "b"),
        ];
        let count = |server: &str| places.by_server().get(server).copied();
        assert_eq!((count("a"), count("b")), (Some(2), Some(1)));
        drop(held);
        assert!(places.by_server().is_empty());
    }
}
