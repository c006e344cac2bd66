//! What becomes of each kind of file that a killed hub can leave; and a hub that is really killed, between the two exchanges of a write.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::Arc;

use settings::Change;
use tempfile::TempDir;

use super::super::Disk;
use super::*;
use crate::store::Store;

const FILE: &str = "MEND_TEST_FILE";
const BEFORE: &str = "{ \"text\": \"before\" }";
const AFTER: &str = "{ \"text\": \"after\", \"of\": \"a hub\" }";
const SAVED: &str = "{ \"text\": \"saved by an editor\" }";

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("mcp_settings.json");
    (folder, target)
}

fn left_at(target: &Path) -> PathBuf {
    named(target, "Ab12Cd", NOTED)
}

/// A folder as a killed hub leaves it: what the settings file holds, and the file that a note speaks of.
fn left(target_holds: &str, left_holds: &[u8]) -> (TempDir, PathBuf) {
    let (folder, target) = folder();
    fs::write(&target, target_holds).unwrap();
    fs::write(left_at(&target), left_holds).unwrap();
    let notes = fs::File::create(beside(&target, "lock")).unwrap();
    note(&notes, (&left_at(&target), &target), (BEFORE, AFTER)).unwrap();
    (folder, target)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// What is there beside the settings file and its lock, by name.
fn others(target: &Path) -> Vec<String> {
    let names = fs::read_dir(folder_of(target)).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let known = ["mcp_settings.json", ".mcp_settings.json.lock"];
    let mut names: Vec<String> = names
        .filter(|name| !known.contains(&name.as_str()))
        .collect();
    names.sort();
    names
}

/// Takes the lock, as for a write; whether a text was put back.
fn locked(target: &Path) -> bool {
    Disk::at(target).unwrap().lock().unwrap().mended
}

#[test]
#[ignore = "the test beside it starts this as a process of its own"]
#[expect(clippy::disallowed_methods, reason = "how a child learns its task")]
fn a_child_that_is_killed_between_both_exchanges() {
    let target = PathBuf::from(std::env::var_os(FILE).expect("a process of the test beside it"));
    let disk = Disk::at(&target).unwrap();
    let lock = disk.lock().unwrap();
    let new = left_at(&target);
    fs::write(&new, AFTER).unwrap();
    note(lock.notes().unwrap(), (&new, &target), (BEFORE, AFTER)).unwrap();
    let swaps = std::cell::Cell::new(0);
    let swap = |one: &Path, other: &Path| match swaps.replace(swaps.get() + 1) {
        0 => exchange::swap(one, other),
        _ => {
            let itself = nix::unistd::getpid();
            nix::sys::signal::kill(itself, nix::sys::signal::Signal::SIGKILL)?;
            unreachable!("no process outlives that");
        }
    };
    // An editor saves between the last look and the first exchange.
    fs::write(&target, SAVED).unwrap();
    exchange::put_by(&swap, (&new, &target), (BEFORE, AFTER)).unwrap();
}

/// A hub's write that a `kill -9` ends between both exchanges.
fn killed_at(target: &Path) {
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact"])
        .arg("store::disk::mend::tests::a_child_that_is_killed_between_both_exchanges")
        .env(FILE, target)
        .stdout(Stdio::null())
        .status();
    assert_eq!(ended.unwrap().signal(), Some(9));
    assert_eq!(
        (read(target).as_str(), read(&left_at(target)).as_str()),
        (AFTER, SAVED)
    );
}

// rule: safe-p01
#[tokio::test]
async fn what_an_editor_saved_into_a_write_that_was_killed_between_both_exchanges_stands_after_the_next_start()
 {
    let (_folder, target) = folder();
    fs::write(&target, BEFORE).unwrap();
    killed_at(&target);
    let store = Store::open(&target, Arc::new(|_| None)).await.unwrap();
    assert_eq!(
        (read(&target).as_str(), store.file().text()),
        (SAVED, SAVED)
    );
    assert_eq!(others(&target), Vec::<String>::new());
    assert_eq!(read(&beside(&target, "lock")), "");
}

// rule: safe-p01
#[tokio::test]
async fn a_hub_that_runs_on_beside_a_killed_one_puts_back_what_an_editor_saved_before_it_writes() {
    let (_folder, target) = folder();
    fs::write(&target, BEFORE).unwrap();
    let store = Store::open(&target, Arc::new(|_| None)).await.unwrap();
    killed_at(&target);
    store.edit(vec![Change::set(["ours"], 1)]).await.unwrap();
    let text = read(&target);
    assert!(
        text.contains("saved by an editor") && text.contains("ours"),
        "{text}"
    );
    assert!(!text.contains("of"), "{text}");
    assert_eq!(others(&target), Vec::<String>::new());
}

// rule: safe-p01
#[test]
fn what_a_note_says_to_be_the_old_text_or_the_new_one_is_removed_and_the_file_stays() {
    // Killed before the exchange, after it, and after the file was put back; and the same when somebody wrote since.
    for (target_holds, left_holds) in [
        (BEFORE, AFTER),
        (AFTER, BEFORE),
        (SAVED, AFTER),
        (SAVED, BEFORE),
    ] {
        let (_folder, target) = left(target_holds, left_holds.as_bytes());
        assert!(!locked(&target));
        assert_eq!(read(&target), target_holds);
        assert_eq!(others(&target), Vec::<String>::new());
        assert_eq!(read(&beside(&target, "lock")), "");
    }
}

// rule: safe-p01, safe-p04
#[test]
fn what_somebody_saved_is_kept_beside_a_file_that_was_changed_since_and_no_start_clears_it_away() {
    let (_folder, target) = left("{ \"text\": \"newer\" }", SAVED.as_bytes());
    fs::set_permissions(left_at(&target), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(!locked(&target));
    assert!(!Disk::at(&target).unwrap().tidy().unwrap());
    assert_eq!(read(&target), "{ \"text\": \"newer\" }");
    assert_eq!(others(&target), ["mcp_settings.json.Ab12Cd.saved"]);
    let kept = target.with_file_name("mcp_settings.json.Ab12Cd.saved");
    assert_eq!(read(&kept), SAVED);
    assert_eq!(
        fs::metadata(&kept).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

// rule: safe-p01
#[test]
fn what_no_hub_could_start_on_is_kept_beside_the_file_and_not_put_into_it() {
    for torn in [
        b"{ \"text\": \"sav".as_slice(),
        b" \n",
        b"",
        b"{ \"text\": \"\xff\" }",
    ] {
        let (_folder, target) = left(AFTER, torn);
        assert!(!locked(&target));
        assert_eq!(read(&target), AFTER);
        let kept = target.with_file_name("mcp_settings.json.Ab12Cd.saved");
        assert_eq!(fs::read(kept).unwrap(), torn);
    }
}

// rule: safe-p01
#[test]
fn what_cannot_be_kept_now_lets_nobody_write_until_it_can() {
    let (_folder, target) = left("{ \"text\": \"newer\" }", SAVED.as_bytes());
    let place = target.with_file_name("mcp_settings.json.Ab12Cd.saved");
    fs::create_dir(&place).unwrap();
    assert!(Disk::at(&target).unwrap().lock().is_err());
    assert_eq!(read(&left_at(&target)), SAVED);
    fs::remove_dir(&place).unwrap();
    assert!(!locked(&target));
    assert_eq!(read(&place), SAVED);
}

#[test]
fn a_write_that_was_cut_off_before_it_was_noted_is_removed_by_the_next_start() {
    for noted in [
        "",
        "Ab12Cd x",
        "Ab12Cd x y",
        "../a x y\n",
        "Ab12Cd x y z\n",
        "\n",
    ] {
        let (_folder, target) = left(BEFORE, AFTER.as_bytes());
        fs::write(beside(&target, "lock"), noted).unwrap();
        assert!(!locked(&target));
        assert_eq!(read(&left_at(&target)), AFTER, "{noted:?}");
        assert!(!Disk::at(&target).unwrap().tidy().unwrap());
        assert_eq!(others(&target), Vec::<String>::new());
        assert_eq!(read(&target), BEFORE);
    }
}

// rule: safe-p01
#[test]
fn a_file_of_which_nothing_is_known_is_kept_where_it_is_a_whole_text_that_the_file_has_not() {
    for (holds, kept) in [
        (SAVED, true),
        (BEFORE, false),
        ("{ \"text\": \"sav", false),
        ("", false),
    ] {
        let (_folder, target) = folder();
        fs::write(&target, BEFORE).unwrap();
        fs::write(named(&target, "Ab12Cd", UNNOTED), holds).unwrap();
        Disk::at(&target).unwrap().tidy().unwrap();
        let names: &[&str] = if kept {
            &["mcp_settings.json.Ab12Cd.saved"]
        } else {
            &[]
        };
        assert_eq!(others(&target), names, "{holds:?}");
        assert_eq!(read(&target), BEFORE);
    }
}

#[test]
fn files_of_another_settings_file_and_of_a_hub_with_a_lock_elsewhere_are_left_alone() {
    let (_folder, target) = folder();
    let theirs = target.with_file_name(".mcp_settings.json.old.Ab12Cd.new");
    for path in [&theirs, &left_at(&target)] {
        fs::write(path, AFTER).unwrap();
    }
    remove_leftovers(&target, false);
    assert_eq!(others(&target).len(), 2);
    remove_leftovers(&target, true);
    assert_eq!(others(&target), [".mcp_settings.json.old.Ab12Cd.new"]);
}

#[test]
fn a_write_that_came_to_its_end_leaves_no_note() {
    let (_folder, target) = folder();
    fs::write(&target, BEFORE).unwrap();
    let disk = Disk::at(&target).unwrap();
    let lock = disk.lock().unwrap();
    let landed = disk.write(&lock, Some(BEFORE), AFTER).unwrap();
    assert_eq!((landed, read(&target).as_str()), (Landing::Landed, AFTER));
    assert_eq!(read(&beside(&target, "lock")), "");
    assert_eq!(others(&target), Vec::<String>::new());
}
