//! A storm over one settings file: a thousand writes of two hubs are killed at random points while an editor saves and a reader looks all the time;
//! then a disk that is full again and again, and a file that may not be written. Nothing that was said to be written is lost, and the file is whole at
//! every moment.
//!
//! Hubs are processes of their own: this test binary starts itself again. When what falls comes from a seed, which is printed; `STORM_SEED` repeats it.
//! The store asks no clock of the day and goes by texts, not by their times; so the clock jumps here by what is left of it in files: their times.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

#[path = "store_storm/counted.rs"]
mod counted;
#[path = "store_storm/editor.rs"]
mod editor;
#[path = "store_storm/hub_process.rs"]
mod hub_process;
#[path = "store_storm/obstacles.rs"]
mod obstacles;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

use counted::Tally;
use hub_process::{HubProcess, Said};

const HUBS: [&str; 2] = ["one", "two"];
const TEXT: &str =
    "{\n  // mine\n  \"mcpServers\": { \"a\": { \"url\": \"https://a.example.com\" } }\n}\n";

/// Chance that can be repeated (splitmix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    /// Not longer than that.
    fn wait(&mut self, most: Duration) -> Duration {
        Duration::from_nanos(self.roll(u64::try_from(most.as_nanos()).unwrap().max(1)))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how a person repeats a seed, and how a child learns its task"
)]
pub(crate) fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Past what the test harness holds back: whoever reads the output wants the seed and the counts of a good storm, too.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
}

pub(crate) fn dice(purpose: u64) -> Dice {
    let seed = told("STORM_SEED").map(|seed| seed.parse().unwrap());
    let seed = seed.unwrap_or_else(|| u64::from_le_bytes(mcphub_hub::chance::bytes()) >> 8);
    say(&format!("STORM_SEED={seed}"));
    Dice(seed.wrapping_add(purpose))
}

pub(crate) fn file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mcp_settings.json");
    std::fs::write(&path, TEXT).unwrap();
    (folder, path)
}

/// What all who take part in the storm see.
pub(crate) struct Storm {
    pub(crate) path: PathBuf,
    /// What each hub last said was written.
    pub(crate) written: [Tally; 2],
    pub(crate) edited: Tally,
    /// The hubs' processes. Held while the editor saves, so that none is born meanwhile.
    pub(crate) processes: Mutex<[Option<u32>; 2]>,
    /// Odd while the editor writes into the file itself, which then is as torn as editors leave it.
    pub(crate) torn: AtomicU64,
    pub(crate) over: AtomicBool,
    pub(crate) reads: AtomicU64,
}

impl Storm {
    fn over(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            written: Default::default(),
            edited: Tally::default(),
            processes: Mutex::default(),
            torn: AtomicU64::new(0),
            over: AtomicBool::new(false),
            reads: AtomicU64::new(0),
        }
    }

    /// Nothing that was said to be written before this reading is missing in it.
    pub(crate) fn look(&self) {
        let known = [&self.written[0], &self.written[1], &self.edited].map(Tally::last);
        let missing = |found: &Value| {
            let mut names = ["one", "two", "editor"].into_iter().zip(known);
            names.find_map(|(name, last)| counted::missing(found, name, last))
        };
        let Some(found) = self.reading() else {
            return;
        };
        self.reads.fetch_add(1, Ordering::Relaxed);
        if missing(&found).is_none() {
            return;
        }
        // A hub that displaced what the editor saved puts it back at once, and holds the lock until it has; where it was killed, the lock's next holder does. Here
        // that is who looks: as one that writes, and then has nothing to write.
        let looked = mcphub_hub::store::convert(&self.path, &|text| {
            let lost = missing(&counted::whole(text));
            assert!(lost.is_none(), "lost: {}", lost.unwrap_or_default());
            Ok(settings::Converted {
                text: text.to_owned(),
                changed: 0,
            })
        });
        assert_eq!(looked.unwrap(), 0);
    }

    /// What is in the file, which is whole unless the editor is writing into it.
    fn reading(&self) -> Option<Value> {
        let before = self.torn.load(Ordering::SeqCst);
        let text = std::fs::read_to_string(&self.path).unwrap();
        let untorn = before.is_multiple_of(2) && self.torn.load(Ordering::SeqCst) == before;
        untorn.then(|| counted::whole(&text))
    }

    /// What a hub holds while it writes.
    pub(crate) fn lock(&self) -> PathBuf {
        let name = self.path.file_name().unwrap().to_string_lossy();
        self.path.with_file_name(format!(".{name}.lock"))
    }
}

/// A hub in its lane. When the lane ends, also in the middle, its process is none that the editor could want to stop.
struct Seated<'s> {
    storm: &'s Storm,
    lane: usize,
    hub: HubProcess,
}

impl<'s> Seated<'s> {
    fn start(storm: &'s Storm, lane: usize) -> Self {
        let mut processes = storm.processes.lock().unwrap();
        // What was killed before it was said to be written is written again.
        let next = storm.written[lane].last() + 1;
        let hub = HubProcess::start(HUBS[lane], next, &storm.path);
        processes[lane] = Some(hub.id());
        drop(processes);
        Self { storm, lane, hub }
    }

    fn kill(&mut self) {
        let processes = self.storm.processes.lock();
        let mut processes = processes.unwrap_or_else(PoisonError::into_inner);
        if processes[self.lane].take().is_some() {
            self.hub.kill();
        }
    }
}

impl Drop for Seated<'_> {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One hub after the other, each killed in the middle of its work.
fn lane(
    storm: &Storm,
    lane: usize,
    writes: &Sender<()>,
    (strikes, mut dice): (u64, Dice),
) -> Struck {
    let mut struck = Struck::default();
    // How long a write takes, so that the blows fall all over it.
    let mut usual = Duration::from_millis(4);
    for _ in 0..strikes {
        let mut seated = Seated::start(storm, lane);
        let hub = &mut seated.hub;
        let whole = dice.roll(3);
        for _ in 0..whole {
            let (_, began) = about(hub);
            hub.done(&storm.written[lane]);
            writes.send(()).unwrap();
            usual = (usual * 7 + began.elapsed()) / 8;
        }
        let (number, began) = about(hub);
        // A blow has a moment, and there is no word to wait for in the middle of a write.
        let moment = dice.wait(usual * 5 / 4);
        while began.elapsed() < moment {
            std::hint::spin_loop();
        }
        seated.kill();
        let written = &storm.written[lane];
        while let Some(said) = seated.hub.says() {
            if let Said::Done(number) = said {
                written.to(number);
            }
        }
        let acknowledged = written.last() >= number;
        writes.send(()).unwrap();
        struck.whole += whole;
        *(if acknowledged {
            &mut struck.late
        } else {
            &mut struck.killed
        }) += 1;
        storm.look();
    }
    struck
}

/// Which write a hub is about, and since when.
fn about(hub: &mut HubProcess) -> (u64, Instant) {
    match hub.says() {
        Some(Said::About(number)) => (number, Instant::now()),
        other => panic!("a hub that said nothing of its next write: {other:?}"),
    }
}

#[derive(Default)]
struct Struck {
    /// Writes that were left alone.
    whole: u64,
    /// Killed before they could say that they were done.
    killed: u64,
    /// Done when the blow fell.
    late: u64,
}

// rule: safe-p01, at-57
#[test]
fn a_thousand_killed_writes_beside_another_hub_and_an_editor_lose_nothing() {
    let strikes = 1000;
    let mut dice = dice(0);
    let (folder, path) = file();
    let storm = Storm::over(&path);
    let [first, second, editing] = [(); 3].map(|()| Dice(dice.roll(u64::MAX)));
    let (struck, saves) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !storm.over.load(Ordering::SeqCst) {
                storm.look();
            }
        });
        let (writes, seen) = std::sync::mpsc::channel();
        let editor = scope.spawn(|| {
            let seen = seen;
            editor::edit(&storm, &seen, editing)
        });
        let lanes = [(0, first), (1, second)].map(|(number, dice)| {
            let (storm, writes) = (&storm, writes.clone());
            scope.spawn(move || lane(storm, number, &writes, (strikes / 2, dice)))
        });
        drop(writes);
        let struck = lanes.map(|lane| lane.join());
        storm.over.store(true, Ordering::SeqCst);
        reader.join().unwrap();
        (struck.map(Result::unwrap), editor.join().unwrap())
    });
    storm.look();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("// mine") && text.contains("https://a.example.com"));
    // The next start clears away what the killed ones left.
    let mut last = HubProcess::start("one", storm.written[0].last() + 1, &path);
    last.says().unwrap();
    last.done(&storm.written[0]);
    last.kill();
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert!(
        left <= 3,
        "the file, its lock and what the last one was writing: nothing that had to be kept beside"
    );
    let sum = |part: fn(&Struck) -> u64| struck.iter().map(part).sum::<u64>();
    say(&format!(
        "settings: {strikes} writes struck by kill -9 at random points ({} before and {} after they were acknowledged), {} beside them left alone, {} saves of an \
         editor ({} into the file itself, {} with a clock that jumped); {} readings all whole, 0 writes lost",
        sum(|struck| struck.killed),
        sum(|struck| struck.late),
        sum(|struck| struck.whole),
        saves.all,
        saves.in_place,
        saves.jumps,
        storm.reads.load(Ordering::Relaxed),
    ));
}
