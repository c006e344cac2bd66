//! As whom we go to an authorization server: the client of the settings, our document, or a registration, which is looked after.
//!
//! MCP authorization "Client Registration", RFC 7591, RFC 7592. What the order is, is decided in `oauth::registration`; here is
//! what is held, when a held client is asked about, and how often one may be registered.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use oauth::client::Kind;
use oauth::policy::GrantType;
use oauth::registration::management::{Deleted, Deletion, Renewal, Renewed};
use oauth::registration::probe::{Probe, Probed};
use oauth::step::{Stage, Step};
use oauth::{Client, Discovered, Policy, Registration, RegistrationError};

use super::Shared;
use super::desk::Registered;
use super::drive::Driver;
use super::journey::Stop;
use super::record::{Before, Held, Kept};
use super::standing::Verdicted;
use super::subject::Subject;
use super::view::State;
use crate::cause::Cause;
use crate::chance;

/// For a registration with its second attempts.
const REGISTRATION_TIME: Duration = Duration::from_secs(20);
/// For the two questions whether a client is still known; a person waits meanwhile.
const PROBE_TIME: Duration = Duration::from_secs(8);
/// For reading and renewing a registration.
const RENEWAL_TIME: Duration = Duration::from_secs(10);
/// For taking a registration back: best effort.
const DELETION_TIME: Duration = Duration::from_secs(3);
/// A server that forgets its clients gets a new one no more often than this.
const REGISTRATION_REST: Duration = Duration::from_secs(600);
/// A client that gave no token for so long is asked about before a person is sent with it.
const DUSTY: Duration = Duration::from_secs(86_400);

/// What the client is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be ready; nobody is sent anywhere.
    Preparation,
    /// A person is about to be sent with it.
    SignIn,
    /// The same, after the server has refused the client that is held.
    AnotherClient,
}

impl Shared {
    pub(super) async fn identify(
        self: &Arc<Self>,
        driver: &Driver,
        subject: &Subject,
        found: &Discovered,
        purpose: Purpose,
    ) -> Result<Client, Stop> {
        let identity = found.server.identity();
        bound(subject, &identity)?;
        // Registrations are the server's, whoever signs in; so one at a time.
        let desk = self.desk_of_all(&subject.account);
        let _turn = desk.registering.lock().await;
        let held = self.subject(&subject.account).ok();
        let held = held.and_then(|subject| subject.held.client);
        let held = match held {
            Some(_) if purpose == Purpose::AnotherClient => None,
            Some(held) => Some(self.live(driver, subject, held).await),
            None => None,
        };
        let now = self.clock.now();
        let start = |held| {
            let (policy, server) = (subject.policy.clone(), found.server.clone());
            Registration::start(policy, server, held, now)
        };
        let mut first = start(held);
        if let Ok(Step::Done(identified)) = &first
            && purpose == Purpose::SignIn
            && is_dusty(&subject.held, &identified.client, now)
            && let Some(said) = self
                .forgotten(driver, subject, found, &identified.client)
                .await
        {
            driver.say_why(
                Stage::Registration,
                "the client is forgotten there; another one is registered",
                said,
            );
            first = start(None);
        }
        self.registered(driver, subject, &identity, first).await
    }

    /// Drives a registration to its end, and keeps what comes of it.
    async fn registered(
        self: &Arc<Self>,
        driver: &Driver,
        subject: &Subject,
        identity: &str,
        first: Result<Step<Registration>, RegistrationError>,
    ) -> Result<Client, Stop> {
        let asked = matches!(first, Ok(Step::Send { .. }));
        if asked {
            self.rested(subject, identity)?;
        }
        let identified = driver
            .drive(first, REGISTRATION_TIME)
            .await
            .map_err(|error| {
                let cause = Cause::from(&error);
                driver.say_wrong(Stage::Registration, cause, "stopped", error.to_string());
                refused(&subject.policy, identity, &error)
            })?;
        driver.notes(Stage::Registration, &identified.notes);
        let client = identified.client;
        // Kept also when the id is the one that is held: another server may say it, or the same one with another secret.
        if client.is_registered() && asked {
            let last = Registered {
                at: self.clock.now(),
                issuer: identity.to_owned(),
                redirect_uri: subject.policy.redirect_uri.clone(),
            };
            let desk = self.desk_of_all(&subject.account);
            desk.with(|memory| memory.registered = Some(last));
            self.keep_client(&subject.account, &client).await;
            let decision = format!("registered as {}, {}", client.tail(), client.method);
            driver.say(Stage::Registration, decision);
        }
        Ok(client)
    }

    /// The client of a grant that is about to be renewed. Another id would be of no use to the grant.
    pub(super) async fn client_of(
        self: &Arc<Self>,
        subject: &Subject,
        kept: &Kept,
    ) -> Option<Client> {
        let client = kept.client(&subject.policy, subject.held.client.as_ref())?;
        if client.is_live(self.clock.now()) {
            return Some(client);
        }
        let desk = self.desk_of_all(&subject.account);
        let _turn = desk.registering.lock().await;
        let subject = self.subject(&subject.account).ok()?;
        let client = kept.client(&subject.policy, subject.held.client.as_ref())?;
        // One that another has followed is not looked after any more.
        let held = subject.held.client.as_ref();
        if held.is_none_or(|held| held.id != client.id || held.issuer != client.issuer) {
            return Some(client);
        }
        let driver = self.driver(&subject, None);
        Some(self.live(&driver, &subject, client).await)
    }

    /// The same client, with another secret where its own ends and the server renews registrations (RFC 7592).
    // rule: at-55, rfc7592-2.2
    async fn live(self: &Arc<Self>, driver: &Driver, subject: &Subject, client: Client) -> Client {
        let now = self.clock.now();
        if client.is_live(now) {
            return client;
        }
        let first = Renewal::start(client.clone(), now);
        let renewed = match driver.drive(Ok(first), RENEWAL_TIME).await {
            Ok(renewed) => renewed,
            Err(never) => match never {},
        };
        match renewed {
            Renewed::Client(renewed) => {
                self.keep_client(&subject.account, &renewed).await;
                let decision = format!("the secret of {} is renewed", renewed.tail());
                driver.say(Stage::Registration, decision);
                *renewed
            }
            Renewed::Not(why) => {
                let decision = "the client's secret ends, and it cannot be renewed";
                driver.say_why(Stage::Registration, decision, why);
                client
            }
        }
    }

    /// Takes a forgotten registration back, where the server offers that. Nobody waits for it: what it comes to is in the
    /// journal.
    // rule: rfc7592-2.3
    pub(super) fn take_back(&self, subject: &Subject) {
        let Some(client) = subject.held.client.clone() else {
            return;
        };
        let driver = self.driver(subject, None);
        tokio::spawn(async move { Self::unregister(&driver, &client).await });
    }

    async fn unregister(driver: &Driver, client: &Client) {
        let first = Deletion::start(client);
        let deleted = match driver.drive(Ok(first), DELETION_TIME).await {
            Ok(deleted) => deleted,
            Err(never) => match never {},
        };
        let said = match deleted {
            Deleted::Gone => "the registration was taken back".to_owned(),
            Deleted::NotOffered => "the registration is forgotten here only".to_owned(),
            Deleted::Failed(why) => format!("the registration could not be taken back: {why}"),
        };
        driver.say(Stage::Registration, said);
    }

    /// What the server says of a client that it has forgotten.
    // rule: at-07, at-08
    async fn forgotten(
        &self,
        driver: &Driver,
        subject: &Subject,
        found: &Discovered,
        client: &Client,
    ) -> Option<String> {
        let server = &found.server;
        // A client for codes that people type is not known there.
        let sent = subject.policy.grant_type == GrantType::AuthorizationCode;
        let authorize = server.authorization_endpoint.clone().filter(|_| sent);
        let first = Probe::start(
            client.clone(),
            &server.token_endpoint,
            authorize,
            chance::bytes(),
        );
        match driver.drive(Ok(first), PROBE_TIME).await {
            Ok(Probed::Forgotten(said)) => Some(said),
            Ok(Probed::Usable) => None,
            Err(never) => match never {},
        }
    }

    /// Registration happens at most once in ten minutes for one server.
    // rule: mcp-auth-registration-rest
    fn rested(&self, subject: &Subject, issuer: &str) -> Result<(), Stop> {
        let now = self.clock.now();
        let desk = self.desk_of_all(&subject.account);
        let again = desk
            .with(|memory| memory.registered.clone())
            .filter(|last| {
                let same =
                    last.issuer == issuer && last.redirect_uri == subject.policy.redirect_uri;
                let age = now.duration_since(last.at);
                same && age.is_ok_and(|age| age < REGISTRATION_REST)
            });
        if again.is_none() {
            return Ok(());
        }
        let reason = format!(
            "{issuer} does not take the client that it registered less than ten minutes ago"
        );
        Err(Stop::Stands(Verdicted::new(
            State::RegistrationRefused,
            Cause::RegistrationForgotten,
            reason,
        )))
    }
}

/// A registered client that gave no token for a day may be forgotten, and the person would be the first to hear.
// rule: at-07
fn is_dusty(held: &Held, client: &Client, now: SystemTime) -> bool {
    let Kind::Registered(registered) = &client.kind else {
        return false;
    };
    let before = held.before.as_ref();
    let issued = before.filter(|before| before.client_id.as_ref() == Some(&client.id));
    let last = registered
        .at
        .max(issued.and_then(|before| before.issued_at));
    last.is_none_or(|at| now.duration_since(at).is_ok_and(|age| age >= DUSTY))
}

/// A client that a person registered belongs to the server that it was used with.
// It is that of all users, so where any of them was counts, also after they signed out.
// Pre-registered credentials are specific to an authorization server; a mismatch is an error, never tried.
// rule: mcp-auth-server-binding
fn bound(subject: &Subject, identity: &str) -> Result<(), Stop> {
    let given = subject.policy.client.as_ref();
    let given = given.filter(|_| subject.policy.issuer.is_none());
    let used = |before: &&Before| {
        let same = |given: &oauth::policy::GivenClient| {
            before.client_id.as_ref().is_none_or(|id| *id == given.id)
        };
        given.is_some_and(same) && before.issuer != identity
    };
    let all = subject.held.before.iter().chain(&subject.held.others);
    match all.into_iter().find(used) {
        Some(before) => {
            let reason = format!(
                "oauth.clientId was used with {:?}, and the server uses {identity:?} now; set oauth.issuer to {identity:?} if it belongs there",
                before.issuer
            );
            let cause = Cause::ClientElsewhere;
            Err(Stop::Stands(Verdicted::new(
                State::ClientRejected,
                cause,
                reason,
            )))
        }
        None => Ok(()),
    }
}

fn refused(policy: &Policy, identity: &str, error: &RegistrationError) -> Stop {
    let state = match error {
        RegistrationError::NeedsClient { .. } | RegistrationError::SwitchedOff { .. } => {
            State::NeedsClient
        }
        RegistrationError::Refused { .. }
        | RegistrationError::Unusable { .. }
        | RegistrationError::Expired { .. } => State::RegistrationRefused,
        RegistrationError::Unavailable { .. } => {
            return Stop::Trouble(error.into(), error.to_string());
        }
    };
    let mut verdict = Verdicted::new(state, error.into(), error.to_string());
    let profile = policy.profile(Some(identity));
    let console = profile.and_then(|profile| profile.console_url);
    if let Some(console) = console.filter(|_| state == State::NeedsClient) {
        verdict.action = format!("register a client at {console} and set oauth.clientId");
    }
    Stop::Stands(verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    // rule: profile, at-26
    #[test]
    fn where_a_client_has_to_be_registered_by_hand_a_known_console_is_named() {
        let policy = Policy::new(
            "https://mcp.example/mcp",
            "http://localhost:3000/oauth/callback",
        );
        let error = RegistrationError::NeedsClient {
            issuer: "x".to_owned(),
            redirect_uri: policy.redirect_uri.clone(),
        };
        let action = |policy: &Policy, issuer: &str| match refused(policy, issuer, &error) {
            Stop::Stands(verdict) => verdict.action,
            Stop::Trouble(_, why) => panic!("{why}"),
            Stop::SameServer => panic!("another answer"),
        };
        let google = "https://accounts.google.com";
        let known = action(&policy, google);
        assert!(
            known.contains("https://console.cloud.google.com"),
            "{known}"
        );
        let plain = action(&policy, "https://as.example");
        assert!(!plain.contains("https://"), "{plain}");
        let without = Policy {
            profiles: false,
            ..policy
        };
        assert_eq!(action(&without, google), plain);
    }
}
