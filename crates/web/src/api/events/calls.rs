//! That tool calls ended, for administrators: at once after a pause, and twice a second however many they are.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Between two words of it.
const REST: Duration = Duration::from_millis(500);

pub(super) struct Calls {
    /// The number of the last one; `None`: nothing of it is for this reader.
    last: Option<watch::Receiver<u64>>,
    rested: Instant,
}

impl Calls {
    pub(super) fn new(last: Option<watch::Receiver<u64>>) -> Self {
        Self {
            last,
            rested: Instant::now(),
        }
    }

    /// The number of the last call, when there are more. Dropping it loses nothing.
    pub(super) async fn next(&mut self) -> u64 {
        let Some(last) = &mut self.last else {
            return std::future::pending().await;
        };
        sleep_until(self.rested).await;
        if last.changed().await.is_err() {
            // The hub is gone, and others say so.
            return std::future::pending().await;
        }
        self.rested = Instant::now() + REST;
        *last.borrow_and_update()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn many_calls_are_told_at_once_and_then_twice_a_second() {
        let told = watch::Sender::new(0);
        let mut calls = Calls::new(Some(told.subscribe()));
        let (mut heard, mut number) = (Vec::new(), 0);
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(2_250) {
            number += 1;
            told.send_replace(number);
            // Others of the same reader come in between all the time.
            let next = timeout(Duration::from_millis(10), calls.next()).await;
            heard.extend(next.ok());
        }
        assert_eq!((heard.len(), heard[0]), (5, 1), "{heard:?}");
        told.send_replace(1_000);
        assert_eq!(calls.next().await, 1_000, "the last one is never missed");
    }

    #[tokio::test(start_paused = true)]
    async fn who_may_not_know_of_calls_hears_of_none() {
        let mut calls = Calls::new(None);
        let heard = timeout(Duration::from_secs(3_600), calls.next()).await;
        assert!(heard.is_err());
    }
}
