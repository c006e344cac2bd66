//! The switches: every way in which the practice world can differ from a well-behaved one, as one plain value.
//!
//! The default is a strict, well-behaved server. The names in JSON (`POST /lab/switches`, `key=value` flags) are those of
//! the fields in camel case.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::authorization_server::client::AuthMethod;
use crate::choices::{
    Challenge, Consent, Indicators, Iss, McpAnswers, Missing, Pkce, Placement, Redirects,
    RefreshTokens, Registration, ResourceMetadata, Rotation, ServerMetadata, TokenAnswers,
    TokenShape,
};
use crate::trouble::{Endpoint, Trouble};

/// All switches; see each field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Switches {
    /// Who decides at the authorization endpoint.
    pub consent: Consent,
    /// Life of an access token in seconds.
    pub token_life: u64,
    /// Whether the token answer says `expires_in`.
    pub announce_life: bool,
    /// Whether the token answer says `scope`.
    pub announce_scope: bool,
    /// Tokens are bound to a key, and both servers want proofs with a nonce (RFC 9449).
    pub dpop: bool,
    pub token_answers: TokenAnswers,
    pub token_shape: TokenShape,
    pub rotation: Rotation,
    pub refresh_tokens: RefreshTokens,
    /// What happens to the `resource` parameter (RFC 8707).
    pub indicators: Indicators,

    pub registration: Registration,
    /// Status of a successful registration, 201 or 200.
    pub registration_status: u16,
    pub registration_redirects: Redirects,
    /// Life of a client secret in seconds; absent: for ever.
    pub secret_life: Option<u64>,
    /// What the metadata lists and the registration accepts.
    pub auth_methods: Vec<AuthMethod>,
    /// Registers every client with this method, whatever it asked for.
    pub registers_as: Option<AuthMethod>,
    /// Hands a secret to a client that is registered with `none`.
    pub secret_for_public_clients: bool,
    /// A client can take its registration back (RFC 7592 2.3).
    pub registration_management: bool,
    /// A loopback redirect URI matches on any port (RFC 8252 7.3).
    pub loopback_any_port: bool,

    /// Where the authorization server lives.
    pub placement: Placement,
    /// Path of the issuer, as `/tenant1`; empty for a bare origin.
    pub issuer_path: String,
    /// Published as `issuer` in the metadata instead of the true one.
    pub published_issuer: Option<String>,
    pub server_metadata: ServerMetadata,
    /// What a well-known address answers at which nothing is published.
    pub missing: Missing,
    pub pkce: Pkce,
    pub iss: Iss,
    /// Offers device authorization (RFC 8628).
    pub device: bool,
    /// Seconds between two questions of a device.
    pub device_interval: u64,
    /// Life of a device's code in seconds.
    pub device_life: u64,
    /// Offers a revocation endpoint.
    pub revocation: bool,
    /// `scopes_supported` of the authorization server; absent: not said.
    pub server_scopes: Option<Vec<String>>,
    /// Members of its metadata that say something else, or with `null` nothing.
    pub server_members: BTreeMap<String, Value>,

    pub resource_metadata: ResourceMetadata,
    /// Published as `resource` instead of the MCP URL.
    pub published_resource: Option<String>,
    /// Published as `authorization_servers` instead of the issuer.
    pub published_servers: Option<Vec<String>>,
    /// `scopes_supported` of the resource; absent: not said.
    pub resource_scopes: Option<Vec<String>>,
    /// Members of the resource's metadata that say something else, or with `null` nothing.
    pub resource_members: BTreeMap<String, Value>,
    pub challenge: Challenge,
    /// Named in the challenge as the address of the resource's metadata, instead of the true one.
    pub published_pointer: Option<String>,
    /// `scope` in the 401 challenge.
    pub challenge_scope: Option<String>,

    /// Whether the MCP server demands a token at all.
    pub token_required: bool,
    /// `initialize`, its notification and `ping` need no token.
    pub public_initialize: bool,
    /// Refuses every token with 401.
    pub refuse_tokens: bool,
    /// Scope that a tool needs, by its name; without it 403 `insufficient_scope`.
    pub tool_scopes: BTreeMap<String, String>,
    pub mcp_answers: McpAnswers,
    /// Whether GET of the MCP endpoint gives a stream; else 405.
    pub mcp_stream: bool,
    /// Whether the MCP server hands out and demands session ids.
    pub mcp_sessions: bool,

    /// Seconds by which the `Date` of both origins is ahead, or with a minus behind.
    pub date_ahead: i64,
    /// Trouble by endpoint, used up in order.
    pub trouble: BTreeMap<Endpoint, Vec<Trouble>>,
}

impl Default for Switches {
    fn default() -> Self {
        let scopes = vec!["tools:read".to_owned(), "tools:call".to_owned()];
        Self {
            consent: Consent::Page,
            token_life: 3600,
            announce_life: true,
            announce_scope: true,
            dpop: false,
            token_answers: TokenAnswers::Json,
            token_shape: TokenShape::Opaque,
            rotation: Rotation::Strict,
            refresh_tokens: RefreshTokens::AsRegistered,
            indicators: Indicators::Required,
            registration: Registration::Open,
            registration_status: 201,
            registration_redirects: Redirects::Any,
            secret_life: None,
            auth_methods: vec![AuthMethod::Basic, AuthMethod::Post, AuthMethod::None],
            registers_as: None,
            secret_for_public_clients: false,
            registration_management: false,
            loopback_any_port: false,
            placement: Placement::TwoOrigins,
            issuer_path: String::new(),
            published_issuer: None,
            server_metadata: ServerMetadata::PathInserted,
            missing: Missing::NotFound,
            pkce: Pkce::S256,
            iss: Iss::Promised,
            device: false,
            device_interval: 5,
            device_life: 600,
            revocation: true,
            server_scopes: Some(scopes.clone()),
            server_members: BTreeMap::new(),
            resource_metadata: ResourceMetadata::Path,
            published_resource: None,
            published_servers: None,
            resource_scopes: Some(scopes),
            resource_members: BTreeMap::new(),
            challenge: Challenge::Full,
            published_pointer: None,
            challenge_scope: None,
            token_required: true,
            public_initialize: false,
            refuse_tokens: false,
            tool_scopes: BTreeMap::new(),
            mcp_answers: McpAnswers::Json,
            mcp_stream: true,
            mcp_sessions: true,
            date_ahead: 0,
            trouble: BTreeMap::new(),
        }
    }
}

/// A switch that does not exist, or a value that it cannot have.
#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    #[error("`{0}` is not of the form key=value")]
    NotAPair(String),
    #[error("{0}")]
    Value(#[from] serde_json::Error),
}

impl Switches {
    /// Defaults, changed by `key=value` pairs; a value is JSON, or else taken as text.
    ///
    /// # Errors
    /// Names the pair or the switch that makes no sense.
    pub fn from_pairs<S: AsRef<str>>(
        pairs: impl IntoIterator<Item = S>,
    ) -> Result<Self, SwitchError> {
        let mut switches = Self::default();
        for pair in pairs {
            let pair = pair.as_ref();
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| SwitchError::NotAPair(pair.to_owned()))?;
            let value = serde_json::from_str(value)
                .unwrap_or_else(|_not_json| Value::String(value.to_owned()));
            switches = switches.merged(&serde_json::json!({ key: value }))?;
        }
        Ok(switches)
    }

    /// These switches with the keys of `patch` replaced; nested objects are merged, `null` restores an absent value.
    ///
    /// # Errors
    /// Names the key or the value that makes no sense; nothing is changed then.
    pub fn merged(&self, patch: &Value) -> Result<Self, SwitchError> {
        let mut whole = serde_json::to_value(self)?;
        merge(&mut whole, patch);
        Ok(serde_json::from_value(whole)?)
    }

    /// Orders trouble at an endpoint, after what is already ordered there.
    pub fn order(&mut self, endpoint: Endpoint, trouble: Trouble) {
        self.trouble.entry(endpoint).or_default().push(trouble);
    }

    /// Ends all trouble at an endpoint.
    pub fn calm(&mut self, endpoint: Endpoint) {
        self.trouble.remove(&endpoint);
    }
}

fn merge(whole: &mut Value, patch: &Value) {
    match (whole, patch) {
        (Value::Object(whole), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(whole.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (whole, patch) => *whole = patch.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trouble::Fault;

    #[test]
    fn pairs_are_json_or_text() {
        let read =
            Switches::from_pairs(["tokenLife=5", "rotation=lenient", "mcpAnswers=sse"]).unwrap();
        assert_eq!(read.token_life, 5);
        assert_eq!(read.rotation, Rotation::Lenient);
        assert_eq!(read.mcp_answers, McpAnswers::Sse);
    }

    #[test]
    fn an_unknown_switch_is_named() {
        let error = Switches::from_pairs(["tokenlife=5"]).unwrap_err();
        assert!(error.to_string().contains("tokenlife"), "{error}");
    }

    #[test]
    fn a_merge_leaves_the_other_switches_alone() {
        let before = Switches {
            token_life: 7,
            ..Switches::default()
        };
        let patch = serde_json::json!({"trouble": {"token": [{"fault": "drop", "times": 1}]}, "issuerPath": "/t"});
        let after = before.merged(&patch).unwrap();
        assert_eq!(after.token_life, 7);
        assert_eq!(after.issuer_path, "/t");
        assert_eq!(
            after.trouble[&Endpoint::Token],
            [Trouble::once(Fault::Drop)]
        );
    }

    #[test]
    fn the_guide_names_every_switch_and_every_fault() {
        let guide = include_str!("../../docs/guide/practice-world.md");
        let switches = serde_json::to_value(Switches::default()).unwrap();
        for name in switches.as_object().unwrap().keys() {
            assert!(guide.contains(&format!("`{name}`")), "{name}");
        }
        let faults = [
            Fault::Pass,
            Fault::status(500),
            Fault::oauth("x"),
            Fault::Html,
            Fault::Large,
            Fault::Redirect { to: String::new() },
            Fault::Slow { milliseconds: 1 },
            Fault::Hang,
            Fault::Drop,
            Fault::Lose,
        ];
        for fault in faults {
            let name = serde_json::to_value(&fault).unwrap()["fault"].to_string();
            assert!(
                guide.contains(&format!("`{}`", name.trim_matches('"'))),
                "{name}"
            );
        }
    }
}
