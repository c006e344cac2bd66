//! `mcphub tools`, `groups`, `keys`, `clients`, `export` and `completion`.

use std::os::unix::fs::PermissionsExt;

use crate::harness::Desk;
use serde_json::json;

/// A server as a shell script: it answers `initialize` and `tools/list`, in this order.
const SERVER: &str = r#"#!/bin/sh
while read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([^,}]*\).*/\1/p')
  case "$line" in
    *'"initialize"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}}\n' "$id" ;;
    *'"tools/list"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"add","description":"adds numbers\\nand more","inputSchema":{"type":"object","title":"of add"}},{"name":"off","inputSchema":{"type":"object"}}]}}\n' "$id" ;;
    *'"id"'*) printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"no"}}\n' "$id" ;;
  esac
done
"#;

fn ok(desk: &Desk, arguments: &[&str]) -> String {
    let (exit, out, err) = desk.run(arguments);
    assert_eq!(exit, 0, "{arguments:?}: {out}{err}");
    out
}

#[test]
fn tools_are_listed_with_or_without_their_schema_and_one_is_shown_whole() {
    let mut desk = Desk::new();
    let script = desk.home().join("server.sh");
    std::fs::write(&script, SERVER).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let off = json!({ "off": { "enabled": false } });
    let settings =
        json!({ "mcpServers": { "s": { "command": script, "args": [], "tools": off } } });
    let _hub = desk.start_hub(&settings.to_string());
    // The hub connects by itself; each look is a process and takes its time.
    let mut listed = String::new();
    for _ in 0..300 {
        listed = ok(&desk, &["tools"]);
        if listed.contains("s-add") {
            break;
        }
    }
    assert!(listed.contains("adds numbers"), "{listed}");
    assert!(!listed.contains("and more"), "{listed}");
    assert!(listed.contains("(switched off)"), "{listed}");
    assert!(!listed.contains("of add"), "{listed}");
    let schema = ok(&desk, &["tools", "list", "--server", "s", "--schema"]);
    assert!(schema.contains("of add"), "{schema}");
    let on = desk.json(&["tools", "list", "--enabled-only"]);
    assert_eq!(on.as_array().unwrap().len(), 1, "{on}");
    assert_eq!(on[0]["server"], "s");
    assert!(on[0].get("inputSchema").is_none(), "{on}");
    for name in ["add", "s-add"] {
        let whole = desk.json(&["tools", "get", "s", name]);
        assert_eq!(whole["inputSchema"]["title"], "of add");
    }
    let (exit, _, err) = desk.run(&["tools", "get", "s", "dd"]);
    assert_eq!(exit, 2);
    assert!(err.contains("mcphub tools list --server s"), "{err}");
}

#[test]
fn a_group_is_made_filled_emptied_and_deleted() {
    let mut desk = Desk::new();
    let off = json!({ "command": "x", "enabled": false });
    let _hub = desk.start_hub(&json!({ "mcpServers": { "a": off, "b": off } }).to_string());
    assert!(ok(&desk, &["groups"]).contains("no groups yet"));
    let made = ok(
        &desk,
        &[
            "groups",
            "add",
            "dev",
            "--servers",
            "a,b",
            "--description",
            "d",
        ],
    );
    assert!(made.contains("/mcp/dev"), "{made}");
    ok(&desk, &["groups", "remove-server", "dev", "b"]);
    let listed = ok(&desk, &["groups", "list"]);
    assert_eq!(listed.trim_end(), "dev   a   d");
    ok(&desk, &["groups", "add-server", "dev", "b"]);
    assert_eq!(
        desk.settings_as_json()["groups"][0]["servers"],
        json!(["a", "b"])
    );
    ok(&desk, &["groups", "remove", "dev"]);
    assert_eq!(desk.json(&["groups"]), json!([]));
    let (exit, _, err) = desk.run(&["groups", "remove", "dev"]);
    assert_eq!(exit, 2);
    assert!(err.contains("`mcphub groups` lists"), "{err}");
}

#[test]
fn a_key_is_made_shown_once_listed_and_ended() {
    let mut desk = Desk::new();
    let off = json!({ "command": "x", "enabled": false });
    let _hub = desk.start_hub(&json!({ "mcpServers": { "a": off } }).to_string());
    let made = ok(&desk, &["keys", "create", "k", "--servers", "a"]);
    let key = made.lines().next().unwrap().to_owned();
    let written = desk.settings_as_json()["bearerKeys"][0].clone();
    assert_eq!(written["token"], key.as_str());
    assert_eq!(written["accessType"], "servers");
    assert!(made.contains("It is the first one"), "{made}");
    let listed = ok(&desk, &["keys"]);
    assert!(
        listed.contains("servers a") && !listed.contains(&key),
        "{listed}"
    );
    let second = ok(&desk, &["keys", "create", "k"]);
    assert!(!second.contains("the first one"), "{second}");
    let (exit, _, err) = desk.run(&["keys", "delete", "k"]);
    assert_eq!(exit, 1, "two have this name: {err}");
    let id = written["id"].as_str().unwrap();
    ok(&desk, &["keys", "delete", id]);
    ok(&desk, &["keys", "delete", "k"]);
    assert_eq!(desk.json(&["keys"]), json!([]));
    let (exit, _, err) = desk.run(&["keys", "create", "x", "--access-type", "groups"]);
    assert_eq!(exit, 1, "{err}");
    let (exit, _, err) = desk.run(&["keys", "create", "x", "--groups", "nope"]);
    assert_eq!(exit, 2, "{err}");
}

/// Let in as MCPHub writes it down: by Root for the REST API, and a program by its document.
fn let_in() -> serde_json::Value {
    let program = |id: &str, name: &str| json!({ "clientId": id, "name": name, "redirectUris": ["http://127.0.0.1/cb"] });
    let token = |token: &str, client: &str, agreed: &str| {
        json!({ "accessToken": token, "accessTokenExpiresAt": "2099-01-01T00:00:00.000Z", "scope": "read write",
            "clientId": client, "username": "root", "resource": "/api", "agreedAt": agreed })
    };
    let document = "https://client.example/client.json";
    json!({
        "users": [{ "username": "root", "password": "only for this test", "isAdmin": true }],
        "systemConfig": { "oauthServer": { "clientIdMetadata": { "enabled": true } } },
        "oauthClients": [program("one", "Claude"), program("its two", "Claude\n\u{202e}evil"), program("three", "Claude")],
        "oauthTokens": [token("good", "one", "2026-11-28T10:00:00.000Z"), token("other", document, "2026-11-28T11:00:00.000Z")],
    })
}

#[test]
fn programs_that_were_let_in_are_listed_with_who_let_them_in_and_taken_out_by_their_id() {
    let mut desk = Desk::new();
    let _hub = desk.start_hub(&let_in().to_string());
    let listed = ok(&desk, &["clients"]);
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 4, "a name does not end its line: {listed}");
    for part in [
        "one ",
        "Claude",
        "http://127.0.0.1/cb",
        "by root, 2026-11-28T10:00:00Z: the API, to see and change",
    ] {
        assert!(lines[0].contains(part), "{part}: {listed}");
    }
    assert!(lines[1].starts_with("'its two'"), "{listed}");
    assert!(
        lines[1].contains("Claude evil") && lines[1].ends_with("nobody now"),
        "{listed}"
    );
    assert!(lines[3].contains("where its document says"), "{listed}");
    assert_eq!(desk.json(&["clients", "list"])[0]["clientId"], "one");

    ok(&desk, &["servers", "--token", "good"]);
    for wanted in ["Claude", "nobody"] {
        let (exit, _, err) = desk.run(&["clients", "remove", wanted]);
        assert_eq!(exit, 2, "{err}");
        let cure = match wanted {
            "nobody" => "`mcphub clients` lists the ids",
            _ => "which programs choose themselves; write the id: one, three",
        };
        assert!(err.contains(cure), "{wanted}: {err}");
    }
    let said = ok(&desk, &["clients", "remove", "one"]);
    assert!(said.contains("it may ask again"), "{said}");
    let (exit, _, err) = desk.run(&["servers", "--token", "good"]);
    assert_eq!(exit, 2, "{err}");
    ok(&desk, &["servers", "--token", "other"]);
    for id in ["its two", "three", "https://client.example/client.json"] {
        assert_eq!(desk.json(&["clients", "remove", id])["success"], true);
    }
    assert_eq!(desk.run(&["servers", "--token", "other"]).0, 2);
    assert_eq!(desk.json(&["clients"]), json!([]));
    let none = ok(&desk, &["clients"]);
    assert!(none.contains("no program was let in yet"), "{none}");
}

#[test]
fn a_sign_in_that_each_user_has_is_pointed_at_the_page_where_he_makes_it() {
    let mut desk = Desk::new();
    let each = json!({ "url": "http://127.0.0.1:9/mcp", "oauth": { "tokens": "per_user" } });
    let _hub = desk.start_hub(&json!({ "mcpServers": { "each": each } }).to_string());
    let listed = ok(&desk, &["servers"]);
    let page = format!("{}/connect", desk.url());
    assert!(
        listed.contains(&page) && !listed.contains("auth login"),
        "{listed}"
    );
    let (exit, _, err) = desk.run(&["auth", "status"]);
    assert!(exit == 3 && err.contains(&page), "{err}");
}

#[test]
fn an_export_has_no_secrets_and_is_never_written_over_a_file() {
    let mut desk = Desk::new();
    let server = json!({ "url": "http://127.0.0.1:9/mcp", "enabled": false, "headers": { "Authorization": "Bearer hunter2" } });
    let _hub = desk.start_hub(&json!({ "mcpServers": { "a": server } }).to_string());
    let out = ok(&desk, &["export"]);
    assert!(
        out.contains("********") && !out.contains("hunter2"),
        "{out}"
    );
    ok(&desk, &["export", "--server", "a", "--out", "a.json"]);
    let written = std::fs::read_to_string(desk.home().join("a.json")).unwrap();
    assert!(
        written.contains("mcpServers") && !written.contains("users"),
        "{written}"
    );
    let before = desk.settings();
    let (exit, _, err) = desk.run(&["export", "--out", "mcp_settings.json"]);
    assert_eq!(exit, 1, "{err}");
    assert_eq!(desk.settings(), before);
}

#[test]
fn each_shell_gets_words_to_complete_without_a_hub() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let words = ok(&desk, &["completion", shell]);
        assert!(
            words.contains("connect") && words.contains("endpoint"),
            "{shell}"
        );
    }
}
