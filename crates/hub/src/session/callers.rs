//! How many requests are under way, of each caller and of all, so that no caller takes the room of the others.

use std::sync::Arc;

use dashmap::DashMap;

/// Requests under way in all sessions, and of clients that have none.
pub(super) const MOST_OF_ALL: usize = 20_000;
/// The same of one caller.
pub(super) const MOST_OF_ONE: usize = MOST_OF_ALL / 2;

#[derive(Default)]
pub(super) struct Callers {
    all: Arc<()>,
    each: DashMap<Box<str>, Of>,
}

/// One caller's requests: each holds a clone of what is inside, and each session one of the whole.
pub(super) type Of = Arc<Arc<()>>;

/// One request under way.
pub(super) struct Place {
    _of_all: Arc<()>,
    _of_one: Arc<()>,
}

/// Why a request has to wait for others to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Full {
    #[error("too many requests are under way in this hub; try again later")]
    Hub,
    #[error("{MOST_OF_ONE} requests of this caller are under way")]
    Caller,
}

impl Callers {
    pub(super) fn of(&self, identity: &str) -> Of {
        if let Some(of) = self.each.get(identity) {
            return Arc::clone(&of);
        }
        let of = self.each.entry(identity.into()).or_default();
        Arc::clone(&of)
    }

    pub(super) fn begin(&self, of: &Of) -> Result<Place, Full> {
        if Arc::strong_count(&self.all) > MOST_OF_ALL {
            return Err(Full::Hub);
        }
        if Arc::strong_count(of.as_ref()) > MOST_OF_ONE {
            return Err(Full::Caller);
        }
        Ok(Place {
            _of_all: Arc::clone(&self.all),
            _of_one: Arc::clone(of),
        })
    }

    /// Forgets callers that have nothing open.
    pub(super) fn forget_gone(&self) {
        self.each.retain(|_, of| Arc::strong_count(of) > 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_leaves_room_for_the_others() {
        let callers = Callers::default();
        let (one, other) = (callers.of("one"), callers.of("other"));
        let mut held: Vec<_> = (0..MOST_OF_ONE)
            .map(|_| callers.begin(&one).unwrap())
            .collect();
        assert_eq!(callers.begin(&callers.of("one")).err(), Some(Full::Caller));
        let others: Vec<_> = (0..MOST_OF_ONE)
            .map(|_| callers.begin(&other).unwrap())
            .collect();
        assert_eq!(callers.begin(&callers.of("third")).err(), Some(Full::Hub));
        held.pop();
        assert!(callers.begin(&one).is_ok());
        drop((held, others));
    }

    #[test]
    fn callers_that_have_nothing_open_are_forgotten() {
        let callers = Callers::default();
        let stays = callers.of("stays");
        drop(callers.of("goes"));
        callers.forget_gone();
        assert_eq!(callers.each.len(), 1);
        drop(stays);
    }
}
