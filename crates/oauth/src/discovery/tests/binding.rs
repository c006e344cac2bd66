//! Tests: metadata that another host publishes for the issuer of the settings, and where it may lead secrets.

use super::*;
use crate::policy::GivenClient;

const NAMED: &str = "https://named.test";
const NAMED_PLACE: &str = "https://named.test/.well-known/oauth-authorization-server";

/// The listed server's document, which names another issuer; its token endpoint is given.
fn claim(token: &str) -> String {
    metadata_of("https://as.test")
        .replace(
            r#""issuer":"https://as.test""#,
            r#""issuer":"https://named.test""#,
        )
        .replace("https://as.test/token", token)
}

fn world(token: &str) -> Play {
    Play::new().json(PRM, &prm()).json(AS, &claim(token))
}

fn named() -> Policy {
    Policy {
        issuer: Some(NAMED.to_owned()),
        ..policy()
    }
}

fn confidential() -> Policy {
    Policy {
        client: Some(GivenClient {
            id: "c1".to_owned(),
            secret: Some("s1".into()),
        }),
        ..named()
    }
}

fn used(token_endpoint: &str) -> Known {
    Known {
        used: vec![Used {
            issuer: NAMED.to_owned(),
            token_endpoint: token_endpoint.to_owned(),
        }],
        ..Known::default()
    }
}

fn search(play: &mut Play, policy: Policy, known: Known) -> Result<Discovered, DiscoveryError> {
    play.run(Discovery::start(Arc::new(policy), known))
}

// rule: safe-d01, rfc8414-3.3
#[test]
fn a_named_issuer_that_publishes_its_own_metadata_is_believed_before_another_one() {
    let evil = "https://evil.test/token";
    let mut play = world(evil).json(NAMED_PLACE, &metadata_of(NAMED));
    let found = search(&mut play, confidential(), Known::default()).unwrap();
    assert_eq!(
        found.server.token_endpoint.as_str(),
        "https://named.test/token"
    );
    assert_eq!(found.server.issuer.as_deref(), Some(NAMED));
    assert!(play.addresses().iter().all(|asked| !asked.contains("evil")));
}

// rule: safe-d01
#[test]
fn whether_the_named_issuer_publishes_something_must_be_known_first() {
    let mut play = world("https://as.test/token").status(NAMED_PLACE, 503, "");
    let error = search(&mut play, named(), Known::default()).unwrap_err();
    assert!(error.is_transient(), "{error}");
}

// rule: safe-d01, safe-d13, mcp-auth-server-binding
#[test]
fn once_signed_in_a_token_endpoint_elsewhere_is_refused_until_the_settings_name_it() {
    let evil = "https://evil.test/token";
    let known = || used("https://as.test/token");
    let error = search(&mut world(evil), named(), known()).unwrap_err();
    let expected = DiscoveryError::TokenEndpointMoved {
        by: "https://as.test".to_owned(),
        before: "https://as.test".to_owned(),
        found: evil.to_owned(),
    };
    assert_eq!(error, expected);
    assert!(error.to_string().contains("oauth.tokenEndpoint"), "{error}");
    let settled = Policy {
        token_endpoint: Some(evil.to_owned()),
        ..named()
    };
    assert!(search(&mut world(evil), settled, known()).is_ok());
    // Another path on the same host, and the issuer's own host, are no move.
    for good in ["https://as.test/v2/token", "https://named.test/token"] {
        let found = search(&mut world(good), named(), known()).unwrap();
        assert_eq!(found.server.token_endpoint.as_str(), good);
    }
}

// rule: safe-d01, mcp-auth-server-binding
#[test]
fn a_secret_of_the_settings_does_not_go_where_another_host_leads() {
    let there = "https://as.test/token";
    let error = search(&mut world(there), confidential(), Known::default()).unwrap_err();
    let shown = error.to_string();
    assert!(
        matches!(error, DiscoveryError::SecretElsewhere { .. }),
        "{shown}"
    );
    assert!(shown.contains("oauth.tokenEndpoint"), "{shown}");
    let own = "https://named.test/token";
    assert!(search(&mut world(own), confidential(), Known::default()).is_ok());
    assert!(search(&mut world(there), confidential(), used(there)).is_ok());
    let mut with_token = named();
    with_token.register.initial_access_token = Some("iat".into());
    let error = search(&mut world(own), with_token.clone(), Known::default()).unwrap_err();
    assert!(
        error.to_string().contains("registrationEndpoint"),
        "{error}"
    );
    with_token.registration_endpoint = Some("https://as.test/register".to_owned());
    assert!(search(&mut world(own), with_token, Known::default()).is_ok());
}

// rule: mcp-auth-server-binding
#[test]
fn tokens_are_not_revoked_and_no_code_is_fetched_where_another_host_leads() {
    let find = |endpoint: &str, raw: &str| {
        let one = format!(r#"{{"{endpoint}":"{raw}","#);
        let body = claim("https://as.test/token").replacen('{', &one, 1);
        let mut play = Play::new().json(PRM, &prm()).json(AS, &body);
        let server = search(&mut play, named(), Known::default()).unwrap().server;
        let of_device = server.device_authorization_endpoint;
        server.revocation_endpoint.or(of_device)
    };
    for endpoint in ["revocation_endpoint", "device_authorization_endpoint"] {
        assert_eq!(find(endpoint, "https://evil.test/here"), None);
        assert!(find(endpoint, "https://as.test/here").is_some());
        assert!(find(endpoint, "https://named.test/here").is_some());
    }
}

// rule: mcp-auth-server-binding
#[test]
fn an_issuer_may_move_its_own_token_endpoint_and_that_is_noted() {
    let body = metadata().replace("https://as.test/token", "https://login.as.test/token");
    let known = Known {
        used: vec![Used {
            issuer: "https://as.test".to_owned(),
            token_endpoint: "https://as.test/token".to_owned(),
        }],
        ..Known::default()
    };
    let mut play = Play::new().json(PRM, &prm()).json(AS, &body);
    let found = search(&mut play, policy(), known).unwrap();
    assert_eq!(found.notes[0].rule, "mcp-auth-server-binding");
}

// rule: rfc9728-2
#[test]
fn of_several_servers_one_that_cannot_be_used_is_passed_over() {
    let body = format!(
        r#"{{"resource":"{MCP}","authorization_servers":["https://weak.test","https://as.test"]}}"#
    );
    let weak = metadata_of("https://weak.test").replace("S256", "plain");
    let place = "https://weak.test/.well-known/oauth-authorization-server";
    let world = || Play::new().json(PRM, &body).json(place, &weak);
    let mut play = world().json(AS, &metadata());
    let found = search(&mut play, policy(), Known::default()).unwrap();
    assert_eq!(found.server.issuer.as_deref(), Some("https://as.test"));
    assert_eq!(found.notes[0].rule, "rfc9728-2");
    let error = search(&mut world(), policy(), Known::default()).unwrap_err();
    assert!(
        matches!(error, DiscoveryError::PkceNotOffered { .. }),
        "{error}"
    );
    // Which of several speaks for the issuer of the settings shows only in their metadata.
    let chosen = Policy {
        issuer: Some(NAMED.to_owned()),
        ..policy()
    };
    let first = metadata_of("https://weak.test");
    let second = claim("https://as.test/token");
    let mut play = Play::new()
        .json(PRM, &body)
        .json(place, &first)
        .json(AS, &second);
    let found = search(&mut play, chosen, Known::default()).unwrap();
    assert_eq!(found.server.issuer.as_deref(), Some(NAMED));
}

// rule: mcp-auth-discovery-cache
#[test]
fn fresh_metadata_is_not_asked_for_again_and_passes_the_same_checks() {
    let mut play = Play::new().json(PRM, &prm()).json(AS, &metadata());
    let first = search(&mut play, policy(), Known::default()).unwrap();
    let known = |document: Document| Known {
        documents: vec![document],
        ..Known::default()
    };
    let document = first.document.unwrap();
    let mut play = Play::new().json(PRM, &prm());
    let again = search(&mut play, policy(), known(document.clone())).unwrap();
    assert_eq!(again.server, first.server);
    assert_eq!(play.addresses(), [PRM]);
    // One of another place or another issuer is not it.
    let elsewhere = Document {
        place: "https://evil.test/x".to_owned(),
        ..document.clone()
    };
    let mut play = Play::new().json(PRM, &prm()).json(AS, &metadata());
    search(&mut play, policy(), known(elsewhere)).unwrap();
    assert_eq!(play.addresses(), [PRM, AS]);
    let mut weaker = document;
    weaker.members.remove("code_challenge_methods_supported");
    let mut play = Play::new().json(PRM, &prm());
    let error = search(&mut play, policy(), known(weaker)).unwrap_err();
    assert!(
        matches!(error, DiscoveryError::PkceNotOffered { .. }),
        "{error}"
    );
}
