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
    ];
    let [revision, capabilities, log_level] = raw::fields(meta, keys)?;
    Ok(Said {
        revision: revision
            .and_then(raw::string)
            .ok_or(missing(key::PROTOCOL_VERSION))?,
        capabilities: capabilities
            .filter(|capabilities| raw::is_object(capabilities))
            .ok_or(missing(key::CLIENT_CAPABILITIES))?,
        log_level: log_level.and_then(raw::string),
    })
}

/// The params of a request without what only the stateless revision has, for a server that shakes hands; everything else stays.
pub fn without_sender(params: &str) -> Result<String, Unreadable> {
    let ours = [
        key::PROTOCOL_VERSION,
        key::CLIENT_INFO,
        key::CLIENT_CAPABILITIES,
        key::LOG_LEVEL,
    ];
    let Some(meta) = raw::field(params, "_meta")?.filter(|meta| raw::is_object(meta)) else {
        return Ok(params.to_owned());
    };
    let entries = raw::entries(meta).unwrap_or_default();
    let kept: Vec<String> = entries
        .iter()
        .filter(|(key, _)| !ours.contains(&key.as_str()))
        .map(|(key, value)| format!("{}:{value}", raw::quote(key)))
        .collect();
    raw::set(params, "_meta", &format!("{{{}}}", kept.join(",")))
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

    #[test]
    fn a_server_that_shakes_hands_reads_nothing_of_the_sender() {
        let params = r#"{"name":"x","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","progressToken":7,"io.modelcontextprotocol/logLevel":"info","own":1e3}}"#;
        assert_eq!(
            without_sender(params).unwrap(),
            r#"{"name":"x","_meta":{"progressToken":7,"own":1e3}}"#
        );
        assert_eq!(without_sender(r#"{"a":1}"#).unwrap(), r#"{"a":1}"#);
    }
}
