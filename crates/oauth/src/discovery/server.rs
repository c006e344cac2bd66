//! The second half of discovery: the authorization server's metadata (RFC 8414 section 3).

use std::collections::VecDeque;

use serde_json::{Map, Value};
use url::Url;

use super::{Discovered, Discovery, DiscoveryError, Found, Journey, Server, Source};
use crate::address::{self, AddressError, Endpoint, Purpose};
use crate::metadata;
use crate::policy::Policy;
use crate::step::{Response, Step, Unanswered};

#[derive(Debug)]
pub(super) struct Search {
    issuer: Issuer,
    asked: Endpoint,
    left: VecDeque<Endpoint>,
    others: VecDeque<Issuer>,
}

/// An issuer to ask: the text is what counts, the URL only says where to ask.
#[derive(Debug, Clone)]
pub(super) struct Issuer {
    pub(super) text: String,
    pub(super) url: Endpoint,
    pub(super) legacy: bool,
}

impl Search {
    pub(super) fn start(
        journey: Journey,
        mut others: VecDeque<Issuer>,
    ) -> Result<Step<Discovery>, DiscoveryError> {
        match others.pop_front() {
            Some(issuer) => {
                let left = places(&journey, &issuer)?;
                Self::ask(journey, issuer, left, others)
            }
            None => Err(DiscoveryError::NoServerMetadata {
                issuer: String::new(),
            }),
        }
    }

    fn ask(
        journey: Journey,
        issuer: Issuer,
        mut left: VecDeque<Endpoint>,
        others: VecDeque<Issuer>,
    ) -> Result<Step<Discovery>, DiscoveryError> {
        if let Some(asked) = left.pop_front() {
            let because = format!(
                "looking for the metadata of the authorization server {}",
                issuer.text
            );
            let search = Self {
                issuer,
                asked: asked.clone(),
                left,
                others,
            };
            return Ok(journey.send(&asked, because, super::Search::Server(search)));
        }
        if !others.is_empty() {
            return Self::start(journey, others);
        }
        if let Some(error) = journey.not_yet_known() {
            return Err(error);
        }
        if issuer.legacy {
            return legacy(journey, &issuer).map(Step::Done);
        }
        Err(DiscoveryError::NoServerMetadata {
            issuer: issuer.text,
        })
    }

    pub(super) fn receive(
        self,
        mut journey: Journey,
        answer: Result<Response, Unanswered>,
    ) -> Result<Step<Discovery>, DiscoveryError> {
        match super::read(&self.asked, answer)? {
            // Only a document with the endpoints that the grant needs counts; an error text in JSON does not.
            Found::Document(document) if has_endpoints(&journey.policy, &document) => {
                let issuer = check_document(&mut journey, &self.issuer, &document)?;
                let openid = self.asked.as_str().contains("/openid-configuration");
                complete(journey, issuer, &document, openid).map(Step::Done)
            }
            Found::Document(_) | Found::Miss => {
                Self::ask(journey, self.issuer, self.left, self.others)
            }
            Found::Unknown(why) => {
                journey.unknown.push((self.asked.to_string(), why));
                Self::ask(journey, self.issuer, self.left, self.others)
            }
        }
    }
}

/// An issuer's text, checked for where it leads.
pub(super) fn check_issuer(
    policy: &Policy,
    mcp: &Url,
    text: &str,
) -> Result<Endpoint, AddressError> {
    let own =
        mcp.scheme() == "http" && Url::parse(text).is_ok_and(|url| url.origin() == mcp.origin());
    let url = Endpoint::check(Purpose::Issuer, text, policy.near(mcp), own)?;
    if url.url().query().is_some() {
        let address = address::shown(text);
        return Err(AddressError::NotAUrl {
            purpose: Purpose::Issuer,
            address,
        });
    }
    Ok(url)
}

/// The issuer that an older challenge means: some name its metadata's address instead.
pub(super) fn issuer_of(text: &str) -> String {
    for well_known in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
    ] {
        if let Some((before, after)) = text.split_once(well_known) {
            return format!("{before}{after}");
        }
    }
    text.to_owned()
}

/// With both endpoints in the settings there is nothing to discover.
pub(super) fn from_settings(policy: &Policy, mcp: &Url) -> Result<Option<Server>, DiscoveryError> {
    let (Some(authorization), Some(token)) =
        (&policy.authorization_endpoint, &policy.token_endpoint)
    else {
        return Ok(None);
    };
    let near = policy.near(mcp);
    let insecure = policy.allow_insecure_token_endpoint;
    Ok(Some(Server {
        issuer: policy.issuer.clone(),
        authorization_endpoint: Endpoint::check(
            Purpose::Authorization,
            authorization,
            near,
            false,
        )?,
        token_endpoint: Endpoint::check(Purpose::Token, token, near, insecure)?,
        registration_endpoint: optional(
            policy,
            mcp,
            Purpose::Registration,
            policy.registration_endpoint.as_deref(),
        )?,
        revocation_endpoint: optional(
            policy,
            mcp,
            Purpose::Revocation,
            policy.revocation_endpoint.as_deref(),
        )?,
        iss_promised: false,
        auth_methods: None,
        client_metadata_documents: false,
        source: Source::Settings,
    }))
}

// Path insertion (RFC 8414), path insertion (OpenID), path appending (OpenID); without a path the first two
// are the root. The last place is no standard's, but seen at custom domains.
// rule: rfc8414-3.1
fn places(journey: &Journey, issuer: &Issuer) -> Result<VecDeque<Endpoint>, DiscoveryError> {
    let origin = address::origin(issuer.url.url());
    let path = issuer.url.url().path().trim_end_matches('/');
    let mut all = vec![
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
        format!("{origin}/.well-known/openid-configuration{path}"),
    ];
    if !path.is_empty() {
        all.push(format!("{origin}{path}/.well-known/openid-configuration"));
        all.push(format!(
            "{origin}{path}/.well-known/oauth-authorization-server"
        ));
    }
    let near = journey.policy.near(&journey.mcp);
    let plain = issuer.url.url().scheme() == "http";
    (all.iter())
        .map(|text| Ok(Endpoint::check(Purpose::Metadata, text, near, plain)?))
        .collect()
}

fn has_endpoints(policy: &Policy, document: &Map<String, Value>) -> bool {
    let has =
        |key, given: &Option<String>| given.is_some() || metadata::text(document, key).is_some();
    has("authorization_endpoint", &policy.authorization_endpoint)
        && has("token_endpoint", &policy.token_endpoint)
}

/// Whom the document speaks of; gives the issuer to record.
// The `issuer` in the document is identical to the issuer that the address was made from, as a string; if
// they differ, the document is not used.
// rule: rfc8414-3.3, at-34
fn check_document(
    journey: &mut Journey,
    asked: &Issuer,
    document: &Map<String, Value>,
) -> Result<String, DiscoveryError> {
    let accepted = journey.policy.issuer.clone();
    let found = match metadata::text(document, "issuer") {
        Some(found) => found.to_owned(),
        None if accepted.as_deref() == Some(&asked.text) => {
            journey.note(
                "rfc8414-3.3",
                "metadata without an issuer is accepted because oauth.issuer names it",
            );
            return Ok(asked.text.clone());
        }
        None => {
            return Err(DiscoveryError::IssuerMissing {
                asked: asked.text.clone(),
            });
        }
    };
    match accepted {
        Some(accepted) if accepted == found => {
            if found != asked.text {
                let text = format!(
                    "the issuer {found:?} is accepted for {:?} because oauth.issuer names it",
                    asked.text
                );
                journey.note("rfc8414-3.3", text);
            }
            Ok(found)
        }
        // Credentials of the settings belong to the issuer that the settings name.
        // rule: mcp-auth-server-binding
        Some(accepted) if found == asked.text => {
            let found = address::shown(&found);
            Err(DiscoveryError::OtherIssuer { accepted, found })
        }
        None if found == asked.text => Ok(found),
        Some(_) | None => Err(DiscoveryError::IssuerMismatch {
            asked: asked.text.clone(),
            found: address::shown(&found),
        }),
    }
}

fn complete(
    mut journey: Journey,
    issuer: String,
    document: &Map<String, Value>,
    openid: bool,
) -> Result<Discovered, DiscoveryError> {
    check_pkce(&mut journey, &issuer, document)?;
    let policy = journey.policy.clone();
    let near = policy.near(&journey.mcp);
    let required = |purpose, key, given: &Option<String>, insecure| {
        let raw = given
            .as_deref()
            .or_else(|| metadata::text(document, key))
            .unwrap_or_default();
        Endpoint::check(purpose, raw, near, insecure)
    };
    let insecure = policy.allow_insecure_token_endpoint;
    let given = |given: &Option<String>, key| {
        given
            .clone()
            .or_else(|| metadata::text(document, key).map(str::to_owned))
    };
    let registration = given(&policy.registration_endpoint, "registration_endpoint");
    let revocation = given(&policy.revocation_endpoint, "revocation_endpoint");
    let server = Server {
        authorization_endpoint: required(
            Purpose::Authorization,
            "authorization_endpoint",
            &policy.authorization_endpoint,
            false,
        )?,
        token_endpoint: required(
            Purpose::Token,
            "token_endpoint",
            &policy.token_endpoint,
            insecure,
        )?,
        registration_endpoint: optional(
            &policy,
            &journey.mcp,
            Purpose::Registration,
            registration.as_deref(),
        )?,
        revocation_endpoint: optional(
            &policy,
            &journey.mcp,
            Purpose::Revocation,
            revocation.as_deref(),
        )?,
        issuer: Some(issuer),
        iss_promised: metadata::flag(document, "authorization_response_iss_parameter_supported"),
        auth_methods: metadata::texts(document, "token_endpoint_auth_methods_supported"),
        client_metadata_documents: metadata::flag(
            document,
            "client_id_metadata_document_supported",
        ),
        source: Source::Metadata,
    };
    let scopes = metadata::texts(document, "scopes_supported");
    Ok(journey.finish(server, scopes, openid))
}

// Without `S256` in `code_challenge_methods_supported` the client refuses to proceed.
// rule: mcp-auth-pkce-offered, at-48
fn check_pkce(
    journey: &mut Journey,
    issuer: &str,
    document: &Map<String, Value>,
) -> Result<(), DiscoveryError> {
    let offered = metadata::texts(document, "code_challenge_methods_supported");
    if offered
        .as_ref()
        .is_some_and(|methods| methods.iter().any(|method| method == "S256"))
    {
        return Ok(());
    }
    if journey.policy.assume_pkce {
        journey.note(
            "mcp-auth-pkce-offered",
            "S256 is not offered, and sent because oauth.pkce is \"assume\"",
        );
        return Ok(());
    }
    Err(DiscoveryError::PkceNotOffered {
        issuer: issuer.to_owned(),
        offered,
    })
}

fn optional(
    policy: &Policy,
    mcp: &Url,
    purpose: Purpose,
    raw: Option<&str>,
) -> Result<Option<Endpoint>, AddressError> {
    raw.map(|raw| Endpoint::check(purpose, raw, policy.near(mcp), false))
        .transpose()
}

/// The paths of the 2025-03-26 revision, for servers that publish nothing.
fn legacy(mut journey: Journey, issuer: &Issuer) -> Result<Discovered, DiscoveryError> {
    journey.note(
        "mcp-auth-legacy-fallback",
        "no metadata at all; the default paths are used",
    );
    let origin = address::origin(issuer.url.url());
    let policy = journey.policy.clone();
    let near = policy.near(&journey.mcp);
    let at = |purpose, path: &str| {
        let insecure = purpose == Purpose::Token && policy.allow_insecure_token_endpoint;
        Endpoint::check(purpose, &format!("{origin}{path}"), near, insecure)
    };
    let server = Server {
        issuer: Some(issuer.text.clone()),
        authorization_endpoint: at(Purpose::Authorization, "/authorize")?,
        token_endpoint: at(Purpose::Token, "/token")?,
        registration_endpoint: Some(at(Purpose::Registration, "/register")?),
        revocation_endpoint: None,
        iss_promised: false,
        auth_methods: None,
        client_metadata_documents: false,
        source: Source::Legacy,
    };
    Ok(journey.finish(server, None, false))
}
