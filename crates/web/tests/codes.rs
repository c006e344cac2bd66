//! Each code of the hub's own door, produced: a request that cannot be done, and the code in its answer; and the page of a code.
//! `tests/codes.rs` of the crate `hub` reads which codes are produced here.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use http::{Method, StatusCode, header};
use hub::cause::Cause;
use hub::upstream::State;
use lab::{Switches, World};
use serde_json::{Value, json};
use stage::{Answer, Stage, request};

/// Whom nobody knows.
const STRANGER: Option<&str> = None;

fn settings(world: &World) -> Value {
    let key = |id: &str| json!({ "id": id, "token": id, "enabled": true, "kind": "user", "owner": id, "accessType": "all" });
    json!({
        "mcpServers": {
            "up": { "type": "streamable-http", "url": world.mcp_url() },
            "off": { "url": "http://127.0.0.1:9/mcp", "enabled": false },
            "local": { "command": "false" },
            "each": { "url": "http://127.0.0.1:9/mcp", "visibility": "public", "oauth": { "tokens": "per_user" } },
        },
        "groups": [{ "id": "g", "name": "taken", "servers": [] }],
        "users": [{ "username": "alice", "password": bcrypt::hash("hers", 4).unwrap() }, { "username": "root", "isAdmin": true }],
        "bearerKeys": [key("alice")],
        "systemConfig": { "routing": { "jsonBodyLimit": "2kb" } },
    })
}

async fn open() -> (Stage, World) {
    let switches = Switches {
        token_required: false,
        ..Switches::default()
    };
    let world = World::start(switches).await.unwrap();
    (Stage::new(&settings(&world).to_string()).await, world)
}

/// The code of an answer, which has to say the same in all of its members.
fn code(answer: &Answer) -> String {
    let told = answer.json();
    let code = told["errorCode"].as_str().unwrap_or_default().to_owned();
    assert_eq!(told["success"], false, "{told}");
    assert_eq!(told["type"], format!("/errors/{code}"), "{told}");
    let cause = Cause::find(&code).unwrap_or_else(|| panic!("{told}"));
    assert_eq!(told["title"], cause.title(), "{told}");
    assert_eq!(told["detail"], told["message"], "{told}");
    code
}

/// What an administrator asks, and with which body.
const REFUSED: &[(Cause, &str, &str, &str)] = &[
    (Cause::NoSuchServer, "GET", "/api/servers/nobody", ""),
    (Cause::NoSuchGroup, "DELETE", "/api/groups/nobody", ""),
    (Cause::NoSuchKey, "DELETE", "/api/auth/keys/nobody", ""),
    (Cause::NoSuchRoute, "GET", "/api/nothing", ""),
    (Cause::NoSuchUser, "GET", "/api/users/nobody", ""),
    (Cause::LastAdministrator, "DELETE", "/api/users/root", ""),
    (
        Cause::NoSuchTool,
        "POST",
        "/api/servers/up/tools/nonsense/toggle",
        r#"{"enabled": false}"#,
    ),
    (
        Cause::BadRequest,
        "PUT",
        "/api/system-config",
        r#"{"routing": {"jsonBodyLimit": "much"}}"#,
    ),
    (
        Cause::NoSuchTool,
        "POST",
        "/api/tools/call/up",
        r#"{"toolName": "nonsense"}"#,
    ),
    (
        Cause::NameTaken,
        "POST",
        "/api/groups",
        r#"{"name": "taken"}"#,
    ),
    (Cause::BadRequest, "POST", "/api/servers", "7"),
    (
        Cause::ServerOff,
        "POST",
        "/api/servers/off/oauth/authorize",
        "",
    ),
    (
        Cause::NoSignIn,
        "POST",
        "/api/servers/local/oauth/authorize",
        "",
    ),
    (
        Cause::NoUser,
        "POST",
        "/api/servers/each/oauth/authorize",
        "",
    ),
    (
        Cause::AnswerUnknown,
        "POST",
        "/api/servers/up/oauth/complete",
        r#"{"pasted": "code=1&state=2"}"#,
    ),
];

async fn ready(stage: &Stage) {
    let up = stage.hub.upstreams().get("up").unwrap();
    let mut states = up.watch();
    let ready = |state: &State| matches!(state, State::Ready);
    states.wait_for(ready).await.unwrap();
}

#[tokio::test]
async fn a_request_that_cannot_be_done_has_its_code() {
    let (stage, _world) = open().await;
    ready(&stage).await;
    let mut missed = Vec::new();
    for (cause, method, path, body) in REFUSED {
        let body = serde_json::from_str(body).ok();
        let answer = stage.ask(method.parse().unwrap(), path, body).await;
        if code(&answer) != cause.id() {
            missed.push(format!("{cause} {}: {}", cause.word(), answer.text));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    let much = Some(json!({ "name": "x".repeat(4_000), "config": {} }));
    let answer = stage.ask(Method::POST, "/api/servers", much).await;
    assert_eq!(code(&answer), Cause::BodyTooLarge.id());
    let path = "/api/servers";
    let answer = stage.ask_as(STRANGER, Method::GET, path, None).await;
    assert_eq!(code(&answer), Cause::NotLoggedIn.id());
}

#[tokio::test]
async fn whoever_may_not_or_is_too_fast_is_told_with_a_code() {
    let (stage, _world) = open().await;
    let mut elsewhere = request(Method::GET, "/api/servers");
    let evil = "evil.test".parse().unwrap();
    elsewhere.headers_mut().insert(header::HOST, evil);
    assert_eq!(code(&stage.send(elsewhere).await), Cause::WrongHost.id());

    let login = stage.log_in("alice", "hers").await.json();
    let path = "/api/auth/keys";
    let answer = stage
        .ask_as(login["token"].as_str(), Method::GET, path, None)
        .await;
    let expected = Cause::NotAnAdministrator.id();
    assert_eq!(code(&answer), expected, "{}", answer.text);

    let mut last = stage.log_in("alice", "wrong").await;
    for _ in 0..20 {
        if last.status == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
        last = stage.log_in("alice", "wrong").await;
    }
    assert_eq!(code(&last), Cause::TooManyAttempts.id());

    let read_only = Stage::with("{}", |options| options.read_only = true).await;
    let body = json!({ "name": "new", "config": { "url": "http://127.0.0.1:9/mcp" } });
    let answer = read_only
        .ask(Method::POST, "/api/servers", Some(body))
        .await;
    assert_eq!(code(&answer), Cause::ReadOnly.id());
}

#[tokio::test]
async fn a_program_that_cannot_be_let_in_has_a_page_with_its_code() {
    let client = json!({ "clientId": "c", "name": "c", "redirectUris": ["https://c.example/cb"] });
    let stage = Stage::new(&json!({ "oauthClients": [client] }).to_string()).await;
    let evil = "client_id=c&redirect_uri=https://evil.example/cb";
    for (cause, query) in [
        (Cause::ClientUnknown, ""),
        (Cause::ClientUnknown, "client_id=nobody"),
        (Cause::ClientAddress, evil),
    ] {
        let path = format!("/oauth/authorize?{query}");
        let page = stage.ask_as(STRANGER, Method::GET, &path, None).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(page.text.contains(&cause.id()), "{query}: {}", page.text);
        let sent = page.header(header::LOCATION).len() + page.header(header::REFRESH).len();
        assert_eq!(sent, 0, "{query}");
    }
}

#[tokio::test]
async fn settings_that_cannot_be_written_have_their_code() {
    let (stage, _world) = open().await;
    std::fs::write(stage.path(), "{ broken").unwrap();
    let group = json!({ "name": "new" });
    let answer = stage.ask(Method::POST, "/api/groups", Some(group)).await;
    assert_eq!(code(&answer), Cause::SettingsNotWritten.id());
}

#[tokio::test]
async fn a_tool_that_its_server_refuses_has_its_code() {
    let refusing = axum::Router::new().fallback(|body: String| async move {
        let asked: Value = serde_json::from_str(&body).unwrap_or_default();
        let id = &asked["id"];
        axum::Json(match asked["method"].as_str().unwrap_or_default() {
            "initialize" => json!({ "jsonrpc": "2.0", "id": id, "result": { "protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": { "name": "x", "version": "0" } } }),
            _ => json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32602, "message": "not so" } }),
        })
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, refusing).await });
    let settings = json!({ "mcpServers": { "up": { "type": "streamable-http", "url": url } } });
    let stage = Stage::new(&settings.to_string()).await;
    let body = json!({ "toolName": "echo", "arguments": { "text": 7 } });
    let answer = stage
        .ask(Method::POST, "/api/tools/call/up", Some(body))
        .await;
    assert_eq!(code(&answer), Cause::CallRefused.id(), "{}", answer.text);
}

#[tokio::test]
async fn the_page_of_a_code_needs_no_login_and_is_found_by_number_and_by_word() {
    let (stage, _world) = open().await;
    for written in [
        "MCPHUB-AUTH-014",
        "registration-redirect-refused",
        "auth-14",
    ] {
        let page = format!("/errors/{written}");
        let page = stage.ask_as(STRANGER, Method::GET, &page, None).await;
        assert_eq!(page.status, StatusCode::OK, "{written}");
        assert!(
            page.text.contains("refused the callback address"),
            "{}",
            page.text
        );
    }
    let none = stage.ask_as(STRANGER, Method::GET, "/errors/x", None).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

// rule: rfc9457-3
#[tokio::test]
async fn an_answer_is_called_a_problem_for_whoever_asks_for_that() {
    let (stage, _world) = open().await;
    let mut wanted = request(Method::GET, "/api/servers");
    let accept = "application/problem+json".parse().unwrap();
    wanted.headers_mut().insert(header::ACCEPT, accept);
    let answer = stage.send(wanted).await;
    assert_eq!(
        answer.header(header::CONTENT_TYPE),
        "application/problem+json"
    );
    assert_eq!(answer.json()["status"], 401);
    assert_eq!(code(&answer), Cause::NotLoggedIn.id());
}

/// The same code in the state of a server, in the answer about it, and on the page that a browser gets.
#[tokio::test]
async fn what_is_wrong_with_a_sign_in_is_explained_alike_wherever_it_is_met() {
    let world = World::start(Switches::default()).await.unwrap();
    let patch = json!({ "publishedIssuer": "https://other.example" });
    world.switches(|switches| *switches = switches.merged(&patch).unwrap());
    let settings =
        json!({ "mcpServers": { "up": { "type": "streamable-http", "url": world.mcp_url() } } });
    let stage = Stage::new(&settings.to_string()).await;
    let path = "/api/servers/up/oauth/authorize";
    let answer = stage.ask(Method::POST, path, None).await;
    assert_eq!(code(&answer), Cause::IssuerMismatch.id());
    let explained = &answer.json()["explained"];
    assert_eq!(explained["code"], Cause::IssuerMismatch.id());
    let why = explained["why"].as_str().unwrap();
    assert!(why.contains("https://other.example"), "{why}");
    assert!(why.contains("RFC 8414 3.3"), "{why}");
    let evidence = explained["evidence"].as_str().unwrap();
    assert!(evidence.starts_with("200 from GET "), "{evidence}");
    assert!(evidence.contains("/.well-known/"), "{evidence}");
    let up = stage.hub.upstreams().get("up").unwrap();
    let mut states = up.watch();
    states
        .wait_for(|state| state.trouble().is_some())
        .await
        .unwrap();
    let server = stage.get("/api/servers/up").await.json();
    assert_eq!(
        server["data"]["explained"]["code"],
        Cause::IssuerMismatch.id()
    );
    let journal = stage.get("/api/servers/up/oauth/journal").await.json();
    let entries = journal["data"].as_array().unwrap();
    let coded = |entry: &&Value| entry["errorCode"] == Cause::IssuerMismatch.id();
    assert!(entries.iter().any(|entry| coded(&entry)), "{journal}");

    let page = "/oauth/callback?code=1&state=of-nobody";
    let page = stage.ask_as(STRANGER, Method::GET, page, None).await;
    assert!(
        page.text.contains(&Cause::AnswerUnknown.id()),
        "{}",
        page.text
    );
}
