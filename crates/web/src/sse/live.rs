//! The streams that are open: whose each is, how far its client has come, and how it ends.

use std::collections::HashMap;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hub::catalog::Endpoint;
use hub::chance;
use hub::session::{Session, Sessions};
use tokio_util::sync::CancellationToken;

use super::queue::{self, Queue, Waiting};

/// All open streams by their ids.
#[derive(Default)]
pub(super) struct Streams {
    open: Mutex<HashMap<Box<str>, Arc<Stream>>>,
}

/// What a client's messages need of its stream. The stream ends when all of these are gone.
pub(super) struct Stream {
    pub(super) live: Arc<Live>,
    pub(super) queue: Queue,
}

/// The life of one stream.
pub(super) struct Live {
    id: Box<str>,
    /// Who opened it; nobody else may send on it.
    identity: Box<str>,
    endpoint: Endpoint,
    phase: Mutex<Phase>,
    over: CancellationToken,
    /// How often something was taken from the stream to be written.
    taken: AtomicU64,
    sessions: Sessions,
    streams: Arc<Streams>,
}

/// How far a client has come.
#[derive(Clone)]
pub(super) enum Phase {
    Silent,
    /// `initialize` is being answered.
    Opening,
    Open(Arc<Session>),
}

/// Bounds what clients that hold streams open can cost.
const MOST: usize = 10_000;
/// 128 bits.
const ID_BYTES: usize = 16;

impl Streams {
    /// `None`: enough streams are open.
    pub(super) fn open(
        self: &Arc<Self>,
        sessions: &Sessions,
        identity: &str,
        endpoint: Endpoint,
    ) -> Option<(Arc<Live>, Waiting)> {
        let (queue, waiting) = queue::queue();
        let live = Arc::new(Live {
            id: chance::token(ID_BYTES).into(),
            identity: identity.into(),
            endpoint,
            phase: Mutex::new(Phase::Silent),
            over: CancellationToken::new(),
            taken: AtomicU64::new(0),
            sessions: sessions.clone(),
            streams: Arc::clone(self),
        });
        let stream = Stream {
            live: Arc::clone(&live),
            queue,
        };
        let mut streams = self.streams();
        if streams.len() >= MOST {
            return None;
        }
        streams.insert(live.id.clone(), Arc::new(stream));
        Some((live, waiting))
    }

    /// The stream with this id, for the one who opened it.
    pub(super) fn find(&self, id: &str, identity: &str) -> Option<Arc<Stream>> {
        let streams = self.streams();
        let stream = streams.get(id);
        stream
            .filter(|stream| *stream.live.identity == *identity)
            .cloned()
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<Stream>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(super) fn over(&self) -> &CancellationToken {
        &self.over
    }

    /// Differs from before when the client has read something since.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    pub(super) fn take(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn phase(&self) -> Phase {
        self.lock().clone()
    }

    /// `initialize` came. False: it came before.
    pub(super) fn begins(&self) -> bool {
        let mut phase = self.lock();
        let first = matches!(*phase, Phase::Silent);
        if first {
            *phase = Phase::Opening;
        }
        first
    }

    /// `initialize` is answered; without a session it may come again.
    pub(super) fn opened(&self, session: Option<Arc<Session>>) {
        *self.lock() = session.map_or(Phase::Silent, Phase::Open);
        // The client may have left meanwhile; whoever sees the other's step ends the session.
        if self.over.is_cancelled() {
            self.end();
        }
    }

    /// Takes no more messages; what is under way may finish.
    pub(super) fn retire(&self) {
        let retired = self.streams.streams().remove(&self.id);
        drop(retired);
    }

    /// Ends the stream and the session on it, with all that is under way in it.
    pub(super) fn end(&self) {
        self.retire();
        self.over.cancel();
        let phase = mem::replace(&mut *self.lock(), Phase::Opening);
        if let Phase::Open(session) = phase {
            self.sessions.close(&session);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
