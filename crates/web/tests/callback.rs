//! The way back from a login server: pages, refusals, sign-out, paste-back, against a real authorization server.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use std::time::Duration;

use futures::future::join_all;
use http::{Method, StatusCode, header};
use lab::{Browser, Decision, Endpoint, Fault, Iss, Switches, Trouble, World};
use serde_json::{Value, json};
use stage::{Answer, Stage};

struct Journey {
    stage: Stage,
    world: World,
}

impl Journey {
    async fn new() -> Self {
        Self::with(Switches::default()).await
    }

    async fn with(switches: Switches) -> Self {
        let world = World::start(switches).await.unwrap();
        let settings = json!({ "mcpServers": { "practice": { "type": "streamable-http", "url": world.mcp_url() } } });
        Self {
            stage: Stage::new(&settings.to_string()).await,
            world,
        }
    }

    async fn link(&self) -> String {
        let answer = self
            .stage
            .ask(Method::POST, "/api/servers/practice/oauth/authorize", None)
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let data = &answer.json()["data"];
        assert!(data["expiresAt"].as_str().unwrap().ends_with('Z'), "{data}");
        data["authorizationUrl"].as_str().unwrap().to_owned()
    }

    /// Signs in at the login server and gives the path and query that the browser is sent back to.
    async fn back(&self, decision: Decision) -> String {
        let back = Browser::new()
            .unwrap()
            .decide(&self.link().await, decision)
            .await
            .unwrap();
        back.strip_prefix("http://localhost:3000")
            .expect(&back)
            .to_owned()
    }

    async fn open(&self, path: &str) -> Answer {
        self.stage.ask_as(None, Method::GET, path, None).await
    }

    fn token_requests(&self) -> usize {
        self.world.requests_at(Endpoint::Token).len()
    }

    async fn server(&self) -> Value {
        self.stage.get("/api/servers/practice").await.json()["data"].clone()
    }
}

#[tokio::test]
async fn a_sign_in_ends_on_a_page_that_says_so_and_the_tools_can_be_called() {
    let journey = Journey::new().await;
    let page = journey.open(&journey.back(Decision::Allow).await).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert!(
        page.text.contains("You are signed in") && page.text.contains("practice"),
        "{}",
        page.text
    );
    assert_eq!(
        page.header(header::CONTENT_TYPE),
        "text/html; charset=utf-8"
    );

    let server = journey.server().await;
    assert_eq!(server["status"], "connected", "{server}");
    assert_eq!(server["oauth"]["connected"], true);
    assert_eq!(server["tools"][0]["enabled"], true);
    for tool in ["echo", "practice-echo"] {
        let call = json!({ "toolName": tool, "arguments": { "text": "hello" } });
        let answer = journey
            .stage
            .ask(Method::POST, "/api/tools/call/practice", Some(call))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{tool}: {}", answer.text);
        let data = &answer.json()["data"];
        assert!(data["content"].to_string().contains("hello"), "{data}");
        assert_eq!(data["toolName"], tool);
    }
    let call = json!({ "toolName": "nonsense" });
    let answer = journey
        .stage
        .ask(Method::POST, "/api/tools/call/practice", Some(call))
        .await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.json()["code"], "no_such_tool");
}

#[tokio::test]
async fn a_call_without_a_sign_in_says_what_is_missing_and_gives_the_link() {
    let journey = Journey::new().await;
    journey.link().await;
    let call = json!({ "toolName": "echo", "arguments": {} });
    let answer = journey
        .stage
        .ask(Method::POST, "/api/tools/call/practice", Some(call))
        .await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text);
    let told = answer.json();
    assert_eq!(told["code"], "sign_in_needed");
    assert!(
        told["action"].is_string() && told["authorizationUrl"].is_string(),
        "{told}"
    );
    assert_eq!(journey.server().await["status"], "oauth_required");
}

#[tokio::test]
async fn a_tool_that_wants_another_scope_leaves_the_server_connected_and_is_said() {
    let mut switches = Switches::default();
    switches
        .tool_scopes
        .insert("whoami".to_owned(), "tools:admin".to_owned());
    if let Some(scopes) = &mut switches.server_scopes {
        scopes.push("tools:admin".to_owned());
    }
    let journey = Journey::with(switches).await;
    journey.open(&journey.back(Decision::Allow).await).await;
    let call = json!({ "toolName": "whoami", "arguments": {} });
    let answer = journey
        .stage
        .ask(Method::POST, "/api/tools/call/practice", Some(call))
        .await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text);
    let server = journey.server().await;
    assert_eq!(server["status"], "connected", "{server}");
    assert_eq!(server["reason"], "more scopes are needed", "{server}");
    assert!(server["action"].is_string(), "{server}");
    assert!(server["oauth"]["authorizationUrl"].is_string(), "{server}");
}

#[tokio::test]
async fn a_server_that_refuses_the_fresh_token_is_said_on_the_page() {
    let journey = Journey::new().await;
    let back = journey.back(Decision::Allow).await;
    journey
        .world
        .switches(|switches| switches.refuse_tokens = true);
    let page = journey.open(&back).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert!(
        page.text.contains("Signed in, but the server wants more"),
        "{}",
        page.text
    );
}

// rule: safe-c01
// rule: safe-c08
#[tokio::test]
async fn an_incomplete_or_doubled_answer_is_refused_and_sends_nothing() {
    let journey = Journey::new().await;
    let back = journey.back(Decision::Allow).await;
    let (code, state) = (parameter(&back, "code"), parameter(&back, "state"));
    for query in [
        String::new(),
        "?code=x".into(),
        format!("?state={state}"),
        format!("?code={code}&code=b&state={state}"),
        format!("?code={code}&state={state}&state={state}"),
    ] {
        let page = journey.open(&format!("/oauth/callback{query}")).await;
        assert_eq!(
            page.status,
            StatusCode::BAD_REQUEST,
            "{query}: {}",
            page.text
        );
        assert!(page.text.starts_with("<!doctype html>"));
    }
    assert_eq!(journey.token_requests(), 0);
}

// rule: safe-c02
#[tokio::test]
async fn a_foreign_an_old_and_a_used_state_are_refused_and_the_first_use_stands() {
    let journey = Journey::new().await;
    let foreign = journey
        .open("/oauth/callback?code=x&state=nobody-knows-this-state")
        .await;
    assert_eq!(foreign.status, StatusCode::BAD_REQUEST);

    let old = journey.back(Decision::Allow).await;
    journey.stage.clock.advance(Duration::from_secs(601));
    assert_eq!(journey.open(&old).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(journey.token_requests(), 0);

    let back = journey.back(Decision::Allow).await;
    assert_eq!(journey.open(&back).await.status, StatusCode::OK);
    let again = journey.open(&back).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert!(again.text.contains("lready used"), "{}", again.text);
    assert_eq!(journey.server().await["status"], "connected");
    assert_eq!(journey.token_requests(), 1);
}

// rule: safe-c05
#[tokio::test]
async fn an_answer_of_another_issuer_is_refused_before_the_token_request_and_not_shown() {
    let journey = Journey::new().await;
    let back = journey.back(Decision::Allow).await;
    let iss = parameter(&back, "iss");
    let evil = back.replace(&iss, "https%3A%2F%2Fevil.test") + "&error_description=buy+this";
    let page = journey.open(&evil).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(
        !page.text.contains("evil.test") && !page.text.contains("buy this"),
        "{}",
        page.text
    );
    assert_eq!(journey.token_requests(), 0);
    // Who is logged in learns which two issuers disagree, and nothing else of the answer.
    let explained = &journey.server().await["explained"];
    assert_eq!(explained["code"], "MCPHUB-AUTH-021", "{explained}");
    let evidence = explained["evidence"].as_str().unwrap();
    let expected = journey.world.issuer();
    let named = format!(r#"iss is "https://evil.test", expected "{expected}", "#);
    assert!(evidence.contains(&named), "{evidence}");
    assert!(!explained.to_string().contains("buy this"), "{explained}");
}

// rule: safe-c10
#[tokio::test]
async fn a_no_is_shown_with_the_servers_words_as_text() {
    let journey = Journey::with(Switches {
        iss: Iss::Absent,
        ..Switches::default()
    })
    .await;
    let back = journey.back(Decision::Deny).await;
    let state = parameter(&back, "state");
    let path = format!(
        "/oauth/callback?error=access_denied&error_description=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E&state={state}"
    );
    let page = journey.open(&path).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(
        page.text.contains("access_denied")
            && page.text.contains("&lt;img src=x onerror=alert(1)&gt;"),
        "{}",
        page.text
    );
    assert!(!page.text.contains("<img") && !page.text.contains("<script"));
    assert!(
        page.header(header::CONTENT_SECURITY_POLICY)
            .contains("script-src 'none'")
    );
}

#[tokio::test]
async fn a_failing_exchange_is_a_page_with_status_500_and_what_to_do() {
    let journey = Journey::new().await;
    let back = journey.back(Decision::Allow).await;
    let trouble = Trouble::forever(Fault::OAuth {
        error: "invalid_grant".into(),
        status: 400,
    });
    journey
        .world
        .switches(|switches| switches.order(Endpoint::Token, trouble));
    let page = journey.open(&back).await;
    assert_eq!(
        page.status,
        StatusCode::INTERNAL_SERVER_ERROR,
        "{}",
        page.text
    );
    assert!(
        page.text.contains("mcphub auth login practice"),
        "{}",
        page.text
    );
}

// rule: safe-c11
#[tokio::test]
async fn nobody_is_sent_elsewhere_after_a_sign_in() {
    let journey = Journey::new().await;
    let back = journey.back(Decision::Allow).await;
    for target in [
        "//evil.test",
        "/%5Cevil.test",
        "https:evil.test",
        "%2509//evil.test",
    ] {
        let page = journey
            .open(&format!("/oauth/callback?returnTo={target}&state=x&code=y"))
            .await;
        assert!(
            page.headers.get(header::LOCATION).is_none() && !page.text.contains("evil"),
            "{target}"
        );
    }
    let path = format!("{back}&returnTo=//evil.test");
    let mut forged = stage::request(Method::GET, &path);
    for name in [
        "x-forwarded-host",
        "x-forwarded-proto",
        "forwarded",
        "x-original-url",
    ] {
        forged
            .headers_mut()
            .insert(name, "host=evil.test".parse().unwrap());
    }
    let page = journey.stage.send(forged).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert!(page.headers.get(header::LOCATION).is_none() && !page.text.contains("evil"));
    let mut elsewhere = stage::request(Method::GET, &path);
    elsewhere
        .headers_mut()
        .insert(header::HOST, "evil.test".parse().unwrap());
    let page = journey.stage.send(elsewhere).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
}

// rule: safe-c13
#[tokio::test]
async fn a_raced_callback_makes_one_token_request() {
    let journey = Journey::new().await;
    let back = journey.back(Decision::Allow).await;
    let pages = join_all((0..20).map(|_| journey.open(&back))).await;
    assert_eq!(
        pages
            .iter()
            .filter(|page| page.status == StatusCode::OK)
            .count(),
        1
    );
    assert_eq!(journey.token_requests(), 1);
}

// rule: safe-c14
#[tokio::test]
async fn no_code_state_or_token_is_shown_by_the_page_the_api_or_the_journal() {
    let journey = Journey::new().await;
    let back = journey.back(Decision::Allow).await;
    let page = journey.open(&back).await;
    assert_eq!(page.header(header::REFERRER_POLICY), "no-referrer");
    let stored = journey.stage.settings()["mcpServers"]["practice"]["oauth"].clone();
    let secrets = [
        parameter(&back, "code"),
        parameter(&back, "state"),
        stored["accessToken"].as_str().unwrap().to_owned(),
        stored["refreshToken"].as_str().unwrap().to_owned(),
    ];
    let journal = journey
        .stage
        .get("/api/servers/practice/oauth/journal")
        .await;
    let servers = journey.stage.get("/api/servers").await;
    for secret in &secrets {
        for (place, answer) in [
            ("page", &page),
            ("journal", &journal),
            ("servers", &servers),
        ] {
            assert!(
                !answer.text.contains(secret.as_str()),
                "{place} shows {secret}"
            );
        }
    }
    let stages: Vec<Value> = journal.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["stage"].clone())
        .collect();
    for stage in [
        "discovery",
        "registration",
        "authorization_url",
        "callback",
        "token_exchange",
    ] {
        assert!(
            stages.contains(&stage.into()),
            "{stage} is missing in {stages:?}"
        );
    }
}

#[tokio::test]
async fn what_a_person_pastes_completes_the_sign_in() {
    let journey = Journey::new().await;
    let back = journey.back(Decision::Allow).await;
    let path = "/api/servers/practice/oauth/complete";
    let wrong = journey
        .stage
        .ask(
            Method::POST,
            path,
            Some(json!({ "pasted": "http://localhost:3000/oauth/callback?code=a&state=b" })),
        )
        .await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "{}", wrong.text);
    // Not an answer at all: nobody is mixed up or malicious, and the sign-in goes on waiting.
    let foo = Some(json!({ "pasted": "foo" }));
    let told = journey.stage.ask(Method::POST, path, foo).await.json();
    assert_eq!(told["errorCode"], "MCPHUB-AUTH-018", "{told}");
    let explained = &told["explained"];
    assert_eq!(explained["subject"], "practice", "{told}");
    assert_eq!(explained["command"], "mcphub auth login practice", "{told}");
    let cure = explained["do"].as_str().unwrap();
    assert!(cure.starts_with("Paste the whole address"), "{told}");
    let pasted = json!({ "pasted": format!(" http://localhost:3000{back}\n") });
    let answer = journey.stage.ask(Method::POST, path, Some(pasted)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(journey.server().await["oauth"]["connected"], true);
}

#[tokio::test]
async fn signing_out_revokes_forgets_as_much_as_asked_and_says_so() {
    let journey = Journey::new().await;
    let path = "/api/servers/practice/oauth/disconnect";
    for (scope, client_stays) in [("tokens", true), ("all", false)] {
        journey.open(&journey.back(Decision::Allow).await).await;
        let answer = journey
            .stage
            .ask(Method::POST, path, Some(json!({ "scope": scope })))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let data = &answer.json()["data"];
        assert_eq!(data["scope"], scope);
        assert!(data["revoked"]["attempted"].as_u64().unwrap() > 0, "{data}");
        assert_eq!(data["revoked"]["failed"], 0, "{data}");
        let stored = journey.stage.settings()["mcpServers"]["practice"]["oauth"].clone();
        assert!(
            stored.get("accessToken").is_none() && stored.get("refreshToken").is_none(),
            "{stored}"
        );
        assert_eq!(
            stored.get("clientId").is_some(),
            client_stays,
            "{scope}: {stored}"
        );
        assert_eq!(journey.server().await["oauth"]["connected"], false);
    }
    let wrong = journey
        .stage
        .ask(Method::POST, path, Some(json!({ "scope": "everything" })))
        .await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(
        wrong.json()["message"]
            .as_str()
            .unwrap()
            .contains("\"tokens\" or \"all\"")
    );
}

/// A parameter of a query, as it stands there.
fn parameter(path: &str, name: &str) -> String {
    let query = path.split_once('?').unwrap().1;
    let found = query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    found
        .unwrap_or_else(|| panic!("no {name} in {path}"))
        .to_owned()
}

// rule: at-16
#[tokio::test]
async fn a_callback_at_another_path_of_the_settings_is_answered_and_no_other_path_is() {
    let settings = json!({ "mcpServers": { "practice": {
        "url": "https://mcp.example.com/mcp", "oauth": { "redirectUri": "http://127.0.0.1:3000/cb" }
    } } });
    let stage = Stage::new(&settings.to_string()).await;
    let there = stage.get("/cb?code=C&state=nobodys").await;
    assert_eq!(there.status, StatusCode::BAD_REQUEST, "{}", there.text);
    assert!(
        there.text.contains("No sign-in is waiting"),
        "{}",
        there.text
    );
    assert_eq!(stage.get("/cd").await.status, StatusCode::NOT_FOUND);
}

// rule: at-53
#[tokio::test]
async fn the_hub_serves_its_own_client_document_at_its_public_https_address_only() {
    let path = "/.well-known/oauth-client-metadata.json";
    let of = |base: &str| {
        let install = json!({ "install": { "baseUrl": base } });
        json!({ "mcpServers": {}, "systemConfig": install }).to_string()
    };
    let stage = Stage::new(&of("https://hub.example.org/")).await;
    let document = stage.get(path).await.json();
    assert_eq!(
        document["client_id"],
        format!("https://hub.example.org{path}")
    );
    let callback = "https://hub.example.org/oauth/callback";
    assert_eq!(document["redirect_uris"], json!([callback]));
    assert_eq!(document["token_endpoint_auth_method"], "none");
    let local = Stage::new(&of("http://localhost:3000")).await;
    assert_eq!(local.get(path).await.status, StatusCode::NOT_FOUND);
}
