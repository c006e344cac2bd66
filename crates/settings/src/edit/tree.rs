//! The changes on the syntax tree, which keeps every space and comment.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{
    CstArray, CstInputValue, CstNode, CstObject, CstObjectProp, CstRootNode, ObjectPropName,
};
use jsonc_parser::errors::ParseError;
use serde_json::{Map, Value};

use super::EditError;
use crate::file;

pub(super) fn parse(body: &str, dialect: &ParseOptions) -> Result<CstRootNode, ParseError> {
    CstRootNode::parse(body, dialect)
}

/// Where the value begins, in bytes, if it is none that settings can be.
pub(super) fn other_than_an_object(root: &CstRootNode) -> Option<usize> {
    let value = root.value().filter(|value| value.as_object().is_none())?;
    let before = root.children().into_iter();
    let before = before.take_while(|child| child.child_index() < value.child_index());
    Some(before.map(|child| child.to_string().len()).sum())
}

pub(super) fn set(root: &CstRootNode, path: &[String], value: &Value) -> Result<(), EditError> {
    let mut at = Slot::Root(root.clone());
    for (depth, key) in path.iter().enumerate() {
        let Some(there) = at.value().filter(|it| it.as_null_keyword().is_none()) else {
            // All at once: object by object, the indentation of one line would be guessed from that of the one before, and can double each time.
            at.replace(nested(&path[depth..], value));
            return Ok(());
        };
        at = Slot::inside(&there, &path[..depth], key)?;
    }
    at.write(value);
    Ok(())
}

/// The value inside the objects that the keys name.
fn nested(keys: &[String], value: &Value) -> CstInputValue {
    let object = |inner, key: &String| CstInputValue::Object(vec![(key.clone(), inner)]);
    keys.iter().rev().fold(input(value), object)
}

pub(super) fn remove(root: &CstRootNode, path: &[String]) {
    let Some((last, parents)) = path.split_last() else {
        return;
    };
    let Some(parent) = parents
        .iter()
        .try_fold(root.value(), |at, key| at.map(|at| child(&at, key)))
        .flatten()
    else {
        return;
    };
    if let Some(object) = parent.as_object() {
        // All of them: an earlier one would come back to life.
        for property in properties(&object, last) {
            property.remove();
        }
    } else if let Some(element) = child(&parent, last) {
        element.remove();
    }
}

pub(super) fn is_there(root: &CstRootNode, path: &[String]) -> bool {
    let found = path
        .iter()
        .try_fold(root.value(), |at, key| at.map(|at| child(&at, key)));
    found.flatten().is_some()
}

pub(super) fn rename(root: &CstRootNode, path: &[String], to: &str) -> Result<(), EditError> {
    let not_there = || EditError::NotThere(path.to_vec());
    let (last, parents) = path.split_last().ok_or(EditError::NoPath)?;
    let parent = parents
        .iter()
        .try_fold(root.value(), |at, key| at.map(|at| child(&at, key)))
        .flatten();
    let object = parent
        .and_then(|parent| parent.as_object())
        .ok_or_else(not_there)?;
    let found = properties(&object, last);
    if found.is_empty() {
        return Err(not_there());
    }
    if to != last && property(&object, to).is_some() {
        return Err(EditError::NameTaken {
            path: path.to_vec(),
            to: to.to_owned(),
        });
    }
    for property in found {
        if let Some(ObjectPropName::String(name)) = property.name() {
            name.set_raw_value(Value::from(to).to_string());
        }
    }
    Ok(())
}

/// A spot where a value is, or could be written.
enum Slot {
    Root(CstRootNode),
    Member(CstObject, String),
    Element(CstArray, usize),
}

impl Slot {
    fn value(&self) -> Option<CstNode> {
        match self {
            Self::Root(root) => root.value(),
            Self::Member(object, key) => property(object, key)?.value(),
            Self::Element(array, index) => array.elements().into_iter().nth(*index),
        }
    }

    /// The slot in a value, which has this path.
    fn inside(value: &CstNode, path: &[String], key: &str) -> Result<Self, EditError> {
        if let Some(object) = value.as_object() {
            return Ok(Self::Member(object, key.to_owned()));
        }
        let Some(array) = value.as_array() else {
            return Err(EditError::NotAnObject(path.to_vec()));
        };
        match key.parse::<usize>() {
            Ok(index) if index <= array.elements().len() => Ok(Self::Element(array, index)),
            Ok(_) | Err(_) => Err(EditError::NoSuchPlace {
                path: path.to_vec(),
                index: key.to_owned(),
            }),
        }
    }

    /// Writes what differs.
    fn write(&self, value: &Value) {
        if let Some(there) = self.value() {
            if meaning(&there).as_ref() == Some(value) {
                return;
            }
            if let (Some(object), Value::Object(members)) = (there.as_object(), value) {
                return merge(&object, members);
            }
            if let (Some(array), Value::Array(elements)) = (there.as_array(), value) {
                return align(&array, elements);
            }
        }
        self.replace(input(value));
    }

    /// Puts a value here.
    fn replace(&self, value: CstInputValue) {
        match self {
            Self::Root(root) => root.set_value(value),
            Self::Member(object, key) => match property(object, key) {
                Some(property) => property.set_value(value),
                None => _ = object.append(key, value),
            },
            Self::Element(array, index) => match array.elements().into_iter().nth(*index) {
                Some(element) => _ = replace_node(&element, value),
                None => _ = array.append(value),
            },
        }
    }
}

fn merge(object: &CstObject, members: &Map<String, Value>) {
    for property in object.properties() {
        if property
            .decoded_name()
            .is_none_or(|name| !members.contains_key(&name))
        {
            property.remove();
        }
    }
    for (key, value) in members {
        Slot::Member(object.clone(), key.clone()).write(value);
    }
}

fn align(array: &CstArray, elements: &[Value]) {
    for surplus in array.elements().into_iter().skip(elements.len()).rev() {
        surplus.remove();
    }
    for (index, value) in elements.iter().enumerate() {
        Slot::Element(array.clone(), index).write(value);
    }
}

fn child(at: &CstNode, key: &str) -> Option<CstNode> {
    match (at.as_object(), at.as_array()) {
        (Some(object), _) => property(&object, key)?.value(),
        (None, Some(array)) => array.elements().into_iter().nth(key.parse().ok()?),
        (None, None) => None,
    }
}

/// The property that counts.
fn property(object: &CstObject, key: &str) -> Option<CstObjectProp> {
    properties(object, key).pop()
}

fn properties(object: &CstObject, key: &str) -> Vec<CstObjectProp> {
    object
        .properties()
        .into_iter()
        .filter(|property| property.decoded_name().as_deref() == Some(key))
        .collect()
}

fn replace_node(node: &CstNode, value: CstInputValue) -> Option<CstNode> {
    if let Some(node) = node.as_object() {
        node.replace_with(value)
    } else if let Some(node) = node.as_array() {
        node.replace_with(value)
    } else if let Some(node) = node.as_string_lit() {
        node.replace_with(value)
    } else if let Some(node) = node.as_number_lit() {
        node.replace_with(value)
    } else if let Some(node) = node.as_boolean_lit() {
        node.replace_with(value)
    } else {
        node.as_null_keyword()?.replace_with(value)
    }
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(flag) => CstInputValue::Bool(*flag),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(list) => CstInputValue::Array(list.iter().map(input).collect()),
        Value::Object(object) => CstInputValue::Object(
            object
                .iter()
                .map(|(key, value)| (key.clone(), input(value)))
                .collect(),
        ),
    }
}

/// What a node says, read as the file is read.
fn meaning(node: &CstNode) -> Option<Value> {
    let text = format!("{{\"it\":{node}\n}}");
    file::File::parse(&text).ok()?.at(&["it"]).cloned()
}
