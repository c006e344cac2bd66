//! Bodies: of a request, which must keep coming; and of an answer, which says when the request is over.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Body as Pieces, Frame, Incoming, SizeHint};

use super::{Patience, Ticks, UnderWay};

/// The body of a request. Fails when it comes too slowly.
pub(crate) struct Asked {
    body: Incoming,
    /// Rings while the client is waited for.
    clock: Ticks,
    /// Bytes since that rang.
    came: usize,
    patience: Patience,
}

/// What must have come of a body each time that somebody looks, lest it be for ever under way.
const LEAST: usize = 4 * 1024;

/// A body that came too slowly, or no further.
#[derive(Debug, thiserror::Error)]
#[error("less than {LEAST} bytes of it came within {} s", .0.stall.as_secs_f32())]
pub(crate) struct TooSlow(Patience);

impl Asked {
    pub(crate) fn new(body: Incoming, patience: Patience) -> Self {
        Self {
            body,
            clock: Ticks::every(patience.stall),
            came: 0,
            patience,
        }
    }
}

impl Pieces for Asked {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let piece = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &piece {
            self.came += frame.data_ref().map_or(0, Bytes::len);
        } else if piece.is_pending()
            && self.clock.rang(cx)
            && std::mem::take(&mut self.came) < LEAST
        {
            return Poll::Ready(Some(Err(TooSlow(self.patience).into())));
        }
        piece.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer. Its end, or that of whoever wanted it, is the end of the request.
pub(crate) struct Answer {
    body: Body,
    _request: UnderWay,
}

impl Answer {
    pub(crate) fn new(body: Body, request: UnderWay) -> Self {
        Self {
            body,
            _request: request,
        }
    }
}

impl Pieces for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
