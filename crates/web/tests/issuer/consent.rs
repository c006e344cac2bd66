//! The page on which a person agrees.

use http::{Method, StatusCode, header};
use serde_json::json;

use crate::client::{
    BACK, HUB, PASSWORD, Shown, allow, authorize, back, between, decide, decide_with, form,
    register, said, settings, show, show_with, stage,
};
use crate::stage::{Stage, request};

#[tokio::test]
async fn the_page_says_who_asks_for_what_and_where_he_is_answered() {
    let stage = stage().await;
    let client = register(&stage).await;
    let resource = format!("{HUB}/mcp/dev");
    let shown = show(
        &stage,
        &authorize(&client, &[("resource", &resource), ("scope", "read")]),
    )
    .await;
    let text = &shown.answer.text;
    for words in [
        "Claude",
        "a program on this machine",
        BACK,
        "at /mcp/dev of this hub",
        "read",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert!(!text.contains("<script"), "{text}");
    let policy = shown.answer.header(header::CONTENT_SECURITY_POLICY);
    for part in [
        "form-action 'self'",
        "frame-ancestors 'none'",
        "script-src 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert_eq!(shown.answer.header(header::X_FRAME_OPTIONS), "DENY");
    assert_eq!(shown.answer.header(header::CACHE_CONTROL), "no-store");
    let cookie = shown.answer.header(header::SET_COOKIE);
    assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
}

#[tokio::test]
async fn a_name_with_markup_is_text() {
    let stage = stage().await;
    let body = json!({ "client_name": "<img src=x onerror=alert(1)>\u{202e}", "redirect_uris": ["http://127.0.0.1/cb"] });
    let answer = stage
        .ask_as(None, Method::POST, "/oauth/register", Some(body))
        .await;
    let client = answer.json()["client_id"].as_str().unwrap().to_owned();
    let shown = show(&stage, &authorize(&client, &[])).await;
    assert!(!shown.answer.text.contains("<img"), "{}", shown.answer.text);
    assert!(
        shown.answer.text.contains("&lt;img"),
        "{}",
        shown.answer.text
    );
}

#[tokio::test]
async fn who_agrees_is_sent_back_with_a_code_the_state_and_the_issuer() {
    let stage = stage().await;
    let client = register(&stage).await;
    let shown = show(&stage, &authorize(&client, &[])).await;
    let allowed = allow(&stage, &shown, "alice").await;
    let back = back(&allowed).unwrap();
    assert!(back.as_str().starts_with(BACK), "{back}");
    assert!(said(&back, "code").is_some_and(|code| code.len() > 40));
    assert_eq!(said(&back, "state").as_deref(), Some("s"));
    assert_eq!(said(&back, "iss").as_deref(), Some(HUB));
    assert_eq!(allowed.header(header::REFERRER_POLICY), "no-referrer");
}

#[tokio::test]
async fn who_says_no_shows_no_password_and_the_client_hears_of_it() {
    let stage = stage().await;
    let client = register(&stage).await;
    let shown = show(&stage, &authorize(&client, &[])).await;
    let denied = decide(&stage, &shown, &[("decision", "deny")]).await;
    let back = back(&denied).unwrap();
    assert_eq!(said(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(said(&back, "code"), None);
    assert!(stage.settings().get("oauthClients").is_none());
}

// rule: mcphub-consent-click
#[tokio::test]
async fn a_decision_counts_from_our_own_page_in_the_same_browser_for_the_same_request_only() {
    let stage = stage().await;
    let client = register(&stage).await;
    let shown = show(&stage, &authorize(&client, &[])).await;
    let wide = show(&stage, &authorize(&client, &[("scope", "read write")])).await;
    let mine = [
        ("tie", shown.tie.as_str()),
        ("username", "alice"),
        ("password", PASSWORD),
    ];
    let body = form(&mine);
    let cookie = ("cookie", shown.cookie.as_str());
    for (path, headers, body) in [
        (&shown.path, vec![("origin", HUB)], body.as_str()),
        (&shown.path, vec![cookie], &body),
        (
            &shown.path,
            vec![cookie, ("sec-fetch-site", "cross-site")],
            &body,
        ),
        (
            &shown.path,
            vec![cookie, ("origin", "http://localhost:6274")],
            &body,
        ),
        (
            &shown.path,
            vec![("cookie", wide.cookie.as_str()), ("origin", HUB)],
            &body,
        ),
        (
            &shown.path,
            vec![cookie, ("origin", HUB)],
            "username=alice&password=correct+horse",
        ),
        (&wide.path, vec![cookie, ("origin", HUB)], &body),
    ] {
        let answer = decide_with(&stage, path, &headers, body).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
        assert_eq!(back(&answer), None, "{headers:?}");
    }
    let evil = decide_with(
        &stage,
        &shown.path,
        &[cookie, ("origin", "https://evil.test")],
        &body,
    )
    .await;
    assert_eq!(evil.status, StatusCode::FORBIDDEN);
    assert!(back(&allow(&stage, &shown, "alice").await).is_some());
}

// rule: mcphub-two-tabs
#[tokio::test]
async fn two_tabs_of_one_browser_both_count_and_a_cookie_that_is_none_of_ours_is_replaced() {
    let stage = stage().await;
    let (one, two) = (register(&stage).await, register(&stage).await);
    let first = show(&stage, &authorize(&one, &[])).await;
    let second = show_with(&stage, &authorize(&two, &[]), &first.cookie).await;
    assert_ne!(first.tie, second.tie);
    // The browser has the cookie that came last.
    let first = Shown {
        cookie: second.cookie.clone(),
        ..first
    };
    assert!(back(&allow(&stage, &second, "alice").await).is_some());
    assert!(back(&allow(&stage, &first, "alice").await).is_some());
    for odd in ["", "short", "x; Domain=evil.test", "AAAAAAAAAAAAAAAAAAAAA~"] {
        let cookie = format!("mcphub_connect={odd}");
        let shown = show_with(&stage, &authorize(&one, &[]), &cookie).await;
        assert_ne!(shown.cookie, cookie);
        assert!(
            back(&allow(&stage, &shown, "alice").await).is_some(),
            "{odd}"
        );
    }
}

// rule: mcphub-cookie-here
#[tokio::test]
async fn a_cookie_is_secure_where_the_browser_came_over_https_and_not_on_this_machine() {
    let mut public = settings();
    public["systemConfig"]["install"] = json!({ "baseUrl": "https://hub.example.com" });
    let stage = Stage::new(&public.to_string()).await;
    let client = register(&stage).await;
    for (headers, secure) in [
        (&[("host", "localhost:3000")][..], false),
        (&[("host", "127.0.0.1:3000")], false),
        (&[("host", "hub.example.com")], true),
        (
            &[("host", "localhost:3000"), ("x-forwarded-proto", "https")],
            true,
        ),
    ] {
        for path in [authorize(&client, &[]), "/connect?here".to_owned()] {
            let mut asked = request(Method::GET, &path);
            for (name, value) in headers {
                asked.headers_mut().insert(*name, value.parse().unwrap());
            }
            let answer = stage.send(asked).await;
            let cookie = answer.header(header::SET_COOKIE);
            if answer.status == StatusCode::OK {
                assert!(cookie.starts_with("mcphub_connect="), "{path} {headers:?}");
                assert_eq!(cookie.contains("; Secure"), secure, "{path} {headers:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_password_lets_nobody_in_and_is_slowed_down() {
    let stage = stage().await;
    let client = register(&stage).await;
    let shown = show(&stage, &authorize(&client, &[])).await;
    let mut last = StatusCode::OK;
    for _ in 0..12 {
        let guess = [("username", "alice"), ("password", "guess")];
        let answer = decide(&stage, &shown, &guess).await;
        assert_eq!(back(&answer), None);
        last = answer.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    let right = allow(&stage, &shown, "alice").await;
    assert_eq!(
        right.status,
        StatusCode::TOO_MANY_REQUESTS,
        "the right one waits, too"
    );
}

// rule: rfc9700-4.11.2
#[tokio::test]
async fn nobody_is_sent_to_a_strangers_address_before_he_agreed() {
    let stage = stage().await;
    let evil = "https://evil.example/cb?error=Over&error_description=Your+licence+is+over";
    let body = json!({ "redirect_uris": [evil] });
    let answer = stage
        .ask_as(None, Method::POST, "/oauth/register", Some(body))
        .await;
    let client = answer.json()["client_id"].as_str().unwrap().to_owned();
    let to_evil = |more: &[(&str, &str)]| {
        let path = authorize(&client, more);
        path.replace(
            &form(&[("redirect_uri", BACK)]),
            &form(&[("redirect_uri", evil)]),
        )
    };
    // Who says no is not taken there either.
    let shown = show(&stage, &to_evil(&[])).await;
    let denied = decide(&stage, &shown, &[("decision", "deny")]).await;
    assert_eq!(denied.status, StatusCode::OK, "{}", denied.text);
    assert_eq!(denied.header(header::REFRESH), "");
    let path = to_evil(&[("scope", "nonsense")]);
    let answer = stage.send(request(Method::GET, &path)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
    assert_eq!(answer.header(header::LOCATION), "");
    assert_eq!(answer.header(header::REFRESH), "");
    assert!(
        answer.text.contains("error=invalid_scope"),
        "{}",
        answer.text
    );
    let why = between(&answer.text, "Why</dt>", "</dd>");
    assert!(
        why.contains("none of these scopes") && !why.contains("licence"),
        "{why}"
    );
}

#[tokio::test]
async fn the_administrator_of_the_environment_can_let_a_client_in() {
    let mut nobody = settings();
    nobody["users"] = json!([]);
    let stage = Stage::with(&nobody.to_string(), |options| {
        options.admin_password = Some(PASSWORD.into());
    })
    .await;
    let client = register(&stage).await;
    let tokens = crate::client::sign_in(&stage, &client, "admin").await;
    assert_eq!(
        crate::client::status(&stage, "/mcp", &tokens.access).await,
        200
    );
}

#[tokio::test]
async fn who_asks_for_the_api_is_said_to_ask_for_it() {
    let stage = stage().await;
    let client = register(&stage).await;
    let api = format!("{HUB}/api");
    let shown = show(&stage, &authorize(&client, &[("resource", &api)])).await;
    assert!(
        shown
            .answer
            .text
            .contains("change in this hub&#39;s settings"),
        "{}",
        shown.answer.text
    );
    let usual = show(&stage, &authorize(&client, &[])).await;
    assert!(
        !usual.answer.text.contains("settings"),
        "{}",
        usual.answer.text
    );
}
