//! The clients themselves, built when they are first needed: one for each reach and each set of certificates.
//!
//! What a client may resolve and whom it trusts is fixed when it is built, so a connection that is kept open was checked by the
//! same rules as a new one. A `caFile` is read again for each use: a renewed file makes another client.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use url::Url;

use super::dial::Dialer;
use super::resolver::{self, Lookup, Resolver};
use super::{Egress, Proxies, Reach, Way};

pub(super) const CONNECT_TIME: Duration = Duration::from_secs(10);
/// Larger files are no certificates.
const LARGEST_CA: u64 = 4 << 20;
/// Clients that are kept; more only means that certificate files were changed again and again.
const MOST: usize = 64;

/// Whom a server's requests cannot be sent by.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error("caFile {} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("caFile {} holds no certificate; it must be PEM text, from -----BEGIN CERTIFICATE-----", .0.display())]
    NoCertificate(PathBuf),
    #[error("caFile {} holds a certificate that cannot be used: {source}", path.display())]
    Unusable {
        path: PathBuf,
        source: reqwest::Error,
    },
    #[error("the HTTP client could not be set up: {0}")]
    Setup(reqwest::Error),
    #[error("not sent to {0}: {1}")]
    OutOfReach(String, String),
    #[error("setting up the HTTP client broke off")]
    Stopped(#[from] tokio::task::JoinError),
}

type Key = (Reach, Option<[u8; 32]>);

pub(super) struct Clients {
    egress: Egress,
    lookup: Lookup,
    proxies: Arc<HashSet<String>>,
    built: Mutex<HashMap<Key, reqwest::Client>>,
}

/// Certificates of a `caFile`.
struct Authorities {
    path: PathBuf,
    pem: Vec<u8>,
}

impl Clients {
    pub(super) fn new(egress: Egress) -> Self {
        Self {
            lookup: egress.lookup.clone().unwrap_or_else(resolver::system),
            proxies: Arc::new(egress.proxies.names().collect()),
            egress,
            built: Mutex::default(),
        }
    }

    pub(super) async fn client(&self, way: &Way) -> Result<reqwest::Client, TrustError> {
        let authorities = match &way.ca_file {
            Some(path) => Some(self.authorities(path).await?),
            None => None,
        };
        let mark = authorities
            .as_ref()
            .map(|found| Sha256::digest(&found.pem).into());
        let key = (way.reach, mark);
        if let Some(client) = self.built().get(&key) {
            return Ok(client.clone());
        }
        let builder = self.builder(way.reach);
        // The system's certificates are read from disk.
        let client = tokio::task::spawn_blocking(move || build(builder, authorities)).await??;
        self.keep(key, client.clone());
        Ok(client)
    }

    /// The way to a server with nothing in between; `None` where TLS or a proxy takes part.
    pub(super) fn dialer(&self, url: &Url, reach: Reach) -> Option<Dialer> {
        if self.is_proxied(url) {
            return None;
        }
        Dialer::of(url, reach, Arc::clone(&self.lookup))
    }

    /// Whether requests to this address go through a proxy.
    pub(super) fn is_proxied(&self, url: &Url) -> bool {
        self.egress.proxies.of(url).is_some()
    }

    /// Where a name leads from here.
    pub(super) async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        (self.lookup)(name.to_owned()).await
    }

    /// Whether the client's own resolver does not judge this name: a proxy resolves it, or it is a proxy's.
    pub(super) fn resolves_elsewhere(&self, url: &Url) -> bool {
        let named = url.host_str().unwrap_or_default().to_ascii_lowercase();
        self.is_proxied(url) || self.proxies.contains(&named)
    }

    async fn authorities(&self, named: &str) -> Result<Authorities, TrustError> {
        let path = self.egress.folder.join(named);
        let unreadable = |source| TrustError::Unreadable {
            path: path.clone(),
            source,
        };
        let found = tokio::fs::metadata(&path).await.map_err(unreadable)?;
        if !found.is_file() || found.len() > LARGEST_CA {
            return Err(TrustError::NoCertificate(path));
        }
        let pem = tokio::fs::read(&path).await.map_err(unreadable)?;
        Ok(Authorities { path, pem })
    }

    // rule: at-64
    /// What all clients share. No redirect is followed by itself: tokens must not travel to where an answer points.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one home of HTTP clients"
    )]
    fn builder(&self, reach: Reach) -> reqwest::ClientBuilder {
        let resolver = Resolver {
            reach,
            lookup: Arc::clone(&self.lookup),
            proxies: Arc::clone(&self.proxies),
        };
        reqwest::Client::builder()
            .user_agent(concat!("mcphub/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIME)
            .dns_resolver(Arc::new(resolver))
            // The process's own environment is read in one place only, and that is not the HTTP client.
            .no_proxy()
            .proxy(through(self.egress.proxies.clone()))
    }

    fn keep(&self, key: Key, client: reqwest::Client) {
        let mut built = self.built();
        if built.len() >= MOST {
            built.clear();
        }
        built.insert(key, client);
    }

    fn built(&self) -> std::sync::MutexGuard<'_, HashMap<Key, reqwest::Client>> {
        self.built.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn through(proxies: Proxies) -> reqwest::Proxy {
    reqwest::Proxy::custom(move |url| proxies.of(url).cloned())
}

fn build(
    builder: reqwest::ClientBuilder,
    authorities: Option<Authorities>,
) -> Result<reqwest::Client, TrustError> {
    let Some(Authorities { path, pem }) = authorities else {
        return builder.build().map_err(TrustError::Setup);
    };
    let certificates = reqwest::Certificate::from_pem_bundle(&pem);
    let certificates = match certificates {
        Ok(found) if found.is_empty() => return Err(TrustError::NoCertificate(path)),
        Ok(found) => found,
        Err(source) => return Err(TrustError::Unusable { path, source }),
    };
    builder
        .tls_certs_merge(certificates)
        .build()
        .map_err(|source| TrustError::Unusable { path, source })
}
