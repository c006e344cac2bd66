//! The streams that are open: whose each is, how far its client has come, and how it ends.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hub::catalog::Endpoint;
use hub::chance;
use hub::session::{NoSession, Session, Sessions};
use tokio::sync::OnceCell;
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
    /// `initialize` came.
    begun: AtomicBool,
    session: OnceCell<Arc<Session>>,
    over: CancellationToken,
    /// How often something was taken from the stream to be written.
    taken: AtomicU64,
    sessions: Sessions,
    streams: Arc<Streams>,
}

/// Bounds what clients that hold streams open can cost.
const MOST: usize = 10_000;
/// The same for one key, so that it does not lock out all others.
const MOST_OF_ONE: usize = 4_000;
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
            begun: AtomicBool::new(false),
            session: OnceCell::new(),
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
        let of_one = streams.values().filter(|s| *s.live.identity == *identity);
        if streams.len() >= MOST || of_one.count() >= MOST_OF_ONE {
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

    /// `initialize` came. False: it came before.
    pub(super) fn begins(&self) -> bool {
        !self.begun.swap(true, Ordering::AcqRel)
    }

    /// It may come again: it was refused.
    pub(super) fn begins_anew(&self) {
        self.begun.store(false, Ordering::Release);
    }

    pub(super) fn has_session(&self) -> bool {
        self.session.initialized()
    }

    /// The session on this stream. The first who asks opens it with what he knows of the client, others wait for that.
    pub(super) async fn session(
        &self,
        opening: impl Future<Output = Result<Arc<Session>, NoSession>>,
    ) -> Result<Arc<Session>, NoSession> {
        let session = self.session.get_or_try_init(async || opening.await);
        let session = self.over.run_until_cancelled(session).await;
        let session = session.unwrap_or(Err(NoSession::Unknown)).cloned();
        // The client may have left meanwhile; whoever sees the other's step ends the session.
        if self.over.is_cancelled() {
            self.end();
        }
        session
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
        if let Some(session) = self.session.get() {
            self.sessions.close(session);
        }
    }
}
