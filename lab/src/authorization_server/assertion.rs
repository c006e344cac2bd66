//! Signed assertions of clients (RFC 7523 3), verified for real: ES256 with the keys that the client registered, the issuer
//! as the only audience, an end that has not come, and no `jti` twice.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::client::Client;
use super::refusal::Refusal;
use crate::seen::Seen;
use crate::state::State;

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// No assertion may be good for longer, in seconds.
const LONGEST: u64 = 600;

/// Whom an assertion claims to be of.
pub(crate) fn subject(word: &str) -> Option<String> {
    Some(part(word, 1)?.get("sub")?.as_str()?.to_owned())
}

/// Checks the assertion of a request.
pub(crate) fn verify(state: &mut State, asked: &Seen, client: &Client) -> Result<(), Refusal> {
    if asked.form("client_assertion_type").as_deref() != Some(TYPE) {
        return Err(Refusal::client("the assertion is of an unknown type"));
    }
    let word = asked.form("client_assertion").unwrap_or_default();
    if part(&word, 0).is_none_or(|header| header["alg"] != "ES256") || !signed(&word, client) {
        return Err(Refusal::client(
            "the assertion is not signed with a key of the client",
        ));
    }
    let claims = part(&word, 1).unwrap_or_default();
    let id = client.client_id.as_str();
    if claims["iss"] != id || asked.form("client_id").is_some_and(|named| named != id) {
        return Err(Refusal::client(
            "iss, sub and client_id are not the same client",
        ));
    }
    if claims["aud"] != state.issuer() {
        return Err(Refusal::client(format!("aud must be {}", state.issuer())));
    }
    let time = |name: &str| claims[name].as_u64().unwrap_or(0);
    let (from, to) = (time("iat"), time("exp"));
    if to <= state.clock.unix() || to.saturating_sub(from) > LONGEST {
        return Err(Refusal::client(
            "the assertion has ended, or lives too long",
        ));
    }
    let jti = claims["jti"].as_str().unwrap_or_default().to_owned();
    if jti.is_empty() || !state.assertions.insert(jti) {
        return Err(Refusal::client("the assertion was used already"));
    }
    Ok(())
}

fn signed(word: &str, client: &Client) -> bool {
    let Some((input, signature)) = word.rsplit_once('.') else {
        return false;
    };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
        return false;
    };
    let keys = client.jwks.as_ref().and_then(|set| set["keys"].as_array());
    keys.into_iter().flatten().any(|key| {
        let octets = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap_or_default());
        let (Ok(x), Ok(y)) = (octets("x"), octets("y")) else {
            return false;
        };
        let point = [&[4][..], &x, &y].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(input.as_bytes(), &signature)
            .is_ok()
    })
}

fn part(word: &str, number: usize) -> Option<Value> {
    let part = URL_SAFE_NO_PAD.decode(word.split('.').nth(number)?).ok()?;
    serde_json::from_slice(&part).ok()
}
