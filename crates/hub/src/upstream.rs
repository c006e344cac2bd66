//! Upstreams: the MCP servers that the hub connects out to, each with its own life, session and lists.
//!
//! MCP revisions 2024-11-05 to 2026-07-28, the client's side: lifecycle, Streamable HTTP, stdio, the old HTTP+SSE transport.
//! One upstream's trouble never delays another. Callers do not see which revision a server speaks.

mod behalf;
mod call;
mod cancel;
mod causes;
mod change;
mod connect;
mod echo;
mod greeting;
mod guarded;
mod hearing;
mod hello;
mod http;
mod layers;
mod lifecycle;
mod lines;
mod link;
mod listing;
mod log;
mod outgoing;
mod passed_on;
mod patience;
mod people;
mod pipe;
mod round;
mod running;
mod shared;
mod sse;
mod stdio;
mod trouble;
mod upstreams;
mod wanted;
mod wire;

use std::sync::Arc;

use mcp::{merge::Listing, message::Message};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

pub use self::{
    behalf::Behalf,
    call::{Call, CallError},
    change::{Change, Piece},
    hello::Hello,
    lifecycle::State,
    link::Carrier,
    listing::Listed,
    log::{From, Line},
    trouble::Trouble,
    upstreams::{NotServed, Upstreams},
};
pub(crate) use self::{
    behalf::IMPLEMENTATION, guarded::headers as settings_headers, people::parts,
};
use self::{
    outgoing::Refused,
    running::Told,
    shared::{Asker, Shared},
};
use crate::{clock::Clock, fetch::Fetch, sign_in::Account, sign_in::SignIns, store::Environment};

/// One upstream. A clone is the same one; it stays usable, as `NotConnected`, after the server was removed.
#[derive(Clone)]
pub struct Upstream {
    shared: Arc<Shared>,
}

/// What an upstream tells outside of calls.
#[derive(Debug, Clone)]
pub enum Event {
    /// A notification of the server that belongs to no call: logging, resource updates. Never a `list_changed`.
    Notification(Arc<Message>),
    /// This list was read again and differs; `catalog()` has the new one.
    ListChanged(Listing),
    /// A new connection is ready; it knows nothing of log levels and subscriptions asked for on the old one.
    Connected,
}

/// What upstreams need of the rest of the hub.
#[derive(Clone)]
pub struct Outside {
    pub fetch: Fetch,
    pub sign_ins: SignIns,
    pub clock: Clock,
    /// The hub's environment; a child process gets little of it.
    pub environment: Environment,
    /// All tasks that the end of the hub waits for.
    pub tracker: TaskTracker,
}

impl Upstream {
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    pub(crate) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.shared.name)
    }

    /// Whose sign-in it uses.
    pub fn account(&self) -> &Account {
        &self.shared.account
    }

    /// The name, and the user and the session where it is theirs alone: what `Upstreams::events` calls it.
    pub fn key(&self) -> &str {
        &self.shared.key
    }

    /// The sign-ins of which it uses one.
    pub(crate) fn sign_ins(&self) -> &SignIns {
        &self.shared.sign_ins
    }

    /// Tells whoever shows it that other calls wait for its sign-in than before.
    pub(crate) fn other_calls_wait(&self) {
        self.shared.show(change::Piece::State);
    }

    /// An id for a request of the hub's own to a client; no server's request has the same.
    pub(crate) fn fresh_id(&self) -> u64 {
        self.shared.next_id()
    }

    pub fn state(&self) -> State {
        self.shared.state.borrow().clone()
    }

    pub fn watch(&self) -> watch::Receiver<State> {
        self.shared.state.subscribe()
    }

    /// The last answer to `initialize`; kept while the connection is away.
    pub fn hello(&self) -> Option<Arc<Hello>> {
        self.shared.hello.load_full()
    }

    /// Whether the server may answer with a task; as far as is known.
    pub fn offers_tasks(&self) -> bool {
        let hello = self.shared.hello.load();
        hello.as_ref().is_some_and(|hello| hello.offers.tasks)
    }

    /// Asks the server to tell how a task stands, and waits for its word; false: it will not.
    pub async fn tells_of_task(&self, id: &str) -> bool {
        let link = self.shared.ready(None).await;
        if !link.is_ok_and(|link| link.stateless().is_some()) {
            return false;
        }
        let round = self.shared.watched.add_task(id);
        self.shared.watched.tasks.agreed(id, round).await
    }

    /// The same without waiting, after a new connection was made.
    pub fn want_task(&self, id: &str) {
        self.shared.watched.add_task(id);
    }

    /// Nobody wants to hear of this task any more.
    pub fn forget_task(&self, id: &str) {
        self.shared.watched.remove_task(id);
    }

    /// What carried messages when the server was reached last.
    pub fn carrier(&self) -> Option<Carrier> {
        self.shared.carrier.load().as_deref().copied()
    }

    /// What the server listed last; kept while the connection, or a sign-in, is missing.
    pub fn catalog(&self) -> Arc<Listed> {
        self.shared.catalog.load_full()
    }

    /// The last lines of its process, and what the hub noted.
    pub fn log(&self) -> Vec<Line> {
        self.shared.log.lines()
    }

    pub fn calls_under_way(&self) -> usize {
        // One is its own.
        Arc::strong_count(&self.shared.busy) - 1
    }

    /// Requests of the server that nobody has answered yet.
    pub fn open_questions(&self) -> usize {
        self.shared.asked.len()
    }

    /// Starts a server that is started on demand and sleeps; its lists come when it has answered.
    pub async fn wake(&self) {
        if matches!(self.state(), State::Asleep) {
            self.shared.encourage(&State::Asleep).await;
        }
    }

    /// Sends a request. Nothing happens before the first `Call::next`; dropping the call cancels the work upstream.
    ///
    /// While the upstream is connecting the call waits for it, at most as long as an attempt may take.
    pub fn call(&self, request: Message) -> Call {
        self.call_for(request, Behalf::hub())
    }

    /// The same on behalf of a client that can do less, or wants to hear more, than the hub passes on.
    pub fn call_for(&self, request: Message, behalf: Behalf) -> Call {
        Call::new(self.shared.clone(), request, behalf)
    }

    /// Sends a notification to the server.
    ///
    /// # Errors
    /// When the server is not connected, or does not take it.
    pub async fn notify(&self, notification: Message) -> Result<(), CallError> {
        let link = self.shared.ready(None).await?;
        // rule: mcp-stateless-no-notifications -- without a handshake a client has nothing to notify of.
        if link.stateless().is_some() {
            return Ok(());
        }
        link.send(notification)
            .await
            .map_err(|refused| self.refused(refused))
    }

    /// Hands a client's response to a request of the server (one that came out of a `Call`, with the id that it had there).
    ///
    /// # Errors
    /// When the server did not ask, took its request back, or does not take the answer.
    pub async fn answer(&self, response: Message) -> Result<(), CallError> {
        let id = response.id().unwrap_or("null");
        let asked = id
            .parse()
            .ok()
            .and_then(|id: u64| self.shared.asked.remove(&id));
        let Some((_, asked)) = asked else {
            return Err(CallError::NotAsked {
                server: self.shared.name.clone(),
                id: id.to_owned(),
            });
        };
        match asked.asker {
            Asker::Server { id, link } => link
                .send(response.with_id(&id))
                .await
                .map_err(|refused| self.refused(refused)),
            Asker::Round(call) => {
                // A call that is over needs no answer any more.
                drop(call.send(response).await);
                Ok(())
            }
        }
    }

    fn refused(&self, refused: Refused) -> CallError {
        match refused {
            Refused::NeedsSignIn(needed) | Refused::NeedsScopes(needed) => {
                CallError::NeedsSignIn(needed)
            }
            refused @ (Refused::SessionGone | Refused::Unsent(_) | Refused::Failed(_)) => {
                CallError::Failed {
                    server: self.shared.name.clone(),
                    trouble: refused.into_trouble(),
                }
            }
        }
    }
}
