//! Authorization requests as tables: what is shown, what is told the client, and what a person is asked about.

use std::collections::HashMap;

use super::super::client::Method;
use super::*;

const ISSUER: &str = "https://hub.example";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn client() -> Client {
    Client {
        id: "c".into(),
        secret: None,
        method: Method::None,
        name: "Claude".into(),
        redirect_uris: vec!["http://127.0.0.1/cb".into()],
        refreshes: true,
        scopes: None,
        issued_at: None,
        is_native: false,
        is_document: false,
    }
}

fn usual() -> Vec<(&'static str, &'static str)> {
    vec![
        ("client_id", "c"),
        ("redirect_uri", "http://127.0.0.1:5000/cb"),
        ("response_type", "code"),
        ("state", "s & t"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("resource", "https://hub.example/mcp/dev"),
    ]
}

/// The usual request with this parameter instead; `None`: without it.
fn with(key: &str, value: Option<&'static str>) -> Vec<(&'static str, &'static str)> {
    let mut request = usual();
    let at = request.iter().position(|(had, _)| *had == key).unwrap();
    match value {
        Some(value) => request[at].1 = value,
        None => _ = request.remove(at),
    }
    request
}

fn asked_of(
    request: &[(&str, &str)],
    client: Client,
    server: &OAuthServer,
) -> Result<Authorization, Refused> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(request);
    let asked = Asked::read(&query.finish()).map_err(Refused::Shown)?;
    let homes = [
        Url::parse(ISSUER).unwrap(),
        Url::parse("http://localhost:3000/hub").unwrap(),
    ];
    let terms = Terms {
        server,
        homes: &homes,
        issuer: ISSUER,
    };
    asked.check(client, &terms)
}

fn asked(request: &[(&str, &str)]) -> Result<Authorization, Refused> {
    asked_of(request, client(), &OAuthServer::default())
}

/// What the client is told at its own address.
fn told(refused: Result<Authorization, Refused>) -> HashMap<String, String> {
    let Err(Refused::Told(url)) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        url.as_str().starts_with("http://127.0.0.1:5000/cb?"),
        "{url}"
    );
    url.query_pairs().into_owned().collect()
}

#[test]
fn a_good_request_says_who_asks_for_what_and_where_he_is_answered() {
    let good = asked(&usual()).unwrap();
    assert_eq!(good.client.name, "Claude");
    assert_eq!(good.redirect_uri.as_str(), "http://127.0.0.1:5000/cb");
    assert_eq!(good.scopes, ["read", "write"]);
    assert_eq!(good.resource.as_deref(), Some("/mcp/dev"));
    assert_eq!(good.challenge, CHALLENGE);
}

// rule: as-issuer-in-answer
#[test]
fn every_answer_has_the_state_and_the_issuer() {
    let good = asked(&usual()).unwrap();
    for url in [good.with_code("word", ISSUER), good.denied(ISSUER)] {
        let said: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(said["state"], "s & t");
        assert_eq!(said["iss"], ISSUER);
    }
    assert!(
        good.with_code("word", ISSUER)
            .query()
            .unwrap()
            .contains("code=word")
    );
    let mut strange = usual();
    strange.push(("scope", "admin"));
    let said = told(asked(&strange));
    assert_eq!(
        (said["state"].as_str(), said["iss"].as_str()),
        ("s & t", ISSUER)
    );
}

// rule: as-redirect-not-registered
#[test]
fn an_address_that_is_not_the_clients_is_shown_and_nobody_is_sent_there() {
    for (address, client) in [
        (Some("https://evil.example/cb"), client()),
        (Some("http://127.0.0.1:5000/other"), client()),
        (Some("javascript:alert(1)"), client()),
        (
            None,
            Client {
                redirect_uris: vec!["http://127.0.0.1/a".into(), "http://127.0.0.1/b".into()],
                ..client()
            },
        ),
        (
            Some("javascript:alert(1)"),
            Client {
                redirect_uris: vec!["javascript:alert(1)".into()],
                ..client()
            },
        ),
    ] {
        // Everything else is wrong, too.
        let mut request = with("redirect_uri", address);
        request.retain(|(key, _)| !matches!(*key, "code_challenge" | "response_type"));
        let refused = asked_of(&request, client, &OAuthServer::default());
        assert!(
            matches!(refused, Err(Refused::Shown(Shown::Redirect(_)))),
            "{address:?}: {refused:?}"
        );
    }
    let only = Client {
        redirect_uris: vec!["https://a.example/cb".into()],
        ..client()
    };
    let alone = asked_of(&with("redirect_uri", None), only, &OAuthServer::default()).unwrap();
    assert_eq!(alone.redirect_uri.as_str(), "https://a.example/cb");
}

// rule: as-request-twice
#[test]
fn what_is_there_twice_is_refused() {
    for (key, value) in [
        ("client_id", "c"),
        ("redirect_uri", "http://127.0.0.1:5000/cb"),
    ] {
        let mut request = usual();
        request.push((key, value));
        assert_eq!(
            asked(&request),
            Err(Refused::Shown(Shown::NoClient)),
            "{key}"
        );
    }
    for (key, value) in [
        ("state", "x"),
        ("code_challenge", CHALLENGE),
        ("response_type", "code"),
    ] {
        let mut request = usual();
        request.push((key, value));
        assert_eq!(told(asked(&request))["error"], "invalid_request", "{key}");
    }
    assert_eq!(Asked::read(""), Err(Shown::NoClient));
    assert_eq!(Asked::read("client_id="), Err(Shown::NoClient));
    let long = format!("client_id=c&x={}", "y".repeat(LONGEST));
    assert_eq!(Asked::read(&long), Err(Shown::NoClient));
}

// rule: rfc7636-4.4.1
#[test]
fn without_a_challenge_of_s256_nobody_gets_a_code() {
    for request in [
        with("code_challenge", None),
        with("code_challenge", Some("")),
        with("code_challenge", Some("short")),
        with(
            "code_challenge",
            Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw=cM"),
        ),
        with("code_challenge_method", None),
        with("code_challenge_method", Some("plain")),
        with("code_challenge_method", Some("s256")),
    ] {
        assert_eq!(
            told(asked(&request))["error"],
            "invalid_request",
            "{request:?}"
        );
    }
}

#[test]
fn only_a_code_is_answered() {
    let implicit = told(asked(&with("response_type", Some("token"))));
    assert_eq!(implicit["error"], "unsupported_response_type");
    assert!(!implicit.contains_key("code"));
    assert_eq!(
        told(asked(&with("response_type", None)))["error"],
        "invalid_request"
    );
}

// rule: rfc8707-2.1
#[test]
fn a_resource_that_is_not_this_hub_is_refused() {
    for resource in [
        "https://other.example/mcp",
        "http://hub.example/mcp",
        "https://hub.example:444/mcp",
        "https://hub.example.evil/mcp",
        "https://hub.example@evil.example/mcp",
        "https://hub.example/mcp#x",
        "https://hub.example/mcp?x=1",
        "http://localhost:3000/hubs/mcp",
        "http://localhost:3000/mcp",
        "mcp",
        "",
    ] {
        let said = told(asked(&with("resource", Some(resource))));
        assert_eq!(said["error"], "invalid_target", "{resource}");
    }
    let path = |resource| asked(&with("resource", Some(resource))).unwrap().resource;
    assert_eq!(path("https://hub.example/mcp/").as_deref(), Some("/mcp"));
    assert_eq!(path("https://HUB.example:443/mcp").as_deref(), Some("/mcp"));
    assert_eq!(
        path("http://localhost:3000/hub/sse").as_deref(),
        Some("/sse")
    );
    assert_eq!(path("https://hub.example/api").as_deref(), Some("/api"));
    assert_eq!(path("https://hub.example"), None);
    assert_eq!(asked(&with("resource", None)).unwrap().resource, None);
    let mut two = usual();
    two.push(("resource", "https://hub.example/api"));
    assert_eq!(told(asked(&two))["error"], "invalid_target");
    let mut same = usual();
    same.push(("resource", "https://hub.example/mcp/dev/"));
    assert!(asked(&same).is_ok());
}

// rule: rfc6749-3.3
#[test]
fn nobody_gets_a_scope_that_the_hub_or_the_client_does_not_have() {
    let scopes = |scope: &'static str, own: Option<&[&str]>| {
        let mut request = usual();
        request.push(("scope", scope));
        let scopes = own.map(|own| own.iter().map(|word| (*word).to_owned()).collect());
        let client = Client { scopes, ..client() };
        asked_of(&request, client, &OAuthServer::default())
    };
    let got = |scope, own| scopes(scope, own).unwrap().scopes.join(" ");
    assert_eq!(got("read", None), "read");
    assert_eq!(got("write read write offline_access", None), "write read");
    assert_eq!(got("", Some(&["read"])), "read");
    assert_eq!(got("read write", Some(&["read"])), "read");
    assert_eq!(told(scopes("admin", None))["error"], "invalid_scope");
    assert_eq!(
        told(scopes("write", Some(&["read"])))["error"],
        "invalid_scope"
    );
}

// rule: mcphub-require-state, mcphub-require-client-secret
#[test]
fn what_the_settings_ask_for_is_asked_for() {
    let server = OAuthServer {
        require_state: true,
        ..OAuthServer::default()
    };
    for request in [with("state", None), with("state", Some(""))] {
        let refused = asked_of(&request, client(), &server);
        assert_eq!(told(refused)["error"], "invalid_request");
    }
    assert!(asked_of(&usual(), client(), &server).is_ok());
    let server = OAuthServer {
        require_client_secret: true,
        ..OAuthServer::default()
    };
    let refused = asked_of(&usual(), client(), &server);
    assert_eq!(told(refused)["error"], "unauthorized_client");
}
