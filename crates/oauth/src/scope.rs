//! Which scopes are asked for.
//!
//! RFC 6749 section 3.3, the scope selection strategy and the step-up flow of the MCP authorization
//! specification, OpenID Connect Core section 11 (`offline_access`).

use std::time::{Duration, SystemTime};

use crate::challenge::Challenge;
use crate::profile::Offline;
use crate::step::Note;

/// Longest `scope` parameter that is sent; more would not fit into an address.
const LONGEST: usize = 6_000;
/// How often the same scopes are asked for before it is an error.
const ROUNDS: usize = 2;
/// How many step-ups of any kind a server gets in [`WINDOW`].
const ROUNDS_IN_ALL: usize = 5;
const WINDOW: Duration = Duration::from_secs(3_600);

/// Everybody's word on scopes, in order of weight.
#[derive(Debug, Default)]
pub struct Said<'a> {
    pub settings: Option<&'a [String]>,
    pub challenge: Option<&'a [String]>,
    /// `scopes_supported` of the resource.
    pub resource: Option<&'a [String]>,
    /// `scopes_supported` of the authorization server; never asked for as such.
    pub server: Option<&'a [String]>,
    /// The authorization server lists only a few of the scopes that it knows.
    pub lists_few: bool,
    pub offline: Offline,
}

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Empty: no `scope` parameter at all.
    pub scopes: Vec<String>,
    /// `offline_access` was added by us.
    pub offline: bool,
    pub notes: Vec<Note>,
}

/// Splits at spaces and commas, drops what is no scope token, keeps the order.
#[must_use]
pub fn split(text: &str) -> Vec<String> {
    let mut scopes: Vec<String> = Vec::new();
    for word in text.split([' ', ',', '\t', '\n', '\r']) {
        // scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
        let legal = word
            .bytes()
            .all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
        if !word.is_empty() && legal && !scopes.iter().any(|s| s == word) {
            scopes.push(word.to_owned());
        }
    }
    scopes
}

/// The scopes of both, in order of first mention.
#[must_use]
pub fn union(one: &[String], other: &[String]) -> Vec<String> {
    let mut all = one.to_vec();
    all.extend(other.iter().filter(|s| !one.contains(s)).cloned());
    all
}

// The challenge's scopes are authoritative; else all of the resource's `scopes_supported`; else no scope
// parameter. The settings stand above both.
// rule: mcp-auth-scope-selection, at-18, at-19, at-20, safe-t05
#[must_use]
pub fn choose(said: &Said<'_>) -> Chosen {
    let mut chosen = Chosen::default();
    if let Some(settings) = said.settings {
        chosen.scopes = settings.to_vec();
        return chosen;
    }
    if let Some(challenge) = said.challenge.filter(|scopes| !scopes.is_empty()) {
        chosen.scopes = challenge.to_vec();
    } else if let Some(resource) = said.resource {
        let server = said.server.filter(|_| !said.lists_few);
        chosen.scopes = known_to_server(resource, server, &mut chosen.notes);
    }
    // rule: mcp-auth-scope-length
    if chosen.scopes.join(" ").len() > LONGEST {
        let text = format!(
            "{} scopes are too many for an address; none is asked for",
            chosen.scopes.len()
        );
        chosen.notes.push(Note::new("mcp-auth-scope-length", text));
        chosen.scopes.clear();
    }
    let listed = said
        .server
        .is_some_and(|s| s.iter().any(|scope| scope == "offline_access"));
    let offered = match said.offline {
        Offline::Listed => listed,
        Offline::Never => false,
        Offline::Always => true,
    };
    let asked = chosen.scopes.iter().any(|scope| scope == "offline_access");
    // `offline_access` may be added when the authorization server lists it. Alone it would replace the
    // server's default scopes, so it only joins others.
    // rule: mcp-auth-offline-access
    if offered && !asked && !chosen.scopes.is_empty() {
        chosen.scopes.push("offline_access".to_owned());
        chosen.offline = said.offline == Offline::Listed;
        let why = match listed {
            true => "as the authorization server lists it",
            false => "as the provider knows it",
        };
        let text = format!("offline_access is asked for as well, {why}");
        chosen
            .notes
            .push(Note::new("mcp-auth-offline-access", text));
    }
    chosen
}

// rule: mcp-auth-scope-intersection
fn known_to_server(
    resource: &[String],
    server: Option<&[String]>,
    notes: &mut Vec<Note>,
) -> Vec<String> {
    let Some(server) = server else {
        return resource.to_vec();
    };
    let (known, unknown): (Vec<String>, Vec<String>) = resource
        .iter()
        .cloned()
        .partition(|scope| server.contains(scope));
    if unknown.is_empty() || known.is_empty() {
        return resource.to_vec();
    }
    let text = format!(
        "not asked for, as the authorization server does not list it: {}",
        unknown.join(" ")
    );
    notes.push(Note::new("mcp-auth-scope-intersection", text));
    known
}

/// Tokens of one server that were too small, so that step-ups end.
#[derive(Debug, Clone, Default)]
pub struct StepUps {
    pub refused: Vec<Refused>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub at: SystemTime,
    pub scopes: Vec<String>,
    /// The token's mark: many requests with one token are one refusal.
    pub token: String,
}

impl StepUps {
    /// Takes over what was remembered elsewhere as well.
    pub fn join(&mut self, other: Self) {
        for refused in other.refused {
            let known = |old: &Refused| old.token == refused.token && old.scopes == refused.scopes;
            if !self.refused.iter().any(known) {
                self.refused.push(refused);
            }
        }
    }
}

/// Asking once more would not help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepUpError {
    #[error(
        "the server wants the scope {scopes:?} again, though a sign-in for it was completed {ROUNDS} times"
    )]
    SameAgain { scopes: String },
    #[error("the server asked for more scopes {ROUNDS_IN_ALL} times within an hour")]
    TooMany,
}

/// The scopes of a new sign-in after a 403 `insufficient_scope` to a token, told apart by a mark of it.
// The union of what was asked for before and what is challenged now, no more than a few times.
// rule: mcp-auth-step-up, at-50
pub fn step_up(
    requested: &[String],
    challenge: &Challenge,
    history: &mut StepUps,
    token: &str,
    now: SystemTime,
) -> Result<Vec<String>, StepUpError> {
    let mut scopes = challenge.scopes.clone().unwrap_or_default();
    let all = union(requested, &scopes);
    scopes.sort();
    let refused = &mut history.refused;
    refused.retain(|old| now.duration_since(old.at).map_or(true, |age| age < WINDOW));
    if refused
        .iter()
        .any(|old| old.token == token && old.scopes == scopes)
    {
        return Ok(all);
    }
    if refused.iter().filter(|old| old.scopes == scopes).count() >= ROUNDS {
        let scopes = scopes.join(" ");
        return Err(StepUpError::SameAgain { scopes });
    }
    if refused.len() >= ROUNDS_IN_ALL {
        return Err(StepUpError::TooMany);
    }
    let token = token.to_owned();
    refused.push(Refused {
        at: now,
        scopes,
        token,
    });
    Ok(all)
}

#[cfg(test)]
mod tests;
