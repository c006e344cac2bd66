//! What nobody read of a request's body: many an answer is known from the head alone, and is given at once.
//!
//! The client may send the body after it has read the answer, as those do that write head and body apart. Nothing waits for it: while the
//! answer goes out, and after it, the rest is read and thrown away, so that the connection is there for the next request. When that is not
//! to be, the answer says so, lest the client meets the end where it expects an answer; and a client that is still sending is read for a
//! while all the same, because a reset would overtake the answer. HTTP/2 has streams for all that.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::header::{CONNECTION, EXPECT};
use http::{HeaderValue, Request, Version};
use http_body_util::BodyExt;
use hyper::body::{Body as Pieces, Frame, Incoming, SizeHint};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Asked, Patience, Work};

/// For a longer rest the connection is not kept.
const KEPT: u64 = 256 * 1024;
/// So much is thrown away at most.
const THROWN_AWAY: u64 = 4 * 1024 * 1024;

/// The body of a request, for whoever answers it.
struct Lent {
    body: Option<Asked>,
    /// The client sends nothing of it before it is asked to.
    held: bool,
    back: Option<oneshot::Sender<Left>>,
}

/// What is left of a body when the answer is known.
enum Left {
    Unread(Box<Asked>),
    /// More than that will never come, though it is not the end.
    Broken,
}

/// Where the rest of a body comes to.
pub(crate) struct Rest {
    left: Option<oneshot::Receiver<Left>>,
    version: Version,
    patience: Patience,
}

impl Rest {
    /// The request as it is answered, and where the rest of its body comes to.
    pub(crate) fn of(request: Request<Incoming>, patience: Patience) -> (Request<Body>, Self) {
        let version = request.version();
        let mut rest = Self {
            left: None,
            version,
            patience,
        };
        let held = version > Version::HTTP_10 && request.headers().contains_key(EXPECT);
        let request = request.map(|body| {
            let body = Asked::new(body, patience);
            if body.is_end_stream() || version >= Version::HTTP_2 {
                return Body::new(body);
            }
            let (back, left) = oneshot::channel();
            rest.left = Some(left);
            Body::new(Lent {
                body: Some(body),
                held,
                back: Some(back),
            })
        });
        (request, rest)
    }

    /// Sees to it that the connection goes on behind the answer, or that the answer says that it ends. After the token nothing is read
    /// for nothing any more.
    pub(crate) fn settle(
        self,
        answer: &mut Response,
        (work, leave): (&Arc<Work>, &CancellationToken),
    ) {
        // Where nothing comes back, all was read.
        let left = self.left.and_then(|mut left| left.try_recv().ok());
        let goes_on = match left {
            None => true,
            Some(Left::Broken) => false,
            Some(Left::Unread(body)) => {
                let goes_on = body.size_hint().upper().is_some_and(|rest| rest <= KEPT);
                let after = (Arc::clone(work), leave.clone());
                tokio::spawn(throw_away(body, self.patience, after));
                goes_on
            }
        };
        // rule: rfc9112-9.6 -- whoever intends to close a connection SHOULD say `close`.
        // rule: rfc9110-10.1.1 -- a final status instead of the 100 that a client waits for SHOULD say whether the connection ends.
        if !goes_on {
            let close = HeaderValue::from_static("close");
            answer.headers_mut().insert(CONNECTION, close);
            if self.version == Version::HTTP_10 {
                // Else `keep-alive` would be said, too, to who asked for it.
                *answer.version_mut() = self.version;
            }
        }
    }
}

/// Until its end, or for no longer than a body may be silent; a connection whose place is wanted ends before.
async fn throw_away(
    mut body: Box<Asked>,
    patience: Patience,
    (work, leave): (Arc<Work>, CancellationToken),
) {
    let is_read_off = async {
        let mut came = 0;
        // The connection may wait for the next request without saying that this was the end.
        while !body.is_end_stream() {
            let Some(Ok(frame)) = body.frame().await else {
                return false;
            };
            came += frame.data_ref().map_or(0, Bytes::len) as u64;
            if came > THROWN_AWAY {
                return false;
            }
        }
        true
    };
    let is_read_off = timeout(patience.stall, is_read_off);
    // What is dropped unread ends the connection.
    if let Some(Ok(true)) = leave.run_until_cancelled(is_read_off).await {
        work.read_off();
    }
}

impl Lent {
    fn give_back(&mut self, left: Left) {
        if let Some(back) = self.back.take() {
            // Where the answer is under way already, the connection ends behind it.
            drop(back.send(left));
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let body = self.body.take().filter(|body| !body.is_end_stream());
        match body {
            None => {}
            // To read is to ask for it.
            Some(_) if self.held => self.give_back(Left::Broken),
            Some(body) => self.give_back(Left::Unread(Box::new(body))),
        }
    }
}

impl Pieces for Lent {
    type Data = Bytes;
    type Error = <Asked as Pieces>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let piece = Pin::new(body).poll_frame(cx);
        self.held = false;
        match &piece {
            Poll::Pending | Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(None) => self.body = None,
            Poll::Ready(Some(Err(_))) => {
                self.body = None;
                self.give_back(Left::Broken);
            }
        }
        piece
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Pieces::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Some(body) => body.size_hint(),
            None => SizeHint::with_exact(0),
        }
    }
}
