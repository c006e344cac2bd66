//! The key of a grant whose token is bound to it (DPoP): made at the sign-in, kept with the tokens, and gone with them.
//!
//! RFC 9449 section 4.2, RFC 7518 section 3.4 (ES256). Kept as PKCS 8 in base64url.

use std::sync::Arc;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth::assertion::{Moment, Sign, Unsigned};
use oauth::dpop::{ALGORITHM, ProofKey};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

use super::key;
use crate::chance;
use crate::clock::Clock;

struct Signer {
    key: EcdsaKeyPair,
    clock: Clock,
}

/// A new key, as it is kept.
pub(super) fn made() -> Result<SecretString, Unsigned> {
    let broken = |_| Unsigned("no key could be made".to_owned());
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(broken)?;
    let octets = key.to_pkcs8v1().map_err(broken)?;
    Ok(URL_SAFE_NO_PAD.encode(octets.as_ref()).into())
}

/// A key that was kept.
pub(super) fn opened(kept: &SecretString, clock: &Clock) -> Result<ProofKey, Unsigned> {
    let wrong = || Unsigned("oauth.grant.dpopPrivateKey is no P-256 key".to_owned());
    let octets = URL_SAFE_NO_PAD.decode(kept.expose_secret()).ok();
    let key = octets
        .and_then(|octets| EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &octets).ok())
        .ok_or_else(wrong)?;
    // An uncompressed point: 4, then both coordinates.
    let point = key.public_key().as_ref();
    let (Some(x), Some(y)) = (point.get(1..33), point.get(33..65)) else {
        return Err(wrong());
    };
    let octets = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
    let public = json!({"kty": "EC", "crv": "P-256", "x": octets(x), "y": octets(y)});
    let clock = clock.clone();
    Ok(ProofKey::new(Arc::new(Signer { key, clock }), public))
}

impl Sign for Signer {
    fn moment(&self) -> Moment {
        Moment {
            at: self.clock.now(),
            unique: chance::bytes(),
        }
    }

    fn sign(
        &self,
        mut header: Map<String, Value>,
        claims: &Map<String, Value>,
    ) -> Result<String, Unsigned> {
        header.insert("alg".to_owned(), json!(ALGORITHM));
        key::compact(&header, claims, |input| {
            let random = aws_lc_rs::rand::SystemRandom::new();
            Ok(self.key.sign(&random, input)?.as_ref().to_vec())
        })
    }
}
