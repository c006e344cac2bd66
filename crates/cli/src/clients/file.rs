//! A client's configuration on disk: read whole, written whole or not at all, with a copy of what was there before.
//!
//! Links stay links, modes stay modes. What the client itself wrote meanwhile is never written over.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Larger files are nobody's configuration.
const LARGEST: u64 = 64 << 20;

/// A file as it was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// Where it is, links followed.
    pub(crate) path: PathBuf,
    /// `None`: there is no file yet.
    pub(crate) text: Option<String>,
}

impl Found {
    pub(crate) fn at(path: &Path) -> Result<Self, Failure> {
        let path = fs::canonicalize(path).unwrap_or_else(|_not_there_yet| path.to_owned());
        let text = read(&path).map_err(|error| unreadable(&path, &error))?;
        Ok(Self { path, text })
    }

    pub(crate) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }
}

fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(found) if !found.is_file() => Err(io::Error::other("it is not a file")),
        Ok(found) if found.len() > LARGEST => Err(io::Error::other("it is too large")),
        Ok(_) => fs::read_to_string(path).map(Some),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("cannot read {}: {error}", path.display()))
}

/// Where the text from before an entry is kept.
pub(crate) fn backup_of(path: &Path, entry: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".before-{entry}"));
    path.with_file_name(name)
}

/// Puts a text in the place of what was found, if that is still there.
pub(crate) fn write(found: &Found, text: &str) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        Failure::usage(format!("cannot write {}: {error}", found.path.display()))
    };
    let now = read(&found.path).map_err(|error| unreadable(&found.path, &error))?;
    if now != found.text {
        let shown = found.path.display();
        return Err(Failure::usage(format!(
            "{shown} was changed while you looked at it, so nothing was written"
        ))
        .cure("try again, best while the client does not run"));
    }
    replace(&found.path, text).map_err(failed)
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut file = tempfile::NamedTempFile::new_in(folder)?; // created with mode 0600
    file.write_all(text.as_bytes())?;
    if let Ok(before) = fs::metadata(path) {
        file.as_file().set_permissions(before.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Takes a file away that we made, or a copy that is no longer needed.
pub(crate) fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Failure::usage(format!(
            "cannot remove {}: {error}",
            path.display()
        ))),
        Ok(()) | Err(_) => Ok(()),
    }
}
