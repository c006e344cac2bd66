//! What a device authorization endpoint answers (RFC 8628 section 3.2), with limits on what it may want.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::DeviceError;
use crate::address::{self, Endpoint, Nearness, Purpose};
use crate::metadata;
use crate::step::Note;

/// Longest device code and address that are taken.
const LONGEST: usize = 4096;
/// Longest code that a person can be asked to type.
const LONGEST_USER_CODE: usize = 32;
/// What counts when the answer says nothing of it (section 3.2).
const USUAL_INTERVAL: Duration = Duration::from_secs(5);
/// However often the server would be asked: this is enough.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
/// However rarely it wants to be asked: it says `slow_down` if it means it.
const LONGEST_INTERVAL: Duration = Duration::from_secs(300);
/// Where the answer does not say how long the code lives, although it must.
const USUAL_LIFE: Duration = Duration::from_secs(600);
/// Nobody is waited for any longer.
const LONGEST_LIFE: Duration = Duration::from_secs(3600);

/// A good answer.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) code: SecretString,
    pub(super) user_code: String,
    pub(super) verification_uri: String,
    pub(super) verification_uri_complete: Option<String>,
    pub(super) life: Duration,
    pub(super) interval: Duration,
    pub(super) notes: Vec<Note>,
}

// rule: rfc8628-3.2, at-58
pub(super) fn read(map: &Map<String, Value>, near: Nearness) -> Result<Read, DeviceError> {
    let unusable = |why: &str| DeviceError::Unusable(why.to_owned());
    let code = metadata::text(map, "device_code")
        .ok_or_else(|| unusable("the answer holds no device_code"))?;
    let printable = code.bytes().all(|byte| byte.is_ascii_graphic());
    if code.len() > LONGEST || !printable {
        return Err(unusable("the device_code is too long or cannot be sent"));
    }
    let user_code = metadata::text(map, "user_code")
        .ok_or_else(|| unusable("the answer holds no user_code"))?
        .trim();
    if !typable(user_code) {
        return Err(unusable(
            "the user_code is not what a person can type: letters, digits and dashes, 32 at most",
        ));
    }
    // The second name is that of a large provider, from before the standard.
    let named = ["verification_uri", "verification_url"].into_iter();
    let raw = named.filter_map(|key| metadata::text(map, key)).next();
    let raw = raw.ok_or_else(|| unusable("the answer holds no verification_uri"))?;
    let page = page(raw, near)?;
    let mut notes = Vec::new();
    let complete = metadata::text(map, "verification_uri_complete");
    let complete = complete.and_then(|raw| match self::page(raw, near) {
        // A click must not lead elsewhere than typing does.
        // rule: rfc8628-5.4
        Ok(found) if address::origin(found.url()) == address::origin(page.url()) => Some(found),
        Ok(_) | Err(_) => {
            let text = format!(
                "verification_uri_complete is not used: {:?} is not at {page}",
                address::shown(raw)
            );
            notes.push(Note::new("rfc8628-5.4", text));
            None
        }
    });
    let (life, interval) = times(map)?;
    Ok(Read {
        code: code.into(),
        user_code: user_code.to_owned(),
        verification_uri: page.to_string(),
        verification_uri_complete: complete.map(|page| page.to_string()),
        life,
        interval,
        notes,
    })
}

// It is shown on terminals and pages, and opened: the checks of an authorization endpoint count.
// rule: at-61, safe-u01
fn page(raw: &str, near: Nearness) -> Result<Endpoint, DeviceError> {
    if raw.len() > LONGEST {
        let why = format!("the verification_uri is {} characters long", raw.len());
        return Err(DeviceError::Unusable(why));
    }
    Ok(Endpoint::check(Purpose::Verification, raw, near, false)?)
}

fn times(map: &Map<String, Value>) -> Result<(Duration, Duration), DeviceError> {
    let life = match seconds(map, "expires_in") {
        None => USUAL_LIFE,
        Some(life) if life < SHORTEST_INTERVAL => {
            let why = "the code has ended already (expires_in)".to_owned();
            return Err(DeviceError::Unusable(why));
        }
        Some(life) => life.min(LONGEST_LIFE),
    };
    // "If no value is provided, clients MUST use 5 as the default."
    let interval = seconds(map, "interval").unwrap_or(USUAL_INTERVAL);
    Ok((life, interval.clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL)))
}

/// A number, or a text that is one; nonsense counts as not said, and what is less than nothing as nothing.
fn seconds(map: &Map<String, Value>, key: &str) -> Option<Duration> {
    let said = match map.get(key)? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let bounded = said.clamp(0.0, LONGEST_LIFE.as_secs_f64());
    (!said.is_nan()).then(|| Duration::from_secs_f64(bounded))
}

fn typable(code: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_. ".contains(letter);
    !code.is_empty() && code.len() <= LONGEST_USER_CODE && code.chars().all(plain)
}
