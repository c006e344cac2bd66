//! The event loops that connections are answered on: one thread each, with a reactor and tasks of its own.
//!
//! A call touches two sockets, the client's and the server's. On one loop both are watched by the thread that works on the call, so
//! nothing has to wake another thread. A connection stays on its loop; a new one goes to the loop that has the fewest.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Runs until it is dropped. Drop it after everything that was begun on it has ended, for what is left is ended with it.
pub struct Loops {
    loops: Vec<Loop>,
    _until_dropped: Option<DropGuard>,
}

/// Shorter than the times that are set for each call; the shortest is how long an answer may take until its stream begins.
const NEAR: Duration = Duration::from_millis(1_500);

struct Loop {
    runtime: Handle,
    /// Each connection holds a clone.
    connections: Arc<()>,
}

impl Loops {
    /// The runtime that this is called on, and no thread.
    #[must_use]
    pub fn here() -> Self {
        Self {
            loops: vec![Loop::on(Handle::current())],
            _until_dropped: None,
        }
    }

    /// So many threads; at least one.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn start(count: usize) -> io::Result<Self> {
        let ends = CancellationToken::new();
        let guard = ends.clone().drop_guard();
        let mut loops = Vec::new();
        for n in 0..count.max(1) {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            loops.push(Loop::on(runtime.handle().clone()));
            let ends = ends.clone();
            thread::Builder::new()
                .name(format!("loop-{n}"))
                .spawn(move || {
                    runtime.block_on(until(ends));
                    // A hash that is being computed is for nobody now.
                    runtime.shutdown_background();
                })?;
        }
        Ok(Self {
            loops,
            _until_dropped: Some(guard),
        })
    }

    /// Spawns the task of a connection on the loop with the fewest.
    pub(crate) fn spawn(&self, connection: impl Future<Output = ()> + Send + 'static) {
        let fewest = self
            .loops
            .iter()
            .min_by_key(|each| Arc::strong_count(&each.connections));
        let Some(fewest) = fewest else {
            return;
        };
        let counted = Arc::clone(&fewest.connections);
        fewest.runtime.spawn(async move {
            connection.await;
            drop(counted);
        });
    }
}

/// Waits for the end with a timer that is always near.
///
/// A timer that is due before all others wakes its loop up, with a system call of its own and another turn, also where it is set on
/// that very loop. With this one the usual times of a call are never the nearest.
async fn until(ends: CancellationToken) {
    let mut ticks = tokio::time::interval(NEAR);
    let ticking = async {
        loop {
            ticks.tick().await;
        }
    };
    tokio::select! {
        () = ends.cancelled() => {}
        () = ticking => {}
    }
}

impl Loop {
    fn on(runtime: Handle) -> Self {
        Self {
            runtime,
            connections: Arc::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn connections_are_shared_out_among_the_threads() {
        let loops = Loops::start(3).unwrap();
        let (told, mut threads) = mpsc::unbounded_channel();
        for _ in 0..6 {
            let told = told.clone();
            loops.spawn(async move {
                told.send(thread::current().id()).unwrap();
                std::future::pending().await
            });
        }
        let mut seen = Vec::new();
        for _ in 0..6 {
            seen.push(threads.recv().await.unwrap());
        }
        let different: HashSet<_> = seen.iter().collect();
        assert_eq!(different.len(), 3);
        assert!(
            different
                .iter()
                .all(|one| seen.iter().filter(|id| id == one).count() == 2)
        );
    }

    #[tokio::test]
    async fn what_is_left_on_a_loop_ends_with_it() {
        let loops = Loops::start(1).unwrap();
        let (held, mut ended) = mpsc::channel::<()>(1);
        loops.spawn(async move {
            let _held = held;
            std::future::pending().await
        });
        drop(loops);
        assert_eq!(ended.recv().await, None);
    }
}
