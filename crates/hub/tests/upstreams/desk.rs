//! A hub for one test, with its settings in a folder of its own; and what a caller does.

use std::{future::Future, sync::Arc, time::Duration};

use hub::{
    Hub, HubOptions,
    clock::Clock,
    upstream::{Call, CallError, State, Upstream},
};
use mcp::message::{Kind, Message};
use serde_json::{Value, json};

pub(crate) struct Desk {
    pub(crate) hub: Hub,
    pub(crate) folder: tempfile::TempDir,
}

impl Desk {
    pub(crate) async fn with(servers: Value) -> Self {
        Self::in_environment(servers, |_| None).await
    }

    pub(crate) async fn in_environment(
        servers: Value,
        environment: fn(&str) -> Option<String>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings_path = folder.path().join("mcp_settings.json");
        std::fs::write(&settings_path, json!({ "mcpServers": servers }).to_string()).unwrap();
        let options = HubOptions {
            settings_path,
            environment: Arc::new(environment),
            vault: hub::vault::Vault::default(),
            port: 3000,
            clock: Clock::system(),
        };
        Self {
            hub: Hub::start(options).await.unwrap(),
            folder,
        }
    }

    /// A hub with one server, `up`, at this address.
    pub(crate) async fn at(url: &str) -> Self {
        Self::with(json!({ "up": { "type": "streamable-http", "url": url } })).await
    }

    pub(crate) fn up(&self) -> Upstream {
        self.hub.upstreams().get("up").unwrap()
    }

    /// The upstream, once it is ready.
    pub(crate) async fn ready(&self) -> Upstream {
        let up = self.up();
        until(&up, |state| matches!(state, State::Ready)).await;
        up
    }
}

/// Waits for something that must come. The limit is only for a test that fails.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(20), future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

pub(crate) async fn until(upstream: &Upstream, wanted: impl Fn(&State) -> bool) -> State {
    let mut watch = upstream.watch();
    let found = tokio::time::timeout(
        Duration::from_secs(20),
        watch.wait_for(|state| wanted(state)),
    )
    .await;
    match found {
        Ok(state) => state.unwrap().clone(),
        Err(_) => panic!("{} stayed {:?}", upstream.name(), upstream.state()),
    }
}

/// The trouble that the upstream ran into, with its cure.
pub(crate) async fn trouble(upstream: &Upstream) -> String {
    until(upstream, |state| state.trouble().is_some())
        .await
        .trouble()
        .unwrap()
        .explain()
}

pub(crate) fn call(upstream: &Upstream, id: &str, tool: &str) -> Call {
    upstream.call(Message::request(
        id,
        "tools/call",
        Some(&json!({ "name": tool, "arguments": {} }).to_string()),
    ))
}

/// The response of a call; what came before it is left out.
pub(crate) async fn response(call: Call) -> Result<Message, CallError> {
    soon("a response", whole(call))
        .await
        .map(|mut messages| messages.pop().unwrap())
}

/// All that a call brings.
pub(crate) async fn whole(mut call: Call) -> Result<Vec<Message>, CallError> {
    let mut messages = Vec::new();
    while let Some(message) = call.next().await {
        messages.push(message?);
    }
    assert_eq!(messages.last().map(Message::kind), Some(Kind::Response));
    Ok(messages)
}
