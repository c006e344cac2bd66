//! What stands in the place of our files and is none of them: links, pipes, folders, files that are too large.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::super::{Disk, beside, mend};
use super::*;

const TEXT: &str = "{ \"text\": \"of the settings\" }";
const BEFORE: &str = "{ \"text\": \"before\" }";
const OTHER: &str = "{ \"text\": \"of another file\" }";

/// A folder with a settings file, and another file that is nobody's business.
fn folder() -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let [target, other] = ["mcp_settings.json", "other"].map(|name| folder.path().join(name));
    fs::write(&target, TEXT).unwrap();
    fs::write(&other, OTHER).unwrap();
    fs::set_permissions(&other, fs::Permissions::from_mode(0o644)).unwrap();
    (folder, target, other)
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A file that a killed hub's note speaks of, or that nothing speaks of; both are looked at by a start.
fn left(target: &Path, noted: bool) -> PathBuf {
    let path = beside(target, if noted { "Ab12Cd.new" } else { "Ab12Cd.tmp" });
    if noted {
        let notes = fs::File::create(beside(target, "lock")).unwrap();
        mend::note(&notes, (&path, target), (BEFORE, TEXT)).unwrap();
    }
    path
}

fn kept(target: &Path) -> PathBuf {
    target.with_file_name("mcp_settings.json.Ab12Cd.saved")
}

// rule: safe-p04
#[test]
fn a_lock_that_is_a_link_changes_nothing_where_it_leads_and_is_refused_until_it_is_removed() {
    let (folder, target, other) = folder();
    let lock = beside(&target, "lock");
    let disk = Disk::at(&target).unwrap();
    let missing = folder.path().join("missing");
    for place in [&other, &target, &missing] {
        symlink(place, &lock).unwrap();
        let error = disk.tidy().unwrap_err().to_string();
        let cured = error.contains(lock.to_str().unwrap()) && error.contains("remove it");
        assert!(cured, "{error}");
        assert_eq!(fs::read_to_string(&target).unwrap(), TEXT);
        assert_eq!(fs::read_to_string(&other).unwrap(), OTHER);
        assert_eq!(mode(&other), 0o644);
        assert!(!missing.exists());
        fs::remove_file(&lock).unwrap();
    }
    disk.tidy().unwrap();
    assert_eq!(mode(&lock), 0o600);
}

#[test]
fn a_lock_that_is_the_settings_file_by_another_name_does_not_empty_it() {
    let (_folder, target, _) = folder();
    fs::hard_link(&target, beside(&target, "lock")).unwrap();
    let error = Disk::at(&target).unwrap().tidy().unwrap_err().to_string();
    assert!(error.contains("remove that name"), "{error}");
    assert_eq!(fs::read_to_string(&target).unwrap(), TEXT);
}

#[test]
fn a_lock_that_is_a_pipe_or_a_folder_is_refused_at_once() {
    let (_folder, target, _) = folder();
    let lock = beside(&target, "lock");
    let disk = Disk::at(&target).unwrap();
    pipe(&lock);
    let error = disk.tidy().unwrap_err().to_string();
    assert!(error.contains("remove it"), "{error}");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    let error = disk.tidy().unwrap_err().to_string();
    assert!(error.contains("remove it"), "{error}");
}

// rule: safe-p04
#[test]
fn a_lock_that_others_could_read_is_its_owners_alone_before_a_write_is_noted_in_it() {
    let (_folder, target, _) = folder();
    let lock = beside(&target, "lock");
    fs::write(&lock, "").unwrap();
    fs::set_permissions(&lock, fs::Permissions::from_mode(0o644)).unwrap();
    let _held = Disk::at(&target).unwrap().lock().unwrap();
    assert_eq!(mode(&lock), 0o600);
}

// rule: safe-p04
#[test]
fn a_link_that_a_start_finds_is_kept_as_a_link_and_the_mode_of_what_it_leads_to_stays() {
    for noted in [true, false] {
        let (_folder, target, other) = folder();
        symlink(&other, left(&target, noted)).unwrap();
        assert!(!Disk::at(&target).unwrap().tidy().unwrap());
        assert_eq!(fs::read_link(kept(&target)).unwrap(), other);
        assert_eq!(mode(&other), 0o644);
        assert_eq!(fs::read_to_string(&other).unwrap(), OTHER);
        assert_eq!(fs::read_to_string(&target).unwrap(), TEXT);
        assert_eq!(mode(&beside(&target, "lock")), 0o600);
    }
}

#[test]
fn a_pipe_that_a_start_finds_is_not_waited_for() {
    for noted in [true, false] {
        let (_folder, target, _) = folder();
        pipe(&left(&target, noted));
        assert!(!Disk::at(&target).unwrap().tidy().unwrap());
        assert!(is_strange(&kept(&target)));
        assert_eq!(fs::read_to_string(&target).unwrap(), TEXT);
    }
}

#[test]
fn a_file_that_is_larger_than_settings_can_be_is_kept_unread_for_its_owner_alone() {
    for noted in [true, false] {
        let (_folder, target, _) = folder();
        let path = left(&target, noted);
        fs::File::create(&path)
            .unwrap()
            .set_len(LARGEST + 1)
            .unwrap();
        assert!(!Disk::at(&target).unwrap().tidy().unwrap());
        assert_eq!(fs::metadata(kept(&target)).unwrap().len(), LARGEST + 1);
        assert_eq!(mode(&kept(&target)), 0o600);
    }
}
