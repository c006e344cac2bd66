//! What `cli` tells us at the start, so that nothing here reads arguments or the environment.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;

use crate::dashboard::Dashboard;
use crate::log_book::LogBook;
use crate::patience::Patience;

const CONNECTIONS: usize = 10_000;
/// How long answers may take after the end was asked for, where nobody says otherwise: containers are often killed 10 s after
/// that, and the servers have to be ended in that time, too.
pub const DRAIN: Duration = Duration::from_secs(7);

/// Where and for whom we listen.
#[derive(Clone, Debug)]
pub struct WebOptions {
    /// Loopback unless a person said otherwise.
    pub listen: SocketAddr,
    /// Prefix of every route: empty, or like `/hub`.
    pub base_path: String,
    /// Lets the command line of the same user and machine in at `/api`.
    pub operator_token: Option<SecretString>,
    /// Signs logins. `None`: random for this process, so that a restart logs everyone out.
    pub jwt_secret: Option<SecretString>,
    /// Password of `admin` as long as the settings have no administrator.
    pub admin_password: Option<SecretString>,
    /// Names besides localhost, addresses and the host of the base url under which we may be asked.
    pub allowed_hosts: Vec<String>,
    /// Refuses every change by the REST API; tool calls and logins still work.
    pub read_only: bool,
    /// The pages at `/`. `None`: no page is shown.
    pub dashboard: Option<Dashboard>,
    /// What the log of the hub says, where it is shown.
    pub log: LogBook,
    /// Clients' connections at once. Each costs a file of the process, and the hub needs files for itself and for its servers.
    pub connections: usize,
    /// How long clients are waited for.
    pub patience: Patience,
    /// How long answers under way may take after the end was asked for.
    pub drain: Duration,
}

impl WebOptions {
    /// All defaults, at this address.
    #[must_use]
    pub fn at(listen: SocketAddr) -> Self {
        Self {
            listen,
            base_path: String::new(),
            operator_token: None,
            jwt_secret: None,
            admin_password: None,
            allowed_hosts: Vec::new(),
            read_only: false,
            dashboard: Some(Dashboard::of(|_| None)),
            log: LogBook::default(),
            connections: CONNECTIONS,
            patience: Patience::default(),
            drain: DRAIN,
        }
    }

    /// `base_path` with one slash in front and none behind, or empty.
    #[must_use]
    pub fn prefix(&self) -> String {
        let path = self.base_path.trim().trim_matches('/');
        if path.is_empty() {
            String::new()
        } else {
            format!("/{path}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_has_one_slash_in_front_and_none_behind() {
        let mut options = WebOptions::at(([127, 0, 0, 1], 3000).into());
        for (written, meant) in [
            ("", ""),
            ("/", ""),
            ("hub", "/hub"),
            ("/hub/", "/hub"),
            ("/a/b", "/a/b"),
        ] {
            options.base_path = written.into();
            assert_eq!(options.prefix(), meant);
        }
    }
}
