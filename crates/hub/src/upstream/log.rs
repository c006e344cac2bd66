//! The last lines that an upstream's process wrote to stderr, and what the hub noted about its messages.
//! Kept in memory for the API; each line is also a log event. A line is shortened and freed of control characters.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use super::trouble::plain;

const KEPT: usize = 200;
const LONGEST_LINE: usize = 2_000;

/// Who wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The process, on stderr.
    Process,
    /// The hub, about this upstream.
    Hub,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub time: SystemTime,
    pub from: From,
    pub text: String,
}

/// A ring of lines; clones share it.
#[derive(Clone)]
pub(super) struct Log {
    server: Arc<str>,
    clock: crate::clock::Clock,
    lines: Arc<Mutex<VecDeque<Line>>>,
}

impl Log {
    pub(super) fn new(server: Arc<str>, clock: crate::clock::Clock) -> Self {
        Self {
            server,
            clock,
            lines: Arc::default(),
        }
    }

    /// Something the hub noticed and did not fail for.
    pub(super) fn note(&self, text: &str) {
        let text = shortened(text);
        tracing::info!(server = %self.server, "{text}");
        self.push(From::Hub, text);
    }

    pub(super) fn stderr(&self, line: &str) {
        let text = shortened(line);
        tracing::debug!(server = %self.server, stderr = %text);
        self.push(From::Process, text);
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }

    /// The last line of the process, to explain why it ended.
    pub(super) fn last_words(&self) -> Option<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines
            .iter()
            .rev()
            .find(|line| line.from == From::Process && !line.text.is_empty())
            .map(|line| line.text.clone())
    }

    fn push(&self, from: From, text: String) {
        let line = Line {
            time: self.clock.now(),
            from,
            text,
        };
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

fn shortened(text: &str) -> String {
    plain(text).chars().take(LONGEST_LINE).collect()
}
