//! A hub on a loopback port in front of the practice world, and the person who signs in.

use std::sync::Arc;
use std::time::Duration;

use hub::clock::Clock;
use hub::session::UnderWay;
use hub::sign_in::Account;
use hub::{Hub, HubOptions};
use lab::{Browser, Decision, Switches, World};
use mcphub_web::{Loops, Web, WebOptions};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Long enough for a slow machine, short enough to fail a test that hangs.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Stage {
    pub(crate) hub: Hub,
    pub(crate) world: World,
    pub(crate) base: String,
    _folder: TempDir,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(json!({}), Switches::default()).await
    }

    /// `settings` beside the server `practice`, and `practice` in them what is more to say of it.
    pub(crate) async fn with(mut settings: Value, switches: Switches) -> Self {
        let world = World::start(switches).await.unwrap();
        let mut server = settings["practice"].take();
        server["url"] = world.mcp_url().into();
        settings.as_object_mut().unwrap().remove("practice");
        settings["mcpServers"] = json!({ "practice": server });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mcp_settings.json");
        std::fs::write(&path, settings.to_string()).unwrap();
        let options = HubOptions {
            settings_path: path,
            environment: Arc::new(|_| None),
            vault: hub::vault::Vault::default(),
            port: 3000,
            clock: Clock::system(),
        };
        let hub = Hub::start(options).await.unwrap();
        let web = Web::open(hub.clone(), WebOptions::at(([127, 0, 0, 1], 0).into()))
            .await
            .unwrap();
        let base = format!("http://{}", web.address());
        tokio::spawn(async move { web.serve(&Loops::here(), std::future::pending()).await });
        Self {
            hub,
            world,
            base,
            _folder: folder,
        }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("{}/mcp/practice", self.base)
    }

    pub(crate) async fn signs_in(&self, user: Option<&str>) {
        self.decides(user, Decision::Allow).await.unwrap();
    }

    /// A person opens the link of the pending sign-in, decides, and is sent back to the hub.
    pub(crate) async fn decides(
        &self,
        user: Option<&str>,
        decision: Decision,
    ) -> Result<hub::sign_in::Completed, hub::sign_in::CallbackError> {
        let account = Account::of("practice", user);
        let link = soon(self.hub.sign_ins().begin(&account)).await.unwrap().url;
        let back = soon(Browser::new().unwrap().decide(&link, decision))
            .await
            .unwrap();
        let query = back.split_once('?').unwrap().1;
        soon(self.hub.sign_ins().callback(query)).await
    }

    /// Waits until nothing is under way any more.
    pub(crate) async fn is_quiet(&self) {
        self.until(|under_way| *under_way == UnderWay::default())
            .await;
    }

    /// Waits until so many calls are under way.
    pub(crate) async fn has_under_way(&self, calls: usize) {
        self.until(|under_way| under_way.calls >= calls).await;
    }

    async fn until(&self, wanted: impl Fn(&UnderWay) -> bool) {
        let mut looks = tokio::time::interval(Duration::from_millis(10));
        soon(async {
            while !wanted(&self.hub.sessions().under_way()) {
                looks.tick().await;
            }
        })
        .await;
    }

    pub(crate) fn tools_called(&self) -> u64 {
        self.world.counts().tools_called
    }
}

/// The test fails when this takes too long.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("in time")
}
