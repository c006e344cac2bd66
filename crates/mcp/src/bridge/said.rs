//! What a stateless request says of its sender, read by a server.
//!
//! MCP 2026-07-28, basic, "`_meta`".

use std::borrow::Cow;

use super::key;
use crate::raw::{self, Unreadable};

/// What a request says of its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said<'a> {
    pub revision: Cow<'a, str>,
    /// JSON text, an object.
    pub capabilities: &'a str,
    pub log_level: Option<Cow<'a, str>>,
    /// Name and version of its program, as JSON text.
    pub client: Option<&'a str>,
}

/// Why a request does not say enough of its sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsaid {
    #[error("params._meta must be an object that has \"{0}\"")]
    Missing(&'static str),
    #[error("params._meta cannot be read: {0}")]
    Unreadable(#[from] Unreadable),
}

/// Reads the `_meta` of a request.
// rule: mcp-meta-required -- a request without its revision or its sender's capabilities is malformed; the sender's name may be missing.
pub fn said(params: Option<&str>) -> Result<Said<'_>, Unsaid> {
    let missing = Unsaid::Missing;
    let params = params.filter(|params| raw::is_object(params));
    let meta = params
        .map(|params| raw::field(params, "_meta"))
        .transpose()?;
    let meta = meta.flatten().filter(|meta| raw::is_object(meta));
    let meta = meta.ok_or(missing(key::PROTOCOL_VERSION))?;
    let keys = [
        key::PROTOCOL_VERSION,
        key::CLIENT_CAPABILITIES,
        key::LOG_LEVEL,
        key::CLIENT_INFO,
    ];
    let [revision, capabilities, log_level, client] = raw::fields(meta, keys)?;
    Ok(Said {
        revision: revision
            .and_then(raw::string)
            .ok_or(missing(key::PROTOCOL_VERSION))?,
        capabilities: capabilities
            .filter(|capabilities| raw::is_object(capabilities))
            .ok_or(missing(key::CLIENT_CAPABILITIES))?,
        log_level: log_level.and_then(raw::string),
        client: client.filter(|client| raw::is_object(client)),
    })
}

/// The params of a request without what only the stateless revision has, for a server that shakes hands; everything else stays.
///
/// What the sender can do stays as well: one connection is shared by many callers, so a server that looks for it there learns more of
/// this caller than it was told in the handshake, and every other server passes over what it does not know.
// rule: mcp-callers-capabilities -- what a server may ask goes by what this caller can answer.
pub fn without_sender(params: &str) -> Result<String, Unreadable> {
    let ours = [key::PROTOCOL_VERSION, key::CLIENT_INFO, key::LOG_LEVEL];
    let Some(meta) = raw::field(params, "_meta")?.filter(|meta| raw::is_object(meta)) else {
        return Ok(params.to_owned());
    };
    raw::set(params, "_meta", &raw::without(meta, &ours)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    // rule: mcp-meta-required
    #[test]
    fn a_request_says_its_revision_and_its_senders_capabilities() {
        let version = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28""#;
        let can = r#""io.modelcontextprotocol/clientCapabilities":{"roots":{}}"#;
        let params = format!("{{\"_meta\":{{{version},{can}}}}}");
        let read = said(Some(&params)).unwrap();
        assert_eq!(
            (&*read.revision, read.capabilities),
            ("2026-07-28", "{\"roots\":{}}")
        );
        for short in [
            format!("{{\"_meta\":{{{version}}}}}"),
            format!("{{\"_meta\":{{{can}}}}}"),
            "{}".into(),
            "[]".into(),
        ] {
            assert!(
                matches!(said(Some(&short)), Err(Unsaid::Missing(_))),
                "{short}"
            );
        }
        assert!(said(None).is_err());
    }

    // rule: mcp-callers-capabilities
    #[test]
    fn a_server_that_shakes_hands_reads_of_the_sender_what_it_can_do() {
        let params = r#"{"name":"x","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","progressToken":7,"io.modelcontextprotocol/logLevel":"info","io.modelcontextprotocol/clientCapabilities":{"roots":{}},"own":1e3}}"#;
        assert_eq!(
            without_sender(params).unwrap(),
            r#"{"name":"x","_meta":{"progressToken":7,"io.modelcontextprotocol/clientCapabilities":{"roots":{}},"own":1e3}}"#
        );
        assert_eq!(without_sender(r#"{"a":1}"#).unwrap(), r#"{"a":1}"#);
    }
}
