//! An upstream as a child process: messages as lines on stdin and stdout, its stderr kept as log lines.
//!
//! MCP transports, "stdio", and lifecycle, "Shutdown". The process leads its own group, gets a small environment of its own and
//! never a shell. Starting it again is the lifecycle's business.

mod input;

use std::{io, path::PathBuf, pin::pin, process::Stdio, sync::Arc, time::Duration};

use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop};
use secrecy::ExposeSecret;
use settings::Secret;
use tokio::{io::AsyncRead, process::Command};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Shared, Told, Trouble,
    lines::{Line, Lines},
    link::Link,
    log::Log,
    pipe::{Outlet, Pipe},
    trouble::excerpt,
};

pub(super) use input::Input;
#[cfg(test)]
pub(super) use input::Queued;

/// A process that the settings describe.
pub(super) struct Program<'a> {
    pub(super) command: &'a str,
    pub(super) args: &'a [String],
    pub(super) env: &'a [(String, Secret)],
    /// The hub's own environment, of which the child gets little.
    pub(super) environment: &'a (dyn Fn(&str) -> Option<String> + Send + Sync),
}

/// What a program needs to find itself at home; nothing that is likely to hold a secret of the hub.
const PASSED_ON: [&str; 22] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "APPDATA",
    "LOCALAPPDATA",
    "PATHEXT",
    "SYSTEMROOT",
    "TEMP",
    "USERPROFILE",
    "COMSPEC",
];
const LONGEST_STDERR_LINE: usize = 8 * 1024;
/// How long the process may take to leave, after its input ended and again after it was told to.
const GRACE: Duration = Duration::from_secs(2);

/// Starts the process. It is stopped when `closed` is cancelled, and the connection is over when it ends by itself.
pub(super) fn start(
    program: &Program<'_>,
    shared: &Arc<Shared>,
    limit: usize,
    life: Life,
) -> Result<Link, Trouble> {
    let mut child = spawn(program)?;
    let missing = || Trouble::Spawn {
        command: program.command.into(),
        source: Arc::new(io::Error::other("no pipe to the process")),
    };
    let stdin = child.stdin().take().ok_or_else(missing)?;
    let stdout = child.stdout().take().ok_or_else(missing)?;
    let stderr = child.stderr().take().ok_or_else(missing)?;

    let (input, writing) = input::open(stdin).map_err(|source| Trouble::Spawn {
        command: program.command.into(),
        source: Arc::new(source),
    })?;
    let pipe = Arc::new(Pipe::new(Outlet::Lines(input)));
    let link = Link::pipe(life.generation, pipe.clone());
    life.tracker
        .spawn(life.closed.clone().run_until_cancelled_owned(writing));
    life.tracker.spawn(log_stderr(stderr, shared.log.clone()));
    let reader = read(
        Lines::new(stdout, limit),
        limit,
        pipe.clone(),
        link.clone(),
        shared.clone(),
    );
    let tracker = life.tracker.clone();
    tracker.spawn(keep(child, reader, pipe, shared.clone(), life));
    Ok(link)
}

/// How long a connection's tasks run, and who waits for their end.
pub(super) struct Life {
    pub(super) generation: u64,
    pub(super) closed: CancellationToken,
    pub(super) tracker: TaskTracker,
}

fn spawn(program: &Program<'_>) -> Result<Box<dyn ChildWrapper>, Trouble> {
    // rule: safe-e02
    let mut command = Command::new(program.command);
    command
        .args(program.args)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in PASSED_ON {
        if let Some(value) = (program.environment)(name) {
            command.env(name, value);
        }
    }
    for (name, value) in program.env {
        command.env(name, value.expose_secret());
    }
    if let Some(home) = (program.environment)("HOME")
        .map(PathBuf::from)
        .filter(|home| home.is_dir())
    {
        command.current_dir(home);
    }
    let mut wrapped = CommandWrap::from(command);
    wrapped.wrap(KillOnDrop);
    #[cfg(unix)]
    wrapped.wrap(process_wrap::tokio::ProcessGroup::leader());
    wrapped.spawn().map_err(|source| Trouble::Spawn {
        command: program.command.into(),
        source: Arc::new(source),
    })
}

/// Reads messages until the output ends. Whatever is not a message is noted and skipped.
async fn read<R: AsyncRead + Unpin>(
    mut lines: Lines<R>,
    limit: usize,
    pipe: Arc<Pipe>,
    link: Link,
    shared: Arc<Shared>,
) {
    loop {
        match lines.next().await {
            Ok(Some(Line::Whole(line))) if line.iter().all(u8::is_ascii_whitespace) => {}
            Ok(Some(Line::Whole(line))) => shared.piped(&pipe, &link, line, true),
            Ok(Some(Line::TooLong { head, tail })) => {
                let known = pipe.too_large(&head, &tail, limit);
                let whose = if known {
                    "its request failed"
                } else {
                    "no request of it is known"
                };
                shared.log.note(&format!(
                    "a message over the limit of {limit} bytes was dropped, {whose}"
                ));
            }
            Ok(None) | Err(_) => return,
        }
    }
}

async fn log_stderr<R: AsyncRead + Unpin>(stderr: R, log: Log) {
    let mut lines = Lines::new(stderr, LONGEST_STDERR_LINE);
    while let Ok(Some(line)) = lines.next().await {
        match line {
            Line::Whole(line) => log.stderr(&String::from_utf8_lossy(&line)),
            Line::TooLong { head, .. } => log.stderr(&format!("{} ... (cut)", excerpt(&head))),
        }
    }
}

/// Waits for the end, the process's own or ours, and leaves nothing behind.
async fn keep(
    child: Box<dyn ChildWrapper>,
    reader: impl Future<Output = ()>,
    pipe: Arc<Pipe>,
    shared: Arc<Shared>,
    life: Life,
) {
    let mut child = Kept {
        child,
        stopped: false,
    };
    let mut reader = pin!(reader);
    tokio::select! {
        () = life.closed.cancelled() => {
            pipe.ended(Trouble::OutputClosed);
            stop(&mut child, &shared.log).await;
            return;
        }
        () = &mut reader => {}
        // Its last answers are read, unless a child of its own keeps the output open.
        _ = child.child.wait() => drop(tokio::time::timeout(GRACE, &mut reader).await),
    }
    let status = tokio::time::timeout(GRACE, child.child.wait()).await;
    let trouble = match status {
        Ok(Ok(status)) => Trouble::Exited {
            status: status.to_string(),
            stderr: shared.log.last_words(),
        },
        Ok(Err(_)) | Err(_) => Trouble::OutputClosed,
    };
    stop(&mut child, &shared.log).await;
    pipe.ended(trouble.clone());
    shared
        .tell(Told::Lost {
            generation: life.generation,
            trouble,
        })
        .await;
}

/// A process whose group goes with the task that keeps it, when that is dropped before it has stopped the process.
struct Kept {
    child: Box<dyn ChildWrapper>,
    stopped: bool,
}

impl Drop for Kept {
    fn drop(&mut self) {
        if !self.stopped {
            // One that is gone already needs nothing more.
            let _gone_already = self.child.start_kill();
        }
    }
}

/// The end of its input first (the writer is gone by now), then a signal, then force; the whole group each time.
// rule: mcp-lifecycle-shutdown-stdio
async fn stop(kept: &mut Kept, log: &Log) {
    leave(&mut kept.child, log).await;
    kept.stopped = true;
}

async fn leave(child: &mut Box<dyn ChildWrapper>, log: &Log) {
    if tokio::time::timeout(GRACE, child.wait()).await.is_ok() {
        // Children of the process may have stayed behind.
        let _gone_already = child.start_kill();
        return;
    }
    #[cfg(unix)]
    {
        const SIGTERM: i32 = 15;
        if child.signal(SIGTERM).is_ok() && tokio::time::timeout(GRACE, child.wait()).await.is_ok()
        {
            let _gone_already = child.start_kill();
            return;
        }
    }
    log.note("the process did not leave when asked, and was killed");
    if let Err(error) = child.start_kill() {
        log.note(&format!("the process could not be killed: {error}"));
    }
    // Collects the exit status; nothing can be done about an error.
    drop(child.wait().await);
}
