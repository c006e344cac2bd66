//! The call waits, and the same call is answered.

use std::collections::BTreeMap;

use hub::sign_in::Account;
use lab::{Endpoint, Switches};
use serde_json::json;

use crate::client::{connect, connect_as};
use crate::stage::{Stage, soon};

#[tokio::test]
async fn a_call_that_misses_a_sign_in_is_told_where_to_sign_in_and_answered_once_somebody_has() {
    let stage = Stage::new().await;
    let mut client = connect(&stage.endpoint()).await;
    let call = client.calls("hello");
    let told = client.hears().await;
    assert!(
        told.starts_with("progress practice needs a sign-in; open http://localhost:3000/c/"),
        "{told}"
    );
    assert!(!told.contains(&stage.world.issuer()), "{told}");
    stage.signs_in(None).await;
    assert_eq!(soon(call).await.unwrap(), "hello");
    assert_eq!(stage.tools_called(), 1);
}

#[tokio::test]
async fn twenty_clients_wait_for_one_sign_in_and_all_are_answered() {
    let stage = Stage::new().await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(connect(&stage.endpoint()).await);
    }
    let calls: Vec<_> = (0..)
        .zip(&clients)
        .map(|(each, client)| client.calls(&each.to_string()))
        .collect();
    for client in &mut clients {
        client.hears().await;
    }
    stage.signs_in(None).await;
    for (each, call) in (0..20).zip(calls) {
        assert_eq!(soon(call).await.unwrap(), each.to_string());
    }
    let world = &stage.world;
    assert_eq!(world.requests_at(Endpoint::Authorize).len(), 1);
    assert_eq!(world.counts().registered, 1);
    assert_eq!(stage.tools_called(), 20, "each call was executed once");
}

#[tokio::test]
async fn whoever_started_the_hub_is_told_once_of_a_sign_in_that_clients_cannot_show() {
    let stage = Stage::new().await;
    let mut awaited = stage.hub.sign_ins().awaited();
    let (mut first, mut second) = (
        connect(&stage.endpoint()).await,
        connect(&stage.endpoint()).await,
    );
    let calls = [first.calls("1"), second.calls("2")];
    let (told, _) = (first.hears().await, second.hears().await);
    let asked = soon(awaited.recv()).await.unwrap();
    assert_eq!(asked.account, Account::shared("practice"));
    assert!(told.contains(&asked.ticket.short), "{told}");
    assert!(awaited.try_recv().is_err(), "two calls are one sign-in");
    stage.signs_in(None).await;
    for call in calls {
        assert!(!soon(call).await.unwrap().starts_with("ERROR"));
    }
    assert!(awaited.try_recv().is_err());
}

// rule: safe-l12
#[tokio::test]
async fn a_tool_that_wants_more_scopes_waits_for_them_and_is_sent_again_once() {
    let mut switches = Switches {
        tool_scopes: BTreeMap::from([("whoami".to_owned(), "tools:admin".to_owned())]),
        ..Switches::default()
    };
    if let Some(scopes) = &mut switches.server_scopes {
        scopes.push("tools:admin".to_owned());
    }
    let stage = Stage::with(json!({}), switches).await;
    let mut client = connect(&stage.endpoint()).await;
    stage.signs_in(None).await;
    let other = client.calls("before");
    assert_eq!(soon(other).await.unwrap(), "before");
    let call = client.calls_tool("whoami", &json!({}));
    assert!(client.hears().await.contains("needs a sign-in"));
    let other = client.calls("meanwhile");
    assert_eq!(soon(other).await.unwrap(), "meanwhile", "others go on");
    stage.signs_in(None).await;
    let answer = soon(call).await.unwrap();
    assert!(!answer.starts_with("ERROR"), "{answer}");
    assert_eq!(stage.tools_called(), 3);
}

#[tokio::test]
async fn each_user_of_a_server_waits_for_the_own_sign_in() {
    let key = |id: &str| json!({ "id": id, "token": id, "enabled": true, "kind": "user", "owner": id, "accessType": "all" });
    let settings = json!({
        "practice": { "visibility": "public", "oauth": { "tokens": "per_user" } },
        "users": [{ "username": "alice" }, { "username": "bob" }],
        "bearerKeys": [key("alice"), key("bob")],
    });
    let stage = Stage::with(settings, Switches::default()).await;
    let mut alice = connect_as(&stage.endpoint(), Some("alice"), json!({}), "").await;
    let mut bob = connect_as(&stage.endpoint(), Some("bob"), json!({}), "").await;
    let (of_alice, of_bob) = (alice.calls("alice"), bob.calls("bob"));
    let (told_alice, told_bob) = (alice.hears().await, bob.hears().await);
    assert_ne!(told_alice, told_bob, "each has a link of the own");
    stage.signs_in(Some("alice")).await;
    assert_eq!(soon(of_alice).await.unwrap(), "alice");
    assert!(!of_bob.is_finished());
    assert_eq!(stage.tools_called(), 1);
    stage.signs_in(Some("bob")).await;
    assert_eq!(soon(of_bob).await.unwrap(), "bob");
}
