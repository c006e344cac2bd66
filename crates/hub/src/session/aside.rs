//! What the hub asks of servers by itself, on account of sessions: nobody waits for the answer.

use mcp::message::Message;
use mcp::{method, raw};

use super::Shared;
use crate::upstream::{State, Upstream};

impl Shared {
    /// Sends a request of the hub's own and forgets the answer, but for the log.
    pub(super) fn request_aside(upstream: Upstream, request: Message) {
        // It hears what it has to know when it has started.
        if matches!(upstream.state(), State::Asleep) {
            return;
        }
        tokio::spawn(async move {
            let mut call = upstream.call(request);
            while let Some(received) = call.next().await {
                if let Err(error) = received {
                    tracing::debug!(server = upstream.name(), %error, "a request of the hub has no answer");
                }
            }
        });
    }

    /// Tells a server that nobody watches a resource any more.
    pub(super) fn unsubscribe(&self, server: &str, uri: &str) {
        if let Some(upstream) = self.catalog.upstreams().get(server) {
            let params = format!("{{\"uri\":{}}}", raw::quote(uri));
            let request = Message::request("\"unsubscribe\"", method::UNSUBSCRIBE, Some(&params));
            Self::request_aside(upstream, request);
        }
    }

    /// Asks a server for the most talkative level that any session wants.
    pub(super) fn renew_level(&self, server: &str) {
        let Some(upstream) = self.catalog.upstreams().get(server) else {
            return;
        };
        let logs = upstream.hello().is_some_and(|hello| hello.offers.logging);
        if let Some(level) = self.wanted_level(server).filter(|_| logs) {
            Self::request_aside(upstream, level.request("\"level\""));
        }
    }
}
