//! How the hub ends: SIGTERM lets what is under way finish within a bound, a second signal does not, and no process stays behind.

use hub::cause::Cause;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Desk, Running};

/// A test that waits longer is stuck.
const PATIENCE: Duration = Duration::from_secs(30);

/// A signal is heard long before as many questions are answered.
const TRIES: usize = 50_000;

/// A hub with a server whose tool answers when it is told to.
struct Stage {
    desk: Desk,
    hub: Running,
    address: String,
    server: String,
    /// A header.
    session: String,
}

impl Stage {
    /// `drain`: how many seconds the hub waits for answers when it is to stop.
    fn new(drain: &str) -> Self {
        let mut desk = Desk::new();
        let folder = desk.home().to_owned();
        let pipes = ["started", "called", "go"].map(|name| folder.join(name));
        assert!(
            Command::new("mkfifo")
                .args(pipes)
                .status()
                .unwrap()
                .success()
        );
        let server = "tests/cli/slow_server/server.sh";
        let server = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(server);
        let slow = json!({ "command": "sh", "args": [server, folder] });
        desk.write_settings(&json!({ "mcpServers": { "slow": slow } }).to_string());
        let mut command = desk.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.env("MCPHUB_DRAIN_SECONDS", drain);
        let hub = desk.started(Running::of(command));
        let address = desk.url().strip_prefix("http://").unwrap().to_owned();
        let server = heard(&desk, "started");
        // Whoever opens a session waits until its server is connected.
        let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        let opened = ask(&address, &post("initialize", &hello, "")).unwrap();
        let session = header(&opened, "mcp-session-id").unwrap();
        Self {
            desk,
            hub,
            address,
            server,
            session: format!("mcp-session-id: {session}\r\n"),
        }
    }

    /// Begins to call the tool; its answer, head and all, comes later.
    fn calls(&self) -> mpsc::Receiver<String> {
        let call = post(
            "tools/call",
            &json!({ "name": "wait", "arguments": {} }),
            &self.session,
        );
        let (address, (sender, answer)) = (self.address.clone(), mpsc::channel());
        thread::spawn(move || drop(sender.send(ask(&address, &call).unwrap_or_default())));
        assert_eq!(heard(&self.desk, "called"), "called");
        answer
    }

    fn signal(&self) {
        let hub = self.hub.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &hub]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits until the hub has heard the first signal. A connection on which nothing was asked yet when it came is closed without an answer, and
    /// whoever sent its request at that moment asks again, as HTTP clients do.
    fn drains(&self) -> String {
        let asked = std::iter::repeat_with(|| {
            ask(
                &self.address,
                "GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            )
        });
        let stops = |ready: &String| ready.starts_with("HTTP/1.1 503");
        let said = asked.take(TRIES).flatten().find(stops);
        said.expect("the hub says that it stops")
    }

    /// Waits for the end: the exit code, and what is left. Neither the hub nor its server is there any more.
    fn ends(self) -> (i32, Desk) {
        let (code, _) = self.hub.end();
        assert!(ask(&self.address, "").is_none());
        // One that is dead and that nobody has collected yet has no command line any more.
        let line = std::fs::read(format!("/proc/{}/cmdline", self.server));
        let line = line.unwrap_or_default();
        assert!(line.is_empty(), "the server stayed behind");
        (code, self.desk)
    }
}

/// What the server says through a pipe.
fn heard(desk: &Desk, name: &str) -> String {
    let (path, (sender, said)) = (desk.home().join(name), mpsc::channel());
    thread::spawn(move || drop(sender.send(std::fs::read_to_string(path).unwrap())));
    said.recv_timeout(PATIENCE).unwrap().trim().to_owned()
}

/// The token by which commands on this machine are let in.
fn operator(desk: &Desk) -> String {
    let mut files = std::fs::read_dir(desk.data_folder().join("hubs")).unwrap();
    let file = files.find_map(|file| std::fs::read_to_string(file.ok()?.path()).ok());
    let file: Value = serde_json::from_str(&file.unwrap()).unwrap();
    file["token"].as_str().unwrap().to_owned()
}

fn post(method: &str, params: &Value, more: &str) -> String {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    format!(
        "POST /mcp/slow HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\n{more}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// What is answered until the connection is closed. `None`: nobody listens.
fn ask(address: &str, request: &str) -> Option<String> {
    let mut socket = TcpStream::connect(address).ok()?;
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).ok()?;
    Some(String::from_utf8(answer).unwrap())
}

fn header(answer: &str, name: &str) -> Option<String> {
    let mut lines = answer.lines();
    lines.find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(": ")?.to_owned()))
}

// rule: safe-e04
#[test]
fn a_call_that_is_under_way_when_the_hub_is_told_to_stop_is_answered_and_nothing_new_is_begun() {
    let stage = Stage::new("30");
    let made = stage.desk.run(&["groups", "add", "last"]);
    let call = stage.calls();
    stage.signal();
    let ready = stage.drains();
    assert!(
        ready.starts_with("HTTP/1.1 503") && ready.ends_with("draining\n"),
        "{ready}"
    );
    let late = ask(&stage.address, &post("tools/list", &json!({}), "")).unwrap();
    assert!(
        late.starts_with("HTTP/1.1 503") && late.contains("\"code\":\"stopping\""),
        "{late}"
    );
    assert!(late.contains(&Cause::Stopping.id()), "{late}");
    assert!(call.try_recv().is_err(), "it still works");
    std::fs::write(stage.desk.home().join("go"), "last\n").unwrap();
    let answer = call.recv_timeout(PATIENCE).unwrap();
    assert!(answer.contains("done at last"), "{answer}");
    let (code, desk) = stage.ends();
    assert_eq!(code, 0);
    assert_eq!(made.0, 0, "{made:?}");
    assert_eq!(desk.settings_as_json()["groups"][0]["name"], "last");
}

#[test]
fn a_call_that_takes_longer_than_the_hub_may_wait_is_told_so() {
    let stage = Stage::new("1");
    let call = stage.calls();
    stage.signal();
    let answer = call.recv_timeout(PATIENCE).unwrap();
    assert!(answer.contains("Error: the hub stops"), "{answer}");
    assert_eq!(stage.ends().0, 0);
}

#[test]
fn a_request_without_a_session_that_takes_too_long_is_refused_in_the_words_of_http() {
    let stage = Stage::new("0");
    let (address, (sender, answer)) = (stage.address.clone(), mpsc::channel());
    let token = operator(&stage.desk);
    let call = format!(
        "POST /api/tools/call/slow HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 35\r\n\r\n{}",
        r#"{"toolName":"wait","arguments": {}}"#
    );
    thread::spawn(move || drop(sender.send(ask(&address, &call).unwrap_or_default())));
    assert_eq!(heard(&stage.desk, "called"), "called");
    stage.signal();
    let answer = answer.recv_timeout(PATIENCE).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("\"code\":\"stopping\""), "{answer}");
    assert_eq!(stage.ends().0, 0);
}

// rule: safe-e04
#[test]
fn a_second_signal_ends_the_hub_at_once_and_its_servers_with_it() {
    let stage = Stage::new("600");
    let call = stage.calls();
    stage.signal();
    stage.drains();
    stage.signal();
    assert_eq!(stage.ends().0, 130);
    assert!(!call.recv_timeout(PATIENCE).unwrap().contains("done"));
}
