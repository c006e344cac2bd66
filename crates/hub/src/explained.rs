//! One error as every person reads it, in the terminal, on a page, in an answer of the API, in the text of a call:
//! what happened, evidence, why, what to do, what goes on meanwhile.
//!
//! Put together here and nowhere else, from the table of codes, the state, and the journal. Holds no token, no query of an
//! address and no link. Where a text comes from a server it is text; who shows it makes it fit for his place.

mod evidence;
mod words;

use std::fmt;

pub use oauth::shown::steers;
use serde::{Deserialize, Serialize};

use words::{folded, headline, why};
pub use words::{named, quoted, sentence, with_client};

use crate::cause::Cause;
use crate::sign_in::{Account, CallbackError, Needed, SignInError};
use crate::upstream::{CallError, State, Trouble, Upstream};
use crate::{Hub, journal::Journal};

/// How wide the first line is: the code stands at its end.
const WIDTH: usize = 79;
/// As wide as the longest name of a line, and room.
const LABEL: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    /// The server, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    pub headline: String,
    /// `MCPHUB-AUTH-014`.
    pub code: String,
    pub word: String,
    pub what_happened: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    pub why: String,
    #[serde(rename = "do")]
    pub cure: String,
    /// The command line that does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meanwhile: Option<String>,
}

const TRIES_AGAIN: &str = "the hub tries again by itself";

/// What goes on meanwhile, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
struct Meanwhile {
    signed_in: bool,
    tries_again: bool,
    tools: usize,
}

impl Explained {
    /// What the table knows.
    #[must_use]
    pub fn of(cause: Cause, server: Option<&str>) -> Self {
        Self {
            subject: server.map(str::to_owned),
            headline: headline(cause).to_owned(),
            code: cause.id(),
            word: cause.word().to_owned(),
            what_happened: cause.title().to_owned(),
            evidence: None,
            why: why(cause, ""),
            cure: sentence(cause.cure()),
            command: cause.command().map(|command| match server {
                Some(server) => named(command, server),
                None => command.to_owned(),
            }),
            meanwhile: None,
        }
    }

    /// What is known of this case: the two values that disagree, the server's own words.
    #[must_use]
    pub fn because(mut self, cause: Cause, reason: &str) -> Self {
        self.why = why(cause, reason);
        self
    }

    #[must_use]
    pub fn evidence(mut self, evidence: Option<String>) -> Self {
        self.evidence = evidence.filter(|it| !it.is_empty()).or(self.evidence);
        self
    }

    /// What helps in this case, when more is known than in general.
    #[must_use]
    fn helps(mut self, action: &str) -> Self {
        if !action.is_empty() {
            self.cure = sentence(action);
        }
        self
    }

    fn meanwhile(mut self, mut meanwhile: Meanwhile) -> Self {
        // The line before may end with it.
        meanwhile.tries_again &= !self.cure.contains(TRIES_AGAIN);
        self.meanwhile = meanwhile.text();
        self
    }

    /// The lines behind the first: name and text.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, &str)> {
        let mut lines = vec![("What happened", self.what_happened.as_str())];
        let evidence = self.evidence.as_deref();
        lines.extend(evidence.map(|evidence| ("Evidence", evidence)));
        lines.push(("Why", &self.why));
        lines.push(("Do", &self.cure));
        let meanwhile = self.meanwhile.as_deref();
        lines.extend(meanwhile.map(|meanwhile| ("Meanwhile", meanwhile)));
        lines
    }
}

/// Five lines for a terminal, under one that names the server and the code.
impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = match &self.subject {
            Some(subject) => format!("{subject}: {}", self.headline),
            None => self.headline.clone(),
        };
        let room = WIDTH.saturating_sub(self.code.len() + 1);
        write!(f, "{head:<room$} {}", self.code)?;
        for (label, text) in self.lines() {
            let mut text = text.to_owned();
            if let ("Do", Some(command)) = (label, &self.command) {
                text = format!("{}:  {command}", text.trim_end_matches('.'));
            }
            write!(f, "\n{label:<LABEL$}{}", folded(&text))?;
        }
        Ok(())
    }
}

impl Hub {
    /// Why this upstream cannot be used, or only in part; `None`: nothing is wrong.
    #[must_use]
    pub fn explained(&self, upstream: &Upstream) -> Option<Explained> {
        let waiting = self.sessions().waiting_for(upstream.account());
        upstream.explained().map(|it| it.with_waiting(waiting))
    }

    /// A callback that came to nothing. `pasted`: a person pasted it for this account.
    #[must_use]
    pub fn explain_callback(&self, error: &CallbackError, pasted: Option<&Account>) -> Explained {
        let evidence = match error {
            CallbackError::Client { account, .. } | CallbackError::Exchange { account, .. } => {
                self.journal().evidence(account, error.into())
            }
            CallbackError::Malformed(_)
            | CallbackError::UnknownState
            | CallbackError::AlreadyUsed
            | CallbackError::WrongIssuer(_)
            | CallbackError::Denied { .. }
            | CallbackError::Store { .. } => None,
        };
        of_callback(error, pasted).evidence(evidence)
    }

    /// A sign-in that could not begin.
    #[must_use]
    pub fn explain_sign_in(&self, account: &Account, error: &SignInError) -> Explained {
        match error {
            SignInError::Needed(needed) => self
                .unreached(needed, account)
                .unwrap_or_else(|| of_needed(needed, account, self.journal())),
            SignInError::UnknownServer(_)
            | SignInError::Disabled(_)
            | SignInError::NotHttp(_)
            | SignInError::NoUser(_)
            | SignInError::NotPerUser(_)
            | SignInError::Settings { .. }
            | SignInError::Store(_) => {
                let cause = Cause::from(error);
                Explained::of(cause, Some(&account.server)).because(cause, &error.to_string())
            }
        }
    }
}

impl Hub {
    /// Where the server itself cannot be reached, that is nearer than its metadata, which lie at the same place.
    fn unreached(&self, needed: &Needed, account: &Account) -> Option<Explained> {
        let silent = [
            Cause::ResourceMetadataUnreachable,
            Cause::ResourceMetadataSilent,
        ];
        let upstream = self.upstreams().get(&account.fingerprint())?;
        let state = upstream.state();
        let trouble = state.trouble()?;
        let away = silent.contains(&needed.into())
            && matches!(trouble, Trouble::Unreachable { .. } | Trouble::Tls { .. });
        away.then(|| of_trouble(trouble, &upstream).meanwhile(upstream.meanwhile()))
    }
}

impl Upstream {
    /// Why it cannot be used, or only in part.
    #[must_use]
    pub fn explained(&self) -> Option<Explained> {
        let view = self.sign_ins().view(self.account());
        let explained = match self.state() {
            State::Disabled | State::Asleep | State::Connecting { .. } => return None,
            State::BackingOff { error, .. } => of_trouble(&error, self),
            State::Broken { error } => of_trouble(&error, self),
            State::NeedsSignIn { why } if view.cause.is_none() => {
                of_needed(&why, self.account(), self.sign_ins().journal())
            }
            State::Ready | State::NeedsSignIn { .. } => {
                let action = view.action.as_deref().unwrap_or_default();
                let journal = self.sign_ins().journal();
                of_sign_in(view.cause?, self.account(), (&view.reason, action), journal)
            }
        };
        Some(explained.meanwhile(self.meanwhile()))
    }

    /// A call that has no answer of the server.
    #[must_use]
    pub fn explain_call(&self, error: &CallError) -> Explained {
        let cause = Cause::from(error);
        let explained = match error {
            CallError::NeedsSignIn(needed) => {
                of_needed(needed, self.account(), self.sign_ins().journal())
            }
            CallError::Failed { trouble, .. } => of_trouble(trouble, self),
            CallError::NotConnected { state, .. } => match state.trouble() {
                Some(trouble) => of_trouble(trouble, self),
                None => Explained::of(cause, Some(self.name())).because(cause, &error.to_string()),
            },
            CallError::Timeout { .. }
            | CallError::Unreadable(_)
            | CallError::NotAsked { .. }
            | CallError::Unanswered { .. } => {
                Explained::of(cause, Some(self.name())).because(cause, &error.to_string())
            }
        };
        explained.meanwhile(self.meanwhile())
    }

    fn meanwhile(&self) -> Meanwhile {
        Meanwhile {
            signed_in: self.sign_ins().view(self.account()).connected,
            tries_again: matches!(self.state(), State::BackingOff { .. }),
            tools: self.catalog().tools.len(),
        }
    }
}

impl Explained {
    fn with_waiting(mut self, waiting: usize) -> Self {
        let calls = match waiting {
            0 => return self,
            1 => "1 call waits.".to_owned(),
            more => format!("{more} calls wait."),
        };
        self.meanwhile = Some(match self.meanwhile {
            Some(before) => format!("{before} {calls}"),
            None => calls,
        });
        self
    }
}

/// A callback that came to nothing, as far as it says so itself. `pasted`: a person pasted it for this account.
#[must_use]
pub fn of_callback(error: &CallbackError, pasted: Option<&Account>) -> Explained {
    let cause = Cause::from(error);
    let (server, reason) = match error {
        CallbackError::Malformed(reason) => (None, reason.as_str()),
        // Nothing of a stranger's answer is shown.
        // rule: safe-c05
        CallbackError::UnknownState
        | CallbackError::AlreadyUsed
        | CallbackError::WrongIssuer(_) => (None, ""),
        CallbackError::Denied {
            server,
            description,
            ..
        } => (
            Some(server.as_str()),
            description.as_deref().unwrap_or_default(),
        ),
        CallbackError::Client { account, reason }
        | CallbackError::Exchange {
            account, reason, ..
        } => (Some(account.server.as_str()), reason.as_str()),
        CallbackError::Store { server, reason } => (Some(server.as_str()), reason.as_str()),
    };
    let server = server.or_else(|| pasted.map(|account| account.server.as_str()));
    // The sign-in goes on waiting, so that a better paste is the nearest way.
    let action = if matches!(error, CallbackError::Malformed(_)) && pasted.is_some() {
        "paste the whole address at which the browser ended; for a new link"
    } else {
        ""
    };
    let answered = match error {
        CallbackError::Denied { error, .. } => {
            Some(format!("{error}, in the answer that came with the browser"))
        }
        CallbackError::Malformed(_)
        | CallbackError::UnknownState
        | CallbackError::AlreadyUsed
        | CallbackError::WrongIssuer(_)
        | CallbackError::Client { .. }
        | CallbackError::Exchange { .. }
        | CallbackError::Store { .. } => None,
    };
    let meanwhile = "Nothing was changed or deleted. Other servers go on working.";
    Explained {
        meanwhile: Some(meanwhile.to_owned()),
        ..Explained::of(cause, server)
            .because(cause, reason)
            .helps(action)
            .evidence(answered)
    }
}

fn of_needed(needed: &Needed, account: &Account, journal: &Journal) -> Explained {
    of_sign_in(
        needed.into(),
        account,
        (&needed.reason, &needed.action),
        journal,
    )
}

fn of_sign_in(
    cause: Cause,
    account: &Account,
    (reason, action): (&str, &str),
    journal: &Journal,
) -> Explained {
    // Nothing failed where nobody has signed in yet.
    let (evidence, action) = match cause == Cause::SignInNeeded {
        true => (None, ""),
        false => (journal.evidence(account, cause), action),
    };
    Explained::of(cause, Some(&account.server))
        .because(cause, reason)
        .helps(action)
        .evidence(evidence)
}

fn of_trouble(trouble: &Trouble, upstream: &Upstream) -> Explained {
    let cause = Cause::from(trouble);
    let explained = Explained::of(cause, Some(upstream.name()));
    if let Trouble::SignIn { why, .. } = trouble {
        let journal = upstream.sign_ins().journal();
        let evidence = journal.evidence(upstream.account(), cause);
        return explained.because(cause, why).evidence(evidence);
    }
    if let Trouble::Settings(why) = trouble {
        return explained.because(cause, why);
    }
    explained
        .evidence(Some(sentence(&trouble.reason())))
        .helps(&trouble.cure())
}

impl Meanwhile {
    fn text(self) -> Option<String> {
        let mut parts = Vec::new();
        if self.signed_in {
            parts.push("The sign-in is kept.".to_owned());
        }
        if self.tries_again {
            parts.push(sentence(TRIES_AGAIN));
        }
        match self.tools {
            0 => {}
            1 => parts.push("1 tool stays listed.".to_owned()),
            more => parts.push(format!("{more} tools stay listed.")),
        }
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

#[cfg(test)]
mod tests;
