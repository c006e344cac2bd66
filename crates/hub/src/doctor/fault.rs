//! Why the search for the login server ended, as a line: what helps. Which code an error has, `cause` knows; what was heard on
//! the way sometimes says more.

use oauth::DiscoveryError;
use oauth::address::{AddressError, Purpose};
use oauth::step::Unanswered;

use super::line::{Line, Part};
use super::transport::certificate;
use super::walk::{Heard, Walk};
use crate::cause::{Cause, is_of_login_server};

const OWNER: &str = "the server's owner has to correct it";
const RESOURCE: Part = Part::Resource;
const SERVER: Part = Part::LoginServer;

pub(super) fn line(walk: &Walk<'_>, error: &DiscoveryError) -> Line {
    let (said, cause) = (error.to_string(), Cause::from(error));
    match error {
        DiscoveryError::McpAddress(_) => Line::wrong(RESOURCE, cause, said, "correct it"),
        DiscoveryError::TimedOut { asked } | DiscoveryError::NotYetKnown { asked, .. } => {
            unanswered(walk, asked, cause, said)
        }
        DiscoveryError::ResourceMismatch { mcp_url, found } => Line::wrong(
            RESOURCE,
            cause,
            format!("the metadata speaks of the resource {found}, not of {mcp_url}"),
            format!(
                "write the address of the server as {found}; or, if that is meant, set oauth.resource to it"
            ),
        ),
        DiscoveryError::ResourceMissing { .. } => Line::wrong(
            RESOURCE,
            cause,
            "the metadata does not say which resource it speaks of",
            "set oauth.resource to the server's address to accept it",
        ),
        DiscoveryError::NoAuthorizationServer { .. } => Line::wrong(
            RESOURCE,
            cause,
            "the metadata names no authorization server",
            format!("{OWNER}; or set oauth.authorizationEndpoint and oauth.tokenEndpoint"),
        ),
        DiscoveryError::UnusableServer(why) => unusable(why, cause),
        DiscoveryError::NoServerMetadata { issuer } => no_metadata(walk, issuer),
        DiscoveryError::IssuerMismatch { asked, found } => Line::wrong(
            SERVER,
            cause,
            format!("the metadata of {asked} names the issuer {found}"),
            format!("if that is meant, set oauth.issuer to {found}; else {OWNER}"),
        ),
        DiscoveryError::IssuerMissing { asked } => {
            let text = format!("the metadata of {asked} names no issuer");
            let cure = format!("set oauth.issuer to {asked} to accept it");
            Line::wrong(SERVER, cause, text, cure)
        }
        DiscoveryError::OtherIssuer { .. } => {
            let cure = "set oauth.issuer to the one that the server uses, if it may";
            Line::wrong(SERVER, cause, said, cure)
        }
        DiscoveryError::TokenEndpointMoved { .. } => {
            let cure = "set oauth.tokenEndpoint, if the new place is right";
            Line::wrong(SERVER, cause, said, cure)
        }
        DiscoveryError::SecretElsewhere { setting, .. } => {
            let cure = format!("set {setting}, if that place may see the secret");
            Line::wrong(SERVER, cause, said, cure)
        }
        DiscoveryError::Ambiguous { document, why } => Line::wrong(
            if is_of_login_server(document) {
                SERVER
            } else {
                RESOURCE
            },
            cause,
            format!("the document can be read in two ways: {why}"),
            OWNER,
        ),
        DiscoveryError::PkceNotOffered { issuer, offered } => {
            pkce(issuer, offered.as_deref(), cause)
        }
        DiscoveryError::Address(why) => endpoint(why, cause),
    }
}

fn unusable(why: &AddressError, cause: Cause) -> Line {
    let text = format!("the metadata names an authorization server that is not asked: {why}");
    Line::wrong(RESOURCE, cause, text, cure_of(why))
}

fn endpoint(why: &AddressError, cause: Cause) -> Line {
    let said = why.to_string();
    // Its own cure is said behind.
    let said = said.split("; an administrator").next().unwrap_or_default();
    Line::wrong(SERVER, cause, said, cure_of(why))
}

fn pkce(issuer: &str, offered: Option<&[String]>, cause: Cause) -> Line {
    let text = match offered {
        None => format!("{issuer} does not say that it knows PKCE with S256"),
        Some(offered) => format!(
            "{issuer} knows PKCE with {} only, not with S256",
            offered.join(", ")
        ),
    };
    let cure = format!("set oauth.pkce to \"assume\" to send S256 all the same; else {OWNER}");
    Line::wrong(SERVER, cause, text, cure)
}

fn cure_of(why: &AddressError) -> String {
    match why {
        AddressError::PlainHttp {
            purpose: Purpose::Token,
            ..
        } => {
            format!("{OWNER}; an administrator can allow it with oauth.allowInsecureTokenEndpoint")
        }
        AddressError::Inner { .. } => format!(
            "if the login server is in this network, set allowPrivateNetwork: true at the server; else {OWNER}"
        ),
        AddressError::PlainHttp { .. }
        | AddressError::NotAUrl { .. }
        | AddressError::Scheme { .. }
        | AddressError::Disguised { .. }
        | AddressError::Fragment { .. } => OWNER.to_owned(),
    }
}

/// Somebody was asked who did not answer, or who is in trouble.
fn unanswered(walk: &Walk<'_>, asked: &str, cause: Cause, said: String) -> Line {
    let of_server = is_of_login_server(asked);
    let part = if of_server { SERVER } else { RESOURCE };
    let Some(heard) = walk.heard_at(asked) else {
        return Line::wrong(part, cause, said, "look again later");
    };
    let whose = if of_server {
        "the login server"
    } else {
        "the server's metadata"
    };
    let line = match &heard.answer {
        Err(Unanswered::Timeout) => Line::wrong(
            part,
            cause,
            format!("{whose} does not answer in time"),
            "its owner finds the reason; give it more time with --within SECONDS",
        ),
        Err(Unanswered::Network(why)) if why.contains("certificate") => certificate(part, why),
        Err(Unanswered::Network(why)) => Line::wrong(
            part,
            cause,
            format!("{whose} cannot be reached: {why}"),
            "look whether it is up, and whether this machine can reach it (DNS, firewall, HTTPS_PROXY)",
        ),
        Err(Unanswered::Refused(why)) => Line::wrong(
            part,
            cause,
            format!("{whose} is not asked: {why}"),
            match why.contains("allowPrivateNetwork") {
                true => "if it may be in this network, set allowPrivateNetwork: true at the server",
                false => OWNER,
            },
        ),
        Err(Unanswered::TooLarge) | Ok(_) => Line::wrong(
            part,
            cause,
            format!("{whose} is in trouble; nothing is concluded from such an answer"),
            "try later; its owner finds the reason in its log",
        ),
    };
    line.exchange(heard.both())
}

/// All places were looked at; the one that answered something other than "not here" says most.
fn no_metadata(walk: &Walk<'_>, issuer: &str) -> Line {
    let places: Vec<&Heard> = walk
        .heard()
        .filter(|heard| is_of_login_server(&heard.address))
        .collect();
    let large = places
        .iter()
        .find(|heard| matches!(heard.answer, Err(Unanswered::TooLarge)));
    let page = places.iter().find(|heard| {
        let success = heard
            .answer
            .as_ref()
            .is_ok_and(|it| it.status().is_success());
        success && heard.document().is_none()
    });
    let short = places.iter().find(|heard| heard.document().is_some());
    let cure = format!(
        "{OWNER}; or set oauth.authorizationEndpoint and oauth.tokenEndpoint to do without"
    );
    let (cause, text, heard) = if let Some(heard) = large {
        (
            Cause::ServerMetadataTooLarge,
            format!("the metadata of {issuer} is larger than 1 MB"),
            Some(heard),
        )
    } else if let Some(heard) = page {
        (
            Cause::ServerMetadataNotJson,
            format!("where the metadata of {issuer} should be is something that is no JSON"),
            Some(heard),
        )
    } else if let Some(heard) = short {
        (
            Cause::ServerMetadataIncomplete,
            format!("the metadata of {issuer} lacks the endpoints that a sign-in needs"),
            Some(heard),
        )
    } else {
        (
            Cause::NoServerMetadata,
            format!("{issuer} publishes no metadata at any of its well-known addresses"),
            places.last(),
        )
    };
    let line = Line::wrong(SERVER, cause, text, cure);
    match heard {
        Some(heard) => line.exchange(heard.both()),
        None => line,
    }
}
