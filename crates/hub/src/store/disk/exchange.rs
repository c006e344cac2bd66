//! Putting a new file in the place of one that an editor may save at the same moment.
//!
//! Renaming over a file destroys whatever stands there then, also what was saved after the last look at it. So the two files change places in one step, and
//! what was displaced is looked at: where it is not what was expected, it is put back.

use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::Landing;

/// Puts `new` (a file that holds `after`) in the place of `target`, if that still holds `before`. Whatever stays at `new` is of no use to anybody.
/// `None`: this file system cannot do it.
///
/// # Errors
/// When the files cannot change places; both are where they were.
pub(super) fn put(
    new: &Path,
    target: &Path,
    (before, after): (&str, &str),
) -> io::Result<Option<Landing>> {
    match swap(new, target) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Some(Landing::ChangedMeanwhile));
        }
        Err(error) if is_unknown(&error) => return Ok(None),
        Err(error) => return Err(error),
    }
    if holds(new, before) {
        return Ok(Some(Landing::Landed));
    }
    // rule: safe-p01
    // Somebody saved between the last look and the exchange.
    swap(new, target)?;
    if !holds(new, after) {
        // And once more, over our text: the newest one stays.
        swap(new, target)?;
    }
    Ok(Some(Landing::ChangedMeanwhile))
}

fn swap(one: &Path, other: &Path) -> io::Result<()> {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).map_err(io::Error::from)
}

/// A file that cannot be read is not what was written.
fn holds(path: &Path, text: &str) -> bool {
    fs::read(path).is_ok_and(|found| found == text.as_bytes())
}

fn is_unknown(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
    )
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
    fn a_file_that_was_taken_away_is_not_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let [new, target] = ["new", "target"].map(|name| folder.path().join(name));
        fs::write(&new, "after").unwrap();
        let ended = put(&new, &target, ("before", "after")).unwrap();
        assert_eq!(ended, Some(Landing::ChangedMeanwhile));
        assert!(!target.exists());
    }
}
