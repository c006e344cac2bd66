//! Looks at a server from outside, step by step to its sign-in, and says what is wrong and what helps.
//!
//! It decides nothing by itself that `oauth` decides: it drives the same procedures over the same guarded way out, and says
//! line by line what was asked, what came back, and where it is written how it should be. Where the settings could accept
//! what is wrong, it goes on as if they did, so that what is wrong behind it is said as well. It stores nothing, renews
//! nothing, and registers nothing unless it is told to.

mod challenge;
mod client;
mod discovery;
mod door;
mod endpoints;
mod entry;
mod fallback;
mod fault;
mod line;
mod live;
mod login;
mod metadata;
mod refusal;
mod said;
mod time;
mod token;
mod transport;
mod walk;

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use settings::{File, Settings};
use url::Url;

use crate::clock::Clock;
use crate::fetch::Fetch;
use crate::sign_in::SignInError;

pub use entry::{kept, trial};
pub use line::{Line, Part, Verdict};
pub use live::{Examining, Told};
pub use login::{give_back, judge};
use walk::Walk;

/// Whom to look at, and how.
#[derive(Clone)]
pub struct Examination {
    /// The settings that hold the server.
    pub settings: Settings,
    pub server: String,
    /// Where files are that the settings name by a relative path.
    pub folder: PathBuf,
    /// Where a hub listens: callbacks come to `http://localhost:{port}`, unless the settings say otherwise.
    pub port: u16,
    /// For each request.
    pub within: Duration,
    /// Really registers a client, and takes it back where the server offers that.
    pub register: bool,
}

/// Whom a running hub looks at.
#[derive(Clone, Debug)]
pub enum Whom {
    /// By its name in the settings.
    Server(String),
    Address(String),
}

/// What an address without settings is called.
const NAMELESS: &str = "server";
/// How long a running hub waits for each answer.
const WITHIN: Duration = Duration::from_secs(5);

/// Why nothing can be looked at.
#[derive(Debug, thiserror::Error)]
pub enum Unexamined {
    #[error(transparent)]
    Settings(#[from] SignInError),
    #[error("{address:?} is no address of an MCP server: {why}")]
    Address { address: String, why: String },
    #[error(transparent)]
    Header(#[from] crate::upstream::Trouble),
}

/// What the lines come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    Well,
    /// A rule is broken, or a sign-in cannot come about.
    Wrong,
    /// A person has to register a client, or to finish a sign-in; nothing else is wrong.
    NeedsPerson,
    /// Nobody answers at the address.
    Unreachable,
}

/// Settings with one server at this address, and nothing else.
///
/// # Errors
/// When it is no http or https address.
pub fn settings_of(address: &str, server: &str) -> Result<Settings, Unexamined> {
    let wrong = |why: &str| Unexamined::Address {
        address: address.split(['?', '#']).next().unwrap_or_default().into(),
        why: why.to_owned(),
    };
    let url = Url::parse(address).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("it must begin with https:// or http://"));
    }
    let text = serde_json::json!({ "mcpServers": { server: { "url": address } } }).to_string();
    let file = File::parse(&text).map_err(|error| wrong(&error.to_string()))?;
    Ok(settings::resolve(&file, &|_| None))
}

impl crate::Hub {
    /// Looks at a server as this hub would: by its settings, over its way out, with its callback address.
    ///
    /// # Errors
    /// When the address is none. That a server of the settings cannot be looked at is read from what is given.
    pub fn examining(&self, whom: Whom, register: bool) -> Result<Examining, Unexamined> {
        let current = self.store().current();
        let (settings, server) = match whom {
            Whom::Server(name) => ((*current).clone(), name),
            Whom::Address(address) => {
                let mut settings = settings_of(&address, NAMELESS)?;
                settings.install = current.install.clone();
                (settings, NAMELESS.to_owned())
            }
        };
        let examination = Examination {
            settings,
            server,
            folder: self.store().folder().to_owned(),
            port: self.sign_ins().port(),
            within: WITHIN,
            register,
        };
        let (fetch, clock) = (self.fetch().clone(), self.clock().clone());
        Ok(Examining::new(examination, fetch, clock))
    }
}

/// Looks at everything; each line is told as soon as it is known.
///
/// # Errors
/// When there is nothing to look at: no such server, or one that is not reached over http.
pub async fn examine(
    examination: &Examination,
    fetch: Fetch,
    clock: Clock,
    tell: &mut (dyn FnMut(&Line) + Send),
) -> Result<Vec<Line>, Unexamined> {
    let mut walk = Walk::begin(examination, fetch, clock, tell)?;
    if !door::examine(&mut walk).await {
        walk.say(Line::note(
            Part::Transport,
            "not-examined",
            "the rest is not known: nobody answers",
        ));
        return Ok(walk.into_lines());
    }
    if let Some(answer) = transport::examine(&mut walk).await {
        let challenge = challenge::examine(&mut walk, &answer);
        let found = discovery::examine(&mut walk, challenge).await;
        client::examine(&mut walk, found).await;
    }
    time::examine(&mut walk);
    Ok(walk.into_lines())
}

/// What the lines come to, for an exit code.
#[must_use]
pub fn outcome(lines: &[Line]) -> Outcome {
    let wrong = || lines.iter().filter(|line| line.verdict == Verdict::Wrong);
    if wrong().any(|line| line.part == Part::Address) {
        Outcome::Unreachable
    } else if wrong().next().is_none() {
        Outcome::Well
    } else if wrong().all(needs_person) {
        Outcome::NeedsPerson
    } else {
        Outcome::Wrong
    }
}

fn needs_person(line: &Line) -> bool {
    line.cause
        .is_some_and(|cause| client::NEEDS_CLIENT.contains(&cause) || cause == login::UNFINISHED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::Cause;

    #[test]
    fn the_worst_line_decides_what_all_of_them_come_to() {
        let wrong = |part, cause| Line::wrong(part, cause, "", "");
        let by_hand = wrong(Part::Client, Cause::NoRegistration);
        let other = wrong(Part::LoginServer, Cause::PkceUnsaid);
        let away = wrong(Part::Address, Cause::NameUnknown);
        let fine = Line::note(Part::Clock, "clock-unknown", "");
        assert_eq!(outcome(std::slice::from_ref(&fine)), Outcome::Well);
        assert_eq!(outcome(&[fine, by_hand.clone()]), Outcome::NeedsPerson);
        assert_eq!(outcome(&[other.clone(), by_hand]), Outcome::Wrong);
        assert_eq!(outcome(&[other, away]), Outcome::Unreachable);
    }

    #[test]
    fn an_address_is_not_shown_with_its_query() {
        let error = settings_of("ftp://a.test/mcp?key=secret", "x").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
