//! Tokens, one case a line in `tokens.json`: what is changed of a good one (`null` takes it out), and why it lets nobody in; and forged ones.

use lab::outside::unsigned;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    about: String,
    #[serde(default)]
    claims: Value,
    #[serde(default)]
    header: Value,
    refused: Option<String>,
}

pub(super) fn changed(mut good: Value, by: &Value) -> Value {
    for (key, value) in by.as_object().into_iter().flatten() {
        if value.is_null() {
            good.as_object_mut().unwrap().remove(key);
        } else {
            good[key] = value.clone();
        }
    }
    good
}

// rule: rfc7519-4.1.3, rfc7519-4.1.4, rfc7519-4.1.5, rfc8725-3.1, rfc8725-3.8, rfc8725-3.9, rfc8725-3.11, rfc9068-4, rfc7515-4.1.11, rfc9449-7.2
#[tokio::test]
async fn a_token_counts_with_all_that_it_has_to_say_and_with_nothing_less() {
    let stage = Stage::new().await;
    let cases: Vec<Case> = serde_json::from_str(include_str!("tokens.json")).unwrap();
    assert!(cases.len() > 35, "only {} cases", cases.len());
    for case in cases {
        let header = changed(stage.key.header(), &case.header);
        let claims = changed(stage.claims(), &case.claims);
        let found = stage.come(&stage.key.sign(&header, &claims)).await;
        let found = found.err().map(|refused| format!("{refused:?}"));
        assert_eq!(found, case.refused, "{}", case.about);
    }
}

// rule: rfc9068-4, safe-outside-elsewhere
#[tokio::test]
async fn a_token_of_another_issuer_is_not_ours_to_judge() {
    let stage = Stage::new().await;
    let slash = format!("{}/", stage.page.issuer());
    for iss in [
        json!("https://other.test"),
        json!(slash),
        Value::Null,
        json!([stage.page.issuer()]),
    ] {
        let token = stage.token(|it| it["iss"] = iss.clone());
        assert!(stage.outside.vouched(&token).await.is_none(), "{iss}");
        assert!(stage.outside.known(&token).is_none() && !stage.outside.is_for_us(&token));
    }
    for other in ["", "a-key", "a.b.c", "e30.e30.", "..", "mcphub_0123"] {
        assert!(stage.outside.vouched(other).await.is_none(), "{other}");
    }
    assert_eq!(stage.page.asked(), 0, "and nobody is asked for it");
}

// rule: safe-outside-forged, rfc8725-3.1
#[tokio::test]
async fn forged_tokens_let_nobody_in() {
    let stage = Stage::new().await;
    let (good, claims) = (stage.token(|_| {}), stage.claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let none = unsigned(&json!({ "alg": "none", "kid": "k1" }), &claims);
    let public = stage.key.public().to_string();
    let hs256 = |secret: &[u8]| {
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        jsonwebtoken::encode(
            &header,
            &claims,
            &jsonwebtoken::EncodingKey::from_secret(secret),
        )
        .unwrap()
    };
    let other = SigningKey::p256("k1");
    let boss = unsigned(
        &stage.key.header(),
        &json!({ "iss": claims["iss"], "sub": "boss", "aud": "mcphub", "exp": NOW + 300 }),
    );
    for (what, token, expected) in [
        ("no signature", format!("{none}."), Refused::Algorithm),
        (
            "another's signature without an algorithm",
            format!("{none}.{signature}"),
            Refused::Algorithm,
        ),
        (
            "the public key as a secret",
            hs256(public.as_bytes()),
            Refused::Algorithm,
        ),
        ("an empty secret", hs256(b""), Refused::Algorithm),
        (
            "another key of that name",
            other.token(&claims),
            Refused::Signature,
        ),
        (
            "the signature of another token",
            format!("{boss}.{signature}"),
            Refused::Signature,
        ),
        (
            "an empty signature",
            format!("{signed}."),
            Refused::Signature,
        ),
        (
            "half of the signature",
            format!("{signed}.{}", &signature[..40]),
            Refused::Signature,
        ),
        (
            "nothing but noughts",
            format!("{signed}.{}", "A".repeat(86)),
            Refused::Signature,
        ),
    ] {
        assert_eq!(stage.come(&token).await.err(), Some(expected), "{what}");
        assert_eq!(stage.outside.known(&token), Some(Err(expected)), "{what}");
    }
    assert_eq!(
        stage.users().as_array().unwrap().len(),
        1,
        "and nobody is made a user"
    );
}
