//! A walk: one browser's way through the servers that wait for a sign-in, so that it comes back to the list after each of them.
//!
//! It is kept in memory for half an hour after its last step and known by a cookie (`HttpOnly`, `SameSite=Lax`: it has to come along when a login server sends the browser back). It may hold a login, which is
//! looked at anew at each step; with it, sign-ins can be begun and nothing else.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use hub::sign_in::Account;

use super::click::cookie_in;

const COOKIE: &str = "mcphub_walk";
/// 192 bits.
const BYTES: usize = 24;
const LIFE: Duration = Duration::from_secs(30 * 60);
/// The oldest make room.
const MOST: usize = 256;

/// All walks of a hub.
pub(crate) struct Walks {
    /// Ties the forms of the list to the browser that shows them.
    pub(crate) form: String,
    open: Mutex<VecDeque<Walk>>,
}

/// One browser's walk, as it is.
#[derive(Clone)]
pub(super) struct Walk {
    pub(super) id: String,
    /// The login token of whoever showed who he is.
    pub(super) login: Option<String>,
    /// All that it has met, in the order of the list.
    pub(super) met: Vec<Account>,
    /// What was begun from the list.
    pub(super) begun: Vec<Account>,
    /// Where the browser came back from last.
    pub(super) last: Option<Account>,
    until: SystemTime,
}

impl Default for Walks {
    fn default() -> Self {
        Self {
            form: hub::chance::token(BYTES),
            open: Mutex::default(),
        }
    }
}

impl Walks {
    // rule: safe-w08 -- whoever shows who he is gets a new id, never one that his browser came with.
    pub(super) fn start(&self, login: Option<String>, now: SystemTime) -> Walk {
        let walk = Walk {
            id: hub::chance::token(BYTES),
            login,
            met: Vec::new(),
            begun: Vec::new(),
            last: None,
            until: now + LIFE,
        };
        let mut open = self.open();
        open.retain(|each| each.until > now);
        if open.len() >= MOST {
            open.pop_front();
        }
        open.push_back(walk.clone());
        walk
    }

    /// The walk of this browser, which goes on from now.
    pub(super) fn find(&self, headers: &HeaderMap, now: SystemTime) -> Option<Walk> {
        self.step(headers, now, |walk| walk.clone())
    }

    /// What the list shows.
    pub(super) fn meets(&self, id: &str, accounts: &[Account], now: SystemTime) {
        self.with(id, now, |walk| {
            walk.met.retain(|each| accounts.contains(each));
            for account in accounts {
                if !walk.met.contains(account) {
                    walk.met.push(account.clone());
                }
            }
        });
    }

    pub(super) fn begins(&self, id: &str, account: &Account, now: SystemTime) {
        self.with(id, now, |walk| {
            if !walk.begun.contains(account) {
                walk.begun.push(account.clone());
            }
        });
    }

    /// A browser comes from a login server; whether it goes back to the list.
    pub(crate) fn comes_back(
        &self,
        headers: &HeaderMap,
        account: Option<&Account>,
        now: SystemTime,
    ) -> bool {
        let back = self.step(headers, now, |walk| match account {
            None => !walk.begun.is_empty(),
            Some(account) => {
                let begun = walk.begun.contains(account);
                if begun {
                    walk.last = Some(account.clone());
                }
                begun
            }
        });
        back.unwrap_or_default()
    }

    fn step<T>(
        &self,
        headers: &HeaderMap,
        now: SystemTime,
        look: impl FnOnce(&mut Walk) -> T,
    ) -> Option<T> {
        self.with(cookie_in(headers, COOKIE)?, now, look)
    }

    fn with<T>(&self, id: &str, now: SystemTime, look: impl FnOnce(&mut Walk) -> T) -> Option<T> {
        let mut open = self.open();
        let walk = open.iter_mut().find(|each| each.id == id);
        let walk = walk.filter(|walk| walk.until > now)?;
        walk.until = now + LIFE;
        Some(look(walk))
    }

    fn open(&self) -> MutexGuard<'_, VecDeque<Walk>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn cookie(id: &str, https: bool) -> String {
    let (seconds, secure) = (LIFE.as_secs(), if https { "; Secure" } else { "" });
    format!("{COOKIE}={id}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SystemTime = SystemTime::UNIX_EPOCH;

    fn browser(walk: &Walk) -> HeaderMap {
        let cookie = cookie(&walk.id, false);
        let pair = cookie.split(';').next().unwrap_or_default();
        HeaderMap::from_iter([(http::header::COOKIE, pair.parse().expect("a cookie"))])
    }

    #[test]
    fn a_browser_goes_back_to_the_list_after_what_it_began_there_and_nothing_else() {
        let walks = Walks::default();
        let walk = walks.start(None, START);
        let (begun, other) = (Account::shared("a"), Account::shared("b"));
        let comes = |account: Option<&Account>| walks.comes_back(&browser(&walk), account, START);
        assert!(!comes(None));
        walks.begins(&walk.id, &begun, START);
        assert!(comes(Some(&begun)) && comes(None) && !comes(Some(&other)));
        assert!(!walks.comes_back(&HeaderMap::new(), Some(&begun), START));
        let last = walks
            .find(&browser(&walk), START)
            .and_then(|walk| walk.last);
        assert_eq!(last, Some(begun));
    }

    #[test]
    fn a_walk_that_rests_ends_and_the_oldest_make_room() {
        let walks = Walks::default();
        let walk = walks.start(None, START);
        assert!(walks.find(&browser(&walk), START + LIFE / 2).is_some());
        assert!(
            walks.find(&browser(&walk), START + LIFE).is_some(),
            "it went on"
        );
        assert!(walks.find(&browser(&walk), START + LIFE * 2).is_none());
        let old = walks.start(None, START + LIFE * 2);
        for _ in 0..MOST {
            walks.start(None, START + LIFE * 2);
        }
        assert!(walks.find(&browser(&old), START + LIFE * 2).is_none());
        assert_eq!(walks.open().len(), MOST);
    }
}
