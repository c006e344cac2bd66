//! What an edit of a settings file must come to: the same change on the plain value. Run over made-up documents by the tests, over any
//! bytes by the fuzz target.

use mcphub_settings::{Change, File, apply, resolve};
use serde_json::{Map, Value};

/// Holds reading and editing to the reference, for an input that is the keys of a path, one a line, an empty line, a value on a line, and
/// the text of a file. Says if the text was one of settings.
pub(crate) fn check(bytes: &[u8]) -> bool {
    let input = String::from_utf8_lossy(bytes);
    let (keys, rest) = input.split_once("\n\n").unwrap_or(("", &input));
    let (value, text) = rest.split_once('\n').unwrap_or(("null", rest));
    let path: Vec<String> = keys.lines().map(str::to_owned).collect();
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    let Ok(file) = File::parse(text) else {
        let edited = apply(text, &[Change::set(["a"], 1)]);
        assert!(edited.is_err(), "not read, but edited: {edited:?}");
        return false;
    };
    for problem in resolve(&file, &|name| Some(format!("${{{name}}}"))).problems {
        assert!(!problem.to_string().is_empty());
    }
    assert_eq!(apply(text, &[]).as_deref(), Ok(text));
    let document = Value::Object(file.document().clone());
    let set_change = Change::Set {
        path: path.clone(),
        value: value.clone(),
    };
    let mut expected = document.clone();
    let possible = !path.is_empty()
        && path.len() + levels(&value) <= 128
        && set(&mut expected, &path, &value).is_some();
    match apply(text, &[set_change]) {
        Ok(edited) => {
            assert!(possible, "this should have been refused:\n{edited}");
            assert_eq!(read(&edited), expected, "{text}\n->\n{edited}");
            assert_measured(text, &edited, (&path, &value));
        }
        Err(error) => assert!(!possible, "{error}\n{text}"),
    }
    if !path.is_empty() {
        let mut expected = document;
        remove(&mut expected, &path);
        let edited = apply(text, &[Change::Remove { path }]).expect("what was read is edited");
        assert_eq!(read(&edited), expected, "{text}\n->\n{edited}");
    }
    true
}

/// What is added is lines for the path and the value, each with an indentation that may be as long as the text and grows with the depth.
fn assert_measured(text: &str, edited: &str, (path, value): (&[String], &Value)) {
    let value = serde_json::to_string_pretty(value).expect("a value has a text");
    let lines = 2 + 2 * path.len() + value.lines().count();
    // A control character takes six letters.
    let words = 6 * (value.len() + path.iter().map(String::len).sum::<usize>());
    let most = text.len() + words + lines * (text.len() + 8 * lines);
    assert!(
        edited.len() <= most,
        "{} bytes of {}",
        edited.len(),
        text.len()
    );
}

/// How many objects and lists lie in each other.
fn levels(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(levels).max().unwrap_or_default(),
        Value::Object(object) => 1 + object.values().map(levels).max().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// The same change on the plain value; `None` when it cannot be made.
pub(crate) fn set(value: &mut Value, path: &[String], new: &Value) -> Option<()> {
    let Some((key, rest)) = path.split_first() else {
        *value = new.clone();
        return Some(());
    };
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(object) => set(object.entry(key.clone()).or_insert(Value::Null), rest, new),
        Value::Array(list) => {
            let index = key
                .parse::<usize>()
                .ok()
                .filter(|index| *index <= list.len())?;
            if index == list.len() {
                list.push(Value::Null);
            }
            set(&mut list[index], rest, new)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

pub(crate) fn remove(value: &mut Value, path: &[String]) {
    let Some((key, rest)) = path.split_first() else {
        return;
    };
    match value {
        Value::Object(object) if rest.is_empty() => _ = object.shift_remove(key),
        Value::Object(object) => {
            if let Some(inner) = object.get_mut(key) {
                remove(inner, rest);
            }
        }
        Value::Array(list) => {
            let Some(index) = key
                .parse::<usize>()
                .ok()
                .filter(|index| *index < list.len())
            else {
                return;
            };
            if rest.is_empty() {
                list.remove(index);
            } else {
                remove(&mut list[index], rest);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

pub(crate) fn read(text: &str) -> Value {
    let file = File::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Value::Object(file.document().clone())
}
