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

// rule: safe-p07
#[tokio::test]
async fn a_placeholder_is_a_placeholder_still_when_the_token_that_it_bought_is_saved() {
    const NAMED: &str = "${GITHUB_OAUTH_APP_SECRET}";
    let world = World::start(Switches::default()).await.unwrap();
    world.register(Client::robot("robot", AuthMethod::Post, None));
    let oauth = json!({"grantType": "client_credentials", "clientId": "robot", "clientSecret": NAMED,
        "tokenEndpointAuthMethod": "client_secret_post"});
    let settings = json!({"up": {"url": world.mcp_url(), "oauth": oauth}});
    let environment = |name: &str| (name == "GITHUB_OAUTH_APP_SECRET").then(|| "secret".to_owned());
    let desk = Desk::in_environment(settings, environment).await;
    let up = desk.ready().await;
    for id in ["1", "2"] {
        response(call(&up, id, "echo")).await.unwrap();
        world.expire_access_tokens();
    }
    assert!(
        world.requests_at(Endpoint::Token).len() >= 2,
        "minted again"
    );
    let written = std::fs::read_to_string(desk.folder.path().join("mcp_settings.json")).unwrap();
    assert!(
        written.contains("accessToken") && written.contains(NAMED),
        "{written}"
    );
    assert!(!written.contains("\"secret\""), "{written}");
}
