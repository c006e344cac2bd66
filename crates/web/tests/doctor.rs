//! `/api/doctor`: the lines as they come, who may ask, and how many at once.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use std::time::Duration;

use axum::body::Body;
use http::{Method, Response, StatusCode, header};
use http_body_util::BodyExt;
use lab::{Endpoint, Switches, World};
use serde_json::{Value, json};
use stage::{OPERATOR, Stage, request};
use tower::ServiceExt;

async fn examine(stage: &Stage, wish: &Value) -> Response<Body> {
    let mut asked = request(Method::POST, "/api/doctor");
    let value = format!("Bearer {OPERATOR}").parse().unwrap();
    asked.headers_mut().insert(header::AUTHORIZATION, value);
    *asked.body_mut() = Body::from(wish.to_string());
    stage.router.clone().oneshot(asked).await.unwrap()
}

/// All events, with their names.
async fn read(answer: Response<Body>) -> Vec<(String, Value)> {
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
    let whole = tokio::time::timeout(Duration::from_secs(20), answer.into_body().collect());
    let bytes = whole.await.unwrap().unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let events = text.split("\n\n").filter(|event| event.contains("data: "));
    let field = |event: &str, name: &str| {
        let mut lines = event.lines();
        let found = lines.find_map(|line| line.strip_prefix(name)).unwrap();
        found.to_owned()
    };
    events
        .map(|event| {
            let data = serde_json::from_str(&field(event, "data: ")).unwrap();
            (field(event, "event: "), data)
        })
        .collect()
}

#[tokio::test]
async fn a_server_and_an_address_are_examined_line_by_line_and_nothing_is_changed() {
    let world = World::start(Switches::default()).await.unwrap();
    let settings =
        json!({ "mcpServers": { "practice": { "url": world.mcp_url(), "enabled": false } } });
    let stage = Stage::new(&settings.to_string()).await;
    let before = stage.written();
    for wish in [
        json!({ "server": "practice" }),
        json!({ "url": world.mcp_url() }),
    ] {
        let mut events = read(examine(&stage, &wish).await).await;
        let (name, end) = events.pop().unwrap();
        assert_eq!(name, "end");
        // The stage has a clock of its own, and the doctor looks at clocks.
        let wrong = |line: &Value| line["verdict"] == "wrong" && line["part"] != "clock";
        assert!(!events.iter().any(|(_, line)| wrong(line)), "{events:?}");
        assert_eq!(stage::contract::fits_schema("DoctorEnd", &end), Ok(()));
        assert!(events.len() > 6, "{events:?}");
        assert!(events.iter().all(|(name, _)| name == "line"));
        assert_eq!(events[0].1["part"], "address");
        let described = |line: &Value| stage::contract::fits_schema("DoctorLine", line);
        for (_, line) in &events {
            assert_eq!(described(line), Ok(()), "{line}");
        }
    }
    assert_eq!(stage.written(), before);
    let registered = world.requests_at(Endpoint::Register);
    assert!(registered.is_empty(), "nothing is registered");
}

#[tokio::test]
async fn what_is_wrong_has_its_code_and_its_cure_and_no_body_of_an_answer() {
    let stage = Stage::new("{}").await;
    let router =
        axum::Router::new().fallback(|| async { (StatusCode::OK, "the inside of a neighbour") });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let events = read(examine(&stage, &json!({ "url": url })).await).await;
    let wrong = events.iter().find(|(_, line)| line["verdict"] == "wrong");
    let (_, wrong) = wrong.unwrap();
    assert!(wrong["errorCode"].as_str().unwrap().starts_with("MCPHUB-"));
    assert!(wrong["do"].is_string());
    assert_eq!(events.last().unwrap().1["outcome"], "wrong");
    assert!(!format!("{events:?}").contains("neighbour"), "{events:?}");
}

#[tokio::test]
async fn only_administrators_ask_and_only_of_what_there_is() {
    let password = bcrypt::hash("eves password", 4).unwrap();
    let settings = json!({
        "mcpServers": { "local": { "command": "x", "enabled": false } },
        "users": [{ "username": "eve", "password": password }],
    });
    let stage = Stage::with(&settings.to_string(), |options| options.read_only = true).await;
    let login = stage.log_in("eve", "eves password").await.json();
    let body = json!({ "url": "http://127.0.0.1:9/mcp" });
    let (method, path) = (Method::POST, "/api/doctor");
    let eve = stage
        .ask_as(login["token"].as_str(), method, path, Some(body))
        .await;
    assert_eq!(eve.status, StatusCode::FORBIDDEN);
    for (wish, status) in [
        (json!({}), StatusCode::BAD_REQUEST),
        (
            json!({ "server": "a", "url": "http://a.test" }),
            StatusCode::BAD_REQUEST,
        ),
        (json!({ "server": "none" }), StatusCode::NOT_FOUND),
        (json!({ "server": "local" }), StatusCode::BAD_REQUEST),
        (
            json!({ "url": "file:///etc/passwd" }),
            StatusCode::BAD_REQUEST,
        ),
        (
            json!({ "url": "http://127.0.0.1:9/mcp", "register": true }),
            StatusCode::FORBIDDEN,
        ),
    ] {
        let answer = stage.ask(Method::POST, path, Some(wish.clone())).await;
        assert_eq!(answer.status, status, "{wish}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_few_are_examined_at_once_and_who_leaves_makes_room() {
    let stage = Stage::new("{}").await;
    // It takes connections and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let wish = json!({ "url": format!("http://{}/mcp", silent.local_addr().unwrap()) });
    let mut under_way = Vec::new();
    for _ in 0..4 {
        let answer = examine(&stage, &wish).await;
        assert_eq!(answer.status(), StatusCode::OK);
        under_way.push(answer);
    }
    let refused = examine(&stage, &wish).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    under_way.pop();
    assert_eq!(examine(&stage, &wish).await.status(), StatusCode::OK);
}
