//! The keys of the issuer: what one proves, and when they are asked for.

use serde::Deserialize;

use super::forged::changed;
use super::*;
use crate::access::outside::keys::Keys;

/// A change of the RSA key in the set, the key that signs, and a change of the token's header.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    about: String,
    #[serde(default)]
    key: Value,
    by: String,
    #[serde(default)]
    header: Value,
    refused: Option<String>,
}

// rule: rfc7517-4.2, rfc7517-4.3, rfc8725-3.1
#[tokio::test]
async fn a_key_proves_what_it_is_for_and_nothing_else() {
    let rsa = SigningKey::rsa("r");
    let ed = SigningKey::ed25519("e");
    let stage = Stage::with(|it| {
        let all = json!(["RS256", "PS256", "ES256", "EdDSA"]);
        it["systemConfig"]["auth"]["forwardAuth"]["jwks"]["algorithms"] = all;
    })
    .await;
    let settings = stage.store.current();
    let issuer = settings.forward_auth.issuer().unwrap();
    let cases: Vec<Case> = serde_json::from_str(include_str!("keys.json")).unwrap();
    assert!(cases.len() > 15, "only {} cases", cases.len());
    for case in cases {
        let odd = [
            json!(7),
            json!({ "kty": "oct", "k": "AAAA", "kid": "r" }),
            json!({ "kty": "EC", "crv": "P-256" }),
        ];
        let usable = [
            changed(rsa.public(), &case.key),
            ed.public(),
            stage.key.public(),
        ];
        let all = [odd.as_slice(), &usable].concat();
        let set = json!({ "keys": all });
        let keys = Keys::read(set.to_string().as_bytes()).unwrap();
        let key = match case.by.as_str() {
            "e" => &ed,
            "k1" => &stage.key,
            _ => &rsa,
        };
        let token = key.sign(&changed(key.header(), &case.header), &stage.claims());
        let found = Token::read(&token).unwrap().signed(issuer, &keys);
        let found = found.err().map(|refused| format!("{refused:?}"));
        assert_eq!(found, case.refused, "{}", case.about);
    }
}

#[test]
fn a_token_that_names_no_key_is_nobodys_where_two_could_have_signed_it() {
    let two = json!({ "keys": [SigningKey::rsa("p").public(), SigningKey::rsa("q").public()] });
    let keys = Keys::read(two.to_string().as_bytes()).unwrap();
    let unnamed = keys.find(None, settings::SignatureAlgorithm::Rs256);
    assert_eq!(unnamed.err(), Some(Refused::Unnamed));
    for no_set in ["", "[]", "{}", r#"{"keys":{}}"#, "<html>"] {
        assert!(Keys::read(no_set.as_bytes()).is_none(), "{no_set}");
    }
}

// rule: mcphub-outside-keys-pace, safe-outside-storm
#[tokio::test]
async fn a_new_key_is_asked_for_once_a_minute_whoever_comes() {
    let stage = Stage::new().await;
    let claims = stage.claims();
    let next = SigningKey::p256("k2");
    stage.come(&stage.key.token(&claims)).await.unwrap();
    assert_eq!(stage.page.asked(), 1);
    stage.page.publish(&[&stage.key, &next]);
    for stranger in ["x", "y", "z"] {
        let token = SigningKey::p256(stranger).token(&claims);
        assert_eq!(stage.come(&token).await.err(), Some(Refused::UnknownKey));
    }
    assert_eq!(stage.page.asked(), 1, "it was asked a moment ago");
    stage.clock.advance(Duration::from_secs(60));
    let many: Vec<String> = (0..20).map(|_| next.token(&claims)).collect();
    let came = futures::future::join_all(many.iter().map(|token| stage.come(token))).await;
    assert!(came.iter().all(Result::is_ok), "{came:?}");
    assert_eq!(stage.page.asked(), 2, "twenty who wait are one request");
}

#[tokio::test]
async fn a_key_that_was_withdrawn_counts_for_ten_minutes_and_others_survive_a_silent_issuer() {
    let stage = Stage::new().await;
    let mut claims = stage.claims();
    claims["exp"] = (NOW + 1_000_000).into();
    let (old, next) = (stage.key.token(&claims), SigningKey::p256("k2"));
    stage.come(&old).await.unwrap();
    for (what, text) in [("in trouble", "{}"), ("a page", "<html>")] {
        stage
            .page
            .answer(if what == "a page" { 200 } else { 503 }, text);
        stage.clock.advance(Duration::from_secs(601));
        assert_eq!(stage.come(&old).await.map(drop), Ok(()), "{what}");
    }
    stage.clock.advance(Duration::from_secs(24 * 60 * 60));
    assert_eq!(stage.come(&old).await.err(), Some(Refused::NoKeys));
    stage.page.publish(&[&next]);
    stage.clock.advance(Duration::from_secs(60));
    stage.come(&next.token(&claims)).await.unwrap();
    assert_eq!(stage.come(&old).await.err(), Some(Refused::UnknownKey));
    stage.page.publish(&[]);
    stage.clock.advance(Duration::from_secs(601));
    let gone = stage.come(&next.token(&claims)).await;
    assert_eq!(
        gone.err(),
        Some(Refused::UnknownKey),
        "no key is a word, too"
    );
}

#[tokio::test]
async fn whoever_began_to_ask_may_go_away_and_others_get_the_answer() {
    let stage = Stage::new().await;
    let token = stage.token(|_| {});
    let mut first = Box::pin(stage.come(&token));
    let began = futures::poll!(&mut first);
    assert!(began.is_pending());
    drop(first);
    stage.come(&token).await.unwrap();
    assert_eq!(stage.page.asked(), 1);
}
