//! The last lines of the hub's own log, for whoever looks at them from afar: `cli`, which installs logging, writes them here too.
//!
//! Bounded in lines and in the length of each; the oldest go first. Leaves out what lines are about: that is in their words.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde::Serialize;
use tokio::sync::broadcast;
use utoipa::ToSchema;

/// As MCPHub keeps.
const KEPT: usize = 1_000;
/// Longest words of a line, in bytes.
const LONGEST: usize = 4_000;
/// How many lines a slow reader may lag behind.
const LAG: usize = 256;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = LogLevel)]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

/// One line, in MCPHub's shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = LogLine)]
pub struct Line {
    /// Counts up, from 1.
    pub id: u64,
    /// Milliseconds since 1970.
    pub timestamp: u64,
    #[serde(rename = "type")]
    pub level: Level,
    /// The part of the hub that says it.
    pub source: String,
    pub message: String,
}

/// The lines. A clone is the same book.
#[derive(Clone, Debug)]
pub struct LogBook {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pages: Mutex<Pages>,
    told: broadcast::Sender<Line>,
}

#[derive(Debug, Default)]
struct Pages {
    written: u64,
    lines: VecDeque<Line>,
}

impl Default for LogBook {
    fn default() -> Self {
        let shared = Shared {
            pages: Mutex::default(),
            told: broadcast::Sender::new(LAG),
        };
        Self {
            shared: Arc::new(shared),
        }
    }
}

impl LogBook {
    /// Keeps a line, and tells whoever listens. Says nothing to the log itself.
    pub fn write(&self, time: SystemTime, level: Level, source: &str, mut message: String) {
        if message.len() > LONGEST {
            message.truncate(message.floor_char_boundary(LONGEST));
            message.push_str(" ...");
        }
        let since = time
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let mut pages = self.pages();
        pages.written += 1;
        let line = Line {
            id: pages.written,
            timestamp: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            level,
            source: source.to_owned(),
            message,
        };
        if pages.lines.len() == KEPT {
            pages.lines.pop_front();
        }
        pages.lines.push_back(line.clone());
        // Under the lock, so that readers hear the lines in their order and none twice. Nobody listening is no error.
        let _ = self.shared.told.send(line);
    }

    /// The lines that are kept, oldest first.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        self.pages().lines.iter().cloned().collect()
    }

    /// The lines that are kept, and every one from now on.
    pub(crate) fn follow(&self) -> (Vec<Line>, broadcast::Receiver<Line>) {
        let pages = self.pages();
        (
            pages.lines.iter().cloned().collect(),
            self.shared.told.subscribe(),
        )
    }

    pub(crate) fn clear(&self) {
        self.pages().lines.clear();
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.shared
            .pages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_is_bounded_in_lines_and_in_their_length() {
        let book = LogBook::default();
        for n in 0..=KEPT {
            let message = format!("{n} {}", "é".repeat(LONGEST));
            book.write(SystemTime::UNIX_EPOCH, Level::Info, "hub", message);
        }
        let lines = book.lines();
        assert_eq!((lines.len(), lines[0].id), (KEPT, 2));
        assert!(lines[0].message.len() < LONGEST + 10);
    }
}
