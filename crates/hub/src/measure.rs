//! What is counted for `/metrics`: how long tool calls took, and what came of renewals, by server.
//!
//! A call costs two additions without a lock and one look at the clock. Nothing here is kept over a restart.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dashmap::DashMap;

/// Upper ends of the classes, in milliseconds: from a server on this machine to one that works for minutes.
const ENDS: [u64; 13] = [
    2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000, 60_000, 300_000,
];

/// Durations by class.
#[derive(Debug, Default)]
pub struct Took {
    classes: [AtomicU64; ENDS.len() + 1],
    microseconds: AtomicU64,
}

/// As it was at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// All durations together, in seconds.
    pub sum: f64,
    pub count: u64,
    /// The upper end of each class in seconds, and how many fell into it; the last has no end.
    pub classes: Vec<(f64, u64)>,
}

impl Took {
    pub(crate) fn observe(&self, took: Duration) {
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let class = ENDS.partition_point(|end| end * 1_000 < microseconds);
        self.classes[class].fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    #[must_use]
    pub fn read(&self) -> Reading {
        let counts = self.classes.each_ref().map(|it| it.load(Ordering::Relaxed));
        let ends = ENDS.iter().map(|end| *end as f64 / 1_000.0);
        let ends = ends.chain(std::iter::once(f64::INFINITY));
        Reading {
            sum: self.microseconds.load(Ordering::Relaxed) as f64 / 1_000_000.0,
            count: counts.iter().sum(),
            classes: ends.zip(counts).collect(),
        }
    }
}

/// What came of attempts to renew a token.
#[derive(Debug, Default)]
pub struct Renewed {
    done: AtomicU64,
    kept: AtomicU64,
    lost: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renewal {
    Done,
    /// Not now; the grant stays, and it is tried again.
    Kept,
    /// A person has to sign in again.
    Lost,
}

impl Renewed {
    fn count(&self, renewal: Renewal) {
        let counter = match renewal {
            Renewal::Done => &self.done,
            Renewal::Kept => &self.kept,
            Renewal::Lost => &self.lost,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Each result in a word, and how often it came.
    #[must_use]
    pub fn read(&self) -> [(&'static str, u64); 3] {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("ok", read(&self.done)),
            ("retry", read(&self.kept)),
            ("sign_in", read(&self.lost)),
        ]
    }
}

/// One count for each server; a count outlives the connections that it is of.
#[derive(Debug)]
pub(crate) struct ByServer<T>(DashMap<Arc<str>, Arc<T>>);

impl<T> Default for ByServer<T> {
    fn default() -> Self {
        Self(DashMap::new())
    }
}

impl<T: Default> ByServer<T> {
    pub(crate) fn of(&self, server: &Arc<str>) -> Arc<T> {
        self.0.entry(server.clone()).or_default().clone()
    }

    /// Those of servers that are still there, by name; the others are forgotten.
    pub(crate) fn all(&self, is_there: impl Fn(&str) -> bool) -> Vec<(Arc<str>, Arc<T>)> {
        self.0.retain(|server, _| is_there(server));
        let each = self.0.iter();
        let mut all: Vec<_> = each
            .map(|it| (it.key().clone(), it.value().clone()))
            .collect();
        all.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        all
    }
}

impl ByServer<Renewed> {
    pub(crate) fn count(&self, server: &str, renewal: Renewal) {
        self.of(&server.into()).count(renewal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_falls_into_the_first_class_that_holds_it() {
        let took = Took::default();
        for milliseconds in [0, 2, 3, 1_000, 1_001, 900_000] {
            took.observe(Duration::from_millis(milliseconds));
        }
        let read = took.read();
        assert_eq!(read.count, 6);
        assert!((read.sum - 902.006).abs() < 1e-9, "{}", read.sum);
        let filled: Vec<(f64, u64)> = read.classes.into_iter().filter(|it| it.1 > 0).collect();
        assert_eq!(
            filled,
            [
                (0.002, 2),
                (0.005, 1),
                (1.0, 1),
                (2.5, 1),
                (f64::INFINITY, 1)
            ]
        );
    }

    #[test]
    fn what_is_counted_of_a_server_that_was_taken_out_is_forgotten() {
        let counts = ByServer::<Renewed>::default();
        counts.count("a", Renewal::Done);
        counts.count("a", Renewal::Kept);
        counts.count("b", Renewal::Lost);
        let all = counts.all(|name| name == "a");
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].1.read(), [("ok", 1), ("retry", 1), ("sign_in", 0)]);
        assert_eq!(counts.all(|_| true).len(), 1);
    }
}
