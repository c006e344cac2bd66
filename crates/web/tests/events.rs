//! `/api/events`: what changes, as it happens, and who hears of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use std::time::{Duration, SystemTime};

use axum::body::Body;
use http::{Method, Response, StatusCode, header};
use http_body_util::BodyExt;
use hub::journal::Entry;
use lab::{Switches, World};
use oauth::step::Stage as Step;
use serde_json::{Value, json};
use stage::{OPERATOR, Stage, request};
use tower::ServiceExt;

async fn listen(stage: &Stage, path: &str) -> Response<Body> {
    listen_as(stage, OPERATOR, path).await
}

async fn listen_as(stage: &Stage, token: &str, path: &str) -> Response<Body> {
    let mut asked = request(Method::GET, path);
    let value = format!("Bearer {token}").parse().unwrap();
    asked.headers_mut().insert(header::AUTHORIZATION, value);
    stage.router.clone().oneshot(asked).await.unwrap()
}

/// The next event: its name and what it holds.
async fn next(answer: &mut Response<Body>) -> (String, Value) {
    let frame = tokio::time::timeout(Duration::from_secs(20), answer.body_mut().frame());
    let bytes = frame.await.unwrap().unwrap().unwrap().into_data().unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap()
    };
    let data = serde_json::from_str(field("data: ")).unwrap();
    (field("event: ").to_owned(), data)
}

/// The events up to the first that is like this.
async fn until(
    answer: &mut Response<Body>,
    like: impl Fn(&str, &Value) -> bool,
) -> Vec<(String, Value)> {
    let mut told = Vec::new();
    loop {
        let (name, data) = next(answer).await;
        let found = like(&name, &data);
        told.push((name, data));
        if found {
            return told;
        }
    }
}

/// Writes the settings file as an editor does.
async fn write(stage: &Stage, settings: &Value) {
    std::fs::write(stage.path(), settings.to_string()).unwrap();
    stage.hub.store().reload().await;
}

fn record(stage: &Stage, server: &str, user: Option<&str>, words: &str) {
    let time = SystemTime::UNIX_EPOCH;
    let mut entry = Entry::decision(time, server, Step::Discovery, words);
    entry.user = user.map(str::to_owned);
    stage.hub.journal().record(entry);
}

#[tokio::test]
async fn an_entry_is_told_as_it_is_written_and_a_users_own_to_nobody_else() {
    let stage = Stage::new("{}").await;
    record(&stage, "a", None, "before");
    let mut all = listen(&stage, "/api/events").await;
    assert_eq!(all.status(), StatusCode::OK);
    assert_eq!(all.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut of_b = listen(&stage, "/api/events?server=b").await;
    record(&stage, "a", Some("eve"), "eve's own");
    record(&stage, "a", None, "one");
    record(&stage, "b", None, "two");
    let (name, told) = next(&mut all).await;
    assert_eq!(
        (name.as_str(), &told["decision"]),
        ("journal", &"one".into())
    );
    assert_eq!(told["server"], "a");
    assert_eq!(next(&mut all).await.1["decision"], "two");
    assert_eq!(next(&mut of_b).await.1["decision"], "two");
}

#[tokio::test]
async fn who_reads_too_slowly_hears_how_much_was_lost() {
    let stage = Stage::new("{}").await;
    let mut slow = listen(&stage, "/api/events").await;
    for number in 0..300 {
        record(&stage, "a", None, &number.to_string());
    }
    let (name, lost) = next(&mut slow).await;
    assert_eq!(name, "lost");
    let first: u64 = next(&mut slow).await.1["decision"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(lost, first, "what is told begins where the loss ends");
}

#[tokio::test]
async fn strangers_hear_nothing() {
    let stage = Stage::new("{}").await;
    let answer = stage.ask_as(None, Method::GET, "/api/events", None).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

/// A server that signs nobody in.
async fn open_world() -> World {
    let switches = Switches {
        token_required: false,
        ..Switches::default()
    };
    World::start(switches).await.unwrap()
}

#[tokio::test]
async fn a_server_that_is_written_into_the_file_is_told_until_it_is_connected_and_listed() {
    let world = open_world().await;
    let stage = Stage::new("{}").await;
    let mut all = listen(&stage, "/api/events").await;
    let servers = json!({ "mcpServers": { "a": { "url": world.mcp_url() } } });
    write(&stage, &servers).await;
    let connected = |name: &str, told: &Value| name == "server" && told["status"] == "connected";
    let told = until(&mut all, connected).await;
    let new = json!({ "parts": ["servers"] });
    assert!(told.contains(&("settings".to_owned(), new)), "{told:?}");
    let known = stage.get("/api/servers/a").await.json();
    assert_eq!(known["data"]["status"], "connected");
    let (name, lists) = next(&mut all).await;
    assert_eq!((&*name, &lists["server"]), ("lists", &"a".into()));
    let offered = lists["lists"].as_array().unwrap();
    assert!(offered.contains(&"tools".into()), "{lists}");
}

#[tokio::test]
async fn each_part_of_the_settings_is_told_when_it_changes_and_nothing_else_is() {
    let stage = Stage::new(r#"{"mcpServers":{"a":{"command":"x","enabled":false}}}"#).await;
    let mut all = listen(&stage, "/api/events").await;
    let server = json!({ "command": "x", "enabled": false });
    let mut settings = json!({ "mcpServers": { "a": server } });
    for (key, value, part) in [
        (
            "groups",
            json!([{ "id": "g", "name": "g", "servers": ["a"] }]),
            "groups",
        ),
        (
            "bearerKeys",
            json!([{ "id": "k", "token": "k", "enabled": true, "accessType": "all" }]),
            "keys",
        ),
        ("users", json!([{ "username": "eve" }]), "users"),
        (
            "oauthClients",
            json!([{ "clientId": "c", "name": "C", "redirectUris": ["http://127.0.0.1/cb"] }]),
            "clients",
        ),
        (
            "oauthTokens",
            json!([{ "accessToken": "a", "clientId": "c", "username": "eve" }]),
            "clients",
        ),
        (
            "systemConfig",
            json!({ "routing": { "enableGlobalRoute": false } }),
            "system",
        ),
    ] {
        settings[key] = value;
        write(&stage, &settings).await;
        let (name, told) = next(&mut all).await;
        assert_eq!((&*name, told), ("settings", json!({ "parts": [part] })));
    }
    settings["mcpServers"]["a"]["visibility"] = "public".into();
    write(&stage, &settings).await;
    let told = json!({ "name": "a", "status": "disabled" });
    assert_eq!(next(&mut all).await, ("server".to_owned(), told));
}

// rule: mcphub-key-taken-back
#[tokio::test]
async fn a_user_hears_of_servers_that_he_may_see_and_only_as_long_as_he_is_one() {
    let hidden = json!({ "command": "x", "enabled": false });
    let mut shared = hidden.clone();
    shared["visibility"] = "public".into();
    let password = bcrypt::hash("eves password", 4).unwrap();
    let settings = json!({
        "mcpServers": { "hidden": hidden, "shared": shared },
        "users": [{ "username": "eve", "password": password }, { "username": "bob" }],
    });
    let stage = Stage::new(&settings.to_string()).await;
    let login = stage.log_in("eve", "eves password").await.json();
    let mut eve = listen_as(&stage, login["token"].as_str().unwrap(), "/api/events").await;
    assert_eq!(eve.status(), StatusCode::OK);
    // With the password as the login left it: another one ends what it began.
    let mut settings = stage.settings();
    record(&stage, "hidden", None, "not for her");
    record(&stage, "shared", None, "for her");
    assert_eq!(next(&mut eve).await.1["decision"], "for her");
    settings["groups"] = json!([{ "id": "g", "name": "g", "servers": [] }]);
    settings["mcpServers"]["hidden"]["args"] = json!(["y"]);
    settings["mcpServers"]["shared"]["args"] = json!(["y"]);
    write(&stage, &settings).await;
    let told = json!({ "name": "shared", "status": "disabled" });
    assert_eq!(next(&mut eve).await, ("server".to_owned(), told));
    settings["mcpServers"]["hidden"]["visibility"] = "public".into();
    write(&stage, &settings).await;
    let told = json!({ "parts": ["servers"] });
    assert_eq!(next(&mut eve).await, ("settings".to_owned(), told));
    settings["users"] = json!([{ "username": "bob" }]);
    write(&stage, &settings).await;
    let rest = tokio::time::timeout(Duration::from_secs(20), eve.body_mut().collect());
    let rest = rest.await.unwrap().unwrap().to_bytes();
    assert!(!String::from_utf8_lossy(&rest).contains("settings"));
}

#[tokio::test]
async fn administrators_hear_that_a_call_ended_and_nobody_else_does() {
    let world = open_world().await;
    let password = bcrypt::hash("eves password", 4).unwrap();
    let server = json!({ "url": world.mcp_url(), "visibility": "public" });
    let settings = json!({
        "mcpServers": { "a": server },
        "users": [{ "username": "eve", "password": password }, { "username": "root", "isAdmin": true }],
    });
    let stage = Stage::new(&settings.to_string()).await;
    let login = stage.log_in("eve", "eves password").await.json();
    let mut eve = listen_as(&stage, login["token"].as_str().unwrap(), "/api/events").await;
    let mut all = listen(&stage, "/api/events").await;
    let call = json!({ "toolName": "echo", "arguments": { "text": "x" } });
    for last in [1, 2] {
        let path = "/api/tools/call/a";
        stage.ask(Method::POST, path, Some(call.clone())).await;
        let told = until(&mut all, |name, _| name == "activity").await;
        assert_eq!(told.last().unwrap().1, json!({ "last": last }));
    }
    record(&stage, "a", None, "then");
    let heard = until(&mut eve, |name, _| name == "journal").await;
    let of_calls = heard.iter().filter(|(name, _)| name == "activity");
    assert_eq!(of_calls.count(), 0, "{heard:?}");
}

#[tokio::test]
async fn a_server_that_flaps_is_told_once_in_a_moment_and_a_slow_reader_is_told_to_look_at_everything()
 {
    let stage = Stage::new(r#"{"mcpServers":{"a":{"command":"x","enabled":false}}}"#).await;
    let mut all = listen(&stage, "/api/events").await;
    let upstreams = stage.hub.upstreams();
    for (times, told) in [
        (
            200,
            ("server", json!({ "name": "a", "status": "disabled" })),
        ),
        (2_000, ("all", json!({}))),
    ] {
        for _ in 0..times {
            upstreams.reload("a").await;
        }
        // Each was heard when the next one is.
        record(&stage, "a", None, "then");
        let mut heard = [next(&mut all).await, next(&mut all).await];
        heard.sort_by_key(|(name, _)| name == "journal");
        assert_eq!(heard[0], (told.0.to_owned(), told.1));
        assert_eq!(heard[1].0, "journal");
    }
}
