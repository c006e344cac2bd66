//! The gate before every route: who we are asked as (`Host`), from which page (`Origin`), how much is sent, and which
//! protective headers every answer carries.
//!
//! Keeps web pages of others away from a hub on this machine (DNS rebinding; MCP transports: servers MUST validate `Origin`).

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::IpAddr;

use axum::body::Body;
use axum::extract::Request;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use http_body_util::Limited;
use url::{Host, Url};

use crate::app::App;
use crate::problem::{Problem, Whose};
use hub::cause::Cause;

/// The names under which we answer, besides addresses and localhost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hosts {
    /// Named by the person who started us; a page of them is ours, too.
    further: BTreeSet<String>,
    /// Host and origin of the base url.
    public: Option<(String, url::Origin)>,
}

impl Hosts {
    pub(crate) fn new(base_url: Option<&str>, further: &[String]) -> Self {
        let base = base_url.and_then(|text| Url::parse(text).ok());
        let public =
            base.and_then(|url| Some((url.host_str()?.to_ascii_lowercase(), url.origin())));
        Self {
            further: further.iter().filter_map(|name| bare_name(name)).collect(),
            public,
        }
    }

    fn knows(&self, name: &str) -> bool {
        is_local(name)
            || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
            || self.further.contains(name)
            || self
                .public
                .as_ref()
                .is_some_and(|(public, _)| public == name)
    }

    // rule: safe-w01
    pub(crate) fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<String, Problem> {
        let host = asked_as(uri, headers)
            .ok_or_else(|| refused("the request names no host, or more than one"))?;
        let authority: Authority = host
            .parse()
            .map_err(|_| refused(format!("the host {host:?} is no host name")))?;
        let name = authority.host().trim_end_matches('.').to_ascii_lowercase();
        if host.contains('@') || !self.knows(&name) {
            return Err(refused(format!(
                "this hub does not answer as {name:?}; if that is its name, set systemConfig.install.baseUrl \
                 (or INSTALL_BASE_URL) to its public address"
            )));
        }
        Ok(host)
    }

    // rule: safe-w02
    // rule: mcp-transport-origin -- servers MUST validate Origin of all incoming connections.
    pub(crate) fn check_origin(&self, headers: &HeaderMap, asked_as: &str) -> Result<(), Problem> {
        for value in headers.get_all(header::ORIGIN) {
            let text = value.to_str().unwrap_or("null");
            if !self.is_ours(text, asked_as) {
                return Err(refused(format!(
                    "a page of {text:?} may not use this hub; if it should, set systemConfig.install.baseUrl to its address"
                )));
            }
        }
        Ok(())
    }

    fn is_ours(&self, origin: &str, asked_as: &str) -> bool {
        let Ok(url) = Url::parse(origin) else {
            return false;
        };
        if !matches!(url.scheme(), "http" | "https") {
            return false;
        }
        let local = match url.host() {
            Some(Host::Domain(name)) => is_local(name),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return false,
        };
        let same_as_asked = ["http", "https"].iter().any(|scheme| {
            Url::parse(&format!("{scheme}://{asked_as}"))
                .is_ok_and(|asked| asked.origin() == url.origin())
        });
        let listed = url
            .host_str()
            .is_some_and(|name| self.further.contains(name));
        local
            || same_as_asked
            || listed
            || self
                .public
                .as_ref()
                .is_some_and(|(_, public)| *public == url.origin())
    }
}

/// HTTP/2 names the host in the address, HTTP/1.1 in `Host`. Two that differ are refused.
fn asked_as(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let mut named: BTreeSet<&str> = BTreeSet::new();
    for value in headers.get_all(header::HOST) {
        named.insert(value.to_str().ok()?);
    }
    named.extend(uri.authority().map(Authority::as_str));
    match named.len() {
        1 => named.first().map(|host| (*host).to_owned()),
        _ => None,
    }
}

fn is_local(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

/// `example.com:8080` and `https://example.com/x` both mean `example.com`.
fn bare_name(written: &str) -> Option<String> {
    let url = if written.contains("://") {
        written.to_owned()
    } else {
        format!("http://{written}")
    };
    Url::parse(&url)
        .ok()?
        .host_str()
        .map(str::to_ascii_lowercase)
}

fn refused(message: impl Into<String>) -> Problem {
    Problem::new(Whose::Forbidden, message).cause(Cause::WrongHost)
}

/// Lets a request in, with a bound on its body.
pub(crate) fn pass(app: &App, request: Request) -> Result<Request, Problem> {
    let now = app.now();
    let asked_as = now.hosts.check_host(request.uri(), request.headers())?;
    now.hosts.check_origin(request.headers(), &asked_as)?;
    limit(named(request, &asked_as), now.body_limit)
}

/// HTTP/2 has no `Host`: all that asks for it finds the name there that the request came for.
// rule: rfc9113-8.3.1 -- a request's authority stands in `:authority`, and takes the place of the header Host.
fn named(mut request: Request, asked_as: &str) -> Request {
    if let Ok(host) = HeaderValue::from_str(asked_as) {
        let headers = request.headers_mut();
        headers.entry(header::HOST).or_insert(host);
    }
    request
}

fn limit(request: Request, most: usize) -> Result<Request, Problem> {
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(Problem::new(
            Whose::TooLarge,
            format!(
                "the body is larger than {most} bytes; raise systemConfig.routing.jsonBodyLimit if it must be"
            ),
        ));
    }
    // A body whose length was announced ends there.
    if announced.is_some() {
        return Ok(request);
    }
    Ok(request.map(|body| Body::new(Limited::new(body, most))))
}

// rule: safe-w04
pub(crate) fn protect(headers: &mut HeaderMap) {
    const ALWAYS: [(HeaderName, &str); 2] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    const UNLESS_SET: [(HeaderName, &str); 3] = [
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in UNLESS_SET {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
}
