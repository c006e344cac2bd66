//! A connection where all messages of the server come on one stream: stdio, and the old HTTP+SSE transport.
//! Answers find their request by id, progress by its token. A request of the server does not say which call it belongs to; it
//! is handed to the only call that runs, and refused when there are several, so that nobody sees another's question.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use mcp::{
    message::{Kind, Message},
    method,
};
use tokio::sync::{Notify, mpsc};

use super::{
    Trouble,
    guarded::Guarded,
    link::Carrier,
    outgoing::{Outgoing, Refused},
    stdio::Input,
};

pub(super) struct Pipe {
    out: Outlet,
    waiting: Mutex<HashMap<u64, Waiting>>,
    /// Rung when a call is over.
    left: Notify,
    /// Why the stream ended; set once.
    ended: OnceLock<Trouble>,
}

/// How messages get to the server.
pub(super) enum Outlet {
    /// Lines for a process. A dropped call never cuts one in half.
    Lines(Input),
    /// POST requests to the endpoint that the server named.
    Posts {
        guarded: Arc<Guarded>,
        endpoint: Arc<url::Url>,
    },
}

struct Waiting {
    to: mpsc::Sender<Result<Message, Trouble>>,
    /// Bytes of what waits for the caller.
    held: Arc<AtomicUsize>,
    for_client: bool,
}

/// What comes back for one request; dropping it stops the waiting.
pub(super) struct Reading {
    id: u64,
    from: mpsc::Receiver<Result<Message, Trouble>>,
    held: Arc<AtomicUsize>,
    pipe: Arc<Pipe>,
}

/// Where a message of the server belongs.
pub(super) enum Place {
    /// It was handed to its call.
    Delivered,
    /// To no call.
    Outside(Message),
    /// A request of the server that reaches nobody, and why.
    Refused(Message, &'static str),
    /// An answer or progress to something that nobody asked, or asks no more.
    Nobody(Message),
}

/// Messages that wait for one caller; progress beyond it is lost, the response never is.
const QUEUE: usize = 64;
/// And bytes of it, besides one message of any size.
const MOST_HELD: usize = 1024 * 1024;
pub(super) const SEVERAL: &str =
    "several calls are running, and over this transport the hub cannot tell which one asks";
pub(super) const UNHEARD: &str = "the client does not take in what it is told";

impl Pipe {
    pub(super) fn new(out: Outlet) -> Self {
        Self {
            out,
            waiting: Mutex::default(),
            left: Notify::new(),
            ended: OnceLock::new(),
        }
    }

    pub(super) fn carrier(&self) -> Carrier {
        match &self.out {
            Outlet::Lines(_) => Carrier::Stdio,
            Outlet::Posts { .. } => Carrier::Sse,
        }
    }

    pub(super) async fn begin(
        self: &Arc<Self>,
        outgoing: &Outgoing,
        id: u64,
        for_client: bool,
    ) -> Result<Reading, Refused> {
        let (to, from) = mpsc::channel(QUEUE);
        let held = Arc::<AtomicUsize>::default();
        let waiting = Waiting {
            to,
            held: held.clone(),
            for_client,
        };
        self.waiting().insert(id, waiting);
        let reading = Reading {
            id,
            from,
            held,
            pipe: self.clone(),
        };
        // Asked after the insertion, so that an end in between is not missed.
        match self.ended.get() {
            Some(trouble) => Err(Refused::Unsent(trouble.clone())),
            None => self.send(outgoing).await.map(|()| reading),
        }
    }

    pub(super) async fn send(&self, outgoing: &Outgoing) -> Result<(), Refused> {
        match &self.out {
            Outlet::Lines(lines) => lines
                .send(single_line(&outgoing.text))
                .await
                .map_err(|_closed| Refused::Unsent(self.end())),
            Outlet::Posts { guarded, endpoint } => guarded.deliver(endpoint, outgoing).await,
        }
    }

    /// Finds out whose message this is, and hands it over when it is a call's.
    pub(super) fn arrived(&self, message: Message) -> Place {
        match (message.kind(), message.method()) {
            (Kind::Response, _) => self.to_call(message.id().and_then(number), message),
            (Kind::Notification, Some(method::PROGRESS)) => {
                let token = message.progress_token().ok().flatten().and_then(number);
                self.to_call(token, message)
            }
            (Kind::Notification, _) => Place::Outside(message),
            (Kind::Request, Some(method::PING)) => Place::Outside(message),
            (Kind::Request, _) => self.to_only_call(message),
        }
    }

    /// Hands a message to the call with this id.
    pub(super) fn to_call(&self, id: Option<u64>, message: Message) -> Place {
        let last = message.kind() == Kind::Response;
        let mut waiting = self.waiting();
        let Some(id) = id.filter(|id| waiting.contains_key(id)) else {
            return Place::Nobody(message);
        };
        if last {
            return match waiting.remove(&id) {
                Some(call) => call.hand(message, last),
                None => Place::Nobody(message),
            };
        }
        match waiting.get(&id) {
            Some(call) => call.hand(message, last),
            None => Place::Nobody(message),
        }
    }

    /// An answer was too large to be read; only its request fails.
    pub(super) fn too_large(&self, head: &[u8], tail: &[u8], limit: usize) -> bool {
        let found = likely_id(head, tail);
        let call = found.and_then(|id| self.waiting().remove(&id));
        // The place for the last message is always free, and a reader that left wants no error.
        call.is_some_and(|call| call.to.try_send(Err(Trouble::TooLarge { limit })).is_ok())
    }

    /// The stream ended: everything that waits fails, and so does everything later.
    pub(super) fn ended(&self, trouble: Trouble) {
        // Only the first reason counts.
        drop(self.ended.set(trouble));
        self.waiting().clear();
    }

    /// Waits until no call runs, and takes none from then on. What comes too late was not sent, and goes over another connection.
    pub(super) async fn drained(&self) {
        while !self.retired() {
            self.left.notified().await;
        }
    }

    fn retired(&self) -> bool {
        let waiting = self.waiting();
        let free = !waiting.values().any(|waiting| waiting.for_client);
        if free {
            // One that ended by itself has said why.
            drop(self.ended.set(Trouble::OutputClosed));
        }
        free
    }

    fn to_only_call(&self, message: Message) -> Place {
        let waiting = self.waiting();
        let mut calls = waiting.values().filter(|call| call.for_client);
        match (calls.next(), calls.next()) {
            (Some(call), None) => match call.hand(message, false) {
                Place::Nobody(unheard) => Place::Refused(unheard, UNHEARD),
                handed @ (Place::Delivered | Place::Outside(_) | Place::Refused(..)) => handed,
            },
            (None, _) => Place::Outside(message),
            (Some(_), Some(_)) => Place::Refused(message, SEVERAL),
        }
    }

    fn end(&self) -> Trouble {
        self.ended.get().cloned().unwrap_or(Trouble::OutputClosed)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// The last free place is kept for the response.
    fn hand(&self, message: Message, last: bool) -> Place {
        let size = message.text().len();
        let held = self.held.load(Ordering::Relaxed);
        let is_full = self.to.capacity() <= 1 || (held > 0 && held + size > MOST_HELD);
        if !last && is_full {
            return Place::Nobody(message);
        }
        self.held.fetch_add(size, Ordering::Relaxed);
        match self.to.try_send(Ok(message)) {
            Ok(()) => Place::Delivered,
            Err(
                mpsc::error::TrySendError::Full(lost) | mpsc::error::TrySendError::Closed(lost),
            ) => lost.map_or(Place::Delivered, Place::Nobody),
        }
    }
}

impl Reading {
    pub(super) async fn next(&mut self) -> Result<Message, Refused> {
        match self.from.recv().await {
            Some(Ok(message)) => {
                let size = message.text().len();
                self.held.fetch_sub(size, Ordering::Relaxed);
                Ok(message)
            }
            Some(Err(trouble)) => Err(Refused::Failed(trouble)),
            None => Err(Refused::Failed(self.pipe.end())),
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.pipe.waiting().remove(&self.id);
        self.pipe.left.notify_one();
    }
}

pub(super) fn number(raw: &str) -> Option<u64> {
    raw.parse().ok()
}

/// A message on one line. Line breaks can only stand between the tokens of JSON, where a space means the same.
// rule: mcp-transport-stdio-lines -- messages are delimited by newlines and hold none.
fn single_line(text: &Bytes) -> Bytes {
    let breaks = |byte: &u8| matches!(byte, b'\n' | b'\r');
    if !text.iter().any(breaks) {
        return text.clone();
    }
    text.iter()
        .map(|byte| if breaks(byte) { b' ' } else { *byte })
        .collect()
}

/// The id of an answer of which only the ends are known. Servers write the envelope before or behind the result.
fn likely_id(head: &[u8], tail: &[u8]) -> Option<u64> {
    let head = String::from_utf8_lossy(head);
    let before = &head[..head.find("\"result\"").or_else(|| head.find("\"error\""))?];
    let tail = String::from_utf8_lossy(tail);
    digits_after_id(before).or_else(|| digits_after_id(&tail[tail.rfind("\"id\"")?..]))
}

fn digits_after_id(text: &str) -> Option<u64> {
    let rest = text[text.find("\"id\"")? + 4..]
        .trim_start()
        .strip_prefix(':')?
        .trim_start();
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests;
