//! The task of one upstream: hears what happens, asks the lifecycle, and does what it says. It owns the attempt and the connection;
//! it waits for neither, so a server that hangs holds up nothing, not even its own reload.

mod rest;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures::{
    FutureExt,
    future::{BoxFuture, OptionFuture},
};
use mcp::merge::Listing;
use settings::Transport;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use rest::Rest;

use super::{
    Event as Heard, Listed, Outside, Piece, Shared, State, Trouble,
    connect::{Attempt, Connected},
    lifecycle::{Action, Event, Lifecycle},
    listing,
    outgoing::Refused,
    wanted::{self, Wanted},
};
use crate::sign_in::Needed;

/// What the task is told.
pub(super) enum Told {
    Settings(Box<Wanted>),
    Reload,
    /// A sign-in was completed or given up.
    GrantChanged,
    /// A call would like a back-off to end.
    Wanted,
    SignInNeeded {
        generation: u64,
        needed: Needed,
    },
    SessionGone {
        generation: u64,
    },
    Lost {
        generation: u64,
        trouble: Trouble,
    },
    /// Answered when everything before it is done.
    Echo(tokio::sync::oneshot::Sender<()>),
    Stop,
}

pub(super) struct Running {
    shared: Arc<Shared>,
    outside: Outside,
    inbox: mpsc::Receiver<Told>,
    tracker: TaskTracker,
    wanted: Wanted,
    life: Lifecycle,
    generation: u64,
    attempt: Option<BoxFuture<'static, Result<Connected, Refused>>>,
    relisting: Option<BoxFuture<'static, Result<Listed, Refused>>>,
    wake: Option<Instant>,
    rest: Rest,
    pinging: Option<BoxFuture<'static, Result<(), Refused>>>,
    /// Ends what is left of earlier connections.
    ended: CancellationToken,
    /// Keeps the connection's tasks running.
    open: Option<DropGuard>,
    /// Whether a sign-in was looked for, since the settings changed.
    prepared: bool,
}

/// What came of waiting.
enum News {
    Told(Option<Told>),
    Attempted(Box<Result<Connected, Refused>>),
    Relisted(Result<Listed, Refused>),
    ListsChanged,
    Due,
    Look,
    PingDue,
    Pinged(Result<(), Refused>),
}

// rule: safe-b05
/// An attempt to reach a server over the network is cut off after this long.
const CUT_OFF: Duration = Duration::from_secs(15);
/// The same for a process: its first start may have to download a package, and ending it would begin the download anew.
const CUT_OFF_PROCESS: Duration = Duration::from_secs(300);

/// Calls over a connection that was given up are waited for so long.
const LONGEST_REST: Duration = Duration::from_secs(10 * 60);

fn cut_off(transport: &Transport) -> Duration {
    match transport {
        Transport::Http { .. } => CUT_OFF,
        Transport::Stdio { .. } => CUT_OFF_PROCESS,
    }
}

impl Running {
    pub(super) fn new(
        shared: Arc<Shared>,
        outside: Outside,
        inbox: mpsc::Receiver<Told>,
        wanted: Wanted,
    ) -> Self {
        let tracker = outside.tracker.clone();
        Self {
            shared,
            outside,
            inbox,
            tracker,
            wanted,
            life: Lifecycle::new(),
            generation: 0,
            attempt: None,
            relisting: None,
            wake: None,
            rest: Rest::default(),
            pinging: None,
            ended: CancellationToken::new(),
            open: None,
            prepared: false,
        }
    }

    /// The first step, before anybody can look: a server that is wanted is never seen as switched off.
    pub(super) fn begin(&mut self) {
        self.follow_settings();
    }

    pub(super) async fn run(mut self) {
        loop {
            match self.news().await {
                News::Told(None | Some(Told::Stop)) => break,
                News::Told(Some(told)) => self.told(told),
                News::Attempted(outcome) => self.attempted(*outcome),
                News::Relisted(outcome) => self.relisted(outcome),
                News::ListsChanged => self.relist(),
                News::Due => self.happened(Event::Due),
                News::Look => self.look(),
                News::PingDue => self.ping(),
                News::Pinged(outcome) => self.pinged(outcome),
            }
        }
        self.ended.cancel();
        self.happened(Event::Disabled);
    }

    async fn news(&mut self) -> News {
        let due = OptionFuture::from(self.wake.map(sleep_until));
        let look = OptionFuture::from(self.rest.look.map(sleep_until));
        let ping_due = OptionFuture::from(self.rest.ping.map(sleep_until));
        let may_relist = self.relisting.is_none() && self.open.is_some();
        tokio::select! {
            told = self.inbox.recv() => News::Told(told),
            Some(outcome) = OptionFuture::from(self.attempt.as_mut()) => {
                self.attempt = None;
                News::Attempted(Box::new(outcome))
            }
            Some(outcome) = OptionFuture::from(self.relisting.as_mut()) => {
                self.relisting = None;
                News::Relisted(outcome)
            }
            Some(outcome) = OptionFuture::from(self.pinging.as_mut()) => {
                self.pinging = None;
                News::Pinged(outcome)
            }
            Some(()) = look => News::Look,
            Some(()) = ping_due => News::PingDue,
            () = self.shared.changed.bell.notified(), if may_relist => News::ListsChanged,
            Some(()) = due => {
                self.wake = None;
                News::Due
            }
        }
    }

    fn told(&mut self, told: Told) {
        let current = self.generation;
        match told {
            Told::Settings(wanted) => {
                let stays = wanted.connects_like(&self.wanted);
                self.wanted = *wanted;
                self.renew_terms();
                if stays {
                    self.begin_rest();
                } else {
                    self.follow_settings();
                }
            }
            Told::Reload => self.happened(Event::Reload),
            Told::GrantChanged => self.happened(Event::GrantChanged),
            Told::Wanted => self.happened(Event::Wanted),
            Told::SignInNeeded { generation, needed } if generation == current => {
                self.happened(Event::SignInNeeded(needed))
            }
            Told::SessionGone { generation } if generation == current => {
                self.happened(Event::SessionGone)
            }
            Told::Lost {
                generation,
                trouble,
            } if generation == current => self.happened(Event::Lost(trouble)),
            // News of a connection that was given up meanwhile.
            Told::SignInNeeded { .. } | Told::SessionGone { .. } | Told::Lost { .. } => {}
            // Who asked may have left.
            Told::Echo(answer) => drop(answer.send(())),
            // Handled where the loop ends.
            Told::Stop => {}
        }
    }

    /// What counts from the next call on.
    fn renew_terms(&self) {
        self.shared.limits.store(Arc::new(self.wanted.limits));
        self.shared
            .passed_on
            .store(Arc::new(self.wanted.passed_on.clone()));
    }

    fn is_ready(&self) -> bool {
        self.open.is_some()
    }

    fn follow_settings(&mut self) {
        self.prepared = false;
        self.shared.shakes_hands.store(false, Ordering::Relaxed);
        self.shared.carrier.store(None);
        let event = match &self.wanted.transport {
            _ if !self.wanted.enabled => Event::Disabled,
            Err(problem) => Event::Unusable(wanted::trouble(problem)),
            Ok(_) if self.wanted.on_demand.is_some() => Event::OnDemand,
            Ok(_) => Event::Enabled,
        };
        self.happened(event);
    }

    /// The one place where the state changes.
    fn happened(&mut self, event: Event) {
        let life = std::mem::replace(&mut self.life, Lifecycle::new());
        let (life, actions) = life.step(event, self.outside.clock.now());
        self.life = life;
        for action in actions {
            match action {
                Action::Connect => self.connect(),
                Action::Disconnect => self.disconnect(),
                Action::Wake(at) => {
                    let wait = at
                        .duration_since(self.outside.clock.now())
                        .unwrap_or_default();
                    self.wake = Some(Instant::now() + self.outside.clock.wait_for(wait));
                }
            }
        }
        self.publish();
    }

    fn publish(&self) {
        let state = self.life.state.clone();
        match &state {
            State::Ready => tracing::info!(server = %self.shared.name, "connected"),
            State::NeedsSignIn { why } => {
                tracing::info!(server = %self.shared.name, "needs a sign-in: {}", why.reason)
            }
            State::BackingOff { error, .. } | State::Broken { error } => {
                tracing::warn!(server = %self.shared.name, "{}", error.explain());
            }
            State::Disabled | State::Asleep | State::Connecting { .. } => {}
        }
        self.shared.state.send_replace(state);
        self.shared.show(Piece::State);
    }

    fn connect(&mut self) {
        // Broken settings are never connected to.
        let Ok(transport) = self.wanted.transport.clone() else {
            return;
        };
        self.generation += 1;
        self.wake = None;
        let after = cut_off(&transport);
        let attempt = Attempt {
            shared: self.shared.clone(),
            outside: self.outside.clone(),
            transport,
            limits: self.wanted.limits,
            way: self.wanted.way.clone(),
            generation: self.generation,
            tracker: self.tracker.clone(),
        };
        self.attempt = Some(
            async move {
                let late = |_| {
                    Refused::Failed(Trouble::CutOff {
                        what: "initialize and the first lists",
                        after,
                    })
                };
                timeout(after, attempt.run()).await.map_err(late)?
            }
            .boxed(),
        );
    }

    /// Calls that are under way finish over the connection that they began on, unless the server is not wanted at all.
    fn disconnect(&mut self) {
        let link = self.shared.link.swap(None);
        let is_wanted = !matches!(self.life.state, State::Disabled);
        if let (Some(link), Some(open), true) = (link, self.open.take(), is_wanted) {
            let ended = self.ended.clone();
            self.tracker.spawn(async move {
                let drained = ended.run_until_cancelled(link.drained());
                // Either way it is the end.
                drop(timeout(LONGEST_REST, drained).await);
                drop(open);
            });
        }
        self.attempt = None;
        self.relisting = None;
        self.pinging = None;
        self.wake = None;
        self.open = None;
        self.rest = Rest::default();
        self.shared.watched.clear();
    }

    fn attempted(&mut self, outcome: Result<Connected, Refused>) {
        let connected = match outcome {
            Ok(connected) => connected,
            Err(Refused::NeedsSignIn(needed) | Refused::NeedsScopes(needed)) => {
                return self.happened(Event::SignInNeeded(needed));
            }
            Err(refused @ (Refused::SessionGone | Refused::Unsent(_) | Refused::Failed(_))) => {
                return self.happened(Event::Failed(refused.into_trouble()));
            }
        };
        self.open = Some(connected.open);
        self.shared.hello.store(Some(Arc::new(connected.hello)));
        let carrier = connected.link.carrier();
        self.shared.carrier.store(Some(Arc::new(carrier)));
        let changes = self.take_lists(connected.listed);
        self.shared.link.store(Some(Arc::new(connected.link)));
        self.happened(Event::Connected);
        self.begin_rest();
        self.prepare();
        self.shared.announce(Heard::Connected);
        self.announce(changes);
    }

    /// A server that lets everybody in may offer a sign-in all the same, and its client may be wanted.
    fn prepare(&mut self) {
        let over_http = matches!(self.wanted.transport, Ok(Transport::Http { .. }));
        if over_http && !std::mem::replace(&mut self.prepared, true) {
            let sign_ins = self.outside.sign_ins.clone();
            let account = self.shared.account.clone();
            // Nobody waits for it, not even the end of the hub.
            tokio::spawn(async move { sign_ins.prepare(&account).await });
        }
    }

    /// Takes new lists and says which are different from the old ones.
    fn take_lists(&self, listed: Listed) -> Vec<Listing> {
        let listed = Arc::new(listed);
        let before = self.shared.catalog.swap(listed.clone());
        listed.changes(&before).collect()
    }

    fn announce(&self, changes: Vec<Listing>) {
        for listing in changes {
            self.shared.announce(Heard::ListChanged(listing));
            self.shared.show(Piece::List(listing));
        }
    }

    /// Reads the lists that changed; what rings meanwhile is read after that.
    fn relist(&mut self) {
        let which = self.shared.changed.take();
        let (Some(link), Some(hello)) =
            (self.shared.link.load_full(), self.shared.hello.load_full())
        else {
            return;
        };
        if which.is_empty() {
            return;
        }
        let shared = self.shared.clone();
        let limit = self.wanted.limits.timeout;
        self.relisting = Some(
            async move {
                let before = shared.catalog.load_full();
                let reading = listing::read(&shared, &link, &hello.offers, &which, &before);
                let late = |_| {
                    Refused::Failed(Trouble::CutOff {
                        what: "the changed lists",
                        after: limit,
                    })
                };
                timeout(limit, reading).await.map_err(late)?
            }
            .boxed(),
        );
    }

    /// A refusal of a list in the background counts like any other.
    // rule: mcp-auth-401-any-time
    fn relisted(&mut self, outcome: Result<Listed, Refused>) {
        match outcome {
            Ok(listed) => {
                let changes = self.take_lists(listed);
                self.announce(changes);
            }
            Err(refused) => self.refused(refused, "the lists stay as they were"),
        }
    }

    /// What an answer to the hub's own request in the background means.
    fn refused(&mut self, refused: Refused, otherwise: &str) {
        match refused {
            Refused::NeedsSignIn(needed) | Refused::NeedsScopes(needed) => {
                self.happened(Event::SignInNeeded(needed));
            }
            Refused::SessionGone => self.happened(Event::SessionGone),
            Refused::Failed(trouble @ Trouble::SignIn { .. }) | Refused::Unsent(trouble) => {
                self.happened(Event::Lost(trouble))
            }
            Refused::Failed(trouble) => self
                .shared
                .log
                .note(&format!("{otherwise}: {}", trouble.explain())),
        }
    }
}
