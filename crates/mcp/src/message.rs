//! A JSON-RPC message: its text, and where its parts are in it.
//!
//! JSON-RPC 2.0 sections 4 and 5, MCP basic messages; batches as revision 2025-03-26 has them. Nothing is lost on the
//! way through: another id is a splice, everything else stays byte for byte. Payloads are not opened here.

mod body;
#[cfg(test)]
mod tests;
mod tracked;

use std::ops::Range;

pub use body::{Body, parse_body};

use crate::method;
use crate::raw::{self, Unreadable};

/// JSON-RPC error codes that the hub itself uses.
pub mod code {
    pub const PARSE_ERROR: i64 = -32700;
    pub const INVALID_REQUEST: i64 = -32600;
    pub const METHOD_NOT_FOUND: i64 = -32601;
    pub const INVALID_PARAMS: i64 = -32602;
    pub const INTERNAL_ERROR: i64 = -32603;
    pub const SERVER_ERROR: i64 = -32000;
    pub const SESSION_NOT_FOUND: i64 = -32001;
    pub const RESOURCE_NOT_FOUND: i64 = -32002;
    /// Headers and body disagree; since 2026-07-28, like the two below.
    pub const HEADER_MISMATCH: i64 = -32020;
    pub const MISSING_CAPABILITY: i64 = -32021;
    pub const UNSUPPORTED_VERSION: i64 = -32022;
}

/// What a message is, by its envelope alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Request,
    Notification,
    Response,
}

/// Why a text is not a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("the body is not UTF-8")]
    NotUtf8,
    #[error("not JSON: {0}")]
    NotJson(String),
    #[error("expected a JSON object, found {0}")]
    NotAnObject(&'static str),
    #[error("the key \"{0}\" stands there twice")]
    DuplicateKey(String),
    #[error("expected jsonrpc \"2.0\", found {0}")]
    Version(String),
    #[error("expected an id that is a string or a number, found {0}")]
    Id(String),
    #[error("expected a method that is a string, found {0}")]
    Method(String),
    #[error("expected params that are an object, found {0}")]
    Params(String),
    #[error("neither method, result nor error")]
    Empty,
    #[error("both {0} and {1}")]
    Ambiguous(&'static str, &'static str),
    #[error("the batch is empty")]
    EmptyBatch,
    #[error("the batch has more than {} messages", body::MOST)]
    LongBatch,
    #[error("the message is longer than 4 GiB")]
    TooLong,
}

impl Malformed {
    /// The same in words that are ours alone, with nothing of the text.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotUtf8 => "the body is not UTF-8",
            Self::NotJson(_) => "not JSON",
            Self::NotAnObject(_) => "not a JSON object",
            Self::DuplicateKey(_) => "a key stands there twice",
            Self::Version(_) => "not jsonrpc \"2.0\"",
            Self::Id(_) => "an id that is neither a string nor a number",
            Self::Method(_) => "a method that is not a string",
            Self::Params(_) => "params that are not an object",
            Self::Empty => "neither method, result nor error",
            Self::Ambiguous(..) => "more than one of method, result and error",
            Self::EmptyBatch => "the batch is empty",
            Self::LongBatch => "the batch has too many messages",
            Self::TooLong => "the message is longer than 4 GiB",
        }
    }

    /// The JSON-RPC error code that says so.
    pub fn code(&self) -> i64 {
        match self {
            Self::NotUtf8 | Self::NotJson(_) => code::PARSE_ERROR,
            Self::NotAnObject(_)
            | Self::DuplicateKey(_)
            | Self::Version(_)
            | Self::Id(_)
            | Self::Method(_)
            | Self::Params(_)
            | Self::Empty
            | Self::Ambiguous(..)
            | Self::EmptyBatch
            | Self::LongBatch
            | Self::TooLong => code::INVALID_REQUEST,
        }
    }
}

impl From<Unreadable> for Malformed {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::NotJson(why) => Self::NotJson(why),
            Unreadable::NotAnObject(found) => Self::NotAnObject(found),
            Unreadable::Duplicate(key) => Self::DuplicateKey(key),
        }
    }
}

/// A message and where its parts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    text: String,
    id: Option<Span>,
    method: Option<Method>,
    payload: Option<Payload>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: u32,
    end: u32,
}

/// The method: a place in the text, or decoded when it was written with escapes (nobody hides a method behind them).
#[derive(Debug, Clone, PartialEq, Eq)]
enum Method {
    Plain(Span),
    Decoded(Box<str>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Payload {
    Params(Span),
    Result(Span),
    Error(Span),
}

impl Message {
    /// Reads the envelope.
    // rule: jsonrpc-4 -- a request has jsonrpc "2.0", a method that is a string, an id that is a string or a number.
    // rule: mcp-duplicate-keys
    pub fn parse(text: impl Into<String>) -> Result<Self, Malformed> {
        let text: String = text.into();
        if u32::try_from(text.len()).is_err() {
            return Err(Malformed::TooLong);
        }
        let keys = ["jsonrpc", "id", "method", "params", "result", "error"];
        let [version, id, method, params, result, error] = raw::fields(&text, keys)?;
        if version.and_then(raw::string).as_deref() != Some("2.0") {
            return Err(Malformed::Version(shown(version)));
        }
        let span = |part: &str| Span::of(&text, part);
        let payload = payload(method, params, result, error)?.map(|(make, part)| make(span(part)));
        check_id(id, method.is_some(), error.is_some())?;
        let parsed = (
            id.map(span),
            method.map(|m| read_method(&text, m)).transpose()?,
        );
        Ok(Self {
            id: parsed.0,
            method: parsed.1,
            payload,
            text,
        })
    }

    /// A request. `id` and `params` are JSON text.
    pub fn request(id: &str, method: &str, params: Option<&str>) -> Self {
        Self::built(Some(id), Some(method), params.map(|p| ("params", p)))
    }

    /// A notification. `params` is JSON text.
    pub fn notification(method: &str, params: Option<&str>) -> Self {
        Self::built(None, Some(method), params.map(|p| ("params", p)))
    }

    /// A successful response. `id` and `result` are JSON text.
    pub fn success(id: &str, result: &str) -> Self {
        Self::built(Some(id), None, Some(("result", result)))
    }

    /// A failed response. `id` and `data` are JSON text; without an id it is `null`.
    pub fn failure(id: Option<&str>, code: i64, message: &str, data: Option<&str>) -> Self {
        let message = raw::quote(message);
        let data = data.map(|d| format!(",\"data\":{d}")).unwrap_or_default();
        let error = format!("{{\"code\":{code},\"message\":{message}{data}}}");
        Self::built(Some(id.unwrap_or("null")), None, Some(("error", &error)))
    }

    pub fn kind(&self) -> Kind {
        match (&self.method, self.id) {
            (Some(_), Some(_)) => Kind::Request,
            (Some(_), None) => Kind::Notification,
            (None, _) => Kind::Response,
        }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn into_text(self) -> String {
        self.text
    }

    /// The id as JSON text, quotes included. `null` on a response to an unreadable request.
    pub fn id(&self) -> Option<&str> {
        self.id.map(|span| &self.text[span.range()])
    }

    pub fn method(&self) -> Option<&str> {
        match &self.method {
            Some(Method::Plain(span)) => Some(&self.text[span.range()]),
            Some(Method::Decoded(method)) => Some(method),
            None => None,
        }
    }

    /// The params as JSON text.
    pub fn params(&self) -> Option<&str> {
        match self.payload {
            Some(Payload::Params(span)) => Some(&self.text[span.range()]),
            Some(Payload::Result(_) | Payload::Error(_)) | None => None,
        }
    }

    /// The result of a successful response as JSON text.
    pub fn result(&self) -> Option<&str> {
        match self.payload {
            Some(Payload::Result(span)) => Some(&self.text[span.range()]),
            Some(Payload::Params(_) | Payload::Error(_)) | None => None,
        }
    }

    /// The error object of a failed response as JSON text.
    pub fn error(&self) -> Option<&str> {
        match self.payload {
            Some(Payload::Error(span)) => Some(&self.text[span.range()]),
            Some(Payload::Params(_) | Payload::Result(_)) | None => None,
        }
    }

    /// The same message with another id. A notification has none and stays as it is.
    #[must_use]
    pub fn with_id(self, id: &str) -> Self {
        match self.id {
            Some(span) => self.spliced(span, id),
            None => self,
        }
    }

    /// The same request or notification with other params (added when it had none).
    #[must_use]
    pub fn with_params(self, params: &str) -> Self {
        match self.payload {
            Some(Payload::Params(span)) => self.spliced(span, params),
            None if self.method.is_some() => self.appended("params", params),
            Some(Payload::Result(_) | Payload::Error(_)) | None => self,
        }
    }

    /// The same successful response with another result.
    #[must_use]
    pub fn with_result(self, result: &str) -> Self {
        match self.payload {
            Some(Payload::Result(span)) => self.spliced(span, result),
            Some(Payload::Params(_) | Payload::Error(_)) | None => self,
        }
    }

    fn built(id: Option<&str>, method: Option<&str>, payload: Option<(&str, &str)>) -> Self {
        let mut text = String::from("{\"jsonrpc\":\"2.0\"");
        let mut put = |key: &str, value: &str| {
            text.push_str(",\"");
            text.push_str(key);
            text.push_str("\":");
            let start = text.len();
            text.push_str(value);
            Span::new(start, text.len())
        };
        let id = id.map(|id| put("id", id));
        let method = method.map(|method| {
            put("method", &raw::quote(method));
            Method::Decoded(method.into())
        });
        let payload = payload.map(|(key, value)| {
            let span = put(key, value);
            match key {
                "params" => Payload::Params(span),
                "result" => Payload::Result(span),
                _ => Payload::Error(span),
            }
        });
        text.push('}');
        Self {
            text,
            id,
            method,
            payload,
        }
    }

    /// Puts `new` where `old` was and moves what stands behind it.
    fn spliced(self, old: Span, new: &str) -> Self {
        let mut text = self.text;
        text.replace_range(old.range(), new);
        let moved = |span: Span| span.moved(old, new.len());
        Self {
            text,
            id: self.id.map(moved),
            method: self.method.map(|method| match method {
                Method::Plain(span) => Method::Plain(moved(span)),
                Method::Decoded(method) => Method::Decoded(method),
            }),
            payload: self.payload.map(|payload| match payload {
                Payload::Params(span) => Payload::Params(moved(span)),
                Payload::Result(span) => Payload::Result(moved(span)),
                Payload::Error(span) => Payload::Error(moved(span)),
            }),
        }
    }

    fn appended(self, key: &str, value: &str) -> Self {
        let mut text = self.text;
        text.truncate(text.trim_end().len() - 1);
        text.push_str(",\"");
        text.push_str(key);
        text.push_str("\":");
        let start = text.len();
        text.push_str(value);
        let span = Span::new(start, text.len());
        text.push('}');
        Self {
            text,
            payload: Some(Payload::Params(span)),
            ..self
        }
    }
}

impl Span {
    /// Texts longer than 4 GiB are refused by `parse`, so the cut never happens.
    fn new(start: usize, end: usize) -> Self {
        let cut = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            start: cut(start),
            end: cut(end),
        }
    }

    fn of(whole: &str, part: &str) -> Self {
        let start = raw::offset(whole, part);
        Self::new(start, start + part.len())
    }

    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Where this part is when `old`, a part before, behind or in it, has got another length.
    fn moved(self, old: Self, new_length: usize) -> Self {
        let Range { start, end } = self.range();
        let old = old.range();
        if end <= old.start {
            return self;
        }
        let shift = |at: usize| at - old.len() + new_length;
        if start <= old.start {
            return Self::new(start, shift(end));
        }
        Self::new(shift(start), shift(end))
    }
}

type MakePayload = fn(Span) -> Payload;

fn payload<'a>(
    method: Option<&str>,
    params: Option<&'a str>,
    result: Option<&'a str>,
    error: Option<&'a str>,
) -> Result<Option<(MakePayload, &'a str)>, Malformed> {
    match (method, result, error) {
        (Some(_), None, None) => match params {
            Some(params) if !raw::is_object(params) && params != "null" => {
                Err(Malformed::Params(shown(Some(params))))
            }
            params => Ok(params.map(|p| (Payload::Params as MakePayload, p))),
        },
        (None, Some(result), None) => Ok(Some((Payload::Result, result))),
        (None, None, Some(error)) => Ok(Some((Payload::Error, error))),
        (None, None, None) => Err(Malformed::Empty),
        (Some(_), Some(_), _) => Err(Malformed::Ambiguous("method", "result")),
        (Some(_), None, Some(_)) => Err(Malformed::Ambiguous("method", "error")),
        // rule: jsonrpc-5 -- a response has either a result or an error, never both.
        (None, Some(_), Some(_)) => Err(Malformed::Ambiguous("result", "error")),
    }
}

/// Null stands only where an error answers a request that could not be read.
fn check_id(id: Option<&str>, has_method: bool, has_error: bool) -> Result<(), Malformed> {
    match id.map(|id| (id, id.as_bytes().first())) {
        Some((_, Some(b'"' | b'-' | b'0'..=b'9'))) => Ok(()),
        Some(("null", _)) if !has_method && has_error => Ok(()),
        None if has_method || has_error => Ok(()),
        Some(_) | None => Err(Malformed::Id(shown(id))),
    }
}

fn read_method(text: &str, method: &str) -> Result<Method, Malformed> {
    let unreadable = || Malformed::Method(shown(Some(method)));
    let inner = method
        .strip_prefix('"')
        .and_then(|m| m.strip_suffix('"'))
        .ok_or_else(unreadable)?;
    if !inner.contains('\\') {
        return Ok(Method::Plain(Span::of(text, inner)));
    }
    let decoded = raw::string(method).ok_or_else(unreadable)?;
    Ok(Method::Decoded(decoded.into()))
}

/// A value for an error message: short, and "nothing" when it is missing.
fn shown(value: Option<&str>) -> String {
    const ENOUGH: usize = 40;
    let value = value.unwrap_or("nothing");
    match value.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}
