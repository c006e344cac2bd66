//! A server and a client of bare sockets, which can send much and read nothing.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::hub::Hub;

pub(super) const MB: usize = 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(60);
const STREAM: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/// An MCP server over HTTP with some tools: `large` and `events` answer with 50 MB, `stream` with progress for ever.
pub(super) async fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/mcp", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(serve(socket));
        }
    });
    url
}

async fn serve(mut socket: TcpStream) -> std::io::Result<()> {
    let mut connection = Vec::new();
    loop {
        let text = message(&mut socket, &mut connection).await?;
        let asked: Value = serde_json::from_str(&text).unwrap_or_default();
        let id = &asked["id"];
        let result = match (asked["method"].as_str(), asked["params"]["name"].as_str()) {
            (Some("initialize"), _) => {
                r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1"}}"#.to_owned()
            }
            (Some("tools/list"), _) => {
                r#"{"tools":[{"name":"large","inputSchema":{}},{"name":"stream","inputSchema":{}}]}"#.to_owned()
            }
            (Some("tools/call"), Some("large" | "events")) => {
                format!("{{\"content\":[{{\"type\":\"text\",\"text\":\"{}\"}}]}}", "x".repeat(50 * MB))
            }
            (Some("tools/call"), Some("small")) => r#"{"content":[]}"#.to_owned(),
            (Some("tools/call"), _) => return stream(socket, id).await,
            _ => {
                socket.write_all(b"HTTP/1.1 202 Yes\r\ncontent-length: 0\r\n\r\n").await?;
                continue;
            }
        };
        let text = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}");
        if asked["params"]["name"] == "events" {
            socket.write_all(STREAM).await?;
            return socket
                .write_all(format!("data: {text}\n\n").as_bytes())
                .await;
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            text.len()
        );
        socket.write_all(head.as_bytes()).await?;
        socket.write_all(text.as_bytes()).await?;
    }
}

/// Progress of 64 kB a piece, as long as somebody takes it.
async fn stream(mut socket: TcpStream, id: &Value) -> std::io::Result<()> {
    socket.write_all(STREAM).await?;
    let told = json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": {
        "progressToken": id, "progress": 1, "message": "x".repeat(64 * 1024),
    } });
    let told = format!("data: {told}\n\n");
    loop {
        socket.write_all(told.as_bytes()).await?;
    }
}

/// What ends a stream of chunks.
const LAST_CHUNK: &[u8] = b"\r\n0\r\n\r\n";

/// Reads one HTTP message; its body, of a stream with what is around the chunks. An answer that takes its time comes as a stream.
async fn message(socket: &mut TcpStream, read: &mut Vec<u8>) -> std::io::Result<String> {
    let end = loop {
        if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        more(socket, read).await?;
    };
    let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
    if head.contains("transfer-encoding: chunked") {
        while !read.ends_with(LAST_CHUNK) {
            more(socket, read).await?;
        }
        let all = read.split_off(end);
        read.clear();
        return Ok(String::from_utf8_lossy(&all).into_owned());
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length = length.map_or(0, |length| length.trim().parse().unwrap_or(0));
    while read.len() < end + length {
        more(socket, read).await?;
    }
    let body = String::from_utf8_lossy(&read[end..end + length]).into_owned();
    read.drain(..end + length);
    Ok(body)
}

async fn more(socket: &mut TcpStream, read: &mut Vec<u8>) -> std::io::Result<()> {
    read.reserve(256 * 1024);
    match socket.read_buf(read).await? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// A client that keeps its connection.
pub(super) struct Guest {
    pub(super) socket: TcpStream,
    session: String,
    read: Vec<u8>,
}

impl Guest {
    pub(super) async fn new(hub: &Hub) -> Self {
        Self {
            socket: TcpStream::connect(("127.0.0.1", hub.port()))
                .await
                .expect("a connection"),
            session: String::new(),
            read: Vec::new(),
        }
    }

    async fn send(&mut self, path: &str, method: &str, params: &Value) {
        let text =
            json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\n{}content-length: {}\r\n\r\n",
            self.session,
            text.len()
        );
        let request = [head, text].concat();
        self.socket
            .write_all(request.as_bytes())
            .await
            .expect("it is sent");
    }

    /// Opens a session, and holds on to it.
    pub(super) async fn open(&mut self, path: &str) {
        self.session.clear();
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": { "elicitation": {}, "sampling": {}, "roots": { "listChanged": true } },
            "clientInfo": { "name": "guest", "version": "1" } });
        self.send(path, "initialize", &params).await;
        while !self.read.windows(4).any(|four| four == b"\r\n\r\n") {
            more(&mut self.socket, &mut self.read)
                .await
                .expect("an answer");
        }
        let head = String::from_utf8_lossy(&self.read).into_owned();
        let id = head
            .lines()
            .find(|line| line.starts_with("mcp-session-id: "));
        self.session = format!("{}\r\n", id.unwrap_or_else(|| panic!("no session: {head}")));
        self.answer().await;
    }

    async fn answer(&mut self) -> String {
        let answer = message(&mut self.socket, &mut self.read);
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        answer.expect("in time").expect("an answer")
    }

    pub(super) async fn begin(&mut self, path: &str, tool: &str) {
        let params = json!({ "name": tool, "arguments": {}, "_meta": { "progressToken": 1 } });
        self.send(path, "tools/call", &params).await;
    }

    pub(super) async fn call(&mut self, path: &str, tool: &str) -> String {
        self.begin(path, tool).await;
        self.answer().await
    }
}
