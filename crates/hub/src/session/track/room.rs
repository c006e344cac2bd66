//! How much is kept for clients that may come back: in one session, and in all.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::chance;

/// Bytes of messages in one session.
const SESSION_BYTES: usize = 8 << 20;
/// Bytes of messages in all sessions.
const ALL_BYTES: usize = 64 << 20;
/// What a session may keep though all sessions together keep too much: nobody goes without a message for what others left behind.
const SHARE: usize = 16 << 10;
/// Requests of one session that go on without their client.
const SESSION_AWAY: usize = 64;
/// The same in all sessions, and in those of one caller, who leaves places for others.
const ALL_AWAY: usize = 1_024;
const CALLER_AWAY: usize = ALL_AWAY / 2;
/// Tells this hub's streams from those of another process; 36 bits.
const ORIGIN_BYTES: usize = 4;

/// What all sessions of a hub keep.
pub(in crate::session) struct Whole {
    origin: Arc<str>,
    /// Streams that there were.
    count: AtomicU32,
    bytes: AtomicUsize,
    /// Requests that go on without their client, by its caller; none stands here with none.
    away: Mutex<HashMap<Arc<str>, usize>>,
}

/// What one session keeps.
pub(in crate::session) struct Room {
    whole: Arc<Whole>,
    /// Whose session it is.
    caller: Arc<str>,
    bytes: AtomicUsize,
    away: AtomicUsize,
}

/// One request that goes on without its client.
pub(super) struct Away(Arc<Room>);

impl Default for Whole {
    fn default() -> Self {
        Self {
            origin: chance::token(ORIGIN_BYTES).into(),
            count: AtomicU32::new(0),
            bytes: AtomicUsize::new(0),
            away: Mutex::default(),
        }
    }
}

impl Whole {
    pub(in crate::session) fn origin(&self) -> &Arc<str> {
        &self.origin
    }

    /// A number that no stream had before, also where a session was made anew under the same id.
    pub(in crate::session) fn number(&self) -> u32 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) == 0 && self.away().is_empty()
    }

    fn away(&self) -> MutexGuard<'_, HashMap<Arc<str>, usize>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    pub(in crate::session) fn new(whole: &Arc<Whole>, caller: &str) -> Self {
        Self {
            whole: Arc::clone(whole),
            caller: caller.into(),
            bytes: AtomicUsize::new(0),
            away: AtomicUsize::new(0),
        }
    }

    /// So much was kept, and so much is now.
    pub(super) fn change(&self, before: usize, after: usize) {
        for counter in [&self.bytes, &self.whole.bytes] {
            if after > before {
                counter.fetch_add(after - before, Ordering::Relaxed);
            } else if before > after {
                counter.fetch_sub(before - after, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn is_full(&self) -> bool {
        let bytes = self.bytes.load(Ordering::Relaxed);
        bytes > SESSION_BYTES
            || (bytes > SHARE && self.whole.bytes.load(Ordering::Relaxed) > ALL_BYTES)
    }

    /// Counts a request that goes on without its client. `None`: there are enough.
    pub(super) fn away(self: &Arc<Self>) -> Option<Away> {
        let mut away = self.whole.away();
        let (all, of_caller) = (
            away.values().sum::<usize>(),
            away.get(&self.caller).copied(),
        );
        let (here, of_caller) = (self.away.load(Ordering::Relaxed), of_caller.unwrap_or(0));
        if here >= SESSION_AWAY || of_caller >= CALLER_AWAY || all >= ALL_AWAY {
            return None;
        }
        away.insert(Arc::clone(&self.caller), of_caller + 1);
        self.away.fetch_add(1, Ordering::Relaxed);
        Some(Away(Arc::clone(self)))
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        let mut away = self.0.whole.away();
        self.0.away.fetch_sub(1, Ordering::Relaxed);
        if let Some(of_caller) = away.get_mut(&self.0.caller) {
            *of_caller -= 1;
            if *of_caller == 0 {
                away.remove(&self.0.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_away(rooms: &[Arc<Room>]) -> Vec<Away> {
        rooms.iter().filter_map(Room::away).collect()
    }

    #[test]
    fn so_many_requests_go_on_without_their_client_and_no_more() {
        let whole = Arc::default();
        let room = |caller: &str| Arc::new(Room::new(&whole, caller));
        let rooms = |caller: &str| (0..=ALL_AWAY).map(|_| room(caller)).collect::<Vec<_>>();
        let one = room("ann");
        let away: Vec<_> = std::iter::from_fn(|| one.away()).collect();
        assert_eq!(away.len(), SESSION_AWAY);
        assert!(room("ann").away().is_some());
        drop(away);
        assert!(one.away().is_some());
        let of_ann = all_away(&rooms("ann"));
        assert_eq!(of_ann.len(), CALLER_AWAY, "nobody takes all places");
        let of_ben = all_away(&rooms("ben"));
        assert_eq!(of_ann.len() + of_ben.len(), ALL_AWAY);
        assert!(room("cleo").away().is_none());
        drop((of_ann, of_ben));
        assert!(whole.is_empty() && room("cleo").away().is_some());
    }

    #[test]
    fn what_is_kept_is_counted_in_its_session_and_in_all() {
        let whole = Arc::default();
        let (one, other) = (Room::new(&whole, "ann"), Room::new(&whole, "ben"));
        one.change(0, SESSION_BYTES + 1);
        assert!(one.is_full() && !other.is_full());
        one.change(SESSION_BYTES + 1, 0);
        assert!(!one.is_full());
        one.change(0, SHARE + 1);
        other.change(0, ALL_BYTES);
        assert!(one.is_full() && other.is_full());
        one.change(SHARE + 1, SHARE);
        assert!(!one.is_full(), "what others keep is not its fault");
    }
}
