//! Tells a server when a request is given up before its response.
//!
//! MCP utilities, "Cancellation".

use std::sync::Weak;

use mcp::{message::Message, method};

use super::{Shared, link::Link};

/// Cancels its request when it is dropped, unless it was disarmed.
// rule: mcp-cancellation -- a sender that gives a request up says so with its id.
pub(super) struct Cancel {
    pub(super) link: Link,
    id: u64,
    shared: Weak<Shared>,
    armed: bool,
}

impl Cancel {
    pub(super) fn new(link: Link, id: u64, shared: Weak<Shared>) -> Self {
        Self {
            link,
            id,
            shared,
            armed: true,
        }
    }

    pub(super) fn disarm(&mut self) {
        self.armed = false;
    }
}

impl Drop for Cancel {
    fn drop(&mut self) {
        // rule: mcp-cancellation-by-closing -- without a handshake, closing the stream over HTTP is the cancellation.
        if !self.armed || self.link.ends_with_its_stream() {
            return;
        }
        if let Some(shared) = self.shared.upgrade() {
            let params = format!(
                "{{\"requestId\":{},\"reason\":\"the caller gave up\"}}",
                self.id
            );
            self.link.send_soon(
                Message::notification(method::CANCELLED, Some(&params)),
                &shared.log,
            );
        }
    }
}
