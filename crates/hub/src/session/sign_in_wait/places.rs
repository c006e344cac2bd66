//! How many calls wait for a sign-in at once: bounded for each client, and in all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Calls of all clients, and of one identity.
const MOST: usize = 2_048;
const MOST_OF_ONE: usize = 128;

/// Who waits, by identity. A clone is the same one.
#[derive(Debug, Clone, Default)]
pub(in crate::session) struct Places {
    taken: Arc<Mutex<HashMap<Box<str>, usize>>>,
}

/// One call's place; given back when it is dropped.
#[derive(Debug)]
pub(in crate::session) struct Place {
    places: Places,
    identity: Box<str>,
}

impl Places {
    /// `None`: too many wait already, so the call is answered at once.
    pub(in crate::session) fn take(&self, identity: &str) -> Option<Place> {
        let mut taken = self.taken();
        let of_one = taken.get(identity).copied().unwrap_or_default();
        if of_one >= MOST_OF_ONE || taken.values().sum::<usize>() >= MOST {
            return None;
        }
        taken.insert(identity.into(), of_one + 1);
        Some(Place {
            places: self.clone(),
            identity: identity.into(),
        })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Box<str>, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(count) = taken.get_mut(&self.identity) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.identity);
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
        let of_me: Vec<_> = (0..MOST_OF_ONE).map(|_| places.take("me")).collect();
        assert!(of_me.iter().all(Option::is_some));
        assert!(places.take("me").is_none());
        assert!(places.take("you").is_some(), "others have theirs");
        drop(of_me);
        assert!(places.take("me").is_some());
    }

    #[test]
    fn all_clients_together_have_an_end_of_places_too() {
        let places = Places::default();
        let identities = (0..MOST / MOST_OF_ONE).map(|each| each.to_string());
        let all: Vec<_> = identities
            .flat_map(|identity| (0..MOST_OF_ONE).map(move |_| identity.clone()))
            .map(|identity| places.take(&identity))
            .collect();
        assert!(all.iter().all(Option::is_some) && all.len() == MOST);
        assert!(places.take("one more").is_none());
    }
}
