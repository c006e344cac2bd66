//! Tests: the order of places, and who may speak for whom.

mod binding;
mod limits;
mod proofs;

use proptest::prelude::*;

use super::*;
use crate::play::Play;
use crate::policy::ResourceRule;

const MCP: &str = "https://mcp.test/mcp";
const PRM: &str = "https://mcp.test/.well-known/oauth-protected-resource/mcp";
const PRM_ROOT: &str = "https://mcp.test/.well-known/oauth-protected-resource";
const AS: &str = "https://as.test/.well-known/oauth-authorization-server";
const OIDC: &str = "https://as.test/.well-known/openid-configuration";

fn policy() -> Policy {
    Policy::new(MCP, "http://localhost:3000/oauth/callback")
}

fn prm() -> String {
    prm_of(MCP, "https://as.test")
}

fn prm_of(resource: &str, issuer: &str) -> String {
    format!(r#"{{"resource":"{resource}","authorization_servers":["{issuer}"]}}"#)
}

fn metadata_of(issuer: &str) -> String {
    format!(
        r#"{{"issuer":"{issuer}","authorization_endpoint":"{issuer}/authorize","token_endpoint":"{issuer}/token",
        "registration_endpoint":"{issuer}/register","code_challenge_methods_supported":["S256"]}}"#
    )
}

fn metadata() -> String {
    metadata_of("https://as.test")
}

fn discover(
    play: &mut Play,
    policy: Policy,
    line: Option<&str>,
) -> Result<Discovered, DiscoveryError> {
    let challenge = line.and_then(|line| Challenge::parse([line]));
    play.run(Discovery::start(Arc::new(policy), challenge))
}

// rule: mcp-auth-discovery-order
#[test]
fn the_challenges_address_is_asked_first_and_is_enough() {
    let mut play = Play::new()
        .json("https://mcp.test/custom", &prm())
        .json(AS, &metadata());
    let found = discover(
        &mut play,
        policy(),
        Some(r#"Bearer resource_metadata="/custom""#),
    )
    .unwrap();
    assert_eq!(play.addresses(), ["https://mcp.test/custom", AS]);
    assert_eq!(found.server.issuer.as_deref(), Some("https://as.test"));
    assert_eq!(
        found.server.token_endpoint.as_str(),
        "https://as.test/token"
    );
    assert_eq!(found.resource.as_deref(), Some(MCP));
}

// rule: at-22, mcp-auth-discovery-order
#[test]
fn the_path_comes_before_the_root_and_a_4xx_is_a_miss() {
    let mut play = Play::new()
        .status(PRM, 401, "")
        .json(PRM_ROOT, &prm())
        .status(AS, 403, "")
        .json(OIDC, &metadata());
    discover(&mut play, policy(), None).unwrap();
    assert_eq!(play.addresses(), [PRM, PRM_ROOT, AS, OIDC]);
}

// rule: rfc8414-3.1
#[test]
fn an_issuer_with_a_path_has_its_own_order_of_places() {
    let issuer = "https://as.test/t/1";
    let mut play = Play::new().json(PRM, &prm_of(MCP, issuer));
    let error = discover(&mut play, policy(), None).unwrap_err();
    assert_eq!(
        error,
        DiscoveryError::NoServerMetadata {
            issuer: issuer.to_owned()
        }
    );
    assert_eq!(
        play.addresses()[1..],
        [
            "https://as.test/.well-known/oauth-authorization-server/t/1",
            "https://as.test/.well-known/openid-configuration/t/1",
            "https://as.test/t/1/.well-known/openid-configuration",
            "https://as.test/t/1/.well-known/oauth-authorization-server",
        ]
    );
}

// rule: safe-d11, rfc8414-3.1
#[test]
fn an_issuer_with_a_path_is_found_at_its_third_place() {
    let issuer = "https://as.test/t/1";
    let third = "https://as.test/t/1/.well-known/openid-configuration";
    let mut play = Play::new()
        .json(PRM, &prm_of(MCP, issuer))
        .json(third, &metadata_of(issuer));
    let found = discover(&mut play, policy(), None).unwrap();
    assert_eq!(found.server.issuer.as_deref(), Some(issuer));
    assert_eq!(play.asked.len(), 4, "{:?}", play.addresses());
    assert_eq!(play.addresses()[3], third);
}

// rule: at-23, safe-d10
#[test]
fn a_page_at_the_first_address_only_goes_on_to_the_next() {
    let mut play = Play::new()
        .json(PRM, &prm())
        .json(AS, "<!doctype html>")
        .json(OIDC, &metadata());
    discover(&mut play, policy(), None).unwrap();
    let mut play = Play::new()
        .json(PRM, &prm())
        .json(AS, r#"{"message":"hello"}"#)
        .json(OIDC, &metadata());
    discover(&mut play, policy(), None).unwrap();
}

// rule: at-34, rfc8414-3.3, safe-d01
#[test]
fn an_issuer_is_compared_as_a_string_and_the_settings_may_name_another() {
    for (listed, says) in [
        ("https://as.test", "https://cf.as.test"),
        ("https://as.test", "https://as.test/"),
        ("https://as.test/", "https://as.test"),
        ("https://as.test", "https://AS.test"),
        ("https://as.test", "https://as.test:443"),
    ] {
        let world = || {
            Play::new()
                .json(PRM, &prm_of(MCP, listed))
                .json(AS, &metadata_of(says))
                .json(OIDC, &metadata_of(listed))
        };
        let error = discover(&mut world(), policy(), None).unwrap_err();
        assert_eq!(
            error,
            DiscoveryError::IssuerMismatch {
                asked: listed.to_owned(),
                found: says.to_owned()
            }
        );
        assert!(
            error
                .to_string()
                .contains(&format!("set oauth.issuer to {says:?}")),
            "{error}"
        );
        let named = Policy {
            issuer: Some(says.to_owned()),
            ..policy()
        };
        let found = discover(&mut world(), named, None).unwrap();
        assert_eq!(found.server.issuer.as_deref(), Some(says));
        assert_eq!(found.notes.len(), 1, "{:?}", found.notes);
    }
    let own = Policy {
        issuer: Some("https://as.test".to_owned()),
        ..policy()
    };
    let mut play = Play::new().json(PRM, &prm()).json(AS, &metadata());
    let found = discover(&mut play, own.clone(), None).unwrap();
    assert!(found.notes.is_empty(), "{:?}", found.notes);
    let mut play = (Play::new().json(PRM, &prm())).json(AS, &metadata_of("https://third.test"));
    let error = discover(&mut play, own, None).unwrap_err();
    assert!(
        matches!(error, DiscoveryError::IssuerMismatch { .. }),
        "{error}"
    );
}

// rule: rfc8414-3.3, safe-d02
#[test]
fn metadata_without_an_issuer_needs_the_settings_word() {
    let body = metadata().replace(r#""issuer":"https://as.test","#, "");
    let world = || Play::new().json(PRM, &prm()).json(AS, &body);
    let error = discover(&mut world(), policy(), None).unwrap_err();
    assert_eq!(
        error,
        DiscoveryError::IssuerMissing {
            asked: "https://as.test".to_owned()
        }
    );
    let named = Policy {
        issuer: Some("https://as.test".to_owned()),
        ..policy()
    };
    assert!(discover(&mut world(), named, None).is_ok());
}

// rule: safe-d04
#[test]
fn an_issuer_that_stands_there_twice_is_refused() {
    let body = metadata().replacen('{', r#"{"issuer":"https://as.test","#, 1);
    let mut play = Play::new().json(PRM, &prm()).json(AS, &body);
    let error = discover(&mut play, policy(), None).unwrap_err();
    assert!(matches!(error, DiscoveryError::Ambiguous { .. }), "{error}");
}

// rule: mcp-auth-server-binding
#[test]
fn a_server_that_moves_away_from_the_settings_issuer_is_an_error() {
    let named = Policy {
        issuer: Some("https://old.test".to_owned()),
        ..policy()
    };
    let mut play = Play::new().json(PRM, &prm()).json(AS, &metadata());
    let error = discover(&mut play, named, None).unwrap_err();
    let (accepted, found) = ("https://old.test".to_owned(), "https://as.test".to_owned());
    assert_eq!(error, DiscoveryError::OtherIssuer { accepted, found });
}

// rule: mcp-auth-discovery-unknown
#[test]
fn a_server_in_trouble_is_not_a_miss() {
    for trouble in [500, 503, 429, 408] {
        let mut play = Play::new().status(PRM, trouble, "").json(
            "https://mcp.test/.well-known/oauth-authorization-server",
            &metadata_of("https://mcp.test"),
        );
        let error = discover(&mut play, policy(), None).unwrap_err();
        assert!(error.is_transient(), "{error}");
        let mut play = Play::new().json(PRM, &prm()).status(AS, trouble, "");
        assert!(
            discover(&mut play, policy(), None)
                .unwrap_err()
                .is_transient()
        );
    }
    let mut play = Play::new().silent(PRM);
    assert!(
        discover(&mut play, policy(), None)
            .unwrap_err()
            .is_transient()
    );
    let mut play = Play::new()
        .silent(PRM)
        .json(PRM_ROOT, &prm())
        .status(AS, 500, "")
        .json(OIDC, &metadata());
    assert!(
        discover(&mut play, policy(), None).is_ok(),
        "another place may know"
    );
}

// rule: at-39, rfc9728-3.3
#[test]
fn metadata_of_another_resource_is_refused_with_both_names() {
    for resource in [
        "https://evil.test/mcp",
        "https://mcp.test/m",
        "https://mcp.test/mcp/deeper",
        "http://mcp.test/mcp",
        "https://mcp.test:8443/mcp",
        "https://mcp.test/mcp#x",
        "https://x@mcp.test/mcp",
        "mcp.test/mcp",
    ] {
        let mut play = Play::new()
            .json(PRM, &prm_of(resource, "https://as.test"))
            .json(AS, &metadata());
        let error = discover(&mut play, policy(), None).unwrap_err();
        let expected = DiscoveryError::ResourceMismatch {
            mcp_url: MCP.to_owned(),
            found: resource.to_owned(),
        };
        assert_eq!(error, expected);
        assert_eq!(
            play.addresses(),
            [PRM],
            "the authorization server must not be asked"
        );
        let named = Policy {
            resource: ResourceRule::Fixed(resource.to_owned()),
            ..policy()
        };
        assert!(discover(&mut play, named, None).is_ok());
    }
}

// rule: at-38, rfc8707-2
#[test]
fn the_metadatas_resource_travels_byte_for_byte() {
    for resource in [
        "https://mcp.test",
        "https://mcp.test/",
        "https://MCP.test/mcp",
        "https://mcp.test/mcp/",
    ] {
        let mut play = Play::new()
            .json(PRM, &prm_of(resource, "https://as.test"))
            .json(AS, &metadata());
        let found = discover(&mut play, policy(), None).unwrap();
        assert_eq!(found.resource.as_deref(), Some(resource));
    }
    let mut play = Play::new().json(PRM, &prm()).json(AS, &metadata());
    let none = Policy {
        resource: ResourceRule::Omitted,
        ..policy()
    };
    assert_eq!(discover(&mut play, none, None).unwrap().resource, None);
}

// rule: at-48, mcp-auth-pkce-offered, safe-d05
#[test]
fn pkce_must_be_offered_or_assumed() {
    for offered in [
        "",
        r#","code_challenge_methods_supported":["plain"]"#,
        r#","code_challenge_methods_supported":[]"#,
    ] {
        let body = metadata().replace(r#","code_challenge_methods_supported":["S256"]"#, "");
        let body = body
            .replace(",\n        ", ",")
            .replace(r#","code_challenge_methods_supported":["S256"]"#, "");
        let body = body.trim_end_matches('}').to_owned() + offered + "}";
        let world = || Play::new().json(PRM, &prm()).json(AS, &body);
        let error = discover(&mut world(), policy(), None).unwrap_err();
        assert!(
            matches!(error, DiscoveryError::PkceNotOffered { .. }),
            "{error}"
        );
        assert!(error.to_string().contains("oauth.pkce"));
        let assumed = Policy {
            assume_pkce: true,
            ..policy()
        };
        assert_eq!(
            discover(&mut world(), assumed, None).unwrap().notes[0].rule,
            "mcp-auth-pkce-offered"
        );
    }
}

// rule: mcp-auth-legacy-fallback
#[test]
fn without_any_resource_metadata_the_servers_own_origin_is_asked() {
    let own = "https://mcp.test/.well-known/oauth-authorization-server";
    let mut play = Play::new().json(own, &metadata_of("https://mcp.test"));
    let found = discover(&mut play, policy(), None).unwrap();
    assert_eq!(found.server.source, Source::Metadata);
    assert_eq!(found.resource.as_deref(), Some(MCP));
    let mut play = Play::new();
    let found = discover(&mut play, policy(), None).unwrap();
    assert_eq!(found.server.source, Source::Legacy);
    assert_eq!(
        found.server.authorization_endpoint.unwrap().as_str(),
        "https://mcp.test/authorize"
    );
    assert_eq!(
        found.server.registration_endpoint.unwrap().as_str(),
        "https://mcp.test/register"
    );
    let oidc = "https://mcp.test/.well-known/openid-configuration";
    assert_eq!(play.addresses(), [PRM, PRM_ROOT, own, oidc]);
    let mut play = Play::new().status(own, 502, "");
    assert!(
        discover(&mut play, policy(), None)
            .unwrap_err()
            .is_transient(),
        "trouble is no reason to guess"
    );
}

// rule: mcp-auth-legacy-fallback, safe-d07
#[test]
fn a_document_without_an_authorization_server_is_no_reason_to_guess() {
    for servers in ["[]", "7", "null"] {
        let body = format!(r#"{{"resource":"{MCP}","authorization_servers":{servers}}}"#);
        let mut play = Play::new().json(PRM, &body);
        let error = discover(&mut play, policy(), None).unwrap_err();
        assert_eq!(
            error,
            DiscoveryError::NoAuthorizationServer {
                document: PRM.to_owned()
            }
        );
    }
    for server in [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://as.test",
        "https://169.254.169.254",
        "https://as.test?x",
        "",
    ] {
        let mut play = Play::new().json(PRM, &prm_of(MCP, server));
        let error = discover(&mut play, policy(), None).unwrap_err();
        assert!(
            matches!(error, DiscoveryError::UnusableServer(_)),
            "{server}: {error}"
        );
        assert_eq!(play.addresses(), [PRM], "{server}");
    }
}

#[test]
fn the_older_style_of_challenge_names_the_authorization_server() {
    for named in [
        "https://as.test",
        "https://as.test/.well-known/oauth-authorization-server",
    ] {
        let mut play = Play::new().json(AS, &metadata());
        let line = format!(r#"Bearer as_uri="{named}""#);
        let found = discover(&mut play, policy(), Some(&line)).unwrap();
        assert_eq!(found.server.issuer.as_deref(), Some("https://as.test"));
    }
}

#[test]
fn the_older_style_of_challenge_may_point_to_the_resources_metadata() {
    for name in ["authorization_server", "as_uri"] {
        let place = "https://mcp.test/elsewhere/.well-known/oauth-protected-resource";
        let mut play = Play::new().json(place, &prm()).json(AS, &metadata());
        let line = format!(r#"Bearer {name}="{place}""#);
        let found = discover(&mut play, policy(), Some(&line)).unwrap();
        assert_eq!(found.server.issuer.as_deref(), Some("https://as.test"));
        assert_eq!(play.addresses(), [place, AS]);
    }
}

#[test]
fn endpoints_from_the_settings_need_no_request_at_all() {
    let given = Policy {
        authorization_endpoint: Some("https://as.test/a".to_owned()),
        token_endpoint: Some("https://as.test/t".to_owned()),
        ..policy()
    };
    let mut play = Play::new();
    let found = discover(&mut play, given, Some(r#"Bearer scope="s""#)).unwrap();
    assert!(play.asked.is_empty());
    assert_eq!(found.server.source, Source::Settings);
    assert_eq!(found.server.identity(), "https://as.test");
    assert_eq!(found.resource.as_deref(), Some(MCP));
    assert_eq!(found.scopes, ["s"]);
}

#[test]
fn the_issuer_that_a_registration_names_is_asked_even_when_the_server_names_another() {
    let named = |issuer: &str| Policy {
        preferred_issuer: Some(issuer.to_owned()),
        ..policy()
    };
    let body = prm_of(MCP, "https://other.test");
    let mut play = Play::new().json(PRM, &body).json(AS, &metadata());
    let found = discover(&mut play, named("https://as.test"), None).unwrap();
    assert_eq!(found.server.issuer.as_deref(), Some("https://as.test"));
    assert_eq!(play.addresses(), [PRM, AS]);
    assert!(found.notes[0].text.contains("https://other.test"));
    // A slash at the end makes no other server; the metadata's own spelling counts.
    let mut play = Play::new().json(PRM, &prm()).json(AS, &metadata());
    let found = discover(&mut play, named("https://as.test/"), None).unwrap();
    assert_eq!(found.server.issuer.as_deref(), Some("https://as.test"));
    assert!(found.notes.is_empty());
}

// rule: rfc9728-2
#[test]
fn of_several_servers_the_settings_choose_else_the_first_that_answers() {
    let body = format!(
        r#"{{"resource":"{MCP}","authorization_servers":["http://plain.test","https://gone.test","https://as.test"]}}"#
    );
    let world = || Play::new().json(PRM, &body).json(AS, &metadata());
    let mut play = world();
    let found = discover(&mut play, policy(), None).unwrap();
    assert_eq!(found.server.issuer.as_deref(), Some("https://as.test"));
    assert!(play.addresses().iter().any(|a| a.contains("gone.test")));
    assert_eq!(found.notes[0].rule, "rfc9728-2");
    let mut play = world();
    let named = Policy {
        preferred_issuer: Some("https://as.test".to_owned()),
        ..policy()
    };
    discover(&mut play, named, None).unwrap();
    assert_eq!(play.addresses(), [PRM, AS]);
}

// rule: at-61, safe-s04
#[test]
fn endpoints_that_lead_elsewhere_are_refused_before_anybody_is_sent() {
    for (endpoint, evil) in [
        ("authorization_endpoint", "javascript:alert(1)"),
        ("authorization_endpoint", "http://as.test/authorize"),
        ("token_endpoint", "https://10.0.0.1/token"),
        ("registration_endpoint", "https://169.254.169.254/register"),
        ("token_endpoint", "http://as.test/token"),
    ] {
        let good = format!(
            r#""{endpoint}":"https://as.test/{}""#,
            endpoint.trim_end_matches("_endpoint")
        );
        let good = good
            .replace("authorization\"", "authorize\"")
            .replace("registration\"", "register\"");
        let body = metadata().replace(&good, &format!(r#""{endpoint}":"{evil}""#));
        let body = body.replace("https://as.test/authorization", "https://as.test/authorize");
        assert!(body.contains(evil), "{body}");
        let mut play = Play::new().json(PRM, &prm()).json(AS, &body);
        let error = discover(&mut play, policy(), None).unwrap_err();
        assert!(matches!(error, DiscoveryError::Address(_)), "{error}");
    }
}

// rule: rfc9728-5.1, safe-s05
#[test]
fn a_pointer_inwards_is_not_followed() {
    for pointer in [
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "http://mcp.test/prm",
        "https://127.0.0.1/",
    ] {
        let mut play = Play::new().json(PRM, &prm()).json(AS, &metadata());
        let found = discover(
            &mut play,
            policy(),
            Some(&format!(r#"Bearer resource_metadata="{pointer}""#)),
        )
        .unwrap();
        assert_eq!(play.addresses(), [PRM, AS]);
        assert_eq!(found.notes[0].rule, "rfc9728-5.1", "{pointer}");
    }
}

#[test]
fn on_loopback_plain_http_is_fine() {
    let (mcp, issuer) = ("http://127.0.0.1:9000/mcp", "http://localhost:9001");
    let local = Policy::new(mcp, "http://localhost:3000/oauth/callback");
    let mut play = Play::new()
        .json(
            "http://127.0.0.1:9000/.well-known/oauth-protected-resource/mcp",
            &prm_of(mcp, issuer),
        )
        .json(
            "http://localhost:9001/.well-known/oauth-authorization-server",
            &metadata_of(issuer),
        );
    discover(&mut play, local, None).unwrap();
}

#[test]
fn an_address_that_is_no_http_address_is_said() {
    for mcp in ["", "mcp.test", "ftp://mcp.test", "file:///x"] {
        let error = Discovery::start(Arc::new(Policy::new(mcp, "x")), None).unwrap_err();
        assert_eq!(error, DiscoveryError::McpAddress(mcp.to_owned()));
    }
}

proptest! {
    #[test]
    fn whatever_is_answered_the_search_ends(
        line in ".{0,60}",
        answers in prop::collection::vec(prop_oneof![
            Just((200, prm())), Just((200, prm_of("https://x.test", "https://a.test"))), Just((200, metadata())),
            Just((404, String::new())), Just((500, String::new())), Just((200, "{}".to_owned())), Just((301, String::new())),
        ], 1..30),
    ) {
        let mut step = Discovery::start(Arc::new(policy()), Challenge::parse([line.as_str()]));
        let mut answers = answers.iter().cycle();
        for _ in 0..40 {
            match step {
                Ok(Step::Send { then, .. }) => {
                    let (status, body) = answers.next().unwrap();
                    step = then.receive(Ok(crate::play::response(*status, body)));
                }
                Ok(Step::Done(_)) | Err(_) => return Ok(()),
            }
        }
        prop_assert!(false, "the search does not end");
    }
}
