//! Prompts and resources over `/api`, without an MCP session: what comes back, and what is hidden from whom.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use http::{Method, StatusCode};
use hub::upstream::State;
use serde_json::{Value, json};
use stage::{Answer, Stage, offers};

/// A hub with the server, connected; `more` goes into its settings.
async fn stage(more: Value) -> Stage {
    let mut server = json!({ "url": offers::start().await, "type": "streamable-http" });
    let members = more.as_object().unwrap().clone();
    server.as_object_mut().unwrap().extend(members);
    let password = bcrypt::hash("eves password", 4).unwrap();
    let settings = json!({ "mcpServers": { "up": server }, "users": [{ "username": "eve", "password": password }] });
    let stage = Stage::new(&settings.to_string()).await;
    let mut states = stage.hub.upstreams().get("up").unwrap().watch();
    let ready = states.wait_for(|state| matches!(state, State::Ready));
    drop(ready.await.unwrap());
    stage
}

async fn post(stage: &Stage, path: &str, body: Value) -> Answer {
    stage.ask(Method::POST, path, Some(body)).await
}

#[tokio::test]
async fn a_prompt_is_got_under_either_name_with_its_arguments() {
    let stage = stage(json!({})).await;
    for path in ["/api/mcp/up/prompts/greet", "/api/mcp/up/prompts/up-greet"] {
        let body = json!({ "name": "up-greet", "arguments": { "who": "you" } });
        let answer = post(&stage, path, body).await;
        let message = &answer.json()["data"]["messages"][0];
        assert_eq!(message["content"]["text"], r#""greet" {"who":"you"}"#);
    }
}

#[tokio::test]
async fn a_resource_is_read_from_the_server_that_lists_it_or_that_is_named() {
    let stage = stage(json!({})).await;
    for body in [
        json!({ "uri": "test://text" }),
        json!({ "uri": "test://text", "server": "up" }),
        json!({ "uri": "made://7", "server": "up" }),
    ] {
        let answer = post(&stage, "/api/resources/read", body.clone()).await;
        let contents = &answer.json()["data"]["contents"][0];
        assert_eq!(
            (&contents["uri"], &contents["text"]),
            (&body["uri"], &"its text".into())
        );
    }
    let nowhere = post(&stage, "/api/resources/read", json!({ "uri": "made://7" })).await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    assert!(nowhere.text.contains("say which one"), "{}", nowhere.text);
}

#[tokio::test]
async fn what_is_hidden_is_missing_and_so_is_what_another_may_not_see() {
    let off = json!({ "enabled": false });
    let toggles = json!({ "prompts": { "greet": off }, "resources": { "test://text": off } });
    let stage = stage(toggles).await;
    let login = stage.log_in("eve", "eves password").await.json();
    let eve = login["token"].as_str();
    for (path, body, code) in [
        ("/api/mcp/up/prompts/greet", json!({}), "no_such_prompt"),
        ("/api/mcp/up/prompts/other", json!({}), "no_such_prompt"),
        (
            "/api/resources/read",
            json!({ "uri": "test://text" }),
            "no_such_resource",
        ),
        (
            "/api/resources/read",
            json!({ "uri": "test://text", "server": "up" }),
            "no_such_resource",
        ),
    ] {
        let answer = post(&stage, path, body).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (StatusCode::NOT_FOUND, &code.into()),
            "{path}"
        );
    }
    for (path, body) in [
        ("/api/mcp/up/prompts/part", json!({})),
        (
            "/api/resources/read",
            json!({ "uri": "made://7", "server": "up" }),
        ),
    ] {
        assert_eq!(
            post(&stage, path, body.clone()).await.status,
            StatusCode::OK
        );
        let answer = stage
            .ask_as(eve, Method::POST, path, Some(body.clone()))
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        let answer = stage.ask_as(None, Method::POST, path, Some(body)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn a_missing_sign_in_is_told_with_its_link() {
    let world = lab::World::start(lab::Switches::default()).await.unwrap();
    let settings = json!({ "mcpServers": { "practice": { "url": world.mcp_url() } } });
    let stage = Stage::new(&settings.to_string()).await;
    let mut states = stage.hub.upstreams().get("practice").unwrap().watch();
    let needed = states.wait_for(|state| matches!(state, State::NeedsSignIn { .. }));
    drop(needed.await.unwrap());
    for (path, body) in [
        ("/api/mcp/practice/prompts/greet", json!({})),
        (
            "/api/resources/read",
            json!({ "uri": "test://text", "server": "practice" }),
        ),
    ] {
        let answer = post(&stage, path, body).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text);
        assert_eq!(answer.json()["code"], "sign_in_needed");
        assert!(answer.json()["errorCode"].is_string());
    }
}

// rule: at-37
#[tokio::test]
async fn who_may_not_sign_everybody_in_is_shown_the_hubs_own_page_and_no_link_of_a_sign_in_that_is_over()
 {
    let switches = lab::Switches {
        iss: lab::Iss::Wrong,
        ..lab::Switches::default()
    };
    let world = lab::World::start(switches).await.unwrap();
    let password = bcrypt::hash("eves password", 4).unwrap();
    let settings = json!({
        "mcpServers": { "practice": { "url": world.mcp_url(), "visibility": "public" } },
        "users": [{ "username": "eve", "password": password }],
    });
    let stage = Stage::new(&settings.to_string()).await;
    let mut states = stage.hub.upstreams().get("practice").unwrap().watch();
    let needed = states.wait_for(|state| matches!(state, State::NeedsSignIn { .. }));
    drop(needed.await.unwrap());
    let login = stage.log_in("eve", "eves password").await.json();
    let eve = login["token"].as_str();
    let path = "/api/resources/read";
    let body = json!({ "uri": "test://text", "server": "practice" });
    let read = async |who| {
        stage
            .ask_as(who, Method::POST, path, Some(body.clone()))
            .await
    };

    let hers = read(eve).await;
    assert_eq!(hers.status, StatusCode::CONFLICT, "{}", hers.text);
    let link = hers.json()["authorizationUrl"].as_str().unwrap().to_owned();
    assert!(link.starts_with("http://localhost:3000/c/"), "{link}");
    assert!(!hers.text.contains("state="), "{}", hers.text);

    let admins = post(&stage, path, body.clone()).await.json();
    let link = admins["authorizationUrl"].as_str().unwrap();
    assert!(link.starts_with(&world.issuer()), "{link}");
    let browser = lab::Browser::new().unwrap();
    let back = browser.decide(link, lab::Decision::Allow).await.unwrap();
    let (_, query) = back.split_once('?').unwrap();
    stage.hub.sign_ins().callback(query).await.unwrap_err();
    let over = post(&stage, path, body.clone()).await;
    assert_ne!(over.status, StatusCode::OK, "{}", over.text);
    assert_ne!(over.json()["authorizationUrl"], link, "it was used up");
}
