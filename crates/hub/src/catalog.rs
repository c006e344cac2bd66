//! The catalog: which servers an endpoint shows to whom, under which names, and their lists merged into one.
//!
//! Compiled once per endpoint and caller and state of the settings, shared by all sessions. Leaves out: sending (`session`) and
//! whose a single request is (`route`).

mod lists;
mod shape;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use dashmap::DashMap;
use mcp::merge::Listing;
use settings::Settings;

use crate::access::Caller;
use crate::store::Store;
use crate::upstream::{self, NotServed, Upstream, Upstreams};

pub use lists::{Merged, Owner};
pub use shape::{Member, Shape};

/// What stands behind `/mcp` in the path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Nothing: all that the caller may see.
    Everything,
    /// The name of a group or a server. A group wins.
    Named(Arc<str>),
}

/// What one caller sees at one endpoint, in one state of the settings.
#[derive(Debug)]
pub struct Scope {
    settings: Arc<Settings>,
    /// For whom it was made.
    caller: Caller,
    shape: Arc<Shape>,
    user: Option<Box<str>>,
    /// The session that it is for, where a server is connected to for each session.
    session: Option<Box<str>>,
    /// Nothing is behind its endpoint any more; it stands for no state of the settings.
    is_over: bool,
}

impl Scope {
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The same for the time in which there is nothing at its endpoint: it shows nothing, and hears nothing.
    pub(crate) fn over(&self) -> Self {
        Self {
            settings: Arc::clone(&self.settings),
            caller: self.caller.clone(),
            shape: Arc::new(self.shape.without_members()),
            user: self.user.clone(),
            session: self.session.clone(),
            is_over: true,
        }
    }

    /// Whether both show the same servers in the same way.
    pub fn shows_the_same(&self, other: &Self) -> bool {
        self.user == other.user
            && (Arc::ptr_eq(&self.shape, &other.shape) || self.shape == other.shape)
    }

    /// Whether what this upstream tells is for this scope: not what is told to another user or session.
    pub fn hears(&self, key: &str) -> bool {
        let (server, user, session) = upstream::parts(key);
        let mine = (user.is_none() || user == self.user.as_deref())
            && (session.is_none() || session == self.session.as_deref());
        mine && self.shape.member(server).is_some()
    }
}

/// Why there is nothing at an endpoint. A name that the caller may not know gets the same answer as one that nobody has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Nowhere {
    #[error(
        "there is no group or server named \"{name}\" that you may use; look at the name, or ask an administrator of this hub to share it with you"
    )]
    Unknown { name: Arc<str> },
    #[error("the server \"{name}\" is switched off; set mcpServers.{name}.enabled to true")]
    Disabled { name: Arc<str> },
    #[error(
        "the endpoint without a name is switched off; use /mcp/{{server}} or set systemConfig.routing.enableGlobalRoute"
    )]
    NoGlobalRoute,
}

/// All scopes. A clone is the same one.
#[derive(Clone)]
pub struct Catalog {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    upstreams: Upstreams,
    scopes: DashMap<(Endpoint, Box<str>), Arc<Scope>>,
}

/// Scopes are small and few; more than this means somebody makes up names, and the cache starts anew.
const MOST_SCOPES: usize = 4_096;

impl Catalog {
    pub fn new(store: Store, upstreams: Upstreams) -> Self {
        let scopes = DashMap::new();
        Self {
            shared: Arc::new(Shared {
                store,
                upstreams,
                scopes,
            }),
        }
    }

    pub fn upstreams(&self) -> &Upstreams {
        &self.shared.upstreams
    }

    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// Whether this scope is made of the settings as they are now, for a caller who may do what this one may.
    pub fn is_current(&self, scope: &Scope, caller: &Caller) -> bool {
        !scope.is_over
            && Arc::ptr_eq(&scope.settings, &self.shared.store.current())
            && scope.caller.may_the_same(caller)
    }

    /// What this caller sees at this endpoint now.
    pub fn scope(&self, endpoint: &Endpoint, caller: &Caller) -> Result<Arc<Scope>, Nowhere> {
        let settings = self.shared.store.current();
        let key = (endpoint.clone(), Box::from(caller.identity()));
        let held = self.shared.scopes.get(&key).map(|scope| Arc::clone(&scope));
        if let Some(scope) = &held
            && Arc::ptr_eq(&scope.settings, &settings)
            && scope.caller.may_the_same(caller)
        {
            return Ok(Arc::clone(scope));
        }
        match shape::compile(&settings, endpoint, caller) {
            Ok(shape) => Ok(self.keep(key, settings, shape, caller)),
            Err(nowhere) => {
                self.shared.scopes.remove(&key);
                Err(nowhere)
            }
        }
    }

    /// The same for one session: where it needs connections of its own, a scope of its own.
    pub fn scope_of(
        &self,
        session: &str,
        endpoint: &Endpoint,
        caller: &Caller,
    ) -> Result<Arc<Scope>, Nowhere> {
        let scope = self.scope(endpoint, caller)?;
        let mut members = scope.shape.members.iter();
        let apart = members.any(|member| {
            let server = scope.settings.server(&member.server);
            server.is_some_and(|server| server.per_session)
        });
        if !apart {
            return Ok(scope);
        }
        Ok(Arc::new(Scope {
            settings: Arc::clone(&scope.settings),
            caller: scope.caller.clone(),
            shape: Arc::clone(&scope.shape),
            user: scope.user.clone(),
            session: Some(session.into()),
            is_over: false,
        }))
    }

    /// The upstream that this scope's requests to a server go to.
    pub fn serving(&self, scope: &Scope, server: &str) -> Result<Upstream, NotServed> {
        let (user, session) = (scope.user.as_deref(), scope.session.as_deref());
        self.shared.upstreams.serving(server, user, session)
    }

    /// The servers of a scope that list nothing before a person signs in, and where he does.
    pub(crate) fn behind_sign_in<'s>(&self, scope: &'s Scope) -> (Vec<&'s str>, String) {
        let upstreams = &self.shared.upstreams;
        let user = scope.user.as_deref();
        let members = scope.shape.members.iter();
        let servers = members.filter_map(|member| scope.settings.server(&member.server));
        let behind = servers.filter(|server| upstreams.is_behind_sign_in(server, user));
        let names = behind.map(|server| server.name.as_str()).collect();
        (names, upstreams.sign_ins().overview())
    }

    /// The merged list of a scope; made anew only when one of its upstreams lists something else.
    pub fn merged(&self, scope: &Scope, listing: Listing) -> Arc<Merged> {
        let sources: Vec<_> = scope
            .shape
            .members
            .iter()
            .map(|member| {
                let upstream = self.serving(scope, &member.server).ok();
                upstream.map(|upstream| upstream.catalog())
            })
            .collect();
        scope.shape.merged(listing, sources)
    }

    /// An unchanged shape keeps its lists over a change of the settings (tokens are stored there, too).
    fn keep(
        &self,
        key: (Endpoint, Box<str>),
        settings: Arc<Settings>,
        shape: Shape,
        caller: &Caller,
    ) -> Arc<Scope> {
        let scopes = &self.shared.scopes;
        let unchanged = scopes
            .get(&key)
            .filter(|held| *held.shape == shape)
            .map(|held| Arc::clone(&held.shape));
        let shape = unchanged.unwrap_or_else(|| Arc::new(shape));
        let scope = Arc::new(Scope {
            settings,
            caller: caller.clone(),
            shape,
            user: caller.user().map(Box::from),
            session: None,
            is_over: false,
        });
        if scopes.len() >= MOST_SCOPES {
            scopes.clear();
        }
        scopes.insert(key, Arc::clone(&scope));
        scope
    }
}
