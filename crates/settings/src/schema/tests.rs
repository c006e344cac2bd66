//! The schema against the code that reads the file, and against the cases.

use std::path::Path;

use serde_json::{Value, json};

use super::SCHEMA;
use crate::file::File;
use crate::reader::Asked;

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

/// A file in which every object that the code looks into is there.
fn whole() -> Value {
    let kept =
        json!({ "grant": {}, "registration": {}, "pendingAuthorization": {}, "stepUps": {} });
    let mut oauth = kept.clone();
    oauth["dynamicRegistration"] = json!({ "metadata": {} });
    oauth["identityProvider"] = json!({ "tokenEndpoint": "t", "clientId": "c", "idToken": "i" });
    oauth["users"] = json!({ "eve": kept });
    let named = json!({ "name": "x" });
    json!({
        "mcpServers": {
            "remote": {
                "url": "https://a.example.com/mcp", "options": {}, "proxy": {}, "oauth": oauth,
                "tools": { "t": {} }, "prompts": { "p": {} }, "resources": { "r": {} },
            },
            "local": { "command": "x", "credentialTemplate": [{ "target": "env", "name": "n" }] },
            "api": { "openapi": { "url": "u" }, "enabled": false },
        },
        "users": [{ "username": "u" }],
        "groups": [{ "id": "g", "servers": [{ "name": "remote" }] }],
        "bearerKeys": [{ "token": "t" }, { "token": "t", "kind": "user", "owner": "u" }],
        "prompts": [{ "name": "p", "arguments": [named] }],
        "resources": [{ "uri": "r" }],
        "oauthClients": [{ "clientId": "c", "metadata": {} }],
        "oauthTokens": [{ "accessToken": "a", "clientId": "c", "username": "u" }],
        "systemConfig": { "routing": {}, "install": {}, "oauthServer": { "dynamicRegistration": {}, "clientIdMetadata": {} }, "auth": { "forwardAuth": { "jwks": {} } } },
    })
}

/// The parts of the schema that speak of a value, through references and alternatives.
fn parts<'s>(schema: &'s Value, part: &'s Value) -> Vec<&'s Value> {
    let mut found = vec![part];
    if let Some(name) = part["$ref"].as_str() {
        let at = name.trim_start_matches('#');
        found.extend(parts(schema, schema.pointer(at).unwrap()));
    }
    for word in ["anyOf", "allOf"] {
        let inner = part[word].as_array().into_iter().flatten();
        found.extend(inner.flat_map(|part| parts(schema, part)));
    }
    found
}

fn inside<'s>(schema: &'s Value, part: &'s Value, key: &str) -> Vec<&'s Value> {
    let all = parts(schema, part).into_iter();
    all.flat_map(|part| {
        let named = part["properties"].get(key);
        let other = part.get("additionalProperties").or(part.get("items"));
        named.or(other).map(|part| parts(schema, part))
    })
    .flatten()
    .collect()
}

#[test]
fn every_key_that_the_code_reads_is_in_the_schema() {
    let file = File::parse(&whole().to_string()).unwrap();
    let asked = Asked::of(&file);
    assert!(
        asked.0.len() > 150,
        "only {} keys were asked for",
        asked.0.len()
    );
    let schema = schema();
    let mut missing = Vec::new();
    for (path, key) in asked.0 {
        let mut here = parts(&schema, &schema);
        for step in &path {
            here = here
                .into_iter()
                .flat_map(|part| inside(&schema, part, step))
                .collect();
        }
        if !here
            .iter()
            .any(|part| part["properties"].get(&key).is_some())
        {
            missing.push(format!("{}.{key}", path.join(".")));
        }
    }
    assert!(missing.is_empty(), "not in the schema: {missing:#?}");
}

/// What an independent validator says of a text; the parsed document, without comments.
fn complaints(text: &str) -> Option<Vec<String>> {
    let document = Value::Object(File::parse(text).ok()?.document().clone());
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let errors = validator.iter_errors(&document);
    Some(errors.map(|error| error.to_string()).collect())
}

#[test]
fn the_schema_is_one_and_takes_a_whole_file() {
    assert!(jsonschema::meta::is_valid(&schema()));
    assert_eq!(complaints(&whole().to_string()), Some(Vec::new()));
}

#[test]
fn files_without_a_problem_are_taken_and_files_with_broken_entries_are_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let (mut taken, mut wrong) = (0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let case: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let lines = case["text"].as_array().unwrap().iter();
        let text: Vec<&str> = lines.map(|line| line.as_str().unwrap()).collect();
        let text = text.join("\n");
        let Some(complaints) = complaints(&text) else {
            continue;
        };
        let file = File::parse(&text).unwrap();
        // The shape alone is judged: what a placeholder holds is not known to an editor.
        let any = |name: &str| {
            let free = !name.starts_with("FORWARD_AUTH_");
            free.then(|| "https://placeholder.example.com".to_owned())
        };
        let problems = crate::resolve(&file, &any).problems;
        if problems.is_empty() && !complaints.is_empty() {
            wrong.push(format!("{name}: {complaints:?}"));
        }
        taken += usize::from(complaints.is_empty());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(taken >= 25, "only {taken} cases were taken");
}

#[test]
fn what_cannot_work_is_refused() {
    let slots: Vec<Value> = vec![json!({ "target": "env", "name": "n" }); 33];
    for (what, document) in [
        ("a list of servers", json!({ "mcpServers": [] })),
        (
            "no way to it",
            json!({ "mcpServers": { "a": { "headers": {} } } }),
        ),
        (
            "a number as address",
            json!({ "mcpServers": { "a": { "url": 7 } } }),
        ),
        (
            "a word that is none",
            json!({ "mcpServers": { "a": { "url": "u", "type": "stdoi" } } }),
        ),
        (
            "no number",
            json!({ "mcpServers": { "a": { "url": "u", "options": { "timeout": "soon" } } } }),
        ),
        (
            "no flag",
            json!({ "mcpServers": { "a": { "url": "u", "enabled": "perhaps" } } }),
        ),
        (
            "both",
            json!({ "mcpServers": { "a": { "url": "u", "oauth": {}, "credentialTemplate": [slots[0]] } } }),
        ),
        (
            "too many",
            json!({ "mcpServers": { "a": { "url": "u", "credentialTemplate": slots } } }),
        ),
        (
            "nobody's key",
            json!({ "bearerKeys": [{ "token": "t", "kind": "user" }] }),
        ),
        (
            "a key without a token",
            json!({ "bearerKeys": [{ "name": "k" }] }),
        ),
    ] {
        assert!(
            !complaints(&document.to_string()).unwrap().is_empty(),
            "{what}"
        );
    }
    let fine = json!({ "mcpServers": { "a": { "url": "${URL}", "enabled": "${ON:-true}", "options": { "timeout": "${T}" }, "note": 1 } }, "x-own": 1 });
    assert_eq!(complaints(&fine.to_string()), Some(Vec::new()));
}
