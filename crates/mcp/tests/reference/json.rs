//! JSON as RFC 8259 writes it down, by hand: one look at each byte, no tree. It finds the parts of an object or an array and decodes
//! strings; numbers are only spelled. The reference that `raw` and `message` are held to, so it shares nothing with them.

/// The entries of an object in order, keys decoded, values as they stand there; `None` when the text is not one object.
pub(crate) fn entries(text: &str) -> Option<Vec<(String, &str)>> {
    let mut at = space(text, 0);
    let mut entries = Vec::new();
    at = space(text, byte(text, at, b'{')?);
    if let Some(end) = byte(text, at, b'}') {
        return (space(text, end) == text.len()).then_some(entries);
    }
    loop {
        let key = at..string_end(text, at)?;
        at = space(text, byte(text, space(text, key.end), b':')?);
        let value = at..value_end(text, at)?;
        entries.push((decoded(&text[key])?, &text[value.clone()]));
        at = space(text, value.end);
        match text.as_bytes().get(at)? {
            b',' => at = space(text, at + 1),
            b'}' => return (space(text, at + 1) == text.len()).then_some(entries),
            _ => return None,
        }
    }
}

/// The elements of an array in order; `None` when the text is not one array.
pub(crate) fn elements(text: &str) -> Option<Vec<&str>> {
    let mut at = space(text, byte(text, space(text, 0), b'[')?);
    let mut elements = Vec::new();
    if let Some(end) = byte(text, at, b']') {
        return (space(text, end) == text.len()).then_some(elements);
    }
    loop {
        let end = value_end(text, at)?;
        elements.push(&text[at..end]);
        at = space(text, end);
        match text.as_bytes().get(at)? {
            b',' => at = space(text, at + 1),
            b']' => return (space(text, at + 1) == text.len()).then_some(elements),
            _ => return None,
        }
    }
}

/// Whether the text is one value.
pub(crate) fn is_json(text: &str) -> bool {
    let end = value_end(text, space(text, 0));
    end.is_some_and(|end| space(text, end) == text.len())
}

/// What a string stands for; `None` when it is not one, or when half of a surrogate pair is missing.
pub(crate) fn decoded(text: &str) -> Option<String> {
    if string_end(text, 0)? != text.len() {
        return None;
    }
    let mut units = Vec::new();
    let mut rest = text[1..text.len() - 1].chars();
    while let Some(char) = rest.next() {
        let stands_for = match char {
            '\\' => match rest.next()? {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let digits: String = rest.by_ref().take(4).collect();
                    units.push(u16::from_str_radix(&digits, 16).ok()?);
                    continue;
                }
                other => other,
            },
            other => other,
        };
        units.extend_from_slice(stands_for.encode_utf16(&mut [0; 2]));
    }
    String::from_utf16(&units).ok()
}

fn space(text: &str, at: usize) -> usize {
    let rest = &text.as_bytes()[at..];
    at + rest
        .iter()
        .take_while(|byte| b" \t\n\r".contains(byte))
        .count()
}

fn byte(text: &str, at: usize, wanted: u8) -> Option<usize> {
    (text.as_bytes().get(at) == Some(&wanted)).then_some(at + 1)
}

/// Where the value that begins here ends. Nesting is a count of open brackets, so no depth is too deep.
fn value_end(text: &str, begin: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut open: Vec<u8> = Vec::new();
    let mut at = begin;
    loop {
        // A value begins here.
        match bytes.get(at)? {
            bracket @ (b'{' | b'[') => {
                let close = bracket + 2;
                let inner = space(text, at + 1);
                if bytes.get(inner) == Some(&close) {
                    at = inner + 1;
                } else {
                    open.push(close);
                    at = if close == b'}' {
                        key(text, inner)?
                    } else {
                        inner
                    };
                    continue;
                }
            }
            b'"' => at = string_end(text, at)?,
            b'-' | b'0'..=b'9' => at = number_end(bytes, at)?,
            _ => {
                let words = ["null", "true", "false"];
                let word = words.iter().find(|word| text[at..].starts_with(**word))?;
                at += word.len();
            }
        }
        // A value has ended here, and with it perhaps those around it.
        loop {
            let Some(close) = open.last() else {
                return Some(at);
            };
            at = space(text, at);
            match bytes.get(at)? {
                b',' => {
                    let next = space(text, at + 1);
                    at = if *close == b'}' {
                        key(text, next)?
                    } else {
                        next
                    };
                    break;
                }
                found if found == close => {
                    open.pop();
                    at += 1;
                }
                _ => return None,
            }
        }
    }
}

/// Where the value behind the key that begins here begins.
fn key(text: &str, at: usize) -> Option<usize> {
    let colon = space(text, string_end(text, at)?);
    Some(space(text, byte(text, colon, b':')?))
}

fn string_end(text: &str, begin: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = byte(text, begin, b'"')?;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => match bytes.get(at + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                b'u' => {
                    let digits = bytes.get(at + 2..at + 6)?;
                    digits.iter().all(u8::is_ascii_hexdigit).then_some(())?;
                    at += 6;
                }
                _ => return None,
            },
            0..=0x1f => return None,
            _ => at += 1,
        }
    }
}

fn number_end(bytes: &[u8], begin: usize) -> Option<usize> {
    let digits = |at: usize| {
        bytes[at..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let is = |at: usize, any: &[u8]| bytes.get(at).is_some_and(|byte| any.contains(byte));
    let mut at = begin + usize::from(bytes[begin] == b'-');
    let whole = digits(at);
    if whole == 0 || (whole > 1 && bytes[at] == b'0') {
        return None;
    }
    at += whole;
    if is(at, b".") {
        let fraction = digits(at + 1);
        (fraction > 0).then_some(())?;
        at += 1 + fraction;
    }
    if is(at, b"eE") {
        at += 1 + usize::from(is(at + 1, b"+-"));
        let exponent = digits(at);
        (exponent > 0).then_some(())?;
        at += exponent;
    }
    Some(at)
}
