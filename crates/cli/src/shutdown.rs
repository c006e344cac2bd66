//! When to stop: SIGTERM or SIGINT (Ctrl-C) asks for it, a second one insists.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::failure::{Exit, Failure};

/// What the signals want.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    pub(crate) asked: CancellationToken,
    pub(crate) insisted: CancellationToken,
}

impl Stop {
    /// Does this, unless somebody insists on the end.
    pub(crate) async fn unless_insisted(
        &self,
        done: impl Future<Output = Result<(), Failure>>,
    ) -> Result<(), Failure> {
        let cut = "stopped at once; what was under way is cut off";
        tokio::select! {
            done = done => done,
            () = self.insisted.cancelled() => Err(Failure::new(Exit::Insisted, cut)),
        }
    }
}

/// How long the end of what nobody waits for may take: processes are killed in that time.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(1);

/// Listens for signals from now on; each of the first two cancels its token.
pub(crate) fn watch() -> std::io::Result<Stop> {
    let mut signals = Signals::listen()?;
    let stop = Stop::default();
    let told = stop.clone();
    tokio::spawn(async move {
        let name = signals.next().await;
        tracing::info!(signal = name, "stopping; calls in flight may finish");
        told.asked.cancel();
        let name = signals.next().await;
        tracing::warn!(signal = name, "stopping at once");
        told.insisted.cancel();
    });
    Ok(stop)
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "signals cannot be heard");
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}
