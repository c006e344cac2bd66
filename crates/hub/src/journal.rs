//! What happened to a server's sign-in, exchange by exchange: shown in the server's page, in the command line and in the log.
//!
//! Bounded for each server; the oldest entries go first. An entry never holds a token, code, secret, `state`, verifier or
//! a full authorization address: requests are named by method, host and path.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use oauth::step::Stage;
use serde::{Serialize, Serializer};
use tokio::sync::broadcast;

use crate::cause::Cause;

/// How many entries are kept for a server.
const KEPT: usize = 200;
/// Longest text of an entry, in bytes: servers may say much.
const LONGEST: usize = 2_000;

/// How many entries a slow listener may lag behind before it loses the oldest.
const LAG: usize = 256;

/// One exchange or one decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    #[serde(serialize_with = "rfc3339")]
    pub time: SystemTime,
    pub server: String,
    /// Whose sign-in at the server; none where all share it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Which sign-in this belongs to, where one is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<String>,
    pub stage: Stage,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Asked>,
    /// The status of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(
        rename = "durationMs",
        skip_serializing_if = "Option::is_none",
        serialize_with = "milliseconds"
    )]
    pub duration: Option<Duration>,
    /// What was decided, in words.
    pub decision: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The rule's id, as in `docs/rules.md`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What is wrong, where that was decided.
    #[serde(rename = "errorCode", skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

impl Entry {
    /// A decision without an exchange; the other fields are set where they are known.
    #[must_use]
    pub fn decision(
        time: SystemTime,
        server: impl Into<String>,
        stage: Stage,
        decision: impl Into<String>,
    ) -> Self {
        Self {
            time,
            server: server.into(),
            user: None,
            sign_in: None,
            stage,
            request: None,
            status: None,
            duration: None,
            decision: decision.into(),
            why: None,
            rule: None,
            cause: None,
        }
    }
}

/// A request, without its query and body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Asked {
    pub method: String,
    pub host: String,
    pub path: String,
}

impl Asked {
    #[must_use]
    pub fn of(request: &oauth::step::Request) -> Self {
        let uri = request.uri();
        Self {
            method: request.method().to_string(),
            host: uri.authority().map_or_else(String::new, |authority| {
                // A password in an address is nobody's business.
                authority
                    .as_str()
                    .rsplit('@')
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            }),
            path: uri.path().to_owned(),
        }
    }
}

/// All servers' entries. A clone is the same journal.
#[derive(Clone)]
pub struct Journal {
    shared: Arc<Shared>,
}

struct Shared {
    entries: Mutex<HashMap<String, VecDeque<Entry>>>,
    told: broadcast::Sender<Entry>,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            shared: Arc::new(Shared {
                entries: Mutex::default(),
                told: broadcast::Sender::new(LAG),
            }),
        }
    }
}

impl Journal {
    /// Keeps an entry, logs it, and tells whoever listens.
    pub fn record(&self, mut entry: Entry) {
        shorten(&mut entry.decision);
        entry.why.iter_mut().for_each(shorten);
        tracing::info!(
            server = entry.server,
            user = entry.user,
            stage = %entry.stage,
            method = entry.request.as_ref().map(|asked| asked.method.as_str()),
            host = entry.request.as_ref().map(|asked| asked.host.as_str()),
            path = entry.request.as_ref().map(|asked| asked.path.as_str()),
            status = entry.status,
            why = entry.why,
            rule = entry.rule,
            code = entry.cause.map(tracing::field::display),
            "{}",
            entry.decision.escape_debug()
        );
        let mut entries = self
            .shared
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let of_server = entries.entry(entry.server.clone()).or_default();
        if of_server.len() == KEPT {
            of_server.pop_front();
        }
        of_server.push_back(entry.clone());
        drop(entries);
        // Nobody listening is no error.
        let _ = self.shared.told.send(entry);
    }

    /// A server's entries, oldest first.
    #[must_use]
    pub fn entries(&self, server: &str) -> Vec<Entry> {
        let entries = self
            .shared
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        entries
            .get(server)
            .map(|of_server| of_server.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// What is one user's own, or about the server alone.
    #[must_use]
    pub fn entries_of(&self, server: &str, user: Option<&str>) -> Vec<Entry> {
        let mut entries = self.entries(server);
        entries.retain(|entry| entry.user.is_none() || entry.user.as_deref() == user);
        entries
    }

    /// Forgets what was one user's own, at all servers. What was logged of it stays in the log.
    pub(crate) fn forget_user(&self, is_his: impl Fn(&str) -> bool) {
        let entries = self.shared.entries.lock();
        let mut entries = entries.unwrap_or_else(PoisonError::into_inner);
        for of_server in entries.values_mut() {
            of_server.retain(|entry| !entry.user.as_deref().is_some_and(&is_his));
        }
    }

    /// Every entry from now on, of all servers.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Entry> {
        self.shared.told.subscribe()
    }
}

fn shorten(text: &mut String) {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push_str(" ...");
    }
}

fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let time = jiff::Timestamp::try_from(*time).map_err(serde::ser::Error::custom)?;
    // Always three digits, so that lines stand under each other.
    serializer.collect_str(&format_args!("{time:.3}"))
}

#[expect(clippy::ref_option, reason = "serde hands a reference to the field")]
fn milliseconds<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    duration
        .map(|duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
        .serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(server: &str, decision: &str) -> Entry {
        Entry::decision(
            SystemTime::UNIX_EPOCH,
            server,
            Stage::Discovery,
            decision.to_owned(),
        )
    }

    #[test]
    fn the_journal_of_a_server_is_bounded_and_drops_its_oldest() {
        let journal = Journal::default();
        for n in 0..=KEPT {
            journal.record(entry("one", &n.to_string()));
        }
        journal.record(entry("two", "other"));
        let entries = journal.entries("one");
        assert_eq!(entries.len(), KEPT);
        assert_eq!(entries[0].decision, "1");
        assert_eq!(journal.entries("two").len(), 1);
        assert!(journal.entries("three").is_empty());
    }

    #[test]
    fn what_a_server_says_at_length_is_cut() {
        let journal = Journal::default();
        let mut long = entry("one", &"é".repeat(100_000));
        long.why = Some("x".repeat(100_000));
        journal.record(long);
        let kept = &journal.entries("one")[0];
        assert!(kept.decision.len() < LONGEST + 10);
        assert!(kept.why.as_ref().unwrap().len() < LONGEST + 10);
    }

    #[tokio::test]
    async fn a_listener_hears_of_every_entry() {
        let journal = Journal::default();
        let mut listener = journal.subscribe();
        journal.record(entry("one", "found"));
        assert_eq!(listener.recv().await.unwrap().decision, "found");
    }

    #[test]
    fn a_request_is_named_without_query_and_without_password() {
        let request = http::Request::get("https://me:secret@as.test/authorize?state=s")
            .body(Vec::new())
            .unwrap();
        let asked = Asked::of(&request);
        assert_eq!(
            (asked.host.as_str(), asked.path.as_str()),
            ("as.test", "/authorize")
        );
    }

    #[test]
    fn an_entry_is_written_with_the_keys_of_the_api() {
        let mut entry = entry("one", "found");
        entry.duration = Some(Duration::from_millis(12));
        assert_eq!(
            serde_json::to_value(&entry).unwrap(),
            serde_json::json!({"time": "1970-01-01T00:00:00.000Z", "server": "one", "stage": "discovery", "durationMs": 12, "decision": "found"})
        );
    }
}
