//! The one place that builds HTTP clients, and the guarded way out for everything that OAuth asks for.
//!
//! A metadata document is a stranger's text that names addresses for us to call. So: addresses are checked after name
//! resolution and for every hop, redirects stay on their origin, answers are bounded in size (after decompression) and time.
//! RFC 9728 7.7 and the MCP security best practices ("server-side request forgery") ask for this. Traffic with the MCP
//! servers themselves goes to addresses that a person wrote down, and gets a client without the address guard.

mod reach;
mod resolver;
#[cfg(test)]
mod tests;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use http::header::LOCATION;
use http::{Method, StatusCode};
use oauth::step::{Request, Response, Unanswered};
use tokio::time::timeout;
use url::Url;

pub use reach::Reach;
use resolver::Resolver;

/// The largest answer that is read, after decompression.
const LARGEST: usize = 1024 * 1024;
/// For a whole answer to a GET: discovery must not hold anybody up.
const GET_TIME: Duration = Duration::from_secs(5);
/// For a whole answer to anything else: token and registration endpoints may have to think.
const POST_TIME: Duration = Duration::from_secs(10);
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// Redirects followed by a GET, all on one origin.
const HOPS: usize = 3;

/// The HTTP clients of a hub. A clone shares them.
#[derive(Clone)]
pub struct Fetch {
    clients: Arc<Clients>,
}

struct Clients {
    /// One for each reach, in the order of `Reach::ALL`: what a client may resolve is fixed when it is built.
    guarded: [reqwest::Client; Reach::ALL.len()],
    upstream: reqwest::Client,
}

/// No HTTP client could be built: the TLS set-up of this machine is broken.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be set up")]
pub struct SetupError(#[from] reqwest::Error);

impl Fetch {
    /// `proxies` are the host names of proxies that outgoing requests go through: they may be inner addresses.
    ///
    /// # Errors
    /// When no TLS client can be built on this machine.
    pub fn new(proxies: &[String]) -> Result<Self, SetupError> {
        let guarded = |reach: Reach| {
            client()
                .dns_resolver(Arc::new(Resolver::new(reach, proxies)))
                .build()
        };
        let [public, loopback, private, any] = Reach::ALL;
        Ok(Self {
            clients: Arc::new(Clients {
                guarded: [
                    guarded(public)?,
                    guarded(loopback)?,
                    guarded(private)?,
                    guarded(any)?,
                ],
                upstream: client().build()?,
            }),
        })
    }

    /// The client for traffic with MCP servers: follows no redirect, sets no total time (answers stream).
    #[must_use]
    pub fn upstream_client(&self) -> &reqwest::Client {
        &self.clients.upstream
    }

    /// Sends one request of OAuth and reads the whole answer.
    ///
    /// A GET follows up to three redirects on its own origin; any other redirect is returned as it is.
    ///
    /// # Errors
    /// When there is no answer: see `Unanswered`.
    pub async fn send(&self, request: Request, reach: Reach) -> Result<Response, Unanswered> {
        let time = if request.method() == Method::GET {
            GET_TIME
        } else {
            POST_TIME
        };
        // rule: b02
        timeout(time, self.follow(request, reach))
            .await
            .unwrap_or(Err(Unanswered::Timeout))
    }

    async fn follow(&self, mut request: Request, reach: Reach) -> Result<Response, Unanswered> {
        for _ in 0..=HOPS {
            let from = request.uri().to_string();
            let again = (request.method() == Method::GET).then(|| request.clone());
            let response = self.exchange(request, reach).await?;
            let next = again.and_then(|again| redirected(&from, &response, again));
            match next {
                Some(next) => request = next,
                None => return Ok(response),
            }
        }
        Err(Unanswered::Refused(format!("more than {HOPS} redirects")))
    }

    async fn exchange(&self, request: Request, reach: Reach) -> Result<Response, Unanswered> {
        let (head, body) = request.into_parts();
        let url = Url::parse(&head.uri.to_string())
            .map_err(|error| Unanswered::Refused(format!("{} is no address: {error}", head.uri)))?;
        // rule: s01
        reach.admit_url(&url).map_err(Unanswered::Refused)?;
        let sent = self.clients.guarded[reach.index()]
            .request(head.method, url)
            .headers(head.headers)
            .body(body)
            .send()
            .await;
        read(sent.map_err(|error| unanswered(&error))?).await
    }
}

/// What all clients share. No redirect is followed by itself: tokens must not travel to where an answer points.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one home of HTTP clients"
)]
fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("mcphub/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIME)
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
    // rule: s08
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
        // rule: b01
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
