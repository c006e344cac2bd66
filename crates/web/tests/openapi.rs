//! The contract: handlers -> `openapi.json` -> the dashboard's types. That answers are as described is checked wherever tests ask `/api` (`stage`).

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use std::path::Path;

use axum::body::Body;
use http::{Method, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::json;
use stage::{OPERATOR, Stage, contract, request};
use tower::ServiceExt;

#[tokio::test]
async fn the_committed_description_is_the_one_that_is_served() {
    let stage = Stage::new("{}").await;
    let served = stage.get("/openapi.json").await;
    assert_eq!(served.header(header::CONTENT_TYPE), "application/json");
    let written = include_str!("../openapi.json");
    assert!(
        served.text == written,
        "crates/web/openapi.json is stale: `cargo run -p mcphub-web --example openapi` writes it anew; look at what changed"
    );
}

#[tokio::test]
async fn it_stands_under_the_prefix_and_leaves_the_address_of_tools_as_openapi_free() {
    let stage = Stage::with("{}", |options| options.base_path = "/hub".into()).await;
    assert_eq!(stage.get("/hub/openapi.json").await.status, StatusCode::OK);
    let free = stage.get("/hub/api/openapi.json").await;
    assert_eq!(free.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_described_is_there_and_nothing_else_is() {
    let stage = Stage::new("{}").await;
    let described = contract::routes();
    let mut paths: Vec<&str> = described.iter().map(|(_, path)| *path).collect();
    paths.dedup();
    for path in paths {
        for method in ["get", "put", "post", "delete", "patch"] {
            let known = described.contains(&(method, path));
            assert_eq!(
                answers(&stage, method, path).await,
                known,
                "{method} {path}"
            );
        }
    }
}

/// Whether the router has the route.
async fn answers(stage: &Stage, method: &str, template: &str) -> bool {
    let path = template.replace("{kind}", "tools").replace(['{', '}'], "");
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let mut asked = request(method, &path);
    let value = format!("Bearer {OPERATOR}").parse().unwrap();
    asked.headers_mut().insert(header::AUTHORIZATION, value);
    *asked.body_mut() = Body::from("{}");
    let answer = stage.router.clone().oneshot(asked).await.unwrap();
    match answer.status() {
        StatusCode::METHOD_NOT_ALLOWED => false,
        StatusCode::NOT_FOUND => {
            let text = answer.into_body().collect().await.unwrap().to_bytes();
            !String::from_utf8_lossy(&text).contains("no such route")
        }
        _ => true,
    }
}

#[test]
fn no_route_of_the_api_is_made_without_its_description() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = std::fs::read_dir(source.join("api")).unwrap();
    let files = files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file());
    for file in files.chain([source.join("api.rs")]) {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains(".route("), "{} makes one", file.display());
    }
}

#[test]
fn an_answer_that_is_not_as_described_is_found_out() {
    let person = json!({ "username": "a", "isAdmin": true, "permissions": ["*"] });
    let answer = |person| json!({ "success": true, "user": person }).to_string();
    let check = |status, text: &str| contract::check("GET", "/api/auth/user", status, text);
    assert_eq!(check(200, &answer(person.clone())), Ok(()));
    let mut missing = person.clone();
    missing.as_object_mut().unwrap().remove("isAdmin");
    let mut more = person.clone();
    more["password"] = "hunter2".into();
    let mut other = person;
    other["isAdmin"] = "yes".into();
    for wrong in [missing, more, other] {
        assert!(check(200, &answer(wrong.clone())).is_err(), "{wrong}");
    }
    assert!(check(201, "{}").is_err(), "a status that is not described");
    assert!(check(403, "{}").is_err(), "an error without a message");
}
