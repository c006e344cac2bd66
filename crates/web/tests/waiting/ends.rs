//! The waiting ends without a sign-in: the time is over, the person refuses, the client leaves, or nobody may wait.

use lab::{Decision, Switches};
use serde_json::json;

use crate::client::{Wire, connect, connect_over};
use crate::stage::{Stage, soon};

#[tokio::test]
async fn when_the_time_is_over_the_call_says_why_and_where_and_the_next_one_works() {
    let settings = json!({ "practice": { "options": { "waitForSignIn": 100 } } });
    let stage = Stage::with(settings, Switches::default()).await;
    let client = connect(&stage.endpoint()).await;
    let answer = soon(client.calls("early")).await.unwrap();
    for words in [
        "ERROR Error: practice needs a sign-in: never signed in",
        "nobody signed in while the call waited",
        "Open http://localhost:3000/c/",
    ] {
        assert!(answer.contains(words), "{words} in {answer}");
    }
    assert!(!answer.contains(&stage.world.issuer()), "{answer}");
    stage.signs_in(None).await;
    assert_eq!(soon(client.calls("late")).await.unwrap(), "late");
    assert_eq!(stage.tools_called(), 1);
}

#[tokio::test]
async fn with_a_time_of_zero_nobody_waits() {
    for settings in [
        json!({ "systemConfig": { "waitForSignIn": 0 } }),
        json!({ "practice": { "options": { "waitForSignIn": 0 } } }),
        json!({ "practice": { "oauth": { "waitForSignIn": 0 } } }),
    ] {
        let stage = Stage::with(settings, Switches::default()).await;
        let mut client = connect(&stage.endpoint()).await;
        let answer = soon(client.calls("early")).await.unwrap();
        assert!(
            answer.contains("needs a sign-in: never signed in. Open"),
            "{answer}"
        );
        assert!(
            client.heard.try_recv().is_err(),
            "nothing was told meanwhile"
        );
    }
}

#[tokio::test]
async fn a_person_who_refuses_ends_the_waiting() {
    let stage = Stage::new().await;
    let mut client = connect(&stage.endpoint()).await;
    let call = client.calls("hello");
    client.hears().await;
    assert!(stage.decides(None, Decision::Deny).await.is_err());
    let answer = soon(call).await.unwrap();
    assert!(
        answer.starts_with("ERROR") && answer.contains("access_denied"),
        "{answer}"
    );
    assert_eq!(stage.tools_called(), 0);
}

#[tokio::test]
async fn a_client_that_leaves_while_it_waits_has_nothing_sent() {
    for wire in [Wire::Handshake, Wire::Stateless] {
        left(wire).await;
    }
}

async fn left(wire: Wire) {
    let stage = Stage::new().await;
    let mut client = connect_over(wire, &stage.endpoint(), None, (json!({}), "")).await;
    let call = client.calls("hello");
    client.hears().await;
    call.abort();
    client.service.cancellation_token().cancel();
    stage.is_quiet().await;
    stage.signs_in(None).await;
    let other = connect(&stage.endpoint()).await;
    assert_eq!(soon(other.calls("other")).await.unwrap(), "other");
    assert_eq!(stage.tools_called(), 1, "the first was never sent");
}

// rule: safe-l12
#[tokio::test]
async fn a_server_that_refuses_the_new_token_too_ends_the_call() {
    let stage = Stage::new().await;
    let mut client = connect(&stage.endpoint()).await;
    let call = client.calls("hello");
    client.hears().await;
    stage
        .world
        .switches(|switches| switches.refuse_tokens = true);
    stage.signs_in(None).await;
    let answer = soon(call).await.unwrap();
    assert!(
        answer.starts_with("ERROR") && answer.contains("refuses a fresh token"),
        "{answer}"
    );
    assert_eq!(stage.tools_called(), 0);
}

#[tokio::test]
async fn whoever_has_many_calls_waiting_gets_the_next_answer_at_once() {
    let stage = Stage::new().await;
    let mut client = connect(&stage.endpoint()).await;
    let waiting: Vec<_> = (0..128)
        .map(|each| client.calls(&each.to_string()))
        .collect();
    // Each counts in its session and at its server.
    stage.has_under_way(2 * waiting.len()).await;
    for _ in &waiting {
        client.hears().await;
    }
    let answer = soon(client.calls("one more")).await.unwrap();
    assert!(
        answer.starts_with("ERROR") && answer.contains("Open http://localhost:3000/c/"),
        "{answer}"
    );
    stage.signs_in(None).await;
    for (each, call) in waiting.into_iter().enumerate() {
        assert_eq!(soon(call).await.unwrap(), each.to_string());
    }
    assert_eq!(stage.tools_called(), 128);
}
