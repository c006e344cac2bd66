//! Tokens per user, from the key at `/mcp` to the request at the upstream: Alice, Bob, and a caller without a name.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use http::Method;
use hub::sign_in::Account;
use hub::upstream::State;
use lab::{Browser, Consent, Switches, World};
use serde_json::{Value, json};
use stage::{Answer, Stage};

async fn stage(world: &World) -> Stage {
    let key = |id: &str| json!({ "id": id, "token": id, "enabled": true, "kind": "user", "owner": id, "accessType": "all" });
    let settings = json!({
        "mcpServers": { "practice": {
            "url": world.mcp_url(), "visibility": "public", "oauth": { "tokens": "per_user" },
            "options": { "waitForSignIn": 0 },
        } },
        "users": [{ "username": "alice" }, { "username": "bob" }],
        "bearerKeys": [key("alice"), key("bob"), { "id": "system", "token": "system", "enabled": true, "accessType": "all" }],
    });
    Stage::new(&settings.to_string()).await
}

async fn signs_in(stage: &Stage, user: &str) {
    let account = Account::of("practice", Some(user));
    let link = stage.hub.sign_ins().begin(&account).await.unwrap();
    let back = Browser::new()
        .unwrap()
        .decide(&link.url, lab::Decision::Allow)
        .await
        .unwrap();
    let path = back.strip_prefix("http://localhost:3000").unwrap();
    let page = stage.ask_as(None, Method::GET, path, None).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let upstream = stage
        .hub
        .upstreams()
        .serving("practice", Some(user), None)
        .unwrap();
    let mut states = upstream.watch();
    states
        .wait_for(|state| matches!(state, State::Ready))
        .await
        .unwrap();
}

async fn post(
    stage: &Stage,
    (path, key): (&str, &str),
    session: Option<&str>,
    body: &Value,
) -> Answer {
    let mut request = stage::request(Method::POST, path);
    let headers = request.headers_mut();
    headers.insert("authorization", format!("Bearer {key}").parse().unwrap());
    headers.insert(
        "accept",
        "application/json, text/event-stream".parse().unwrap(),
    );
    headers.insert("mcp-protocol-version", "2025-11-25".parse().unwrap());
    if let Some(session) = session {
        headers.insert("mcp-session-id", session.parse().unwrap());
    }
    *request.body_mut() = body.to_string().into();
    stage.send(request).await
}

/// A tool call in a session of its own; the text of the answer.
async fn calls(stage: &Stage, key: &str) -> String {
    calls_at(stage, "/mcp/practice", key).await
}

async fn calls_at(stage: &Stage, path: &str, key: &str) -> String {
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "0" } } });
    let opened = post(stage, (path, key), None, &hello).await;
    let session = opened.header("mcp-session-id").to_owned();
    assert!(!session.is_empty(), "{opened:?}");
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call",
        "params": { "name": "echo", "arguments": { "text": "hello" } } });
    post(stage, (path, key), Some(&session), &call).await.text
}

// rule: at-37
#[tokio::test]
async fn bob_is_asked_to_sign_in_himself_although_alice_has() {
    let world = World::start(Switches {
        consent: Consent::Allow,
        ..Switches::default()
    })
    .await
    .unwrap();
    let stage = stage(&world).await;
    signs_in(&stage, "alice").await;
    let alices = calls(&stage, "alice").await;
    assert!(alices.contains("hello"), "{alices}");
    assert_eq!(world.counts().tools_called, 1);
    let bobs = calls(&stage, "bob").await;
    let link = stage
        .hub
        .sign_ins()
        .view(Account::of("practice", Some("bob")));
    let link = link.authorization_url.unwrap();
    assert!(
        bobs.contains("Open http://localhost:3000/c/") && !bobs.contains("hello"),
        "{bobs}"
    );
    assert!(link.starts_with(&world.issuer()), "{link}");
    let nobodys = calls(&stage, "system").await;
    assert!(
        nobodys.contains("keeps a sign-in for each user"),
        "{nobodys}"
    );
    assert_eq!(
        world.counts().tools_called,
        1,
        "nobody travelled on Alice's token"
    );
    signs_in(&stage, "bob").await;
    let bobs = calls(&stage, "bob").await;
    assert!(bobs.contains("hello"), "{bobs}");
    let ups = stage.hub.upstreams();
    assert_eq!(ups.people().len(), 2);
    let [of_alice, of_bob] =
        ["alice", "bob"].map(|user| ups.serving("practice", Some(user), None).unwrap());
    assert_ne!(of_alice.key(), of_bob.key());
    stage.clock.advance(std::time::Duration::from_secs(16 * 60));
    assert!(ups.serving("practice", Some("bob"), None).is_ok());
    ups.close_idle().await;
    let left: Vec<_> = ups
        .people()
        .iter()
        .map(|up| up.account().user.clone().unwrap())
        .collect();
    assert_eq!(left, ["bob"], "who does not use it lets it go");
}

// rule: mcphub-user-scope
#[tokio::test]
async fn a_users_sign_in_serves_at_his_own_address_and_nobody_who_looks_through_his_eyes() {
    let world = World::start(Switches {
        consent: Consent::Allow,
        ..Switches::default()
    })
    .await
    .unwrap();
    let stage = stage(&world).await;
    signs_in(&stage, "alice").await;
    let alices = calls_at(&stage, "/alice/mcp/practice", "alice").await;
    assert!(alices.contains("hello"), "{alices}");
    for key in ["system", stage::OPERATOR] {
        let others = calls_at(&stage, "/alice/mcp/practice", key).await;
        assert!(others.contains("keeps a sign-in for each user"), "{others}");
    }
    assert_eq!(
        world.counts().tools_called,
        1,
        "nobody travelled on Alice's token"
    );
}

// rule: at-37
#[tokio::test]
async fn whose_sign_in_serves_whom_is_seen_by_whom_it_concerns_and_finished_by_whom_it_is() {
    let world = World::start(Switches {
        consent: Consent::Allow,
        ..Switches::default()
    })
    .await
    .unwrap();
    let user = |name: &str, is_admin: bool| json!({ "username": name, "password": bcrypt::hash("correct horse", 4).unwrap(), "isAdmin": is_admin });
    let server = |tokens: &str| json!({ "url": world.mcp_url(), "visibility": "public", "owner": "alice", "oauth": { "tokens": tokens } });
    let settings = json!({
        "mcpServers": { "practice": server("per_user"), "together": server("shared") },
        "users": [user("root", true), user("alice", false), user("bob", false)],
    });
    let stage = Stage::new(&settings.to_string()).await;
    signs_in(&stage, "bob").await;
    let seen = async |name: &str, server: &str| {
        let login = stage.log_in(name, "correct horse").await.json();
        let token = login["token"].as_str().unwrap().to_owned();
        let path = format!("/api/servers/{server}");
        let told = stage.ask_as(Some(&token), Method::GET, &path, None).await;
        let path = format!("{path}/oauth/authorize");
        let begun = stage.ask_as(Some(&token), Method::POST, &path, None).await;
        (told.json()["data"]["identity"].clone(), begun.status)
    };
    let bobs = json!([{ "username": "bob", "status": "connected" }]);
    for (name, identity) in [
        (
            "root",
            json!({ "tokens": "per_user", "maySignIn": true, "username": "root", "people": bobs }),
        ),
        (
            "alice",
            json!({ "tokens": "per_user", "maySignIn": true, "username": "alice" }),
        ),
        (
            "bob",
            json!({ "tokens": "per_user", "maySignIn": true, "username": "bob" }),
        ),
    ] {
        assert_eq!(
            seen(name, "practice").await,
            (identity, 200.try_into().unwrap()),
            "{name}"
        );
    }
    for (name, may, status) in [
        ("root", true, 200),
        ("alice", true, 200),
        ("bob", false, 403),
    ] {
        let identity = json!({ "tokens": "shared", "maySignIn": may });
        assert_eq!(
            seen(name, "together").await,
            (identity, status.try_into().unwrap()),
            "{name}"
        );
    }
}
