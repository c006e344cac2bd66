//! What a replaced server configuration keeps although nobody sent it, and what it must not keep.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};
use settings::Change;

/// Keys beside the configuration proper that a form does not send.
const KEPT: [&str; 4] = ["owner", "createdAt", "visibility", "sharedWithUsers"];
/// Written by the hub under `oauth`: what a sign-in brought.
const GRANT: [&str; 8] = [
    "accessToken",
    "grant",
    "refreshToken",
    "expiresAt",
    "grantedScopes",
    "pendingAuthorization",
    "stepUps",
    "users",
];
/// Changing one of these makes it another server or another client.
const CLIENT: [&str; 8] = [
    "clientId",
    "clientSecret",
    "resource",
    "issuer",
    "authorizationEndpoint",
    "tokenEndpoint",
    "deviceAuthorizationEndpoint",
    "grantType",
];

/// What was sent in the clear and is what stands there sealed stays as it stands: the same secret is not another one.
pub(crate) fn as_it_stands(old: &Value, opened: &Value, sent: &mut Value) {
    match (old, opened, sent) {
        (Value::Object(old), Value::Object(opened), Value::Object(sent)) => {
            for (key, sent) in sent {
                if let (Some(old), Some(opened)) = (old.get(key), opened.get(key)) {
                    as_it_stands(old, opened, sent);
                }
            }
        }
        (old, opened, sent) if opened == sent => sent.clone_from(old),
        (_, _, _) => {}
    }
}

/// `new` in place of `old`: never loses a sign-in, unless the address or the OAuth client changed; then it must not be
/// carried over, because a token of one server is not to be sent to another.
pub(crate) fn replaced(old: &Value, mut new: Map<String, Value>) -> Value {
    for key in KEPT {
        if let (false, Some(value)) = (new.contains_key(key), old.get(key)) {
            new.insert(key.to_owned(), value.clone());
        }
    }
    let had = old.get("oauth").and_then(Value::as_object);
    let same_address = old.get("url") == new.get("url");
    match (had, new.get("oauth")) {
        (Some(had), None) if same_address => {
            new.insert("oauth".to_owned(), Value::Object(had.clone()));
        }
        (Some(had), Some(Value::Object(sent))) => {
            let mut oauth = sent.clone();
            if same_address && same_client(had, &oauth) {
                keep(had, &mut oauth);
            } else {
                forget(had, &mut oauth);
            }
            new.insert("oauth".to_owned(), Value::Object(oauth));
        }
        (_, Some(Value::Null)) => {
            new.shift_remove("oauth");
        }
        (None | Some(_), _) => {}
    }
    Value::Object(new)
}

/// A client that registration brought may be left out of a form; one that a person wrote may not.
fn same_client(had: &Map<String, Value>, oauth: &Map<String, Value>) -> bool {
    let registered = had.contains_key("registration");
    CLIENT
        .iter()
        .all(|key| match (had.get(*key), oauth.get(*key)) {
            (Some(_), None) => registered && matches!(*key, "clientId" | "clientSecret"),
            (before, after) => before == after,
        })
}

fn keep(had: &Map<String, Value>, oauth: &mut Map<String, Value>) {
    let mut keys: Vec<&str> = GRANT.to_vec();
    if had.contains_key("registration") {
        keys.extend(["registration", "clientId", "clientSecret"]);
    }
    for key in keys {
        if let (false, Some(value)) = (oauth.contains_key(key), had.get(key)) {
            oauth.insert(key.to_owned(), value.clone());
        }
    }
}

/// Takes out what was sent back unchanged of a sign-in that no longer belongs to this server.
fn forget(had: &Map<String, Value>, oauth: &mut Map<String, Value>) {
    let client = ["registration", "clientId", "clientSecret"];
    let registered = if had.contains_key("registration") {
        &client[..]
    } else {
        &[]
    };
    for key in GRANT.iter().chain(registered) {
        if oauth.get(*key) == had.get(*key) {
            oauth.shift_remove(*key);
        }
    }
}

/// The changes that turn `old`, written at `path`, into `new`. Only what differs between the two is named, so that a token
/// that was renewed meanwhile is not written over with the one that was read before.
pub(crate) fn between(path: &[&str], old: &Value, new: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut path = path.iter().map(|key| (*key).to_owned()).collect();
    collect(&mut path, old, new, &mut changes);
    changes
}

fn collect(path: &mut Vec<String>, old: &Value, new: &Value, changes: &mut Vec<Change>) {
    let (Value::Object(before), Value::Object(after)) = (old, new) else {
        if old != new {
            changes.push(Change::set(path.iter().cloned(), new.clone()));
        }
        return;
    };
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        path.push(key.clone());
        changes.push(Change::remove(path.iter().cloned()));
        path.pop();
    }
    for (key, value) in after {
        path.push(key.clone());
        match before.get(key) {
            Some(was) => collect(path, was, value, changes),
            None => changes.push(Change::set(path.iter().cloned(), value.clone())),
        }
        path.pop();
    }
}

/// What else in the file speaks of a server: groups and bearer keys. `to`: its new name, or none when it is taken out.
pub(crate) fn references(
    document: &Map<String, Value>,
    server: &str,
    to: Option<&str>,
) -> Vec<Change> {
    let mut changes = Vec::new();
    for (list, key) in [("groups", "servers"), ("bearerKeys", "allowedServers")] {
        let entries = document
            .get(list)
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        for (index, entry) in entries.iter().enumerate() {
            let Some(before) = entry.get(key).and_then(Value::as_array) else {
                continue;
            };
            let after: Vec<Value> = before
                .iter()
                .filter_map(|member| renamed(member, server, to))
                .collect();
            if after != *before {
                changes.push(Change::set([list, &index.to_string(), key], after));
            }
        }
    }
    changes
}

fn renamed(member: &Value, server: &str, to: Option<&str>) -> Option<Value> {
    let named = member.as_str().or_else(|| member.get("name")?.as_str());
    if named != Some(server) {
        return Some(member.clone());
    }
    let to = to?;
    let mut member = member.clone();
    match member.as_object_mut() {
        Some(object) => {
            object.insert("name".to_owned(), to.into());
        }
        None => member = to.into(),
    }
    Some(member)
}
