//! The proxies of this machine, as its environment names them, and what goes past them.
//!
//! `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, the lower-case names first, as curl reads them. This machine is never
//! reached through a proxy. `NO_PROXY` knows `*`, names (with everything below them), addresses, networks (`10.0.0.0/8`) and ports.

use std::net::IpAddr;

use url::{Host, Url};

use super::reach;

/// Which proxy a request goes through, if any. No `Debug`: an address may hold a password.
#[derive(Clone, Default)]
pub struct Proxies {
    http: Option<Url>,
    https: Option<Url>,
    past: Vec<Exception>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Exception {
    whom: Whom,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Whom {
    Everybody,
    /// A name and all below it.
    Name(String),
    Network(IpAddr, u8),
}

/// A proxy that the environment names and that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    #[error("{variable} is no address of a proxy: {source}")]
    NoAddress {
        variable: &'static str,
        source: url::ParseError,
    },
    #[error(
        "{variable} names a {scheme} proxy; http, https, socks4, socks4a, socks5 and socks5h are known"
    )]
    Scheme {
        variable: &'static str,
        scheme: String,
    },
}

impl Proxies {
    /// What the environment says.
    ///
    /// # Errors
    /// When a proxy is named that cannot be used: going out past a proxy that somebody wanted would be worse.
    pub fn from_environment(
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ProxyError> {
        let all = address(environment, ["all_proxy", "ALL_PROXY"])?;
        let https = address(environment, ["https_proxy", "HTTPS_PROXY"])?;
        let http = address(environment, ["http_proxy", "HTTP_PROXY"])?;
        let past = said(environment, ["no_proxy", "NO_PROXY"])
            .map_or_else(String::new, |(_, value)| value);
        Ok(Self {
            https: https.or_else(|| all.clone()),
            http: http.or(all),
            past: past
                .split([',', ' '])
                .filter_map(|word| Exception::read(word.trim()))
                .collect(),
        })
    }

    /// The proxy for a request to this address.
    // rule: at-56
    #[must_use]
    pub fn of(&self, url: &Url) -> Option<&Url> {
        let proxy = match url.scheme() {
            "https" => self.https.as_ref(),
            _ => self.http.as_ref(),
        }?;
        let past = reach::is_this_machine(url) || self.past.iter().any(|one| one.covers(url));
        (!past).then_some(proxy)
    }

    /// The names of the proxies themselves.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        [&self.http, &self.https]
            .into_iter()
            .flatten()
            .filter_map(Url::host_str)
            .map(str::to_ascii_lowercase)
    }
}

impl Exception {
    fn read(word: &str) -> Option<Self> {
        let everybody = word == "*";
        let (host, port) = apart(word);
        let host = host.trim_start_matches("*.").trim_matches('.');
        if host.is_empty() && !everybody {
            return None;
        }
        let whom = match network(host) {
            _ if everybody => Whom::Everybody,
            Some((address, bits)) => Whom::Network(address, bits),
            None => Whom::Name(host.to_ascii_lowercase()),
        };
        Some(Self { whom, port })
    }

    fn covers(&self, url: &Url) -> bool {
        let port = self.port.is_none() || self.port == url.port_or_known_default();
        let host = match (&self.whom, url.host()) {
            (Whom::Everybody, _) => true,
            (Whom::Name(name), Some(Host::Domain(host))) => {
                let host = host.trim_end_matches('.').to_ascii_lowercase();
                host.strip_suffix(name.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            (Whom::Network(network, bits), Some(Host::Ipv4(address))) => {
                holds(*network, *bits, address.into())
            }
            (Whom::Network(network, bits), Some(Host::Ipv6(address))) => {
                holds(*network, *bits, address.into())
            }
            (Whom::Name(_), Some(Host::Ipv4(_) | Host::Ipv6(_)) | None)
            | (Whom::Network(..), Some(Host::Domain(_)) | None) => false,
        };
        port && host
    }
}

/// A host and its port; the colons of a bare IPv6 address are no port's.
fn apart(word: &str) -> (&str, Option<u16>) {
    if let Some((inside, after)) = word.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let port = after.strip_prefix(':').and_then(|port| port.parse().ok());
        return (inside, port);
    }
    match word.split_once(':') {
        Some((host, port)) if !port.contains(':') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (word, None),
        },
        Some(_) | None => (word, None),
    }
}

/// An address, or a network with the length of its prefix.
fn network(word: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = match word.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
        None => (word, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let whole = if address.is_ipv4() { 32 } else { 128 };
    Some((address, bits.unwrap_or(whole))).filter(|(_, bits)| *bits <= whole)
}

fn holds(network: IpAddr, bits: u8, address: IpAddr) -> bool {
    let bits = u32::from(bits);
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

fn said(
    environment: &dyn Fn(&str) -> Option<String>,
    names: [&'static str; 2],
) -> Option<(&'static str, String)> {
    names.into_iter().find_map(|name| {
        let value = environment(name)?.trim().to_owned();
        (!value.is_empty()).then_some((name, value))
    })
}

fn address(
    environment: &dyn Fn(&str) -> Option<String>,
    names: [&'static str; 2],
) -> Result<Option<Url>, ProxyError> {
    let Some((variable, value)) = said(environment, names) else {
        return Ok(None);
    };
    let whole = if value.contains("://") {
        value
    } else {
        format!("http://{value}")
    };
    let url = Url::parse(&whole).map_err(|source| ProxyError::NoAddress { variable, source })?;
    match url.scheme() {
        "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h" => Ok(Some(url)),
        scheme => Err(ProxyError::Scheme {
            variable,
            scheme: scheme.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Result<Proxies, ProxyError> {
        Proxies::from_environment(&|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn of(proxies: &Proxies, url: &str) -> Option<String> {
        proxies
            .of(&Url::parse(url).unwrap())
            .map(|url| url.host_str().unwrap().to_owned())
    }

    #[test]
    fn each_scheme_has_its_proxy_and_all_stands_in() {
        let named = proxies(&[
            ("HTTPS_PROXY", "http://upper:1"),
            ("https_proxy", "lower:3128"),
            ("ALL_PROXY", "socks5h://all:2"),
        ])
        .unwrap();
        assert_eq!(of(&named, "https://a.test/").as_deref(), Some("lower"));
        assert_eq!(of(&named, "http://a.test/").as_deref(), Some("all"));
        assert_eq!(of(&proxies(&[]).unwrap(), "https://a.test/"), None);
        let empty = proxies(&[("HTTPS_PROXY", " ")]).unwrap();
        assert_eq!(of(&empty, "https://a.test/"), None);
    }

    /// rule: at-56
    #[test]
    fn this_machine_and_the_exceptions_are_reached_past_the_proxy() {
        let named = proxies(&[
            ("ALL_PROXY", "http://proxy:1"),
            (
                "NO_PROXY",
                "as.test, .corp.test,*.wild.test,10.0.0.0/8,192.0.2.7,only.test:8443,::1",
            ),
        ])
        .unwrap();
        for past in [
            "http://localhost:9/",
            "http://x.localhost/",
            "https://127.0.0.1/",
            "http://[::1]:9/",
            "https://as.test/",
            "https://AS.test./token",
            "https://below.as.test/",
            "https://corp.test/",
            "https://a.corp.test/",
            "https://a.wild.test/",
            "https://10.1.2.3/",
            "https://192.0.2.7/",
            "https://only.test:8443/",
        ] {
            assert_eq!(of(&named, past), None, "{past}");
        }
        for through in [
            "https://nas.test/",
            "https://as.test.evil.test/",
            "https://mcp.test/",
            "https://11.1.2.3/",
            "https://192.0.2.8/",
            "https://only.test/",
            "https://[2001:db8::1]/",
        ] {
            assert_eq!(of(&named, through).as_deref(), Some("proxy"), "{through}");
        }
        let none = proxies(&[("ALL_PROXY", "proxy:1"), ("NO_PROXY", "*")]).unwrap();
        assert_eq!(of(&none, "https://mcp.test/"), None);
    }

    #[test]
    fn networks_of_both_families_are_told_apart() {
        let named = proxies(&[
            ("ALL_PROXY", "http://proxy:1"),
            ("NO_PROXY", "fd00::/8,0.0.0.0/0"),
        ])
        .unwrap();
        assert_eq!(of(&named, "https://[fd12::1]/"), None);
        assert_eq!(of(&named, "https://8.8.8.8/"), None);
        assert!(of(&named, "https://[2001:db8::1]/").is_some());
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_said_and_not_passed_by() {
        let error = proxies(&[("HTTPS_PROXY", "ftp://proxy")]).err().unwrap();
        assert!(
            error.to_string().contains("HTTPS_PROXY names a ftp proxy"),
            "{error}"
        );
        let error = proxies(&[("ALL_PROXY", "http://")]).err().unwrap();
        assert!(
            error.to_string().starts_with("ALL_PROXY is no address"),
            "{error}"
        );
    }
}
