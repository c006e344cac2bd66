//! Noticing changes that others make to the settings file.
//!
//! The folder is watched, not the file: editors put a new file in its place. Where the system offers no notices, the folder is
//! looked at every two seconds.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Config, Event, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use super::Shared;
use super::trouble::OpenError;

/// Editors write in several strokes; this is how long we wait for the next one.
const SETTLE: Duration = Duration::from_millis(100);

/// Reads the file again after every change, as long as the store lives.
pub(super) fn follow(shared: &Arc<Shared>) -> Result<(), OpenError> {
    let changed = Arc::clone(&shared.changed);
    let places = shared.disk.places();
    let watcher = watch_with::<RecommendedWatcher>(&places, Config::default(), &changed).or_else(|error| {
        tracing::warn!(%error, "no notices of changed files here; looking at the settings file every two seconds");
        let config = Config::default().with_poll_interval(Duration::from_secs(2)).with_compare_contents(true);
        watch_with::<PollWatcher>(&places, config, &changed)
    });
    let watcher = watcher.map_err(OpenError::Unwatched)?;
    tokio::spawn(reload_on_change(Arc::downgrade(shared), changed, watcher));
    Ok(())
}

async fn reload_on_change(
    shared: Weak<Shared>,
    changed: Arc<Notify>,
    watcher: Box<dyn Send + Sync>,
) {
    loop {
        // The store's end is a notice too.
        changed.notified().await;
        tokio::time::sleep(SETTLE).await;
        let Some(shared) = shared.upgrade() else {
            break;
        };
        shared.reload().await;
    }
    drop(watcher);
}

fn watch_with<W: Watcher + Send + Sync + 'static>(
    places: &[PathBuf],
    config: Config,
    changed: &Arc<Notify>,
) -> notify::Result<Box<dyn Send + Sync>> {
    let names: Vec<OsString> = places
        .iter()
        .filter_map(|place| place.file_name())
        .map(OsString::from)
        .collect();
    let changed = Arc::clone(changed);
    let mut watcher = W::new(
        move |event: notify::Result<Event>| {
            // An error may hide a change.
            if event.map_or(true, |event| concerns(&event, &names)) {
                changed.notify_one();
            }
        },
        config,
    )?;
    let mut folders: Vec<&Path> = places.iter().filter_map(|place| place.parent()).collect();
    folders.dedup();
    for folder in folders {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
    }
    Ok(Box::new(watcher))
}

/// Whether an event can mean that the file reads differently now. Reading it ourselves must not count.
fn concerns(event: &Event, names: &[OsString]) -> bool {
    let writes = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    };
    // Mounted configuration is swapped by re-pointing a link called `..data` beside the file.
    let ours = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| names.iter().any(|ours| ours == name) || name == "..data")
    };
    writes && (event.need_rescan() || event.paths.is_empty() || event.paths.iter().any(ours))
}
