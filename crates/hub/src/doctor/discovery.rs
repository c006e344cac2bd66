//! The search for the login server, as often as the settings could accept what is wrong.
//!
//! Where to look and when to stop, `oauth::discovery` knows. After an error that a setting cures, the search goes on as if that
//! setting were there; each is supposed once.

use std::mem::discriminant;

use oauth::address::{AddressError, Purpose};
use oauth::discovery::{Known, Source};
use oauth::policy::ResourceRule;
use oauth::{Challenge, Discovered, Discovery, DiscoveryError};
use serde_json::{Map, Value};

use super::line::{Line, Part};
use super::walk::{Heard, Walk};
use super::{challenge, endpoints, fault, metadata};
use crate::cause::{Cause, is_of_login_server};

/// How many settings are supposed; a document cannot have more that one could accept.
const ROUNDS: usize = 6;

pub(super) const RESOURCE: &str = "/.well-known/oauth-protected-resource";

pub(super) async fn examine(
    walk: &mut Walk<'_>,
    challenge: Option<Challenge>,
) -> Option<Discovered> {
    let mut met: Vec<DiscoveryError> = Vec::new();
    let mut found = None;
    for round in 0..ROUNDS {
        let known = Known {
            challenge: challenge.clone(),
            used: walk.plan.used(),
            documents: Vec::new(),
        };
        let first = Discovery::start(walk.policy(), known);
        let searched = walk.drive(first).await;
        if round == 0
            && let Some(challenge) = &challenge
        {
            challenge::pointer(walk, challenge);
        }
        match searched {
            Ok(all) => {
                found = Some(all);
                break;
            }
            Err(error) => {
                let again = met
                    .iter()
                    .any(|one| discriminant(one) == discriminant(&error));
                if again {
                    break;
                }
                let goes_on = suppose(walk, &error);
                met.push(error);
                if !goes_on {
                    break;
                }
            }
        }
    }
    told(walk, challenge.as_ref(), &met, found.as_ref()).await;
    found
}

/// The lines of both documents, with what is wrong at its place.
async fn told(
    walk: &mut Walk<'_>,
    challenge: Option<&Challenge>,
    met: &[DiscoveryError],
    found: Option<&Discovered>,
) {
    let resource = document_of_resource(walk, challenge);
    let server = document_of_server(walk, found);
    let faults: Vec<Line> = met.iter().map(|error| fault::line(walk, error)).collect();
    let (of_resource, of_server): (Vec<_>, Vec<_>) = faults
        .into_iter()
        .partition(|line| line.part == Part::Resource);
    metadata::resource(walk, resource.as_ref(), of_resource.is_empty());
    for line in of_resource {
        walk.say(line.shown_by(resource.as_ref().map(|one| &one.both)));
    }
    if let Some(found) = found
        && found.server.source == Source::Legacy
    {
        walk.say(
            Line::wrong(
                Part::LoginServer,
                Cause::NoMetadata,
                "nothing is published, neither by the server nor at its origin; /authorize, /token and /register there would be a guess",
                "the server's owner has to publish metadata; or set oauth.authorizationEndpoint and oauth.tokenEndpoint",
            ),
        );
    }
    let well = of_server.is_empty();
    for line in of_server {
        walk.say(line.shown_by(server.as_ref().map(|one| &one.both)));
    }
    if let Some(server) = &server {
        metadata::server(walk, server, found.filter(|_| well));
        if well {
            endpoints::examine(walk, server).await;
        }
    }
    for note in found.into_iter().flat_map(|found| &found.notes) {
        // What the doctor only supposed is no note of the settings.
        let supposed = met.iter().any(|error| is_about(error, &note.rule));
        let said_already = note.rule == "rfc9728-5.1" || note.rule == "mcp-auth-legacy-fallback";
        if !supposed && !said_already {
            walk.say(Line::note(Part::LoginServer, "note", note.text.clone()));
        }
    }
}

fn is_about(error: &DiscoveryError, rule: &str) -> bool {
    match error {
        DiscoveryError::ResourceMismatch { .. } | DiscoveryError::ResourceMissing { .. } => {
            rule == "rfc9728-3.3"
        }
        DiscoveryError::IssuerMismatch { .. } | DiscoveryError::IssuerMissing { .. } => {
            matches!(rule, "rfc8414-3.3" | "mcp-auth-server-binding")
        }
        DiscoveryError::PkceNotOffered { .. } => rule == "mcp-auth-pkce-offered",
        DiscoveryError::McpAddress(_)
        | DiscoveryError::TimedOut { .. }
        | DiscoveryError::NotYetKnown { .. }
        | DiscoveryError::NoAuthorizationServer { .. }
        | DiscoveryError::UnusableServer(_)
        | DiscoveryError::NoServerMetadata { .. }
        | DiscoveryError::OtherIssuer { .. }
        | DiscoveryError::TokenEndpointMoved { .. }
        | DiscoveryError::SecretElsewhere { .. }
        | DiscoveryError::Ambiguous { .. }
        | DiscoveryError::Address(_) => false,
    }
}

/// Goes on as if the settings accepted it. `false`: no setting does.
fn suppose(walk: &mut Walk<'_>, error: &DiscoveryError) -> bool {
    let own = oauth::address::canonical_resource(walk.url.as_str());
    match error {
        DiscoveryError::ResourceMismatch { found, .. } => {
            let found = found.clone();
            walk.plan
                .suppose(|policy| policy.resource = ResourceRule::Fixed(found));
        }
        DiscoveryError::ResourceMissing { .. } => walk
            .plan
            .suppose(|policy| policy.resource = ResourceRule::Fixed(own)),
        DiscoveryError::IssuerMismatch { found, .. } => {
            let found = found.clone();
            walk.plan.suppose(|policy| policy.issuer = Some(found));
        }
        DiscoveryError::IssuerMissing { asked } => {
            let asked = asked.clone();
            walk.plan.suppose(|policy| policy.issuer = Some(asked));
        }
        DiscoveryError::PkceNotOffered { .. } => {
            walk.plan.suppose(|policy| policy.assume_pkce = true);
        }
        DiscoveryError::Address(AddressError::PlainHttp {
            purpose: Purpose::Token,
            ..
        }) => walk
            .plan
            .suppose(|policy| policy.allow_insecure_token_endpoint = true),
        // Only what is said is widened; requests go no further inward.
        DiscoveryError::Address(AddressError::Inner { .. }) => walk
            .plan
            .suppose(|policy| policy.allow_private_network = true),
        DiscoveryError::McpAddress(_)
        | DiscoveryError::TimedOut { .. }
        | DiscoveryError::NotYetKnown { .. }
        | DiscoveryError::NoAuthorizationServer { .. }
        | DiscoveryError::UnusableServer(_)
        | DiscoveryError::NoServerMetadata { .. }
        | DiscoveryError::OtherIssuer { .. }
        | DiscoveryError::TokenEndpointMoved { .. }
        | DiscoveryError::SecretElsewhere { .. }
        | DiscoveryError::Ambiguous { .. }
        | DiscoveryError::Address(_) => return false,
    }
    true
}

/// A document, and the exchange that brought it.
pub(super) struct Document {
    pub(super) members: Map<String, Value>,
    pub(super) both: (String, String),
}

impl Document {
    fn of(heard: &Heard) -> Option<Self> {
        Some(Self {
            members: heard.document()?,
            both: heard.both(),
        })
    }
}

fn document_of_resource(walk: &Walk<'_>, challenge: Option<&Challenge>) -> Option<Document> {
    let pointers = challenge.into_iter().flat_map(|it| &it.resource_metadata);
    let pointers: Vec<String> = pointers
        .filter_map(|pointer| Some(walk.url.join(pointer).ok()?.to_string()))
        .collect();
    let asked =
        |heard: &&Heard| heard.address.contains(RESOURCE) || pointers.contains(&heard.address);
    let documents = walk.heard().filter(asked).filter_map(Document::of);
    let mut named = documents.filter(|one| {
        one.members.contains_key("authorization_servers") || one.members.contains_key("resource")
    });
    named.next()
}

/// The document that was used, else the last that one could have used.
fn document_of_server(walk: &Walk<'_>, found: Option<&Discovered>) -> Option<Document> {
    let used = found.and_then(|found| found.document.as_ref());
    if let Some(used) = used {
        return Document::of(walk.heard_at(&used.place)?);
    }
    let asked = walk
        .heard()
        .filter(|heard| is_of_login_server(&heard.address));
    let documents = asked.rev().filter_map(Document::of);
    let mut whole = documents.filter(|one| {
        one.members.contains_key("authorization_endpoint")
            || one.members.contains_key("token_endpoint")
    });
    whole.next()
}
