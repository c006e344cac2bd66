//! From a server that wants a sign-in to a link for a person: discovery, client, authorization address.

use std::sync::Arc;
use std::time::Duration;

use oauth::authorization::{self, Chance, Healed};
use oauth::policy::ResourceRule;
use oauth::step::{Stage, Step};
use oauth::{
    Challenge, Client, Discovered, Discovery, DiscoveryError, Registration, RegistrationError,
    scope,
};

use super::desk::{Desk, Registered};
use super::drive::Driver;
use super::record::{Waiting, client_named, origin_of};
use super::standing::Verdicted;
use super::subject::Subject;
use super::view::{Link, Needed, SignInError, State};
use super::{Account, Shared};
use crate::chance;

/// For all of discovery.
pub(super) const DISCOVERY_TIME: Duration = Duration::from_secs(15);
/// For a registration with its second attempts.
const REGISTRATION_TIME: Duration = Duration::from_secs(20);
/// A server that forgets its clients gets a new one no more often than this.
const REGISTRATION_REST: Duration = Duration::from_secs(600);

/// What a journey is for.
#[derive(Debug, Clone, Default)]
pub(super) struct Ask {
    pub(super) challenge: Option<Challenge>,
    /// Scopes that must be asked for: a step-up.
    pub(super) scopes: Vec<String>,
    pub(super) healed: Healed,
    /// A token of this authorization server was refused when it was fresh: only another one is worth a sign-in.
    pub(super) other_than: Option<String>,
}

/// Why a journey ends without a link.
pub(super) enum Stop {
    /// A person has to do something.
    Stands(Verdicted),
    /// Something is wrong that time or the server's owner may cure.
    Trouble(String),
    /// Still the same authorization server.
    SameServer,
}

impl Shared {
    /// A link for a person who asks for one.
    pub(super) async fn begin(self: &Arc<Self>, account: &Account) -> Result<Link, SignInError> {
        let desk = self.desk(account);
        let _flow = desk.flow.lock().await;
        let subject = self.subject(account)?;
        if subject.policy.grant_type.is_unattended() {
            return Err(SignInError::Needed(self.mint_now(&subject).await));
        }
        let ask = Ask {
            challenge: desk.with(|memory| memory.challenge.clone()),
            ..Ask::default()
        };
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
        })
    }

    fn stopped(&self, subject: &Subject, stop: Stop) -> SignInError {
        let verdict = match stop {
            Stop::Stands(verdict) => verdict,
            Stop::Trouble(why) => Verdicted::new(State::Disconnected, why),
            Stop::SameServer => {
                Verdicted::new(State::Disconnected, "the same authorization server")
            }
        };
        SignInError::Needed(self.stand(subject, verdict))
    }

    /// A link after a refusal: the one that waits, or a new one. The caller holds the flow.
    pub(super) async fn offer(
        self: &Arc<Self>,
        subject: &Subject,
        ask: Ask,
        reason: &str,
    ) -> Result<Needed, Stop> {
        if self.still_waiting(subject, &ask).is_none() {
            self.journey(subject, ask).await?;
        }
        let subject = match self.subject(&subject.account) {
            Ok(subject) => subject,
            Err(error) => return Err(Stop::Trouble(error.to_string())),
        };
        Ok(self.stand(&subject, Verdicted::new(State::OauthRequired, reason)))
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
        let found = self.discover(&driver, subject, &ask).await?;
        if ask.other_than.as_deref() == Some(&found.server.identity()) {
            return Err(Stop::SameServer);
        }
        let client = self.identify(&driver, subject, &found).await?;
        let chance = Chance {
            state: chance::bytes(),
            verifier: chance::bytes(),
        };
        let moment = (self.clock.now(), ask.healed);
        let begun = authorization::again(&found, &client, &subject.policy, &chance, moment);
        let (link, pending) = begun.map_err(|error| Stop::Trouble(error.to_string()))?;
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
        Ok(waiting)
    }

    pub(super) async fn discover(
        &self,
        driver: &Driver,
        subject: &Subject,
        ask: &Ask,
    ) -> Result<Discovered, Stop> {
        let first = Discovery::start(subject.policy.clone(), subject.known(ask.challenge.clone()));
        let found = driver.drive(first, DISCOVERY_TIME).await;
        let mut found = found.map_err(|error: DiscoveryError| {
            driver.say_why(Stage::Discovery, "stopped", error.to_string());
            Stop::Trouble(format!("discovery failed: {error}"))
        })?;
        driver.notes(Stage::Discovery, &found.notes);
        let identity = found.server.identity();
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

    pub(super) async fn identify(
        self: &Arc<Self>,
        driver: &Driver,
        subject: &Subject,
        found: &Discovered,
    ) -> Result<Client, Stop> {
        let identity = found.server.identity();
        bound(subject, &identity)?;
        let all = self.desk_of_all(&subject.account);
        let _turn = all.registering.lock().await;
        // Another user may have registered it meanwhile.
        let held = match self.subject(&subject.account) {
            Ok(fresh) => fresh.held.client,
            Err(_) => subject.held.client.clone(),
        };
        let now = self.clock.now();
        let first = Registration::start(subject.policy.clone(), found.server.clone(), held, now);
        let asked = matches!(first, Ok(Step::Send { .. }));
        if asked {
            self.rested(&all, subject, &identity)?;
        }
        let identified = driver
            .drive(first, REGISTRATION_TIME)
            .await
            .map_err(|error| {
                driver.say_why(Stage::Registration, "stopped", error.to_string());
                refused(&error)
            })?;
        driver.notes(Stage::Registration, &identified.notes);
        let client = identified.client;
        // Kept also when the id is the one that is held: another server may say it, or the same one with another secret.
        if client.is_registered() && asked {
            let redirect_uri = client.redirect_uri.clone();
            all.with(|memory| {
                memory.registered = Some(Registered {
                    at: now,
                    issuer: identity,
                    redirect_uri,
                })
            });
            self.keep_client(&subject.account, &client).await;
            driver.say(
                Stage::Registration,
                format!("registered as {}, {}", client.tail(), client.method),
            );
        }
        Ok(client)
    }

    /// Registration happens at most once in ten minutes for one server.
    // rule: mcp-auth-registration-rest
    fn rested(&self, desk: &Desk, subject: &Subject, issuer: &str) -> Result<(), Stop> {
        let now = self.clock.now();
        let again = desk
            .with(|memory| memory.registered.clone())
            .filter(|last| {
                let same =
                    last.issuer == issuer && last.redirect_uri == subject.policy.redirect_uri;
                same && now
                    .duration_since(last.at)
                    .is_ok_and(|age| age < REGISTRATION_REST)
            });
        match again {
            None => Ok(()),
            Some(_) => {
                let reason = format!(
                    "{issuer} forgot the client that it registered less than ten minutes ago"
                );
                Err(Stop::Stands(Verdicted::new(
                    State::RegistrationRefused,
                    reason,
                )))
            }
        }
    }
}

/// A client that a person registered belongs to the server that it was used with.
// Pre-registered credentials are specific to an authorization server; a mismatch is an error, never tried.
// rule: mcp-auth-server-binding
fn bound(subject: &Subject, identity: &str) -> Result<(), Stop> {
    let given = subject.policy.client.is_some() && subject.policy.issuer.is_none();
    match subject.held.before.as_ref().filter(|_| given) {
        Some(before) if before.issuer != identity => {
            let reason = format!(
                "oauth.clientId was used with {:?}, and the server uses {identity:?} now; set oauth.issuer to {identity:?} if it belongs there",
                before.issuer
            );
            Err(Stop::Stands(Verdicted::new(State::ClientRejected, reason)))
        }
        Some(_) | None => Ok(()),
    }
}

fn refused(error: &RegistrationError) -> Stop {
    let state = match error {
        RegistrationError::NeedsClient { .. } | RegistrationError::SwitchedOff { .. } => {
            State::NeedsClient
        }
        RegistrationError::Refused { .. }
        | RegistrationError::Unusable { .. }
        | RegistrationError::Expired { .. } => State::RegistrationRefused,
        RegistrationError::Unavailable { .. } => return Stop::Trouble(error.to_string()),
    };
    Stop::Stands(Verdicted::new(state, error.to_string()))
}
