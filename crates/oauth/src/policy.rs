//! What a person decided for one server: the overrides of `oauth` in the settings, in this crate's terms.

use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use crate::address::Nearness;
use crate::assertion::ClientKey;
use crate::client::AuthMethod;
use crate::dpop::ProofKey;
use crate::profile::Offline;
use crate::token::Asked;

/// One server's address and overrides. The defaults are what the specification asks for.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The MCP server's address as written.
    pub mcp_url: String,
    /// Where the browser comes back to; the same bytes in every request.
    pub redirect_uri: String,
    /// The only issuer that is accepted (`oauth.issuer`).
    pub issuer: Option<String>,
    /// The issuer to take when there is a choice (`dynamicRegistration.issuer`).
    pub preferred_issuer: Option<String>,
    /// `Some(vec![])`: send no scope at all.
    pub scopes: Option<Vec<String>>,
    pub resource: ResourceRule,
    pub authorization_endpoint: Option<String>,
    pub token_endpoint: Option<String>,
    pub device_authorization_endpoint: Option<String>,
    pub registration_endpoint: Option<String>,
    pub revocation_endpoint: Option<String>,
    /// Send S256 to servers that do not say that they know it (`oauth.pkce: "assume"`).
    pub assume_pkce: bool,
    pub allow_insecure_token_endpoint: bool,
    /// The server may name addresses in private networks (`allowPrivateNetwork`).
    pub allow_private_network: bool,
    pub audience: Option<String>,
    /// Added to the authorization address as they are; they win over what we would send.
    pub authorization_params: Vec<(String, String)>,
    /// Added to token requests as they are.
    pub token_params: Vec<(String, String)>,
    /// Say the requested scopes again at every refresh: some servers narrow the token otherwise.
    pub repeat_scope_on_refresh: bool,
    /// A known provider's habits are put where nothing else is decided (`oauth.profile`).
    pub profiles: bool,
    /// Whether `offline_access` is asked for; a profile's to say, like the two that follow.
    pub offline: Offline,
    pub lists_few_scopes: bool,
    pub scope_separator: char,
    pub token_auth: Option<AuthMethod>,
    /// How a token is come by.
    pub grant_type: GrantType,
    /// For clients that authenticate with `private_key_jwt`.
    pub key: Option<ClientKey>,
    /// Whether tokens are to be bound to a key (`oauth.dpop`); `None`: where the resource asks for it.
    pub dpop: Option<bool>,
    /// What they are bound to, once that is decided.
    pub proof_key: Option<ProofKey>,
    /// A client that somebody registered by hand.
    pub client: Option<GivenClient>,
    /// Our own client document (`oauth.clientMetadataUrl`), for servers that take an address as client id.
    pub client_metadata_url: Option<String>,
    /// That document was refused as a client: another one is registered instead.
    pub document_refused: bool,
    pub register: Register,
}

/// How a token is come by, and so which endpoints are needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum GrantType {
    /// A person is sent to the authorization server and back.
    #[default]
    AuthorizationCode,
    /// A person types a code there, on any machine (RFC 8628).
    DeviceCode,
    /// The client stands for itself (RFC 6749 section 4.4).
    ClientCredentials,
    /// Somebody else's signed word stands for a person or a workload (RFC 7523 section 2.1).
    JwtBearer,
}

impl GrantType {
    /// Whether a token can be had without a person.
    #[must_use]
    pub fn is_unattended(self) -> bool {
        match self {
            Self::AuthorizationCode | Self::DeviceCode => false,
            Self::ClientCredentials | Self::JwtBearer => true,
        }
    }
}

/// What is sent as `resource`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ResourceRule {
    /// The metadata's word, else the server's address.
    #[default]
    Discovered,
    /// These bytes.
    Fixed(String),
    /// Nothing.
    Omitted,
}

/// A client from the settings.
#[derive(Debug, Clone)]
pub struct GivenClient {
    pub id: String,
    pub secret: Option<SecretString>,
}

/// How to register, where that is needed.
#[derive(Debug, Clone)]
pub struct Register {
    pub allowed: bool,
    /// Merged over our defaults (RFC 7591 section 2).
    pub metadata: Map<String, Value>,
    pub initial_access_token: Option<SecretString>,
}

impl Policy {
    /// The defaults for a server.
    #[must_use]
    pub fn new(mcp_url: impl Into<String>, redirect_uri: impl Into<String>) -> Self {
        Self {
            mcp_url: mcp_url.into(),
            redirect_uri: redirect_uri.into(),
            issuer: None,
            preferred_issuer: None,
            scopes: None,
            resource: ResourceRule::Discovered,
            authorization_endpoint: None,
            token_endpoint: None,
            device_authorization_endpoint: None,
            registration_endpoint: None,
            revocation_endpoint: None,
            assume_pkce: false,
            allow_insecure_token_endpoint: false,
            allow_private_network: false,
            audience: None,
            authorization_params: Vec::new(),
            token_params: Vec::new(),
            repeat_scope_on_refresh: false,
            profiles: true,
            offline: Offline::Listed,
            lists_few_scopes: false,
            scope_separator: ' ',
            token_auth: None,
            grant_type: GrantType::AuthorizationCode,
            key: None,
            dpop: None,
            proof_key: None,
            client: None,
            client_metadata_url: None,
            document_refused: false,
            register: Register {
                allowed: true,
                metadata: Map::new(),
                initial_access_token: None,
            },
        }
    }

    /// Which types of access token will do.
    pub(crate) fn asked(&self) -> Asked {
        match (&self.proof_key, self.dpop) {
            (None, _) => Asked::Bearer,
            (Some(_), Some(true)) => Asked::Bound,
            (Some(_), _) => Asked::Either,
        }
    }

    pub(crate) fn near(&self, mcp: &Url) -> Nearness {
        let of = Nearness::of(mcp);
        if self.allow_private_network {
            of.max(Nearness::Private)
        } else {
            of
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_needed_where_one_is_sent_away_or_types_a_code() {
        for (way, unattended) in [
            (GrantType::AuthorizationCode, false),
            (GrantType::DeviceCode, false),
            (GrantType::ClientCredentials, true),
            (GrantType::JwtBearer, true),
        ] {
            assert_eq!(way.is_unattended(), unattended, "{way:?}");
        }
    }

    #[test]
    fn the_settings_open_the_private_network_and_never_close_in_on_loopback() {
        let mcp = |text: &str| Url::parse(text).unwrap();
        let mut policy = Policy::new("https://mcp.test", "http://localhost:3000/cb");
        assert_eq!(policy.near(&mcp("https://mcp.test")), Nearness::Public);
        policy.allow_private_network = true;
        assert_eq!(policy.near(&mcp("https://mcp.test")), Nearness::Private);
        assert_eq!(policy.near(&mcp("http://127.0.0.1")), Nearness::Loopback);
    }
}
