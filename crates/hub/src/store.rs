//! The store: one settings file, shared with the person who edits it and with other processes.
//!
//! Every change is applied to what is on disk at that moment, under a lock, and lands whole or not at all (see `disk`). Changes
//! by others are noticed and published; one that does not parse leaves the old settings running. A file that could not be read
//! is never written over, and neither is one that was emptied or taken away while the hub runs.

mod disk;
mod trouble;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};

use arc_swap::ArcSwap;
use serde_json::Value;
use settings::{Change, Converted, File, Settings};
use tokio::sync::{Mutex, Notify, watch as channel};

use crate::vault::Vault;
use disk::{Disk, Landing};
pub use disk::{ReadError, WriteError};
pub use trouble::{EditError, OpenError, Trouble};

/// How a placeholder's name becomes its value; the binary hands down the process environment.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What must be true of the file on disk for a change to be made.
type Condition = Box<dyn Fn(&Settings) -> bool + Send + Sync>;

/// How often a change starts again when somebody who takes no lock writes at the same moment.
const ROUNDS: usize = 20;

/// The settings file. A clone is the same store.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    disk: Disk,
    environment: Environment,
    vault: Vault,
    /// Reading and publishing, as one.
    gate: Mutex<()>,
    snapshot: ArcSwap<Snapshot>,
    told: channel::Sender<Arc<Settings>>,
    troubles: SyncMutex<Troubles>,
    /// Word that the file may have changed.
    changed: Arc<Notify>,
}

/// A file and what it means.
struct Snapshot {
    file: Arc<File>,
    settings: Arc<Settings>,
}

#[derive(Default)]
struct Troubles {
    reading: Option<Trouble>,
    writing: Option<Trouble>,
}

impl Store {
    /// Opens a settings file and follows it from then on. A missing one starts empty and is made by the first change.
    pub async fn open(
        path: impl Into<PathBuf>,
        environment: Environment,
    ) -> Result<Self, OpenError> {
        Self::open_with(path, environment, Vault::default()).await
    }

    /// As `open`, with a key: secrets are sealed when they are written, and opened when they are read.
    pub async fn open_with(
        path: impl Into<PathBuf>,
        environment: Environment,
        vault: Vault,
    ) -> Result<Self, OpenError> {
        let path = path.into();
        let (disk, file, writing) = blocking(move || begin(&path))
            .await
            .map_err(OpenError::Stopped)??;
        let settings = Arc::new(resolve(&file, &environment, &vault));
        report(&settings, None);
        let shared = Arc::new(Shared {
            disk,
            environment,
            vault,
            gate: Mutex::default(),
            told: channel::Sender::new(Arc::clone(&settings)),
            snapshot: ArcSwap::from_pointee(Snapshot {
                file: Arc::new(file),
                settings,
            }),
            troubles: SyncMutex::default(),
            changed: Arc::default(),
        });
        shared.set_writing(writing);
        watch::follow(&shared)?;
        Ok(Self { shared })
    }

    /// The file's absolute path, as it was given (links are not followed).
    #[must_use]
    pub fn path(&self) -> &Path {
        self.shared.disk.path()
    }

    /// Where the files are that the settings name by a relative path.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.path().parent().unwrap_or(Path::new(""))
    }

    /// What the settings mean now.
    #[must_use]
    pub fn current(&self) -> Arc<Settings> {
        Arc::clone(&self.shared.snapshot.load().settings)
    }

    /// The file as it is written now.
    #[must_use]
    pub fn file(&self) -> Arc<File> {
        Arc::clone(&self.shared.snapshot.load().file)
    }

    /// A server's entry as it is written, with what is sealed opened. Nobody outside may see it.
    #[must_use]
    pub fn opened_server(&self, name: &str) -> Option<Value> {
        let file = self.file();
        let entry = file.raw_server(name)?;
        Some(settings::opened(name, entry, &self.shared.vault))
    }

    /// The settings after every change, our own and others'.
    #[must_use]
    pub fn subscribe(&self) -> channel::Receiver<Arc<Settings>> {
        self.shared.told.subscribe()
    }

    /// What keeps the file from being read or written, if anything does.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        let troubles = self
            .shared
            .troubles
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        troubles
            .reading
            .clone()
            .or_else(|| troubles.writing.clone())
    }

    /// Makes all changes or none. When this returns, they are on disk and published. It is finished even when the caller goes
    /// away.
    pub async fn edit(&self, changes: Vec<Change>) -> Result<(), EditError> {
        let shared = Arc::clone(&self.shared);
        let always = Box::new(|_: &Settings| true);
        let task = tokio::spawn(async move { shared.edit_when(always, changes).await });
        task.await.map_err(EditError::Stopped)?.map(drop)
    }

    /// As `edit`, if the file on disk means what the changes were made up for; `false`: it does not, and was not touched.
    pub async fn edit_when(
        &self,
        holds: impl Fn(&Settings) -> bool + Send + Sync + 'static,
        changes: Vec<Change>,
    ) -> Result<bool, EditError> {
        let shared = Arc::clone(&self.shared);
        let task = tokio::spawn(async move { shared.edit_when(Box::new(holds), changes).await });
        task.await.map_err(EditError::Stopped)?
    }

    /// The file itself: where links lead. Other processes may have come to it by other names.
    #[must_use]
    pub fn real_path(&self) -> PathBuf {
        self.shared.disk.target()
    }

    /// Reads the file again now, without waiting for word of a change.
    pub async fn reload(&self) {
        self.shared.reload().await;
    }
}

/// Makes a new text of the settings file, whole or not at all, also while a hub runs on it; that one then reads it again.
/// Gives how many values were changed.
///
/// # Errors
/// When the file cannot be read or written, or `make` refuses; the file is as it was.
pub fn convert(
    path: &Path,
    make: &dyn Fn(&str) -> Result<Converted, settings::EditError>,
) -> Result<usize, EditError> {
    let disk = Disk::at(path).map_err(Box::new)?;
    let lock = disk.lock()?;
    for _ in 0..ROUNDS {
        let Some(before) = disk.read_settled(true)? else {
            return Err(EditError::Gone);
        };
        let Converted { text, changed } = make(&before)?;
        if text == before {
            return Ok(changed);
        }
        match disk.write(&lock, Some(&before), &text)? {
            Landing::Landed => return Ok(changed),
            Landing::ChangedMeanwhile => {}
        }
    }
    drop(lock);
    Err(EditError::NeverStill)
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.changed.notify_one();
    }
}

impl Shared {
    async fn edit_when(
        self: &Arc<Self>,
        holds: Condition,
        changes: Vec<Change>,
    ) -> Result<bool, EditError> {
        let _turn = self.gate.lock().await;
        let shared = Arc::clone(self);
        let edited = blocking(move || shared.edit_on_disk(&holds, &changes))
            .await
            .map_err(EditError::Stopped)?;
        match &edited {
            Err(EditError::Write(error)) => {
                self.set_writing(Some(Trouble::NotWritable(error.to_string())))
            }
            Ok(_) => self.set_writing(None),
            Err(_) => {}
        }
        let (file, held) = edited?;
        self.publish(file);
        self.set_reading(None);
        Ok(held)
    }

    /// The file as it is then, and whether the condition held.
    fn edit_on_disk(
        &self,
        holds: &Condition,
        changes: &[Change],
    ) -> Result<(File, bool), EditError> {
        let lock = self.disk.lock()?;
        let had_text = !is_blank(self.snapshot.load().file.text());
        for _ in 0..ROUNDS {
            let found = self.disk.read_settled(had_text)?;
            if had_text && found.as_deref().is_none_or(is_blank) {
                return Err(EditError::Gone);
            }
            // rule: safe-p07
            // What is on disk is changed, not what we made of it: placeholders stay placeholders.
            let before = found.as_deref().unwrap_or_default();
            let known = File::parse(before).map_err(settings::EditError::Unreadable)?;
            if !holds(&resolve(&known, &self.environment, &self.vault)) {
                return Ok((known, false));
            }
            let after = settings::apply_with(before, changes, &self.vault)?;
            let file = File::parse(&after).map_err(settings::EditError::Unreadable)?;
            if after == before {
                return Ok((file, true));
            }
            match self.disk.write(&lock, found.as_deref(), &after)? {
                Landing::Landed => return Ok((file, true)),
                Landing::ChangedMeanwhile => {}
            }
        }
        drop(lock);
        Err(EditError::NeverStill)
    }

    async fn reload(self: &Arc<Self>) {
        let _turn = self.gate.lock().await;
        let shared = Arc::clone(self);
        match blocking(move || shared.disk.read()).await {
            Err(stopped) => {
                tracing::error!(error = %stopped, "reading the settings file broke off")
            }
            Ok(Err(error)) => self.set_reading(Some(Trouble::Unreadable(error.to_string()))),
            Ok(Ok(found)) => {
                let known = Arc::clone(&self.snapshot.load().file);
                let text = found.unwrap_or_default();
                if text == known.text() {
                    return self.set_reading(None);
                }
                if is_blank(&text) {
                    return self.set_reading(Some(Trouble::Gone));
                }
                match File::parse(&text) {
                    Err(error) => self.set_reading(Some(Trouble::Unparsable(error))),
                    Ok(file) => {
                        self.publish(file);
                        self.set_reading(None);
                    }
                }
            }
        }
    }

    fn publish(&self, file: File) {
        let settings = Arc::new(resolve(&file, &self.environment, &self.vault));
        let before = self.snapshot.swap(Arc::new(Snapshot {
            file: Arc::new(file),
            settings: Arc::clone(&settings),
        }));
        report(&settings, Some(&before.settings));
        if *before.settings != *settings {
            self.told.send_replace(settings);
        }
    }

    fn set_reading(&self, trouble: Option<Trouble>) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        said(&troubles.reading, &trouble);
        troubles.reading = trouble;
    }

    fn set_writing(&self, trouble: Option<Trouble>) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        said(&troubles.writing, &trouble);
        troubles.writing = trouble;
    }
}

/// The first look at the file: its text, and whether it can be written.
fn begin(path: &Path) -> Result<(Disk, File, Option<Trouble>), OpenError> {
    let disk = Disk::at(path)?;
    let file = first_look(&disk, path)?;
    let tidied = disk.tidy();
    // What somebody saved may be in the file again.
    let file = match tidied {
        Ok(false) => file,
        Ok(true) | Err(_) => first_look(&disk, path)?,
    };
    let writing = tidied.err();
    let writing = writing.map(|error| Trouble::NotWritable(error.to_string()));
    Ok((disk, file, writing))
}

fn first_look(disk: &Disk, path: &Path) -> Result<File, OpenError> {
    // rule: safe-p05
    // An editor may be in the middle of saving while the hub starts.
    let text = disk.read_settled(false)?.unwrap_or_default();
    File::parse(&text).map_err(|error| OpenError::Unparsable {
        path: path.to_owned(),
        error,
    })
}

fn resolve(file: &File, environment: &Environment, vault: &Vault) -> Settings {
    settings::resolve_with(file, &|name| environment(name), vault)
}

fn is_blank(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim().is_empty()
}

/// Logs what a person should change in the file, once.
fn report(settings: &Settings, before: Option<&Settings>) {
    let known = |problem: &settings::Problem| {
        before.is_some_and(|before| {
            before
                .problems
                .iter()
                .any(|old| old.path == problem.path && old.message == problem.message)
        })
    };
    for problem in settings.problems.iter().filter(|problem| !known(problem)) {
        tracing::warn!("settings: {problem}");
    }
}

fn said(before: &Option<Trouble>, now: &Option<Trouble>) {
    match (before, now) {
        (_, Some(trouble)) if before != now => tracing::warn!("{trouble}"),
        (Some(_), None) => tracing::info!("the settings file is in order again"),
        (_, _) => {}
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, tokio::task::JoinError> {
    tokio::task::spawn_blocking(work).await
}

#[cfg(test)]
mod tests;
