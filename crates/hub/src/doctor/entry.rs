//! A server's entry for a trial sign-in: as the person wrote it, without what a hub holds of earlier sign-ins, so that nothing of those
//! can be used up, revoked or given back by the trial; and what of the trial is kept.

use std::path::Path;

use serde_json::{Map, Value, json};

/// What a hub writes under `oauth`.
const HELD: [&str; 10] = [
    "accessToken",
    "refreshToken",
    "expiresAt",
    "grantedScopes",
    "grant",
    "stepUps",
    "pendingAuthorization",
    "registration",
    "users",
    // One person tries it, whoever else signs in there.
    "tokens",
];
/// Files that are looked for beside the settings.
const FILES: [&str; 2] = ["privateKeyFile", "assertionFile"];

/// The settings of a hub that has nothing but this server, and lets nobody in but the one who started it.
#[must_use]
pub fn trial(name: &str, entry: &Value, folder: &Path, key: &str) -> Value {
    json!({
        "mcpServers": { name: fresh(entry, folder) },
        "users": [{ "username": "doctor", "isAdmin": true }],
        "bearerKeys": [{ "id": "doctor", "name": "doctor", "token": key, "enabled": true, "kind": "system", "accessType": "all" }],
    })
}

fn fresh(entry: &Value, folder: &Path) -> Value {
    let mut entry = entry.clone();
    let Some(server) = entry.as_object_mut() else {
        return entry;
    };
    server.shift_remove("enabled");
    place(server, "caFile", folder);
    let Some(oauth) = server.get_mut("oauth").and_then(Value::as_object_mut) else {
        return entry;
    };
    for file in FILES {
        place(oauth, file, folder);
    }
    if oauth.contains_key("registration") {
        oauth.shift_remove("clientId");
        oauth.shift_remove("clientSecret");
    }
    for held in HELD {
        oauth.shift_remove(held);
    }
    entry
}

fn place(object: &mut Map<String, Value>, key: &str, folder: &Path) {
    if let Some(file) = object.get(key).and_then(Value::as_str) {
        let file = folder.join(file);
        object.insert(key.to_owned(), file.to_string_lossy().into());
    }
}

/// Whose sign-ins there are, and what each user holds: a trial is one person's, and says nothing about them.
const OF_USERS: [&str; 2] = ["users", "tokens"];

/// What becomes of `oauth` when the trial's sign-in is kept: all that came of it, the person's own words for files, and what users hold.
#[must_use]
pub fn kept(before: &Value, after: &Value) -> Value {
    let mut oauth = after["oauth"].clone();
    for key in FILES.into_iter().chain(OF_USERS) {
        if let Some(written) = before["oauth"].get(key) {
            oauth[key] = written.clone();
        }
    }
    oauth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_has_nothing_of_earlier_sign_ins_and_keeps_what_the_person_wrote() {
        let entry = json!({
            "url": "https://a.test/mcp", "enabled": false, "caFile": "house.pem",
            "oauth": { "clientId": "registered", "registration": {}, "accessToken": "a", "refreshToken": "r", "grant": {}, "tokens": "per_user",
                "scopes": ["x"], "privateKeyFile": "key.pem" },
        });
        let settings = trial("a", &entry, Path::new("/etc/hub"), "k");
        let expected = json!({ "url": "https://a.test/mcp", "caFile": "/etc/hub/house.pem", "oauth": { "scopes": ["x"], "privateKeyFile": "/etc/hub/key.pem" } });
        assert_eq!(settings["mcpServers"]["a"], expected);

        let by_hand =
            json!({ "url": "https://a.test/mcp", "oauth": { "clientId": "mine", "grant": {} } });
        let settings = trial("a", &by_hand, Path::new(""), "k");
        let oauth = &settings["mcpServers"]["a"]["oauth"];
        assert_eq!(*oauth, json!({ "clientId": "mine" }));

        let mut of_users = entry.clone();
        of_users["oauth"]["users"] = json!({ "alice": { "accessToken": "hers" } });
        let fresh = trial("a", &of_users, Path::new("/etc/hub"), "k");
        assert_eq!(fresh["mcpServers"]["a"], expected, "a trial knows no user");
        let oauth = kept(&of_users, &expected);
        assert_eq!(oauth["users"], of_users["oauth"]["users"]);
        assert_eq!(oauth["tokens"], "per_user");

        let mut after = expected;
        after["oauth"]["accessToken"] = "new".into();
        let oauth = kept(&entry, &after);
        assert_eq!(
            oauth,
            json!({ "scopes": ["x"], "privateKeyFile": "key.pem", "accessToken": "new", "tokens": "per_user" })
        );
    }
}
