//! Putting a new file in the place of one that an editor may save at the same moment.
//!
//! Renaming over a file destroys whatever stands there then, also what was saved after the last look at it. So the two files change places in one step, and
//! what was displaced is looked at: where it is not what was expected, it is put back.

use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::{Landing, plain};

/// What somebody saved could not be put back, and is what `new` holds now: nobody has it anywhere else.
#[derive(Debug)]
pub(super) struct Stranded(pub(super) io::Error);

/// Puts `new` (a file that holds `after`) in the place of `target`, if that still holds `before`. Whatever stays at `new` is of no use to anybody.
/// `None`: the files cannot change places, and are where they were.
///
/// # Errors
/// When what was displaced cannot be put back.
pub(super) fn put(
    new: &Path,
    target: &Path,
    texts: (&str, &str),
) -> Result<Option<Landing>, Stranded> {
    put_by(&swap, (new, target), texts)
}

/// As `put`, by that step.
pub(super) fn put_by(
    swap: &dyn Fn(&Path, &Path) -> io::Result<()>,
    (new, target): (&Path, &Path),
    (before, after): (&str, &str),
) -> Result<Option<Landing>, Stranded> {
    match swap(new, target) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Some(Landing::ChangedMeanwhile));
        }
        // File systems say in many ways that they do not know this; where something else is wrong, renaming says it as well.
        Err(_) => return Ok(None),
    }
    if holds(new, before) || is_gone(new) {
        return Ok(Some(Landing::Landed));
    }
    // rule: safe-p01
    // Somebody saved between the last look and the exchange.
    swap(new, target).map_err(Stranded)?;
    if !holds(new, after) {
        // And once more, over our text: the newest one stays.
        swap(new, target).map_err(Stranded)?;
    }
    Ok(Some(Landing::ChangedMeanwhile))
}

pub(super) fn swap(one: &Path, other: &Path) -> io::Result<()> {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).map_err(io::Error::from)
}

/// A file that cannot be read is not what was written, and neither is a link to one.
fn holds(path: &Path, text: &str) -> bool {
    plain::read(path).is_ok_and(|found| found == text.as_bytes())
}

/// Somebody cleared away what was displaced, and there is nothing to put back.
pub(super) fn is_gone(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    // rule: safe-p01
    #[test]
    fn what_an_editor_saved_after_the_last_look_at_it_is_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let [new, target] = ["new", "target"].map(|name| folder.path().join(name));
        for (found, landing) in [
            ("before", Landing::Landed),
            ("saved by an editor", Landing::ChangedMeanwhile),
        ] {
            fs::write(&new, "after").unwrap();
            fs::write(&target, found).unwrap();
            let ended = put(&new, &target, ("before", "after")).unwrap();
            let kept = fs::read_to_string(&target).unwrap();
            let wanted = match landing {
                Landing::Landed => "after",
                Landing::ChangedMeanwhile => found,
            };
            assert_eq!((ended, kept.as_str()), (Some(landing), wanted));
        }
    }

    #[test]
    fn a_link_that_somebody_put_in_the_files_place_is_put_back_whatever_it_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let [new, target, other] = ["new", "target", "other"].map(|name| folder.path().join(name));
        fs::write(&new, "after").unwrap();
        fs::write(&other, "before").unwrap();
        std::os::unix::fs::symlink(&other, &target).unwrap();
        let ended = put(&new, &target, ("before", "after")).unwrap();
        assert_eq!(ended, Some(Landing::ChangedMeanwhile));
        assert_eq!(fs::read_link(&target).unwrap(), other);
        assert_eq!(fs::read_to_string(&other).unwrap(), "before");
    }

    #[test]
    fn files_that_cannot_change_places_whatever_the_reason_are_left_to_renaming() {
        let folder = tempfile::tempdir().unwrap();
        let [new, target] = ["new", "target"].map(|name| folder.path().join(name));
        for refused in [
            rustix::io::Errno::INVAL,
            rustix::io::Errno::NOSYS,
            rustix::io::Errno::PERM,
        ] {
            let swap = |_: &Path, _: &Path| Err(refused.into());
            let ended = put_by(&swap, (&new, &target), ("before", "after"));
            assert_eq!(ended.unwrap(), None, "{refused}");
        }
    }

    #[test]
    fn a_write_after_which_nothing_is_left_to_put_back_has_landed() {
        let folder = tempfile::tempdir().unwrap();
        let [new, target] = ["new", "target"].map(|name| folder.path().join(name));
        fs::write(&new, "after").unwrap();
        fs::write(&target, "before").unwrap();
        let swap = |one: &Path, other: &Path| {
            swap(one, other)?;
            fs::remove_file(one)
        };
        let ended = put_by(&swap, (&new, &target), ("before", "after")).unwrap();
        assert_eq!(ended, Some(Landing::Landed));
        assert_eq!(fs::read_to_string(&target).unwrap(), "after");
    }

    // rule: safe-p01
    #[test]
    fn what_cannot_be_put_back_is_said_to_be_stranded() {
        let folder = tempfile::tempdir().unwrap();
        let [new, target] = ["new", "target"].map(|name| folder.path().join(name));
        fs::write(&new, "after").unwrap();
        fs::write(&target, "saved by an editor").unwrap();
        let swaps = std::cell::Cell::new(0);
        let swap = |one: &Path, other: &Path| match swaps.replace(swaps.get() + 1) {
            0 => swap(one, other),
            _ => Err(rustix::io::Errno::IO.into()),
        };
        let ended = put_by(&swap, (&new, &target), ("before", "after"));
        assert!(ended.is_err());
        assert_eq!(fs::read_to_string(&new).unwrap(), "saved by an editor");
    }

    #[test]
    fn a_file_that_was_taken_away_is_not_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let [new, target] = ["new", "target"].map(|name| folder.path().join(name));
        fs::write(&new, "after").unwrap();
        let ended = put(&new, &target, ("before", "after")).unwrap();
        assert_eq!(ended, Some(Landing::ChangedMeanwhile));
        assert!(!target.exists());
    }
}
