//! One event stream of a session, which outlives its connection: a client that lost it goes on where it was.
//!
//! MCP transports 2025-03-26 to 2025-11-25, "Resumability and Redelivery". Whoever reads the stream does its work: while the
//! connection lasts there is no task. A request whose client is gone is kept by one (`keep`) for a while. What is said outside of requests
//! is put in by whoever says it.

mod id;
mod keep;
mod ring;
mod room;

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::stream::{BoxStream, StreamExt};
use mcp::message::Message;
use tokio::time::Instant;

use ring::Ring;

pub(super) use id::{Kind, Name, Place};
pub(super) use ring::Torn;
pub(super) use room::{Room, Whole};

/// So long a stream waits for its client: a laptop that changes its network, or a proxy that restarts, is back by then, and a server
/// does not work much longer for somebody who is gone.
pub(super) const GRACE: Duration = Duration::from_secs(60);

pub(super) struct Track {
    name: Name,
    room: Arc<Room>,
    state: Mutex<State>,
}

struct State {
    ring: Ring,
    /// Where more comes from; nothing once it ended, and nothing where others put it in.
    source: Option<BoxStream<'static, Message>>,
    /// All is in the ring that will ever be.
    over: bool,
    /// Counts who reads; only the last one goes on.
    turn: u32,
    is_read: bool,
    /// The client has the id of an event, so that it can come back.
    is_known: bool,
    waker: Option<Waker>,
    /// Since when nobody reads, or since it is over.
    since: Instant,
}

/// One connection that reads a stream, message by message.
pub struct Listening {
    track: Arc<Track>,
    turn: u32,
}

impl Track {
    /// What comes for a request.
    pub(super) fn of_request(
        name: Name,
        room: &Arc<Room>,
        source: BoxStream<'static, Message>,
    ) -> Self {
        Self::new(name, room, Some(source))
    }

    /// What others put in.
    pub(super) fn of_session(name: Name, room: &Arc<Room>) -> Self {
        Self::new(name, room, None)
    }

    fn new(name: Name, room: &Arc<Room>, source: Option<BoxStream<'static, Message>>) -> Self {
        let state = State {
            ring: Ring::default(),
            source,
            over: false,
            turn: 0,
            is_read: false,
            is_known: false,
            waker: None,
            since: Instant::now(),
        };
        Self {
            name,
            room: Arc::clone(room),
            state: Mutex::new(state),
        }
    }

    pub(super) fn name(&self) -> &Name {
        &self.name
    }

    /// Reads from where the last one stopped; that one stops now.
    pub(super) fn read(self: &Arc<Self>) -> Listening {
        let turn = self.state().begin_turn();
        Listening {
            track: Arc::clone(self),
            turn,
        }
    }

    /// Reads what follows this position. `None`: nothing does, and nothing will.
    // rule: mcp-transport-resume-stream -- a GET with Last-Event-ID takes up the stream that the event was sent on, and no other.
    pub(super) fn resume(self: &Arc<Self>, position: u64) -> Result<Option<Listening>, Torn> {
        let mut state = self.state();
        state.ring.rewind(position)?;
        if state.over && !state.ring.waits() {
            return Ok(None);
        }
        let turn = state.begin_turn();
        Ok(Some(Listening {
            track: Arc::clone(self),
            turn,
        }))
    }

    /// Puts a message in. False: too many wait already.
    pub(super) fn push(&self, message: &Arc<Message>) -> bool {
        let mut state = self.state();
        if state.over || !state.ring.has_room() || self.room.is_full() {
            return false;
        }
        self.put(&mut state, Arc::clone(message));
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
        true
    }

    pub(super) fn is_read(&self) -> bool {
        self.state().is_read
    }

    /// Nobody reads, and the client may come back.
    pub(super) fn is_awaited(&self) -> bool {
        let state = self.state();
        !state.is_read && state.is_known
    }

    /// Nobody will ask for it any more.
    pub(super) fn is_stale(&self) -> bool {
        let state = self.state();
        let is_left = state.over || state.source.is_none();
        !state.is_read && is_left && state.since.elapsed() >= GRACE
    }

    /// All is in it, and somebody may still ask for it.
    pub(super) fn is_over(&self) -> bool {
        self.state().over
    }

    /// What no connection ever read.
    pub(super) fn take_unsent(&self) -> Vec<Arc<Message>> {
        let mut state = self.state();
        let before = state.ring.bytes();
        let unsent = state.ring.take_unsent();
        self.room.change(before, state.ring.bytes());
        unsent
    }

    /// Nothing more comes. A request that is under way is cancelled.
    pub(super) fn end(&self) {
        self.end_in(None);
    }

    /// The same, unless another turn than this one has begun.
    fn end_in(&self, turn: Option<u32>) {
        let mut state = self.state();
        if state.over || turn.is_some_and(|turn| turn != state.turn) {
            return;
        }
        let source = state.end();
        let waker = state.waker.take();
        drop(state);
        // What it holds has locks of its own.
        drop(source);
        waker.into_iter().for_each(Waker::wake);
    }

    fn put(&self, state: &mut State, message: Arc<Message>) {
        let before = state.ring.bytes();
        state.ring.push(message);
        self.room.change(before, state.ring.bytes());
    }

    /// The next message for whoever has this turn.
    fn poll(&self, turn: u32, cx: &mut Context<'_>) -> Poll<Option<(u64, Arc<Message>)>> {
        let mut state = self.state();
        loop {
            if state.turn != turn {
                return Poll::Ready(None);
            }
            let before = state.ring.bytes();
            if let Some(sent) = state.ring.send() {
                if self.room.is_full() {
                    state.ring.forget_sent();
                }
                self.room.change(before, state.ring.bytes());
                state.is_known = true;
                return Poll::Ready(Some(sent));
            }
            if state.over {
                return Poll::Ready(None);
            }
            if self.draw(&mut state, cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Takes one message of the source, or notes that there is none any more.
    fn draw(&self, state: &mut State, cx: &mut Context<'_>) -> Poll<()> {
        let source = state.source.as_mut();
        match source.map(|source| source.poll_next_unpin(cx)) {
            Some(Poll::Ready(Some(message))) => self.put(state, Arc::new(message)),
            Some(Poll::Ready(None)) => drop(state.end()),
            Some(Poll::Pending) | None => {
                state.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }

    /// The connection is gone.
    // rule: mcp-transport-disconnect -- a client that disconnects has not cancelled its request, where it can come back.
    fn let_go(self: &Arc<Self>, turn: u32) {
        let mut state = self.state();
        if state.turn != turn {
            return;
        }
        state.is_read = false;
        state.since = Instant::now();
        if state.source.is_none() {
            return;
        }
        let is_known = state.is_known;
        state.turn = turn.wrapping_add(1);
        drop(state);
        let turn = turn.wrapping_add(1);
        if !is_known || !keep::begin(self, turn) {
            self.end_in(Some(turn));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Track {
    fn drop(&mut self) {
        let bytes = self.state().ring.bytes();
        self.room.change(bytes, 0);
    }
}

impl State {
    fn begin_turn(&mut self) -> u32 {
        self.turn = self.turn.wrapping_add(1);
        self.is_read = true;
        self.waker.take().into_iter().for_each(Waker::wake);
        self.turn
    }

    fn end(&mut self) -> Option<BoxStream<'static, Message>> {
        self.over = true;
        self.since = Instant::now();
        self.source.take()
    }
}

impl Listening {
    /// The next message, and where it is in the stream. `None`: that was all, or another connection reads it now.
    pub async fn next(&mut self) -> Option<(u64, Arc<Message>)> {
        poll_fn(|cx| self.track.poll(self.turn, cx)).await
    }

    /// Whether it is what happens outside of requests.
    pub fn is_of_session(&self) -> bool {
        self.track.name.kind == Kind::Session
    }

    /// The id of an event that comes behind what was given out so far. Whoever is told it can come back.
    // rule: mcp-transport-event-id -- an event's id is unique in its session, and tells its stream.
    pub fn opening_id(&self) -> String {
        let mut state = self.track.state();
        state.is_known = true;
        let position = state.ring.sent();
        drop(state);
        self.event_id(position)
    }

    /// The id of the event of a message.
    pub fn event_id(&self, position: u64) -> String {
        self.track.name.event(position)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.track.let_go(self.turn);
    }
}

#[cfg(test)]
mod tests;
