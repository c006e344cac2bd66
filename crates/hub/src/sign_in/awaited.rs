//! Sign-ins that a client waits for and cannot show to anybody: told to whoever started the hub, who may sit before it.
//!
//! Each sign-in is told once, however many calls wait for it, and a person who said no is left alone for a minute. Leaves out what comes of it: crate `cli`
//! prints the address, and opens it in a browser where a person can see one. The hub itself opens nothing.

use std::time::{Duration, SystemTime};

use tokio::sync::broadcast;

use super::desk::Memory;
use super::{Account, Needed, SignIns, Ticket};

/// A call waits for this sign-in, at a client that was not asked to open its page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    pub account: Account,
    pub ticket: Ticket,
}

/// What was told last of an account.
#[derive(Clone)]
pub(super) struct Told {
    link: Option<String>,
    at: SystemTime,
}

/// How many a slow listener may lag behind; what it misses then is still in the client's own words.
pub(super) const LAG: usize = 64;
/// The next sign-in of the same account is told no sooner: programs call again at once when a person has said no.
const REST: Duration = Duration::from_secs(60);

impl SignIns {
    /// Tells of each sign-in that a client waits for and cannot show to anybody, once.
    #[must_use]
    pub fn awaited(&self) -> broadcast::Receiver<Awaited> {
        self.shared.awaited.subscribe()
    }

    /// A call waits, and its client was not asked to open the page.
    pub(crate) fn is_awaited(&self, account: &Account, (needed, ticket): (&Needed, &Ticket)) {
        let (shared, now) = (&self.shared, self.shared.clock.now());
        let link = needed.authorization_url.as_deref();
        if shared.awaited.receiver_count() == 0
            || !shared
                .desk(account)
                .with(|memory| is_news(memory, link, now))
        {
            return;
        }
        let (account, ticket) = (account.clone(), ticket.clone());
        // Whoever listened may have gone meanwhile.
        drop(shared.awaited.send(Awaited { account, ticket }));
    }
}

/// Whether this sign-in was not told yet; from now on it was.
fn is_news(memory: &mut Memory, link: Option<&str>, now: SystemTime) -> bool {
    let known = memory.told.as_ref().is_some_and(|told| {
        // A clock that was set back makes nothing news.
        let age = now.duration_since(told.at).unwrap_or_default();
        told.link.as_deref() == link || age < REST
    });
    if !known {
        memory.told = Some(Told {
            link: link.map(str::to_owned),
            at: now,
        });
    }
    !known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sign_in_is_told_once_and_the_next_one_not_at_once() {
        let mut memory = Memory::default();
        let start = SystemTime::UNIX_EPOCH;
        assert!(is_news(&mut memory, Some("first"), start));
        assert!(!is_news(&mut memory, Some("first"), start));
        assert!(!is_news(&mut memory, Some("first"), start + 20 * REST));
        assert!(is_news(&mut memory, Some("second"), start + REST));
        let soon = start + REST + REST / 2;
        assert!(!is_news(&mut memory, Some("third"), soon));
        assert!(is_news(&mut memory, Some("third"), start + 2 * REST));
    }
}
