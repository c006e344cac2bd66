//! From a 401 to an authorization server: where to look, in which order, and when to stop.
//!
//! MCP authorization "Authorization Server Discovery", RFC 9728 section 3, RFC 8414 section 3, OpenID
//! Connect Discovery section 4, and the 2025-03-26 revision's default paths. Signed metadata is left out.

mod endpoints;
mod known;
mod resource;
mod server;

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};
use url::Url;

use crate::address::{AddressError, Endpoint};
use crate::challenge::Challenge;
use crate::metadata::{self, NoDocument};
use crate::policy::Policy;
use crate::scope::{self, Said};
use crate::step::{Note, Procedure, Request, Response, Stage, Step, Unanswered};

pub use known::{Document, Known, Used};

/// The search, somewhere on its way.
#[derive(Debug)]
pub struct Discovery {
    journey: Journey,
    search: Search,
}

/// What the search found; every address in it passed its checks.
#[derive(Debug, Clone)]
pub struct Discovered {
    pub server: Server,
    /// What goes out as `resource`, byte for byte; `None`: nothing.
    pub resource: Option<String>,
    /// What is asked for; empty: no `scope` parameter.
    pub scopes: Vec<String>,
    /// `offline_access` was added for an OpenID provider, which gives a refresh token only with `prompt=consent`.
    pub consent: bool,
    /// Its tokens are to be bound to a key.
    pub dpop: bool,
    /// The metadata that it comes from, in the issuer's own words; to be given to the next search while it is fresh.
    pub document: Option<Document>,
    pub notes: Vec<Note>,
}

/// An authorization server that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Authentic: what the metadata was asked for by. `None` only for endpoints from the settings.
    pub issuer: Option<String>,
    /// Absent where no person is sent away.
    pub authorization_endpoint: Option<Endpoint>,
    pub token_endpoint: Endpoint,
    /// RFC 8628.
    pub device_authorization_endpoint: Option<Endpoint>,
    pub registration_endpoint: Option<Endpoint>,
    pub revocation_endpoint: Option<Endpoint>,
    /// RFC 9207: the callback will carry `iss`.
    pub iss_promised: bool,
    /// `token_endpoint_auth_methods_supported`, if it says so.
    pub auth_methods: Option<Vec<String>>,
    /// `token_endpoint_auth_signing_alg_values_supported`, if it says so.
    pub auth_signing_algs: Option<Vec<String>>,
    /// `grant_types_supported`, if it says so.
    pub grant_types: Option<Vec<String>>,
    /// Takes an address as client id.
    pub client_metadata_documents: bool,
    pub source: Source,
}

/// Where the endpoints come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Metadata,
    /// The default paths at the MCP server's origin, as before protected resource metadata.
    Legacy,
    Settings,
}

impl Server {
    /// What registrations and grants are bound to.
    #[must_use]
    pub fn identity(&self) -> String {
        match &self.issuer {
            Some(issuer) => issuer.clone(),
            None => crate::address::origin(self.token_endpoint.url()),
        }
    }
}

/// An answer from which nothing is concluded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    #[error("{0}")]
    NoAnswer(Unanswered),
    /// Of somebody who is in trouble.
    #[error("status {0}")]
    Status(u16),
}

/// Why there is no authorization server to use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    #[error("the server's address {0:?} is not an http or https address")]
    McpAddress(String),
    #[error("timeout: {asked} did not answer in time")]
    TimedOut { asked: String },
    /// Asked, but the answer is not known yet: try later.
    #[error("not known yet: {asked} gave no usable answer ({why})")]
    NotYetKnown { asked: String, why: Unclear },
    #[error(
        "the metadata speaks of the resource {found:?}, not of {mcp_url:?}; if that is meant, set oauth.resource to {found:?}"
    )]
    ResourceMismatch { mcp_url: String, found: String },
    #[error(
        "the metadata at {document} does not name its resource; set oauth.resource to accept it"
    )]
    ResourceMissing { document: String },
    #[error("the metadata at {document} names no authorization server")]
    NoAuthorizationServer { document: String },
    #[error("the metadata names an authorization server that cannot be used")]
    UnusableServer(#[source] AddressError),
    #[error(
        "no usable metadata of the authorization server {issuer:?}; set oauth.authorizationEndpoint and oauth.tokenEndpoint to do without"
    )]
    NoServerMetadata { issuer: String },
    #[error(
        "the metadata of {asked:?} names the issuer {found:?}; if that is meant, set oauth.issuer to {found:?}"
    )]
    IssuerMismatch { asked: String, found: String },
    #[error(
        "the metadata of {asked:?} names no issuer; set oauth.issuer to {asked:?} to accept it"
    )]
    IssuerMissing { asked: String },
    #[error("the settings accept the issuer {accepted:?} only, and the server uses {found:?}")]
    OtherIssuer { accepted: String, found: String },
    #[error(
        "the metadata comes from {by:?}, not from the issuer itself, and moves the token endpoint from {before:?} to {found:?}; if that is meant, set oauth.tokenEndpoint to {found:?}"
    )]
    TokenEndpointMoved {
        by: String,
        before: String,
        found: String,
    },
    #[error(
        "the metadata comes from {by:?}, not from the issuer {issuer:?} itself, and would have a secret of the settings sent to {found:?}; if that is meant, set {setting} to {found:?}"
    )]
    SecretElsewhere {
        by: String,
        issuer: String,
        found: String,
        setting: &'static str,
    },
    #[error("the document at {document} is ambiguous: {why}")]
    Ambiguous { document: String, why: String },
    #[error(
        "{issuer:?} offers PKCE methods {offered:?}, not S256; set oauth.pkce to \"assume\" to send S256 all the same"
    )]
    PkceNotOffered {
        issuer: String,
        offered: Option<Vec<String>>,
    },
    #[error(transparent)]
    Address(#[from] AddressError),
}

impl DiscoveryError {
    /// Whether time alone may cure it.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::NotYetKnown { .. } | Self::TimedOut { .. })
    }
}

/// What both searches carry along.
#[derive(Debug)]
struct Journey {
    /// As it was given; `policy` is settled for the issuer, as soon as that is known.
    given: Arc<Policy>,
    policy: Arc<Policy>,
    mcp: Url,
    challenge: Challenge,
    known: Known,
    /// The resource's own metadata, as far as it matters later.
    resource: Option<String>,
    resource_scopes: Option<Vec<String>>,
    resource_dpop: bool,
    /// `dpop_signing_alg_values_supported` of the authorization server, if it says so.
    dpop_algs: Option<Vec<String>>,
    notes: Vec<Note>,
    /// Addresses that gave no answer which decides anything.
    unknown: Vec<(String, Doubt)>,
    /// Why the first of several authorization servers could not be used.
    passed_over: Option<DiscoveryError>,
    document: Option<Document>,
}

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one lives at a time, and is moved a few times"
)]
enum Search {
    Resource(resource::Search),
    Server(server::Search),
}

impl Discovery {
    /// Starts at the server's address with the challenge of its 401, if there was one, and what else is known.
    pub fn start(
        policy: Arc<Policy>,
        known: impl Into<Known>,
    ) -> Result<Step<Self>, DiscoveryError> {
        let mut known = known.into();
        let mcp = Url::parse(&policy.mcp_url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| DiscoveryError::McpAddress(policy.mcp_url.clone()))?;
        let mut journey = Journey {
            given: policy.clone(),
            policy,
            mcp,
            challenge: known.challenge.take().unwrap_or_default(),
            known,
            resource: None,
            resource_scopes: None,
            resource_dpop: false,
            dpop_algs: None,
            notes: Vec::new(),
            unknown: Vec::new(),
            passed_over: None,
            document: None,
        };
        // Endpoints from the settings need no discovery request at all.
        if let Some(server) = endpoints::from_settings(&journey.policy, &journey.mcp)? {
            journey.settle(server.issuer.as_deref());
            return Ok(Step::Done(journey.finish(server, None, false)));
        }
        resource::Search::start(journey)
    }
}

impl Procedure for Discovery {
    type Output = Discovered;
    type Error = DiscoveryError;

    fn receive(self, answer: Result<Response, Unanswered>) -> Result<Step<Self>, DiscoveryError> {
        match self.search {
            Search::Resource(search) => search.receive(self.journey, answer),
            Search::Server(search) => search.receive(self.journey, answer),
        }
    }

    fn stage(&self) -> Stage {
        Stage::Discovery
    }
}

impl Journey {
    fn send(
        self,
        address: &Endpoint,
        because: impl Into<Cow<'static, str>>,
        search: Search,
    ) -> Step<Discovery> {
        Step::Send {
            request: get(address),
            because: because.into(),
            then: Discovery {
                journey: self,
                search,
            },
        }
    }

    fn note(&mut self, rule: &'static str, text: impl Into<String>) {
        self.notes.push(Note::new(rule, text));
    }

    /// Once the issuer is known, so are its provider's habits.
    fn settle(&mut self, issuer: Option<&str>) {
        if let Some(profile) = self.given.profile(issuer) {
            self.notes.extend(profile.lines(&self.given));
        }
        self.policy = Arc::new(self.given.settled(issuer));
    }

    /// The issuer's own words, before anything is built on them.
    fn heard(&mut self, issuer: &str, document: &Map<String, Value>) {
        self.settle(Some(issuer));
        self.dpop_algs = metadata::texts(document, "dpop_signing_alg_values_supported");
    }

    // The settings' word, else the resource's in its challenge or its metadata, where the authorization server does not
    // list other algorithms alone.
    // rule: rfc9449-5.1, rfc9728-2
    fn dpop(&self) -> bool {
        let asked = self.challenge.dpop || self.resource_dpop;
        let signs = |all: &Vec<String>| all.iter().any(|one| one == crate::dpop::ALGORITHM);
        let can = self.dpop_algs.as_ref().is_none_or(signs);
        self.policy.dpop.unwrap_or(asked && can)
    }

    /// The first thing that is not known, as an error.
    fn not_yet_known(&self) -> Option<DiscoveryError> {
        let (asked, doubt) = self.unknown.first()?.clone();
        Some(match doubt {
            Doubt::Silent => DiscoveryError::TimedOut { asked },
            Doubt::Said(why) => DiscoveryError::NotYetKnown { asked, why },
        })
    }

    fn finish(
        self,
        server: Server,
        server_scopes: Option<Vec<String>>,
        openid: bool,
    ) -> Discovered {
        use crate::policy::ResourceRule;
        let dpop = self.dpop();
        let chosen = scope::choose(&Said {
            settings: self.policy.scopes.as_deref(),
            challenge: self.challenge.scopes.as_deref(),
            resource: self.resource_scopes.as_deref(),
            server: server_scopes.as_deref(),
            lists_few: self.policy.lists_few_scopes,
            offline: self.policy.offline,
        });
        // The settings' word, else the metadata's, else the server's address; never through a URL type.
        // rule: rfc8707-2, at-38
        let resource = match &self.policy.resource {
            ResourceRule::Omitted => None,
            ResourceRule::Fixed(text) => Some(text.clone()),
            ResourceRule::Discovered => Some(match self.resource {
                Some(resource) => resource,
                None => crate::address::canonical_resource(&self.policy.mcp_url),
            }),
        };
        let openid = openid || server_scopes.is_some_and(|all| all.iter().any(|s| s == "openid"));
        let mut notes = self.notes;
        notes.extend(chosen.notes);
        Discovered {
            server,
            resource,
            scopes: chosen.scopes,
            dpop,
            consent: chosen.offline && openid,
            document: self.document,
            notes,
        }
    }
}

/// What one answer means for a search.
enum Found {
    Document(Map<String, Value>),
    /// Nothing there; look at the next place.
    Miss,
    /// Something is there, but it cannot say now.
    Unknown(Doubt),
}

/// Why it cannot be said what is at an address.
#[derive(Debug, Clone)]
enum Doubt {
    /// Nobody answered in the time that there was.
    Silent,
    Said(Unclear),
}

fn read(
    document: &Endpoint,
    answer: Result<Response, Unanswered>,
) -> Result<Found, DiscoveryError> {
    let response = match answer {
        Ok(response) => response,
        Err(Unanswered::TooLarge) => return Ok(Found::Miss),
        Err(Unanswered::Timeout) => return Ok(Found::Unknown(Doubt::Silent)),
        Err(error @ (Unanswered::Network(_) | Unanswered::Refused(_))) => {
            return Ok(Found::Unknown(Doubt::Said(Unclear::NoAnswer(error))));
        }
    };
    let status = response.status();
    // A 4xx says that nothing is there. A server in trouble says nothing, so nothing is concluded from it.
    // rule: mcp-auth-discovery-unknown, at-22, at-23, safe-d10
    if status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429) {
        let why = Unclear::Status(status.as_u16());
        return Ok(Found::Unknown(Doubt::Said(why)));
    }
    if !status.is_success() {
        return Ok(Found::Miss);
    }
    match metadata::object(response.body()) {
        Ok(map) => Ok(Found::Document(map)),
        Err(NoDocument::NotJson | NoDocument::NotAnObject) => Ok(Found::Miss),
        Err(why @ NoDocument::Twice(_)) => Err(DiscoveryError::Ambiguous {
            document: document.to_string(),
            why: why.to_string(),
        }),
    }
}

fn get(address: &Endpoint) -> Request {
    crate::wire::get(address)
}

#[cfg(test)]
mod tests;
