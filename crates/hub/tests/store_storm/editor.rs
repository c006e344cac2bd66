//! A person's editor over the same file. It takes no lock, and saves as editors do: into a new file that takes the old one's name, or into the file itself.
//!
//! Like editors it looks before it saves whether the file is still what it had opened, and begins anew where it is not. Between that look and the saving
//! no hub could be stopped from writing by anybody, so the hubs stand still there: at whatever point of a write they are. What a hub does from that point on
//! is its own: it must not write over what it has not seen. And who opens the file in the moment in which his last save is displaced misses it, and opens it again.

use std::fs::{self, FileTimes, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::{Duration, SystemTime};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::{Dice, Storm, counted};

#[derive(Default)]
pub(crate) struct Saves {
    pub(crate) all: u64,
    pub(crate) in_place: u64,
    /// Saves after which the times of the files were years off.
    pub(crate) jumps: u64,
}

/// Saves again and again, each time that the hubs wrote a few times more, until there are none.
pub(crate) fn edit(storm: &Storm, writes: &Receiver<()>, mut dice: Dice) -> Saves {
    let mut saves = Saves::default();
    while (0..=dice.roll(3)).all(|_| writes.recv().is_ok()) {
        let number = storm.edited.last() + 1;
        let opened = fs::read_to_string(&storm.path).unwrap();
        if counted::missing(&counted::whole(&opened), "editor", number - 1).is_some() {
            continue;
        }
        let text = settings::apply(&opened, &counted::changes("editor", number)).unwrap();
        let in_place = dice.roll(2) == 0;
        if !save(storm, (&opened, &text), in_place) {
            continue;
        }
        storm.edited.to(number);
        saves.all += 1;
        saves.in_place += u64::from(in_place);
        if dice.roll(4) == 0 {
            jump(storm, &mut dice);
            saves.jumps += 1;
        }
    }
    saves
}

/// Saves what was made of `opened`, unless the file is no longer that.
fn save(storm: &Storm, (opened, text): (&str, &str), in_place: bool) -> bool {
    let processes = storm.processes.lock().unwrap();
    let stopped = Stopped(
        processes
            .iter()
            .flatten()
            .map(|id| Pid::from_raw(i32::try_from(*id).unwrap()))
            .collect(),
    );
    stopped.stand();
    let unchanged = fs::read_to_string(&storm.path).unwrap() == opened;
    if unchanged && in_place {
        storm.torn.fetch_add(1, Ordering::SeqCst);
        into_the_file(&storm.path, text);
        storm.torn.fetch_add(1, Ordering::SeqCst);
    } else if unchanged {
        let new = storm.path.with_extension("json~");
        fs::write(&new, text).unwrap();
        fs::rename(&new, &storm.path).unwrap();
    }
    drop(stopped);
    drop(processes);
    unchanged
}

/// Hubs that stand still, whatever becomes of the editor meanwhile.
struct Stopped(Vec<Pid>);

impl Stopped {
    fn stand(&self) {
        for hub in &self.0 {
            kill(*hub, Signal::SIGSTOP).unwrap();
            let until = WaitPidFlag::WSTOPPED | WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
            waitid(Id::Pid(*hub), until).unwrap();
        }
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        for hub in &self.0 {
            kill(*hub, Signal::SIGCONT).unwrap();
        }
    }
}

fn into_the_file(path: &Path, text: &str) {
    let mut file = OpenOptions::new()
        .write(true)
        .truncate(true)
        .open(path)
        .unwrap();
    let (first, rest) = text.as_bytes().split_at(text.len() / 2);
    file.write_all(first).unwrap();
    file.write_all(rest).unwrap();
}

/// What a clock that jumps by years leaves behind: times of the file and of its lock that are long past, or still to come.
fn jump(storm: &Storm, dice: &mut Dice) {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);
    let years = u32::try_from(dice.roll(130)).unwrap();
    let then = SystemTime::UNIX_EPOCH + YEAR * years;
    let times = FileTimes::new().set_modified(then).set_accessed(then);
    for path in [&storm.path, &storm.lock()] {
        // A hub may put another file in its place at this moment; then that one keeps its own times.
        if let Ok(file) = OpenOptions::new().append(true).open(path) {
            file.set_times(times).unwrap();
        }
    }
}
