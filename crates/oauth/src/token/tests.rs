//! Tests: answers of token endpoints as they occur.

use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use super::*;

fn answer(status: u16, body: &str) -> Answer {
    let response = http::Response::builder()
        .status(status)
        .body(body.as_bytes().to_vec())
        .unwrap();
    read(Ok(response), &[])
}

fn good(body: &str) -> Issued {
    let read = answer(200, body);
    let Answer::Issued(issued) = read else {
        panic!("{read:?}")
    };
    *issued
}

// rule: at-28
#[test]
fn a_form_is_read_like_json() {
    let issued = good(
        "access_token=ghu_x&expires_in=28800&refresh_token=ghr_y&scope=repo%2Cread%3Aorg&token_type=bearer",
    );
    assert_eq!(issued.access.expose_secret(), "ghu_x");
    assert_eq!(issued.refresh.unwrap().expose_secret(), "ghr_y");
    assert_eq!(issued.lifetime, Lifetime::For(Duration::from_secs(28_800)));
    assert_eq!(issued.scopes.unwrap(), ["repo", "read:org"]);
}

// rule: at-29, safe-t01
#[test]
fn an_error_with_status_200_is_an_error() {
    let read = answer(
        200,
        "error=bad_verification_code&error_description=The+code+passed+is+incorrect",
    );
    let Answer::Error {
        error, description, ..
    } = read
    else {
        panic!("{read:?}")
    };
    assert_eq!(error, "bad_verification_code");
    assert_eq!(description.unwrap(), "The code passed is incorrect");
}

// rule: at-47
#[test]
fn not_ok_is_an_error() {
    let read = answer(200, r#"{"ok":false,"error":"bad_client_secret"}"#);
    assert!(matches!(read, Answer::Error { error, .. } if error == "bad_client_secret"));
    assert!(matches!(
        answer(200, r#"{"ok":false,"access_token":"x"}"#),
        Answer::Error { .. }
    ));
}

// rule: at-46
#[test]
fn a_nested_grant_is_taken_whole() {
    let issued = good(
        r#"{"ok":true,"access_token":"","scope":"","authed_user":{"access_token":"xoxp-1","scope":"chat:write,users:read","refresh_token":"xoxe-1","expires_in":43200,"token_type":"user"}}"#,
    );
    assert_eq!(issued.access.expose_secret(), "xoxp-1");
    assert_eq!(issued.refresh.unwrap().expose_secret(), "xoxe-1");
    assert_eq!(issued.lifetime, Lifetime::For(Duration::from_secs(43_200)));
    assert_eq!(issued.scopes.unwrap(), ["chat:write", "users:read"]);
}

// rule: at-36, rfc6749-5.1, safe-t04
#[test]
fn a_lifetime_is_read_in_every_spelling_and_nonsense_is_unknown() {
    let secs = |n| Lifetime::For(Duration::from_secs(n));
    for (text, lifetime) in [
        (r#""3600""#, secs(3600)),
        ("0", secs(0)),
        ("-5", Lifetime::Unknown),
        ("3600.0", secs(3600)),
        (r#""3600abc""#, Lifetime::Unknown),
        ("1e300", Lifetime::Unknown),
        (r#""NaN""#, Lifetime::Unknown),
        ("null", Lifetime::Unknown),
    ] {
        let issued = good(&format!(r#"{{"access_token":"a","expires_in":{text}}}"#));
        assert_eq!(issued.lifetime, lifetime, "{text}");
    }
    assert_eq!(good(r#"{"access_token":"a"}"#).lifetime, Lifetime::Unknown);
}

// rule: at-35
#[test]
fn a_jwt_says_its_end_when_the_answer_does_not() {
    let claims = URL_SAFE_NO_PAD.encode(r#"{"exp":1700000600}"#);
    let issued = good(&format!(r#"{{"access_token":"e30.{claims}.sig"}}"#));
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_600);
    assert_eq!(issued.lifetime, Lifetime::Until(end));
}

// rule: rfc6749-7.1, safe-t02
#[test]
fn only_a_bearer_token_that_fits_a_header_is_taken() {
    assert_eq!(
        good(r#"{"access_token":"a","token_type":"BEARER"}"#)
            .access
            .expose_secret(),
        "a"
    );
    for body in [
        r#"{"access_token":"a","token_type":"mac"}"#,
        r#"{"access_token":""}"#,
        r#"{"access_token":7}"#,
        r#"{"access_token":"a\r\nX: y"}"#,
        "{}",
        "",
    ] {
        assert!(matches!(answer(200, body), Answer::NoToken(_)), "{body}");
    }
    let long = format!(r#"{{"access_token":"{}"}}"#, "a".repeat(LONGEST + 1));
    assert!(matches!(answer(200, &long), Answer::NoToken(_)));
}

// rule: mcp-auth-grant-transient
#[test]
fn a_server_in_trouble_says_nothing_whatever_its_page_holds() {
    for status in [408, 425, 429, 500, 503, 530] {
        let read = answer(status, r#"{"error":"invalid_grant"}"#);
        assert!(matches!(read, Answer::Trouble { .. }), "{status}");
    }
    for (status, body) in [(403, "<html>"), (404, ""), (405, "no")] {
        assert!(
            matches!(answer(status, body), Answer::Trouble { .. }),
            "{status}"
        );
    }
    assert!(matches!(answer(400, ""), Answer::Mute { status: 400 }));
    assert!(matches!(
        answer(401, "<html>"),
        Answer::Mute { status: 401 }
    ));
}

// rule: safe-x04
#[test]
fn what_the_server_repeats_of_our_secrets_is_masked() {
    let secret = SecretString::from("rt+secret/1");
    let description = format!("{}: rt+secret/1 or rt%2Bsecret%2F1", "x".repeat(294));
    let body = serde_json::json!({"error": "no rt+secret/1", "error_description": description});
    let response = http::Response::builder()
        .status(400)
        .body(body.to_string().into_bytes())
        .unwrap();
    let read = read(Ok(response), &[&secret]);
    let Answer::Error {
        error, description, ..
    } = read
    else {
        panic!("{read:?}")
    };
    assert_eq!(error, "no [masked]");
    let description = description.unwrap();
    assert!(!description.contains("rt"), "{description}");
    assert!(description.ends_with(": [mas"), "{description}");
}

#[test]
fn a_page_is_told_apart_from_an_answer_without_a_token() {
    for body in ["<!doctype html><title>x</title>", r#"{"access_token":"a"#] {
        assert!(matches!(answer(200, body), Answer::Page), "{body}");
    }
    for body in ["", " \n", "{}", "a=b"] {
        assert!(matches!(answer(200, body), Answer::NoToken(_)), "{body}");
    }
}

#[test]
fn an_audience_is_read_from_a_token_that_says_it() {
    let token = |claims: &str| format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims));
    let read = |claims| jwt_audience(&token(claims));
    assert_eq!(read(r#"{"aud":"https://a"}"#).unwrap(), "https://a");
    assert_eq!(read(r#"{"aud":["a","b"]}"#).unwrap(), "a b");
    for claims in [r#"{"aud":7}"#, r#"{"aud":""}"#, "{}", "no"] {
        assert_eq!(read(claims), None, "{claims}");
    }
    assert_eq!(jwt_audience("opaque"), None);
}

// rule: safe-t05
#[test]
fn sixteen_kibibytes_are_the_longest_token() {
    let of = |length| format!(r#"{{"access_token":"{}"}}"#, "a".repeat(length));
    assert_eq!(good(&of(16_384)).access.expose_secret().len(), 16_384);
    assert!(matches!(answer(200, &of(16_385)), Answer::NoToken(_)));
    let with = |length| {
        let refresh = "r".repeat(length);
        good(&format!(
            r#"{{"access_token":"a","refresh_token":"{refresh}"}}"#
        ))
    };
    assert!(with(16_384).refresh.is_some() && with(16_385).refresh.is_none());
}

#[test]
fn a_lifetime_of_a_hundred_years_is_nonsense_and_a_second_less_is_not() {
    let lives = |seconds: u64| {
        let body = format!(r#"{{"access_token":"a","expires_in":{seconds}}}"#);
        good(&body).lifetime
    };
    let longest = 3_153_599_999;
    let expected = Lifetime::For(Duration::from_secs(longest));
    assert_eq!(lives(longest), expected);
    assert_eq!(lives(longest + 1), Lifetime::Unknown);
}

#[test]
fn a_refusal_that_names_no_error_is_mute() {
    for (status, body) in [(400, "{}"), (401, "{}"), (400, ""), (401, "<html>")] {
        let read = answer(status, body);
        assert!(
            matches!(read, Answer::Mute { status: said } if said == status),
            "{status} {body:?}: {read:?}"
        );
    }
    assert!(matches!(answer(403, "{}"), Answer::Trouble { .. }));
}

#[test]
fn an_empty_error_is_none() {
    let issued = good(r#"{"access_token":"a","error":""}"#);
    assert_eq!(issued.access.expose_secret(), "a");
}

// rule: at-46
#[test]
fn a_token_of_the_answers_own_stands_above_a_nested_one() {
    let issued = good(r#"{"access_token":"outer","authed_user":{"access_token":"inner"}}"#);
    assert_eq!(issued.access.expose_secret(), "outer");
}

proptest! {
    #[test]
    fn no_answer_makes_the_reader_panic(status in 200u16..600, body in ".*") {
        let _ = answer(status, &body);
    }

    #[test]
    fn no_lifetime_makes_the_reader_panic(number in proptest::num::f64::ANY) {
        let _ = answer(200, &format!("access_token=a&expires_in={number}"));
    }
}
