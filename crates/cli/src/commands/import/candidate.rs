//! What was found in a client's configuration, beside what the hub has.

use serde_json::{Value, json};

use crate::clients::Foreign;
use crate::commands::Desk;

/// A server that was found, and what becomes of it.
pub(super) struct Candidate {
    pub(super) name: String,
    pub(super) from: String,
    pub(super) foreign: Option<Foreign>,
    pub(super) fate: Fate,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    New,
    /// The hub has it, by this name.
    There(String),
    Left(String),
}

pub(super) fn judged(
    desk: &Desk,
    known: &[(String, Value)],
    name: String,
    from: String,
    read: Result<Foreign, String>,
) -> Candidate {
    let foreign = match read {
        Ok(foreign) => foreign,
        Err(why) => {
            return Candidate {
                name,
                from,
                foreign: None,
                fate: Fate::Left(why),
            };
        }
    };
    let config = &foreign.config;
    let (name, fate) = if desk.hub.is_at(config["url"].as_str().unwrap_or_default()) {
        (name, Fate::Left("it is this hub".to_owned()))
    } else if let Some((there, _)) = known.iter().find(|(_, other)| is_same(other, config)) {
        (name, Fate::There(there.clone()))
    } else {
        (free_name(known, &name), Fate::New)
    };
    Candidate {
        name,
        from,
        foreign: Some(foreign),
        fate,
    }
}

/// Reached in the same way; a slash at the end of an address is no difference to a person.
fn is_same(one: &Value, other: &Value) -> bool {
    let address = |config: &Value| {
        let url = config["url"].as_str()?;
        Some(url.trim_end_matches('/').to_owned())
    };
    match (address(one), address(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => {
            one["command"] == other["command"]
                && one["command"].is_string()
                && one["args"] == other["args"]
        }
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn free_name(known: &[(String, Value)], name: &str) -> String {
    let taken = |name: &str| known.iter().any(|(other, _)| other == name);
    let numbered = (2..=known.len() + 2).map(|number| format!("{name}-{number}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|name| !taken(name))
        .unwrap_or_else(|| name.to_owned())
}

/// Without the configuration: it may hold secrets.
pub(super) fn told(candidate: &Candidate) -> Value {
    let (state, more) = match &candidate.fate {
        Fate::New => ("added", Value::Null),
        Fate::There(name) => ("there", name.as_str().into()),
        Fate::Left(why) => ("left", why.as_str().into()),
    };
    let notes = candidate.foreign.as_ref().map(|it| it.notes.clone());
    json!({ "name": candidate.name, "from": candidate.from, "state": state, "more": more, "notes": notes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_server_is_not_taken_twice_and_another_gets_a_name_of_its_own() {
        let known = [
            ("a".to_owned(), json!({ "url": "https://h/mcp/" })),
            ("b".to_owned(), json!({ "command": "x", "args": ["1"] })),
            ("a-2".to_owned(), json!({})),
        ];
        assert!(is_same(&known[0].1, &json!({ "url": "https://h/mcp" })));
        assert!(!is_same(&known[0].1, &json!({ "url": "https://h/sse" })));
        assert!(is_same(
            &known[1].1,
            &json!({ "command": "x", "args": ["1"], "env": {} })
        ));
        assert!(!is_same(
            &known[1].1,
            &json!({ "command": "x", "args": ["2"] })
        ));
        assert!(!is_same(&known[2].1, &json!({})));
        assert_eq!(free_name(&known, "a"), "a-3");
        assert_eq!(free_name(&known, "c"), "c");
    }
}
