//! Metadata that is a bomb, and what the running hub's memory makes of it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::wire::Target;
use crate::harness::PATIENCE;

type Bomb = fn(&mut TcpStream) -> std::io::Result<()>;

const MOST_GROWTH: u64 = 50 << 20;

/// A server that wants a sign-in, and whose metadata is written by `bomb`; its address, and a word when it was asked for that.
fn server(
    bomb: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + 'static,
) -> (String, mpsc::Receiver<()>) {
    let (sender, asked_for) = mpsc::channel();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut asked = [0; 8192];
            let length = socket.read(&mut asked).unwrap_or(0);
            let asked = String::from_utf8_lossy(&asked[..length]);
            let answered = match asked.contains("/.well-known/") {
                true => sender
                    .send(())
                    .map_err(std::io::Error::other)
                    .and_then(|()| bomb(&mut socket)),
                false => socket.write_all(
                    b"HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                ),
            };
            // The hub hangs up when it has enough.
            drop(answered);
        }
    });
    (url, asked_for)
}

fn megabytes(
    socket: &mut TcpStream,
    head: &str,
    piece: &[u8],
    times: usize,
) -> std::io::Result<()> {
    socket.write_all(head.as_bytes())?;
    (0..times).try_for_each(|_| socket.write_all(piece))
}

fn resident(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = most.unwrap().trim().trim_end_matches(" kB");
    kilobytes.parse::<u64>().unwrap() << 10
}

// rule: safe-b01
#[cfg(target_os = "linux")]
#[test]
fn metadata_that_is_a_bomb_costs_the_running_hub_little_memory() {
    let target = Target::with(&json!({ "mcpServers": {} }));
    let id = target.hub.child.id();
    // A first server, so that what one costs at all is not counted.
    let bombs: [(&str, Bomb); 4] = [
        ("none", |socket| {
            megabytes(
                socket,
                "HTTP/1.1 404 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                b"",
                0,
            )
        }),
        ("100 MB", |socket| {
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                100 << 20
            );
            megabytes(socket, &head, &[b' '; 1 << 20], 100)
        }),
        ("100 MB without a length", |socket| {
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
            megabytes(socket, head, &[b'['; 1 << 20], 100)
        }),
        ("10,000 headers", |socket| {
            let lines: String = (0..10_000).map(|n| format!("x-{n}: {n}\r\n")).collect();
            megabytes(socket, &format!("HTTP/1.1 200 OK\r\n{lines}\r\n"), b"", 0)
        }),
    ];
    let mut before = 0;
    for (number, (what, bomb)) in bombs.into_iter().enumerate() {
        let (url, asked_for) = server(bomb);
        let added = json!({ "name": format!("s{number}"), "config": { "url": url } });
        let made = target.as_operator("POST /api/servers", &added);
        assert_eq!(made.status, 200, "{}", made.text);
        asked_for.recv_timeout(PATIENCE).unwrap();
        settled(&target, added["name"].as_str().unwrap());
        let now = resident(id);
        if before > 0 {
            assert!(
                now < before + MOST_GROWTH,
                "{what}: {before} to {now} bytes"
            );
        }
        before = now;
    }
    assert_eq!(target.ask("GET /healthz", "", "").status, 200);
}

/// Waits until the hub has made up its mind about a server.
fn settled(target: &Target, name: &str) {
    for _ in 0..1_000 {
        let shown = target.as_operator(&format!("GET /api/servers/{name}"), &json!({}));
        if shown.json()["data"]["status"] != "connecting" {
            return;
        }
        thread::park_timeout(Duration::from_millis(50));
    }
    panic!("{name} is still being connected to");
}
