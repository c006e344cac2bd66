//! A token without a person: the client stands for itself, or shows somebody else's signed word.
//!
//! RFC 6749 section 4.4 (client credentials), RFC 7523 section 2.1 (JWT bearer), RFC 8707 section 2.2, and the MCP
//! extension "OAuth Client Credentials". Such a grant has no refresh token: it is minted again.

use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret as _, SecretString};

use crate::address::Endpoint;
use crate::assertion::Unsigned;
use crate::client::{AuthMethod, Client};
use crate::discovery::Discovered;
use crate::dpop::{self, Proved};
use crate::exchange::{Exchanged, add, is_client_error};
use crate::grant::{self, Grant};
use crate::policy::Policy;
use crate::step::{Note, Procedure, Request, Response, Stage, Step, Unanswered};
use crate::token::{self, Answer, Asked, Issued};
use crate::wire;

/// What stands for the person.
#[derive(Debug, Clone)]
pub enum Means {
    ClientCredentials,
    /// A JWT of an identity provider or a workload's platform.
    Assertion(SecretString),
}

/// A token request on its way.
#[derive(Debug)]
pub struct Mint {
    means: Means,
    endpoint: Endpoint,
    client: Client,
    params: Vec<(String, String)>,
    asked: Asked,
    scopes: Vec<String>,
    resource: Option<String>,
    now: SystemTime,
    other_method: Option<AuthMethod>,
    without_resource: bool,
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    #[error("the client belongs to {of:?}, and the server uses {at:?}")]
    ForeignClient { of: String, at: String },
    #[error(transparent)]
    Unsigned(#[from] Unsigned),
    /// Nothing changes by itself: the client, its rights or the settings are wrong.
    #[error("the token endpoint refused the client {client}: {why}")]
    Refused { client: String, why: String },
    /// Try later.
    #[error("the token endpoint could not answer: {why}")]
    Unavailable {
        why: String,
        retry_after: Option<Duration>,
    },
}

impl Mint {
    /// Asks the authorization server that was found, for the resource and the scopes that were found.
    pub fn start(
        means: Means,
        found: &Discovered,
        client: Client,
        policy: &Policy,
        now: SystemTime,
    ) -> Result<Step<Proved<Self>>, MintError> {
        let at = found.server.identity();
        // rule: mcp-auth-server-binding
        if client.issuer != at {
            let of = client.issuer;
            return Err(MintError::ForeignClient { of, at });
        }
        let mut params = policy.token_params.clone();
        let audience = policy.audience.clone();
        params.extend(audience.map(|audience| ("audience".to_owned(), audience)));
        let first = Self {
            means,
            endpoint: found.server.token_endpoint.clone(),
            client,
            params,
            asked: policy.asked(),
            scopes: found.scopes.clone(),
            resource: found.resource.clone(),
            now,
            other_method: None,
            without_resource: false,
        }
        .send("asking for a token without a person")?;
        dpop::proved(first, policy.proof_key.clone(), None)
    }

    fn send(self, because: &'static str) -> Result<Step<Self>, MintError> {
        Ok(Step::Send {
            request: self.request()?,
            because: because.into(),
            then: self,
        })
    }

    // rule: rfc6749-4.4.2, rfc7523-2.1, at-59
    fn request(&self) -> Result<Request, Unsigned> {
        let proof = self.client.prove()?;
        let scope = self.scopes.join(" ");
        let mut form = match &self.means {
            Means::ClientCredentials => vec![("grant_type", "client_credentials")],
            Means::Assertion(assertion) => vec![
                ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                ("assertion", assertion.expose_secret()),
            ],
        };
        if !scope.is_empty() {
            form.push(("scope", scope.as_str()));
        }
        if let Some(resource) = self.resource.as_deref().filter(|_| !self.without_resource) {
            form.push(("resource", resource));
        }
        form.extend(proof.fields());
        add(&mut form, &self.params);
        Ok(wire::post_form(&self.endpoint, &form, proof.header.clone()))
    }

    /// A second attempt where the refusal says what to change; never with an assertion, which may be spent.
    fn refused(mut self, error: &str, why: String) -> Result<Step<Self>, MintError> {
        let again = matches!(self.means, Means::ClientCredentials);
        if again && is_client_error(error) && self.other_method.is_none() {
            if let Some(other) = self.client.other_method() {
                self.other_method = Some(std::mem::replace(&mut self.client.method, other));
                return self
                    .send("the client was refused; the other authentication method is tried once");
            }
        } else if again
            && error == "invalid_target"
            && self.resource.is_some()
            && !self.without_resource
        {
            self.without_resource = true;
            return self.send("the resource was refused; it is left out once");
        }
        let client = self.client.tail();
        Err(MintError::Refused { client, why })
    }

    // An answer may hold a refresh token, and should not; it is not kept.
    // rule: rfc6749-4.4.3, at-59
    fn minted(self, issued: Issued) -> Exchanged {
        let note = |before| {
            let text = format!(
                "the client authenticates with {}, not with {before}",
                self.client.method
            );
            Note::new("at-habit-2", text)
        };
        Exchanged {
            notes: self.other_method.map(note).into_iter().collect(),
            grant: Grant {
                issued_at: Some(self.now),
                bound: issued.bound,
                expires_at: grant::end(&issued, self.now, None),
                scopes: issued.scopes.unwrap_or_else(|| self.scopes.clone()),
                access: issued.access,
                refresh: None,
                requested: self.scopes,
                resource: self.resource.filter(|_| !self.without_resource),
                issuer: self.client.issuer.clone(),
                token_endpoint: self.endpoint.to_string(),
            },
            client: self.client,
        }
    }
}

impl Procedure for Mint {
    type Output = Exchanged;
    type Error = MintError;

    fn receive(self, answer: Result<Response, Unanswered>) -> Result<Step<Self>, MintError> {
        let mut secrets: Vec<_> = self.client.secret.iter().collect();
        if let Means::Assertion(assertion) = &self.means {
            secrets.push(assertion);
        }
        let unavailable = |why, retry_after| Err(MintError::Unavailable { why, retry_after });
        match token::read_as(self.asked, answer, &secrets) {
            Answer::Issued(issued) => Ok(Step::Done(self.minted(*issued))),
            Answer::Error {
                error,
                description,
                retry_after,
                ..
            } => {
                let why = description.map_or(error.clone(), |text| format!("{error}: {text}"));
                // rule: rfc6749-4.1.2.1
                if token::is_passing(&error) || error == "slow_down" {
                    return unavailable(why, retry_after);
                }
                self.refused(&error, why)
            }
            Answer::Mute { status: 401 } => {
                self.refused("invalid_client", "status 401 without a word".to_owned())
            }
            Answer::Mute { status } => self.refused("", format!("status {status} without a word")),
            Answer::NoToken(why) => self.refused("", why),
            Answer::Page => unavailable(token::PAGE.to_owned(), None),
            Answer::Trouble { why, retry_after } => unavailable(why, retry_after),
        }
    }

    fn stage(&self) -> Stage {
        Stage::TokenExchange
    }
}

#[cfg(test)]
pub(crate) mod tests;
