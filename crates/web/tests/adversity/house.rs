//! A hub on a free loopback port, with settings and patience of the test's own.

use std::sync::Arc;
use std::time::Duration;

use hub::clock::Clock;
use hub::upstream::{State, Upstream};
use hub::{Hub, HubOptions};
use mcphub_web::{Loops, Patience, Web, WebOptions};
use serde_json::Value;
use tempfile::TempDir;

/// Long enough for a slow machine, short enough to fail a test that hangs.
const LONGEST: Duration = Duration::from_secs(30);

pub(crate) struct House {
    pub(crate) hub: Hub,
    pub(crate) address: std::net::SocketAddr,
    _folder: TempDir,
}

impl House {
    /// A hub with these servers, and the usual patience with clients.
    pub(crate) async fn with(servers: Value) -> Self {
        Self::patient(servers, Patience::default()).await
    }

    pub(crate) async fn patient(servers: Value, patience: Patience) -> Self {
        Self::changed(servers, |options| options.patience = patience).await
    }

    pub(crate) async fn changed(servers: Value, change: impl FnOnce(&mut WebOptions)) -> Self {
        Self::of(serde_json::json!({ "mcpServers": servers }), change).await
    }

    /// With these settings.
    pub(crate) async fn of(settings: Value, change: impl FnOnce(&mut WebOptions)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mcp_settings.json");
        std::fs::write(&path, settings.to_string()).expect("settings are written");
        let options = HubOptions {
            settings_path: path,
            environment: Arc::new(|name| (name == "PATH").then(|| "/usr/bin:/bin".to_owned())),
            vault: hub::vault::Vault::default(),
            port: 0,
            clock: Clock::system(),
        };
        let hub = Hub::start(options).await.expect("the hub starts");
        let mut options = WebOptions::at(([127, 0, 0, 1], 0).into());
        change(&mut options);
        let web = Web::open(hub.clone(), options).await.expect("it listens");
        let address = web.address();
        tokio::spawn(async move { web.serve(&Loops::here(), std::future::pending()).await });
        Self {
            hub,
            address,
            _folder: folder,
        }
    }

    pub(crate) fn server(&self, name: &str) -> Upstream {
        self.hub.upstreams().get(name).expect("a server")
    }

    /// Waits until this server is connected and listed.
    pub(crate) async fn ready(&self, name: &str) -> &Self {
        let mut states = self.server(name).watch();
        let ready = states.wait_for(|state| matches!(state, State::Ready));
        drop(soon(name, ready).await.expect("a state"));
        self
    }
}

/// The test fails when this takes too long.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let found = tokio::time::timeout(LONGEST, future).await;
    found.unwrap_or_else(|_| panic!("not in time: {what}"))
}

/// Looks again and again until it is so.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    soon(what, async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Lets so much time pass for everybody, without waiting for it.
pub(crate) async fn pass(time: Duration) {
    tokio::time::pause();
    // Paused time goes on whenever everybody waits.
    drop(tokio::time::timeout(time, std::future::pending::<()>()).await);
    tokio::time::resume();
}
