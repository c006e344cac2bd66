//! The documents by which clients find their way.

use http::{Method, StatusCode, header};
use serde_json::json;

use crate::client::{HUB, initialize, settings, stage};
use crate::stage::{Stage, request};

const SERVER: &str = "/.well-known/oauth-authorization-server";
const RESOURCE: &str = "/.well-known/oauth-protected-resource";

// rule: as-resource-metadata-pointer, as-resource-metadata-address
#[tokio::test]
async fn a_refused_client_is_led_to_the_metadata_of_the_very_endpoint_that_it_asked() {
    let stage = stage().await;
    for (path, behind) in [
        ("/mcp", ""),
        ("/mcp/dev", "/mcp/dev"),
        ("/mcp/io.github/server", "/mcp/io.github/server"),
        ("/sse/dev", "/sse/dev"),
        ("/messages", "/sse"),
        ("/alice/messages", "/alice/sse"),
        ("/mcp/messages", "/mcp/messages"),
        ("/sse/messages", "/sse/messages"),
        ("/alice/mcp", "/alice/mcp"),
    ] {
        let refused = initialize(&stage, path, "").await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{path}");
        let challenge = refused.header(header::WWW_AUTHENTICATE);
        let document = format!("{HUB}{RESOURCE}{behind}");
        let pointer = format!("resource_metadata=\"{document}\"");
        assert!(challenge.ends_with(&pointer), "{path}: {challenge}");
        let found = stage.get(document.strip_prefix(HUB).unwrap()).await.json();
        let resource = if behind.is_empty() { "/mcp" } else { behind };
        assert_eq!(found["resource"], format!("{HUB}{resource}"));
        assert_eq!(found["authorization_servers"], json!([HUB]));
        assert_eq!(found["scopes_supported"], json!(["read", "write"]));
    }
    let none = stage.get(&format!("{RESOURCE}/oauth/token")).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

// rule: rfc9113-8.3.1
#[tokio::test]
async fn a_name_that_stands_in_the_address_counts_as_one_in_the_header() {
    let stage = stage().await;
    let address = "http://localhost:4444/.well-known/oauth-authorization-server";
    let mut request = request(Method::GET, address);
    request.headers_mut().remove(header::HOST);
    let document = stage.send(request).await.json();
    assert_eq!(document["issuer"], "http://localhost:4444");
}

// rule: as-resource-metadata-address
#[tokio::test]
async fn metadata_speaks_of_the_address_that_was_asked() {
    let mut public = settings();
    public["systemConfig"]["install"] = json!({ "baseUrl": "https://hub.example.com/" });
    let stage = Stage::new(&public.to_string()).await;
    let resource = async |headers: &[(&'static str, &str)]| {
        let mut request = request(Method::GET, &format!("{RESOURCE}/mcp"));
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let document = stage.send(request).await.json();
        let issuer = document["authorization_servers"][0].as_str().unwrap();
        let resource = document["resource"].as_str().unwrap();
        assert_eq!(resource, format!("{issuer}/mcp"));
        issuer.to_owned()
    };
    for (headers, expected) in [
        (
            &[("host", "hub.example.com")][..],
            "https://hub.example.com",
        ),
        (&[("host", "127.0.0.1:3000")], "http://127.0.0.1:3000"),
        (&[("host", "localhost:3000")], "http://localhost:3000"),
        (
            &[("host", "127.0.0.1:3000"), ("x-forwarded-for", "192.0.2.1")],
            "https://hub.example.com",
        ),
    ] {
        assert_eq!(resource(headers).await, expected, "{headers:?}");
    }
}

#[tokio::test]
async fn the_server_says_what_it_does() {
    let stage = stage().await;
    for path in [SERVER.to_owned(), format!("{SERVER}/mcp/dev")] {
        let document = stage.get(&path).await.json();
        assert_eq!(document["issuer"], HUB);
        for (key, expected) in [
            ("authorization_endpoint", "authorize"),
            ("token_endpoint", "token"),
            ("registration_endpoint", "register"),
            ("revocation_endpoint", "revoke"),
        ] {
            assert_eq!(document[key], format!("{HUB}/oauth/{expected}"));
        }
        assert_eq!(
            document["code_challenge_methods_supported"],
            json!(["S256"])
        );
        assert_eq!(document["response_types_supported"], json!(["code"]));
        assert_eq!(
            document["authorization_response_iss_parameter_supported"],
            true
        );
        assert_eq!(document["client_id_metadata_document_supported"], false);
    }
}

#[tokio::test]
async fn with_a_prefix_the_documents_are_where_clients_look() {
    let stage = Stage::with(&settings().to_string(), |options| {
        options.base_path = "/hub".into()
    })
    .await;
    for path in [
        format!("/hub{RESOURCE}/mcp/dev"),
        format!("{RESOURCE}/hub/mcp/dev"),
    ] {
        let document = stage.get(&path).await.json();
        assert_eq!(document["resource"], format!("{HUB}/hub/mcp/dev"), "{path}");
    }
    let document = stage.get(&format!("{SERVER}/hub")).await.json();
    assert_eq!(document["issuer"], format!("{HUB}/hub"));
    assert_eq!(document["token_endpoint"], format!("{HUB}/hub/oauth/token"));
}

// rule: mcphub-oauth-server-off
#[tokio::test]
async fn switched_off_there_is_nothing_of_it() {
    let mut off = settings();
    off["systemConfig"]["oauthServer"] = json!({ "enabled": false });
    let stage = Stage::new(&off.to_string()).await;
    for (method, path) in [
        (Method::GET, SERVER),
        (Method::GET, "/oauth/authorize?client_id=c"),
        (Method::POST, "/oauth/authorize?client_id=c"),
        (Method::POST, "/oauth/token"),
        (Method::POST, "/oauth/register"),
        (Method::POST, "/oauth/revoke"),
        (Method::GET, "/oauth/userinfo"),
    ] {
        let answer = stage.ask_as(None, method, path, None).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    let document = stage.get(RESOURCE).await.json();
    assert_eq!(document["resource"], format!("{HUB}/mcp"));
    assert!(document.get("authorization_servers").is_none());
}

// rule: mcphub-cors-no-credentials
#[tokio::test]
async fn pages_of_this_machine_may_read_what_clients_in_a_browser_need_and_no_more() {
    let stage = stage().await;
    for (method, path) in [
        (Method::GET, SERVER),
        (Method::GET, RESOURCE),
        (Method::OPTIONS, "/oauth/register"),
        (Method::OPTIONS, "/oauth/token"),
        (Method::POST, "/oauth/token"),
    ] {
        let mut asked = request(method.clone(), path);
        let page = "http://localhost:6274".parse().unwrap();
        asked.headers_mut().insert(header::ORIGIN, page);
        let answer = stage.send(asked).await;
        assert_eq!(
            answer.header(header::ACCESS_CONTROL_ALLOW_ORIGIN),
            "*",
            "{method} {path}"
        );
        assert_eq!(answer.header(header::ACCESS_CONTROL_ALLOW_CREDENTIALS), "");
        let mut evil = request(method, path);
        let page = "https://evil.test".parse().unwrap();
        evil.headers_mut().insert(header::ORIGIN, page);
        assert_eq!(
            stage.send(evil).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    let page = stage
        .ask_as(None, Method::GET, "/oauth/authorize", None)
        .await;
    assert_eq!(page.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "");
}
