//! One renewal at a time over all processes that share a settings file: a file lock beside it, one for each server.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::record::mark;

/// A refresh takes no longer; after this the other process is taken for stuck.
const PATIENCE: Duration = Duration::from_secs(25);
const PAUSE: Duration = Duration::from_millis(25);

/// Held until it is dropped.
pub(super) struct ProcessLock {
    _file: File,
}

impl ProcessLock {
    /// `None`: the folder or its file system has no locks; then this process is alone, as far as we can know.
    // rule: at-02
    pub(super) async fn acquire(settings: &Path, server: &str) -> Option<Self> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(beside(settings, server))
            .ok()?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => return Some(Self { _file: file }),
                Err(TryLockError::WouldBlock) if waited < PATIENCE => {
                    tokio::time::sleep(PAUSE).await;
                    waited += PAUSE;
                }
                Err(TryLockError::WouldBlock | TryLockError::Error(_)) => return None,
            }
        }
    }
}

/// The server's name may hold anything, so its fingerprint stands for it.
fn beside(settings: &Path, server: &str) -> PathBuf {
    let name = settings.file_name().unwrap_or_default().to_string_lossy();
    let folder = settings.parent().unwrap_or(Path::new("/"));
    folder.join(format!(".{name}.{}.renewal", mark(server)))
}

#[cfg(test)]
mod tests {
    use super::*;

    // rule: at-02
    #[tokio::test(start_paused = true)]
    async fn the_second_one_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("mcp_settings.json");
        let first = ProcessLock::acquire(&settings, "../a").await.unwrap();
        let mut second = Box::pin(ProcessLock::acquire(&settings, "../a"));
        let early = tokio::time::timeout(PAUSE * 3, &mut second).await;
        assert!(early.is_err(), "the lock was given twice");
        assert!(
            ProcessLock::acquire(&settings, "b").await.is_some(),
            "another server has its own"
        );
        drop(first);
        assert!(second.await.is_some());
    }
}
