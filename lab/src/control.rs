//! The control endpoints, on both origins, for tests in other languages: `GET /lab` and `GET /lab/requests` tell,
//! `POST /lab/...` changes. They are neither recorded nor troubled.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::authorization_server::client::Client;
use crate::browser::Decision;
use crate::seen::Seen;
use crate::state::{Shared, State};

pub(crate) fn is_control(path: &str) -> bool {
    path == "/lab" || path.starts_with("/lab/")
}

pub(crate) fn answer(shared: &Shared, asked: &Seen) -> Response {
    let mut state = shared.lock();
    match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/lab") => {}
        ("GET", "/lab/requests") => return Json(state.seen()).into_response(),
        ("POST", "/lab/switches") => match state.switches.merged(&asked.json()) {
            Ok(switches) => state.switches = switches,
            Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
        },
        ("POST", "/lab/clients") => match serde_json::from_str::<Client>(&asked.body) {
            Ok(client) => state.clients.insert(client),
            Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
        },
        ("POST", "/lab/expire") => state.grants.expire_access_tokens(),
        ("POST", "/lab/end-grants") => state.grants.end_all(),
        ("POST", "/lab/device") => {
            if let Err(why) = decide_device(&mut state, &asked.json()) {
                return refuse(StatusCode::BAD_REQUEST, &why);
            }
        }
        ("POST", "/lab/forget-clients") => state.clients.forget(),
        ("POST", "/lab/forget-sessions") => state.sessions.forget(),
        ("POST", "/lab/tools-changed") => state.sessions.tools_changed(),
        ("POST", "/lab/cut-connections") => {
            drop(state);
            shared.cut_connections();
            return StatusCode::NO_CONTENT.into_response();
        }
        _unknown => return refuse(StatusCode::NOT_FOUND, "no such control; see GET /lab"),
    }
    Json(report(&state)).into_response()
}

/// `{"decision": "allow" | "deny", "userCode": ...}`; without a code all that wait are decided.
fn decide_device(state: &mut State, asked: &Value) -> Result<(), String> {
    let decision = match asked["decision"].as_str() {
        Some("allow") => Decision::Allow,
        Some("deny") => Decision::Deny,
        Some(_) | None => return Err("decision must be \"allow\" or \"deny\"".to_owned()),
    };
    let codes = match asked["userCode"].as_str() {
        Some(code) => vec![code.to_owned()],
        None => state.devices.undecided(),
    };
    for code in &codes {
        if !state.devices.decide(code, decision) {
            return Err(format!("no device waits under {code}"));
        }
    }
    match codes.is_empty() {
        true => Err("no device waits".to_owned()),
        false => Ok(()),
    }
}

/// Addresses, counts and switches.
pub(crate) fn report(state: &State) -> Value {
    json!({
        "mcpUrl": state.mcp_url(),
        "issuer": state.issuer(),
        "counts": state.counts,
        "clients": state.clients.ids(),
        "userCodes": state.devices.undecided(),
        "switches": state.switches,
        "controls": [
            "GET /lab/requests", "POST /lab/switches", "POST /lab/clients", "POST /lab/expire", "POST /lab/end-grants", "POST /lab/device",
            "POST /lab/forget-clients", "POST /lab/forget-sessions", "POST /lab/tools-changed", "POST /lab/cut-connections",
        ],
    })
}

fn refuse(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "error": message }))).into_response()
}
