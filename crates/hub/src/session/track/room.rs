//! How much is kept for clients that may come back: in one session, and in all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use crate::chance;

/// Bytes of messages in one session.
const SESSION_BYTES: usize = 8 << 20;
/// Bytes of messages in all sessions.
const ALL_BYTES: usize = 64 << 20;
/// What a session may keep though all sessions together keep too much: nobody goes without a message for what others left behind.
const SHARE: usize = 16 << 10;
/// Requests of one session that go on without their client.
const SESSION_AWAY: usize = 64;
/// The same in all sessions.
const ALL_AWAY: usize = 1_024;
/// Tells this hub's streams from those of another process; 36 bits.
const ORIGIN_BYTES: usize = 4;

/// What all sessions of a hub keep.
pub(in crate::session) struct Whole {
    origin: Arc<str>,
    /// Streams that there were.
    count: AtomicU32,
    bytes: AtomicUsize,
    away: AtomicUsize,
}

/// What one session keeps.
pub(in crate::session) struct Room {
    whole: Arc<Whole>,
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
            away: AtomicUsize::new(0),
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
        self.bytes.load(Ordering::Relaxed) == 0 && self.away.load(Ordering::Relaxed) == 0
    }
}

impl Room {
    pub(in crate::session) fn new(whole: &Arc<Whole>) -> Self {
        Self {
            whole: Arc::clone(whole),
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
        let away = Away(Arc::clone(self));
        let (session, all) = (&self.away, &self.whole.away);
        let here = session.fetch_add(1, Ordering::Relaxed);
        let everywhere = all.fetch_add(1, Ordering::Relaxed);
        (here < SESSION_AWAY && everywhere < ALL_AWAY).then_some(away)
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        self.0.away.fetch_sub(1, Ordering::Relaxed);
        self.0.whole.away.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_requests_go_on_without_their_client_and_no_more() {
        let whole = Arc::default();
        let room = Arc::new(Room::new(&whole));
        let away: Vec<_> = std::iter::from_fn(|| room.away()).collect();
        assert_eq!(away.len(), SESSION_AWAY);
        assert!(Arc::new(Room::new(&whole)).away().is_some());
        drop(away);
        assert!(room.away().is_some());
        let rooms: Vec<_> = (0..=ALL_AWAY)
            .map(|_| Arc::new(Room::new(&whole)))
            .collect();
        let away: Vec<_> = rooms.iter().filter_map(Room::away).collect();
        assert_eq!(away.len(), ALL_AWAY);
    }

    #[test]
    fn what_is_kept_is_counted_in_its_session_and_in_all() {
        let whole = Arc::default();
        let (one, other) = (Room::new(&whole), Room::new(&whole));
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
