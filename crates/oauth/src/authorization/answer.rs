//! The authorization response: whose it is, who sent it, and only then what it says.

use std::time::SystemTime;

use secrecy::SecretString;
use url::form_urlencoded;

use super::{Healed, LIFE, Pending};
use crate::pkce;

/// A callback's query, read but not believed.
#[derive(Debug, Clone)]
pub struct Answer {
    state: String,
    iss: Option<String>,
    error: Option<String>,
    description: Option<String>,
    code: Option<SecretString>,
}

/// A code that passed all checks; the only thing that an exchange takes.
#[derive(Debug)]
pub struct Code {
    pub(crate) code: SecretString,
    pub(crate) pending: Pending,
    /// The answer named its authorization server, and it was the right one.
    pub named: bool,
}

/// Why an answer is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    #[error("the callback carries no {0}")]
    Missing(&'static str),
    #[error("the callback carries {0} twice")]
    Twice(&'static str),
    #[error("the callback's state belongs to no sign-in that was started here")]
    ForeignState,
    #[error("the sign-in was started more than 10 minutes ago")]
    TooOld,
    #[error(
        "the authorization server promised to say who it is, and the callback does not; expected {expected:?}"
    )]
    IssuerMissing { expected: String },
    // Nothing that the stranger sent is in the text, not even its name: that is for the journal alone.
    #[error("the callback was sent by another authorization server than {expected:?}")]
    WrongIssuer { expected: String, named: String },
    /// The right authorization server said no.
    #[error("the authorization server answered {error}")]
    Denied {
        error: String,
        description: Option<String>,
        again: Again,
    },
}

/// What may be left out in another attempt, while the browser is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again(pub Option<Healed>);

impl Answer {
    /// Reads a query (with or without the question mark).
    // Parameters must not be included more than once.
    // rule: rfc6749-3.1, safe-c01, safe-c08
    pub fn parse(query: &str) -> Result<Self, AnswerError> {
        let query = query.strip_prefix('?').unwrap_or(query);
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .map(|(key, value)| (key.into_owned(), value.into_owned()))
            .collect();
        let one = |name: &'static str| {
            let mut values = pairs
                .iter()
                .filter(|(key, _)| key == name)
                .map(|(_, value)| value.clone());
            match (values.next(), values.next()) {
                (_, Some(_)) => Err(AnswerError::Twice(name)),
                (value, None) => Ok(value.filter(|value| !value.is_empty())),
            }
        };
        Ok(Self {
            state: one("state")?.ok_or(AnswerError::Missing("state"))?,
            iss: one("iss")?,
            error: one("error")?,
            description: one("error_description")?,
            code: one("code")?.map(SecretString::from),
        })
    }

    /// The fingerprint of its state: which sign-in it claims to answer.
    #[must_use]
    pub fn state_hash(&self) -> String {
        pkce::digest(&self.state)
    }
}

impl Pending {
    /// Whether it still waits.
    #[must_use]
    pub fn lives(&self, now: SystemTime) -> bool {
        now.duration_since(self.created_at)
            .is_ok_and(|age| age < LIFE)
    }

    /// Checks an answer: state, then issuer, then error, then code.
    // Results that do not include the original state are discarded.
    // rule: rfc6749-10.12, safe-c04
    pub fn accept(self, answer: Answer, now: SystemTime) -> Result<Code, AnswerError> {
        if answer.state_hash() != self.state_hash {
            return Err(AnswerError::ForeignState);
        }
        if !self.lives(now) {
            return Err(AnswerError::TooOld);
        }
        self.check_issuer(answer.iss.as_deref())?;
        let named = answer.iss.is_some() && self.issuer.is_some();
        if let Some(error) = answer.error {
            let healing = self.healing(&error);
            return Err(AnswerError::Denied {
                error: short(&error),
                description: answer.description.as_deref().map(short),
                again: Again(healing),
            });
        }
        match answer.code {
            Some(code) => Ok(Code {
                code,
                pending: self,
                named,
            }),
            None => Err(AnswerError::Missing("code")),
        }
    }

    /// Takes a code that a signed-in person pasted for this very sign-in, without the answer around it.
    // Without the answer nothing says who sent it, so a server that promised to say so is held to it.
    // rule: rfc9207-2.4
    pub fn accept_bare(self, code: &str, now: SystemTime) -> Result<Code, AnswerError> {
        if !self.lives(now) {
            return Err(AnswerError::TooOld);
        }
        self.check_issuer(None)?;
        Ok(Code {
            code: code.into(),
            pending: self,
            named: false,
        })
    }

    // Compared with the recorded issuer as strings, also when `iss` was not promised; missing is refused when
    // it was. The same goes for error answers, of which nothing is shown then.
    // rule: rfc9207-2.4, at-49, safe-c07, safe-c05
    fn check_issuer(&self, iss: Option<&str>) -> Result<(), AnswerError> {
        let expected = || self.issuer.clone().unwrap_or_default();
        match (iss, &self.issuer) {
            (Some(iss), Some(issuer)) if iss == issuer => Ok(()),
            (Some(iss), Some(_)) => Err(AnswerError::WrongIssuer {
                expected: expected(),
                named: short(iss),
            }),
            (None, _) if self.iss_promised => Err(AnswerError::IssuerMissing {
                expected: expected(),
            }),
            // Endpoints from the settings have no recorded issuer to compare with.
            (None, _) | (Some(_), None) => Ok(()),
        }
    }

    /// What to leave out after this error; each thing once.
    // rule: at-14
    #[must_use]
    pub fn healing(&self, error: &str) -> Option<Healed> {
        match error {
            "invalid_target" if self.resource.is_some() && !self.healed.resource => Some(Healed {
                resource: true,
                ..self.healed
            }),
            "invalid_scope" if !self.scopes.is_empty() && !self.healed.scope => Some(Healed {
                scope: true,
                ..self.healed
            }),
            _ => None,
        }
    }
}

fn short(text: &str) -> String {
    text.chars()
        .map(|c| if crate::shown::steers(c) { ' ' } else { c })
        .take(300)
        .collect()
}
