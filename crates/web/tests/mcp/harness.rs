//! A hub on a free loopback port with settings of the test's own.

use std::sync::Arc;
use std::time::Duration;

use hub::activity::Entry;
use hub::clock::Clock;
use hub::upstream::State;
use hub::{Hub, HubOptions};
use mcphub_web::{Loops, Web, WebOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Long enough for a slow machine, short enough to fail a test that hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Running {
    pub(crate) hub: Hub,
    pub(crate) base: String,
    /// Asks the web to end.
    pub(crate) stop: CancellationToken,
    _folder: TempDir,
}

/// Starts a hub with these settings and waits until all its servers are settled.
pub(crate) async fn hub(settings: Value) -> Running {
    hub_below("", settings).await
}

/// The same with this in front of every path.
pub(crate) async fn hub_below(base_path: &str, settings: Value) -> Running {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mcp_settings.json");
    std::fs::write(&path, settings.to_string()).expect("settings are written");
    let options = HubOptions {
        settings_path: path,
        environment: Arc::new(|_| None),
        vault: hub::vault::Vault::default(),
        port: 0,
        clock: Clock::system(),
    };
    let hub = Hub::start(options).await.expect("the hub starts");
    let listen = ([127, 0, 0, 1], 0).into();
    let mut options = WebOptions::at(listen);
    options.base_path = base_path.to_owned();
    let web = Web::open(hub.clone(), options)
        .await
        .expect("the web opens");
    let base = format!("http://{}", web.address());
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    tokio::spawn(async move { web.serve(&Loops::here(), stopped).await });
    Running {
        hub,
        base,
        stop,
        _folder: folder,
    }
}

/// A hub with one server, named `up`, and all else as given.
pub(crate) async fn hub_with(up: &str, mut server: Value) -> Running {
    server["url"] = up.into();
    server["type"] = "streamable-http".into();
    let running = hub(json!({ "mcpServers": { "up": server } })).await;
    running.ready("up").await;
    running
}

impl Running {
    /// The calls that were written down, the first one first, as soon as there are so many.
    pub(crate) async fn noted(&self, many: u64) -> Vec<Arc<Entry>> {
        let mut last = self.hub.activity().subscribe();
        let noted = last.wait_for(|last| *last >= many);
        soon(noted).await.expect("the hub is there");
        let mut entries = self.hub.activity().entries();
        entries.reverse();
        entries
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Waits until this server is connected and listed.
    pub(crate) async fn ready(&self, server: &str) {
        let upstream = self
            .hub
            .upstreams()
            .get(server)
            .expect("a server of that name");
        let mut states = upstream.watch();
        let ready = states.wait_for(|state| matches!(state, State::Ready));
        let outcome = tokio::time::timeout(PATIENCE, ready).await;
        assert!(
            matches!(outcome, Ok(Ok(_))),
            "{server} is {:?}",
            upstream.state()
        );
    }
}

/// The test fails when this takes too long.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("in time")
}

/// JSON as a type of `rmcp`.
pub(crate) fn typed<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("the type's JSON")
}
