//! Why the search for the login server ended, as a line: its code, its clause, and what helps.

use oauth::DiscoveryError;
use oauth::address::{AddressError, Purpose};
use oauth::step::Unanswered;

use super::discovery::is_of_server;
use super::line::{Line, Part};
use super::transport::certificate;
use super::walk::{Heard, Walk};

const OWNER: &str = "the server's owner has to correct it";
/// What was given to one server is not shown to another.
const BINDING: &str = "MCP authorization, Token Theft";
const RESOURCE: Part = Part::Resource;
const SERVER: Part = Part::LoginServer;

pub(super) fn line(walk: &Walk<'_>, error: &DiscoveryError) -> Line {
    let said = error.to_string();
    match error {
        DiscoveryError::McpAddress(_) => Line::wrong(RESOURCE, "mcp-address", said, "correct it"),
        DiscoveryError::TimedOut { asked } | DiscoveryError::NotYetKnown { asked, .. } => {
            unanswered(walk, asked, said)
        }
        DiscoveryError::ResourceMismatch { mcp_url, found } => Line::wrong(
            RESOURCE,
            "resource-mismatch",
            format!("the metadata speaks of the resource {found}, not of {mcp_url}"),
            format!("write the address of the server as {found}; or, if that is meant, set oauth.resource to it"),
        )
        .clause("RFC 9728 3.3"),
        DiscoveryError::ResourceMissing { .. } => Line::wrong(
            RESOURCE,
            "resource-missing",
            "the metadata does not say which resource it speaks of",
            "set oauth.resource to the server's address to accept it",
        )
        .clause("RFC 9728 2"),
        DiscoveryError::NoAuthorizationServer { .. } => Line::wrong(
            RESOURCE,
            "no-authorization-server",
            "the metadata names no authorization server",
            format!("{OWNER}; or set oauth.authorizationEndpoint and oauth.tokenEndpoint"),
        )
        .clause("MCP authorization, Authorization Server Location"),
        DiscoveryError::UnusableServer(why) => unusable(why),
        DiscoveryError::NoServerMetadata { issuer } => no_metadata(walk, issuer),
        DiscoveryError::IssuerMismatch { asked, found } => issuer_mismatch(asked, found),
        DiscoveryError::IssuerMissing { asked } => {
            let text = format!("the metadata of {asked} names no issuer");
            let cure = format!("set oauth.issuer to {asked} to accept it");
            Line::wrong(SERVER, "issuer-missing", text, cure).clause("RFC 8414 2")
        }
        DiscoveryError::OtherIssuer { .. } => {
            let cure = "set oauth.issuer to the one that the server uses, if it may";
            Line::wrong(SERVER, "other-issuer", said, cure).clause("RFC 8414 3.3")
        }
        DiscoveryError::TokenEndpointMoved { .. } => {
            let cure = "set oauth.tokenEndpoint, if the new place is right";
            Line::wrong(SERVER, "token-endpoint-moved", said, cure).clause(BINDING)
        }
        DiscoveryError::SecretElsewhere { setting, .. } => {
            let cure = format!("set {setting}, if that place may see the secret");
            Line::wrong(SERVER, "secret-elsewhere", said, cure).clause(BINDING)
        }
        DiscoveryError::Ambiguous { document, why } => Line::wrong(
            if is_of_server(document) { SERVER } else { RESOURCE },
            "ambiguous",
            format!("the document can be read in two ways: {why}"),
            OWNER,
        )
        .clause("RFC 8259 4"),
        DiscoveryError::PkceNotOffered { issuer, offered } => pkce(issuer, offered.as_deref()),
        DiscoveryError::Address(why) => address(why),
    }
}

fn unusable(why: &AddressError) -> Line {
    Line::wrong(
        RESOURCE,
        match why {
            AddressError::PlainHttp { .. } => "authorization-server-plain-http",
            AddressError::Inner { .. } => "authorization-server-inner",
            AddressError::NotAUrl { .. }
            | AddressError::Scheme { .. }
            | AddressError::Disguised { .. }
            | AddressError::Fragment { .. } => "authorization-server-unusable",
        },
        format!("the metadata names an authorization server that is not asked: {why}"),
        cure_of(why),
    )
    .clause("OAuth 2.1 1.5")
}

fn issuer_mismatch(asked: &str, found: &str) -> Line {
    Line::wrong(
        SERVER,
        "issuer-mismatch",
        format!("the metadata of {asked} names the issuer {found}"),
        format!("if that is meant, set oauth.issuer to {found}; else {OWNER}"),
    )
    .clause("RFC 8414 3.3")
}

fn pkce(issuer: &str, offered: Option<&[String]>) -> Line {
    let (code, text) = match offered {
        None => (
            "pkce-unsaid",
            format!("{issuer} does not say that it knows PKCE with S256"),
        ),
        Some(offered) => (
            "pkce-without-s256",
            format!(
                "{issuer} knows PKCE with {} only, not with S256",
                offered.join(", ")
            ),
        ),
    };
    let cure = format!("set oauth.pkce to \"assume\" to send S256 all the same; else {OWNER}");
    Line::wrong(SERVER, code, text, cure).clause("MCP authorization, Authorization Code Protection")
}

fn address(why: &AddressError) -> Line {
    let code = match why {
        AddressError::PlainHttp { .. } => "endpoint-plain-http",
        AddressError::Inner { .. } => "endpoint-inner",
        AddressError::Scheme { .. } => "endpoint-scheme",
        AddressError::NotAUrl { .. }
        | AddressError::Disguised { .. }
        | AddressError::Fragment { .. } => "endpoint-unusable",
    };
    let said = why.to_string();
    // Its own cure is said behind.
    let said = said.split("; an administrator").next().unwrap_or_default();
    Line::wrong(SERVER, code, said, cure_of(why)).clause("OAuth 2.1 1.5")
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
fn unanswered(walk: &Walk<'_>, asked: &str, said: String) -> Line {
    let of_server = is_of_server(asked);
    let part = if of_server { SERVER } else { RESOURCE };
    let Some(heard) = walk.heard_at(asked) else {
        return Line::wrong(part, "unknown", said, "look again later");
    };
    let (silent, unreachable, trouble) = match of_server {
        true => (
            "login-server-silent",
            "login-server-unreachable",
            "login-server-trouble",
        ),
        false => (
            "resource-metadata-silent",
            "resource-metadata-unreachable",
            "resource-metadata-trouble",
        ),
    };
    let whose = if of_server {
        "the login server"
    } else {
        "the server's metadata"
    };
    let line = match &heard.answer {
        Err(Unanswered::Timeout) => Line::wrong(
            part,
            silent,
            format!("{whose} does not answer in time"),
            "its owner finds the reason; give it more time with --within SECONDS",
        ),
        Err(Unanswered::Network(why)) if why.contains("certificate") => certificate(part, why),
        Err(Unanswered::Network(why)) => Line::wrong(
            part,
            unreachable,
            format!("{whose} cannot be reached: {why}"),
            "look whether it is up, and whether this machine can reach it (DNS, firewall, HTTPS_PROXY)",
        ),
        Err(Unanswered::Refused(why)) => Line::wrong(
            part,
            "login-server-inner",
            format!("{whose} is not asked: {why}"),
            match why.contains("allowPrivateNetwork") {
                true => "if it may be in this network, set allowPrivateNetwork: true at the server",
                false => OWNER,
            },
        )
        .clause("RFC 9728 7.7"),
        Err(Unanswered::TooLarge) | Ok(_) => Line::wrong(
            part,
            trouble,
            format!("{whose} is in trouble; nothing is concluded from such an answer"),
            "try later; its owner finds the reason in its log",
        )
        .clause("RFC 9110 15.6"),
    };
    line.exchange(heard.both())
}

/// All places were looked at; the one that answered something other than "not here" says most.
fn no_metadata(walk: &Walk<'_>, issuer: &str) -> Line {
    let places: Vec<&Heard> = walk
        .heard()
        .filter(|heard| is_of_server(&heard.address))
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
    let (code, text, heard) = if let Some(heard) = large {
        (
            "server-metadata-too-large",
            format!("the metadata of {issuer} is larger than 1 MB"),
            Some(heard),
        )
    } else if let Some(heard) = page {
        (
            "server-metadata-not-json",
            format!("where the metadata of {issuer} should be is something that is no JSON"),
            Some(heard),
        )
    } else if let Some(heard) = short {
        (
            "server-metadata-incomplete",
            format!("the metadata of {issuer} lacks the endpoints that a sign-in needs"),
            Some(heard),
        )
    } else {
        (
            "no-server-metadata",
            format!("{issuer} publishes no metadata at any of its well-known addresses"),
            places.last(),
        )
    };
    let line = Line::wrong(SERVER, code, text, cure).clause("RFC 8414 3");
    match heard {
        Some(heard) => line.exchange(heard.both()),
        None => line,
    }
}
