//! `/api/events`: the journals of sign-ins, as they are written.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use std::time::{Duration, SystemTime};

use axum::body::Body;
use http::{Method, Response, StatusCode, header};
use http_body_util::BodyExt;
use hub::journal::Entry;
use oauth::step::Stage as Step;
use serde_json::Value;
use stage::{OPERATOR, Stage, request};
use tower::ServiceExt;

async fn listen(stage: &Stage, path: &str) -> Response<Body> {
    let mut asked = request(Method::GET, path);
    let value = format!("Bearer {OPERATOR}").parse().unwrap();
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
