//! Requests to an upstream's HTTP address with the token of its sign-in: asked for before each request, and a refusal is
//! told to the sign-ins, which may hand out another token for one more try.
//!
//! MCP authorization, "Access Token Usage" and "Error Handling". What the answer means is the transport's business.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use oauth::Challenge;
use oauth::assertion::Unsigned;
use oauth::dpop::{HEADER, NONCE, USE_NONCE};
use url::Url;

use super::{
    Trouble,
    echo::Sent,
    layers::Layers,
    outgoing::{Outgoing, Refused},
    wire::{Answer, Wire},
};
use crate::cause::Cause;
use crate::sign_in::{Account, Bearer, Refusal, Renewals, SignIns, Verdict};

pub(super) struct Guarded {
    pub(super) account: Account,
    pub(super) wire: Wire,
    pub(super) sign_ins: SignIns,
    /// The settings' own headers.
    pub(super) headers: HeaderMap,
    /// What the server said last that proofs have to repeat (RFC 9449 section 9).
    pub(super) nonce: Mutex<Option<String>>,
    pub(super) sent: Sent,
}

/// One request, as often as it has to be sent.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) url: &'a Arc<Url>,
    /// What the transport says; the later ones count over the earlier ones, and all of them over what the settings say.
    pub(super) headers: [Option<&'a HeaderMap>; 3],
    pub(super) body: Option<Bytes>,
}

impl Guarded {
    /// A request that is answered with 401 or 403 was not executed, so sending it again is safe.
    pub(super) async fn exchange(&self, ask: Ask<'_>) -> Result<Answer, Refused> {
        let mut bearer = self
            .sign_ins
            .token(&self.account)
            .await
            .map_err(Refused::NeedsSignIn)?;
        let mut answer = self.send(&ask, bearer.as_ref()).await?;
        for another_try in [true, false] {
            let Some(refusal) = refusal(&answer, bearer.as_ref()) else {
                if let Some(bearer) = bearer.as_ref().filter(|_| answer.status.is_success()) {
                    self.sign_ins.accepted(&self.account, bearer);
                }
                return Ok(answer);
            };
            match self.sign_ins.refused(&self.account, refusal).await {
                Verdict::Retry(token) if another_try => {
                    answer = self.send(&ask, Some(&token)).await?;
                    bearer = Some(token);
                }
                Verdict::Retry(_) => break,
                Verdict::Needed(needed) if answer.status == StatusCode::FORBIDDEN => {
                    return Err(Refused::NeedsScopes(needed));
                }
                Verdict::Needed(needed) => return Err(Refused::NeedsSignIn(needed)),
                Verdict::Failed { cause, why } => {
                    return Err(Refused::Failed(Trouble::SignIn { cause, why }));
                }
            }
        }
        Err(Refused::Failed(answer.into_status_trouble().await))
    }

    pub(super) fn renewals(&self) -> Renewals {
        self.sign_ins.renewals(&self.account)
    }

    /// Sends something that is answered with a status alone.
    pub(super) async fn deliver(&self, url: &Arc<Url>, outgoing: &Outgoing) -> Result<(), Refused> {
        let mut of_body = HeaderMap::new();
        of_body.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(mcp::header::JSON),
        );
        let answer = self
            .exchange(Ask {
                method: Method::POST,
                url,
                headers: [outgoing.passed_on.as_deref(), Some(&of_body), None],
                body: Some(outgoing.text.clone()),
            })
            .await?;
        if answer.status.is_success() {
            answer.finish();
            return Ok(());
        }
        Err(Refused::Failed(answer.into_status_trouble().await))
    }

    /// A server that wants its nonce repeated is asked once more, with the nonce that it said.
    // rule: rfc9449-9
    async fn send(&self, ask: &Ask<'_>, bearer: Option<&Bearer>) -> Result<Answer, Refused> {
        let nonce = self.nonce();
        let answer = self.send_once(ask, bearer, nonce.as_deref()).await?;
        let said = answer
            .headers
            .get(NONCE)
            .and_then(|said| said.to_str().ok());
        let Some(said) = said
            .map(str::to_owned)
            .filter(|said| Some(said) != nonce.as_ref())
        else {
            return Ok(answer);
        };
        *self.nonce.lock().unwrap_or_else(PoisonError::into_inner) = Some(said.clone());
        if !wants_nonce(&answer) {
            return Ok(answer);
        }
        self.send_once(ask, bearer, Some(&said)).await
    }

    fn nonce(&self) -> Option<String> {
        self.nonce
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn send_once(
        &self,
        ask: &Ask<'_>,
        bearer: Option<&Bearer>,
        nonce: Option<&str>,
    ) -> Result<Answer, Refused> {
        let mut of_token = HeaderMap::new();
        if let Some(bearer) = bearer {
            self.sent.remember(bearer);
            of_token.insert(header::AUTHORIZATION, authorization(bearer)?);
            let proof = bearer.proof(ask.method.as_str(), ask.url.as_str(), nonce);
            if let Some(proof) = proof {
                let unsigned = |why: Unsigned| {
                    Refused::Failed(Trouble::SignIn {
                        cause: Cause::KeyUnusable,
                        why: why.to_string(),
                    })
                };
                of_token.insert(HEADER, proof.map_err(unsigned)?);
            }
        }
        let [first, second, third] = ask.headers;
        let places = [Some(&self.headers), first, second, third, Some(&of_token)];
        let sent = self
            .wire
            .send(&ask.method, ask.url, Layers(&places), ask.body.as_ref())
            .await;
        let sent = sent.map(|answer| answer.to(&self.sent));
        sent.map_err(|trouble| {
            let unsent = matches!(trouble, Trouble::Unreachable { .. } | Trouble::Tls { .. });
            (if unsent {
                Refused::Unsent
            } else {
                Refused::Failed
            })(trouble)
        })
    }
}

fn authorization(bearer: &Bearer) -> Result<HeaderValue, Refused> {
    let mut value = HeaderValue::try_from(bearer.header_value()).map_err(|_| {
        Refused::Failed(Trouble::SignIn {
            cause: Cause::TokenNotGiven,
            why: "the stored token cannot be sent in a header".into(),
        })
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn wants_nonce(answer: &Answer) -> bool {
    let lines = answer.headers.get_all(header::WWW_AUTHENTICATE);
    let lines = lines.iter().filter_map(|line| line.to_str().ok());
    let error = Challenge::parse(lines).and_then(|challenge| challenge.error);
    answer.status == StatusCode::UNAUTHORIZED && error.as_deref() == Some(USE_NONCE)
}

/// A 401 always; a 403 only when it asks for more scopes, since every other 403 is the server's last word.
// rule: mcp-auth-401-any-time
fn refusal(answer: &Answer, used: Option<&Bearer>) -> Option<Refusal> {
    let status = answer.status;
    if status != StatusCode::UNAUTHORIZED && status != StatusCode::FORBIDDEN {
        return None;
    }
    let lines = answer.headers.get_all(header::WWW_AUTHENTICATE);
    let challenges: Vec<String> = lines
        .iter()
        .map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
        .collect();
    let more_scopes = challenges
        .iter()
        .any(|line| line.contains("insufficient_scope"));
    if status == StatusCode::FORBIDDEN && !more_scopes {
        return None;
    }
    Some(Refusal {
        status: status.as_u16(),
        challenges,
        used: used.cloned(),
    })
}

/// The headers of the settings; one that cannot be a header is named.
pub(crate) fn headers<'a>(
    written: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<HeaderMap, Trouble> {
    let mut headers = HeaderMap::new();
    for (name, value) in written {
        let named = HeaderName::try_from(name).map_err(|_| {
            Trouble::Settings(format!("{name:?} in \"headers\" is not a header name"))
        })?;
        let mut value = HeaderValue::try_from(value).map_err(|_| {
            Trouble::Settings(format!(
                "the value of {name:?} in \"headers\" cannot be sent in a header"
            ))
        })?;
        value.set_sensitive(true);
        headers.insert(named, value);
    }
    Ok(headers)
}
