//! What a hub that was killed in the middle of a write left behind, and what becomes of it.
//!
//! Before two files change places (`exchange`), the lock's file is told which file will hold what was displaced, with the digests of the old text and of the new one. So the next
//! holder of the lock, at a start or at a write of a hub that ran on, knows what that file is: of no use, or what somebody saved. The digests stand there and in no file's
//! name: who may list the folder but not read in it could try guesses of a password against a name.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use sha2::{Digest as _, Sha256};

use super::exchange::{self, Stranded};
use super::{Landing, beside, folder_of, is_whole, plain};

/// Of a temporary file that is noted before it is exchanged: where no note speaks of it, it is a write that did not come so far.
pub(super) const NOTED: &str = "new";

/// Of a temporary file where nothing could be noted, and of those that former versions left.
pub(super) const UNNOTED: &str = "tmp";

/// No note is longer.
const LONGEST: u64 = 1024;

/// What stands in the lock's file while a write is under way, in one line.
struct Note {
    /// What the temporary file's name has of its own.
    word: String,
    before: String,
    after: String,
}

/// Notes a write before its files change places.
pub(super) fn note(
    notes: &fs::File,
    (temporary, target): (&Path, &Path),
    (before, after): (&str, &str),
) -> io::Result<()> {
    let word = word(temporary, target, NOTED).unwrap_or_default();
    let line = format!("{word} {} {}\n", digest(before), digest(after));
    clear(notes)?;
    // One stroke, within one page: a kill leaves all of it or nothing. A system that goes down here may lose it, as it loses what an editor did not sync.
    let mut notes = notes;
    notes.seek(SeekFrom::Start(0))?;
    notes.write_all(line.as_bytes())
}

/// The write came to its end.
pub(super) fn clear(notes: &fs::File) -> io::Result<()> {
    notes.set_len(0)
}

/// Does what a killed holder of the lock had yet to do; whether the settings file has a text again that somebody saved.
///
/// # Errors
/// When what somebody saved can be neither put back nor kept. The note stays, and nothing may be written before that is done.
pub(super) fn mend(notes: &fs::File, target: &Path) -> io::Result<bool> {
    let Some(note) = Note::read(notes)? else {
        return Ok(false);
    };
    let left = named(target, &note.word, NOTED);
    let put_back = match plain::read(&left) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        // It never took the file's place, or it did and this is what it replaced.
        Ok(found) if [&note.before, &note.after].contains(&&digest(&found)) => {
            remove(&left);
            false
        }
        // rule: safe-p01
        found => settle(&left, target, (found.ok(), &note.after))?,
    };
    clear(notes)?;
    Ok(put_back)
}

/// What somebody saved was displaced, and nobody put it back.
fn settle(left: &Path, target: &Path, (saved, after): (Option<Vec<u8>>, &str)) -> io::Result<bool> {
    let saved = saved.and_then(|saved| String::from_utf8(saved).ok());
    let why = match saved.filter(|saved| is_whole(saved)) {
        Some(saved) if put_back(left, target, (&saved, after))? => {
            tracing::info!(path = %target.display(), "what somebody saved while a hub was killed in the middle of a write is in the settings file again");
            return Ok(true);
        }
        Some(_) => "the settings file was changed since",
        None => "it is no whole settings file",
    };
    warn_of(&keep(left)?, why);
    Ok(false)
}

/// The write was told to nobody, and so it may go.
fn put_back(left: &Path, target: &Path, (saved, after): (&str, &str)) -> io::Result<bool> {
    let ours = plain::read(target).ok();
    let ours = ours.and_then(|ours| String::from_utf8(ours).ok());
    let Some(ours) = ours.filter(|found| digest(found) == after) else {
        return Ok(false);
    };
    match exchange::put(left, target, (&ours, saved)) {
        Ok(Some(Landing::Landed)) => {
            remove(left);
            Ok(true)
        }
        Ok(_) => Ok(false),
        Err(Stranded(error)) => Err(error),
    }
}

/// Temporary files of which no note speaks. The caller holds the lock; whether its file takes notes, it says.
pub(super) fn remove_leftovers(target: &Path, takes_notes: bool) {
    let Ok(entries) = fs::read_dir(folder_of(target)) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        // Another hub may be at work on one that is noted somewhere else.
        if takes_notes && word(&path, target, NOTED).is_some() {
            remove(&path);
        } else if word(&path, target, UNNOTED).is_some() {
            sort(&path, target);
        }
    }
}

/// A file that nothing is known of: a write that was cut off is no whole text, and what is in the settings file is not needed twice. Anything else may be
/// what somebody saved, also a link.
fn sort(path: &Path, target: &Path) {
    let of_use = match plain::read(path) {
        Ok(found) => {
            std::str::from_utf8(&found).is_ok_and(is_whole)
                && plain::read(target).ok().as_ref() != Some(&found)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(_) => true,
    };
    if !of_use {
        return remove(path);
    }
    match keep(path) {
        Ok(place) => warn_of(&place, "nothing says what it is"),
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "a temporary file of an earlier run, which may be what somebody saved, cannot be renamed");
        }
    }
}

/// Gives what somebody saved a name that no start clears away, for its owner alone; that place.
pub(super) fn keep(left: &Path) -> io::Result<PathBuf> {
    let name = left.file_name().unwrap_or_default().to_string_lossy();
    let name = name.trim_start_matches('.');
    let name = name.rsplit_once('.').map_or(name, |(name, _)| name);
    let place = left.with_file_name(format!("{name}.saved"));
    match renameat_with(CWD, left, CWD, &place, RenameFlags::NOREPLACE) {
        Ok(()) => {}
        // Not every file system can look and rename in one step.
        Err(_) if exchange::is_gone(&place) => fs::rename(left, &place)?,
        Err(error) => return Err(error.into()),
    }
    // What a link leads to is not ours to change.
    if plain::is_strange(&place) {
        return Ok(place);
    }
    let opened = plain::open(OpenOptions::new().read(true), &place);
    if let Err(error) = opened.and_then(|file| super::make_private(&file)) {
        tracing::warn!(%error, path = %place.display(), "others may be able to read this file, which may hold tokens; run chmod 600 on it");
    }
    Ok(place)
}

fn warn_of(place: &Path, why: &str) {
    tracing::warn!(
        path = %place.display(),
        "a file was left by a hub that was killed in the middle of a write, and may be what somebody saved then ({why}); \
         compare it with the settings file, take over what is missing there, and delete it"
    );
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::warn!(%error, path = %path.display(), "a temporary file of an earlier run cannot be removed");
    }
}

impl Note {
    /// `None`: no write was under way. One that was noted in half had not begun.
    fn read(mut notes: &fs::File) -> io::Result<Option<Self>> {
        let mut line = Vec::new();
        notes.seek(SeekFrom::Start(0))?;
        notes.take(LONGEST).read_to_end(&mut line)?;
        Ok(String::from_utf8(line)
            .ok()
            .and_then(|line| Self::parse(&line)))
    }

    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.strip_suffix('\n')?.split(' ').map(str::to_owned);
        let note = Self {
            word: parts.next().filter(|word| is_word(word))?,
            before: parts.next()?,
            after: parts.next()?,
        };
        parts.next().is_none().then_some(note)
    }
}

fn digest(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

/// The name of a temporary file: `.mcp_settings.json.Ab12Cd.new`.
fn named(target: &Path, word: &str, ending: &str) -> PathBuf {
    beside(target, &format!("{word}.{ending}"))
}

/// The part of such a name that is its own. Files of a settings file called `mcp_settings.json.old` are not ours.
fn word(path: &Path, target: &Path, ending: &str) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let prefix = beside(target, "");
    let word = name
        .strip_prefix(prefix.file_name()?.to_str()?)?
        .strip_suffix(ending)?
        .strip_suffix('.')?;
    is_word(word).then(|| word.to_owned())
}

/// It leads to no other folder.
fn is_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests;
