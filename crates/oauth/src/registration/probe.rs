//! Is a registered client still known? A server that has forgotten it tells the person in the browser, and never us.
//!
//! RFC 6749 sections 4.1.2.1, 5.2 and 6. The token endpoint is asked with a refresh token that nobody gave out: a server that
//! knows the client says that the token is wrong (`invalid_grant`), one that does not says that the client is. Some look at the
//! token first; there the authorization endpoint is asked as a browser would, and what it answers is read, never followed.

use std::convert::Infallible;

use http::Method;
use http::header::LOCATION;
use serde_json::Value;
use url::Url;

use crate::address::Endpoint;
use crate::client::{Client, Kind};
use crate::exchange::is_client_error;
use crate::metadata;
use crate::pkce;
use crate::step::{Procedure, Response, Stage, Step, Unanswered};
use crate::token::{self, Answer};
use crate::wire;

/// A question about a client, on its way.
#[derive(Debug)]
pub struct Probe {
    client: Client,
    authorization_endpoint: Option<Endpoint>,
    chance: [u8; 32],
    at_authorization: bool,
}

/// What the server says of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probed {
    /// Its own words.
    Forgotten(String),
    /// Known, or it does not say: the client is used.
    Usable,
}

impl Probe {
    // rule: at-07
    #[must_use]
    pub fn start(
        client: Client,
        token_endpoint: &Endpoint,
        authorization_endpoint: Option<Endpoint>,
        chance: [u8; 32],
    ) -> Step<Self> {
        let nobodys = pkce::verifier(&chance);
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", nobodys.as_str()),
        ];
        // Without its key nobody can ask as this client, and that says nothing about it.
        let Ok(proof) = client.prove() else {
            return Step::Done(Probed::Usable);
        };
        form.extend(proof.fields());
        let request = wire::post_form(token_endpoint, &form, proof.header.clone());
        drop(proof);
        Step::Send {
            request,
            because: "asking with a refresh token of nobody whether the client is still known"
                .into(),
            then: Self {
                client,
                authorization_endpoint,
                chance,
                at_authorization: false,
            },
        }
    }

    /// The token endpoint's word about the client, if it has one.
    fn forgotten_by_token(&self, answer: Result<Response, Unanswered>) -> Option<String> {
        let secrets: Vec<_> = self.client.secret.iter().collect();
        match token::read(answer, &secrets) {
            // A client that was registered without refresh tokens may not ask for one, and is known all the same.
            Answer::Error { error, .. } if error == "unauthorized_client" => {
                self.may_refresh().then_some(error)
            }
            Answer::Error { error, .. } if is_client_error(&error) => Some(error),
            Answer::Error { .. }
            | Answer::Issued(_)
            | Answer::NoToken(_)
            | Answer::Page
            | Answer::Mute { .. }
            | Answer::Trouble { .. } => None,
        }
    }

    fn may_refresh(&self) -> bool {
        let Kind::Registered(registered) = &self.client.kind else {
            return true;
        };
        match registered.answer.get("grant_types") {
            Some(Value::Array(all)) => all.iter().any(|grant| grant == "refresh_token"),
            Some(_) | None => true,
        }
    }

    /// As a browser would ask, with a state that is recorded nowhere: no answer to it is ever taken.
    // rule: at-08
    fn ask_authorization(mut self) -> Step<Self> {
        self.at_authorization = true;
        let nobodys = pkce::verifier(&self.chance);
        let challenge = pkce::challenge(&nobodys);
        let address = self.authorization_endpoint.as_ref();
        let address = address.and_then(|endpoint| {
            endpoint.with_query(&[
                ("response_type", "code"),
                ("client_id", self.client.id.as_str()),
                ("redirect_uri", self.client.redirect_uri.as_str()),
                ("state", challenge.as_str()),
                ("code_challenge", challenge.as_str()),
                ("code_challenge_method", "S256"),
                ("prompt", "none"),
            ])
        });
        let Some(address) = address else {
            return Step::Done(Probed::Usable);
        };
        Step::Send {
            request: wire::bare(Method::GET, &address, None),
            because: "asking the authorization endpoint whether it knows the client".into(),
            then: self,
        }
    }
}

impl Procedure for Probe {
    type Output = Probed;
    type Error = Infallible;

    fn receive(self, answer: Result<Response, Unanswered>) -> Result<Step<Self>, Infallible> {
        Ok(if self.at_authorization {
            Step::Done(match answer.ok().and_then(|answer| refused(&answer)) {
                Some(said) => Probed::Forgotten(said),
                None => Probed::Usable,
            })
        } else {
            // Whoever does not answer there says nothing about the client, and is not asked again.
            let silent = answer.is_err();
            match self.forgotten_by_token(answer) {
                Some(said) => Step::Done(Probed::Forgotten(said)),
                None if silent => Step::Done(Probed::Usable),
                None => self.ask_authorization(),
            }
        })
    }

    fn stage(&self) -> Stage {
        Stage::Registration
    }
}

/// What an authorization endpoint says when it does not know the client: an error word, or a short sentence.
fn refused(answer: &Response) -> Option<String> {
    let status = answer.status().as_u16();
    if (300..400).contains(&status) {
        let location = answer.headers().get(LOCATION)?.to_str().ok()?;
        let url = Url::parse(location).ok()?;
        let error = url.query_pairs().find(|(key, _)| key == "error")?.1;
        return (error == "invalid_client" || error == "unauthorized_client")
            .then(|| error.into_owned());
    }
    if !matches!(status, 400 | 401 | 403 | 404 | 422) {
        return None;
    }
    let Ok(map) = metadata::object(answer.body()) else {
        return page_says(answer.body());
    };
    let words = ["error", "error_description", "message", "detail"];
    let mut said = words.iter().filter_map(|key| metadata::text(&map, key));
    said.find(|text| speaks_of_an_unknown_client(text))
        .map(|text| {
            text.chars()
                .filter(|c| !crate::shown::steers(*c))
                .take(100)
                .collect()
        })
}

/// A page for people holds many words, so only whole phrases count.
fn page_says(body: &[u8]) -> Option<String> {
    const PHRASES: [&str; 8] = [
        "invalid_client",
        "invalid client",
        "unknown client",
        "unrecognized client",
        "client not found",
        "no client is registered",
        "client is not registered",
        "client does not exist",
    ];
    let start = &body[..body.len().min(8 * 1024)];
    let text = String::from_utf8_lossy(start).to_ascii_lowercase();
    let found = PHRASES.iter().find(|phrase| text.contains(**phrase))?;
    Some(format!("a page that says {found:?}"))
}

fn speaks_of_an_unknown_client(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let of_client = text.contains("client");
    let unknown = [
        "unrecognized",
        "unrecognised",
        "unknown",
        "not found",
        "not registered",
        "no such",
        "not exist",
        "invalid_client",
        "invalid client",
        "unauthorized_client",
    ];
    of_client && unknown.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests;
