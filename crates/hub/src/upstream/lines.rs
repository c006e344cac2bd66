//! Lines of a process's output, with a cap on what one line may hold in memory.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// One line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Whole(Vec<u8>),
    /// Over the cap: only its first and last bytes were kept.
    TooLong {
        head: Vec<u8>,
        tail: Vec<u8>,
    },
}

/// Reads lines; what follows the last line end counts as a line too.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    limit: usize,
}

/// What is kept of both ends of a line over the cap.
const ENDS: usize = 256;
const BUFFER: usize = 64 * 1024;

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R, limit: usize) -> Self {
        Self {
            reader: BufReader::with_capacity(BUFFER, reader),
            limit,
        }
    }

    /// The next line; `None` at the end of the output. Not to be dropped half way.
    pub(super) async fn next(&mut self) -> io::Result<Option<Line>> {
        let mut line = Collected::default();
        loop {
            let bytes = self.reader.fill_buf().await?;
            if bytes.is_empty() {
                return Ok(line.at_end());
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            line.add(&bytes[..end.unwrap_or(bytes.len())], self.limit);
            let used = end.map_or(bytes.len(), |end| end + 1);
            self.reader.consume(used);
            if end.is_some() {
                return Ok(Some(line.finish()));
            }
        }
    }
}

#[derive(Default)]
struct Collected {
    bytes: Vec<u8>,
    /// The last bytes, once the cap was passed; `bytes` then holds the first ones.
    tail: Option<Vec<u8>>,
}

impl Collected {
    fn add(&mut self, part: &[u8], limit: usize) {
        if let Some(tail) = &mut self.tail {
            tail.extend_from_slice(&part[part.len().saturating_sub(ENDS)..]);
            tail.drain(..tail.len().saturating_sub(ENDS));
            return;
        }
        if self.bytes.len() + part.len() <= limit {
            self.bytes.extend_from_slice(part);
            return;
        }
        let mut tail = self.bytes.split_off(self.bytes.len().saturating_sub(ENDS));
        tail.extend_from_slice(part);
        if self.bytes.len() < ENDS {
            let missing = ENDS - self.bytes.len();
            self.bytes
                .extend_from_slice(&tail[..tail.len().min(missing)]);
        }
        self.bytes.truncate(ENDS);
        self.bytes.shrink_to_fit();
        tail.drain(..tail.len().saturating_sub(ENDS));
        self.tail = Some(tail);
    }

    fn at_end(self) -> Option<Line> {
        if self.bytes.is_empty() {
            None
        } else {
            Some(self.finish())
        }
    }

    fn finish(mut self) -> Line {
        if let Some(tail) = self.tail {
            return Line::TooLong {
                head: self.bytes,
                tail,
            };
        }
        if self.bytes.last() == Some(&b'\r') {
            self.bytes.pop();
        }
        Line::Whole(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(input: &[u8], limit: usize) -> Vec<Line> {
        let mut lines = Lines::new(input, limit);
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            found.push(line);
        }
        found
    }

    fn whole(text: &str) -> Line {
        Line::Whole(text.into())
    }

    #[tokio::test]
    async fn lines_end_with_lf_or_crlf_or_the_end_of_the_output() {
        assert_eq!(
            all(b"a\nb\r\n\nc", 10).await,
            [whole("a"), whole("b"), whole(""), whole("c")]
        );
    }

    #[tokio::test]
    async fn a_line_over_the_cap_is_skipped_to_its_end_and_the_next_one_is_read() {
        let long = format!("{{\"id\":7,{}\"end\":1}}", "x".repeat(500_000));
        let found = all(format!("{long}\nnext\n").as_bytes(), 100_000).await;
        let Line::TooLong { head, tail } = &found[0] else {
            panic!("{:?}", found[0])
        };
        assert!(head.starts_with(b"{\"id\":7,") && tail.ends_with(b"\"end\":1}"));
        assert!(head.len() <= ENDS && tail.len() <= ENDS);
        assert_eq!(found[1], whole("next"));
    }

    #[tokio::test]
    async fn a_line_a_little_over_a_small_cap_keeps_both_ends() {
        let found = all(b"0123456789\n", 4).await;
        assert_eq!(
            found,
            [Line::TooLong {
                head: b"0123456789".into(),
                tail: b"0123456789".into()
            }]
        );
    }
}
