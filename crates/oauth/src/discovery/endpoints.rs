//! What an authorization server's metadata offers, and which of its addresses may get a secret.
//!
//! RFC 8414 section 2, the PKCE rule of the MCP authorization specification, the default paths of its 2025-03-26
//! revision. Members that no rule here needs are left out.

use serde_json::{Map, Value};
use url::Url;

use super::server::Issuer;
use super::{Discovered, DiscoveryError, Journey, Server, Source};
use crate::address::{self, AddressError, Endpoint, Purpose};
use crate::metadata;
use crate::policy::{GrantType, Policy};

/// Whose word a document is.
pub(super) struct Word {
    pub(super) issuer: String,
    /// The one that published it, when that is not the issuer itself but the settings accept it.
    pub(super) by: Option<String>,
    pub(super) openid: bool,
}

/// RFC 8628 section 4.
const DEVICE: &str = "device_authorization_endpoint";

/// Whether the endpoints that the way to a token needs are there, in the document or in the settings.
pub(super) fn present(policy: &Policy, document: &Map<String, Value>) -> bool {
    let has =
        |key, given: &Option<String>| given.is_some() || metadata::text(document, key).is_some();
    let person = match policy.grant_type {
        GrantType::AuthorizationCode => {
            has("authorization_endpoint", &policy.authorization_endpoint)
        }
        GrantType::DeviceCode => has(DEVICE, &policy.device_authorization_endpoint),
        GrantType::ClientCredentials | GrantType::JwtBearer => true,
    };
    person && has("token_endpoint", &policy.token_endpoint)
}

/// With the endpoints that are needed in the settings there is nothing to discover.
pub(super) fn from_settings(policy: &Policy, mcp: &Url) -> Result<Option<Server>, DiscoveryError> {
    let Some(token) = &policy.token_endpoint else {
        return Ok(None);
    };
    let given = match policy.grant_type {
        GrantType::AuthorizationCode => policy.authorization_endpoint.is_some(),
        GrantType::DeviceCode => policy.device_authorization_endpoint.is_some(),
        GrantType::ClientCredentials | GrantType::JwtBearer => true,
    };
    if !given {
        return Ok(None);
    }
    let near = policy.near(mcp);
    let insecure = policy.allow_insecure_token_endpoint;
    Ok(Some(Server {
        issuer: policy.issuer.clone(),
        authorization_endpoint: optional(
            policy,
            mcp,
            Purpose::Authorization,
            policy.authorization_endpoint.as_deref(),
        )?,
        token_endpoint: Endpoint::check(Purpose::Token, token, near, insecure)?,
        device_authorization_endpoint: optional(
            policy,
            mcp,
            Purpose::Device,
            policy.device_authorization_endpoint.as_deref(),
        )?,
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
        auth_signing_algs: None,
        grant_types: None,
        client_metadata_documents: false,
        source: Source::Settings,
    }))
}

/// A document's server; what the settings say stands above the document.
pub(super) fn complete(
    journey: &mut Journey,
    word: &Word,
    document: &Map<String, Value>,
) -> Result<Server, DiscoveryError> {
    let assumed = journey.given.assume_pkce;
    journey.heard(&word.issuer, document);
    // Where nobody is sent away there is no code that could be stolen.
    if journey.policy.grant_type == GrantType::AuthorizationCode {
        check_pkce(journey, &word.issuer, document, assumed)?;
    }
    let (policy, near) = (journey.policy.clone(), journey.policy.near(&journey.mcp));
    let said = |given: &Option<String>, key| {
        given
            .clone()
            .or_else(|| metadata::text(document, key).map(str::to_owned))
    };
    let required = |purpose, given: &Option<String>, key, insecure| {
        let raw = said(given, key).unwrap_or_default();
        Endpoint::check(purpose, &raw, near, insecure)
    };
    let insecure = policy.allow_insecure_token_endpoint;
    let authorization = said(&policy.authorization_endpoint, "authorization_endpoint");
    let device = said(&policy.device_authorization_endpoint, DEVICE);
    let registration = said(&policy.registration_endpoint, "registration_endpoint");
    let revocation = said(&policy.revocation_endpoint, "revocation_endpoint");
    let mut server = Server {
        authorization_endpoint: optional(
            &policy,
            &journey.mcp,
            Purpose::Authorization,
            authorization.as_deref(),
        )?,
        token_endpoint: required(
            Purpose::Token,
            &policy.token_endpoint,
            "token_endpoint",
            insecure,
        )?,
        device_authorization_endpoint: optional(
            &policy,
            &journey.mcp,
            Purpose::Device,
            device.as_deref(),
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
        issuer: Some(word.issuer.clone()),
        iss_promised: metadata::flag(document, "authorization_response_iss_parameter_supported"),
        auth_methods: metadata::texts(document, "token_endpoint_auth_methods_supported"),
        auth_signing_algs: metadata::texts(
            document,
            "token_endpoint_auth_signing_alg_values_supported",
        ),
        grant_types: metadata::texts(document, "grant_types_supported"),
        client_metadata_documents: metadata::flag(
            document,
            "client_id_metadata_document_supported",
        ),
        source: Source::Metadata,
    };
    match &word.by {
        Some(by) => check_foreign_word(journey, &word.issuer, by, &mut server)?,
        None => note_move(journey, &word.issuer, &server),
    }
    Ok(server)
}

// Metadata that another host published may not lead secrets to where it likes, although the settings accept its
// issuer: codes, tokens and client secrets go to the issuer's own origin, to where this issuer's sign-ins went
// before, or to what the settings name. Only a first sign-in, with nothing of the settings at stake, is free.
// rule: mcp-auth-server-binding, safe-d01, safe-d13
fn check_foreign_word(
    journey: &mut Journey,
    issuer: &str,
    by: &str,
    server: &mut Server,
) -> Result<(), DiscoveryError> {
    let policy = journey.policy.clone();
    let origin = Url::parse(issuer).ok().map(|url| address::origin(&url));
    let at = |endpoint: &Endpoint| Some(address::origin(endpoint.url()));
    let token = &server.token_endpoint;
    let proven = policy.token_endpoint.is_some() || at(token) == origin;
    if !proven {
        let before = journey.known.token_origin(issuer);
        // Somebody else's signed word is as good as a secret to whoever holds it.
        let secret = policy.grant_type == GrantType::JwtBearer
            || (policy.client.as_ref()).is_some_and(|client| client.secret.is_some());
        match before {
            Some(before) if at(token).as_ref() != Some(&before) => {
                return Err(DiscoveryError::TokenEndpointMoved {
                    by: by.to_owned(),
                    before,
                    found: token.to_string(),
                });
            }
            None if secret => {
                return Err(DiscoveryError::SecretElsewhere {
                    by: by.to_owned(),
                    issuer: issuer.to_owned(),
                    found: token.to_string(),
                    setting: "oauth.tokenEndpoint",
                });
            }
            Some(_) | None => {}
        }
        let text = format!(
            "{by:?} alone says that the token endpoint of {issuer:?} is {token}; from now on it must stay there"
        );
        journey.note("mcp-auth-server-binding", text);
    }
    let near_token = |endpoint: &Endpoint| at(endpoint) == at(token) || at(endpoint) == origin;
    if let Some(registration) = &server.registration_endpoint
        && policy.register.initial_access_token.is_some()
        && policy.registration_endpoint.is_none()
        && at(registration) != origin
    {
        return Err(DiscoveryError::SecretElsewhere {
            by: by.to_owned(),
            issuer: issuer.to_owned(),
            found: registration.to_string(),
            setting: "oauth.dynamicRegistration.registrationEndpoint",
        });
    }
    if let Some(revocation) = &server.revocation_endpoint
        && policy.revocation_endpoint.is_none()
        && !near_token(revocation)
    {
        let text =
            format!("the revocation endpoint {revocation} is not used: {by:?} alone names it");
        server.revocation_endpoint = None;
        journey.note("mcp-auth-server-binding", text);
    }
    if let Some(device) = &server.device_authorization_endpoint
        && policy.device_authorization_endpoint.is_none()
        && !near_token(device)
    {
        let text = format!(
            "the device authorization endpoint {device} is not used: {by:?} alone names it"
        );
        server.device_authorization_endpoint = None;
        journey.note("mcp-auth-server-binding", text);
    }
    Ok(())
}

/// An issuer may move its own endpoint; a person may want to know.
fn note_move(journey: &mut Journey, issuer: &str, server: &Server) {
    let now = address::origin(server.token_endpoint.url());
    if let Some(before) = (journey.known.token_origin(issuer)).filter(|before| *before != now) {
        let text = format!(
            "{issuer:?} says itself that its token endpoint is at {now} now, and was at {before}"
        );
        journey.note("mcp-auth-server-binding", text);
    }
}

// Without `S256` in `code_challenge_methods_supported` the client refuses to proceed.
// rule: mcp-auth-pkce-offered, at-48, safe-d05
fn check_pkce(
    journey: &mut Journey,
    issuer: &str,
    document: &Map<String, Value>,
    by_settings: bool,
) -> Result<(), DiscoveryError> {
    let offered = metadata::texts(document, "code_challenge_methods_supported");
    if offered
        .as_ref()
        .is_some_and(|methods| methods.iter().any(|method| method == "S256"))
    {
        return Ok(());
    }
    if journey.policy.assume_pkce {
        let why = match by_settings {
            true => "oauth.pkce is \"assume\"",
            false => "the provider is known to support it",
        };
        let text = format!("S256 is not offered, and sent because {why}");
        journey.note("mcp-auth-pkce-offered", text);
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
pub(super) fn legacy(mut journey: Journey, issuer: &Issuer) -> Result<Discovered, DiscoveryError> {
    journey.note(
        "mcp-auth-legacy-fallback",
        "no metadata at all; the default paths are used",
    );
    journey.settle(Some(&issuer.text));
    let origin = address::origin(issuer.url.url());
    let policy = journey.policy.clone();
    let near = policy.near(&journey.mcp);
    let at = |purpose, path: &str| {
        let insecure = purpose == Purpose::Token && policy.allow_insecure_token_endpoint;
        Endpoint::check(purpose, &format!("{origin}{path}"), near, insecure)
    };
    let server = Server {
        issuer: Some(issuer.text.clone()),
        authorization_endpoint: Some(at(Purpose::Authorization, "/authorize")?),
        token_endpoint: at(Purpose::Token, "/token")?,
        device_authorization_endpoint: None,
        registration_endpoint: Some(at(Purpose::Registration, "/register")?),
        revocation_endpoint: None,
        iss_promised: false,
        auth_methods: None,
        auth_signing_algs: None,
        grant_types: None,
        client_metadata_documents: false,
        source: Source::Legacy,
    };
    Ok(journey.finish(server, None, false))
}
