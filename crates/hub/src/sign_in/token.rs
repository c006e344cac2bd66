//! The token for the next request: nearly always one that is there and good, else one that is renewed, minted or signed in for.

use std::sync::Arc;

use oauth::grant::Next;

use super::finished;
use super::subject::{Subject, address};
use super::view::{Bearer, Needed, State, Verdict};
use super::{Account, Shared};
use crate::cause::Cause;

impl Shared {
    /// The token to send now.
    pub(super) async fn token(
        self: &Arc<Self>,
        account: &Account,
    ) -> Result<Option<Bearer>, Needed> {
        if let Some(at_once) = self.token_at_once(account) {
            return Ok(at_once);
        }
        // On the heap: nearly every call ends above, and what follows is large.
        Box::pin(self.token_with_time(account)).await
    }

    /// The same where somebody has to be asked, or waited for.
    async fn token_with_time(
        self: &Arc<Self>,
        account: &Account,
    ) -> Result<Option<Bearer>, Needed> {
        let Ok(subject) = self.subject(account) else {
            return Ok(None);
        };
        if let Some(needed) = self.blocked(&subject) {
            return Err(self.with_link(&subject, needed).await);
        }
        if subject.policy.grant_type.is_unattended() {
            return self.unattended_token(&subject).await;
        }
        let Some(kept) = subject.held.kept else {
            return Ok(None);
        };
        match kept.grant.next(self.clock.now()) {
            // One that ended by the clock and cannot be renewed is shown all the same: the server's word counts, and its
            // refusal brings the challenge.
            Next::Use | Next::SignIn(_) => Ok(Some(Bearer::of(&kept, &self.clock))),
            Next::Refresh => {
                let kept = self.renew(account, None).await?;
                Ok(kept.map(|kept| Bearer::of(&kept, &self.clock)))
            }
        }
    }

    /// The usual case, before each request: a token that is good, or none at all.
    pub(super) fn token_at_once(&self, account: &Account) -> Option<Option<Bearer>> {
        let settings = self.store.current();
        let server = settings.server(&account.server)?;
        let url = address(server)?;
        if !account.fits(&settings) {
            return Some(None);
        }
        self.desk(account).with(|memory| {
            if memory.standing.is_some() || memory.unsaved.kept.is_some() {
                return None;
            }
            match memory.kept_in(&settings, account, url) {
                None => Some(None),
                Some(_) if is_unattended(server.oauth.grant_type) => None,
                Some(kept) if kept.grant.next(self.clock.now()) == Next::Use => {
                    Some(Some(Bearer::of(kept, &self.clock)))
                }
                Some(_) => None,
            }
        })
    }

    /// A sign-in that is needed comes with a link; one that nobody followed in time is replaced.
    async fn with_link(self: &Arc<Self>, subject: &Subject, needed: Needed) -> Needed {
        if needed.state != State::OauthRequired || needed.authorization_url.is_some() {
            return needed;
        }
        let challenge = self
            .desk(&subject.account)
            .with(|memory| memory.challenge.clone());
        let (shared, reason) = (self.clone(), needed.reason.clone());
        let cause = Cause::from(&needed);
        let account = subject.account.clone();
        let offered = finished(async move {
            let subject = shared.subject(&account).ok()?;
            match shared.sign_in(&subject, challenge, (cause, &reason)).await {
                Verdict::Needed(needed) => Some(needed),
                Verdict::Retry(_) | Verdict::Failed { .. } => None,
            }
        });
        match offered.await {
            Ok(Some(fresh)) => fresh,
            Ok(None) | Err(_) => needed,
        }
    }
}

/// Such a token is minted again, not renewed.
fn is_unattended(grant: settings::GrantType) -> bool {
    match grant {
        settings::GrantType::AuthorizationCode | settings::GrantType::DeviceCode => false,
        settings::GrantType::ClientCredentials | settings::GrantType::JwtBearer => true,
    }
}
