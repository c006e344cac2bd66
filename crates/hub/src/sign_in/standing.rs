//! Why a server cannot be used, and what a person sees of its sign-in.

use std::time::{Duration, SystemTime};

use oauth::Device;

use super::desk::{Memory, Standing};
use super::journey::is_elsewhere;
use super::record::Waiting;
use super::subject::{Subject, redirect_uri};
use super::view::{Event, Needed, State, View};
use super::{Account, Shared};
use crate::cause::Cause;

/// How long a server that refused a fresh token is left alone.
const REJECTED_FOR: Duration = Duration::from_secs(600);

/// A state with its words.
#[derive(Debug, Clone)]
pub(super) struct Verdicted {
    pub(super) state: State,
    pub(super) cause: Cause,
    pub(super) reason: String,
    pub(super) action: String,
}

impl Verdicted {
    pub(super) fn new(state: State, cause: Cause, reason: impl Into<String>) -> Self {
        let action = match state {
            State::OauthRequired => "sign in",
            State::RefreshFailing => "wait; it is tried again",
            State::NeedsClient
            | State::ClientRejected
            | State::RegistrationRefused
            | State::RejectedByResource
            | State::Disconnected => cause.cure(),
            State::Unneeded | State::Connected => "",
        };
        Self {
            state,
            cause,
            reason: reason.into(),
            action: action.to_owned(),
        }
    }
}

impl Shared {
    /// Puts down why a server cannot be used, and tells whoever listens, once for each change.
    pub(super) fn stand(&self, subject: &Subject, verdict: Verdicted) -> Needed {
        let mut standing = Standing {
            state: verdict.state,
            cause: verdict.cause,
            reason: verdict.reason,
            action: verdict.action,
            given: subject.given.clone(),
            url: subject.policy.mcp_url.clone(),
            token: subject.held.kept.as_ref().map(|kept| kept.mark()),
            leaves_token: false,
            since: self.clock.now(),
        };
        let news = self.desk(&subject.account).with(|memory| {
            let news = memory
                .standing
                .as_ref()
                .is_none_or(|old| old.state != standing.state || old.reason != standing.reason);
            // A person who refuses more scopes takes nothing away.
            let old = memory.standing.as_ref();
            standing.leaves_token =
                old.is_some_and(|old| old.leaves_token && old.token == standing.token);
            memory.standing = Some(standing.clone());
            news
        });
        if news {
            self.tell(Event::Needed(subject.account.clone()));
        }
        self.needed(subject, &standing)
    }

    // rule: at-40
    /// What stands in the way, unless a person decided otherwise meanwhile, or another token came.
    pub(super) fn blocked(&self, subject: &Subject) -> Option<Needed> {
        let now = self.clock.now();
        let token = subject.held.kept.as_ref().map(|kept| kept.mark());
        let standing = self.desk(&subject.account).with(|memory| {
            let stale = memory.standing.as_ref().is_some_and(|old| {
                let rested = old.state == State::RejectedByResource
                    && now
                        .duration_since(old.since)
                        .is_ok_and(|age| age >= REJECTED_FOR);
                // Time may have cured it.
                let passing = old.state == State::Disconnected;
                let decided = old.given != subject.given || old.url != subject.policy.mcp_url;
                passing || rested || decided || old.token != token
            });
            if stale {
                memory.standing = None;
            }
            memory.standing.clone()
        })?;
        match standing.state {
            State::OauthRequired if standing.leaves_token => None,
            State::Disconnected | State::Unneeded | State::Connected | State::RefreshFailing => {
                None
            }
            State::OauthRequired
            | State::NeedsClient
            | State::ClientRejected
            | State::RegistrationRefused
            | State::RejectedByResource => Some(self.needed(subject, &standing)),
        }
    }

    fn needed(&self, subject: &Subject, standing: &Standing) -> Needed {
        Needed {
            server: subject.account.server.clone(),
            state: standing.state,
            cause: Some(standing.cause),
            reason: standing.reason.clone(),
            action: standing.action.clone(),
            authorization_url: link(subject, self.clock.now()),
            user_code: typing(subject, self.clock.now())
                .map(|device| device.user_code.as_str().into()),
        }
    }

    pub(super) fn view(&self, account: &Account) -> View {
        let now = self.clock.now();
        let Ok(subject) = self.subject(account) else {
            return self.view_without(account);
        };
        let held = &subject.held;
        let desk = self.desk(account);
        let (standing, failing) =
            desk.with(|memory: &mut Memory| (memory.standing.clone(), memory.failing.clone()));
        let (offered, found) = desk.with(|memory| (memory.offered.clone(), memory.found.clone()));
        let (state, cause, reason, action) = match (standing, failing, &held.kept) {
            (Some(standing), _, _) => (
                standing.state,
                Some(standing.cause),
                standing.reason,
                Some(standing.action),
            ),
            (None, Some(failing), Some(_)) => {
                let said = Verdicted::new(State::RefreshFailing, failing.cause, failing.why);
                (said.state, Some(said.cause), said.reason, Some(said.action))
            }
            (None, _, Some(_)) => (State::Connected, None, String::new(), None),
            (None, _, None) => (State::Unneeded, None, String::new(), None),
        };
        let grant = held.kept.as_ref().map(|kept| &kept.grant);
        let waiting = held
            .waiting
            .as_ref()
            .filter(|waiting| waiting.pending.lives(now));
        let issuer = (held.used().into_iter().next().map(|used| used.issuer))
            .or_else(|| waiting.map(Waiting::identity))
            .or_else(|| typing(&subject, now).map(|device| device.issuer.clone()))
            .or_else(|| offered.clone())
            .or(found);
        let subject = subject.clone().at(issuer.as_deref());
        let typing = typing(&subject, now);
        let profile = subject.policy.profile(issuer.as_deref());
        let client_redirect = held
            .client
            .as_ref()
            .map(|client| client.redirect_uri.clone());
        let redirect_uri = client_redirect.unwrap_or_else(|| subject.policy.redirect_uri.clone());
        View {
            state,
            cause,
            reason,
            action: action.filter(|action| !action.is_empty()),
            authorization_url: link(&subject, now),
            link_expires_at: (waiting.map(Waiting::ends_at))
                .or_else(|| typing.map(|device| device.expires_at)),
            user_code: typing.map(|device| device.user_code.clone()),
            verification_uri: typing.map(|device| device.verification_uri.clone()),
            connected: grant.is_some(),
            client_configured: subject.policy.client.is_some() || held.client.is_some(),
            expires_at: grant.and_then(|grant| grant.expires_at),
            issuer: grant
                .map(|grant| grant.issuer.clone())
                .filter(|issuer| !issuer.is_empty())
                // Where a client is to be made by hand.
                .or_else(|| issuer.clone().filter(|_| state.wants_a_client())),
            offered_by: offered.filter(|_| state == State::Unneeded),
            scopes: grant.map(|grant| grant.scopes.clone()).unwrap_or_default(),
            profile: profile.map_or_else(Vec::new, |profile| {
                let lines = profile.lines(&subject.policy);
                lines.into_iter().map(|line| line.text).collect()
            }),
            console_url: profile
                .and_then(|profile| profile.console_url)
                .map(str::to_owned),
            paste_back: is_elsewhere(&redirect_uri, held.client.as_ref(), self.port),
            redirect_uri,
        }
    }

    /// A server without an address has no sign-in.
    fn view_without(&self, account: &Account) -> View {
        let settings = self.store.current();
        let given = settings
            .server(&account.server)
            .map(|server| server.oauth.given())
            .unwrap_or_default();
        View {
            state: State::Unneeded,
            cause: None,
            reason: String::new(),
            action: None,
            authorization_url: None,
            link_expires_at: None,
            user_code: None,
            verification_uri: None,
            connected: false,
            client_configured: given.client_id.is_some(),
            expires_at: None,
            issuer: None,
            offered_by: None,
            scopes: Vec::new(),
            profile: Vec::new(),
            console_url: None,
            redirect_uri: redirect_uri(&settings, &given, self.port),
            paste_back: false,
        }
    }
}

/// Where a person goes on, if anything waits for one.
fn link(subject: &Subject, now: SystemTime) -> Option<String> {
    let waiting = subject.held.waiting.as_ref();
    waiting
        .filter(|waiting| waiting.pending.lives(now))
        .map(|waiting| waiting.link.clone())
        .or_else(|| typing(subject, now).map(|device| device.link().to_owned()))
}

/// The code that waits to be typed.
fn typing(subject: &Subject, now: SystemTime) -> Option<&Device> {
    let device = subject.held.typing.as_ref().map(|typing| &typing.device);
    device.filter(|device| device.lives(now))
}
