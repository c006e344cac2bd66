//! What the reader of event streams must make of any bytes, however they are cut: the reference's events, from all bytes at once. Run
//! over made-up inputs by the tests, over found ones by the fuzz target.

use mcphub_mcp::sse::{Event, Parser, TooLong};

/// All events of the bytes, fed in pieces that end at these places; looks after each piece how much is held.
fn read(bytes: &[u8], limit: usize, cuts: &[usize]) -> Vec<Result<Event, TooLong>> {
    let mut parser = Parser::new(limit);
    let mut events = Vec::new();
    let mut begin = 0;
    for end in cuts.iter().copied().chain([bytes.len()]) {
        parser.feed(&bytes[begin..end]);
        events.extend(std::iter::from_fn(|| parser.take()));
        check_held(&parser, limit);
        begin = end;
    }
    events
}

/// With all events taken, the rest is one unfinished event within the limit. All that is held shows in `Debug`; a byte of the line
/// takes five letters there at most, an escape in a text more.
fn check_held(parser: &Parser, limit: usize) {
    let shown = format!("{parser:?}").len();
    assert!(
        shown <= 600 + 12 * limit,
        "{shown} letters at a limit of {limit}"
    );
}

/// Holds the reader to the reference for these bytes, in one piece, byte by byte, and cut in these places. The limit is at least as
/// long as a byte order mark.
pub(crate) fn check(bytes: &[u8], limit: usize, cuts: &[usize]) {
    let expected = events(bytes, limit);
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.sort_unstable();
    let each: Vec<_> = (0..bytes.len()).collect();
    for cuts in [&[][..], &cuts, &each] {
        assert_eq!(read(bytes, limit, cuts), expected, "cut at {cuts:?}");
    }
}

/// HTML Living Standard, "Interpreting an event stream", with the two differences that `sse` tells of: a block without data is given
/// out when it says anything, and one that is longer than the limit is an error.
fn events(bytes: &[u8], limit: usize) -> Vec<Result<Event, TooLong>> {
    let mut events = Vec::new();
    let mut block: Vec<&[u8]> = Vec::new();
    let mut held = 0;
    let mut too_long = false;
    for (place, line) in lines(bytes).into_iter().enumerate() {
        // The mark of the first line counts until that is read.
        too_long |= held + line.len() > limit;
        let marked = line.strip_prefix(b"\xef\xbb\xbf").filter(|_| place == 0);
        let line = marked.unwrap_or(line);
        if !line.is_empty() {
            held += line.len();
            block.push(line);
            continue;
        }
        if too_long {
            events.push(Err(TooLong { limit }));
        } else {
            events.extend(interpreted(&block).map(Ok));
        }
        block.clear();
        held = 0;
        too_long = false;
    }
    events
}

/// The lines that are ended, by CR LF, LF or CR.
fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut begin = 0;
    let mut at = 0;
    while at < bytes.len() {
        let width = match bytes[at] {
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => 2,
            b'\r' | b'\n' => 1,
            _ => 0,
        };
        if width > 0 {
            lines.push(&bytes[begin..at]);
            begin = at + width;
        }
        at += width.max(1);
    }
    lines
}

fn interpreted(block: &[&[u8]]) -> Option<Event> {
    let text: Vec<_> = block
        .iter()
        .map(|line| String::from_utf8_lossy(line))
        .collect();
    let fields = text.iter().map(|line| {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        (name, value.strip_prefix(' ').unwrap_or(value))
    });
    let said: Vec<_> = fields
        .filter(|(name, value)| match *name {
            "data" | "event" => true,
            "id" => !value.contains('\0'),
            "retry" => !value.is_empty() && value.chars().all(|c| c.is_ascii_digit()),
            _ => false,
        })
        .collect();
    let all = |wanted: &str| {
        said.iter()
            .filter(|(name, _)| *name == wanted)
            .map(|(_, value)| *value)
            .collect::<Vec<_>>()
    };
    let last = |wanted: &str| all(wanted).last().map(|value| (*value).to_owned());
    (!said.is_empty()).then(|| Event {
        kind: last("event").filter(|kind| !kind.is_empty()),
        data: all("data").join("\n"),
        id: last("id"),
        retry: last("retry").and_then(|retry| retry.parse().ok()),
    })
}
