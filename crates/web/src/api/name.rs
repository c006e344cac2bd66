//! Which names a server or a group may get through the API. A name may hold `/`; it is never part of a file's path.

#[cfg(test)]
mod tests;

use crate::page::is_hidden;
use crate::problem::Problem;

const LONGEST: usize = 200;

// rule: safe-w11
pub(crate) fn check(name: &str) -> Result<(), Problem> {
    check_of("server", name)
}

/// A group is addressed like a server.
pub(crate) fn check_of(what: &str, name: &str) -> Result<(), Problem> {
    match fault(name) {
        None => Ok(()),
        Some(fault) => Err(Problem::request(format!(
            "the {what} name {fault}; use letters, digits, \"-\", \"_\", \".\" or \"/\""
        ))),
    }
}

fn fault(name: &str) -> Option<String> {
    let decoded = percent_decoded(name);
    let length = name.chars().count();
    if name.trim().is_empty() {
        return Some("is empty".into());
    }
    if length > LONGEST {
        return Some(format!(
            "has {length} letters, and at most {LONGEST} are allowed"
        ));
    }
    if name
        .chars()
        .chain(decoded.chars())
        .any(|letter| is_hidden(letter) || matches!(letter, '\n' | '\t'))
    {
        return Some("holds control or direction characters".into());
    }
    if name != name.trim() {
        return Some("begins or ends with a space".into());
    }
    if [name, &decoded]
        .iter()
        .any(|name| name.contains("..") || name.contains('\\'))
    {
        return Some("holds \"..\" or \"\\\"".into());
    }
    if name.split('/').any(|part| part.is_empty() || part == ".") {
        return Some("has an empty part before, between or after \"/\"".into());
    }
    if name.starts_with('$') {
        return Some("begins with \"$\", which is kept for the hub's own endpoints".into());
    }
    None
}

fn percent_decoded(name: &str) -> String {
    let bytes = name.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let coded = (bytes[at] == b'%')
            .then(|| name.get(at + 1..at + 3))
            .flatten();
        match coded.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
