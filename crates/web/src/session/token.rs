//! Login tokens: JWT (RFC 7519) signed with HS256, one algorithm and no other (RFC 8725 3.1).
//!
//! A token names the account and carries a mark of the password it was made under: changing the password ends it.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub(crate) const LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// Secrets that stand in public documents; a hub must not sign with one of them.
const PUBLIC: [&str; 4] = ["", "your-secret-key", "secret", "change-me"];

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) user: Claimed,
    iat: u64,
    exp: u64,
    pw: String,
}

impl Claims {
    /// `None`: that is longer than time goes.
    pub(crate) fn until(&self) -> Option<SystemTime> {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.exp))
    }
}

/// The account, as the token claims it: rights are looked up in the settings on each request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claimed {
    pub(crate) username: String,
    #[serde(rename = "isAdmin")]
    pub(crate) is_admin: bool,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the login token is not one of this hub: {0}")]
    Forged(#[source] jsonwebtoken::errors::Error),
    #[error("the login token has expired; log in again")]
    Expired,
}

pub(crate) struct Signer {
    secret: SecretString,
}

impl Signer {
    /// `None`: the secret is one that everybody knows.
    pub(crate) fn new(secret: SecretString) -> Option<Self> {
        (!PUBLIC.contains(&secret.expose_secret().trim())).then_some(Self { secret })
    }

    pub(crate) fn random(secret: [u8; 32]) -> Self {
        Self {
            secret: URL_SAFE_NO_PAD.encode(secret).into(),
        }
    }

    /// Ties a token to the password (its hash, or the text itself) without telling anything about it.
    pub(crate) fn mark(&self, stored_password: &str) -> String {
        let mut digest = Sha256::new();
        digest.update(self.secret.expose_secret());
        digest.update([0]);
        digest.update(stored_password);
        URL_SAFE_NO_PAD.encode(&digest.finalize()[..12])
    }

    pub(crate) fn sign(
        &self,
        user: Claimed,
        stored_password: &str,
        now: SystemTime,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let iat = seconds(now);
        let claims = Claims {
            user,
            iat,
            exp: iat + LIFE.as_secs(),
            pw: self.mark(stored_password),
        };
        let key = EncodingKey::from_secret(self.secret.expose_secret().as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
    }

    // rule: safe-w07
    pub(crate) fn read(&self, token: &str, now: SystemTime) -> Result<Claims, Refused> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false; // below, by our own clock
        let key = DecodingKey::from_secret(self.secret.expose_secret().as_bytes());
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation)
            .map_err(Refused::Forged)?
            .claims;
        if seconds(now) >= claims.exp {
            return Err(Refused::Expired);
        }
        Ok(claims)
    }

    /// Was the token made under this password?
    pub(crate) fn belongs_to(&self, claims: &Claims, stored_password: &str) -> bool {
        super::password::same(&claims.pw, &self.mark(stored_password))
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(secret: &str) -> Signer {
        Signer::new(secret.into()).unwrap()
    }

    fn admin() -> Claimed {
        Claimed {
            username: "admin".into(),
            is_admin: true,
        }
    }

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    #[test]
    fn a_token_says_what_was_signed_until_it_expires() {
        let signer = signer("our own long secret");
        let token = signer.sign(admin(), "hash", now()).unwrap();
        let claims = signer
            .read(&token, now() + LIFE - Duration::from_secs(1))
            .unwrap();
        assert_eq!(claims.user, admin());
        assert!(signer.belongs_to(&claims, "hash"));
        assert!(matches!(
            signer.read(&token, now() + LIFE),
            Err(Refused::Expired)
        ));
    }

    // rule: safe-w07
    #[test]
    fn forged_tokens_are_refused() {
        let ours = signer("our own long secret");
        let encode = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let body = encode(
            r#"{"user":{"username":"admin","isAdmin":true},"iat":1,"exp":9999999999,"pw":""}"#,
        );
        let none = format!("{}.{body}.", encode(r#"{"alg":"none","typ":"JWT"}"#));
        let no_signature = format!("{}.{body}.", encode(r#"{"alg":"HS256","typ":"JWT"}"#));
        let others = signer("the secret of another hub")
            .sign(admin(), "hash", now())
            .unwrap();
        let key = EncodingKey::from_secret(b"your-secret-key");
        let claims = ours
            .read(&ours.sign(admin(), "hash", now()).unwrap(), now())
            .unwrap();
        let known_secret =
            jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
        let key = EncodingKey::from_secret(b"our own long secret");
        let other_algorithm =
            jsonwebtoken::encode(&Header::new(Algorithm::HS512), &claims, &key).unwrap();
        for forged in [
            none,
            no_signature,
            others,
            known_secret,
            other_algorithm,
            String::new(),
            "a.b.c".into(),
        ] {
            assert!(
                matches!(ours.read(&forged, now()), Err(Refused::Forged(_))),
                "{forged}"
            );
        }
    }

    // rule: safe-w07
    #[test]
    fn a_new_password_ends_the_tokens_of_the_old_one() {
        let signer = signer("our own long secret");
        let claims = signer
            .read(&signer.sign(admin(), "old hash", now()).unwrap(), now())
            .unwrap();
        assert!(!signer.belongs_to(&claims, "new hash"));
    }

    // rule: safe-w07
    #[test]
    fn a_secret_that_everybody_knows_signs_nothing() {
        assert!(Signer::new("your-secret-key".into()).is_none());
        assert!(Signer::new(" ".into()).is_none());
    }
}
