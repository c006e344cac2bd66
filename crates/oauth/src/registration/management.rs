//! Looking after a registration: read it, ask for it anew, take it back.
//!
//! RFC 7592 sections 2.1 (read), 2.2 (update) and 2.3 (delete). A registration is renewed before its secret ends; so the
//! client id stays, and with it the grants that were given to it.

use std::convert::Infallible;
use std::time::SystemTime;

use http::{HeaderValue, Method};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use super::answer::{self, Expected, Read};
use crate::address::Endpoint;
use crate::client::{Client, Kind, Registered};
use crate::exchange::stored;
use crate::step::{Procedure, Response, Stage, Step, Unanswered};
use crate::wire;

/// A registration whose secret ends, on its way to another one.
#[derive(Debug)]
pub struct Renewal {
    client: Client,
    endpoint: Endpoint,
    now: SystemTime,
    updating: bool,
}

/// What a renewal came to.
#[derive(Debug, Clone)]
pub enum Renewed {
    /// The same id with another secret or another end; to be stored before it is used.
    Client(Box<Client>),
    /// Nothing was gained, and nothing is lost; why.
    Not(String),
}

/// A registration that is taken back.
#[derive(Debug)]
pub struct Deletion;

/// What became of a registration that is not wanted any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deleted {
    /// The server knows it no longer.
    Gone,
    /// It gave no address for that, so it is only forgotten here.
    NotOffered,
    Failed(String),
}

/// What the server decides alone; an update must not carry it.
const THEIRS: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

impl Renewal {
    /// Reads the registration, and asks for it once more when what is read is no better.
    #[must_use]
    pub fn start(client: Client, now: SystemTime) -> Step<Self> {
        match managed(&client) {
            None => Step::Done(Renewed::Not(
                "the server gave no address to renew the registration at".to_owned(),
            )),
            Some((endpoint, _, _)) => Self {
                client,
                endpoint,
                now,
                updating: false,
            }
            .send("reading the registration, for its secret ends"),
        }
    }

    fn send(self, because: &'static str) -> Step<Self> {
        let Some((endpoint, token, registered)) = managed(&self.client) else {
            return Step::Done(Renewed::Not(
                "the registration cannot be managed".to_owned(),
            ));
        };
        let request = if self.updating {
            let body = Value::Object(self.update(registered)).to_string();
            wire::json(Method::PUT, &endpoint, body.into_bytes(), Some(token))
        } else {
            wire::bare(Method::GET, &endpoint, Some(token))
        };
        Step::Send {
            request,
            because: because.into(),
            then: self,
        }
    }

    /// The update holds all metadata as it is, the id, and the present secret, but none of the server's own members.
    // rule: rfc7592-2.2
    fn update(&self, registered: &Registered) -> Map<String, Value> {
        let mut body = registered.answer.clone();
        for key in THEIRS {
            body.shift_remove(key);
        }
        body.insert("client_id".to_owned(), json!(self.client.id));
        if let Some(secret) = &self.client.secret {
            body.insert("client_secret".to_owned(), json!(secret.expose_secret()));
        }
        body
    }

    /// The client that the answer describes, with what the answer leaves out taken from the one that is held.
    fn read(&self, answer: Result<Response, Unanswered>) -> Result<Client, String> {
        let expected = Expected {
            redirect_uri: &self.client.redirect_uri,
            method: self.client.method,
            issuer: &self.client.issuer,
            endpoint: &self.endpoint,
            secret: self.client.secret.as_ref(),
        };
        let mut client = match answer::read(answer, &expected) {
            Read::Registered(client) => *client,
            Read::Unusable(why) | Read::Unavailable(why) => return Err(why),
            Read::NotThere => return Err("there is nothing at its address".to_owned()),
            Read::Refused { status, said, .. } => return Err(format!("status {status} {said}")),
        };
        // The id in the answer must be that of the registration that was asked about.
        // rule: rfc7592-3
        if client.id != self.client.id {
            return Err(format!(
                "it speaks of the client {}, not of {}",
                client.tail(),
                self.client.tail()
            ));
        }
        let (Kind::Registered(new), Kind::Registered(old)) = (&mut client.kind, &self.client.kind)
        else {
            return Err("it is no registration".to_owned());
        };
        new.at = old.at;
        new.instead_of.clone_from(&old.instead_of);
        // The address and the token may be replaced; the old ones stay where the answer has none.
        // rule: rfc7592-3
        if new.management_uri.is_none() {
            new.management_uri.clone_from(&old.management_uri);
        }
        if new.management_token.is_none() {
            new.management_token.clone_from(&old.management_token);
        }
        let said = new.answer.contains_key("client_secret_expires_at");
        if !said
            && same_secret(&client, &self.client)
            && let Kind::Registered(new) = &mut client.kind
        {
            new.secret_expires_at = self.ends();
        }
        Ok(client)
    }

    fn ends(&self) -> Option<SystemTime> {
        match &self.client.kind {
            Kind::Registered(registered) => registered.secret_expires_at,
            Kind::Settings | Kind::MetadataDocument => None,
        }
    }
}

impl Procedure for Renewal {
    type Output = Renewed;
    type Error = Infallible;

    fn receive(mut self, answer: Result<Response, Unanswered>) -> Result<Step<Self>, Infallible> {
        let read = self.read(answer);
        Ok(match read {
            Ok(client) if client.is_live(self.now) => Step::Done(Renewed::Client(Box::new(client))),
            Ok(_) if self.updating => {
                Step::Done(Renewed::Not("the secret ends as before".to_owned()))
            }
            // What was read may hold another token to manage it by, which replaces the old one.
            Ok(client) => {
                self.client = client;
                self.update_next()
            }
            Err(why) if self.updating => Step::Done(Renewed::Not(why)),
            Err(_) => self.update_next(),
        })
    }

    fn stage(&self) -> Stage {
        Stage::Registration
    }
}

impl Renewal {
    fn update_next(mut self) -> Step<Self> {
        self.updating = true;
        self.send("asking for the registration as it is, for another secret")
    }
}

impl Deletion {
    #[must_use]
    pub fn start(client: &Client) -> Step<Self> {
        match managed(client) {
            None => Step::Done(Deleted::NotOffered),
            Some((endpoint, token, _)) => Step::Send {
                request: wire::bare(Method::DELETE, &endpoint, Some(token)),
                because: "taking the registration back".into(),
                then: Self,
            },
        }
    }
}

impl Procedure for Deletion {
    type Output = Deleted;
    type Error = Infallible;

    // 204 is the standard's word; a client that is not known there is answered with 401.
    // rule: rfc7592-2.3
    fn receive(self, answer: Result<Response, Unanswered>) -> Result<Step<Self>, Infallible> {
        Ok(Step::Done(match answer {
            Ok(response) => match response.status().as_u16() {
                200..300 | 401 | 404 | 410 => Deleted::Gone,
                405 | 501 => Deleted::NotOffered,
                status => Deleted::Failed(format!("status {status}")),
            },
            Err(why) => Deleted::Failed(why.to_string()),
        }))
    }

    fn stage(&self) -> Stage {
        Stage::Registration
    }
}

/// Where a registration is managed, and the credential for it.
// rule: rfc7592-3
fn managed(client: &Client) -> Option<(Endpoint, HeaderValue, &Registered)> {
    let Kind::Registered(registered) = &client.kind else {
        return None;
    };
    let endpoint = stored(registered.management_uri.as_deref()?)?;
    let token = registered.management_token.as_ref()?;
    let token = wire::credential(&format!("Bearer {}", token.expose_secret()))?;
    Some((endpoint, token, registered))
}

fn same_secret(one: &Client, other: &Client) -> bool {
    let exposed = |client: &Client| client.secret.as_ref().map(|s| s.expose_secret().to_owned());
    exposed(one) == exposed(other)
}

#[cfg(test)]
mod tests;
