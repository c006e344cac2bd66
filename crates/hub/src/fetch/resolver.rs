//! Name resolution that refuses names which lead inward.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Reach;

/// Resolves with the system's resolver, then judges every address.
pub(super) struct Resolver {
    reach: Reach,
    /// Proxies are named by whoever runs this machine; they may be inner addresses.
    proxies: Arc<HashSet<String>>,
}

/// A name that may not be called. A type of its own, so that it is told apart from a name that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("{name} leads to an inner address: {why}")]
pub(super) struct Refused {
    name: String,
    why: String,
}

impl Resolver {
    pub(super) fn new(reach: Reach, proxies: &[String]) -> Self {
        Self {
            reach,
            proxies: Arc::new(proxies.iter().cloned().collect()),
        }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach;
        let trusted = self.proxies.contains(name.as_str());
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if !trusted {
                judge(reach, name, &found)?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// One inner address among them refuses the whole name: which one the client would take is chance.
pub(super) fn judge(reach: Reach, name: String, found: &[SocketAddr]) -> Result<(), Refused> {
    // rule: s02
    match found
        .iter()
        .find_map(|address| reach.admit(address.ip()).err())
    {
        Some(why) => Err(Refused { name, why }),
        None => Ok(()),
    }
}
