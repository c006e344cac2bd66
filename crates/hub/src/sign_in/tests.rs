//! Tests: whole sign-ins against the practice world, with both ends in hand.

mod attacks;
mod bench;
mod callbacks;
mod codes;
mod device;
mod documents;
mod identities;
mod page;
mod people;
mod preparations;
mod proofs;
mod refusals;
mod renewals;
mod unattended;

use super::*;
use bench::{Attempt, Bench};
use lab::{Browser, Switches};

// rule: at-65, at-66
#[tokio::test]
async fn a_sign_in_survives_a_restart_between_redirect_and_callback() {
    let mut bench = Bench::start(Switches::default()).await;
    let needed = bench.needed().await;
    assert_eq!(needed.state, State::OauthRequired);
    let link = needed.authorization_url.unwrap();
    let back = bench.person(&link).await;
    bench.restart().await;
    let done = bench.sign_ins.callback(&back).await.unwrap();
    assert_eq!(
        done,
        Completed {
            server: "up".to_owned(),
            user: None,
            again: None
        }
    );
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    let again = bench.sign_ins.callback(&back).await.unwrap_err();
    assert!(matches!(again, CallbackError::AlreadyUsed), "{again}");
    bench.restart().await;
    assert_eq!(
        bench.attempt().await,
        Attempt::Answered(200),
        "the token is in the file"
    );
    assert_eq!(bench.world.counts().tokens_issued, 1);
}

// rule: at-30
#[tokio::test]
async fn many_refusals_and_restarts_are_one_pending_sign_in() {
    let mut bench = Bench::start(Switches::default()).await;
    let first = bench.needed().await.authorization_url.unwrap();
    for _ in 0..3 {
        bench.restart().await;
        let all = futures::future::join_all((0..20).map(|_| bench.needed())).await;
        assert!(
            all.iter()
                .all(|needed| needed.authorization_url.as_ref() == Some(&first))
        );
    }
    assert_eq!(bench.sign_ins.begin("up").await.unwrap().url, first);
    assert_eq!(bench.world.counts().registered, 1);
    bench.clock.advance(std::time::Duration::from_secs(601));
    let second = bench.needed().await.authorization_url.unwrap();
    assert_ne!(second, first);
    assert_eq!(bench.world.counts().registered, 1, "the client is kept");
}

#[tokio::test]
async fn a_server_that_was_removed_and_added_again_is_registered_again() {
    let bench = Bench::start(Switches::default()).await;
    bench.needed().await;
    let mut settings = bench.store.subscribe();
    let path = ["mcpServers", "up"].map(str::to_owned).to_vec();
    let remove = settings::Change::Remove { path: path.clone() };
    bench.store.edit(vec![remove]).await.unwrap();
    settings
        .wait_for(|now| now.server("up").is_none())
        .await
        .unwrap();
    tokio::task::yield_now().await;
    let value = serde_json::json!({ "url": bench.world.mcp_url() });
    let add = settings::Change::Set { path, value };
    bench.store.edit(vec![add]).await.unwrap();
    let needed = bench.needed().await;
    assert_eq!(needed.state, State::OauthRequired, "{needed:?}");
    assert_eq!(bench.world.counts().registered, 2);
}

#[tokio::test]
async fn the_file_holds_the_sign_in_and_the_view_holds_no_secret() {
    let bench = Bench::start(Switches::default()).await;
    bench.sign_in().await;
    let view = bench.sign_ins.view("up");
    assert_eq!(view.state, State::Connected);
    assert!(view.connected && view.client_configured);
    assert_eq!(view.issuer, Some(bench.world.issuer()));
    let file = std::fs::read_to_string(bench.path()).unwrap();
    let document: serde_json::Value = serde_json::from_str(&file).unwrap();
    let oauth = &document["mcpServers"]["up"]["oauth"];
    for key in [
        "accessToken",
        "refreshToken",
        "clientId",
        "registration",
        "grant",
        "expiresAt",
    ] {
        assert!(!oauth[key].is_null(), "{key}: {file}");
    }
    assert!(
        oauth["pendingAuthorization"].is_null() && oauth["issuer"].is_null(),
        "{file}"
    );
    let shown = serde_json::to_string(&view).unwrap() + &format!("{view:?}");
    for secret in ["accessToken", "refreshToken"] {
        assert!(!shown.contains(oauth[secret].as_str().unwrap()));
    }
}

// rule: safe-c14
#[tokio::test]
async fn the_journal_tells_every_stage_and_no_secret() {
    let bench = Bench::start(Switches::default()).await;
    bench.sign_in().await;
    let text = serde_json::to_string(&bench.journal.entries("up")).unwrap();
    for stage in [
        "discovery",
        "registration",
        "authorization_url",
        "callback",
        "token_exchange",
        "connect",
    ] {
        assert!(
            text.contains(&format!("\"stage\":\"{stage}\"")),
            "{stage}: {text}"
        );
    }
    let file = std::fs::read_to_string(bench.path()).unwrap();
    let document: serde_json::Value = serde_json::from_str(&file).unwrap();
    let oauth = &document["mcpServers"]["up"]["oauth"];
    for secret in ["accessToken", "refreshToken", "clientSecret"] {
        if let Some(secret) = oauth[secret].as_str() {
            assert!(!text.contains(secret));
        }
    }
    assert!(!text.contains("state=") && !text.contains("code="));
}

// rule: mcp-auth-server-binding
#[tokio::test]
async fn signing_out_gives_the_tokens_back_and_forgets() {
    let bench = Bench::start(Switches::default()).await;
    bench.sign_in().await;
    let mut events = bench.sign_ins.events();
    let done = bench.sign_ins.sign_out("up", Forget::Tokens).await.unwrap();
    assert_eq!(
        done,
        SignedOut {
            attempted: 2,
            succeeded: 2,
            failed: 0
        }
    );
    assert_eq!(events.try_recv().unwrap(), Event::SignedOut("up".into()));
    let view = bench.sign_ins.view("up");
    assert!(!view.connected && view.client_configured);
    bench.sign_in().await;
    assert_eq!(bench.world.counts().registered, 1, "the client was kept");
    bench.sign_ins.sign_out("up", Forget::All).await.unwrap();
    assert!(!bench.sign_ins.view("up").client_configured);
}

// rule: safe-l02
#[tokio::test]
async fn a_token_that_worked_and_ended_early_is_renewed_however_often_that_happens() {
    let bench = Bench::start(Switches::default()).await;
    bench.sign_in().await;
    for _ in 0..3 {
        bench.world.expire_access_tokens();
        assert_eq!(bench.attempt().await, Attempt::Answered(200));
    }
    let counts = bench.world.counts();
    assert_eq!((counts.renewed, counts.reuse_detected), (3, 0));
}

#[tokio::test]
async fn a_server_without_an_address_has_no_sign_in() {
    let bench = Bench::with(
        Switches::default(),
        |_| serde_json::json!({ "up": { "command": "true", "args": [] } }),
    )
    .await;
    assert!(bench.sign_ins.token("up").await.unwrap().is_none());
    let error = bench.sign_ins.begin("up").await.unwrap_err();
    assert!(matches!(error, SignInError::NotHttp(_)), "{error}");
    let error = bench.sign_ins.begin("nobody").await.unwrap_err();
    assert!(matches!(error, SignInError::UnknownServer(_)), "{error}");
    assert_eq!(bench.sign_ins.view("up").state, State::Unneeded);
}

/// The default browser of these tests decides in a person's place.
fn browser() -> Browser {
    Browser::new().unwrap()
}
