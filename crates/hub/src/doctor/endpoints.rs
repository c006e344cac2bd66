//! Whether the addresses that the hub itself would ask lead somewhere that it may ask.
//!
//! What can be told from an address alone, `oauth::address` knows; here names are resolved. Nothing is sent to them.

use serde_json::Value;
use url::Url;

use super::discovery::Document;
use super::line::{Line, Part};
use super::walk::Walk;
use crate::cause::Cause;
use crate::fetch::Whereabouts;

/// The browser's endpoint is not among them: where that leads is between a person and their network.
const OURS: [&str; 2] = ["token_endpoint", "registration_endpoint"];

pub(super) async fn examine(walk: &mut Walk<'_>, document: &Document) {
    for key in OURS {
        let address = document.members.get(key).and_then(Value::as_str);
        let Some(url) = address.and_then(|address| Url::parse(address).ok()) else {
            continue;
        };
        let way = walk.plan.way().clone();
        let found = walk.fetch.whereabouts(&url, &way, walk.within).await;
        let line = match found {
            Whereabouts::Found(_) | Whereabouts::Proxied => continue,
            Whereabouts::Refused(why) => Line::wrong(
                Part::LoginServer,
                Cause::EndpointInner,
                format!("the {key} {url} is not asked: {why}"),
                "if the login server is in this network, set allowPrivateNetwork: true at the server; else its owner has to correct it",
            ),
            Whereabouts::Unknown(why) => Line::wrong(
                Part::LoginServer,
                Cause::EndpointUnknown,
                format!("the name in the {key} {url} does not resolve"),
                "the login server's owner has to correct it; or look at this machine's DNS",
            )
            .exchange((
                format!("resolve {}", url.host_str().unwrap_or_default()),
                why.to_string(),
            )),
        };
        walk.say(line.shown_by(Some(&document.both)));
    }
}
