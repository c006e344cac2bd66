//! `/api/users` and `/api/auth/change-password`: who may log in.

mod stage;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use stage::{Answer, Stage};

const PASSWORD: &str = "correct horse battery";

async fn post(stage: &Stage, path: &str, body: Value) -> Answer {
    stage.ask(Method::POST, path, Some(body)).await
}

async fn put(stage: &Stage, path: &str, body: Value) -> Answer {
    stage.ask(Method::PUT, path, Some(body)).await
}

async fn delete(stage: &Stage, path: &str) -> Answer {
    stage.ask(Method::DELETE, path, None).await
}

/// A hub with the administrator root and the user eve, both with the same password.
async fn hub() -> Stage {
    let stage = Stage::new("{}").await;
    for (username, is_admin) in [("root", true), ("eve", false)] {
        let user = json!({ "username": username, "password": PASSWORD, "isAdmin": is_admin });
        let made = post(&stage, "/api/users", user).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        assert!(!made.text.contains("argon2"), "{}", made.text);
    }
    stage
}

async fn token(stage: &Stage, username: &str, password: &str) -> Option<String> {
    let answer = stage.log_in(username, password).await.json();
    answer["token"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn users_are_made_shown_without_their_hashes_and_can_log_in() {
    let stage = hub().await;
    let told = stage.get("/api/users").await;
    let users =
        json!([{ "username": "root", "isAdmin": true }, { "username": "eve", "isAdmin": false }]);
    assert_eq!(told.json()["data"], users);
    assert_eq!(stage.get("/api/users/eve").await.json()["data"], users[1]);
    let counts = json!({ "totalUsers": 2, "adminUsers": 1, "regularUsers": 1 });
    assert_eq!(stage.get("/api/users-stats").await.json()["data"], counts);
    assert!(token(&stage, "eve", PASSWORD).await.is_some());
    let again = json!({ "username": "eve", "password": PASSWORD });
    assert_eq!(
        post(&stage, "/api/users", again).await.status,
        StatusCode::CONFLICT
    );
    for weak in ["short", "admin123", ""] {
        let user = json!({ "username": "weak", "password": weak });
        let answer = post(&stage, "/api/users", user).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{weak}");
    }
}

#[tokio::test]
async fn only_administrators_deal_with_users() {
    let stage = hub().await;
    let eve = token(&stage, "eve", PASSWORD).await;
    for (method, path) in [
        (Method::GET, "/api/users"),
        (Method::GET, "/api/users/eve"),
        (Method::GET, "/api/users-stats"),
        (Method::DELETE, "/api/users/root"),
    ] {
        let answer = stage.ask_as(eve.as_deref(), method, path, None).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn an_administrator_is_always_left_and_nobody_deletes_himself() {
    let stage = hub().await;
    let demoted = put(&stage, "/api/users/root", json!({ "isAdmin": false })).await;
    assert_eq!(demoted.status, StatusCode::CONFLICT, "{}", demoted.text);
    assert_eq!(
        delete(&stage, "/api/users/root").await.status,
        StatusCode::CONFLICT
    );
    put(&stage, "/api/users/eve", json!({ "isAdmin": true })).await;
    let root = token(&stage, "root", PASSWORD).await;
    let own = stage
        .ask_as(root.as_deref(), Method::DELETE, "/api/users/root", None)
        .await;
    assert_eq!(own.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        delete(&stage, "/api/users/root").await.status,
        StatusCode::OK
    );
    assert_eq!(
        delete(&stage, "/api/users/root").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn an_administrator_who_cannot_log_in_is_none_that_is_left() {
    let stage = hub().await;
    for (username, password) in [("empty", ""), ("torn", "$2b$"), ("plain", "no hash at all")] {
        let mut settings = stage.settings();
        let user = json!({ "username": username, "password": password, "isAdmin": true });
        settings["users"].as_array_mut().unwrap().push(user);
        let users = settings["users"].clone();
        let change = settings::Change::set(["users"], users);
        stage.hub.store().edit(vec![change]).await.unwrap();
        let demoted = put(&stage, "/api/users/root", json!({ "isAdmin": false })).await;
        assert_eq!(
            demoted.status,
            StatusCode::CONFLICT,
            "{username}: {}",
            demoted.text
        );
        let deleted = delete(&stage, "/api/users/root").await;
        assert_eq!(deleted.status, StatusCode::CONFLICT, "{username}");
    }
    let shipped = bcrypt::hash("admin123", 4).unwrap();
    let change = settings::Change::set(["users", "2", "password"], shipped);
    stage.hub.store().edit(vec![change]).await.unwrap();
    // Whoever tries it has it looked at.
    assert!(token(&stage, "empty", "admin123").await.is_none());
    assert!(token(&stage, "root", PASSWORD).await.is_some());
    let deleted = delete(&stage, "/api/users/root").await;
    assert_eq!(deleted.status, StatusCode::CONFLICT, "{}", deleted.text);
    put(&stage, "/api/users/eve", json!({ "isAdmin": true })).await;
    assert_eq!(
        delete(&stage, "/api/users/root").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn who_is_deleted_takes_his_keys_and_his_login_with_him() {
    let stage = hub().await;
    for (name, owner) in [("1", "eve"), ("2", "root"), ("3", "eve")] {
        let key = json!({ "name": name, "kind": "user", "owner": owner });
        post(&stage, "/api/auth/keys", key).await;
    }
    let eve = token(&stage, "eve", PASSWORD).await;
    assert_eq!(
        delete(&stage, "/api/users/eve").await.status,
        StatusCode::OK
    );
    let keys = stage.settings()["bearerKeys"].clone();
    assert_eq!(keys.as_array().map(Vec::len), Some(1));
    assert_eq!(keys[0]["owner"], "root");
    let answer = stage
        .ask_as(eve.as_deref(), Method::GET, "/api/auth/user", None)
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

// rule: mcphub-name-inherits-nothing
#[tokio::test]
async fn what_a_deleted_user_owned_falls_to_nobody_of_his_name_unasked() {
    let stage = hub().await;
    let config = |it: Value| json!({ "command": "x", "enabled": false, "owner": it["owner"], "visibility": it["visibility"], "sharedWithUsers": it["with"] });
    let servers = json!({
        "shared": config(json!({ "owner": "root", "visibility": "group", "with": ["eve", "bob"] })),
        "hers": config(json!({ "owner": "eve", "visibility": "private", "with": [] })),
    });
    let groups = json!([{ "id": "g", "name": "g", "owner": "root", "visibility": "group", "sharedWithUsers": ["eve"], "servers": [] }]);
    let keys = json!([{ "id": "left", "name": "left", "token": "left-over", "kind": "user", "owner": "mallory" }]);
    let set = |key: &str, value| settings::Change::set([key], value);
    let changes = vec![
        set("mcpServers", servers),
        set("groups", groups),
        set("bearerKeys", keys),
    ];
    stage.hub.store().edit(changes).await.unwrap();
    assert_eq!(
        delete(&stage, "/api/users/eve").await.status,
        StatusCode::OK
    );
    let left = stage.settings();
    assert_eq!(
        left["mcpServers"]["shared"]["sharedWithUsers"],
        json!(["bob"])
    );
    assert_eq!(left["groups"][0]["sharedWithUsers"], json!([]));
    assert_eq!(left["mcpServers"]["hers"]["owner"], "eve");
    for (name, kind, place) in [
        ("eve", "server", "hers"),
        ("Eve", "server", "hers"),
        ("bob", "server", "shared"),
        ("mallory", "key", "left"),
    ] {
        let user = json!({ "username": name, "password": PASSWORD });
        let refused = post(&stage, "/api/users", user).await;
        assert_eq!(
            refused.status,
            StatusCode::CONFLICT,
            "{name}: {}",
            refused.text
        );
        assert!(refused.text.contains(place), "{}", refused.text);
        let told = refused.json();
        assert_eq!(
            [&told["code"], &told["leftBy"], &told["leftAt"]],
            ["name_left", kind, place]
        );
    }
    let user = json!({ "username": "eve", "password": PASSWORD, "takeOver": true });
    let made = post(&stage, "/api/users", user).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
}

// rule: mcphub-name-inherits-nothing
#[tokio::test]
async fn no_user_is_made_before_what_the_last_of_that_name_held_is_given_back() {
    let stage = hub().await;
    // While there is a mistake in the list of users nothing is given back, for nobody is known to be gone.
    let mut users = stage.settings()["users"].clone();
    users[1] = json!({ "usernam": "eve" });
    let url = "http://127.0.0.1:1/mcp";
    let held = json!({ "accessToken": "hers" });
    let server = json!({ "url": url, "oauth": { "tokens": "per_user", "users": { "eve": held } } });
    let server = settings::Change::set(["mcpServers", "up"], server);
    let users = settings::Change::set(["users"], users);
    let store = stage.hub.store();
    store.edit(vec![users, server]).await.unwrap();
    for take_over in [false, true] {
        let user = json!({ "username": "eve", "password": PASSWORD, "takeOver": take_over });
        let refused = post(&stage, "/api/users", user).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
        // It comes first, since waiting would not help.
        assert!(refused.text.contains("has a mistake"), "{}", refused.text);
    }
}

// rule: mcphub-user-name
#[tokio::test]
async fn no_user_is_made_who_passes_for_another_and_those_who_are_there_stay() {
    let odd = "\u{430}dmin";
    let hash = bcrypt::hash(PASSWORD, 4).unwrap();
    let users = json!([{ "username": "root", "password": hash, "isAdmin": true }, { "username": odd, "password": hash }]);
    let stage = Stage::new(&json!({ "users": users }).to_string()).await;
    for (name, status) in [
        ("Root", StatusCode::CONFLICT),
        ("ｒｏｏｔ", StatusCode::CONFLICT),
        ("Admin", StatusCode::CONFLICT),
        ("r\u{43e}ot", StatusCode::BAD_REQUEST),
        ("ro\u{200b}ot", StatusCode::BAD_REQUEST),
        ("\u{202e}toor", StatusCode::BAD_REQUEST),
        ("admin", StatusCode::CREATED),
        ("Иван", StatusCode::CREATED),
    ] {
        let user = json!({ "username": name, "password": PASSWORD });
        let answer = post(&stage, "/api/users", user).await;
        assert_eq!(answer.status, status, "{name:?}: {}", answer.text);
    }
    assert!(token(&stage, odd, PASSWORD).await.is_some());
}

#[tokio::test]
async fn ones_own_password_is_changed_with_the_old_one_and_ends_other_logins() {
    let stage = hub().await;
    let (old, new) = (
        token(&stage, "eve", PASSWORD).await,
        "another horse battery",
    );
    let change = |current: &str, new: &str| {
        let body = json!({ "currentPassword": current, "newPassword": new });
        stage.ask_as(
            old.as_deref(),
            Method::POST,
            "/api/auth/change-password",
            Some(body),
        )
    };
    assert_eq!(
        change("wrong horse", new).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        change(PASSWORD, "short").await.status,
        StatusCode::BAD_REQUEST
    );
    let changed = change(PASSWORD, new).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    let fresh = changed.json()["token"].as_str().map(str::to_owned);
    for (token, status) in [
        (old.as_deref(), StatusCode::UNAUTHORIZED),
        (fresh.as_deref(), StatusCode::OK),
    ] {
        let answer = stage
            .ask_as(token, Method::GET, "/api/auth/user", None)
            .await;
        assert_eq!(answer.status, status);
    }
    assert!(token(&stage, "eve", new).await.is_some());
    assert!(token(&stage, "eve", PASSWORD).await.is_none());
    let body = json!({ "currentPassword": PASSWORD, "newPassword": new });
    let operator = post(&stage, "/api/auth/change-password", body).await;
    assert_eq!(operator.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_password_that_is_given_from_outside_is_not_changed_here() {
    let stage = Stage::with("{}", |options| {
        options.admin_password = Some(PASSWORD.into())
    })
    .await;
    let admin = token(&stage, "admin", PASSWORD).await;
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "another horse battery" });
    let answer = stage
        .ask_as(
            admin.as_deref(),
            Method::POST,
            "/api/auth/change-password",
            Some(body),
        )
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text.contains("ADMIN_PASSWORD"), "{}", answer.text);
}
