//! Heads: of a request, written; of an answer, read.
//!
//! RFC 9112 sections 2 to 5.

use std::io::Write;
use std::mem::MaybeUninit;

use bytes::{Buf, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::{Ask, BrokeOff};

/// The head of an answer.
#[derive(Debug)]
pub(in crate::upstream::wire) struct Head {
    pub(in crate::upstream::wire) status: StatusCode,
    pub(in crate::upstream::wire) headers: HeaderMap,
    /// The server keeps the connection unless it says otherwise.
    pub(super) is_1_1: bool,
}

/// Bytes of the head of an answer.
pub(super) const LARGEST: usize = 64 * 1024;
const MOST_HEADERS: usize = 128;

const USER_AGENT: &str = concat!("mcphub/", env!("CARGO_PKG_VERSION"));

pub(super) fn write(out: &mut Vec<u8>, ask: &Ask<'_>) {
    for part in [ask.method.as_str(), " ", ask.target(), " HTTP/1.1\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    let absent = |name| !ask.headers.contains(name);
    if absent(&header::HOST) {
        line(out, "host", ask.authority().as_bytes());
    }
    if absent(&header::USER_AGENT) {
        line(out, "user-agent", USER_AGENT.as_bytes());
    }
    // What is compressed would have to be taken apart again.
    line(out, "accept-encoding", b"identity");
    for (name, value) in ask.headers.iter() {
        if !is_ours(name) {
            line(out, name.as_str(), value.as_bytes());
        }
    }
    if let Some(body) = ask.body {
        // Writing to memory does not fail.
        let _ = write!(out, "content-length: {}\r\n", body.len());
    }
    out.extend_from_slice(b"\r\n");
}

fn line(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

/// Headers that are about this connection, whatever the settings say.
fn is_ours(name: &HeaderName) -> bool {
    [
        header::ACCEPT_ENCODING,
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::EXPECT,
        header::TE,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ]
    .contains(name)
}

/// Takes a head off what was read; `None` while it is not whole.
pub(super) fn parse(read: &mut BytesMut) -> Result<Option<Head>, BrokeOff> {
    let mut lines = [const { MaybeUninit::uninit() }; MOST_HEADERS];
    let mut answer = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut answer,
        read,
        &mut lines,
    )?;
    let httparse::Status::Complete(length) = parsed else {
        return Ok(None);
    };
    if length > LARGEST {
        return Err(BrokeOff::LargeHead);
    }
    let status = answer.code.and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or(BrokeOff::Framing("status"))?;
    let mut headers = HeaderMap::with_capacity(answer.headers.len());
    for line in &*answer.headers {
        let name = HeaderName::from_bytes(line.name.as_bytes());
        let value = HeaderValue::from_bytes(line.value);
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let is_1_1 = answer.version == Some(1);
    read.advance(length);
    Ok(Some(Head {
        status,
        headers,
        is_1_1,
    }))
}

impl Head {
    /// Whether the connection stays open after the answer (RFC 9112 section 9.3).
    pub(super) fn keeps_open(&self) -> bool {
        let says = |token| has_token(&self.headers, &header::CONNECTION, token);
        !says("close") && (self.is_1_1 || says("keep-alive"))
    }
}

/// Whether a list of tokens has this one.
pub(super) fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let lines = headers.get_all(name).into_iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|listed| listed.trim().eq_ignore_ascii_case(token))
}
