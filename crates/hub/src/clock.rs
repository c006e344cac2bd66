//! The one place that asks the clock. Everything else is handed a `Clock`, so that tests can move time by hand.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

/// Looks at the time of day at least this often while it waits: clocks jump.
const LOOK: Duration = Duration::from_secs(30);

/// Tells the time of day. A clone tells the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    hands: Hands,
}

#[derive(Clone, Debug)]
enum Hands {
    System,
    Manual(Arc<watch::Sender<SystemTime>>),
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
            hands: Hands::Manual(Arc::new(watch::Sender::new(start))),
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
            Hands::Manual(time) => *time.borrow(),
            Hands::Paced { since, pace } => {
                let real = system_now().duration_since(*since).unwrap_or_default();
                *since + real * *pace
            }
        }
    }

    /// Moves a manual clock forward; others move by themselves.
    pub fn advance(&self, by: Duration) {
        if let Hands::Manual(time) = &self.hands {
            time.send_modify(|time| *time += by);
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

    /// Waits until it is that late. Unlike a sleep it follows a manual clock, which is then the only thing that ends it.
    pub async fn until(&self, time: SystemTime) {
        if let Hands::Manual(hand) = &self.hands {
            // The sender is ours, so it is not gone.
            let _ = hand.subscribe().wait_for(|now| *now >= time).await;
            return;
        }
        while let Ok(left) = time.duration_since(self.now())
            && !left.is_zero()
        {
            self.sleep(left.min(LOOK)).await;
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

    #[tokio::test]
    async fn who_waits_for_a_time_is_woken_by_the_hand_that_reaches_it() {
        let start = SystemTime::UNIX_EPOCH;
        let clock = Clock::manual(start);
        clock.until(start).await;
        let late = start + Duration::from_secs(5);
        let waiting = clock.until(late);
        let moving = async {
            clock.advance(Duration::from_secs(4));
            tokio::task::yield_now().await;
            clock.advance(Duration::from_secs(1));
        };
        tokio::join!(waiting, moving);
        assert_eq!(clock.now(), late);
        Clock::system().until(start).await;
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
