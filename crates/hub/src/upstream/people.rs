//! Upstreams of single users and single sessions: where a server's tokens are `per_user`, each user has a connection of his own,
//! and with `perSessionClient` each session of a client, made when it is first wanted and closed when nobody has used it for a
//! while, that of a session also with the session.
//!
//! A token is a property of a connection: no user's request can travel over another's. Leaves out the sign-ins themselves.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use settings::{Grants, Server, Settings, Transport};
use tokio::time::MissedTickBehavior;

use super::upstreams::Upstreams;
use super::{State, Upstream, running::Told, wanted::Wanted};
use crate::sign_in::Account;

/// A connection that nobody used for so long is closed; the next request makes it anew.
const IDLE: Duration = Duration::from_secs(15 * 60);
/// The same for one that a session has to itself: what its server keeps in mind is lost with it.
const IDLE_OF_SESSION: Duration = Duration::from_secs(60 * 60);
/// Connections of sessions to one server; each may be a process.
const MOST_OF_SESSIONS: usize = 64;
const HOUSEKEEPING: Duration = Duration::from_secs(60);

/// The servers that are reached as one of the users, or for one session.
#[derive(Debug, Default)]
pub(super) struct Apart {
    wanted: HashMap<String, Wanted>,
    for_sessions: HashMap<String, Wanted>,
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
    #[error(
        "{0} has a connection for each session (mcpServers.{0}.perSessionClient), {MOST_OF_SESSIONS} sessions use it, and that is the most; close one and try again"
    )]
    TooMany(Box<str>),
}

/// Whether each user has tokens of his own there. Nothing that is not reached over http has tokens.
pub(super) fn is_per_user(server: &Server) -> bool {
    server.oauth.tokens == Grants::PerUser && matches!(server.transport, Ok(Transport::Http { .. }))
}

impl Apart {
    pub(super) fn of(settings: &Settings, usual: Duration) -> Self {
        let servers = settings.servers.iter().filter(|server| is_per_user(server));
        let users = settings.users.iter().map(|user| user.username.clone());
        Self {
            wanted: servers
                .map(|server| (server.name.clone(), Wanted::of(server, usual)))
                .collect(),
            for_sessions: settings
                .servers
                .iter()
                .filter(|server| server.per_session)
                .map(|server| (server.name.clone(), Wanted::of(server, usual)))
                .collect(),
            users: users.collect(),
        }
    }

    fn wanted_by(&self, account: &Account, session: Option<&str>) -> Option<&Wanted> {
        let as_user = self.wanted.get(&account.server);
        let as_user = match (as_user, &account.user) {
            (Some(wanted), Some(user)) if self.users.contains(user) => Some(wanted),
            (None, None) => None,
            (Some(_), _) | (None, Some(_)) => return None,
        };
        match session {
            Some(_) => self.for_sessions.get(&account.server),
            None => as_user,
        }
    }
}

/// What no other upstream is called: the server, whose sign-in it uses, and the session that has it to itself.
fn key(account: &Account, session: Option<&str>) -> String {
    let of_account = account.fingerprint();
    match (session, &account.user) {
        (None, _) => of_account,
        (Some(session), Some(_)) => format!("{of_account}\0{session}"),
        (Some(session), None) => format!("{of_account}\0\0{session}"),
    }
}

/// The server, the user and the session in a key.
pub(crate) fn parts(key: &str) -> (&str, Option<&str>, Option<&str>) {
    let mut parts = key.splitn(3, '\0');
    let server = parts.next().unwrap_or_default();
    let user = parts.next().filter(|user| !user.is_empty());
    (server, user, parts.next())
}

impl Upstreams {
    /// The upstream that a request of this user, in this session, goes to. Where all share one, it is that one, also for a caller
    /// without a name.
    ///
    /// # Errors
    /// When there is no such server, it is reached as a user only and this is none, or too many sessions use it.
    // rule: at-37
    pub fn serving(
        &self,
        server: &str,
        user: Option<&str>,
        session: Option<&str>,
    ) -> Result<Upstream, NotServed> {
        let set = self.inner.running.load();
        let shared = set
            .get(server)
            .ok_or_else(|| NotServed::Unknown(server.into()))?;
        let as_user = set.apart.wanted.contains_key(server);
        let session = session.filter(|_| set.apart.for_sessions.contains_key(server));
        if !as_user && session.is_none() {
            return Ok(shared.clone());
        }
        let account = Account::of(server, user.filter(|_| as_user));
        let no_user = || NotServed::NoUser(server.into());
        set.apart.wanted_by(&account, session).ok_or_else(no_user)?;
        let now = self.inner.outside.clock.now();
        let key = key(&account, session);
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
        let wanted = set.apart.wanted_by(&account, session).ok_or_else(no_user)?;
        if let Some(there) = self.inner.people.get(&*key) {
            return Ok(there.clone());
        }
        if session.is_some() && self.of_sessions(server) >= MOST_OF_SESSIONS {
            return Err(NotServed::TooMany(server.into()));
        }
        let upstream = self.begin(account, session, (&key, wanted.clone()));
        if session.is_some() && !as_user {
            // What the server said to all is likely what it says to this one.
            upstream.shared.catalog.store(shared.catalog());
        }
        self.inner.people.insert(key.into(), upstream.clone());
        Ok(upstream)
    }

    /// As `serving` without a session, but none is begun for this.
    pub fn there(&self, server: &str, user: Option<&str>) -> Option<Upstream> {
        let set = self.inner.running.load();
        if !set.apart.wanted.contains_key(server) {
            return set.get(server).cloned();
        }
        let key = key(&Account::of(server, Some(user?)), None);
        let there = self.inner.people.get(&*key);
        there.map(|upstream| upstream.clone())
    }

    /// Whether nothing is known of what a server offers before a person signs in. Nothing is begun for this.
    pub fn is_behind_sign_in(&self, server: &Server, user: Option<&str>) -> bool {
        match self.there(&server.name, user) {
            Some(there) => {
                there.hello().is_none() && matches!(there.state(), State::NeedsSignIn { .. })
            }
            // A user for whom nothing is begun yet; without one nobody can sign in.
            None => {
                is_per_user(server)
                    && user.is_some_and(|user| !server.oauth.users.contains_key(user))
            }
        }
    }

    fn of_sessions(&self, server: &str) -> usize {
        let people = self.inner.people.iter();
        let here = people.filter(|up| up.name() == server && up.shared.session.is_some());
        here.count()
    }

    /// Ends what a session has to itself.
    pub fn end_session(&self, session: &str) {
        let mut ended = Vec::new();
        self.inner.people.retain(|_, upstream| {
            let stays = upstream.shared.session.as_deref() != Some(session);
            if !stays {
                ended.push(upstream.clone());
            }
            stays
        });
        if ended.is_empty() {
            return;
        }
        let stopping = async move {
            for upstream in ended {
                upstream.shared.tell(Told::Stop).await;
            }
        };
        let (tracker, home) = (&self.inner.outside.tracker, &self.inner.home);
        tracker.spawn_on(stopping, home);
    }

    /// Those of single users and sessions.
    pub fn people(&self) -> Vec<Upstream> {
        let people = self.inner.people.iter();
        people.map(|upstream| upstream.clone()).collect()
    }

    /// Ends those of users and servers that are gone, and tells the others what the settings want.
    pub(super) fn follow_people(&self, apart: &Apart) -> Vec<(Upstream, Told)> {
        let mut news = Vec::new();
        self.inner.people.retain(|_, upstream| {
            let session = upstream.shared.session.as_deref();
            let wanted = apart.wanted_by(upstream.account(), session).cloned();
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
        let most = match self.shared.session {
            Some(_) => IDLE_OF_SESSION,
            None => IDLE,
        };
        let long = now.duration_since(used).is_ok_and(|since| since >= most);
        long && Arc::strong_count(&self.shared.busy) == 1 && self.shared.asked.is_empty()
    }
}

/// Closes what is idle, until the upstreams are gone.
pub(super) async fn close_idle(still: impl Fn() -> Option<Upstreams>) {
    let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
    housekeeping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        housekeeping.tick().await;
        let Some(upstreams) = still() else { return };
        upstreams.close_idle().await;
    }
}
