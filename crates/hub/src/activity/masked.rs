//! Words of an error without what looks like a secret: on the wide side, because a masked word costs little and a shown secret much.
//!
//! Tokens that the hub itself sent to a server are masked before anybody reads its answer; this is for those that it does not know.

use oauth::shown::steers;

const MASK: &str = "[masked]";
/// Letters and digits in a row that no word and no number has.
const LONG: usize = 16;
/// What a secret is the value of.
const NAMES: [&str; 8] = [
    "token",
    "secret",
    "password",
    "passwd",
    "apikey",
    "api_key",
    "api-key",
    "authorization",
];
/// After these words comes a secret.
const SCHEMES: [&str; 3] = ["bearer", "basic", "dpop"];

/// On one line.
pub(super) fn masked(text: &str) -> String {
    let plain = text.replace(steers, " ");
    let mut words: Vec<String> = Vec::new();
    let mut next_is_secret = false;
    for word in plain.split_whitespace() {
        let bare = word.trim_matches(is_mark);
        let named = is_name_alone(word) || is_between(&words, word);
        if SCHEMES
            .iter()
            .any(|scheme| bare.eq_ignore_ascii_case(scheme))
            || named
        {
            next_is_secret = true;
            words.push(word.to_owned());
            continue;
        }
        let is_secret = std::mem::take(&mut next_is_secret) && !word.chars().all(is_mark);
        words.push(if is_secret { MASK.to_owned() } else { of(word) });
    }
    words.join(" ")
}

/// `"token":` and `password=`, with the value behind a space.
fn is_name_alone(word: &str) -> bool {
    let name = word.strip_suffix([':', '=']);
    name.is_some_and(|name| !name.contains([':', '=', '/']) && is_name(name))
}

/// `password = `
fn is_between(before: &[String], word: &str) -> bool {
    let marks = word.chars().all(is_mark) && word.contains([':', '=']);
    marks && before.last().is_some_and(|name| is_name(name))
}

fn is_name(name: &str) -> bool {
    let name = name.to_lowercase();
    let name = name.trim_end_matches(is_mark);
    NAMES.iter().any(|known| name.ends_with(known))
}

fn is_mark(letter: char) -> bool {
    !letter.is_alphanumeric()
}

fn of(word: &str) -> String {
    if let Some((scheme, rest)) = word.split_once("://") {
        return format!("{scheme}://{}", address(rest));
    }
    pieces(word)
}

/// Without a user in front of the host, and without a query.
fn address(rest: &str) -> String {
    let path = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(path);
    let host = match host.rsplit_once('@') {
        Some((_, host)) => format!("{MASK}@{host}"),
        None => host.to_owned(),
    };
    match path.split_once('?') {
        Some((path, _)) => format!("{host}{}?{MASK}", pieces(path)),
        None => format!("{host}{}", pieces(path)),
    }
}

/// Values of names that tell a secret, and whatever looks drawn by lot.
fn pieces(word: &str) -> String {
    let mut told = String::with_capacity(word.len());
    let mut rest = word;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_of_token(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        told.push_str(if is_drawn(run) { MASK } else { run });
        let marks = after.find(is_of_token).unwrap_or(after.len());
        let (between, after) = after.split_at(marks);
        told.push_str(between);
        rest = after;
        if is_name(run) && between.contains([':', '=']) && !rest.is_empty() {
            let end = rest
                .find(['"', '\'', '&', ',', ';', '}'])
                .unwrap_or(rest.len());
            told.push_str(MASK);
            rest = &rest[end..];
        }
    }
    told
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_not_repeated() {
        for (said, told) in [
            (
                "Authorization: Bearer abc",
                "Authorization: Bearer [masked]",
            ),
            ("bad key sk-proj-a1b2c3d4e5f6g7h8i9", "bad key [masked]"),
            ("(ghp_16C7e42F292c6912E7710c838347Ae178B4a)", "([masked])"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0x.c2ln", "[masked]"),
            (
                r#"{"access_token":"short","x":1}"#,
                r#"{"access_token":"[masked]","x":1}"#,
            ),
            ("password=hunter2&user=me", "password=[masked]&user=me"),
            ("password: hunter2", "password: [masked]"),
            (
                "the api_key = 'abc' is wrong",
                "the api_key = [masked] is wrong",
            ),
            (
                "https://me:pass@example.test/a?code=1 failed",
                "https://[masked]@example.test/a?[masked] failed",
            ),
            ("redis://:pass@db:6379", "redis://[masked]@db:6379"),
        ] {
            assert_eq!(masked(said), told);
        }
    }

    #[test]
    fn words_and_numbers_stay_as_they_were_said() {
        for said in [
            "no such tool: get_customer_by_id_v2_with_all_orders",
            "MCPHUB-AUTH-014 at 2026-11-27T21:00:00Z",
            "row 12345678901234567890 of 6f1c2a54-9d3e-4b6f-8a77-0c1d2e3f4a5b",
            "https://example.test/docs/errors/404 says why",
            "the token expired",
            "Größe überschreitet Höchstgeschwindigkeit",
        ] {
            assert_eq!(masked(said), said);
        }
    }
}
