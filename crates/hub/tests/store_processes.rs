//! The store against real processes: several that write at once, one that is killed, one that may not write.
//!
//! This test binary starts itself again for them; what a child is to do stands in its environment.

#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use mcphub_hub::store::{Store, Trouble};
use serde_json::Value;
use settings::Change;
use tempfile::TempDir;

const TASK: &str = "STORE_TEST_TASK";
const FILE: &str = "STORE_TEST_FILE";
const TEXT: &str =
    "{\n  // mine\n  \"mcpServers\": { \"a\": { \"url\": \"https://a.example.com\" } }\n}\n";

/// Nobody in particular, for what root would be allowed to do.
const NOBODY: u32 = 65_534;

struct Process {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(task: &str, file: &Path) -> Self {
        Self::run(Command::new(std::env::current_exe().unwrap()), task, file)
    }

    fn run(mut command: Command, task: &str, file: &Path) -> Self {
        command.args([
            "--exact",
            "a_child",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ]);
        command
            .env(TASK, task)
            .env(FILE, file)
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next thing the child says; the test harness around it talks too.
    fn says(&mut self) -> Option<String> {
        self.lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("CHILD ").map(str::to_owned))
    }

    fn finishes(mut self) -> Vec<String> {
        let said = std::iter::from_fn(|| self.says()).collect();
        assert!(self.child.wait().unwrap().success());
        said
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

fn say(words: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nCHILD {words}").unwrap();
    out.flush().unwrap();
}

#[expect(
    clippy::disallowed_methods,
    reason = "how a child of this test learns its task"
)]
fn told(name: &str) -> String {
    std::env::var(name).expect("this test is a process of the others and does not run alone")
}

#[tokio::test]
#[ignore = "the tests below start it as a process of its own"]
async fn a_child() {
    let (task, file) = (told(TASK), PathBuf::from(told(FILE)));
    let store = Store::open(&file, Arc::new(|_| None)).await.unwrap();
    let (kind, name) = task.split_once(' ').unwrap_or((&task, ""));
    match kind {
        "write" => {
            for number in 0..100 {
                store
                    .edit(vec![Change::set(
                        ["mcpServers", "a", name, &number.to_string()],
                        number,
                    )])
                    .await
                    .unwrap();
            }
        }
        "count" => {
            for number in 0.. {
                let padding = "x".repeat(number % 5_000);
                let count = Change::set(["count"], number);
                store
                    .edit(vec![count, Change::set(["padding"], padding)])
                    .await
                    .unwrap();
                say(&number.to_string());
            }
        }
        "once" => {
            say(&store
                .trouble()
                .map_or("no trouble".to_owned(), |trouble| format!("{trouble:?}")));
            let grown = Change::set(["grown"], "x".repeat(100_000));
            let edited = store.edit(vec![grown]).await;
            say(&edited.map_or_else(
                |error| format!("refused: {error}"),
                |()| "written".to_owned(),
            ));
            say(
                if matches!(store.trouble(), Some(Trouble::NotWritable(_))) {
                    "not writable"
                } else {
                    "writable"
                },
            );
        }
        other => panic!("unknown task {other}"),
    }
}

fn file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mcp_settings.json");
    fs::write(&path, TEXT).unwrap();
    (folder, path)
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap();
    let file = settings::File::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Value::Object(file.document().clone())
}

/// A program that runs this test binary as an ordinary user who owns `folder`, also when the tests run as root.
fn as_ordinary_user(folder: &Path) -> Command {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return Command::new(std::env::current_exe().unwrap());
    }
    // Where the tests are built, others may not look.
    let copy = folder.join("test-binary");
    // By another process: one that a test beside this one starts could inherit the copy open for writing, and then it cannot
    // be run.
    let program = std::env::current_exe().unwrap();
    let copied = Command::new("cp").args([&program, &copy]).status();
    assert!(copied.unwrap().success());
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    for path in [folder.to_owned(), folder.join("mcp_settings.json")] {
        std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let mut command = Command::new(copy);
    command.uid(NOBODY).gid(NOBODY);
    command
}

/// rule: safe-p01, at-57
#[test]
fn processes_that_write_at_once_lose_nothing() {
    let (_folder, path) = file();
    let processes =
        ["one", "two", "three"].map(|name| Process::start(&format!("write {name}"), &path));
    for process in processes {
        process.finishes();
    }
    let found = read(&path);
    for name in ["one", "two", "three"] {
        assert_eq!(
            found["mcpServers"]["a"][name].as_object().unwrap().len(),
            100,
            "{name}"
        );
    }
    assert!(fs::read_to_string(&path).unwrap().contains("// mine"));
}

/// rule: safe-p01, at-57
#[test]
fn a_process_that_is_killed_while_writing_leaves_a_file_that_holds_what_it_said_was_written() {
    let (folder, path) = file();
    for round in 0..200 {
        let mut process = Process::start("count", &path);
        let mut last = 0;
        // A few more words from round to round, so that the blow falls elsewhere.
        for _ in 0..=round % 25 {
            last = process.says().unwrap().parse::<u64>().unwrap();
        }
        process.child.kill().unwrap();
        process.child.wait().unwrap();
        while let Some(said) = process.says() {
            last = said.parse().unwrap();
        }
        let found = read(&path);
        assert!(
            found["count"].as_u64().unwrap() >= last,
            "{found} after {last}"
        );
        assert_eq!(found["mcpServers"]["a"]["url"], "https://a.example.com");
    }
    Process::start("write last", &path).finishes();
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 2, "the file and its lock");
}

/// rule: safe-p02
#[test]
fn a_file_in_a_folder_that_takes_no_new_file_is_written_in_place() {
    let (folder, path) = file();
    let command = as_ordinary_user(folder.path());
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let before = fs::metadata(&path).unwrap().ino();
    let said = Process::run(command, "once", &path).finishes();
    assert_eq!(said, ["no trouble", "written", "writable"]);
    assert_eq!(read(&path)["grown"].as_str().unwrap().len(), 100_000);
    let after = fs::metadata(&path).unwrap();
    assert_eq!((after.ino(), after.mode() & 0o777), (before, 0o600));
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
}

/// rule: safe-p02
#[test]
fn a_file_that_may_not_be_written_is_said_at_the_start_and_stays_as_it_is() {
    let (folder, path) = file();
    let command = as_ordinary_user(folder.path());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let said = Process::run(command, "once", &path).finishes();
    assert!(said[0].starts_with("NotWritable"), "{said:?}");
    assert!(
        said[1].starts_with("refused: ") && said[1].contains("mcp_settings.json"),
        "{said:?}"
    );
    assert_eq!(said[2], "not writable");
    assert_eq!(fs::read_to_string(&path).unwrap(), TEXT);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
}

/// A limit on the size of files stands for a full disk: both fail in the middle of a write.
///
/// rule: safe-p02
#[test]
fn a_write_that_fails_half_way_leaves_the_old_text() {
    for folder_mode in [0o755, 0o555] {
        let (folder, path) = file();
        let ordinary = as_ordinary_user(folder.path());
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(folder_mode)).unwrap();
        let mut limited = Command::new("sh");
        limited
            .args(["-c", "trap '' XFSZ; ulimit -f 32; exec \"$0\" \"$@\""])
            .arg(ordinary.get_program());
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            limited.uid(NOBODY).gid(NOBODY);
        }
        let said = Process::run(limited, "once", &path).finishes();
        assert_eq!(said[0], "no trouble");
        assert!(said[1].starts_with("refused: "), "{said:?}");
        assert_eq!(said[2], "not writable");
        assert_eq!(fs::read_to_string(&path).unwrap(), TEXT);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let names = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let temporary: Vec<String> = names.filter(|name| name.ends_with(".new")).collect();
        assert_eq!(temporary, Vec::<String>::new());
    }
}

/// A program in which one call of the system fails, made here.
fn failing(call: &str, program: &Command, folder: &Path) -> Command {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store_processes/failing.c");
    let wrapper = folder.join("failing");
    let made = Command::new("cc")
        .arg("-o")
        .args([&wrapper, &source])
        .status();
    assert!(made.unwrap().success(), "a C compiler is needed");
    let mut command = Command::new(wrapper);
    command.arg(call).arg(program.get_program());
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// rule: safe-p02
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_dies_at_a_write_a_sync_or_a_rename_leaves_the_old_text() {
    for (call, folder_mode) in [
        ("write", 0o755),
        ("fsync", 0o755),
        ("rename", 0o755),
        // Where the file is written in place.
        ("write", 0o555),
        ("fsync", 0o555),
    ] {
        let ((folder, path), tools) = (file(), tempfile::tempdir().unwrap());
        fs::set_permissions(tools.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let ordinary = as_ordinary_user(folder.path());
        let command = failing(call, &ordinary, tools.path());
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(folder_mode)).unwrap();
        let said = Process::run(command, "once", &path).finishes();
        assert_eq!(said[0], "no trouble", "{call}");
        assert!(
            said[1].starts_with("refused: ") && said[1].contains("os error 5"),
            "{call}: {said:?}"
        );
        assert_eq!(said[2], "not writable", "{call}");
        assert_eq!(fs::read_to_string(&path).unwrap(), TEXT, "{call}");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        // The next one finds a disk that works.
        let said = Process::run(as_ordinary_user(folder.path()), "once", &path).finishes();
        assert_eq!(said[1], "written", "{call}: {said:?}");
    }
}
