//! A disk that is full again and again, and a file that may not be written now and then: what is refused is said, and what is not is kept.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::counted::{self, Tally};
use super::hub_process::{HubProcess, Said};
use super::{TEXT, dice, file, say};

const ROUNDS: u64 = 200;
/// Nobody in particular, for what root would be allowed to do.
const NOBODY: u32 = 65_534;
/// A disk of this many bytes, which holds the file, its lock, a temporary file and what others leave on it.
const DISK: u64 = 128 << 10;

/// What became of the writes.
#[derive(Default)]
struct Ended {
    done: u64,
    refused: u64,
}

/// Lets a patient hub make its next write, and looks at the file whatever comes of it.
fn write(hub: &mut HubProcess, tally: &Tally, path: &Path, ended: &mut Ended) {
    hub.go();
    assert!(matches!(hub.says(), Some(Said::About(_))));
    match hub.says() {
        Some(Said::Done(number)) => {
            tally.to(number);
            ended.done += 1;
        }
        Some(Said::Refused(_)) => ended.refused += 1,
        other => panic!("{other:?}"),
    }
    let text = fs::read_to_string(path).unwrap();
    check(&text, tally);
}

/// A slot's write may have been refused; the last one that was not must be there.
fn check(text: &str, tally: &Tally) {
    let found = counted::whole(text);
    let last = tally.last();
    if last > 0 {
        let slot = (last % counted::SLOTS).to_string();
        assert_eq!(found["storm"]["patient"][&slot], last, "{found:#}");
    }
}

/// A folder of a disk of its own, which the hub alone has: nothing is left of it when the hub ends.
fn on_a_small_disk(folder: &Path) -> Option<Command> {
    let mounts = |program: &[&str]| {
        let mut command = Command::new("unshare");
        let script = "mount -t tmpfs -o size=\"$0\" none \"$1\" && shift && exec \"$@\"";
        command
            .args(["--map-root-user", "--mount", "sh", "-c", script])
            .arg(DISK.to_string())
            .arg(folder)
            .args(program);
        command
    };
    let possible = mounts(&["true"])
        .status()
        .is_ok_and(|ended| ended.success());
    let itself = std::env::current_exe().unwrap();
    possible.then(|| {
        mounts(&[
            "sh",
            "-c",
            "printf '%s' \"$STORM_TEXT\" >\"$STORM_FILE\" && exec \"$0\" \"$@\"",
            itself.to_str().unwrap(),
        ])
    })
}

// rule: safe-p02
#[test]
fn a_disk_that_is_full_again_and_again_loses_nothing() {
    let mut dice = dice(1);
    let (folder, path) = file();
    let Some(mut small) = on_a_small_disk(folder.path()) else {
        say(
            "settings: no small disk can be mounted here; a limit on the size of files stands for a full one (store_processes.rs)",
        );
        return;
    };
    small.env("STORM_TEXT", TEXT);
    let mut hub = HubProcess::run(small, ("patient", 1), &path);
    let (tally, mut full, mut free) = (Tally::default(), Ended::default(), Ended::default());
    // The hub's disk, as the hub sees it.
    let inside =
        PathBuf::from(format!("/proc/{}/root", hub.id())).join(path.strip_prefix("/").unwrap());
    let ballast = inside.with_file_name("of-others");
    // It has its file when it has made a write.
    hub.go();
    assert_eq!(hub.says(), Some(Said::About(1)));
    hub.done(&tally);
    for _ in 0..ROUNDS {
        // Now and then enough for a temporary file, and for the note of it in the lock's file.
        fill(&ballast, dice.roll(16 << 10));
        write(&mut hub, &tally, &inside, &mut full);
        write(&mut hub, &tally, &inside, &mut full);
        fs::remove_file(&ballast).unwrap();
        write(&mut hub, &tally, &inside, &mut free);
    }
    assert_eq!(free.refused, 0, "with room again all is written");
    assert!(full.refused >= ROUNDS / 4, "it was hardly ever full");
    let left = fs::read_dir(inside.parent().unwrap()).unwrap().count();
    assert_eq!(left, 2, "the file and its lock");
    hub.kill();
    say(&format!(
        "settings: a full disk {ROUNDS} times: {} writes refused and said so, {} that still found room, {} when there was room again; the file whole each time, 0 writes lost",
        full.refused, full.done, free.done
    ));
}

/// Takes all room but that.
fn fill(ballast: &Path, but: u64) {
    let mut file = fs::File::create(ballast).unwrap();
    let full = std::io::copy(
        &mut std::io::Read::take(std::io::repeat(b'x'), DISK),
        &mut file,
    );
    assert!(full.is_err(), "a disk that is never full");
    let size = file.metadata().unwrap().len();
    file.set_len(size.saturating_sub(but)).unwrap();
}

// rule: safe-p02
#[test]
fn a_file_that_may_not_be_written_now_and_then_loses_nothing() {
    let mut dice = dice(2);
    let (folder, path) = file();
    let program = as_ordinary_user(folder.path(), &path);
    let mut hub = HubProcess::run(program, ("patient", 1), &path);
    let (tally, mut closed, mut open) = (Tally::default(), Ended::default(), Ended::default());
    for _ in 0..ROUNDS {
        let shut = dice.roll(2) == 0;
        let (file_mode, folder_mode) = if shut { (0o400, 0o555) } else { (0o600, 0o755) };
        fs::set_permissions(folder.path(), Permissions::from_mode(folder_mode)).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(file_mode)).unwrap();
        let ended = if shut { &mut closed } else { &mut open };
        write(&mut hub, &tally, &path, ended);
    }
    hub.kill();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    assert_eq!((closed.done, open.refused), (0, 0));
    assert!(closed.refused > 0 && open.done > 0);
    say(&format!(
        "settings: a file that may not be written, {} times: refused and said so; {} writes between, the file whole each time, 0 writes lost",
        closed.refused, open.done
    ));
}

/// This test binary as an ordinary user who owns the file, also when the tests run as root.
fn as_ordinary_user(folder: &Path, path: &Path) -> Command {
    let itself = std::env::current_exe().unwrap();
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return Command::new(itself);
    }
    // Where the tests are built, others may not look. Copied by another process: one that a test beside this one starts could inherit the copy open for
    // writing, and then it cannot be run.
    let copy = folder.join("test-binary");
    let copied = Command::new("cp").args([&itself, &copy]).status();
    assert!(copied.unwrap().success());
    fs::set_permissions(&copy, Permissions::from_mode(0o755)).unwrap();
    for path in [folder, path] {
        std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let mut command = Command::new(copy);
    command.uid(NOBODY).gid(NOBODY);
    command
}
