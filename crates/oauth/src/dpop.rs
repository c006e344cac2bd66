//! Proofs that whoever shows a token holds the key that it was given to (DPoP).
//!
//! RFC 9449 sections 4.2 (what a proof says), 5 (token requests), 7.1 (requests to the resource), 8 and 9 (nonces of
//! servers). Nothing is signed here, see [`Sign`]. `dpop_jkt`, pushed requests and device codes are left out.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use url::Url;

use crate::assertion::{Sign, Unsigned, seconds};
use crate::metadata;
use crate::step::{Procedure, Request, Response, Stage, Step, Unanswered};
use crate::{pkce, wire};

/// The one algorithm that is offered.
pub const ALGORITHM: &str = "ES256";
/// The header that carries a proof.
pub const HEADER: HeaderName = HeaderName::from_static("dpop");
/// The header in which a server says what the next proof has to repeat.
pub const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// The error of a server that wants its nonce repeated.
pub const USE_NONCE: &str = "use_dpop_nonce";

/// A grant's own key: who signs with it, and its public half as a JWK.
#[derive(Clone)]
pub struct ProofKey {
    signer: Arc<dyn Sign>,
    public: Value,
}

/// The request that a proof is for.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    pub method: &'a str,
    pub address: &'a str,
    /// The access token that goes with it.
    pub token: Option<&'a str>,
    /// What the server said last.
    pub nonce: Option<&'a str>,
}

impl ProofKey {
    #[must_use]
    pub fn new(signer: Arc<dyn Sign>, public: Value) -> Self {
        Self { signer, public }
    }

    /// A new proof, for one request.
    // `htu` is the address without query and fragment, `ath` the token's SHA-256; no two proofs share a `jti`.
    // rule: rfc9449-4.2
    pub fn proof(&self, shown: &Shown<'_>) -> Result<HeaderValue, Unsigned> {
        let address = Url::parse(shown.address).map(|mut url| {
            url.set_query(None);
            url.set_fragment(None);
            url.to_string()
        });
        let address = address.map_err(|_| Unsigned("the address cannot be read".to_owned()))?;
        let moment = self.signer.moment();
        let mut claims = Map::new();
        let mut claim = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        claim("jti", json!(URL_SAFE_NO_PAD.encode(moment.unique)));
        claim("htm", json!(shown.method));
        claim("htu", json!(address));
        claim("iat", json!(seconds(moment.at)));
        if let Some(token) = shown.token {
            claim("ath", json!(pkce::digest(token)));
        }
        if let Some(nonce) = shown.nonce {
            claim("nonce", json!(nonce));
        }
        let header = Map::from_iter([
            ("typ".to_owned(), json!("dpop+jwt")),
            ("jwk".to_owned(), self.public.clone()),
        ]);
        let proof = self.signer.sign(header, &claims)?;
        wire::credential(&proof).ok_or_else(|| Unsigned("it fits into no header".to_owned()))
    }
}

impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProofKey")
    }
}

/// Another procedure's requests to a token endpoint, each with a proof where there is a key. What the answers mean stays
/// that procedure's.
#[derive(Debug)]
pub struct Proved<P> {
    inner: P,
    key: Option<ProofKey>,
    sent: Request,
    /// Said by the server; it goes into every proof from then on.
    nonce: Option<String>,
}

/// The first step of a procedure, and with it all that follow.
pub(crate) fn proved<P: Procedure>(
    step: Step<P>,
    key: Option<ProofKey>,
    nonce: Option<String>,
) -> Result<Step<Proved<P>>, P::Error> {
    let mut step = step;
    loop {
        let (mut request, because, inner) = match step {
            Step::Done(output) => return Ok(Step::Done(output)),
            Step::Send {
                request,
                because,
                then,
            } => (request, because, then),
        };
        match prove(key.as_ref(), &mut request, nonce.as_deref()) {
            Ok(()) => {
                let then = Proved {
                    inner,
                    sent: request.clone(),
                    key,
                    nonce,
                };
                return Ok(Step::Send {
                    request,
                    because,
                    then,
                });
            }
            // Nothing was sent, and that is all there is to know.
            Err(why) => step = inner.receive(Err(Unanswered::Refused(why.to_string())))?,
        }
    }
}

// A token request for a token that is bound to a key carries a proof.
// rule: rfc9449-5
fn prove(
    key: Option<&ProofKey>,
    request: &mut Request,
    nonce: Option<&str>,
) -> Result<(), Unsigned> {
    let Some(key) = key else {
        return Ok(());
    };
    let proof = key.proof(&Shown {
        method: request.method().as_str(),
        address: &request.uri().to_string(),
        token: None,
        nonce,
    })?;
    request.headers_mut().insert(HEADER, proof);
    Ok(())
}

/// The nonce that a token endpoint wants repeated before it answers.
fn wanted(response: &Response) -> Option<String> {
    let map = metadata::object(response.body()).ok()?;
    let nonce = response.headers().get(NONCE)?.to_str().ok()?;
    (metadata::text(&map, "error")? == USE_NONCE).then(|| nonce.to_owned())
}

impl<P: Procedure> Procedure for Proved<P> {
    type Output = P::Output;
    type Error = P::Error;

    // Only a nonce that was not sent is an answer to `use_dpop_nonce`; nothing was spent by the refusal.
    // rule: rfc9449-8
    fn receive(self, answer: Result<Response, Unanswered>) -> Result<Step<Self>, P::Error> {
        let wants = answer.as_ref().ok().and_then(wanted);
        let first = self.key.is_some() && self.nonce.is_none();
        if let Some(nonce) = wants.filter(|_| first) {
            let again = Step::Send {
                request: self.sent,
                because: "the server wants its nonce repeated in the proof".into(),
                then: self.inner,
            };
            return proved(again, self.key, Some(nonce));
        }
        proved(self.inner.receive(answer)?, self.key, self.nonce)
    }

    fn stage(&self) -> Stage {
        self.inner.stage()
    }
}

#[cfg(test)]
mod tests;
