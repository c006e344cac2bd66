//! All upstreams of a hub, kept in step with the settings: what changed is started, stopped or connected afresh, the rest does not
//! notice.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
    time::Duration,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use dashmap::DashMap;
use settings::Settings;
use tokio::{
    runtime::Handle,
    sync::{broadcast, mpsc, watch},
};

pub use super::people::NotServed;
use super::{
    Change, Event, Outside, State, Upstream,
    log::Log,
    people::{self, Apart},
    running::{Running, Told},
    shared::Shared,
    wanted::{self, Wanted},
};
use crate::measure::{ByServer, Took};
use crate::sign_in::{self, Account, SignIns};

/// All upstreams of a hub, kept in step with the settings. A clone is the same one.
#[derive(Clone)]
pub struct Upstreams {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) running: ArcSwap<Set>,
    /// One upstream for each user or session that wanted one of a server where each has its own, by key.
    pub(super) people: DashMap<Arc<str>, Upstream>,
    /// One change of the set at a time.
    pub(super) changing: Mutex<()>,
    events: broadcast::Sender<(Arc<str>, Event)>,
    changes: broadcast::Sender<Change>,
    ids: Arc<AtomicU64>,
    took: ByServer<Took>,
    /// The time for a call where the settings give none.
    usual: Duration,
    pub(super) outside: Outside,
    /// Where upstreams live, whoever wants one first: the event loop of a client's connection ends before they do.
    pub(super) home: Handle,
}

/// The upstreams of one moment, in the order of the settings; found by name at the same cost however many there are.
#[derive(Default)]
pub(super) struct Set {
    /// The servers that are reached as a user or for a session, and who is a user.
    pub(super) apart: Apart,
    ordered: Vec<Upstream>,
    places: HashMap<Arc<str>, usize>,
}

impl Set {
    fn of(ordered: Vec<Upstream>, apart: Apart) -> Self {
        let names = ordered.iter().map(|upstream| upstream.shared.name.clone());
        let places = names.zip(0..).collect();
        Self {
            apart,
            ordered,
            places,
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Upstream> {
        self.ordered.get(*self.places.get(name)?)
    }
}

/// Events that a slow receiver may fall behind.
const BACKLOG: usize = 1_024;
/// Things that are told to one upstream and not yet heard.
const INBOX: usize = 64;

impl Upstreams {
    /// Starts what the settings want, and follows them, and the sign-ins, until `stop`.
    pub fn start(outside: Outside, settings: watch::Receiver<Arc<Settings>>) -> Self {
        let (events, _) = broadcast::channel(BACKLOG);
        let sign_ins = outside.sign_ins.events();
        let inner = Inner {
            running: ArcSwap::default(),
            people: DashMap::new(),
            changing: Mutex::new(()),
            events,
            changes: broadcast::Sender::new(BACKLOG),
            ids: Arc::default(),
            took: ByServer::default(),
            usual: wanted::usual_timeout(&outside.environment),
            outside,
            home: Handle::current(),
        };
        let upstreams = Self {
            inner: Arc::new(inner),
        };
        // Everything is new, so there is nobody to tell.
        drop(upstreams.follow(&settings.borrow()));
        let weak = Arc::downgrade(&upstreams.inner);
        let still = move || weak.upgrade().map(|inner| Self { inner });
        tokio::spawn(follow_settings(settings, still.clone()));
        tokio::spawn(people::close_idle(still.clone()));
        tokio::spawn(follow_sign_ins(sign_ins, still));
        upstreams
    }

    pub(crate) fn sign_ins(&self) -> &SignIns {
        &self.inner.outside.sign_ins
    }

    /// What happens outside of calls at any of them, also at those that come later, with the server's name. A slow receiver
    /// loses the oldest.
    pub fn events(&self) -> broadcast::Receiver<(Arc<str>, Event)> {
        self.inner.events.subscribe()
    }

    /// What pages show of them and is no longer so. A slow receiver loses the oldest, and then looks at everything anew.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.inner.changes.subscribe()
    }

    /// By its key: the name of a server, or what an event says of the upstream of one user.
    pub fn get(&self, key: &str) -> Option<Upstream> {
        let shared = self.inner.running.load().get(key).cloned();
        shared.or_else(|| self.inner.people.get(key).map(|of_user| of_user.clone()))
    }

    /// All that users share, in the order of the settings; also those that are switched off.
    pub fn all(&self) -> Vec<Upstream> {
        self.inner.running.load().ordered.clone()
    }

    /// How long tool calls took, by server.
    pub fn took(&self, settings: &Settings) -> Vec<(Arc<str>, Arc<Took>)> {
        self.inner.took.all(|name| settings.server(name).is_some())
    }

    /// Connects afresh, as a person asked. False: there is no server of that name.
    pub async fn reload(&self, name: &str) -> bool {
        let Some(upstream) = self.get(name) else {
            return false;
        };
        upstream.shared.tell(Told::Reload).await;
        for upstream in self.people() {
            if upstream.name() == name {
                upstream.shared.tell(Told::Reload).await;
            }
        }
        true
    }

    /// Ends all connections; processes are stopped and sessions said good-bye to by tasks of the tracker.
    pub async fn stop(&self) {
        let running = {
            let _one_at_a_time = self
                .inner
                .changing
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            self.inner.running.swap(Arc::default())
        };
        for upstream in running.ordered.iter().chain(&self.people()) {
            upstream.shared.tell(Told::Stop).await;
        }
    }

    /// Brings the set in step. Nothing here waits for an upstream.
    fn follow(&self, settings: &Settings) -> Vec<(Upstream, Told)> {
        let _one_at_a_time = self
            .inner
            .changing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = self.inner.running.load_full();
        let mut after = Vec::with_capacity(settings.servers.len());
        let mut news = Vec::new();
        for server in &settings.servers {
            let mut wanted = Wanted::of(server, self.inner.usual);
            if people::is_per_user(server) {
                wanted = wanted.of_nobody();
            }
            let upstream = match before.get(&server.name) {
                Some(upstream) => {
                    news.push((upstream.clone(), Told::Settings(Box::new(wanted))));
                    upstream.clone()
                }
                None => self.begin(Account::shared(&server.name), None, (&server.name, wanted)),
            };
            after.push(upstream);
        }
        let gone = before
            .ordered
            .iter()
            .filter(|upstream| settings.server(upstream.name()).is_none());
        news.extend(gone.map(|upstream| (upstream.clone(), Told::Stop)));
        let apart = Apart::of(settings, self.inner.usual);
        news.extend(self.follow_people(&apart));
        self.inner.running.store(Arc::new(Set::of(after, apart)));
        news
    }

    pub(super) fn begin(
        &self,
        account: Account,
        session: Option<&str>,
        (key, wanted): (&str, Wanted),
    ) -> Upstream {
        let name: Arc<str> = (*account.server).into();
        let (inbox, told) = mpsc::channel(INBOX);
        let outside = self.inner.outside.clone();
        let shared = Arc::new(Shared {
            name: name.clone(),
            key: key.into(),
            account,
            session: session.map(Box::from),
            used: Mutex::new(outside.clock.now()),
            busy: Arc::default(),
            calls: AtomicU64::new(0),
            took: self.inner.took.of(&name),
            state: watch::Sender::new(State::Disabled),
            link: ArcSwapOption::empty(),
            hello: ArcSwapOption::empty(),
            carrier: ArcSwapOption::empty(),
            catalog: ArcSwap::default(),
            limits: ArcSwap::from_pointee(wanted.limits),
            passed_on: ArcSwap::from_pointee(wanted.passed_on.clone()),
            events: self.inner.events.clone(),
            changes: self.inner.changes.clone(),
            sign_ins: outside.sign_ins.clone(),
            log: Log::new(name, outside.clock.clone()),
            changed: super::shared::Changed::default(),
            watched: super::hearing::Watched::default(),
            shakes_hands: std::sync::atomic::AtomicBool::new(false),
            ids: self.inner.ids.clone(),
            asked: dashmap::DashMap::new(),
            inbox,
        });
        let mut running = Running::new(shared.clone(), outside.clone(), told, wanted);
        running.begin();
        outside.tracker.spawn_on(running.run(), &self.inner.home);
        Upstream { shared }
    }
}

async fn follow_settings(
    mut settings: watch::Receiver<Arc<Settings>>,
    still: impl Fn() -> Option<Upstreams>,
) {
    while settings.changed().await.is_ok() {
        let now = settings.borrow_and_update().clone();
        let Some(upstreams) = still() else { return };
        for (upstream, told) in upstreams.follow(&now) {
            upstream.shared.tell(told).await;
        }
    }
}

async fn follow_sign_ins(
    mut events: broadcast::Receiver<sign_in::Event>,
    still: impl Fn() -> Option<Upstreams>,
) {
    loop {
        let account = match events.recv().await {
            Ok(sign_in::Event::SignedIn(account) | sign_in::Event::SignedOut(account)) => {
                Some(account)
            }
            // Whoever meets it finds out by itself.
            Ok(sign_in::Event::Needed(_)) => continue,
            // Some were lost: all are worth another attempt.
            Err(broadcast::error::RecvError::Lagged(_)) => None,
            Err(broadcast::error::RecvError::Closed) => return,
        };
        let Some(upstreams) = still() else { return };
        for upstream in upstreams.all().into_iter().chain(upstreams.people()) {
            if account.as_ref().is_none_or(|of| of == upstream.account()) {
                upstream.shared.tell(Told::GrantChanged).await;
            }
        }
    }
}
