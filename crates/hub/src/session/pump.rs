//! The one task that passes on to sessions what servers tell outside of calls, and lets idle sessions end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mcp::message::Message;
use mcp::{method, raw, task};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::MissedTickBehavior;

use super::{Session, Shared};
use crate::access::Rules;
use crate::catalog::Nowhere;
use crate::upstream::Event;

const HOUSEKEEPING: Duration = Duration::from_secs(60);

/// Runs until the last handle on the sessions is gone.
pub(super) fn run(shared: &Arc<Shared>) -> impl Future<Output = ()> + Send + use<> {
    let mut events = shared.catalog.upstreams().events();
    let mut settings = shared.catalog.store().subscribe();
    let (ended, shared) = (shared.pump.clone(), Arc::downgrade(shared));
    async move {
        let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
        housekeeping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let happened = tokio::select! {
                () = ended.cancelled() => return,
                event = events.recv() => Happened::Told(event),
                changed = settings.changed() => match changed {
                    Ok(()) => Happened::Settings,
                    Err(_) => return,
                },
                _ = housekeeping.tick() => Happened::Time,
            };
            let Some(shared) = shared.upgrade() else {
                return;
            };
            match happened {
                Happened::Told(Ok((server, event))) => shared.told(&server, &event),
                Happened::Told(Err(RecvError::Lagged(count))) => {
                    tracing::warn!(
                        count,
                        "servers told more than could be passed on; some was lost"
                    );
                }
                Happened::Told(Err(RecvError::Closed)) => return,
                Happened::Settings => shared.settings_changed(),
                Happened::Time => shared.end_idle(),
            }
        }
    }
}

enum Happened {
    Told(Result<(Arc<str>, Event), RecvError>),
    Settings,
    Time,
}

impl Shared {
    fn told(&self, server: &Arc<str>, event: &Event) {
        match event {
            Event::Connected => self.connected(server),
            Event::ListChanged(listing) => {
                for session in self
                    .sessions()
                    .iter()
                    .filter(|session| session.sees(server))
                {
                    session.outbox.list_changed(*listing);
                }
            }
            Event::Notification(message) if message.method() == Some(method::RESOURCE_UPDATED) => {
                self.resource_updated(server, message);
            }
            Event::Notification(message) if task::told(message).is_some() => {
                self.task_told(server, message);
            }
            Event::Notification(message) => self.notify_sessions(server, message),
        }
    }

    /// Logging goes to all who see the server; what is not known here only where nothing is merged.
    fn notify_sessions(&self, server: &Arc<str>, message: &Arc<Message>) {
        let is_log = message.method() == Some(method::LOG);
        for session in self
            .sessions()
            .iter()
            .filter(|session| session.sees(server))
        {
            let passes = is_log || session.scope.load().shape().transparent;
            if passes && session.level.hears(message) {
                session.outbox.send(message);
            }
        }
    }

    fn resource_updated(&self, server: &Arc<str>, message: &Arc<Message>) {
        let params = message.params().unwrap_or("{}");
        let Ok(Some(uri)) = raw::string_at(params, &["uri"]) else {
            return;
        };
        for (session, shown) in self.subscriptions.of(&(Arc::clone(server), (*uri).into())) {
            // rule: mcphub-key-taken-back -- it stays subscribed, for a server that is off for a while, but hears nothing meanwhile.
            let session = self.live.get(&session);
            let Some(session) = session.filter(|session| session.sees(server)) else {
                continue;
            };
            let renamed = (*shown != *uri)
                .then(|| {
                    raw::replace(params, &["uri"], &raw::quote(&shown))
                        .ok()
                        .flatten()
                })
                .flatten();
            match renamed {
                Some(params) => {
                    let message = Message::clone(message).with_params(&params);
                    session.outbox.send(&Arc::new(message))
                }
                None => session.outbox.send(message),
            };
        }
    }

    /// A new connection knows nothing of what sessions asked for on the old one.
    fn connected(&self, server: &str) {
        self.levels.remove(server);
        self.renew_level(server);
        let Some(upstream) = self.catalog.upstreams().get(server) else {
            return;
        };
        self.watch_tasks_again(&upstream);
        for uri in self.subscriptions.at(server) {
            let params = format!("{{\"uri\":{}}}", raw::quote(&uri));
            let request = Message::request("\"subscribe\"", method::SUBSCRIBE, Some(&params));
            Self::request_aside(upstream.clone(), request);
        }
    }

    fn settings_changed(&self) {
        let rules = self.rules();
        for session in self.sessions() {
            self.goes_on_by(&rules, &session);
        }
    }

    /// Asks for the caller of a session again, as the settings are now. False: they do not let him in any more, or not there, and the session ended.
    pub(super) fn goes_on(&self, session: &Session) -> bool {
        self.goes_on_by(&self.rules(), session)
    }

    fn rules(&self) -> Rules {
        let settings = self.catalog.store().current();
        Rules::of(&settings, self.loopback.load(Ordering::Relaxed))
    }

    fn goes_on_by(&self, rules: &Rules, session: &Session) -> bool {
        let Some(caller) = rules.again(&session.caller.load()) else {
            tracing::info!(
                session = session.short_id(),
                "a session ends, because its key opens nothing any more"
            );
            self.close(session);
            return false;
        };
        let Err(nowhere) = self.refresh(session, &caller) else {
            return true;
        };
        match nowhere {
            // rule: mcphub-key-taken-back -- who may not know of an endpoint any more has no session there; streams and calls end with it.
            // It is not said to be over for good: with a seal it goes on when its endpoint is back, as after an editor wrote half of a change.
            Nowhere::Unknown { .. } => {
                tracing::info!(session = session.short_id(), %nowhere, "a session ends, because its endpoint is gone");
                self.let_go(session);
                false
            }
            // Off for a while. The client is told so by its next request, and until it is on again nothing else.
            Nowhere::Disabled { .. } | Nowhere::NoGlobalRoute => {
                tracing::debug!(session = session.short_id(), %nowhere, "a session has nothing to show for now");
                self.mute(session, caller);
                true
            }
        }
    }
}
