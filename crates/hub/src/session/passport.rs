//! Ids of sessions that outlive the process: a random word, and sealed with it what is needed to make the session anew.
//!
//! MCP transports, "Session Management": an id is visible ASCII and unguessable. What is sealed opens with the hub's key only, for the
//! one who opened the session, at the endpoint where it was opened. Leaves out what happened in the session: watched resources,
//! a log level, requests under way.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use mcp::Revision;
use mcp::capability::Abilities;
use mcp::raw;
use secrecy::SecretString;
use serde_json::json;
use settings::Vault as _;

use super::hello::Asked;
use crate::access::Caller;
use crate::catalog::Endpoint;
use crate::clock::Clock;
use crate::store::{Environment, Store};
use crate::vault::Vault;

/// A session that was opened longer ago is not made anew: whoever holds such an id has most likely forgotten it, and what
/// has ended need not be remembered for longer.
const LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Longer declarations are cut down to what the hub acts on, so that an id stays a short header.
const LONGEST_CAPABILITIES: usize = 256;
/// Ended sessions that are remembered.
const MOST_ENDED: usize = 16_384;
/// Where a hub has no key of its own, the one of its logins, which every replica has too.
const LOGINS_KEY: &str = "JWT_SECRET";

/// Writes and reads ids.
pub(crate) struct Passports {
    store: Store,
    clock: Clock,
    vault: Vault,
    /// Used where the settings want sessions to last and there is no other key.
    logins: Vault,
    ended: Mutex<Ended>,
}

#[derive(Default)]
struct Ended {
    ids: HashSet<Box<str>>,
    /// The same in the order in which they ended.
    order: VecDeque<(SystemTime, Box<str>)>,
}

impl Passports {
    pub(crate) fn new(store: Store, clock: Clock, vault: Vault, environment: &Environment) -> Self {
        let logins = environment(LOGINS_KEY).map(SecretString::from);
        let logins = logins.and_then(|key| Vault::with_key(&key).ok());
        let passports = Self {
            store,
            clock,
            vault,
            logins: logins.unwrap_or_default(),
            ended: Mutex::default(),
        };
        if passports.store.current().enable_session_rebuild && passports.key().is_none() {
            tracing::warn!(
                "systemConfig.enableSessionRebuild is on, and there is no key to recognise sessions by, so they end with this process; make one with `mcphub settings seal --new-key`, or set MCPHUB_CREDENTIAL_ENCRYPTION_KEY"
            );
        }
        passports
    }

    /// What follows the random word in the id of a session; nothing where sessions end with the process.
    pub(super) fn seal(
        &self,
        id: &str,
        asked: &Asked,
        (endpoint, caller): (&Endpoint, &Caller),
    ) -> Box<str> {
        let Some(vault) = self.key() else {
            return Box::default();
        };
        let opened = seconds(self.clock.now());
        let long = asked.capabilities.len() > LONGEST_CAPABILITIES;
        let short = long.then(|| essence(&asked.capabilities));
        let capabilities = short.as_deref().unwrap_or(&asked.capabilities);
        let plain = format!("{} {opened} {capabilities}", asked.revision);
        let sealed = vault.seal_word(&holder(id, endpoint, caller), &plain);
        sealed.unwrap_or_default().into()
    }

    // rule: safe-session-sealed -- an id opens for the one who opened the session, at its endpoint, and for nobody else.
    /// What the id says; `None`: it is not this caller's, it was not written with this key, or the session ended.
    pub(super) fn open(
        &self,
        (id, sealed): (&str, &str),
        endpoint: &Endpoint,
        caller: &Caller,
    ) -> Option<Asked> {
        let vault = self.key().filter(|_| !sealed.is_empty())?;
        let plain = vault.open_word(&holder(id, endpoint, caller), sealed)?;
        let mut parts = plain.splitn(3, ' ');
        let revision = Revision::parse(parts.next()?).filter(|r| r.has_handshake())?;
        let opened = Duration::from_secs(parts.next()?.parse().ok()?);
        // Clocks of replicas differ a little, so one that was opened later than now is as good as new.
        let age = seconds(self.clock.now()).saturating_sub(opened.as_secs());
        if age > LIFE.as_secs() || self.ended().ids.contains(id) {
            return None;
        }
        let capabilities = parts.next()?.to_owned();
        Some(Asked {
            revision,
            abilities: Abilities::read(&capabilities),
            capabilities,
            client: None,
        })
    }

    // rule: mcp-transport-session-ended -- a session that ended is not made anew.
    /// Remembers that a session ended, for as long as its id could be opened.
    pub(super) fn end(&self, id: &str) {
        let now = self.clock.now();
        let mut ended = self.ended();
        if !ended.ids.insert(id.into()) {
            return;
        }
        ended.order.push_back((now, id.into()));
        let is_old = |ended: &Ended| {
            let oldest = ended.order.front();
            oldest.is_some_and(|(since, _)| now.duration_since(*since).is_ok_and(|age| age > LIFE))
        };
        while ended.order.len() > MOST_ENDED || is_old(&ended) {
            if let Some((_, oldest)) = ended.order.pop_front() {
                ended.ids.remove(&oldest);
            }
        }
    }

    fn key(&self) -> Option<&Vault> {
        if self.vault.has_key() {
            return Some(&self.vault);
        }
        let wanted = self.store.current().enable_session_rebuild;
        Some(&self.logins).filter(|logins| wanted && logins.has_key())
    }

    fn ended(&self) -> MutexGuard<'_, Ended> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose session it is, and where: what an id is bound to.
fn holder(id: &str, endpoint: &Endpoint, caller: &Caller) -> String {
    let name = match endpoint {
        Endpoint::Everything => None,
        Endpoint::Named(name) => Some(&**name),
    };
    json!(["mcphub session", id, name, caller.identity(), caller.user()]).to_string()
}

/// What the hub itself acts on.
fn essence(capabilities: &str) -> String {
    let abilities = Abilities::read(capabilities);
    let has = |mode| matches!(raw::at(capabilities, &["elicitation", mode]), Ok(Some(_)));
    let elicitation = match (has("form"), has("url")) {
        (_, false) => r#""elicitation":{}"#,
        (false, true) => r#""elicitation":{"url":{}}"#,
        (true, true) => r#""elicitation":{"form":{},"url":{}}"#,
    };
    let kept = [
        (abilities.sampling, r#""sampling":{}"#),
        (
            abilities.elicitation || abilities.elicitation_url,
            elicitation,
        ),
        (abilities.roots, r#""roots":{}"#),
    ];
    let kept: Vec<_> = kept
        .iter()
        .filter(|(can, _)| *can)
        .map(|(_, it)| *it)
        .collect();
    format!("{{{}}}", kept.join(","))
}

fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests;
