//! Replacing a file's text so that a crash at any moment leaves the old text or the new one.

use std::fs::{self, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use super::exchange::{self, Stranded};
use super::mend::{self, NOTED, UNNOTED};
use super::{Landing, beside, folder_of};

/// Why a text could not be put in place by renaming.
enum Obstacle {
    /// Renaming is impossible here, writing is not.
    NoRename,
    Failed(io::Error),
}

/// `notes`: the lock's file, where it is one of its own.
pub(super) fn replace(
    target: &Path,
    notes: Option<&fs::File>,
    (before, after): (Option<&str>, &str),
    unchanged: &dyn Fn() -> bool,
) -> io::Result<Landing> {
    match by_rename(target, notes, (before, after), unchanged) {
        Ok(landing) => Ok(landing),
        Err(Obstacle::Failed(error)) => Err(error),
        Err(Obstacle::NoRename) => in_place(target, before.unwrap_or_default(), after, unchanged),
    }
}

/// Whether an error says that a folder takes no new file from us.
pub(super) fn folder_is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}

/// Tries what a write will need, without writing.
pub(super) fn probe(target: &Path) -> io::Result<()> {
    match temporary(target, NOTED) {
        Ok(_) => Ok(()),
        Err(error) if folder_is_closed(&error) => OpenOptions::new()
            .write(true)
            .open(target)
            .map(drop)
            .map_err(|_| error),
        Err(error) => Err(error),
    }
}

fn by_rename(
    target: &Path,
    notes: Option<&fs::File>,
    (before, after): (Option<&str>, &str),
    unchanged: &dyn Fn() -> bool,
) -> Result<Landing, Obstacle> {
    let ending = if notes.is_some() { NOTED } else { UNNOTED };
    let mut temporary = temporary(target, ending).map_err(|error| {
        if folder_is_closed(&error) {
            Obstacle::NoRename
        } else {
            Obstacle::Failed(error)
        }
    })?;
    keep_owner(&temporary, target)?;
    temporary
        .write_all(after.as_bytes())
        .map_err(Obstacle::Failed)?;
    temporary.as_file().sync_all().map_err(Obstacle::Failed)?;
    if !unchanged() {
        return Ok(Landing::ChangedMeanwhile);
    }
    let landing = match before {
        Some(before) => put(temporary, target, notes, (before, after))?,
        None => create(temporary, target)?,
    };
    if landing == Landing::ChangedMeanwhile {
        return Ok(landing);
    }
    // The text is in place; a folder that cannot be synced does not undo that.
    if let Err(error) = fs::File::open(folder_of(target)).and_then(|folder| folder.sync_all()) {
        tracing::warn!(%error, "the folder of the settings file could not be synced");
    }
    Ok(landing)
}

/// The one step in which the new text takes the old one's place.
fn put(
    temporary: NamedTempFile,
    target: &Path,
    notes: Option<&fs::File>,
    texts: (&str, &str),
) -> Result<Landing, Obstacle> {
    if let Some(notes) = notes {
        mend::note(notes, (temporary.path(), target), texts).map_err(Obstacle::Failed)?;
    }
    let landing = match exchange::put(temporary.path(), target, texts) {
        Ok(Some(landing)) => {
            // The note speaks of it until it is gone.
            drop(temporary);
            landing
        }
        Ok(None) => rename(temporary, target)?,
        Err(Stranded(error)) => return Err(Obstacle::Failed(kept(temporary, &error))),
    };
    // A note that stays speaks of a file that is gone.
    if let Some(Err(error)) = notes.map(mend::clear) {
        tracing::warn!(%error, "the lock's file could not be emptied");
    }
    Ok(landing)
}

fn rename(temporary: NamedTempFile, target: &Path) -> Result<Landing, Obstacle> {
    // rule: safe-p01, at-57
    temporary
        .persist(target)
        .map_err(|refused| obstacle(refused.error))?;
    Ok(Landing::Landed)
}

/// There was no file, and one that somebody made meanwhile is not renamed over.
fn create(temporary: NamedTempFile, target: &Path) -> Result<Landing, Obstacle> {
    match temporary.persist_noclobber(target) {
        Ok(_) => Ok(Landing::Landed),
        Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(Landing::ChangedMeanwhile)
        }
        // Not every file system can look and rename in one step.
        Err(refused) => rename(refused.file, target),
    }
}

/// Keeps a temporary file that holds what somebody saved, where no start clears it away; what to tell of it.
fn kept(temporary: NamedTempFile, why: &io::Error) -> io::Error {
    let what = "somebody saved the file while it was written, and that could not be put back";
    let left = match temporary.into_temp_path().keep() {
        Ok(left) => left,
        Err(gone) => {
            return io::Error::other(format!(
                "{what}: {why}; and neither could it be kept: {gone}"
            ));
        }
    };
    // Where it can have no other name, it is mended from where it is.
    let place = mend::keep(&left).unwrap_or(left);
    io::Error::other(format!("{what}: {why}; it is kept in {}", place.display()))
}

/// A file that is a mount point of its own cannot be renamed over.
fn obstacle(error: io::Error) -> Obstacle {
    let kinds = [
        io::ErrorKind::ResourceBusy,
        io::ErrorKind::CrossesDevices,
        io::ErrorKind::PermissionDenied,
    ];
    if kinds.contains(&error.kind()) {
        Obstacle::NoRename
    } else {
        Obstacle::Failed(error)
    }
}

/// A new file beside the target that only its owner can read.
// rule: safe-p04
fn temporary(target: &Path, ending: &str) -> io::Result<NamedTempFile> {
    let prefix = beside(target, "");
    let prefix = prefix.file_name().unwrap_or_default().to_owned();
    Builder::new()
        .prefix(&prefix)
        .suffix(&format!(".{ending}"))
        .tempfile_in(folder_of(target))
}

/// The new file belongs to whom the old one belonged.
fn keep_owner(temporary: &NamedTempFile, target: &Path) -> Result<(), Obstacle> {
    let Ok(old) = fs::metadata(target) else {
        return Ok(());
    };
    let new = temporary.as_file().metadata().map_err(Obstacle::Failed)?;
    if (old.uid(), old.gid()) == (new.uid(), new.gid()) {
        return Ok(());
    }
    let owned = std::os::unix::fs::fchown(temporary.as_file(), Some(old.uid()), Some(old.gid()));
    // Only the group differs: no reason to give up renaming, since the mode leaves the group nothing.
    if owned.is_err() && old.uid() != new.uid() {
        Err(Obstacle::NoRename)
    } else {
        Ok(())
    }
}

/// Space after the text is no change to JSON: it is added first, so that a full disk is found while the old text is whole.
fn in_place(
    target: &Path,
    before: &str,
    after: &str,
    unchanged: &dyn Fn() -> bool,
) -> io::Result<Landing> {
    let mut file = OpenOptions::new().write(true).open(target)?;
    let (old, new) = (before.len() as u64, after.len() as u64);
    if !unchanged() {
        return Ok(Landing::ChangedMeanwhile);
    }
    // rule: safe-p02
    let room = new.saturating_sub(old);
    let padded = file
        .seek(SeekFrom::End(0))
        .and_then(|_| io::copy(&mut io::Read::take(io::repeat(b' '), room), &mut file))
        .and_then(|_| file.sync_all());
    if let Err(error) = padded {
        file.set_len(old)?;
        return Err(error);
    }
    let written = overwrite(&mut file, after);
    if let Err(error) = written {
        overwrite(&mut file, before)?;
        return Err(error);
    }
    Ok(Landing::Landed)
}

fn overwrite(file: &mut fs::File, text: &str) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    // rule: safe-p01
    #[test]
    fn what_could_not_be_put_back_is_kept_where_the_error_says_and_no_start_clears_it_away() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("mcp_settings.json");
        let mut temporary = temporary(&target, NOTED).unwrap();
        temporary.write_all(b"saved by an editor").unwrap();
        let error = kept(temporary, &io::Error::other("no more room")).to_string();
        mend::remove_leftovers(&target, true);
        let mut files = fs::read_dir(folder.path()).unwrap();
        let path = files.next().unwrap().unwrap().path();
        assert!(files.next().is_none());
        assert_eq!(fs::read_to_string(&path).unwrap(), "saved by an editor");
        assert!(
            error.contains("no more room") && error.contains(path.to_str().unwrap()),
            "{error}"
        );
    }

    #[test]
    fn a_file_that_was_made_after_the_last_look_is_not_renamed_over() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("mcp_settings.json");
        let created = || {
            fs::write(&target, "by an editor").unwrap();
            true
        };
        let landed = replace(&target, None, (None, "ours"), &created).unwrap();
        assert_eq!(landed, Landing::ChangedMeanwhile);
        assert_eq!(fs::read_to_string(&target).unwrap(), "by an editor");
        fs::remove_file(&target).unwrap();
        let landed = replace(&target, None, (None, "ours"), &|| true).unwrap();
        assert_eq!(landed, Landing::Landed);
        assert_eq!(fs::read_to_string(&target).unwrap(), "ours");
    }

    // rule: safe-p04
    #[test]
    fn what_is_written_beside_the_file_is_its_owners_alone_from_its_first_moment() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("mcp_settings.json");
        fs::write(&target, "{}").unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o644)).unwrap();
        let temporary = temporary(&target, NOTED).unwrap();
        let mode = temporary.as_file().metadata().unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
        // And it takes the place of the old one with that mode.
        let landed = replace(&target, None, (Some("{}"), "{ }"), &|| true).unwrap();
        assert_eq!(landed, Landing::Landed);
        assert_eq!(fs::metadata(&target).unwrap().mode() & 0o777, 0o600);
    }
}
