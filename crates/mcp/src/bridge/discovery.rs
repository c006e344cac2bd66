//! Which kind of server it is, by its answer to `server/discover`, and that answer in the words of `initialize`.

use super::key;
use crate::message::code;
use crate::raw::{self, Unreadable};
use crate::revision::Revision;

/// What to speak with a server that supports these revisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    Stateless(Revision),
    /// Nothing stateless that we know, but something that begins with a handshake.
    Handshake,
    Nothing,
}

/// The newest revision that both sides know.
pub fn choose<'a>(supported: impl IntoIterator<Item = &'a str>) -> Choice {
    let newest = supported.into_iter().filter_map(Revision::parse).max();
    match newest {
        Some(revision) if !revision.has_handshake() => Choice::Stateless(revision),
        Some(_) => Choice::Handshake,
        None => Choice::Nothing,
    }
}

/// The revisions in a result of `server/discover`. A result without a list of some is not an answer to it.
// rule: mcp-discover-result
pub fn supported(result: &str) -> Option<Vec<String>> {
    strings(result, &["supportedVersions"])
}

/// The revisions in an error that refuses ours; `None` for every other error.
// rule: mcp-unsupported-version -- error -32022 lists what the server supports.
pub fn unsupported(error: &str) -> Option<Vec<String>> {
    (code_of(error) == Some(code::UNSUPPORTED_VERSION))
        .then(|| strings(error, &["data", "supported"]).unwrap_or_default())
}

/// Whether only a server of the stateless revision answers with this error.
// rule: mcp-era-modern-error -- such an error is no reason to fall back to the handshake; anything else is.
pub fn is_modern(error: &str) -> bool {
    matches!(
        code_of(error),
        Some(code::HEADER_MISMATCH | code::MISSING_CAPABILITY | code::UNSUPPORTED_VERSION)
    )
}

/// The result of `server/discover` as a server that shakes hands would have said it.
pub fn introduction(result: &str, name: &str, revision: Revision) -> Result<String, Unreadable> {
    let keys = ["capabilities", "instructions", "serverInfo", "_meta"];
    let [capabilities, instructions, info, meta] = raw::fields(result, keys)?;
    let in_meta = match meta.filter(|meta| raw::is_object(meta)) {
        Some(meta) => raw::field(meta, key::SERVER_INFO)?,
        None => None,
    };
    let unnamed = format!("{{\"name\":{},\"version\":\"\"}}", raw::quote(name));
    let is_object = |text: &&str| raw::is_object(text);
    let info = in_meta
        .filter(is_object)
        .or(info.filter(is_object))
        .unwrap_or(&unnamed);
    let instructions = instructions
        .map(|text| format!(",\"instructions\":{text}"))
        .unwrap_or_default();
    Ok(format!(
        "{{\"protocolVersion\":\"{revision}\",\"capabilities\":{},\"serverInfo\":{info}{instructions}}}",
        capabilities.filter(is_object).unwrap_or("{}"),
    ))
}

fn code_of(error: &str) -> Option<i64> {
    raw::field(error, "code").ok().flatten()?.parse().ok()
}

fn strings(object: &str, path: &[&str]) -> Option<Vec<String>> {
    let list = raw::at(object, path).ok().flatten()?;
    let strings = raw::elements(list)?.into_iter().filter_map(raw::string);
    let strings: Vec<String> = strings.map(Into::into).collect();
    (!strings.is_empty()).then_some(strings)
}
