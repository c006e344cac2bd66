//! The browser is sent once more, while it is still there: without what the authorization server did not like, or as another client.

use std::sync::Arc;

use oauth::authorization::Healed;
use oauth::step::Stage;

use super::super::Shared;
use super::super::journey::Ask;
use super::super::record::Waiting;
use super::super::subject::Subject;
use super::super::view::{CallbackError, Completed};

impl Shared {
    /// Sends the browser once more, without what the authorization server did not like.
    // rule: at-14
    pub(super) async fn heal(
        self: &Arc<Self>,
        subject: &Subject,
        waiting: &Waiting,
        error: &str,
        healed: Healed,
    ) -> Result<Completed, CallbackError> {
        let left_out = if healed.scope { "scope" } else { "resource" };
        self.driver(subject, Some(&waiting.id)).say_why(
            Stage::Heal,
            format!("asked again without {left_out}"),
            error,
        );
        let ask = Ask {
            healed,
            ..self.same_again(subject, waiting)
        };
        self.again(subject, ask).await
    }

    /// What was asked for, to be asked for once more while the browser is still there.
    fn same_again(&self, subject: &Subject, waiting: &Waiting) -> Ask {
        let desk = self.desk(&subject.account);
        Ask {
            challenge: desk.with(|memory| memory.challenge.clone()),
            scopes: waiting.pending.scopes.clone(),
            healed: waiting.pending.healed,
            ..Ask::default()
        }
    }

    /// The authorization endpoint does not know the client: the settings' own is the person's to correct.
    pub(super) async fn client_refused(
        self: &Arc<Self>,
        subject: &Subject,
        waiting: &Waiting,
        error: &str,
    ) -> Result<Completed, CallbackError> {
        self.documents.forget(&waiting.identity());
        if subject.policy.client.is_none() {
            return self.as_another(subject, waiting, error).await;
        }
        let said = format!("the authorization server answered {error}");
        Err(self.settings_client_rejected(subject, waiting, &said))
    }

    /// Sends the browser once more as another client: a registered one that is forgotten there is replaced, and our document,
    /// where it is not taken, by a registration. Registration rests for ten minutes, so this ends.
    // rule: at-06, at-53
    pub(super) async fn as_another(
        self: &Arc<Self>,
        subject: &Subject,
        waiting: &Waiting,
        error: &str,
    ) -> Result<Completed, CallbackError> {
        let held = subject.held.client.clone();
        let refused = held.filter(|held| held.id == waiting.pending.client_id);
        let registered = refused.is_some();
        let decision = if registered {
            "the client is not known there; another one is registered"
        } else {
            "our document was not taken as a client; one is registered instead"
        };
        let driver = self.driver(subject, Some(&waiting.id));
        driver.say_why(Stage::Heal, decision, error);
        if !registered {
            self.desk_of_all(&subject.account)
                .with(|memory| memory.document_refused = true);
        }
        let Ok(subject) = self.subject(&subject.account) else {
            return Err(CallbackError::UnknownState);
        };
        let ask = Ask {
            another_client: registered,
            ..self.same_again(&subject, waiting)
        };
        let done = self.again(&subject, ask).await;
        if done.is_err()
            && let Some(refused) = refused
        {
            // Of no use any more; whoever signs in later gets another one.
            self.drop_client(&subject.account, &refused).await;
        }
        done
    }

    async fn again(
        self: &Arc<Self>,
        subject: &Subject,
        ask: Ask,
    ) -> Result<Completed, CallbackError> {
        let account = subject.account.clone();
        match self.journey(subject, ask).await {
            Ok(waiting) => Ok(Completed {
                server: account.server,
                user: account.user,
                again: Some(waiting.link),
            }),
            Err(stop) => {
                let verdict = stop.verdict();
                let (cause, reason) = (verdict.cause, verdict.reason.clone());
                self.stand(subject, verdict);
                Err(CallbackError::Exchange {
                    account,
                    cause,
                    reason,
                })
            }
        }
    }
}
