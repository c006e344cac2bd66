//! Where documents are published, what they say, and what stands where they are not.

use mcphub_lab::{
    Challenge, Endpoint, Missing, Pkce, Placement, ResourceMetadata, ServerMetadata, Switches,
    World,
};
use serde_json::{Value, json};

use crate::plain::*;

async fn status(url: &str) -> u16 {
    http().get(url).send().await.unwrap().status().as_u16()
}

fn origin(url: &str) -> String {
    url::Url::parse(url).unwrap().origin().ascii_serialization()
}

#[tokio::test]
async fn the_server_metadata_is_at_exactly_one_address() {
    let world = World::start(Switches {
        issuer_path: "/tenant1".to_owned(),
        ..Switches::default()
    })
    .await
    .unwrap();
    let origin = origin(&world.issuer());
    let addresses = [
        (
            ServerMetadata::PathInserted,
            "/.well-known/oauth-authorization-server/tenant1",
        ),
        (
            ServerMetadata::OidcInserted,
            "/.well-known/openid-configuration/tenant1",
        ),
        (
            ServerMetadata::OidcAppended,
            "/tenant1/.well-known/openid-configuration",
        ),
        (
            ServerMetadata::PathAppended,
            "/tenant1/.well-known/oauth-authorization-server",
        ),
        (
            ServerMetadata::RootOnly,
            "/.well-known/oauth-authorization-server",
        ),
    ];
    for (layout, _) in addresses {
        world.switches(|switches| switches.server_metadata = layout);
        for (other, path) in addresses {
            let expected = if layout == other { 200 } else { 404 };
            assert_eq!(
                status(&format!("{origin}{path}")).await,
                expected,
                "{layout:?} {path}"
            );
        }
    }
    world.switches(|switches| switches.server_metadata = ServerMetadata::Absent);
    for (_, path) in addresses {
        assert_eq!(status(&format!("{origin}{path}")).await, 404);
    }
    assert_eq!(world.counts().of(Endpoint::ServerMetadata), 30);
}

#[tokio::test]
async fn the_resource_metadata_is_at_exactly_one_address() {
    let world = World::start(Switches::default()).await.unwrap();
    let origin = origin(&world.mcp_url());
    let addresses = [
        (
            ResourceMetadata::Path,
            "/.well-known/oauth-protected-resource/mcp",
        ),
        (
            ResourceMetadata::Root,
            "/.well-known/oauth-protected-resource",
        ),
        (
            ResourceMetadata::Elsewhere,
            "/documents/practice-resource.json",
        ),
    ];
    for (layout, own) in addresses {
        world.switches(|switches| switches.resource_metadata = layout);
        for (other, path) in addresses {
            let expected = if layout == other { 200 } else { 404 };
            assert_eq!(
                status(&format!("{origin}{path}")).await,
                expected,
                "{layout:?} {path}"
            );
        }
        let refused = mcp(&world, &initialize(), None, None).await;
        let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
        assert!(
            challenge.contains(&format!("resource_metadata=\"{origin}{own}\"")),
            "{challenge}"
        );
    }
}

#[tokio::test]
async fn the_challenge_says_as_much_as_it_is_told_to() {
    let world = World::start(Switches {
        challenge_scope: Some("tools:read".to_owned()),
        ..Switches::default()
    })
    .await
    .unwrap();
    let said = async |challenge| {
        world.switches(|switches| switches.challenge = challenge);
        let refused = mcp(&world, &initialize(), None, None).await;
        assert_eq!(refused.status(), 401);
        refused
            .headers()
            .get("www-authenticate")
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let full = said(Challenge::Full).await.unwrap();
    assert!(
        full.contains("resource_metadata=") && full.contains("scope=\"tools:read\""),
        "{full}"
    );
    let bare = said(Challenge::WithoutMetadata).await.unwrap();
    assert_eq!(bare, "Bearer realm=\"practice\", scope=\"tools:read\"");
    let old = said(Challenge::AuthorizationServer).await.unwrap();
    assert!(
        old.contains(&format!("authorization_server=\"{}\"", world.issuer())),
        "{old}"
    );
    assert_eq!(said(Challenge::Absent).await, None);
}

#[tokio::test]
async fn documents_can_lie_and_leave_things_out() {
    let switches = Switches {
        published_issuer: Some("https://other.test".to_owned()),
        published_resource: Some("https://evil.test/mcp".to_owned()),
        pkce: Pkce::NotOffered,
        resource_scopes: None,
        server_scopes: None,
        revocation: false,
        ..Switches::default()
    };
    let world = World::start(switches).await.unwrap();
    let document =
        async |url: String| -> Value { json_of(http().get(url).send().await.unwrap()).await };
    let server = document(format!(
        "{}/.well-known/oauth-authorization-server",
        world.issuer()
    ))
    .await;
    assert_eq!(server["issuer"], "https://other.test");
    for absent in [
        "code_challenge_methods_supported",
        "scopes_supported",
        "revocation_endpoint",
    ] {
        assert!(server[absent].is_null(), "{absent}");
    }
    let resource = document(format!(
        "{}/.well-known/oauth-protected-resource/mcp",
        origin(&world.mcp_url())
    ))
    .await;
    assert_eq!(resource["resource"], "https://evil.test/mcp");
    assert!(resource["scopes_supported"].is_null());
    world.switches(|switches| switches.pkce = Pkce::Plain);
    let server = document(format!(
        "{}/.well-known/oauth-authorization-server",
        world.issuer()
    ))
    .await;
    assert_eq!(server["code_challenge_methods_supported"], json!(["plain"]));
}

#[tokio::test]
async fn where_nothing_is_published_something_else_can_stand() {
    let world = World::start(Switches::default()).await.unwrap();
    let url = format!("{}/.well-known/openid-configuration", world.issuer());
    let answers = [
        (Missing::NotFound, 404),
        (Missing::Html, 200),
        (Missing::Unauthorized, 401),
        (Missing::Forbidden, 403),
        (Missing::ServerError, 500),
        (Missing::Redirect, 302),
    ];
    for (missing, expected) in answers {
        world.switches(|switches| switches.missing = missing);
        assert_eq!(status(&url).await, expected, "{missing:?}");
    }
}

#[tokio::test]
async fn the_mcp_origin_can_be_the_issuer_too() {
    let switches = Switches {
        placement: Placement::SameOrigin,
        resource_metadata: ResourceMetadata::Absent,
        server_metadata: ServerMetadata::Absent,
        ..Switches::default()
    };
    let world = World::start(switches).await.unwrap();
    assert_eq!(world.issuer(), origin(&world.mcp_url()));
    let (_, tokens) = signed_in(&world).await;
    session(&world, text(&tokens, "access_token")).await;
}
