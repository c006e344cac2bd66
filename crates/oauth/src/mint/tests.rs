//! Tests: tokens without a person, and what a token endpoint says to that.

use super::*;
use crate::address::{Nearness, Purpose};
use crate::client::Kind;
use crate::discovery::{Server, Source};
use crate::play::Play;

const TOKEN: &str = "https://as.test/token";
const NOW: SystemTime = SystemTime::UNIX_EPOCH;
const GOOD: &str = r#"{"access_token":"AT1","refresh_token":"RT1","expires_in":3600}"#;

pub(crate) fn found() -> Discovered {
    Discovered {
        server: Server {
            issuer: Some("https://as.test".to_owned()),
            authorization_endpoint: None,
            token_endpoint: Endpoint::check(Purpose::Token, TOKEN, Nearness::Public, false)
                .unwrap(),
            device_authorization_endpoint: None,
            registration_endpoint: None,
            revocation_endpoint: None,
            iss_promised: false,
            auth_methods: None,
            auth_signing_algs: None,
            grant_types: None,
            client_metadata_documents: false,
            source: Source::Metadata,
        },
        resource: Some("https://mcp.test".to_owned()),
        scopes: vec!["a".to_owned(), "b".to_owned()],
        consent: false,
        dpop: false,
        document: None,
        notes: Vec::new(),
    }
}

fn client(secret: Option<&str>, method: AuthMethod) -> Client {
    Client {
        id: "robot".to_owned(),
        secret: secret.map(Into::into),
        key: Some(crate::assertion::tests::key()),
        method,
        issuer: "https://as.test".to_owned(),
        redirect_uri: String::new(),
        kind: Kind::Settings,
    }
}

fn mint(play: &mut Play, means: Means, client: Client) -> Result<Exchanged, MintError> {
    let policy = Policy::new("https://mcp.test", "http://localhost:3000/cb");
    play.run(Mint::start(means, &found(), client, &policy, NOW))
}

// rule: at-59, rfc6749-4.4.2, rfc6749-4.4.3
#[test]
fn the_client_stands_for_itself_and_no_refresh_token_is_kept() {
    let mut play = Play::new().json(TOKEN, GOOD);
    let client = client(Some("s"), AuthMethod::Basic);
    let grant = mint(&mut play, Means::ClientCredentials, client)
        .unwrap()
        .grant;
    let form = play.form(0);
    assert_eq!(form["grant_type"], "client_credentials");
    assert_eq!(
        (form["scope"].as_str(), form["resource"].as_str()),
        ("a b", "https://mcp.test")
    );
    assert!(play.authorization(0).unwrap().starts_with("Basic "));
    assert!(grant.refresh.is_none());
    assert_eq!(grant.expires_at, Some(NOW + Duration::from_secs(3600)));
}

// rule: at-59, rfc7523-2.2
#[test]
fn a_client_with_a_key_signs_its_request() {
    let mut play = Play::new().json(TOKEN, GOOD);
    mint(
        &mut play,
        Means::ClientCredentials,
        client(None, AuthMethod::PrivateKeyJwt),
    )
    .unwrap();
    let claims = crate::assertion::tests::claims(&play.form(0)["client_assertion"]);
    assert_eq!(
        (&claims["sub"], &claims["aud"]),
        (&"robot".into(), &"https://as.test".into())
    );
}

// rule: rfc7523-2.1
#[test]
fn somebody_elses_word_is_shown_once_and_never_again() {
    for body in [
        r#"{"error":"invalid_grant"}"#,
        r#"{"error":"invalid_client"}"#,
        r#"{"error":"invalid_target"}"#,
    ] {
        let mut play = Play::new().status(TOKEN, 400, body);
        let means = Means::Assertion("workload.jwt.word".into());
        let error = mint(&mut play, means, client(Some("s"), AuthMethod::Basic)).unwrap_err();
        assert!(matches!(error, MintError::Refused { .. }), "{error}");
        assert_eq!(play.asked.len(), 1);
        assert_eq!(
            play.form(0)["grant_type"],
            "urn:ietf:params:oauth:grant-type:jwt-bearer"
        );
        assert_eq!(play.form(0)["assertion"], "workload.jwt.word");
    }
}

// rule: at-habit-2
#[test]
fn the_other_method_and_a_request_without_resource_are_tried_once() {
    let mut play = Play::new()
        .status(TOKEN, 401, r#"{"error":"invalid_client"}"#)
        .status(TOKEN, 400, r#"{"error":"invalid_target"}"#)
        .json(TOKEN, GOOD);
    let client = client(Some("s"), AuthMethod::Basic);
    let minted = mint(&mut play, Means::ClientCredentials, client).unwrap();
    assert_eq!(minted.client.method, AuthMethod::Post);
    assert_eq!((minted.notes.len(), minted.grant.resource), (1, None));
    assert!(!play.form(2).contains_key("resource"));
}

// rule: rfc6749-4.1.2.1
#[test]
fn trouble_is_no_refusal() {
    for (status, body) in [
        (500, "{}"),
        (429, ""),
        (200, "<html>"),
        (400, r#"{"error":"temporarily_unavailable"}"#),
    ] {
        let mut play = Play::new().status(TOKEN, status, body);
        let client = client(Some("s"), AuthMethod::Post);
        let error = mint(&mut play, Means::ClientCredentials, client).unwrap_err();
        assert!(
            matches!(error, MintError::Unavailable { .. }),
            "{status}: {error}"
        );
    }
}

// rule: mcp-auth-server-binding
#[test]
fn a_client_of_another_server_is_not_shown() {
    let mut foreign = client(Some("s"), AuthMethod::Post);
    foreign.issuer = "https://honest.test".to_owned();
    let mut play = Play::new().json(TOKEN, GOOD);
    let error = mint(&mut play, Means::ClientCredentials, foreign).unwrap_err();
    assert!(matches!(error, MintError::ForeignClient { .. }), "{error}");
    assert!(play.asked.is_empty());
}

/// How often the token endpoint is asked that always answers this, and with which method at last.
fn asked(status: u16, body: &str, found: &Discovered) -> (usize, bool) {
    let policy = Policy::new("https://mcp.test", "http://localhost:3000/cb");
    let mut play = Play::new().status(TOKEN, status, body);
    let client = client(Some("s"), AuthMethod::Basic);
    let error = play
        .run(Mint::start(
            Means::ClientCredentials,
            found,
            client,
            &policy,
            NOW,
        ))
        .unwrap_err();
    assert!(
        matches!(error, MintError::Refused { .. }),
        "{body}: {error}"
    );
    let count = play.asked.len();
    (count, play.authorization(count - 1).is_some())
}

// rule: at-habit-2, rfc8707-2.2
#[test]
fn a_refusal_is_answered_by_what_it_is_about_and_once() {
    let silent = Discovered {
        resource: None,
        ..found()
    };
    let target = r#"{"error":"invalid_target"}"#;
    assert_eq!(asked(400, target, &found()), (2, true), "the method stays");
    assert_eq!(asked(400, target, &silent), (1, true));
    let other = r#"{"error":"invalid_client"}"#;
    assert_eq!(asked(401, other, &found()), (2, false), "by post");
    assert_eq!(asked(401, "", &found()), (2, false), "as good as a word");
    for (status, body) in [
        (400, r#"{"error":"invalid_scope"}"#),
        (400, ""),
        (200, "{}"),
    ] {
        assert_eq!(asked(status, body, &found()), (1, true), "{body}");
    }
}

#[test]
fn a_token_endpoint_that_wants_to_be_asked_slowly_is_asked_later() {
    let mut play = Play::new().status(TOKEN, 400, r#"{"error":"slow_down"}"#);
    let client = client(Some("s"), AuthMethod::Basic);
    let error = mint(&mut play, Means::ClientCredentials, client).unwrap_err();
    assert!(matches!(error, MintError::Unavailable { .. }), "{error}");
}
