//! Tests: whom a profile is for, and what it changes.

use super::*;
use crate::authorization::{self, Chance};
use crate::client::{AuthMethod, Client, Kind};
use crate::discovery::{Discovered, Discovery, DiscoveryError};
use crate::grant::Grant;
use crate::play::Play;
use crate::refresh::Refresh;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

const MCP: &str = "https://mcp.test/mcp";
const PRM: &str = "https://mcp.test/.well-known/oauth-protected-resource/mcp";
const ENTRA: &str = "https://login.microsoftonline.com/T/v2.0";

fn policy() -> Policy {
    Policy::new(MCP, "http://localhost:3000/oauth/callback")
}

/// A server at this issuer, whose metadata comes with these members.
fn discover(issuer: &str, policy: &Policy, members: &str) -> Result<Discovered, DiscoveryError> {
    let body = format!(
        r#"{{"issuer":"{issuer}","authorization_endpoint":"{issuer}/authorize","token_endpoint":"{issuer}/token"{members}}}"#
    );
    let prm = format!(
        r#"{{"resource":"{MCP}","authorization_servers":["{issuer}"],"scopes_supported":["api://x/mcp"]}}"#
    );
    let (origin, path) = issuer.split_at(issuer[8..].find('/').map_or(issuer.len(), |at| at + 8));
    let place = format!("{origin}/.well-known/openid-configuration{path}");
    let mut play = Play::new().json(PRM, &prm).json(&place, &body);
    play.run(Discovery::start(Arc::new(policy.clone()), None))
}

const LISTS: &str = r#","scopes_supported":["openid","offline_access"],"code_challenge_methods_supported":["S256"]"#;

fn client(issuer: &str) -> Client {
    Client {
        id: "c1".to_owned(),
        secret: None,
        method: AuthMethod::None,
        issuer: issuer.to_owned(),
        redirect_uri: "http://localhost:3000/oauth/callback".to_owned(),
        key: None,
        kind: Kind::Settings,
    }
}

fn asked(found: &Discovered, policy: &Policy) -> BTreeMap<String, String> {
    let chance = Chance {
        state: [1; 32],
        verifier: [2; 32],
    };
    let client = client(&found.server.identity());
    let now = SystemTime::UNIX_EPOCH;
    let (address, _) = authorization::begin(found, &client, policy, &chance, now).unwrap();
    let url = Url::parse(&address).unwrap();
    url.query_pairs().into_owned().collect()
}

// rule: at-13
#[test]
fn entra_is_asked_without_resource_and_for_offline_access() {
    let found = discover(ENTRA, &policy(), "").unwrap();
    let params = asked(&found, &policy());
    assert_eq!(params["scope"], "api://x/mcp offline_access");
    assert!(!params.contains_key("resource"));
    assert!(!params.contains_key("prompt"));
    assert_eq!(found.resource, None, "nor does the code exchange say it");
    assert!(found.notes.iter().any(|note| note.rule == "profile"));
}

// rule: at-15
#[test]
fn entra_hears_the_scope_again_at_a_renewal_and_others_hear_the_resource() {
    let renew = |issuer: &str, resource: Option<&str>| {
        let grant = Grant {
            access: "AT1".into(),
            refresh: Some("RT1".into()),
            issued_at: None,
            expires_at: None,
            scopes: Vec::new(),
            requested: vec!["api://x/mcp".to_owned(), "offline_access".to_owned()],
            resource: resource.map(str::to_owned),
            issuer: issuer.to_owned(),
            token_endpoint: format!("{issuer}/token"),
            bound: false,
        };
        let mut play = Play::new();
        let first = Refresh::start(grant, client(issuer), &policy(), SystemTime::UNIX_EPOCH);
        play.run(Ok(first)).unwrap();
        play.form(0)
    };
    let entra = renew(ENTRA, None);
    assert_eq!(entra["scope"], "api://x/mcp offline_access");
    assert!(!entra.contains_key("resource"));
    let usual = renew("https://as.test", Some(MCP));
    assert_eq!(usual["resource"], MCP);
    assert!(!usual.contains_key("scope"));
}

// rule: at-27
#[test]
fn google_is_asked_for_offline_access_in_its_own_words() {
    let found = discover("https://accounts.google.com", &policy(), LISTS).unwrap();
    let params = asked(&found, &policy());
    assert_eq!(params["access_type"], "offline");
    assert_eq!(params["prompt"], "consent");
    assert_eq!(params["scope"], "api://x/mcp");
    let chosen = Policy {
        authorization_params: vec![("prompt".to_owned(), "select_account".to_owned())],
        ..policy()
    };
    let found = discover("https://accounts.google.com", &chosen, LISTS).unwrap();
    let params = asked(&found, &chosen);
    assert_eq!(params["prompt"], "select_account");
    assert_eq!(params["access_type"], "offline");
}

// rule: profile
#[test]
fn the_settings_stand_above_the_profile_and_can_switch_it_off() {
    let fixed = Policy {
        resource: ResourceRule::Fixed(MCP.to_owned()),
        ..policy()
    };
    let found = discover(ENTRA, &fixed, "").unwrap();
    assert_eq!(found.resource.as_deref(), Some(MCP));
    let off = Policy {
        profiles: false,
        ..policy()
    };
    let error = discover(ENTRA, &off, "").unwrap_err();
    assert!(
        matches!(error, DiscoveryError::PkceNotOffered { .. }),
        "{error}"
    );
    let found = discover(ENTRA, &off, LISTS).unwrap();
    assert_eq!(found.resource.as_deref(), Some(MCP));
    assert!(found.notes.iter().all(|note| note.rule != "profile"));
}

// rule: profile
#[test]
fn a_profile_is_for_real_hosts_and_for_nobody_who_looks_like_them() {
    let named = |address: &str| Profile::of(Some(address), MCP).map(|profile| profile.name);
    for (address, name) in [
        ("https://accounts.google.com", "Google"),
        ("https://sts.windows.net/T/", "Microsoft Entra"),
        (
            "https://cognito-idp.eu-west-1.amazonaws.com/p",
            "Amazon Cognito",
        ),
        ("https://x.okta.com/oauth2/default", "Okta"),
        ("https://id.test/realms/a", "Keycloak"),
    ] {
        assert_eq!(named(address), Some(name), "{address}");
    }
    for address in [
        "http://accounts.google.com",
        "https://accounts.google.com.evil.test",
        "https://evil.test/accounts.google.com",
        "https://evilokta.com",
        "https://okta.com.evil.test",
        "https://.okta.com",
        "https://cognito-idp.amazonaws.com",
        "https://cognito-idp.eu.example.com",
        "https://x.amazonaws.com",
        "https://x.localhost/realms/a",
        "http://localhost:9000/realms/a",
        "https://localhost/realms/a",
        "https://127.0.0.1/realms/a",
        "",
    ] {
        assert_eq!(named(address), None, "{address}");
    }
    let by_server = Profile::of(Some("https://as.test"), "https://mcp.slack.com/mcp");
    assert_eq!(by_server.unwrap().name, "Slack");
}

// rule: profile
#[test]
fn scopes_are_joined_as_the_provider_reads_them() {
    let mut given = Policy::new(
        "https://mcp.slack.com/mcp",
        "http://localhost:3000/oauth/callback",
    );
    given.scopes = Some(vec!["chat:write".to_owned(), "users:read".to_owned()]);
    given.authorization_endpoint = Some("https://slack.com/oauth/v2/authorize".to_owned());
    given.token_endpoint = Some("https://slack.com/api/oauth.v2.access".to_owned());
    let mut play = Play::new();
    let found = play
        .run(Discovery::start(Arc::new(given.clone()), None))
        .unwrap();
    assert_eq!(asked(&found, &given)["scope"], "chat:write,users:read");
}

#[test]
fn a_callback_that_nobody_chose_is_spelled_as_the_provider_takes_it() {
    let callback = |mcp: &str, usual: &str| Profile::of(None, mcp).unwrap().callback(usual, 3000);
    let (local, public) = (
        "http://localhost:3000/oauth/callback",
        "https://hub.test/oauth/callback",
    );
    let numbered = Some("http://127.0.0.1:3000/oauth/callback".to_owned());
    assert_eq!(
        callback("https://a.snowflakecomputing.com/m", local),
        numbered
    );
    assert_eq!(callback("https://a.snowflakecomputing.com/m", public), None);
    assert_eq!(
        callback("https://mcp.vercel.com", public).as_deref(),
        Some(local)
    );
    assert_eq!(callback("https://mcp.linear.app/mcp", public), None);
}

#[test]
fn every_profile_says_who_it_is_for() {
    for profile in ALL {
        assert!(!profile.name.is_empty());
        assert!(!profile.hosts.is_empty() || profile.path.is_some());
        for host in profile.hosts {
            assert!(host.matches('*').count() <= 1, "{host}");
            assert!(!host.ends_with('*'), "{host}");
        }
        let console = profile.console_url.map(|url| Url::parse(url).unwrap());
        assert!(console.is_none_or(|url| url.scheme() == "https"));
    }
}

/// All that a profile says, in words.
fn described(profile: &Profile) -> String {
    let mut text = format!("{}\n", profile.name);
    let mut say = |what: &str, words: &str| text.push_str(&format!("  {what} {words}\n"));
    for host in profile.hosts {
        say("host", host);
    }
    if let Some(path) = profile.path {
        say("path", path);
    }
    if let Some(url) = profile.console_url {
        say("console", url);
    }
    for line in profile.lines(&policy()) {
        say("does", &line.text);
    }
    text
}

// rule: profile
#[test]
fn the_table_reads_as_the_text_beside_it() {
    let read: Vec<_> = ALL.iter().map(described).collect();
    assert_eq!(read.join("\n"), include_str!("table.txt"));
}

// rule: profile
#[test]
fn what_the_settings_decide_is_no_line_of_the_profile() {
    let lines = |issuer: &str, policy: &Policy| {
        let profile = Profile::of(Some(issuer), MCP).unwrap();
        let lines = profile.lines(policy);
        lines.into_iter().map(|note| note.text).collect::<Vec<_>>()
    };
    let decided = Policy {
        resource: ResourceRule::Omitted,
        assume_pkce: true,
        audience: Some("https://api.test".to_owned()),
        ..policy()
    };
    let without = |issuer: &str, gone: &[&str]| {
        let usual = lines(issuer, &policy());
        let kept = lines(issuer, &decided);
        let missing = usual.iter().filter(|line| !kept.contains(line));
        assert!(
            missing.zip(gone).all(|(line, word)| line.contains(word)),
            "{usual:?}"
        );
        assert_eq!(usual.len(), kept.len() + gone.len(), "{kept:?}");
    };
    without(ENTRA, &["no resource is sent", "S256"]);
    without("https://auth.atlassian.com", &["audience="]);
    without("https://accounts.google.com", &[]);
}

// rule: profile, at-27
#[test]
fn habits_join_what_the_settings_switch_on_and_never_undo_it() {
    let on = Policy {
        assume_pkce: true,
        repeat_scope_on_refresh: true,
        ..policy()
    };
    for issuer in [ENTRA, "https://linear.app", "https://as.test"] {
        let settled = on.settled(Some(issuer));
        assert!(settled.assume_pkce && settled.repeat_scope_on_refresh);
    }
    for (issuer, both) in [(ENTRA, true), ("https://linear.app", false)] {
        let settled = policy().settled(Some(issuer));
        assert_eq!(settled.assume_pkce, both, "{issuer}");
        assert_eq!(settled.repeat_scope_on_refresh, both, "{issuer}");
    }
    let audience = |given: Option<&str>| {
        let given = Policy {
            audience: given.map(str::to_owned),
            ..policy()
        };
        let settled = given.settled(Some("https://auth.atlassian.com"));
        let keys = settled.authorization_params.into_iter().map(|(key, _)| key);
        keys.collect::<Vec<_>>()
    };
    assert_eq!(audience(None), ["audience", "prompt"]);
    assert_eq!(audience(Some("https://api.test")), ["prompt"]);
}

#[test]
fn only_a_callback_that_the_provider_would_refuse_is_spelled_anew() {
    const LOCAL: &str = "http://localhost:3000/oauth/callback";
    const NUMBERED: &str = "http://127.0.0.1:3000/oauth/callback";
    const PUBLIC: &str = "https://hub.test/oauth/callback";
    let profile = |redirect_host, loopback_only| Profile {
        redirect_host,
        loopback_only,
        ..Profile {
            name: "x",
            hosts: &[],
            path: None,
            without_resource: false,
            authorization_params: &[],
            offline: Offline::Listed,
            lists_few_scopes: false,
            repeat_scope_on_refresh: false,
            pkce_unannounced: false,
            redirect_host: None,
            loopback_only: false,
            scope_separator: ' ',
            console_url: None,
            note: None,
        }
    };
    for (host, loopback_only, usual, spelled) in [
        (None, false, LOCAL, None),
        (None, false, PUBLIC, None),
        (None, true, NUMBERED, None),
        (None, true, PUBLIC, Some(LOCAL)),
        (Some("127.0.0.1"), false, LOCAL, Some(NUMBERED)),
        (Some("127.0.0.1"), false, PUBLIC, None),
        (Some("127.0.0.1"), true, PUBLIC, Some(NUMBERED)),
        (Some("localhost"), true, NUMBERED, Some(LOCAL)),
    ] {
        let callback = profile(host, loopback_only).callback(usual, 3000);
        assert_eq!(callback.as_deref(), spelled, "{host:?} {usual}");
    }
}
