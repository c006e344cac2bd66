//! Tasks of which clients want to hear, and of which the server agreed to tell.
//!
//! Extension `io.modelcontextprotocol/tasks`, "Task Status Notifications". A client that was promised news may stop asking, so nothing is
//! promised that the server did not promise.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mcp::raw;
use tokio::sync::watch;
use tokio::time::timeout;

#[derive(Default)]
pub(in crate::upstream) struct WatchedTasks {
    wanted: Mutex<Wanted>,
    agreed: watch::Sender<Agreed>,
}

#[derive(Default)]
struct Wanted {
    ids: BTreeSet<Box<str>>,
    /// Goes up with each one more.
    round: u64,
}

/// What the server's last acknowledgement says.
#[derive(Default)]
struct Agreed {
    round: u64,
    ids: BTreeSet<Box<str>>,
}

/// What the server is asked to tell of.
pub(super) struct Asked {
    pub(super) ids: Vec<Box<str>>,
    round: u64,
}

/// How long a server may take to agree; a listener is not kept waiting longer.
const AGREED_WITHIN: Duration = Duration::from_secs(5);

impl WatchedTasks {
    /// One more; the round from which on an acknowledgement speaks of it too.
    pub(super) fn add(&self, id: &str) -> u64 {
        let mut wanted = self.wanted();
        wanted.ids.insert(id.into());
        wanted.round += 1;
        wanted.round
    }

    /// False: it was not there.
    pub(super) fn remove(&self, id: &str) -> bool {
        self.wanted().ids.remove(id)
    }

    pub(super) fn clear(&self) {
        self.wanted().ids.clear();
    }

    pub(super) fn asked(&self) -> Asked {
        let wanted = self.wanted();
        Asked {
            ids: wanted.ids.iter().cloned().collect(),
            round: wanted.round,
        }
    }

    /// Takes in the params of the acknowledgement of what was asked.
    // rule: mcp-task-listen-agreed
    pub(super) fn acknowledged(&self, asked: &Asked, params: &str) {
        let agreed = raw::at(params, &["notifications", "taskIds"]);
        let agreed = agreed.ok().flatten().and_then(raw::elements);
        let ids = agreed.unwrap_or_default().into_iter();
        let ids = ids.filter_map(raw::string).map(|id| Box::from(&*id));
        self.agreed.send_replace(Agreed {
            round: asked.round,
            ids: ids.collect(),
        });
    }

    /// Whether the server agreed to tell of a task that was added in this round. No answer is none.
    pub(in crate::upstream) async fn agreed(&self, id: &str, round: u64) -> bool {
        let mut agreed = self.agreed.subscribe();
        let heard = agreed.wait_for(|agreed| agreed.round >= round);
        match timeout(AGREED_WITHIN, heard).await {
            Ok(Ok(agreed)) => agreed.ids.contains(id),
            Ok(Err(_)) | Err(_) => false,
        }
    }

    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    // rule: mcp-task-listen-agreed
    #[tokio::test(start_paused = true)]
    async fn only_an_acknowledgement_of_this_round_counts_and_only_what_it_names() {
        let tasks = WatchedTasks::default();
        let first = tasks.add("a");
        let asked = tasks.asked();
        let second = tasks.add("b");
        tasks.acknowledged(&asked, r#"{"notifications":{"taskIds":["a","c"]}}"#);
        assert!(tasks.agreed("a", first).await);
        let began = Instant::now();
        assert!(!tasks.agreed("b", second).await, "nothing was said of it");
        assert_eq!(began.elapsed(), AGREED_WITHIN);
        tasks.acknowledged(
            &tasks.asked(),
            r#"{"notifications":{"toolsListChanged":true}}"#,
        );
        assert!(!tasks.agreed("b", second).await);
        assert_eq!(began.elapsed(), AGREED_WITHIN, "a refusal is known at once");
    }

    #[test]
    fn what_nobody_watches_is_not_asked_for() {
        let tasks = WatchedTasks::default();
        tasks.add("a");
        assert!(tasks.remove("a") && !tasks.remove("a"));
        assert!(tasks.asked().ids.is_empty());
    }
}
