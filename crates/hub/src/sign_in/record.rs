//! A sign-in's records and their place in the settings file, `mcpServers.<name>.oauth`.
//!
//! `accessToken`, `refreshToken`, `clientId`, `clientSecret` and `pendingAuthorization` are MCPHub's keys. What else a grant
//! needs to be renewed is in `grant`, what else a registered client needs is in `registration`; so nothing that the hub
//! writes can be mistaken for a person's decision. Times are milliseconds since 1970.

mod change;
mod read;

use std::time::{Duration, SystemTime};

use oauth::authorization::{LIFE, Pending};
use oauth::client::Kind;
use oauth::{AuthMethod, Client, Grant, Policy};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

pub(super) use change::{
    forget_all, forget_client, forget_grant, forget_waiting, save_client, save_grant, save_waiting,
};
pub(super) use read::{kept, read};

/// All that is kept of a server's sign-in.
#[derive(Clone, Default)]
pub(super) struct Held {
    pub(super) kept: Option<Kept>,
    /// The client that was registered; one of the settings is in the policy.
    pub(super) client: Option<Client>,
    pub(super) waiting: Option<Waiting>,
    /// The authorization server of the last grant and the scopes that were asked for, also when its tokens are gone.
    pub(super) before: Option<Before>,
}

/// A grant and what its renewal and its end need.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) grant: Grant,
    /// `None`: the tokens were put there by hand or by another program.
    pub(super) origin: Option<Origin>,
}

#[derive(Clone)]
pub(super) struct Origin {
    pub(super) client_id: String,
    pub(super) method: AuthMethod,
    pub(super) revocation_endpoint: Option<String>,
}

#[derive(Clone)]
pub(super) struct Before {
    pub(super) issuer: String,
    pub(super) requested: Vec<String>,
}

/// A pending sign-in and its link.
#[derive(Clone)]
pub(super) struct Waiting {
    pub(super) pending: Pending,
    pub(super) link: String,
    /// Names the sign-in in the journal.
    pub(super) id: String,
}

impl Kept {
    pub(super) fn mark(&self) -> String {
        mark(self.grant.access.expose_secret())
    }

    /// The client that the grant was given to, if it is still known.
    pub(super) fn client(&self, policy: &Policy, registered: Option<&Client>) -> Option<Client> {
        match &self.origin {
            Some(origin) => {
                let mut client =
                    client_named(&origin.client_id, policy, registered, &self.grant.issuer)?;
                client.method = origin.method;
                Some(client)
            }
            None => {
                let id = policy.client.as_ref().map(|given| given.id.as_str());
                let id = id
                    .or_else(|| registered.map(|client| client.id.as_str()))?
                    .to_owned();
                client_named(&id, policy, registered, &self.grant.issuer)
            }
        }
    }
}

impl Waiting {
    pub(super) fn ends_at(&self) -> SystemTime {
        self.pending.created_at + LIFE
    }
}

/// The identity with this id, out of the three kinds that there are.
pub(super) fn client_named(
    id: &str,
    policy: &Policy,
    registered: Option<&Client>,
    issuer: &str,
) -> Option<Client> {
    if let Some(client) = registered.filter(|client| client.id == id) {
        return Some(client.clone());
    }
    let ours = |secret: Option<SecretString>, method, kind| Client {
        id: id.to_owned(),
        secret,
        method,
        issuer: issuer.to_owned(),
        redirect_uri: policy.redirect_uri.clone(),
        kind,
    };
    if let Some(given) = policy.client.as_ref().filter(|given| given.id == id) {
        let usual = if given.secret.is_some() {
            AuthMethod::Basic
        } else {
            AuthMethod::None
        };
        let method = policy.token_auth.unwrap_or(usual);
        return Some(ours(given.secret.clone(), method, Kind::Settings));
    }
    if policy.client_metadata_url.as_deref() == Some(id) {
        return Some(ours(None, AuthMethod::None, Kind::MetadataDocument));
    }
    None
}

/// A token's fingerprint: enough to tell two apart, of no use to anybody else.
pub(super) fn mark(token: &str) -> String {
    let digest = Sha256::digest(token.as_bytes());
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn to_millis(time: SystemTime) -> u64 {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn from_millis(millis: u64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis))
}

#[cfg(test)]
mod tests;
