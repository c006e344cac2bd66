//! Plain TCP to a server itself, where neither TLS nor a proxy takes part. The addresses are judged as for every other way out.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::{Host, Url};

use super::Reach;
use super::clients::CONNECT_TIME;
use super::resolver::{self, Lookup};

/// How long an address is tried alone before the next one of the same name is tried beside it (RFC 8305 section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// Opens connections to one host.
#[derive(Clone)]
pub struct Dialer {
    host: Host<String>,
    port: u16,
    reach: Reach,
    lookup: Lookup,
}

impl Dialer {
    /// `None`: the address needs more than TCP.
    pub(super) fn of(url: &Url, reach: Reach, lookup: Lookup) -> Option<Self> {
        if url.scheme() != "http" {
            return None;
        }
        Some(Self {
            host: url.host()?.to_owned(),
            port: url.port_or_known_default()?,
            reach,
            lookup,
        })
    }

    /// Whether it leads to where this address is.
    #[must_use]
    pub fn leads_to(&self, url: &Url) -> bool {
        let same_host = match (&self.host, url.host()) {
            (Host::Domain(ours), Some(Host::Domain(theirs))) => ours == theirs,
            (Host::Ipv4(ours), Some(Host::Ipv4(theirs))) => *ours == theirs,
            (Host::Ipv6(ours), Some(Host::Ipv6(theirs))) => *ours == theirs,
            _ => false,
        };
        same_host && url.scheme() == "http" && url.port_or_known_default() == Some(self.port)
    }

    /// # Errors
    /// When nobody answers there within ten seconds, or the name leads to where requests must not go.
    pub async fn dial(&self) -> io::Result<TcpStream> {
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "nobody answered in time");
        let stream = timeout(CONNECT_TIME, self.connect())
            .await
            .map_err(late)??;
        // Small messages must not wait for each other.
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let found = self.addresses().await?;
        let mut attempts = FuturesUnordered::new();
        let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in found {
            attempts.push(TcpStream::connect(SocketAddr::new(address, self.port)));
            match timeout(HEAD_START, attempts.next()).await {
                Ok(Some(Ok(stream))) => return Ok(stream),
                Ok(Some(Err(error))) => failed = error,
                Ok(None) | Err(_) => {}
            }
        }
        while let Some(tried) = attempts.next().await {
            match tried {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    async fn addresses(&self) -> io::Result<Vec<IpAddr>> {
        let (name, found) = match &self.host {
            Host::Ipv4(address) => (address.to_string(), vec![IpAddr::V4(*address)]),
            Host::Ipv6(address) => (address.to_string(), vec![IpAddr::V6(*address)]),
            Host::Domain(name) => (name.clone(), (self.lookup)(name.clone()).await?),
        };
        // rule: safe-s11
        resolver::judge(self.reach, name, &found).map_err(io::Error::other)?;
        Ok(found)
    }
}
