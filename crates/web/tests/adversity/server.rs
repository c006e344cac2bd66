//! An MCP server over HTTP that is nothing but sockets: what it answers to a call, and how much of it, is the test's.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

use crate::house::soon;

pub(crate) struct Server {
    pub(crate) url: String,
    heard: watch::Receiver<Vec<Value>>,
}

/// A call of a tool, and the connection on which it is to be answered.
pub(crate) struct Call {
    pub(crate) tool: String,
    pub(crate) id: Value,
    /// What progress is told under.
    pub(crate) token: Value,
    pub(crate) socket: TcpStream,
}

/// What the server is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    Handshake,
    Stateless,
    /// One with a stream of its own, which it ends at once and wants to be opened again without a pause.
    Restless,
}

impl Server {
    /// The answer may be as broken as it likes; the connection goes on if it is given back.
    pub(crate) fn start<F, A>(answer: F) -> Self
    where
        F: Fn(Call) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Option<TcpStream>> + Send,
    {
        Self::of(Era::Handshake, answer)
    }

    pub(crate) fn of<F, A>(era: Era, answer: F) -> Self
    where
        F: Fn(Call) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Option<TcpStream>> + Send,
    {
        let listener = listen();
        let url = format!("http://{}/mcp", listener.local_addr().expect("an address"));
        let (tell, heard) = watch::channel(Vec::new());
        let tell = Arc::new(tell);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (answer, tell) = (answer.clone(), Arc::clone(&tell));
                tokio::spawn(async move {
                    let mut connection = Some(socket);
                    while let Some(mut socket) = connection.take() {
                        let Some((is_post, message)) = request(&mut socket).await else {
                            return;
                        };
                        tell.send_modify(|heard| heard.push(message.clone()));
                        connection = match usual(era, is_post, &message) {
                            Some(text) if text.starts_with(STREAM) => {
                                write(socket, text.as_bytes()).await;
                                None
                            }
                            Some(text) => write(socket, text.as_bytes()).await,
                            None => answer(Call::new(&message, socket)).await,
                        };
                    }
                });
            }
        });
        Self { url, heard }
    }

    pub(crate) fn settings(&self) -> Value {
        json!({ "url": self.url, "type": "streamable-http" })
    }

    /// Everything that it was told, in order.
    pub(crate) fn heard(&self) -> Vec<Value> {
        self.heard.borrow().clone()
    }

    /// Waits for a message like this, and gives it.
    pub(crate) async fn hears(&self, what: &str, like: impl Fn(&Value) -> bool) -> Value {
        let mut heard = self.heard.clone();
        let found = soon(what, heard.wait_for(|all| all.iter().any(&like))).await;
        let found = found.expect("the server runs");
        found
            .iter()
            .find(|message| like(message))
            .expect("it is there")
            .clone()
    }

    /// Waits until the call of this tool is taken back, by the id that it has here.
    pub(crate) async fn hears_the_end_of(&self, tool: &str) {
        let call = self
            .hears(tool, |message| message["params"]["name"] == tool)
            .await;
        let end = |message: &Value| {
            message["method"] == "notifications/cancelled"
                && message["params"]["requestId"] == call["id"]
        };
        self.hears("a cancellation", end).await;
    }

    pub(crate) fn calls_of(&self, tool: &str) -> usize {
        let heard = self.heard();
        heard
            .iter()
            .filter(|message| message["params"]["name"] == tool)
            .count()
    }
}

/// A listener whose connections take in little before somebody reads.
fn listen() -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .set_recv_buffer_size(4 * 1024)
        .expect("a small buffer");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    socket.listen(1_024).expect("it listens")
}

/// Reads one request with its body.
pub(crate) async fn request(socket: &mut TcpStream) -> Option<(bool, Value)> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if socket.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length = length.map_or(0, |length| length.trim().parse().expect("a length"));
    while read.len() < end + length {
        if socket.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
    let message = serde_json::from_slice(&read[end..]).unwrap_or(Value::Null);
    Some((head.starts_with("post "), message))
}

/// What a server of this era with a few tools answers; calls are the test's.
fn usual(era: Era, is_post: bool, message: &Value) -> Option<String> {
    let method = message["method"].as_str();
    let result = match (era, method) {
        (Era::Restless, None) if !is_post => {
            return Some(format!("{STREAM}id: 1\nretry: 0\ndata:\n\n"));
        }
        _ if !is_post => return Some("HTTP/1.1 405 No\r\ncontent-length: 0\r\n\r\n".into()),
        (_, Some("tools/call")) => return None,
        (Era::Stateless, Some("server/discover")) => json!({
            "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": { "tools": {} },
        }),
        (Era::Handshake | Era::Restless, Some("initialize")) => json!({
            "protocolVersion": "2025-11-25", "capabilities": { "tools": {} },
            "serverInfo": { "name": "by hand", "version": "1" },
        }),
        (_, Some("tools/list")) => json!({ "resultType": "complete", "tools": tools() }),
        (Era::Handshake | Era::Restless, Some("server/discover")) => {
            let error = json!({ "code": -32601, "message": "unknown" });
            let error = json!({ "jsonrpc": "2.0", "id": message["id"], "error": error });
            return Some(json_answer(&error.to_string()));
        }
        _ => return Some("HTTP/1.1 202 Yes\r\ncontent-length: 0\r\n\r\n".into()),
    };
    let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
    Some(json_answer(&answer.to_string()))
}

fn tools() -> Vec<Value> {
    let names = ["echo", "evil"];
    let tools = names
        .iter()
        .map(|name| json!({ "name": name, "inputSchema": { "type": "object" } }));
    tools.collect()
}

pub(crate) fn json_answer(text: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{text}",
        text.len()
    )
}

/// The head of an event stream that ends with its connection.
pub(crate) const STREAM: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

pub(crate) fn event(message: &Value) -> String {
    format!("data: {message}\n\n")
}

/// Writes all of it, and gives the connection back unless it broke.
pub(crate) async fn write(mut socket: TcpStream, bytes: &[u8]) -> Option<TcpStream> {
    socket.write_all(bytes).await.ok().map(|()| socket)
}

/// Holds a connection until the other side ends it.
pub(crate) async fn hold(mut socket: TcpStream) -> Option<TcpStream> {
    let mut some = [0; 512];
    while let Ok(1..) = socket.read(&mut some).await {}
    None
}

impl Call {
    fn new(message: &Value, socket: TcpStream) -> Self {
        let params = &message["params"];
        Self {
            tool: params["name"].as_str().unwrap_or_default().to_owned(),
            id: message["id"].clone(),
            token: params["_meta"]["progressToken"].clone(),
            socket,
        }
    }

    /// The response with this text in its result.
    pub(crate) fn response(&self, text: &str) -> Value {
        json!({ "jsonrpc": "2.0", "id": self.id, "result": {
            "resultType": "complete", "content": [{ "type": "text", "text": text }],
        } })
    }

    pub(crate) fn progress(&self, message: &str) -> Value {
        json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": {
            "progressToken": self.token, "progress": 1, "message": message,
        } })
    }

    /// Answers as one does.
    pub(crate) async fn well(self, text: &str) -> Option<TcpStream> {
        let answer = json_answer(&self.response(text).to_string());
        write(self.socket, answer.as_bytes()).await
    }
}

/// A server that answers every call with the name of the tool.
pub(crate) fn good() -> Server {
    Server::start(|call| async {
        let tool = call.tool.clone();
        call.well(&tool).await
    })
}
