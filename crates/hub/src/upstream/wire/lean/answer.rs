//! The body of an answer, read as it comes; and what becomes of the connection afterwards.

use std::sync::Arc;

use bytes::Bytes;
use http::header;

use super::BrokeOff;
use super::connection::Connection;
use super::framing::Framing;
use super::head::Head;
use super::pool::Pool;

/// A body on its way. Dropped before its end it closes the connection, unless it was let go of by `finish`.
pub(in crate::upstream::wire) struct Body {
    /// None once it is back in the pool.
    connection: Option<Connection>,
    framing: Framing,
    keeps_open: bool,
    pool: Arc<Pool>,
}

/// A body that is larger than it may be.
#[derive(Debug)]
pub(in crate::upstream::wire) struct TooLarge;

impl Body {
    pub(super) fn new(
        connection: Connection,
        head: &Head,
        pool: Arc<Pool>,
    ) -> Result<Self, BrokeOff> {
        let encodings = head.headers.get_all(header::CONTENT_ENCODING).iter();
        for encoding in encodings {
            if encoding.as_bytes() != b"identity" {
                let named = String::from_utf8_lossy(encoding.as_bytes()).into_owned();
                return Err(BrokeOff::Compressed(named));
            }
        }
        let mut body = Self {
            keeps_open: head.keeps_open() && !connection.spoilt && !is_ambiguous(head),
            connection: Some(connection),
            framing: Framing::of(head)?,
            pool,
        };
        body.give_back_if_over();
        Ok(body)
    }

    /// The next piece; `None` at the end.
    pub(in crate::upstream::wire) async fn chunk(&mut self) -> Result<Option<Bytes>, BrokeOff> {
        while let Some(connection) = &mut self.connection {
            if let Some(piece) = self.framing.take(&mut connection.read)? {
                self.give_back_if_over();
                return Ok(Some(piece));
            }
            if self.framing == Framing::Over {
                self.give_back_if_over();
            } else if connection.fill().await? == 0 {
                let whole = self.framing == Framing::Close;
                self.connection = None;
                return if whole {
                    Ok(None)
                } else {
                    Err(BrokeOff::Early)
                };
            }
        }
        Ok(None)
    }

    /// The whole body, unless it is larger than `limit`.
    pub(in crate::upstream::wire) async fn whole(
        mut self,
        limit: usize,
    ) -> Result<Result<Vec<u8>, TooLarge>, BrokeOff> {
        let mut whole = Vec::new();
        if let (Framing::Length(length), Some(connection)) = (self.framing, &mut self.connection) {
            let Some(length) = usize::try_from(length)
                .ok()
                .filter(|length| *length <= limit)
            else {
                return Ok(Err(TooLarge));
            };
            whole.reserve_exact(length);
            connection.fill_into(&mut whole, length).await?;
            self.framing = Framing::Over;
            self.give_back_if_over();
            return Ok(Ok(whole));
        }
        while let Some(chunk) = self.chunk().await? {
            if whole.len() + chunk.len() > limit {
                return Ok(Err(TooLarge));
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(Ok(whole))
    }

    /// Nothing more is wanted of this body. The connection is kept if it turns out that nothing more came.
    pub(in crate::upstream::wire) fn finish(mut self) {
        if let (Some(connection), true) = (self.connection.take(), self.keeps_open) {
            self.pool.put(connection, self.framing);
        }
    }

    fn give_back_if_over(&mut self) {
        if self.framing == Framing::Over
            && let (Some(connection), true) = (self.connection.take(), self.keeps_open)
        {
            self.pool.put(connection, Framing::Over);
        }
    }
}

/// An answer that says where it ends in two ways; another reader on the way may have taken the other one.
// rule: rfc9112-6.3
fn is_ambiguous(head: &Head) -> bool {
    let says = |name| head.headers.contains_key(name);
    says(header::TRANSFER_ENCODING) && says(header::CONTENT_LENGTH)
}
