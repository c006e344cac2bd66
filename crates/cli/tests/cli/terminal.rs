//! Commands on a terminal of their own, with a display and a browser that are not there: what only a person at a machine meets.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc;

use nix::pty::{Winsize, openpty};

use crate::harness::{Desk, PATIENCE, Running};

/// The keyboard of a terminal.
pub(crate) struct Keyboard(File);

impl Keyboard {
    pub(crate) fn types(&mut self, line: &str) {
        self.0.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

/// Starts a command on a terminal of 100 columns.
pub(crate) fn on_terminal(mut command: Command) -> (Running, Keyboard) {
    let size = Winsize {
        ws_row: 40,
        ws_col: 100,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let pair = openpty(Some(&size), None).unwrap();
    let slave: OwnedFd = pair.slave;
    command.stdin(slave.try_clone().unwrap());
    command.stdout(slave.try_clone().unwrap()).stderr(slave);
    let master = File::from(pair.master);
    let keyboard = Keyboard(master.try_clone().unwrap());
    let child = command.spawn().unwrap();
    // What it holds of the terminal would keep the terminal open after the child's end.
    drop(command);
    (Running::reading(child, BufReader::new(master)), keyboard)
}

/// A browser that only says which pages it was asked for.
pub(crate) struct FakeBrowser {
    command: PathBuf,
    opened: mpsc::Receiver<String>,
}

impl FakeBrowser {
    pub(crate) fn at(desk: &Desk) -> Self {
        let (command, pipe) = (desk.home().join("browser"), desk.home().join("opened"));
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let script = format!("#!/bin/sh\necho \"$1\" > '{}'\n", pipe.display());
        std::fs::write(&command, script).unwrap();
        std::fs::set_permissions(&command, std::fs::Permissions::from_mode(0o755)).unwrap();
        let (sender, opened) = mpsc::channel();
        std::thread::spawn(move || {
            // Each opening waits for a writer, and gives what that one wrote.
            while let Ok(told) = std::fs::read_to_string(&pipe) {
                for line in told.lines() {
                    if sender.send(line.to_owned()).is_err() {
                        return;
                    }
                }
            }
        });
        Self { command, opened }
    }

    /// As the only browser of a machine with a display.
    pub(crate) fn is_of(&self, command: &mut Command) {
        command.env("DISPLAY", ":0").env("BROWSER", &self.command);
    }

    /// The next page that it is asked for.
    pub(crate) fn page(&self) -> String {
        self.opened.recv_timeout(PATIENCE).unwrap()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.opened.try_recv().is_err()
    }
}

/// A client without any abilities, which calls `echo`; the connection stays open until the answer comes.
pub(crate) struct Caller {
    stream: BufReader<TcpStream>,
}

impl Caller {
    pub(crate) fn calls(url: &str, text: &str) -> Self {
        let address = url.strip_prefix("http://").unwrap();
        let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
        let mut answer = String::new();
        let mut stream = sent(address, "", hello);
        stream.read_to_string(&mut answer).unwrap();
        let session = answer
            .lines()
            .find_map(|line| line.strip_prefix("mcp-session-id: "))
            .unwrap();
        let call = format!(
            r#"{{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{{"name":"echo","arguments":{{"text":"{text}"}},"_meta":{{"progressToken":1}}}}}}"#
        );
        let more = format!("mcp-session-id: {session}\r\n");
        Self {
            stream: BufReader::new(sent(address, &more, &call)),
        }
    }

    /// Waits for a line of the answer with this in it.
    pub(crate) fn hears(&mut self, wanted: &str) -> String {
        let lines = self.stream.by_ref().lines().map_while(Result::ok);
        let found = lines.into_iter().find(|line| line.contains(wanted));
        found.unwrap_or_else(|| panic!("the call ended without {wanted:?}"))
    }
}

fn sent(address: &str, more: &str, body: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    let request = format!(
        "POST /mcp/practice HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\n{more}content-length: {length}\r\n\r\n{body}"
    );
    socket.write_all(request.as_bytes()).unwrap();
    socket
}
