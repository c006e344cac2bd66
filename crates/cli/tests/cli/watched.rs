//! What an operator sees of a running hub in its log.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use crate::harness::Desk;
use serde_json::Value;

/// One request by hand, as `curl` sends it.
fn ask(address: &str, request: &str) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

/// A call that has no answer, under this id.
fn calls_in_vain(address: &str, id: &str) {
    let post = |method: &str, params: &str, more: &str| {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        ask(
            address,
            &format!(
                "POST /mcp/away HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\naccept: application/json, text/event-stream\r\ncontent-type: application/json\r\n{more}content-length: {}\r\n\r\n{body}",
                body.len()
            ),
        )
    };
    let hello = r#"{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}"#;
    let opened = post("initialize", hello, "");
    let mut lines = opened.lines();
    let session = lines
        .find_map(|line| line.strip_prefix("mcp-session-id: "))
        .unwrap();
    let called = post(
        "tools/call",
        r#"{"name":"x","arguments":{}}"#,
        &format!("mcp-session-id: {session}\r\nx-request-id: {id}\r\n"),
    );
    assert!(
        called.contains(&format!("\r\nx-request-id: {id}\r\n")),
        "{called}"
    );
}

#[test]
fn a_request_is_found_by_its_id_in_a_log_whose_every_line_is_json() {
    let desk = Desk::new();
    // Nobody listens there, so a call has no answer, which is logged.
    desk.write_settings(
        r#"{"mcpServers":{"away":{"type":"streamable-http","url":"http://127.0.0.1:9/mcp"}}}"#,
    );
    let mut command = desk.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut hub = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(hub.stdout.take().unwrap()).lines();
    let mut out = out.map_while(Result::ok);
    let line = out.find(|line| line.contains("clients http://")).unwrap();
    let address = line
        .split("http://")
        .last()
        .unwrap()
        .trim()
        .strip_suffix("/mcp")
        .unwrap();
    let login = |id: &str| {
        format!(
            "POST /api/auth/login HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: 2\r\n{id}\r\n{{}}"
        )
    };
    let mine = ask(address, &login("x-request-id: mine-1\r\n"));
    assert!(mine.contains("\r\nx-request-id: mine-1\r\n"), "{mine}");
    let forged = ask(address, &login("x-request-id: a b\r\n"));
    let made = forged
        .lines()
        .find_map(|line| line.strip_prefix("x-request-id: "));
    let made = made.unwrap().to_owned();
    assert!(made.len() == 16 && made != "a b", "{made}");
    calls_in_vain(address, "of-mcp");
    hub.kill().unwrap();
    hub.wait().unwrap();
    let mut log = String::new();
    hub.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<Value> = lines.collect();
    let unanswered = |line: &&Value| line["message"] == "a request has no answer";
    let unanswered = lines.iter().find(unanswered).unwrap();
    assert_eq!(unanswered["spans"][0]["request_id"], "of-mcp", "{log}");
    let asked: Vec<Value> = lines
        .into_iter()
        .filter(|line: &Value| line["message"] == "the API was asked")
        .collect();
    let ids: Vec<&str> = asked
        .iter()
        .filter_map(|line| line["spans"][0]["request_id"].as_str())
        .collect();
    assert_eq!(ids, ["mine-1", made.as_str()], "{log}");
    assert_eq!(asked[0]["path"], "/auth/login");
}

/// The lines of a hub's log that say who did what.
fn audited(log: &str) -> Vec<[String; 5]> {
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
    let audited = lines.filter(|line: &Value| line["target"] == "audit");
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let said =
        |line: Value| ["who", "method", "path", "status", "outcome"].map(|key| text(&line[key]));
    audited.map(said).collect()
}

#[test]
fn the_log_says_who_did_what_through_the_api_and_no_secret() {
    let mut desk = Desk::new();
    desk.write_settings(
        r#"{"mcpServers":{},"bearerKeys":[{"id":"k","name":"Laptop of \u202eAda","token":"token-of-the-laptop","enabled":true,"accessType":"all"}]}"#,
    );
    let log = std::fs::File::create(desk.home().join("log")).unwrap();
    let mut command = desk.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let hub = crate::harness::Running::reading(child, out);
    let _hub = desk.started(hub);
    let address = desk.url().strip_prefix("http://").unwrap().to_owned();
    let sends = |line: &str, header: &str, body: &str| {
        let length = body.len();
        ask(
            &address,
            &format!(
                "{line} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{header}content-length: {length}\r\n\r\n{body}"
            ),
        )
    };
    let key = "authorization: Bearer token-of-the-laptop\r\n";
    let eve = r#"{"username":"eve","password":"correct horse battery"}"#;
    assert!(sends("POST /api/users?note=hidden", key, eve).starts_with("HTTP/1.1 201"));
    let logged_in = sends("POST /api/auth/login", "", eve);
    let (_, body) = logged_in.split_once("\r\n\r\n").unwrap();
    let token = serde_json::from_str::<Value>(body).unwrap()["token"].clone();
    let login = format!("x-auth-token: {}\r\n", token.as_str().unwrap());
    sends("DELETE /api/users/eve", &login, "");
    sends("GET /api/users", &login, "");
    sends("GET /api/servers", &login, "");
    sends(
        "POST /api/servers",
        "",
        r#"{"name":"x","config":{"env":{"KEY":"hidden"}}}"#,
    );
    sends(
        "POST /api/auth/login",
        "",
        r#"{"username":"a-password-typed-here","password":"hidden too"}"#,
    );
    sends("DELETE /api/servers/nothing", key, "");
    assert_eq!(desk.run(&["groups", "add", "mine"]).0, 0);
    let log = std::fs::read_to_string(desk.home().join("log")).unwrap();
    let expected = [
        ["key Laptop of  Ada", "POST", "/users", "201", "done"],
        ["user eve", "POST", "/auth/login", "200", "done"],
        ["user eve", "DELETE", "/users/eve", "403", "refused"],
        ["user eve", "GET", "/users", "403", "refused"],
        ["nobody", "POST", "/servers", "401", "refused"],
        ["nobody", "POST", "/auth/login", "401", "refused"],
        [
            "key Laptop of  Ada",
            "DELETE",
            "/servers/nothing",
            "404",
            "failed",
        ],
        ["operator", "POST", "/groups", "201", "done"],
    ];
    assert_eq!(audited(&log), expected);
    let secrets = [
        "token-of-the-laptop",
        "correct horse",
        "hidden",
        "a-password-typed-here",
        token.as_str().unwrap(),
    ];
    for secret in secrets {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
