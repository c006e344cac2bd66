//! Upstreams of single users: where a server's tokens are `per_user`, each user has a connection of his own, made when he first
//! wants it and closed when nobody has used it for a while.
//!
//! A token is a property of a connection: no user's request can travel over another's. Leaves out the sign-ins themselves.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use settings::{Grants, Server, Settings, Transport};
use tokio::time::MissedTickBehavior;

use super::upstreams::Upstreams;
use super::{Upstream, running::Told, wanted::Wanted};
use crate::sign_in::Account;

/// A connection that nobody used for so long is closed; the next request makes it anew.
const IDLE: Duration = Duration::from_secs(15 * 60);
const HOUSEKEEPING: Duration = Duration::from_secs(60);

/// The servers that are reached as one of the users.
#[derive(Debug, Default)]
pub(super) struct PerUser {
    wanted: HashMap<String, Wanted>,
    users: HashSet<String>,
}

/// Why there is no upstream for a caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotServed {
    #[error("the server {0} is being started")]
    Unknown(Box<str>),
    // Nobody may use another's sign-in, so there is none for a caller without a name.
    #[error(
        "{0} keeps a sign-in for each user (mcpServers.{0}.oauth.tokens is \"per_user\"), and this caller is known as none; use a bearer key of kind \"user\" whose owner is in users"
    )]
    NoUser(Box<str>),
}

/// Whether each user has tokens of his own there. Nothing that is not reached over http has tokens.
pub(super) fn is_per_user(server: &Server) -> bool {
    server.oauth.tokens == Grants::PerUser && matches!(server.transport, Ok(Transport::Http { .. }))
}

impl PerUser {
    pub(super) fn of(settings: &Settings) -> Self {
        let servers = settings.servers.iter().filter(|server| is_per_user(server));
        let users = settings.users.iter().map(|user| user.username.clone());
        Self {
            wanted: servers
                .map(|server| (server.name.clone(), Wanted::of(server)))
                .collect(),
            users: users.collect(),
        }
    }

    fn wanted_by(&self, account: &Account) -> Option<&Wanted> {
        let user = account.user.as_ref()?;
        self.wanted
            .get(&account.server)
            .filter(|_| self.users.contains(user))
    }
}

impl Upstreams {
    /// The upstream that a request of this user goes to. Where users share one, it is that one, also for a caller without a name.
    ///
    /// # Errors
    /// When there is no such server, or it is reached as a user only and this is none.
    // rule: at-37
    pub fn serving(&self, server: &str, user: Option<&str>) -> Result<Upstream, NotServed> {
        let set = self.inner.running.load();
        let shared = set
            .get(server)
            .ok_or_else(|| NotServed::Unknown(server.into()))?;
        if !set.per_user.wanted.contains_key(server) {
            return Ok(shared.clone());
        }
        let account = Account::of(server, user);
        let no_user = || NotServed::NoUser(server.into());
        set.per_user.wanted_by(&account).ok_or_else(no_user)?;
        let now = self.inner.outside.clock.now();
        let key = account.fingerprint();
        if let Some(there) = self.inner.people.get(&*key) {
            there.touch(now);
            return Ok(there.clone());
        }
        let _one_at_a_time = self
            .inner
            .changing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // As it is now: the settings may have changed before it was our turn.
        let set = self.inner.running.load();
        let wanted = set.per_user.wanted_by(&account).ok_or_else(no_user)?;
        if let Some(there) = self.inner.people.get(&*key) {
            return Ok(there.clone());
        }
        let upstream = self.begin(account, wanted.clone());
        self.inner.people.insert(key.into(), upstream.clone());
        Ok(upstream)
    }

    /// Those of single users.
    pub fn people(&self) -> Vec<Upstream> {
        let people = self.inner.people.iter();
        people.map(|upstream| upstream.clone()).collect()
    }

    /// Ends those of users and servers that are gone, and tells the others what the settings want.
    pub(super) fn follow_people(&self, per_user: &PerUser) -> Vec<(Upstream, Told)> {
        let mut news = Vec::new();
        self.inner.people.retain(|_, upstream| {
            let wanted = per_user.wanted_by(upstream.account()).cloned();
            let stays = wanted.is_some();
            let told = wanted.map_or(Told::Stop, |wanted| Told::Settings(Box::new(wanted)));
            news.push((upstream.clone(), told));
            stays
        });
        news
    }

    /// Closes the connections of users who have not used them for a while; who comes back gets a new one.
    pub async fn close_idle(&self) {
        let now = self.inner.outside.clock.now();
        let mut idle = Vec::new();
        self.inner.people.retain(|_, upstream| {
            let stays = !upstream.is_idle(now);
            if !stays {
                idle.push(upstream.clone());
            }
            stays
        });
        for upstream in idle {
            upstream.shared.tell(Told::Stop).await;
        }
    }
}

impl Upstream {
    fn touch(&self, now: SystemTime) {
        *self
            .shared
            .used
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = now;
    }

    fn is_idle(&self, now: SystemTime) -> bool {
        let used = self.shared.used.lock();
        let used = *used.unwrap_or_else(PoisonError::into_inner);
        let long = now.duration_since(used).is_ok_and(|since| since >= IDLE);
        long && Arc::strong_count(&self.shared.busy) == 1 && self.shared.asked.is_empty()
    }
}

/// Runs until the upstreams are gone.
pub(super) async fn close_idle(still: impl Fn() -> Option<Upstreams>) {
    let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
    housekeeping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        housekeeping.tick().await;
        let Some(upstreams) = still() else { return };
        upstreams.close_idle().await;
    }
}
