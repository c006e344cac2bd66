//! Logins: the right password, guessing, passwords and secrets that everybody knows, forged tokens.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, StatusCode, header};
use jsonwebtoken::{EncodingKey, Header};
use mcphub_web::{Web, WebOptions};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use stage::{Stage, request};

fn users(password: &str) -> String {
    json!({ "users": [
        { "username": "root", "password": bcrypt::hash(password, 4).unwrap(), "isAdmin": true, "email": "r@x" },
        { "username": "bob", "password": bcrypt::hash("bobs password", 4).unwrap() },
    ] })
    .to_string()
}

async fn status_with(stage: &Stage, token: &str) -> StatusCode {
    let mut request = request(Method::GET, "/api/servers");
    request
        .headers_mut()
        .insert("x-auth-token", token.parse().unwrap());
    stage.send(request).await.status
}

#[tokio::test]
async fn a_person_of_the_settings_logs_in_and_uses_the_token_in_either_header() {
    let stage = Stage::new(&users("correct horse")).await;
    let answer = stage.log_in("root", "correct horse").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let told = answer.json();
    assert_eq!(
        told["user"],
        json!({ "username": "root", "isAdmin": true, "permissions": ["*"] })
    );
    let token = told["token"].as_str().unwrap();
    assert_eq!(status_with(&stage, token).await, StatusCode::OK);
    let me = stage
        .ask_as(Some(token), Method::GET, "/api/auth/user", None)
        .await;
    assert_eq!(me.json()["user"]["username"], "root");
}

#[tokio::test]
async fn an_old_hash_is_renewed_at_a_login_and_the_rest_of_the_account_stays() {
    let stage = Stage::new(&users("correct horse")).await;
    let first = stage.log_in("root", "correct horse").await.json();
    let user = &stage.settings()["users"][0];
    assert!(
        user["password"].as_str().unwrap().starts_with("$argon2id$"),
        "{user}"
    );
    assert_eq!(user["email"], "r@x");
    assert_eq!(
        status_with(&stage, first["token"].as_str().unwrap()).await,
        StatusCode::OK,
        "the token is of the new hash"
    );
    assert_eq!(
        stage.log_in("root", "correct horse").await.status,
        StatusCode::OK
    );
    assert_eq!(
        stage.log_in("root", "wrong horse").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn wrong_names_and_wrong_passwords_get_the_same_answer() {
    let stage = Stage::new(&users("correct horse")).await;
    let wrong = stage.log_in("root", "battery staple").await;
    let nobody = stage.log_in("nobody", "battery staple").await;
    assert_eq!((wrong.status, &wrong.text), (nobody.status, &nobody.text));
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn guessing_is_slowed_down_and_a_wait_helps() {
    let stage = Stage::new(&users("correct horse")).await;
    for _ in 0..10 {
        assert_eq!(
            stage.log_in("root", "guess").await.status,
            StatusCode::UNAUTHORIZED
        );
    }
    let answer = stage.log_in("root", "correct horse").await;
    assert_eq!(
        answer.status,
        StatusCode::TOO_MANY_REQUESTS,
        "the right one has to wait, too"
    );
    assert_eq!(answer.header(header::RETRY_AFTER), "900");
    stage.clock.advance(Duration::from_secs(900));
    assert_eq!(
        stage.log_in("root", "correct horse").await.status,
        StatusCode::OK
    );
}

// rule: safe-e01
#[tokio::test]
async fn an_ordinary_user_sees_only_what_is_shared_and_changes_nothing() {
    let mut settings: Value = serde_json::from_str(&users("correct horse")).unwrap();
    settings["mcpServers"] = json!({
        "private": { "command": "x", "enabled": false },
        "public": { "command": "x", "enabled": false, "visibility": "public", "env": { "TOKEN": "secret" } },
        "own": { "command": "x", "enabled": false, "owner": "bob" },
    });
    let stage = Stage::new(&settings.to_string()).await;
    let token = stage.log_in("bob", "bobs password").await.json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let bob = Some(token.as_str());
    let listed = stage
        .ask_as(bob, Method::GET, "/api/servers", None)
        .await
        .json();
    let names: Vec<&str> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|server| server["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["public", "own"]);
    assert!(listed["data"][0].get("config").is_none(), "not his");
    assert!(listed["data"][1].get("config").is_some(), "his own");
    assert_eq!(
        stage
            .ask_as(bob, Method::GET, "/api/servers/private", None)
            .await
            .status,
        StatusCode::NOT_FOUND
    );
    let body = json!({ "name": "x", "config": { "command": "sh" } });
    assert_eq!(
        stage
            .ask_as(bob, Method::POST, "/api/servers", Some(body))
            .await
            .status,
        StatusCode::FORBIDDEN
    );
}

// rule: safe-w05
#[tokio::test]
async fn no_default_account_opens_a_fresh_hub() {
    let shipped = json!({ "users": [{ "username": "admin", "password": bcrypt::hash("admin123", 4).unwrap(), "isAdmin": true }] });
    for settings in [
        "{}".to_owned(),
        r#"{ "users": [] }"#.into(),
        r#"{ "users": [{ "username": "admin", "password": "", "isAdmin": true }] }"#.into(),
        shipped.to_string(),
    ] {
        let stage = Stage::new(&settings).await;
        for password in ["admin123", "admin", "", "password", " admin123"] {
            let answer = stage.log_in("admin", password).await;
            assert_eq!(
                answer.status,
                StatusCode::UNAUTHORIZED,
                "{settings}: {password:?}"
            );
        }
        assert_eq!(
            stage
                .ask_as(None, Method::GET, "/api/servers", None)
                .await
                .status,
            StatusCode::UNAUTHORIZED
        );
    }
}

// rule: safe-w05
#[tokio::test]
async fn the_first_password_is_random_shown_once_and_works() {
    let shipped = json!({ "users": [{ "username": "admin", "password": bcrypt::hash("admin123", 4).unwrap(), "isAdmin": true, "email": "a@x" }] });
    for settings in ["{}".to_owned(), shipped.to_string()] {
        let stage = Stage::new(&settings).await;
        let options = || WebOptions::at(([127, 0, 0, 1], 0).into());
        let password = {
            let web = Web::open(stage.hub.clone(), options()).await.unwrap();
            let made = web.administrator().await.unwrap();
            made.expect("a fresh hub makes one")
                .expose_secret()
                .to_owned()
        };
        assert_eq!(password.len(), 24);
        assert!(
            !stage.written().contains(&password),
            "only its hash is stored"
        );
        assert_eq!(
            stage.log_in("admin", &password).await.status,
            StatusCode::OK,
            "{}",
            stage.written()
        );
        assert_eq!(
            stage.log_in("admin", "admin123").await.status,
            StatusCode::UNAUTHORIZED
        );
        let again = Web::open(stage.hub.clone(), options()).await.unwrap();
        let made = again.administrator().await.unwrap();
        assert!(made.is_none(), "shown once");
    }
}

// rule: safe-w05
#[tokio::test]
async fn admin_password_opens_while_no_administrator_has_one_of_his_own() {
    let given =
        |options: &mut WebOptions| options.admin_password = Some("from the environment".into());
    let stage = Stage::with("{}", given).await;
    assert_eq!(
        stage.log_in("admin", "from the environment").await.status,
        StatusCode::OK
    );
    assert_eq!(stage.written(), "{}", "nothing is stored");

    let stage = Stage::with(&users("correct horse"), given).await;
    assert_eq!(
        stage.log_in("admin", "from the environment").await.status,
        StatusCode::UNAUTHORIZED
    );

    let public = |options: &mut WebOptions| options.admin_password = Some("admin123".into());
    let stage = Stage::with("{}", public).await;
    assert_eq!(
        stage.log_in("admin", "admin123").await.status,
        StatusCode::UNAUTHORIZED
    );
}

// rule: safe-w07
#[tokio::test]
async fn forged_sessions_are_refused() {
    let stage = Stage::with(&users("correct horse"), |options| {
        options.jwt_secret = Some("your-secret-key".into())
    })
    .await;
    let other = Stage::new(&users("correct horse")).await;
    let token = stage.log_in("root", "correct horse").await.json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let others = other.log_in("root", "correct horse").await.json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let body = token.split('.').nth(1).unwrap();
    let none = format!(
        "{}.{body}.",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#)
    );
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap();
    let known = jsonwebtoken::encode(
        &Header::default(),
        &claims,
        &EncodingKey::from_secret(b"your-secret-key"),
    )
    .unwrap();
    let cut = token.rsplit_once('.').unwrap().0.to_owned();
    assert_eq!(status_with(&stage, &token).await, StatusCode::OK);
    for forged in [none, known, others, cut, format!("{token}x"), "x".into()] {
        assert_eq!(
            status_with(&stage, &forged).await,
            StatusCode::UNAUTHORIZED,
            "{forged}"
        );
    }
}

// rule: safe-w07
#[tokio::test]
async fn a_session_ends_with_its_time_with_its_password_and_with_its_account() {
    let stage = Stage::new(&users("correct horse")).await;
    let log_in = || async {
        stage.log_in("root", "correct horse").await.json()["token"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let token = log_in().await;
    stage.clock.advance(Duration::from_secs(24 * 60 * 60));
    assert_eq!(
        status_with(&stage, &token).await,
        StatusCode::UNAUTHORIZED,
        "expired"
    );

    let token = log_in().await;
    let change = |key: &str, value: Value| settings::Change::set(["users", "0", key], value);
    stage
        .hub
        .store()
        .edit(vec![change("isAdmin", false.into())])
        .await
        .unwrap();
    let add = json!({ "name": "x", "config": { "command": "x" } });
    let answer = stage
        .ask_as(Some(&token), Method::POST, "/api/servers", Some(add))
        .await;
    assert_eq!(
        answer.status,
        StatusCode::FORBIDDEN,
        "rights are those of now, not of the token"
    );

    stage
        .hub
        .store()
        .edit(vec![change(
            "password",
            bcrypt::hash("another", 4).unwrap().into(),
        )])
        .await
        .unwrap();
    assert_eq!(
        status_with(&stage, &token).await,
        StatusCode::UNAUTHORIZED,
        "password changed"
    );
}

#[tokio::test]
async fn skip_auth_opens_the_api_as_the_settings_say() {
    let stage = Stage::new(r#"{ "systemConfig": { "routing": { "skipAuth": true } } }"#).await;
    assert_eq!(
        stage
            .ask_as(None, Method::GET, "/api/servers", None)
            .await
            .status,
        StatusCode::OK
    );
}
