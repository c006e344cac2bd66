//! All that the practice world remembers, behind one lock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::authorization_server::client::Clients;
use crate::authorization_server::device::Devices;
use crate::authorization_server::grants::Grants;
use crate::authorization_server::page::Waiting;
use crate::choices::Placement;
use crate::clock::Clock;
use crate::mcp_server::sessions::Sessions;
use crate::proof::Proofs;
use crate::seen::{Counts, Seen};
use crate::switches::Switches;
use crate::trouble::{Endpoint, Fault};

/// Requests kept for assertions; older ones are forgotten, the counts are not.
const KEPT: usize = 10_000;

/// What both origins and the handle share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) stop: CancellationToken,
    state: Mutex<State>,
    /// Ticks whenever a count may have changed.
    pub(crate) changed: watch::Sender<u64>,
    cut: Mutex<CancellationToken>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) switches: Switches,
    pub(crate) origins: Origins,
    pub(crate) clock: Clock,
    pub(crate) clients: Clients,
    pub(crate) grants: Grants,
    pub(crate) waiting: Waiting,
    pub(crate) devices: Devices,
    pub(crate) sessions: Sessions,
    pub(crate) counts: Counts,
    /// `jti` of client assertions that came.
    pub(crate) assertions: BTreeSet<String>,
    /// Words about a person that nobody has shown yet.
    pub(crate) words: BTreeSet<String>,
    pub(crate) proofs: Proofs,
    pub(crate) holds: BTreeMap<Endpoint, watch::Receiver<()>>,
    seen: VecDeque<Seen>,
    forgotten: u64,
}

/// The two origins as text, without a slash at the end.
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    pub(crate) authorization_server: String,
    pub(crate) mcp_server: String,
}

impl Shared {
    pub(crate) fn new(origins: Origins, switches: Switches) -> Self {
        let stop = CancellationToken::new();
        let state = State {
            switches,
            origins,
            clock: Clock::start(),
            clients: Clients::default(),
            grants: Grants::default(),
            waiting: Waiting::default(),
            devices: Devices::default(),
            sessions: Sessions::default(),
            counts: Counts::default(),
            assertions: BTreeSet::new(),
            words: BTreeSet::new(),
            proofs: Proofs::default(),
            holds: BTreeMap::new(),
            seen: VecDeque::new(),
            forgotten: 0,
        };
        Self {
            cut: Mutex::new(stop.child_token()),
            stop,
            state: Mutex::new(state),
            changed: watch::Sender::new(0),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cancelled when live connections are to be closed.
    pub(crate) fn cut(&self) -> CancellationToken {
        self.cut
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn cut_connections(&self) {
        let mut cut = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *cut, self.stop.child_token());
        before.cancel();
    }

    pub(crate) fn tick(&self) {
        self.changed.send_modify(|ticks| *ticks += 1);
    }
}

impl State {
    /// The MCP endpoint, which is also the resource and the audience of its tokens.
    pub(crate) fn mcp_url(&self) -> String {
        format!("{}/mcp", self.origins.mcp_server)
    }

    /// Origin of the authorization server, as placed by the switch.
    pub(crate) fn server_origin(&self) -> &str {
        match self.switches.placement {
            Placement::TwoOrigins => &self.origins.authorization_server,
            Placement::SameOrigin => &self.origins.mcp_server,
        }
    }

    pub(crate) fn issuer(&self) -> String {
        format!("{}{}", self.server_origin(), self.switches.issuer_path)
    }

    /// The resource that the protected resource metadata names.
    pub(crate) fn resource(&self) -> String {
        self.switches
            .published_resource
            .clone()
            .unwrap_or_else(|| self.mcp_url())
    }

    /// Remembers a request and gives it a number.
    pub(crate) fn record(&mut self, seen: Seen) -> u64 {
        *self.counts.requests.entry(seen.endpoint).or_default() += 1;
        if self.seen.len() == KEPT {
            self.seen.pop_front();
            self.forgotten += 1;
        }
        self.seen.push_back(seen);
        self.forgotten + self.seen.len() as u64 - 1
    }

    pub(crate) fn answered(&mut self, number: u64, status: u16) {
        if let Some(seen) = self.numbered(number) {
            seen.status = Some(status);
        }
    }

    pub(crate) fn met(&mut self, number: u64, fault: Option<Fault>) {
        if let Some(seen) = self.numbered(number) {
            seen.fault = fault;
        }
    }

    fn numbered(&mut self, number: u64) -> Option<&mut Seen> {
        let place = number.checked_sub(self.forgotten)?;
        self.seen.get_mut(usize::try_from(place).ok()?)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.iter().cloned().collect()
    }
}
