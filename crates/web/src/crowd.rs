//! Places for clients' connections, and who leaves when all are taken: one on which nothing is asked, before somebody new has to wait.
//!
//! Without that, whoever opens connections and asks nothing holds all places until the silence is noticed (`patience`). Nothing of this
//! is done for each request: who was asked something since the last look is seen by the counter that `patience` keeps anyway.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::patience::Work;

/// So long everybody may be silent, for a request that is on its way; and so often it is looked again for somebody who can leave.
const SILENT: Duration = Duration::from_secs(1);

/// Who is connected.
pub(crate) struct Crowd {
    places: Arc<Semaphore>,
    most: usize,
    /// In the order in which they were looked at last.
    seats: Mutex<VecDeque<Looked>>,
}

/// One connection as the crowd knows it.
struct Looked {
    seat: Weak<Seat>,
    /// How many requests had begun at the last look that found something new, and when that was.
    seen: u32,
    since: Instant,
}

/// One connection's place.
pub(crate) struct Seat {
    pub(crate) work: Arc<Work>,
    /// Told when its place is wanted.
    pub(crate) leave: CancellationToken,
    _place: OwnedSemaphorePermit,
}

/// A place that nobody has yet.
pub(crate) struct Place(OwnedSemaphorePermit);

impl Crowd {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(most)),
            most,
            seats: Mutex::default(),
        }
    }

    /// A place for the next connection, when there is one.
    pub(crate) async fn place(&self) -> Place {
        loop {
            if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                return Place(place);
            }
            self.make_room();
            // It is never closed.
            let place = Arc::clone(&self.places).acquire_owned();
            if let Ok(Ok(place)) = timeout(SILENT, place).await {
                return Place(place);
            }
        }
    }

    /// Somebody has come.
    pub(crate) fn seat(&self, Place(place): Place) -> Arc<Seat> {
        let seat = Arc::new(Seat {
            work: Arc::default(),
            leave: CancellationToken::new(),
            _place: place,
        });
        let mut seats = self.seats();
        // Those that are gone are cleared away once in as many as there may be.
        if seats.len() >= 2 * self.most {
            seats.retain(|looked| looked.seat.strong_count() > 0);
        }
        seats.push_back(Looked {
            seat: Arc::downgrade(&seat),
            seen: 0,
            since: Instant::now(),
        });
        seat
    }

    /// Sends away the one that was asked nothing for longest, as far as looks can tell.
    fn make_room(&self) {
        let mut seats = self.seats();
        for _ in 0..seats.len() {
            let Some(looked) = seats.pop_front() else {
                return;
            };
            let Some(seat) = looked.seat.upgrade() else {
                continue;
            };
            let (begun, works) = seat.work.begun();
            let silent = begun == looked.seen && !works;
            if silent && looked.since.elapsed() >= SILENT {
                tracing::debug!("all places are taken; one on which nothing is asked is wanted");
                seat.leave.cancel();
                return;
            }
            let since = if silent { looked.since } else { Instant::now() };
            seats.push_back(Looked {
                seat: looked.seat,
                seen: begun,
                since,
            });
        }
    }

    fn seats(&self) -> MutexGuard<'_, VecDeque<Looked>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    async fn come(crowd: &Crowd) -> Arc<Seat> {
        crowd.seat(crowd.place().await)
    }

    fn leaves(seats: &[Arc<Seat>]) -> Vec<usize> {
        let told = |(place, seat): (usize, &Arc<Seat>)| seat.leave.is_cancelled().then_some(place);
        seats.iter().enumerate().filter_map(told).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asked_nothing_leaves_before_whoever_did_and_nobody_who_works() {
        let crowd = Crowd::new(3);
        let mut seats = Vec::new();
        for _ in 0..3 {
            seats.push(come(&crowd).await);
        }
        {
            let mut next = std::pin::pin!(come(&crowd));
            assert!(futures::poll!(next.as_mut()).is_pending());
            assert!(leaves(&seats).is_empty(), "its request may be on its way");
        }
        let works = seats[0].work.begin();
        drop(seats[1].work.begin());
        advance(SILENT).await;
        let mut next = Box::pin(come(&crowd));
        assert!(futures::poll!(next.as_mut()).is_pending());
        assert_eq!(leaves(&seats), [2]);
        seats.pop();
        let third = next.await;
        drop(third.work.begin());
        advance(SILENT).await;
        // Of those that have asked something, the one that was looked at longer ago.
        let mut next = Box::pin(come(&crowd));
        assert!(futures::poll!(next.as_mut()).is_pending());
        assert_eq!(leaves(&seats), [1]);
        drop(works);
    }

    #[tokio::test(start_paused = true)]
    async fn while_all_work_it_is_looked_again() {
        let crowd = Crowd::new(1);
        let seat = come(&crowd).await;
        let works = seat.work.begin();
        let mut next = Box::pin(come(&crowd));
        assert!(futures::poll!(next.as_mut()).is_pending());
        assert!(!seat.leave.is_cancelled());
        drop(works);
        let leave = seat.leave.clone();
        let gone = async {
            leave.cancelled().await;
            drop(seat);
        };
        tokio::join!(gone, next);
    }
}
