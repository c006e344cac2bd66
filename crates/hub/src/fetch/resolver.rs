//! Name resolution that refuses names which lead inward.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Reach;

/// How names become addresses; outside of tests the system does it.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// The system's resolver.
pub(super) fn system() -> Lookup {
    Arc::new(|name: String| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map_err(|error| io::Error::other(Unresolved(error)))?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

/// Resolves, then judges every address.
pub(super) struct Resolver {
    pub(super) reach: Reach,
    pub(super) lookup: Lookup,
    /// Proxies are named by whoever runs this machine; they may be inner addresses.
    pub(super) proxies: Arc<HashSet<String>>,
}

/// A name that may not be called. A type of its own, so that it is told apart from a name that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("{name} leads to an inner address: {why}")]
pub(crate) struct Refused {
    name: String,
    why: String,
}

/// A name that the system's resolver does not know, as a type: its own error says so in words alone.
#[derive(Debug, thiserror::Error)]
#[error("the name does not resolve")]
pub(crate) struct Unresolved(#[source] io::Error);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach;
        let name = name.as_str().to_owned();
        let trusted = self.proxies.contains(&name.to_ascii_lowercase());
        let found = (self.lookup)(name.clone());
        Box::pin(async move {
            let found = found.await?;
            if !trusted {
                judge(reach, name, &found)?;
            }
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// One inner address among them refuses the whole name: which one the client would take is chance.
pub(super) fn judge(reach: Reach, name: String, found: &[IpAddr]) -> Result<(), Refused> {
    // rule: safe-s02
    match found.iter().find_map(|address| reach.admit(*address).err()) {
        Some(why) => Err(Refused { name, why }),
        None => Ok(()),
    }
}
