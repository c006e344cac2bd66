//! Reading typed values out of an object without ever failing: a value of the wrong type is reported and ignored.
//!
//! Values are read after placeholders were filled in, so a number or flag may arrive as text. An empty text is an absent one.
//! Each key that is asked for is a known key; `finish` reports unknown keys that look like a slip of a known one.

use std::cell::RefCell;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::problem::{Problem, nearest};
use crate::secret::Secret;

/// The problems found so far.
#[derive(Default)]
pub(crate) struct Log(RefCell<Vec<Problem>>);

impl Log {
    pub(crate) fn add(&self, problem: Problem) {
        self.0.borrow_mut().push(problem);
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.0.into_inner()
    }
}

/// The path of an object, and a key in it.
#[cfg(test)]
type Spot = (Vec<String>, String);

#[cfg(test)]
thread_local! {
    static ASKED: RefCell<Option<Vec<Spot>>> = const { RefCell::new(None) };
}

/// Each key that the code asks a file for, with the path of its object: what the schema has to have.
#[cfg(test)]
pub(crate) struct Asked(pub(crate) Vec<Spot>);

#[cfg(test)]
impl Asked {
    pub(crate) fn of(file: &crate::File) -> Self {
        ASKED.set(Some(Vec::new()));
        drop(crate::resolve(file, &|_| None));
        Self(ASKED.take().unwrap_or_default())
    }

    fn note(path: &[String], known: &[&str]) {
        ASKED.with_borrow_mut(|asked| {
            if let Some(asked) = asked {
                asked.extend(known.iter().map(|key| (path.to_vec(), (*key).to_owned())));
            }
        });
    }
}

/// One object of the file.
pub(crate) struct Reader<'a> {
    object: &'a Map<String, Value>,
    path: Vec<String>,
    known: RefCell<Vec<&'static str>>,
    log: &'a Log,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(object: &'a Map<String, Value>, path: Vec<String>, log: &'a Log) -> Self {
        Self {
            object,
            path,
            known: RefCell::default(),
            log,
        }
    }

    pub(crate) fn path(&self) -> &[String] {
        &self.path
    }

    pub(crate) fn path_to(&self, key: &str) -> Vec<String> {
        let mut path = self.path.clone();
        path.push(key.to_owned());
        path
    }

    pub(crate) fn log(&self) -> &'a Log {
        self.log
    }

    pub(crate) fn report(&self, problem: Problem) {
        self.log.add(problem);
    }

    /// The value as it is; `null` is absent.
    pub(crate) fn raw(&self, key: &'static str) -> Option<&'a Value> {
        self.known.borrow_mut().push(key);
        self.object.get(key).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&self, key: &'static str) -> Option<String> {
        let value = self.raw(key)?;
        match value.as_str() {
            Some("") => None,
            Some(text) => Some(text.to_owned()),
            None => self.wrong(key, "a text", value),
        }
    }

    pub(crate) fn secret(&self, key: &'static str) -> Option<Secret> {
        self.text(key).map(Secret::from)
    }

    pub(crate) fn flag(&self, key: &'static str) -> Option<bool> {
        let value = self.raw(key)?;
        match (value.as_bool(), value.as_str()) {
            (Some(flag), _) => Some(flag),
            (None, Some("")) => None,
            (None, Some(text)) if text.eq_ignore_ascii_case("true") => Some(true),
            (None, Some(text)) if text.eq_ignore_ascii_case("false") => Some(false),
            (None, _) => self.wrong(key, "true or false", value),
        }
    }

    pub(crate) fn number(&self, key: &'static str) -> Option<u64> {
        let value = self.raw(key)?;
        let number = match value {
            Value::String(text) if text.is_empty() => return None,
            Value::String(text) => text.trim().parse().ok(),
            Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        number.or_else(|| self.wrong(key, "a number, 0 or more", value))
    }

    pub(crate) fn milliseconds(&self, key: &'static str) -> Option<Duration> {
        self.number(key).map(Duration::from_millis)
    }

    pub(crate) fn texts(&self, key: &'static str) -> Option<Vec<String>> {
        let value = self.raw(key)?;
        let Value::Array(list) = value else {
            return self.wrong(key, "a list of texts", value);
        };
        let texts = list
            .iter()
            .enumerate()
            .filter_map(|(index, element)| match element {
                Value::String(text) => Some(text.clone()),
                Value::Number(_) | Value::Bool(_) => Some(element.to_string()),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    let mut path = self.path_to(key);
                    path.push(index.to_string());
                    self.report(Problem::warning(&path, "must be a text, and was left out"));
                    None
                }
            });
        Some(texts.collect())
    }

    /// A map of texts, in the order of the file. Numbers and flags are taken as their text.
    pub(crate) fn pairs(&self, key: &'static str) -> Vec<(String, String)> {
        let Some(value) = self.raw(key) else {
            return Vec::new();
        };
        let Some(object) = value.as_object() else {
            return self
                .wrong(key, "an object of texts", value)
                .unwrap_or_default();
        };
        let pairs = object.iter().filter_map(|(name, value)| match value {
            Value::String(text) => Some((name.clone(), text.clone())),
            Value::Number(_) | Value::Bool(_) => Some((name.clone(), value.to_string())),
            Value::Null => None,
            Value::Array(_) | Value::Object(_) => {
                let mut path = self.path_to(key);
                path.push(name.clone());
                self.report(Problem::warning(&path, "must be a text, and was left out"));
                None
            }
        });
        pairs.collect()
    }

    /// One of a few words; another one is reported, with the nearest.
    pub(crate) fn choice<T: Copy>(
        &self,
        key: &'static str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let written = self.text(key)?;
        let found = words.iter().find(|(word, _)| *word == written);
        if found.is_none() {
            let all = words
                .iter()
                .map(|(word, _)| format!("`{word}`"))
                .collect::<Vec<_>>()
                .join(", ");
            let problem = Problem::warning(
                &self.path_to(key),
                format!("`{}` is not one of {all}", shown(&written)),
            );
            self.report(
                match nearest(&written, words.iter().map(|(word, _)| *word)) {
                    Some(word) => problem.cure(format!("did you mean `{word}`?")),
                    None => problem,
                },
            );
        }
        found.map(|(_, meaning)| *meaning)
    }

    pub(crate) fn object(&self, key: &'static str) -> Option<Self> {
        let value = self.raw(key)?;
        match value.as_object() {
            Some(object) => Some(Self::new(object, self.path_to(key), self.log)),
            None => self.wrong(key, "an object", value),
        }
    }

    /// All members that are objects, by name; the names are anybody's choice. Others are reported and left out.
    pub(crate) fn children(&self) -> Vec<(String, Self)> {
        let children = self.object.iter().filter_map(|(name, value)| {
            let mut path = self.path.clone();
            path.push(name.clone());
            let Value::Object(object) = value else {
                self.report(Problem::warning(
                    &path,
                    "must be an object, and was left out",
                ));
                return None;
            };
            Some((name.clone(), Self::new(object, path, self.log)))
        });
        children.collect()
    }

    /// The objects of a list. Other elements are reported and left out.
    pub(crate) fn objects(&self, key: &'static str) -> Vec<Self> {
        let readers = self
            .elements(key)
            .into_iter()
            .filter_map(|(path, element)| match element {
                Value::Object(object) => Some(Self::new(object, path, self.log)),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_) => {
                    self.report(Problem::warning(
                        &path,
                        "must be an object, and was left out",
                    ));
                    None
                }
            });
        readers.collect()
    }

    /// The elements of a list that may be written as a name or as an object with a name.
    pub(crate) fn names_or_objects(&self, key: &'static str) -> Vec<Result<String, Self>> {
        let entries = self
            .elements(key)
            .into_iter()
            .filter_map(|(path, element)| match element {
                Value::String(name) => Some(Ok(name.clone())),
                Value::Object(object) => Some(Err(Self::new(object, path, self.log))),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                    self.report(Problem::warning(
                        &path,
                        "must be a name or an object, and was left out",
                    ));
                    None
                }
            });
        entries.collect()
    }

    fn elements(&self, key: &'static str) -> Vec<(Vec<String>, &'a Value)> {
        let Some(value) = self.raw(key) else {
            return Vec::new();
        };
        let Some(list) = value.as_array() else {
            return self.wrong(key, "a list", value).unwrap_or_default();
        };
        let place = |index: usize| {
            let mut path = self.path_to(key);
            path.push(index.to_string());
            path
        };
        list.iter()
            .enumerate()
            .map(|(index, element)| (place(index), element))
            .collect()
    }

    /// Says what is left: keys that nobody asked for and that look like one that was meant.
    pub(crate) fn finish(self) {
        self.finish_knowing(&[]);
    }

    /// As `finish`, with further keys that are known though not read.
    pub(crate) fn finish_knowing(self, unread: &[&'static str]) {
        let mut known = self.known.take();
        known.extend_from_slice(unread);
        #[cfg(test)]
        Asked::note(&self.path, &known);
        for key in self
            .object
            .keys()
            .filter(|key| !known.contains(&key.as_str()))
        {
            let free = known
                .iter()
                .filter(|word| !self.object.contains_key(**word))
                .copied();
            if let Some(word) = nearest(key, free) {
                let problem = Problem::warning(
                    &self.path_to(key),
                    format!("`{}` is not a known key", shown(key)),
                );
                self.log
                    .add(problem.cure(format!("did you mean `{word}`?")));
            }
        }
    }

    fn wrong<T>(&self, key: &str, expected: &str, found: &Value) -> Option<T> {
        let found = match found {
            Value::Null | Value::Bool(_) | Value::Number(_) => found.to_string(),
            // A text may be a secret.
            Value::String(_) => "this text".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
        };
        self.report(Problem::warning(
            &self.path_to(key),
            format!("must be {expected}, not {found}, and was ignored"),
        ));
        None
    }
}

/// Control characters, and those that turn the direction of writing.
fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

/// A word of the file, short enough and clean enough for a message.
pub(crate) fn shown(word: &str) -> String {
    let mut clean: String = word
        .chars()
        .take(60)
        .map(|c| if steers(c) { '\u{fffd}' } else { c })
        .collect();
    if word.chars().count() > 60 {
        clean.push('…');
    }
    clean
}

fn whole(number: f64) -> Option<u64> {
    // JavaScript writes large whole numbers as `1.7e12`; 2^53 is where they stop being exact.
    let fits = (0.0..=9_007_199_254_740_992.0).contains(&number) && number.fract() == 0.0;
    fits.then_some(number as u64)
}
