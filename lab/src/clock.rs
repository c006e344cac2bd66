//! The practice world's own clock. It can be moved forward or hurried, and it is apart from the hub's on purpose: two real servers
//! do not share a clock either.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Time since the world began, as fast as a test wants it, plus what a test added.
#[derive(Debug)]
pub(crate) struct Clock {
    began_unix: Duration,
    /// What had passed at `since`.
    passed: Duration,
    since: Instant,
    pace: u32,
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
            began_unix,
            passed: Duration::ZERO,
            since: Instant::now(),
            pace: 1,
        }
    }

    /// Time since the world began.
    pub(crate) fn now(&self) -> Duration {
        self.passed + self.since.elapsed() * self.pace
    }

    /// Seconds since 1970, for documents that want them.
    pub(crate) fn unix(&self) -> u64 {
        (self.began_unix + self.now()).as_secs()
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.passed += by;
    }

    /// From now on time passes this many times as fast.
    pub(crate) fn hurry(&mut self, pace: u32) {
        self.passed = self.now();
        self.since = Instant::now();
        self.pace = pace;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hurried_clock_keeps_what_has_passed() {
        let mut clock = Clock::start();
        clock.advance(Duration::from_secs(10));
        clock.hurry(0);
        let stopped = clock.now();
        assert!(stopped >= Duration::from_secs(10));
        assert_eq!(clock.now(), stopped, "pace 0 stands still");
        clock.hurry(1_000_000);
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(1) {
            std::hint::spin_loop();
        }
        assert!(clock.now() >= stopped + Duration::from_secs(1_000));
    }
}
