//! Clients and how they prove who they are (RFC 6749 2.3). A client must use the method it is registered with; nothing
//! else is accepted, a right secret sent the wrong way included.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::assertion;
use super::refusal::Refusal;
use crate::seen::Seen;
use crate::state::State;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthMethod {
    #[serde(rename = "client_secret_basic")]
    Basic,
    #[serde(rename = "client_secret_post")]
    Post,
    #[serde(rename = "none")]
    None,
    #[serde(rename = "private_key_jwt")]
    PrivateKeyJwt,
}

/// A client as the authorization server knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    pub client_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    pub redirect_uris: Vec<String>,
    pub token_endpoint_auth_method: AuthMethod,
    pub grant_types: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// Seconds since 1970; 0 is never.
    #[serde(default)]
    pub client_secret_expires_at: u64,
    /// The public keys of `private_key_jwt` (RFC 7517).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
}

impl Client {
    /// A confidential client (Basic) made by hand, with both grant types.
    #[must_use]
    pub fn by_hand(client_id: &str, client_secret: &str, redirect_uri: &str) -> Self {
        Self {
            client_id: client_id.to_owned(),
            client_secret: Some(client_secret.to_owned()),
            redirect_uris: vec![redirect_uri.to_owned()],
            token_endpoint_auth_method: AuthMethod::Basic,
            grant_types: vec!["authorization_code".to_owned(), "refresh_token".to_owned()],
            client_name: None,
            client_secret_expires_at: 0,
            jwks: None,
        }
    }

    /// A client that stands for itself (RFC 6749 4.4), with a secret in the body or a key.
    #[must_use]
    pub fn robot(client_id: &str, method: AuthMethod, jwks: Option<Value>) -> Self {
        Self {
            client_secret: (method != AuthMethod::PrivateKeyJwt).then(|| "secret".to_owned()),
            token_endpoint_auth_method: method,
            grant_types: vec!["client_credentials".to_owned()],
            jwks,
            ..Self::by_hand(client_id, "secret", "http://127.0.0.1:9/never")
        }
    }

    pub(crate) fn may_refresh(&self) -> bool {
        self.grant_types
            .iter()
            .any(|grant| grant == "refresh_token")
    }
}

#[derive(Debug, Default)]
pub(crate) struct Clients {
    known: BTreeMap<String, Client>,
}

impl Clients {
    pub(crate) fn insert(&mut self, client: Client) {
        self.known.insert(client.client_id.clone(), client);
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Client> {
        self.known.get(id)
    }

    pub(crate) fn remove(&mut self, id: &str) {
        self.known.remove(id);
    }

    pub(crate) fn forget(&mut self) {
        self.known.clear();
    }

    pub(crate) fn ids(&self) -> Vec<&str> {
        self.known.keys().map(String::as_str).collect()
    }
}

/// What a request says about who sent it.
struct Claimed {
    method: AuthMethod,
    id: String,
    secret: Option<String>,
}

/// The client that sent a token or revocation request.
pub(crate) fn authenticate(state: &mut State, asked: &Seen) -> Result<Client, Refusal> {
    let claimed = claimed(asked)?;
    let client = state
        .clients
        .find(&claimed.id)
        .ok_or_else(|| Refusal::client(format!("no client is registered as {}", claimed.id)))?;
    if claimed.method != client.token_endpoint_auth_method {
        return Err(Refusal::client(format!(
            "the client is registered with {:?} and used {:?}",
            client.token_endpoint_auth_method, claimed.method
        )));
    }
    if claimed.method == AuthMethod::PrivateKeyJwt {
        let client = client.clone();
        assertion::verify(state, asked, &client)?;
        return Ok(client);
    }
    if claimed.method != AuthMethod::None && claimed.secret != client.client_secret {
        return Err(Refusal::client("the client secret is wrong"));
    }
    let expires_at = client.client_secret_expires_at;
    if claimed.method != AuthMethod::None && expires_at != 0 && expires_at <= state.clock.unix() {
        return Err(Refusal::client("the client secret has expired"));
    }
    Ok(client.clone())
}

fn claimed(asked: &Seen) -> Result<Claimed, Refusal> {
    let body_secret = asked.form("client_secret");
    if let Some(header) = asked.header("authorization") {
        if body_secret.is_some() {
            return Err(Refusal::new(
                "invalid_request",
                "more than one way of client authentication",
            ));
        }
        let (id, secret) = basic(header)
            .ok_or_else(|| Refusal::client("the Authorization header is not Basic"))?;
        return Ok(Claimed {
            method: AuthMethod::Basic,
            id,
            secret: Some(secret),
        });
    }
    if let Some(word) = asked.form("client_assertion") {
        return Ok(Claimed {
            method: AuthMethod::PrivateKeyJwt,
            id: assertion::subject(&word)
                .ok_or_else(|| Refusal::client("the assertion names nobody"))?,
            secret: None,
        });
    }
    let id = asked
        .form("client_id")
        .ok_or_else(|| Refusal::client("no client_id"))?;
    let method = if body_secret.is_some() {
        AuthMethod::Post
    } else {
        AuthMethod::None
    };
    Ok(Claimed {
        method,
        id,
        secret: body_secret,
    })
}

/// Id and secret of a Basic header, both form-decoded as RFC 6749 2.3.1 wants.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((form_decoded(id), form_decoded(secret)))
}

fn form_decoded(text: &str) -> String {
    let pair = format!("v={}", text.replace('&', "%26"));
    url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_decodes_what_the_standard_encodes() {
        let header = "Basic YStiOnAlMkIlMjUlM0ElMkYlQzMlQTk=";
        assert_eq!(basic(header), Some(("a b".to_owned(), "p+%:/é".to_owned())));
    }
}
