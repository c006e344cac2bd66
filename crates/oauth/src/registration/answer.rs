//! What a registration endpoint answers (RFC 7591 section 3.2).

use std::time::{Duration, SystemTime};

use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use crate::address::{Endpoint, origin};
use crate::client::{AuthMethod, Client, Kind, Registered};
use crate::metadata;
use crate::step::{Response, Unanswered};

pub(super) enum Read {
    Registered(Box<Client>),
    Refused {
        error: String,
        status: u16,
        said: String,
    },
    /// There is no such endpoint.
    NotThere,
    Unusable(String),
    Unavailable(String),
}

/// What was asked for, and of whom.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) redirect_uri: &'a str,
    pub(super) method: AuthMethod,
    pub(super) issuer: &'a str,
    pub(super) endpoint: &'a Endpoint,
    /// The secret that is held, for an answer that does not repeat it.
    pub(super) secret: Option<&'a SecretString>,
}

pub(super) fn read(answer: Result<Response, Unanswered>, expected: &Expected<'_>) -> Read {
    let response = match answer {
        Ok(response) => response,
        Err(Unanswered::TooLarge) => return Read::Unusable("the answer is too large".to_owned()),
        Err(why @ (Unanswered::Timeout | Unanswered::Network(_) | Unanswered::Refused(_))) => {
            return Read::Unavailable(why.to_string());
        }
    };
    let status = response.status().as_u16();
    let document = metadata::object(response.body());
    // 201 is the standard's word; 200 is what some say.
    match (status, document) {
        (200..300, Ok(map)) if !map.contains_key("error") => client(map, expected),
        (200..300, Err(why)) => Read::Unusable(why.to_string()),
        (404 | 405 | 501, _) => Read::NotThere,
        (408 | 425 | 429 | 500.., _) => Read::Unavailable(format!("status {status}")),
        (_, Ok(map)) => {
            let error = metadata::text(&map, "error").unwrap_or_default().to_owned();
            let description = metadata::text(&map, "error_description").unwrap_or_default();
            Read::Refused {
                said: short(&format!("{error} {description}")),
                error,
                status,
            }
        }
        (_, Err(_)) => {
            let said = short(&String::from_utf8_lossy(response.body()));
            Read::Refused {
                error: String::new(),
                status,
                said,
            }
        }
    }
}

/// The answer is the truth, whatever was asked for; only the redirect URI stays ours.
// rule: rfc7591-3.2.1, at-41, at-11, safe-r01, safe-r07
fn client(mut map: Map<String, Value>, expected: &Expected<'_>) -> Read {
    let Some(id) = metadata::text(&map, "client_id").map(str::to_owned) else {
        return Read::Unusable("it holds no client_id that is a text".to_owned());
    };
    let secret = metadata::text(&map, "client_secret").map(SecretString::from);
    let secret = secret.or_else(|| expected.secret.cloned());
    let method = match (metadata::text(&map, "token_endpoint_auth_method"), &secret) {
        (Some(name), _) => match AuthMethod::named(name) {
            Some(method) => method,
            None => {
                return Read::Unusable(format!(
                    "it wants the authentication method {name:?}, which is not known here"
                ));
            }
        },
        (None, None) => AuthMethod::None,
        (None, Some(_)) if expected.method == AuthMethod::Post => AuthMethod::Post,
        (None, Some(_)) => AuthMethod::Basic,
    };
    if secret.is_none() && matches!(method, AuthMethod::Basic | AuthMethod::Post) {
        return Read::Unusable(format!("it wants {method} and holds no secret"));
    }
    let management_uri = management_uri(&map, expected.endpoint);
    let token = metadata::text(&map, "registration_access_token").map(SecretString::from);
    let management_token = token.filter(|_| management_uri.is_some());
    for secret in ["client_secret", "registration_access_token"] {
        map.shift_remove(secret);
    }
    let registered = Registered {
        at: None,
        token_endpoint: String::new(),
        instead_of: None,
        instead_of_document: None,
        secret_expires_at: map
            .get("client_secret_expires_at")
            .and_then(expiry)
            .filter(|_| secret.is_some()),
        management_uri,
        management_token,
        answer: map,
    };
    Read::Registered(Box::new(Client {
        id,
        secret,
        key: None,
        method,
        issuer: expected.issuer.to_owned(),
        redirect_uri: expected.redirect_uri.to_owned(),
        kind: Kind::Registered(registered),
    }))
}

/// Where the registration can be managed. Whoever is asked there is shown a token, so it is at the same origin as the
/// registration itself, or it is not used.
// rule: rfc7592-3
fn management_uri(map: &Map<String, Value>, endpoint: &Endpoint) -> Option<String> {
    let named = metadata::text(map, "registration_client_uri")?;
    let same = Url::parse(named).is_ok_and(|url| origin(&url) == origin(endpoint.url()));
    same.then(|| named.to_owned())
}

/// Seconds since the epoch; 0 is never. Some send a text or a fraction.
fn expiry(value: &Value) -> Option<SystemTime> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse::<f64>().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let known = (1.0..1e11).contains(&seconds);
    let since = known
        .then(|| Duration::try_from_secs_f64(seconds).ok())
        .flatten()?;
    SystemTime::UNIX_EPOCH.checked_add(since)
}

fn short(text: &str) -> String {
    let clean = text
        .chars()
        .map(|c| if crate::shown::steers(c) { ' ' } else { c });
    clean.take(300).collect::<String>().trim().to_owned()
}
