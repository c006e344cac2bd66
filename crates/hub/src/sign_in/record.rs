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
use oauth::discovery::Used;
use oauth::scope::StepUps;
use oauth::{AuthMethod, Client, Device, Grant, Policy};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use url::Url;

use super::document;

pub(super) use change::{
    forget_all, forget_client, forget_grant, forget_user, forget_waiting, keep_binding, part_with,
    save_client, save_grant, save_step_ups, save_typing, save_waiting,
};
pub(super) use read::{kept, read, whose};

/// All that is kept of a server's sign-in.
#[derive(Clone, Default)]
pub(super) struct Held {
    pub(super) kept: Option<Kept>,
    /// The client that was registered; one of the settings is in the policy.
    pub(super) client: Option<Client>,
    pub(super) waiting: Option<Waiting>,
    /// A code that a person is to type; stands in the place of what waits for a callback.
    pub(super) typing: Option<Typing>,
    /// The authorization server of the last grant and the scopes that were asked for, also when its tokens are gone.
    pub(super) before: Option<Before>,
    /// Sign-ins for more scopes that were asked for lately.
    pub(super) step_ups: StepUps,
    /// The same of the others who sign in to the server: what is the server's was used there, too.
    pub(super) others: Vec<Before>,
}

/// A grant and what its renewal and its end need.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) grant: Grant,
    /// What its tokens are bound to.
    pub(super) proof_key: Option<SecretString>,
    /// `None`: the tokens were put there by hand or by another program.
    pub(super) origin: Option<Origin>,
}

#[derive(Clone)]
pub(super) struct Origin {
    pub(super) client_id: String,
    pub(super) method: AuthMethod,
    pub(super) revocation_endpoint: Option<String>,
    /// The origin of the MCP server that the tokens are for; no other one is shown them.
    pub(super) server: Option<String>,
    /// The registered client that it was given to, when the server's entry holds another one by now: without it the tokens
    /// could neither be renewed nor given back.
    pub(super) former: Option<Box<Client>>,
}

#[derive(Clone)]
pub(super) struct Before {
    pub(super) issuer: String,
    /// Where the tokens were asked for; empty: not known.
    pub(super) token_endpoint: String,
    pub(super) requested: Vec<String>,
    /// As whom, and when the last token came.
    pub(super) client_id: Option<String>,
    pub(super) issued_at: Option<SystemTime>,
}

/// A pending sign-in and its link.
#[derive(Clone)]
pub(super) struct Waiting {
    pub(super) pending: Pending,
    pub(super) link: String,
    /// Names the sign-in in the journal.
    pub(super) id: String,
    /// The origin of the MCP server that it was begun for.
    pub(super) server: Option<String>,
}

/// A pending sign-in by a code that a person types.
#[derive(Clone)]
pub(super) struct Typing {
    pub(super) device: Device,
    /// Names the sign-in in the journal.
    pub(super) id: String,
    /// The origin of the MCP server that it was begun for.
    pub(super) server: Option<String>,
}

impl Typing {
    /// Whether the sign-in was begun for the server at this address.
    pub(super) fn is_for(&self, url: &str) -> bool {
        self.server.is_none() || self.server == origin_of(url)
    }
}

impl Kept {
    /// Whether the tokens may be shown to the server at this address. Tokens that were put there by hand say nothing else.
    // A token for one server is never sent to another, also when a person gives the entry another address.
    // rule: mcp-auth-token-audience
    pub(super) fn is_for(&self, url: &str) -> bool {
        let server = self
            .origin
            .as_ref()
            .and_then(|origin| origin.server.as_ref());
        server.is_none() || server == origin_of(url).as_ref()
    }

    pub(super) fn is_younger(&self, than: Duration, now: SystemTime) -> bool {
        let age = self.grant.issued_at.map(|at| now.duration_since(at));
        age.is_some_and(|age| age.is_ok_and(|age| age < than))
    }

    pub(super) fn mark(&self) -> String {
        mark(self.grant.access.expose_secret())
    }

    /// The client that the grant was given to, if it is still known.
    pub(super) fn client(&self, policy: &Policy, registered: Option<&Client>) -> Option<Client> {
        match &self.origin {
            Some(origin) => {
                let known = client_named(&origin.client_id, policy, registered, &self.grant.issuer);
                let former = || {
                    let issuer = &self.grant.issuer;
                    let former = origin.former.as_deref().cloned()?;
                    let same = former.id == origin.client_id && former.issuer == *issuer;
                    same.then(|| Client {
                        key: policy.key.clone(),
                        ..former
                    })
                };
                let mut client = known.or_else(former)?;
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

impl Held {
    /// The client in the file, when the one that followed it could not be written.
    pub(super) fn keep_former(&mut self, client: Client) {
        let issuer = self.kept.as_ref().map(|kept| &kept.grant.issuer);
        let same_server = issuer == Some(&client.issuer);
        let origin = self.kept.as_mut().and_then(|kept| kept.origin.as_mut());
        if let Some(origin) = origin.filter(|origin| origin.client_id == client.id)
            && origin.former.is_none()
            && same_server
        {
            origin.former = Some(Box::new(client));
        }
    }

    /// The authorization servers that something of this server was used with, and where.
    // rule: mcp-auth-server-binding, safe-d13
    pub(super) fn used(&self) -> Vec<Used> {
        let grant = self.kept.as_ref().map(|kept| {
            let grant = &kept.grant;
            (&grant.issuer, &grant.token_endpoint)
        });
        let others = self.others.iter().map(Before::place);
        let before = self.before.as_ref().map(Before::place);
        let client = self.client.as_ref().and_then(|client| match &client.kind {
            Kind::Registered(registered) => Some((&client.issuer, &registered.token_endpoint)),
            Kind::Settings | Kind::MetadataDocument => None,
        });
        let own = [grant, before, client].into_iter().flatten();
        own.chain(others)
            .filter(|(issuer, endpoint)| !issuer.is_empty() && !endpoint.is_empty())
            .map(|(issuer, endpoint)| Used {
                issuer: issuer.clone(),
                token_endpoint: endpoint.clone(),
            })
            .collect()
    }
}

impl Before {
    fn place(&self) -> (&String, &String) {
        (&self.issuer, &self.token_endpoint)
    }
}

impl Waiting {
    /// Whether the sign-in was begun for the server at this address.
    pub(super) fn is_for(&self, url: &str) -> bool {
        self.server.is_none() || self.server == origin_of(url)
    }

    /// The authorization server that it was begun at.
    pub(super) fn identity(&self) -> String {
        let pending = &self.pending;
        let endpoint = || origin_of(&pending.token_endpoint).unwrap_or_default();
        pending.issuer.clone().unwrap_or_else(endpoint)
    }

    pub(super) fn ends_at(&self) -> SystemTime {
        self.pending.created_at + LIFE
    }
}

/// The identity with this id at this authorization server, out of the three kinds that there are.
// Two servers may give the same id; the secret of one is not for the other.
// rule: mcp-auth-server-binding
pub(super) fn client_named(
    id: &str,
    policy: &Policy,
    registered: Option<&Client>,
    issuer: &str,
) -> Option<Client> {
    if let Some(client) = registered.filter(|client| client.id == id && client.issuer == issuer) {
        let key = policy.key.clone();
        return Some(Client {
            key,
            ..client.clone()
        });
    }
    let ours = |secret: Option<SecretString>, method, kind| Client {
        id: id.to_owned(),
        secret,
        key: policy.key.clone(),
        method,
        issuer: issuer.to_owned(),
        redirect_uri: policy.redirect_uri.clone(),
        kind,
    };
    if let Some(given) = policy.client.as_ref().filter(|given| given.id == id) {
        let usual = match (&given.secret, &policy.key) {
            (Some(_), _) => AuthMethod::Basic,
            (None, Some(_)) => AuthMethod::PrivateKeyJwt,
            (None, None) => AuthMethod::None,
        };
        let method = policy.token_auth.unwrap_or(usual);
        return Some(ours(given.secret.clone(), method, Kind::Settings));
    }
    // Also one of an address that the hub had before: the grant was given to that id.
    if policy.client_metadata_url.as_deref() == Some(id) || document::is_ours(id) {
        return Some(ours(None, AuthMethod::None, Kind::MetadataDocument));
    }
    None
}

/// Scheme, host and port of an address.
pub(super) fn origin_of(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    Some(url.origin().ascii_serialization())
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
