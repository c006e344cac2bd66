//! Words of an error without what looks like a secret: on the wide side, because a masked word costs little and a shown secret much.
//!
//! Tokens that the hub itself sent to a server are masked before anybody reads its answer; this is for those that it does not know. One walk over the text,
//! which knows names with their values, as headers, JSON, queries, options and log lines write them; addresses; and what looks drawn by lot.

#[cfg(test)]
mod tests;

use oauth::shown::steers;

const MASK: &str = "[masked]";
/// Letters and digits in a row that no word and no number has.
const LONG: usize = 16;
/// Base64 that slashes and signs cut into shorter pieces: of this length, and changing its kind of letters at least once in so many.
const BASE64: usize = 20;
const CHANGES: usize = 7;
/// A name that ends so, or so and with an s, has a secret for its value.
const ENDS: [&str; 16] = [
    "token",
    "secret",
    "passwd",
    "passphrase",
    "pwd",
    "pass",
    "key",
    "authorization",
    "auth",
    "cookie",
    "signature",
    "credential",
    "session",
    "sessionid",
    "jwt",
    "bearer",
];
/// A name in which this stands anywhere, too.
const PARTS: [&str; 2] = ["password", "secret"];
/// Of these the rest of the line is the value.
const HEADERS: [&str; 2] = ["authorization", "cookie"];
/// After these words comes a secret.
const SCHEMES: [&str; 3] = ["bearer", "basic", "dpop"];
/// And after these, where a secret begins with the word.
const KINDS: [&str; 4] = ["token", "digest", "negotiate", "apikey"];

/// On one line.
pub(super) fn masked(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => plain.push('\n'),
            _ if letter.is_control() || letter.is_whitespace() => plain.push(' '),
            // Nobody sees it, and it would tear a secret in two.
            _ if steers(letter) => {}
            _ => plain.push(letter),
        }
    }
    let mut told = String::with_capacity(plain.len());
    scan(&mut told, &plain);
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn scan(told: &mut String, text: &str) {
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        rest = if is_of_token(letter) {
            piece(told, rest)
        } else {
            told.push(letter);
            &rest[letter.len_utf8()..]
        };
    }
}

/// A word, with what belongs to it; what comes after.
fn piece<'t>(told: &mut String, rest: &'t str) -> &'t str {
    let (run, after) = leading(rest, is_of_token);
    let shown = if is_drawn(run) { MASK } else { run };
    if let Some(rest) = after.strip_prefix("://") {
        told.extend([shown, "://"]);
        return address(told, rest);
    }
    if let Some((between, value)) = between(run, after) {
        let quote = told.chars().next_back().filter(|it| is_quote(*it));
        told.extend([shown, between]);
        return match is_header(run) {
            true => line(told, value, quote),
            false => secret(told, value),
        };
    }
    if SCHEMES.iter().any(|it| run.eq_ignore_ascii_case(it)) {
        let (gap, value) = leading(after, char::is_whitespace);
        told.extend([run, gap]);
        return if gap.is_empty() {
            after
        } else {
            secret(told, value)
        };
    }
    let (wide, behind) = leading(rest, |it| is_of_token(it) || matches!(it, '/' | '+'));
    if !told.ends_with(['/', '+']) && is_base64(wide) {
        told.push_str(MASK);
        return behind;
    }
    told.push_str(shown);
    after
}

/// What stands between a name and the value that is a secret, and that value with all after it.
fn between<'t>(run: &str, after: &'t str) -> Option<(&'t str, &'t str)> {
    let is_option = run.starts_with('-');
    if !is_name(run) && !matches!(run, "-u" | "--user") {
        return None;
    }
    let quoted = after.trim_start_matches(['\\', '"', '\'', '`']);
    let spaced = quoted.trim_start();
    let encoded = spaced
        .get(..3)
        .filter(|it| it.eq_ignore_ascii_case("%3d") || it.eq_ignore_ascii_case("%3a"));
    let value = if spaced.starts_with([':', '=']) {
        spaced.trim_start_matches([':', '=', '>']).trim_start()
    } else if encoded.is_some() {
        &spaced[3..]
    } else if is_option {
        spaced.trim_start_matches(',').trim_start()
    } else if quoted == after && !run.eq_ignore_ascii_case("key") {
        // `the token "abc"`
        let value = spaced.trim_start_matches('\\');
        value.starts_with(is_quote).then_some(spaced)?
    } else {
        return None;
    };
    let between = &after[..after.len() - value.len()];
    (!value.is_empty() && !between.is_empty()).then_some((between, value))
}

/// A value, masked; what comes after.
fn secret<'t>(told: &mut String, text: &'t str) -> &'t str {
    let (slashes, quoted) = leading(text, |it| it == '\\');
    let rest = if quoted.starts_with(is_quote) {
        let (quote, inside) = quoted.split_at(1);
        let end = closing(inside, quote, slashes.len());
        told.extend([slashes, quote, MASK, slashes]);
        &inside[end..]
    } else if text.starts_with(['[', '{']) {
        told.push_str(MASK);
        &text[bracketed(text)..]
    } else {
        return word(told, text);
    };
    // The backslashes of the closing quote were told.
    rest.trim_start_matches('\\')
}

/// A value without quotes: up to a space, without the marks behind it.
fn word<'t>(told: &mut String, text: &'t str) -> &'t str {
    let end = text
        .find(|it: char| it.is_whitespace())
        .unwrap_or(text.len());
    let mut value = &text[..end];
    if let Some(quote) = value.find(is_quote) {
        let opens = value[..quote].ends_with(char::is_alphanumeric)
            && value[quote + 1..].starts_with(char::is_alphanumeric);
        if opens {
            // `b'abc'`
            let inside = &text[quote + 1..];
            told.push_str(MASK);
            return &inside[closing(inside, &text[quote..=quote], 0)..];
        }
        value = &value[..quote];
    }
    let others = value.match_indices('&').find(|(at, _)| {
        let (name, after) = leading(&value[at + 1..], is_of_token);
        !name.is_empty() && after.starts_with('=')
    });
    value = others.map_or(value, |(at, _)| &value[..at]);
    value = value.trim_end_matches([',', ';', '.', ':', ')', ']', '}', '>', '\\']);
    if value.is_empty() {
        return text;
    }
    let rest = &text[value.len()..];
    let (gap, next) = leading(rest, char::is_whitespace);
    if is_kind(value) && !gap.is_empty() && !next.is_empty() {
        told.extend([value, gap]);
        return secret(told, next);
    }
    told.push_str(MASK);
    rest
}

/// A header's value: the rest of the line, or of the quotes around name and value.
fn line<'t>(told: &mut String, text: &'t str, quote: Option<char>) -> &'t str {
    if text.trim_start_matches('\\').starts_with(is_quote) || text.starts_with(['[', '{']) {
        return secret(told, text);
    }
    let end = text.find(|it| it == '\n' || Some(it) == quote);
    let (value, rest) = text.split_at(end.unwrap_or(text.len()));
    let kind = value.split_whitespace().next().filter(|it| is_kind(it));
    if let Some(kind) = kind {
        told.extend([kind, " "]);
    }
    told.push_str(MASK);
    rest
}

/// Without a user in front of the host, and without a query or a fragment.
fn address<'t>(told: &mut String, rest: &'t str) -> &'t str {
    let ends = |it: char| it.is_whitespace() || is_quote(it) || matches!(it, '<' | '>' | '\\');
    let (whole, rest) = leading(rest, |it| !ends(it));
    let (before, _) = leading(whole, |it| !matches!(it, '?' | '#'));
    let (host, _) = leading(before, |it| it != '/');
    let port = host.split_once(':').map_or("", |(_, port)| port);
    // A password may hold a slash, or a question mark.
    let has_user = host.contains('@') || port.contains(|it: char| !it.is_ascii_digit());
    let user = [host, before, whole]
        .iter()
        .find_map(|part| part.rfind('@'));
    let known = match user.filter(|_| has_user) {
        Some(at) => {
            told.extend([MASK, "@"]);
            &whole[at + 1..]
        }
        None => whole,
    };
    let (before, query) = leading(known, |it| !matches!(it, '?' | '#'));
    scan(told, before);
    if !query.is_empty() {
        told.extend([&query[..1], MASK]);
    }
    rest
}

fn leading(text: &str, is_of_it: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|it| !is_of_it(it)).unwrap_or(text.len()))
}

/// Where the quote closes that was opened behind so many backslashes.
fn closing(inside: &str, quote: &str, slashes: usize) -> usize {
    let mut found = inside.match_indices(quote).map(|(at, _)| at);
    let closes = |at: &usize| {
        let before = &inside[..*at];
        before.len() - before.trim_end_matches('\\').len() <= slashes
    };
    let end = found.find(closes).unwrap_or(inside.len());
    inside[..end].trim_end_matches('\\').len()
}

/// Where the bracket closes with which the text begins.
fn bracketed(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '[' | '{' => depth += 1,
            ']' | '}' if depth == 1 => return at + 1,
            ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

fn is_name(run: &str) -> bool {
    let name = run.to_lowercase();
    let name = name.trim_end_matches(|it: char| !it.is_alphanumeric());
    let one = name.strip_suffix('s').unwrap_or(name);
    let ends = |end: &&str| name.ends_with(*end) || one.ends_with(*end);
    ENDS.iter().any(ends) || PARTS.iter().any(|part| name.contains(part))
}

fn is_header(run: &str) -> bool {
    let name = run.to_lowercase();
    HEADERS.iter().any(|header| name.ends_with(header))
}

fn is_kind(word: &str) -> bool {
    let mut kinds = SCHEMES.iter().chain(&KINDS);
    kinds.any(|kind| word.eq_ignore_ascii_case(kind))
}

fn is_quote(letter: char) -> bool {
    matches!(letter, '"' | '\'' | '`')
}

fn is_of_token(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.')
}

/// Nobody writes letters and digits in a row for so long.
fn is_drawn(run: &str) -> bool {
    run.split(['_', '-', '.']).any(|piece| {
        piece.len() >= LONG
            && piece.contains(|c: char| c.is_ascii_digit())
            && piece.contains(char::is_alphabetic)
    })
}

/// Words begin with a capital at most, and paths are of words.
fn is_base64(run: &str) -> bool {
    let turns = |(one, other): (u8, u8)| {
        one.is_ascii_lowercase() && other.is_ascii_uppercase()
            || one.is_ascii_digit() && other.is_ascii_alphabetic()
            || one.is_ascii_alphabetic() && other.is_ascii_digit()
    };
    let pairs = run.bytes().zip(run.bytes().skip(1));
    let has = |is: fn(&u8) -> bool| run.bytes().any(|byte| is(&byte));
    run.len() >= BASE64
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && pairs.filter(|pair| turns(*pair)).count() * CHANGES >= run.len()
}
