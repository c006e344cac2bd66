//! The first half of discovery: the protected resource's metadata (RFC 9728 sections 3 and 5).

use std::collections::VecDeque;

use serde_json::{Map, Value};

use super::server::{self, Issuer};
use super::{Discovery, DiscoveryError, Found, Journey};
use crate::address::{self, Endpoint, Purpose};
use crate::metadata;
use crate::policy::ResourceRule;
use crate::step::{Response, Step, Unanswered};

/// How many addresses a challenge may name.
const POINTERS: usize = 4;
/// How many authorization servers of a document are looked at.
const SERVERS: usize = 5;

#[derive(Debug)]
pub(super) struct Search {
    asked: Endpoint,
    left: VecDeque<Endpoint>,
    /// A document that speaks of a resource, but of no authorization server.
    barren: Option<String>,
}

impl Search {
    // The address in the challenge when there is one; else the well-known address with the server's path,
    // else the one at the root.
    // rule: mcp-auth-discovery-order
    pub(super) fn start(mut journey: Journey) -> Result<Step<Discovery>, DiscoveryError> {
        let mut left = VecDeque::new();
        for pointer in std::mem::take(&mut journey.challenge.resource_metadata)
            .iter()
            .take(POINTERS)
        {
            match pointed(&journey, pointer) {
                Ok(endpoint) => push(&mut left, endpoint),
                Err(why) => journey.note(
                    "rfc9728-5.1",
                    format!("the challenge's pointer is not followed: {why}"),
                ),
            }
        }
        let origin = address::origin(&journey.mcp);
        let path = journey.mcp.path().trim_end_matches('/').to_owned();
        for place in [path.as_str(), ""] {
            let text = format!("{origin}/.well-known/oauth-protected-resource{place}");
            push(&mut left, check(&journey, &text)?);
        }
        Self::ask(journey, left, None)
    }

    fn ask(
        journey: Journey,
        mut left: VecDeque<Endpoint>,
        barren: Option<String>,
    ) -> Result<Step<Discovery>, DiscoveryError> {
        match left.pop_front() {
            Some(next) => {
                let search = Self {
                    asked: next.clone(),
                    left,
                    barren,
                };
                let because = "looking for the metadata of the protected resource";
                Ok(journey.send(&next, because, super::Search::Resource(search)))
            }
            None => nowhere(journey, barren),
        }
    }

    pub(super) fn receive(
        self,
        mut journey: Journey,
        answer: Result<Response, Unanswered>,
    ) -> Result<Step<Discovery>, DiscoveryError> {
        let document = match super::read(&self.asked, answer)? {
            Found::Document(document) => document,
            Found::Miss => return Self::ask(journey, self.left, self.barren),
            Found::Unknown(why) => {
                journey.unknown.push((self.asked.to_string(), why));
                return Self::ask(journey, self.left, self.barren);
            }
        };
        let servers = metadata::texts(&document, "authorization_servers").unwrap_or_default();
        if servers.is_empty() {
            let speaks =
                document.contains_key("resource") || document.contains_key("authorization_servers");
            let barren = self
                .barren
                .or_else(|| speaks.then(|| self.asked.to_string()));
            return Self::ask(journey, self.left, barren);
        }
        check_resource(&mut journey, &document, &self.asked)?;
        journey.resource_scopes = metadata::texts(&document, "scopes_supported");
        journey.resource_dpop = metadata::flag(&document, "dpop_bound_access_tokens_required");
        // What was not known before does not matter any more.
        journey.unknown.clear();
        let issuers = usable(&mut journey, servers)?;
        server::Search::start(journey, issuers)
    }
}

// rule: safe-s05
fn pointed(journey: &Journey, pointer: &str) -> Result<Endpoint, address::AddressError> {
    let not_a_url = || address::AddressError::NotAUrl {
        purpose: Purpose::Metadata,
        address: address::shown(pointer),
    };
    if url::Url::parse(pointer).is_ok() {
        return check(journey, pointer);
    }
    // A relative pointer is read from the server's own address.
    let resolved = journey.mcp.join(pointer).map_err(|_| not_a_url())?;
    check(journey, resolved.as_str())
}

fn check(journey: &Journey, text: &str) -> Result<Endpoint, address::AddressError> {
    let near = journey.policy.near(&journey.mcp);
    // Whoever put a plain http server into the settings may be asked about it over plain http.
    let own = journey.mcp.scheme() == "http"
        && url::Url::parse(text).is_ok_and(|url| url.origin() == journey.mcp.origin());
    Endpoint::check(Purpose::Metadata, text, near, own)
}

fn push(left: &mut VecDeque<Endpoint>, endpoint: Endpoint) {
    if !left.contains(&endpoint) {
        left.push_back(endpoint);
    }
}

// The document's `resource` is identical to the resource that was asked about, or a path prefix of it; else
// the document is not used.
// rule: rfc9728-3.3, at-39
fn check_resource(
    journey: &mut Journey,
    document: &Map<String, Value>,
    asked: &Endpoint,
) -> Result<(), DiscoveryError> {
    let accepted = match &journey.policy.resource {
        ResourceRule::Fixed(text) => Some(text.clone()),
        ResourceRule::Discovered | ResourceRule::Omitted => None,
    };
    let Some(found) = metadata::text(document, "resource") else {
        return match accepted {
            Some(_) => Ok(()),
            None => Err(DiscoveryError::ResourceMissing {
                document: asked.to_string(),
            }),
        };
    };
    if address::covers(found, &journey.mcp) {
        journey.resource = Some(found.to_owned());
        return Ok(());
    }
    if accepted.as_deref() == Some(found) {
        let text = format!("the resource {found:?} is accepted because oauth.resource names it");
        journey.note("rfc9728-3.3", text);
        return Ok(());
    }
    // Its query may hold a key, and this is shown.
    let mut mcp_url = address::canonical_resource(&journey.policy.mcp_url);
    mcp_url.truncate(mcp_url.find('?').unwrap_or(mcp_url.len()));
    Err(DiscoveryError::ResourceMismatch {
        mcp_url,
        found: address::shown(found),
    })
}

/// Which of the named servers are looked at: the one that the settings name, else all that can be.
// Choosing among several is the client's business.
// rule: rfc9728-2, safe-d07
fn usable(journey: &mut Journey, servers: Vec<String>) -> Result<VecDeque<Issuer>, DiscoveryError> {
    let listed = |name: &String| {
        let same = |server: &&String| server.trim_end_matches('/') == name.trim_end_matches('/');
        servers.iter().find(same).cloned()
    };
    let policy = journey.policy.clone();
    let named = policy.issuer.as_ref().and_then(listed);
    let preferred = policy.preferred_issuer.as_ref();
    let chosen = named.or_else(|| preferred.and_then(listed));
    // Whoever names the issuer to register at knows better than the document.
    let own = preferred.filter(|_| chosen.is_none() && policy.issuer.is_none());
    if let Some(own) = own {
        let text = format!(
            "dynamicRegistration.issuer names {own:?}; the server's own metadata names {servers:?}"
        );
        journey.note("rfc9728-2", text);
    }
    let candidates = match chosen.or_else(|| own.cloned()) {
        Some(issuer) => vec![issuer],
        None => servers.into_iter().take(SERVERS).collect(),
    };
    let mut issuers = VecDeque::new();
    let mut refused = None;
    for candidate in candidates {
        match server::check_issuer(&journey.policy, &journey.mcp, &candidate) {
            Ok(url) => issuers.push_back(Issuer {
                text: candidate,
                url,
                legacy: false,
            }),
            Err(why) => {
                journey.note(
                    "rfc9728-2",
                    format!("an authorization server is passed over: {why}"),
                );
                refused.get_or_insert(why);
            }
        }
    }
    match refused {
        Some(why) if issuers.is_empty() => Err(DiscoveryError::UnusableServer(why)),
        Some(_) | None => Ok(issuers),
    }
}

/// Nobody published resource metadata.
// Only when it is certain that there is none is the older way tried: the MCP server's own origin.
// rule: mcp-auth-legacy-fallback
fn nowhere(
    mut journey: Journey,
    barren: Option<String>,
) -> Result<Step<Discovery>, DiscoveryError> {
    if let Some(error) = journey.not_yet_known() {
        return Err(error);
    }
    if let Some(document) = barren {
        return Err(DiscoveryError::NoAuthorizationServer { document });
    }
    let policy = journey.policy.clone();
    let given = policy
        .issuer
        .clone()
        .or_else(|| policy.preferred_issuer.clone());
    let mut named: Vec<String> = given.into_iter().collect();
    if named.is_empty() {
        let challenged = std::mem::take(&mut journey.challenge.authorization_servers);
        named.extend(
            challenged
                .iter()
                .take(SERVERS)
                .map(|text| server::issuer_of(text)),
        );
    }
    let mut issuers = VecDeque::new();
    for text in named {
        let url = server::check_issuer(&journey.policy, &journey.mcp, &text)
            .map_err(DiscoveryError::UnusableServer)?;
        issuers.push_back(Issuer {
            text,
            url,
            legacy: false,
        });
    }
    if issuers.is_empty() {
        let text = address::origin(&journey.mcp);
        let url = server::check_issuer(&journey.policy, &journey.mcp, &text)
            .map_err(DiscoveryError::UnusableServer)?;
        journey.note(
            "mcp-auth-legacy-fallback",
            "no protected resource metadata; the server's own origin is asked",
        );
        issuers.push_back(Issuer {
            text,
            url,
            legacy: true,
        });
    }
    server::Search::start(journey, issuers)
}
