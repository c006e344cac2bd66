//! From a checked code to a grant.
//!
//! RFC 6749 section 4.1.3, RFC 7636 section 4.5, RFC 8707 section 2.2.

use std::time::SystemTime;

use secrecy::ExposeSecret as _;

use crate::address::Endpoint;
use crate::assertion::Unsigned;
use crate::authorization::{Code, Healed, Pending};
use crate::client::{AuthMethod, Client};
use crate::dpop::{self, Proved};
use crate::grant::{self, Grant};
use crate::policy::Policy;
use crate::step::{Note, Procedure, Request, Response, Stage, Step, Unanswered};
use crate::token::{self, Answer, Asked};
use crate::wire;

/// A code on its way to the token endpoint.
#[derive(Debug)]
pub struct Exchange {
    code: Code,
    endpoint: Endpoint,
    identity: String,
    client: Client,
    params: Vec<(String, String)>,
    asked: Asked,
    now: SystemTime,
    tried: Option<Tried>,
}

/// The first refusal of the client, once the other authentication method is being tried.
#[derive(Debug)]
struct Tried {
    method: AuthMethod,
    error: String,
    description: Option<String>,
}

/// A grant, and the client with the authentication method that worked.
#[derive(Debug, Clone)]
pub struct Exchanged {
    pub grant: Grant,
    pub client: Client,
    pub notes: Vec<Note>,
}

/// Why there is no grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    #[error("the sign-in was started with the client {begun:?}, and the client is {now:?} now")]
    OtherClient { begun: String, now: String },
    #[error("the client belongs to {of:?}, and the sign-in was started at {at:?}")]
    ForeignClient { of: String, at: String },
    #[error("the token endpoint {0:?} cannot be used")]
    Endpoint(String),
    /// The client cannot show who it is; the code is not spent.
    #[error(transparent)]
    Unsigned(#[from] Unsigned),
    /// The client is not known there, or its secret is wrong.
    #[error("the token endpoint refused the client {client}: {error}{}", said(.description.as_ref()))]
    Client {
        client: String,
        error: String,
        description: Option<String>,
    },
    /// The token endpoint does not like `resource` or `scope`; the browser can be sent again without.
    #[error("the token endpoint answered {error}")]
    Again { error: String, healed: Healed },
    #[error("the token endpoint answered {error}{}", said(.description.as_ref()))]
    Refused {
        error: String,
        description: Option<String>,
    },
    #[error("the token endpoint gave no usable token: {0}")]
    NoToken(String),
    /// The code may be spent or not: a person has to sign in again.
    #[error("the token endpoint could not answer: {0}")]
    Unavailable(String),
}

fn said(description: Option<&String>) -> String {
    description
        .map(|text| format!(" ({text})"))
        .unwrap_or_default()
}

impl Exchange {
    /// Trades the code where the sign-in was begun, as the client that it was begun with.
    pub fn start(
        code: Code,
        client: Client,
        policy: &Policy,
        now: SystemTime,
    ) -> Result<Step<Proved<Self>>, ExchangeError> {
        let pending = &code.pending;
        if client.id != pending.client_id {
            let (begun, now) = (pending.client_id.clone(), client.id);
            return Err(ExchangeError::OtherClient { begun, now });
        }
        // Two servers may give the same id; the secret of one is not for the other.
        // rule: mcp-auth-server-binding
        if let Some(at) = (pending.issuer.clone()).filter(|issuer| *issuer != client.issuer) {
            let of = client.issuer;
            return Err(ExchangeError::ForeignClient { of, at });
        }
        let endpoint = stored(&pending.token_endpoint)
            .ok_or_else(|| ExchangeError::Endpoint(pending.token_endpoint.clone()))?;
        let identity = client.issuer.clone();
        let params = policy.token_params.clone();
        let first = Self {
            code,
            endpoint,
            identity,
            client,
            params,
            asked: policy.asked(),
            now,
            tried: None,
        }
        .send("trading the code for a token")?;
        dpop::proved(first, policy.proof_key.clone(), None)
    }

    fn send(self, because: &'static str) -> Result<Step<Self>, ExchangeError> {
        Ok(Step::Send {
            request: self.request()?,
            because: because.into(),
            then: self,
        })
    }

    fn request(&self) -> Result<Request, Unsigned> {
        let proof = self.client.prove()?;
        let pending = &self.code.pending;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", self.code.code.expose_secret()),
            ("redirect_uri", pending.redirect_uri.as_str()),
            // rule: rfc7636-4.5
            ("code_verifier", pending.verifier.expose_secret()),
        ];
        // The same resource as in the authorization request.
        // rule: rfc8707-2.2
        if let Some(resource) = &pending.resource {
            form.push(("resource", resource));
        }
        form.extend(proof.fields());
        add(&mut form, &self.params);
        Ok(wire::post_form(&self.endpoint, &form, proof.header.clone()))
    }

    fn refused(
        mut self,
        error: String,
        description: Option<String>,
    ) -> Result<Step<Self>, ExchangeError> {
        if is_client_error(&error) {
            // Some servers take the other way to authenticate than they list, or than they registered.
            // rule: at-habit-2
            let client = self.client.tail();
            return match (self.tried.take(), self.client.other_method()) {
                (None, Some(other)) => {
                    self.tried = Some(Tried {
                        method: std::mem::replace(&mut self.client.method, other),
                        error,
                        description,
                    });
                    self.send(
                        "the client was refused; the other authentication method is tried once",
                    )
                }
                (None, None) => Err(ExchangeError::Client {
                    client,
                    error,
                    description,
                }),
                // The method that was agreed on counts; the other one was only a guess.
                (Some(first), _) => Err(ExchangeError::Client {
                    client,
                    error: first.error,
                    description: first.description,
                }),
            };
        }
        match self.code.pending.healing(&error) {
            Some(healed) => Err(ExchangeError::Again { error, healed }),
            None => Err(ExchangeError::Refused { error, description }),
        }
    }
}

impl Procedure for Exchange {
    type Output = Exchanged;
    type Error = ExchangeError;

    fn receive(self, answer: Result<Response, Unanswered>) -> Result<Step<Self>, ExchangeError> {
        let mut secrets = vec![&self.code.code, &self.code.pending.verifier];
        secrets.extend(&self.client.secret);
        let issued = match token::read_as(self.asked, answer, &secrets) {
            Answer::Issued(issued) => issued,
            Answer::Error {
                error, description, ..
            } => return self.refused(error, description),
            Answer::Mute { status: 401 } => return self.refused("invalid_client".to_owned(), None),
            Answer::Mute { status } => {
                let error = format!("status {status}");
                return Err(ExchangeError::Refused {
                    error,
                    description: None,
                });
            }
            Answer::NoToken(why) => return Err(ExchangeError::NoToken(why)),
            Answer::Page => return Err(ExchangeError::NoToken(token::PAGE.to_owned())),
            Answer::Trouble { why, .. } => return Err(ExchangeError::Unavailable(why)),
        };
        let mut notes = Vec::new();
        if let Some(before) = self.tried {
            let text = format!(
                "the client authenticates with {}, not with {}",
                self.client.method, before.method
            );
            notes.push(Note::new("at-habit-2", text));
        }
        let Pending {
            scopes: requested,
            resource,
            ..
        } = self.code.pending;
        Ok(Step::Done(Exchanged {
            grant: Grant {
                issued_at: Some(self.now),
                expires_at: grant::end(&issued, self.now, None),
                // A missing scope means as requested; a smaller one is kept as it is.
                // rule: rfc6749-3.3, safe-t08
                scopes: issued.scopes.unwrap_or_else(|| requested.clone()),
                access: issued.access,
                refresh: issued.refresh,
                requested,
                resource,
                issuer: self.identity,
                token_endpoint: self.endpoint.to_string(),
                bound: issued.bound,
            },
            client: self.client,
            notes,
        }))
    }

    fn stage(&self) -> Stage {
        Stage::TokenExchange
    }
}

/// Errors that speak of the client, in the standard's words and in those of two large providers.
#[must_use]
pub fn is_client_error(error: &str) -> bool {
    matches!(
        error,
        "invalid_client"
            | "unauthorized_client"
            | "incorrect_client_credentials"
            | "bad_client_secret"
            | "invalid_client_id"
    )
}

/// An address from a record: it was checked before it was written.
pub(crate) fn stored(text: &str) -> Option<Endpoint> {
    use crate::address::{Nearness, Purpose};
    Endpoint::check(Purpose::Token, text, Nearness::Loopback, true).ok()
}

/// The settings' own parameters; they never replace ours.
pub(crate) fn add<'a>(form: &mut Vec<(&'a str, &'a str)>, params: &'a [(String, String)]) {
    for (key, value) in params {
        if !form.iter().any(|(name, _)| name == key) {
            form.push((key, value));
        }
    }
}

#[cfg(test)]
mod tests;
