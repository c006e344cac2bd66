//! The private key of a client: read from the settings or a file at each use, so that a new one needs no restart.
//!
//! RFC 7515 (compact form), RFC 7518 sections 3.3 (RS256) and 3.4 (ES256). Other algorithms are left out.

use std::path::PathBuf;
use std::time::SystemTime;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth::assertion::{Moment, Sign, Unsigned};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

use crate::chance;
use crate::clock::Clock;

/// A client's key and where it is.
pub(super) struct PrivateKey {
    pub(super) place: Place,
    pub(super) id: Option<String>,
    pub(super) clock: Clock,
}

pub(super) enum Place {
    File(PathBuf),
    Settings(SecretString),
}

enum Opened {
    Es256(EcdsaKeyPair),
    Rs256(Box<RsaKeyPair>),
}

impl Sign for PrivateKey {
    fn moment(&self) -> Moment {
        let at: SystemTime = self.clock.now();
        Moment {
            at,
            unique: chance::bytes(),
        }
    }

    fn sign(
        &self,
        mut header: Map<String, Value>,
        claims: &Map<String, Value>,
    ) -> Result<String, Unsigned> {
        let key = self.open().map_err(Unsigned)?;
        header.insert("alg".to_owned(), json!(key.algorithm()));
        if let Some(id) = &self.id {
            header.insert("kid".to_owned(), json!(id));
        }
        compact(&header, claims, |input| key.sign(input))
    }
}

/// The three parts with points between them.
// rule: rfc7515-3.1
pub(super) fn compact(
    header: &Map<String, Value>,
    claims: &Map<String, Value>,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, Unspecified>,
) -> Result<String, Unsigned> {
    let part = |map: &Map<String, Value>| URL_SAFE_NO_PAD.encode(json!(map).to_string());
    let input = format!("{}.{}", part(header), part(claims));
    let signature = sign(input.as_bytes())
        .map_err(|why| Unsigned(format!("the private key does not sign: {why}")))?;
    Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

impl PrivateKey {
    fn open(&self) -> Result<Opened, String> {
        match &self.place {
            Place::File(path) => {
                let pem = std::fs::read(path)
                    .map_err(|error| format!("oauth.privateKeyFile {path:?}: {error}"))?;
                opened(&pem).map_err(|why| format!("oauth.privateKeyFile {path:?}: {why}"))
            }
            Place::Settings(pem) => {
                // In an environment variable the lines are often written as `\n`.
                let pem = pem.expose_secret().replace("\\n", "\n");
                opened(pem.as_bytes()).map_err(|why| format!("oauth.privateKey: {why}"))
            }
        }
    }
}

impl Opened {
    fn algorithm(&self) -> &'static str {
        match self {
            Self::Es256(_) => "ES256",
            Self::Rs256(_) => "RS256",
        }
    }

    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let random = SystemRandom::new();
        match self {
            Self::Es256(key) => Ok(key.sign(&random, input)?.as_ref().to_vec()),
            Self::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, input, &mut signature)?;
                Ok(signature)
            }
        }
    }
}

/// PKCS 8, SEC 1 (`EC PRIVATE KEY`) and PKCS 1 (`RSA PRIVATE KEY`). Messages say nothing of what is in the file.
fn opened(pem: &[u8]) -> Result<Opened, &'static str> {
    const WRONG: &str = "it is neither a P-256 key nor an RSA key of 2048 bits or more";
    let der = PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| "it holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)")?;
    let bytes = der.secret_der();
    let curve = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let elliptic = EcdsaKeyPair::from_pkcs8(curve, bytes)
        .or_else(|_| EcdsaKeyPair::from_private_key_der(curve, bytes));
    if let Ok(key) = elliptic {
        return Ok(Opened::Es256(key));
    }
    let key = RsaKeyPair::from_pkcs8(bytes).or_else(|_| RsaKeyPair::from_der(bytes));
    let key = key.map_err(|_| WRONG)?;
    if key.public_modulus_len() < 256 {
        return Err(WRONG);
    }
    Ok(Opened::Rs256(Box::new(key)))
}

#[cfg(test)]
mod tests;
