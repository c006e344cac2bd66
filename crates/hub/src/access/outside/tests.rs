//! Tests: an issuer whose keys are made for each run, and a hub that trusts it.

mod forged;
mod keys;
mod people;
mod rights;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lab::outside::{KeysPage, SigningKey};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

use crate::access::Rules;
use crate::fetch::Egress;

const NOW: u64 = 1_790_000_000;
const HUB: &str = "https://hub.example.com/mcp";

/// An issuer, and a hub that trusts it.
struct Stage {
    outside: Outside,
    store: Store,
    clock: Clock,
    page: KeysPage,
    key: SigningKey,
    folder: TempDir,
}

impl Stage {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Value)) -> Self {
        let key = SigningKey::p256("k1");
        let page = KeysPage::start(&[&key]).await;
        let mut written = json!({
            "users": [{ "username": "alice", "password": "one", "email": "alice@example.com" }],
            "systemConfig": { "auth": { "forwardAuth": {
                "enabled": true,
                "jwks": { "uri": page.uri(), "issuer": page.issuer(), "audience": ["mcphub", HUB] },
            } } },
        });
        change(&mut written);
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("mcp_settings.json");
        std::fs::write(&path, written.to_string()).unwrap();
        let store = Store::open(path, Arc::new(|_: &str| None)).await.unwrap();
        let clock = Clock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW));
        let fetch = Fetch::new(Egress::default());
        Self {
            outside: Outside::new(store.clone(), fetch, clock.clone()),
            store,
            clock,
            page,
            key,
            folder,
        }
    }

    /// What a good token says.
    fn claims(&self) -> Value {
        json!({ "iss": self.page.issuer(), "sub": "s-1", "aud": "mcphub", "exp": NOW + 300, "preferred_username": "bob", "email": "bob@example.com" })
    }

    fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims();
        change(&mut claims);
        self.key.token(&claims)
    }

    async fn come(&self, token: &str) -> Result<Vouched, Refused> {
        self.outside
            .vouched(token)
            .await
            .expect("a token of the issuer")
    }

    fn users(&self) -> Value {
        let text = std::fs::read_to_string(self.folder.path().join("mcp_settings.json")).unwrap();
        let written: Value = serde_json::from_str(&text).unwrap();
        written["users"].clone()
    }

    fn rules(&self) -> Rules {
        Rules::of(&self.store.current(), true)
    }
}
