//! Who becomes a user, and who never does.

use super::*;
use crate::access::Denied;

// rule: mcphub-outside-account, mcphub-outside-no-admin
#[tokio::test]
async fn whoever_comes_first_becomes_a_user_without_a_password_and_stays_the_same() {
    let stage = Stage::new().await;
    let token = stage.token(|it| {
        it["isAdmin"] = true.into();
        it["password"] = "x".into();
    });
    let many = futures::future::join_all((0..10).map(|_| stage.come(&token))).await;
    assert!(many.iter().all(Result::is_ok), "{many:?}");
    let account = person::account(&stage.page.issuer(), "s-1");
    let expected = json!({ "username": "bob", "isAdmin": false, "ssoUserId": account, "email": "bob@example.com" });
    assert_eq!(stage.users().as_array().unwrap().len(), 2);
    assert_eq!(stage.users()[1], expected);
    // He is called otherwise now, and is the same.
    stage
        .come(&stage.token(|it| it["preferred_username"] = "robert".into()))
        .await
        .unwrap();
    let other = stage.token(|it| {
        it["sub"] = "s-2".into();
        it["email"] = Value::Null;
    });
    assert_eq!(
        stage.come(&other).await.err(),
        Some(Refused::NameTaken),
        "another bob is another"
    );
    assert_eq!(stage.users().as_array().unwrap().len(), 2);
    let caller = stage
        .rules()
        .vouched(&many[0].clone().unwrap(), "/mcp")
        .unwrap();
    assert_eq!(caller.user(), Some("bob"));
    assert!(caller.until().is_some() && !caller.may_use_everything());
}

#[test]
fn an_account_is_called_as_in_mcphub() {
    let account = person::account("https://idp.example.test/", "user-1");
    let digest = "adb05569cdc7e256e1fd3a7388cfde7ecfa93ebfc8d3837600c0db2105973380";
    assert_eq!(account, format!("forward-auth:{digest}"));
}

// rule: mcphub-outside-name, safe-outside-name
#[tokio::test]
async fn a_token_takes_over_no_account_and_no_right_of_the_same_name() {
    let stage = Stage::with(|it| {
        it["mcpServers"] = json!({
            "a": { "url": "https://a", "owner": "carol" },
            "b": { "url": "https://b", "visibility": "group", "sharedWithUsers": ["dave"] },
            "c": { "url": "https://c", "oauth": { "tokens": "per_user", "users": { "heidi": { "accessToken": "hers" } } } },
        });
        it["groups"] = json!([{ "id": "g", "name": "g", "owner": "erin" }]);
        it["bearerKeys"] = json!([{ "id": "1", "token": "t", "kind": "user", "owner": "frank" }]);
        it["oauthTokens"] = json!([{ "accessToken": "a", "clientId": "c", "username": "grace" }]);
    })
    .await;
    for name in [
        "alice",
        "Alice",
        "admin",
        "Admin",
        "carol",
        "dave",
        "erin",
        "frank",
        "grace",
        "heidi",
        "ａｌｉｃｅ",
        "ＡＤＭＩＮ",
        "𝐜𝐚𝐫𝐨𝐥",
    ] {
        let token = stage.token(|it| it["preferred_username"] = name.into());
        assert_eq!(
            stage.come(&token).await.err(),
            Some(Refused::NameTaken),
            "{name}"
        );
    }
    let mail = stage.token(|it| it["email"] = "ALICE@example.com".into());
    assert_eq!(stage.come(&mail).await.err(), Some(Refused::NameTaken));
    for name in [
        "b\u{202e}ob",
        " bob",
        "bob\n",
        "\u{430}dmin",
        &"b".repeat(256),
    ] {
        let token = stage.token(|it| it["preferred_username"] = name.into());
        assert_eq!(
            stage.come(&token).await.err(),
            Some(Refused::NoName),
            "{name:?}"
        );
    }
    assert_eq!(stage.users().as_array().unwrap().len(), 1);
    let doubtful = stage.token(|it| {
        it["email"] = "alice@example.com".into();
        it["email_verified"] = false.into();
    });
    stage.come(&doubtful).await.unwrap();
    assert_eq!(
        stage.users()[1].get("email"),
        None,
        "an address that nobody checked is nobody's"
    );
}

// rule: mcphub-outside-account
#[tokio::test]
async fn without_auto_create_only_bound_accounts_come_in_and_each_once() {
    let stage =
        Stage::with(|it| it["systemConfig"]["auth"]["forwardAuth"]["autoCreate"] = false.into())
            .await;
    let token = stage.token(|_| {});
    assert_eq!(stage.come(&token).await.err(), Some(Refused::NoAccount));
    let account = person::account(&stage.page.issuer(), "s-1");
    let bind = |place: &str, name: &str| {
        let user = json!({ "username": name, "ssoUserId": account });
        settings::Change::set(["users", place], user)
    };
    stage.store.edit(vec![bind("1", "root")]).await.unwrap();
    let vouched = stage.come(&token).await.unwrap();
    assert_eq!(
        stage.rules().vouched(&vouched, "/mcp").unwrap().user(),
        Some("root")
    );
    stage.store.edit(vec![bind("2", "second")]).await.unwrap();
    assert_eq!(stage.come(&token).await.err(), Some(Refused::Twice));
    let refused = stage.rules().vouched(&vouched, "/mcp").err();
    assert_eq!(refused, Some(Denied::Outside(Refused::Twice)));
}

// rule: mcphub-outside-name
#[tokio::test]
async fn nobody_is_called_what_cannot_be_seen_or_would_be_filled_in() {
    let stage = Stage::new().await;
    for name in ["alice\u{ad}", "al\u{3164}ice", "${HOME}", "a\u{202e}b"] {
        let token = stage.token(|it| it["preferred_username"] = name.into());
        assert_eq!(
            stage.come(&token).await.err(),
            Some(Refused::NoName),
            "{name}"
        );
    }
    let long = format!("bob@{}", "x".repeat(300));
    for email in ["b\u{202e}ob@example.com", "$HOME@example.com", &long] {
        let token = stage.token(|it| {
            it["sub"] = email.into();
            it["preferred_username"] = format!("bob {}", email.len()).into();
            it["email"] = email.into();
        });
        stage.come(&token).await.unwrap();
    }
    let said = stage.token(|it| {
        it["sub"] = "unsure".into();
        it["preferred_username"] = "unsure".into();
        it["email_verified"] = "false".into();
    });
    stage.come(&said).await.unwrap();
    let users = stage.users();
    let mails = users.as_array().unwrap().iter().skip(1);
    assert_eq!(
        mails.filter(|user| user.get("email").is_some()).count(),
        0,
        "{users}"
    );
}

#[tokio::test]
async fn an_issuer_brings_a_thousand_users_and_no_more() {
    let stage = Stage::with(|it| {
        let users = it["users"].as_array_mut().unwrap();
        users.extend((0..1_000).map(
            |n| json!({ "username": format!("u{n}"), "ssoUserId": format!("forward-auth:{n}") }),
        ));
    })
    .await;
    let refused = stage.come(&stage.token(|_| {})).await.err();
    assert_eq!(refused, Some(Refused::Full));
}
