//! What a sign-in would need, found out before anybody asks for one: the authorization server of a server that demands no token
//! so far, and a client there where the settings want it registered. One that answers 401 has all of it done by its refusal.

use std::sync::Arc;

use oauth::discovery::Source;
use oauth::step::Stage;

use super::identity::Purpose;
use super::{Account, Shared};

impl Shared {
    /// Never makes a link and never changes a state: the server works as it is, and a sign-in is only offered.
    pub(super) async fn prepare(self: &Arc<Self>, account: &Account) {
        let desk = self.desk(account);
        // A person may take long there, and others are not to wait for that: no place is held meanwhile, and no sign-in waits for one.
        let (_place, _flow) = loop {
            // It is never closed.
            let place = self.preparing.acquire().await;
            match desk.flow.try_lock() {
                Ok(flow) => break (place, flow),
                Err(_) => {
                    drop(place);
                    drop(desk.flow.lock().await);
                }
            }
        };
        let Ok(subject) = self.subject(account) else {
            return;
        };
        let registration = subject.given.dynamic_registration.as_ref();
        let wanted = registration.is_some_and(|registration| registration.enabled == Some(true))
            && subject.policy.client.is_none();
        let known = subject.held.kept.is_some() && (subject.held.client.is_some() || !wanted);
        if known {
            return;
        }
        let driver = self.driver(&subject, None);
        let found = match self.search(&driver, &subject, None, false).await {
            Ok(found) => found,
            Err(error) => {
                driver.say_why(Stage::Discovery, "no sign-in is offered", error.to_string());
                return;
            }
        };
        // Nothing is published, and nobody asked for a token: default paths would be a guess.
        if found.server.source == Source::Legacy {
            driver.say(Stage::Discovery, "the server publishes no sign-in");
            return;
        }
        driver.notes(Stage::Discovery, &found.notes);
        let identity = found.server.identity();
        driver.say(
            Stage::Discovery,
            format!("no token is demanded; a sign-in is offered by {identity}"),
        );
        desk.with(|memory| memory.offered = Some(identity));
        if wanted {
            let subject = subject.at(Some(&found.server.identity()));
            // What went wrong is in the journal, and whoever signs in meets it.
            drop(
                self.identify(&driver, &subject, &found, Purpose::Preparation)
                    .await,
            );
        }
    }
}
