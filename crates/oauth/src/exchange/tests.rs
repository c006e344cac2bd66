//! Tests: codes and what a token endpoint says to them.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::client::Kind;
use crate::play::Play;

const TOKEN: &str = "https://as.test/token/";
const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn client(secret: Option<&str>, method: AuthMethod) -> Client {
    Client {
        id: "c1".to_owned(),
        secret: secret.map(Into::into),
        key: None,
        method,
        issuer: "https://as.test".to_owned(),
        redirect_uri: "http://localhost:3000/oauth/callback".to_owned(),
        kind: Kind::Settings,
    }
}

fn code() -> Code {
    let pending = Pending {
        state_hash: String::new(),
        verifier: "v".into(),
        issuer: Some("https://as.test".to_owned()),
        iss_promised: false,
        resource: Some("https://mcp.test".to_owned()),
        scopes: vec!["a".to_owned()],
        redirect_uri: "http://localhost:3000/oauth/callback".to_owned(),
        client_id: "c1".to_owned(),
        token_endpoint: TOKEN.to_owned(),
        revocation_endpoint: None,
        created_at: NOW,
        healed: Healed::default(),
        dpop: false,
    };
    Code {
        named: true,
        code: "C".into(),
        pending,
    }
}

fn policy() -> Policy {
    Policy::new(
        "https://mcp.test/mcp",
        "http://localhost:3000/oauth/callback",
    )
}

fn exchange(play: &mut Play, client: Client) -> Result<Exchanged, ExchangeError> {
    play.run(Exchange::start(code(), client, &policy(), NOW))
}

const GOOD: &str = r#"{"access_token":"AT1","refresh_token":"RT1","expires_in":3600}"#;

// rule: mcp-auth-server-binding
#[test]
fn a_client_of_another_server_is_not_used_even_with_the_same_id() {
    let mut foreign = client(Some("s"), AuthMethod::Post);
    foreign.issuer = "https://honest.test".to_owned();
    let error = exchange(&mut Play::new().json(TOKEN, GOOD), foreign).unwrap_err();
    assert!(
        matches!(error, ExchangeError::ForeignClient { .. }),
        "{error}"
    );
}

// rule: rfc7636-4.5, rfc8707-2.2, at-28
#[test]
fn the_code_is_traded_with_verifier_resource_and_the_same_address() {
    let mut play = Play::new().json(TOKEN, GOOD);
    let grant = exchange(&mut play, client(None, AuthMethod::None))
        .unwrap()
        .grant;
    let form = play.form(0);
    for (name, value) in [
        ("grant_type", "authorization_code"),
        ("code", "C"),
        ("redirect_uri", "http://localhost:3000/oauth/callback"),
        ("code_verifier", "v"),
        ("resource", "https://mcp.test"),
        ("client_id", "c1"),
    ] {
        assert_eq!(form[name], value);
    }
    assert_eq!(play.asked[0].headers()["accept"], "application/json");
    assert_eq!(grant.expires_at, Some(NOW + Duration::from_secs(3600)));
    assert_eq!(grant.resource.as_deref(), Some("https://mcp.test"));
    assert_eq!(
        (grant.issuer.as_str(), grant.token_endpoint.as_str()),
        ("https://as.test", TOKEN)
    );
}

// rule: rfc6749-3.3, safe-t08
#[test]
fn a_smaller_scope_is_kept_and_a_missing_one_is_as_requested() {
    let mut play = Play::new().json(TOKEN, GOOD);
    let grant = exchange(&mut play, client(None, AuthMethod::None))
        .unwrap()
        .grant;
    assert_eq!(
        (grant.scopes, grant.requested),
        (vec!["a".to_owned()], vec!["a".to_owned()])
    );
    let mut play = Play::new().json(TOKEN, r#"{"access_token":"AT1","scope":"tiny"}"#);
    let grant = exchange(&mut play, client(None, AuthMethod::None))
        .unwrap()
        .grant;
    assert_eq!(
        (grant.scopes, grant.requested),
        (vec!["tiny".to_owned()], vec!["a".to_owned()])
    );
}

// rule: at-41, at-habit-2
#[test]
fn the_other_method_is_tried_once_and_remembered() {
    for (from, to) in [
        (AuthMethod::Basic, AuthMethod::Post),
        (AuthMethod::Post, AuthMethod::Basic),
        (AuthMethod::None, AuthMethod::Post),
    ] {
        let mut play = Play::new()
            .status(TOKEN, 401, r#"{"error":"invalid_client"}"#)
            .json(TOKEN, GOOD);
        let exchanged = exchange(&mut play, client(Some("s"), from)).unwrap();
        assert_eq!(exchanged.client.method, to);
        assert_eq!(exchanged.notes.len(), 1);
        assert_eq!(
            play.form(0).contains_key("client_secret"),
            from == AuthMethod::Post
        );
        assert_eq!(
            play.form(1).contains_key("client_secret"),
            to == AuthMethod::Post
        );
        assert_eq!(play.authorization(1).is_some(), to == AuthMethod::Basic);
    }
    let mut play = Play::new()
        .status(
            TOKEN,
            401,
            r#"{"error":"invalid_client","error_description":"wrong secret"}"#,
        )
        .status(
            TOKEN,
            401,
            r#"{"error":"invalid_client","error_description":"wrong method"}"#,
        );
    let error = exchange(&mut play, client(Some("s"), AuthMethod::Basic)).unwrap_err();
    assert!(matches!(error, ExchangeError::Client { .. }));
    assert!(error.to_string().contains("wrong secret"), "{error}");
    assert_eq!(play.asked.len(), 2);
    let mut play = Play::new().status(TOKEN, 401, "");
    assert!(exchange(&mut play, client(None, AuthMethod::None)).is_err());
    assert_eq!(play.asked.len(), 1, "a public client has no other method");
}

// rule: at-14
#[test]
fn an_invalid_target_can_be_healed() {
    let mut play = Play::new().status(TOKEN, 400, r#"{"error":"invalid_target"}"#);
    let error = exchange(&mut play, client(None, AuthMethod::None)).unwrap_err();
    let healed = Healed {
        resource: true,
        scope: false,
    };
    assert_eq!(
        error,
        ExchangeError::Again {
            error: "invalid_target".to_owned(),
            healed
        }
    );
}

// rule: at-29
#[test]
fn a_refusal_is_shown_in_the_servers_words() {
    let body = "error=bad_verification_code&error_description=The+code+is+incorrect";
    let mut play = Play::new().json(TOKEN, body);
    let error = exchange(&mut play, client(None, AuthMethod::None)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the token endpoint answered bad_verification_code (The code is incorrect)"
    );
    let mut play = Play::new().status(TOKEN, 503, "");
    let error = exchange(&mut play, client(None, AuthMethod::None)).unwrap_err();
    assert!(matches!(error, ExchangeError::Unavailable(_)));
}

// rule: safe-x04
#[test]
fn the_servers_words_do_not_repeat_code_verifier_or_secret() {
    let mut code = code();
    code.code = "the-code-1".into();
    code.pending.verifier = "the-verifier-1".into();
    let body =
        r#"{"error":"invalid_grant","error_description":"the-code-1 the-verifier-1 the-secret-1"}"#;
    let mut play = Play::new().status(TOKEN, 400, body);
    let client = client(Some("the-secret-1"), AuthMethod::Post);
    let error = play
        .run(Exchange::start(code, client, &policy(), NOW))
        .unwrap_err();
    let said = "the token endpoint answered invalid_grant ([masked] [masked] [masked])";
    assert_eq!(error.to_string(), said);
}

#[test]
fn another_client_than_the_one_that_began_is_refused() {
    let other = Client {
        id: "c2".to_owned(),
        ..client(None, AuthMethod::None)
    };
    let error = Exchange::start(code(), other, &policy(), NOW).unwrap_err();
    assert!(matches!(error, ExchangeError::OtherClient { .. }));
}

#[test]
fn the_settings_parameters_are_added_and_never_replace_ours() {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let policy = Policy {
        token_params: vec![pair("x", "1"), pair("code", "evil")],
        ..policy()
    };
    let mut play = Play::new().json(TOKEN, GOOD);
    play.run(Exchange::start(
        code(),
        client(None, AuthMethod::None),
        &policy,
        NOW,
    ))
    .unwrap();
    assert_eq!(
        (play.form(0)["x"].as_str(), play.form(0)["code"].as_str()),
        ("1", "C")
    );
}

// rule: rfc7523-2.2
#[test]
fn a_code_is_traded_with_a_signed_assertion_and_no_secret() {
    let mut keyed = client(Some("s"), AuthMethod::PrivateKeyJwt);
    keyed.key = Some(crate::assertion::tests::key());
    let mut play = Play::new().json(TOKEN, GOOD);
    exchange(&mut play, keyed).unwrap();
    let form = play.form(0);
    let claims = crate::assertion::tests::claims(&form["client_assertion"]);
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&"c1".into(), &"https://as.test".into())
    );
    assert!(!form.contains_key("client_secret"));
    assert_eq!(play.authorization(0), None);
}

#[test]
fn a_key_that_cannot_be_read_does_not_spend_the_code() {
    let mut keyed = client(None, AuthMethod::PrivateKeyJwt);
    let keyless = Arc::new(crate::assertion::tests::Keyless);
    keyed.key = Some(crate::assertion::ClientKey::new(keyless, None));
    let mut play = Play::new().json(TOKEN, GOOD);
    let error = exchange(&mut play, keyed).unwrap_err();
    assert!(matches!(error, ExchangeError::Unsigned(_)), "{error}");
    assert!(play.asked.is_empty());
}
