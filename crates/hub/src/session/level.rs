//! How much a session wants to hear in log notifications.
//!
//! MCP logging, the levels of RFC 5424. Many sessions share one upstream session: the server is asked for the most talkative level that
//! any of them wants, and each session hears from its own level up. A session that never said hears what the server sends.

use std::sync::atomic::{AtomicU8, Ordering};

use mcp::message::Message;
use mcp::{method, raw};

/// A log level; the smaller, the more talkative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Level(u8);

const NAMES: [&str; 8] = [
    "debug",
    "info",
    "notice",
    "warning",
    "error",
    "critical",
    "alert",
    "emergency",
];

impl Level {
    pub(super) fn parse(name: &str) -> Option<Self> {
        let place = NAMES.iter().position(|known| *known == name)?;
        u8::try_from(place).ok().map(Self)
    }

    pub(super) fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or("debug")
    }

    /// The level in the params of a request or a log notification.
    pub(super) fn of(message: &Message) -> Option<Self> {
        let level = raw::string_at(message.params()?, &["level"]).ok()??;
        Self::parse(&level)
    }

    /// The request that asks a server for this level.
    pub(super) fn request(self, id: &str) -> Message {
        let params = format!("{{\"level\":\"{}\"}}", self.name());
        Message::request(id, method::SET_LEVEL, Some(&params))
    }
}

/// Not even emergencies.
const SILENT: u8 = u8::MAX;

/// What one session asked for; nothing at first.
#[derive(Default)]
pub(super) struct SessionLevel(AtomicU8);

impl SessionLevel {
    pub(super) fn set(&self, level: Level) {
        self.0.store(level.0 + 1, Ordering::Relaxed);
    }

    /// Of the stateless revision: a request that asks for no logs gets none.
    // rule: mcp-logging-per-request
    pub(super) fn of_request(level: Option<&str>) -> Self {
        let level = level.and_then(Level::parse);
        Self(AtomicU8::new(level.map_or(SILENT, |level| level.0 + 1)))
    }

    pub(super) fn wanted(&self) -> Option<Level> {
        let level = self.0.load(Ordering::Relaxed);
        level.checked_sub(1).filter(|_| level != SILENT).map(Level)
    }

    /// Whether the session wants to hear this. What is no log notification, or has no known level, is always heard.
    pub(super) fn hears(&self, message: &Message) -> bool {
        if message.method() != Some(method::LOG) {
            return true;
        }
        if self.0.load(Ordering::Relaxed) == SILENT {
            return false;
        }
        match (self.wanted(), Level::of(message)) {
            (Some(wanted), Some(level)) => level >= wanted,
            (None, _) | (_, None) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(level: &str) -> Message {
        Message::notification(
            method::LOG,
            Some(&format!("{{\"level\":\"{level}\",\"data\":1}}")),
        )
    }

    #[test]
    fn a_session_hears_from_its_own_level_up() {
        let session = SessionLevel::default();
        assert!(session.hears(&log("debug")));
        session.set(Level::parse("warning").unwrap());
        assert!(!session.hears(&log("info")));
        assert!(session.hears(&log("warning")) && session.hears(&log("emergency")));
        assert!(session.hears(&log("chatty")));
        assert!(session.hears(&Message::notification(
            method::PROGRESS,
            Some("{\"level\":\"debug\"}")
        )));
    }

    // rule: mcp-logging-per-request
    #[test]
    fn a_request_that_asks_for_no_logs_hears_none() {
        let silent = SessionLevel::of_request(None);
        assert!(!silent.hears(&log("emergency")) && silent.wanted().is_none());
        assert!(silent.hears(&Message::notification(method::PROGRESS, None)));
        let some = SessionLevel::of_request(Some("warning"));
        assert!(some.hears(&log("error")) && !some.hears(&log("info")));
    }

    #[test]
    fn levels_are_ordered_from_talkative_to_silent() {
        assert!(Level::parse("debug") < Level::parse("emergency"));
        assert_eq!(Level::parse("loud"), None);
        assert_eq!(Level::parse("notice").unwrap().name(), "notice");
    }
}
