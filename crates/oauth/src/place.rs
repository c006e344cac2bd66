//! What kind of place an address is: this machine, the network that we stand in, the open net.
//!
//! The classes are those of RFC 6890 and its registries. Addresses that carry an IPv4 address inside (mapped, NAT64, 6to4,
//! Teredo) count as the address that they carry. Who may reach which place is not asked here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
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

impl Place {
    /// Of a host as it is written; none for a name that somebody has to resolve.
    #[must_use]
    pub fn of_host(url: &Url) -> Option<Self> {
        match url.host()? {
            Host::Ipv4(address) => Some(of_v4(address)),
            Host::Ipv6(address) => Some(of_v6(address)),
            Host::Domain(name) => names_this_machine(name).then_some(Self::Loopback),
        }
    }

    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }
}

fn names_this_machine(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

fn of_v4(address: Ipv4Addr) -> Place {
    let [a, b, c, _] = address.octets();
    let never = CLOUD_V4.contains(&address)
        || address.is_multicast()
        || a == 0
        || a >= 240
        || matches!((a, b, c), (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113));
    let shared_or_benchmark = (a == 100 && b & 0xc0 == 64) || (a == 198 && b & 0xfe == 18);
    // What listens on 0.0.0.0 is called by that address too, and it is this machine.
    if address.is_loopback() || address.is_unspecified() {
        Place::Loopback
    } else if never {
        Place::Never
    } else if address.is_link_local() {
        Place::LinkLocal
    } else if address.is_private() || shared_or_benchmark {
        Place::Private
    } else {
        Place::Public
    }
}

fn of_v6(address: Ipv6Addr) -> Place {
    if let Some(inside) = carried(address) {
        return of_v4(inside);
    }
    let first = address.segments()[0];
    if address.is_loopback() || address.is_unspecified() {
        Place::Loopback
    } else if CLOUD_V6.contains(&address) || address.is_multicast() {
        Place::Never
    } else if first & 0xffc0 == 0xfe80 {
        Place::LinkLocal
    } else if first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfec0 {
        Place::Private
    } else if first & 0xe000 == 0x2000 {
        Place::Public
    } else {
        Place::Never
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(host: &str) -> Option<Place> {
        Place::of_host(&Url::parse(&format!("https://{host}/")).unwrap())
    }

    /// Words of addresses, and what kind of place all of them are.
    const BLOCKS: [(Place, &str); 5] = [
        (
            Place::Loopback,
            "127.0.0.1 127.255.255.254 0.0.0.0 localhost A.LocalHost. [::1] [::]",
        ),
        (
            Place::Private,
            "10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 100.64.0.0 100.127.255.255 198.18.0.0 198.19.255.255 \
             [fc00::1] [fdff::1] [fec0::1] [feff::1]",
        ),
        (
            Place::LinkLocal,
            "169.254.0.1 169.254.255.255 [fe80::1] [febf::1]",
        ),
        (
            Place::Never,
            "0.0.0.1 169.254.169.254 169.254.170.2 169.254.170.23 168.63.129.16 100.100.100.200 192.0.0.1 192.0.2.1 \
             198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 [fd00:ec2::254] [fd00:ec2::23] [fd20:ce::254] \
             [ff02::1] [100::1] [4000::1] [fe00::1]",
        ),
        (
            Place::Public,
            "1.1.1.1 9.255.255.255 100.63.255.255 100.128.0.0 172.15.255.255 172.32.0.0 192.0.1.1 192.0.3.1 192.1.0.1 \
             198.17.0.1 198.20.0.1 198.51.99.1 203.0.112.1 203.1.113.1 223.255.255.255 [2606::1] [3fff::1]",
        ),
    ];

    // rule: mcp-auth-inner-address, safe-s01, safe-s02
    #[test]
    fn each_block_ends_where_its_registry_says() {
        for (place, hosts) in BLOCKS {
            for host in hosts.split_whitespace() {
                assert_eq!(of(host), Some(place), "{host}");
            }
        }
        for name in ["mcp.test", "localhost.test", "notlocalhost"] {
            assert_eq!(of(name), None, "{name}");
        }
    }

    // rule: safe-s02
    #[test]
    fn an_address_inside_an_address_counts() {
        for (host, place) in [
            ("[::ffff:10.0.0.1]", Place::Private),
            ("[::10.0.0.1]", Place::Private),
            ("[::127.0.0.1]", Place::Loopback),
            ("[64:ff9b::169.254.169.254]", Place::Never),
            ("[64:ff9b:1::a00:1]", Place::Private),
            ("[64:ff9b:2::a00:1]", Place::Never),
            ("[2002:7f00:1::]", Place::Loopback),
            ("[2001:0:0:0:0:0:80ff:fffe]", Place::Loopback),
            ("[2001:0:0:0:0:0:f5ff:fffe]", Place::Private),
            ("[2001:0:0:0:0:0:5601:5601]", Place::Never),
            ("[64:ff9b::1.1.1.1]", Place::Public),
            ("[::ffff:1.1.1.1]", Place::Public),
            ("[2002:101:101::]", Place::Public),
        ] {
            assert_eq!(of(host), Some(place), "{host}");
        }
        assert_eq!(Place::of(IpAddr::from([10, 0, 0, 1])), Place::Private);
        assert_eq!(Place::of(Ipv6Addr::LOCALHOST.into()), Place::Loopback);
    }
}
