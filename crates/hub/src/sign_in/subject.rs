//! One server as its sign-in sees it: what a person decided, what is held, and how far requests may reach.

use std::path::Path;
use std::sync::Arc;

use oauth::assertion::ClientKey;
use oauth::policy::{GivenClient, GrantType, ResourceRule};
use oauth::{AuthMethod, Policy};
use secrecy::SecretString;
use settings::{OAuth, Pkce, ResourceChoice, Server, Settings, Transport};
use url::Url;

use super::document;
use super::key::{Place, PrivateKey};
use super::proof_key;
use super::record::{self, Held};
use super::{Account, SignInError};
use crate::clock::Clock;
use crate::fetch::{Reach, Way};

#[derive(Clone)]
pub(super) struct Subject {
    pub(super) account: Account,
    /// What a person decided, without what the hub wrote.
    pub(super) given: OAuth,
    pub(super) policy: Arc<Policy>,
    pub(super) way: Way,
    pub(super) held: Held,
    /// Where the browser comes back to, while nobody chose that for this server.
    callback: Option<Callback>,
}

/// A callback that a provider may want otherwise.
#[derive(Clone)]
struct Callback {
    usual: String,
    /// Where the hub listens.
    port: u16,
    /// Our own client document, which names the usual one.
    document: Option<String>,
}

impl Subject {
    pub(super) fn of(
        settings: &Settings,
        account: &Account,
        port: u16,
        clock: &Clock,
        folder: &Path,
    ) -> Result<Self, SignInError> {
        if settings.server(&account.server).is_none() {
            return Err(SignInError::UnknownServer(account.server.clone()));
        }
        if !account.fits(settings) {
            return Err(match account.user {
                None => SignInError::NoUser(account.server.clone()),
                Some(_) => SignInError::NotPerUser(account.clone()),
            });
        }
        Self::of_former(settings, account, port, clock, folder)
    }

    /// The same without the question whether the account holds anything still: for what has to be given back.
    pub(super) fn of_former(
        settings: &Settings,
        account: &Account,
        port: u16,
        clock: &Clock,
        folder: &Path,
    ) -> Result<Self, SignInError> {
        let server = settings
            .server(&account.server)
            .ok_or_else(|| SignInError::UnknownServer(account.server.clone()))?;
        if let Err(problem) = &server.transport {
            return Err(SignInError::Settings {
                server: account.server.clone(),
                problem: Box::new(problem.clone()),
            });
        }
        let url = address(server).ok_or_else(|| SignInError::NotHttp(account.server.clone()))?;
        let given = found_from(folder, server.oauth.given());
        let way = match Url::parse(url) {
            Ok(url) => Way::to_sign_in(&url, server),
            Err(_) => Reach::Public.into(),
        };
        let mut policy = policy(url, redirect_uri(settings, &given, port), &given);
        policy.allow_private_network = server.allow_private_network;
        policy.key = key(&given, clock);
        policy.client_metadata_url = (policy.client_metadata_url)
            .or_else(|| document::for_callback(settings, &policy.redirect_uri));
        let callback = chosen(&given).is_none().then(|| Callback {
            usual: policy.redirect_uri.clone(),
            port,
            document: policy.client_metadata_url.clone(),
        });
        let subject = Self {
            account: account.clone(),
            given,
            policy: Arc::new(policy),
            way,
            held: record::read(&server.oauth, account, url),
            callback,
        };
        let issuer = subject.issuer();
        Ok(subject.at(issuer.as_deref()))
    }

    /// The authorization server, as far as it is known without asking.
    fn issuer(&self) -> Option<String> {
        let waiting = self.held.waiting.as_ref();
        (waiting.and_then(|waiting| waiting.pending.issuer.clone()))
            .or_else(|| self.held.used().into_iter().next().map(|used| used.issuer))
            .or_else(|| self.policy.issuer.clone())
    }

    /// The same at this authorization server, whose provider may take another callback than the usual one.
    // rule: profile
    pub(super) fn at(mut self, issuer: Option<&str>) -> Self {
        let Some(callback) = &self.callback else {
            return self;
        };
        let profile = self.policy.profile(issuer);
        let wanted = profile.and_then(|profile| profile.callback(&callback.usual, callback.port));
        let wanted = wanted.unwrap_or_else(|| callback.usual.clone());
        if wanted != self.policy.redirect_uri {
            let own = (self.given.client_metadata_url.clone()).or_else(|| {
                callback
                    .document
                    .clone()
                    .filter(|_| wanted == callback.usual)
            });
            let policy = Arc::make_mut(&mut self.policy);
            policy.client_metadata_url = own;
            policy.redirect_uri = wanted;
        }
        self
    }

    /// The policy of token requests for a grant with this key.
    pub(super) fn proving(&self, key: Option<&SecretString>, clock: &Clock) -> Policy {
        let mut policy = Policy::clone(&self.policy);
        // A key that cannot be opened proves nothing, and the server will say that a proof is missing.
        policy.proof_key = key.and_then(|key| proof_key::opened(key, clock).ok());
        policy
    }

    /// What was begun in another way than the settings want now does not wait any more.
    pub(super) fn waits_in_one_way(&mut self) {
        if self.policy.grant_type == GrantType::DeviceCode {
            self.held.waiting = None;
        } else {
            self.held.typing = None;
        }
    }

    /// The document is not offered again to a server that did not take it.
    pub(super) fn without_document(&mut self) {
        Arc::make_mut(&mut self.policy).document_refused = true;
    }
}

/// Files that are named relative to the settings file, where they are; as `caFile` is.
// rule: at-59
fn found_from(folder: &Path, mut given: OAuth) -> OAuth {
    let provider = given.identity_provider.as_mut();
    let files = [&mut given.private_key_file, &mut given.assertion_file]
        .into_iter()
        .chain(provider.map(|provider| &mut provider.id_token_file));
    for file in files {
        *file = file.take().map(|file| folder.join(file));
    }
    given
}

/// What the client signs with, if it has a key.
fn key(given: &OAuth, clock: &Clock) -> Option<ClientKey> {
    let file = given.private_key_file.clone().map(Place::File);
    let place = match &given.private_key {
        Some(pem) => Place::Settings((**pem).clone()),
        None => file?,
    };
    let key = PrivateKey {
        place,
        id: given.private_key_id.clone(),
        clock: clock.clone(),
    };
    Some(ClientKey::new(
        Arc::new(key),
        given.assertion_audience.clone(),
    ))
}

/// The mark of the token that these settings hold for an account.
pub(super) fn held_mark(settings: &Settings, account: &Account) -> Option<String> {
    let server = settings.server(&account.server)?;
    let kept = record::kept(record::whose(&server.oauth, account)?, address(server)?)?;
    Some(kept.mark())
}

/// The state whose callback these settings wait for.
pub(super) fn state_waited_for(settings: &Settings, account: &Account) -> Option<String> {
    let server = settings.server(&account.server)?;
    let held = record::read(&server.oauth, account, address(server)?);
    Some(held.waiting?.pending.state_hash)
}

/// The address of a server that is reached over http; nothing else signs in.
pub(super) fn address(server: &Server) -> Option<&str> {
    match &server.transport {
        Ok(Transport::Http { url, .. }) => Some(url),
        Ok(Transport::Stdio { .. }) | Err(_) => None,
    }
}

/// Where the browser comes back to: the server's own setting, what its registration names, the hub's public address, or
/// this machine.
// rule: at-11, at-16
pub(super) fn redirect_uri(settings: &Settings, given: &OAuth, port: u16) -> String {
    if let Some(chosen) = chosen(given) {
        return chosen;
    }
    match settings.base_url() {
        Some(base) => format!("{}/oauth/callback", base.trim_end_matches('/')),
        None => format!("http://localhost:{port}/oauth/callback"),
    }
}

/// The callback that a person chose for this server.
fn chosen(given: &OAuth) -> Option<String> {
    let registration = given.dynamic_registration.as_ref();
    let listed = registration.and_then(|registration| registration.metadata.get("redirect_uris"));
    let first = listed.and_then(|list| list.get(0)?.as_str());
    (given.redirect_uri.clone()).or_else(|| first.map(str::to_owned))
}

/// Whether a server's settings have the browser come back at this path.
// rule: at-16
#[must_use]
pub fn is_callback(settings: &Settings, path: &str) -> bool {
    settings.servers.iter().any(|server| {
        let given = server.oauth.given();
        let listed = given.dynamic_registration.is_some() || given.redirect_uri.is_some();
        let callback = listed.then(|| redirect_uri(settings, &given, 0));
        let callback = callback.and_then(|callback| Url::parse(&callback).ok());
        callback.is_some_and(|callback| callback.path() == path)
    })
}

fn policy(url: &str, redirect_uri: String, given: &OAuth) -> Policy {
    let mut policy = Policy::new(url, redirect_uri);
    policy.issuer.clone_from(&given.issuer);
    policy.scopes.clone_from(&given.scopes);
    policy.resource = match &given.resource {
        None => ResourceRule::Discovered,
        Some(ResourceChoice::Named(resource)) => ResourceRule::Fixed(resource.clone()),
        Some(ResourceChoice::Omit) => ResourceRule::Omitted,
    };
    policy
        .authorization_endpoint
        .clone_from(&given.authorization_endpoint);
    policy.token_endpoint.clone_from(&given.token_endpoint);
    policy
        .device_authorization_endpoint
        .clone_from(&given.device_authorization_endpoint);
    policy
        .revocation_endpoint
        .clone_from(&given.revocation_endpoint);
    policy.grant_type = match given.grant_type {
        settings::GrantType::AuthorizationCode => GrantType::AuthorizationCode,
        settings::GrantType::DeviceCode => GrantType::DeviceCode,
        settings::GrantType::ClientCredentials => GrantType::ClientCredentials,
        settings::GrantType::JwtBearer => GrantType::JwtBearer,
    };
    policy.dpop = given.dpop;
    policy.profiles = !given.without_profile;
    policy.assume_pkce = given.pkce == Pkce::Assume;
    policy.allow_insecure_token_endpoint = given.allow_insecure_token_endpoint;
    policy.audience.clone_from(&given.audience);
    policy
        .authorization_params
        .clone_from(&given.authorization_params);
    policy.token_params.clone_from(&given.token_params);
    policy.token_auth = given
        .token_endpoint_auth_method
        .as_deref()
        .and_then(AuthMethod::named);
    policy.client = given
        .client_id
        .clone()
        .filter(|id| !id.is_empty())
        .map(|id| GivenClient {
            id,
            secret: given.client_secret.as_deref().cloned(),
        });
    policy
        .client_metadata_url
        .clone_from(&given.client_metadata_url);
    if let Some(registration) = &given.dynamic_registration {
        policy.preferred_issuer.clone_from(&registration.issuer);
        policy
            .registration_endpoint
            .clone_from(&registration.registration_endpoint);
        policy.register.allowed = registration.enabled.unwrap_or(true);
        policy.register.metadata.clone_from(&registration.metadata);
        policy.register.initial_access_token =
            registration.initial_access_token.as_deref().cloned();
    }
    policy
}

#[cfg(test)]
mod tests;
