//! Who gets in at `/{user}/mcp` and its kin, and what everybody else is told.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use std::time::Duration;

use axum::body::Body;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use stage::streams::{ends, goes_on, stream};
use stage::{Answer, OPERATOR, Stage, request};

fn settings(required: bool) -> String {
    let key = |id: &str| json!({ "id": id, "token": id, "enabled": true, "accessType": "all" });
    let owned = |id: &str| {
        let mut key = key(id);
        key["kind"] = "user".into();
        key["owner"] = id.into();
        key
    };
    let mut some = key("some");
    some["accessType"] = "servers".into();
    some["allowedServers"] = json!(["public"]);
    json!({
        "mcpServers": {
            "public": { "command": "x", "enabled": false, "visibility": "public" },
            "other": { "url": "https://mcp.example.com/mcp", "enabled": false,
                "oauth": { "redirectUri": "http://localhost:3000/auth/mcp/callback" } },
        },
        "users": [
            { "username": "alice", "password": bcrypt::hash("alices password", 4).unwrap() },
            { "username": "bob", "password": bcrypt::hash("bobs password", 4).unwrap() },
            { "username": "a/b" }, { "username": "api" }, { "username": "mcp" },
        ],
        "groups": [{ "id": "g", "name": "bobs", "owner": "bob", "visibility": "private", "servers": ["public"] }],
        "bearerKeys": [key("all"), some, owned("alice"), owned("bob"), owned("a/b"), owned("api"), owned("left")],
        "systemConfig": { "routing": { "enableBearerAuth": required } },
    })
    .to_string()
}

async fn initialize(stage: &Stage, path: &str, headers: &[(&str, &str)]) -> Answer {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } });
    let mut request = request(Method::POST, path);
    for (name, value) in headers {
        let name: header::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    *request.body_mut() = body.to_string().into();
    stage.send(request).await
}

async fn with_key(stage: &Stage, path: &str, key: &str) -> Answer {
    initialize(stage, path, &[("authorization", &format!("Bearer {key}"))]).await
}

async fn login(stage: &Stage, user: &str) -> String {
    let answer = stage.log_in(user, &format!("{user}s password")).await;
    answer.json()["token"].as_str().unwrap().to_owned()
}

// rule: mcphub-user-scope
#[tokio::test]
async fn a_users_address_takes_the_users_key_and_who_may_use_everything() {
    let stage = Stage::new(&settings(true)).await;
    for (path, key, status) in [
        ("/alice/mcp", "alice", 200),
        ("/alice/mcp/", "alice", 200),
        ("/alice/mcp", "all", 200),
        ("/alice/mcp", OPERATOR, 200),
        ("/alice/mcp", "bob", 403),
        ("/alice/mcp", "some", 403),
        ("/alice/mcp", "guessed", 401),
        ("/nobody/mcp", "bob", 403),
        ("/nobody/mcp", "all", 403),
        ("/nobody/mcp", OPERATOR, 403),
        ("/left/mcp", "left", 401),
        ("/a%2Fb/mcp", "a/b", 200),
        ("/a/b/mcp", "a/b", 404),
        ("/%FF/mcp", "alice", 403),
    ] {
        let answer = with_key(&stage, path, key).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{key} at {path}: {}",
            answer.text
        );
    }
}

// rule: mcphub-group-sharing
#[tokio::test]
async fn a_group_of_somebody_else_looks_like_one_that_is_not_there() {
    let stage = Stage::new(&settings(true)).await;
    for (path, key, status) in [
        ("/mcp/bobs", "bob", 200),
        ("/mcp/g", "bob", 200),
        ("/bob/mcp/bobs", "bob", 200),
        ("/bob/mcp/bobs", "all", 200),
        ("/mcp/bobs", "all", 200),
        ("/mcp/bobs", "alice", 404),
        ("/mcp/g", "alice", 404),
        ("/alice/mcp/bobs", "alice", 404),
        ("/alice/mcp/bobs", "all", 404),
    ] {
        let answer = with_key(&stage, path, key).await;
        let found = answer.status.as_u16();
        assert_eq!(found, status, "{key} at {path}: {}", answer.text);
        if status == 404 {
            let none = with_key(&stage, &path.replace("bobs", "none"), key).await;
            assert_eq!(answer.text, none.text.replace("none", "bobs"), "{path}");
        }
    }
}

// rule: mcphub-user-scope
#[tokio::test]
async fn a_user_that_nobody_knows_and_one_that_is_none_of_ones_business_look_alike() {
    for required in [true, false] {
        let stage = Stage::new(&settings(required)).await;
        for (method, rest) in [
            (Method::POST, "mcp"),
            (Method::POST, "mcp/public"),
            (Method::GET, "mcp"),
            (Method::DELETE, "mcp"),
            (Method::GET, "sse"),
            (Method::GET, "sse/public"),
            (Method::POST, "messages?sessionId=x"),
            (Method::GET, "messages"),
        ] {
            for key in [None, Some("bob"), Some("some"), Some("guessed")] {
                let at = |user: &str| {
                    let path = format!("/{user}/{rest}");
                    let (stage, method) = (&stage, method.clone());
                    async move { stage.ask_as(key, method, &path, None).await }
                };
                let (known, unknown) = (at("alice").await, at("nobody").await);
                assert_eq!(known.status, unknown.status, "{key:?} {method} {rest}");
                // The address that was asked is named; whoever asked wrote it.
                let as_known = unknown.text.replace("/nobody/", "/alice/");
                assert_eq!(known.text, as_known, "{key:?} {method} {rest}");
                assert!(
                    matches!(known.status.as_u16(), 401 | 403),
                    "{key:?} {rest}: {}",
                    known.text
                );
                let challenged = known
                    .header(header::WWW_AUTHENTICATE)
                    .starts_with("Bearer ");
                assert_eq!(challenged, known.status == StatusCode::UNAUTHORIZED);
            }
        }
    }
}

// rule: mcphub-user-scope
#[tokio::test]
async fn where_mcp_is_open_a_users_address_asks_who_comes_and_takes_a_login_too() {
    let stage = Stage::new(&settings(false)).await;
    assert_eq!(initialize(&stage, "/mcp", &[]).await.status, StatusCode::OK);
    let nobody = initialize(&stage, "/alice/mcp", &[]).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    assert!(
        nobody.text.contains("kind \\\"user\\\""),
        "it names the cure: {}",
        nobody.text
    );
    let alice = login(&stage, "alice").await;
    let bob = login(&stage, "bob").await;
    for (token, status) in [(&*alice, 200), (&*bob, 403), ("forged", 401)] {
        let answer = initialize(&stage, "/alice/mcp", &[("x-auth-token", token)]).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    }
    let locked = Stage::new(&settings(true)).await;
    let alice = login(&locked, "alice").await;
    let answer = initialize(&locked, "/alice/mcp", &[("x-auth-token", &alice)]).await;
    assert_eq!(
        answer.status,
        StatusCode::UNAUTHORIZED,
        "a key is asked for where /mcp wants one"
    );
}

#[tokio::test]
async fn addresses_with_a_meaning_of_their_own_are_nobodys() {
    let stage = Stage::new(&settings(true)).await;
    for path in ["/api/mcp", "/oauth/mcp", "/health/sse", "/.well-known/mcp"] {
        assert_eq!(
            with_key(&stage, path, "api").await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    // A server of that name, and not the user "mcp".
    let answer = with_key(&stage, "/mcp/mcp", "all").await;
    assert!(
        answer.text.contains("no group or server named"),
        "{}",
        answer.text
    );
    let callback = stage
        .ask_as(None, Method::GET, "/auth/mcp/callback", None)
        .await;
    assert_eq!(callback.status, StatusCode::BAD_REQUEST);
    assert!(
        callback
            .header(header::CONTENT_TYPE)
            .starts_with("text/html"),
        "{}",
        callback.text
    );
}

#[tokio::test]
async fn a_session_that_was_opened_through_a_users_eyes_is_used_nowhere_else() {
    let stage = Stage::new(&settings(true)).await;
    let opened = with_key(&stage, "/alice/mcp", "all").await;
    let session = opened.header("mcp-session-id").to_owned();
    let ping = |path: &'static str| {
        let mut request = request(Method::POST, path);
        let headers = request.headers_mut();
        headers.insert("authorization", "Bearer all".parse().unwrap());
        headers.insert("mcp-session-id", session.parse().unwrap());
        let ping: Value = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
        *request.body_mut() = ping.to_string().into();
        stage.send(request)
    };
    assert_eq!(ping("/alice/mcp").await.status, StatusCode::OK);
    for path in ["/mcp", "/bob/mcp"] {
        assert_eq!(ping(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

/// Streams of the old transport on which nobody introduced himself, by who opened them.
async fn streams(stage: &Stage) -> Vec<(&'static str, Body)> {
    let login = login(stage, "alice").await;
    let mut open = Vec::new();
    for (who, path, name, value) in [
        ("anyone", "/sse", "x-nothing", String::new()),
        ("all", "/sse", "authorization", "Bearer all".to_owned()),
        ("some", "/sse", "authorization", "Bearer some".to_owned()),
        ("alice", "/sse", "authorization", "Bearer alice".to_owned()),
        (
            "all as alice",
            "/alice/sse",
            "authorization",
            "Bearer all".to_owned(),
        ),
        (
            "operator as alice",
            "/alice/sse",
            "authorization",
            format!("Bearer {OPERATOR}"),
        ),
        ("alice's login", "/alice/sse", "x-auth-token", login),
    ] {
        let mut stream = stream(stage, path, [(name, &*value)]).await;
        assert!(goes_on(&mut stream), "{who}");
        open.push((who, stream));
    }
    open
}

// rule: mcphub-key-taken-back
#[tokio::test]
async fn a_stream_without_a_session_ends_with_what_let_its_reader_in_and_with_nothing_less() {
    type Change = fn(&mut Value);
    let of_all = ["all", "all as alice"].as_slice();
    let changes: [(&str, Change, &[&str]); 7] = [
        (
            "another thing",
            |it| {
                it["systemConfig"]["install"] =
                    json!({ "npmRegistry": "https://registry.example.test" })
            },
            &[],
        ),
        (
            "a key that may less",
            |it| it["bearerKeys"][1]["allowedServers"] = json!(["other"]),
            &[],
        ),
        (
            "a key off",
            |it| it["bearerKeys"][0]["enabled"] = json!(false),
            of_all,
        ),
        (
            "a key out",
            |it| drop(it["bearerKeys"].as_array_mut().unwrap().remove(0)),
            of_all,
        ),
        (
            "another token",
            |it| it["bearerKeys"][0]["token"] = json!("fresh"),
            of_all,
        ),
        (
            "a closed door",
            |it| it["systemConfig"]["routing"]["enableBearerAuth"] = json!(true),
            &["anyone", "alice's login"],
        ),
        (
            "another password",
            |it| it["users"][0]["password"] = json!(bcrypt::hash("x", 4).unwrap()),
            &["alice's login"],
        ),
    ];
    for (what, change, over) in changes {
        let stage = Stage::new(&settings(false)).await;
        let open = streams(&stage).await;
        let mut written = stage.settings();
        change(&mut written);
        std::fs::write(stage.path(), written.to_string()).unwrap();
        stage.hub.store().reload().await;
        only_these_end(what, open, over).await;
    }
    let stage = Stage::new(&settings(false)).await;
    let open = streams(&stage).await;
    let gone = stage.ask(Method::DELETE, "/api/users/alice", None).await;
    assert_eq!(gone.status, StatusCode::OK, "{}", gone.text);
    let hers = [
        "alice",
        "all as alice",
        "operator as alice",
        "alice's login",
    ];
    only_these_end("no such user", open, &hers).await;
}

// rule: mcphub-key-taken-back
#[tokio::test]
async fn a_stream_that_a_login_opened_ends_when_the_login_does() {
    let stage = Stage::new(&settings(false)).await;
    let mut open = streams(&stage).await;
    let mut listening = {
        let login = login(&stage, "alice").await;
        let opened = initialize(&stage, "/alice/mcp", &[("x-auth-token", &login)]).await;
        let session = opened.header("mcp-session-id").to_owned();
        let headers = [("x-auth-token", &*login), ("mcp-session-id", &*session)];
        stream(&stage, "/alice/mcp", headers).await
    };
    let day = Duration::from_secs(24 * 60 * 60);
    stage.clock.advance(day - Duration::from_secs(1));
    assert!(open.iter_mut().all(|(_, stream)| goes_on(stream)));
    assert!(goes_on(&mut listening));
    stage.clock.advance(Duration::from_secs(1));
    assert!(ends(listening).await);
    only_these_end("a day later", open, &["alice's login"]).await;
}

async fn only_these_end(what: &str, open: Vec<(&str, Body)>, over: &[&str]) {
    for (who, mut stream) in open {
        if over.contains(&who) {
            assert!(ends(stream).await, "{what}: {who}");
        } else {
            assert!(goes_on(&mut stream), "{what}: {who}");
        }
    }
}
