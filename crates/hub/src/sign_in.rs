//! Signing in to upstreams: drives the rules of `oauth`, keeps grants renewed, hands out tokens.
//!
//! What must survive is in the settings file (`record`), what is only known while the hub runs is at a server's desk
//! (`desk`). One loop performs all exchanges and writes the journal (`drive`).

mod account;
mod awaited;
mod callback;
mod causes;
mod desk;
mod device;
pub mod document;
mod documents;
mod drive;
mod ended;
mod identity;
mod idle;
mod journey;
mod keep;
mod key;
mod lock;
mod means;
mod people;
mod plan;
mod prepare;
mod proof_key;
mod record;
mod refusal;
mod renewal;
mod sign_out;
mod standing;
mod subject;
mod ticket;
mod token;
mod unattended;
mod view;

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};

use dashmap::DashMap;
use settings::Settings;
use tokio::sync::{Semaphore, broadcast};

use crate::cause::Cause;
use crate::clock::Clock;
use crate::fetch::Fetch;
use crate::journal::Journal;
use crate::measure::{ByServer, Renewed};
use crate::store::Store;
pub use account::Account;
pub use awaited::Awaited;
use desk::Desk;
pub use desk::Renewals;
use documents::Documents;
use drive::Driver;
pub use people::is_list_whole;
pub(crate) use plan::Plan;
use subject::Subject;
pub use subject::is_callback;
use ticket::Tickets;
pub use ticket::{Ticket, Ticketed};
pub use view::{
    Bearer, CallbackError, Completed, Event, Forget, Link, Needed, Refusal, SignInError, SignedOut,
    State, Typed, Verdict, View,
};

/// How many used states are remembered, to tell a second use from a stranger.
const USED: usize = 512;
/// How many events a slow listener may lag behind.
const LAG: usize = 256;

/// All sign-ins of a hub, keyed by account. A clone is the same one.
#[derive(Clone)]
pub struct SignIns {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    fetch: Fetch,
    journal: Journal,
    clock: Clock,
    /// Where the hub listens, for callbacks to this machine.
    port: u16,
    desks: DashMap<Account, Arc<Desk>>,
    documents: Documents,
    tickets: Tickets,
    /// Hashes of states that were answered.
    used: SyncMutex<VecDeque<String>>,
    events: broadcast::Sender<Event>,
    /// Sign-ins that somebody at this machine may be shown.
    awaited: broadcast::Sender<Awaited>,
    renewed: ByServer<Renewed>,
    /// Preparations at once. Nobody waits for one, and at the start of a hub all of its servers want theirs.
    preparing: Semaphore,
}

const PREPARATIONS: usize = 4;

impl SignIns {
    /// Starts with what the settings file holds. Grants are kept renewed while this or a clone lives.
    #[must_use]
    pub fn start(store: Store, fetch: Fetch, journal: Journal, clock: Clock, port: u16) -> Self {
        let shared = Arc::new(Shared {
            store,
            fetch,
            journal,
            clock,
            port,
            desks: DashMap::new(),
            documents: Documents::default(),
            tickets: Tickets::default(),
            used: SyncMutex::default(),
            events: broadcast::Sender::new(LAG),
            awaited: broadcast::Sender::new(awaited::LAG),
            renewed: ByServer::default(),
            preparing: Semaphore::new(PREPARATIONS),
        });
        tokio::spawn(idle::keep_renewed(Arc::downgrade(&shared)));
        let settings = shared.store.subscribe();
        tokio::spawn(idle::forget_removed(Arc::downgrade(&shared), settings));
        let settings = shared.store.subscribe();
        tokio::spawn(device::go_on(Arc::downgrade(&shared), settings));
        let settings = shared.store.subscribe();
        tokio::spawn(people::forget_deleted(Arc::downgrade(&shared), settings));
        Self { shared }
    }

    /// Where the hub listens: callbacks come to `http://localhost:{port}`, unless the settings say otherwise.
    pub(crate) fn port(&self) -> u16 {
        self.shared.port
    }

    /// The token to send to this server; renewed first when it is due. `None`: send none.
    pub async fn token(&self, account: impl Into<Account>) -> Result<Option<Bearer>, Needed> {
        let account = account.into();
        if let Some(at_once) = self.shared.token_at_once(&account) {
            return Ok(at_once);
        }
        // On the heap: nearly every request ends above, and most of this is for the rare case that a token has to be minted.
        Box::pin(self.shared.token(&account)).await
    }

    /// What to do about a 401 or 403.
    pub async fn refused(&self, account: impl Into<Account>, refusal: Refusal) -> Verdict {
        let (shared, account) = (self.shared.clone(), account.into());
        match finished(async move { shared.refused(&account, refusal).await }).await {
            Ok(verdict) => verdict,
            Err(why) => Verdict::Failed {
                cause: Cause::Internal,
                why,
            },
        }
    }

    /// The server took a request with this token. Only that tells a token that ended early from one that never worked.
    pub fn accepted(&self, account: impl Into<Account>, used: &Bearer) {
        self.shared.accepted(&account.into(), used);
    }

    /// What a sign-in would need, before anybody asks: for a server that was connected to without one.
    pub async fn prepare(&self, account: impl Into<Account>) {
        let (shared, account) = (self.shared.clone(), account.into());
        let whose = account.clone();
        if let Err(broken) = finished(async move { shared.prepare(&whose).await }).await {
            tracing::error!(%account, "{broken}");
        }
    }

    /// The link where a person signs in; within its life always the same one.
    pub async fn begin(&self, account: impl Into<Account>) -> Result<Link, SignInError> {
        let (shared, account) = (self.shared.clone(), account.into());
        finished(async move { shared.begin(&account).await })
            .await
            .map_err(SignInError::Store)?
    }

    /// The query of `/oauth/callback`, without the question mark, as received.
    pub async fn callback(&self, query: &str) -> Result<Completed, CallbackError> {
        let (shared, query) = (self.shared.clone(), query.to_owned());
        finished(async move { shared.callback(&query, None).await })
            .await
            .map_err(CallbackError::Malformed)?
    }

    /// What a person pasted: the whole address, its query, or the bare code.
    ///
    /// A bare code is refused where the authorization server promised `iss`: nothing would say whose code it is.
    pub async fn complete(
        &self,
        account: impl Into<Account>,
        pasted: &str,
    ) -> Result<Completed, CallbackError> {
        let (shared, account, pasted) = (self.shared.clone(), account.into(), pasted.to_owned());
        finished(async move { shared.complete(&account, &pasted).await })
            .await
            .map_err(CallbackError::Malformed)?
    }

    /// Revokes what can be revoked, then forgets.
    pub async fn sign_out(
        &self,
        account: impl Into<Account>,
        forget: Forget,
    ) -> Result<SignedOut, SignInError> {
        let (shared, account) = (self.shared.clone(), account.into());
        finished(async move { shared.sign_out(&account, forget).await })
            .await
            .map_err(SignInError::Store)?
    }

    /// Whether a link or a callback is being worked on: whoever waits for an answer waits for that, not for the server.
    #[must_use]
    pub fn is_at_work(&self, account: impl Into<Account>) -> bool {
        self.shared.desk(&account.into()).flow.try_lock().is_err()
    }

    /// The state of one server's sign-in; cheap, never waits.
    #[must_use]
    pub fn view(&self, account: impl Into<Account>) -> View {
        self.shared.view(&account.into())
    }

    /// What came of renewals, by server.
    #[must_use]
    pub fn renewed(&self) -> Vec<(Arc<str>, Arc<Renewed>)> {
        let settings = self.shared.store.current();
        self.shared
            .renewed
            .all(|name| settings.server(name).is_some())
    }

    /// Where each exchange of a sign-in is written down.
    pub(crate) fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// Tells when a server was signed in, signed out, or came to need a person.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.shared.events.subscribe()
    }

    /// To hear of the tokens that replace the account's older ones from now on.
    #[must_use]
    pub fn renewals(&self, account: &Account) -> Renewals {
        Renewals::of(&self.shared.desk(account))
    }
}

impl Shared {
    fn desk(&self, account: &Account) -> Arc<Desk> {
        if let Some(desk) = self.desks.get(account) {
            return desk.clone();
        }
        self.desks.entry(account.clone()).or_default().clone()
    }

    /// Where that is remembered which a server's users have in common: its client.
    fn desk_of_all(&self, account: &Account) -> Arc<Desk> {
        self.desk(&account.of_all())
    }

    /// All that may hold something: each server, or each of its users.
    fn accounts(&self, settings: &Settings) -> Vec<Account> {
        let mut accounts: BTreeSet<Account> =
            self.desks.iter().map(|desk| desk.key().clone()).collect();
        for server in settings.servers.iter() {
            accounts.insert(Account::shared(&server.name));
            let users = server.oauth.users.keys();
            accounts.extend(users.map(|user| Account::of(&server.name, Some(user))));
        }
        accounts.retain(|account| account.fits(settings));
        accounts.into_iter().collect()
    }

    /// The server as it is now, with what could not be written over what is in the file.
    fn subject(&self, account: &Account) -> Result<Subject, SignInError> {
        let mut subject = Subject::of(
            &self.store.current(),
            account,
            self.port,
            &self.clock,
            self.store.folder(),
        )?;
        let unsaved = self.desk(account).with(|memory| {
            memory.is_about(&subject.policy.mcp_url);
            memory.unsaved.clone()
        });
        let (client, document_refused) = self.desk_of_all(account).with(|memory| {
            memory.is_about(&subject.policy.mcp_url);
            (memory.unsaved.client.clone(), memory.document_refused)
        });
        let (held, url) = (&mut subject.held, &subject.policy.mcp_url);
        held.kept = (unsaved.kept.filter(|kept| kept.is_for(url))).or(held.kept.take());
        if let Some(client) = client
            && let Some(former) = held.client.replace(client)
        {
            held.keep_former(former);
        }
        held.waiting =
            (unsaved.waiting.filter(|waiting| waiting.is_for(url))).or(held.waiting.take());
        held.typing = (unsaved.typing.filter(|typing| typing.is_for(url))).or(held.typing.take());
        subject.waits_in_one_way();
        if document_refused {
            subject.without_document();
        }
        Ok(subject)
    }

    fn driver(&self, subject: &Subject, sign_in: Option<&str>) -> Driver {
        Driver {
            fetch: self.fetch.clone(),
            journal: self.journal.clone(),
            clock: self.clock.clone(),
            documents: self.documents.clone(),
            account: subject.account.clone(),
            sign_in: sign_in.map(str::to_owned),
            way: subject.way.clone(),
        }
    }

    fn tell(&self, event: Event) {
        // Nobody listening is no error.
        let _ = self.events.send(event);
    }

    fn is_used(&self, state_hash: &str) -> bool {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.iter().any(|hash| hash == state_hash)
    }

    /// Marks a state as used; `false`: it was used before.
    fn use_up(&self, state_hash: &str) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.iter().any(|hash| hash == state_hash) {
            return false;
        }
        if used.len() == USED {
            used.pop_front();
        }
        used.push_back(state_hash.to_owned());
        true
    }
}

/// Work that is finished even when whoever asked for it goes away: a token that was issued must be stored.
///
/// On the heap from the start: a whole sign-in is large, and whoever waits for it stands deep in the stack already.
fn finished<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> impl Future<Output = Result<T, String>> + Send {
    let task = tokio::spawn(Box::pin(work));
    async move {
        task.await
            .map_err(|broken| format!("the sign-in broke off: {broken}"))
    }
}

#[cfg(test)]
mod tests;
