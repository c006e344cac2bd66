//! Tests: what is sent with a person, and what may come back.

use proptest::prelude::*;
use secrecy::ExposeSecret as _;
use url::Url;

use super::*;
use crate::address::{Endpoint, Nearness, Purpose};
use crate::client::{AuthMethod, Kind};
use crate::discovery::{Server, Source};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn found() -> Discovered {
    let endpoint =
        |text| Endpoint::check(Purpose::Authorization, text, Nearness::Public, false).unwrap();
    Discovered {
        document: None,
        server: Server {
            issuer: Some("https://as.test".to_owned()),
            authorization_endpoint: Some(endpoint("https://as.test/authorize?tenant=7")),
            device_authorization_endpoint: None,
            auth_signing_algs: None,
            grant_types: None,
            token_endpoint: endpoint("https://as.test/token"),
            registration_endpoint: None,
            revocation_endpoint: None,
            iss_promised: false,
            auth_methods: None,
            client_metadata_documents: false,
            source: Source::Metadata,
        },
        resource: Some("https://mcp.test".to_owned()),
        scopes: vec!["a".to_owned(), "b".to_owned()],
        consent: false,
        dpop: false,
        notes: Vec::new(),
    }
}

fn client() -> Client {
    Client {
        id: "c1".to_owned(),
        secret: None,
        key: None,
        method: AuthMethod::None,
        issuer: "https://as.test".to_owned(),
        redirect_uri: "http://127.0.0.1:8080/cb".to_owned(),
        kind: Kind::Settings,
    }
}

fn policy() -> Policy {
    Policy::new("https://mcp.test/mcp", "http://127.0.0.1:8080/cb")
}

fn chance() -> Chance {
    Chance {
        state: [1; 32],
        verifier: [2; 32],
    }
}

fn started(found: &Discovered, policy: &Policy) -> (Vec<(String, String)>, Pending) {
    let (address, pending) = begin(found, &client(), policy, &chance(), NOW).unwrap();
    let url = Url::parse(&address).unwrap();
    (url.query_pairs().into_owned().collect(), pending)
}

fn value<'a>(params: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut all = params
        .iter()
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value.as_str());
    let first = all.next();
    assert_eq!(all.next(), None, "{name} stands there twice");
    first
}

fn state() -> String {
    pkce::verifier(&[1; 32])
}

fn accept(pending: &Pending, query: &str) -> Result<Code, AnswerError> {
    pending.clone().accept(Answer::parse(query)?, NOW)
}

// rule: rfc6749-3.1
#[test]
fn an_endpoint_whose_query_names_a_state_of_its_own_does_not_choose_ours() {
    let mut found = found();
    let raw =
        "https://as.test/authorize?state=chosen&tenant=7&code_challenge_method=plain&scope=all";
    found.server.authorization_endpoint =
        Endpoint::check(Purpose::Authorization, raw, Nearness::Public, false).ok();
    let (pairs, pending) = started(&found, &policy());
    let of = |name: &str| -> Vec<&str> {
        (pairs.iter().filter(|(key, _)| key == name))
            .map(|(_, value)| value.as_str())
            .collect()
    };
    assert_eq!(of("tenant"), ["7"]);
    assert_eq!(of("code_challenge_method"), ["S256"]);
    assert_eq!(of("scope").len(), 1);
    let states = of("state");
    assert_eq!(states.len(), 1);
    assert_eq!(state_hash(states[0]), pending.state_hash);
}

// rule: rfc7636-4.3, rfc6749-3.1, at-16, at-38
#[test]
fn the_address_carries_what_the_callback_is_checked_against() {
    let (params, pending) = started(&found(), &policy());
    assert_eq!(value(&params, "tenant"), Some("7"));
    assert_eq!(value(&params, "response_type"), Some("code"));
    assert_eq!(value(&params, "client_id"), Some("c1"));
    assert_eq!(
        value(&params, "redirect_uri"),
        Some("http://127.0.0.1:8080/cb")
    );
    assert_eq!(value(&params, "scope"), Some("a b"));
    assert_eq!(value(&params, "resource"), Some("https://mcp.test"));
    assert_eq!(value(&params, "code_challenge_method"), Some("S256"));
    let challenge = pkce::challenge(pending.verifier.expose_secret());
    assert_eq!(value(&params, "code_challenge"), Some(challenge.as_str()));
    assert_eq!(value(&params, "state"), Some(state().as_str()));
    assert_eq!(pending.state_hash, pkce::digest(&state()));
}

#[test]
fn without_scopes_or_resource_the_parameters_are_absent() {
    let (params, _) = started(
        &Discovered {
            scopes: Vec::new(),
            resource: None,
            ..found()
        },
        &policy(),
    );
    assert_eq!(
        (value(&params, "scope"), value(&params, "resource")),
        (None, None)
    );
}

// rule: at-27, at-54
#[test]
fn the_settings_parameters_are_added_and_win() {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let policy = Policy {
        audience: Some("https://api".to_owned()),
        authorization_params: vec![
            pair("access_type", "offline"),
            pair("prompt", "login"),
            pair("state", "evil"),
            pair("code_challenge_method", "plain"),
        ],
        ..policy()
    };
    let (params, _) = started(
        &Discovered {
            consent: true,
            ..found()
        },
        &policy,
    );
    assert_eq!(value(&params, "prompt"), Some("login"));
    assert_eq!(value(&params, "access_type"), Some("offline"));
    assert_eq!(value(&params, "audience"), Some("https://api"));
    assert_eq!(value(&params, "resource"), Some("https://mcp.test"));
    assert_eq!(value(&params, "state"), Some(state().as_str()));
    assert_eq!(value(&params, "code_challenge_method"), Some("S256"));
}

// rule: mcp-auth-server-binding
#[test]
fn a_client_is_not_shown_to_another_server() {
    let moved = Client {
        issuer: "https://old.test".to_owned(),
        ..client()
    };
    let error = begin(&found(), &moved, &policy(), &chance(), NOW).unwrap_err();
    assert!(matches!(error, BeginError::ForeignClient { .. }));
}

// rule: rfc6749-10.12, safe-c01
#[test]
fn only_the_state_that_was_sent_is_answered() {
    let (_, pending) = started(&found(), &policy());
    let good = format!("?code=C%3A%2B1&state={}", state());
    assert_eq!(
        accept(&pending, &good).unwrap().code.expose_secret(),
        "C:+1"
    );
    assert_eq!(
        accept(&pending, "code=C&state=other").unwrap_err(),
        AnswerError::ForeignState
    );
    assert_eq!(
        accept(&pending, "code=C").unwrap_err(),
        AnswerError::Missing("state")
    );
    assert_eq!(
        accept(&pending, &format!("state={}", state())).unwrap_err(),
        AnswerError::Missing("code")
    );
    let late = pending.accept(Answer::parse(&good).unwrap(), NOW + LIFE);
    assert_eq!(late.unwrap_err(), AnswerError::TooOld);
}

// rule: rfc6749-3.1, safe-c08
#[test]
fn a_parameter_given_twice_is_refused() {
    for (query, name) in [
        ("code=a&code=b&state=s", "code"),
        ("state=a&state=b", "state"),
        ("state=a&iss=x&iss=x", "iss"),
    ] {
        assert_eq!(Answer::parse(query).unwrap_err(), AnswerError::Twice(name));
    }
}

// rule: at-49, rfc9207-2.4, safe-c05, safe-c07
#[test]
fn the_issuer_is_checked_by_the_table() {
    let (_, silent) = started(&found(), &policy());
    let mut loud = found();
    loud.server.iss_promised = true;
    let (_, promised) = started(&loud, &policy());
    let with = |iss: &str| format!("code=C&state={}&iss={iss}", state());
    let without = format!("code=C&state={}", state());
    let wrong = |named: &str| AnswerError::WrongIssuer {
        expected: "https://as.test".to_owned(),
        named: named.to_owned(),
    };
    for pending in [&silent, &promised] {
        assert!(accept(pending, &with("https%3A%2F%2Fas.test")).is_ok());
        for (iss, named) in [
            ("https%3A%2F%2Fevil.test", "https://evil.test"),
            ("https%3A%2F%2Fas.test%2F", "https://as.test/"),
            ("https%3A%2F%2FAS.test", "https://AS.test"),
            ("https%3A%2F%2Fas.test%3A443", "https://as.test:443"),
        ] {
            let refused = accept(pending, &with(iss)).unwrap_err();
            assert_eq!(refused, wrong(named));
            assert!(!refused.to_string().contains(named), "{refused}");
        }
    }
    assert!(accept(&silent, &without).is_ok());
    let missing = accept(&promised, &without).unwrap_err();
    assert_eq!(
        missing,
        AnswerError::IssuerMissing {
            expected: "https://as.test".to_owned()
        }
    );
    assert!(silent.clone().accept_bare("C", NOW).is_ok());
    assert_eq!(promised.accept_bare("C", NOW).unwrap_err(), missing);
    let error = format!(
        "error=access_denied&error_description=call+us&state={}&iss=x",
        state()
    );
    let refused = accept(&silent, &error).unwrap_err();
    assert_eq!(refused, wrong("x"));
    assert!(!refused.to_string().contains("call us"));
}

// rule: at-14
#[test]
fn what_the_server_does_not_like_is_left_out_once() {
    let (_, pending) = started(&found(), &policy());
    let denied = |pending: &Pending, error: &str| match accept(
        pending,
        &format!("error={error}&state={}", state()),
    ) {
        Err(AnswerError::Denied { again, .. }) => again.0,
        other => panic!("{other:?}"),
    };
    let healed = denied(&pending, "invalid_target").unwrap();
    let found = found();
    let (address, second) = again(&found, &client(), &policy(), &chance(), (NOW, healed)).unwrap();
    assert!(!address.contains("resource="), "{address}");
    assert!(address.contains("scope="), "{address}");
    assert_eq!(denied(&second, "invalid_target"), None);
    let both = denied(&second, "invalid_scope").unwrap();
    let (address, third) = again(&found, &client(), &policy(), &chance(), (NOW, both)).unwrap();
    assert!(!address.contains("scope=") && !address.contains("resource="));
    assert_eq!(denied(&third, "invalid_scope"), None);
    assert_eq!(denied(&pending, "access_denied"), None);
}

// rule: at-54
#[test]
fn consent_is_asked_for_only_with_the_scope_that_needs_it() {
    let prompt = |consent, scope| {
        let found = Discovered { consent, ..found() };
        let healed = Healed {
            scope,
            resource: false,
        };
        let (address, _) = again(&found, &client(), &policy(), &chance(), (NOW, healed)).unwrap();
        let url = Url::parse(&address).unwrap();
        let params: Vec<_> = url.query_pairs().into_owned().collect();
        value(&params, "prompt").map(str::to_owned)
    };
    assert_eq!(prompt(true, false).as_deref(), Some("consent"));
    assert_eq!(prompt(true, true), None, "the scope was refused");
    assert_eq!(prompt(false, false), None);
    assert_eq!(prompt(false, true), None);
}

// rule: safe-t05
#[test]
fn an_address_of_sixteen_kibibytes_is_the_longest() {
    let with = |length: usize| {
        let filler = Policy {
            authorization_params: vec![("x".to_owned(), "y".repeat(length))],
            ..policy()
        };
        begin(&found(), &client(), &filler, &chance(), NOW)
    };
    let room = 16_384 - with(0).unwrap().0.len();
    assert_eq!(with(room).unwrap().0.len(), 16_384);
    let error = with(room + 1).unwrap_err();
    assert_eq!(error, BeginError::TooLong { length: 16_385 });
}

// rule: at-14
#[test]
fn what_was_not_sent_cannot_be_left_out() {
    let bare = Discovered {
        scopes: Vec::new(),
        resource: None,
        ..found()
    };
    let (_, pending) = started(&bare, &policy());
    assert_eq!(pending.healing("invalid_target"), None);
    assert_eq!(pending.healing("invalid_scope"), None);
    // Nor what is marked as left out already.
    let (_, mut pending) = started(&found(), &policy());
    pending.healed = Healed {
        resource: true,
        scope: true,
    };
    assert_eq!(pending.healing("invalid_target"), None);
    assert_eq!(pending.healing("invalid_scope"), None);
}

proptest! {
    #[test]
    fn no_query_makes_the_reader_panic_and_none_is_accepted(query in ".*") {
        let (_, pending) = started(&found(), &policy());
        prop_assert!(accept(&pending, &query).is_err());
    }
}
