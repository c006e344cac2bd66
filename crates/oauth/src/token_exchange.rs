//! A person's id token, exchanged at the organisation's login server for its word towards another authorization server.
//!
//! RFC 8693 sections 2.1 and 2.2, the identity assertion authorization grant (`id-jag`) and the MCP extension
//! "Enterprise-Managed Authorization". What is had is shown by [`crate::Mint`]. Actor tokens, SAML assertions and
//! exchanges of other kinds are left out.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::address::{AddressError, Endpoint, Nearness, Purpose};
use crate::assertion::Unsigned;
use crate::client::{AuthMethod, Client, Kind};
use crate::discovery::Discovered;
use crate::policy::Policy;
use crate::step::{Procedure, Request, Response, Stage, Step, Unanswered};
use crate::token::{self, Answer, Asked};
use crate::wire;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";

/// The organisation's login server, as the settings name it, and what it said of a person.
#[derive(Debug, Clone)]
pub struct IdentityProvider {
    pub token_endpoint: String,
    pub client_id: String,
    pub client_secret: Option<SecretString>,
    pub id_token: SecretString,
}

/// An exchange on its way.
#[derive(Debug)]
pub struct TokenExchange {
    endpoint: Endpoint,
    client: Client,
    id_token: SecretString,
    /// The authorization server that is to take the word.
    audience: String,
    resource: Option<String>,
    scopes: Vec<String>,
}

/// Why the identity provider gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenExchangeError {
    #[error("oauth.identityProvider.tokenEndpoint: {0}")]
    Address(#[from] AddressError),
    #[error("nothing says which issuer {endpoint:?} belongs to; set oauth.issuer")]
    NoIssuer { endpoint: String },
    #[error(transparent)]
    Unsigned(#[from] Unsigned),
    /// The id token has ended, or the person or the client may not.
    #[error("the identity provider refused the id token or the client {client}: {why}")]
    Refused { client: String, why: String },
    /// Try later.
    #[error("the identity provider could not answer: {why}")]
    Unavailable {
        why: String,
        retry_after: Option<Duration>,
    },
}

impl TokenExchange {
    /// Asks for a word towards the authorization server that was found, about the resource that was found.
    pub fn start(
        provider: IdentityProvider,
        found: &Discovered,
        policy: &Policy,
    ) -> Result<Step<Self>, TokenExchangeError> {
        // A person named the address; the MCP server's own still says how far inward it may lead.
        let near = Url::parse(&policy.mcp_url).map_or(Nearness::Public, |mcp| policy.near(&mcp));
        let endpoint = Endpoint::check(
            Purpose::IdentityProvider,
            &provider.token_endpoint,
            near,
            false,
        )?;
        let audience = found.server.issuer.clone();
        let audience = audience.ok_or_else(|| TokenExchangeError::NoIssuer {
            endpoint: found.server.token_endpoint.to_string(),
        })?;
        let exchange = Self {
            client: Client {
                id: provider.client_id,
                method: match provider.client_secret {
                    Some(_) => AuthMethod::Basic,
                    None => AuthMethod::None,
                },
                secret: provider.client_secret,
                key: None,
                issuer: provider.token_endpoint,
                redirect_uri: String::new(),
                kind: Kind::Settings,
            },
            endpoint,
            id_token: provider.id_token,
            audience,
            resource: found.resource.clone(),
            scopes: found.scopes.clone(),
        };
        Ok(Step::Send {
            request: exchange.request()?,
            because: "asking the identity provider for its word on a person".into(),
            then: exchange,
        })
    }

    // The subject is the id token, the audience the issuer of the other server, the resource what the token will be for.
    // rule: rfc8693-2.1
    fn request(&self) -> Result<Request, Unsigned> {
        let proof = self.client.prove()?;
        let scope = self.scopes.join(" ");
        let mut form = vec![
            ("grant_type", GRANT),
            ("requested_token_type", ID_JAG),
            ("subject_token", self.id_token.expose_secret()),
            ("subject_token_type", ID_TOKEN),
            ("audience", self.audience.as_str()),
        ];
        if let Some(resource) = &self.resource {
            form.push(("resource", resource));
        }
        if !scope.is_empty() {
            form.push(("scope", scope.as_str()));
        }
        form.extend(proof.fields());
        Ok(wire::post_form(&self.endpoint, &form, proof.header.clone()))
    }
}

impl Procedure for TokenExchange {
    /// A signed word, for one use.
    type Output = SecretString;
    type Error = TokenExchangeError;

    fn receive(
        self,
        answer: Result<Response, Unanswered>,
    ) -> Result<Step<Self>, TokenExchangeError> {
        let mut secrets = vec![&self.id_token];
        secrets.extend(&self.client.secret);
        let client = self.client.tail();
        let unavailable =
            |why, retry_after| Err(TokenExchangeError::Unavailable { why, retry_after });
        match token::read_as(Asked::Kind(ID_JAG), answer, &secrets) {
            Answer::Issued(issued) => Ok(Step::Done(issued.access)),
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
                Err(TokenExchangeError::Refused { client, why })
            }
            Answer::Mute { status } => Err(TokenExchangeError::Refused {
                client,
                why: format!("status {status} without a word"),
            }),
            Answer::NoToken(why) => Err(TokenExchangeError::Refused { client, why }),
            Answer::Page => unavailable(token::PAGE.to_owned(), None),
            Answer::Trouble { why, retry_after } => unavailable(why, retry_after),
        }
    }

    fn stage(&self) -> Stage {
        Stage::TokenExchange
    }
}

#[cfg(test)]
mod tests;
