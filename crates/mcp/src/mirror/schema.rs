//! The marks in a tool's `inputSchema`, and the rules that they keep.
//!
//! MCP 2026-07-28, transports, Streamable HTTP, "Schema Extension". Only as much of JSON Schema as tells a schema from a value.

use std::collections::HashSet;

use http::HeaderName;
use serde_json::{Map, Value};

use super::Mirror;
use crate::header;

pub(super) const MARK: &str = "x-mcp-header";

/// Why a tool's marks cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmirrorable {
    #[error("its definition cannot be read: {0}")]
    Unreadable(String),
    #[error("\"{MARK}\" of {at} is {found}, not text")]
    NotText { at: String, found: String },
    #[error("\"{MARK}\" of {at} is empty")]
    Empty { at: String },
    #[error("\"{MARK}\" of {at} is {name:?}, which cannot be part of a header name")]
    NotAName { at: String, name: String },
    #[error("{name:?} is the \"{MARK}\" of two parameters")]
    Twice { name: String },
    #[error(
        "\"{MARK}\" of {at} is on the type {found}; only string, integer and boolean may have it"
    )]
    Type { at: String, found: String },
    #[error("\"{MARK}\" stands below {keyword:?}, where no argument has one fixed place")]
    Unreachable { keyword: String },
}

/// Keywords whose value is data and no schema.
const DATA: [&str; 5] = ["const", "default", "enum", "examples", "example"];
/// Keywords whose value maps names to schemas.
const NAMED: [&str; 5] = [
    "$defs",
    "definitions",
    "dependentSchemas",
    "patternProperties",
    "properties",
];

#[derive(Default)]
struct Marks {
    found: Vec<Mirror>,
    names: HashSet<String>,
}

pub(super) fn marks(tool: &str) -> Result<Vec<Mirror>, Unmirrorable> {
    let unreadable = |error: serde_json::Error| Unmirrorable::Unreadable(error.to_string());
    let tool: Map<String, Value> = serde_json::from_str(tool).map_err(unreadable)?;
    let mut marks = Marks::default();
    if let Some(Value::Object(schema)) = tool.get("inputSchema") {
        if schema.contains_key(MARK) {
            return Err(unreachable("inputSchema"));
        }
        marks.properties(schema, &[])?;
    }
    Ok(marks.found)
}

impl Marks {
    /// The properties of an object schema, and that nothing is marked elsewhere in it.
    // rule: mcp-mirror-reachable -- a mark stands only on what `properties` alone lead to.
    fn properties(
        &mut self,
        schema: &Map<String, Value>,
        path: &[Box<str>],
    ) -> Result<(), Unmirrorable> {
        for (keyword, value) in schema {
            match (keyword.as_str(), value) {
                ("properties", Value::Object(properties)) => {
                    for (name, property) in properties {
                        self.property(property, &[path, &[name.as_str().into()]].concat())?;
                    }
                }
                _ => unmarked(keyword, value)?,
            }
        }
        Ok(())
    }

    fn property(&mut self, property: &Value, path: &[Box<str>]) -> Result<(), Unmirrorable> {
        let Value::Object(schema) = property else {
            return Ok(());
        };
        if let Some(mark) = schema.get(MARK) {
            let header = self.header(mark, schema, &path.join("."))?;
            let path = path.to_vec();
            self.found.push(Mirror { path, header });
        }
        self.properties(schema, path)
    }

    // rule: mcp-mirror-name -- not empty, a header token, and unlike all others in any letter case.
    // rule: mcp-mirror-type -- on strings, integers and booleans only.
    fn header(
        &mut self,
        mark: &Value,
        schema: &Map<String, Value>,
        at: &str,
    ) -> Result<HeaderName, Unmirrorable> {
        let at = at.to_owned();
        let name = match mark {
            Value::String(name) if name.is_empty() => return Err(Unmirrorable::Empty { at }),
            Value::String(name) => name.clone(),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => {
                let found = mark.to_string();
                return Err(Unmirrorable::NotText { at, found });
            }
        };
        let Ok(header) = HeaderName::try_from([header::PARAM, &name].concat()) else {
            return Err(Unmirrorable::NotAName { at, name });
        };
        if !is_primitive(schema.get("type")) {
            let found = schema
                .get("type")
                .map_or("nothing".into(), Value::to_string);
            return Err(Unmirrorable::Type { at, found });
        }
        if !self.names.insert(name.to_ascii_lowercase()) {
            return Err(Unmirrorable::Twice { name });
        }
        Ok(header)
    }
}

/// One primitive type, also one that may be null besides.
fn is_primitive(declared: Option<&Value>) -> bool {
    let is = |value: &Value, types: &[&str]| value.as_str().is_some_and(|t| types.contains(&t));
    const MIRRORED: [&str; 3] = ["string", "integer", "boolean"];
    match declared {
        Some(Value::Array(types)) => {
            types.iter().any(|t| is(t, &MIRRORED))
                && types.iter().all(|t| is(t, &MIRRORED) || is(t, &["null"]))
        }
        Some(one) => is(one, &MIRRORED),
        None => false,
    }
}

/// That nothing below this keyword is marked.
fn unmarked(keyword: &str, value: &Value) -> Result<(), Unmirrorable> {
    match value {
        _ if DATA.contains(&keyword) || keyword == MARK => Ok(()),
        Value::Object(named) if NAMED.contains(&keyword) => {
            named.values().try_for_each(|schema| whole(keyword, schema))
        }
        Value::Array(schemas) => schemas.iter().try_for_each(|schema| whole(keyword, schema)),
        Value::Object(_) => whole(keyword, value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn whole(keyword: &str, schema: &Value) -> Result<(), Unmirrorable> {
    let Value::Object(schema) = schema else {
        return Ok(());
    };
    if schema.contains_key(MARK) {
        return Err(unreachable(keyword));
    }
    schema
        .iter()
        .try_for_each(|(keyword, value)| unmarked(keyword, value))
}

fn unreachable(keyword: &str) -> Unmirrorable {
    Unmirrorable::Unreachable {
        keyword: keyword.to_owned(),
    }
}
