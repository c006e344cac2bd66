//! What callers see of a sign-in: tokens to use, verdicts on refusals, states in words.

use std::fmt;
use std::time::SystemTime;

use http::HeaderValue;
use oauth::assertion::Unsigned;
use oauth::dpop::{ProofKey, Shown};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::account::Account;
use super::proof_key;
use super::record::Kept;
use crate::cause::Cause;
use crate::clock::Clock;

/// An access token to send as `Authorization`, with proofs where it is bound to a key.
#[derive(Clone)]
pub struct Bearer {
    token: SecretString,
    bound: bool,
    key: Option<ProofKey>,
}

impl Bearer {
    pub(super) fn of(kept: &Kept, clock: &Clock) -> Self {
        let bound = kept.grant.bound;
        let key = kept.proof_key.as_ref().filter(|_| bound);
        Self {
            token: kept.grant.access.clone(),
            bound,
            // Without its key the token is refused, and a new one is had.
            key: key.and_then(|key| proof_key::opened(key, clock).ok()),
        }
    }

    /// A new proof for one request with this token; `None`: it needs none.
    // rule: rfc9449-7.1
    pub(crate) fn proof(
        &self,
        method: &str,
        address: &str,
        nonce: Option<&str>,
    ) -> Option<Result<HeaderValue, Unsigned>> {
        let shown = Shown {
            method,
            address,
            token: Some(self.token()),
            nonce,
        };
        self.key.as_ref().map(|key| key.proof(&shown))
    }

    /// The value of the `Authorization` header; for the wire only.
    #[must_use]
    pub fn header_value(&self) -> String {
        // A token that is bound to a key is shown as such.
        // rule: rfc9449-7.1
        let scheme = if self.bound { "DPoP" } else { "Bearer" };
        format!("{scheme} {}", self.token())
    }

    pub(crate) fn token(&self) -> &str {
        self.token.expose_secret()
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(redacted)")
    }
}

/// A 401 or 403 from an upstream, as far as signing in is concerned.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub status: u16,
    /// Each `WWW-Authenticate` line, as received.
    pub challenges: Vec<String>,
    /// What was sent with the refused request.
    pub used: Option<Bearer>,
}

/// What to do about a refusal.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// Send the same request once more with this token.
    Retry(Bearer),
    /// A person has to act first.
    Needed(Needed),
    /// Nothing that a sign-in can cure.
    Failed { cause: Cause, why: String },
}

/// A person has to act before this server can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Needed {
    pub server: String,
    pub state: State,
    /// Why, in words.
    pub reason: String,
    /// One suggested action, in words.
    pub action: String,
    /// Where to sign in, when it is that far.
    pub authorization_url: Option<String>,
    /// The code to type there, or to compare with what stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_code: Option<Box<str>>,
    /// `None`: nothing is wrong.
    #[serde(rename = "errorCode", skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

impl fmt::Display for Needed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.server, self.reason, self.action)?;
        if let Some(url) = &self.authorization_url {
            write!(f, ": {url}")?;
        }
        match &self.user_code {
            Some(code) => write!(f, " (the code is {code})"),
            None => Ok(()),
        }
    }
}

/// The states of a sign-in, in the words of the API (`word`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody asked for a sign-in so far.
    Unneeded,
    /// A grant is there and works as far as is known.
    Connected,
    OauthRequired,
    NeedsClient,
    ClientRejected,
    RegistrationRefused,
    RefreshFailing,
    RejectedByResource,
    /// Discovery or another step failed; the reason says how.
    Disconnected,
}

impl State {
    /// The word in API and UI.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unneeded => "unneeded",
            Self::Connected => "connected",
            Self::OauthRequired => "oauth_required",
            Self::NeedsClient => "needs_client",
            Self::ClientRejected => "client_rejected",
            Self::RegistrationRefused => "registration_refused",
            Self::RefreshFailing => "refresh_failing",
            Self::RejectedByResource => "rejected_by_resource",
            Self::Disconnected => "disconnected",
        }
    }

    /// Whether a person can do something about it; else time or the owner of a server has to.
    #[must_use]
    pub fn waits_for_a_person(self) -> bool {
        match self {
            Self::OauthRequired
            | Self::NeedsClient
            | Self::ClientRejected
            | Self::RegistrationRefused
            | Self::RejectedByResource => true,
            Self::Unneeded | Self::Connected | Self::RefreshFailing | Self::Disconnected => false,
        }
    }

    /// Whether nobody can be sent to the login server before there is a client, and it gives us none.
    #[must_use]
    pub fn wants_a_client(self) -> bool {
        matches!(self, Self::NeedsClient | Self::RegistrationRefused)
    }

    /// Whether requests can be sent in this state (with a token, or without any).
    #[must_use]
    pub fn usable(self) -> bool {
        matches!(
            self,
            Self::Unneeded | Self::Connected | Self::RefreshFailing
        )
    }
}

/// One server's sign-in as API and CLI show it; holds no secret.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    pub state: State,
    /// What is wrong, if anything is.
    #[serde(rename = "errorCode", skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Why it is in this state, in words; empty when there is nothing to say.
    pub reason: String,
    /// One suggested action, in words.
    pub action: Option<String>,
    /// A pending sign-in's link, while it lives.
    pub authorization_url: Option<String>,
    /// Until when the link lives.
    #[serde(skip)]
    pub link_expires_at: Option<SystemTime>,
    /// The code that a person types at `verification_uri`, on any machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification_uri: Option<String>,
    /// An access token is stored.
    pub connected: bool,
    /// A client id is in the settings file, given or registered.
    pub client_configured: bool,
    /// When the access token ends, as far as known.
    #[serde(skip)]
    pub expires_at: Option<SystemTime>,
    /// The login server that gave the token, or that gives us no client.
    pub issuer: Option<String>,
    /// Who would sign somebody in, where no sign-in is needed.
    pub offered_by: Option<String>,
    pub scopes: Vec<String>,
    /// What is done differently because the provider is known, line by line.
    pub profile: Vec<String>,
    /// Where a client is registered by hand, at a provider that is known.
    pub console_url: Option<String>,
    /// The callback address that this server's sign-in uses; to be registered by hand where the login server gives no client.
    pub redirect_uri: String,
    /// The browser cannot bring the answer to the hub at that address: it is to be pasted.
    pub paste_back: bool,
}

/// A link for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub url: String,
    pub expires_at: SystemTime,
    /// Where a code is to be typed.
    pub typed: Option<Typed>,
}

/// A code for a person, and the address where it is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    pub user_code: String,
    pub verification_uri: String,
}

/// What became of a callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    pub server: String,
    /// Whose sign-in it was; none where all share it.
    pub user: Option<String>,
    /// The authorization server wants to be asked differently: send the browser (302) here, nothing is stored yet.
    pub again: Option<String>,
}

/// How much a sign-out forgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forget {
    /// The tokens; the client registration stays.
    Tokens,
    /// Tokens and the client that was registered (never one that the settings gave).
    All,
}

/// How many tokens were offered for revocation, and what came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SignedOut {
    pub attempted: u32,
    pub succeeded: u32,
    pub failed: u32,
}

/// Told to whoever keeps connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    SignedIn(Account),
    SignedOut(Account),
    Needed(Account),
}

/// Why no link could be made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SignInError {
    #[error("there is no server named {0}")]
    UnknownServer(String),
    /// Nobody is sent to a login server for a server that would not be used.
    #[error("{0} is switched off (mcpServers.{0}.enabled is false), so nobody signs in to it")]
    Disabled(String),
    #[error("{0} is not reached over http, so there is nothing to sign in to")]
    NotHttp(String),
    /// Nobody may use another's sign-in, so there is none for a caller who is no user.
    #[error(
        "{0} keeps a sign-in for each user (mcpServers.{0}.oauth.tokens is \"per_user\"), and you are known as none: log in as a user, or use a bearer key of kind \"user\" whose owner is in users"
    )]
    NoUser(String),
    #[error("{} has no sign-in of its own for {}", .0.server, .0.user.as_deref().unwrap_or_default())]
    NotPerUser(Account),
    /// Its entry makes no sense, or its secrets are sealed and do not open.
    #[error("{server} cannot be used as its settings are: {problem}")]
    Settings {
        server: String,
        problem: Box<settings::Problem>,
    },
    /// A person has to do something else first (give a client id, change settings).
    #[error("{0}")]
    Needed(Needed),
    #[error("the settings file could not be written: {0}")]
    Store(String),
}

/// Why a callback was refused. `Display` is safe to show: it holds nothing of a stranger's text unless the
/// variant says that the answer was checked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallbackError {
    /// No or two `state` or `code` parameters, or something that is no query.
    #[error("{0}")]
    Malformed(String),
    /// A state that is not ours, too old, or forged.
    #[error(
        "no sign-in is waiting for this answer; it is older than 10 minutes or was not started here"
    )]
    UnknownState,
    #[error("this answer was already used")]
    AlreadyUsed,
    /// `iss` missing though promised, or different.
    #[error("{0}")]
    WrongIssuer(String),
    /// The authorization server said no; its words, already checked to be from the right server.
    #[error("the authorization server answered {error}{}", .description.as_deref().map(|d| format!(": {d}")).unwrap_or_default())]
    Denied {
        server: String,
        error: String,
        description: Option<String>,
    },
    /// The client of the settings is not accepted; signing in again does not help before it is corrected.
    #[error("{}: {reason}", .account.server)]
    Client { account: Account, reason: String },
    /// The code could not be exchanged for a token.
    #[error("{}: {reason}", .account.server)]
    Exchange {
        account: Account,
        cause: Cause,
        reason: String,
    },
    #[error("{server}: the token could not be stored: {reason}")]
    Store { server: String, reason: String },
}
