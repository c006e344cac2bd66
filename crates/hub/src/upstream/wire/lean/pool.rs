//! Connections that wait for their next request.
//!
//! Servers close what is idle (many after five seconds, without saying so), and a request that meets the closing is lost. So a
//! connection is used again only for a short time, and never after the server said or closed something.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::connection::Connection;
use super::framing::Framing;

/// How long a connection may wait.
const IDLE: Duration = Duration::from_secs(4);
/// Connections that wait at one host.
const MOST: usize = 512;
/// What may still come of an answer that nobody waits for.
const TAIL: usize = 4 * 1024;

#[derive(Default)]
pub(super) struct Pool {
    resting: Mutex<Resting>,
}

#[derive(Default)]
struct Resting {
    /// The one that has waited longest is first.
    connections: Vec<Waiting>,
    /// Somebody is going to close those that waited too long.
    is_swept: bool,
}

struct Waiting {
    connection: Connection,
    /// What was still to come of the last answer.
    tail: Framing,
    since: Instant,
}

/// Whether a connection can carry the next request.
enum Use {
    Now,
    Later,
    Never,
}

impl Pool {
    /// The connection of this runtime that waited shortest.
    pub(super) fn take(&self) -> Option<Connection> {
        let here = Handle::current().id();
        let mut resting = self.resting();
        let mut at = resting.connections.len();
        while at > 0 {
            at -= 1;
            let waiting = &mut resting.connections[at];
            if waiting.connection.home != here {
                continue;
            }
            match waiting.settle() {
                Use::Now => return Some(resting.connections.remove(at).connection),
                Use::Later => {}
                Use::Never => drop(resting.connections.remove(at)),
            }
        }
        None
    }

    pub(super) fn put(self: &Arc<Self>, mut connection: Connection, tail: Framing) {
        connection.rest();
        let waiting = Waiting {
            connection,
            tail,
            since: Instant::now(),
        };
        let begins = {
            let mut resting = self.resting();
            if resting.connections.len() >= MOST {
                return;
            }
            resting.connections.push(waiting);
            !std::mem::replace(&mut resting.is_swept, true)
        };
        // Outside of a runtime nothing is sent any more.
        if let (true, Ok(runtime)) = (begins, Handle::try_current()) {
            let pool = Arc::downgrade(self);
            runtime.spawn(async move {
                loop {
                    tokio::time::sleep(IDLE).await;
                    if pool.upgrade().is_none_or(|pool| pool.sweep()) {
                        break;
                    }
                }
            });
        }
    }

    /// Closes what waited too long. True: nothing waits any more.
    fn sweep(&self) -> bool {
        let mut resting = self.resting();
        resting
            .connections
            .retain(|waiting| waiting.since.elapsed() < IDLE);
        resting.is_swept = !resting.connections.is_empty();
        !resting.is_swept
    }

    fn resting(&self) -> MutexGuard<'_, Resting> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Takes off what has come of the last answer since.
    fn settle(&mut self) -> Use {
        if self.since.elapsed() >= IDLE {
            return Use::Never;
        }
        let is_open = self.connection.fill_at_once();
        let mut left = TAIL;
        loop {
            match self.tail.take(&mut self.connection.read) {
                Ok(Some(piece)) if piece.len() < left => left -= piece.len(),
                Ok(None) => break,
                Ok(Some(_)) | Err(_) => return Use::Never,
            }
        }
        match self.tail {
            _ if !is_open => Use::Never,
            Framing::Over if self.connection.read.is_empty() => Use::Now,
            Framing::Over | Framing::Close => Use::Never,
            Framing::Length(_) | Framing::Chunked(_) => Use::Later,
        }
    }
}
