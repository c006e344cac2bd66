//! The settings file as a person wrote it: JSON, with comments and trailing commas allowed.
//!
//! Nothing is typed here, so nothing can be lost: unknown keys and values of the wrong type stay in the document. What the
//! document means is `resolve`'s business. Of a key that is written twice the last one counts, as in JavaScript.

use std::fmt;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::{Map, Value};

/// A settings file that parsed.
#[derive(Clone)]
pub struct File {
    text: Box<str>,
    document: Map<String, Value>,
    twice: Vec<Vec<String>>,
}

/// A spot in a text, counted from 1; a column is a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

/// The text is not a settings file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ParseError {
    pub line: usize,
    pub column: usize,
    pub message: String,
}

impl File {
    /// Reads a whole text. An empty one is an empty file.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let tree = syntax(text)?;
        let mut twice = Vec::new();
        let document = match &tree {
            None => Map::new(),
            Some(ast::Value::Object(object)) => members(object, &mut Vec::new(), &mut twice),
            Some(other) => return Err(not_an_object(text, other.start())),
        };
        Ok(Self {
            text: text.into(),
            document,
            twice,
        })
    }

    /// The text as it was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn document(&self) -> &Map<String, Value> {
        &self.document
    }

    /// The value at a path of keys and array indexes, placeholders and all.
    pub fn at<K: AsRef<str>>(&self, path: &[K]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(
            self.document.get(first.as_ref())?,
            |value, key| match value {
                Value::Object(object) => object.get(key.as_ref()),
                Value::Array(list) => list.get(key.as_ref().parse::<usize>().ok()?),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
            },
        )
    }

    /// A server's entry as it is written, for API answers (which must take the secrets out).
    pub fn raw_server(&self, name: &str) -> Option<&Value> {
        self.at(&["mcpServers", name])
    }

    /// The names of all servers, in the order of the file.
    pub fn server_names(&self) -> impl Iterator<Item = &str> {
        self.document
            .get("mcpServers")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(Map::keys)
            .map(String::as_str)
    }

    /// Where a path, or the nearest part of it that exists, is written.
    pub fn place<K: AsRef<str>>(&self, path: &[K]) -> Option<Place> {
        self.places([path]).pop().flatten()
    }

    /// The places of many paths, for one reading of the text.
    pub(crate) fn places<'k, K: AsRef<str> + 'k>(
        &self,
        paths: impl IntoIterator<Item = &'k [K]>,
    ) -> Vec<Option<Place>> {
        let tree = syntax(&self.text).ok().flatten();
        let lines = Lines::of(&self.text);
        let found = paths
            .into_iter()
            .map(|path| tree.as_ref().map(|tree| lines.place(offset(tree, path))));
        found.collect()
    }

    /// Paths of keys that are written more than once.
    pub(crate) fn written_twice(&self) -> &[Vec<String>] {
        &self.twice
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The document holds secrets.
        f.debug_struct("File")
            .field("bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

/// What we accept beyond JSON: comments and trailing commas, as editors do. Nothing else, so that a slip is found.
pub(crate) fn dialect() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// Bytes of a byte order mark at the start; some editors write one.
pub(crate) fn bom(text: &str) -> usize {
    if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    }
}

pub(crate) fn parse_error(error: &jsonc_parser::errors::ParseError) -> ParseError {
    let mut message = error.kind().to_string();
    if let Some(first) = message.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    ParseError {
        line: error.line_display(),
        column: error.column_display(),
        message,
    }
}

fn syntax(text: &str) -> Result<Option<ast::Value<'_>>, ParseError> {
    let parsed = parse_to_ast(&text[bom(text)..], &CollectOptions::default(), &dialect());
    Ok(parsed.map_err(|error| parse_error(&error))?.value)
}

/// The error for a text whose value, which begins there, is something else than an object.
pub(crate) fn not_an_object(text: &str, offset: usize) -> ParseError {
    let Place { line, column } = Lines::of(text).place(offset);
    let message = "the settings must be one object, from { to }".to_owned();
    ParseError {
        line,
        column,
        message,
    }
}

/// Where the lines of a text begin, after a byte order mark.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let text = &text[bom(text)..];
        let after_breaks = text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .map(|(at, _)| at + 1);
        Self {
            text,
            starts: std::iter::once(0).chain(after_breaks).collect(),
        }
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset);
        let before = &self.text[self.starts[line - 1]..offset];
        Place {
            line,
            column: before.chars().count() + 1,
        }
    }
}

/// Where a path, or the nearest part of it that exists, begins.
fn offset<K: AsRef<str>>(tree: &ast::Value<'_>, path: &[K]) -> usize {
    let mut start = tree.start();
    let mut value = tree;
    for key in path {
        let found = match value {
            ast::Value::Object(object) => {
                let same = |property: &&ast::ObjectProp<'_>| property.name.as_str() == key.as_ref();
                let property = object.properties.iter().rev().find(same);
                property.map(|property| (property.start(), &property.value))
            }
            ast::Value::Array(list) => {
                let index = key.as_ref().parse::<usize>().ok();
                let element = index.and_then(|index| list.elements.get(index));
                element.map(|element| (element.start(), element))
            }
            ast::Value::StringLit(_)
            | ast::Value::NumberLit(_)
            | ast::Value::BooleanLit(_)
            | ast::Value::NullKeyword(_) => None,
        };
        let Some((at, next)) = found else { break };
        (start, value) = (at, next);
    }
    start
}

fn members(
    object: &ast::Object<'_>,
    path: &mut Vec<String>,
    twice: &mut Vec<Vec<String>>,
) -> Map<String, Value> {
    let mut map = Map::with_capacity(object.properties.len());
    for property in &object.properties {
        let name = property.name.as_str().to_owned();
        path.push(name.clone());
        let value = value(&property.value, path, twice);
        if map.insert(name, value).is_some() {
            twice.push(path.clone());
        }
        path.pop();
    }
    map
}

fn value(tree: &ast::Value<'_>, path: &mut Vec<String>, twice: &mut Vec<Vec<String>>) -> Value {
    match tree {
        ast::Value::StringLit(text) => Value::String(text.value.to_string()),
        ast::Value::NumberLit(literal) => number(literal.value),
        ast::Value::BooleanLit(flag) => Value::Bool(flag.value),
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::Object(object) => Value::Object(members(object, path, twice)),
        ast::Value::Array(list) => {
            let mut elements = Vec::with_capacity(list.elements.len());
            for (index, element) in list.elements.iter().enumerate() {
                path.push(index.to_string());
                elements.push(value(element, path, twice));
                path.pop();
            }
            Value::Array(elements)
        }
    }
}

/// Exactly what was written, as far as 64 bits hold it; a number too large for that is nothing.
fn number(written: &str) -> Value {
    if let Ok(whole) = written.parse::<u64>() {
        Value::from(whole)
    } else if let Ok(whole) = written.parse::<i64>() {
        Value::from(whole)
    } else {
        written.parse::<f64>().map_or(Value::Null, Value::from)
    }
}
