//! Sending a person away, and checking what comes back.
//!
//! RFC 6749 section 4.1, RFC 9207, RFC 8707 section 2.1, OAuth 2.1 section 4.1, MCP "Authorization Response
//! Validation". Response modes other than the query are left out.

mod answer;

use std::time::{Duration, SystemTime};

use secrecy::SecretString;

use crate::address::Endpoint;
use crate::client::Client;
use crate::discovery::Discovered;
use crate::pkce;
use crate::policy::Policy;

pub use answer::{Again, Answer, AnswerError, Code};

/// How long a person has.
pub const LIFE: Duration = Duration::from_secs(600);
/// Longest address that browsers and servers on the way take.
const LONGEST: usize = 16 * 1024;

/// Octets that nobody can guess, fresh for each sign-in.
pub struct Chance {
    pub state: [u8; 32],
    pub verifier: [u8; 32],
}

/// What waits for the callback. It is stored before the person is sent away, and used once.
#[derive(Debug, Clone)]
pub struct Pending {
    /// SHA-256 of `state`, base64url.
    pub state_hash: String,
    pub verifier: SecretString,
    /// The authentic issuer; `None` for endpoints from the settings.
    pub issuer: Option<String>,
    pub iss_promised: bool,
    pub resource: Option<String>,
    pub scopes: Vec<String>,
    pub redirect_uri: String,
    /// The id that the person was sent with; the exchange uses the same.
    pub client_id: String,
    pub token_endpoint: String,
    pub revocation_endpoint: Option<String>,
    pub created_at: SystemTime,
    pub healed: Healed,
    /// The token is to be bound to a key.
    pub dpop: bool,
}

/// What was already left out because the authorization server did not like it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Healed {
    pub resource: bool,
    pub scope: bool,
}

/// Why a person cannot be sent away.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BeginError {
    #[error("the client belongs to {of:?}, not to {to:?}")]
    ForeignClient { of: String, to: String },
    #[error("{0:?} names no authorization_endpoint, so nobody can be sent there")]
    NoEndpoint(String),
    #[error("the authorization address is {length} characters long, more than {LONGEST}")]
    TooLong { length: usize },
}

/// What a `state` is recognised by.
#[must_use]
pub fn state_hash(state: &str) -> String {
    pkce::digest(state)
}

/// The address to send the person to, and what the answer is checked against.
pub fn begin(
    found: &Discovered,
    client: &Client,
    policy: &Policy,
    chance: &Chance,
    now: SystemTime,
) -> Result<(String, Pending), BeginError> {
    again(found, client, policy, chance, (now, Healed::default()))
}

/// The same, with what the authorization server did not like left out.
pub fn again(
    found: &Discovered,
    client: &Client,
    policy: &Policy,
    chance: &Chance,
    (now, healed): (SystemTime, Healed),
) -> Result<(String, Pending), BeginError> {
    let server = &found.server;
    if client.issuer != server.identity() {
        let (of, to) = (client.issuer.clone(), server.identity());
        return Err(BeginError::ForeignClient { of, to });
    }
    let Some(endpoint) = &server.authorization_endpoint else {
        return Err(BeginError::NoEndpoint(server.identity()));
    };
    let state = pkce::verifier(&chance.state);
    let verifier = pkce::verifier(&chance.verifier);
    let pending = Pending {
        state_hash: pkce::digest(&state),
        verifier: verifier.clone().into(),
        issuer: server.issuer.clone(),
        iss_promised: server.iss_promised,
        resource: found.resource.clone().filter(|_| !healed.resource),
        scopes: if healed.scope {
            Vec::new()
        } else {
            found.scopes.clone()
        },
        redirect_uri: client.redirect_uri.clone(),
        client_id: client.id.clone(),
        token_endpoint: server.token_endpoint.to_string(),
        revocation_endpoint: server.revocation_endpoint.as_ref().map(ToString::to_string),
        created_at: now,
        healed,
        dpop: found.dpop,
    };
    let policy = policy.settled(server.issuer.as_deref());
    let offered = Offered {
        endpoint,
        consent: found.consent,
    };
    let address = address(&offered, &policy, &pending, (&state, &verifier));
    match address.len() {
        length if length > LONGEST => Err(BeginError::TooLong { length }),
        _ => Ok((address, pending)),
    }
}

/// What discovery says about the address.
struct Offered<'a> {
    endpoint: &'a Endpoint,
    consent: bool,
}

fn address(
    found: &Offered<'_>,
    policy: &Policy,
    pending: &Pending,
    (state, verifier): (&str, &str),
) -> String {
    let scope = pending
        .scopes
        .join(policy.scope_separator.encode_utf8(&mut [0; 4]));
    let challenge = pkce::challenge(verifier);
    let mut params = vec![
        ("response_type", "code"),
        ("client_id", pending.client_id.as_str()),
        ("redirect_uri", pending.redirect_uri.as_str()),
        ("state", state),
        // S256 always; there is no way to ask for less.
        // rule: rfc7636-4.3, at-16
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    if !scope.is_empty() {
        params.push(("scope", scope.as_str()));
    }
    // Sent whether or not the authorization server is known to support it.
    // rule: rfc8707-2, at-38
    if let Some(resource) = &pending.resource {
        params.push(("resource", resource));
    }
    if found.consent && !pending.healed.scope {
        params.push(("prompt", "consent"));
    }
    if let Some(audience) = &policy.audience {
        params.push(("audience", audience));
    }
    // The settings win, except over what the callback is checked against.
    // rule: at-27, at-54
    const OURS: [&str; 6] = [
        "response_type",
        "client_id",
        "redirect_uri",
        "state",
        "code_challenge",
        "code_challenge_method",
    ];
    for (key, value) in policy
        .authorization_params
        .iter()
        .filter(|(key, _)| !OURS.contains(&key.as_str()))
    {
        params.retain(|(name, _)| name != key);
        params.push((key, value));
    }
    // An endpoint may have a query of its own, which stays; but no parameter may stand there twice, and ours count.
    // rule: rfc6749-3.1
    let mut url = found.endpoint.url().clone();
    let ours = |name: &str| OURS.contains(&name) || params.iter().any(|(key, _)| *key == name);
    if url.query_pairs().any(|(key, _)| ours(&key)) {
        let own: Vec<(String, String)> = (url.query_pairs().into_owned())
            .filter(|(key, _)| !ours(key))
            .collect();
        url.query_pairs_mut().clear().extend_pairs(own);
    }
    url.query_pairs_mut().extend_pairs(params);
    url.into()
}

#[cfg(test)]
mod tests;
