//! Tests: which identity is used, and what is asked for.

use std::time::Duration;

use super::*;
use crate::address::{Nearness as Near, Purpose};
use crate::discovery::Source;
use crate::play::Play;
use crate::policy::GivenClient;

const REGISTER: &str = "https://as.test/register";
const LOCAL: &str = "http://localhost:3000/oauth/callback";
const PUBLIC: &str = "https://hub.example.org/oauth/callback";

fn endpoint(text: &str) -> Endpoint {
    Endpoint::check(Purpose::Registration, text, Near::Public, false).unwrap()
}

fn server() -> Server {
    Server {
        issuer: Some("https://as.test".to_owned()),
        authorization_endpoint: Some(endpoint("https://as.test/authorize")),
        device_authorization_endpoint: None,
        auth_signing_algs: None,
        grant_types: None,
        token_endpoint: endpoint("https://as.test/token"),
        registration_endpoint: Some(endpoint(REGISTER)),
        revocation_endpoint: None,
        iss_promised: false,
        auth_methods: None,
        client_metadata_documents: false,
        source: Source::Metadata,
    }
}

fn policy(redirect: &str) -> Policy {
    Policy::new("https://mcp.test/mcp", redirect)
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

fn run(
    play: &mut Play,
    policy: Policy,
    server: Server,
    held: Option<Client>,
) -> Result<Identified, RegistrationError> {
    play.run(Registration::start(Arc::new(policy), server, held, now()))
}

fn register(play: &mut Play, redirect: &str) -> Result<Identified, RegistrationError> {
    run(play, policy(redirect), server(), None)
}

// rule: rfc7591-2.1, at-58
#[test]
fn a_client_for_codes_that_people_type_is_registered_for_that() {
    let mut play = Play::new().status(REGISTER, 201, r#"{"client_id":"c1"}"#);
    let mut policy = policy(LOCAL);
    policy.grant_type = crate::policy::GrantType::DeviceCode;
    run(&mut play, policy, server(), None).unwrap();
    let sent = play.sent_json(0);
    let grants = [
        "urn:ietf:params:oauth:grant-type:device_code",
        "refresh_token",
    ];
    assert_eq!(sent["grant_types"], serde_json::json!(grants));
    assert_eq!(sent["response_types"], serde_json::json!([]));
}

// rule: mcp-auth-application-type
#[test]
fn a_public_client_is_registered_with_one_address_and_its_kind() {
    for (redirect, kind) in [
        (LOCAL, "native"),
        ("http://127.0.0.1:8080/cb", "native"),
        (PUBLIC, "web"),
    ] {
        let mut play = Play::new().status(REGISTER, 201, r#"{"client_id":"c1"}"#);
        let client = register(&mut play, redirect).unwrap().client;
        let expected = serde_json::json!({
            "client_name": "MCPHub", "redirect_uris": [redirect],
            "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
            "token_endpoint_auth_method": "none", "application_type": kind,
        });
        assert_eq!(
            play.sent_json(0),
            expected,
            "no scope: asking for one here pins it"
        );
        assert_eq!(
            (client.id.as_str(), client.method),
            ("c1", AuthMethod::None)
        );
        assert_eq!(
            (client.issuer.as_str(), client.redirect_uri.as_str()),
            ("https://as.test", redirect)
        );
    }
}

// rule: at-11, safe-r01
#[test]
fn the_public_callback_is_registered_as_it_is_used() {
    let mut play = Play::new().json(
        REGISTER,
        r#"{"client_id":"c1","redirect_uris":["https://evil.test/cb"]}"#,
    );
    let client = register(&mut play, PUBLIC).unwrap().client;
    assert_eq!(client.redirect_uri, PUBLIC, "never theirs");
}

// rule: mcp-auth-registration-order, at-26
#[test]
fn a_client_from_the_settings_is_used_without_any_request() {
    let given = GivenClient {
        id: "mine".to_owned(),
        secret: Some("s".into()),
    };
    let policy = || Policy {
        client: Some(given.clone()),
        client_metadata_url: Some("https://x.test/c".to_owned()),
        ..policy(LOCAL)
    };
    let mut play = Play::new();
    let client = run(&mut play, policy(), server(), None).unwrap().client;
    assert_eq!(
        (client.id.as_str(), client.method),
        ("mine", AuthMethod::Basic)
    );
    assert!(play.asked.is_empty());
    let post_only = Server {
        auth_methods: Some(vec!["client_secret_post".to_owned()]),
        registration_endpoint: None,
        ..server()
    };
    assert_eq!(
        run(&mut play, policy(), post_only, None)
            .unwrap()
            .client
            .method,
        AuthMethod::Post
    );
}

// rule: at-26, safe-r05
#[test]
fn without_registration_a_person_is_asked_and_nothing_is_guessed() {
    let no_endpoint = Server {
        registration_endpoint: None,
        ..server()
    };
    let mut play = Play::new();
    let error = run(&mut play, policy(LOCAL), no_endpoint, None).unwrap_err();
    assert_eq!(
        error,
        RegistrationError::NeedsClient {
            issuer: "https://as.test".to_owned(),
            redirect_uri: LOCAL.to_owned()
        }
    );
    assert!(error.to_string().contains(LOCAL));
    let mut off = policy(LOCAL);
    off.register.allowed = false;
    assert!(matches!(
        run(&mut play, off, server(), None),
        Err(RegistrationError::SwitchedOff { .. })
    ));
    assert!(play.asked.is_empty());
    let mut play = Play::new().status(REGISTER, 404, "");
    assert!(matches!(
        register(&mut play, LOCAL),
        Err(RegistrationError::NeedsClient { .. })
    ));
}

// rule: at-53, mcp-auth-client-metadata-document
#[test]
fn our_own_document_is_the_id_where_the_server_takes_one() {
    let document = "https://hub.example.org/.well-known/oauth-client-metadata.json";
    let with = |url: &str| Policy {
        client_metadata_url: Some(url.to_owned()),
        ..policy(PUBLIC)
    };
    let takes = || Server {
        client_metadata_documents: true,
        ..server()
    };
    let mut play = Play::new().json(REGISTER, r#"{"client_id":"c1"}"#);
    let client = run(&mut play, with(document), takes(), None)
        .unwrap()
        .client;
    assert_eq!(client.id, document);
    assert!(matches!(client.kind, Kind::MetadataDocument) && play.asked.is_empty());
    let refused = Policy {
        document_refused: true,
        ..with(document)
    };
    for (policy, server) in [
        (with(document), server()),
        (with("http://hub.test/c"), takes()),
        (with("https://hub.test/"), takes()),
        (refused, takes()),
    ] {
        assert_eq!(
            run(&mut play, policy, server, None).unwrap().client.id,
            "c1"
        );
    }
}

// rule: at-53
#[test]
fn a_client_that_was_registered_in_place_of_our_document_is_used_while_it_is_the_same_document() {
    let with = |url: &str, document_refused| Policy {
        client_metadata_url: Some(url.to_owned()),
        document_refused,
        ..policy(PUBLIC)
    };
    let takes = || Server {
        client_metadata_documents: true,
        ..server()
    };
    let (one, other) = ("https://hub.test/one", "https://hub.test/other");
    let mut play = Play::new().json(REGISTER, r#"{"client_id":"c1"}"#);
    let held = run(&mut play, with(one, true), takes(), None)
        .unwrap()
        .client;
    let again = run(&mut play, with(one, false), takes(), Some(held.clone()));
    assert_eq!(again.unwrap().client.id, "c1", "also after a restart");
    let changed = run(&mut play, with(other, false), takes(), Some(held));
    assert_eq!(changed.unwrap().client.id, other);
    assert_eq!(play.asked.len(), 1);
}

// rule: mcp-auth-server-binding
#[test]
fn a_held_registration_is_used_for_its_server_and_address_only() {
    let mut play = Play::new()
        .json(REGISTER, r#"{"client_id":"c1"}"#)
        .json(REGISTER, r#"{"client_id":"c2"}"#);
    let held = register(&mut play, LOCAL).unwrap().client;
    let same = run(&mut play, policy(LOCAL), server(), Some(held.clone()))
        .unwrap()
        .client;
    assert_eq!((same.id.as_str(), play.asked.len()), ("c1", 1));
    let moved = Server {
        issuer: Some("https://as2.test".to_owned()),
        ..server()
    };
    assert_eq!(
        run(&mut play, policy(LOCAL), moved, Some(held.clone()))
            .unwrap()
            .client
            .id,
        "c2"
    );
    assert_eq!(
        run(&mut play, policy(PUBLIC), server(), Some(held))
            .unwrap()
            .client
            .id,
        "c2"
    );
}

// rule: at-41, rfc7591-3.2.1
#[test]
fn the_answer_is_the_truth_about_authentication() {
    for (answer, method) in [
        (
            r#"{"client_id":"c","client_secret":"s","token_endpoint_auth_method":"client_secret_post"}"#,
            AuthMethod::Post,
        ),
        (
            r#"{"client_id":"c","client_secret":"s","token_endpoint_auth_method":"none"}"#,
            AuthMethod::None,
        ),
        (
            r#"{"client_id":"c","client_secret":"s"}"#,
            AuthMethod::Basic,
        ),
        (r#"{"client_id":"c"}"#, AuthMethod::None),
    ] {
        let mut play = Play::new().status(REGISTER, 201, answer);
        let client = register(&mut play, LOCAL).unwrap().client;
        assert_eq!(client.method, method, "{answer}");
        let Kind::Registered(registered) = client.kind else {
            panic!()
        };
        assert!(!registered.answer.contains_key("client_secret"));
    }
}

// rule: safe-r01
#[test]
fn an_answer_that_is_no_client_is_refused() {
    for answer in [
        "{}",
        r#"{"client_id":7}"#,
        r#"{"client_id":""}"#,
        r#"{"client_id":"c","token_endpoint_auth_method":"private_key_jwt"}"#,
        r#"{"client_id":"c","token_endpoint_auth_method":"client_secret_basic"}"#,
        "<html>",
    ] {
        let mut play = Play::new().status(REGISTER, 201, answer);
        let error = register(&mut play, LOCAL).unwrap_err();
        assert!(
            matches!(error, RegistrationError::Unusable { .. }),
            "{answer}: {error}"
        );
    }
}

// rule: at-32
#[test]
fn a_refusal_says_what_may_help() {
    let mut play = Play::new().status(REGISTER, 403, "Forbidden");
    let error = register(&mut play, LOCAL).unwrap_err().to_string();
    for part in [
        "403",
        "Forbidden",
        "known clients only",
        "oauth.clientId",
        "initialAccessToken",
        "metadata",
    ] {
        assert!(error.contains(part), "{error}");
    }
}

// rule: safe-r04, at-32
#[test]
fn a_protected_registration_says_which_token_is_missing_or_wrong() {
    let refused = |token: Option<&str>| {
        let mut policy = policy(LOCAL);
        policy.register.initial_access_token = token.map(Into::into);
        let mut play = Play::new().status(REGISTER, 401, r#"{"error":"invalid_token"}"#);
        let error = run(&mut play, policy, server(), None).unwrap_err();
        error.to_string()
    };
    let missing = refused(None);
    assert!(missing.contains("oauth.dynamicRegistration.initialAccessToken"));
    let wrong = refused(Some("secret-iat"));
    assert!(
        wrong.contains("check oauth.dynamicRegistration.initialAccessToken"),
        "{wrong}"
    );
    assert!(!wrong.contains("secret-iat"));
}

// rule: at-51, rfc7591-3, safe-r04
#[test]
fn the_initial_access_token_and_the_settings_metadata_go_along() {
    let mut policy = policy(PUBLIC);
    policy.register.initial_access_token = Some("iat".into());
    let given = serde_json::json!({"client_name": "Ours", "scope": "a b", "redirect_uris": [LOCAL, PUBLIC], "contacts": ["x"]});
    policy.register.metadata = given.as_object().unwrap().clone();
    let mut play = Play::new().status(
        REGISTER,
        201,
        r#"{"client_id":"c","grant_types":["authorization_code"]}"#,
    );
    let identified = run(&mut play, policy, server(), None).unwrap();
    assert_eq!(play.authorization(0), Some("Bearer iat"));
    let sent = play.sent_json(0);
    assert_eq!(sent["client_name"], "Ours");
    assert_eq!(sent["scope"], "a b");
    assert_eq!(sent["redirect_uris"], serde_json::json!([LOCAL, PUBLIC]));
    assert_eq!(
        sent["grant_types"],
        serde_json::json!(["authorization_code", "refresh_token"])
    );
    assert_eq!(
        identified.notes[0].text,
        "no refresh promised by the registration"
    );
}

// rule: at-33, mcp-auth-registration-retry
#[test]
fn a_refused_public_callback_falls_back_to_the_local_one() {
    let mut play = Play::new()
        .status(REGISTER, 400, r#"{"error":"invalid_redirect_uri"}"#)
        .status(REGISTER, 201, r#"{"client_id":"c"}"#);
    let identified = register(&mut play, PUBLIC).unwrap();
    assert_eq!(identified.client.redirect_uri, LOCAL);
    let sent = play.sent_json(1);
    assert_eq!(sent["application_type"], "native");
    assert_eq!(sent["redirect_uris"], serde_json::json!([LOCAL]));
    let reused = run(&mut play, policy(PUBLIC), server(), Some(identified.client))
        .unwrap()
        .client;
    assert_eq!((reused.id.as_str(), play.asked.len()), ("c", 2));
    let mut play = Play::new().status(REGISTER, 400, r#"{"error":"invalid_redirect_uri"}"#);
    assert!(register(&mut play, LOCAL).is_err());
    assert_eq!(play.asked.len(), 1);
}

#[test]
fn another_authentication_method_is_asked_for_once() {
    let mut play = Play::new().status(REGISTER, 400, r#"{"error":"invalid_client_metadata"}"#);
    assert!(matches!(
        register(&mut play, LOCAL),
        Err(RegistrationError::Refused { .. })
    ));
    let methods: Vec<_> = (0..2)
        .map(|n| play.sent_json(n)["token_endpoint_auth_method"].clone())
        .collect();
    assert_eq!(methods, ["none", "client_secret_basic"]);
    assert_eq!(play.asked.len(), 2);
}

// rule: safe-r07
#[test]
fn of_the_methods_that_the_server_lists_its_own_first_is_asked_for_unless_none_is_there() {
    for (listed, asked) in [
        (&["client_secret_post"][..], "client_secret_post"),
        (
            &["client_secret_post", "client_secret_basic"],
            "client_secret_post",
        ),
        (
            &[
                "private_key_jwt",
                "client_secret_basic",
                "client_secret_post",
            ],
            "client_secret_basic",
        ),
        (&["client_secret_basic", "none"], "none"),
        (&["tls_client_auth"], "none"),
    ] {
        let server = Server {
            auth_methods: Some(listed.iter().map(|&name| name.to_owned()).collect()),
            ..server()
        };
        let mut play = Play::new().json(REGISTER, r#"{"client_id":"c"}"#);
        run(&mut play, policy(LOCAL), server, None).unwrap();
        assert_eq!(play.sent_json(0)["token_endpoint_auth_method"], asked);
    }
}

// rule: at-55
#[test]
fn a_secret_that_came_ended_is_asked_for_once_more() {
    let body = |end: u64| {
        format!(r#"{{"client_id":"c","client_secret":"s","client_secret_expires_at":{end}}}"#)
    };
    let mut play = Play::new().json(REGISTER, &body(1_699_999_999));
    assert!(matches!(
        register(&mut play, LOCAL),
        Err(RegistrationError::Expired { .. })
    ));
    assert_eq!(play.asked.len(), 2);
    let mut play = Play::new()
        .json(REGISTER, &body(0))
        .json(REGISTER, r#"{"client_id":"new"}"#);
    let held = register(&mut play, LOCAL).unwrap().client;
    let kept = run(&mut play, policy(LOCAL), server(), Some(held))
        .unwrap()
        .client;
    assert_eq!(kept.id, "c", "0 is never");
    let mut ended = kept;
    let Kind::Registered(registered) = &mut ended.kind else {
        panic!()
    };
    registered.secret_expires_at = Some(now() + Duration::from_secs(30));
    assert_eq!(
        run(&mut play, policy(LOCAL), server(), Some(ended))
            .unwrap()
            .client
            .id,
        "new"
    );
}

#[test]
fn a_registration_endpoint_in_trouble_is_for_later() {
    for status in [429, 500, 503] {
        let mut play = Play::new().status(REGISTER, status, "");
        assert!(register(&mut play, LOCAL).unwrap_err().is_transient());
    }
    let mut play = Play::new().silent(REGISTER);
    assert!(register(&mut play, LOCAL).unwrap_err().is_transient());
}

// rule: rfc7592-3
#[test]
fn a_registration_is_managed_at_its_own_origin_only() {
    for (uri, kept) in [
        ("https://as.test/register/c1?x=1", true),
        ("https://evil.test/register/c1", false),
        ("http://as.test/register/c1", false),
        ("/register/c1", false),
    ] {
        let answer = format!(
            r#"{{"client_id":"c1","registration_client_uri":"{uri}","registration_access_token":"rat"}}"#
        );
        let mut play = Play::new().status(REGISTER, 201, &answer);
        let client = register(&mut play, LOCAL).unwrap().client;
        let Kind::Registered(registered) = client.kind else {
            panic!()
        };
        assert_eq!(registered.management_uri.is_some(), kept, "{uri}");
        assert_eq!(registered.management_token.is_some(), kept, "{uri}");
        let answer = &registered.answer;
        assert!(!answer.contains_key("registration_access_token"));
    }
}

// rule: safe-r01
#[test]
fn a_method_that_needs_a_key_is_taken_only_with_one() {
    const KEYED: &str =
        r#"{"client_id":"c","client_secret":"s","token_endpoint_auth_method":"private_key_jwt"}"#;
    let register = |policy: Policy| {
        let mut play = Play::new().status("https://as.test/register", 201, KEYED);
        play.run(Registration::start(Arc::new(policy), server(), None, now()))
    };
    let without = policy("http://localhost:3000/oauth/callback");
    let error = register(without.clone()).unwrap_err();
    assert!(
        matches!(error, RegistrationError::Unusable { .. }),
        "{error}"
    );
    let with = Policy {
        key: Some(crate::assertion::tests::key()),
        ..without
    };
    let client = register(with).unwrap().client;
    assert!(client.key.is_some());
}

#[test]
fn the_settings_method_is_asked_for_until_it_is_refused_and_their_other_words_stay() {
    let mut policy = policy(LOCAL);
    let given = serde_json::json!({"token_endpoint_auth_method": "client_secret_post", "client_name": "Ours"});
    policy.register.metadata = given.as_object().unwrap().clone();
    let mut play = Play::new()
        .status(REGISTER, 400, r#"{"error":"invalid_client_metadata"}"#)
        .status(REGISTER, 201, r#"{"client_id":"c1"}"#);
    let asked = policy.clone();
    run(&mut play, policy, server(), None).unwrap();
    let said = |n, member: &str| play.sent_json(n)[member].clone();
    let methods = [0, 1].map(|n| said(n, "token_endpoint_auth_method"));
    assert_eq!(methods, ["client_secret_post", "none"]);
    assert_eq!([0, 1].map(|n| said(n, "client_name")), ["Ours", "Ours"]);
    // A server that says nothing of the method has taken the one that was asked for.
    let silent = r#"{"client_id":"c1","client_secret":"s"}"#;
    let mut play = Play::new().status(REGISTER, 201, silent);
    let client = run(&mut play, asked, server(), None).unwrap().client;
    assert_eq!(client.method, AuthMethod::Post);
}

#[test]
fn a_refusal_that_is_not_about_who_asks_blames_no_token() {
    for token in [None, Some("iat")] {
        let mut policy = policy(LOCAL);
        policy.register.initial_access_token = token.map(Into::into);
        let mut play = Play::new().status(REGISTER, 400, r#"{"error":"invalid_software"}"#);
        let error = run(&mut play, policy, server(), None).unwrap_err();
        assert!(!error.is_transient());
        let error = error.to_string();
        assert!(!error.contains("initialAccessToken"), "{error}");
        assert!(error.contains("set oauth.clientId"), "{error}");
    }
}

// rule: mcp-auth-application-type
#[test]
fn an_address_of_an_application_is_native_wherever_it_leads() {
    for (redirect, kind) in [
        ("com.example.hub:/callback", "native"),
        ("hub://callback", "native"),
        ("http://[::1]:3000/cb", "native"),
        ("http://hub.test/cb", "web"),
        ("https://hub.test/cb", "web"),
        ("no address", "web"),
    ] {
        assert_eq!(application_type(redirect), kind, "{redirect}");
    }
}
