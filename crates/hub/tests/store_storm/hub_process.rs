//! A hub's store as a process of its own, which says what it is about to write and what is written.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use mcphub_hub::store::Store;

use super::counted::{self, Tally};
use super::told;

const TASK: &str = "STORM_TASK";
const FILE: &str = "STORM_FILE";
const FROM: &str = "STORM_FROM";

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said {
    About(u64),
    Done(u64),
    Refused(u64),
}

pub(crate) struct HubProcess {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl HubProcess {
    /// A hub of that name, which writes and writes, beginning with write `from`.
    pub(crate) fn start(name: &str, from: u64, file: &Path) -> Self {
        let program = Command::new(std::env::current_exe().unwrap());
        Self::run(program, (name, from), file)
    }

    pub(crate) fn run(mut program: Command, (name, from): (&str, u64), file: &Path) -> Self {
        program
            .args(["--exact", "hub_process::a_child", "--ignored"])
            .args(["--nocapture", "--test-threads=1"])
            .env(TASK, name)
            .env(FILE, file)
            .env(FROM, from.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Of its own: when a group loses its last parent while one of it is stopped, the kernel ends all of it, and that would be everybody who runs the tests.
            .process_group(0);
        let mut child = program.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next thing the child says; the test harness around it talks too.
    pub(crate) fn says(&mut self) -> Option<Said> {
        self.lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| heard(&line))
    }

    /// Waits until the write is done that it is about.
    pub(crate) fn done(&mut self, tally: &Tally) {
        match self.says() {
            Some(Said::Done(number)) => tally.to(number),
            other => panic!("a write was not done: {other:?}"),
        }
    }

    /// Lets a hub that waits for a word before each write make the next one.
    pub(crate) fn go(&mut self) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(b"go\n").unwrap();
        input.flush().unwrap();
    }

    /// As `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for HubProcess {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.kill();
        }
    }
}

fn heard(line: &str) -> Option<Said> {
    let (word, number) = line.strip_prefix("CHILD ")?.split_once(' ')?;
    let number = number.parse().ok()?;
    Some(match word {
        "about" => Said::About(number),
        "done" => Said::Done(number),
        "refused" => Said::Refused(number),
        _ => return None,
    })
}

fn say(word: &str, number: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nCHILD {word} {number}").unwrap();
    out.flush().unwrap();
}

#[tokio::test]
#[ignore = "the tests of the storm start it as a process of its own"]
async fn a_child() {
    let name = told(TASK).expect("this is a process of the tests beside it");
    let file = PathBuf::from(told(FILE).unwrap());
    let from = told(FROM).unwrap().parse().unwrap();
    let store = Store::open(&file, Arc::new(|_| None)).await.unwrap();
    let mut words = std::io::stdin().lines();
    for number in from.. {
        if name == "patient" && words.next().is_none() {
            return;
        }
        say("about", number);
        match store.edit(counted::changes(&name, number)).await {
            Ok(()) => say("done", number),
            Err(_) => say("refused", number),
        }
    }
}
