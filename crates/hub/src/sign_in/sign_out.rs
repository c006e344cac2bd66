//! Signing out: tokens go back where they came from, then they are forgotten, whatever the answer was.

use std::sync::Arc;
use std::time::Duration;

use oauth::Revocation;
use oauth::revocation::Revoked;
use oauth::step::Stage;

use super::record;
use super::subject::Subject;
use super::view::{Event, Forget, SignInError, SignedOut};
use super::{Account, Shared};

/// For both tokens together: best effort.
const REVOCATION_TIME: Duration = Duration::from_secs(3);

impl Shared {
    // rule: at-60
    pub(super) async fn sign_out(
        self: &Arc<Self>,
        account: &Account,
        forget: Forget,
    ) -> Result<SignedOut, SignInError> {
        let desk = self.desk(account);
        let _turn = desk.renewal.lock().await;
        let _flow = desk.flow.lock().await;
        let subject = self.subject(account)?;
        let done = self.revoke(&subject).await;
        let mut changes = record::forget_all(account);
        let registered = subject.held.client.is_some();
        if forget == Forget::All && registered {
            changes.extend(record::forget_client(account));
        }
        // A client of the settings stays there, and so does the word on whose it is.
        // rule: mcp-auth-server-binding
        if let (Some(_), Some(before)) = (&subject.policy.client, &subject.held.before) {
            changes.push(record::keep_binding(account, before));
        }
        self.write_or_say(changes).await?;
        if forget == Forget::All {
            self.take_back(&subject);
        }
        desk.with(|memory| {
            memory.relieve();
            memory.signed_out = true;
            memory.forced = None;
            memory.step_ups = oauth::scope::StepUps::default();
            memory.stored(None);
            memory.nothing_waits();
        });
        if forget == Forget::All {
            self.desk_of_all(account).with(|memory| {
                memory.unsaved.client = None;
                memory.registered = None;
                memory.document_refused = false;
            });
        }
        let said = match (done.attempted, done.failed) {
            (0, _) if subject.held.kept.is_none() => "signed out; no token was held".to_owned(),
            (0, _) => "signed out here (local only): the authorization server takes no tokens back"
                .to_owned(),
            (all, 0) => format!("signed out; {all} tokens were given back"),
            (all, failed) => {
                format!("signed out; {failed} of {all} tokens could not be given back")
            }
        };
        self.driver(&subject, None).say(Stage::Revoke, said);
        self.tell(Event::SignedOut(account.clone()));
        Ok(SignedOut {
            attempted: done.attempted,
            succeeded: done.succeeded,
            failed: done.failed,
        })
    }

    pub(super) async fn revoke(&self, subject: &Subject) -> Revoked {
        let Some(kept) = &subject.held.kept else {
            return Revoked::default();
        };
        let endpoint = kept
            .origin
            .as_ref()
            .and_then(|origin| origin.revocation_endpoint.clone());
        let endpoint = subject.policy.revocation_endpoint.clone().or(endpoint);
        let client = kept.client(&subject.policy, subject.held.client.as_ref());
        let (Some(endpoint), Some(client)) = (endpoint, client) else {
            return Revoked::default();
        };
        let access = Some(kept.grant.access.clone());
        let first = Revocation::start(&endpoint, client, access, kept.grant.refresh.clone());
        match self
            .driver(subject, None)
            .drive(Ok(first), REVOCATION_TIME)
            .await
        {
            Ok(done) => done,
            Err(never) => match never {},
        }
    }
}
