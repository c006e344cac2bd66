//! What is asked for and what is taken; the answers themselves are in `tests/dashboard.rs`.

use super::*;

fn accepting(name: HeaderName, value: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
}

#[test]
fn a_coding_is_taken_when_it_is_named_and_not_forbidden() {
    for (named, taken) in [
        ("gzip, deflate, br", true),
        ("BR", true),
        ("br;q=0.5", true),
        ("br;q=0, gzip", false),
        ("gzip", false),
        ("", false),
    ] {
        let headers = accepting(header::ACCEPT_ENCODING, named);
        assert_eq!(takes(&headers, "br"), taken, "{named}");
    }
    assert!(!takes(&HeaderMap::new(), "br"));
}

// rule: safe-w11
#[test]
fn no_path_leads_out_of_the_folder() {
    let everything = Dashboard::of(|path| Some(path.to_owned().into_bytes().into()));
    assert!(everything.file("assets/a.js").is_some());
    for path in [
        "../secret",
        "assets/../../x",
        ".env",
        "assets/.git",
        "a//b",
        "",
        "%2e%2e/x",
        "..\\x",
    ] {
        assert!(everything.file(path).is_none(), "{path}");
    }
}
