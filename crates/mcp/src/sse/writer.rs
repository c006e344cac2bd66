//! The writer. Data with line breaks becomes several `data` lines, so no text can forge a field.

use memchr::memchr2;

use super::Event;

/// Appends the event to `out`.
pub fn write(out: &mut String, event: &Event) {
    if let Some(kind) = &event.kind {
        field(out, "event", kind);
    }
    if let Some(id) = &event.id {
        field(out, "id", id);
    }
    if let Some(retry) = event.retry {
        field(out, "retry", &retry.to_string());
    }
    for line in lines(&event.data) {
        field(out, "data", line);
    }
    out.push('\n');
}

/// Appends an event that carries one message.
pub fn message(out: &mut String, id: Option<&str>, text: &str) {
    out.push_str("event: message\n");
    if let Some(id) = id {
        field(out, "id", id);
    }
    for line in lines(text) {
        field(out, "data", line);
    }
    out.push('\n');
}

/// A comment line: keeps a connection alive and means nothing.
pub fn comment(out: &mut String) {
    out.push_str(":\n\n");
}

fn field(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str(": ");
    for line in lines(value) {
        out.push_str(line);
    }
    out.push('\n');
}

/// The lines of a text, ended by LF, CR or both; always at least one.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let here = rest?;
        let Some(end) = memchr2(b'\n', b'\r', here.as_bytes()) else {
            rest = None;
            return Some(here);
        };
        let width = if here[end..].starts_with("\r\n") {
            2
        } else {
            1
        };
        rest = Some(&here[end + width..]);
        Some(&here[..end])
    })
}
