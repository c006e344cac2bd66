//! `mcphub connect`: a client's configuration before, after, and put back.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::harness::Desk;
use serde_json::{Value, json};

const OF_VSCODE: &str = "{\n\t// mine\n\t\"servers\": {\n\t\t\"other\": { \"command\": \"x\" }, // stays\n\t},\n\t\"inputs\": []\n}\n";

fn locked(required: bool) -> String {
    json!({
        "mcpServers": { "a": { "command": "x", "enabled": false } },
        "groups": [{ "id": "g", "name": "dev", "servers": ["a"] }],
        "systemConfig": { "routing": { "enableBearerAuth": required } },
    })
    .to_string()
}

/// A file in the home of the desk, with its folder.
fn file(desk: &Desk, path: &str, text: &str) -> PathBuf {
    let path = desk.home().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}

fn read(path: &PathBuf) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn ok(desk: &Desk, arguments: &[&str]) -> String {
    let (exit, out, err) = desk.run(arguments);
    assert_eq!(exit, 0, "{arguments:?}: {out}{err}");
    out
}

#[test]
fn a_client_is_connected_and_its_file_comes_back_byte_for_byte() {
    let mut desk = Desk::new();
    let _hub = desk.start_hub(&locked(false));
    let path = file(&desk, ".config/Code/User/mcp.json", OF_VSCODE);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let out = ok(&desk, &["connect", "vscode", "--yes"]);
    assert!(out.contains("+\t\t\"mcphub\": {"), "{out}");
    let written = read(&path);
    assert!(
        written.contains("// mine") && written.contains("// stays"),
        "{written}"
    );
    assert!(written.contains("\"type\": \"http\""), "{written}");
    assert!(
        !written.contains("Authorization"),
        "the hub asks for no key"
    );
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let backup = path.with_file_name("mcp.json.before-mcphub");
    assert_eq!(read(&backup), OF_VSCODE);

    let again = ok(&desk, &["connect", "vscode", "--yes"]);
    assert!(again.contains("connected already"), "{again}");
    ok(&desk, &["connect", "vscode", "--undo", "--yes"]);
    assert_eq!(read(&path), OF_VSCODE);
    assert!(!backup.exists());
    let (exit, _, err) = desk.run(&["connect", "vscode", "--undo", "--yes"]);
    assert_eq!(exit, 1, "{err}");
}

#[test]
fn what_the_client_wrote_meanwhile_survives_the_undo() {
    let mut desk = Desk::new();
    let _hub = desk.start_hub(&locked(false));
    let before =
        "{ \"mcpServers\": { \"mcphub\": { \"url\": \"http://old/mcp\", \"mine\": 1 } } }\n";
    let path = file(&desk, ".claude.json", before);
    ok(&desk, &["connect", "claude-code", "--yes"]);
    let changed = read(&path).replacen('{', "{ \"history\": [1],", 1);
    std::fs::write(&path, &changed).unwrap();
    ok(&desk, &["connect", "claude-code", "--undo", "--yes"]);
    let now: Value = serde_json::from_str(&read(&path)).unwrap();
    assert_eq!(now["history"], json!([1]));
    assert_eq!(
        now["mcpServers"]["mcphub"],
        json!({ "url": "http://old/mcp", "mine": 1 })
    );
}

#[test]
fn a_hub_that_asks_for_a_key_gets_one_for_this_client_and_this_endpoint_only() {
    let mut desk = Desk::new();
    let _hub = desk.start_hub(&locked(true));
    let path = file(&desk, ".codex/config.toml", "model = \"x\" # mine\n");
    let out = ok(&desk, &["connect", "codex", "--endpoint", "dev", "--yes"]);
    let keys = desk.settings_as_json()["bearerKeys"].clone();
    assert_eq!(keys[0]["name"], "Codex");
    assert_eq!(keys[0]["accessType"], "groups");
    assert_eq!(keys[0]["allowedGroups"], json!(["dev"]));
    let token = keys[0]["token"].as_str().unwrap();
    assert!(!out.contains(token), "a key is not shown: {out}");
    let written = read(&path);
    assert!(written.starts_with("model = \"x\" # mine\n"), "{written}");
    assert!(written.contains("[mcp_servers.mcphub]"), "{written}");
    assert!(
        written.contains("/mcp/dev\"") && written.contains(&format!("Bearer {token}")),
        "{written}"
    );

    let again = ok(&desk, &["connect", "codex", "--endpoint", "dev", "--yes"]);
    assert!(again.contains("connected already"), "{again}");
    let keys = desk.settings_as_json()["bearerKeys"].clone();
    assert_eq!(keys.as_array().unwrap().len(), 1, "its key is used again");
    let (exit, _, err) = desk.run(&["connect", "codex", "--key", "mcphub_wrong", "--yes"]);
    assert_eq!(exit, 1, "{err}");
    assert!(err.contains("does not take this key"), "{err}");
}

#[test]
fn an_endpoint_that_is_not_there_is_not_written() {
    let mut desk = Desk::new();
    for required in [true, false] {
        let _hub = desk.start_hub(&locked(required));
        let path = file(&desk, ".gemini/settings.json", "{}\n");
        let (exit, out, err) = desk.run(&["connect", "gemini", "--endpoint", "nope", "--yes"]);
        assert_eq!(exit, 2, "{out}{err}");
        assert_eq!(read(&path), "{}\n");
        assert!(!path.with_file_name("settings.json.before-mcphub").exists());
    }
}

#[test]
fn nothing_is_written_without_a_yes_and_nothing_at_all_by_print() {
    let mut desk = Desk::new();
    let _hub = desk.start_hub(&locked(true));
    let path = file(&desk, ".cursor/mcp.json", "{}\n");
    let (exit, out, err) = desk.run(&["connect", "cursor"]);
    assert_eq!(exit, 1, "{out}{err}");
    assert!(err.contains("--yes"), "{err}");
    assert!(out.contains("+    \"mcphub\": {"), "it was shown: {out}");
    let printed = ok(&desk, &["connect", "cursor", "--print"]);
    assert!(printed.contains("mcphub keys create"), "{printed}");
    let printed = ok(&desk, &["connect", "codex", "--print", "--file", "x.toml"]);
    assert!(printed.contains("[mcp_servers.mcphub]"), "{printed}");
    assert_eq!(read(&path), "{}\n");
    assert!(desk.settings_as_json().get("bearerKeys").is_none());
}

#[test]
fn a_client_that_is_not_there_and_a_file_that_is_broken_are_said() {
    let desk = Desk::new();
    let nobody = ["--url", "http://127.0.0.1:9", "--yes"];
    let (exit, _, err) = desk.run(&[&["connect", "windsurf"][..], &nobody].concat());
    assert_eq!(exit, 1, "{err}");
    assert!(
        err.contains("which is not there") && err.contains("--file"),
        "{err}"
    );
    let path = file(&desk, ".gemini/settings.json", "{ \"mcpServers\": ");
    let (exit, _, err) = desk.run(&[&["connect", "gemini"][..], &nobody].concat());
    assert_eq!(exit, 1, "{err}");
    assert!(err.contains("line 1"), "{err}");
    assert_eq!(read(&path), "{ \"mcpServers\": ");
}

#[test]
fn without_a_hub_the_entry_is_written_and_a_file_that_was_not_there_is_gone_after_the_undo() {
    let desk = Desk::new();
    let path = file(&desk, ".config/Claude/claude_desktop_config.json", "");
    std::fs::remove_file(&path).unwrap();
    let nobody = ["--url", "http://127.0.0.1:9", "--yes"];
    let out = ok(
        &desk,
        &[&["connect", "claude-desktop"][..], &nobody].concat(),
    );
    assert!(
        out.contains("is not known") && out.contains("mcp-remote"),
        "{out}"
    );
    let written: Value = serde_json::from_str(&read(&path)).unwrap();
    assert_eq!(
        written["mcpServers"]["mcphub"]["args"][2],
        "http://127.0.0.1:9/mcp"
    );
    ok(&desk, &["connect", "claude-desktop", "--undo", "--yes"]);
    assert!(!path.exists());
}

#[test]
fn a_link_to_the_file_stays_a_link() {
    let desk = Desk::new();
    let real = file(&desk, "dotfiles/mcp.json", "{}\n");
    let link = file(&desk, ".cursor/mcp.json", "");
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    ok(
        &desk,
        &["connect", "cursor", "--url", "http://127.0.0.1:9", "--yes"],
    );
    assert!(link.is_symlink());
    assert!(read(&real).contains("127.0.0.1:9/mcp"));
}
