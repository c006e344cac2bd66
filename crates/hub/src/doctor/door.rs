//! The address, its name, and whether somebody listens there.

use std::io;

use oauth::place::Place;

use super::line::{Line, Part};
use super::walk::Walk;
use crate::cause::Cause;
use crate::fetch::{Fetch, Whereabouts};

/// Whether a request can be sent there at all.
pub(super) async fn examine(walk: &mut Walk<'_>) -> bool {
    let url = walk.url.clone();
    let host = url.host_str().unwrap_or_default().to_owned();
    let found = walk.fetch.whereabouts(&url, &walk.way, walk.within).await;
    let addresses = match found {
        Whereabouts::Found(addresses) => addresses,
        Whereabouts::Proxied => {
            let text = format!("{host} is reached through a proxy of the environment");
            walk.say(Line::ok(Part::Address, "address-proxied", text));
            plain_http(walk);
            return true;
        }
        Whereabouts::Unknown(error) => {
            walk.say(
                Line::wrong(
                    Part::Address,
                    Cause::NameUnknown,
                    format!("the name {host} does not resolve"),
                    "correct the host in the address, or look at this machine's DNS; where only a proxy knows the name, set HTTPS_PROXY",
                )
                .exchange((format!("resolve {host}"), error.to_string())),
            );
            return false;
        }
        Whereabouts::Refused(why) => {
            walk.say(
                Line::wrong(
                    Part::Address,
                    Cause::AddressInner,
                    why,
                    "correct the address; where a name leads into a network of the house, set allowPrivateNetwork: true at the server",
                ),
            );
            return false;
        }
    };
    let port = url.port_or_known_default().unwrap_or_default();
    let shown: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let shown = shown.join(", ");
    let asked = format!("connect {host}:{port}");
    match Fetch::knock(&addresses, port, walk.within).await {
        Ok(()) => {
            let text = match host.trim_matches(['[', ']']) == shown {
                true => format!("{shown} listens at port {port}"),
                false => format!("{host} is {shown}, and listens at port {port}"),
            };
            walk.say(Line::ok(Part::Address, "address", text));
            plain_http(walk);
            true
        }
        Err(error) => {
            let line = unreached(&host, port, &error);
            walk.say(line.exchange((asked, error.to_string())));
            false
        }
    }
}

fn unreached(host: &str, port: u16, error: &io::Error) -> Line {
    if error.kind() == io::ErrorKind::ConnectionRefused {
        Line::wrong(
            Part::Address,
            Cause::ConnectionRefused,
            format!("nobody listens at {host}, port {port}"),
            "start the server, or correct host and port of the address",
        )
    } else if error.kind() == io::ErrorKind::TimedOut {
        Line::wrong(
            Part::Address,
            Cause::ConnectionSilent,
            format!("{host} does not take the connection in time"),
            "look at firewalls between here and there, at a VPN that may be needed, and at HTTPS_PROXY",
        )
    } else {
        Line::wrong(
            Part::Address,
            Cause::ConnectionFailed,
            format!("{host} cannot be reached: {error}"),
            "look at this machine's network",
        )
    }
}

fn plain_http(walk: &mut Walk<'_>) {
    if walk.url.scheme() == "http" && Place::of_host(&walk.url) != Some(Place::Loopback) {
        let line = Line::note(
            Part::Address,
            "plain-http",
            "plain http: whoever is in between reads tokens and answers",
        );
        walk.say(line.clause("OAuth 2.1 1.5").cure("use https"));
    }
}
