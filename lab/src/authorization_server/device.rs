//! Device authorization (RFC 8628): a code for the device, a code for the person, and questions that keep their distance.
//!
//! The person decides on the page, by `POST /lab/device`, or at once where the switch `consent` says so.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::authorize::{self, SOMEBODY, check_resource};
use super::client::{Client, authenticate};
use super::grants::Terms;
use super::refusal::Refusal;
use super::{metadata, page};
use crate::browser::Decision;
use crate::chance;
use crate::choices::Consent;
use crate::seen::Seen;
use crate::state::State;

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// What a question that came too early adds to the time between two of them (section 3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// What waits for a person, by the device's code.
#[derive(Debug, Default)]
pub(crate) struct Devices {
    waiting: BTreeMap<String, Device>,
}

#[derive(Debug)]
struct Device {
    user_code: String,
    terms: Terms,
    expires_at: Duration,
    interval: Duration,
    asked_at: Duration,
    decision: Option<Decision>,
}

impl Devices {
    /// The codes that nobody has decided about.
    pub(crate) fn undecided(&self) -> Vec<String> {
        let open = self
            .waiting
            .values()
            .filter(|device| device.decision.is_none());
        open.map(|device| device.user_code.clone()).collect()
    }

    /// A person types a code and decides; false when nothing waits under it.
    pub(crate) fn decide(&mut self, user_code: &str, decision: Decision) -> bool {
        let typed = user_code.trim().to_ascii_uppercase();
        let mut devices = self.waiting.values_mut();
        let device = devices.find(|device| device.decision.is_none() && device.user_code == typed);
        device
            .map(|device| device.decision = Some(decision))
            .is_some()
    }
}

/// POST of the device authorization endpoint.
pub(crate) fn answer(state: &mut State, asked: &Seen) -> Response {
    if !state.switches.device {
        return metadata::missing(state);
    }
    begin(state, asked).unwrap_or_else(IntoResponse::into_response)
}

fn begin(state: &mut State, asked: &Seen) -> Result<Response, Refusal> {
    let client = authenticate(state, asked)?;
    may(&client)?;
    let resource = asked.form("resource");
    check_resource(state, resource.as_deref())?;
    let scopes = authorize::scopes(state, asked.form("scope").as_deref())?;
    let now = state.clock.now();
    let (life, interval) = (state.switches.device_life, state.switches.device_interval);
    let name = chance::name("device");
    let user_code = user_code();
    let device = Device {
        user_code: user_code.clone(),
        terms: Terms {
            client_id: client.client_id,
            subject: SOMEBODY.to_owned(),
            scopes,
            audience: authorize::audience(state, resource.as_ref()),
            resource,
        },
        expires_at: now + Duration::from_secs(life),
        interval: Duration::from_secs(interval),
        asked_at: now,
        decision: match state.switches.consent {
            Consent::Page => None,
            Consent::Allow => Some(Decision::Allow),
            Consent::Deny => Some(Decision::Deny),
        },
    };
    state.devices.waiting.insert(name.clone(), device);
    let address = format!("{}/device", state.issuer());
    let body = json!({
        "device_code": name, "user_code": user_code, "verification_uri": address,
        "verification_uri_complete": format!("{address}?user_code={user_code}"),
        "expires_in": life, "interval": interval,
    });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// A question at the token endpoint (section 3.4): the terms that the person agreed to.
pub(crate) fn redeem(state: &mut State, asked: &Seen, client: &Client) -> Result<Terms, Refusal> {
    may(client)?;
    let name = asked
        .form("device_code")
        .ok_or_else(|| Refusal::new("invalid_request", "device_code is missing"))?;
    let now = state.clock.now();
    let unknown = || Refusal::new("invalid_grant", "no such device code");
    let device = state.devices.waiting.get_mut(&name).ok_or_else(unknown)?;
    if device.terms.client_id != client.client_id {
        let text = "the device code was issued to another client";
        return Err(Refusal::new("invalid_grant", text));
    }
    if device.expires_at <= now {
        return Err(Refusal::new("expired_token", "the device code has expired"));
    }
    let since = now.saturating_sub(std::mem::replace(&mut device.asked_at, now));
    if since < device.interval {
        device.interval += SLOWER;
        state.counts.asked_too_soon += 1;
        let text = format!("asked again after {since:?}");
        return Err(Refusal::new("slow_down", text));
    }
    match device.decision {
        None => {
            let text = "nobody has typed the code yet";
            return Err(Refusal::new("authorization_pending", text));
        }
        Some(Decision::Deny) => return Err(Refusal::new("access_denied", "the person said no")),
        Some(Decision::Allow) => {}
    }
    let device = state.devices.waiting.remove(&name).ok_or_else(unknown)?;
    Ok(device.terms)
}

/// The page where a person types the code, and what its form sends.
pub(crate) fn verification(state: &mut State, asked: &Seen) -> Response {
    if !state.switches.device {
        return metadata::missing(state);
    }
    if asked.method != "POST" {
        let typed = asked.query("user_code").unwrap_or_default();
        return page::device(&state.switches.issuer_path, &typed);
    }
    let decision = match asked.form("decision").as_deref() {
        Some("allow") => Decision::Allow,
        _anything_else => Decision::Deny,
    };
    let typed = asked.form("user_code").unwrap_or_default();
    if state.devices.decide(&typed, decision) {
        page::said(
            "That is all",
            "You can close this page and go back to your device.",
        )
    } else {
        page::refusal(
            "No device waits under this code. Look at it again, and type it as it stands there.",
        )
    }
}

fn may(client: &Client) -> Result<(), Refusal> {
    match client.grant_types.iter().any(|grant| grant == GRANT_TYPE) {
        true => Ok(()),
        false => Err(Refusal::new(
            "unauthorized_client",
            "the client is not registered for device codes",
        )),
    }
}

/// Letters that nobody mistakes for others (section 6.1).
fn user_code() -> String {
    const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";
    let name = chance::name("");
    let bytes = name.bytes().filter(u8::is_ascii_alphanumeric);
    let letters = bytes.map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
    let code: String = letters.take(8).collect();
    format!("{}-{}", &code[..4], &code[4..])
}
