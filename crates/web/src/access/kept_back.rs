//! What opens the hub, and is taken out of a request before a setting could pass it on to a server.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use hub::access::Caller;

use super::{LOGIN_HEADER, bare, is_operator, key_in};
use crate::app::{App, Moment};

/// Takes what opens this hub out of a request, so that no setting passes it on: it is nothing to its servers. The key that somebody came with may be meant for a server, too: settings say so.
// rule: mcphub-token-passed-on -- a token that was given for the hub is never sent to a server, nor is a login or the operator's token.
pub(crate) fn keep_back(app: &App, caller: &Caller, headers: &mut HeaderMap) {
    let now = app.now();
    let names = [header::AUTHORIZATION, now.key_header.clone(), LOGIN_HEADER];
    let key = caller.came_with_key();
    let key = key.then(|| key_in(headers, &now.key_header)).flatten();
    let opens_us = |name: &HeaderName| {
        let values = headers.get_all(name).iter();
        let mut words = values.filter_map(|value| value.to_str().ok()).map(bare);
        words.any(|word| Some(word) != key && is_ours(app, &now, word))
    };
    let ours: Vec<HeaderName> = names.into_iter().filter(opens_us).collect();
    for name in ours {
        headers.remove(name);
    }
    keep_cookies_back(headers);
}

/// What the hub's own pages know a browser by.
const COOKIES: &str = "mcphub_";

/// Takes the hub's own cookies out of a request, and leaves those of others.
fn keep_cookies_back(headers: &mut HeaderMap) {
    let own = |pair: &str| pair.trim_start().starts_with(COOKIES);
    let has_own = |line: &HeaderValue| line.to_str().is_ok_and(|line| line.split(';').any(own));
    if !headers.get_all(header::COOKIE).iter().any(has_own) {
        return;
    }
    let lines: Vec<HeaderValue> = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| {
            let kept = line.to_str().ok()?.split(';').filter(|pair| !own(pair));
            let kept = kept.map(str::trim).collect::<Vec<_>>().join("; ");
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
        word.contains('.') && app.sessions().person(&now.settings, word, at).is_some()
    };
    let outside = app.hub().outside();
    is_operator(app, word) || now.rules.was_given(word) || is_login() || outside.is_for_us(word)
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
            keep_cookies_back(&mut headers);
            let left: Vec<_> = headers.get_all(header::COOKIE).iter().collect();
            assert_eq!(left, kept, "{sent:?}");
        }
    }
}
