//! Renewing grants while nobody asks, writing what could not be written before, and forgetting servers that are gone.

use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use settings::Settings;
use tokio::sync::watch;

use super::Shared;
use super::record::{kept, whose};
use super::subject::address;
use super::view::State;

/// Looks at least this often: the settings may have changed, and clocks jump.
const LONGEST: Duration = Duration::from_secs(30);
const SHORTEST: Duration = Duration::from_secs(1);

/// Runs until the last handle is gone.
pub(super) async fn keep_renewed(shared: Weak<Shared>) {
    loop {
        let Some(living) = shared.upgrade() else {
            return;
        };
        let pause = round(&living).await;
        let clock = living.clock.clone();
        drop(living);
        clock.sleep(pause).await;
    }
}

/// A server that is taken out of the settings takes its last registration and verdict along: whoever adds it again begins anew.
pub(super) async fn forget_removed(
    shared: Weak<Shared>,
    mut settings: watch::Receiver<Arc<Settings>>,
) {
    while settings.changed().await.is_ok() {
        let Some(living) = shared.upgrade() else {
            return;
        };
        let now = settings.borrow_and_update().clone();
        for desk in &living.desks {
            if now.server(&desk.key().server).is_none() {
                desk.with(|memory| {
                    memory.registered = None;
                    memory.standing = None;
                    memory.document_refused = false;
                });
            }
        }
    }
}

/// Starts what is due, and says when to look again.
pub(super) async fn round(shared: &Arc<Shared>) -> Duration {
    let now = shared.clock.now();
    let mut next = now + LONGEST;
    let settings = shared.store.current();
    for account in shared.accounts(&settings) {
        let Some(server) = settings
            .server(&account.server)
            .filter(|server| server.enabled)
        else {
            continue;
        };
        let desk = shared.desk(&account);
        let (until, blocked, unsaved, alone) = desk.with(|memory| {
            let until = memory.failing.as_ref().map(|failing| failing.until);
            let alone = memory.unsaved.kept.clone();
            let unsaved = alone.is_some() || memory.unsaved.client.is_some();
            let standing = memory.standing.as_ref().map(|standing| standing.state);
            let blocked = standing.is_some_and(|state| state != State::Disconnected);
            (until, blocked, unsaved, alone)
        });
        if unsaved {
            shared.write_unsaved(&account).await;
        }
        let kept = alone.or_else(|| kept(whose(&server.oauth, &account)?, address(server)?));
        let Some(due) = kept.and_then(|kept| kept.grant.due_at()) else {
            continue;
        };
        let due = due.max(until.unwrap_or(SystemTime::UNIX_EPOCH));
        if due > now {
            next = next.min(due);
        } else if !blocked {
            // Each in its own task: a slow token endpoint holds up no other grant. What it comes to is in the journal, and
            // whoever calls next meets it.
            let shared = shared.clone();
            tokio::spawn(async move { drop(shared.renew(&account, None).await) });
        }
    }
    next.duration_since(now).unwrap_or_default().max(SHORTEST)
}
