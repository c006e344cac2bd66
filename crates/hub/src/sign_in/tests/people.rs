//! Tokens for each user: nobody is shown another's, nobody without a name gets any, and a deleted user leaves nothing.

use lab::Switches;
use serde_json::{Value, json};

use super::bench::{Bench, quick};
use super::*;
use crate::sign_in::people::strangers;

const NAMES: [&str; 2] = ["alice", "bob"];

fn of(user: &str) -> Account {
    Account::of("up", Some(user))
}

async fn bench(switches: Switches) -> Bench {
    let servers = |url: &str| json!({ "up": { "url": url, "oauth": { "tokens": "per_user" } } });
    let bench = Bench::with(switches, servers).await;
    people(&bench, &NAMES).await;
    bench
}

/// These are the hub's users from now on.
async fn people(bench: &Bench, names: &[&str]) {
    let users: Vec<Value> = names
        .iter()
        .map(|name| json!({ "username": name }))
        .collect();
    let change = settings::Change::set(["users"], Value::Array(users));
    bench.store.edit(vec![change]).await.unwrap();
}

async fn signs_in(bench: &Bench, user: &str) {
    let link = bench.sign_ins.begin(of(user)).await.unwrap();
    let back = bench.person(&link.url).await;
    let done = bench.sign_ins.callback(&back).await.unwrap();
    assert_eq!(done.user.as_deref(), Some(user));
}

async fn token(bench: &Bench, user: &str) -> Option<String> {
    let bearer = bench.sign_ins.token(of(user)).await.unwrap();
    bearer.map(|bearer| bearer.token().to_owned())
}

// rule: at-37
#[tokio::test]
async fn two_users_have_a_link_and_a_token_each_and_one_client_between_them() {
    let mut bench = bench(quick()).await;
    let links = futures::future::join_all(NAMES.map(|user| bench.sign_ins.begin(of(user)))).await;
    let [alice, bob] = &links[..] else { panic!() };
    assert_ne!(alice.as_ref().unwrap().url, bob.as_ref().unwrap().url);
    assert_eq!(bench.world.counts().registered, 1);
    signs_in(&bench, "alice").await;
    assert_eq!(token(&bench, "bob").await, None);
    let bobs = bench.sign_ins.view(of("bob"));
    assert!(!bobs.connected && bobs.issuer.is_none() && bobs.scopes.is_empty());
    assert_eq!(
        bobs.authorization_url,
        Some(bob.as_ref().unwrap().url.clone())
    );
    signs_in(&bench, "bob").await;
    let before = (token(&bench, "alice").await, token(&bench, "bob").await);
    assert!(before.0.is_some() && before.1.is_some() && before.0 != before.1);
    bench.restart().await;
    assert_eq!(
        before,
        (token(&bench, "alice").await, token(&bench, "bob").await)
    );
}

// rule: at-37
#[tokio::test]
async fn who_is_no_user_gets_no_link_and_no_token() {
    let bench = bench(quick()).await;
    signs_in(&bench, "alice").await;
    for nobody in [Account::shared("up"), of("mallory"), of("")] {
        assert!(bench.sign_ins.token(&nobody).await.unwrap().is_none());
        assert!(bench.sign_ins.begin(&nobody).await.is_err(), "{nobody}");
        let view = bench.sign_ins.view(&nobody);
        assert!(
            !view.connected && view.authorization_url.is_none(),
            "{nobody}"
        );
    }
    let error = bench.sign_ins.begin("up").await.unwrap_err();
    assert!(matches!(&error, SignInError::NoUser(_)), "{error}");
    assert!(error.to_string().contains("per_user"), "{error}");
}

// rule: at-37
#[tokio::test]
async fn a_shared_token_is_nobodys_after_the_settings_ask_for_one_of_each_user() {
    let bench = Bench::start(quick()).await;
    people(&bench, &NAMES).await;
    bench.sign_in().await;
    let shared = bench.sign_ins.token("up").await.unwrap();
    assert!(shared.is_some());
    let change = settings::Change::set(["mcpServers", "up", "oauth", "tokens"], "per_user");
    bench.store.edit(vec![change]).await.unwrap();
    assert!(bench.sign_ins.token("up").await.unwrap().is_none());
    assert_eq!(token(&bench, "alice").await, None);
}

// rule: at-37
#[tokio::test]
async fn what_one_user_pastes_is_not_taken_for_another() {
    let bench = bench(quick()).await;
    let link = bench.sign_ins.begin(of("alice")).await.unwrap();
    let back = bench.person(&link.url).await;
    let error = bench.sign_ins.complete(of("bob"), &back).await.unwrap_err();
    assert!(matches!(error, CallbackError::Malformed(_)), "{error}");
    bench.sign_ins.complete(of("alice"), &back).await.unwrap();
    assert!(token(&bench, "alice").await.is_some());
    assert_eq!(token(&bench, "bob").await, None);
}

// rule: at-37
#[tokio::test]
async fn a_refused_exchange_says_whose_sign_in_it_was() {
    let bench = bench(quick()).await;
    let link = bench.sign_ins.begin(of("alice")).await.unwrap();
    let back = bench.person(&link.url).await;
    let trouble = lab::Trouble::forever(lab::Fault::status(400));
    bench
        .world
        .switches(|switches| switches.order(lab::Endpoint::Token, trouble));
    let error = bench.sign_ins.callback(&back).await.unwrap_err();
    let CallbackError::Exchange { account, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(*account, of("alice"));
}

// rule: at-37
#[tokio::test]
async fn each_users_token_is_renewed_and_given_back_by_itself() {
    let bench = bench(quick()).await;
    for user in NAMES {
        signs_in(&bench, user).await;
    }
    let alices = token(&bench, "alice").await;
    bench
        .sign_ins
        .sign_out(of("bob"), Forget::Tokens)
        .await
        .unwrap();
    assert_eq!(token(&bench, "alice").await, alices);
    assert_eq!(token(&bench, "bob").await, None);
    bench
        .clock
        .advance(std::time::Duration::from_secs(3600 * 2));
    let renewed = token(&bench, "alice").await;
    assert!(renewed.is_some() && renewed != alices);
    assert_eq!(bench.world.counts().renewed, 1);
    let journal = bench.journal.entries_of("up", Some("bob"));
    assert!(
        journal
            .iter()
            .all(|entry| entry.user.as_deref() != Some("alice"))
    );
    assert!(
        journal
            .iter()
            .any(|entry| entry.user.as_deref() == Some("bob"))
    );
}

// rule: at-37
#[tokio::test]
async fn a_deleted_user_leaves_nothing_for_the_next_one_of_that_name() {
    let bench = bench(quick()).await;
    for user in NAMES {
        signs_in(&bench, user).await;
    }
    let mut events = bench.sign_ins.events();
    people(&bench, &["bob"]).await;
    assert_eq!(events.recv().await.unwrap(), Event::SignedOut(of("alice")));
    assert_eq!(bench.world.counts().revoked, 2);
    assert!(
        bench.oauth()["users"]["alice"].is_null(),
        "{}",
        bench.oauth()
    );
    people(&bench, &NAMES).await;
    assert_eq!(token(&bench, "alice").await, None);
    assert!(token(&bench, "bob").await.is_some());
}

// rule: at-37
#[tokio::test]
async fn the_journal_and_the_links_of_a_deleted_user_are_nobodys() {
    let bench = bench(quick()).await;
    for user in NAMES {
        signs_in(&bench, user).await;
    }
    let entries = |user: &'static str| bench.journal.entries_of("up", Some(user));
    let is_of = |user: &str| {
        entries("alice")
            .iter()
            .any(|it| it.user.as_deref() == Some(user))
    };
    assert!(is_of("alice"));
    let ticket = |user: &str| {
        bench
            .sign_ins
            .ticket(&of(user), &format!("user:{user}\0client"))
    };
    let shared = bench.sign_ins.ticket(&Account::shared("up"), "user:alice");
    let [alice, bob] = NAMES.map(ticket);
    let mut events = bench.sign_ins.events();
    people(&bench, &["bob"]).await;
    assert_eq!(events.recv().await.unwrap(), Event::SignedOut(of("alice")));
    people(&bench, &NAMES).await;
    assert!(!is_of("alice"), "{:?}", entries("alice"));
    let bobs = bench.journal.entries_of("up", Some("bob"));
    assert!(bobs.iter().any(|it| it.user.as_deref() == Some("bob")));
    for ended in [&alice.code, &shared.code] {
        assert_eq!(bench.sign_ins.ticketed(ended), None);
    }
    assert!(bench.sign_ins.ticketed(&bob.code).is_some());
}

#[tokio::test]
async fn the_administrator_of_the_environment_is_nobody_who_was_deleted() {
    let bench = bench(quick()).await;
    signs_in(&bench, "alice").await;
    let shared = Account::shared("up");
    let asked = |by: &str| bench.sign_ins.ticket(&shared, by);
    let links = ["user:admin", "user:admin\0client", "user:alice"].map(asked);
    let mut events = bench.sign_ins.events();
    people(&bench, &["bob"]).await;
    assert_eq!(events.recv().await.unwrap(), Event::SignedOut(of("alice")));
    let there = links.map(|link| bench.sign_ins.ticketed(&link.code).is_some());
    assert_eq!(there, [true, true, false]);
}

// rule: at-37
#[tokio::test]
async fn who_is_deleted_and_made_anew_at_once_finds_nothing_of_what_was_remembered() {
    let bench = bench(quick()).await;
    // Begun, and never ended.
    bench.sign_ins.begin(of("alice")).await.unwrap();
    let own = || bench.journal.entries_of("up", Some("alice"));
    assert!(own().iter().any(|entry| entry.user.is_some()));
    bench.sign_ins.forget_user("alice");
    let left = own();
    assert!(left.iter().all(|entry| entry.user.is_none()), "{left:?}");
}

// rule: at-37
#[tokio::test]
async fn a_mistake_in_the_list_of_users_deletes_nobody() {
    let bench = bench(quick()).await;
    signs_in(&bench, "alice").await;
    let mut events = bench.sign_ins.events();
    for broken in [
        json!([{ "usernam": "alice" }, { "username": "bob" }]),
        json!({ "alice": {}, "bob": {} }),
        json!(["alice", { "username": "bob" }]),
    ] {
        let change = settings::Change::set(["users"], broken.clone());
        bench.store.edit(vec![change]).await.unwrap();
        assert!(strangers(&bench.store.current()).is_empty(), "{broken}");
    }
    people(&bench, &["bob"]).await;
    assert_eq!(events.recv().await.unwrap(), Event::SignedOut(of("alice")));
}

// rule: at-37
#[tokio::test]
async fn a_user_who_was_deleted_while_no_hub_ran_is_forgotten_at_the_next_start() {
    let mut bench = bench(quick()).await;
    signs_in(&bench, "alice").await;
    let mut file: Value =
        serde_json::from_str(&std::fs::read_to_string(bench.path()).unwrap()).unwrap();
    file["users"] = json!([{ "username": "carol" }]);
    // No hub of this file is left to see it.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mcp_settings.json"), file.to_string()).unwrap();
    bench.folder = folder;
    bench.restart().await;
    let mut settings = bench.store.subscribe();
    let forgotten = settings.wait_for(|now| now.server("up").unwrap().oauth.users.is_empty());
    forgotten.await.unwrap();
    assert_eq!(bench.world.counts().revoked, 2);
}

// rule: at-37, rfc6749-6
#[tokio::test]
async fn a_user_who_makes_up_a_refusal_of_the_client_costs_nobody_a_grant() {
    let bench = bench(quick()).await;
    signs_in(&bench, "alice").await;
    bench.clock.advance(std::time::Duration::from_secs(700));
    for _ in 0..2 {
        let link = bench.sign_ins.begin(of("bob")).await.unwrap().url;
        let back = bench.person(&link).await;
        let made_up: Vec<&str> = back
            .split('&')
            .filter(|part| !part.starts_with("code="))
            .collect();
        let made_up = format!("{}&error=invalid_client", made_up.join("&"));
        // The first is healed by another client; then registration rests.
        drop(bench.sign_ins.callback(&made_up).await);
    }
    assert!(
        bench.oauth()["clientId"].is_null(),
        "the second one took it out"
    );
    bench.clock.advance(std::time::Duration::from_secs(3_600));
    assert!(token(&bench, "alice").await.is_some());
    let view = bench.sign_ins.view(of("alice"));
    assert_eq!(view.state, State::Connected, "{}", view.reason);
}

/// A server whose client a person registered, and the login server that it moves to.
async fn with_a_secret(tokens: &str) -> (Bench, lab::World) {
    let oauth = json!({ "tokens": tokens, "clientId": "app", "clientSecret": "hush" });
    let bench = Bench::with(
        quick(),
        |url| json!({ "up": { "url": url, "oauth": oauth } }),
    )
    .await;
    people(&bench, &NAMES).await;
    let callback = "http://localhost:3000/oauth/callback";
    let client = lab::Client::by_hand("app", "hush", callback);
    bench.world.register(client.clone());
    let second = lab::World::start(quick()).await.unwrap();
    second.register(client);
    (bench, second)
}

async fn is_not_taken_along(bench: &Bench, account: Account, second: &lab::World) {
    let issuer = second.issuer();
    let moved = |switches: &mut Switches| switches.published_servers = Some(vec![issuer]);
    bench.world.switches(moved);
    let error = bench.sign_ins.begin(account).await.unwrap_err();
    let SignInError::Needed(needed) = error else {
        panic!("{error}")
    };
    assert_eq!(needed.state, State::ClientRejected, "{needed}");
    assert!(needed.reason.contains("oauth.issuer"), "{needed}");
    assert_eq!(second.counts().of(lab::Endpoint::Token), 0);
}

// rule: at-37, safe-d13
#[tokio::test]
async fn a_secret_that_one_user_signed_in_with_goes_to_no_other_login_server_for_another_user() {
    let (bench, second) = with_a_secret("per_user").await;
    signs_in(&bench, "alice").await;
    is_not_taken_along(&bench, of("bob"), &second).await;
}

// rule: safe-d13, mcp-auth-server-binding
#[tokio::test]
async fn a_sign_out_does_not_forget_whose_the_client_of_the_settings_is() {
    let (mut bench, second) = with_a_secret("shared").await;
    bench.sign_in().await;
    bench.sign_ins.sign_out("up", Forget::Tokens).await.unwrap();
    bench.restart().await;
    is_not_taken_along(&bench, "up".into(), &second).await;
}
