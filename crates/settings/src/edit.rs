//! A change to the smallest new text: comments, order, indentation and all that the change does not name stay as they are.
//!
//! A path is keys, and array indexes as texts. Setting an object over an object changes only the members that differ. A key
//! that is written twice is changed at its last place, which is the one that counts.

mod tree;

use serde_json::Value;

use crate::expand;
use crate::file::{File, ParseError, bom, dialect, not_an_object, parse_error};
use crate::sealed::{self, PREFIX, Shut, Vault};

/// How many objects and lists may lie in each other where a change writes. A file is read down to twice as many, and a thread's stack holds
/// the writing of about as many.
const DEEPEST: usize = 128;

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Write a value; objects on the way are made. Placeholders in it are alive: for what a person wrote.
    Set { path: Vec<String>, value: Value },
    /// Write a value that came from outside (a token, a registration). One that would be read as a placeholder is refused:
    /// else whoever sent it could have the environment sent back to him. So is one for an entry that is not there.
    Record { path: Vec<String>, value: Value },
    /// Take a value out. One that is not there is no error.
    Remove { path: Vec<String> },
    /// Give a key another name, at the same place.
    Rename { path: Vec<String>, to: String },
}

/// Why a change was not made. The text is unchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error(
        "the settings file has an error, so nothing was written to it: {0}; correct it there and try again"
    )]
    Unreadable(#[from] ParseError),
    #[error("a change needs the path of a value")]
    NoPath,
    #[error("`{}` goes more than {DEEPEST} levels deep, and settings may not", .0.join("."))]
    TooDeep(Vec<String>),
    #[error("`{}` is neither an object nor a list, so nothing can be written inside it", .0.join("."))]
    NotAnObject(Vec<String>),
    #[error("`{}` is a list, and `{index}` is not one of its places", .path.join("."))]
    NoSuchPlace { path: Vec<String>, index: String },
    #[error("`{}` is not there, so it cannot be renamed", .0.join("."))]
    NotThere(Vec<String>),
    #[error("`{}` is not there any more, so nothing is written into it", .0.join("."))]
    NoEntry(Vec<String>),
    #[error("`{to}` is there already, so `{}` keeps its name", .path.join("."))]
    NameTaken { path: Vec<String>, to: String },
    #[error("`{}` is kept as it is: {why}", .path.join("."))]
    Shut { path: Vec<String>, why: Shut },
    #[error("what was received for `{}` looks like a placeholder, and is not stored", .0.join("."))]
    Placeholder(Vec<String>),
}

impl Change {
    pub fn set<K: Into<String>>(
        path: impl IntoIterator<Item = K>,
        value: impl Into<Value>,
    ) -> Self {
        Self::Set {
            path: path.into_iter().map(Into::into).collect(),
            value: value.into(),
        }
    }

    pub fn record<K: Into<String>>(
        path: impl IntoIterator<Item = K>,
        value: impl Into<Value>,
    ) -> Self {
        Self::Record {
            path: path.into_iter().map(Into::into).collect(),
            value: value.into(),
        }
    }

    pub fn remove<K: Into<String>>(path: impl IntoIterator<Item = K>) -> Self {
        Self::Remove {
            path: path.into_iter().map(Into::into).collect(),
        }
    }

    pub fn rename<K: Into<String>>(
        path: impl IntoIterator<Item = K>,
        to: impl Into<String>,
    ) -> Self {
        Self::Rename {
            path: path.into_iter().map(Into::into).collect(),
            to: to.into(),
        }
    }

    fn path(&self) -> &[String] {
        match self {
            Self::Set { path, .. }
            | Self::Record { path, .. }
            | Self::Remove { path }
            | Self::Rename { path, .. } => path,
        }
    }

    /// How many objects and lists lie in each other where it writes.
    fn levels(&self) -> usize {
        match self {
            Self::Set { path, value } | Self::Record { path, value } => path.len() + levels(value),
            Self::Remove { .. } | Self::Rename { .. } => 0,
        }
    }
}

/// Makes all changes, in order, or none. An empty text is an empty file.
pub fn apply(text: &str, changes: &[Change]) -> Result<String, EditError> {
    let (mark, body) = text.split_at(bom(text));
    let root = tree::parse(body, &dialect()).map_err(|error| parse_error(&error))?;
    if let Some(offset) = tree::other_than_an_object(&root) {
        return Err(not_an_object(text, offset).into());
    }
    for change in changes {
        if change.path().is_empty() {
            return Err(EditError::NoPath);
        }
        if change.levels() > DEEPEST {
            // The path itself may be what is too deep.
            let path = change.path().iter().take(DEEPEST).cloned();
            return Err(EditError::TooDeep(path.collect()));
        }
        match change {
            Change::Set { path, value } => tree::set(&root, path, value)?,
            Change::Record { path, value } => {
                // What came from outside belongs to something; that may have been taken out meanwhile.
                if let Some(owner) = path.get(..2).filter(|owner| !tree::is_there(&root, owner)) {
                    return Err(EditError::NoEntry(owner.to_vec()));
                }
                refuse_placeholders(&mut path.clone(), value)?;
                tree::set(&root, path, value)?;
            }
            Change::Remove { path } => tree::remove(&root, path),
            Change::Rename { path, to } => tree::rename(&root, path, to)?,
        }
    }
    let edited = format!("{mark}{root}");
    Ok(edited)
}

/// As `apply`; secrets that the changes write or move are sealed, when the vault has a key.
///
/// # Errors
/// As `apply`, and when a sealed value that does not open here would be lost.
pub fn apply_with(text: &str, changes: &[Change], vault: &dyn Vault) -> Result<String, EditError> {
    let edited = apply(text, changes)?;
    let sealed = text.contains(PREFIX);
    if !(sealed || vault.has_key()) || !changes.iter().any(Change::is_of_servers) {
        return Ok(edited);
    }
    let before = File::parse(text)?;
    if sealed {
        sealed::would_lose(&before, changes, vault)?;
    }
    let further = sealed::reseal(&before, &File::parse(&edited)?, changes, vault)?;
    if further.is_empty() {
        Ok(edited)
    } else {
        apply(&edited, &further)
    }
}

fn levels(value: &Value) -> usize {
    let inner = |deepest: Option<usize>| 1 + deepest.unwrap_or_default();
    match value {
        Value::Array(list) => inner(list.iter().map(levels).max()),
        Value::Object(object) => inner(object.values().map(levels).max()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn refuse_placeholders(path: &mut Vec<String>, value: &Value) -> Result<(), EditError> {
    match value {
        Value::String(text) => {
            // Paths inside a server are `mcpServers`, its name, and what the rules speak of.
            let inside = path.get(2..).unwrap_or_default();
            if expand::is_live(text, expand::rule_for(inside)) {
                return Err(EditError::Placeholder(path.clone()));
            }
        }
        Value::Array(list) => {
            for (index, element) in list.iter().enumerate() {
                path.push(index.to_string());
                refuse_placeholders(path, element)?;
                path.pop();
            }
        }
        Value::Object(object) => {
            for (key, element) in object {
                path.push(key.clone());
                refuse_placeholders(path, element)?;
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}
