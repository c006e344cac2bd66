//! HTTP/1.1 by hand, for both ends of a bench: requests as bytes, messages read with their length or in chunks.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The key that every client shows to the hub.
pub(crate) const KEY: &str = "bench-key";

/// Where calls are sent, and the session that they name.
#[derive(Clone)]
pub(crate) struct Side {
    pub(crate) address: String,
    pub(crate) path: String,
    pub(crate) session: Option<String>,
}

impl Side {
    pub(crate) fn new(address: &str, path: &str) -> Self {
        Self {
            address: address.to_owned(),
            path: path.to_owned(),
            session: None,
        }
    }

    pub(crate) fn request(&self, body: &str) -> Vec<u8> {
        let session = match &self.session {
            Some(id) => format!("mcp-session-id: {id}\r\n"),
            None => String::new(),
        };
        format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\nmcp-protocol-version: 2025-11-25\r\n{session}content-length: {}\r\n\r\n{body}",
            self.path,
            self.address,
            body.len()
        )
        .into_bytes()
    }
}

/// Reads one message after the other; what came early is kept.
pub(crate) struct Reader<S> {
    pub(crate) stream: S,
    buffer: Vec<u8>,
}

/// One message.
pub(crate) struct Read {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl<S: AsyncRead + Unpin> Reader<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    pub(crate) async fn next(&mut self) -> io::Result<Read> {
        let head = self.until(b"\r\n\r\n").await?;
        let head = String::from_utf8_lossy(&head).into_owned();
        let body = match header(&head, "content-length") {
            Some(length) => {
                let length = length.parse().map_err(io::Error::other)?;
                self.exactly(length).await?
            }
            None if header(&head, "transfer-encoding").is_some() => self.chunks().await?,
            None => Vec::new(),
        };
        Ok(Read { head, body })
    }

    async fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.until(b"\r\n").await?;
            let line = String::from_utf8_lossy(&line);
            let length = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
            body.extend(self.exactly(length).await?);
            self.exactly(2).await?;
            if length == 0 {
                return Ok(body);
            }
        }
    }

    /// What stands before `end`, which is read, too.
    pub(crate) async fn until(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        loop {
            if let Some(at) = self.buffer.windows(end.len()).position(|part| part == end) {
                let found = self.buffer[..at].to_vec();
                self.buffer.drain(..at + end.len());
                return Ok(found);
            }
            self.fill().await?;
        }
    }

    async fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < length {
            self.fill().await?;
        }
        let rest = self.buffer.split_off(length);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    async fn fill(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

pub(crate) fn header(head: &str, name: &str) -> Option<String> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().to_owned())
}
