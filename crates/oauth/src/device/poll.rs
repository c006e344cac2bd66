//! One question whether the person has typed the code, and what its answer means.
//!
//! RFC 8628 sections 3.4 and 3.5. A question is one procedure; [`Device::next_at`] says when the next one may be asked.

use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret as _;

use super::{Device, GRANT_TYPE};
use crate::address::Endpoint;
use crate::assertion::Unsigned;
use crate::client::{AuthMethod, Client};
use crate::exchange::{Exchanged, add, is_client_error, stored};
use crate::grant::{self, Grant};
use crate::policy::Policy;
use crate::step::{Note, Procedure, Request, Response, Stage, Step, Unanswered};
use crate::token::{self, Answer, Issued};
use crate::wire;

/// What `slow_down` adds, for this and all later questions.
const SLOWER: Duration = Duration::from_secs(5);
/// Longest pause that trouble alone makes.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A question on its way.
#[derive(Debug)]
pub struct Poll {
    device: Device,
    endpoint: Endpoint,
    client: Client,
    params: Vec<(String, String)>,
    now: SystemTime,
    other_method: Option<AuthMethod>,
}

/// What a question came to.
#[derive(Debug, Clone)]
pub enum Polled {
    /// To be stored before anybody uses it.
    Granted(Box<Exchanged>),
    /// Ask again at its `next_at`.
    Waiting {
        device: Box<Device>,
        why: String,
    },
    Over(Over),
}

/// Why nobody needs to be asked any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Over {
    #[error("the person said no")]
    Denied,
    #[error("the code was not typed in time")]
    Expired,
    /// The client is not known there any more, or its secret is wrong.
    #[error("the token endpoint refused the client {client}: {why}")]
    Client { client: String, why: String },
    #[error("the token endpoint answered {0}")]
    Refused(String),
    #[error("the token endpoint gave no usable token: {0}")]
    NoToken(String),
}

impl Poll {
    /// Asks as the client that the code was given to, where it was begun.
    #[must_use]
    pub fn start(
        device: Device,
        mut client: Client,
        policy: &Policy,
        now: SystemTime,
    ) -> Step<Self> {
        if !device.lives(now) {
            return Step::Done(Polled::Over(Over::Expired));
        }
        if now < device.next_at {
            let why = "it is not time yet".to_owned();
            let device = Box::new(device);
            return Step::Done(Polled::Waiting { device, why });
        }
        // Two servers may give the same id; the secret of one is not for the other.
        // rule: mcp-auth-server-binding
        if client.id != device.client_id || client.issuer != device.issuer {
            let why = format!(
                "the code belongs to a client of {:?}, not of {:?}",
                device.issuer, client.issuer
            );
            let client = client.tail();
            return Step::Done(Polled::Over(Over::Client { client, why }));
        }
        let Some(endpoint) = stored(&device.token_endpoint) else {
            let why = format!("nothing: {:?} cannot be used", device.token_endpoint);
            return Step::Done(Polled::Over(Over::Refused(why)));
        };
        client.method = device.method;
        Self {
            params: policy.token_params.clone(),
            device,
            endpoint,
            client,
            now,
            other_method: None,
        }
        .send("asking whether the code was typed")
    }

    fn send(self, because: &'static str) -> Step<Self> {
        match self.request() {
            Ok(request) => Step::Send {
                request,
                because: because.into(),
                then: self,
            },
            // A key that cannot be read says nothing about the person.
            Err(unsigned) => Step::Done(self.trouble(unsigned.to_string(), None)),
        }
    }

    // rule: rfc8628-3.4, rfc8707-2.2, at-58
    fn request(&self) -> Result<Request, Unsigned> {
        let proof = self.client.prove()?;
        let mut form = vec![
            ("grant_type", GRANT_TYPE),
            ("device_code", self.device.code.expose_secret()),
        ];
        if let Some(resource) = &self.device.resource {
            form.push(("resource", resource));
        }
        form.extend(proof.fields());
        add(&mut form, &self.params);
        Ok(wire::post_form(&self.endpoint, &form, proof.header.clone()))
    }

    fn waiting(mut self, why: String) -> Polled {
        self.device.method = self.client.method;
        self.device.next_at = self.now + self.device.interval;
        let device = Box::new(self.device);
        Polled::Waiting { device, why }
    }

    // A time-out must make the questions rarer, best twice as rare each time; a 5xx or a 429 says the same.
    // rule: rfc8628-3.5, mcp-auth-grant-transient, at-58
    fn trouble(mut self, why: String, retry_after: Option<Duration>) -> Polled {
        self.device.troubles = self.device.troubles.saturating_add(1);
        let interval = self.device.interval;
        let doubled = interval * (1 << self.device.troubles.min(6));
        let pause = doubled.min(LONGEST_PAUSE).max(interval);
        let pause = pause.max(retry_after.unwrap_or_default());
        self.device.method = self.client.method;
        // A server that wants to rest longer than the code lives is not asked again, and the code ends.
        self.device.next_at = self
            .now
            .checked_add(pause)
            .unwrap_or(self.device.expires_at);
        let device = Box::new(self.device);
        Polled::Waiting { device, why }
    }

    // rule: rfc8628-3.5, at-58
    fn word(mut self, error: &str, why: String, retry_after: Option<Duration>) -> Step<Self> {
        let over = match error {
            "authorization_pending" => {
                self.device.troubles = 0;
                return Step::Done(self.waiting(why));
            }
            // The interval grows by 5 seconds for this and all later questions.
            "slow_down" => {
                self.device.troubles = 0;
                self.device.interval = self.device.interval.saturating_add(SLOWER);
                return Step::Done(self.waiting(why));
            }
            _ if token::is_passing(error) => return Step::Done(self.trouble(why, retry_after)),
            "access_denied" => Over::Denied,
            "expired_token" => Over::Expired,
            _ if is_client_error(error) => {
                let other = self.client.other_method();
                if let (None, Some(other)) = (self.other_method, other) {
                    self.other_method = Some(std::mem::replace(&mut self.client.method, other));
                    return self.send(
                        "the client was refused; the other authentication method is tried once",
                    );
                }
                let client = self.client.tail();
                Over::Client { client, why }
            }
            _ => Over::Refused(why),
        };
        Step::Done(Polled::Over(over))
    }

    fn granted(self, issued: Issued) -> Polled {
        let note = |before| {
            let text = format!(
                "the client authenticates with {}, not with {before}",
                self.client.method
            );
            Note::new("at-habit-2", text)
        };
        let device = self.device;
        Polled::Granted(Box::new(Exchanged {
            notes: self.other_method.map(note).into_iter().collect(),
            grant: Grant {
                bound: false,
                issued_at: Some(self.now),
                expires_at: grant::end(&issued, self.now, None),
                // rule: rfc6749-3.3
                scopes: issued.scopes.unwrap_or_else(|| device.scopes.clone()),
                access: issued.access,
                refresh: issued.refresh,
                requested: device.scopes,
                resource: device.resource,
                issuer: device.issuer,
                token_endpoint: device.token_endpoint,
            },
            client: self.client,
        }))
    }
}

impl Procedure for Poll {
    type Output = Polled;
    type Error = std::convert::Infallible;

    fn receive(self, answer: Result<Response, Unanswered>) -> Result<Step<Self>, Self::Error> {
        let mut secrets = vec![&self.device.code];
        secrets.extend(&self.client.secret);
        Ok(match token::read(answer, &secrets) {
            Answer::Issued(issued) => Step::Done(self.granted(*issued)),
            Answer::Error {
                error,
                description,
                retry_after,
                ..
            } => {
                let why = description.map_or(error.clone(), |text| format!("{error}: {text}"));
                self.word(&error, why, retry_after)
            }
            Answer::NoToken(why) => Step::Done(Polled::Over(Over::NoToken(why))),
            // Not the token endpoint's own word; the code ends by itself.
            Answer::Mute { status } => {
                Step::Done(self.trouble(format!("status {status} without a word"), None))
            }
            Answer::Page => Step::Done(self.trouble(token::PAGE.to_owned(), None)),
            Answer::Trouble { why, retry_after } => Step::Done(self.trouble(why, retry_after)),
        })
    }

    fn stage(&self) -> Stage {
        Stage::TokenExchange
    }
}
