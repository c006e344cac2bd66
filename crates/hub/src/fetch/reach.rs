//! Which addresses a request of OAuth may go to: what a server's own address, written down by a person, allows.
//!
//! The classes are those of RFC 6890 and its registries. Addresses that carry an IPv4 address inside (mapped, NAT64, 6to4,
//! Teredo) count as the address that they carry.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// How far inward a request may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses only.
    Public,
    /// Public addresses and this machine: the server itself is on this machine.
    Loopback,
    /// Public addresses and private networks: the server itself has a private address.
    Private,
    /// Everything but link-local addresses: the settings say so.
    Any,
}

/// What kind of place an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Public,
    Loopback,
    Private,
    /// Link-local (cloud metadata), multicast, unspecified, reserved: never a login server.
    Never,
}

impl Reach {
    pub(super) const ALL: [Self; 4] = [Self::Public, Self::Loopback, Self::Private, Self::Any];

    pub(super) fn index(self) -> usize {
        Self::ALL
            .iter()
            .position(|reach| *reach == self)
            .unwrap_or_default()
    }

    /// What the address of an MCP server, as a person wrote it, allows its login server to be. A name counts as public unless
    /// it is a name of this machine: what it resolves to is the word of whoever runs its DNS. `allow_private` is the setting.
    #[must_use]
    pub fn of_server(url: &Url, allow_private: bool) -> Self {
        if allow_private {
            return Self::Any;
        }
        let class = match url.host() {
            Some(Host::Ipv4(address)) => class_of_v4(address),
            Some(Host::Ipv6(address)) => class_of_v6(address),
            Some(Host::Domain(name)) if names_this_machine(name) => Class::Loopback,
            Some(Host::Domain(_)) | None => Class::Public,
        };
        match class {
            Class::Loopback => Self::Loopback,
            Class::Private => Self::Private,
            Class::Public | Class::Never => Self::Public,
        }
    }

    /// Whether a request may be sent to this address at all; names are judged again when they are resolved.
    pub(super) fn admit_url(self, url: &Url) -> Result<(), String> {
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(format!("{url} names no host")),
        };
        match literal {
            Some(address) => self.admit(address),
            None => Ok(()),
        }
    }

    /// Whether a request may go to this address.
    pub(super) fn admit(self, address: IpAddr) -> Result<(), String> {
        let allowed = match class_of(address) {
            Class::Public => true,
            Class::Loopback => matches!(self, Self::Loopback | Self::Any),
            Class::Private => matches!(self, Self::Private | Self::Any),
            Class::Never => false,
        };
        if allowed {
            return Ok(());
        }
        Err(format!(
            "{address} is an inner address, and the server's own address is not; `allowPrivateNetwork: true` at the server allows it"
        ))
    }
}

fn names_this_machine(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
}

fn class_of(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(address) => class_of_v4(address),
        IpAddr::V6(address) => class_of_v6(address),
    }
}

fn class_of_v4(address: Ipv4Addr) -> Class {
    let [a, b, c, _] = address.octets();
    let never = address.is_unspecified()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || a == 0
        || a >= 240
        || matches!((a, b, c), (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113));
    let shared_or_benchmark = (a == 100 && b & 0xc0 == 64) || (a == 198 && b & 0xfe == 18);
    if address.is_loopback() {
        Class::Loopback
    } else if never {
        Class::Never
    } else if address.is_private() || shared_or_benchmark {
        Class::Private
    } else {
        Class::Public
    }
}

fn class_of_v6(address: Ipv6Addr) -> Class {
    if let Some(inside) = carried(address) {
        return class_of_v4(inside);
    }
    let first = address.segments()[0];
    if address.is_loopback() {
        Class::Loopback
    } else if address.is_unspecified() || address.is_multicast() || first & 0xffc0 == 0xfe80 {
        Class::Never
    } else if first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfec0 {
        Class::Private
    } else if first & 0xe000 == 0x2000 {
        Class::Public
    } else {
        Class::Never
    }
}

/// The IPv4 address inside an IPv6 address that only wraps one.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let pair = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        // mapped ::ffff:a.b.c.d, and the old compatible ::a.b.c.d (but not :: and ::1)
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(pair(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(pair(high, low)),
        // NAT64, RFC 6052 and RFC 8215
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 1, .., high, low] => {
            Some(pair(high, low))
        }
        // 6to4
        [0x2002, high, low, ..] => Some(pair(high, low)),
        // Teredo keeps the client's address inverted
        [0x2001, 0, .., high, low] => Some(pair(!high, !low)),
        _ => None,
    }
}
