//! What was called lately: a ring of finished tool calls, for an administrator to look at.
//!
//! Each call is written once, when it ends, however it ends. An entry says who called what, how long it took and what came of it; arguments and
//! results are kept nowhere. Bounded in entries and in the length of each text, and gone with the process. Leaves out calls that reach no
//! server (the hub answers them itself), and everything that is no tool call.

mod masked;
mod outcome;
mod sums;
#[cfg(test)]
mod tests;
mod under_way;
mod wanted;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use mcp::message::Message;
use mcp::{method, raw};
use tokio::sync::watch;

use crate::access::Who;
use crate::clock::Clock;
use crate::upstream::Upstream;

pub use outcome::Outcome;
pub use sums::{Names, Sums};
pub use under_way::UnderWay;
pub use wanted::Wanted;

/// The calls. A clone is the same ring.
#[derive(Clone, Debug)]
pub struct Activity {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    ring: Mutex<Ring>,
    /// The number of the last call.
    told: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Ring {
    written: u64,
    entries: VecDeque<Arc<Entry>>,
}

/// One finished call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Counts up, from 1, in the order in which calls ended.
    pub id: u64,
    /// In whole milliseconds, as it is shown: whoever asks for calls up to the time of one finds it.
    pub ended: SystemTime,
    /// From the call to its end: with the wait for a sign-in, where it waited for one.
    pub took: Duration,
    pub server: Arc<str>,
    /// As the server itself calls it, cut short.
    pub tool: Box<str>,
    pub by: By,
    pub outcome: Outcome,
}

/// For whom a call was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct By {
    pub who: Who,
    /// As the program calls itself.
    pub client: Option<Arc<str>>,
    /// The name of the group through which it came.
    pub group: Option<Arc<str>>,
}

/// Entries that are kept; with all texts as long as they may be, 10 MB.
const MOST: usize = 10_000;
/// Bytes of a tool's name.
const LONGEST_NAME: usize = 256;

impl Activity {
    pub(crate) fn new(clock: Clock) -> Self {
        let shared = Shared {
            clock,
            ring: Mutex::default(),
            told: watch::Sender::new(0),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Begins to watch a request on its way to a server, where it is a tool call. What is dropped without an end was cancelled.
    pub fn begin(
        &self,
        upstream: &Upstream,
        request: &Message,
        by: impl FnOnce() -> By,
    ) -> Option<UnderWay> {
        if request.method() != Some(method::TOOLS_CALL) {
            return None;
        }
        let name = raw::string_at(request.params().unwrap_or("{}"), &["name"]);
        let name = name.ok().flatten().unwrap_or_default();
        let asked = (upstream.shared_name(), short(&name));
        Some(UnderWay::new(self.clone(), asked, by()))
    }

    /// Hears the number of the last call, when there are more.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.shared.told.subscribe()
    }

    /// The calls that are kept, the newest first.
    #[must_use]
    pub fn entries(&self) -> Vec<Arc<Entry>> {
        self.ring().entries.iter().rev().cloned().collect()
    }

    /// The call of this number, while it is kept.
    #[must_use]
    pub fn entry(&self, id: u64) -> Option<Arc<Entry>> {
        let ring = self.ring();
        let oldest = ring.entries.front()?.id;
        let place = usize::try_from(id.checked_sub(oldest)?).ok()?;
        ring.entries.get(place).cloned()
    }

    /// Forgets the calls that ended before; how many there were.
    pub fn forget_before(&self, time: SystemTime) -> usize {
        self.forget(|entry| entry.ended < time)
    }

    /// In the order of their numbers; a clock that was set back makes some of them wait.
    fn forget(&self, is_old: impl Fn(&Entry) -> bool) -> usize {
        let mut ring = self.ring();
        let old = ring.entries.iter().take_while(|entry| is_old(entry));
        let count = old.count();
        let gone: Vec<_> = ring.entries.drain(..count).collect();
        let last = ring.written;
        drop(ring);
        self.tell(last);
        gone.len()
    }

    /// Forgets all calls; how many there were.
    pub fn forget_all(&self) -> usize {
        self.forget(|_| true)
    }

    fn write(&self, mut entry: Entry) {
        entry.ended = to_milliseconds(self.shared.clock.now());
        let mut entry = Arc::new(entry);
        let mut ring = self.ring();
        ring.written += 1;
        let last = ring.written;
        // Nobody else has it yet.
        if let Some(entry) = Arc::get_mut(&mut entry) {
            entry.id = last;
        }
        let oldest = match ring.entries.len() >= MOST {
            true => ring.entries.pop_front(),
            false => None,
        };
        ring.entries.push_back(entry);
        drop(ring);
        // What is freed is freed, and who is told is told, while the next call writes.
        drop(oldest);
        self.tell(last);
    }

    /// Whoever wrote an earlier call may be later here. A number that was told already is told again: what was forgotten is a change, too.
    fn tell(&self, last: u64) {
        self.shared.told.send_modify(|told| *told = last.max(*told));
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        let ring = self.shared.ring.lock();
        ring.unwrap_or_else(PoisonError::into_inner)
    }
}

fn to_milliseconds(time: SystemTime) -> SystemTime {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    let finer = since.map_or(0, |since| since.subsec_nanos() % 1_000_000);
    time - Duration::from_nanos(finer.into())
}

fn short(name: &str) -> Box<str> {
    name[..name.floor_char_boundary(LONGEST_NAME)].into()
}
