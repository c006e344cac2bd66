//! What a request of the stateless revision repeats of its body in headers: its method, the name or address that it is about, and
//! the tool parameters that a server marked with `x-mcp-header`.
//!
//! MCP 2026-07-28, transports, Streamable HTTP, "Request Metadata". The server's side is in `compare`.

mod compare;
mod schema;
#[cfg(test)]
mod tests;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue};

pub use compare::{Mismatch, standard_agree};
pub use schema::Unmirrorable;

use crate::{header, method, raw};

/// One tool parameter that is mirrored: where it stands in the arguments, and the header that repeats it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    path: Vec<Box<str>>,
    header: HeaderName,
}

impl Mirror {
    /// The parameters that a tool's definition wants mirrored; none in most tools.
    ///
    /// # Errors
    /// When a mark breaks a rule. Such a tool must not be shown to anybody.
    // rule: mcp-mirror-invalid-tool -- a client excludes a tool whose marks break a constraint, and no other tool.
    pub fn of_tool(tool: &str) -> Result<Vec<Self>, Unmirrorable> {
        // Escapes could hide the letters.
        if !tool.contains(schema::MARK) && !tool.contains("\\u") {
            return Ok(Vec::new());
        }
        schema::marks(tool)
    }

    /// The header for these arguments. Nothing there, null, or no primitive value: no header.
    // rule: mcp-mirror-omit-null
    pub fn header(&self, arguments: &str) -> Option<(HeaderName, HeaderValue)> {
        let path: Vec<&str> = self.path.iter().map(AsRef::as_ref).collect();
        // What can be read in two ways is not repeated; the server refuses it on its own account.
        let found = raw::at(arguments, &path).ok().flatten()?;
        Some((self.header.clone(), value(&plain(found)?)?))
    }
}

/// The headers that name the request: its method, and the tool, prompt or resource that it is about.
// rule: mcp-standard-headers -- `Mcp-Method` on every request, `Mcp-Name` on the three that are about something by name.
// rule: mcp-task-headers -- `Mcp-Name` on requests about a task is the task's id.
pub fn standard(method: &str, params: &str) -> Vec<(HeaderName, HeaderValue)> {
    let name = about(method).and_then(|key| raw::string_at(params, &[key]).ok().flatten());
    let method = value(method).map(|value| (HeaderName::from_static(header::METHOD), value));
    let name = name
        .and_then(|name| value(&name))
        .map(|value| (HeaderName::from_static(header::NAME), value));
    method.into_iter().chain(name).collect()
}

/// The key of what a request is about.
fn about(method: &str) -> Option<&'static str> {
    match method {
        method::TOOLS_CALL | method::PROMPTS_GET => Some("name"),
        method::RESOURCES_READ => Some("uri"),
        method::TASK_GET | method::TASK_UPDATE | method::TASK_CANCEL => Some("taskId"),
        _ => None,
    }
}

const SENTINEL: (&str, &str) = ("=?base64?", "?=");

/// A text as the value of a header: as it is when it is plain, else in Base64 between the marks that say so.
// rule: mcp-mirror-encoding -- what is not plain ASCII, has blanks at its ends, or looks encoded already is sent in Base64.
pub fn value(text: &str) -> Option<HeaderValue> {
    let looks_encoded = text.starts_with(SENTINEL.0) && text.ends_with(SENTINEL.1);
    let is_plain = text.bytes().all(|b| (0x20..=0x7e).contains(&b));
    if is_plain && !looks_encoded && text.trim() == text {
        return HeaderValue::from_str(text).ok();
    }
    let encoded = [SENTINEL.0, &STANDARD.encode(text), SENTINEL.1].concat();
    HeaderValue::from_str(&encoded).ok()
}

/// A primitive JSON value as the text that a header repeats.
fn plain(json: &str) -> Option<String> {
    match json.as_bytes().first()? {
        b'"' => raw::string(json).map(std::borrow::Cow::into_owned),
        b't' | b'f' => Some(json.to_owned()),
        b'-' | b'0'..=b'9' => Some(decimal(json)),
        _ => None,
    }
}

/// Integers in decimal, also those that were written with a point or an exponent.
fn decimal(number: &str) -> String {
    /// 2^53 - 1: beyond it a double does not hold every integer.
    const SAFE: f64 = 9_007_199_254_740_991.0;
    if number.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
        return number.to_owned();
    }
    match number.parse::<f64>() {
        Ok(whole) if whole.fract() == 0.0 && whole.abs() <= SAFE => format!("{whole:.0}"),
        Ok(_) | Err(_) => number.to_owned(),
    }
}
