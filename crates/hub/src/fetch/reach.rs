//! How far inward requests may go on behalf of a server: what its own address, written down by a person, allows.
//!
//! What kind of place an address is, `oauth::place` knows. Two questions, two answers: the server itself was named by a
//! person, what its metadata names was not (RFC 9728 7.7 and the MCP security best practices, "server-side request forgery").

use std::net::IpAddr;

use oauth::place::Place;
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

impl Reach {
    /// What the address of an MCP server, as a person wrote it, allows its login server to be. A name counts as public unless
    /// it is a name of this machine: what it resolves to is the word of whoever runs its DNS. `allow_private` is the setting.
    // rule: at-62
    #[must_use]
    pub fn of_sign_in(url: &Url, allow_private: bool) -> Self {
        if allow_private {
            return Self::Any;
        }
        match Place::of_host(url) {
            Some(Place::Loopback) => Self::Loopback,
            Some(Place::Private) => Self::Private,
            Some(Place::LinkLocal) => Self::LinkLocal,
            Some(Place::Public | Place::Never) | None => Self::Public,
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
        match Place::of_host(url) {
            Some(Place::LinkLocal) => Self::LinkLocal,
            Some(Place::Public | Place::Loopback | Place::Private | Place::Never) | None => {
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
        let place = Place::of(address);
        let allowed = match place {
            Place::Public => true,
            Place::Loopback => matches!(self, Self::Loopback | Self::Named | Self::Any),
            Place::Private => matches!(self, Self::Private | Self::Named | Self::Any),
            Place::LinkLocal => matches!(self, Self::LinkLocal | Self::Any),
            Place::Never => false,
        };
        if allowed {
            return Ok(());
        }
        Err(match place {
            Place::Never => format!("{address} is an address that no server may have"),
            Place::Public | Place::Loopback | Place::Private | Place::LinkLocal => format!(
                "{address} is an inner address, and the server's own address is not; `allowPrivateNetwork: true` at the server allows it"
            ),
        })
    }
}

/// Whether a host, as it is written, is this machine.
pub(super) fn is_this_machine(url: &Url) -> bool {
    Place::of_host(url) == Some(Place::Loopback)
}
