//! The whole framework of this crate: a procedure either needs one more HTTP exchange or is finished.
//!
//! A procedure decides, whoever drives it performs: it sends the request, hands back the answer (or why there
//! is none), and writes down `because` and the notes. No procedure knows a socket, a clock or chance.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One whole request. The driver adds nothing but transport: no header, no redirect, no retry.
pub type Request = http::Request<Vec<u8>>;

/// One whole answer, of any status; its body is bounded by the driver.
pub type Response = http::Response<Vec<u8>>;

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// No complete answer within the time allowed.
    #[error("no answer in time")]
    Timeout,
    /// Name resolution, connection, TLS, or a connection that broke off.
    #[error("not reachable: {0}")]
    Network(String),
    /// The answer was larger than the driver reads.
    #[error("the answer is too large")]
    TooLarge,
    /// The driver must not send this: a private address, a redirect to plain http.
    #[error("not sent: {0}")]
    Refused(String),
}

/// What a procedure wants next.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a step is taken apart at once, never kept"
)]
pub enum Step<P: Procedure> {
    /// Send `request`, then give the answer to `then`. `because` says in words why it is sent, for the journal.
    Send {
        request: Request,
        because: Cow<'static, str>,
        then: P,
    },
    /// Finished.
    Done(P::Output),
}

/// A series of exchanges that ends in a value.
pub trait Procedure: Sized {
    type Output;
    type Error;

    /// Takes the answer to the request that was asked for, and decides what is next.
    fn receive(self, answer: Result<Response, Unanswered>) -> Result<Step<Self>, Self::Error>;

    /// Where in the journey this is, for the journal.
    fn stage(&self) -> Stage;
}

/// A part of the journey, as the journal names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Discovery,
    Registration,
    AuthorizationUrl,
    Callback,
    TokenExchange,
    Refresh,
    Heal,
    StepUp,
    Revoke,
    Connect,
}

impl Stage {
    /// The word in journal and logs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Registration => "registration",
            Self::AuthorizationUrl => "authorization_url",
            Self::Callback => "callback",
            Self::TokenExchange => "token_exchange",
            Self::Refresh => "refresh",
            Self::Heal => "heal",
            Self::StepUp => "step_up",
            Self::Revoke => "revoke",
            Self::Connect => "connect",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Something decided on the way that a person may want to know; never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The rule's id, as in `docs/rules.md`.
    pub rule: Cow<'static, str>,
    pub text: String,
}

impl Note {
    #[must_use]
    pub fn new(rule: &'static str, text: impl Into<String>) -> Self {
        Self {
            rule: Cow::Borrowed(rule),
            text: text.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_has_one_word_in_journal_and_logs() {
        for (stage, word) in [
            (Stage::Discovery, "discovery"),
            (Stage::Registration, "registration"),
            (Stage::AuthorizationUrl, "authorization_url"),
            (Stage::Callback, "callback"),
            (Stage::TokenExchange, "token_exchange"),
            (Stage::Refresh, "refresh"),
            (Stage::Heal, "heal"),
            (Stage::StepUp, "step_up"),
            (Stage::Revoke, "revoke"),
            (Stage::Connect, "connect"),
        ] {
            assert_eq!((stage.word(), stage.to_string().as_str()), (word, word));
            assert_eq!(serde_json::json!(stage), serde_json::json!(word));
        }
    }
}
