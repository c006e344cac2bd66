//! The two documents that discovery reads.
//!
//! RFC 9728 section 2 (protected resource), RFC 8414 section 2 and OpenID Connect Discovery section 3
//! (authorization server). Members that no rule here needs are left out.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// Why a body is no document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoDocument {
    NotJson,
    NotAnObject,
    /// A member twice: two readers could read two things.
    Twice(String),
}

impl fmt::Display for NoDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson => f.write_str("not JSON"),
            Self::NotAnObject => f.write_str("not a JSON object"),
            Self::Twice(key) => write!(f, "the member {key:?} stands there twice"),
        }
    }
}

/// Reads a body as one JSON object. Depth is bounded by the parser, size by the driver.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, NoDocument> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    match serde_json::from_slice::<Once>(body) {
        Ok(Once(map)) => Ok(map),
        Err(error) => Err(match error.to_string().split_once(TWICE) {
            Some((_, rest)) => {
                let key = rest.split_once('\n').map_or(rest, |(key, _)| key);
                NoDocument::Twice(key.to_owned())
            }
            None if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok() => {
                NoDocument::NotAnObject
            }
            None => NoDocument::NotJson,
        }),
    }
}

/// A member that is a text which is not empty.
pub(crate) fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    map.get(key)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

/// A member that is a list of texts; a single text counts as a list of one. Members of other types are dropped.
pub(crate) fn texts(map: &Map<String, Value>, key: &str) -> Option<Vec<String>> {
    match map.get(key)? {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(all) => Some(
            all.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

pub(crate) fn flag(map: &Map<String, Value>, key: &str) -> bool {
    map.get(key).and_then(Value::as_bool).unwrap_or(false)
}

const TWICE: &str = "member twice: ";

/// A JSON object whose members stand there once.
struct Once(Map<String, Value>);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Map<String, Value>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut map = Map::new();
                let mut seen = HashSet::new();
                while let Some(key) = access.next_key::<String>()? {
                    // One reading only: a second member of the same name could be meant for another reader.
                    // rule: rfc8259-4, safe-d04
                    if !seen.insert(key.clone()) {
                        return Err(A::Error::custom(format!("{TWICE}{key}\n")));
                    }
                    map.insert(key, access.next_value()?);
                }
                Ok(map)
            }
        }

        deserializer.deserialize_map(Members).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // rule: rfc8259-4
    #[test]
    fn a_member_that_stands_there_twice_makes_no_document() {
        let twice = object(br#"{"issuer":"https://a.test","issuer":"https://b.test"}"#);
        assert_eq!(twice.unwrap_err(), NoDocument::Twice("issuer".to_owned()));
    }

    #[test]
    fn html_lists_and_depth_make_no_document() {
        assert_eq!(object(b"<!doctype html>").unwrap_err(), NoDocument::NotJson);
        assert_eq!(object(b"[1]").unwrap_err(), NoDocument::NotAnObject);
        assert_eq!(object(b"7").unwrap_err(), NoDocument::NotAnObject);
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        assert_eq!(object(deep.as_bytes()).unwrap_err(), NoDocument::NotJson);
    }

    #[test]
    fn members_of_a_wrong_type_are_not_there() {
        let map = object(br#"{"a":7,"b":["x",7],"c":"y","d":"","e":"true"}"#).unwrap();
        assert_eq!(text(&map, "a"), None);
        assert_eq!(texts(&map, "a"), None);
        assert_eq!(texts(&map, "b").unwrap(), ["x"]);
        assert_eq!(texts(&map, "c").unwrap(), ["y"]);
        assert_eq!(text(&map, "d"), None);
        assert!(!flag(&map, "e"));
    }
}
