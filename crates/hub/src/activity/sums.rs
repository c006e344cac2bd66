//! What many calls come to: how many, how long, and the names in them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Entry, Outcome};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub calls: usize,
    pub succeeded: usize,
    pub average: Duration,
    pub median: Duration,
    /// What 95 of 100 calls did not exceed.
    pub p95: Duration,
}

impl Sums {
    #[must_use]
    pub fn of(entries: &[Arc<Entry>]) -> Self {
        let mut took: Vec<_> = entries.iter().map(|entry| entry.took).collect();
        took.sort_unstable();
        let answered = |entry: &&Arc<Entry>| matches!(entry.outcome, Outcome::Answered);
        let all: Duration = took.iter().sum();
        Self {
            calls: took.len(),
            succeeded: entries.iter().filter(answered).count(),
            average: all / u32::try_from(took.len().max(1)).unwrap_or(u32::MAX),
            median: at(&took, 50),
            p95: at(&took, 95),
        }
    }
}

/// The shortest that so many of 100 do not exceed.
fn at(sorted: &[Duration], percent: usize) -> Duration {
    let place = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(place).copied().unwrap_or_default()
}

/// The names in calls, each once, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    pub servers: Vec<String>,
    pub tools: Vec<String>,
    pub groups: Vec<String>,
    pub users: Vec<String>,
    pub keys: Vec<String>,
}

/// Names of one kind: nobody chooses among more, and a server may make them up.
const MOST: usize = 1_000;

impl Names {
    #[must_use]
    pub fn of(entries: &[Arc<Entry>]) -> Self {
        let names = |name: fn(&Entry) -> Option<&str>| {
            let each = entries.iter().filter_map(|entry| name(entry));
            let each: BTreeSet<_> = each.collect();
            each.into_iter().take(MOST).map(str::to_owned).collect()
        };
        Self {
            servers: names(|entry| Some(&entry.server)),
            tools: names(|entry| Some(&entry.tool)),
            groups: names(|entry| entry.by.group.as_deref()),
            users: names(|entry| entry.by.who.user.as_deref()),
            keys: names(|entry| entry.by.who.key.as_deref().map(|key| &*key.name)),
        }
    }
}
