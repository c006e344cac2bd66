//! A token of the outside issuer: a signed JWT in its compact form, and what must be true of it.
//!
//! RFC 7515 7.1, RFC 7519 4.1, RFC 8725 3, RFC 9068 4. Reading and checking are one: what is looked at is what was signed.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use settings::{OutsideIssuer, SignatureAlgorithm};

use super::keys::Keys;
use super::{Refused, Vouched, person};

/// Larger ones are nobody's.
const LARGEST: usize = 32 * 1024;
/// Clocks differ. As MCPHub.
const LEEWAY: Duration = Duration::from_secs(30);

/// What a token says; nothing of it is true yet.
pub(super) struct Token<'t> {
    signed: &'t str,
    signature: &'t str,
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

/// What a sound token says, as far as it counts here.
#[derive(Debug)]
pub(super) struct Claims {
    pub(super) subject: String,
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    client: Option<String>,
    audiences: Vec<String>,
    until: SystemTime,
}

impl<'t> Token<'t> {
    /// `None`: it is something else.
    pub(super) fn read(text: &'t str) -> Option<Self> {
        if text.len() > LARGEST {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self {
            signed,
            signature,
            header: object(header)?,
            claims: object(claims)?,
        })
    }

    pub(super) fn issuer(&self) -> Option<&str> {
        text(&self.claims, "iss")
    }

    pub(super) fn is_for(&self, issuer: &OutsideIssuer) -> bool {
        !self.audiences(issuer).is_empty()
    }

    /// All that can be seen without a key.
    pub(super) fn sound(&self, issuer: &OutsideIssuer, now: SystemTime) -> Result<Claims, Refused> {
        self.algorithm(issuer)?;
        // rule: rfc7515-4.1.11 -- what has to be understood and is not makes the whole token invalid.
        if self.header.contains_key("crit") {
            return Err(Refused::Critical);
        }
        self.is_access_token()?;
        // rule: rfc9449-7.2 -- a token that is bound to its client's key is no bearer token.
        if self.claims.contains_key("cnf") {
            return Err(Refused::Bound);
        }
        let audiences = self.audiences(issuer);
        // rule: rfc7519-4.1.3, rfc8725-3.9, safe-outside-elsewhere -- whoever is not meant by `aud` refuses the token.
        if audiences.is_empty() {
            return Err(Refused::Audience);
        }
        let until = self.valid_until(now)?;
        // rule: rfc8725-3.8 -- the subject belongs to the issuer, and a token without one is about nobody.
        let subject = text(&self.claims, "sub").ok_or(Refused::Nobody)?;
        let claim = |name: &str| text(&self.claims, name).map(str::to_owned);
        // Some write it as a text.
        let verified = self.claims.get("email_verified");
        let doubtful = verified.is_some_and(|it| *it == Value::Bool(false) || *it == "false");
        let email = claim(&issuer.email_claim).filter(|_| !doubtful);
        Ok(Claims {
            subject: subject.to_owned(),
            name: claim(&issuer.username_claim),
            email,
            client: claim("client_id").or_else(|| claim("azp")),
            audiences,
            until,
        })
    }

    /// Whether one of these keys has signed it, in a way that the settings take.
    // rule: safe-outside-forged
    pub(super) fn signed(&self, issuer: &OutsideIssuer, keys: &Keys) -> Result<(), Refused> {
        let algorithm = self.algorithm(issuer)?;
        let key = keys.find(text(&self.header, "kid"), algorithm)?;
        match key.has_signed(self.signed, self.signature, algorithm) {
            true => Ok(()),
            false => Err(Refused::Signature),
        }
    }

    /// The settings name the ways of signing, and a token chooses among them; it brings none of its own.
    // rule: rfc8725-3.1
    fn algorithm(&self, issuer: &OutsideIssuer) -> Result<SignatureAlgorithm, Refused> {
        let name = text(&self.header, "alg").ok_or(Refused::Algorithm)?;
        let mut taken = issuer.algorithms.iter();
        let found = taken.find(|algorithm| algorithm.name() == name);
        found.copied().ok_or(Refused::Algorithm)
    }

    /// Many issuers say nothing, or `JWT`; one that says what else it is, is that.
    // rule: rfc9068-4, rfc8725-3.11
    fn is_access_token(&self) -> Result<(), Refused> {
        const ACCESS: [&str; 3] = ["at+jwt", "application/at+jwt", "jwt"];
        let Some(kind) = self.header.get("typ") else {
            return Ok(());
        };
        let known = kind
            .as_str()
            .is_some_and(|kind| ACCESS.iter().any(|word| word.eq_ignore_ascii_case(kind)));
        known.then_some(()).ok_or(Refused::Kind)
    }

    /// Those of the settings that are in `aud`, which is a text or a list.
    fn audiences(&self, issuer: &OutsideIssuer) -> Vec<String> {
        let said = match self.claims.get("aud") {
            Some(Value::Array(list)) => list.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        let meant = |audience: &&String| said.iter().any(|said| said.as_str() == Some(audience));
        issuer.audiences.iter().filter(meant).cloned().collect()
    }

    // rule: rfc7519-4.1.4, rfc7519-4.1.5 -- after `exp` and before `nbf` a token is not taken; one without an end is not, either.
    fn valid_until(&self, now: SystemTime) -> Result<SystemTime, Refused> {
        let until = self.claims.get("exp").and_then(date);
        let until = until.ok_or(Refused::Undated)?;
        if now >= until + LEEWAY {
            return Err(Refused::Expired);
        }
        match self.claims.get("nbf").map(date) {
            None => Ok(until),
            Some(None) => Err(Refused::Undated),
            Some(Some(begin)) if now + LEEWAY < begin => Err(Refused::Early),
            Some(Some(_)) => Ok(until),
        }
    }
}

impl Claims {
    pub(super) fn vouched(self, issuer: &Arc<OutsideIssuer>) -> Vouched {
        Vouched {
            issuer: Arc::clone(issuer),
            account: person::account(&issuer.issuer, &self.subject),
            client: self.client,
            audiences: self.audiences,
            until: self.until,
        }
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// A text with something in it, to the letter.
fn text<'m>(object: &'m Map<String, Value>, key: &str) -> Option<&'m str> {
    let text = object.get(key)?.as_str()?;
    (!text.trim().is_empty()).then_some(text)
}

/// Seconds since 1970, which may have a fraction. Nobody's token lives for ten thousand years.
fn date(value: &Value) -> Option<SystemTime> {
    const LATEST: f64 = 253_402_300_800.0;
    let seconds = value.as_f64()?;
    let sane = (0.0..LATEST).contains(&seconds);
    sane.then(|| SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds))
}
