//! How far inward requests may go on behalf of a server: what its own address, written down by a person, allows.
//!
//! The classes are those of RFC 6890 and its registries. Addresses that carry an IPv4 address inside (mapped, NAT64, 6to4,
//! Teredo) count as the address that they carry. Two questions, two answers: the server itself was named by a person, what its
//! metadata names was not (RFC 9728 7.7 and the MCP security best practices, "server-side request forgery").

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// How far inward a request may go. Public addresses are always in reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Nothing inward.
    Public,
    /// This machine: the server itself is on this machine.
    Loopback,
    /// Private networks: the server itself has a private address.
    Private,
    /// The link that the server's own address is on.
    LinkLocal,
    /// This machine and private networks: where a person's own name for a server may lead.
    Named,
    /// All of these: the settings say so.
    Any,
}

/// What kind of place an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Public,
    Loopback,
    Private,
    LinkLocal,
    /// Where clouds hand out keys to the machine that asks, multicast, reserved: never anybody's server.
    Never,
}

/// Addresses at which clouds tell a machine its own keys (AWS, Google, Azure, Oracle, DigitalOcean; containers at AWS; Azure's
/// agent; Alibaba).
const CLOUD_V4: [Ipv4Addr; 5] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(100, 100, 100, 200),
];
const CLOUD_V6: [Ipv6Addr; 3] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

impl Reach {
    /// What the address of an MCP server, as a person wrote it, allows its login server to be. A name counts as public unless
    /// it is a name of this machine: what it resolves to is the word of whoever runs its DNS. `allow_private` is the setting.
    // rule: at-62
    #[must_use]
    pub fn of_sign_in(url: &Url, allow_private: bool) -> Self {
        if allow_private {
            return Self::Any;
        }
        match class_of_host(url) {
            Some(Class::Loopback) => Self::Loopback,
            Some(Class::Private) => Self::Private,
            Some(Class::LinkLocal) => Self::LinkLocal,
            Some(Class::Public | Class::Never) | None => Self::Public,
        }
    }

    /// Where the requests to the MCP server itself may go. A person named it, so a name may lead to a machine of the house
    /// (containers have names of their own); but nobody's name leads to where a cloud hands out keys.
    // rule: safe-s11
    #[must_use]
    pub fn of_server(url: &Url, allow_private: bool) -> Self {
        if allow_private {
            return Self::Any;
        }
        match class_of_host(url) {
            Some(Class::LinkLocal) => Self::LinkLocal,
            Some(Class::Public | Class::Loopback | Class::Private | Class::Never) | None => {
                Self::Named
            }
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
        let class = class_of(address);
        let allowed = match class {
            Class::Public => true,
            Class::Loopback => matches!(self, Self::Loopback | Self::Named | Self::Any),
            Class::Private => matches!(self, Self::Private | Self::Named | Self::Any),
            Class::LinkLocal => matches!(self, Self::LinkLocal | Self::Any),
            Class::Never => false,
        };
        if allowed {
            return Ok(());
        }
        Err(match class {
            Class::Never => format!("{address} is an address that no server may have"),
            Class::Public | Class::Loopback | Class::Private | Class::LinkLocal => format!(
                "{address} is an inner address, and the server's own address is not; `allowPrivateNetwork: true` at the server allows it"
            ),
        })
    }
}

/// What a host is as it is written; none for a name that somebody has to resolve.
fn class_of_host(url: &Url) -> Option<Class> {
    match url.host()? {
        Host::Ipv4(address) => Some(class_of_v4(address)),
        Host::Ipv6(address) => Some(class_of_v6(address)),
        Host::Domain(name) => names_this_machine(name).then_some(Class::Loopback),
    }
}

/// Whether a host, as it is written, is this machine.
pub(super) fn is_this_machine(url: &Url) -> bool {
    class_of_host(url) == Some(Class::Loopback)
}

fn names_this_machine(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

fn class_of(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(address) => class_of_v4(address),
        IpAddr::V6(address) => class_of_v6(address),
    }
}

fn class_of_v4(address: Ipv4Addr) -> Class {
    let [a, b, c, _] = address.octets();
    let never = CLOUD_V4.contains(&address)
        || address.is_multicast()
        || a == 0
        || a >= 240
        || matches!((a, b, c), (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113));
    let shared_or_benchmark = (a == 100 && b & 0xc0 == 64) || (a == 198 && b & 0xfe == 18);
    // What listens on 0.0.0.0 is called by that address too, and it is this machine.
    if address.is_loopback() || address.is_unspecified() {
        Class::Loopback
    } else if never {
        Class::Never
    } else if address.is_link_local() {
        Class::LinkLocal
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
    if address.is_loopback() || address.is_unspecified() {
        Class::Loopback
    } else if CLOUD_V6.contains(&address) || address.is_multicast() {
        Class::Never
    } else if first & 0xffc0 == 0xfe80 {
        Class::LinkLocal
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
