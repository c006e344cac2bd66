//! Tests: what a proof says, and when a token request is sent again.

use std::time::{Duration, SystemTime};

use super::*;
use crate::assertion::tests::{Keyless, Practice, claims};
use crate::client::{AuthMethod, Client, Kind};
use crate::mint::tests::found;
use crate::mint::{Means, Mint, MintError};
use crate::play::{Play, response};
use crate::policy::Policy;

const TOKEN: &str = "https://as.test/token";
const BOUND: &str = r#"{"access_token":"AT1","token_type":"DPoP"}"#;

fn key() -> ProofKey {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
    ProofKey::new(Arc::new(Practice(start)), json!({"kty": "EC"}))
}

fn policy(key: Option<ProofKey>, dpop: Option<bool>) -> Policy {
    let mut policy = Policy::new("https://mcp.test", "http://localhost:3000/cb");
    (policy.proof_key, policy.dpop) = (key, dpop);
    policy
}

fn bound(play: &mut Play, policy: &Policy) -> Result<bool, MintError> {
    let client = Client {
        id: "robot".to_owned(),
        secret: Some("s3cret".into()),
        key: None,
        method: AuthMethod::Basic,
        issuer: "https://as.test".to_owned(),
        redirect_uri: String::new(),
        kind: Kind::Settings,
    };
    let now = SystemTime::UNIX_EPOCH;
    let first = Mint::start(Means::ClientCredentials, &found(), client, policy, now);
    play.run(first).map(|minted| minted.grant.bound)
}

fn proof(play: &Play, n: usize) -> Value {
    claims(play.asked[n].headers()[HEADER].to_str().unwrap())
}

fn nonce(error: &str) -> Response {
    let mut answer = response(400, &format!(r#"{{"error":"{error}"}}"#));
    answer
        .headers_mut()
        .insert(NONCE, HeaderValue::from_static("n1"));
    answer
}

// rule: rfc9449-4.2
#[test]
fn a_proof_speaks_of_one_request_and_of_the_token_that_goes_with_it() {
    let shown = Shown {
        method: "POST",
        address: "https://mcp.test/mcp?a=b",
        token: Some("AT1"),
        nonce: Some("n"),
    };
    let proof = key().proof(&shown).unwrap();
    assert!(proof.is_sensitive());
    let (header, _) = proof.to_str().unwrap().split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    assert_eq!(header, json!({"typ": "dpop+jwt", "jwk": {"kty": "EC"}}));
    let expected = json!({
        "jti": "BwcHBwcHBwcHBwcHBwcHBw", "htm": "POST", "htu": "https://mcp.test/mcp", "iat": 1000,
        "ath": pkce::digest("AT1"), "nonce": "n",
    });
    assert_eq!(claims(proof.to_str().unwrap()), expected);
}

#[test]
fn a_key_is_named_and_not_shown() {
    assert_eq!(format!("{:?}", key()), "ProofKey");
}

// rule: rfc9449-5
#[test]
fn a_token_request_carries_a_proof_and_its_token_is_known_as_bound() {
    let mut play = Play::new().json(TOKEN, BOUND);
    assert!(bound(&mut play, &policy(Some(key()), None)).unwrap());
    let said = proof(&play, 0);
    assert_eq!(
        (&said["htm"], &said["htu"]),
        (&json!("POST"), &json!(TOKEN))
    );
    assert!(said.get("ath").is_none() && said.get("nonce").is_none());
}

// rule: rfc9449-8
#[test]
fn a_nonce_is_repeated_in_a_new_proof_once() {
    let asked_twice = |answer: Response| {
        let mut play = Play::new().answer(TOKEN, Ok(nonce("use_dpop_nonce")));
        play = play.answer(TOKEN, Ok(answer));
        let outcome = bound(&mut play, &policy(Some(key()), None));
        assert_eq!(play.asked.len(), 2);
        assert_eq!(proof(&play, 1)["nonce"], "n1");
        assert_eq!(play.form(0), play.form(1));
        outcome
    };
    assert!(asked_twice(response(200, BOUND)).unwrap());
    assert!(matches!(
        asked_twice(nonce("use_dpop_nonce")),
        Err(MintError::Refused { .. })
    ));
    let mut play = Play::new().answer(TOKEN, Ok(nonce("invalid_grant")));
    assert!(bound(&mut play, &policy(Some(key()), None)).is_err());
    assert_eq!(play.asked.len(), 1, "another error wants no nonce");
}

// rule: rfc6749-7.1, rfc9449-5
#[test]
fn the_type_of_the_token_must_be_one_that_will_do() {
    let bearer = r#"{"access_token":"AT1","token_type":"Bearer"}"#;
    for (key, dpop, body, wanted) in [
        (None, None, BOUND, None),
        (None, None, bearer, Some(false)),
        (Some(key()), None, bearer, Some(false)),
        (Some(key()), Some(true), bearer, None),
        (Some(key()), Some(true), BOUND, Some(true)),
        (
            Some(key()),
            None,
            r#"{"access_token":"AT1","token_type":"mac"}"#,
            None,
        ),
    ] {
        let mut play = Play::new().json(TOKEN, body);
        let seen = bound(&mut play, &policy(key, dpop)).ok();
        assert_eq!(seen, wanted, "{dpop:?} {body}");
    }
}

#[test]
fn without_a_signature_nothing_is_sent() {
    let keyless = ProofKey::new(Arc::new(Keyless), json!({}));
    let mut play = Play::new().json(TOKEN, BOUND);
    let error = bound(&mut play, &policy(Some(keyless), None)).unwrap_err();
    assert!(matches!(error, MintError::Unavailable { .. }), "{error}");
    assert!(play.asked.is_empty());
}
