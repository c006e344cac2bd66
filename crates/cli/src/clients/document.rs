//! A client's configuration as text: JSON with comments, or TOML. An edit changes one entry and keeps all else, spaces and comments too.

use std::path::Path;

use serde_json::{Map, Value};
use settings::{Change, File};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Toml,
}

/// A text that was understood.
#[derive(Debug)]
pub(crate) enum Document<'t> {
    Json(&'t str, Box<File>),
    Toml(Box<DocumentMut>),
}

impl Format {
    pub(crate) fn of(path: &Path) -> Self {
        let is_toml = |ending: &std::ffi::OsStr| ending.eq_ignore_ascii_case("toml");
        if path.extension().is_some_and(is_toml) {
            Self::Toml
        } else {
            Self::Json
        }
    }
}

impl<'t> Document<'t> {
    /// # Errors
    /// Where the text is wrong, in words.
    pub(crate) fn parse(format: Format, text: &'t str) -> Result<Self, String> {
        match format {
            Format::Json => match File::parse(text) {
                Ok(file) => Ok(Self::Json(text, Box::new(file))),
                Err(error) => Err(error.to_string()),
            },
            Format::Toml => match text.parse::<DocumentMut>() {
                Ok(document) => Ok(Self::Toml(Box::new(document))),
                Err(error) => Err(error.to_string().trim().to_owned()),
            },
        }
    }

    /// What stands under a path of keys.
    pub(crate) fn at(&self, path: &[&str]) -> Option<Value> {
        match self {
            Self::Json(_, file) => file.at(path).cloned(),
            Self::Toml(document) => {
                let found = path
                    .iter()
                    .try_fold(document.as_item(), |at, key| at.as_table_like()?.get(key));
                found.map(of_item)
            }
        }
    }

    /// The text with another entry at this place, or without one.
    ///
    /// # Errors
    /// Why the entry finds no place, in words.
    pub(crate) fn with(
        self,
        table: &str,
        name: &str,
        entry: Option<&Value>,
    ) -> Result<String, String> {
        match self {
            Self::Json(text, _) => {
                let change = match entry {
                    Some(entry) => Change::set([table, name], entry.clone()),
                    None => Change::remove([table, name]),
                };
                settings::apply(text, &[change]).map_err(|error| error.to_string())
            }
            Self::Toml(mut document) => {
                edit(&mut document, table, name, entry)?;
                Ok(document.to_string())
            }
        }
    }
}

fn edit(
    document: &mut DocumentMut,
    table: &str,
    name: &str,
    entry: Option<&Value>,
) -> Result<(), String> {
    let no_table = |what: &str| format!("`{what}` is not a table");
    let mut above = Table::new();
    above.set_implicit(true);
    let tables = match entry {
        Some(_) => document.entry(table).or_insert(Item::Table(above)),
        None => match document.get_mut(table) {
            Some(tables) => tables,
            None => return Ok(()),
        },
    };
    let tables = tables.as_table_like_mut().ok_or_else(|| no_table(table))?;
    let Some(entry) = entry.and_then(Value::as_object) else {
        tables.remove(name);
        return Ok(());
    };
    let there = tables.entry(name).or_insert(Item::Table(Table::new()));
    let there = there.as_table_like_mut().ok_or_else(|| no_table(name))?;
    renew(there, entry);
    Ok(())
}

/// Writes what differs.
fn renew(there: &mut dyn TableLike, entry: &Map<String, Value>) {
    let surplus: Vec<String> = there
        .iter()
        .map(|(key, _)| key.to_owned())
        .filter(|key| !entry.contains_key(key))
        .collect();
    for key in surplus {
        there.remove(&key);
    }
    for (key, value) in entry {
        match (there.get_mut(key), of_json(value)) {
            (Some(item), _) if of_item(item) == *value => {}
            (Some(item), Some(new)) => *item = Item::Value(new),
            (None, Some(new)) => _ = there.insert(key, Item::Value(new)),
            (_, None) => {}
        }
    }
}

/// TOML knows no null.
fn of_json(value: &Value) -> Option<toml_edit::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64()?.into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(list) => {
            toml_edit::Value::Array(list.iter().filter_map(of_json).collect::<Array>())
        }
        Value::Object(object) => {
            let members = object
                .iter()
                .filter_map(|(key, value)| Some((key.as_str(), of_json(value)?)));
            toml_edit::Value::InlineTable(members.collect::<InlineTable>())
        }
    })
}

fn of_item(item: &Item) -> Value {
    match item {
        Item::None => Value::Null,
        Item::Value(value) => of_value(value),
        Item::Table(table) => of_table(table),
        Item::ArrayOfTables(tables) => tables.iter().map(|table| of_table(table)).collect(),
    }
}

fn of_table(table: &dyn TableLike) -> Value {
    let members = table
        .iter()
        .map(|(key, item)| (key.to_owned(), of_item(item)));
    Value::Object(members.collect())
}

fn of_value(value: &toml_edit::Value) -> Value {
    match value {
        toml_edit::Value::String(text) => text.value().as_str().into(),
        toml_edit::Value::Integer(whole) => (*whole.value()).into(),
        toml_edit::Value::Float(number) => (*number.value()).into(),
        toml_edit::Value::Boolean(flag) => (*flag.value()).into(),
        toml_edit::Value::Datetime(time) => time.value().to_string().into(),
        toml_edit::Value::Array(list) => list.iter().map(of_value).collect(),
        toml_edit::Value::InlineTable(table) => of_table(table),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TOML: &str = "# mine\nmodel = \"x\"  # the good one\n\n[mcp_servers.other]\ncommand = \"y\"\n\n[projects.\"/a\"]\ntrust = true\n";

    fn with(format: Format, text: &str, entry: Option<&Value>) -> String {
        let table = if format == Format::Toml {
            "mcp_servers"
        } else {
            "mcpServers"
        };
        Document::parse(format, text)
            .unwrap()
            .with(table, "mcphub", entry)
            .unwrap()
    }

    #[test]
    fn an_entry_comes_and_goes_and_the_rest_of_the_toml_stays() {
        let entry =
            json!({ "url": "http://h/mcp", "http_headers": { "Authorization": "Bearer k" } });
        let there = with(Format::Toml, TOML, Some(&entry));
        for kept in TOML.lines() {
            assert!(there.contains(kept), "{kept}: {there}");
        }
        assert!(
            there.contains("[mcp_servers.mcphub]\nurl = \"http://h/mcp\"\n"),
            "{there}"
        );
        let read = Document::parse(Format::Toml, &there).unwrap();
        assert_eq!(read.at(&["mcp_servers", "mcphub"]), Some(entry.clone()));
        assert_eq!(with(Format::Toml, &there, Some(&entry)), there);
        assert_eq!(with(Format::Toml, &there, None), TOML);
    }

    #[test]
    fn a_comment_beside_a_changed_value_of_an_entry_stays() {
        let text = "[mcp_servers.mcphub]\n# the hub\nurl = \"http://old/mcp\"\nstartup_timeout_sec = 5 # slow\n";
        let entry = json!({ "url": "http://new/mcp", "startup_timeout_sec": 5 });
        let there = with(Format::Toml, text, Some(&entry));
        assert_eq!(there, text.replace("http://old", "http://new"));
    }

    #[test]
    fn a_file_that_is_empty_or_not_there_yet_gets_its_first_entry() {
        let entry = json!({ "url": "u" });
        assert_eq!(
            with(Format::Toml, "", Some(&entry)),
            "[mcp_servers.mcphub]\nurl = \"u\"\n"
        );
        let there = with(Format::Json, "", Some(&entry));
        let read = Document::parse(Format::Json, &there).unwrap();
        assert_eq!(read.at(&["mcpServers", "mcphub"]), Some(entry));
    }

    #[test]
    fn what_is_no_table_is_said_and_not_written_over() {
        let broken = Document::parse(Format::Toml, "mcp_servers = 7\n").unwrap();
        let error = broken
            .with("mcp_servers", "mcphub", Some(&json!({})))
            .unwrap_err();
        assert!(error.contains("`mcp_servers` is not a table"), "{error}");
        assert!(Document::parse(Format::Toml, "a = ").is_err());
        assert!(
            Document::parse(Format::Json, "{ nope }")
                .unwrap_err()
                .contains("line 1")
        );
    }
}
