//! What the server tells by itself: on its own stream where hands were shaken, and else on those that were asked for.

use rmcp::RoleServer;
use rmcp::model::*;
use rmcp::service::{Peer, RequestContext, SubscriptionContext, SubscriptionSink};
use serde_json::json;

use super::{Shared, Up, Way};

/// Who hears it.
#[derive(Default)]
pub(crate) struct Hearers {
    /// The session, where there is one.
    pub(super) peer: Option<Peer<RoleServer>>,
    listening: Vec<SubscriptionSink>,
}

impl Shared {
    fn hearers(&self) -> (Option<Peer<RoleServer>>, Vec<SubscriptionSink>) {
        let hearers = self.hearers.lock().expect("hearers");
        (hearers.peer.clone(), hearers.listening.clone())
    }

    /// Tells that its tools changed.
    pub(crate) async fn tells_of_tools(&self) {
        let (peer, listening) = self.hearers();
        if let Some(peer) = &peer {
            peer.notify_tool_list_changed().await.expect("told");
        }
        for sink in listening {
            sink.notify_tool_list_changed().await.expect("told");
        }
    }
}

impl Up {
    /// A request that stays open until the client has enough.
    pub(super) async fn serve_listener(&self, context: &SubscriptionContext) {
        let sink = context.sink().clone();
        let id = sink.id().clone();
        let watched = sink.accepted().resource_subscriptions.clone();
        let listening = |hearers: &mut Hearers| hearers.listening.push(sink);
        listening(&mut self.shared.hearers.lock().expect("hearers"));
        self.shared
            .hear(format!("listen {}", watched.unwrap_or_default().join(" ")));
        context.cancelled().await;
        let mut hearers = self.shared.hearers.lock().expect("hearers");
        hearers.listening.retain(|sink| *sink.id() != id);
    }

    /// Tells that its resource changed; without a handshake only those who listen for it.
    pub(super) async fn touch(&self, peer: &Peer<RoleServer>) {
        let uri = "test://text";
        let (_, listening) = self.shared.hearers();
        match self.way {
            Way::Handshake => {
                let updated = ResourceUpdatedNotificationParam::new(uri);
                peer.notify_resource_updated(updated).await.expect("told");
            }
            Way::Stateless => {
                for sink in listening {
                    sink.notify_resource_updated(uri).await.expect("told");
                }
            }
        }
    }

    /// Logs two lines; without a handshake those that the caller asked for with its request.
    pub(super) async fn log(&self, context: &RequestContext<RoleServer>) {
        let wanted = context.meta.log_level();
        let rank = |level: LoggingLevel| level as u8;
        for level in [LoggingLevel::Debug, LoggingLevel::Error] {
            let heard = match self.way {
                Way::Handshake => true,
                Way::Stateless => wanted.is_some_and(|wanted| rank(level) >= rank(wanted)),
            };
            if heard {
                let message = LoggingMessageNotificationParam::new(level, json!("a line"));
                let told = context.peer.notify_logging_message(message).await;
                told.expect("told");
            }
        }
    }
}
