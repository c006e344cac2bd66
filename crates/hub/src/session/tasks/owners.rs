//! To whom servers gave which tasks. Bounded, and what nobody asks for is forgotten.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mcp::task::Task;

/// Tasks by the key of their upstream and the id that it gave them.
#[derive(Default)]
pub(super) struct Owners {
    known: Mutex<HashMap<Given, Owner>>,
}

type Given = (Arc<str>, Box<str>);

struct Owner {
    identity: Box<str>,
    /// Seconds after the start of the hub.
    until: u64,
}

/// Tasks of all callers, and of one; the one that would be forgotten first makes room.
const MOST: usize = 16_384;
const MOST_OF_ONE: usize = 4_096;
/// So much longer than it says a server may still know a task.
const GRACE: u64 = 60 * 60;
/// A task that nobody asks about for so long is forgotten, however long its server keeps it.
const LONGEST: u64 = 7 * 24 * 60 * 60;

impl Owners {
    /// Notes to whom a task was given. A server that gives an id a second time means another task: the last owner has it alone.
    pub(super) fn give(&self, (key, identity): (&str, &str), task: &Task<'_>, now: u64) {
        let life = task.ttl.map_or(LONGEST, |ttl| ttl / 1_000 + GRACE);
        let until = now + life.min(LONGEST);
        let mut known = self.known();
        let given = (Arc::from(key), Box::from(&*task.id));
        if let Some(owner) = known.get_mut(&given).filter(|o| *o.identity == *identity) {
            owner.until = until;
            return;
        }
        let owner = Owner {
            identity: identity.into(),
            until,
        };
        known.insert(given, owner);
        if known.len() > MOST {
            forget_first(&mut known, |_| true);
        }
        let of_one = known.values().filter(|o| *o.identity == *identity).count();
        if of_one > MOST_OF_ONE {
            forget_first(&mut known, |owner| *owner.identity == *identity);
        }
    }

    /// Whose task it is; `None`: nobody's.
    pub(super) fn of(&self, key: &str, id: &str, now: u64) -> Option<Box<str>> {
        let given: Given = (key.into(), id.into());
        let known = self.known();
        let owner = known.get(&given).filter(|owner| owner.until > now)?;
        Some(owner.identity.clone())
    }

    pub(super) fn forget_old(&self, now: u64) {
        self.known().retain(|_, owner| owner.until > now);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Given, Owner>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget_first(known: &mut HashMap<Given, Owner>, among: impl Fn(&Owner) -> bool) {
    let candidates = known.iter().filter(|(_, owner)| among(owner));
    let first = candidates.max_by_key(|(_, owner)| Reverse(owner.until));
    if let Some(given) = first.map(|(given, _)| given.clone()) {
        tracing::warn!(server = %given.0, "too many tasks are known; one was forgotten");
        known.remove(&given);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(id: &str, ttl: Option<u64>) -> Task<'_> {
        Task { id: id.into(), ttl }
    }

    #[test]
    fn a_task_belongs_to_who_was_given_it_last_at_that_server_alone() {
        let owners = Owners::default();
        owners.give(("up", "ann"), &task("1", None), 0);
        assert_eq!(owners.of("up", "1", 0).as_deref(), Some("ann"));
        assert_eq!(owners.of("other", "1", 0), None);
        assert_eq!(owners.of("up", "2", 0), None);
        owners.give(("up", "ben"), &task("1", None), 0);
        assert_eq!(owners.of("up", "1", 0).as_deref(), Some("ben"));
    }

    #[test]
    fn a_task_is_known_for_as_long_as_its_server_keeps_it_and_a_while_longer() {
        let owners = Owners::default();
        let given = ("up", "ann");
        owners.give(given, &task("short", Some(30_000)), 100);
        owners.give(given, &task("endless", None), 100);
        owners.give(given, &task("absurd", Some(u64::MAX)), 100);
        let known = |id, now| owners.of("up", id, now).is_some();
        assert!(known("short", 129 + GRACE) && !known("short", 130 + GRACE));
        assert!(known("endless", 99 + LONGEST) && !known("endless", 100 + LONGEST));
        assert!(known("absurd", 99 + LONGEST) && !known("absurd", 100 + LONGEST));
        owners.give(given, &task("short", Some(30_000)), 200);
        assert!(known("short", 229 + GRACE), "who asks keeps it known");
        owners.forget_old(230 + GRACE);
        assert_eq!(owners.known().len(), 2);
    }

    #[test]
    fn one_caller_cannot_push_out_the_tasks_of_another() {
        let owners = Owners::default();
        owners.give(("up", "ann"), &task("hers", Some(0)), 0);
        for n in 0..MOST_OF_ONE as u64 + 10 {
            owners.give(("up", "ben"), &task(&n.to_string(), Some(n * 1_000)), 0);
        }
        assert_eq!(owners.known().len(), MOST_OF_ONE + 1);
        assert!(owners.of("up", "hers", 0).is_some());
        assert!(owners.of("up", "9", 0).is_none(), "the first to end went");
        assert!(owners.of("up", "10", 0).is_some());
    }

    #[test]
    fn what_is_known_of_all_callers_is_bounded() {
        let owners = Owners::default();
        for n in 0..MOST + 10 {
            let identity = (n / 100).to_string();
            owners.give(("up", &identity), &task(&n.to_string(), None), n as u64);
        }
        assert_eq!(owners.known().len(), MOST);
        assert!(owners.of("up", "9", 0).is_none() && owners.of("up", "10", 0).is_some());
    }
}
