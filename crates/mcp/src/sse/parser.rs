//! The parser. It holds at most one event; an event over the cap is given out as an error and skipped to its end.

use std::borrow::Cow;
use std::collections::VecDeque;

use memchr::memchr2;

use super::Event;

/// An event was longer than the cap; it is lost, the stream goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is longer than {limit} bytes")]
pub struct TooLong {
    pub limit: usize,
}

/// Feed it bytes as they come, take events as they are complete.
#[derive(Debug)]
pub struct Parser {
    limit: usize,
    /// The part of the current line that has come so far.
    line: Vec<u8>,
    event: Building,
    /// The last byte was CR: an LF that follows belongs to the same line end.
    after_cr: bool,
    at_start: bool,
    ready: VecDeque<Result<Event, TooLong>>,
}

/// The event that is being collected.
#[derive(Debug, Default)]
struct Building {
    event: Event,
    has_data: bool,
    touched: bool,
    size: usize,
    too_long: bool,
}

impl Parser {
    /// `limit`: the most bytes that one event may have.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            event: Building::default(),
            after_cr: false,
            at_start: true,
            ready: VecDeque::new(),
        }
    }

    pub fn feed(&mut self, mut bytes: &[u8]) {
        if self.after_cr && bytes.first() == Some(&b'\n') {
            bytes = &bytes[1..];
            self.after_cr = false;
        }
        while let Some(end) = memchr2(b'\n', b'\r', bytes) {
            self.after_cr = false;
            self.extend(&bytes[..end]);
            self.end_line();
            let cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            match bytes.first() {
                Some(b'\n') if cr => bytes = &bytes[1..],
                None if cr => self.after_cr = true,
                Some(_) | None => {}
            }
        }
        if !bytes.is_empty() {
            self.after_cr = false;
            self.extend(bytes);
        }
    }

    /// The next complete event. What stands unfinished at the end of a stream is dropped, as the standard says.
    pub fn take(&mut self) -> Option<Result<Event, TooLong>> {
        self.ready.pop_front()
    }

    fn extend(&mut self, part: &[u8]) {
        if self.event.too_long {
            // Only whether the line is empty still matters.
            self.line.extend_from_slice(&part[..part.len().min(1)]);
            self.line.truncate(1);
            return;
        }
        if self.event.size + self.line.len() + part.len() > self.limit {
            self.event.too_long = true;
            self.line = vec![b':'];
            return;
        }
        self.line.extend_from_slice(part);
    }

    fn end_line(&mut self) {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        let line = std::mem::take(&mut self.line);
        let mut rest = line.as_slice();
        if std::mem::replace(&mut self.at_start, false) {
            rest = rest.strip_prefix(BYTE_ORDER_MARK).unwrap_or(rest);
        }
        if rest.is_empty() {
            self.dispatch();
        } else if !self.event.too_long {
            self.event.size += rest.len();
            // Nearly all is UTF-8, and told so at once.
            let text = std::str::from_utf8(rest)
                .map_or_else(|_| String::from_utf8_lossy(rest), Cow::Borrowed);
            self.event.line(&text);
        }
        // Keep the buffer: the next line is likely to be as long.
        self.line = line;
        self.line.clear();
    }

    fn dispatch(&mut self) {
        let done = std::mem::take(&mut self.event);
        if done.too_long {
            self.ready.push_back(Err(TooLong { limit: self.limit }));
        } else if done.touched {
            self.ready.push_back(Ok(done.event));
        }
    }
}

impl Building {
    fn line(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => self.data(value),
            "event" => self.event.kind = Some(value.to_owned()).filter(|kind| !kind.is_empty()),
            "id" if !value.contains('\0') => self.event.id = Some(value.to_owned()),
            "retry" if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) => {
                self.event.retry = value.parse().ok();
            }
            // Comments have an empty name; unknown fields are ignored.
            _ => return,
        }
        self.touched = true;
    }

    fn data(&mut self, value: &str) {
        if self.has_data {
            self.event.data.push('\n');
        }
        self.has_data = true;
        self.event.data.push_str(value);
    }
}
