//! The examples of the page "OAuth Support", word for word but for the hosts, which stand-ins on loopback replace. Each test bears the
//! heading under which the page has its example.

use lab::{Client, Endpoint, Registration, Seen, Switches, World};

use crate::hub::{Hub, free_port};

/// The example with its hosts replaced, the longest match first as listed.
fn standing_in(example: &str, hosts: &[(&str, &str)]) -> String {
    hosts.iter().fold(example.to_owned(), |text, (page, ours)| {
        assert!(text.contains(page), "the example does not mention {page}");
        text.replace(page, ours)
    })
}

fn origin(url: &str) -> String {
    let parsed = url::Url::parse(url).expect("an address");
    parsed.origin().ascii_serialization()
}

fn scoped(scopes: &[&str]) -> Switches {
    let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
    Switches {
        server_scopes: Some(scopes.clone()),
        resource_scopes: Some(scopes),
        ..Switches::default()
    }
}

/// What the last request at an endpoint asked for.
fn last(world: &World, endpoint: Endpoint) -> Seen {
    let seen = world.requests_at(endpoint);
    seen.last().expect("there was such a request").clone()
}

/// The two servers of the page's first example, at two stand-ins that register clients.
#[tokio::test]
async fn servers_with_dynamic_registration_support() {
    let vercel = World::start(Switches::default()).await.unwrap();
    let linear = World::start(Switches::default()).await.unwrap();
    let settings = standing_in(
        r#"{
          "mcpServers": {
            "vercel": {
              "type": "sse",
              "url": "https://mcp.vercel.com"
            },
            "linear": {
              "type": "sse",
              "url": "https://mcp.linear.app/mcp"
            }
          }
        }"#,
        &[
            ("https://mcp.vercel.com", &vercel.mcp_url()),
            ("https://mcp.linear.app/mcp", &linear.mcp_url()),
        ],
    );
    let hub = Hub::start(free_port().await, &settings, &[]).await;
    for (name, world) in [("vercel", &vercel), ("linear", &linear)] {
        hub.sign_in(name).await;
        assert!(hub.echo(name, "hello").await.to_string().contains("hello"));
        assert_eq!(world.counts().registered, 1);
        let authorize = last(world, Endpoint::Authorize);
        assert_eq!(
            authorize.query("code_challenge_method").as_deref(),
            Some("S256")
        );
        let stored = &hub.settings()["mcpServers"][name]["oauth"];
        assert!(stored["accessToken"].is_string(), "{stored}");
        assert!(stored["refreshToken"].is_string(), "{stored}");
    }
}

/// GitHub's example: no registration, credentials from the environment, a resource that is the server's origin.
#[tokio::test]
async fn servers_requiring_manual_client_provisioning() {
    let mut switches = scoped(&["replace-with-provider-scope"]);
    switches.registration = Registration::Absent;
    let world = World::start(switches).await.unwrap();
    let resource = origin(&world.mcp_url());
    world.switches(|switches| switches.published_resource = Some(resource.clone()));
    let settings = standing_in(
        r#"{
          "mcpServers": {
            "github": {
              "type": "sse",
              "url": "https://api.githubcopilot.com/mcp/",
              "oauth": {
                "clientId": "${GITHUB_OAUTH_APP_ID}",
                "clientSecret": "${GITHUB_OAUTH_APP_SECRET}",
                "scopes": ["replace-with-provider-scope"],
                "resource": "https://api.githubcopilot.com"
              }
            }
          }
        }"#,
        &[
            ("https://api.githubcopilot.com/mcp/", &world.mcp_url()),
            ("https://api.githubcopilot.com", &resource),
        ],
    );
    let port = free_port().await;
    let callback = format!("http://localhost:{port}/oauth/callback");
    world.register(Client::by_hand(
        "Iv1.made-by-hand",
        "by-hand-too",
        &callback,
    ));
    let credentials = [
        ("GITHUB_OAUTH_APP_ID", "Iv1.made-by-hand"),
        ("GITHUB_OAUTH_APP_SECRET", "by-hand-too"),
    ];
    let hub = Hub::start(port, &settings, &credentials).await;
    hub.sign_in("github").await;
    assert!(
        hub.echo("github", "hello")
            .await
            .to_string()
            .contains("hello")
    );

    assert_eq!(world.counts().of(Endpoint::Register), 0);
    let authorize = last(&world, Endpoint::Authorize);
    assert_eq!(
        authorize.query("client_id").as_deref(),
        Some("Iv1.made-by-hand")
    );
    assert_eq!(
        authorize.query("scope").as_deref(),
        Some("replace-with-provider-scope")
    );
    assert_eq!(authorize.query("resource"), Some(resource.clone()));
    assert_eq!(
        last(&world, Endpoint::Token).form("resource"),
        Some(resource)
    );
    let stored = &hub.settings()["mcpServers"]["github"]["oauth"];
    assert_eq!(stored["clientId"], "${GITHUB_OAUTH_APP_ID}");
    assert_eq!(stored["clientSecret"], "${GITHUB_OAUTH_APP_SECRET}");
    assert!(stored["accessToken"].is_string(), "{stored}");
}

/// Only scopes and a resource are given; the authorization server is found.
#[tokio::test]
async fn basic_auto_detection_minimal_config() {
    let world = World::start(scoped(&["mcp.tools", "mcp.prompts", "mcp.admin"]))
        .await
        .unwrap();
    let resource = origin(&world.mcp_url());
    world.switches(|switches| switches.published_resource = Some(resource.clone()));
    let settings = standing_in(
        r#"{
          "mcpServers": {
            "secured-sse": {
              "type": "sse",
              "url": "https://mcp.example.com/sse",
              "oauth": {
                "scopes": ["mcp.tools", "mcp.prompts"],
                "resource": "https://mcp.example.com"
              }
            }
          }
        }"#,
        &[
            ("https://mcp.example.com/sse", &world.mcp_url()),
            ("https://mcp.example.com", &resource),
        ],
    );
    let hub = Hub::start(free_port().await, &settings, &[]).await;
    hub.sign_in("secured-sse").await;
    let answer = hub.echo("secured-sse", "hello").await;
    assert!(answer.to_string().contains("hello"));
    let authorize = last(&world, Endpoint::Authorize);
    assert_eq!(
        authorize.query("scope").as_deref(),
        Some("mcp.tools mcp.prompts")
    );
    assert_eq!(authorize.query("resource"), Some(resource));
    let stored = &hub.settings()["mcpServers"]["secured-sse"]["oauth"];
    assert!(stored["refreshToken"].is_string(), "{stored}");
}

/// Endpoints, client and redirect URI are all given: nothing is looked up and nothing registered.
#[tokio::test]
async fn static_client_credentials_bring_your_own_client() {
    let world = World::start(Switches::default()).await.unwrap();
    let port = free_port().await;
    let callback = format!("http://localhost:{port}/oauth/callback");
    let by_hand = Client::by_hand("mcphub-client", "replace-me-if-required", &callback);
    world.register(by_hand);
    let example = standing_in(
        r#"{
          "oauth": {
            "clientId": "mcphub-client",
            "clientSecret": "replace-me-if-required",
            "authorizationEndpoint": "https://auth.example.com/oauth/authorize",
            "tokenEndpoint": "https://auth.example.com/oauth/token",
            "redirectUri": "http://localhost:3000/oauth/callback"
          }
        }"#,
        &[
            (
                "https://auth.example.com/oauth/authorize",
                &world.endpoint_url("authorize"),
            ),
            (
                "https://auth.example.com/oauth/token",
                &world.endpoint_url("token"),
            ),
            ("http://localhost:3000/oauth/callback", &callback),
        ],
    );
    let hub = Hub::start(port, &server_with("static", &world, &example), &[]).await;
    hub.sign_in("static").await;
    assert!(
        hub.echo("static", "hello")
            .await
            .to_string()
            .contains("hello")
    );
    let counts = world.counts();
    assert_eq!(counts.of(Endpoint::ResourceMetadata), 0);
    assert_eq!(counts.of(Endpoint::ServerMetadata), 0);
    assert_eq!(counts.of(Endpoint::Register), 0);
    assert_eq!(
        last(&world, Endpoint::Authorize).query("redirect_uri"),
        Some(callback)
    );
}

/// A protected registration endpoint and two redirect URIs, the first of which is this hub's.
#[tokio::test]
async fn dynamic_client_registration_rfc_7591() {
    let mut switches = scoped(&["mcp.tools", "mcp.prompts"]);
    switches.registration = Registration::Protected("optional-token-if-required".to_owned());
    let world = World::start(switches).await.unwrap();
    let resource = origin(&world.mcp_url());
    world.switches(|switches| switches.published_resource = Some(resource.clone()));
    let port = free_port().await;
    let callback = format!("http://localhost:{port}/oauth/callback");
    let example = standing_in(
        r#"{
          "oauth": {
            "dynamicRegistration": {
              "enabled": true,
              "issuer": "https://auth.example.com",
              "metadata": {
                "client_name": "MCPHub",
                "redirect_uris": [
                  "http://localhost:3000/oauth/callback",
                  "https://mcphub.example.com/oauth/callback"
                ],
                "scope": "mcp.tools mcp.prompts",
                "grant_types": ["authorization_code", "refresh_token"]
              },
              "initialAccessToken": "optional-token-if-required"
            },
            "scopes": ["mcp.tools", "mcp.prompts"],
            "resource": "https://mcp.example.com"
          }
        }"#,
        &[
            ("https://auth.example.com", &world.issuer()),
            ("http://localhost:3000/oauth/callback", &callback),
            ("https://mcp.example.com", &resource),
        ],
    );
    let hub = Hub::start(port, &server_with("registered", &world, &example), &[]).await;
    hub.sign_in("registered").await;
    let answer = hub.echo("registered", "hello").await;
    assert!(answer.to_string().contains("hello"));

    let register = last(&world, Endpoint::Register);
    assert_eq!(register.bearer(), Some("optional-token-if-required"));
    let asked = register.json();
    let redirects = serde_json::json!([callback, "https://mcphub.example.com/oauth/callback"]);
    assert_eq!(asked["redirect_uris"], redirects);
    assert_eq!(asked["client_name"], "MCPHub");
    assert_eq!(asked["scope"], "mcp.tools mcp.prompts");
    let stored = &hub.settings()["mcpServers"]["registered"]["oauth"];
    assert!(stored["clientId"].is_string(), "{stored}");
    assert!(stored["accessToken"].is_string(), "{stored}");
    assert_eq!(world.counts().registered, 1);
}

/// The page shows some examples as an `oauth` block alone; this puts one into a server's entry.
fn server_with(name: &str, world: &World, example: &str) -> String {
    let mut entry: serde_json::Value = serde_json::from_str(example).expect("the example is JSON");
    entry["type"] = "sse".into();
    entry["url"] = world.mcp_url().into();
    serde_json::json!({"mcpServers": {name: entry}}).to_string()
}
