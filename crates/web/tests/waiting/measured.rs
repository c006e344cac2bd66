//! What `/metrics` says of calls that wait for a sign-in, and of the tokens and renewals that follow.

use std::time::UNIX_EPOCH;

use hub::clock::Clock;
use lab::Switches;
use serde_json::json;

use crate::client::connect;
use crate::stage::{Stage, soon};

/// The metrics; they are told in the form of OpenMetrics and in no other.
async fn asked(stage: &Stage) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "a stranger asks the hub, not the hub somebody"
    )]
    let client = reqwest::Client::new();
    let answer = client.get(format!("{}/metrics", stage.base)).send();
    let answer = soon(answer).await.unwrap();
    assert_eq!(
        answer.headers()["content-type"],
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    soon(answer.text()).await.unwrap()
}

fn value(text: &str, line: &str) -> Option<f64> {
    let mut lines = text.lines();
    let found = lines.find_map(|it| it.strip_prefix(line)?.strip_prefix(' '));
    found.map(|value| value.parse().unwrap())
}

const WAITING: &str = "mcphub_waiting_calls{server=\"practice\"}";
const UP: &str = "mcphub_upstream_up{server=\"practice\"}";
const EXPIRY: &str = "mcphub_oauth_token_expiry_seconds{server=\"practice\"}";
const RENEWED: &str = "mcphub_oauth_refresh_total{server=\"practice\",result=\"ok\"}";

#[tokio::test]
async fn calls_that_wait_tokens_and_renewals_are_seen_as_they_come_and_go() {
    let stage = Stage::new().await;
    let mut client = connect(&stage.endpoint()).await;
    let before = asked(&stage).await;
    let absent = [EXPIRY, RENEWED].map(|line| value(&before, line));
    assert_eq!(absent, [None, None], "{before}");
    assert_eq!(value(&before, WAITING), Some(0.0), "{before}");
    assert_eq!(value(&before, UP), Some(0.0), "{before}");

    let calls = [client.calls("one"), client.calls("two")];
    for _ in &calls {
        client.hears().await;
    }
    let during = asked(&stage).await;
    assert_eq!(value(&during, WAITING), Some(2.0), "{during}");
    let type_of = "# TYPE mcphub_waiting_calls gauge";
    assert!(during.lines().any(|line| line == type_of), "{during}");
    assert!(!during.contains(&stage.world.issuer()), "{during}");

    stage.signs_in(None).await;
    for call in calls {
        soon(call).await.unwrap();
    }
    let after = asked(&stage).await;
    assert_eq!(value(&after, WAITING), Some(0.0), "{after}");
    assert_eq!(value(&after, UP), Some(1.0), "{after}");
    let calls = value(
        &after,
        "mcphub_tool_call_seconds_count{server=\"practice\"}",
    );
    assert_eq!(calls, Some(2.0), "{after}");
    let now = Clock::system().now().duration_since(UNIX_EPOCH).unwrap();
    let end = value(&after, EXPIRY).unwrap() - now.as_secs_f64();
    assert!(end > 0.0 && end < 24.0 * 3600.0, "{after}");

    stage.world.expire_access_tokens();
    let renewed = client.calls("renewed");
    assert_eq!(soon(renewed).await.unwrap(), "renewed");
    let renewed = asked(&stage).await;
    assert_eq!(value(&renewed, RENEWED), Some(1.0), "{renewed}");
}

#[tokio::test]
async fn a_call_that_its_client_gave_up_waits_no_more() {
    let stage = Stage::with(json!({}), Switches::default()).await;
    let mut client = connect(&stage.endpoint()).await;
    let call = client.calls("for nobody");
    client.hears().await;
    assert_eq!(value(&asked(&stage).await, WAITING), Some(1.0));
    call.abort();
    drop(client);
    stage.is_quiet().await;
    assert_eq!(value(&asked(&stage).await, WAITING), Some(0.0));
}
