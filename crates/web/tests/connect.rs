//! The page between a client's words and a login server: what it says, who may click, and what a ticket is worth without that.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use std::time::Duration;

use http::{Method, StatusCode, header};
use hub::sign_in::{Account, Ticket};
use lab::{Browser, Decision, Endpoint, Switches, World};
use serde_json::{Value, json};
use stage::{Answer, Stage, request};

struct Page {
    stage: Stage,
    world: World,
    account: Account,
    ticket: Ticket,
}

/// What a browser knows of the page that it shows.
struct Shown {
    answer: Answer,
    cookie: String,
    tie: String,
}

impl Page {
    /// As a call of this client would leave it; `practice` in the settings is what there is to say of the server.
    async fn of(mut settings: Value, user: Option<&str>, asked_by: &str) -> Self {
        let world = World::start(Switches::default()).await.unwrap();
        let mut server = settings["practice"].take();
        server["url"] = world.mcp_url().into();
        settings.as_object_mut().unwrap().remove("practice");
        settings["mcpServers"] = json!({ "practice": server });
        let stage = Stage::new(&settings.to_string()).await;
        let account = Account::of("practice", user);
        stage.hub.sign_ins().begin(&account).await.unwrap();
        let ticket = stage.hub.sign_ins().ticket(&account, asked_by);
        Self {
            stage,
            world,
            account,
            ticket,
        }
    }

    async fn open() -> Self {
        Self::of(json!({}), None, "anyone").await
    }

    fn path(&self) -> &str {
        let path = self.ticket.page.strip_prefix("http://localhost:3000");
        path.unwrap()
    }

    async fn shown(&self) -> Shown {
        let answer = self.stage.send(request(Method::GET, self.path())).await;
        let cookie = answer.header(header::SET_COOKIE).to_owned();
        let tie = between(&answer.text, "name=\"tie\" value=\"", "\"").to_owned();
        Shown {
            answer,
            cookie: cookie.split(';').next().unwrap().to_owned(),
            tie,
        }
    }

    /// The click, as a browser sends it.
    async fn click(&self, shown: &Shown, more: &str) -> Answer {
        let headers = [
            ("cookie", shown.cookie.as_str()),
            ("origin", "http://localhost:3000"),
        ];
        self.click_with(&headers, &format!("tie={}{more}", shown.tie))
            .await
    }

    async fn click_with(&self, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let mut click = request(Method::POST, self.path());
        for (name, value) in headers {
            click.headers_mut().insert(*name, value.parse().unwrap());
        }
        *click.body_mut() = body.to_owned().into();
        self.stage.send(click).await
    }
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let rest = text.split_once(before).map_or("", |(_, rest)| rest);
    rest.split_once(after).map_or("", |(found, _)| found)
}

/// Where the page sends the browser.
fn onward(answer: &Answer) -> Option<&str> {
    answer.header(header::REFRESH).strip_prefix("0; url=")
}

#[tokio::test]
async fn one_click_leads_from_the_page_to_the_login_server_and_the_sign_in_works() {
    let page = Page::open().await;
    let shown = page.shown().await;
    let text = &shown.answer.text;
    assert_eq!(shown.answer.status, StatusCode::OK, "{text}");
    for words in [
        "practice, at ",
        "Login server",
        "tools:read",
        "no key is asked for",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert!(
        !text.contains("password") && !text.contains("<script"),
        "{text}"
    );
    let policy = shown.answer.header(header::CONTENT_SECURITY_POLICY);
    assert!(
        policy.contains("form-action 'self'") && policy.contains("script-src 'none'"),
        "{policy}"
    );
    assert_eq!(shown.answer.header(header::REFERRER_POLICY), "same-origin");
    let cookie = shown.answer.header(header::SET_COOKIE);
    assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");

    let clicked = page.click(&shown, "").await;
    let link = onward(&clicked).unwrap();
    assert!(link.starts_with(&page.world.issuer()), "{link}");
    assert_eq!(clicked.header(header::REFERRER_POLICY), "no-referrer");
    let browser = Browser::new().unwrap();
    let back = browser.decide(link, Decision::Allow).await.unwrap();
    let back = back.strip_prefix("http://localhost:3000").unwrap();
    let done = page.stage.send(request(Method::GET, back)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    let again = page.stage.send(request(Method::GET, page.path())).await;
    assert!(again.text.contains("Nothing left to do"), "{}", again.text);
}

// rule: mcp-elicit-own-page
#[tokio::test]
async fn looking_at_a_page_asks_nobody_anything() {
    let page = Page::open().await;
    let before = page.world.requests().len();
    page.shown().await;
    assert_eq!(page.world.requests().len(), before);
    assert!(
        page.ticket
            .page
            .starts_with("http://localhost:3000/connect/")
    );
}

// rule: safe-w12
#[tokio::test]
async fn a_click_that_comes_from_elsewhere_is_not_one() {
    let page = Page::open().await;
    let (shown, other) = (page.shown().await, page.shown().await);
    let (tie, origin) = (format!("tie={}", shown.tie), "http://localhost:3000");
    let cookie = shown.cookie.as_str();
    for (headers, body) in [
        (vec![("origin", origin)], tie.as_str()),
        (vec![("cookie", cookie), ("origin", origin)], ""),
        (vec![("cookie", &other.cookie), ("origin", origin)], &tie),
        (vec![("cookie", cookie)], &tie),
        (
            vec![("cookie", cookie), ("origin", "http://localhost:4000")],
            &tie,
        ),
        (
            vec![
                ("cookie", cookie),
                ("origin", origin),
                ("sec-fetch-site", "same-site"),
            ],
            &tie,
        ),
        (
            vec![("cookie", cookie), ("origin", "https://evil.example")],
            &tie,
        ),
        (vec![("cookie", cookie), ("origin", "null")], &tie),
    ] {
        let answer = page.click_with(&headers, body).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?} {body}");
        assert_eq!(onward(&answer), None, "{headers:?} {body}");
    }
    assert!(
        onward(&page.click(&shown, "").await).is_some(),
        "the right one is"
    );
}

fn locked(practice: &Value) -> Value {
    let user = |name: &str, is_admin: bool| json!({ "username": name, "password": bcrypt::hash(format!("{name}s word"), 4).unwrap(), "isAdmin": is_admin });
    json!({
        "practice": practice,
        "users": [user("root", true), user("alice", false), user("bob", false)],
        "bearerKeys": [{ "id": "k", "name": "Laptop", "token": "t", "enabled": true, "accessType": "all" }],
    })
}

// rule: mcp-elicit-same-person
#[tokio::test]
async fn a_sign_in_that_all_share_is_clicked_by_an_administrator_or_the_owner_alone() {
    let shared = json!({ "visibility": "group", "owner": "alice", "sharedWithUsers": ["bob"] });
    let page = Page::of(locked(&shared), None, "key:k").await;
    let shown = page.shown().await;
    assert!(shown.answer.text.contains("type=\"password\""));
    assert!(
        shown
            .answer
            .text
            .contains("a program with the key &quot;Laptop&quot;")
    );
    for (more, status) in [
        ("", StatusCode::UNAUTHORIZED),
        ("&username=alice&password=wrong", StatusCode::UNAUTHORIZED),
        ("&username=bob&password=bobs+word", StatusCode::FORBIDDEN),
    ] {
        let answer = page.click(&shown, more).await;
        assert_eq!((answer.status, onward(&answer)), (status, None), "{more}");
    }
    assert_eq!(page.world.requests_at(Endpoint::Authorize).len(), 0);
    for more in [
        "&username=alice&password=alices+word",
        "&username=root&password=roots+word",
    ] {
        assert!(onward(&page.click(&shown, more).await).is_some(), "{more}");
    }
}

// rule: mcp-elicit-same-person
#[tokio::test]
async fn a_sign_in_of_one_user_is_clicked_by_that_user_alone() {
    let each = json!({ "visibility": "public", "oauth": { "tokens": "per_user" } });
    let page = Page::of(locked(&each), Some("alice"), "key:k").await;
    let shown = page.shown().await;
    assert!(
        shown.answer.text.contains("user alice alone"),
        "{}",
        shown.answer.text
    );
    for other in ["bob", "root"] {
        let answer = page
            .click(&shown, &format!("&username={other}&password={other}s+word"))
            .await;
        assert_eq!(
            (answer.status, onward(&answer)),
            (StatusCode::FORBIDDEN, None)
        );
    }
    let own = page
        .click(&shown, "&username=alice&password=alices+word")
        .await;
    assert!(onward(&own).is_some(), "{}", own.text);
    assert!(
        page.stage
            .hub
            .sign_ins()
            .view(&page.account)
            .authorization_url
            .is_some()
    );
}

// rule: mcp-elicit-same-person
#[tokio::test]
async fn where_others_reach_the_hub_the_click_alone_is_not_enough() {
    let settings =
        json!({ "systemConfig": { "install": { "baseUrl": "https://hub.example.com" } } });
    let world = World::start(Switches::default()).await.unwrap();
    let mut settings = settings;
    settings["mcpServers"] = json!({ "practice": { "url": world.mcp_url() } });
    let stage = Stage::new(&settings.to_string()).await;
    let ticket = stage
        .hub
        .sign_ins()
        .ticket(&Account::shared("practice"), "anyone");
    let path = ticket.page.strip_prefix("https://hub.example.com").unwrap();
    let mut asked = request(Method::GET, path);
    let host = "hub.example.com".parse().unwrap();
    asked.headers_mut().insert(header::HOST, host);
    let page = stage.send(asked).await;
    assert!(page.text.contains("type=\"password\""), "{}", page.text);
    assert!(page.header(header::SET_COOKIE).ends_with("; Secure"));
    settings["systemConfig"] = json!({});
    for (allowed, listen) in [("hub.lan", [127, 0, 0, 1]), ("", [0, 0, 0, 0])] {
        let stage = Stage::with(&settings.to_string(), |options| {
            options.listen = (listen, 3000).into();
            options
                .allowed_hosts
                .extend((!allowed.is_empty()).then(|| allowed.to_owned()));
        })
        .await;
        let ticket = stage
            .hub
            .sign_ins()
            .ticket(&Account::shared("practice"), "anyone");
        let path = ticket.page.strip_prefix("http://localhost:3000").unwrap();
        let page = stage.send(request(Method::GET, path)).await;
        assert!(
            page.text.contains("type=\"password\""),
            "{allowed} {listen:?}"
        );
    }
}

// rule: mcp-elicit-same-person
#[tokio::test]
async fn whoever_comes_through_a_proxy_on_this_machine_is_not_the_person_whose_hub_it_is() {
    let page = Page::open().await;
    assert!(!page.shown().await.answer.text.contains("type=\"password\""));
    for (name, value) in [
        ("forwarded", "for=203.0.113.7"),
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-host", "hub.example.com"),
        ("x-forwarded-proto", "https"),
        ("via", "1.1 proxy"),
        ("x-real-ip", "203.0.113.7"),
    ] {
        for path in [page.path(), "/connect"] {
            let mut asked = request(Method::GET, path);
            asked.headers_mut().insert(name, value.parse().unwrap());
            let shown = page.stage.send(asked).await;
            assert!(
                shown.text.contains("type=\"password\""),
                "{path} with {name}: {}",
                shown.text
            );
        }
        let shown = page.shown().await;
        let headers = [
            ("cookie", shown.cookie.as_str()),
            ("origin", "http://localhost:3000"),
            (name, value),
        ];
        let clicked = page
            .click_with(&headers, &format!("tie={}", shown.tie))
            .await;
        assert_eq!(onward(&clicked), None, "{name}: {}", clicked.text);
    }
}

#[tokio::test]
async fn a_guesser_of_passwords_is_slowed_down_here_too() {
    let page = Page::of(locked(&json!({})), None, "key:k").await;
    let shown = page.shown().await;
    let mut last = StatusCode::OK;
    for _ in 0..40 {
        last = page
            .click(&shown, "&username=root&password=guess")
            .await
            .status;
        if last == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_ticket_ends_and_a_strange_one_says_what_to_do() {
    let page = Page::open().await;
    let code = page
        .ticket
        .short
        .strip_prefix("http://localhost:3000")
        .unwrap();
    let short = page.stage.send(request(Method::GET, code)).await;
    assert_eq!(short.status, StatusCode::SEE_OTHER);
    assert_eq!(short.header(header::LOCATION), format!("..{}", page.path()));
    let by_code = format!("/connect/{}", page.ticket.code);
    for strange in ["/connect/strange", "/c/STRANGE", &by_code] {
        let answer = page.stage.send(request(Method::GET, strange)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{strange}");
        assert!(answer.text.contains("mcphub auth login"), "{}", answer.text);
    }
    let shown = page.shown().await;
    page.stage.clock.advance(Duration::from_secs(601));
    let late = page.click(&shown, "").await;
    assert_eq!((late.status, onward(&late)), (StatusCode::NOT_FOUND, None));
}
