//! HTTP by hand, as whoever means harm writes it, and a hub to write it to.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::harness::{Desk, PATIENCE, Running};

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Names in small letters.
    headers: Vec<(String, String)>,
    pub(super) text: String,
}

impl Answer {
    /// All values of this name, parted by commas.
    pub(super) fn header(&self, name: &str) -> String {
        let named = self.headers.iter().filter(|(known, _)| known == name);
        let values: Vec<&str> = named.map(|(_, value)| value.as_str()).collect();
        values.join(", ")
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

/// A hub that runs, and where.
pub(super) struct Target {
    pub(super) desk: Desk,
    pub(super) hub: Running,
    pub(super) address: String,
}

impl Target {
    pub(super) fn with(settings: &Value) -> Self {
        Self::changed(settings, &[])
    }

    pub(super) fn changed(settings: &Value, variables: &[(&str, &str)]) -> Self {
        let mut desk = Desk::new();
        desk.write_settings(&settings.to_string());
        let mut command = desk.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.envs(variables.iter().copied());
        let hub = desk.started(Running::of(command));
        let address = desk.url().strip_prefix("http://").unwrap().to_owned();
        Self { desk, hub, address }
    }

    /// `line` is method and path; `headers` are whole lines, with a `host` of their own or ours.
    pub(super) fn ask(&self, line: &str, headers: &str, body: &str) -> Answer {
        ask(&self.address, line, headers, body)
    }

    /// As the person who started the hub.
    pub(super) fn as_operator(&self, line: &str, body: &Value) -> Answer {
        let mut files = std::fs::read_dir(self.desk.data_folder().join("hubs")).unwrap();
        let file = files.find_map(|file| std::fs::read_to_string(file.ok()?.path()).ok());
        let file: Value = serde_json::from_str(&file.unwrap()).unwrap();
        let token = file["token"].as_str().unwrap();
        let bearer = format!("authorization: Bearer {token}\r\n");
        self.ask(line, &bearer, &body.to_string())
    }

    pub(super) fn makes_user(&self, name: &str, password: &str, is_admin: bool) {
        let user = json!({ "username": name, "password": password, "isAdmin": is_admin });
        let made = self.as_operator("POST /api/users", &user);
        assert_eq!(made.status, 201, "{}", made.text);
    }

    pub(super) fn logs_in(&self, name: &str, password: &str) -> Answer {
        let body = json!({ "username": name, "password": password }).to_string();
        self.ask("POST /api/auth/login", "", &body)
    }

    /// How a request with this login token is answered.
    pub(super) fn status_with(&self, token: &str) -> u16 {
        let header = format!("x-auth-token: {token}\r\n");
        self.ask("GET /api/servers", &header, "").status
    }
}

pub(super) fn ask(address: &str, line: &str, headers: &str, body: &str) -> Answer {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let host = match headers.contains("host: ") {
        true => String::new(),
        false => format!("host: {address}\r\n"),
    };
    let kind = match headers.contains("content-type: ") {
        true => "",
        false => "content-type: application/json\r\n",
    };
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\n{host}{headers}{kind}accept: application/json, text/event-stream, text/html\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    read(&String::from_utf8_lossy(&answer), line)
}

fn read(answer: &str, line: &str) -> Answer {
    let (head, text) = answer
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("{line} was not answered: {answer:?}"));
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Answer {
        status: status.parse().unwrap(),
        headers: headers.collect(),
        text: text.to_owned(),
    }
}
