//! A grant that the authorization server does not take any more, or a client that it has forgotten.

use std::sync::Arc;

use oauth::Client;
use oauth::step::Stage;

use super::Shared;
use super::record::{self, Kept};
use super::renewal::{Attempt, LONGEST_PAUSE};
use super::standing::Verdicted;
use super::subject::Subject;
use super::view::{State, Verdict};
use crate::cause::Cause;

impl Shared {
    /// A rejected grant: another process may have renewed it meanwhile; else a person has to sign in again.
    // rule: at-03, at-31, safe-l04
    pub(super) async fn over(
        self: &Arc<Self>,
        subject: &Subject,
        kept: &Kept,
        why: &str,
    ) -> Attempt {
        self.store.reload().await;
        if let Some(other) = self.adopted(subject, kept) {
            return Attempt::Fresh(other);
        }
        self.driver(subject, None).say_wrong(
            Stage::Refresh,
            Cause::SignInEnded,
            "the grant has ended; the client is kept",
            why,
        );
        self.drop_grant(&subject.account, &kept.mark()).await;
        self.ask_again(subject, &format!("the grant has ended: {why}"))
            .await
    }

    fn adopted(&self, subject: &Subject, kept: &Kept) -> Option<Kept> {
        let settings = self.store.current();
        let server = settings.server(&subject.account.server)?;
        let oauth = record::whose(&server.oauth, &subject.account)?;
        let other = record::kept(oauth, &subject.policy.mcp_url)?;
        (other.mark() != kept.mark()).then_some(other)
    }

    // rule: at-06
    pub(super) async fn client_lost(
        self: &Arc<Self>,
        subject: &Subject,
        kept: &Kept,
        client: &Client,
        why: &str,
    ) -> Attempt {
        self.store.reload().await;
        if let Some(other) = self.adopted(subject, kept) {
            return Attempt::Fresh(other);
        }
        let driver = self.driver(subject, None);
        if !client.is_registered() && subject.policy.client.is_some() {
            let reason = format!(
                "{} refuses the client {} of the settings ({why}); its callback must be {}",
                kept.grant.issuer,
                client.tail(),
                client.redirect_uri
            );
            let cause = Cause::ClientRejected;
            let decision = "the client of the settings is refused";
            driver.say_wrong(Stage::Refresh, cause, decision, reason.clone());
            let verdict = Verdicted::new(State::ClientRejected, cause, reason);
            return Attempt::Over(self.stand(subject, verdict));
        }
        driver.say_why(
            Stage::Refresh,
            "the client is forgotten there; it is dropped here",
            why,
        );
        if client.is_registered() {
            self.drop_client(&subject.account, client).await;
        } else {
            self.desk_of_all(&subject.account)
                .with(|memory| memory.document_refused = true);
        }
        self.drop_waiting(&subject.account).await;
        self.drop_grant(&subject.account, &kept.mark()).await;
        self.ask_again(subject, "the authorization server has forgotten the client")
            .await
    }

    async fn ask_again(self: &Arc<Self>, subject: &Subject, reason: &str) -> Attempt {
        let desk = self.desk(&subject.account);
        desk.with(|memory| memory.failing = None);
        desk.with(|memory| memory.doubts = 0);
        let Ok(subject) = self.subject(&subject.account) else {
            return Attempt::Later {
                why: reason.to_owned(),
                pause: LONGEST_PAUSE,
            };
        };
        let challenge = desk.with(|memory| memory.challenge.clone());
        let ended = (Cause::SignInEnded, reason);
        match self.sign_in(&subject, challenge, ended).await {
            Verdict::Needed(needed) => Attempt::Over(needed),
            Verdict::Retry(_) => match self
                .subject(&subject.account)
                .ok()
                .and_then(|subject| subject.held.kept)
            {
                Some(kept) => Attempt::Fresh(kept),
                None => Attempt::Later {
                    why: reason.to_owned(),
                    pause: LONGEST_PAUSE,
                },
            },
            // No link yet, but the person has to know; the next refusal tries again.
            Verdict::Failed { cause, why } => {
                let reason = format!("{reason}; a link could not be made: {why}");
                let verdict = Verdicted::new(State::Disconnected, cause, reason);
                Attempt::Over(self.stand(&subject, verdict))
            }
        }
    }
}
