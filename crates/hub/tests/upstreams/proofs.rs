//! Upstreams whose tokens are bound to a key: a proof with each request, and the server's nonce in it.

use lab::{AuthMethod, Client, Endpoint, Switches, World};
use serde_json::json;

use crate::desk::{Desk, call, response};

// rule: rfc9449-7.1, rfc9449-9
#[tokio::test]
async fn each_request_has_a_proof_and_the_nonce_is_asked_for_once() {
    let world = World::start(Switches {
        dpop: true,
        ..Switches::default()
    })
    .await
    .unwrap();
    world.register(Client::robot("robot", AuthMethod::Post, None));
    let oauth = json!({"grantType": "client_credentials", "clientId": "robot", "clientSecret": "secret",
        "tokenEndpointAuthMethod": "client_secret_post"});
    let desk = Desk::with(json!({"up": {"url": world.mcp_url(), "oauth": oauth}})).await;
    let up = desk.ready().await;
    for id in ["1", "2", "3"] {
        response(call(&up, id, "echo")).await.unwrap();
    }
    let mut shown = world.requests_at(Endpoint::Mcp);
    shown.retain(|seen| seen.header("authorization").is_some());
    assert!(shown.len() >= 5, "{}", shown.len());
    for seen in &shown {
        let word = seen.header("authorization").unwrap();
        assert!(word.starts_with("DPoP "), "{word}");
    }
    let refused = shown.iter().filter(|seen| seen.status == Some(401));
    assert_eq!(refused.count(), 1, "the nonce is known from then on");
}
