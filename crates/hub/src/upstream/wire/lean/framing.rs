//! Where the body of an answer ends.
//!
//! RFC 9112 sections 6 and 7.

use bytes::{Buf, Bytes, BytesMut};
use http::{StatusCode, header};

use super::BrokeOff;
use super::head::{Head, has_token};

/// What is still to come of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes.
    Length(u64),
    Chunked(Chunked),
    /// All until the connection ends.
    Close,
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunked {
    /// The line that says how long the next chunk is.
    Size,
    /// So many bytes of a chunk.
    Data(u64),
    /// The line end after a chunk.
    DataEnd,
    /// Lines after the last chunk, up to an empty one.
    Trailer,
}

/// Bytes of a line between chunks.
const LONGEST_LINE: usize = 8 * 1024;

impl Framing {
    // rule: rfc9112-6.3
    pub(super) fn of(head: &Head) -> Result<Self, BrokeOff> {
        if matches!(
            head.status,
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
        ) {
            return Ok(Self::Over);
        }
        if head.headers.contains_key(header::TRANSFER_ENCODING) {
            let chunked = has_token(&head.headers, &header::TRANSFER_ENCODING, "chunked");
            return Ok(if chunked {
                Self::Chunked(Chunked::Size)
            } else {
                Self::Close
            });
        }
        let mut length = None;
        for line in head.headers.get_all(header::CONTENT_LENGTH) {
            let read = line.to_str().ok().and_then(decimal);
            let read = read.ok_or(BrokeOff::Framing("Content-Length"))?;
            if length.replace(read).is_some_and(|other| other != read) {
                return Err(BrokeOff::Framing("Content-Length"));
            }
        }
        Ok(match length {
            Some(0) => Self::Over,
            Some(length) => Self::Length(length),
            None => Self::Close,
        })
    }

    /// The next piece of the body that was read already. `None`: more has to be read, or it is over.
    pub(super) fn take(&mut self, read: &mut BytesMut) -> Result<Option<Bytes>, BrokeOff> {
        loop {
            match self {
                Self::Over => return Ok(None),
                Self::Close => return Ok(piece(read, u64::MAX).map(|(piece, _)| piece)),
                Self::Length(left) => {
                    let Some((piece, left)) = piece(read, *left) else {
                        return Ok(None);
                    };
                    *self = if left == 0 {
                        Self::Over
                    } else {
                        Self::Length(left)
                    };
                    return Ok(Some(piece));
                }
                Self::Chunked(Chunked::Data(left)) => {
                    let Some((piece, left)) = piece(read, *left) else {
                        return Ok(None);
                    };
                    *self = Self::Chunked(if left == 0 {
                        Chunked::DataEnd
                    } else {
                        Chunked::Data(left)
                    });
                    return Ok(Some(piece));
                }
                Self::Chunked(between) => match between.next(read)? {
                    Some(next) => *self = next,
                    None => return Ok(None),
                },
            }
        }
    }
}

impl Chunked {
    /// What follows the line that stands here; `None` while it is not whole.
    // rule: rfc9112-7.1
    fn next(self, read: &mut BytesMut) -> Result<Option<Framing>, BrokeOff> {
        let Some(end) = read.windows(2).position(|two| two == b"\r\n") else {
            return if read.len() > LONGEST_LINE {
                Err(BrokeOff::Framing("chunk"))
            } else {
                Ok(None)
            };
        };
        let next = match self {
            Self::Size => match httparse::parse_chunk_size(&read[..end + 2]) {
                Ok(httparse::Status::Complete((_, 0))) => Framing::Chunked(Self::Trailer),
                Ok(httparse::Status::Complete((_, size))) => Framing::Chunked(Self::Data(size)),
                Ok(httparse::Status::Partial) | Err(_) => {
                    return Err(BrokeOff::Framing("chunk size"));
                }
            },
            Self::DataEnd if end == 0 => Framing::Chunked(Self::Size),
            Self::DataEnd | Self::Data(_) => return Err(BrokeOff::Framing("chunk")),
            Self::Trailer if end == 0 => Framing::Over,
            Self::Trailer => Framing::Chunked(Self::Trailer),
        };
        read.advance(end + 2);
        Ok(Some(next))
    }
}

/// Up to `most` bytes, and how many of those are still to come.
fn piece(read: &mut BytesMut, most: u64) -> Option<(Bytes, u64)> {
    if read.is_empty() {
        return None;
    }
    let length = usize::try_from(most).map_or(read.len(), |most| most.min(read.len()));
    Some((read.split_to(length).freeze(), most - length as u64))
}

/// Digits alone: no sign, no list, nothing that another reader could take for another number.
fn decimal(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}
