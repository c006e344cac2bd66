//! While a connection rests: whether somebody still uses a server that is started on demand, and signs of life of one over HTTP.
//!
//! MCP base protocol, utilities, "Ping". The revision without a handshake has no ping.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures::FutureExt;
use mcp::method;
use tokio::time::{Instant, timeout};

use super::Running;
use crate::upstream::{Trouble, lifecycle::Event, outgoing::Refused};

/// What is to be looked at, and when.
#[derive(Default)]
pub(super) struct Rest {
    pub(super) look: Option<Instant>,
    /// Nobody has called since then.
    quiet_since: Option<Instant>,
    /// The calls that had begun then.
    calls: u64,
    pub(super) ping: Option<Instant>,
}

/// A server is looked at so often until its time is over.
const LOOKS: u32 = 4;
const SHORTEST_LOOK: Duration = Duration::from_millis(10);

impl Running {
    /// From now on, with the settings as they are.
    pub(super) fn begin_rest(&mut self) {
        self.rest = Rest::default();
        if !self.is_ready() {
            return;
        }
        self.rest.calls = self.shared.calls.load(Ordering::Relaxed);
        self.rest.quiet_since = Some(Instant::now());
        self.look_later();
        self.ping_later();
    }

    fn look_later(&mut self) {
        let wait = |idle: Duration| Instant::now() + (idle / LOOKS).max(SHORTEST_LOOK);
        self.rest.look = self.wanted.on_demand.map(wait);
    }

    /// A call that begins between this look and the end of the process finishes over the old connection, or is sent over a new one.
    pub(super) fn look(&mut self) {
        let Some(idle) = self.wanted.on_demand else {
            self.rest.look = None;
            return;
        };
        let (now, calls) = (Instant::now(), self.shared.calls.load(Ordering::Relaxed));
        let busy = Arc::strong_count(&self.shared.busy) > 1 || !self.shared.asked.is_empty();
        let quiet_since = self.rest.quiet_since.get_or_insert(now);
        if busy || calls != self.rest.calls {
            *quiet_since = now;
            self.rest.calls = calls;
        } else if now.duration_since(*quiet_since) >= idle {
            return self.happened(Event::Idle);
        }
        self.look_later();
    }

    fn ping_later(&mut self) {
        let link = self.shared.link.load();
        let shakes_hands = link.as_ref().is_some_and(|link| link.stateless().is_none());
        let interval = self.wanted.keep_alive.filter(|_| shakes_hands);
        self.rest.ping = interval.map(|interval| Instant::now() + interval);
    }

    // rule: mcp-ping -- either side may ask for a sign of life; where none comes in time, the connection is lost.
    pub(super) fn ping(&mut self) {
        self.rest.ping = None;
        let Some(link) = self.shared.link.load_full() else {
            return;
        };
        let (shared, after) = (self.shared.clone(), self.wanted.limits.timeout);
        let asking = async move {
            let late = |_| {
                Refused::Unsent(Trouble::CutOff {
                    what: "ping",
                    after,
                })
            };
            let asked = timeout(after, shared.ask(&link, method::PING, None)).await;
            asked.map_err(late)?.map(drop)
        };
        self.pinging = Some(asking.boxed());
    }

    pub(super) fn pinged(&mut self, outcome: Result<(), Refused>) {
        match outcome {
            Ok(()) => self.ping_later(),
            // Somebody is there who does not know what a ping is.
            Err(Refused::Failed(
                Trouble::Status {
                    status: 400..=499, ..
                }
                | Trouble::ContentType { .. }
                | Trouble::Unanswered,
            )) => self.ping_later(),
            // Nothing was done, and a new connection shows more.
            Err(Refused::Failed(trouble)) => self.happened(Event::Lost(trouble)),
            Err(refused) => self.refused(refused, "no sign of life"),
        }
    }
}
