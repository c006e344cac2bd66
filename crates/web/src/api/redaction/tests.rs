//! What is hidden, what is shown, and the way back.

use serde_json::json;

use super::*;

fn written() -> Value {
    json!({
        "type": "streamable-http",
        "url": "https://user:hunter2@mcp.example.com/mcp?api_key=hunter2&region=eu",
        "headers": { "Authorization": "Bearer hunter2", "X-Api-Key": "hunter2", "X-Team": "blue", "Cookie": "s=hunter2" },
        "env": { "GITHUB_TOKEN": "hunter2", "HOME": "/home/x", "DB_PASSWORD": "hunter2", "SENTRY_AUTH": "hunter2" },
        "args": ["-y", "server", "--token", "hunter2", "--api-key=hunter2", "--port", "3000"],
        "proxy": { "host": "p", "username": "u", "password": "hunter2" },
        "oauth": {
            "clientId": "mcphub-client",
            "clientSecret": "hunter2",
            "accessToken": "hunter2",
            "refreshToken": "hunter2",
            "expiresAt": 1_800_000_000_000_u64,
            "tokenEndpoint": "https://auth.example.com/token",
            "tokenEndpointAuthMethod": "client_secret_post",
            "scopes": ["read"],
            "dynamicRegistration": { "enabled": true, "initialAccessToken": "hunter2" },
            "registration": { "registrationAccessToken": "hunter2", "anything": { "deep": ["hunter2"] } },
            "pendingAuthorization": { "state": "hunter2", "codeVerifier": "hunter2", "authorizationUrl": "https://a/?state=hunter2" },
        },
        "openapi": { "security": { "oauth2": { "token": "hunter2" }, "http": { "credentials": "hunter2" } } },
        "myOwn": { "kept": [1, 2, { "x": null }] },
    })
}

#[test]
fn secrets_in_unusual_places_are_not_shown_either() {
    let written = json!({
        "url": "https://hunter2@mcp.example.com/mcp",
        "args": ["mcp-remote", "https://mcp.example.com", "--header", "Authorization: Bearer hunter2", "--header", "X-Team: blue",
            "--header", "X-Api-Key:hunter2", "--header", "Authorization: Bearer ${TOKEN}"],
        "env": { "OPENAPI_MCP_HEADERS": "{\"Authorization\": \"Bearer hunter2\"}" },
        "oauth": { "tokenParams": { "client_assertion": "hunter2" } },
    });
    let shown = redact(&written);
    assert!(!shown.to_string().contains("hunter2"), "{shown:#}");
    assert_eq!(shown["args"][5], "X-Team: blue");
    assert_eq!(shown["args"][9], "Authorization: Bearer ${TOKEN}");
    assert_eq!(restore(&shown, Some(&written)).unwrap(), written);
}

// A list that became shorter must not hand one secret to the flag of another.
#[test]
fn a_hidden_argument_is_put_back_only_behind_its_own_flag() {
    let stored = json!({ "args": ["--api-key", "A", "--token", "B"] });
    let sent = |args: Value| restore(&json!({ "args": args }), Some(&stored));
    assert_eq!(
        sent(json!(["--token", REDACTED])).unwrap(),
        json!({ "args": ["--token", "B"] })
    );
    assert_eq!(
        sent(json!(["-v", "--api-key", REDACTED, "--token", REDACTED])).unwrap(),
        json!({ "args": ["-v", "--api-key", "A", "--token", "B"] })
    );
    assert!(sent(json!(["--password", REDACTED])).is_err());
}

#[test]
fn no_secret_is_shown_and_everything_else_is() {
    let shown = redact(&written());
    assert!(!shown.to_string().contains("hunter2"), "{shown:#}");
    for (pointer, value) in [
        (
            "/url",
            json!("https://user:********@mcp.example.com/mcp?api_key=********&region=eu"),
        ),
        ("/headers/X-Team", json!("blue")),
        ("/env/HOME", json!("/home/x")),
        (
            "/args",
            json!([
                "-y",
                "server",
                "--token",
                REDACTED,
                "--api-key=********",
                "--port",
                "3000"
            ]),
        ),
        ("/oauth/clientId", json!("mcphub-client")),
        ("/oauth/expiresAt", json!(1_800_000_000_000_u64)),
        (
            "/oauth/tokenEndpoint",
            json!("https://auth.example.com/token"),
        ),
        (
            "/oauth/tokenEndpointAuthMethod",
            json!("client_secret_post"),
        ),
        ("/oauth/dynamicRegistration/enabled", json!(true)),
        ("/myOwn", json!({ "kept": [1, 2, { "x": null }] })),
    ] {
        assert_eq!(shown.pointer(pointer), Some(&value), "{pointer}");
    }
}

#[test]
fn a_placeholder_is_shown_but_not_its_default() {
    let cases = [
        ("${GITHUB_OAUTH_APP_SECRET}", true),
        ("$TOKEN", true),
        ("Bearer ${TOKEN}", true),
        ("", true),
        ("${TOKEN:-hunter2}", false),
        ("${TOKEN}hunter2", false),
        ("$ecret", false),
        ("$", false),
    ];
    for (value, stays) in cases {
        let shown = redact(&json!({ "oauth": { "clientSecret": value } }));
        let expected = if stays { value } else { REDACTED };
        assert_eq!(shown["oauth"]["clientSecret"], expected, "{value}");
    }
}

#[test]
fn what_was_shown_and_comes_back_keeps_the_stored_secrets() {
    let stored = written();
    assert_eq!(restore(&redact(&stored), Some(&stored)).unwrap(), stored);

    let mut sent = redact(&stored);
    sent["headers"]["Authorization"] = "Bearer new".into();
    sent["headers"]["X-Team"] = "red".into();
    let restored = restore(&sent, Some(&stored)).unwrap();
    assert_eq!(restored["headers"]["Authorization"], "Bearer new");
    assert_eq!(restored["headers"]["X-Team"], "red");
    assert_eq!(restored["headers"]["X-Api-Key"], "hunter2");
    assert_eq!(restored["oauth"], stored["oauth"]);
}

#[test]
fn a_redacted_value_never_becomes_a_stored_one() {
    let sent = json!({ "headers": { "Authorization": REDACTED } });
    for stored in [
        None,
        Some(json!({ "headers": {} })),
        Some(json!({ "headers": { "Authorization": "${TOKEN}" } })),
    ] {
        let error = restore(&sent, stored.as_ref()).unwrap_err();
        assert!(
            error.to_string().starts_with("headers.Authorization is"),
            "{error}"
        );
    }
}
