//! The keys that an issuer publishes (JWK set, RFC 7517), as far as they can prove anything.
//!
//! A key that the hub cannot use, or that is for something else, is passed over: others in the set may be newer than the hub.

use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};
use settings::SignatureAlgorithm;

use super::Refused;

/// More than any issuer has at a time.
const MOST: usize = 100;

/// The usable keys of a set.
#[derive(Debug)]
pub(super) struct Keys(Vec<Key>);

#[derive(Debug)]
pub(super) struct Key {
    id: Option<String>,
    kind: Kind,
    /// The one way to sign that it is for, if it says so.
    algorithm: Option<String>,
    public: Public,
}

/// Without a word of the key in logs.
struct Public(DecodingKey);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

impl Keys {
    /// `None`: it is no set of keys. One without any key is one.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let set: Value = serde_json::from_slice(body).ok()?;
        let all = set.get("keys")?.as_array()?.iter().take(MOST);
        let all = all.filter_map(Value::as_object).filter_map(Key::read);
        Some(Self(all.collect()))
    }

    /// The key that a token names. A token that names none is the only one's that fits.
    pub(super) fn find(
        &self,
        id: Option<&str>,
        algorithm: SignatureAlgorithm,
    ) -> Result<&Key, Refused> {
        let mut fit = self.0.iter().filter(|key| key.fits(algorithm));
        let Some(id) = id else {
            let one = fit.next().ok_or(Refused::UnknownKey)?;
            return match fit.next() {
                None => Ok(one),
                Some(_) => Err(Refused::Unnamed),
            };
        };
        fit.find(|key| key.id.as_deref() == Some(id))
            .ok_or(Refused::UnknownKey)
    }
}

impl Key {
    fn read(written: &Map<String, Value>) -> Option<Self> {
        let text = |key: &str| written.get(key).and_then(Value::as_str);
        // rule: rfc7517-4.2, rfc7517-4.3 -- a key for encryption proves nothing, nor does one whose secret half everybody can read.
        let signs = text("use").is_none_or(|it| it == "sig");
        let verifies = written.get("key_ops").is_none_or(|all| {
            let mut all = all.as_array().into_iter().flatten();
            all.any(|one| one == "verify")
        });
        if !signs || !verifies || written.contains_key("d") {
            return None;
        }
        let (kind, public) = match (text("kty")?, text("crv")) {
            ("RSA", _) => (
                Kind::Rsa,
                DecodingKey::from_rsa_components(text("n")?, text("e")?),
            ),
            ("EC", Some("P-256")) => (Kind::P256, point(text("x")?, text("y")?)),
            ("EC", Some("P-384")) => (Kind::P384, point(text("x")?, text("y")?)),
            ("OKP", Some("Ed25519")) => {
                (Kind::Ed25519, DecodingKey::from_ed_components(text("x")?))
            }
            _ => return None,
        };
        Some(Self {
            id: text("kid").map(str::to_owned),
            kind,
            algorithm: text("alg").map(str::to_owned),
            public: Public(public.ok()?),
        })
    }

    // rule: rfc8725-3.1 -- a key is used with the one algorithm that it is for.
    fn fits(&self, algorithm: SignatureAlgorithm) -> bool {
        let said = self.algorithm.as_deref();
        kind_of(algorithm) == self.kind && said.is_none_or(|said| said == algorithm.name())
    }

    pub(super) fn has_signed(
        &self,
        signed: &str,
        signature: &str,
        algorithm: SignatureAlgorithm,
    ) -> bool {
        let Ok(algorithm) = algorithm.name().parse() else {
            return false;
        };
        let key = &self.public.0;
        jsonwebtoken::crypto::verify(signature, signed.as_bytes(), key, algorithm).unwrap_or(false)
    }
}

impl std::fmt::Debug for Public {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Public")
    }
}

fn point(x: &str, y: &str) -> jsonwebtoken::errors::Result<DecodingKey> {
    DecodingKey::from_ec_components(x, y)
}

fn kind_of(algorithm: SignatureAlgorithm) -> Kind {
    match algorithm {
        SignatureAlgorithm::Rs256
        | SignatureAlgorithm::Rs384
        | SignatureAlgorithm::Rs512
        | SignatureAlgorithm::Ps256
        | SignatureAlgorithm::Ps384
        | SignatureAlgorithm::Ps512 => Kind::Rsa,
        SignatureAlgorithm::Es256 => Kind::P256,
        SignatureAlgorithm::Es384 => Kind::P384,
        SignatureAlgorithm::EdDsa => Kind::Ed25519,
    }
}
