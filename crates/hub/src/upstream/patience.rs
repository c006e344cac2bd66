//! How long a call waits: for the next sign of its server, and in all.
//!
//! MCP base protocol, "Timeouts": progress may give more time, a maximum holds regardless.

use std::time::Duration;

use tokio::time::Instant;

use super::{CallError, Shared, wanted::Limits};

/// How long a call waits.
pub(super) struct Patience {
    began: Instant,
    limits: Limits,
    quiet_until: Instant,
    total_until: Option<Instant>,
}

impl Patience {
    pub(super) fn new(limits: Limits) -> Self {
        let now = Instant::now();
        Self {
            began: now,
            limits,
            quiet_until: now + limits.timeout,
            total_until: limits.total.map(|total| now + total),
        }
    }

    /// How long the call has been under way.
    pub(super) fn age(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn until(&self) -> Instant {
        self.total_until
            .map_or(self.quiet_until, |total| total.min(self.quiet_until))
    }

    pub(super) fn progress(&mut self) {
        if self.limits.reset_on_progress {
            self.quiet_until = Instant::now() + self.limits.timeout;
        }
    }

    /// False: the time for the whole call is over.
    pub(super) fn extend(&mut self) -> bool {
        self.quiet_until = Instant::now() + self.limits.timeout;
        self.until() > Instant::now()
    }

    pub(super) fn over(&self, shared: &Shared) -> CallError {
        let whole = self
            .total_until
            .is_some_and(|total| total <= Instant::now());
        let (after, setting) = match self.limits.total.filter(|_| whole) {
            Some(total) => (total, "options.maxTotalTimeout"),
            None => (self.limits.timeout, "options.timeout"),
        };
        CallError::Timeout {
            server: shared.name.clone(),
            after,
            setting,
        }
    }
}
