//! Tickets: addresses of the hub's own page from which a person goes on to a sign-in.
//!
//! MCP 2025-11-25 and 2026-07-28, elicitation, "Safe URL Handling" and "Phishing". A ticket says which sign-in is meant and who asked; it proves nothing,
//! and whoever opens it has to be somebody who may sign in there (crate `web`).

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use settings::Settings;

use super::{Account, Shared, SignIns};
use crate::chance;

/// What a client is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Short enough to be typed.
    pub code: String,
    /// `/connect/{ticket}` of the hub.
    pub page: String,
    /// `/c/{code}` of the hub, which leads to the same page.
    pub short: String,
}

/// What stands behind a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticketed {
    pub ticket: String,
    pub account: Account,
    /// The identity of the client that asked.
    pub asked_by: String,
    /// Ties a page of it to the form that is sent back.
    pub form: String,
}

/// As long as a sign-in waits.
const LIFE: Duration = Duration::from_secs(10 * 60);
/// One that has less left is not given out again.
const LEFT: Duration = Duration::from_secs(5 * 60);
/// All that are known; the oldest go first.
const MOST: usize = 1_024;
/// 192 bits, and what ties a form.
const TICKET_BYTES: usize = 24;
const FORM_BYTES: usize = 16;
/// Without what looks alike, and without vowels: 40 bits and no words.
const LETTERS: &[u8; 28] = b"23456789BCDFGHJKLMNPQRSTVWXZ";
const CODE: usize = 8;

/// All tickets, the oldest first.
#[derive(Default)]
pub(super) struct Tickets {
    open: Mutex<VecDeque<Open>>,
}

struct Open {
    code: String,
    until: SystemTime,
    ticketed: Ticketed,
}

impl SignIns {
    /// A ticket for whoever has to sign in before this client can go on; the same one for all of its calls.
    #[must_use]
    pub fn ticket(&self, account: &Account, asked_by: &str) -> Ticket {
        self.shared.ticket(account, asked_by)
    }

    /// The page that lists all sign-ins a person can do now.
    #[must_use]
    pub fn overview(&self) -> String {
        let shared = &self.shared;
        format!("{}/connect", base(&shared.store.current(), shared.port))
    }

    /// What stands behind a ticket or its short code, while it lives.
    #[must_use]
    pub fn ticketed(&self, ticket_or_code: &str) -> Option<Ticketed> {
        let now = self.shared.clock.now();
        self.shared.tickets.find(ticket_or_code, now)
    }
}

impl Shared {
    fn ticket(&self, account: &Account, asked_by: &str) -> Ticket {
        let (ticket, code) = self.tickets.give(account, asked_by, self.clock.now());
        let base = base(&self.store.current(), self.port);
        Ticket {
            page: format!("{base}/connect/{ticket}"),
            short: format!("{base}/c/{code}"),
            code,
        }
    }
}

impl Tickets {
    fn give(&self, account: &Account, asked_by: &str, now: SystemTime) -> (String, String) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|each| each.until > now);
        let same = open.iter().find(|each| {
            let ticketed = &each.ticketed;
            ticketed.account == *account && ticketed.asked_by == asked_by && each.until > now + LEFT
        });
        if let Some(same) = same {
            return (same.ticketed.ticket.clone(), same.code.clone());
        }
        if open.len() >= MOST {
            open.pop_front();
        }
        let (ticket, code) = (chance::token(TICKET_BYTES), code());
        open.push_back(Open {
            code: code.clone(),
            until: now + LIFE,
            ticketed: Ticketed {
                ticket: ticket.clone(),
                account: account.clone(),
                asked_by: asked_by.to_owned(),
                form: chance::token(FORM_BYTES),
            },
        });
        (ticket, code)
    }

    /// Ends what leads to somebody's own sign-in, and what he asked for.
    pub(super) fn forget_user(&self, is_his: impl Fn(&str) -> bool) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|each| {
            let Ticketed {
                account, asked_by, ..
            } = &each.ticketed;
            let asked = asked_by.strip_prefix("user:");
            let asked = asked.and_then(|asked| asked.split('\0').next());
            !account
                .user
                .as_deref()
                .into_iter()
                .chain(asked)
                .any(&is_his)
        });
    }

    fn find(&self, ticket_or_code: &str, now: SystemTime) -> Option<Ticketed> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut living = open.iter().filter(|each| each.until > now);
        let found = living.find(|each| {
            each.ticketed.ticket == ticket_or_code || each.code.eq_ignore_ascii_case(ticket_or_code)
        });
        found.map(|each| each.ticketed.clone())
    }
}

/// The address under which people reach the hub, as for callbacks.
fn base(settings: &Settings, port: u16) -> String {
    match settings.base_url() {
        Some(base) => base.trim_end_matches('/').to_owned(),
        None => format!("http://localhost:{port}"),
    }
}

fn code() -> String {
    let chance: [u8; 32] = chance::bytes();
    // Values that would make the first letters likelier are left out; so many of 32 are never left out in a lifetime.
    let fair = 256 - 256 % LETTERS.len();
    let letters = chance
        .iter()
        .map(|byte| usize::from(*byte))
        .filter(|byte| *byte < fair)
        .map(|byte| char::from(LETTERS[byte % LETTERS.len()]));
    letters.take(CODE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SystemTime = SystemTime::UNIX_EPOCH;

    fn account(server: &str) -> Account {
        Account::shared(server)
    }

    #[test]
    fn calls_of_one_client_share_a_ticket_and_others_get_their_own() {
        let tickets = Tickets::default();
        let first = tickets.give(&account("a"), "me", START);
        assert_eq!(tickets.give(&account("a"), "me", START), first);
        assert_ne!(tickets.give(&account("a"), "you", START), first);
        assert_ne!(tickets.give(&account("b"), "me", START), first);
        let of_user = Account::of("a", Some("ada"));
        assert_ne!(tickets.give(&of_user, "me", START), first);
        let found = tickets.find(&first.0, START).unwrap();
        assert_eq!((found.account, &*found.asked_by), (account("a"), "me"));
        assert_eq!(
            tickets.find(&first.1.to_lowercase(), START).unwrap().ticket,
            first.0
        );
    }

    #[test]
    fn a_ticket_ends_after_ten_minutes_and_a_younger_one_is_given_before_that() {
        let tickets = Tickets::default();
        let first = tickets.give(&account("a"), "me", START);
        assert!(tickets.find(&first.0, START + LIFE).is_none());
        assert!(tickets.find(&first.1, START + LIFE).is_none());
        let second = tickets.give(&account("a"), "me", START + LEFT);
        assert_ne!(first, second);
        assert!(tickets.find(&first.0, START + LEFT).is_some());
    }

    #[test]
    fn the_oldest_tickets_make_room() {
        let tickets = Tickets::default();
        let first = tickets.give(&account("a"), "0", START);
        for each in 1..=MOST {
            tickets.give(&account("a"), &each.to_string(), START);
        }
        assert!(tickets.find(&first.0, START).is_none());
        assert_eq!(tickets.open.lock().unwrap().len(), MOST);
    }

    #[test]
    fn codes_have_eight_letters_that_nobody_mistakes() {
        let code = code();
        assert_eq!(code.len(), CODE);
        assert!(code.bytes().all(|letter| LETTERS.contains(&letter)));
    }
}
