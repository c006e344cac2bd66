//! A person types a code on any machine, and the token is asked for until that has happened.
//!
//! RFC 8628: section 3.1 (the request), 3.2 (the answer), 3.5 (what polling means), RFC 8707 section 2.2. How a person is
//! shown the code is the driver's business, and so is waiting; here is when to ask again.

mod answer;
mod poll;

use std::time::{Duration, SystemTime};

use secrecy::SecretString;

use crate::address::{AddressError, Endpoint, Nearness};
use crate::assertion::Unsigned;
use crate::client::{AuthMethod, Client};
use crate::discovery::Discovered;
use crate::exchange::{add, is_client_error};
use crate::policy::Policy;
use crate::step::{Note, Procedure, Request, Response, Stage, Step, Unanswered};
use crate::token::{self, Answer};
use crate::wire;
use answer::Read;

pub use poll::{Over, Poll, Polled};

/// `grant_type` of the token request (section 3.4).
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What waits for a person. It is stored before the code is shown.
#[derive(Debug, Clone)]
pub struct Device {
    /// Shown to the token endpoint alone.
    pub code: SecretString,
    /// What the person types.
    pub user_code: String,
    /// Where the person types it.
    pub verification_uri: String,
    /// The same with the code in it, for a click or a picture.
    pub verification_uri_complete: Option<String>,
    pub created_at: SystemTime,
    pub expires_at: SystemTime,
    /// The least time between two questions; it only grows.
    pub interval: Duration,
    /// Not before this.
    pub next_at: SystemTime,
    /// Questions in a row that had no answer.
    pub troubles: u32,
    /// The authorization server, see [`crate::discovery::Server::identity`].
    pub issuer: String,
    /// The id that it was begun with; the token is asked for with the same.
    pub client_id: String,
    /// How that client proved who it is.
    pub method: AuthMethod,
    pub token_endpoint: String,
    pub revocation_endpoint: Option<String>,
    pub scopes: Vec<String>,
    pub resource: Option<String>,
}

/// A code for a person, and the client that it was given to with the authentication method that worked.
#[derive(Debug, Clone)]
pub struct Begun {
    pub device: Device,
    pub client: Client,
    pub notes: Vec<Note>,
}

/// Why there is no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    #[error("the client belongs to {of:?}, and the server uses {at:?}")]
    ForeignClient { of: String, at: String },
    #[error(
        "{0:?} names no device_authorization_endpoint; set oauth.deviceAuthorizationEndpoint, or another oauth.grantType"
    )]
    NoEndpoint(String),
    #[error(transparent)]
    Unsigned(#[from] Unsigned),
    #[error("a person cannot be sent there: {0}")]
    Address(#[from] AddressError),
    /// The client is not known there, may not do this, or its secret is wrong.
    #[error("the device authorization endpoint refused the client {client}: {why}")]
    Client { client: String, why: String },
    #[error("the device authorization endpoint answered {0}")]
    Refused(String),
    #[error("the device authorization endpoint gave no usable code: {0}")]
    Unusable(String),
    /// Try later.
    #[error("the device authorization endpoint could not answer: {why}")]
    Unavailable {
        why: String,
        retry_after: Option<Duration>,
    },
}

/// A device authorization request on its way.
#[derive(Debug)]
pub struct DeviceAuthorization {
    endpoint: Endpoint,
    near: Nearness,
    client: Client,
    params: Vec<(String, String)>,
    separator: char,
    scopes: Vec<String>,
    resource: Option<String>,
    token_endpoint: String,
    revocation_endpoint: Option<String>,
    now: SystemTime,
    other_method: Option<AuthMethod>,
    notes: Vec<Note>,
}

impl Device {
    /// Whether the person can still type the code.
    #[must_use]
    pub fn lives(&self, now: SystemTime) -> bool {
        now < self.expires_at
    }

    /// The server's answer came at `now`. It counts from when it gave it, and the request may have been long on its way.
    // rule: rfc8628-3.5, at-58
    #[must_use]
    pub fn answered(mut self, now: SystemTime) -> Self {
        self.next_at = self.next_at.max(now + self.interval);
        self
    }

    /// The address for a click: with the code in it where there is one.
    #[must_use]
    pub fn link(&self) -> &str {
        let complete = self.verification_uri_complete.as_deref();
        complete.unwrap_or(&self.verification_uri)
    }
}

impl DeviceAuthorization {
    /// Asks the authorization server that was found, for the resource and the scopes that were found.
    pub fn start(
        found: &Discovered,
        client: Client,
        policy: &Policy,
        now: SystemTime,
    ) -> Result<Step<Self>, DeviceError> {
        let server = &found.server;
        let at = server.identity();
        // rule: mcp-auth-server-binding
        if client.issuer != at {
            let of = client.issuer;
            return Err(DeviceError::ForeignClient { of, at });
        }
        let Some(endpoint) = server.device_authorization_endpoint.clone() else {
            return Err(DeviceError::NoEndpoint(at));
        };
        let policy = policy.settled(server.issuer.as_deref());
        let mut params = policy.token_params.clone();
        let audience = policy.audience.clone();
        params.extend(audience.map(|audience| ("audience".to_owned(), audience)));
        let mcp = url::Url::parse(&policy.mcp_url);
        Self {
            near: mcp.map_or(Nearness::Public, |mcp| policy.near(&mcp)),
            endpoint,
            client,
            params,
            separator: policy.scope_separator,
            scopes: found.scopes.clone(),
            resource: found.resource.clone(),
            token_endpoint: server.token_endpoint.to_string(),
            revocation_endpoint: server.revocation_endpoint.as_ref().map(ToString::to_string),
            now,
            other_method: None,
            notes: Vec::new(),
        }
        .send("asking for a code that a person types")
    }

    fn send(self, because: &'static str) -> Result<Step<Self>, DeviceError> {
        Ok(Step::Send {
            request: self.request()?,
            because: because.into(),
            then: self,
        })
    }

    // The client says who it is as at the token endpoint; `scope` as in an authorization request.
    // rule: rfc8628-3.1, rfc8707-2, at-58
    fn request(&self) -> Result<Request, Unsigned> {
        let proof = self.client.prove()?;
        let scope = self.scopes.join(self.separator.encode_utf8(&mut [0; 4]));
        let mut form: Vec<_> = proof.fields().collect();
        if !scope.is_empty() {
            form.push(("scope", scope.as_str()));
        }
        if let Some(resource) = &self.resource {
            form.push(("resource", resource));
        }
        add(&mut form, &self.params);
        Ok(wire::post_form(&self.endpoint, &form, proof.header.clone()))
    }

    /// A second attempt where the refusal says what to change; each is made once.
    fn refused(mut self, error: &str, why: String) -> Result<Step<Self>, DeviceError> {
        match error {
            _ if is_client_error(error) => {
                let other = self.client.other_method();
                if let (None, Some(other)) = (self.other_method, other) {
                    self.other_method = Some(std::mem::replace(&mut self.client.method, other));
                    return self.send(
                        "the client was refused; the other authentication method is tried once",
                    );
                }
                let client = self.client.tail();
                Err(DeviceError::Client { client, why })
            }
            // rule: at-14
            "invalid_target" if self.resource.take().is_some() => {
                self.send("the resource was refused; it is left out once")
            }
            "invalid_scope" if !self.scopes.is_empty() => {
                self.scopes.clear();
                self.send("the scope was refused; it is left out once")
            }
            _ => Err(DeviceError::Refused(why)),
        }
    }

    fn begun(mut self, read: Read) -> Begun {
        if let Some(before) = self.other_method {
            let text = format!(
                "the client authenticates with {}, not with {before}",
                self.client.method
            );
            self.notes.push(Note::new("at-habit-2", text));
        }
        self.notes.extend(read.notes);
        Begun {
            device: Device {
                code: read.code,
                user_code: read.user_code,
                verification_uri: read.verification_uri,
                verification_uri_complete: read.verification_uri_complete,
                created_at: self.now,
                expires_at: self.now + read.life,
                interval: read.interval,
                next_at: self.now + read.interval,
                troubles: 0,
                issuer: self.client.issuer.clone(),
                client_id: self.client.id.clone(),
                method: self.client.method,
                token_endpoint: self.token_endpoint,
                revocation_endpoint: self.revocation_endpoint,
                scopes: self.scopes,
                resource: self.resource,
            },
            client: self.client,
            notes: self.notes,
        }
    }
}

impl Procedure for DeviceAuthorization {
    type Output = Begun;
    type Error = DeviceError;

    fn receive(self, answer: Result<Response, Unanswered>) -> Result<Step<Self>, DeviceError> {
        let secrets: Vec<_> = self.client.secret.iter().collect();
        let unavailable = |why, retry_after| Err(DeviceError::Unavailable { why, retry_after });
        let refusal = match token::members(answer, &secrets) {
            Ok(map) => {
                let read = answer::read(&map, self.near)?;
                return Ok(Step::Done(self.begun(read)));
            }
            Err(refusal) => refusal,
        };
        match refusal {
            Answer::Error {
                error,
                description,
                retry_after,
                ..
            } => {
                let why = description.map_or(error.clone(), |text| format!("{error}: {text}"));
                if token::is_passing(&error) || error == "slow_down" {
                    return unavailable(why, retry_after);
                }
                self.refused(&error, why)
            }
            Answer::Mute { status: 401 } => {
                self.refused("invalid_client", "status 401 without a word".to_owned())
            }
            Answer::Mute { status } => Err(DeviceError::Refused(format!(
                "status {status} without a word"
            ))),
            Answer::NoToken(why) => Err(DeviceError::Unusable(why)),
            Answer::Issued(_) | Answer::Page => unavailable(token::PAGE.to_owned(), None),
            Answer::Trouble { why, retry_after } => unavailable(why, retry_after),
        }
    }

    fn stage(&self) -> Stage {
        Stage::AuthorizationUrl
    }
}

#[cfg(test)]
mod tests;
