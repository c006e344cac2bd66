//! Tests: metadata that was read within the hour is not asked for again, unless something says that it is out of date.

use std::time::Duration;

use lab::{Endpoint, Fault, Trouble};
use serde_json::json;

use super::bench::{Attempt, Bench, quick};

/// Two servers of one provider, at one address.
async fn twins() -> Bench {
    let servers = |url: &str| json!({ "up": { "url": url }, "beside": { "url": url } });
    Bench::with(quick(), servers).await
}

fn asked(bench: &Bench) -> u64 {
    bench.world.counts().of(Endpoint::ServerMetadata)
}

fn refusal() -> super::Refusal {
    super::Refusal {
        status: 401,
        challenges: Vec::new(),
        used: None,
    }
}

// rule: mcp-auth-discovery-cache
#[tokio::test]
async fn metadata_is_asked_for_once_an_hour_by_all_servers_of_an_issuer() {
    let bench = twins().await;
    bench.needed().await;
    let once = asked(&bench);
    assert_eq!(once, 1);
    bench.sign_ins.refused("beside", refusal()).await;
    assert_eq!(asked(&bench), once);
    assert!(bench.sign_ins.view("beside").authorization_url.is_some());

    bench.clock.advance(Duration::from_secs(3_601));
    bench.sign_ins.refused("beside", refusal()).await;
    assert_eq!(asked(&bench), once + 1);
}

// rule: mcp-auth-discovery-cache
#[tokio::test]
async fn a_person_who_asks_for_a_sign_in_has_it_asked_for_again() {
    let bench = twins().await;
    bench.needed().await;
    bench.sign_ins.begin("beside").await.unwrap();
    assert_eq!(asked(&bench), 2);
}

// rule: mcp-auth-discovery-cache
#[tokio::test]
async fn an_endpoint_that_is_gone_has_it_asked_for_again() {
    let bench = twins().await;
    bench.sign_in().await;
    assert_eq!(asked(&bench), 1);
    let gone = Trouble::once(Fault::status(404));
    (bench.world).switches(|switches| switches.order(Endpoint::Token, gone));
    bench.world.expire_access_tokens();
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    bench.sign_ins.refused("beside", refusal()).await;
    assert_eq!(asked(&bench), 2);
}
