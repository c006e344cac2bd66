//! What is remembered of one server's sign-in while the hub runs; everything that must survive is in the settings file.

use std::sync::{Arc, Mutex as SyncMutex, PoisonError, Weak};
use std::time::SystemTime;

use oauth::scope::StepUps;
use oauth::{Challenge, Client};
use settings::{OAuth, Settings};
use tokio::sync::{Mutex, watch};

use super::Account;
use super::awaited::Told;
use super::lock::ProcessLock;
use super::record::{self, Kept, Typing, Waiting};
use super::view::State;
use crate::cause::Cause;

/// One server's desk.
#[derive(Default)]
pub(super) struct Desk {
    /// One journey, callback or sign-out at a time.
    pub(super) flow: Mutex<()>,
    /// One registration at a time, of all users of a server.
    pub(super) registering: Mutex<()>,
    /// One renewal at a time. Taken before `flow`, never after it.
    pub(super) renewal: Mutex<()>,
    /// Told of each token that replaces an older one.
    pub(super) replaced: watch::Sender<()>,
    memory: SyncMutex<Memory>,
}

#[derive(Default)]
pub(super) struct Memory {
    /// The address of the server that all of this is about.
    pub(super) url: String,
    pub(super) standing: Option<Standing>,
    /// The last challenge that was met, for a sign-in that a person starts.
    pub(super) challenge: Option<Challenge>,
    pub(super) step_ups: StepUps,
    pub(super) failing: Option<Failing>,
    /// Answers to a refresh in a row that say nothing for sure.
    pub(super) doubts: u32,
    /// A renewal that a 401 forced, and the mark of the token that it brought, until the server took that token once.
    pub(super) forced: Option<(SystemTime, String)>,
    pub(super) registered: Option<Registered>,
    /// The authorization server that would sign somebody in, although no token is demanded.
    pub(super) offered: Option<String>,
    /// The authorization server that was found last.
    pub(super) found: Option<String>,
    /// The authorization server did not take our document as a client; it is not offered again.
    pub(super) document_refused: bool,
    /// The sign-in whose code a task of ours asks about.
    pub(super) asking: Option<String>,
    /// The sign-in that whoever started the hub was told of.
    pub(super) told: Option<Told>,
    /// A person signed out, and nobody signed in since.
    pub(super) signed_out: bool,
    /// What could not be written into the settings file.
    pub(super) unsaved: Unsaved,
    /// Held as long as a renewed pair is known to this process alone: the file still says the one that is spent.
    pub(super) lock: Option<ProcessLock>,
    /// What the settings held when they were read last, so that one state of them is read once and not for each request.
    read: Option<(Weak<Settings>, Option<Kept>)>,
}

/// Why a server cannot be used, and what helps.
#[derive(Clone)]
pub(super) struct Standing {
    pub(super) state: State,
    pub(super) cause: Cause,
    pub(super) reason: String,
    pub(super) action: String,
    /// What a person had decided by then: another decision may help.
    pub(super) given: OAuth,
    /// The address that the server had by then.
    pub(super) url: String,
    /// The token that was there by then: another one may help.
    pub(super) token: Option<String>,
    /// That token is good for all that asks for no more scopes.
    pub(super) leaves_token: bool,
    pub(super) since: SystemTime,
}

/// Renewals that get no answer about the grant.
#[derive(Clone)]
pub(super) struct Failing {
    pub(super) cause: Cause,
    pub(super) why: String,
    pub(super) attempts: u32,
    /// Not before this.
    pub(super) until: SystemTime,
    /// Somebody was told that the server cannot be used, and has to be told when it can.
    pub(super) told: bool,
}

/// The last registration, so that a server that forgets its clients does not get one at every turn.
#[derive(Clone)]
pub(super) struct Registered {
    pub(super) at: SystemTime,
    pub(super) issuer: String,
    pub(super) redirect_uri: String,
}

#[derive(Clone, Default)]
pub(super) struct Unsaved {
    pub(super) kept: Option<Kept>,
    pub(super) client: Option<Client>,
    pub(super) waiting: Option<Waiting>,
    pub(super) typing: Option<Typing>,
}

/// New tokens in the place of older ones, for whoever keeps a stream open with one of them.
pub struct Renewals(watch::Receiver<()>);

impl Renewals {
    pub(super) fn of(desk: &Desk) -> Self {
        Self(desk.replaced.subscribe())
    }

    /// Returns when a token was replaced since the last call, or since this was made.
    pub async fn next(&mut self) {
        // Nothing is renewed any more for an account that is gone.
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

impl Desk {
    /// Looks into the memory; never held across a wait.
    pub(super) fn with<T>(&self, look: impl FnOnce(&mut Memory) -> T) -> T {
        look(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Memory {
    /// A server with another address is another server: nothing that was learned of the old one counts.
    pub(super) fn is_about(&mut self, url: &str) {
        if self.url != url {
            *self = Self {
                url: url.to_owned(),
                ..Self::default()
            };
        }
    }

    /// The grant that these settings hold for the account, whose server is reached at `url`.
    pub(super) fn kept_in(
        &mut self,
        settings: &Arc<Settings>,
        account: &Account,
        url: &str,
    ) -> Option<&Kept> {
        let known = |(read, _): &(Weak<Settings>, _)| std::ptr::eq(read.as_ptr(), &**settings);
        if !self.read.as_ref().is_some_and(known) {
            let server = settings.server(&account.server);
            let oauth = server.and_then(|server| record::whose(&server.oauth, account));
            let kept = oauth.and_then(|oauth| record::kept(oauth, url));
            self.read = Some((Arc::downgrade(settings), kept));
        }
        self.read.as_ref().and_then(|(_, kept)| kept.as_ref())
    }

    /// A grant that is in the file, or in this process alone.
    pub(super) fn stored(&mut self, unsaved: Option<Kept>) {
        if unsaved.is_none() {
            self.lock = None;
        }
        self.unsaved.kept = unsaved;
    }

    pub(super) fn nothing_waits(&mut self) {
        self.unsaved.waiting = None;
        self.unsaved.typing = None;
    }

    /// A sign-in or a renewal succeeded: what was wrong before is over.
    pub(super) fn relieve(&mut self) {
        self.standing = None;
        self.failing = None;
        self.doubts = 0;
        self.signed_out = false;
    }
}
