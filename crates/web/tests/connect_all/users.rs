//! Who a user of the hub is, and what the list shows to whom.

use std::time::Duration;

use http::{StatusCode, header};
use hub::sign_in::Account;
use lab::{Decision, Endpoint, Redirects, Registration, World};
use serde_json::{Value, json};

use crate::person::{Person, met, onward, worlds};
use crate::stage::{Answer, Stage};

fn users() -> Value {
    let user = |name: &str, is_admin: bool| json!({ "username": name, "password": bcrypt::hash(format!("{name}s word"), 4).unwrap(), "isAdmin": is_admin });
    json!([user("root", true), user("alice", false), user("bob", false)])
}

/// A hub that asks for keys, with a server of each kind.
async fn locked_hub() -> (Vec<World>, Stage) {
    let (worlds, mut servers) = worlds(&["alices", "everybodys", "each"]).await;
    servers["alices"]["visibility"] = "group".into();
    servers["alices"]["sharedWithUsers"] = json!(["alice"]);
    servers["everybodys"]["visibility"] = "public".into();
    servers["everybodys"]["owner"] = "bob".into();
    servers["each"]["visibility"] = "public".into();
    servers["each"]["oauth"] = json!({ "tokens": "per_user" });
    let settings = json!({
        "mcpServers": servers,
        "users": users(),
        "bearerKeys": [{ "id": "k", "name": "Laptop", "token": "t", "enabled": true, "accessType": "all" }],
    });
    let stage = Stage::new(&settings.to_string()).await;
    met(&stage, "alices", "oauth_required").await;
    met(&stage, "everybodys", "oauth_required").await;
    (worlds, stage)
}

// rule: mcp-elicit-same-person
#[tokio::test]
async fn where_keys_are_asked_for_a_user_logs_in_once_and_sees_what_is_for_him() {
    let (_worlds, stage) = locked_hub().await;
    let mut bob = Person::default();
    let asked = bob.opens(&stage, "/connect").await;
    assert!(asked.text.contains("type=\"password\""), "{}", asked.text);
    for name in ["alices", "everybodys", "each"] {
        assert!(
            !asked.text.contains(name),
            "a stranger reads no names: {}",
            asked.text
        );
    }
    let answer = bob.sends_form(&stage, "server=everybodys").await;
    assert_eq!(
        (answer.status, onward(&answer)),
        (StatusCode::CONFLICT, None)
    );
    let wrong = bob.sends_form(&stage, "username=bob&password=guess").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    let known = bob
        .sends_form(&stage, "username=bob&password=bobs+word")
        .await;
    assert_eq!(known.status, StatusCode::SEE_OTHER, "{}", known.text);
    assert_eq!(known.header(header::LOCATION), "connect");
    let cookie = known.header(header::SET_COOKIE);
    assert!(
        cookie.contains("mcphub_walk=") && cookie.contains("HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    let list = bob.opens(&stage, "/connect").await;
    assert!(
        list.text.contains("2 servers wait for a sign-in"),
        "{}",
        list.text
    );
    assert!(
        !list.text.contains("alices") && list.text.contains("user bob"),
        "{}",
        list.text
    );
    let answer = bob.sends_form(&stage, "server=alices").await;
    assert_eq!(
        (answer.status, onward(&answer)),
        (StatusCode::CONFLICT, None)
    );

    bob.opens(&stage, "/connect").await;
    let back = bob.signs_in(&stage, "each", Decision::Allow).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER, "{}", back.text);
    let view = |user| stage.hub.sign_ins().view(Account::of("each", Some(user)));
    assert!(
        view("bob").connected && !view("alice").connected,
        "his own and nobody else's"
    );
    let list = bob.opens(&stage, "/connect").await;
    assert!(
        list.text.contains("Next: everybodys (2 of 2)"),
        "{}",
        list.text
    );
}

// rule: at-37
#[tokio::test]
async fn what_all_share_is_shown_to_its_users_and_signed_in_by_its_owner() {
    let (worlds, stage) = locked_hub().await;
    let mut alice = Person::default();
    alice.opens(&stage, "/connect").await;
    alice
        .sends_form(&stage, "username=alice&password=alices+word")
        .await;
    let list = alice.opens(&stage, "/connect").await.text;
    for words in [
        "One server waits for a sign-in",
        "alices",
        "everybodys",
        "All who use it share this sign-in",
        "Sign in to each",
    ] {
        assert!(list.contains(words), "{words}: {list}");
    }
    assert!(!list.contains("Sign in to everybodys"), "{list}");
    for name in ["alices", "everybodys"] {
        let answer = alice.sends_form(&stage, &format!("server={name}")).await;
        assert_eq!(
            (answer.status, onward(&answer)),
            (StatusCode::CONFLICT, None)
        );
    }
    let asked = worlds
        .iter()
        .map(|world| world.requests_at(Endpoint::Authorize).len());
    assert_eq!(asked.sum::<usize>(), 0);
    let mut bob = Person::default();
    bob.opens(&stage, "/connect").await;
    bob.sends_form(&stage, "username=bob&password=bobs+word")
        .await;
    bob.opens(&stage, "/connect").await;
    bob.signs_in(&stage, "everybodys", Decision::Allow).await;
    let shared = stage.hub.sign_ins().view(Account::shared("everybodys"));
    assert!(shared.connected, "{}", shared.reason);
}

// rule: safe-w08
#[tokio::test]
async fn a_walk_is_of_the_browser_that_logged_in_and_ends_with_its_account() {
    let (_worlds, stage) = locked_hub().await;
    let mut bob = Person::default();
    bob.cookies.push(("mcphub_walk".into(), "given".into()));
    bob.opens(&stage, "/connect").await;
    bob.sends_form(&stage, "username=bob&password=bobs+word")
        .await;
    let walk = bob.cookies.iter().find(|(name, _)| name == "mcphub_walk");
    assert_ne!(walk.unwrap().1, "given");
    let shows = |answer: &Answer| answer.text.contains("2 servers wait");
    assert!(shows(&bob.opens(&stage, "/connect").await));
    assert!(!shows(&Person::default().opens(&stage, "/connect").await));
    stage.clock.advance(Duration::from_secs(29 * 60));
    assert!(shows(&bob.opens(&stage, "/connect").await));
    stage.clock.advance(Duration::from_secs(31 * 60));
    let late = bob.opens(&stage, "/connect").await;
    assert!(late.text.contains("type=\"password\""), "{}", late.text);

    bob.sends_form(&stage, "username=bob&password=bobs+word")
        .await;
    assert!(shows(&bob.opens(&stage, "/connect").await));
    let mut settings = stage.settings();
    let users = settings["users"].as_array_mut().unwrap();
    users.retain(|user| user["username"] != "bob");
    std::fs::write(stage.path(), settings.to_string()).unwrap();
    let is_there = || {
        let settings = stage.hub.store().current();
        settings.users.iter().any(|user| user.username == "bob")
    };
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    while is_there() {
        looks.tick().await;
    }
    let after = bob.opens(&stage, "/connect").await;
    assert!(after.text.contains("type=\"password\""), "{}", after.text);
}

#[tokio::test]
async fn who_is_not_registered_is_shown_the_callback_for_a_client_made_by_hand() {
    let (worlds, servers) = worlds(&["strangers", "callback"]).await;
    worlds[0].switches(|switches| switches.registration = Registration::Refused);
    worlds[1].switches(|switches| switches.registration_redirects = Redirects::HttpsOnly);
    let settings = json!({ "mcpServers": servers });
    let stage = Stage::new(&settings.to_string()).await;
    met(&stage, "strangers", "registration_refused").await;
    met(&stage, "callback", "registration_refused").await;
    let list = Person::default().opens(&stage, "/connect").await.text;
    for (words, count) in [
        ("the console of http://127.0.0.1:", 2),
        (", with this callback address:", 2),
        (">http://localhost:3000/oauth/callback<", 2),
        (" --client-id ... --client-secret ...", 2),
        // What is said of the refusal and what to do do not contradict each other.
        ("set oauth.redirectUri to an address that it takes", 1),
        ("Set oauth.redirectUri to an address that it takes", 1),
        ("oauth.dynamicRegistration.metadata", 1),
    ] {
        assert_eq!(list.matches(words).count(), count, "{words} in {list}");
    }
}

// rule: safe-x03
#[tokio::test]
async fn where_no_click_helps_the_list_says_what_does() {
    let (worlds, mut servers) = worlds(&["nobodys", "each", "<b>odd</b>", "keyed"]).await;
    worlds[0].switches(|switches| switches.registration = Registration::Absent);
    worlds[3].switches(|switches| switches.registration = Registration::Absent);
    servers["nobodys"]["url"] = format!("{}?x='$(id)'", worlds[0].mcp_url()).into();
    servers["keyed"]["url"] = format!("{}?api_key=hidden", worlds[3].mcp_url()).into();
    servers["each"]["visibility"] = "public".into();
    servers["each"]["oauth"] = json!({ "tokens": "per_user" });
    let settings = json!({ "mcpServers": servers, "users": users() });
    let stage = Stage::new(&settings.to_string()).await;
    met(&stage, "nobodys", "needs_client").await;
    met(&stage, "keyed", "needs_client").await;
    met(&stage, "<b>odd</b>", "oauth_required").await;
    let mut person = Person::default();
    let list = person.opens(&stage, "/connect").await;
    for words in [
        "One server waits for a sign-in",
        "Sign-in needed: never signed in.",
        "Needs a client id: ",
        "http://localhost:3000/oauth/callback",
        // One word of a shell, and nothing in it that only the settings should know.
        r"/mcp?x=&#39;\&#39;&#39;$(id)&#39;\&#39;&#39;&#39; --name",
        "api_key=********&#39; --name",
        "Each user signs in there for himself",
        "href=\"?user\"",
        "&lt;b&gt;odd",
    ] {
        assert!(list.text.contains(words), "{words} in {}", list.text);
    }
    assert!(!list.text.contains("<b>odd"), "{}", list.text);
    assert_eq!(list.text.matches("<button").count(), 1);
    let asked = person.opens(&stage, "/connect?user").await;
    assert!(asked.text.contains("type=\"password\""), "{}", asked.text);
    person
        .sends_form(&stage, "username=alice&password=alices+word")
        .await;
    let list = person.opens(&stage, "/connect").await;
    assert!(list.text.contains("value=\"each\""), "{}", list.text);
}
