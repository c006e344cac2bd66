//! Fields of a JSON object as the text they were written in.
//!
//! Reads single fields without building a tree, and changes them by a splice. A key that is looked for and stands there
//! twice is refused: two readers of the same text must not come to different answers.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Why a field could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("not JSON: {0}")]
    NotJson(String),
    #[error("expected a JSON object, found {0}")]
    NotAnObject(&'static str),
    #[error("the key \"{0}\" stands there twice")]
    Duplicate(String),
}

/// The raw values of some keys of an object, in the order in which they were asked for.
pub fn fields<'a, const N: usize>(
    object: &'a str,
    keys: [&str; N],
) -> Result<[Option<&'a str>; N], Unreadable> {
    let first = object.trim_start().as_bytes().first();
    if first != Some(&b'{') {
        return Err(not_an_object(object));
    }
    let mut json = serde_json::Deserializer::from_str(object);
    let picked = (&mut json)
        .deserialize_map(Pick(&keys))
        .and_then(|picked| json.end().map(|()| picked))
        .map_err(|error| Unreadable::NotJson(error.to_string()))?;
    match picked.duplicate {
        Some(index) => Err(Unreadable::Duplicate(keys[index].to_owned())),
        None => Ok(picked.values),
    }
}

/// The raw value of one key.
pub fn field<'a>(object: &'a str, key: &str) -> Result<Option<&'a str>, Unreadable> {
    fields(object, [key]).map(|[value]| value)
}

/// The raw value at a path of keys. Missing, or not an object on the way: `None`.
pub fn at<'a>(object: &'a str, path: &[&str]) -> Result<Option<&'a str>, Unreadable> {
    let mut here = object;
    for key in path {
        if !is_object(here) {
            return Ok(None);
        }
        match field(here, key)? {
            Some(value) => here = value,
            None => return Ok(None),
        }
    }
    Ok(Some(here))
}

/// The string that a raw value stands for; `None` when it is not a string.
pub fn string(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(raw).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// The string at a path, decoded.
pub fn string_at<'a>(object: &'a str, path: &[&str]) -> Result<Option<Cow<'a, str>>, Unreadable> {
    Ok(at(object, path)?.and_then(string))
}

/// A string as JSON text.
pub fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The elements of a raw array; `None` when it is not one.
pub fn elements(raw: &str) -> Option<Vec<&str>> {
    let items: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
    Some(items.into_iter().map(RawValue::get).collect())
}

/// The same, unless there are more than `most`: then `None`, and the rest is not looked at.
pub(crate) fn elements_up_to(
    raw: &str,
    most: usize,
) -> Result<Option<Vec<&str>>, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(raw);
    let mut few = Few {
        most,
        items: Vec::new(),
    };
    match json.deserialize_seq(&mut few) {
        Ok(()) => json.end().map(|()| Some(few.items)),
        Err(_) if few.items.len() > most => Ok(None),
        Err(error) => Err(error),
    }
}

/// All entries of a raw object, in order, keys decoded; `None` when it is not one.
pub fn entries(raw: &str) -> Option<Vec<(String, &str)>> {
    serde_json::from_str::<Entries<'_>>(raw)
        .ok()
        .map(|found| found.0)
}

/// The object with another value at the path; `None` when nothing stands there.
pub fn replace(object: &str, path: &[&str], value: &str) -> Result<Option<String>, Unreadable> {
    Ok(at(object, path)?.map(|old| splice(object, old, value)))
}

/// The object with this key set: the value replaced, or the key added at the end.
pub fn set(object: &str, key: &str, value: &str) -> Result<String, Unreadable> {
    if let Some(old) = field(object, key)? {
        return Ok(splice(object, old, value));
    }
    let (head, tail) = object.trim_end().split_at(object.trim_end().len() - 1);
    let comma = if head.trim() == "{" { "" } else { "," };
    Ok(format!("{head}{comma}{}:{value}{tail}", quote(key)))
}

/// The object without these keys; the others stay as they were written.
pub fn without<'a>(object: &'a str, keys: &[&str]) -> Result<Cow<'a, str>, Unreadable> {
    let Some(entries) = entries(object) else {
        return Err(not_an_object(object));
    };
    if !entries.iter().any(|(key, _)| keys.contains(&key.as_str())) {
        return Ok(Cow::Borrowed(object));
    }
    let kept: Vec<String> = entries
        .iter()
        .filter(|(key, _)| !keys.contains(&key.as_str()))
        .map(|(key, value)| format!("{}:{value}", quote(key)))
        .collect();
    Ok(Cow::Owned(format!("{{{}}}", kept.join(","))))
}

/// Whether the text begins like an object.
pub fn is_object(raw: &str) -> bool {
    raw.trim_start().starts_with('{')
}

/// Where `part`, a slice of `whole`, begins in it.
pub(crate) fn offset(whole: &str, part: &str) -> usize {
    part.as_ptr() as usize - whole.as_ptr() as usize
}

fn splice(object: &str, old: &str, value: &str) -> String {
    let start = offset(object, old);
    let mut text = String::with_capacity(object.len() - old.len() + value.len());
    text.push_str(&object[..start]);
    text.push_str(value);
    text.push_str(&object[start + old.len()..]);
    text
}

fn not_an_object(text: &str) -> Unreadable {
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        return Unreadable::NotJson(error.to_string());
    }
    Unreadable::NotAnObject(match text.trim_start().as_bytes().first() {
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        Some(_) | None => "a number",
    })
}

struct Few<'a> {
    most: usize,
    items: Vec<&'a str>,
}

impl<'de> Visitor<'de> for &mut Few<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of at most {} elements", self.most)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<&'de RawValue>()? {
            self.items.push(item.get());
            if self.items.len() > self.most {
                return Err(serde::de::Error::invalid_length(self.items.len(), &self));
            }
        }
        Ok(())
    }
}

struct Entries<'a>(Vec<(String, &'a str)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(EachEntry).map(Self)
    }
}

struct EachEntry;

impl<'de> Visitor<'de> for EachEntry {
    type Value = Vec<(String, &'de str)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
            entries.push((key, value.get()));
        }
        Ok(entries)
    }
}

struct Picked<'a, const N: usize> {
    values: [Option<&'a str>; N],
    duplicate: Option<usize>,
}

/// Takes the raw values of the wanted keys and skips the others.
struct Pick<'k, const N: usize>(&'k [&'k str; N]);

impl<'a, const N: usize> Visitor<'a> for Pick<'_, N> {
    type Value = Picked<'a, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut picked = Picked {
            values: [None; N],
            duplicate: None,
        };
        while let Some(index) = map.next_key_seed(WhichKey(self.0))? {
            let Some(index) = index else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = map.next_value::<&'a RawValue>()?.get();
            if picked.values[index].replace(value).is_some() {
                picked.duplicate = Some(index);
            }
        }
        Ok(picked)
    }
}

/// Which of the wanted keys this is. Keys are compared decoded, so that no spelling of a key hides it.
struct WhichKey<'k>(&'k [&'k str]);

impl<'a> DeserializeSeed<'a> for WhichKey<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'a>>(self, key: D) -> Result<Self::Value, D::Error> {
        key.deserialize_str(self)
    }
}

impl Visitor<'_> for WhichKey<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|wanted| *wanted == key))
    }
}
