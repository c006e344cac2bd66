//! On whose behalf a request goes to a server that shakes no hands: such a server hears with every request who sends it, what the
//! sender can answer, and which logs it wants.
//!
//! MCP 2026-07-28, basic, "`_meta`", and server utilities, "Logging". The hub names itself; what it can do is what its caller can do.

use std::sync::Arc;

use http::HeaderMap;
use mcp::{
    bridge::{self, Sender},
    header,
    message::Message,
    method,
    mirror::{self, Mirror},
    raw::{self, Unreadable},
    revision::Revision,
    task,
};

use super::outgoing::Outgoing;

/// What the one for whom a request is sent can do and wants to hear.
#[derive(Debug, Clone)]
pub struct Behalf {
    /// Capabilities as JSON text, in the words of the stateless revision.
    pub capabilities: Arc<str>,
    /// The level from which on logs are wanted; none: no logs.
    pub log_level: Option<&'static str>,
    /// It speaks the stateless revision itself: what such a server answers is for it as it stands, and goes on with its next request.
    pub stateless: bool,
}

/// All that the hub can pass on to clients: their model, their forms, their folders.
pub(super) const PASSED_ON: &str =
    r#"{"sampling":{},"elicitation":{"form":{},"url":{}},"roots":{}}"#;

/// Name and version of the hub.
pub(crate) const IMPLEMENTATION: &str = concat!(
    r#"{"name":"mcphub","title":"MCPHub","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""}"#
);

impl Behalf {
    /// The hub's own requests: lists are for every client there may be.
    pub(super) fn hub() -> Self {
        Self {
            capabilities: PASSED_ON.into(),
            log_level: None,
            stateless: false,
        }
    }

    /// The same, for news of tasks that clients were given.
    pub(super) fn hub_with_tasks() -> Self {
        let extensions = format!("{{\"{}\":{{}}}}", task::EXTENSION);
        let with = raw::set(PASSED_ON, "extensions", &extensions);
        Self {
            capabilities: with.map_or_else(|_| PASSED_ON.into(), Into::into),
            ..Self::hub()
        }
    }

    /// A request as a server of the stateless revision wants it. `mirrors`: the marked parameters of the tool that it calls.
    // rule: mcp-transport-version-header-every -- over HTTP the revision in the header is the one in the body.
    pub(super) fn dress(
        &self,
        request: Message,
        revision: Revision,
        mirrors: &[Mirror],
    ) -> Result<Outgoing, Unreadable> {
        let sender = Sender {
            revision,
            implementation: IMPLEMENTATION,
            capabilities: &self.capabilities,
            log_level: self.log_level,
        };
        let params = bridge::with_sender(request.params(), &sender)?;
        let method = request.method().unwrap_or_default();
        let mut headers: HeaderMap = mirror::standard(method, &params).into_iter().collect();
        headers.insert(
            header::PROTOCOL_VERSION,
            http::HeaderValue::from_static(revision.as_str()),
        );
        if method == method::TOOLS_CALL && !mirrors.is_empty() {
            let arguments = raw::field(&params, "arguments")?.unwrap_or("{}");
            headers.extend(mirrors.iter().filter_map(|mirror| mirror.header(arguments)));
        }
        Ok(Outgoing::with_headers(
            request.with_params(&params),
            headers,
        ))
    }
}
