//! A hub's sign-ins on a settings file of their own, beside a practice world.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lab::{Consent, Decision, Switches, World};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{CallbackError, Completed, Needed, Refusal, SignIns, Verdict, browser};
use crate::cause::Cause;
use crate::clock::Clock;
use crate::fetch::{Egress, Fetch, Reach};
use crate::journal::Journal;
use crate::store::Store;

pub(super) struct Bench {
    pub(super) world: World,
    pub(super) folder: TempDir,
    pub(super) clock: Clock,
    pub(super) store: Store,
    pub(super) journal: Journal,
    pub(super) sign_ins: SignIns,
    fetch: Fetch,
}

/// What a request to the MCP server came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Attempt {
    Answered(u16),
    Needed(Needed),
    Failed(Cause, String),
}

impl Bench {
    pub(super) async fn start(switches: Switches) -> Self {
        Self::with(switches, |url| json!({ "up": { "url": url } })).await
    }

    /// `servers` makes `mcpServers` from the MCP server's address.
    pub(super) async fn with(switches: Switches, servers: impl Fn(&str) -> Value) -> Self {
        let world = World::start(switches).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let document = json!({ "mcpServers": servers(&world.mcp_url()) });
        std::fs::write(
            folder.path().join("mcp_settings.json"),
            document.to_string(),
        )
        .unwrap();
        let clock = Clock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        let fetch = Fetch::new(Egress::default());
        let (store, journal, sign_ins) = open(&folder, &clock, &fetch).await;
        Self {
            world,
            folder,
            clock,
            store,
            journal,
            sign_ins,
            fetch,
        }
    }

    /// As after `kill -9`: only the file is left.
    pub(super) async fn restart(&mut self) {
        (self.store, self.journal, self.sign_ins) =
            open(&self.folder, &self.clock, &self.fetch).await;
    }

    /// Another process on the same file.
    pub(super) async fn twin(&self) -> SignIns {
        open(&self.folder, &self.clock, &self.fetch).await.2
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("mcp_settings.json")
    }

    pub(super) fn oauth(&self) -> Value {
        let text = std::fs::read_to_string(self.path()).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        document["mcpServers"]["up"]["oauth"].clone()
    }

    /// Allows at the link, and gives the query that comes back.
    pub(super) async fn person(&self, link: &str) -> String {
        self.person_decides(link, Decision::Allow).await
    }

    pub(super) async fn person_decides(&self, link: &str, decision: Decision) -> String {
        let back = browser().decide(link, decision).await.unwrap();
        back.split_once('?').unwrap().1.to_owned()
    }

    /// A whole sign-in.
    pub(super) async fn sign_in(&self) -> Completed {
        let needed = self.needed().await;
        let link = needed
            .authorization_url
            .clone()
            .unwrap_or_else(|| panic!("{needed}"));
        self.follow(&link).await.unwrap()
    }

    /// Follows a link and whatever comes after it.
    pub(super) async fn follow(&self, link: &str) -> Result<Completed, CallbackError> {
        let mut link = link.to_owned();
        loop {
            let back = self.person(&link).await;
            let done = self.sign_ins.callback(&back).await?;
            match done.again {
                Some(next) => link = next,
                None => return Ok(done),
            }
        }
    }

    pub(super) async fn needed(&self) -> Needed {
        let attempt = self.attempt().await;
        let Attempt::Needed(needed) = attempt else {
            panic!("{attempt:?}")
        };
        needed
    }

    /// One request, as the upstreams make it.
    pub(super) async fn attempt(&self) -> Attempt {
        let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}}});
        self.send(&hello).await
    }

    /// A call of a tool that needs a scope; the world is without sessions then.
    pub(super) async fn call_tool(&self, name: &str) -> Attempt {
        let call = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": name, "arguments": {"text": "x"}}});
        self.send(&call).await
    }

    async fn send(&self, message: &Value) -> Attempt {
        let mut bearer = match self.sign_ins.token("up").await {
            Ok(bearer) => bearer,
            Err(needed) => return Attempt::Needed(needed),
        };
        for _ in 0..2 {
            let (status, challenges) = self.post(message, bearer.as_ref()).await;
            if status != 401 && status != 403 {
                if let Some(bearer) = &bearer {
                    self.sign_ins.accepted("up", bearer);
                }
                return Attempt::Answered(status);
            }
            let refusal = Refusal {
                status,
                challenges,
                used: bearer.clone(),
            };
            match self.sign_ins.refused("up", refusal).await {
                Verdict::Retry(token) => bearer = Some(token),
                Verdict::Needed(needed) => return Attempt::Needed(needed),
                Verdict::Failed { cause, why } => return Attempt::Failed(cause, why),
            }
        }
        Attempt::Failed(Cause::HeaderRefused, "refused twice".to_owned())
    }

    /// With the nonce that the server said, as the upstreams do it.
    async fn post(&self, message: &Value, bearer: Option<&super::Bearer>) -> (u16, Vec<String>) {
        let first = self.post_once(message, bearer, None).await;
        match first.2 {
            Some(nonce) => {
                let again = self.post_once(message, bearer, Some(&nonce)).await;
                (again.0, again.1)
            }
            None => (first.0, first.1),
        }
    }

    async fn post_once(
        &self,
        message: &Value,
        bearer: Option<&super::Bearer>,
        nonce: Option<&str>,
    ) -> (u16, Vec<String>, Option<String>) {
        let url = self.world.mcp_url();
        let way = Reach::Named.into();
        let client = self.fetch.general(&way).await;
        let mut request = client
            .post(url)
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2025-11-25")
            .body(message.to_string());
        if let Some(bearer) = bearer {
            request = request.header("authorization", bearer.header_value());
            if let Some(proof) = bearer.proof("POST", &self.world.mcp_url(), nonce) {
                request = request.header("dpop", proof.unwrap());
            }
        }
        let response = request.send().await.unwrap();
        let lines = response.headers().get_all("www-authenticate");
        let challenges = lines
            .iter()
            .map(|line| line.to_str().unwrap().to_owned())
            .collect();
        let nonce = response.headers().get("dpop-nonce");
        let nonce = nonce.map(|nonce| nonce.to_str().unwrap().to_owned());
        (response.status().as_u16(), challenges, nonce)
    }
}

/// The practice server decides at once, without a page.
pub(super) fn quick() -> Switches {
    Switches {
        consent: Consent::Allow,
        mcp_sessions: false,
        ..Switches::default()
    }
}

async fn open(folder: &TempDir, clock: &Clock, fetch: &Fetch) -> (Store, Journal, SignIns) {
    let path = folder.path().join("mcp_settings.json");
    let store = Store::open(path, Arc::new(|_: &str| None)).await.unwrap();
    let journal = Journal::default();
    let sign_ins = SignIns::start(
        store.clone(),
        fetch.clone(),
        journal.clone(),
        clock.clone(),
        3000,
    );
    (store, journal, sign_ins)
}
