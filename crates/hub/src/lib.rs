//! Upstreams, sign-ins, catalog, store, journal: all that connects out.
//!
//! `Hub` puts the parts together; each part is usable, and tested, by itself.

pub mod access;
pub mod activity;
pub mod catalog;
pub mod cause;
pub mod chance;
pub mod clock;
pub mod doctor;
pub mod explained;
pub mod fetch;
pub mod issuer;
pub mod journal;
pub mod measure;
pub mod route;
pub mod session;
pub mod sign_in;
pub mod store;
pub mod trace;
pub mod upstream;
pub mod vault;

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio_util::task::TaskTracker;

use access::outside::Outside as OutsideIssuer;
use activity::Activity;
use catalog::Catalog;
use clock::Clock;
use fetch::{Egress, Fetch, Lookup, Proxies};
use issuer::Issuer;
use journal::Journal;
use session::{Passports, Sessions};
use sign_in::SignIns;
use store::{Environment, Store};
use upstream::{Outside, Upstreams};
use vault::Vault;

/// What a hub has to be told at its start.
#[derive(Clone)]
pub struct HubOptions {
    /// The settings file; a missing one starts empty.
    pub settings_path: PathBuf,
    /// How `${NAME}` in the settings becomes a value. Child processes get a small part of it.
    pub environment: Environment,
    /// The key that seals secrets in the settings file, if there is one.
    pub vault: Vault,
    /// The port that the hub listens on: callbacks of sign-ins come to `http://localhost:{port}`, unless the settings say otherwise.
    pub port: u16,
    pub clock: Clock,
}

/// A running hub. A clone is the same one.
#[derive(Clone)]
pub struct Hub {
    parts: Arc<Parts>,
}

struct Parts {
    store: Store,
    journal: Journal,
    fetch: Fetch,
    sign_ins: SignIns,
    upstreams: Upstreams,
    catalog: Catalog,
    activity: Activity,
    sessions: Sessions,
    issuer: Issuer,
    outside: OutsideIssuer,
    clock: Clock,
    tracker: TaskTracker,
}

/// Why a hub does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] store::OpenError),
    #[error(transparent)]
    Proxy(#[from] fetch::ProxyError),
}

/// How long the end of processes and sessions is waited for.
const FAREWELL: Duration = Duration::from_secs(8);

impl Hub {
    /// Opens the settings and begins to connect. Waits for no upstream.
    ///
    /// # Errors
    /// When the settings file cannot be read or does not parse (it is not touched then), or a proxy of the environment is none.
    pub async fn start(options: HubOptions) -> Result<Self, StartError> {
        Self::resolving(options, None).await
    }

    /// As `start`; `lookup` instead of the system's name resolution.
    async fn resolving(options: HubOptions, lookup: Option<Lookup>) -> Result<Self, StartError> {
        let HubOptions {
            settings_path,
            environment,
            vault,
            port,
            clock,
        } = options;
        let store = Store::open_with(settings_path, environment.clone(), vault.clone()).await?;
        let fetch = Fetch::new(Egress {
            proxies: Proxies::from_environment(&|name| environment(name))?,
            folder: store.folder().to_owned(),
            lookup,
        });
        let journal = Journal::default();
        let sign_ins = SignIns::start(
            store.clone(),
            fetch.clone(),
            journal.clone(),
            clock.clone(),
            port,
        );
        let tracker = TaskTracker::new();
        let outside = Outside {
            fetch: fetch.clone(),
            sign_ins: sign_ins.clone(),
            clock: clock.clone(),
            environment: environment.clone(),
            tracker: tracker.clone(),
        };
        let upstreams = Upstreams::start(outside, store.subscribe());
        let catalog = Catalog::new(store.clone(), upstreams.clone());
        let passports = Passports::new(store.clone(), clock.clone(), vault, &environment);
        let activity = Activity::new(clock.clone());
        let sessions = Sessions::start(catalog.clone(), passports, activity.clone());
        let issuer = Issuer::new(store.clone(), fetch.clone(), clock.clone());
        let outside_issuer = OutsideIssuer::new(store.clone(), fetch.clone(), clock.clone());
        let parts = Parts {
            store,
            journal,
            fetch,
            sign_ins,
            upstreams,
            catalog,
            activity,
            sessions,
            issuer,
            outside: outside_issuer,
            clock,
            tracker,
        };
        Ok(Self {
            parts: Arc::new(parts),
        })
    }

    pub fn store(&self) -> &Store {
        &self.parts.store
    }

    pub fn journal(&self) -> &Journal {
        &self.parts.journal
    }

    pub fn fetch(&self) -> &Fetch {
        &self.parts.fetch
    }

    pub fn sign_ins(&self) -> &SignIns {
        &self.parts.sign_ins
    }

    pub fn upstreams(&self) -> &Upstreams {
        &self.parts.upstreams
    }

    pub fn catalog(&self) -> &Catalog {
        &self.parts.catalog
    }

    pub fn activity(&self) -> &Activity {
        &self.parts.activity
    }

    pub fn sessions(&self) -> &Sessions {
        &self.parts.sessions
    }

    pub fn issuer(&self) -> &Issuer {
        &self.parts.issuer
    }

    /// Whoever else may say who comes.
    pub fn outside(&self) -> &OutsideIssuer {
        &self.parts.outside
    }

    pub fn clock(&self) -> &Clock {
        &self.parts.clock
    }

    /// Ends sessions, connections and processes; returns when they are gone, or after 8 s.
    // rule: safe-e04
    pub async fn shutdown(&self) {
        self.parts.sessions.shutdown();
        self.parts.upstreams.stop().await;
        self.parts.tracker.close();
        if tokio::time::timeout(FAREWELL, self.parts.tracker.wait())
            .await
            .is_err()
        {
            tracing::warn!("some upstreams did not end in time");
        }
    }
}
