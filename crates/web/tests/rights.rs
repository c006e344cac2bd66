//! Who may do what through `/api`: every route of the description, for everybody who may come.
//!
//! Keys open the API only where they are the system's and reach everything; all others are as good as none here.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use stage::{Answer, OPERATOR, Stage, contract};

/// What a user who is no administrator gets.
#[derive(Clone, Copy, Debug, PartialEq)]
enum User {
    /// As everybody else does.
    In,
    /// As everybody else where each user has a sign-in of his own; what all share is for administrators.
    Own,
    /// For administrators.
    No,
}

/// What `READONLY` leaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum ReadOnly {
    Stays,
    Stops,
}

use ReadOnly::{Stays, Stops};
use User::{In, No, Own};

/// Every route. The one that logs in is the only one for whoever shows nothing.
const RIGHTS: [(&str, &str, User, ReadOnly); 56] = [
    ("get", "/api/activities", No, Stays),
    ("get", "/api/activities/available", No, Stays),
    ("delete", "/api/activities/cleanup", No, Stops),
    ("get", "/api/activities/filters", No, Stays),
    ("get", "/api/activities/stats", No, Stays),
    ("get", "/api/activities/{id}", No, Stays),
    ("post", "/api/auth/login", In, Stays),
    ("get", "/api/auth/user", In, Stays),
    ("post", "/api/auth/change-password", In, Stops),
    ("get", "/api/auth/keys", No, Stays),
    ("post", "/api/auth/keys", No, Stops),
    ("put", "/api/auth/keys/{id}", No, Stops),
    ("delete", "/api/auth/keys/{id}", No, Stops),
    ("post", "/api/doctor", No, Stays),
    ("get", "/api/events", In, Stays),
    ("get", "/api/groups", No, Stays),
    ("post", "/api/groups", No, Stops),
    ("get", "/api/groups/{id}", No, Stays),
    ("put", "/api/groups/{id}", No, Stops),
    ("delete", "/api/groups/{id}", No, Stops),
    ("get", "/api/groups/{id}/servers", No, Stays),
    ("post", "/api/groups/{id}/servers", No, Stops),
    ("put", "/api/groups/{id}/servers/batch", No, Stops),
    ("delete", "/api/groups/{id}/servers/{server}", No, Stops),
    ("get", "/api/logs", No, Stays),
    ("delete", "/api/logs", No, Stops),
    ("get", "/api/logs/stream", No, Stays),
    ("get", "/api/mcp-settings/export", No, Stays),
    ("post", "/api/mcp/{name}/prompts/{prompt}", In, Stays),
    ("get", "/api/oauth/clients", No, Stays),
    ("delete", "/api/oauth/clients/{clientId}", No, Stops),
    ("post", "/api/resources/read", In, Stays),
    ("get", "/api/servers", In, Stays),
    ("post", "/api/servers", No, Stops),
    ("get", "/api/servers/{name}", In, Stays),
    ("put", "/api/servers/{name}", No, Stops),
    ("delete", "/api/servers/{name}", No, Stops),
    ("post", "/api/servers/{name}/oauth/authorize", Own, Stops),
    ("post", "/api/servers/{name}/oauth/complete", Own, Stops),
    ("post", "/api/servers/{name}/oauth/disconnect", Own, Stops),
    ("get", "/api/servers/{name}/oauth/journal", In, Stays),
    ("post", "/api/servers/{name}/reload", No, Stops),
    ("post", "/api/servers/{name}/toggle", No, Stops),
    (
        "put",
        "/api/servers/{name}/{kind}/{item}/description",
        No,
        Stops,
    ),
    (
        "delete",
        "/api/servers/{name}/{kind}/{item}/description",
        No,
        Stops,
    ),
    (
        "post",
        "/api/servers/{name}/{kind}/{item}/toggle",
        No,
        Stops,
    ),
    ("get", "/api/sessions", No, Stays),
    ("get", "/api/settings", No, Stays),
    ("put", "/api/system-config", No, Stops),
    ("post", "/api/tools/call/{name}", In, Stays),
    ("get", "/api/users", No, Stays),
    ("post", "/api/users", No, Stops),
    ("get", "/api/users-stats", No, Stays),
    ("get", "/api/users/{username}", No, Stays),
    ("put", "/api/users/{username}", No, Stops),
    ("delete", "/api/users/{username}", No, Stops),
];

fn settings() -> String {
    let key = |id: &str, access: &str| json!({ "id": id, "name": id, "token": format!("token-{id}"), "enabled": true, "accessType": access });
    let mut of_group = key("group", "groups");
    of_group["allowedGroups"] = json!(["team"]);
    let mut of_server = key("server", "servers");
    of_server["allowedServers"] = json!(["shared"]);
    let mut of_user = key("user", "all");
    of_user["kind"] = "user".into();
    of_user["owner"] = "bob".into();
    let mut off = key("off", "all");
    off["enabled"] = false.into();
    json!({
        "mcpServers": {
            "shared": { "url": "http://127.0.0.1:9/mcp", "enabled": false, "visibility": "public" },
            "each": { "url": "http://127.0.0.1:9/mcp", "enabled": false, "visibility": "public", "oauth": { "tokens": "per_user" } },
            "hidden": { "url": "http://127.0.0.1:9/mcp", "enabled": false },
        },
        "groups": [{ "id": "team", "name": "team", "servers": ["shared"] }],
        "users": [
            { "username": "root", "password": bcrypt::hash("roots password", 4).unwrap(), "isAdmin": true },
            { "username": "bob", "password": bcrypt::hash("bobs password", 4).unwrap() },
        ],
        "bearerKeys": [of_group, of_server, of_user, off],
    })
    .to_string()
}

/// A path with this server in it; everything else in it is nothing that there is.
fn path(template: &str, server: &str) -> String {
    let path = template
        .replace("{name}", server)
        .replace("{kind}", "tools");
    path.replace(['{', '}'], "")
}

async fn ask(stage: &Stage, token: Option<&str>, method: &str, path: &str) -> Answer {
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let body = match path.contains("/resources/read") {
        true => json!({ "uri": "file:///x" }),
        false => json!({ "toolName": "t", "pasted": "nothing" }),
    };
    let asked = stage.ask_as(token, method, path, Some(body));
    // A stream that was opened goes on for ever.
    let streams = path.ends_with("/events") || path.ends_with("/logs/stream");
    match streams {
        false => asked.await,
        true => tokio::time::timeout(std::time::Duration::from_millis(300), asked)
            .await
            .unwrap_or_else(|_open| Answer {
                status: StatusCode::OK,
                headers: http::HeaderMap::new(),
                text: "{}".to_owned(),
            }),
    }
}

async fn login(stage: &Stage, user: &str) -> String {
    let answer = stage.log_in(user, &format!("{user}s password")).await;
    answer.json()["token"].as_str().unwrap().to_owned()
}

// rule: mcphub-rights
#[test]
fn the_table_of_rights_has_every_route_once() {
    let mut listed: Vec<_> = RIGHTS
        .iter()
        .map(|(method, path, ..)| (*method, *path))
        .collect();
    let mut described = contract::routes();
    listed.sort_unstable();
    described.sort_unstable();
    assert_eq!(listed, described);
}

// rule: mcphub-rights
#[tokio::test]
async fn nobody_and_no_key_that_reaches_less_than_everything_does_anything_through_the_api() {
    let stage = Stage::new(&settings()).await;
    let before = stage.written();
    let strangers = [
        None,
        Some(""),
        Some("token-nobody"),
        Some("token-group"),
        Some("token-server"),
        Some("token-user"),
        Some("token-off"),
    ];
    for (method, template, ..) in RIGHTS {
        if template == "/api/auth/login" {
            continue;
        }
        for token in strangers {
            let answer = ask(&stage, token, method, &path(template, "shared")).await;
            assert_eq!(
                answer.status,
                StatusCode::UNAUTHORIZED,
                "{method} {template} with {token:?}"
            );
        }
    }
    assert_eq!(stage.written(), before);
}

// rule: mcphub-rights
#[tokio::test]
async fn a_user_does_what_is_for_users_and_learns_nothing_of_what_is_not_shared() {
    let stage = Stage::new(&settings()).await;
    let bob = login(&stage, "bob").await;
    let before = stage.written();
    for (method, template, user, _) in RIGHTS {
        let shared = ask(&stage, Some(&bob), method, &path(template, "shared")).await;
        let code = code(&shared);
        match user {
            In => assert_ne!(
                code, "not_an_administrator",
                "{method} {template}: {}",
                shared.text
            ),
            No | Own => assert_eq!(
                (shared.status, code.as_str()),
                (StatusCode::FORBIDDEN, "not_an_administrator"),
                "{method} {template}: {}",
                shared.text
            ),
        }
        if user == Own {
            let own = ask(&stage, Some(&bob), method, &path(template, "each")).await;
            assert_ne!(
                self::code(&own),
                "not_an_administrator",
                "{method} {template}: {}",
                own.text
            );
        }
        if template.contains("{name}") {
            let hidden = ask(&stage, Some(&bob), method, &path(template, "hidden")).await;
            let nothing = ask(&stage, Some(&bob), method, &path(template, "nothing")).await;
            assert!(
                matches!(hidden.status.as_u16(), 403 | 404),
                "{method} {template}: {}",
                hidden.text
            );
            let same = hidden.text.replace("hidden", "nothing");
            assert_eq!(
                (hidden.status, same),
                (nothing.status, nothing.text),
                "{method} {template}"
            );
        }
    }
    assert_eq!(stage.written(), before, "and changed nothing");
}

/// The word of an error.
fn code(answer: &Answer) -> String {
    let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    body["code"].as_str().unwrap_or_default().to_owned()
}

// rule: mcphub-rights
#[tokio::test]
async fn a_hub_that_is_read_only_changes_nothing_whoever_asks() {
    let stage = Stage::with(&settings(), |options| options.read_only = true).await;
    let before = stage.written();
    let root = login(&stage, "root").await;
    for token in [OPERATOR, &root] {
        for (method, template, _, read_only) in RIGHTS {
            let answer = ask(&stage, Some(token), method, &path(template, "shared")).await;
            let refused = code(&answer) == "read_only";
            assert_eq!(
                refused,
                read_only == Stops,
                "{method} {template}: {}",
                answer.text
            );
            assert!(!refused || answer.status == StatusCode::FORBIDDEN);
        }
    }
    assert_eq!(stage.written(), before);
}

// rule: mcphub-rights
#[tokio::test]
async fn administrators_and_the_operator_are_refused_nothing() {
    for who in ["operator", "root"] {
        let stage = Stage::new(&settings()).await;
        let root = login(&stage, "root").await;
        let token = if who == "root" {
            root.as_str()
        } else {
            OPERATOR
        };
        for (method, template, ..) in RIGHTS {
            // These end the login, or the account, that asks; and who has no account has no password to change.
            if template.ends_with("change-password") {
                continue;
            }
            let answer = ask(&stage, Some(token), method, &path(template, "shared")).await;
            let refused =
                matches!(answer.status.as_u16(), 401 | 403) && template != "/api/auth/login";
            assert!(!refused, "{who}: {method} {template}: {}", answer.text);
        }
    }
}
