//! HTTP/1.1 over plain TCP in the caller's own task: a request is written, its answer read, and the connection kept for the next
//! one. No task, channel or wake lies between a call and its socket.
//!
//! RFC 9112 (HTTP/1.1) and RFC 9110 sections 6 to 8, the client's side, as far as MCP needs it. Leaves out TLS, proxies, HTTP/2
//! and compressed answers, which are the general client's; it asks for uncompressed ones.

mod answer;
mod connection;
mod framing;
mod head;
mod pool;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use url::{Position, Url};

pub(super) use self::answer::{Body, TooLarge};
use self::{connection::Connection, head::Head, pool::Pool};
use crate::fetch::Dialer;
use crate::upstream::layers::Layers;

/// Keeps connections to one host.
#[derive(Clone)]
pub(in crate::upstream) struct Lean {
    dialer: Dialer,
    pool: Arc<Pool>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error(transparent)]
    Unreachable(io::Error),
    #[error(transparent)]
    BrokeOff(#[from] BrokeOff),
}

/// A connection that cannot be used any more.
#[derive(Debug, thiserror::Error)]
pub(super) enum BrokeOff {
    #[error(transparent)]
    Socket(#[from] io::Error),
    #[error("the server closed the connection before its answer was whole")]
    Early,
    #[error("the answer is not HTTP/1.1: {0}")]
    Malformed(#[from] httparse::Error),
    #[error("the answer is not HTTP/1.1: its {0} cannot be read")]
    Framing(&'static str),
    #[error("the answer's headers are larger than {} kB", head::LARGEST / 1024)]
    LargeHead,
    #[error("the answer is compressed ({0}), which was not asked for")]
    Compressed(String),
}

/// What is sent.
pub(super) struct Ask<'a> {
    pub(super) method: &'a Method,
    pub(super) url: &'a Url,
    pub(super) headers: Layers<'a>,
    pub(super) body: Option<&'a Bytes>,
}

impl Ask<'_> {
    fn target(&self) -> &str {
        &self.url[Position::BeforePath..Position::AfterQuery]
    }

    fn authority(&self) -> &str {
        &self.url[Position::BeforeHost..Position::AfterPort]
    }
}

impl Lean {
    pub(super) fn new(dialer: Dialer) -> Self {
        Self {
            dialer,
            pool: Arc::default(),
        }
    }

    pub(super) async fn send(&self, ask: &Ask<'_>) -> Result<(Head, Body), Failed> {
        // A token must not reach another server than its own, whoever made the mistake.
        if !self.dialer.leads_to(ask.url) {
            return Err(Failed::Unreachable(io::Error::other(
                "the address is another server's",
            )));
        }
        while let Some(mut kept) = self.pool.take() {
            match kept.write(ask).await {
                Ok(()) => return Ok(self.answer(kept).await?),
                // Nothing of the request left this machine, so it may go over another connection.
                Err(failed) if failed.written == 0 => {}
                Err(failed) => return Err(BrokeOff::Socket(failed.source).into()),
            }
        }
        let stream = self.dialer.dial().await.map_err(Failed::Unreachable)?;
        let mut fresh = Connection::new(stream);
        let written = fresh.write(ask).await;
        written.map_err(|failed| BrokeOff::Socket(failed.source))?;
        Ok(self.answer(fresh).await?)
    }

    async fn answer(&self, mut connection: Connection) -> Result<(Head, Body), BrokeOff> {
        let head = connection.head().await?;
        let body = Body::new(connection, &head, Arc::clone(&self.pool))?;
        Ok((head, body))
    }
}
