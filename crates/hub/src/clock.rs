//! The one place that asks the clock. Everything else is handed a `Clock`, so that tests can move time by hand.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Tells the time of day. A clone tells the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    /// `None`: the system's clock.
    by_hand: Option<Arc<Mutex<SystemTime>>>,
}

impl Clock {
    #[must_use]
    pub fn system() -> Self {
        Self { by_hand: None }
    }

    /// A clock that stands at `start` until it is moved.
    #[must_use]
    pub fn manual(start: SystemTime) -> Self {
        Self {
            by_hand: Some(Arc::new(Mutex::new(start))),
        }
    }

    #[must_use]
    pub fn now(&self) -> SystemTime {
        match &self.by_hand {
            Some(time) => *time.lock().unwrap_or_else(PoisonError::into_inner),
            None => system_now(),
        }
    }

    /// Moves a manual clock forward; the system's clock moves by itself.
    pub fn advance(&self, by: Duration) {
        if let Some(time) = &self.by_hand {
            *time.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one home of the clock"
)]
fn system_now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_by_hand_and_for_all_its_clones() {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let clock = Clock::manual(start);
        let same = clock.clone();
        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_secs(5));
        assert_eq!(same.now(), start + Duration::from_secs(5));
    }
}
