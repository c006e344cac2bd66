//! A client's socket that gives up a client who does not read, does not finish the head of a request, or asks nothing for long.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::{Patience, Ticks, Work};

/// A socket with patience. Reads fail when the client is too slow to ask, writes when it does not read.
pub(crate) struct Patient {
    socket: TcpStream,
    work: Arc<Work>,
    /// Rings while writes wait for the client.
    stalled: Ticks,
    /// The client read something since that rang.
    reads: bool,
    /// Rings all the time, so that no request has to wind it.
    looks: Ticks,
    /// What was known of the work at the last look.
    seen: u32,
    /// Something was read that belongs to no request so far.
    is_asking: bool,
    /// Looks in a row that found nothing new.
    quiet: u32,
    longest_idle: u32,
}

/// The first look may come right after the first byte.
const LONGEST_HEAD: u32 = 2;

impl Patient {
    pub(crate) fn new(socket: TcpStream, work: Arc<Work>, patience: Patience) -> Self {
        let looks = patience.idle.as_millis() / patience.stall.as_millis().max(1);
        Self {
            socket,
            work,
            stalled: Ticks::every(patience.stall),
            reads: false,
            looks: Ticks::every(patience.stall),
            seen: 0,
            is_asking: false,
            quiet: 0,
            longest_idle: u32::try_from(looks).unwrap_or(u32::MAX).max(1),
        }
    }

    /// Nothing came. Whether that is so for too long.
    fn look(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let (seen, works) = self.work.state();
        if works || seen != self.seen {
            // What was read belongs to that request.
            self.seen = seen;
            self.is_asking = false;
            self.quiet = 0;
        }
        if !self.looks.rang(cx) || works {
            return Ok(());
        }
        self.quiet += 1;
        if self.is_asking && self.quiet >= LONGEST_HEAD {
            return Err(too_slow("the head of a request did not come to its end"));
        }
        if self.quiet >= self.longest_idle {
            return Err(too_slow("nothing was asked for long"));
        }
        Ok(())
    }

    fn written(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.reads = true;
        } else if self.stalled.rang(cx) && !std::mem::take(&mut self.reads) {
            // The system would keep what it has taken, too. That the socket is gone already is as good.
            drop(self.socket.set_zero_linger());
            return Poll::Ready(Err(too_slow("the client does not read")));
        }
        written
    }
}

fn too_slow(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, why)
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(cx, into);
        if read.is_pending() {
            self.look(cx)?;
        } else if !self.is_asking && into.filled().len() > before {
            self.is_asking = true;
            self.quiet = 0;
        }
        read
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        text: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, text);
        self.written(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        texts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, texts);
        self.written(cx, written)
    }
}
