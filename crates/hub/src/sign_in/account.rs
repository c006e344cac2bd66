//! Whose sign-in it is: a server's, shared by all who may use it, or that of one user at a server.

use std::fmt;

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

    /// One text for both, which no other account has: no name of a file or a lock can be mistaken for another's.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        match &self.user {
            None => self.server.clone(),
            Some(user) => format!("{}\0{user}", self.server),
        }
    }
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
