//! MCP sessions of clients: who opened one, what it can do, what is under way in it.
//!
//! MCP transports, "Session Management", and lifecycle, revisions 2024-11-05 to 2025-11-25, and requests without one (`stateless`). Leaves out HTTP (crate `web`). An idle
//! session is a few hundred bytes and no task.

mod aside;
mod asked;
mod callers;
mod exchange;
mod hello;
mod level;
mod lifetime;
mod live;
mod outbox;
mod outward;
mod passport;
mod pump;
mod receive;
mod refusal;
mod seen;
mod sign_in_wait;
mod stateless;
mod subscriptions;
mod tasks;
mod track;
mod tracks;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use dashmap::DashMap;
use mcp::Revision;
use mcp::capability::Abilities;
use mcp::message::Message;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::access::Caller;
use crate::activity::{Activity, By};
use crate::catalog::{Catalog, Endpoint, Nowhere, Scope};
use crate::chance;
use crate::upstream::Behalf;

pub use exchange::Exchange;
pub use hello::Named;
pub(crate) use passport::Passports;
pub use receive::Reply;
pub use seen::Seen;
pub use stateless::{Asked, Asker, Once, Subscription, Unasked};
pub use track::Listening;
pub use tracks::Resumed;

use asked::AskedOf;
use callers::Callers;
use level::{Level, SessionLevel};
use live::{Live, Most};
use outbox::Outbox;
use outward::Outward;
use subscriptions::Subscriptions;
use track::Whole;
use tracks::Tracks;

/// All sessions of a hub. A clone is the same one.
#[derive(Clone)]
pub struct Sessions {
    shared: Arc<Shared>,
}

struct Shared {
    catalog: Catalog,
    live: Live,
    passports: Passports,
    /// Where calls are written down when they end.
    activity: Activity,
    subscriptions: Subscriptions,
    tasks: tasks::Tasks,
    /// Requests of stateless clients that wait for an answer to a question of their server.
    waiting: stateless::Waiting,
    /// Calls that wait for a sign-in.
    sign_in_places: sign_in_wait::Places,
    /// The level that a server was asked for, for requests that ask for logs themselves.
    levels: DashMap<Box<str>, Level>,
    /// What is kept for clients that lost a stream.
    whole: Arc<Whole>,
    started: Instant,
    callers: Callers,
    /// Only this machine can reach us.
    loopback: AtomicBool,
    /// Ends the pump with the last clone.
    pump: CancellationToken,
    /// No answer is waited for any more.
    stops: AtomicBool,
}

/// One client's session at one endpoint.
pub struct Session {
    id: Box<str>,
    /// What follows in the id that the client has, and makes the session anew elsewhere.
    seal: Box<str>,
    /// Who opened it; nobody else may use it.
    identity: Box<str>,
    endpoint: Endpoint,
    revision: Revision,
    abilities: Abilities,
    /// What the client can do, as a server without a handshake hears it.
    capabilities: Arc<str>,
    /// As it calls itself.
    client: Option<Named>,
    caller: ArcSwap<Caller>,
    scope: ArcSwap<Scope>,
    level: SessionLevel,
    /// What the caller has under way, in all its sessions.
    of_caller: callers::Of,
    /// Requests under way, by the client's id.
    calls: Mutex<HashMap<Box<str>, CancellationToken>>,
    /// Requests of servers that this client has to answer, by their id.
    asked: Mutex<HashMap<Box<str>, AskedOf>>,
    outbox: Outbox,
    tracks: Tracks,
    outward: Outward,
    /// One for the session, and one for each of its calls that waits for a sign-in.
    waits: Arc<()>,
    /// Seconds after the start of the hub when it was opened here.
    since: u64,
    /// The same when it was used last.
    used: AtomicU64,
}

/// How much is under way. What a session waits for counts there, and again at its server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnderWay {
    pub calls: usize,
    /// Of servers to clients.
    pub questions: usize,
    /// Requests of clients without a session that were answered with a question.
    pub waiting: usize,
}

/// Why no session was opened or found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSession {
    #[error(transparent)]
    Nowhere(#[from] Nowhere),
    #[error("there is no such session; it ended or never was, so initialize again")]
    Unknown,
    #[error(
        "too many sessions are open, and in all of them something goes on; close some and try again"
    )]
    TooMany,
    #[error("initialize cannot be read: {0}")]
    Initialize(String),
}

const MOST_SESSIONS: Most = Most {
    of_all: 100_000,
    of_one: 20_000,
};
/// Requests under way in one session.
const MOST_CALLS: usize = 1_024;
/// 128 bits.
const ID_BYTES: usize = 16;
/// Stands between the random word of an id and what is sealed.
const SEAL: char = '.';

impl Sessions {
    /// Starts the task that passes on what servers tell outside of calls.
    pub(crate) fn start(catalog: Catalog, passports: Passports, activity: Activity) -> Self {
        Self::with_at_most(MOST_SESSIONS, catalog, (passports, activity))
    }

    fn with_at_most(
        most: Most,
        catalog: Catalog,
        (passports, activity): (Passports, Activity),
    ) -> Self {
        let shared = Arc::new(Shared {
            catalog,
            live: Live::new(most),
            passports,
            activity,
            subscriptions: Subscriptions::default(),
            tasks: tasks::Tasks::default(),
            waiting: stateless::Waiting::default(),
            sign_in_places: sign_in_wait::Places::default(),
            levels: DashMap::new(),
            whole: Arc::default(),
            started: Instant::now(),
            callers: Callers::default(),
            loopback: AtomicBool::new(false),
            pump: CancellationToken::new(),
            stops: AtomicBool::new(false),
        });
        tokio::spawn(pump::run(&shared));
        Self { shared }
    }

    /// Whether only this machine can reach us, which may open the door.
    pub fn listens(&self, loopback: bool) {
        self.shared.loopback.store(loopback, Ordering::Relaxed);
    }

    /// Opens a session for an `initialize` request, and answers it.
    // rule: mcp-transport-session-id
    pub async fn open(
        &self,
        endpoint: Endpoint,
        caller: &Caller,
        initialize: &Message,
    ) -> Result<(Arc<Session>, Message), NoSession> {
        let id: Box<str> = chance::token(ID_BYTES).into();
        let scope = self.shared.catalog.scope_of(&id, &endpoint, caller)?;
        let asked = hello::read(initialize).map_err(|e| NoSession::Initialize(e.to_string()))?;
        self.shared.make_room(caller.identity())?;
        let result = hello::answer(&self.shared.catalog, &scope, asked.revision).await;
        let seal = self.shared.passports.seal(&id, &asked, (&endpoint, caller));
        let session = self
            .shared
            .made((id, seal), asked, (endpoint, caller, scope));
        let session = Arc::new(session);
        self.shared
            .live
            .insert(session.id.clone(), Arc::clone(&session));
        // The settings may have changed while its server was waited for, and who looked then did not find this session.
        let scope = session.scope.load_full();
        if !self.shared.catalog.is_current(&scope, caller) && !self.shared.goes_on(&session) {
            return Err(NoSession::Unknown);
        }
        let id = initialize.id().unwrap_or("null");
        Ok((session, Message::success(id, &result)))
    }

    /// The session with this id, for the one who opened it, at the endpoint where it was opened.
    // rule: safe-w10
    pub fn find(
        &self,
        id: &str,
        endpoint: &Endpoint,
        caller: &Caller,
    ) -> Result<Arc<Session>, NoSession> {
        let (id, seal) = id.split_once(SEAL).unwrap_or((id, ""));
        let found = self.shared.live.get(id);
        let session = match found {
            Some(session) => Some(session)
                .filter(|s| *s.identity == *caller.identity() && s.endpoint == *endpoint)
                .filter(|s| *s.seal == *seal)
                .ok_or(NoSession::Unknown)?,
            None => self.shared.anew((id, seal), endpoint, caller)?,
        };
        session.used.store(self.shared.now(), Ordering::Relaxed);
        self.shared.refresh(&session, caller)?;
        Ok(session)
    }

    /// Whether there is anything at this endpoint for this caller, before a session is asked for.
    pub fn look(&self, endpoint: &Endpoint, caller: &Caller) -> Result<(), NoSession> {
        self.shared.catalog.scope(endpoint, caller)?;
        Ok(())
    }

    /// Ends a session: what is under way in it is cancelled, its streams end.
    pub fn close(&self, session: &Session) {
        self.shared.close(session);
    }

    /// How many calls wait for this account's sign-in.
    pub fn waiting_for(&self, account: &crate::sign_in::Account) -> usize {
        self.shared.sign_in_places.waiting_for(account)
    }

    /// How many sessions are open.
    pub fn count(&self) -> usize {
        self.shared.live.len()
    }

    /// How many calls wait for a sign-in to each server; servers that none waits for are not in it.
    pub fn waiting_for_sign_in(&self) -> BTreeMap<Box<str>, usize> {
        self.shared.sign_in_places.by_server()
    }

    /// What is under way, of everybody: a look from outside, to see that nothing stays behind.
    pub fn under_way(&self) -> UnderWay {
        let mut found = UnderWay {
            waiting: self.shared.waiting.count(),
            ..UnderWay::default()
        };
        for session in self.shared.sessions() {
            found.calls += session.calls().len();
            found.questions += session.asked().len();
        }
        let upstreams = self.shared.catalog.upstreams();
        for upstream in upstreams.all().into_iter().chain(upstreams.people()) {
            found.calls += upstream.calls_under_way();
            found.questions += upstream.open_questions();
        }
        found
    }

    /// The hub stops, and waits for no answer any more: whoever waits for one in a session is told so.
    pub fn give_up(&self) {
        self.shared.stops.store(true, Ordering::Relaxed);
        for session in self.shared.sessions() {
            for call in session.calls().values() {
                call.cancel();
            }
        }
    }

    /// Ends all sessions.
    pub fn shutdown(&self) {
        self.shared.pump.cancel();
        self.shared.waiting.clear();
        for session in self.shared.sessions() {
            self.shared.close(&session);
        }
    }
}

impl Session {
    /// The id as its client knows it.
    pub fn id(&self) -> String {
        if self.seal.is_empty() {
            return self.id.to_string();
        }
        format!("{}{SEAL}{}", self.id, self.seal)
    }

    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Opens a stream for what servers tell outside of calls. `None`: enough streams are open.
    pub fn listen(&self) -> Option<Listening> {
        self.outbox.listen(self.tracks.fresh(&self.identity))
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<Box<str>, CancellationToken>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked(&self) -> MutexGuard<'_, HashMap<Box<str>, AskedOf>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a server without a handshake hears of this client with each request.
    fn behalf(&self) -> Behalf {
        Behalf {
            capabilities: Arc::clone(&self.capabilities),
            log_level: self.level.wanted().map(Level::name),
            stateless: !self.revision.has_handshake(),
        }
    }

    /// For whom its calls are made.
    fn by(&self) -> By {
        By {
            who: self.caller.load().who(),
            client: self.client.as_ref().map(|client| Arc::clone(&client.name)),
            group: self.scope.load().shape().group.clone(),
        }
    }

    /// Whether what this upstream tells is for this session.
    // rule: at-37
    fn sees(&self, key: &str) -> bool {
        self.scope.load().hears(key)
    }
}

impl Shared {
    fn now(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    fn sessions(&self) -> Vec<Arc<Session>> {
        self.live.all()
    }

    /// The most talkative level that any session wants of this server.
    fn wanted_level(&self, server: &str) -> Option<Level> {
        let seeing = self
            .sessions()
            .into_iter()
            .filter(|session| session.sees(server));
        let of_requests = self.levels.get(server).map(|level| *level);
        let of_sessions = seeing.filter_map(|session| session.level.wanted());
        of_sessions.chain(of_requests).min()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.pump.cancel();
    }
}
