//! The guided walk: the main job from the first 401 to a renewed token, with a real hub as a child process and the
//! practice world in this one. Every line of evidence comes from the hub's API or from what the practice world saw.

mod cause;
mod hub;
mod journal;
mod mcp_client;
mod screen;
mod stored;
mod walk;

use std::path::PathBuf;

pub use cause::Cause;
use screen::Screen;
use walk::Walk;

/// How the walk is walked.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// The `mcphub` binary that is started as the hub.
    pub binary: PathBuf,
    /// Nobody is asked: the tiny browser presses Allow.
    pub auto: bool,
    /// May the output be coloured? (`NO_COLOR`, and whether it is a terminal, are for the caller to know.)
    pub color: bool,
    /// Is there a display on which a browser can be opened?
    pub open_browser: bool,
}

/// The stage that failed, and why.
#[derive(Debug, thiserror::Error)]
#[error("stage {number} of the demo failed: {name}")]
pub struct DemoError {
    pub number: usize,
    pub name: &'static str,
    #[source]
    pub cause: Cause,
    /// The last lines of the hub's log.
    pub log: Vec<String>,
}

/// Walks all stages on standard output. The hub is ended in every case, also on Ctrl-C and SIGTERM.
///
/// # Errors
/// The stage that failed; it has been shown on the screen too.
pub async fn run(options: DemoOptions) -> Result<(), DemoError> {
    let screen = Screen::new(Box::new(std::io::stdout()), options.color);
    let mut walk = Walk::new(options, screen);
    let outcome = tokio::select! {
        outcome = walk.all() => outcome,
        interrupted = interruption() => Err(interrupted.err().map_or(Cause::Interrupted, Cause::Local)),
    };
    let ended = walk.end().await;
    let Err(cause) = outcome.and(ended) else {
        return Ok(());
    };
    let error = DemoError {
        number: walk.number(),
        name: walk.name(),
        log: if cause.is_of_the_person() {
            Vec::new()
        } else {
            walk.log()
        },
        cause,
    };
    walk.show_failure(&error);
    Err(error)
}

/// Ctrl-C, or being asked to stop.
#[cfg(unix)]
async fn interruption() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut asked = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _asked = asked.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn interruption() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
