//! What is masked in the words of an error, and what stays.

use super::masked;

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
            "the api_key = '[masked]' is wrong",
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
fn a_secret_in_json_is_not_repeated_whatever_else_is_in_it() {
    for (said, told) in [
        (
            r#"{"access_token":"hunter2a","docs":"https://d.test/x"}"#,
            r#"{"access_token":"[masked]","docs":"https://d.test/x"}"#,
        ),
        (
            r#"{"key":"sk-a1b2c3d4e5f6g7h8i9","u":"https://d.test/x"}"#,
            r#"{"key":"[masked]","u":"https://d.test/x"}"#,
        ),
        (
            r#"{"url":"https://d.test","password":"hunter2b"}"#,
            r#"{"url":"https://d.test","password":"[masked]"}"#,
        ),
        (
            r#"{"headers":{"Authorization":"Bearer hunter-two-c"}}"#,
            r#"{"headers":{"Authorization":"[masked]"}}"#,
        ),
        (
            r#"{"password":"correct hunter2g battery"}"#,
            r#"{"password":"[masked]"}"#,
        ),
        (
            r#"body: "{\"secret\":\"a \\\" b\",\"x\":1}""#,
            r#"body: "{\"secret\":\"[masked]\",\"x\":1}""#,
        ),
        (
            r#"{"token":null,"tokens":["a",{"b":1}],"x":1}"#,
            r#"{"token":[masked],"tokens":[masked],"x":1}"#,
        ),
        (r#"{"password":"never closed"#, r#"{"password":"[masked]"#),
        ("{'token': b'abc', 'x': 1}", "{'token': [masked]', 'x': 1}"),
    ] {
        assert_eq!(masked(said), told);
    }
}

#[test]
fn secrets_of_headers_options_and_addresses_are_not_repeated() {
    for (said, told) in [
        (
            "curl -H Authorization:Bearer hunter2f",
            "curl -H Authorization:Bearer [masked]",
        ),
        (
            "curl -H 'Authorization: Bearer a b' http://a.test/",
            "curl -H 'Authorization: Bearer [masked]' http://a.test/",
        ),
        (
            "Authorization: Token hunter2d",
            "Authorization: Token [masked]",
        ),
        ("x-auth-token: Token abc", "x-auth-token: Token [masked]"),
        ("cookie: sid=abc; b=c\nnext", "cookie: [masked] next"),
        (
            "exec failed: srv --api-key hunter2e",
            "exec failed: srv --api-key [masked]",
        ),
        (
            r#"["srv","--token","abc","-v"]"#,
            r#"["srv","--token","[masked]","-v"]"#,
        ),
        (
            "curl -u me:pass http://a.test",
            "curl -u [masked] http://a.test",
        ),
        (
            "denied wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY!",
            "denied [masked]!",
        ),
        ("pwd=x1, pass=x1", "pwd=[masked], pass=[masked]"),
        ("signature=abc", "signature=[masked]"),
        ("the token \"abc\" is bad", "the token \"[masked]\" is bad"),
        ("password%3Dabc", "password%3D[masked]"),
        ("pass\u{200b}word=a\u{202e}bc", "password=[masked]"),
        (
            "http://me:a/b?c@d.test/x#token=1",
            "http://[masked]@d.test/x#[masked]",
        ),
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
        "the token \u{2019}was\u{2019} refused",
        "no key \"name\" in /usr/lib/node_modules/MyServer2/src/index.js",
        "@scope/server-files at https://npm.test:8080/@scope/server-files",
        "Größe überschreitet Höchstgeschwindigkeit",
    ] {
        assert_eq!(masked(said), said);
    }
}

#[test]
fn whatever_stands_next_to_each_other_is_walked_over_to_its_end() {
    const PIECES: [&str; 14] = [
        "token", "Bearer", "hunter2", "=", ":", " ", "\"", "'", "\\", "[", "é", "://", "@", "?",
    ];
    let many = PIECES.len().pow(4);
    for mut number in 0..many {
        let mut text = String::new();
        for _ in 0..4 {
            text.push_str(PIECES[number % PIECES.len()]);
            number /= PIECES.len();
        }
        let told = masked(&format!("{text}end token=hunter3"));
        assert!(!told.contains("hunter3"), "{text}: {told}");
    }
}
