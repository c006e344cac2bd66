//! The one place that connects out and builds HTTP clients, and the guarded way out for everything that OAuth asks for.
//!
//! A metadata document is a stranger's text that names addresses for us to call. So: addresses are checked after name
//! resolution and for every hop, redirects stay on their origin, answers are bounded in size (after decompression) and time.
//! RFC 9728 7.7 and the MCP security best practices ("server-side request forgery") ask for this. Traffic with the MCP
//! servers themselves leaves by the same clients: the same certificates, the same proxies, and a wider reach (`Reach::of_server`).

mod clients;
mod dial;
mod look;
mod proxies;
mod reach;
mod resolver;
#[cfg(test)]
mod tests;

use std::error::Error as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::header::LOCATION;
use http::{Method, StatusCode};
use oauth::step::{Request, Response, Unanswered};
use settings::Server;
use tokio::time::timeout;
use url::{Host, Url};

use clients::Clients;
pub use clients::TrustError;
pub use dial::Dialer;
pub use look::Whereabouts;
pub use proxies::{Proxies, ProxyError};
pub use reach::Reach;
pub use resolver::Lookup;
pub(crate) use resolver::{Refused as Inward, Unresolved};

/// The largest answer that is read, after decompression.
const LARGEST: usize = 1024 * 1024;
/// For a whole answer to a GET: discovery must not hold anybody up.
const GET_TIME: Duration = Duration::from_secs(5);
/// For a whole answer to anything else: token and registration endpoints may have to think.
const POST_TIME: Duration = Duration::from_secs(10);
/// For finding out where a name leads that a proxy is going to resolve; in some houses only the proxy can.
const LOOKUP_TIME: Duration = Duration::from_secs(1);
/// Redirects followed by a GET, all on one origin.
const HOPS: usize = 3;

/// What requests of the hub pass on their way out of this machine.
#[derive(Clone, Default)]
pub struct Egress {
    pub proxies: Proxies,
    /// Where a relative `caFile` is: the folder of the settings file.
    pub folder: PathBuf,
    /// Instead of the system's name resolution.
    pub lookup: Option<Lookup>,
}

/// How the requests of one server go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    pub reach: Reach,
    /// PEM file with certificate authorities that are trusted besides the system's.
    pub ca_file: Option<String>,
}

impl Way {
    /// For requests to the server itself.
    #[must_use]
    pub fn to_server(url: &Url, server: &Server) -> Self {
        Self {
            reach: Reach::of_server(url, server.allow_private_network),
            ca_file: server.ca_file.clone(),
        }
    }

    /// For what signing in to the server asks of others.
    #[must_use]
    pub fn to_sign_in(url: &Url, server: &Server) -> Self {
        Self {
            reach: Reach::of_sign_in(url, server.allow_private_network),
            ca_file: server.ca_file.clone(),
        }
    }
}

impl From<Reach> for Way {
    fn from(reach: Reach) -> Self {
        Self {
            reach,
            ca_file: None,
        }
    }
}

/// How requests go to an MCP server.
#[derive(Clone)]
pub enum Outlet {
    /// Nothing but TCP lies between the hub and the server.
    Plain(Dialer),
    /// TLS, HTTP/2 or a proxy takes part.
    General {
        client: reqwest::Client,
        /// Whether no proxy lies between.
        is_direct: bool,
    },
}

/// The HTTP clients of a hub. A clone shares them.
#[derive(Clone)]
pub struct Fetch {
    clients: Arc<Clients>,
}

impl Fetch {
    #[must_use]
    pub fn new(egress: Egress) -> Self {
        Self {
            clients: Arc::new(Clients::new(egress)),
        }
    }

    /// How requests go to an MCP server. No redirect is followed, and no total time is set (answers stream).
    ///
    /// # Errors
    /// When the address is out of reach, or the server's `caFile` cannot be used.
    pub async fn outlet(&self, url: &Url, way: &Way) -> Result<Outlet, TrustError> {
        way.reach.admit_url(url).map_err(|why| {
            TrustError::OutOfReach(url.host_str().unwrap_or_default().into(), why)
        })?;
        match self.clients.dialer(url, way.reach) {
            Some(dialer) => Ok(Outlet::Plain(dialer)),
            None => Ok(Outlet::General {
                client: self.clients.client(way).await?,
                is_direct: !self.clients.is_proxied(url),
            }),
        }
    }

    /// The general client, for requests that a test makes itself.
    #[cfg(test)]
    pub(crate) async fn general(&self, way: &Way) -> reqwest::Client {
        self.clients.client(way).await.unwrap()
    }

    /// Sends one request of OAuth and reads the whole answer.
    ///
    /// A GET follows up to three redirects on its own origin; any other redirect is returned as it is.
    ///
    /// # Errors
    /// When there is no answer: see `Unanswered`.
    pub async fn send(&self, request: Request, way: &Way) -> Result<Response, Unanswered> {
        let time = if request.method() == Method::GET {
            GET_TIME
        } else {
            POST_TIME
        };
        // On the heap: whoever waits for this is deep inside a sign-in already.
        // rule: safe-b02
        timeout(time, Box::pin(self.follow(request, way)))
            .await
            .unwrap_or(Err(Unanswered::Timeout))
    }

    /// As `send`; every redirect is returned as it is.
    ///
    /// # Errors
    /// When there is no answer: see `Unanswered`.
    pub async fn send_once(&self, request: Request, way: &Way) -> Result<Response, Unanswered> {
        timeout(GET_TIME, Box::pin(self.exchange(request, way)))
            .await
            .unwrap_or(Err(Unanswered::Timeout))
    }

    // rule: safe-s07
    async fn follow(&self, mut request: Request, way: &Way) -> Result<Response, Unanswered> {
        for _ in 0..=HOPS {
            let from = request.uri().to_string();
            let again = (request.method() == Method::GET).then(|| request.clone());
            let response = self.exchange(request, way).await?;
            let next = again.and_then(|again| redirected(&from, &response, again));
            match next {
                Some(next) => request = next,
                None => return Ok(response),
            }
        }
        Err(Unanswered::Refused(format!("more than {HOPS} redirects")))
    }

    async fn exchange(&self, request: Request, way: &Way) -> Result<Response, Unanswered> {
        read(self.begin(request, way).await?).await
    }

    /// The head of an answer, after all that is checked before a request leaves.
    async fn begin(&self, request: Request, way: &Way) -> Result<reqwest::Response, Unanswered> {
        let (head, body) = request.into_parts();
        let url = Url::parse(&head.uri.to_string())
            .map_err(|error| Unanswered::Refused(format!("{} is no address: {error}", head.uri)))?;
        // rule: safe-s01, safe-s04, safe-s05
        way.reach.admit_url(&url).map_err(Unanswered::Refused)?;
        self.ask_where(&url, way.reach).await?;
        let client = self.clients.client(way).await;
        let sent = client
            .map_err(|error| Unanswered::Refused(error.to_string()))?
            .request(head.method, url)
            .headers(head.headers)
            .body(body)
            .send()
            .await;
        sent.map_err(|error| unanswered(&error))
    }

    /// A name that a proxy resolves is judged by what it leads to from here. One that cannot be resolved here is the proxy's.
    async fn ask_where(&self, url: &Url, reach: Reach) -> Result<(), Unanswered> {
        let Some(Host::Domain(name)) = url.host() else {
            return Ok(());
        };
        if !self.clients.resolves_elsewhere(url) {
            return Ok(());
        }
        match timeout(LOOKUP_TIME, self.clients.lookup(name)).await {
            Ok(Ok(found)) => resolver::judge(reach, name.to_owned(), &found)
                .map_err(|refused| Unanswered::Refused(refused.to_string())),
            Ok(Err(unknown)) => {
                tracing::debug!(name, %unknown, "left to the proxy");
                Ok(())
            }
            Err(_) => Ok(()),
        }
    }
}

/// The next request of a GET that was redirected on its own origin; `None`: the answer stands.
fn redirected(from: &str, response: &Response, mut again: Request) -> Option<Request> {
    let moved = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    if !moved {
        return None;
    }
    let from = Url::parse(from).ok()?;
    let to = from
        .join(response.headers().get(LOCATION)?.to_str().ok()?)
        .ok()?;
    // rule: safe-s08
    // Another origin is also the same host over plain http.
    if to.origin() != from.origin() {
        return None;
    }
    *again.uri_mut() = to.as_str().parse().ok()?;
    Some(again)
}

/// Reads the body up to the limit; the limit counts what comes out of decompression.
async fn read(mut answer: reqwest::Response) -> Result<Response, Unanswered> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| unanswered(&error))? {
        // rule: safe-b01
        if body.len() + chunk.len() > LARGEST {
            return Err(Unanswered::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::new(body);
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}

/// An error of the client in our words: its innermost cause, since the outer ones only say "error sending request".
fn unanswered(error: &reqwest::Error) -> Unanswered {
    if error.is_timeout() {
        return Unanswered::Timeout;
    }
    let mut source = error.source();
    let mut innermost = None;
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<resolver::Refused>() {
            return Unanswered::Refused(refused.to_string());
        }
        innermost = Some(cause);
        source = cause.source();
    }
    Unanswered::Network(innermost.map_or_else(|| error.to_string(), ToString::to_string))
}
