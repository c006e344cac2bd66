//! What a sign-in to a server would go by, for whoever only looks at it: nothing here is stored, renewed or waited for.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use oauth::Policy;
use oauth::discovery::Used;
use secrecy::SecretString;
use settings::Settings;

use super::subject::Subject;
use super::{Account, SignInError};
use crate::clock::Clock;
use crate::fetch::Way;

/// A server's settings, in the terms of `oauth`.
#[derive(Clone)]
pub(crate) struct Plan {
    subject: Subject,
}

impl Plan {
    pub(crate) fn of(
        settings: &Settings,
        server: &str,
        port: u16,
        clock: &Clock,
        folder: &Path,
    ) -> Result<Self, SignInError> {
        let account = Account::shared(server);
        let subject = Subject::of_former(settings, &account, port, clock, folder)?;
        Ok(Self { subject })
    }

    pub(crate) fn policy(&self) -> &Arc<Policy> {
        &self.subject.policy
    }

    /// Supposes that the settings said something else.
    pub(crate) fn suppose(&mut self, change: impl FnOnce(&mut Policy)) {
        change(Arc::make_mut(&mut self.subject.policy));
    }

    /// At this authorization server, whose provider may take another callback than the usual one.
    pub(crate) fn at(self, issuer: &str) -> Self {
        Self {
            subject: self.subject.at(Some(issuer)),
        }
    }

    /// How requests of the sign-in go out.
    pub(crate) fn way(&self) -> &Way {
        &self.subject.way
    }

    /// Where registrations and grants of this server were used before.
    pub(crate) fn used(&self) -> Vec<Used> {
        self.subject.held.used()
    }

    /// The client that was registered before.
    pub(crate) fn client(&self) -> Option<oauth::Client> {
        self.subject.held.client.clone()
    }

    /// The token that is held, as long as it has not ended and needs no proof.
    pub(crate) fn token(&self, now: SystemTime) -> Option<SecretString> {
        let kept = self.subject.held.kept.as_ref()?;
        let ended = kept.grant.expires_at.is_some_and(|at| at <= now);
        let shown = !ended && !kept.grant.bound && kept.is_for(&self.subject.policy.mcp_url);
        shown.then(|| kept.grant.access.clone())
    }

    /// What a sign-in brought, ended or not.
    pub(crate) fn grant(&self) -> Option<&oauth::Grant> {
        let kept = self.subject.held.kept.as_ref();
        kept.map(|kept| &kept.grant)
    }

    /// What must not be said to anybody.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        let (policy, held) = (&self.subject.policy, &self.subject.held);
        let given = policy
            .client
            .as_ref()
            .and_then(|given| given.secret.as_ref());
        let registered = held.client.as_ref().and_then(|one| one.secret.as_ref());
        let grant = held.kept.as_ref().map(|kept| &kept.grant);
        [
            given,
            registered,
            policy.register.initial_access_token.as_ref(),
            grant.map(|grant| &grant.access),
            grant.and_then(|grant| grant.refresh.as_ref()),
        ]
        .into_iter()
        .flatten()
    }
}
