//! The practice world's own clock. It can be moved forward, and it is apart from the hub's on purpose: two real servers
//! do not share a clock either.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Time since the world began, plus what a test added.
#[derive(Debug)]
pub(crate) struct Clock {
    began: Instant,
    began_unix: Duration,
    added: Duration,
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the practice world knows none of the hub's crates, so this is its one clock"
    )]
    pub(crate) fn start() -> Self {
        let began_unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            began: Instant::now(),
            began_unix,
            added: Duration::ZERO,
        }
    }

    /// Time since the world began.
    pub(crate) fn now(&self) -> Duration {
        self.began.elapsed() + self.added
    }

    /// Seconds since 1970, for documents that want them.
    pub(crate) fn unix(&self) -> u64 {
        (self.began_unix + self.now()).as_secs()
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.added += by;
    }
}
