//! What a token endpoint answers.
//!
//! RFC 6749 sections 5.1 and 5.2, RFC 6750 section 1.1, and the habits of servers that answer forms, say
//! errors with status 200, or nest the grant.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::metadata;
use crate::scope;
use crate::step::{Response, Unanswered};
use crate::wire;
use crate::wire::retry_after::retry_after;

/// Longest token that is taken; it has to fit into a header.
const LONGEST: usize = 16 * 1024;
/// A lifetime beyond this is nonsense.
const LIFETIME: f64 = 100.0 * 365.0 * 86_400.0;

/// In words, what [`Answer::Page`] is.
pub(crate) const PAGE: &str = "the answer is neither JSON nor a form";

/// A good answer.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    pub(crate) access: SecretString,
    pub(crate) refresh: Option<SecretString>,
    pub(crate) lifetime: Lifetime,
    /// `None`: as requested.
    pub(crate) scopes: Option<Vec<String>>,
    /// It is bound to the key of the request's proof.
    pub(crate) bound: bool,
}

/// How long the access token lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifetime {
    For(Duration),
    /// A JWT's own word, when the answer has none.
    Until(SystemTime),
    Unknown,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// An access token that whoever holds it may use.
    Bearer,
    /// One that is bound to the key of the request's proof.
    Bound,
    /// That one, or where the server knows no proofs the other.
    Either,
    /// Another kind of token, by its address (RFC 8693 section 3).
    Kind(&'static str),
}

/// One answer, read.
#[derive(Debug)]
pub(crate) enum Answer {
    Issued(Box<Issued>),
    /// A structured OAuth error, whatever the status. What the server repeats of our secrets is masked.
    Error {
        error: String,
        description: Option<String>,
        status: u16,
        retry_after: Option<Duration>,
    },
    /// 200 and no token in it that can be used.
    NoToken(String),
    /// 200 with a web page or half an answer: not the token endpoint's own word.
    Page,
    /// 400 or 401 that says nothing.
    Mute {
        status: u16,
    },
    /// Not the server's own word: trouble, a firewall, a page.
    Trouble {
        why: String,
        retry_after: Option<Duration>,
    },
}

/// Reads an answer to a request for an access token that held these `secrets`.
pub(crate) fn read(answer: Result<Response, Unanswered>, secrets: &[&SecretString]) -> Answer {
    read_as(Asked::Bearer, answer, secrets)
}

/// Reads an answer to a request that held these `secrets`.
pub(crate) fn read_as(
    asked: Asked,
    answer: Result<Response, Unanswered>,
    secrets: &[&SecretString],
) -> Answer {
    match members(answer, secrets) {
        Ok(map) => issued(asked, &map),
        Err(other) => other,
    }
}

/// Errors that say nothing about the request: the server is in trouble.
// rule: rfc6749-4.1.2.1
pub(crate) fn is_passing(error: &str) -> bool {
    matches!(error, "temporarily_unavailable" | "server_error")
}

/// The members of a good answer; every other one is what it is at any endpoint that clients post forms to.
pub(crate) fn members(
    answer: Result<Response, Unanswered>,
    secrets: &[&SecretString],
) -> Result<Map<String, Value>, Answer> {
    let response = match answer {
        Ok(response) => response,
        Err(why) => {
            return Err(Answer::Trouble {
                why: why.to_string(),
                retry_after: None,
            });
        }
    };
    let status = response.status().as_u16();
    let trouble = |why| Answer::Trouble {
        why,
        retry_after: retry_after(&response),
    };
    // A server in trouble says nothing about the grant, even when its page holds JSON.
    // rule: mcp-auth-grant-transient
    if matches!(status, 408 | 425 | 429 | 500..) {
        return Err(trouble(format!("status {status}")));
    }
    let Some(map) = fields(&response) else {
        return Err(match status {
            200..300 if response.body().trim_ascii().is_empty() => {
                Answer::NoToken("the answer is empty".to_owned())
            }
            200..300 => Answer::Page,
            400 | 401 => Answer::Mute { status },
            _ => trouble(format!("status {status}")),
        });
    };
    if let Some(error) = error_word(&map) {
        // A server may repeat in its words what it was sent.
        // rule: safe-x04
        let said = |text: &str| short(&wire::masked(text, secrets));
        return Err(Answer::Error {
            error: said(error),
            description: metadata::text(&map, "error_description").map(said),
            status,
            retry_after: retry_after(&response),
        });
    }
    match status {
        200..300 => Ok(map),
        400 | 401 => Err(Answer::Mute { status }),
        _ => Err(trouble(format!("status {status}"))),
    }
}

/// JSON, else a form that looks like one.
// rule: at-28
fn fields(response: &Response) -> Option<Map<String, Value>> {
    let body = response.body();
    if let Ok(map) = metadata::object(body) {
        return Some(map);
    }
    let text = std::str::from_utf8(body).ok()?.trim();
    let first = text.split(['&', '=']).next().unwrap_or_default();
    let looks = text.contains('=')
        && first
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !looks {
        return None;
    }
    let mut map = Map::new();
    for (key, value) in form_urlencoded::parse(text.as_bytes()) {
        if map
            .insert(key.into_owned(), Value::String(value.into_owned()))
            .is_some()
        {
            return None;
        }
    }
    Some(map)
}

/// The error's word, also where it comes with `ok: false` or with status 200.
// rule: at-29, at-47, safe-t01
fn error_word(map: &Map<String, Value>) -> Option<&str> {
    match map.get("error") {
        Some(Value::String(word)) if !word.is_empty() => Some(word),
        Some(Value::Object(nested)) => {
            let word = ["error", "code", "type", "message"].into_iter();
            Some(
                word.filter_map(|key| metadata::text(nested, key))
                    .next()
                    .unwrap_or("error"),
            )
        }
        Some(Value::Bool(true)) => Some("error"),
        Some(_) | None if map.get("ok") == Some(&Value::Bool(false)) => Some("error"),
        Some(_) | None => None,
    }
}

fn issued(asked: Asked, map: &Map<String, Value>) -> Answer {
    // Some servers leave the outer token empty and nest the person's whole grant.
    // rule: at-46
    let nested = match map.get("authed_user") {
        Some(Value::Object(user)) if metadata::text(map, "access_token").is_none() => Some(user),
        Some(_) | None => None,
    };
    let map = nested.unwrap_or(map);
    let Some(access) = metadata::text(map, "access_token") else {
        return Answer::NoToken("the answer holds no access token".to_owned());
    };
    if let Err(why) = fits(asked, map, nested.is_some()) {
        return Answer::NoToken(why);
    }
    if !usable(access) {
        return Answer::NoToken("the access token cannot be sent in a header".to_owned());
    }
    let refresh = metadata::text(map, "refresh_token").filter(|token| token.len() <= LONGEST);
    let scopes = match map.get("scope") {
        Some(Value::String(text)) => Some(scope::split(text)),
        Some(Value::Array(_)) => metadata::texts(map, "scope"),
        Some(_) | None => None,
    };
    Answer::Issued(Box::new(Issued {
        access: access.into(),
        refresh: refresh.map(SecretString::from),
        lifetime: lifetime(map, access),
        scopes: scopes.filter(|all| !all.is_empty()),
        bound: metadata::text(map, "token_type").is_some_and(is_dpop),
    }))
}

fn is_bearer(kind: &str) -> bool {
    kind.eq_ignore_ascii_case("bearer")
}

fn is_dpop(kind: &str) -> bool {
    kind.eq_ignore_ascii_case("dpop")
}

/// Whether a token is of the type that was asked for.
fn fits(asked: Asked, map: &Map<String, Value>, nested: bool) -> Result<(), String> {
    match asked {
        // A client must not use a token whose type it does not understand.
        // rule: rfc6749-7.1, safe-t02
        Asked::Bearer => match metadata::text(map, "token_type") {
            Some(kind) if !is_bearer(kind) && !nested => {
                Err(format!("the token's type is {:?}, not bearer", short(kind)))
            }
            Some(_) | None => Ok(()),
        },
        Asked::Either => match metadata::text(map, "token_type") {
            Some(kind) if !is_bearer(kind) && !is_dpop(kind) && !nested => Err(format!(
                "the token's type is {:?}, neither DPoP nor bearer",
                short(kind)
            )),
            Some(_) | None => Ok(()),
        },
        // A server that knows no proofs passes over them, and says so by the type alone.
        // rule: rfc9449-5
        Asked::Bound => match metadata::text(map, "token_type") {
            Some(kind) if is_dpop(kind) => Ok(()),
            kind => Err(format!(
                "the token's type is {:?}, not the DPoP that oauth.dpop wants",
                short(kind.unwrap_or("missing"))
            )),
        },
        // `issued_token_type` says what was issued; `token_type` says nothing where it is no access token.
        // rule: rfc8693-2.2.1
        Asked::Kind(wanted) => match metadata::text(map, "issued_token_type") {
            Some(issued) if issued == wanted => Ok(()),
            issued => Err(format!(
                "{:?} was issued, not {wanted:?}",
                short(issued.unwrap_or("nothing"))
            )),
        },
    }
}

// rule: safe-t05
fn usable(token: &str) -> bool {
    token.len() <= LONGEST && token.bytes().all(|b| b.is_ascii_graphic())
}

/// `expires_in` as number or numeric text; nonsense is unknown. A JWT's `exp` stands in when it is missing.
// rule: rfc6749-5.1, at-36
fn lifetime(map: &Map<String, Value>, access: &str) -> Lifetime {
    let seconds = match map.get("expires_in") {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) => None,
        None => return jwt_end(access).map_or(Lifetime::Unknown, Lifetime::Until),
    };
    match seconds {
        Some(seconds) if (0.0..LIFETIME).contains(&seconds) => {
            Lifetime::For(Duration::from_secs_f64(seconds))
        }
        Some(_) | None => Lifetime::Unknown,
    }
}

/// A hint only: the token is not ours to verify.
fn jwt_end(token: &str) -> Option<SystemTime> {
    let claims = jwt_claims(token)?;
    let end = claims
        .get("exp")?
        .as_f64()
        .filter(|end| (1.0..1e11).contains(end))?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs_f64(end))
}

/// For whom a token is, where it is a JWT and says so; for people's eyes only.
pub(crate) fn jwt_audience(token: &str) -> Option<String> {
    let claims = jwt_claims(token)?;
    let audience = match claims.get("aud")? {
        Value::String(one) => one.clone(),
        Value::Array(_) => metadata::texts(&claims, "aud")?.join(" "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    };
    Some(short(&audience)).filter(|audience| !audience.is_empty())
}

fn jwt_claims(token: &str) -> Option<Map<String, Value>> {
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    metadata::object(&claims).ok()
}

fn short(text: &str) -> String {
    text.chars()
        .map(|c| if crate::shown::steers(c) { ' ' } else { c })
        .take(300)
        .collect()
}

#[cfg(test)]
mod tests;
