//! An issuer outside the hub (`systemConfig.auth.forwardAuth`), through the whole router: what its tokens open, what they do not, and what clients are told.

use std::time::Duration;

use http::{Method, StatusCode, header};
use hub::upstream::State;
use lab::outside::{KeysPage, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::client::{HUB, initialize, register, settings, sign_in};
use crate::door::listener;
use crate::stage::{Answer, Stage, request};
use crate::streams::{ends, goes_on, opened};

const NOW: u64 = 1_790_000_000;

/// A hub that trusts an issuer, where Alice has an account of hers.
struct House {
    stage: Stage,
    page: KeysPage,
    key: SigningKey,
}

impl House {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Value)) -> Self {
        let key = SigningKey::p256("k1");
        let page = KeysPage::start(&[&key]).await;
        let mut written = settings();
        let public = json!({ "command": "x", "enabled": false, "visibility": "public" });
        written["mcpServers"]["everybodys"] = public;
        written["groups"] = json!([
            { "id": "a", "name": "team-a", "servers": ["hers"] },
            { "id": "b", "name": "team-b", "servers": ["his"] },
            { "id": "c", "name": "team-c", "servers": ["everybodys"] },
        ]);
        written["users"][0]["ssoUserId"] = account(&page.issuer(), "alice-at-work").into();
        written["systemConfig"]["auth"] = json!({ "forwardAuth": {
            "enabled": true,
            "jwks": { "uri": page.uri(), "issuer": page.issuer(), "audience": ["mcphub", format!("{HUB}/mcp")] },
        } });
        change(&mut written);
        let stage = Stage::new(&written.to_string()).await;
        Self { stage, page, key }
    }

    fn token(&self, subject: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = json!({ "iss": self.page.issuer(), "sub": subject, "aud": "mcphub", "exp": NOW + 300, "preferred_username": subject });
        change(&mut claims);
        self.key.token(&claims)
    }

    async fn opened(&self, token: &str) -> String {
        let mut opened = Vec::new();
        for path in ["/mcp", "/mcp/team-a", "/mcp/team-b", "/mcp/team-c"] {
            let answer = initialize(&self.stage, path, token).await;
            opened.extend(answer.status.is_success().then_some(path));
        }
        opened.join(" ")
    }

    async fn api(&self, token: &str, method: Method, path: &str) -> Answer {
        let body = (method == Method::POST).then(|| json!({ "name": "new" }));
        self.stage.ask_as(Some(token), method, path, body).await
    }
}

fn account(issuer: &str, subject: &str) -> String {
    let digest = Sha256::digest(format!("{issuer}\n{subject}"));
    let digits = digest.iter().map(|byte| format!("{byte:02x}"));
    format!("forward-auth:{}", digits.collect::<String>())
}

#[tokio::test]
async fn a_token_of_the_issuer_is_its_user_and_opens_what_he_may_see() {
    let house = House::new().await;
    let alice = house.token("alice-at-work", |_| {});
    assert_eq!(house.opened(&alice).await, "/mcp /mcp/team-a /mcp/team-c");
    let bob = house.token("bob", |_| {});
    assert_eq!(house.opened(&bob).await, "/mcp /mcp/team-c");
    let made = house.stage.settings()["users"][2].clone();
    assert_eq!(made["username"], "bob");
    assert_eq!(
        (&made["isAdmin"], made.get("password")),
        (&json!(false), None)
    );
    assert_eq!(
        house.stage.log_in("bob", "").await.status,
        StatusCode::UNAUTHORIZED
    );
    for (path, token, expected) in [
        ("/alice/mcp", &alice, 200),
        ("/alice/mcp", &bob, 403),
        ("/nobody/mcp", &bob, 403),
        ("/bob/mcp", &bob, 200),
    ] {
        let answer = initialize(&house.stage, path, token).await;
        assert_eq!(answer.status.as_u16(), expected, "{path}: {}", answer.text);
    }
    assert_eq!(house.page.asked(), 1);
}

#[tokio::test]
async fn a_session_goes_on_with_the_next_token_of_the_same_user_and_is_nobody_elses() {
    let house = House::new().await;
    let [alice, bob] = ["alice-at-work", "bob"].map(|subject| house.token(subject, |_| {}));
    let opened = initialize(&house.stage, "/mcp", &alice).await;
    let session = opened.header("mcp-session-id").to_owned();
    let ping = async |token: &str| {
        let mut ping = request(Method::POST, "/mcp");
        let bearer = format!("Bearer {token}").parse().unwrap();
        ping.headers_mut().insert(header::AUTHORIZATION, bearer);
        ping.headers_mut()
            .insert("mcp-session-id", session.parse().unwrap());
        *ping.body_mut() = json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" })
            .to_string()
            .into();
        house.stage.send(ping).await.status.as_u16()
    };
    assert_eq!(ping(&alice).await, 200);
    assert_eq!(
        ping(&house.token("alice-at-work", |it| it["exp"] = (NOW + 900).into())).await,
        200
    );
    assert_eq!(ping(&bob).await, 404);
    house.stage.clock.advance(Duration::from_secs(331));
    assert_eq!(
        ping(&alice).await,
        401,
        "a session makes no token live longer"
    );
}

// rule: mcphub-stream-token
#[tokio::test]
async fn a_stream_ends_with_the_time_of_its_token_and_with_the_trust() {
    let house = House::with(|it| it["users"][0]["isAdmin"] = true.into()).await;
    let [short, long] =
        [300, 900].map(|life| house.token("alice-at-work", |it| it["exp"] = (NOW + life).into()));
    let opening = initialize(&house.stage, "/mcp", &short).await;
    let session = opening.header("mcp-session-id").to_owned();
    let places = [
        ("/mcp", session.as_str()),
        ("/sse", ""),
        ("/api/events", ""),
    ];
    let (mut shorts, mut longs) = (Vec::new(), Vec::new());
    for place in places {
        shorts.push(opened(&house.stage, &short, place).await);
        longs.push(opened(&house.stage, &long, place).await);
    }
    assert!(shorts.iter_mut().chain(&mut longs).all(goes_on));
    house.stage.clock.advance(Duration::from_secs(300));
    for stream in shorts {
        assert!(ends(stream).await);
    }
    assert!(longs.iter_mut().all(goes_on));
    let off = json!({ "auth": { "forwardAuth": { "enabled": false } } });
    let changed = house
        .stage
        .ask(Method::PUT, "/api/system-config", Some(off));
    assert_eq!(changed.await.status, StatusCode::OK);
    for stream in longs {
        assert!(ends(stream).await);
    }
}

// rule: safe-outside-forged, safe-outside-elsewhere
#[tokio::test]
async fn what_is_no_good_token_of_the_issuer_lets_nobody_in_also_where_the_door_is_open() {
    for required in [true, false] {
        let house = House::with(|it| {
            it["systemConfig"]["routing"]["enableBearerAuth"] = required.into();
        })
        .await;
        let stranger = SigningKey::p256("k1");
        let claims =
            json!({ "iss": house.page.issuer(), "sub": "root", "aud": "mcphub", "exp": NOW + 300 });
        let none = lab::outside::unsigned(&json!({ "alg": "none" }), &claims);
        for (what, token, said) in [
            (
                "expired",
                house.token("bob", |it| it["exp"] = (NOW - 60).into()),
                "expired",
            ),
            (
                "another's",
                house.token("bob", |it| it["aud"] = "x".into()),
                "not given for this hub",
            ),
            ("forged", stranger.token(&claims), "signature"),
            ("unsigned", format!("{none}."), "signed in a way"),
        ] {
            let refused = initialize(&house.stage, "/mcp", &token).await;
            assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{what}");
            let challenge = refused.header(header::WWW_AUTHENTICATE);
            assert!(challenge.contains(said), "{what}: {challenge}");
            assert!(challenge.contains("resource_metadata="), "{challenge}");
            let refused = house.api(&token, Method::GET, "/api/servers").await;
            assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{what}");
        }
        let other = house.token("bob", |it| it["iss"] = "https://other.test".into());
        let expected = if required {
            StatusCode::UNAUTHORIZED
        } else {
            StatusCode::OK
        };
        let answer = initialize(&house.stage, "/mcp", &other).await;
        assert_eq!(
            answer.status, expected,
            "it is no token of the issuer at all"
        );
        assert_eq!(house.stage.settings()["users"].as_array().unwrap().len(), 2);
    }
}

// rule: mcphub-outside-name, safe-outside-name
#[tokio::test]
async fn whoever_has_no_account_is_told_so_and_is_not_sent_to_sign_in_again() {
    let house = House::new().await;
    let root = house.token("s-7", |it| it["preferred_username"] = "root".into());
    for path in ["/mcp", "/root/mcp"] {
        let refused = initialize(&house.stage, path, &root).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
        assert!(refused.text.contains("ssoUserId"), "{}", refused.text);
        assert_eq!(refused.header(header::WWW_AUTHENTICATE), "");
    }
    let refused = house.api(&root, Method::GET, "/api/servers").await;
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (StatusCode::FORBIDDEN, &json!("no_account"))
    );
}

#[tokio::test]
async fn an_issuer_whose_keys_cannot_be_read_costs_nobody_his_token() {
    let house = House::new().await;
    house.page.answer(500, "");
    let token = house.token("bob", |_| {});
    let later = initialize(&house.stage, "/mcp", &token).await;
    assert_eq!(later.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(later.header(header::RETRY_AFTER), "60");
    let later = house.api(&token, Method::GET, "/api/servers").await;
    assert_eq!(later.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(later.json()["code"], "issuer_unreachable");
    assert_eq!(house.page.asked(), 1);
    house.page.publish(&[&house.key]);
    house.stage.clock.advance(Duration::from_secs(60));
    assert_eq!(
        initialize(&house.stage, "/mcp", &token).await.status,
        StatusCode::OK
    );
}

// rule: rfc8707-2
#[tokio::test]
async fn at_the_api_a_token_may_what_its_user_may_unless_it_was_given_for_mcp() {
    let house = House::new().await;
    let bob = house.token("bob", |_| {});
    let me = house.api(&bob, Method::GET, "/api/auth/user").await.json();
    assert_eq!(
        (&me["user"]["username"], &me["user"]["isAdmin"]),
        (&json!("bob"), &json!(false))
    );
    assert_eq!(
        house.api(&bob, Method::GET, "/api/users").await.status,
        StatusCode::FORBIDDEN
    );
    let mcp = house.token("bob", |it| it["aud"] = format!("{HUB}/mcp").into());
    assert_eq!(
        initialize(&house.stage, "/mcp", &mcp).await.status,
        StatusCode::OK
    );
    assert_eq!(
        initialize(&house.stage, "/sse", &mcp).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        house.api(&mcp, Method::GET, "/api/auth/user").await.status,
        StatusCode::UNAUTHORIZED
    );
    let change = json!({ "isAdmin": true });
    let made = house
        .stage
        .ask(Method::PUT, "/api/users/bob", Some(change))
        .await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    assert_eq!(
        house.api(&bob, Method::GET, "/api/users").await.status,
        StatusCode::OK
    );
    assert_eq!(
        house.api(&mcp, Method::GET, "/api/users").await.status,
        StatusCode::UNAUTHORIZED
    );
}

// rule: mcphub-token-api
#[tokio::test]
async fn the_metrics_take_the_token_of_an_administrator_as_the_api_does() {
    let house = House::with(|it| {
        let account = account(
            it["systemConfig"]["auth"]["forwardAuth"]["jwks"]["issuer"]
                .as_str()
                .unwrap(),
            "root-at-work",
        );
        it["users"][1]["ssoUserId"] = account.into();
    })
    .await;
    let users = house.stage.settings()["users"].clone();
    let is_admin = users[1]["isAdmin"].as_bool().unwrap_or_default();
    assert!(is_admin, "{users}");
    for (subject, audience, expected) in [
        ("root-at-work", "mcphub".to_owned(), 200),
        ("root-at-work", format!("{HUB}/mcp"), 401),
        ("alice-at-work", "mcphub".to_owned(), 403),
    ] {
        let token = house.token(subject, |it| it["aud"] = audience.clone().into());
        let mut asked = request(Method::GET, "/metrics");
        let bearer = format!("Bearer {token}").parse().unwrap();
        asked.headers_mut().insert(header::AUTHORIZATION, bearer);
        let answer = house.stage.send(asked).await;
        assert_eq!(answer.status.as_u16(), expected, "{subject} {audience}");
    }
}

#[tokio::test]
async fn keys_and_what_the_hub_gave_come_first() {
    let mut jwt = String::new();
    let key = SigningKey::p256("k1");
    let page = KeysPage::start(&[&key]).await;
    let house = House::with(|it| {
        // A key that looks like a token, as odd as that is.
        jwt = key.token(&json!({ "iss": page.issuer(), "sub": "x", "aud": "mcphub", "exp": 1 }));
        it["systemConfig"]["auth"]["forwardAuth"]["jwks"]["issuer"] = page.issuer().into();
        it["bearerKeys"] = json!([{ "id": "1", "token": jwt }]);
    })
    .await;
    assert_eq!(
        initialize(&house.stage, "/mcp/team-b", &jwt).await.status,
        StatusCode::OK
    );
    let client = register(&house.stage).await;
    let own = sign_in(&house.stage, &client, "alice").await.access;
    assert_eq!(
        initialize(&house.stage, "/mcp", &own).await.status,
        StatusCode::OK
    );
    assert_eq!((page.asked(), house.page.asked()), (0, 0));
}

// rule: rfc9728-2-issuers
#[tokio::test]
async fn clients_are_sent_to_the_issuer_first_and_to_the_hub_itself_where_that_is_on() {
    const RESOURCE: &str = "/.well-known/oauth-protected-resource/mcp";
    for (own, issuer, expected) in [
        (true, None, vec!["theirs", HUB]),
        (false, None, vec!["theirs"]),
        (true, Some("no address"), vec![HUB]),
        (true, Some(""), vec![HUB]),
    ] {
        let house = House::with(|it| {
            it["systemConfig"]["oauthServer"] = json!({ "enabled": own });
            if let Some(issuer) = issuer {
                it["systemConfig"]["auth"]["forwardAuth"]["jwks"]["issuer"] = issuer.into();
            }
        })
        .await;
        let theirs = house.page.issuer();
        let named = |name: &str| {
            if name == "theirs" {
                theirs.clone()
            } else {
                name.to_owned()
            }
        };
        let expected: Vec<String> = expected.into_iter().map(named).collect();
        let document = house.stage.get(RESOURCE).await.json();
        assert_eq!(document["authorization_servers"], json!(expected));
        let is_ours = expected.first().is_some_and(|first| first == HUB);
        assert_eq!(document.get("scopes_supported").is_some(), is_ours);
    }
}

// rule: mcphub-token-passed-on
#[tokio::test]
async fn a_token_of_the_issuer_is_passed_on_to_no_server_whatever_the_settings_pass_on() {
    let (url, heard) = listener().await;
    let house = House::with(|it| {
        it["systemConfig"]["routing"]["bearerAuthHeaderName"] = "X-Hub-Key".into();
        it["bearerKeys"] = json!([{ "id": "1", "token": "system-key" }]);
        it["mcpServers"]["up"] = json!({ "type": "streamable-http", "url": url, "visibility": "public", "passthroughHeaders": ["Authorization"] });
    })
    .await;
    let up = house.stage.hub.upstreams().get("up").unwrap();
    let mut states = up.watch();
    let ready = states.wait_for(|state| matches!(state, State::Ready));
    ready.await.unwrap();
    let token = house.token("bob", |_| {});
    let call = async |bearer: &str, key: Option<&str>| {
        let opened = ask(&house.stage, (bearer, key), None, "initialize", json!({
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } })).await;
        let session = opened.header("mcp-session-id").to_owned();
        heard.lock().unwrap().clear();
        let answer = ask(
            &house.stage,
            (bearer, key),
            Some(&session),
            "tools/call",
            json!({ "name": "echo", "arguments": {} }),
        )
        .await;
        assert!(answer.text.contains("heard"), "{}", answer.text);
        heard.lock().unwrap().clone()
    };
    assert_eq!(call(&token, None).await, Vec::<String>::new());
    assert_eq!(call(&token, Some("system-key")).await, Vec::<String>::new());
    let other = call("of-somebody-else", Some("system-key")).await;
    assert_eq!(
        other,
        ["Bearer of-somebody-else"],
        "a server hears what is meant for it"
    );
}

async fn ask(
    stage: &Stage,
    (bearer, key): (&str, Option<&str>),
    session: Option<&str>,
    method: &str,
    params: Value,
) -> Answer {
    let mut asked = request(Method::POST, "/mcp/up");
    let head = asked.headers_mut();
    head.insert(
        header::AUTHORIZATION,
        format!("Bearer {bearer}").parse().unwrap(),
    );
    if let Some(key) = key {
        head.insert("x-hub-key", key.parse().unwrap());
    }
    if let Some(session) = session {
        head.insert("mcp-session-id", session.parse().unwrap());
    }
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    *asked.body_mut() = body.to_string().into();
    stage.send(asked).await
}
