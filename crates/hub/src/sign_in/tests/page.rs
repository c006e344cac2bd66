//! Tests: what the page of the documentation shows, as a person would write it, against a stand-in.

use lab::{Client, Endpoint, Placement, Registration, Switches};
use serde_json::{Value, json};

use super::bench::{Attempt, Bench, quick};

async fn signs_in(switches: Switches, oauth: impl Fn(&str) -> Value) -> Bench {
    let bench = Bench::with(
        switches,
        |url| json!({ "up": { "type": "sse", "url": url, "oauth": oauth(url) } }),
    )
    .await;
    bench.sign_in().await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    bench
}

#[tokio::test]
async fn basic_auto_detection_with_scopes_and_resource() {
    let bench = signs_in(
        quick(),
        |url| json!({ "scopes": ["tools:read"], "resource": url }),
    )
    .await;
    let asked = bench.world.requests_at(Endpoint::Authorize);
    assert_eq!(asked[0].query("scope").as_deref(), Some("tools:read"));
    assert_eq!(asked[0].query("resource"), Some(bench.world.mcp_url()));
    assert_eq!(
        bench.oauth()["scopes"],
        json!(["tools:read"]),
        "never written by the hub"
    );
}

#[tokio::test]
async fn static_client_credentials_with_endpoints_need_no_discovery() {
    let callback = "http://localhost:3000/oauth/callback";
    let switches = Switches {
        placement: Placement::SameOrigin,
        registration: Registration::Absent,
        challenge: lab::Challenge::Absent,
        iss: lab::Iss::Absent,
        ..quick()
    };
    let bench = Bench::with(switches, |url| {
        let origin = url.trim_end_matches("/mcp");
        json!({ "up": { "url": url, "oauth": {
            "clientId": "mcphub-client", "clientSecret": "replace-me-if-required",
            "authorizationEndpoint": format!("{origin}/authorize"), "tokenEndpoint": format!("{origin}/token"),
            "redirectUri": callback,
        }}})
    })
    .await;
    bench.world.register(Client::by_hand(
        "mcphub-client",
        "replace-me-if-required",
        callback,
    ));
    bench.sign_in().await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    let counts = bench.world.counts();
    let discovery = counts.of(Endpoint::ResourceMetadata) + counts.of(Endpoint::ServerMetadata);
    assert_eq!(discovery + counts.of(Endpoint::Register), 0, "{counts:?}");
}

// rule: rfc7591-3, safe-r04
#[tokio::test]
async fn dynamic_client_registration_with_an_initial_access_token() {
    let switches = Switches {
        registration: Registration::Protected("iat".to_owned()),
        ..quick()
    };
    let callbacks = [
        "http://localhost:3000/oauth/callback",
        "https://mcphub.example.com/oauth/callback",
    ];
    let bench = signs_in(switches, |_| {
        json!({ "dynamicRegistration": {
            "enabled": true,
            "metadata": {
                "client_name": "MCPHub", "redirect_uris": callbacks, "scope": "tools:read tools:call",
                "grant_types": ["authorization_code", "refresh_token"],
            },
            "initialAccessToken": "iat",
        }})
    })
    .await;
    let sent = bench.world.requests_at(Endpoint::Register)[0].json();
    assert_eq!(sent["redirect_uris"], json!(callbacks));
    assert_eq!(sent["scope"], "tools:read tools:call");
    let text = serde_json::to_string(&bench.journal.entries("up")).unwrap();
    assert!(!text.contains("iat\""), "{text}");
}
