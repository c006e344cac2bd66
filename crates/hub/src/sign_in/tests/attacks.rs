//! Tests: tokens, codes and secrets that somebody would like to have sent elsewhere, and records that change under way.

use lab::{Endpoint, World};
use serde_json::{Value, json};
use settings::Change;

use super::bench::{Attempt, Bench, quick};
use super::{CallbackError, State};

const OAUTH: [&str; 3] = ["mcpServers", "up", "oauth"];

fn at<'a>(path: &[&'a str]) -> Vec<&'a str> {
    [&OAUTH[..], path].concat()
}

async fn moved(bench: &Bench, url: &str) {
    let change = Change::set(["mcpServers", "up", "url"], url);
    bench.store.edit(vec![change]).await.unwrap();
}

// rule: mcp-auth-token-audience
#[tokio::test]
async fn a_server_that_gets_another_address_is_not_shown_the_token_of_the_old_one() {
    let bench = Bench::start(quick()).await;
    bench.sign_in().await;
    moved(&bench, "http://127.0.0.1:9/mcp").await;
    assert!(bench.sign_ins.token("up").await.unwrap().is_none());
    assert!(!bench.sign_ins.view("up").connected);
    moved(&bench, &bench.world.mcp_url()).await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    let other_path = bench.world.mcp_url().replace("/mcp", "/other");
    moved(&bench, &other_path).await;
    assert!(bench.sign_ins.token("up").await.unwrap().is_some());
}

// rule: mcp-auth-token-audience
#[tokio::test]
async fn a_sign_in_that_was_begun_at_another_address_does_not_count() {
    let bench = Bench::start(quick()).await;
    let link = bench.needed().await.authorization_url.unwrap();
    let query = bench.person(&link).await;
    let home = bench.world.mcp_url();
    moved(&bench, "http://127.0.0.1:9/mcp").await;
    let error = bench.sign_ins.callback(&query).await.unwrap_err();
    assert!(matches!(error, CallbackError::UnknownState), "{error}");
    moved(&bench, &home).await;

    let hold = bench.world.hold(Endpoint::Token);
    let exchange = tokio::spawn({
        let sign_ins = bench.sign_ins.clone();
        async move { sign_ins.callback(&query).await }
    });
    let asked = |counts: &lab::Counts| counts.of(Endpoint::Token) == 1;
    bench.world.until(asked).await;
    moved(&bench, "http://127.0.0.1:9/mcp").await;
    drop(hold);
    exchange.await.unwrap().unwrap();
    assert!(bench.sign_ins.token("up").await.unwrap().is_none());
}

// rule: mcp-auth-server-binding
#[tokio::test]
async fn the_secret_of_one_login_server_is_not_for_another_that_gives_the_same_id() {
    let bench = Bench::start(quick()).await;
    let link = bench.needed().await.authorization_url.unwrap();
    let query = bench.person(&link).await;
    let changes = vec![
        Change::set(at(&["registration", "issuer"]), "https://honest.test"),
        Change::set(
            at(&["registration", "tokenEndpointAuthMethod"]),
            "client_secret_post",
        ),
        Change::set(at(&["clientSecret"]), "honest-secret"),
    ];
    bench.store.edit(changes).await.unwrap();
    let error = bench.sign_ins.callback(&query).await.unwrap_err();
    assert!(matches!(error, CallbackError::Exchange { .. }), "{error}");
    assert_eq!(bench.world.counts().of(Endpoint::Token), 0);
}

async fn renewing(
    bench: &Bench,
    meanwhile: Vec<Change>,
) -> Result<Option<super::Bearer>, super::Needed> {
    bench.sign_in().await;
    let before = bench.world.counts().of(Endpoint::Token);
    bench.clock.advance(std::time::Duration::from_secs(3_595));
    let hold = bench.world.hold(Endpoint::Token);
    let token = tokio::spawn({
        let sign_ins = bench.sign_ins.clone();
        async move { sign_ins.token("up").await }
    });
    let asked = |counts: &lab::Counts| counts.of(Endpoint::Token) == before + 1;
    bench.world.until(asked).await;
    bench.store.edit(meanwhile).await.unwrap();
    drop(hold);
    token.await.unwrap()
}

#[tokio::test]
async fn a_renewal_does_not_write_over_a_sign_in_that_came_meanwhile() {
    let bench = Bench::start(quick()).await;
    let newer = vec![
        Change::record(at(&["accessToken"]), "newer"),
        Change::record(at(&["refreshToken"]), "newer-refresh"),
        Change::remove(at(&["expiresAt"])),
    ];
    let token = renewing(&bench, newer).await.unwrap().unwrap();
    assert_eq!(token.token(), "newer");
    assert_eq!(bench.oauth()["refreshToken"], json!("newer-refresh"));
}

#[tokio::test]
async fn tokens_that_were_deleted_during_a_renewal_stay_deleted() {
    let bench = Bench::start(quick()).await;
    let deleted = ["accessToken", "refreshToken", "grant"].map(|key| Change::remove(at(&[key])));
    let token = renewing(&bench, deleted.into()).await;
    assert!(matches!(token, Ok(None)), "{token:?}");
    assert_eq!(bench.oauth().get("accessToken"), None);
    assert_eq!(bench.sign_ins.view("up").state, State::Unneeded);
}

#[tokio::test]
async fn a_server_that_was_deleted_during_its_sign_in_does_not_come_back() {
    let bench = Bench::start(quick()).await;
    let link = bench.needed().await.authorization_url.unwrap();
    let query = bench.person(&link).await;
    let hold = bench.world.hold(Endpoint::Token);
    let exchange = tokio::spawn({
        let sign_ins = bench.sign_ins.clone();
        async move { sign_ins.callback(&query).await }
    });
    let asked = |counts: &lab::Counts| counts.of(Endpoint::Token) == 1;
    bench.world.until(asked).await;
    let gone = Change::remove(["mcpServers", "up"]);
    bench.store.edit(vec![gone]).await.unwrap();
    drop(hold);
    drop(exchange.await.unwrap());
    let file: Value =
        serde_json::from_str(&std::fs::read_to_string(bench.path()).unwrap()).unwrap();
    assert_eq!(file["mcpServers"], json!({}));
}

// rule: at-40
#[tokio::test]
async fn what_stood_in_the_way_at_the_old_address_says_nothing_about_the_new_one() {
    let bench = Bench::start(quick()).await;
    let other = World::start(quick()).await.unwrap();
    bench
        .world
        .switches(|switches| switches.registration = lab::Registration::Absent);
    assert_eq!(bench.needed().await.state, State::NeedsClient);
    assert!(bench.sign_ins.token("up").await.is_err());
    moved(&bench, &other.mcp_url()).await;
    assert!(bench.sign_ins.token("up").await.unwrap().is_none());
    let link = bench.sign_ins.begin("up").await.unwrap().url;
    assert!(link.starts_with(&other.issuer()), "{link}");
}

// rule: safe-l10
#[tokio::test]
async fn a_server_that_takes_the_first_request_and_refuses_all_others_gets_few_renewals() {
    let bench = Bench::start(quick()).await;
    bench.sign_in().await;
    bench.world.switches(|switches| {
        switches.public_initialize = true;
        switches.refuse_tokens = true;
    });
    for _ in 0..20 {
        drop(bench.attempt().await);
        drop(bench.call_tool("echo").await);
    }
    let counts = bench.world.counts();
    let asked = counts.of(Endpoint::Token) + counts.of(Endpoint::Authorize);
    assert!(asked <= 12, "{counts:?}");
}
