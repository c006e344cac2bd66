//! What a replaced configuration keeps, loses and writes.

use serde_json::json;

use super::*;

fn object(value: impl Into<Value>) -> Map<String, Value> {
    value.into().as_object().unwrap().clone()
}

fn registered() -> Value {
    json!({
        "url": "https://mcp.example.com/mcp",
        "owner": "admin",
        "oauth": {
            "scopes": ["read"],
            "clientId": "given-by-registration",
            "clientSecret": "s",
            "registration": { "issuer": "https://auth.example.com" },
            "grant": { "issuer": "https://auth.example.com" },
            "accessToken": "a",
            "refreshToken": "r",
            "expiresAt": 5,
        },
    })
}

fn by_hand() -> Value {
    json!({
        "url": "https://mcp.example.com/mcp",
        "oauth": {
            "clientId": "mine", "clientSecret": "${SECRET}", "accessToken": "a", "refreshToken": "r",
            "authorizationEndpoint": "https://auth.example.com/authorize", "tokenEndpoint": "https://auth.example.com/token",
        },
    })
}

#[test]
fn a_form_that_knows_nothing_of_sign_ins_does_not_lose_one() {
    for old in [registered(), by_hand()] {
        let sent = object(json!({ "url": "https://mcp.example.com/mcp", "description": "new" }));
        let new = replaced(&old, sent);
        assert_eq!(new["oauth"], old["oauth"]);
        assert_eq!(new["description"], "new");
        assert_eq!(new.get("owner"), old.get("owner"));
    }
}

#[test]
fn other_scopes_keep_the_sign_in_and_the_registered_client() {
    let sent = object(
        json!({ "url": "https://mcp.example.com/mcp", "oauth": { "scopes": ["read", "write"] } }),
    );
    let new = replaced(&registered(), sent);
    let mut expected = registered()["oauth"].clone();
    expected["scopes"] = json!(["read", "write"]);
    assert_eq!(new["oauth"], expected);
}

#[test]
fn another_address_gets_no_token_and_no_client_of_the_old_one() {
    let mut sent = object(registered());
    sent.insert("url".into(), "https://other.example.com/mcp".into());
    assert_eq!(
        replaced(&registered(), sent)["oauth"],
        json!({ "scopes": ["read"] })
    );

    let mut sent = object(by_hand());
    sent.insert("url".into(), "https://other.example.com/mcp".into());
    let oauth = replaced(&by_hand(), sent)["oauth"].clone();
    assert_eq!(oauth["clientId"], "mine", "what a person wrote stays");
    assert_eq!(oauth["tokenEndpoint"], "https://auth.example.com/token");
    assert!(oauth.get("accessToken").is_none() && oauth.get("refreshToken").is_none());
}

#[test]
fn another_client_gets_no_token_of_the_old_one() {
    for (key, value) in [
        ("clientId", "other"),
        ("issuer", "https://other.example.com"),
        ("resource", "https://x"),
    ] {
        let mut sent = object(registered());
        sent["oauth"][key] = value.into();
        let oauth = replaced(&registered(), sent)["oauth"].clone();
        assert!(
            oauth.get("accessToken").is_none() && oauth.get("registration").is_none(),
            "{key}: {oauth}"
        );
        assert_eq!(oauth[key], value);
    }
}

#[test]
fn a_token_that_a_person_writes_with_the_new_client_is_taken() {
    let sent = object(
        json!({ "url": "https://other", "oauth": { "clientId": "other", "accessToken": "pasted" } }),
    );
    assert_eq!(
        replaced(&registered(), sent)["oauth"],
        json!({ "clientId": "other", "accessToken": "pasted" })
    );
}

#[test]
fn an_explicit_null_takes_the_whole_sign_in_out() {
    let sent = object(json!({ "url": "https://mcp.example.com/mcp", "oauth": null }));
    assert!(replaced(&registered(), sent).get("oauth").is_none());
}

#[test]
fn only_what_differs_is_written() {
    let old = json!({ "url": "u", "gone": 1, "oauth": { "accessToken": "read before a renewal", "scopes": ["a"] }, "args": ["x"] });
    let new = json!({ "url": "u", "oauth": { "accessToken": "read before a renewal", "scopes": ["b"] }, "args": ["x"], "more": {} });
    assert_eq!(
        between(&["mcpServers", "s"], &old, &new),
        [
            Change::remove(["mcpServers", "s", "gone"]),
            Change::set(["mcpServers", "s", "oauth", "scopes"], json!(["b"])),
            Change::set(["mcpServers", "s", "more"], json!({})),
        ]
    );
}

#[test]
fn groups_and_keys_follow_a_server_to_its_new_name_and_forget_a_removed_one() {
    let document = object(json!({
        "groups": [{ "servers": ["a", { "name": "b", "tools": ["x"] }] }, { "servers": ["a"] }],
        "bearerKeys": [{ "allowedServers": ["b", "a"] }, {}],
    }));
    assert_eq!(
        references(&document, "b", Some("c")),
        [
            Change::set(
                ["groups", "0", "servers"],
                json!(["a", { "name": "c", "tools": ["x"] }])
            ),
            Change::set(["bearerKeys", "0", "allowedServers"], json!(["c", "a"])),
        ]
    );
    assert_eq!(
        references(&document, "b", None),
        [
            Change::set(["groups", "0", "servers"], json!(["a"])),
            Change::set(["bearerKeys", "0", "allowedServers"], json!(["a"])),
        ]
    );
}
