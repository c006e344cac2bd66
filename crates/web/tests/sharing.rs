//! Whom groups and servers are for, as `/api/groups` and `/api/servers` take it.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use stage::{Answer, Stage};

const PASSWORD: &str = "correct horse battery";
/// `odd` was written by hand, by somebody who did not know the words; `gone` was a user once.
const WRITTEN: &str = r#"{
  "mcpServers": {
    "a": { "command": "x", "enabled": false, "visibility": "group", "sharedWithUsers": ["gone"] },
    "odd": { "command": "x", "enabled": false, "visibility": "everybody", "sharedWithUsers": "bob" }
  },
  "groups": [
    { "id": "g", "name": "dev", "servers": [], "owner": "eve", "visibility": "group", "sharedWithUsers": ["gone"] },
    { "id": "f", "name": "former", "servers": [] }
  ],
  "users": [{ "username": "root", "isAdmin": true }, { "username": "bob" }]
}
"#;

async fn hub() -> Stage {
    Stage::new(WRITTEN).await
}

async fn put(stage: &Stage, path: &str, body: Value) -> Answer {
    stage.ask(Method::PUT, path, Some(body)).await
}

async fn post(stage: &Stage, path: &str, body: Value) -> Answer {
    stage.ask(Method::POST, path, Some(body)).await
}

/// What the answer and, in the same words, the file say of a group.
fn told(stage: &Stage, answer: &Answer) -> (Value, Value) {
    assert!(answer.status.is_success(), "{}", answer.text);
    let group = answer.json()["data"].clone();
    let written = stage.settings()["groups"].clone();
    assert!(written.as_array().unwrap().contains(&group), "{written}");
    (
        group["visibility"].clone(),
        group["sharedWithUsers"].clone(),
    )
}

fn is_refused(answer: &Answer, words: &[&str]) {
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    for word in words {
        assert!(message.contains(word), "{word}: {message}");
    }
}

const NAMED: [&str; 4] = ["visibility", "\"private\"", "\"group\"", "\"public\""];

#[tokio::test]
async fn a_group_is_shared_when_it_is_made_or_later_and_what_is_not_sent_stays() {
    let stage = hub().await;
    let quiet = post(&stage, "/api/groups", json!({ "name": "quiet" })).await;
    assert_eq!(told(&stage, &quiet), (json!("private"), Value::Null));
    let wished = json!({ "name": "open", "visibility": "group", "sharedWithUsers": ["bob"] });
    let open = post(&stage, "/api/groups", wished).await;
    assert_eq!(told(&stage, &open), (json!("group"), json!(["bob"])));

    let path = "/api/groups/open";
    for (sent, visibility, users) in [
        (json!({ "visibility": "public" }), "public", json!(["bob"])),
        (json!({ "sharedWithUsers": [] }), "public", json!([])),
        (json!({ "description": "d" }), "public", json!([])),
        (
            json!({ "visibility": "group", "sharedWithUsers": ["root", "bob"] }),
            "group",
            json!(["root", "bob"]),
        ),
        (
            json!({ "visibility": "private" }),
            "private",
            json!(["root", "bob"]),
        ),
    ] {
        let answer = put(&stage, path, sent.clone()).await;
        let expected = (json!(visibility), users);
        assert_eq!(told(&stage, &answer), expected, "{sent}");
    }
}

#[tokio::test]
async fn a_word_that_says_nothing_of_whom_it_is_for_is_refused_and_the_three_are_named() {
    let stage = hub().await;
    for word in ["everybody", "Public", ""] {
        let group = json!({ "name": "x", "visibility": word });
        is_refused(&post(&stage, "/api/groups", group).await, &NAMED);
        let change = json!({ "visibility": word });
        is_refused(&put(&stage, "/api/groups/g", change).await, &NAMED);
        let config = json!({ "command": "x", "enabled": false, "visibility": word });
        let server = json!({ "name": "x", "config": config });
        is_refused(&post(&stage, "/api/servers", server).await, &NAMED);
        let change = json!({ "config": config });
        is_refused(&put(&stage, "/api/servers/a", change).await, &NAMED);
    }
    let config = json!({ "command": "x", "enabled": false, "sharedWithUsers": "bob" });
    let change = put(&stage, "/api/servers/a", json!({ "config": config })).await;
    is_refused(&change, &["sharedWithUsers must be a list"]);
    let wrong = json!({ "visibility": 7 });
    let wrong = put(&stage, "/api/groups/g", wrong).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "{}", wrong.text);
    assert_eq!(stage.written(), WRITTEN);
}

#[tokio::test]
async fn nothing_is_shared_with_a_name_that_is_no_users_and_the_names_are_said() {
    let stage = hub().await;
    let users = json!(["bob", "mallory", "Bob"]);
    let said = ["no users named", "\"mallory\"", "\"Bob\""];
    let group = json!({ "name": "x", "visibility": "group", "sharedWithUsers": users });
    is_refused(&post(&stage, "/api/groups", group).await, &said);
    let change = json!({ "sharedWithUsers": users });
    is_refused(&put(&stage, "/api/groups/g", change).await, &said);
    let config = json!({ "command": "x", "enabled": false, "sharedWithUsers": users });
    let server = json!({ "name": "x", "config": config });
    is_refused(&post(&stage, "/api/servers", server).await, &said);
    let change = json!({ "config": config });
    is_refused(&put(&stage, "/api/servers/a", change).await, &said);
    let one = json!({ "sharedWithUsers": ["mallory", "gone"] });
    let one = put(&stage, "/api/groups/g", one).await;
    is_refused(&one, &["there is no user named \"mallory\";"]);
    assert_eq!(stage.written(), WRITTEN);
}

#[tokio::test]
async fn a_name_that_stands_there_already_may_stay_and_does_not_come_back() {
    let stage = hub().await;
    let group = "/api/groups/g";
    let more = put(&stage, group, json!({ "sharedWithUsers": ["gone", "bob"] })).await;
    assert_eq!(told(&stage, &more).1, json!(["gone", "bob"]));
    let fewer = put(&stage, group, json!({ "sharedWithUsers": ["bob"] })).await;
    assert_eq!(told(&stage, &fewer).1, json!(["bob"]));
    let again = put(&stage, group, json!({ "sharedWithUsers": ["gone", "bob"] })).await;
    is_refused(&again, &["\"gone\""]);

    let config = |users: &[&str]| json!({ "config": { "command": "x", "enabled": false, "visibility": "group", "sharedWithUsers": users } });
    for (users, taken) in [
        (&["gone", "bob"][..], true),
        (&["bob"], true),
        (&["gone"], false),
    ] {
        let answer = put(&stage, "/api/servers/a", config(users)).await;
        assert_eq!(answer.status.is_success(), taken, "{}", answer.text);
    }
    let written = &stage.settings()["mcpServers"]["a"]["sharedWithUsers"];
    assert_eq!(*written, json!(["bob"]));
}

#[tokio::test]
async fn what_was_written_by_hand_and_makes_no_sense_keeps_nobody_from_changing_something_else() {
    let stage = hub().await;
    let shown = stage.get("/api/servers/odd").await.json();
    let mut config = shown["data"]["config"].clone();
    config["description"] = "d".into();
    let changed = put(&stage, "/api/servers/odd", json!({ "config": config })).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(stage.settings()["mcpServers"]["odd"], config);
    // Nor does what a form leaves out, or says nothing with.
    let bare = json!({ "config": { "command": "y", "enabled": false, "visibility": null } });
    let changed = put(&stage, "/api/servers/odd", bare).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    let former = put(&stage, "/api/groups/f", json!({ "name": "later" })).await;
    assert_eq!(former.json()["data"].get("visibility"), None);
}

#[tokio::test]
async fn who_is_no_administrator_shares_nothing_not_even_his_own_group() {
    let stage = hub().await;
    let eve = json!({ "username": "eve", "password": PASSWORD, "takeOver": true });
    let made = post(&stage, "/api/users", eve).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let before = stage.written();
    let login = stage.log_in("eve", PASSWORD).await.json();
    let token = login["token"].as_str();
    let open = json!({ "name": "x", "visibility": "public", "sharedWithUsers": ["eve"] });
    let config = json!({ "config": { "command": "x", "visibility": "public" } });
    for (method, path, body) in [
        (Method::POST, "/api/groups", open.clone()),
        (Method::PUT, "/api/groups/g", open),
        (Method::PUT, "/api/servers/a", config),
    ] {
        let answer = stage.ask_as(token, method, path, Some(body)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(stage.written(), before);
}
