//! Servers in the configuration of an AI client, as the hub would write them down.
//!
//! What a client fills in its own way becomes the hub's: `${env:NAME}` is `${NAME}`, and a question to the person (`${input:...}`) a
//! variable too. What the hub has no word for is named, never dropped in silence.

use serde_json::{Map, Value, json};

use super::{Document, remote};

/// A server of a client's, in the hub's words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Foreign {
    pub(crate) config: Value,
    /// What the person should know or do.
    pub(crate) notes: Vec<String>,
}

/// Under what clients list servers.
const TABLES: [&[&str]; 4] = [
    &["mcpServers"],
    &["servers"],
    &["mcp", "servers"],
    &["mcp_servers"],
];
/// What is read, or means nothing outside its client.
const KNOWN: [&str; 20] = [
    "type",
    "url",
    "httpUrl",
    "serverUrl",
    "command",
    "args",
    "env",
    "headers",
    "http_headers",
    "env_http_headers",
    "bearer_token_env_var",
    "disabled",
    "enabled",
    "description",
    "oauth",
    "auth",
    "alwaysAllow",
    "autoApprove",
    "trust",
    "gallery",
];

/// Each server by its name, or why it cannot be taken. Claude Code keeps more of them, for each folder.
pub(crate) fn read(document: &Document<'_>) -> Vec<(String, Result<Foreign, String>)> {
    let tables = TABLES.iter().filter_map(|path| document.at(path));
    let projects = document.at(&["projects"]);
    let of_projects = projects.as_ref().and_then(Value::as_object);
    let of_projects = of_projects.into_iter().flat_map(Map::values);
    let of_projects = of_projects.filter_map(|project| project.get("mcpServers").cloned());
    let mut found: Vec<(String, Result<Foreign, String>)> = Vec::new();
    for table in tables.chain(of_projects) {
        for (name, entry) in table.as_object().into_iter().flatten() {
            let server = (name.clone(), converted(name, entry));
            if !found.contains(&server) {
                found.push(server);
            }
        }
    }
    found
}

fn converted(name: &str, entry: &Value) -> Result<Foreign, String> {
    let tricks = ["..", "\\", "//"];
    if name.trim() != name
        || name.is_empty()
        || name.starts_with(['$', '/'])
        || name.ends_with('/')
        || name.chars().any(char::is_control)
        || tricks.iter().any(|trick| name.contains(trick))
    {
        return Err("its name cannot be one of the hub's".into());
    }
    let Some(members) = entry.as_object() else {
        return Err("it is not an object".into());
    };
    let mut foreign = match entry["command"].as_str() {
        Some(command) => match remote::unwrapped(command, entry) {
            Some(unwrapped) => unwrapped,
            None => program(command, entry),
        },
        None => address(entry)?,
    };
    let config = &mut foreign.config;
    if entry["disabled"] == true || entry["enabled"] == false {
        config["enabled"] = false.into();
    }
    if let Some(text) = entry["description"].as_str() {
        config["description"] = text.into();
    }
    ours(config, &mut foreign.notes);
    let unread: Vec<&str> = members
        .keys()
        .map(String::as_str)
        .filter(|key| !KNOWN.contains(key))
        .collect();
    if !unread.is_empty() {
        foreign
            .notes
            .push(format!("not taken: {}", unread.join(", ")));
    }
    Ok(foreign)
}

fn program(command: &str, entry: &Value) -> Foreign {
    let mut config = json!({ "command": command, "args": [] });
    for key in ["args", "env"] {
        if !entry[key].is_null() {
            config[key] = entry[key].clone();
        }
    }
    Foreign {
        config,
        notes: Vec::new(),
    }
}

fn address(entry: &Value) -> Result<Foreign, String> {
    let places = ["httpUrl", "serverUrl", "url"];
    let found = places
        .iter()
        .find_map(|place| Some((*place, entry[place].as_str()?)));
    let (place, url) = found.ok_or("it has neither a command nor an address")?;
    let kind = match (place, entry["type"].as_str()) {
        ("httpUrl", _) | (_, Some("http" | "streamable-http" | "streamableHttp")) => {
            Some("streamable-http")
        }
        (_, Some("sse")) => Some("sse"),
        (_, Some("ws")) => return Err("it speaks WebSocket, which no hub does".into()),
        // The hub finds out.
        (_, Some(_) | None) => None,
    };
    let mut config = json!({ "url": url });
    if let Some(kind) = kind {
        config["type"] = kind.into();
    }
    let headers = headers(entry);
    if !headers.is_empty() {
        config["headers"] = headers.into();
    }
    if let Some(oauth) = client(entry) {
        config["oauth"] = oauth;
    }
    Ok(Foreign {
        config,
        notes: Vec::new(),
    })
}

fn headers(entry: &Value) -> Map<String, Value> {
    let mut headers = Map::new();
    for place in ["headers", "http_headers"] {
        headers.extend(entry[place].as_object().cloned().unwrap_or_default());
    }
    for (name, variable) in entry["env_http_headers"].as_object().into_iter().flatten() {
        if let Some(variable) = variable.as_str() {
            headers.insert(name.clone(), format!("${{{variable}}}").into());
        }
    }
    if let Some(variable) = entry["bearer_token_env_var"].as_str() {
        let bearer = format!("Bearer ${{{variable}}}");
        headers.insert("Authorization".into(), bearer.into());
    }
    headers
}

/// An OAuth client that a person gave: as `oauth.clientId` in most, as `auth.CLIENT_ID` in Cursor.
fn client(entry: &Value) -> Option<Value> {
    let either = |plain: &str, shouted: &str| {
        let found = [&entry["oauth"][plain], &entry["auth"][shouted]];
        found.into_iter().find(|value| !value.is_null()).cloned()
    };
    let mut oauth = json!({ "clientId": either("clientId", "CLIENT_ID")? });
    for (key, found) in [
        ("clientSecret", either("clientSecret", "CLIENT_SECRET")),
        ("scopes", either("scopes", "scopes")),
    ] {
        if let Some(found) = found {
            oauth[key] = found;
        }
    }
    Some(oauth)
}

/// Placeholders in the hub's way, in every text.
fn ours(value: &mut Value, notes: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            if text.contains('$') {
                *text = placeholders(text, notes);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| ours(value, notes)),
        Value::Object(members) => members.values_mut().for_each(|value| ours(value, notes)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn placeholders(text: &str, notes: &mut Vec<String>) -> String {
    let mut written = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        written.push_str(before);
        let Some((inside, behind)) = after.split_once('}') else {
            written.push_str("${");
            rest = after;
            continue;
        };
        rest = behind;
        let (kind, name) = inside.split_once(':').unwrap_or(("env", inside));
        let is_default = name.starts_with(['-', '+']);
        let variable = match kind {
            "env" => name.to_owned(),
            "input" => shouted(name),
            _ => inside.to_owned(),
        };
        written.push_str(&format!("${{{variable}}}"));
        let plain =
            |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
        let note = if kind == "input" {
            format!("set {variable} where the hub runs: its client asks for it")
        } else if is_default || variable.chars().all(plain) {
            continue;
        } else {
            format!("`${{{variable}}}` means nothing to the hub; write what it stands for")
        };
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    written.push_str(rest);
    written
}

/// `api-key` as a variable: `API_KEY`.
fn shouted(name: &str) -> String {
    let letter = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    name.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::Format;

    fn one(entry: &Value) -> Result<Foreign, String> {
        converted("s", entry)
    }

    fn config(entry: &Value) -> Value {
        let foreign = one(entry).unwrap();
        assert!(foreign.notes.is_empty(), "{:?}", foreign.notes);
        foreign.config
    }

    #[test]
    fn each_clients_way_to_write_an_address_is_understood() {
        let http = json!({ "url": "u", "type": "streamable-http" });
        for (entry, read) in [
            (json!({ "type": "http", "url": "u" }), http.clone()),
            (json!({ "httpUrl": "u", "trust": true }), http),
            (json!({ "serverUrl": "u" }), json!({ "url": "u" })),
            (
                json!({ "url": "u", "alwaysAllow": [] }),
                json!({ "url": "u" }),
            ),
            (
                json!({ "url": "u", "disabled": true }),
                json!({ "url": "u", "enabled": false }),
            ),
            (
                json!({ "type": "sse", "url": "u" }),
                json!({ "url": "u", "type": "sse" }),
            ),
            (
                json!({ "url": "u", "bearer_token_env_var": "T", "http_headers": { "A": "b" }, "env_http_headers": { "C": "D" } }),
                json!({ "url": "u", "headers": { "A": "b", "C": "${D}", "Authorization": "Bearer ${T}" } }),
            ),
            (
                json!({ "url": "u", "auth": { "CLIENT_ID": "i", "CLIENT_SECRET": "s", "scopes": ["r"] } }),
                json!({ "url": "u", "oauth": { "clientId": "i", "clientSecret": "s", "scopes": ["r"] } }),
            ),
            (
                json!({ "command": "x", "env": { "A": "${env:B}" } }),
                json!({ "command": "x", "args": [], "env": { "A": "${B}" } }),
            ),
        ] {
            assert_eq!(config(&entry), read, "{entry}");
        }
    }

    #[test]
    fn what_the_hub_has_no_word_for_is_said() {
        for (entry, said) in [
            (
                json!({ "command": "x", "cwd": "/y", "timeout": 5 }),
                "not taken: cwd, timeout",
            ),
            (
                json!({ "url": "u", "headers": { "K": "${input:api-key}" } }),
                "set API_KEY where the hub runs",
            ),
            (
                json!({ "command": "${workspaceFolder}/x" }),
                "`${workspaceFolder}` means nothing",
            ),
        ] {
            let foreign = one(&entry).unwrap();
            assert_eq!(foreign.notes.len(), 1, "{entry}: {:?}", foreign.notes);
            assert!(foreign.notes[0].contains(said), "{:?}", foreign.notes);
        }
        let key =
            one(&json!({ "url": "u", "headers": { "K": "Bearer ${input:api-key}" } })).unwrap();
        assert_eq!(key.config["headers"]["K"], "Bearer ${API_KEY}");
        let with_default = json!({ "url": "https://${HOST:-h}/mcp" });
        assert_eq!(config(&with_default), with_default);
    }

    #[test]
    fn what_cannot_be_taken_says_why() {
        assert!(
            one(&json!({ "type": "ws", "url": "u" }))
                .unwrap_err()
                .contains("WebSocket")
        );
        assert!(
            one(&json!({ "headers": {} }))
                .unwrap_err()
                .contains("neither")
        );
        assert!(converted("../x", &json!({ "url": "u" })).is_err());
    }

    #[test]
    fn servers_of_single_folders_are_found_too_and_each_once() {
        let text = r#"{ "mcpServers": { "a": { "url": "u" } }, "projects": {
            "/x": { "mcpServers": { "a": { "url": "u" }, "b": { "command": "c" } } }, "/y": {} } }"#;
        let document = Document::parse(Format::Json, text).unwrap();
        let names: Vec<String> = read(&document).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b"]);
    }
}
