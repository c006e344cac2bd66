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

#[test]
fn a_request_to_the_api_is_found_in_the_log_by_its_id() {
    let desk = Desk::new();
    desk.write_settings("{}");
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
    hub.kill().unwrap();
    hub.wait().unwrap();
    let mut log = String::new();
    hub.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    let asked: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Value| line["message"] == "the API was asked")
        .collect();
    let ids: Vec<&str> = asked
        .iter()
        .filter_map(|line| line["spans"][0]["request_id"].as_str())
        .collect();
    assert_eq!(ids, ["mine-1", made.as_str()], "{log}");
    assert_eq!(asked[0]["path"], "/auth/login");
}
