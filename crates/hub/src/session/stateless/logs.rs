//! Logs of a server that shakes hands, for a request that asks for them itself.
//!
//! MCP 2026-07-28, server utilities, "Logging". Such a server is told the level once for all its clients, and may log on a stream that
//! belongs to no request; while the request is under way, what it logs there is told to it as to a session.

use std::sync::Arc;

use mcp::message::Message;
use mcp::method;

use crate::session::level::Level;
use crate::session::{Exchange, Listening, Session, Sessions, Shared};
use crate::upstream::Upstream;

/// What is logged while one request is under way.
pub(super) struct Logs {
    shared: Arc<Shared>,
    session: Arc<Session>,
    listening: Listening,
}

impl Sessions {
    /// Begins to listen where the request wants logs and its server has to be told so.
    // rule: mcp-logging-bridge -- the level of a request becomes that of its server, when it is more talkative than what was asked for before.
    pub(super) async fn logs_of(&self, session: &Arc<Session>, request: &Message) -> Option<Logs> {
        let level = session.level.wanted()?;
        let scope = session.scope.load_full();
        let (upstream, _) = self.shared.owner(&scope, request.clone()).ok()?;
        let hello = upstream.hello()?;
        if !hello.revision.has_handshake() || !hello.offers.logging {
            return None;
        }
        let listening = session.listen()?;
        let live = &self.shared.live;
        live.insert(session.id.clone(), Arc::clone(session));
        let logs = Logs {
            shared: Arc::clone(&self.shared),
            session: Arc::clone(session),
            listening,
        };
        self.shared.raise_level(&upstream, level).await;
        Some(logs)
    }
}

impl Shared {
    async fn raise_level(&self, upstream: &Upstream, level: Level) {
        let asked = self.levels.get(upstream.key()).map(|asked| *asked);
        if asked.is_some_and(|asked| asked <= level) {
            return;
        }
        self.levels.insert(upstream.key().into(), level);
        let wanted = self.wanted_level(upstream.key()).unwrap_or(level);
        let mut call = upstream.call(wanted.request("\"level\""));
        while let Some(received) = call.next().await {
            if let Err(error) = received {
                tracing::debug!(server = upstream.name(), %error, "a level was not taken");
            }
        }
    }
}

impl Logs {
    /// The next message for the request, or the next log line.
    pub(super) async fn or(&mut self, exchange: &mut Exchange) -> Option<Message> {
        loop {
            tokio::select! {
                // What was logged before the response comes before it.
                biased;
                Some((_, told)) = self.listening.next() => {
                    if told.method() == Some(method::LOG) {
                        return Some(Message::clone(&told));
                    }
                }
                message = exchange.next() => return message,
            }
        }
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        // The request itself may go on: it waits for its client.
        self.shared.live.remove(&self.session.id);
        self.session.outbox.close();
    }
}
