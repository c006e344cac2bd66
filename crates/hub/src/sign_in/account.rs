//! Whose sign-in it is: a server's, shared by all who may use it, or that of one user at a server.

use std::fmt;

use settings::{Grants, Settings};

/// The key of a sign-in. What is held for one account is never used for another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    pub server: String,
    /// `None`: the sign-in that all users of the server share.
    pub user: Option<String>,
}

impl Account {
    /// The sign-in that all users of the server share.
    pub fn shared(server: impl Into<String>) -> Self {
        Self {
            server: server.into(),
            user: None,
        }
    }

    /// The sign-in of this user, or the one that all share.
    pub fn of(server: impl Into<String>, user: Option<&str>) -> Self {
        Self {
            server: server.into(),
            user: user.map(str::to_owned),
        }
    }

    /// What all users of the server have in common: its client, and the turn to register one.
    #[must_use]
    pub(super) fn of_all(&self) -> Self {
        Self::shared(&self.server)
    }

    /// Whether the settings want the server's tokens held in this way. Nothing is read, sent or renewed for another account.
    // rule: at-37
    #[must_use]
    pub fn fits(&self, settings: &Settings) -> bool {
        let Some(server) = settings.server(&self.server) else {
            return false;
        };
        match (&self.user, server.oauth.tokens) {
            (None, Grants::Shared) => true,
            (Some(user), Grants::PerUser) => is_user(settings, user),
            (None, Grants::PerUser) | (Some(_), Grants::Shared) => false,
        }
    }

    /// One text for both, which no other account has: no name of a file or a lock can be mistaken for another's.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        match &self.user {
            None => self.server.clone(),
            Some(user) => format!("{}\0{user}", self.server),
        }
    }
}

/// A name that is in no entry of `users` holds nothing, whoever writes it.
pub(super) fn is_user(settings: &Settings, name: &str) -> bool {
    settings.users.iter().any(|user| user.username == name)
}

impl From<&str> for Account {
    fn from(server: &str) -> Self {
        Self::shared(server)
    }
}

impl From<&String> for Account {
    fn from(server: &String) -> Self {
        Self::shared(server)
    }
}

impl From<&Self> for Account {
    fn from(account: &Self) -> Self {
        account.clone()
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.user {
            None => f.write_str(&self.server),
            Some(user) => write!(f, "{} (user {user})", self.server),
        }
    }
}
