//! The life of a token: given once, renewed, ended.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::{
    BACK, VERIFIER, code, error, post, redeem, refresh, register, sign_in, stage, status, tokens,
};
use crate::stage::{OPERATOR, Stage};

// rule: as-code-once, as-code-again
#[tokio::test]
async fn the_second_use_of_a_code_takes_back_what_the_first_one_gave() {
    let stage = stage().await;
    let client = register(&stage).await;
    let code = code(&stage, &client, "alice", &[]).await;
    let first = tokens(&redeem(&stage, &client, &code).await);
    assert_eq!(status(&stage, "/mcp", &first.access).await, 200);
    let again = redeem(&stage, &client, &code).await;
    assert_eq!(
        (again.status, error(&again)),
        (StatusCode::BAD_REQUEST, "invalid_grant".into())
    );
    assert_eq!(status(&stage, "/mcp", &first.access).await, 401);
    assert_eq!(
        error(&refresh(&stage, &client, &first.refresh).await),
        "invalid_grant"
    );
}

// rule: rfc6749-4.1.3, rfc7636-4.6
#[tokio::test]
async fn a_code_is_good_for_nobody_else_and_is_used_up_by_a_wrong_try() {
    let stage = stage().await;
    let (client, other) = (register(&stage).await, register(&stage).await);
    let usual = [
        ("grant_type", "authorization_code"),
        ("client_id", client.as_str()),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    for (key, value) in [
        ("client_id", other.as_str()),
        ("redirect_uri", "http://127.0.0.1:5001/cb"),
        (
            "code_verifier",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        ),
        ("resource", "https://other.example/mcp"),
    ] {
        let code = code(&stage, &client, "alice", &[]).await;
        let mut pairs: Vec<_> = usual.into_iter().filter(|(had, _)| *had != key).collect();
        pairs.extend([(key, value), ("code", code.as_str())]);
        let answer = post(&stage, "/oauth/token", &pairs).await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{key}: {}",
            answer.text
        );
        let late = redeem(&stage, &client, &code).await;
        assert_eq!(error(&late), "invalid_grant", "{key}");
    }
    let code = code(&stage, &client, "alice", &[]).await;
    stage.clock.advance(Duration::from_secs(300));
    assert_eq!(
        error(&redeem(&stage, &client, &code).await),
        "invalid_grant"
    );
}

#[tokio::test]
async fn an_access_token_ends_and_is_renewed_and_the_file_gives_nobody_one() {
    let stage = stage().await;
    let client = register(&stage).await;
    let first = sign_in(&stage, &client, "alice").await;
    stage.clock.advance(Duration::from_secs(3_600));
    assert_eq!(status(&stage, "/mcp", &first.access).await, 401);
    let second = tokens(&refresh(&stage, &client, &first.refresh).await);
    assert_eq!(status(&stage, "/mcp", &second.access).await, 200);
    let written = stage.written();
    for word in [
        &first.access,
        &first.refresh,
        &second.access,
        &second.refresh,
    ] {
        assert!(!written.contains(word.as_str()));
        assert_eq!(status(&stage, "/mcp", &format!("sha256:{word}")).await, 401);
    }
    for token in stage.settings()["oauthTokens"].as_array().unwrap() {
        let digest = token["accessToken"].as_str().unwrap();
        assert_eq!(
            status(&stage, "/mcp", digest).await,
            401,
            "a digest is no token"
        );
        assert_eq!(token["username"], "alice");
    }
}

// rule: rfc9700-4.14.2, mcphub-lost-answer
#[tokio::test]
async fn a_refresh_token_that_comes_again_late_ends_the_sign_in() {
    let stage = stage().await;
    let client = register(&stage).await;
    let first = sign_in(&stage, &client, "alice").await;
    let other = sign_in(&stage, &client, "alice").await;
    let second = tokens(&refresh(&stage, &client, &first.refresh).await);
    stage.clock.advance(Duration::from_secs(59));
    let third = tokens(&refresh(&stage, &client, &first.refresh).await);
    assert_eq!(
        status(&stage, "/mcp", &third.access).await,
        200,
        "an answer may be lost"
    );
    stage.clock.advance(Duration::from_secs(1));
    let stolen = refresh(&stage, &client, &first.refresh).await;
    assert_eq!(error(&stolen), "invalid_grant");
    for ended in [&second.access, &third.access] {
        assert_eq!(status(&stage, "/mcp", ended).await, 401);
    }
    assert_eq!(
        error(&refresh(&stage, &client, &third.refresh).await),
        "invalid_grant"
    );
    assert_eq!(
        status(&stage, "/mcp", &other.access).await,
        200,
        "another sign-in goes on"
    );
}

#[tokio::test]
async fn many_renewals_at_once_lose_no_sign_in() {
    let stage = stage().await;
    let client = register(&stage).await;
    let first = sign_in(&stage, &client, "alice").await;
    let all = (0..6).map(|_| refresh(&stage, &client, &first.refresh));
    let answers = futures::future::join_all(all).await;
    let last = answers.iter().map(tokens).next_back().unwrap();
    assert_eq!(status(&stage, "/mcp", &last.access).await, 200);
    stage.clock.advance(Duration::from_secs(3_600));
    tokens(&refresh(&stage, &client, &last.refresh).await);
}

// rule: as-refresh-bound, as-refresh-scope
#[tokio::test]
async fn a_renewal_is_for_the_same_client_and_for_no_more() {
    let stage = stage().await;
    let (client, other) = (register(&stage).await, register(&stage).await);
    let code = code(&stage, &client, "alice", &[("scope", "read")]).await;
    let given = tokens(&redeem(&stage, &client, &code).await);
    assert_eq!(given.scope, "read");
    assert_eq!(
        error(&refresh(&stage, &other, &given.refresh).await),
        "invalid_grant"
    );
    let more = [
        ("grant_type", "refresh_token"),
        ("client_id", client.as_str()),
        ("refresh_token", given.refresh.as_str()),
        ("scope", "read write"),
    ];
    assert_eq!(
        error(&post(&stage, "/oauth/token", &more).await),
        "invalid_scope"
    );
    assert_eq!(
        tokens(&refresh(&stage, &client, &given.refresh).await).scope,
        "read"
    );
}

// rule: rfc7009-2.1
#[tokio::test]
async fn a_token_that_is_taken_back_opens_nothing_any_more() {
    let stage = stage().await;
    let (client, other) = (register(&stage).await, register(&stage).await);
    let given = sign_in(&stage, &client, "alice").await;
    let revoke = async |client: &str, token: &str| {
        let pairs = [("client_id", client), ("token", token)];
        post(&stage, "/oauth/revoke", &pairs).await.status.as_u16()
    };
    assert_eq!(revoke("nobody", &given.refresh).await, 401);
    assert_eq!(revoke(&other, &given.refresh).await, 200);
    assert_eq!(
        status(&stage, "/mcp", &given.access).await,
        200,
        "another's word takes nothing back"
    );
    assert_eq!(revoke(&client, "nothing").await, 200);
    assert_eq!(revoke(&client, &given.refresh).await, 200);
    assert_eq!(status(&stage, "/mcp", &given.access).await, 401);
    assert_eq!(
        error(&refresh(&stage, &client, &given.refresh).await),
        "invalid_grant"
    );
}

// rule: mcphub-token-account
#[tokio::test]
async fn a_token_ends_at_once_with_its_user() {
    let stage = stage().await;
    let client = register(&stage).await;
    let given = sign_in(&stage, &client, "alice").await;
    let gone = stage.ask(Method::DELETE, "/api/users/alice", None).await;
    assert_eq!(gone.status, StatusCode::OK, "{}", gone.text);
    assert_eq!(status(&stage, "/mcp", &given.access).await, 401);
    assert_eq!(
        error(&refresh(&stage, &client, &given.refresh).await),
        "invalid_grant"
    );
    assert_eq!(stage.settings()["oauthTokens"], json!([]));
}

// rule: mcphub-token-account
#[tokio::test]
async fn a_token_ends_at_once_with_the_password() {
    let stage = stage().await;
    let client = register(&stage).await;
    let given = sign_in(&stage, &client, "alice").await;
    let body = Some(json!({ "newPassword": "another horse" }));
    let changed = stage.ask(Method::PUT, "/api/users/alice", body).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(status(&stage, "/mcp", &given.access).await, 401);
    assert_eq!(
        error(&refresh(&stage, &client, &given.refresh).await),
        "invalid_grant"
    );
}

#[tokio::test]
async fn a_login_at_the_dashboard_costs_no_token() {
    let stage = stage().await;
    let client = register(&stage).await;
    let given = sign_in(&stage, &client, "alice").await;
    let login = stage.log_in("alice", crate::client::PASSWORD).await;
    assert_eq!(login.status, StatusCode::OK);
    assert_eq!(status(&stage, "/mcp", &given.access).await, 200);
}

#[tokio::test]
async fn a_restart_costs_no_token() {
    let stage = stage().await;
    let client = register(&stage).await;
    let given = sign_in(&stage, &client, "alice").await;
    let again = Stage::new(&stage.written()).await;
    assert_eq!(status(&again, "/mcp", &given.access).await, 200);
    let renewed = tokens(&refresh(&again, &client, &given.refresh).await);
    assert_eq!(status(&again, "/mcp", &renewed.access).await, 200);
}

#[tokio::test]
async fn what_no_client_may_ask_is_refused_in_the_words_of_the_standard() {
    let stage = stage().await;
    let client = register(&stage).await;
    let asked = async |pairs: &[(&str, &str)]| error(&post(&stage, "/oauth/token", pairs).await);
    let me = ("client_id", client.as_str());
    assert_eq!(asked(&[me]).await, "invalid_request");
    assert_eq!(
        asked(&[me, ("grant_type", "password")]).await,
        "unsupported_grant_type"
    );
    assert_eq!(
        asked(&[me, ("grant_type", "authorization_code")]).await,
        "invalid_request"
    );
    assert_eq!(
        asked(&[me, ("grant_type", "refresh_token")]).await,
        "invalid_request"
    );
    assert_eq!(
        asked(&[("grant_type", "refresh_token")]).await,
        "invalid_client"
    );
    let unknown = [
        ("client_id", "nobody"),
        ("grant_type", "refresh_token"),
        ("refresh_token", "x"),
    ];
    assert_eq!(asked(&unknown).await, "invalid_client");
}

#[tokio::test]
async fn tokens_and_secrets_are_shown_to_nobody() {
    let stage = stage().await;
    let client = register(&stage).await;
    sign_in(&stage, &client, "alice").await;
    let export = stage
        .ask_as(
            Some(OPERATOR),
            Method::GET,
            "/api/mcp-settings/export",
            None,
        )
        .await;
    assert!(!export.text.contains("sha256:"), "{}", export.text);
    let listed: Value = stage.settings();
    assert!(
        listed["oauthTokens"][0]["family"]
            .as_str()
            .unwrap()
            .starts_with("sha256:")
    );
}
