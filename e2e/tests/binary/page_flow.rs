//! The sentences of the page "OAuth Support" around its examples: what happens at start-up, in which order, what is shown of it, and
//! what helps. Each test bears the heading under which the page says it.

use std::os::unix::fs::PermissionsExt;

use lab::{Challenge, Endpoint, ResourceMetadata, Switches, World};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::hub::{Hub, free_port};

async fn journal(hub: &Hub, server: &str) -> Vec<Value> {
    let path = format!("/servers/{server}/oauth/journal");
    let entries = hub.api(Method::GET, &path, None).await;
    entries.as_array().expect("the journal is a list").clone()
}

/// The stages of a journal in the order in which they came first.
fn stages(journal: &[Value]) -> Vec<&str> {
    let mut stages = Vec::new();
    for entry in journal {
        let stage = entry["stage"].as_str().expect("an entry has a stage");
        if !stages.contains(&stage) {
            stages.push(stage);
        }
    }
    stages
}

/// On start-up every server is looked at and registered at, whatever the others do; nobody's browser opens.
#[tokio::test]
async fn authorization_flow_initialization() {
    let demanding = World::start(Switches::default()).await.unwrap();
    let open = World::start(Switches {
        token_required: false,
        ..Switches::default()
    })
    .await
    .unwrap();
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let registering = json!({"dynamicRegistration": {"enabled": true}});
    let settings = json!({"mcpServers": {
        "silent": {"url": format!("http://{}/mcp", silent.local_addr().unwrap())},
        "demanding": {"type": "sse", "url": demanding.mcp_url(), "oauth": registering},
        "open": {"type": "sse", "url": open.mcp_url(), "oauth": registering},
    }});

    let desktop = tempfile::tempdir().unwrap();
    let opened = desktop.path().join("opened");
    let browser = desktop.path().join("xdg-open");
    std::fs::write(&browser, format!("#!/bin/sh\n: > {}\n", opened.display())).unwrap();
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = desktop.path().to_str().unwrap();
    let environment = [("PATH", path), ("DISPLAY", ":99")];
    let hub = Hub::start(free_port().await, &settings.to_string(), &environment).await;

    hub.reaches("demanding", "oauth_required").await;
    let free = hub.reaches("open", "connected").await;
    assert!(!free["tools"].as_array().unwrap().is_empty());
    hub.reaches("silent", "connecting").await;
    for (name, world) in [("demanding", &demanding), ("open", &open)] {
        world.until(|counts| counts.registered == 1).await;
        assert_eq!(world.counts().of(Endpoint::Authorize), 0);
        hub.stores(|settings| settings["mcpServers"][name]["oauth"]["clientId"].is_string())
            .await;
        let journal = journal(&hub, name).await;
        assert_eq!(stages(&journal)[..2], ["discovery", "registration"]);
    }
    assert!(!opened.exists(), "a browser was opened");
}

/// A challenge of the older style leads to the authorization server; requests go on by themselves when a token ends.
#[tokio::test]
async fn when_mcphub_switches_to_oauth() {
    let world = World::start(Switches {
        challenge: Challenge::AuthorizationServer,
        resource_metadata: ResourceMetadata::Absent,
        ..Switches::default()
    })
    .await
    .unwrap();
    let settings = json!({"mcpServers": {"older": {"type": "sse", "url": world.mcp_url()}}});
    let hub = Hub::start(free_port().await, &settings.to_string(), &[]).await;
    hub.sign_in("older").await;
    assert!(hub.echo("older", "one").await.to_string().contains("one"));
    world.expire_access_tokens();
    assert!(hub.echo("older", "two").await.to_string().contains("two"));

    let journal = journal(&hub, "older").await;
    let expected = [
        "discovery",
        "registration",
        "authorization_url",
        "callback",
        "token_exchange",
        "connect",
        "refresh",
    ];
    assert_eq!(stages(&journal), expected);
    let log = hub.log();
    for stage in expected {
        assert!(log.contains(stage), "{stage} is not in the log:\n{log}");
    }
    let stored = &hub.settings()["mcpServers"]["older"]["oauth"];
    for secret in ["accessToken", "refreshToken"] {
        let secret = stored[secret].as_str().unwrap();
        assert!(!log.contains(secret) && !json!(journal).to_string().contains(secret));
    }
}

/// Stale tokens are taken out of the file by hand: the next request asks for a fresh login.
#[tokio::test]
async fn tips_and_troubleshooting() {
    let world = World::start(Switches::default()).await.unwrap();
    let settings = json!({"mcpServers": {"stale": {"type": "sse", "url": world.mcp_url()}}});
    let hub = Hub::start(free_port().await, &settings.to_string(), &[]).await;
    hub.sign_in("stale").await;
    world.end_grants();
    hub.edit(|settings| {
        let oauth = settings["mcpServers"]["stale"]["oauth"]
            .as_object_mut()
            .unwrap();
        oauth.remove("accessToken").unwrap();
        oauth.remove("refreshToken").unwrap();
    });
    let call = json!({"toolName": "echo", "arguments": {"text": "x"}});
    let refused = hub.refused(Method::POST, "/tools/call/stale", call).await;
    let link = refused["authorizationUrl"].as_str();
    assert!(
        link.is_some_and(|link| link.starts_with(&world.issuer())),
        "{refused}"
    );
    hub.sign_in("stale").await;
    assert!(
        hub.echo("stale", "again")
            .await
            .to_string()
            .contains("again")
    );
    assert_eq!(world.counts().registered, 1, "the client was kept");
}
