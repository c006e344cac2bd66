//! Server configurations in API answers: as written, with the secrets taken out; and put back when such an answer is sent
//! to us again.
//!
//! A value that is only a placeholder (`${GITHUB_TOKEN}`) tells no secret and stays. What counts as secret is decided by
//! the name of the key, on the wide side: too much redacted costs nothing, because sending it back keeps the stored value.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};
use url::Url;

/// Stands for a secret.
pub(crate) const REDACTED: &str = "********";

/// Values of these keys are never shown, whatever they hold.
const WHOLE: [&str; 5] = [
    "pendingAuthorization",
    "registration",
    "grant",
    "stepUps",
    "credentials",
];
/// Keys that end like a secret but are none.
const HARMLESS: [&str; 6] = [
    "authorizationEndpoint",
    "deviceAuthorizationEndpoint",
    "tokenEndpoint",
    "tokenEndpointAuthMethod",
    "bearerAuthHeaderName",
    "credentialTemplate",
];

/// The same configuration without its secrets.
#[must_use]
pub(crate) fn redact(config: &Value) -> Value {
    let Value::Object(object) = config else {
        return config.clone();
    };
    Value::Object(
        object
            .iter()
            .map(|(key, value)| (key.clone(), entry(key, value)))
            .collect(),
    )
}

fn entry(key: &str, value: &Value) -> Value {
    if HARMLESS.contains(&key) {
        return value.clone();
    }
    let whole = WHOLE.contains(&key) || is_secret(key);
    match value {
        Value::Object(object) => {
            let inner = object.iter().map(|(name, inner)| {
                (
                    name.clone(),
                    if whole {
                        hide(inner)
                    } else {
                        entry(name, inner)
                    },
                )
            });
            Value::Object(inner.collect())
        }
        Value::Array(list) if whole => Value::Array(list.iter().map(hide).collect()),
        Value::Array(list) => Value::Array(arguments(list)),
        Value::String(text) if whole => shown_text(text).into(),
        Value::String(text) => Value::String(without_url_secrets(text)),
        Value::Number(_) if whole && is_secret(key) => REDACTED.into(),
        Value::Number(_) | Value::Bool(_) | Value::Null => value.clone(),
    }
}

fn hide(value: &Value) -> Value {
    match value {
        Value::String(text) => shown_text(text).into(),
        Value::Object(object) => Value::Object(
            object
                .iter()
                .map(|(key, inner)| (key.clone(), hide(inner)))
                .collect(),
        ),
        Value::Array(list) => Value::Array(list.iter().map(hide).collect()),
        Value::Number(_) | Value::Bool(_) | Value::Null => value.clone(),
    }
}

fn shown_text(text: &str) -> &str {
    if text.is_empty() || is_placeholder(text) {
        text
    } else {
        REDACTED
    }
}

/// `--api-key abc` and `--api-key=abc` among the arguments of a command.
fn arguments(list: &[Value]) -> Vec<Value> {
    let mut after_flag = false;
    let shown = list.iter().map(|value| {
        let Value::String(text) = value else {
            return entry("", value);
        };
        if std::mem::take(&mut after_flag) && !text.starts_with('-') {
            return shown_text(text).into();
        }
        if let Some((flag, argument)) = text.split_once('=').filter(|(flag, _)| is_secret(flag)) {
            return format!("{flag}={}", shown_text(argument)).into();
        }
        // `--header "Authorization: Bearer abc"`
        if let Some((name, value)) = text.split_once(':').filter(|(name, _)| is_secret(name)) {
            return format!("{name}: {}", shown_text(value.trim())).into();
        }
        after_flag = text.starts_with('-') && is_secret(text);
        without_url_secrets(text).into()
    });
    shown.collect()
}

/// Does a key, header, variable or flag of this name usually hold a secret?
fn is_secret(name: &str) -> bool {
    const PARTS: [&str; 13] = [
        "assertion",
        "secret",
        "password",
        "passwd",
        "passphrase",
        "apikey",
        "privatekey",
        "accesskey",
        "authorization",
        "cookie",
        "codeverifier",
        "credential",
        "signature",
    ];
    const ENDS: [&str; 6] = ["token", "key", "auth", "pat", "pwd", "jwt"];
    if HARMLESS.contains(&name) {
        return false;
    }
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase();
    PARTS.iter().any(|part| plain.contains(part))
        || (ENDS.iter().any(|end| plain.ends_with(end)) && plain != "oauth")
}

/// `${NAME}` or `$NAME`, perhaps behind a scheme. A default (`${NAME:-abc}`) may itself be the secret.
fn is_placeholder(text: &str) -> bool {
    let text = ["Bearer ", "Basic ", "token "]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .unwrap_or(text);
    let Some(rest) = text.strip_prefix('$') else {
        return false;
    };
    let name = rest
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap_or(rest);
    !name.is_empty()
        && name
            .chars()
            .all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_')
}

/// A password or key inside an address.
pub(crate) fn without_url_secrets(text: &str) -> String {
    // Headers as a text of their own, as some servers take them in a variable.
    let bearer = text.to_ascii_lowercase().find("bearer ");
    if bearer.is_some_and(|at| !is_placeholder(text[at + 7..].trim_start())) {
        return REDACTED.to_owned();
    }
    let Some(mut url) = text
        .contains("://")
        .then(|| Url::parse(text).ok())
        .flatten()
    else {
        return text.to_owned();
    };
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let secret = |(name, value): &(String, String)| is_secret(name) && !is_placeholder(value);
    // Some put the key where the user's name stands, without a password.
    let key = url.password().is_none() && !url.username().is_empty();
    if url.password().is_none() && !key && !pairs.iter().any(secret) {
        return text.to_owned();
    }
    if key && url.set_username(REDACTED).is_err() {
        return REDACTED.to_owned();
    }
    if url.password().is_some() && url.set_password(Some(REDACTED)).is_err() {
        return REDACTED.to_owned();
    }
    if pairs.iter().any(secret) {
        let shown = pairs.iter().map(|pair| {
            (
                pair.0.as_str(),
                if secret(pair) {
                    REDACTED
                } else {
                    pair.1.as_str()
                },
            )
        });
        url.query_pairs_mut().clear().extend_pairs(shown);
    }
    url.into()
}

/// A secret was sent redacted, and nothing is stored in its place.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{path} is {REDACTED:?}, which stands for a stored secret, but none is stored there; write the secret itself"
)]
pub(crate) struct NothingStored {
    path: String,
}

/// `sent` with the stored value wherever it repeats what we showed.
pub(crate) fn restore(sent: &Value, stored: Option<&Value>) -> Result<Value, NothingStored> {
    let shown = stored.map(redact);
    put_back(sent, stored, shown.as_ref(), &mut Vec::new())
}

/// Where an element of a sent list stood in what we showed. A hidden one is known by what stands before it, as a flag does.
fn place_of(sent: &[Value], index: usize, shown: Option<&Value>) -> Option<usize> {
    let shown = shown?.as_array()?;
    let before = |list: &[Value], at: usize| at.checked_sub(1).and_then(|at| list.get(at).cloned());
    let same =
        |at: usize| shown.get(at) == sent.get(index) && before(shown, at) == before(sent, index);
    if same(index) || sent[index].is_object() {
        return Some(index);
    }
    (0..shown.len()).find(|at| same(*at))
}

fn put_back(
    sent: &Value,
    stored: Option<&Value>,
    shown: Option<&Value>,
    path: &mut Vec<String>,
) -> Result<Value, NothingStored> {
    if let (Some(stored), Some(shown)) = (stored, shown)
        && sent == shown
    {
        return Ok(stored.clone());
    }
    match sent {
        Value::Object(object) => {
            let mut whole = Map::with_capacity(object.len());
            for (key, value) in object {
                path.push(key.clone());
                let inner = put_back(
                    value,
                    stored.and_then(|v| v.get(key)),
                    shown.and_then(|v| v.get(key)),
                    path,
                )?;
                path.pop();
                whole.insert(key.clone(), inner);
            }
            Ok(Value::Object(whole))
        }
        Value::Array(list) => {
            let mut whole = Vec::with_capacity(list.len());
            for (index, value) in list.iter().enumerate() {
                path.push(index.to_string());
                let place = place_of(list, index, shown);
                whole.push(put_back(
                    value,
                    place.and_then(|at| stored?.get(at)),
                    place.and_then(|at| shown?.get(at)),
                    path,
                )?);
                path.pop();
            }
            Ok(Value::Array(whole))
        }
        Value::String(text) if text.contains(REDACTED) => Err(NothingStored {
            path: path.join("."),
        }),
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => Ok(sent.clone()),
    }
}
