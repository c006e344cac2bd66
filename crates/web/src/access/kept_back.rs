//! What opens the hub, and is taken out of a request before a setting could pass it on to a server.
//!
//! Looked for by what it is, in every header that could go on, and not by where it usually stands. Leaves out a secret that stands within a word: that is known to nobody but who wrote it there.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use settings::may_be_passed_on;

use super::is_operator;
use crate::app::{App, Moment};

/// Words of a line that are looked at. One with more goes on to nobody.
const MOST: usize = 512;
/// What the hub's own pages know a browser by.
const COOKIES: &str = "mcphub_";
/// How each login begins: a JSON object in base64.
const LOGIN: &str = "eyJ";
/// Whoever writes a name and a password may leave out what fills the end.
const BASIC: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Takes what opens this hub out of a request, so that no setting passes it on: whoever hears it could come in by it.
// rule: mcphub-token-passed-on, safe-t07 -- nothing that opens the hub is ever sent to a server: no key, no token that was given, no login, no client's secret, not the operator's token.
pub(crate) fn keep_back(app: &App, headers: &mut HeaderMap) {
    let now = app.now();
    let is_ours = |word: &str| is_ours(app, &now, word);
    take_out(headers, &is_ours);
}

fn take_out(headers: &mut HeaderMap, is_ours: &impl Fn(&str) -> bool) {
    let goes_on = |name: &&HeaderName| **name != header::COOKIE && may_be_passed_on(name.as_str());
    let holds_ours = |name: &&HeaderName| {
        let mut lines = headers.get_all(*name).iter();
        lines.any(|line| holds(&String::from_utf8_lossy(line.as_bytes()), is_ours))
    };
    let ours = headers.keys().filter(goes_on).filter(holds_ours);
    let ours: Vec<HeaderName> = ours.cloned().collect();
    for name in ours {
        headers.remove(name);
    }
    keep_cookies_back(headers, is_ours);
}

/// Whether something that opens the hub stands in a line, behind whatever scheme or name.
fn holds(line: &str, is_ours: &impl Fn(&str) -> bool) -> bool {
    let line = line.trim();
    let between = |letter: char| letter.is_whitespace() || matches!(letter, ',' | ';');
    let (scheme, rest) = line.split_once(between).unwrap_or(("", ""));
    let rest = rest.trim();
    // A key of the settings may hold what stands between others.
    let whole = [line, rest].into_iter();
    let pieces = line.split(between).filter(|piece| !piece.is_empty());
    let words = whole.chain(pieces).flat_map(values).flat_map(unquoted);
    if words.clone().nth(MOST).is_some() {
        return true;
    }
    let mut words = words.filter(|word| !word.is_empty());
    words.any(is_ours) || (scheme.eq_ignore_ascii_case("basic") && is_basic(rest, is_ours))
}

/// A text, and what stands behind each name in it: `a=b:c` holds `b:c` and `c`, too.
fn values(text: &str) -> impl Iterator<Item = &str> + Clone {
    let ends = text.match_indices(['=', ':']);
    std::iter::once(text).chain(ends.map(|(at, _)| &text[at + 1..]))
}

fn unquoted(word: &str) -> impl Iterator<Item = &str> + Clone {
    let without = word.trim_matches('"');
    let other = (without != word).then_some(without);
    std::iter::once(word).chain(other)
}

/// Whether it is what opens the hub as a name or a password (RFC 7617).
fn is_basic(word: &str, is_ours: &impl Fn(&str) -> bool) -> bool {
    let Ok(both) = BASIC.decode(word) else {
        return false;
    };
    let both = String::from_utf8_lossy(&both);
    let (name, password) = both.split_once(':').unwrap_or((&both, ""));
    is_ours(name) || is_ours(password)
}

/// Takes the hub's own cookies out of a request, and those with something in them that opens it, and leaves the others.
fn keep_cookies_back(headers: &mut HeaderMap, is_ours: &impl Fn(&str) -> bool) {
    let own = |pair: &str| pair.trim_start().starts_with(COOKIES) || holds(pair, is_ours);
    let has_own = |line: &HeaderValue| match line.to_str() {
        Ok(line) => line.split(';').nth(MOST).is_some() || line.split(';').any(own),
        Err(_) => true,
    };
    // As they were written, where nothing is to be taken out.
    if !headers.get_all(header::COOKIE).iter().any(has_own) {
        return;
    }
    let lines: Vec<HeaderValue> = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| {
            let pairs = line.to_str().ok()?.split(';');
            if pairs.clone().nth(MOST).is_some() {
                return None;
            }
            let kept = pairs.filter(|pair| !own(pair)).map(str::trim);
            let kept = kept.collect::<Vec<_>>().join("; ");
            HeaderValue::try_from(kept)
                .ok()
                .filter(|line| !line.is_empty())
        })
        .collect();
    headers.remove(header::COOKIE);
    for line in lines {
        headers.append(header::COOKIE, line);
    }
}

fn is_ours(app: &App, now: &Moment, word: &str) -> bool {
    let is_login = || {
        let at = app.hub().clock().now();
        word.starts_with(LOGIN) && app.sessions().person(&now.settings, word, at).is_some()
    };
    let outside = app.hub().outside();
    is_operator(app, word) || now.rules.is_of_hub(word) || is_login() || outside.is_for_us(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hubs_own_cookies_stay_and_those_of_others_go_on() {
        for (sent, kept) in [
            (&["mcphub_walk=x"][..], &[][..]),
            (
                &["a=1; mcphub_walk=x;b=2", "mcphub_connect=y; c=3"],
                &["a=1; b=2", "c=3"],
            ),
            (&["a=1;b=2"], &["a=1;b=2"]),
            (&["not_mcphub_walk=1"], &["not_mcphub_walk=1"]),
        ] {
            let mut headers = HeaderMap::new();
            for line in sent {
                headers.append(header::COOKIE, HeaderValue::from_static(line));
            }
            keep_cookies_back(&mut headers, &|_| false);
            let left: Vec<_> = headers.get_all(header::COOKIE).iter().collect();
            assert_eq!(left, kept, "{sent:?}");
        }
    }

    // rule: mcphub-token-passed-on
    #[test]
    fn what_opens_the_hub_is_found_in_every_header_and_however_it_is_written() {
        let many = "x ".repeat(MOST + 1);
        for (name, line, stays) in [
            ("authorization", "Bearer hub-key", false),
            ("authorization", "hub-key", false),
            ("authorization", "Token  hub-key", false),
            ("authorization", "ApiKey key=\"hub-key\", realm=x", false),
            ("authorization", "Basic bWU6aHViLWtleQ==", false),
            ("authorization", "basic aHViLWtleTo", false),
            ("authorization", "Basic bWU6b3RoZXI=", true),
            ("authorization", "Bearer of-the-server", true),
            ("x-api-key", "hub-key", false),
            ("x-api-key", "two words", false),
            ("x-api-key", "Bearer two words", false),
            ("x-api-key", "a, hub-key", false),
            ("x-tenant", "key:hub-key", false),
            ("x-tenant", "hub", true),
            ("x-tenant", "padded==", false),
            ("x-tenant", "token=padded==", false),
            ("tracestate", "a=1,b=hub-key", false),
            ("x-tenant", "realm=k=hub-key", false),
            ("x-tenant", "token=two words", false),
            ("x-tenant", "key: \"in quotes\"", false),
            ("x-tenant", "Bearer \"in quotes\"", false),
            ("cookie", "session=hub-key", false),
            ("cookie", "session=other", true),
            ("x-tenant", &many, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(name, HeaderValue::try_from(line).unwrap());
            let ours =
                |word: &str| ["hub-key", "two words", "padded==", "\"in quotes\""].contains(&word);
            take_out(&mut headers, &ours);
            assert_eq!(headers.contains_key(name), stays, "{name}: {line}");
        }
    }

    #[test]
    fn a_cookie_that_opens_the_hub_stays_and_those_beside_it_go_on() {
        let mut headers = HeaderMap::new();
        let line = HeaderValue::from_static("a=1; k=hub-key; b=2");
        headers.append(header::COOKIE, line);
        take_out(&mut headers, &|word| word == "hub-key");
        assert_eq!(headers[header::COOKIE], "a=1; b=2");
    }
}
