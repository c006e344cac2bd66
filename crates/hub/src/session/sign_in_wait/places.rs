//! How many calls wait for a sign-in at once: bounded for each client, and in all; and for which servers.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::sign_in::Account;

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
    by_account: HashMap<Account, usize>,
    all: usize,
}

/// One call's place; given back when it is dropped.
#[derive(Debug)]
pub(in crate::session) struct Place {
    places: Places,
    identity: Box<str>,
    account: Account,
}

impl Places {
    /// `None`: too many wait already, so the call is answered at once.
    pub(in crate::session) fn take(&self, identity: &str, account: &Account) -> Option<Place> {
        let mut taken = self.taken();
        let of_one = taken.by_identity.get(identity).copied();
        if of_one.unwrap_or_default() >= MOST_OF_ONE || taken.all >= MOST {
            return None;
        }
        taken.all += 1;
        *taken.by_identity.entry(identity.into()).or_default() += 1;
        *taken.by_account.entry(account.clone()).or_default() += 1;
        Some(Place {
            places: self.clone(),
            identity: identity.into(),
            account: account.clone(),
        })
    }

    /// How many calls wait for each server that any wait for.
    pub(in crate::session) fn by_server(&self) -> BTreeMap<Box<str>, usize> {
        let mut counts = BTreeMap::new();
        for (account, count) in &self.taken().by_account {
            *counts.entry(account.server.as_str().into()).or_default() += count;
        }
        counts
    }

    /// How many calls wait for this account.
    pub(in crate::session) fn waiting_for(&self, account: &Account) -> usize {
        let taken = self.taken();
        taken.by_account.get(account).copied().unwrap_or_default()
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all -= 1;
        less(&mut taken.by_identity, &self.identity);
        less(&mut taken.by_account, &self.account);
    }
}

fn less<K: Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> Account {
        Account::shared("one")
    }

    #[test]
    fn one_client_fills_its_own_places_and_gives_them_back() {
        let places = Places::default();
        let of_me: Vec<_> = (0..MOST_OF_ONE)
            .map(|_| places.take("me", &one()))
            .collect();
        assert!(of_me.iter().all(Option::is_some));
        assert!(places.take("me", &one()).is_none());
        assert!(places.take("you", &one()).is_some(), "others have theirs");
        assert_eq!(places.waiting_for(&one()), MOST_OF_ONE);
        assert_eq!(places.waiting_for(&Account::shared("two")), 0);
        drop(of_me);
        assert_eq!(places.waiting_for(&one()), 0);
        assert!(places.take("me", &one()).is_some());
    }

    #[test]
    fn all_clients_together_have_an_end_of_places_too() {
        let places = Places::default();
        let identities = (0..MOST / MOST_OF_ONE).map(|each| each.to_string());
        let all: Vec<_> = identities
            .flat_map(|identity| (0..MOST_OF_ONE).map(move |_| identity.clone()))
            .map(|identity| places.take(&identity, &one()))
            .collect();
        assert!(all.iter().all(Option::is_some) && all.len() == MOST);
        assert!(places.take("one more", &one()).is_none());
    }

    #[test]
    fn each_server_has_those_that_wait_for_it_and_none_is_kept_in_mind_for_nothing() {
        let places = Places::default();
        let alice = Account::of("one", Some("alice"));
        let held = [
            places.take("me", &one()),
            places.take("you", &alice),
            places.take("me", &Account::shared("two")),
        ];
        let count = |server: &str| places.by_server().get(server).copied();
        assert_eq!((count("one"), count("two")), (Some(2), Some(1)));
        drop(held);
        assert!(places.by_server().is_empty());
    }
}
