//! The files beside the settings file, opened as what they are. Who may make files in that folder could put a link there, and have us empty, read or change
//! the mode of what it leads to; or a pipe, at which we would wait while we hold the lock.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use super::LARGEST;

// rule: safe-p04
/// Opens a regular file, never what a link leads to, and waits for no other end of a pipe.
pub(super) fn open(options: &mut OpenOptions, path: &Path) -> io::Result<fs::File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let strange = || io::Error::other("it is a link, a folder or a pipe, and no file");
    match options.custom_flags(flags).open(path) {
        Ok(file) if file.metadata()?.is_file() => Ok(file),
        Ok(_) => Err(strange()),
        // Systems say in many ways what they refused.
        Err(_) if is_strange(path) => Err(strange()),
        Err(error) => Err(error),
    }
}

/// The whole of a file that is no larger than settings can be.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = open(OpenOptions::new().read(true), path)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// The lock's file, made where there is none. The notes in it are written over what it holds, so it may not be the settings file by another name.
pub(super) fn lock(path: &Path, target: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    let file = match open(options.mode(0o600), path) {
        Err(error) if is_strange(path) => {
            return Err(io::Error::other(format!("{error} of the hub's; remove it")));
        }
        opened => opened?,
    };
    let identity = |found: fs::Metadata| (found.dev(), found.ino());
    let own = identity(file.metadata()?);
    if fs::metadata(target).is_ok_and(|found| identity(found) == own) {
        return Err(io::Error::other(
            "it is the settings file under a second name; remove that name",
        ));
    }
    Ok(file)
}

/// Something is there, and it is no regular file.
pub(super) fn is_strange(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| !found.is_file())
}

#[cfg(test)]
mod tests;
