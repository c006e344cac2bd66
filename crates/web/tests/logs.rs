//! `/api/logs`: the hub's own log, from afar.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use std::time::{Duration, SystemTime};

use axum::body::Body;
use http::{Method, Response, StatusCode, header};
use http_body_util::BodyExt;
use mcphub_web::{Level, LogBook};
use serde_json::{Value, json};
use stage::{OPERATOR, Stage, request};
use tower::ServiceExt;

async fn stage(book: &LogBook) -> Stage {
    Stage::with("{}", |options| options.log = book.clone()).await
}

fn write(book: &LogBook, message: &str) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_500);
    book.write(time, Level::Warn, "mcphub_hub::store", message.to_owned());
}

fn line(id: u64, message: &str) -> Value {
    json!({ "id": id, "timestamp": 1500, "type": "warn", "source": "mcphub_hub::store", "message": message })
}

/// The next event's data.
async fn next(answer: &mut Response<Body>) -> Value {
    let frame = tokio::time::timeout(Duration::from_secs(20), answer.body_mut().frame());
    let bytes = frame.await.unwrap().unwrap().unwrap().into_data().unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    serde_json::from_str(text.trim().strip_prefix("data: ").unwrap()).unwrap()
}

#[tokio::test]
async fn the_lines_are_shown_in_mcphubs_shape_and_forgotten_on_demand() {
    let book = LogBook::default();
    let stage = stage(&book).await;
    write(&book, "one");
    write(&book, "two");
    let told = stage.get("/api/logs").await.json();
    assert_eq!(told["data"], json!([line(1, "one"), line(2, "two")]));
    let gone = stage.ask(Method::DELETE, "/api/logs", None).await;
    assert_eq!(gone.status, StatusCode::OK);
    write(&book, "three");
    let told = stage.get("/api/logs").await.json();
    assert_eq!(told["data"], json!([line(3, "three")]));
}

#[tokio::test]
async fn who_follows_hears_what_was_there_and_then_each_line() {
    let book = LogBook::default();
    let stage = stage(&book).await;
    write(&book, "before");
    let mut asked = request(Method::GET, "/api/logs/stream");
    let value = format!("Bearer {OPERATOR}").parse().unwrap();
    asked.headers_mut().insert(header::AUTHORIZATION, value);
    let mut answer = stage.router.clone().oneshot(asked).await.unwrap();
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
    assert_eq!(
        next(&mut answer).await,
        json!({ "type": "initial", "logs": [line(1, "before")] })
    );
    write(&book, "after");
    assert_eq!(
        next(&mut answer).await,
        json!({ "type": "log", "log": line(2, "after") })
    );
}

#[tokio::test]
async fn only_an_administrator_reads_the_log() {
    let stage = stage(&LogBook::default()).await;
    for path in ["/api/logs", "/api/logs/stream"] {
        let answer = stage.ask_as(None, Method::GET, path, None).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
}

// rule: mcphub-key-taken-back
#[tokio::test]
async fn whoever_is_no_administrator_any_more_hears_no_more_of_the_log() {
    let book = LogBook::default();
    let hash = bcrypt::hash("his own", 4).unwrap();
    let user = |name: &str| json!({ "username": name, "password": hash, "isAdmin": true });
    let settings = json!({ "users": [user("alice"), user("bob")] });
    let stage = Stage::with(&settings.to_string(), |options| options.log = book.clone()).await;
    let login = stage.log_in("bob", "his own").await.json();
    let mut asked = request(Method::GET, "/api/logs/stream");
    let value = login["token"].as_str().unwrap().parse().unwrap();
    asked.headers_mut().insert("x-auth-token", value);
    let mut answer = stage.router.clone().oneshot(asked).await.unwrap();
    assert_eq!(next(&mut answer).await["type"], "initial");
    let other = Some(json!({ "newPassword": "another one" }));
    let changed = stage.ask(Method::PUT, "/api/users/alice", other).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    write(&book, "his");
    assert_eq!(next(&mut answer).await["log"]["message"], "his");

    let no_more = Some(json!({ "isAdmin": false }));
    let changed = stage.ask(Method::PUT, "/api/users/bob", no_more).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    write(&book, "not his any more");
    let end = tokio::time::timeout(Duration::from_secs(20), answer.body_mut().frame());
    assert!(end.await.unwrap().is_none());
}
