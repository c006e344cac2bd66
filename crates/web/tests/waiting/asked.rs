//! Clients that can be asked to open a page are asked, each in the way of its revision.

use lab::Switches;
use serde_json::{Value, json};

use crate::client::{Connected, Wire, connect_over};
use crate::stage::{Stage, soon};

async fn client(stage: &Stage, wire: Wire, elicitation: Value, answer: &'static str) -> Connected {
    let can = json!({ "elicitation": elicitation });
    connect_over(wire, &stage.endpoint(), None, (can, answer)).await
}

/// The question that the client was asked, and what else it heard before it.
async fn question(client: &mut Connected) -> Value {
    loop {
        if let Some(asked) = client.hears().await.strip_prefix("asked ") {
            return serde_json::from_str(asked).unwrap();
        }
    }
}

// rule: mcp-elicit-own-page
#[tokio::test]
async fn a_client_that_shakes_hands_is_asked_on_the_stream_of_its_call_and_told_when_it_is_done() {
    let stage = Stage::new().await;
    let mut awaited = stage.hub.sign_ins().awaited();
    let mut client = client(&stage, Wire::Handshake, json!({ "url": {} }), "accept").await;
    let call = client.calls("hello");
    let asked = question(&mut client).await;
    assert!(awaited.try_recv().is_err(), "the client opens the page");
    assert_eq!(asked["mode"], "url");
    let url = asked["url"].as_str().unwrap();
    assert!(url.starts_with("http://localhost:3000/connect/"), "{url}");
    assert!(
        asked["message"]
            .as_str()
            .unwrap()
            .starts_with("practice needs a sign-in")
    );
    let ticket = url.rsplit_once('/').unwrap().1;
    assert!(stage.hub.sign_ins().ticketed(ticket).is_some());
    assert!(!call.is_finished());
    stage.signs_in(None).await;
    assert_eq!(soon(call).await.unwrap(), "hello");
    while client.hears().await != "notifications/elicitation/complete" {}
    assert_eq!(stage.tools_called(), 1);
}

#[tokio::test]
async fn a_client_without_a_session_is_asked_in_the_result_and_its_retry_is_answered() {
    let stage = Stage::new().await;
    let mut awaited = stage.hub.sign_ins().awaited();
    let mut client = client(&stage, Wire::Stateless, json!({ "url": {} }), "accept").await;
    let call = client.calls("hello");
    let asked = question(&mut client).await;
    assert!(awaited.try_recv().is_err(), "the client opens the page");
    assert_eq!(asked["mode"], "url");
    let url = asked["url"].as_str().unwrap();
    assert!(url.starts_with("http://localhost:3000/connect/"), "{url}");
    stage.signs_in(None).await;
    assert_eq!(soon(call).await.unwrap(), "hello");
    assert_eq!(stage.tools_called(), 1);
}

#[tokio::test]
async fn a_client_without_a_session_that_cannot_be_asked_waits_all_the_same() {
    let stage = Stage::new().await;
    let mut client = client(&stage, Wire::Stateless, json!({}), "accept").await;
    let call = client.calls("hello");
    let told = client.hears().await;
    assert!(
        told.starts_with("progress practice needs a sign-in; open "),
        "{told}"
    );
    stage.signs_in(None).await;
    assert_eq!(soon(call).await.unwrap(), "hello");
}

// rule: mcp-elicit-url
#[tokio::test]
async fn a_client_that_takes_forms_alone_is_asked_nothing() {
    let stage = Stage::new().await;
    let mut client = client(&stage, Wire::Handshake, json!({}), "accept").await;
    let call = client.calls("hello");
    let told = client.hears().await;
    assert!(told.starts_with("progress"), "{told}");
    stage.signs_in(None).await;
    assert_eq!(soon(call).await.unwrap(), "hello");
    while let Ok(heard) = client.heard.try_recv() {
        assert!(heard.starts_with("progress"), "{heard}");
    }
}

#[tokio::test]
async fn a_client_whose_person_declines_is_answered_at_once() {
    for wire in [Wire::Handshake, Wire::Stateless] {
        for no in ["decline", "cancel"] {
            let stage = Stage::new().await;
            let mut client = client(&stage, wire, json!({ "url": {} }), no).await;
            let call = client.calls("hello");
            question(&mut client).await;
            let answer = soon(call).await.unwrap();
            assert!(
                answer.contains("the client did not open the link"),
                "{no}: {answer}"
            );
            stage.signs_in(None).await;
            assert_eq!(stage.tools_called(), 0, "{no}");
        }
    }
}

#[tokio::test]
async fn a_client_with_many_calls_is_asked_once() {
    let stage = Stage::with(json!({}), Switches::default()).await;
    let mut client = client(&stage, Wire::Handshake, json!({ "url": {} }), "accept").await;
    let calls = ["a", "b", "c"].map(|text| (text, client.calls(text)));
    question(&mut client).await;
    // Each counts in its session and at its server.
    stage.has_under_way(2 * calls.len()).await;
    stage.signs_in(None).await;
    for (text, call) in calls {
        assert_eq!(soon(call).await.unwrap(), text);
    }
    let mut asked = 0;
    while let Ok(heard) = client.heard.try_recv() {
        asked += usize::from(heard.starts_with("asked"));
    }
    assert_eq!(asked, 0, "and not again");
}
