//! What the parts of one upstream share over all its connections: its name, state and lists, the requests that its server asked
//! and nobody has answered yet, and the way to its running task.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use std::time::SystemTime;

use arc_swap::{ArcSwap, ArcSwapOption};
use dashmap::DashMap;
use mcp::{
    merge::Listing,
    message::{Kind, Message, code},
    method, raw,
};
use tokio::sync::{Notify, broadcast, mpsc, watch};

use super::{
    CallError, Change, Event, Hello, Listed, Piece, State, Trouble,
    behalf::Behalf,
    hearing::Watched,
    link::{Carrier, Link},
    log::Log,
    outgoing::{Outgoing, Refused},
    pipe::{Pipe, Place},
    running::Told,
    trouble::{excerpt, head},
    wanted::Limits,
};
use crate::measure::Took;
use crate::sign_in::{Account, SignIns};

pub(super) struct Shared {
    pub(super) name: Arc<str>,
    /// Whose sign-in it uses.
    pub(super) account: Account,
    /// The session that has it to itself.
    pub(super) session: Option<Box<str>>,
    /// The name for the shared one; no other upstream has the same.
    pub(super) key: Arc<str>,
    /// When somebody last wanted it, and who is at it; an upstream of one user is closed when nobody is.
    pub(super) used: Mutex<SystemTime>,
    pub(super) busy: Arc<()>,
    /// Calls that ever began.
    pub(super) calls: AtomicU64,
    /// How long tool calls of this server took.
    pub(super) took: Arc<Took>,
    pub(super) state: watch::Sender<State>,
    /// The connection that is ready; none while there is none.
    pub(super) link: ArcSwapOption<Link>,
    pub(super) hello: ArcSwapOption<Hello>,
    /// What carried messages when the server was reached last.
    pub(super) carrier: ArcSwapOption<Carrier>,
    pub(super) catalog: ArcSwap<Listed>,
    pub(super) limits: ArcSwap<Limits>,
    /// Headers of clients' requests that the server is to see.
    pub(super) passed_on: ArcSwap<Box<[http::HeaderName]>>,
    pub(super) events: broadcast::Sender<(Arc<str>, Event)>,
    /// What pages show and is no longer so.
    pub(super) changes: broadcast::Sender<Change>,
    pub(super) sign_ins: SignIns,
    pub(super) log: Log,
    /// Lists that the server said have changed.
    pub(super) changed: Changed,
    /// Resources that clients watch at a server without a handshake.
    pub(super) watched: Watched,
    /// The server shook hands when it was reached last, so it is not asked again whether it can do without.
    pub(super) shakes_hands: AtomicBool,
    /// The last id that was given out, in the whole hub.
    pub(super) ids: Arc<AtomicU64>,
    pub(super) asked: DashMap<u64, Asked>,
    pub(super) inbox: mpsc::Sender<Told>,
}

/// A request of the server that a client is to answer.
pub(super) struct Asked {
    pub(super) asker: Asker,
    /// The call in which it was asked.
    pub(super) call: u64,
}

/// Where the answer goes.
pub(super) enum Asker {
    /// To the server that sent a request; its own id as JSON text.
    Server { id: Box<str>, link: Link },
    /// To the call in whose result the question stood.
    Round(mpsc::Sender<Message>),
}

impl Asker {
    fn is(&self, theirs: &str, generation: u64) -> bool {
        match self {
            Self::Server { id, link } => **id == *theirs && link.generation == generation,
            Self::Round(_) => false,
        }
    }
}

/// Lists to be read again, and the bell for it.
#[derive(Default)]
pub(super) struct Changed {
    lists: Mutex<Vec<Listing>>,
    pub(super) bell: Notify,
}

impl Changed {
    pub(super) fn add(&self, lists: &[Listing]) {
        let mut rung = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        for list in lists {
            if !rung.contains(list) {
                rung.push(*list);
            }
        }
        drop(rung);
        self.bell.notify_one();
    }

    /// All that were rung for, once each.
    pub(super) fn take(&self) -> Vec<Listing> {
        let mut lists =
            std::mem::take(&mut *self.lists.lock().unwrap_or_else(PoisonError::into_inner));
        lists.sort_unstable();
        lists
    }
}

/// Bytes of a notification that belongs to no call: many may wait for clients that do not read.
const MOST_OUTSIDE: usize = 256 * 1024;

impl Shared {
    pub(super) fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Tells the running task. After its end nobody needs to know.
    pub(super) async fn tell(&self, told: Told) {
        drop(self.inbox.send(told).await);
    }

    pub(super) fn announce(&self, event: Event) {
        // Nobody may be listening.
        drop(self.events.send((self.key.clone(), event)));
    }

    /// Tells whoever shows it. What one session has to itself is shown nowhere.
    pub(super) fn show(&self, piece: Piece) {
        if self.session.is_none() {
            let (server, user) = (self.name.clone(), self.account.user.clone());
            // Nobody may be listening.
            drop(self.changes.send(Change {
                server,
                user,
                piece,
            }));
        }
    }

    /// A request of the hub's own; what else comes meanwhile belongs to no call.
    pub(super) async fn ask(
        &self,
        link: &Link,
        method: &str,
        params: Option<&str>,
    ) -> Result<Message, Refused> {
        let id = self.next_id();
        let request = Message::request(&id.to_string(), method, params);
        // The hub's own params can be read.
        let unreadable =
            |error: raw::Unreadable| Refused::Failed(Trouble::Settings(error.to_string()));
        let outgoing = self.dressed(link, request).map_err(unreadable)?;
        // On the heap: a connection's attempt asks from many places, and each would hold all of this.
        let mut reading = Box::pin(link.begin(&outgoing, id, false)).await?;
        loop {
            let message = Box::pin(reading.next()).await?;
            if answers(&message, id) {
                reading.finish();
                return Ok(message);
            }
            self.arrived(link, message);
        }
    }

    /// A request of the hub's own as this server wants it.
    pub(super) fn dressed(
        &self,
        link: &Link,
        request: Message,
    ) -> Result<Outgoing, raw::Unreadable> {
        match link.stateless() {
            Some(revision) => Behalf::hub().dress(request, revision, &[]),
            None => Ok(Outgoing::new(request)),
        }
    }

    /// The connection that is ready, newer than `stale`; waits while one is being made.
    pub(super) async fn ready(&self, stale: Option<u64>) -> Result<Arc<Link>, CallError> {
        if let Some(link) = self.fresh(stale) {
            return Ok(link);
        }
        let mut state = self.state.subscribe();
        let at_first = state.borrow_and_update().clone();
        self.encourage(&at_first).await;
        loop {
            if let Some(link) = self.fresh(stale) {
                return Ok(link);
            }
            let now = state.borrow_and_update().clone();
            match now {
                // A loss that was told and not yet heard of is in between.
                State::Connecting { .. } | State::Ready => {}
                // It may have fallen asleep just now.
                State::Asleep => {
                    self.encourage(&now).await;
                    if !matches!(*state.borrow(), State::Asleep) {
                        continue;
                    }
                }
                State::NeedsSignIn { why } => return Err(CallError::NeedsSignIn(why)),
                State::Disabled | State::BackingOff { .. } | State::Broken { .. } => {
                    return Err(self.not_connected());
                }
            }
            if state.changed().await.is_err() {
                return Err(self.not_connected());
            }
        }
    }

    /// Somebody calls: a back-off may end early, and a token that was put into the settings is worth an attempt.
    pub(super) async fn encourage(&self, state: &State) {
        let told = match state {
            State::Asleep | State::BackingOff { .. } => Told::Wanted,
            State::NeedsSignIn { .. }
                if matches!(self.sign_ins.token(&self.account).await, Ok(Some(_))) =>
            {
                Told::GrantChanged
            }
            State::NeedsSignIn { .. }
            | State::Disabled
            | State::Connecting { .. }
            | State::Ready
            | State::Broken { .. } => return,
        };
        let (heard, hears) = tokio::sync::oneshot::channel();
        self.tell(told).await;
        self.tell(Told::Echo(heard)).await;
        // An end of the task is as good as an answer: the state says so.
        drop(hears.await);
    }

    fn fresh(&self, stale: Option<u64>) -> Option<Arc<Link>> {
        self.link
            .load_full()
            .filter(|link| Some(link.generation) != stale)
    }

    pub(super) fn not_connected(&self) -> CallError {
        CallError::NotConnected {
            server: self.name.clone(),
            state: Box::new(self.state.borrow().clone()),
        }
    }

    /// Remembers a request of the server, and gives it an id that no other upstream uses.
    pub(super) fn asked(&self, link: &Link, request: Message, call: u64) -> (u64, Message) {
        let id = self.next_id();
        let theirs = request.id().unwrap_or("null").into();
        self.asked.insert(
            id,
            Asked {
                asker: Asker::Server {
                    id: theirs,
                    link: link.clone(),
                },
                call,
            },
        );
        (id, request.with_id(&id.to_string()))
    }

    /// The server takes a request back: the same notification with the id that the client knows, and the call it belongs to.
    pub(super) fn withdrawn(
        &self,
        link: &Link,
        cancelled: Message,
    ) -> Result<(u64, Message), Message> {
        let theirs = cancelled
            .cancelled_id()
            .ok()
            .flatten()
            .map(Box::<str>::from);
        let found = theirs.and_then(|theirs| {
            let entry = self
                .asked
                .iter()
                .find(|entry| entry.asker.is(&theirs, link.generation))?;
            Some((*entry.key(), entry.call))
        });
        let Some((id, call)) = found else {
            return Err(cancelled);
        };
        self.asked.remove(&id);
        let original = cancelled.clone();
        cancelled
            .with_cancelled_id(&id.to_string())
            .map(|message| (call, message))
            .map_err(|_| original)
    }

    /// A message of the server that belongs to no call.
    pub(super) fn arrived(&self, link: &Link, message: Message) {
        match message.kind() {
            // rule: mcp-stateless-no-requests -- without a handshake a server asks in results only, and nothing is answered.
            Kind::Request if link.stateless().is_some() => self.nobodys(&message),
            Kind::Request => self.answer_alone(link, &message),
            Kind::Response => self.nobodys(&message),
            Kind::Notification => match message.method() {
                Some(method::TOOLS_CHANGED) => self.changed.add(&[Listing::Tools]),
                Some(method::PROMPTS_CHANGED) => self.changed.add(&[Listing::Prompts]),
                Some(method::RESOURCES_CHANGED) => {
                    self.changed.add(&[Listing::Resources, Listing::Templates])
                }
                Some(method::PROGRESS | method::CANCELLED | method::ACKNOWLEDGED) => {
                    self.nobodys(&message)
                }
                Some(_) | None if message.text().len() > MOST_OUTSIDE => self.log.note(&format!(
                    "dropped a notification of {} bytes that belongs to no call; {MOST_OUTSIDE} are the most",
                    message.text().len()
                )),
                Some(_) | None => self.announce(Event::Notification(Arc::new(message))),
            },
        }
    }

    /// A line or an event of a connection where everything comes on one stream. `is_shown`: whether a person is shown what is no message.
    pub(super) fn piped(&self, pipe: &Pipe, link: &Link, bytes: Vec<u8>, is_shown: bool) {
        let begins = head(&bytes);
        let parsed = String::from_utf8(bytes)
            .map_err(|_| mcp::message::Malformed::NotUtf8)
            .and_then(Message::parse);
        let message = match parsed {
            Ok(message) => message,
            Err(why) => {
                // rule: safe-s11
                return self.log.note(&match is_shown {
                    true => format!(
                        "dropped what is not a message ({why}): {}",
                        excerpt(&begins)
                    ),
                    false => format!("dropped what is not a message ({})", why.kind()),
                });
            }
        };
        let Some(message) = self.with_place(pipe, link, message) else {
            return;
        };
        self.placed(link, pipe.arrived(message));
    }

    /// What is left to do with a message of the server that was offered to the calls.
    pub(super) fn placed(&self, link: &Link, place: Place) {
        match place {
            Place::Delivered => {}
            Place::Outside(message) => self.arrived(link, message),
            Place::Nobody(message) => self.nobodys(&message),
            Place::Refused(request, why) => {
                let id = request.id();
                link.send_soon(
                    Message::failure(id, code::INTERNAL_ERROR, why, None),
                    &self.log,
                );
                self.log.note(&format!(
                    "refused {}: {why}",
                    request.method().unwrap_or_default()
                ));
            }
        }
    }

    /// Hands on what a server takes back; everything else is returned.
    fn with_place(&self, pipe: &Pipe, link: &Link, message: Message) -> Option<Message> {
        if message.method() != Some(method::CANCELLED) {
            return Some(message);
        }
        match self.withdrawn(link, message) {
            Ok((call, cancelled)) => {
                // A caller that left needs no news.
                drop(pipe.to_call(Some(call), cancelled));
                None
            }
            Err(message) => Some(message),
        }
    }

    /// What the hub answers by itself: it is there, it has no folders, and outside of calls there is nobody to ask.
    fn answer_alone(&self, link: &Link, request: &Message) {
        let id = request.id().unwrap_or("null");
        let answer = match request.method() {
            Some(method::PING) => Message::success(id, "{}"),
            Some(method::ROOTS_LIST) => Message::success(id, r#"{"roots":[]}"#),
            Some(method::SAMPLE | method::ELICIT) => Message::failure(
                Some(id),
                code::INTERNAL_ERROR,
                "no client is there to answer this outside of a call",
                None,
            ),
            Some(_) | None => Message::failure(
                Some(id),
                code::METHOD_NOT_FOUND,
                "the hub does not know this method",
                None,
            ),
        };
        link.send_soon(answer, &self.log);
    }

    // rule: safe-x05 -- an answer to a question that nobody asked is given to nobody.
    fn nobodys(&self, message: &Message) {
        let what = message.method().unwrap_or("an answer");
        tracing::debug!(server = %self.name, "dropped {what} that belongs to no call");
        if message.kind() == Kind::Response {
            self.log.note(&format!(
                "dropped an answer with the id {}, which no call has",
                excerpt(message.id().unwrap_or("null").as_bytes())
            ));
        }
    }
}

/// Whether this is the response to our request. An error without an id answers a request that the server could not read.
pub(super) fn answers(message: &Message, id: u64) -> bool {
    let same = message.id().and_then(super::pipe::number) == Some(id);
    message.kind() == Kind::Response && (same || message.id().is_none_or(|theirs| theirs == "null"))
}
