//! Proofs of possession (RFC 9449), verified for real: ES256 with the key in the header, this method and address, the token's
//! hash, no `jti` twice, and this world's nonce repeated. Tokens are bound to the key of the request that they came by.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::seen::Seen;

/// What proofs have to repeat, at both servers.
pub(crate) const NONCE: &str = "nonce-of-the-day";

#[derive(Debug, Default)]
pub(crate) struct Proofs {
    used: BTreeSet<String>,
    /// Tokens of both kinds, and the point of the key that each is bound to.
    bound: BTreeMap<String, Vec<u8>>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unproved {
    /// The proof is good as far as it goes.
    Nonce,
    Wrong(&'static str),
}

impl Proofs {
    /// The point of the key that a request for this address was signed with.
    pub(crate) fn verify(
        &mut self,
        asked: &Seen,
        address: &str,
        token: Option<&str>,
    ) -> Result<Vec<u8>, Unproved> {
        let wrong = |what| Err(Unproved::Wrong(what));
        let all = asked.headers.iter().filter(|(name, _)| name == "dpop");
        let (Some(proof), 1) = (asked.header("dpop"), all.count()) else {
            return wrong("there must be one proof");
        };
        let (Some(header), Some(claims)) = (part(proof, 0), part(proof, 1)) else {
            return wrong("the proof is no JWT");
        };
        if header["typ"] != "dpop+jwt" || header["alg"] != "ES256" || !header["jwk"]["d"].is_null()
        {
            return wrong("the proof's header is wrong");
        }
        let octets = |name: &str| {
            let text = header["jwk"][name].as_str().unwrap_or_default();
            URL_SAFE_NO_PAD.decode(text).unwrap_or_default()
        };
        let point = [&[4][..], &octets("x"), &octets("y")].concat();
        let (input, signature) = proof.rsplit_once('.').unwrap_or_default();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point);
        if key.verify(input.as_bytes(), &signature).is_err() {
            return wrong("the proof is not signed with its key");
        }
        if claims["htm"] != asked.method || claims["htu"] != address {
            return wrong("the proof is for another request");
        }
        let hash = token.map(|token| URL_SAFE_NO_PAD.encode(Sha256::digest(token)));
        if claims["ath"].as_str() != hash.as_deref() {
            return wrong("the proof is for another token");
        }
        let id = claims["jti"].as_str().unwrap_or_default();
        if id.is_empty() || !self.used.insert(id.to_owned()) {
            return wrong("the proof was used before");
        }
        match claims["nonce"].as_str() {
            Some(NONCE) => Ok(point),
            Some(_) | None => Err(Unproved::Nonce),
        }
    }

    pub(crate) fn bind(&mut self, token: &str, point: &[u8]) {
        self.bound.insert(token.to_owned(), point.to_vec());
    }

    pub(crate) fn is_bound(&self, token: &str, point: &[u8]) -> bool {
        self.bound.get(token).is_some_and(|bound| bound == point)
    }
}

fn part(proof: &str, number: usize) -> Option<Value> {
    let part = URL_SAFE_NO_PAD.decode(proof.split('.').nth(number)?).ok()?;
    serde_json::from_slice(&part).ok()
}
