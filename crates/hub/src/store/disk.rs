//! The file on disk: read whole, written whole, mode 0600.
//!
//! A new text goes to a temporary file beside the old one, is synced, and renamed over it; then the folder is synced. Where that
//! cannot be (a file mounted by itself, a folder that takes no new file, a file of another owner) it is written in place, after
//! making sure that there is room. A lock beside the file keeps our own processes apart; for editors that take no lock, the file
//! is compared once more just before it is replaced, and what was replaced is compared as
//! well. What a hub that was killed in the middle left is mended by the lock's next holder.

mod exchange;
mod mend;
mod plain;
mod replace;

use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use settings::File;

use super::OpenError;

/// Larger files are no settings.
const LARGEST: u64 = 64 << 20;

/// How long another process may hold the lock; a write takes milliseconds.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// How long an editor may leave the file missing or half written.
const EDITOR_PATIENCE: Duration = Duration::from_secs(1);

const PAUSE: Duration = Duration::from_millis(10);

/// The file cannot be read as text.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("{} cannot be read", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is not a file", .0.display())]
    NotAFile(PathBuf),
    #[error("{} is larger than {} MB", .0.display(), LARGEST >> 20)]
    TooLarge(PathBuf),
    #[error("{}: line {line} is not UTF-8; save the file as UTF-8", path.display())]
    NotUtf8 { path: PathBuf, line: usize },
}

/// The file cannot be written; it is as it was.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("{} cannot be written: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("another process holds {}", .0.display())]
    Locked(PathBuf),
}

/// How a write ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Landing {
    Landed,
    /// The file is no longer what it was when the change was made up; nothing was written.
    ChangedMeanwhile,
}

pub(super) struct Disk {
    path: PathBuf,
    /// Somebody has been told that others can read the file.
    told_open: AtomicBool,
    /// And the same of its lock.
    told_lock: AtomicBool,
}

/// Held while the file is changed.
pub(super) struct Lock {
    held: Held,
    /// What somebody saved while an earlier holder was killed is in the settings file again.
    mended: bool,
}

enum Held {
    /// A file of its own, which takes notes of the write that is under way.
    Own(fs::File),
    /// The settings file itself, in a folder that takes no new file.
    Settings(#[expect(dead_code, reason = "the lock ends with it")] fs::File),
    /// Some network file systems know no locks.
    Nothing,
}

impl Lock {
    fn notes(&self) -> Option<&fs::File> {
        match &self.held {
            Held::Own(file) => Some(file),
            Held::Settings(_) | Held::Nothing => None,
        }
    }
}

impl Disk {
    pub(super) fn at(path: &Path) -> Result<Self, OpenError> {
        let path = std::path::absolute(path).map_err(|source| ReadError::Io {
            path: path.to_owned(),
            source,
        })?;
        let disk = Self {
            path,
            told_open: AtomicBool::new(false),
            told_lock: AtomicBool::new(false),
        };
        let folder = folder_of(&disk.target());
        if folder.is_dir() {
            Ok(disk)
        } else {
            Err(OpenError::NoFolder(folder))
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file as it was named and, when that is a link, where it leads.
    pub(super) fn places(&self) -> Vec<PathBuf> {
        let mut places = vec![self.path.clone(), self.target()];
        places.dedup();
        places
    }

    /// The whole text; `None` when there is no file.
    pub(super) fn read(&self) -> Result<Option<String>, ReadError> {
        let failed = |source| ReadError::Io {
            path: self.path.clone(),
            source,
        };
        // Before opening: opening a pipe would wait for its other end.
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
            Ok(found) if !found.is_file() => return Err(ReadError::NotAFile(self.path.clone())),
            Ok(_) => {}
        }
        let file = match fs::File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(failed)?,
        };
        let what = "the settings file, which holds tokens";
        keep_private(&file, &self.path, (what, &self.told_open));
        let mut bytes = Vec::new();
        file.take(LARGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if bytes.len() as u64 > LARGEST {
            return Err(ReadError::TooLarge(self.path.clone()));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
            ReadError::NotUtf8 {
                path: self.path.clone(),
                line,
            }
        })?;
        Ok(Some(text))
    }

    /// The text, once an editor that is in the middle of writing it has had time to finish: it parses, and when it should
    /// hold something it does.
    pub(super) fn read_settled(&self, should_hold: bool) -> Result<Option<String>, ReadError> {
        let mut waited = Duration::ZERO;
        loop {
            let found = self.read();
            let settled = match &found {
                Ok(None) => !should_hold,
                Ok(Some(text)) if should_hold => is_whole(text),
                Ok(Some(text)) => File::parse(text).is_ok(),
                // No editor makes these in the middle of saving.
                Err(ReadError::NotAFile(_) | ReadError::TooLarge(_)) => true,
                Err(ReadError::Io { .. } | ReadError::NotUtf8 { .. }) => false,
            };
            if settled || waited >= EDITOR_PATIENCE {
                return found;
            }
            sleep(PAUSE);
            waited += PAUSE;
        }
    }

    /// Keeps our other processes out until dropped. What a holder left that was killed is mended then, before anybody reads or writes.
    pub(super) fn lock(&self) -> Result<Lock, WriteError> {
        let target = self.target();
        let held = hold(&target)?;
        let mut lock = Lock {
            held,
            mended: false,
        };
        if let Some(notes) = lock.notes() {
            let what = "the lock of the settings file, with digests of texts that hold tokens";
            keep_private(notes, &beside(&target, "lock"), (what, &self.told_lock));
            lock.mended = mend::mend(notes, &target).map_err(|source| WriteError::Io {
                path: target,
                source,
            })?;
        }
        Ok(lock)
    }

    /// Replaces `before`, which was just read, by `after`.
    pub(super) fn write(
        &self,
        lock: &Lock,
        before: Option<&str>,
        after: &str,
    ) -> Result<Landing, WriteError> {
        let target = self.target();
        let unchanged = || self.read().is_ok_and(|found| found.as_deref() == before);
        let (notes, texts) = (lock.notes(), (before, after));
        replace::replace(&target, notes, texts, &unchanged).map_err(|source| WriteError::Io {
            path: target.clone(),
            source,
        })
    }

    /// Clears up after a crash, and finds out whether the file can be written at all. Whether the file reads differently now.
    pub(super) fn tidy(&self) -> Result<bool, WriteError> {
        let lock = self.lock()?;
        let target = self.target();
        mend::remove_leftovers(&target, lock.notes().is_some());
        replace::probe(&target).map_err(|source| WriteError::Io {
            path: target,
            source,
        })?;
        Ok(lock.mended)
    }

    /// Where the links lead, also when nothing is there yet.
    pub(super) fn target(&self) -> PathBuf {
        let mut path = self.path.clone();
        for _ in 0..40 {
            let Ok(next) = fs::read_link(&path) else {
                break;
            };
            path = folder_of(&path).join(next);
        }
        path
    }
}

/// Waits for the lock beside the file.
fn hold(target: &Path) -> Result<Held, WriteError> {
    let path = beside(target, "lock");
    let (file, own) = match plain::lock(&path, target) {
        Ok(file) => (file, true),
        // A folder that takes no new file: the file itself stays the same one then, so it can carry the lock.
        Err(error) if replace::folder_is_closed(&error) => {
            let settings = plain::open(OpenOptions::new().read(true), target);
            let file = settings.map_err(|_| WriteError::Io {
                path: path.clone(),
                source: error,
            })?;
            (file, false)
        }
        Err(source) => return Err(WriteError::Io { path, source }),
    };
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) if own => return Ok(Held::Own(file)),
            Ok(()) => return Ok(Held::Settings(file)),
            Err(TryLockError::WouldBlock) if waited < LOCK_PATIENCE => {
                sleep(PAUSE);
                waited += PAUSE;
            }
            Err(TryLockError::WouldBlock) => return Err(WriteError::Locked(path)),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                return Ok(Held::Nothing);
            }
            Err(TryLockError::Error(source)) => return Err(WriteError::Io { path, source }),
        }
    }
}

/// The file holds tokens: its owner alone may read it, also after an editor made it anew. Where that cannot be, it is said once.
fn keep_private(file: &fs::File, path: &Path, (what, told): (&str, &AtomicBool)) {
    let Ok(found) = file.metadata() else { return };
    // rule: safe-p04, at-57
    if found.permissions().mode() & 0o077 == 0 {
        return;
    }
    let path = path.display();
    match make_private(file) {
        Ok(()) => {
            tracing::info!(%path, "others could read {what}; now only its owner can")
        }
        Err(error) if !told.swap(true, Ordering::Relaxed) => {
            tracing::warn!(%path, %error, "others can read {what}; run chmod 600 on it");
        }
        Err(_) => {}
    }
}

/// Leaves a file to its owner alone.
fn make_private(file: &fs::File) -> io::Result<()> {
    let mode = file.metadata()?.permissions().mode();
    file.set_permissions(fs::Permissions::from_mode(mode & 0o700))
}

/// A text that a hub can start on and that holds something.
fn is_whole(text: &str) -> bool {
    File::parse(text).is_ok() && !super::is_blank(text)
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("/")).to_owned()
}

/// A hidden neighbour: `.mcp_settings.json.lock`.
fn beside(target: &Path, ending: &str) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    folder_of(target).join(format!(".{name}.{ending}"))
}
