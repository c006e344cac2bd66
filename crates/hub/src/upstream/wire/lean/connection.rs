//! One connection: writes a request, reads what comes.

use std::io;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::TcpStream;
use tokio::runtime::{Handle, Id};

use super::head::{self, Head};
use super::{Ask, BrokeOff};

pub(super) struct Connection {
    stream: TcpStream,
    /// What was read and not used yet.
    pub(super) read: BytesMut,
    /// Used again for each request.
    write: Vec<u8>,
    /// The runtime whose reactor watches the socket. Another one's tasks would wait for a wake from thread to thread.
    pub(super) home: Id,
    /// The server spoke before the request was whole, or cannot be expected to read on.
    pub(super) spoilt: bool,
}

/// A request that could not be written.
#[derive(Debug)]
pub(super) struct Unwritten {
    /// Bytes that the system took.
    pub(super) written: usize,
    pub(super) source: io::Error,
}

/// What is asked of the system at once, for a head or a small body.
const SMALL: usize = 8 * 1024;
/// And for a body of which much is to come.
const LARGE: usize = 128 * 1024;
/// Bodies up to this go in one write with their head.
const TOGETHER: usize = 64 * 1024;

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            read: BytesMut::new(),
            write: Vec::new(),
            home: Handle::current().id(),
            spoilt: false,
        }
    }

    pub(super) async fn write(&mut self, ask: &Ask<'_>) -> Result<(), Unwritten> {
        self.write.clear();
        head::write(&mut self.write, ask);
        let body = ask.body.map_or(&[][..], |body| body);
        let mut written = 0;
        if body.len() <= TOGETHER {
            self.write.extend_from_slice(body);
            let text = std::mem::take(&mut self.write);
            let sent = self.write_all(&text, &mut written).await;
            self.write = text;
            return sent.map_err(|source| Unwritten { written, source });
        }
        let text = std::mem::take(&mut self.write);
        for part in [&text[..], body] {
            let sent = self.write_all(part, &mut written).await;
            sent.map_err(|source| Unwritten { written, source })?;
        }
        Ok(())
    }

    /// Stops where the server answers before it has all: it will not read on, and says why.
    async fn write_all(&mut self, mut text: &[u8], written: &mut usize) -> io::Result<()> {
        while !text.is_empty() && !self.spoilt {
            match self.stream.try_write(text) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(sent) => {
                    *written += sent;
                    text = &text[sent..];
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let both = Interest::READABLE | Interest::WRITABLE;
                    let ready = self.stream.ready(both).await?;
                    if ready.is_readable() && !self.is_quiet() {
                        self.spoilt = true;
                    }
                }
                Err(error) if *written > 0 && is_closed(&error) => self.spoilt = true,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads the head of the answer; interim ones are skipped (RFC 9110 section 15.2).
    pub(super) async fn head(&mut self) -> Result<Head, BrokeOff> {
        loop {
            if let Some(head) = head::parse(&mut self.read)? {
                if !head.status.is_informational() {
                    return Ok(head);
                }
                continue;
            }
            if self.read.len() > head::LARGEST {
                return Err(BrokeOff::LargeHead);
            }
            if self.fill().await? == 0 {
                return Err(BrokeOff::Early);
            }
        }
    }

    /// Reads some more; 0 at the end of the connection.
    pub(super) async fn fill(&mut self) -> io::Result<usize> {
        let room = if self.read.len() >= SMALL {
            LARGE
        } else {
            SMALL
        };
        self.read.reserve(room);
        self.stream.read_buf(&mut self.read).await
    }

    /// Reads until `whole` is full, without a copy in between.
    pub(super) async fn fill_into(
        &mut self,
        whole: &mut Vec<u8>,
        len: usize,
    ) -> Result<(), BrokeOff> {
        let ready = self.read.len().min(len - whole.len());
        whole.extend_from_slice(&self.read[..ready]);
        self.read.advance(ready);
        while whole.len() < len {
            let missing = len - whole.len();
            let mut rest = bytes::BufMut::limit(&mut *whole, missing);
            if self.stream.read_buf(&mut rest).await? == 0 {
                return Err(BrokeOff::Early);
            }
        }
        Ok(())
    }

    /// Reads what is there already, without waiting. `false`: the connection has ended, or the server says more and more.
    pub(super) fn fill_at_once(&mut self) -> bool {
        let mut some = [0; 512];
        for _ in 0..8 {
            match self.stream.try_read(&mut some) {
                Ok(0) => return false,
                Ok(n) => self.read.extend_from_slice(&some[..n]),
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        false
    }

    /// Whether the server has said nothing unasked, nor closed. Asks the system only when the reactor saw something.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.read.is_empty() && self.fill_at_once() && self.read.is_empty()
    }

    /// Lets go of what one large message needed.
    pub(super) fn rest(&mut self) {
        if self.read.capacity() > 2 * SMALL {
            self.read = BytesMut::new();
        }
        if self.write.capacity() > TOGETHER {
            self.write = Vec::new();
        }
    }
}

fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}
