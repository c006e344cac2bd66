//! Statements that a client signs, instead of showing a secret: `private_key_jwt`.
//!
//! RFC 7521 section 4.2, RFC 7523 sections 2.2 and 3, RFC 7515 section 3.1 (compact form, made by whoever holds
//! the key). Nothing is signed here: this crate says what, and a [`Sign`] does it. Encrypted assertions and shared
//! keys (`client_secret_jwt`) are left out.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

/// What is sent as `client_assertion_type`.
pub(crate) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long an assertion is good for: long enough for clocks that differ a little, too short to be of use to a thief.
const LIFE: Duration = Duration::from_secs(300);

/// Whoever holds a private key, with the time and the chance that a signed statement needs.
pub trait Sign: Send + Sync {
    fn moment(&self) -> Moment;

    /// A JWT in compact form, of these claims. The header gains `alg`, and `kid` where the key has a name.
    fn sign(
        &self,
        header: Map<String, Value>,
        claims: &Map<String, Value>,
    ) -> Result<String, Unsigned>;
}

/// When a statement is made, and octets that were never used before.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    pub at: SystemTime,
    pub unique: [u8; 16],
}

/// Why there is no signature: the key is not there, or it is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("nothing could be signed: {0}")]
pub struct Unsigned(pub String);

/// A client's private key, and whom its assertions are for.
#[derive(Clone)]
pub struct ClientKey {
    signer: Arc<dyn Sign>,
    /// Other than the issuer (`oauth.assertionAudience`).
    audience: Option<String>,
}

impl ClientKey {
    #[must_use]
    pub fn new(signer: Arc<dyn Sign>, audience: Option<String>) -> Self {
        Self { signer, audience }
    }

    /// A new assertion of this client for this authorization server.
    // `iss` and `sub` are the client id; `aud` is the issuer as one text; it ends soon, and no two are alike.
    // rule: rfc7523-3
    pub(crate) fn assertion(&self, client_id: &str, issuer: &str) -> Result<String, Unsigned> {
        let moment = self.signer.moment();
        let at = seconds(moment.at);
        let mut claims = Map::new();
        let mut claim = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        claim("iss", json!(client_id));
        claim("sub", json!(client_id));
        claim("aud", json!(self.audience.as_deref().unwrap_or(issuer)));
        claim("jti", json!(URL_SAFE_NO_PAD.encode(moment.unique)));
        claim("iat", json!(at));
        claim("exp", json!(at + LIFE.as_secs()));
        let header = Map::from_iter([("typ".to_owned(), json!("JWT"))]);
        self.signer.sign(header, &claims)
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientKey")
    }
}

pub(crate) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Signs with a word; what is signed can be read back.
    pub(crate) struct Practice(pub(crate) SystemTime);

    impl Sign for Practice {
        fn moment(&self) -> Moment {
            Moment {
                at: self.0,
                unique: [7; 16],
            }
        }

        fn sign(
            &self,
            header: Map<String, Value>,
            claims: &Map<String, Value>,
        ) -> Result<String, Unsigned> {
            let part = |map: &Map<String, Value>| URL_SAFE_NO_PAD.encode(json!(map).to_string());
            Ok(format!("{}.{}.signed", part(&header), part(claims)))
        }
    }

    /// Has no key.
    pub(crate) struct Keyless;

    impl Sign for Keyless {
        fn moment(&self) -> Moment {
            Practice(SystemTime::UNIX_EPOCH).moment()
        }

        fn sign(&self, _: Map<String, Value>, _: &Map<String, Value>) -> Result<String, Unsigned> {
            Err(Unsigned("the file is not there".to_owned()))
        }
    }

    pub(crate) fn key() -> ClientKey {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        ClientKey::new(Arc::new(Practice(start)), None)
    }

    pub(crate) fn claims(jwt: &str) -> Value {
        let part = jwt.split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    // rule: rfc7523-3
    #[test]
    fn an_assertion_speaks_of_the_client_to_the_issuer_and_ends_soon() {
        let jwt = key().assertion("c1", "https://as.test/t").unwrap();
        let expected = json!({
            "iss": "c1", "sub": "c1", "aud": "https://as.test/t", "jti": "BwcHBwcHBwcHBwcHBwcHBw", "iat": 1000, "exp": 1300,
        });
        assert_eq!(claims(&jwt), expected);
    }

    #[test]
    fn the_settings_may_name_another_audience() {
        let signer = Arc::new(Practice(SystemTime::UNIX_EPOCH));
        let key = ClientKey::new(signer, Some("https://as.test/token".to_owned()));
        let jwt = key.assertion("c1", "https://as.test").unwrap();
        assert_eq!(claims(&jwt)["aud"], "https://as.test/token");
    }

    #[test]
    fn a_key_is_shown_by_its_kind_alone() {
        assert_eq!(format!("{:?}", key()), "ClientKey");
    }
}
