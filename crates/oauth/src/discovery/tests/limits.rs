//! Tests: where each way of the search ends, and what it then says.

use super::*;

#[test]
fn only_what_is_not_known_yet_may_be_cured_by_time() {
    let mut play = Play::new().json(PRM, &prm());
    let error = discover(&mut play, policy(), None).unwrap_err();
    assert!(!error.is_transient(), "{error}");
}

// rule: mcp-auth-offline-access, at-54
#[test]
fn consent_is_asked_for_where_offline_access_was_added_for_an_openid_provider() {
    let scopes =
        |list: &str| metadata().replacen('{', &format!(r#"{{"scopes_supported":[{list}],"#), 1);
    let found = |place: &str, list: &str, asked: &str| {
        let mut play = Play::new().json(PRM, &prm()).json(place, &scopes(list));
        let line = format!(r#"Bearer scope="{asked}""#);
        discover(&mut play, policy(), Some(&line)).unwrap().consent
    };
    let (both, offline) = (
        r#""a","openid","offline_access""#,
        r#""a","offline_access""#,
    );
    for (place, list, asked, consent) in [
        (AS, both, "a", true),
        (OIDC, both, "a", true),
        (OIDC, offline, "a", true),
        (AS, offline, "a", false),
        (AS, r#""a","openid""#, "a", false),
        (AS, r#""a""#, "a", false),
        (OIDC, r#""a""#, "a", false),
        (AS, both, "a offline_access", false),
    ] {
        assert_eq!(found(place, list, asked), consent, "{place} {list} {asked}");
    }
}

// rule: oauth2.1-1.5
#[test]
fn a_plain_http_server_of_the_settings_is_asked_about_itself_over_plain_http_and_nobody_else_is() {
    let (mcp, place) = (
        "http://mcp.test/mcp",
        "http://mcp.test/.well-known/oauth-protected-resource/mcp",
    );
    let plain = || Policy::new(mcp, "http://localhost:3000/oauth/callback");
    let mut play = Play::new()
        .json(place, &prm_of(mcp, "https://as.test"))
        .json(AS, &metadata());
    discover(&mut play, plain(), None).unwrap();
    assert_eq!(play.addresses(), [place, AS]);
    let mut play = Play::new().json(place, &prm_of(mcp, "http://other.test"));
    let error = discover(&mut play, plain(), None).unwrap_err();
    assert!(
        matches!(error, DiscoveryError::UnusableServer(_)),
        "{error}"
    );
    let mut play = Play::new()
        .json(place, &prm_of(mcp, "https://as.test"))
        .json(AS, &metadata());
    let elsewhere = r#"Bearer resource_metadata="http://other.test/prm""#;
    let found = discover(&mut play, plain(), Some(elsewhere)).unwrap();
    assert_eq!(found.notes[0].rule, "rfc9728-5.1");
    assert_eq!(play.addresses(), [place, AS]);
    // Its own origin may be its authorization server; where its tokens are asked for is another question.
    let own = "http://mcp.test/.well-known/oauth-authorization-server";
    let mut play = Play::new();
    discover(&mut play, plain(), None).unwrap_err();
    assert!(play.addresses().iter().any(|asked| asked == own));
}

// rule: mcp-auth-legacy-fallback, oauth2.1-1.5
#[test]
fn default_paths_over_plain_http_are_allowed_for_the_token_endpoint_alone() {
    let mut plain = Policy::new(
        "http://mcp.test/mcp",
        "http://localhost:3000/oauth/callback",
    );
    plain.allow_insecure_token_endpoint = true;
    let error = discover(&mut Play::new(), plain, None).unwrap_err();
    let shown = error.to_string();
    assert!(shown.contains("http://mcp.test/authorize"), "{shown}");
}

// rule: mcp-auth-legacy-fallback
#[test]
fn a_document_that_speaks_of_the_resource_alone_is_no_reason_to_guess_and_one_of_nothing_is() {
    for body in [
        format!(r#"{{"resource":"{MCP}"}}"#),
        r#"{"authorization_servers":[]}"#.to_owned(),
    ] {
        let mut play = Play::new().json(PRM, &body);
        let error = discover(&mut play, policy(), None).unwrap_err();
        let document = PRM.to_owned();
        assert_eq!(error, DiscoveryError::NoAuthorizationServer { document });
    }
    let mut play = Play::new().json(PRM, r#"{"message":"hello"}"#);
    let found = discover(&mut play, policy(), None).unwrap();
    assert_eq!(found.server.source, Source::Legacy);
}

// rule: rfc9728-2
#[test]
fn the_issuer_of_the_settings_stands_above_the_one_to_register_at() {
    let both = Policy {
        issuer: Some("https://as.test".to_owned()),
        preferred_issuer: Some("https://wished.test".to_owned()),
        ..policy()
    };
    let body = prm_of(MCP, "https://other.test");
    let mut play = Play::new().json(PRM, &body);
    discover(&mut play, both, None).unwrap_err();
    let hosts = |host: &str| play.addresses().iter().any(|asked| asked.contains(host));
    assert!(hosts("other.test") && !hosts("wished.test"));
}
