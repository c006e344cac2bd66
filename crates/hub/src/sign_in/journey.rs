//! From a server that wants a sign-in to a link for a person: discovery, client, authorization address.

use std::sync::Arc;
use std::time::Duration;

use oauth::authorization::{self, Chance, Healed};
use oauth::client::Kind;
use oauth::discovery::Known;
use oauth::policy::{GrantType, ResourceRule};
use oauth::step::Stage;
use oauth::{Challenge, Client, Discovered, Discovery, DiscoveryError, scope};
use url::{Host, Url};

use super::drive::Driver;
use super::identity::Purpose;
use super::record::{Waiting, client_named, origin_of};
use super::standing::Verdicted;
use super::subject::Subject;
use super::view::{Link, Needed, SignInError, State};
use super::{Account, Shared};
use crate::cause::Cause;
use crate::chance;

/// For all of discovery. A connection is given up after 15 s, and by then it has to be known that discovery was the reason.
// rule: at-25
pub(super) const DISCOVERY_TIME: Duration = Duration::from_secs(14);

/// What a journey is for.
#[derive(Debug, Clone, Default)]
pub(super) struct Ask {
    pub(super) challenge: Option<Challenge>,
    /// Scopes that must be asked for: a step-up.
    pub(super) scopes: Vec<String>,
    pub(super) healed: Healed,
    /// The registered client that is held was refused.
    pub(super) another_client: bool,
    /// A token of this authorization server was refused when it was fresh: only another one is worth a sign-in.
    pub(super) other_than: Option<String>,
    /// A person asks: what was read before may be what is wrong.
    pub(super) afresh: bool,
}

/// Why a journey ends without a link.
pub(super) enum Stop {
    /// A person has to do something.
    Stands(Verdicted),
    /// Something is wrong that time or the server's owner may cure.
    Trouble(Cause, String),
    /// Still the same authorization server.
    SameServer,
}

impl Stop {
    /// As a state to put down.
    pub(super) fn verdict(self) -> Verdicted {
        match self {
            Self::Stands(verdict) => verdict,
            Self::Trouble(cause, why) => Verdicted::new(State::Disconnected, cause, why),
            Self::SameServer => Verdicted::new(
                State::Disconnected,
                Cause::TokenRefused,
                "the same authorization server",
            ),
        }
    }
}

impl From<&SignInError> for Stop {
    fn from(error: &SignInError) -> Self {
        Self::Trouble(error.into(), error.to_string())
    }
}

impl Shared {
    /// A link for a person who asks for one.
    pub(super) async fn begin(self: &Arc<Self>, account: &Account) -> Result<Link, SignInError> {
        let desk = self.desk(account);
        let _flow = desk.flow.lock().await;
        let subject = self.subject(account)?;
        let settings = self.store.current();
        if settings
            .server(&account.server)
            .is_some_and(|server| !server.enabled)
        {
            return Err(SignInError::Disabled(account.server.clone()));
        }
        if subject.policy.grant_type.is_unattended() {
            return Err(SignInError::Needed(self.mint_now(&subject).await));
        }
        let ask = Ask {
            challenge: desk.with(|memory| memory.challenge.clone()),
            afresh: true,
            ..Ask::default()
        };
        if subject.policy.grant_type == GrantType::DeviceCode {
            let begun = self.code_to_type(&subject, ask).await;
            return begun.map_err(|stop| self.stopped(&subject, stop));
        }
        let waiting = match self.still_waiting(&subject, &ask) {
            Some(waiting) => waiting,
            None => self
                .journey(&subject, ask)
                .await
                .map_err(|stop| self.stopped(&subject, stop))?,
        };
        Ok(Link {
            url: waiting.link.clone(),
            expires_at: waiting.ends_at(),
            typed: None,
        })
    }

    fn stopped(&self, subject: &Subject, stop: Stop) -> SignInError {
        SignInError::Needed(self.stand(subject, stop.verdict()))
    }

    /// A link after a refusal: the one that waits, or a new one. The caller holds the flow.
    pub(super) async fn offer(
        self: &Arc<Self>,
        subject: &Subject,
        ask: Ask,
        (cause, reason): (Cause, &str),
    ) -> Result<Needed, Stop> {
        if subject.policy.grant_type == GrantType::DeviceCode {
            self.code_to_type(subject, ask).await?;
        } else if self.still_waiting(subject, &ask).is_none() {
            self.journey(subject, ask).await?;
        }
        let subject = match self.subject(&subject.account) {
            Ok(subject) => subject,
            Err(error) => return Err(Stop::from(&error)),
        };
        Ok(self.stand(
            &subject,
            Verdicted::new(State::OauthRequired, cause, reason),
        ))
    }

    /// The pending sign-in, if it lives and serves the purpose.
    // rule: at-30
    fn still_waiting(&self, subject: &Subject, ask: &Ask) -> Option<Waiting> {
        let waiting = subject.held.waiting.as_ref()?;
        let pending = &waiting.pending;
        let client = client_named(
            &pending.client_id,
            &subject.policy,
            subject.held.client.as_ref(),
            &waiting.identity(),
        );
        let policy = &subject.policy;
        let given = policy.scopes.iter().flatten();
        let fixed = match &policy.resource {
            ResourceRule::Fixed(resource) => Some(resource),
            ResourceRule::Discovered | ResourceRule::Omitted => None,
        };
        let serves = pending.lives(self.clock.now())
            && client.is_some_and(|client| client.redirect_uri == pending.redirect_uri)
            && ask.healed == Healed::default()
            && !ask.another_client
            && (pending.healed.scope
                || given
                    .chain(&ask.scopes)
                    .all(|scope| pending.scopes.contains(scope)))
            && (pending.healed.resource || fixed.is_none() || fixed == pending.resource.as_ref())
            && (ask.other_than.is_none() || ask.other_than != pending.issuer);
        serves.then(|| waiting.clone())
    }

    /// Discovery, client, address; recorded before anybody is sent there. The caller holds the flow.
    pub(super) async fn journey(
        self: &Arc<Self>,
        subject: &Subject,
        ask: Ask,
    ) -> Result<Waiting, Stop> {
        let id = chance::token(6);
        let driver = self.driver(subject, Some(&id));
        let found = Box::pin(self.discover(&driver, subject, &ask)).await?;
        if ask.other_than.as_deref() == Some(&found.server.identity()) {
            return Err(Stop::SameServer);
        }
        let purpose = match ask.another_client {
            true => Purpose::AnotherClient,
            false => Purpose::SignIn,
        };
        let subject = &subject.clone().at(Some(&found.server.identity()));
        let client = self.identify(&driver, subject, &found, purpose).await?;
        let chance = Chance {
            state: chance::bytes(),
            verifier: chance::bytes(),
        };
        let moment = (self.clock.now(), ask.healed);
        let begun = authorization::again(&found, &client, &subject.policy, &chance, moment);
        let (link, pending) =
            begun.map_err(|error| Stop::Trouble((&error).into(), error.to_string()))?;
        let waiting = Waiting {
            pending,
            link,
            id,
            server: origin_of(&subject.policy.mcp_url),
        };
        self.keep_waiting(&subject.account, &waiting).await;
        let asked = match found.scopes.is_empty() {
            true => "without a scope".to_owned(),
            false => format!("scope {}", found.scopes.join(" ")),
        };
        let why = format!("{asked}; callback {}", waiting.pending.redirect_uri);
        driver.say_why(Stage::AuthorizationUrl, "a link waits for a person", why);
        let callback = &waiting.pending.redirect_uri;
        if is_elsewhere(callback, Some(&client), self.port) {
            let decision = "the browser will end at a page that cannot be reached; its address is to be pasted back";
            let why = format!(
                "{callback} is not where this hub listens (port {})",
                self.port
            );
            driver.say_why(Stage::AuthorizationUrl, decision, why);
        }
        Ok(waiting)
    }

    pub(super) async fn discover(
        &self,
        driver: &Driver,
        subject: &Subject,
        ask: &Ask,
    ) -> Result<Discovered, Stop> {
        let found = self.search(driver, subject, ask.challenge.clone(), ask.afresh);
        let mut found = found.await.map_err(|error| {
            let cause = Cause::from(&error);
            driver.say_wrong(Stage::Discovery, cause, "stopped", error.to_string());
            let timed_out = matches!(error, DiscoveryError::TimedOut { .. });
            let failed = if timed_out { "" } else { "failed: " };
            Stop::Trouble(cause, format!("discovery {failed}{error}"))
        })?;
        driver.notes(Stage::Discovery, &found.notes);
        let identity = found.server.identity();
        self.desk(&subject.account)
            .with(|memory| memory.found = Some(identity.clone()));
        driver.say(
            Stage::Discovery,
            format!("the authorization server is {identity}, PKCE S256"),
        );
        let before = subject
            .held
            .before
            .as_ref()
            .filter(|before| before.issuer == identity);
        if let Some(before) = before
            && subject.policy.scopes.is_none()
            && !ask.healed.scope
        {
            // What was granted before must not be lost by asking for something else.
            // rule: mcp-auth-step-up
            found.scopes = scope::union(&before.requested, &found.scopes);
        }
        found.scopes = scope::union(&found.scopes, &ask.scopes);
        Ok(found)
    }

    /// The search itself, which asks for no metadata that was read within the hour.
    // rule: mcp-auth-discovery-cache
    pub(super) async fn search(
        &self,
        driver: &Driver,
        subject: &Subject,
        challenge: Option<Challenge>,
        afresh: bool,
    ) -> Result<Discovered, DiscoveryError> {
        let now = self.clock.now();
        let documents = match afresh {
            true => Vec::new(),
            false => self.documents.fresh(&subject.way, now),
        };
        let known = Known {
            challenge,
            used: subject.held.used(),
            documents: documents.clone(),
        };
        let first = Discovery::start(subject.policy.clone(), known);
        // On the heap: what a search carries along is large, and many waits are around it.
        let found = Box::pin(driver.drive(first, DISCOVERY_TIME)).await?;
        let read = found.document.clone();
        if let Some(read) = read.filter(|read| !documents.contains(read)) {
            self.documents.keep(&subject.way, now, read);
        }
        Ok(found)
    }
}

/// Whether a person's browser cannot bring the answer to us: the callback is another port of some machine, or it is registered in
/// the place of the hub's public address, which was refused.
// rule: at-16, at-33
pub(super) fn is_elsewhere(callback: &str, client: Option<&Client>, port: u16) -> bool {
    let instead = client.is_some_and(|client| match &client.kind {
        Kind::Registered(registered) => registered.instead_of.is_some(),
        Kind::Settings | Kind::MetadataDocument => false,
    });
    let other_port = Url::parse(callback).is_ok_and(|url| {
        let local = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        local && url.port_or_known_default() != Some(port)
    });
    instead || other_port
}
