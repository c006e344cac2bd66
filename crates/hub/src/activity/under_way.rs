//! A tool call that is under way: it is written when it ends, and once.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mcp::message::Message;
use tokio::time::Instant;

use super::outcome;
use super::{Activity, By, Entry, Outcome};
use crate::upstream::CallError;

/// Dropped without an end: whoever asked wants no answer any more.
#[derive(Debug)]
pub struct UnderWay {
    activity: Activity,
    since: Instant,
    /// Until it is written.
    entry: Option<Entry>,
}

impl UnderWay {
    pub(super) fn new(activity: Activity, (server, tool): (Arc<str>, Box<str>), by: By) -> Self {
        let entry = Entry {
            id: 0,
            ended: SystemTime::UNIX_EPOCH,
            took: Duration::ZERO,
            server,
            tool,
            by,
            outcome: Outcome::Cancelled,
        };
        Self {
            activity,
            since: Instant::now(),
            entry: Some(entry),
        }
    }

    /// The server answered.
    pub fn answered(mut self, response: &Message) {
        self.end(outcome::judged(response));
    }

    /// The server answered where client and server both know that a result may be a question: the client asks again with what the server wants to
    /// know, and that request is the call. Elsewhere nobody asks again, whatever a result says of itself.
    pub fn answered_or_asked(mut self, response: &Message) {
        if outcome::asks(response) {
            self.entry = None;
        } else {
            self.answered(response);
        }
    }

    /// There is no answer of the server.
    pub fn failed(mut self, error: &CallError) {
        let text = match error {
            // Its link is for who called, and for nobody else.
            CallError::NeedsSignIn(needed) => {
                outcome::said(&format!("a sign-in is missing: {}", needed.reason))
            }
            CallError::NotConnected { .. }
            | CallError::Failed { .. }
            | CallError::Timeout { .. }
            | CallError::Unreadable(_)
            | CallError::NotAsked { .. }
            | CallError::Unanswered { .. } => outcome::said(&error.to_string()),
        };
        self.end(Outcome::Failed(text));
    }

    /// The server ended the call without an answer, or something else was in the way.
    pub fn unanswered(mut self, why: &str) {
        self.end(Outcome::Failed(outcome::said(why)));
    }

    /// The hub answered instead of the server; without an answer it was cancelled.
    pub fn ended(mut self, answer: Option<&Message>) {
        let text = answer.map(outcome::text);
        self.end(text.map_or(Outcome::Cancelled, Outcome::Failed));
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(mut entry) = self.entry.take() {
            entry.took = self.since.elapsed();
            entry.outcome = outcome;
            self.activity.write(entry);
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.end(Outcome::Cancelled);
    }
}
