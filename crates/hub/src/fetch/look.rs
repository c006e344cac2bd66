//! A first look at an address, step by step, for whoever wants to know at which step it goes wrong.
//!
//! The same clients and the same guards as everything else; only nothing is summed up in one error.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http::header::CONTENT_TYPE;
use mcp::header::{EVENT_STREAM, is_type};
use mcp::sse::Parser;
use oauth::step::{Request, Response, Unanswered};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::{Host, Url};

use super::{Fetch, LARGEST, Way, resolver, unanswered};

/// Where the host of an address leads.
#[derive(Debug)]
pub enum Whereabouts {
    /// In the order in which they are tried.
    Found(Vec<IpAddr>),
    /// A proxy of the environment goes there for us.
    Proxied,
    Unknown(io::Error),
    Refused(String),
}

impl Fetch {
    /// Resolves the host of an address and judges where it leads.
    pub async fn whereabouts(&self, url: &Url, way: &Way, within: Duration) -> Whereabouts {
        if let Err(why) = way.reach.admit_url(url) {
            return Whereabouts::Refused(why);
        }
        if self.clients.resolves_elsewhere(url) {
            return Whereabouts::Proxied;
        }
        let name = match url.host() {
            Some(Host::Ipv4(address)) => return Whereabouts::Found(vec![address.into()]),
            Some(Host::Ipv6(address)) => return Whereabouts::Found(vec![address.into()]),
            Some(Host::Domain(name)) => name,
            None => return Whereabouts::Refused(format!("{url} names no host")),
        };
        match timeout(within, self.clients.lookup(name)).await {
            Err(_) => Whereabouts::Unknown(io::ErrorKind::TimedOut.into()),
            Ok(Err(error)) => Whereabouts::Unknown(error),
            Ok(Ok(found)) if found.is_empty() => {
                Whereabouts::Unknown(io::Error::other("the name has no address"))
            }
            Ok(Ok(found)) => match resolver::judge(way.reach, name.to_owned(), &found) {
                Ok(()) => Whereabouts::Found(found),
                Err(refused) => Whereabouts::Refused(refused.to_string()),
            },
        }
    }

    /// Whether somebody listens at one of these addresses, which `whereabouts` found.
    ///
    /// # Errors
    /// What the last address said.
    pub async fn knock(addresses: &[IpAddr], port: u16, within: Duration) -> io::Result<()> {
        let sockets: Vec<SocketAddr> = addresses
            .iter()
            .map(|address| SocketAddr::new(*address, port))
            .collect();
        timeout(within, TcpStream::connect(sockets.as_slice()))
            .await
            .unwrap_or(Err(io::ErrorKind::TimedOut.into()))
            .map(drop)
    }

    /// Sets up what requests of this way go out by, so that the time for it (certificates are read) is not taken for the server's.
    /// What goes wrong is said by the request that follows.
    pub async fn ready(&self, way: &Way) {
        if let Err(error) = self.clients.client(way).await {
            tracing::debug!(%error, "not ready");
        }
    }

    /// One answer as it comes: no redirect is followed, and of an event stream the first event with data is enough.
    ///
    /// # Errors
    /// When there is no answer: see `Unanswered`.
    pub async fn look(
        &self,
        request: Request,
        way: &Way,
        within: Duration,
    ) -> Result<Response, Unanswered> {
        timeout(within, Box::pin(self.first_of(request, way)))
            .await
            .unwrap_or(Err(Unanswered::Timeout))
    }

    async fn first_of(&self, request: Request, way: &Way) -> Result<Response, Unanswered> {
        let mut answer = self.begin(request, way).await?;
        let mut response = Response::new(Vec::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        let kind = response.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let mut events = is_type(kind, EVENT_STREAM).then(|| Parser::new(LARGEST));
        while let Some(chunk) = answer.chunk().await.map_err(|error| unanswered(&error))? {
            let body = response.body_mut();
            if body.len() + chunk.len() > LARGEST {
                return Err(Unanswered::TooLarge);
            }
            body.extend_from_slice(&chunk);
            if let Some(events) = &mut events
                && says_something(events, &chunk)
            {
                break;
            }
        }
        Ok(response)
    }
}

/// Whether an event with data is complete. Many streams begin with one that has none, so that they can be taken up.
fn says_something(events: &mut Parser, chunk: &[u8]) -> bool {
    events.feed(chunk);
    let mut complete = std::iter::from_fn(|| events.take());
    complete.any(|event| event.is_ok_and(|event| !event.data.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_says_something_when_it_is_complete_and_has_data() {
        let mut events = Parser::new(LARGEST);
        for chunk in [
            ": open\n\n",
            "id: 1\nretry: 5\ndata: \n\n",
            "event: endpoint\ndata: /messages\n",
        ] {
            assert!(!says_something(&mut events, chunk.as_bytes()), "{chunk:?}");
        }
        assert!(says_something(&mut events, b"\n"));
    }
}
