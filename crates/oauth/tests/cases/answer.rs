//! Answers and texts as cases write them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mcphub_oauth::{Response, Unanswered};
use serde_json::Value;

/// An answer: `status` (200 when absent), `headers`, and a `body` or a `json` document; or why there is none, by `unanswered`.
pub(crate) fn answer(case: &Value) -> Result<Response, Unanswered> {
    match case["unanswered"].as_str() {
        Some("timeout") => return Err(Unanswered::Timeout),
        Some("too large") => return Err(Unanswered::TooLarge),
        Some("refused") => return Err(Unanswered::Refused("an inner address".to_owned())),
        Some(other) => return Err(Unanswered::Network(other.to_owned())),
        None => {}
    }
    let status = case["status"].as_u64().unwrap_or(200);
    let mut response = http::Response::builder().status(u16::try_from(status).expect("a status"));
    for (name, value) in case["headers"].as_object().into_iter().flatten() {
        response = response.header(name, value.as_str().expect("a header is text"));
    }
    let body = match case.get("json") {
        Some(document) => document.to_string().into_bytes(),
        None => octets(&case["body"]),
    };
    Ok(response.body(body).expect("an answer"))
}

pub(crate) fn text(value: &Value) -> String {
    String::from_utf8_lossy(&octets(value)).into_owned()
}

fn octets(value: &Value) -> Vec<u8> {
    if let Some(text) = value.as_str() {
        return text.as_bytes().to_vec();
    }
    if let Some(encoded) = value["base64"].as_str() {
        return STANDARD.decode(encoded).expect("base64");
    }
    let part = |name: &str| value[name].as_str().unwrap_or_default();
    let times = usize::try_from(value["times"].as_u64().expect("times")).expect("a count");
    [part("before"), &part("repeat").repeat(times), part("after")]
        .concat()
        .into_bytes()
}
