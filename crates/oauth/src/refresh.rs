//! Renewing a grant, and what each answer says about it.
//!
//! RFC 6749 section 6, RFC 9700 section 4.14 (rotation), RFC 8707 section 2.2.

use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret as _, SecretString};

use crate::address::Endpoint;
use crate::assertion::Unsigned;
use crate::client::Client;
use crate::dpop::{self, Proved};
use crate::exchange::{add, is_client_error, stored};
use crate::grant::{self, Grant};
use crate::policy::Policy;
use crate::step::{Procedure, Request, Response, Stage, Step, Unanswered};
use crate::token::{self, Answer, Asked};
use crate::wire;

/// A refresh on its way.
#[derive(Debug)]
pub struct Refresh {
    grant: Grant,
    token: SecretString,
    endpoint: Endpoint,
    client: Client,
    params: Vec<(String, String)>,
    asked: Asked,
    now: SystemTime,
    /// The scopes that are said again, at servers that want that.
    scope: Option<String>,
    without_resource: bool,
}

/// What a refresh came to. Only `Dead` ends the grant.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// To be stored before anybody uses it: the old refresh token may be spent.
    Renewed(Grant),
    /// A person has to sign in again; the client stays.
    Dead(String),
    /// The client is not known any more, or its secret is wrong; the grant is of no use without it.
    ClientLost(String),
    /// Says nothing for sure: counts as trouble the first time, as dead the second time in a row.
    Doubtful(String),
    /// Nothing is lost: keep everything and try again.
    Trouble {
        why: String,
        retry_after: Option<Duration>,
    },
}

impl Refresh {
    /// Asks at the stored endpoint with the stored resource, as the client that the grant was given to.
    #[must_use]
    pub fn start(
        grant: Grant,
        client: Client,
        policy: &Policy,
        now: SystemTime,
    ) -> Step<Proved<Self>> {
        let dead = |why: &str| Step::Done(Outcome::Dead(why.to_owned()));
        let Some(token) = grant.refresh.clone() else {
            return dead("there is no refresh token");
        };
        // A refresh token is bound to the client and to the server that gave it.
        // rule: rfc6749-10.4
        if client.issuer != grant.issuer {
            return dead("the client belongs to another authorization server");
        }
        let Some(endpoint) = stored(&grant.token_endpoint) else {
            return dead("the token endpoint is not known any more");
        };
        let policy = policy.settled(Some(&grant.issuer));
        let mut params = policy.token_params.clone();
        params.extend(
            policy
                .audience
                .clone()
                .map(|audience| ("audience".to_owned(), audience)),
        );
        let scope = Some(grant.requested.join(" "))
            .filter(|scope| policy.repeat_scope_on_refresh && !scope.is_empty());
        let first = Self {
            grant,
            token,
            endpoint,
            client,
            params,
            asked: policy.asked(),
            now,
            scope,
            without_resource: false,
        }
        .send("renewing the access token");
        match dpop::proved(first, policy.proof_key, None) {
            Ok(first) => first,
            Err(never) => match never {},
        }
    }

    fn send(self, because: &'static str) -> Step<Self> {
        match self.request() {
            Ok(request) => Step::Send {
                request,
                because: because.into(),
                then: self,
            },
            // A key that cannot be read says nothing about the grant.
            Err(unsigned) => Step::Done(Outcome::Trouble {
                why: unsigned.to_string(),
                retry_after: None,
            }),
        }
    }

    // The stored resource and the stored secret; no scope means as granted, and only some servers want to hear it again.
    // rule: at-15, at-66
    fn request(&self) -> Result<Request, Unsigned> {
        let proof = self.client.prove()?;
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", self.token.expose_secret()),
        ];
        if let Some(resource) = self
            .grant
            .resource
            .as_deref()
            .filter(|_| !self.without_resource)
        {
            form.push(("resource", resource));
        }
        if let Some(scope) = &self.scope {
            form.push(("scope", scope));
        }
        form.extend(proof.fields());
        add(&mut form, &self.params);
        Ok(wire::post_form(&self.endpoint, &form, proof.header.clone()))
    }

    // What the server does not like beside the token is left out once; then the word counts.
    // rule: mcp-auth-grant-classes, rfc8707-2.2
    fn rejected(mut self, error: &str, why: String) -> Step<Self> {
        match error {
            "invalid_target" if self.grant.resource.is_some() && !self.without_resource => {
                self.without_resource = true;
                self.send("the resource was refused; it is left out once")
            }
            "invalid_scope" if self.scope.take().is_some() => {
                self.send("the scope was refused; it is left out once")
            }
            _ => Step::Done(Outcome::Dead(why)),
        }
    }

    fn renewed(self, issued: token::Issued) -> Outcome {
        let before = match (self.grant.issued_at, self.grant.expires_at) {
            (Some(from), Some(to)) => to.duration_since(from).ok(),
            (None, _) | (_, None) => None,
        };
        Outcome::Renewed(Grant {
            issued_at: Some(self.now),
            bound: issued.bound,
            expires_at: grant::end(&issued, self.now, before),
            scopes: issued.scopes.unwrap_or(self.grant.scopes),
            access: issued.access,
            // The server may give a new refresh token, which replaces the old one; else the old one stays.
            // rule: rfc6749-6, at-36, safe-l08
            refresh: Some(issued.refresh.unwrap_or(self.token)),
            resource: self.grant.resource.filter(|_| !self.without_resource),
            ..self.grant
        })
    }
}

impl Procedure for Refresh {
    type Output = Outcome;
    type Error = Infallible;

    // A server in trouble does not cost the grant; a rejected grant does, and keeps the client.
    // rule: mcp-auth-grant-classes, at-06, at-09
    fn receive(self, answer: Result<Response, Unanswered>) -> Result<Step<Self>, Infallible> {
        let mut secrets = vec![&self.token, &self.grant.access];
        secrets.extend(&self.client.secret);
        let outcome = match token::read_as(self.asked, answer, &secrets) {
            Answer::Issued(issued) => self.renewed(*issued),
            Answer::Error {
                error,
                description,
                status,
                retry_after,
            } => {
                let why = description.map_or(error.clone(), |text| format!("{error}: {text}"));
                match Word::of(&error, status) {
                    Word::Rejected => return Ok(self.rejected(&error, why)),
                    Word::Client => Outcome::ClientLost(why),
                    Word::Doubtful => Outcome::Doubtful(why),
                    Word::Trouble => Outcome::Trouble { why, retry_after },
                }
            }
            Answer::NoToken(why) => Outcome::Doubtful(why),
            Answer::Mute { status } => Outcome::Doubtful(format!("status {status} without a word")),
            Answer::Page => Outcome::Trouble {
                why: token::PAGE.to_owned(),
                retry_after: None,
            },
            Answer::Trouble { why, retry_after } => Outcome::Trouble { why, retry_after },
        };
        Ok(Step::Done(outcome))
    }

    fn stage(&self) -> Stage {
        Stage::Refresh
    }
}

/// What an error's word says about the grant.
enum Word {
    Rejected,
    Client,
    Doubtful,
    Trouble,
}

impl Word {
    fn of(error: &str, status: u16) -> Self {
        match error {
            "invalid_grant" | "invalid_target" | "invalid_scope" | "invalid_code" => Self::Rejected,
            client if is_client_error(client) => Self::Client,
            // Words for a passing trouble, whatever the status that came with them.
            "server_error"
            | "temporarily_unavailable"
            | "slow_down"
            | "ratelimited"
            | "rate_limited"
            | "rate_limit_exceeded"
            | "too_many_requests" => Self::Trouble,
            // Other words of OAuth; beside them, gateways have words of their own for 403 and 404.
            "invalid_request"
            | "unsupported_grant_type"
            | "access_denied"
            | "invalid_token"
            | "expired_token"
            | "login_required"
            | "interaction_required"
            | "consent_required" => Self::Doubtful,
            _ if matches!(status, 200..300 | 400 | 401) => Self::Doubtful,
            _ => Self::Trouble,
        }
    }
}

#[cfg(test)]
mod tests;
