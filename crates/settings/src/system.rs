//! `systemConfig`: what the hub itself does. Parts that belong to features that are not there yet are known by name and kept.

use std::time::Duration;

use url::Url;

use crate::forward_auth;
use crate::issuer::OAuthServer;
use crate::problem::Problem;
use crate::reader::{Reader, shown};
use crate::secret::Secret;
use crate::server::may_be_passed_on;

#[derive(Clone, Debug, PartialEq)]
pub struct Routing {
    /// `/mcp` without a name.
    pub enable_global_route: bool,
    /// Groups by name, not only by id.
    pub enable_group_name_route: bool,
    /// Absent when nobody decided.
    pub enable_bearer_auth: Option<bool>,
    /// One key for everything, from before `bearerKeys`.
    pub bearer_auth_key: Option<Secret>,
    pub bearer_auth_header_name: String,
    /// Bytes.
    pub json_body_limit: Option<u64>,
    /// Dashboard and API without a login.
    pub skip_auth: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Install {
    /// The hub's public address.
    pub base_url: Option<String>,
    pub python_index_url: Option<String>,
    pub npm_registry: Option<String>,
}

pub(crate) struct System {
    pub(crate) routing: Routing,
    pub(crate) install: Install,
    pub(crate) name_separator: String,
    pub(crate) enable_session_rebuild: bool,
    pub(crate) wait_for_sign_in: Option<Duration>,
    pub(crate) oauth_server: OAuthServer,
    pub(crate) forward_auth: forward_auth::Written,
}

impl Default for Routing {
    fn default() -> Self {
        Self {
            enable_global_route: true,
            enable_group_name_route: true,
            enable_bearer_auth: None,
            bearer_auth_key: None,
            bearer_auth_header_name: "Authorization".to_owned(),
            json_body_limit: None,
            skip_auth: false,
        }
    }
}

impl Default for System {
    fn default() -> Self {
        Self {
            routing: Routing::default(),
            install: Install::default(),
            name_separator: "-".to_owned(),
            enable_session_rebuild: false,
            wait_for_sign_in: None,
            oauth_server: OAuthServer::default(),
            forward_auth: forward_auth::Written::default(),
        }
    }
}

/// Parts of `systemConfig` that belong to features which we do not have yet.
const LATER: [&str; 6] = [
    "smartRouting",
    "toolResultCompression",
    "mcpRouter",
    "oauth",
    "discovery",
    "activityLog",
];

impl System {
    pub(crate) fn read(reader: Reader<'_>) -> Self {
        let usual = Self::default();
        let system = Self {
            routing: reader
                .object("routing")
                .map(Routing::read)
                .unwrap_or_default(),
            install: reader
                .object("install")
                .map(Install::read)
                .unwrap_or_default(),
            name_separator: reader.text("nameSeparator").unwrap_or(usual.name_separator),
            enable_session_rebuild: reader.flag("enableSessionRebuild").unwrap_or(false),
            wait_for_sign_in: reader.milliseconds("waitForSignIn"),
            oauth_server: oauth_server(&reader),
            forward_auth: forward_auth::Written::read(&reader),
        };
        reader.finish_knowing(&LATER);
        system
    }
}

impl Routing {
    fn read(reader: Reader<'_>) -> Self {
        let usual = Self::default();
        let routing = Self {
            enable_global_route: reader.flag("enableGlobalRoute").unwrap_or(true),
            enable_group_name_route: reader.flag("enableGroupNameRoute").unwrap_or(true),
            enable_bearer_auth: bearer_auth(&reader),
            bearer_auth_key: reader.secret("bearerAuthKey"),
            bearer_auth_header_name: key_header(&reader).unwrap_or(usual.bearer_auth_header_name),
            json_body_limit: reader
                .raw("jsonBodyLimit")
                .and_then(|_| body_limit(&reader)),
            skip_auth: reader.flag("skipAuth").unwrap_or(false),
        };
        reader.finish();
        routing
    }
}

impl Install {
    fn read(reader: Reader<'_>) -> Self {
        let install = Self {
            base_url: public_address(&reader),
            python_index_url: reader.text("pythonIndexUrl"),
            npm_registry: reader.text("npmRegistry"),
        };
        reader.finish();
        install
    }
}

/// Somebody decided something: what is no object switches it off.
fn oauth_server(reader: &Reader<'_>) -> OAuthServer {
    let key = "oauthServer";
    match (reader.raw(key), reader.object(key)) {
        (None, _) => OAuthServer::default(),
        (Some(_), Some(written)) => OAuthServer::read(written),
        (Some(_), None) => OAuthServer {
            enabled: false,
            ..OAuthServer::default()
        },
    }
}

/// Somebody decided something: when it cannot be read, the door stays shut.
fn bearer_auth(reader: &Reader<'_>) -> Option<bool> {
    reader
        .raw("enableBearerAuth")
        .map(|_| reader.flag("enableBearerAuth").unwrap_or(true))
}

/// The hub's address for people and login servers. One that cannot be an address stays what was decided, so that no door opens by it.
fn public_address(reader: &Reader<'_>) -> Option<String> {
    let key = "baseUrl";
    let address = reader.text(key)?;
    let fits = Url::parse(address.trim()).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    if !fits {
        let why = format!("`{}` is not an address", shown(&address));
        let problem = Problem::warning(&reader.path_to(key), why);
        reader.report(problem.cure("write an address as `https://hub.example.com`"));
    }
    Some(address)
}

/// Headers with a meaning of their own, besides those of one connection: a key in one of them would break requests, or be sent by every browser.
const TAKEN: [&str; 7] = [
    "cookie",
    "date",
    "forwarded",
    "origin",
    "referer",
    "user-agent",
    "via",
];

/// The header for keys. A name that cannot be one leaves the usual one in force.
// rule: mcphub-key-header
fn key_header(reader: &Reader<'_>) -> Option<String> {
    let key = "bearerAuthHeaderName";
    let name = reader.text(key)?;
    let letter = |it: u8| it.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&it);
    let small = name.trim().to_ascii_lowercase();
    let why = if small.is_empty() || !small.bytes().all(letter) {
        "is not a header name"
    } else if !may_be_passed_on(&small) || TAKEN.contains(&small.as_str()) {
        "is a header with a meaning of its own"
    } else {
        return Some(name);
    };
    let problem = Problem::warning(&reader.path_to(key), format!("`{}` {why}", shown(&name)));
    reader.report(problem.cure("write `Authorization`, or a name of your own as `X-Hub-Key`"));
    None
}

/// `1mb`, `512kb`, `100` (bytes), as the body parsers of JavaScript read it.
fn body_limit(reader: &Reader<'_>) -> Option<u64> {
    let key = "jsonBodyLimit";
    if reader.raw(key).is_some_and(serde_json::Value::is_number) {
        return reader.number(key);
    }
    let written = reader.text(key)?.to_ascii_lowercase();
    let digits = written
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(written.len());
    let unit = match written[digits..].trim() {
        "" | "b" => Some(1),
        "kb" => Some(1 << 10),
        "mb" => Some(1 << 20),
        "gb" => Some(1 << 30),
        _ => None,
    };
    let bytes = written[..digits]
        .parse::<u64>()
        .ok()
        .zip(unit)
        .and_then(|(count, unit)| count.checked_mul(unit));
    if bytes.is_none() {
        let problem = Problem::warning(
            &reader.path_to(key),
            format!("`{}` is not a size", shown(&written)),
        );
        reader.report(problem.cure("write it as `1mb` or `512kb`"));
    }
    bytes
}
