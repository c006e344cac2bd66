//! What a token opens, and when that ends.

use super::*;

// rule: rfc8707-2
#[tokio::test]
async fn an_audience_that_is_an_endpoint_opens_that_endpoint() {
    let stage = Stage::with(|it| {
        it["systemConfig"]["auth"]["forwardAuth"]["jwks"]["audience"] = json!([
            "mcphub",
            "https://hub.example.com",
            HUB,
            "https://hub.example.com/hub/sse",
            "https://hub.example.com/mcp/dev",
            "https://hub.example.com/api",
        ]);
    })
    .await;
    let paths = [
        "/mcp",
        "/mcp/dev",
        "/mcps",
        "/bob/mcp",
        "/sse",
        "/messages",
        "/bob/messages",
        "/api",
    ];
    for (audience, expected) in [
        (
            json!("mcphub"),
            "/mcp /mcp/dev /mcps /bob/mcp /sse /messages /bob/messages /api",
        ),
        (
            json!("https://hub.example.com"),
            "/mcp /mcp/dev /mcps /bob/mcp /sse /messages /bob/messages /api",
        ),
        (json!(HUB), "/mcp /mcp/dev /bob/mcp"),
        (json!("https://hub.example.com/mcp/dev"), "/mcp/dev"),
        (
            json!("https://hub.example.com/hub/sse"),
            "/sse /messages /bob/messages",
        ),
        (
            json!([HUB, "https://hub.example.com/api"]),
            "/mcp /mcp/dev /bob/mcp /api",
        ),
    ] {
        let token = stage.token(|it| it["aud"] = audience.clone());
        let vouched = stage.come(&token).await.unwrap();
        let opens = |path: &&str| stage.rules().vouched(&vouched, path).is_ok();
        let opened: Vec<&str> = paths.into_iter().filter(opens).collect();
        assert_eq!(opened.join(" "), expected, "{audience}");
    }
}

// rule: mcphub-key-taken-back
#[tokio::test]
async fn what_was_opened_by_a_token_ends_with_the_account_and_with_the_trust() {
    let stage = Stage::new().await;
    let vouched = stage
        .come(&stage.token(|it| it["client_id"] = "c".into()))
        .await
        .unwrap();
    let caller = stage.rules().vouched(&vouched, "/mcp").unwrap();
    let next = stage.token(|it| {
        it["client_id"] = "c".into();
        it["exp"] = (NOW + 600).into();
    });
    let next = stage.come(&next);
    let next = stage.rules().vouched(&next.await.unwrap(), "/mcp").unwrap();
    assert_eq!(
        next.identity(),
        caller.identity(),
        "a session outlives a token"
    );
    let other = stage
        .come(&stage.token(|it| it["azp"] = "d".into()))
        .await
        .unwrap();
    let other = stage.rules().vouched(&other, "/mcp").unwrap();
    assert_ne!(
        other.identity(),
        caller.identity(),
        "and belongs to one program"
    );
    assert_eq!(
        stage.rules().again(&caller).unwrap().identity(),
        caller.identity()
    );
    for change in [
        settings::Change::set(["systemConfig", "auth", "forwardAuth", "enabled"], false),
        settings::Change::set(
            ["systemConfig", "auth", "forwardAuth", "jwks", "audience"],
            json!(["x"]),
        ),
        settings::Change::set(["users", "1", "ssoUserId"], "somebody"),
        settings::Change::remove(["users", "1"]),
    ] {
        let before = stage.store.file().text().to_owned();
        let now = settings::apply(&before, std::slice::from_ref(&change)).unwrap();
        let now = settings::resolve(&settings::File::parse(&now).unwrap(), &|_| None);
        let rules = Rules::of(&now, true);
        assert!(rules.again(&caller).is_none(), "{change:?}");
    }
}

// rule: mcphub-outside-door
#[test]
fn whoever_wants_to_know_who_comes_has_shut_the_door() {
    let open = |text: &str| {
        let file = settings::File::parse(text).unwrap();
        Rules::of(&settings::resolve(&file, &|_| None), true).is_open()
    };
    assert!(open("{}"));
    assert!(!open(
        r#"{ "systemConfig": { "auth": { "forwardAuth": { "enabled": true } } } }"#
    ));
    assert!(!open(
        r#"{ "systemConfig": { "auth": { "forwardAuth": { "enabled": "perhaps" } } } }"#
    ));
    assert!(open(
        r#"{ "systemConfig": { "routing": { "enableBearerAuth": false }, "auth": { "forwardAuth": { "enabled": true } } } }"#
    ));
}
