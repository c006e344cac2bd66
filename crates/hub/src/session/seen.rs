//! Who is connected, for an administrator to look at: the open sessions, without what opens them.
//!
//! Leaves out clients without a session (2026-07-28), which are there only as long as each of their requests.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mcp::Revision;

use super::hello::Named;
use super::{Session, Sessions};
use crate::access::Caller;
use crate::catalog::Endpoint;

/// One session as it stands.
#[derive(Debug)]
pub struct Seen {
    /// The beginning of the id, as logs have it. The whole id is a credential.
    // rule: safe-session-unseen -- the id of a session opens it, so that nobody is shown all of it.
    pub mark: String,
    pub client: Option<Named>,
    pub caller: Arc<Caller>,
    pub endpoint: Endpoint,
    pub revision: Revision,
    /// For how long it has been open here, and not been used.
    pub age: Duration,
    pub idle: Duration,
    /// Requests under way, and those of them that wait for a sign-in.
    pub calls: usize,
    pub waiting: usize,
}

impl Sessions {
    /// The sessions that were used last, at most so many of them, the newest first.
    #[must_use]
    pub fn seen(&self, most: usize) -> Vec<Seen> {
        let mut sessions = self.shared.sessions();
        let order = |session: &Arc<Session>| {
            let used = session.used.load(Ordering::Relaxed);
            std::cmp::Reverse((used, session.since, session.id.clone()))
        };
        sessions.sort_by_cached_key(order);
        sessions.truncate(most);
        let now = self.shared.now();
        sessions.iter().map(|session| session.seen(now)).collect()
    }
}

impl Session {
    fn seen(&self, now: u64) -> Seen {
        let since = |then: u64| Duration::from_secs(now.saturating_sub(then));
        Seen {
            mark: self.short_id().to_owned(),
            client: self.client.clone(),
            caller: self.caller.load_full(),
            endpoint: self.endpoint.clone(),
            revision: self.revision,
            age: since(self.since),
            idle: since(self.used.load(Ordering::Relaxed)),
            calls: self.calls().len(),
            waiting: Arc::strong_count(&self.waits) - 1,
        }
    }
}
