//! Addresses that strangers name: what may be asked, and where a person may be sent.
//!
//! OAuth 2.1 section 1.5 (https, or http on loopback), RFC 3986 (absolute URLs), RFC 9728 section 3.3 and
//! RFC 8707 section 2 (what a resource may be called). Names that resolve to inner addresses are the
//! driver's to refuse, as it alone resolves names.

use std::fmt;

use http::Uri;
use url::Url;

use crate::place::Place;
use crate::shown::steers;

/// An address that passed [`Endpoint::check`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: Url,
    uri: Uri,
}

/// What an endpoint is for; the word in messages, and which override applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Metadata,
    Issuer,
    Authorization,
    Token,
    IdentityProvider,
    Device,
    /// Where a person types a code.
    Verification,
    Registration,
    Revocation,
}

/// How near the MCP server itself is: what it names must not be nearer to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nearness {
    Public,
    Private,
    Loopback,
}

/// An address that must not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("the {purpose} address {address:?} is not an absolute URL")]
    NotAUrl { purpose: Purpose, address: String },
    #[error("the {purpose} address {address:?} is neither https nor http")]
    Scheme { purpose: Purpose, address: String },
    #[error("the {purpose} address {address:?} is plain http on another machine than this one{}", .purpose.cure())]
    PlainHttp { purpose: Purpose, address: String },
    #[error(
        "the {purpose} address {address:?} holds a user name or a character that hides where it leads"
    )]
    Disguised { purpose: Purpose, address: String },
    #[error("the {purpose} address {address:?} has a fragment")]
    Fragment { purpose: Purpose, address: String },
    #[error("the {purpose} address {address:?} is an inner address, and the MCP server is not")]
    Inner { purpose: Purpose, address: String },
}

impl Endpoint {
    /// Takes an address as a stranger wrote it. `near` is how near the MCP server is; `insecure` allows plain http.
    pub fn check(
        purpose: Purpose,
        raw: &str,
        near: Nearness,
        insecure: bool,
    ) -> Result<Self, AddressError> {
        let address = || shown(raw);
        if raw.contains('\\') || raw.chars().any(|c| steers(c) || c.is_whitespace()) {
            return Err(AddressError::Disguised {
                purpose,
                address: address(),
            });
        }
        let Ok(url) = Url::parse(raw) else {
            return Err(AddressError::NotAUrl {
                purpose,
                address: address(),
            });
        };
        // A scheme of another kind runs a program, or reads a file.
        // rule: safe-u01, safe-u07
        if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
            return Err(AddressError::Scheme {
                purpose,
                address: address(),
            });
        }
        // A user name can look like the host.
        // rule: safe-u04
        if !url.username().is_empty() || url.password().is_some() || userinfo(raw) {
            return Err(AddressError::Disguised {
                purpose,
                address: address(),
            });
        }
        if url.fragment().is_some() {
            return Err(AddressError::Fragment {
                purpose,
                address: address(),
            });
        }
        let nearness = Nearness::of(&url);
        // All authorization server endpoints are served over https; loopback alone may do without.
        // rule: oauth2.1-1.5, at-61, safe-u05
        if url.scheme() == "http" && nearness != Nearness::Loopback && !insecure {
            return Err(AddressError::PlainHttp {
                purpose,
                address: address(),
            });
        }
        // What a public server names must not lead into the network that we stand in.
        // rule: mcp-auth-inner-address
        if nearness > near {
            return Err(AddressError::Inner {
                purpose,
                address: address(),
            });
        }
        match url.as_str().parse() {
            Ok(uri) => Ok(Self { url, uri }),
            Err(_) => Err(AddressError::NotAUrl {
                purpose,
                address: address(),
            }),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    pub(crate) fn uri(&self) -> Uri {
        self.uri.clone()
    }

    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The same endpoint asked with another query.
    pub(crate) fn with_query(&self, query: &[(&str, &str)]) -> Option<Self> {
        let mut url = self.url.clone();
        url.query_pairs_mut().extend_pairs(query);
        let uri = url.as_str().parse().ok()?;
        Some(Self { url, uri })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str())
    }
}

impl Purpose {
    fn cure(self) -> &'static str {
        match self {
            Self::Token => "; an administrator can allow it with oauth.allowInsecureTokenEndpoint",
            Self::Metadata
            | Self::Issuer
            | Self::IdentityProvider
            | Self::Authorization
            | Self::Registration
            | Self::Revocation
            | Self::Device
            | Self::Verification => "",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metadata => "metadata",
            Self::Issuer => "issuer",
            Self::Authorization => "authorization",
            Self::Token => "token",
            Self::IdentityProvider => "identity provider's token",
            Self::Device => "device authorization",
            Self::Verification => "verification",
            Self::Registration => "registration",
            Self::Revocation => "revocation",
        })
    }
}

impl Nearness {
    /// By the name or literal alone; a name is public until somebody resolves it.
    #[must_use]
    pub fn of(url: &Url) -> Self {
        match Place::of_host(url) {
            Some(Place::Loopback) => Self::Loopback,
            Some(Place::Private | Place::LinkLocal | Place::Never) => Self::Private,
            Some(Place::Public) | None => Self::Public,
        }
    }
}

/// As much of a stranger's text as an error shows.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(200).collect()
}

/// The URL's scheme, host and port.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// What the MCP server is called when nobody says otherwise: its address without fragment, and without a
/// slash on a bare origin. The text is cut, never rebuilt, as a URL type would add that slash again.
// rule: mcp-auth-canonical-resource
#[must_use]
pub fn canonical_resource(mcp_url: &str) -> String {
    let text = mcp_url.split('#').next().unwrap_or_default();
    let Ok(mut url) = Url::parse(text) else {
        return text.to_owned();
    };
    if !url.username().is_empty() || url.password().is_some() {
        // A password in the address is for the MCP server, not for its authorization server.
        let cleared = url.set_username("").is_ok() && url.set_password(None).is_ok();
        let text = if cleared { url.as_str() } else { "" };
        return text.trim_end_matches('/').to_owned();
    }
    if url.path() == "/" && url.query().is_none() {
        text.trim_end_matches('/').to_owned()
    } else {
        text.to_owned()
    }
}

/// Whether metadata that calls itself `resource` speaks of the MCP server at `mcp`: the same address, or a
/// same-origin prefix of its path that ends at a segment boundary.
pub(crate) fn covers(resource: &str, mcp: &Url) -> bool {
    let Ok(named) = Url::parse(resource) else {
        return false;
    };
    if named.fragment().is_some() || !named.username().is_empty() || named.password().is_some() {
        return false;
    }
    if origin(&named) != origin(mcp) || named.query().is_some() && named.query() != mcp.query() {
        return false;
    }
    let prefix = named.path().trim_end_matches('/');
    match mcp.path().strip_prefix(prefix) {
        Some(rest) => rest.is_empty() || rest.starts_with('/'),
        None => false,
    }
}

fn userinfo(raw: &str) -> bool {
    let authority = raw.split_once("//").map_or(raw, |(_, rest)| rest);
    authority
        .split(['/', '?', '#'])
        .next()
        .is_some_and(|host| host.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str) -> Result<Endpoint, AddressError> {
        Endpoint::check(Purpose::Authorization, raw, Nearness::Public, false)
    }

    // rule: at-61, safe-u01, safe-u02, safe-u05
    #[test]
    fn only_https_addresses_are_shown_to_a_person() {
        for raw in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "java\tscript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "ms-msdt:x",
            "http://as.test/a",
            "http://login.example.test/authorize",
        ] {
            assert!(check(raw).is_err(), "{raw:?}");
        }
        // What a shell would read is letters of an address; and what is an option to a program is no address.
        for letters in ["$(calc)", "`id`", "';Start-Process+calc;'", "a|calc"] {
            let shell = check(&format!("https://as.test/a?x={letters}")).unwrap();
            assert_eq!(shell.url().host_str(), Some("as.test"), "{letters}");
            assert_eq!(shell.url().scheme(), "https");
        }
        assert!(check("https://as.test/a?x=;Start-Process calc").is_err());
        assert!(check("--version").is_err());
    }

    // rule: safe-u04, safe-u07
    #[test]
    fn disguised_relative_and_fragment_addresses_are_refused() {
        for raw in [
            "https://accounts.example.test@host/",
            "http://accounts.example.test@host/",
            "https://@host/",
            "https:/user@host/",
            "https:/:password@host/",
            "https://accounts.example.test\\@host/",
            "https://as.test/a#x",
            "/authorize",
            "//host/authorize",
            "",
        ] {
            assert!(check(raw).is_err(), "{raw:?}");
        }
    }

    // rule: oauth2.1-1.5
    #[test]
    fn plain_http_is_for_loopback() {
        let near = Nearness::Loopback;
        let loopback = |raw| Endpoint::check(Purpose::Token, raw, near, false);
        assert!(loopback("http://127.0.0.1:9/token").is_ok());
        assert!(loopback("http://localhost:9/token").is_ok());
        assert!(loopback("http://[::1]:9/token").is_ok());
        let public = loopback("http://as.test/token").unwrap_err();
        assert!(
            public.to_string().contains("allowInsecureTokenEndpoint"),
            "{public}"
        );
        assert!(Endpoint::check(Purpose::Token, "http://as.test/token", near, true).is_ok());
    }

    // rule: mcp-auth-inner-address
    #[test]
    fn a_public_server_cannot_name_inner_addresses_in_any_spelling() {
        for host in [
            "169.254.169.254",
            "10.0.0.1",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "127.1",
            "0",
            "100.64.0.1",
            "localhost",
            "x.localhost.",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "[fd00::1]",
            "[fe80::1]",
            "[64:ff9b::10.0.0.1]",
            "[2002:7f00:1::]",
        ] {
            assert!(check(&format!("https://{host}/a")).is_err(), "{host}");
        }
    }

    // rule: mcp-auth-canonical-resource
    #[test]
    fn the_resource_is_the_address_as_it_was_written() {
        for (url, resource) in [
            ("https://mcp.test", "https://mcp.test"),
            ("https://mcp.test/", "https://mcp.test"),
            ("https://mcp.test/mcp", "https://mcp.test/mcp"),
            ("https://mcp.test/mcp/", "https://mcp.test/mcp/"),
            ("https://mcp.test/mcp#x", "https://mcp.test/mcp"),
            ("https://u:p@mcp.test/mcp", "https://mcp.test/mcp"),
        ] {
            assert_eq!(canonical_resource(url), resource, "{url}");
        }
    }

    #[test]
    fn an_at_sign_behind_the_host_hides_nothing() {
        for raw in ["https://as.test/@me", "https://as.test/?login=a@b.test"] {
            assert!(check(raw).is_ok(), "{raw:?}");
        }
    }
}
