//! One renewal at a time over all processes that share a settings file: a file lock beside it, one for each account.
//!
//! The system lets go of a lock when its process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::Account;
use super::record::mark;

const PAUSE: Duration = Duration::from_millis(20);

/// Held until it is dropped.
pub(super) struct ProcessLock {
    _file: File,
}

/// Whose turn it is to renew.
pub(super) enum Turn {
    /// `None`: the folder or its file system has no locks; then this process is alone, as far as we can know.
    Ours(Option<ProcessLock>),
    /// Another process has not finished.
    Theirs,
}

impl ProcessLock {
    /// Waits at most `patience`. Nobody goes on without the lock that another one holds: the refresh token may be spent
    /// already.
    // rule: at-02
    pub(super) async fn acquire(settings: &Path, account: &Account, patience: Duration) -> Turn {
        let opened = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(beside(settings, &account.fingerprint()));
        let Ok(file) = opened else {
            return Turn::Ours(None);
        };
        let end = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => return Turn::Ours(Some(Self { _file: file })),
                Err(TryLockError::WouldBlock) if Instant::now() < end => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(TryLockError::WouldBlock) => return Turn::Theirs,
                Err(TryLockError::Error(_)) => return Turn::Ours(None),
            }
        }
    }
}

/// The account may be called anything, so its fingerprint stands for it.
fn beside(settings: &Path, account: &str) -> PathBuf {
    let name = settings.file_name().unwrap_or_default().to_string_lossy();
    let folder = settings.parent().unwrap_or(Path::new("/"));
    folder.join(format!(".{name}.{}.renewal", mark(account)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(25);

    // rule: at-02
    #[tokio::test(start_paused = true)]
    async fn the_second_one_waits_for_the_first_and_never_goes_without() {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("mcp_settings.json");
        let (a, b) = (Account::from("../a"), Account::from("b"));
        let first = ProcessLock::acquire(&settings, &a, PATIENCE).await;
        assert!(matches!(first, Turn::Ours(Some(_))));
        let second = ProcessLock::acquire(&settings, &a, PATIENCE).await;
        assert!(matches!(second, Turn::Theirs), "the lock was given twice");
        let other = ProcessLock::acquire(&settings, &b, PATIENCE).await;
        assert!(matches!(other, Turn::Ours(Some(_))), "its own lock");
        let third = ProcessLock::acquire(&settings, &a, PATIENCE);
        let (third, ()) = tokio::join!(third, async move { drop(first) });
        assert!(matches!(third, Turn::Ours(Some(_))));
    }
}
