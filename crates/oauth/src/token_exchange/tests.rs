//! Tests: what an identity provider is asked, and what of its answers is taken.

use super::*;
use crate::mint::tests::found;
use crate::play::Play;

const IDP: &str = "https://idp.test/token";
const GOOD: &str = r#"{"access_token":"jag","issued_token_type":"urn:ietf:params:oauth:token-type:id-jag","token_type":"N_A"}"#;

fn provider(secret: Option<&str>) -> IdentityProvider {
    IdentityProvider {
        token_endpoint: IDP.to_owned(),
        client_id: "c@idp".to_owned(),
        client_secret: secret.map(SecretString::from),
        id_token: "word.of.idp".into(),
    }
}

fn exchange(
    play: &mut Play,
    provider: IdentityProvider,
) -> Result<SecretString, TokenExchangeError> {
    let policy = Policy::new("https://mcp.test", "http://localhost:3000/cb");
    play.run(TokenExchange::start(provider, &found(), &policy))
}

// rule: rfc8693-2.1
#[test]
fn the_word_is_asked_for_the_issuer_and_the_resource_that_were_found() {
    let mut play = Play::new().json(IDP, GOOD);
    let word = exchange(&mut play, provider(None)).unwrap();
    assert_eq!(word.expose_secret(), "jag");
    let form = play.form(0);
    assert_eq!(form["grant_type"], GRANT);
    assert_eq!(
        (&*form["subject_token"], &*form["subject_token_type"]),
        ("word.of.idp", ID_TOKEN)
    );
    assert_eq!(form["requested_token_type"], ID_JAG);
    assert_eq!(
        (&*form["audience"], &*form["resource"], &*form["scope"]),
        ("https://as.test", "https://mcp.test", "a b")
    );
    assert_eq!(form["client_id"], "c@idp");
    assert_eq!(play.authorization(0), None);
}

#[test]
fn a_client_with_a_secret_shows_it_in_the_header() {
    let mut play = Play::new().json(IDP, GOOD);
    exchange(&mut play, provider(Some("s"))).unwrap();
    assert!(play.authorization(0).unwrap().starts_with("Basic "));
}

// rule: rfc8693-2.2.1
#[test]
fn a_token_of_another_type_is_not_taken_for_the_word() {
    for kind in [
        "",
        r#","issued_token_type":"urn:ietf:params:oauth:token-type:access_token""#,
    ] {
        let body = format!(r#"{{"access_token":"jag","token_type":"bearer"{kind}}}"#);
        let mut play = Play::new().json(IDP, &body);
        let error = exchange(&mut play, provider(None)).unwrap_err();
        assert!(
            matches!(error, TokenExchangeError::Refused { .. }),
            "{error}"
        );
    }
}

#[test]
fn a_refusal_does_not_repeat_the_id_token_and_trouble_is_no_refusal() {
    let said = r#"{"error":"invalid_grant","error_description":"word.of.idp has ended"}"#;
    let mut play = Play::new().status(IDP, 400, said);
    let error = exchange(&mut play, provider(None)).unwrap_err().to_string();
    assert!(
        error.contains("[masked] has ended") && !error.contains("word.of.idp"),
        "{error}"
    );
    for status in [500, 429] {
        let mut play = Play::new().status(IDP, status, "");
        let error = exchange(&mut play, provider(None)).unwrap_err();
        assert!(matches!(error, TokenExchangeError::Unavailable { .. }));
    }
    for word in ["temporarily_unavailable", "slow_down"] {
        let mut play = Play::new().status(IDP, 400, &format!(r#"{{"error":"{word}"}}"#));
        let error = exchange(&mut play, provider(None)).unwrap_err();
        assert!(
            matches!(error, TokenExchangeError::Unavailable { .. }),
            "{word}"
        );
    }
}

#[test]
fn nothing_is_sent_without_an_issuer_or_over_plain_http() {
    let policy = Policy::new("https://mcp.test", "http://localhost:3000/cb");
    let mut plain = provider(None);
    plain.token_endpoint = "http://idp.test/token".to_owned();
    let error = TokenExchange::start(plain, &found(), &policy).unwrap_err();
    assert!(matches!(error, TokenExchangeError::Address(_)), "{error}");
    let mut nameless = found();
    nameless.server.issuer = None;
    let error = TokenExchange::start(provider(None), &nameless, &policy).unwrap_err();
    assert!(error.to_string().contains("oauth.issuer"), "{error}");
}
