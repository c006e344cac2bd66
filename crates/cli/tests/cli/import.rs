//! `mcphub import`: the servers of AI clients, taken over by a hub or into the settings file.

use crate::harness::{Desk, Running};
use serde_json::json;

fn write(desk: &Desk, path: &str, text: &str) {
    let path = desk.home().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn clients(desk: &Desk) {
    let desktop = r#"{ "mcpServers": {
        "linear": { "command": "npx", "args": ["-y", "mcp-remote", "http://127.0.0.1:9/mcp", "--header", "Authorization:${AUTH}"], "env": { "AUTH": "Bearer hunter2" } },
        "files": { "command": "npx", "args": ["-y", "server-filesystem", "/x"], "cwd": "/y" } } }"#;
    write(desk, ".config/Claude/claude_desktop_config.json", desktop);
    write(
        desk,
        ".cursor/mcp.json",
        "{ // mine\n \"mcpServers\": { \"files\": { \"command\": \"other\" }, \"known\": { \"url\": \"http://127.0.0.1:8/mcp/\" } } }",
    );
    write(
        desk,
        ".codex/config.toml",
        "[mcp_servers.docs]\nurl = \"http://127.0.0.1:7/mcp\"\nbearer_token_env_var = \"DOCS\"\n",
    );
    write(desk, ".gemini/settings.json", "{ \"mcpServers\": ");
}

const SETTINGS: &str = "{\n  // ours\n  \"mcpServers\": {\n    \"k\": { \"url\": \"http://127.0.0.1:8/mcp\", \"enabled\": false } // there\n  }\n}\n";

fn taken_over(desk: &Desk) {
    let text = desk.settings();
    assert!(
        text.contains("// ours") && text.contains("// there"),
        "{text}"
    );
    let mut now = desk.settings_as_json()["mcpServers"].clone();
    for server in now.as_object_mut().unwrap().values_mut() {
        // A hub notes who added it.
        server.as_object_mut().unwrap().remove("owner");
    }
    let expected = json!({
        "k": { "url": "http://127.0.0.1:8/mcp", "enabled": false },
        "linear": { "url": "http://127.0.0.1:9/mcp", "headers": { "Authorization": "Bearer hunter2" } },
        "files": { "command": "npx", "args": ["-y", "server-filesystem", "/x"] },
        "files-2": { "command": "other", "args": [] },
        "docs": { "url": "http://127.0.0.1:7/mcp", "headers": { "Authorization": "Bearer ${DOCS}" } },
    });
    assert_eq!(now, expected);
}

// rule: safe-e01
#[test]
fn a_running_hub_takes_over_what_is_new_and_says_what_it_did_not_take() {
    let mut desk = Desk::new();
    let _hub = desk.start_hub(SETTINGS);
    clients(&desk);
    let (exit, out, err) = desk.run(&["import"]);
    assert_eq!(exit, 1, "{out}{err}");
    let servers = desk.settings_as_json()["mcpServers"].clone();
    assert_eq!(
        servers.as_object().unwrap().len(),
        1,
        "nothing without a yes"
    );
    let (exit, out, err) = desk.run(&["import", "--yes"]);
    assert_eq!(exit, 0, "{out}{err}");
    for said in [
        "there already, as k",
        "not taken: cwd",
        "Gemini CLI: ",
        "4 servers added",
    ] {
        assert!(out.contains(said), "{said}: {out}");
    }
    assert!(!out.contains("hunter2"), "{out}");
    taken_over(&desk);
    let again = desk.json(&["import", "--yes"]);
    let states = again["servers"].as_array().unwrap();
    assert!(states.iter().all(|it| it["state"] == "there"), "{again}");
}

#[test]
fn without_a_hub_they_go_into_the_settings_file() {
    let desk = Desk::new();
    desk.write_settings(SETTINGS);
    clients(&desk);
    let file = ["--settings", "mcp_settings.json"];
    let nobody = ["--url", "http://127.0.0.1:1"];
    let (exit, out, err) = desk.run(&[&["import", "--yes"][..], &file, &nobody].concat());
    assert_eq!(exit, 0, "{out}{err}");
    assert!(
        out.contains("no hub answers") && out.contains("mcp_settings.json"),
        "{out}"
    );
    taken_over(&desk);
}

#[test]
fn a_hub_that_was_named_is_not_answered_for_by_a_file() {
    let desk = Desk::new();
    desk.write_settings(SETTINGS);
    clients(&desk);
    let (exit, _, err) = desk.run(&["import", "--yes", "--url", "http://127.0.0.1:9"]);
    assert_eq!(exit, 4, "{err}");
    assert_eq!(desk.settings(), SETTINGS);
}

#[test]
fn single_servers_and_single_files_can_be_chosen_and_the_hub_itself_is_left() {
    let mut desk = Desk::new();
    let _hub = desk.start_hub("{}");
    clients(&desk);
    let (exit, out, err) = desk.run(&["import", "docs", "--from", "codex", "--yes"]);
    assert_eq!(exit, 0, "{out}{err}");
    let (exit, out, err) = desk.run(&["connect", "cursor", "--yes"]);
    assert_eq!(exit, 0, "{out}{err}");
    let told = desk.json(&["import", "--file", ".cursor/mcp.json", "--yes"]);
    let hub = told["servers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "mcphub");
    assert_eq!(hub.unwrap()["more"], "it is this hub", "{told}");
    let servers = desk.settings_as_json()["mcpServers"].clone();
    let names: Vec<&str> = servers
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(names, ["docs", "files", "known"]);
    let (exit, _, err) = desk.run(&["import", "--file", "nowhere.json", "--yes"]);
    assert_eq!(exit, 1, "{err}");
}

#[test]
fn a_server_that_no_client_has_is_said_with_the_one_that_was_meant() {
    let desk = Desk::new();
    desk.write_settings(SETTINGS);
    clients(&desk);
    for (name, cure) in [("dosc", "did you mean docs?"), ("nosuch", "`--file` names")] {
        let (exit, out, err) = desk.run(&["import", "linear", name, "--yes"]);
        assert_eq!(exit, 1, "{out}{err}");
        let said = format!("there is no server named {name:?} among those that were found");
        assert!(err.contains(&said) && err.contains(cure), "{err}");
        assert!(!out.contains("No client on this machine"), "{out}");
    }
    assert_eq!(desk.settings(), SETTINGS);
}

#[test]
fn a_hub_at_a_port_of_its_own_is_known_again_without_being_named() {
    let mut desk = Desk::new();
    desk.write_settings("{}");
    let mut command = desk.command(&["serve"]);
    command.env("PORT", "0");
    let _hub = desk.started(Running::of(command));
    let own = json!({ "mcpServers": { "mcphub": { "url": format!("{}/mcp", desk.url()) } } });
    write(&desk, "own.json", &own.to_string());
    let mut import = desk.command(&["import", "--file", "own.json", "--yes", "--json"]);
    import.env_remove("MCPHUB_URL");
    import.args(["--settings", "mcp_settings.json"]);
    let out = import.output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(told["servers"][0]["state"], "left", "{told}");
    assert_eq!(desk.settings_as_json()["mcpServers"]["mcphub"], json!(null));
}
