//! Tests: tokens that are bound to a key, at servers that verify each proof and want a nonce repeated.

use std::time::Duration;

use lab::{Endpoint, Switches};
use serde_json::json;

use super::bench::{Attempt, Bench, quick};

const HOUR: Duration = Duration::from_secs(3600);

fn bound() -> Switches {
    Switches {
        dpop: true,
        ..quick()
    }
}

// rule: rfc9449-5, rfc9449-7.1, rfc9449-8
#[tokio::test]
async fn a_server_that_asks_for_it_gets_a_token_with_a_key_of_its_own() {
    let mut bench = Bench::start(bound()).await;
    bench.sign_in().await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    let key = bench.oauth()["grant"]["dpopPrivateKey"].clone();
    assert!(key.as_str().is_some_and(|key| !key.is_empty()));
    assert_eq!(bench.oauth()["grant"]["tokenType"], "DPoP");
    bench.restart().await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    bench.clock.advance(HOUR);
    bench.world.advance(HOUR);
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    assert_eq!(bench.world.counts().renewed, 1);
    assert_eq!(
        bench.oauth()["grant"]["dpopPrivateKey"],
        key,
        "a renewed token is bound to the same key"
    );
    let shown = bench.world.requests_at(Endpoint::Mcp);
    assert!(shown.iter().all(|seen| seen.bearer().is_none()));
}

#[tokio::test]
async fn where_nobody_asks_for_it_there_is_no_proof() {
    let bench = Bench::start(quick()).await;
    bench.sign_in().await;
    let token = bench.world.requests_at(Endpoint::Token);
    assert!(token.iter().all(|seen| seen.header("dpop").is_none()));
    assert!(bench.oauth()["grant"]["dpopPrivateKey"].is_null());
}

#[tokio::test]
async fn the_settings_may_want_it_where_the_server_knows_no_proofs() {
    let servers = |url: &str| json!({"up": {"url": url, "oauth": {"dpop": true}}});
    let bench = Bench::with(quick(), servers).await;
    let needed = bench.needed().await;
    let back = bench.person(&needed.authorization_url.unwrap()).await;
    let error = bench.sign_ins.callback(&back).await.unwrap_err();
    assert!(error.to_string().contains("oauth.dpop"), "{error}");
    assert!(bench.oauth()["accessToken"].is_null());
}
