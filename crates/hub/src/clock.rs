//! The one place that asks the clock. Everything else is handed a `Clock`, so that tests can move time by hand.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Tells the time of day. A clone tells the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    hands: Hands,
}

#[derive(Clone, Debug)]
enum Hands {
    System,
    Manual(Arc<Mutex<SystemTime>>),
    Paced { since: SystemTime, pace: u32 },
}

impl Clock {
    #[must_use]
    pub fn system() -> Self {
        Self {
            hands: Hands::System,
        }
    }

    /// A clock that stands at `start` until it is moved.
    #[must_use]
    pub fn manual(start: SystemTime) -> Self {
        Self {
            hands: Hands::Manual(Arc::new(Mutex::new(start))),
        }
    }

    /// A clock that was right at `since` and has been `pace` times as fast from then on; the same in every process.
    #[must_use]
    pub fn paced(since: SystemTime, pace: u32) -> Self {
        Self {
            hands: Hands::Paced { since, pace },
        }
    }

    #[must_use]
    pub fn now(&self) -> SystemTime {
        match &self.hands {
            Hands::System => system_now(),
            Hands::Manual(time) => *time.lock().unwrap_or_else(PoisonError::into_inner),
            Hands::Paced { since, pace } => {
                let real = system_now().duration_since(*since).unwrap_or_default();
                *since + real * *pace
            }
        }
    }

    /// Moves a manual clock forward; others move by themselves.
    pub fn advance(&self, by: Duration) {
        if let Hands::Manual(time) = &self.hands {
            *time.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }

    /// How long a time of this clock takes to pass. A manual clock stands still, so there it is the time itself.
    #[must_use]
    pub fn wait_for(&self, time: Duration) -> Duration {
        match &self.hands {
            Hands::System | Hands::Manual(_) => time,
            Hands::Paced { pace, .. } => time / (*pace).max(1),
        }
    }

    pub(crate) async fn sleep(&self, time: Duration) {
        tokio::time::sleep(self.wait_for(time)).await;
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

    #[test]
    fn a_paced_clock_runs_ahead_and_its_waits_are_shorter() {
        let since = system_now() - Duration::from_secs(100);
        let clock = Clock::paced(since, 60);
        let ran = clock.now().duration_since(since).unwrap();
        assert!(ran >= Duration::from_secs(6_000), "{ran:?}");
        assert_eq!(
            clock.wait_for(Duration::from_secs(60)),
            Duration::from_secs(1)
        );
        assert_eq!(
            Clock::system().wait_for(Duration::from_secs(60)),
            Duration::from_secs(60)
        );
    }
}
