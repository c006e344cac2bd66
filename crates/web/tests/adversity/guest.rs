//! A client that is nothing but a socket: it writes what the test says, and reads when the test wants.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::house::{House, soon};

/// Somebody with a session, or about to open one.
#[derive(Clone)]
pub(crate) struct Guest {
    address: SocketAddr,
    path: Arc<str>,
    session: Option<Arc<str>>,
}

/// A request on its way.
pub(crate) struct Asking {
    pub(crate) socket: TcpStream,
    read: Vec<u8>,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Guest {
    /// Without a session.
    pub(crate) fn at(house: &House, path: &str) -> Self {
        Self {
            address: house.address,
            path: path.into(),
            session: None,
        }
    }

    /// With a session, and able to answer what servers ask.
    pub(crate) async fn of(house: &House, path: &str) -> Self {
        let mut guest = Self::at(house, path);
        let params = json!({
            "protocolVersion": "2025-11-25", "capabilities": { "elicitation": {} },
            "clientInfo": { "name": "guest", "version": "1" },
        });
        let opened = guest.ask("initialize", &params).await;
        let line = opened
            .head
            .lines()
            .find_map(|line| line.strip_prefix("mcp-session-id: "));
        guest.session = Some(
            line.unwrap_or_else(|| panic!("no session: {opened:?}"))
                .into(),
        );
        guest
    }

    /// The head of a POST, with what else it is to say.
    pub(crate) fn head(&self, more: &str) -> String {
        let session = self.session.as_deref();
        let session = session.map(|id| format!("mcp-session-id: {id}\r\n"));
        format!(
            "POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\n{}{more}\r\n",
            self.path,
            session.unwrap_or_default(),
        )
    }

    /// A connection on which little is read ahead.
    pub(crate) async fn connect(&self) -> TcpStream {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket
            .set_recv_buffer_size(256 * 1024)
            .expect("a small buffer");
        soon("a connection", socket.connect(self.address))
            .await
            .expect("a connection")
    }

    /// Sends a message as it is written.
    pub(crate) async fn post(&self, text: &str) -> Asking {
        let mut socket = self.connect().await;
        let head = self.head(&format!("content-length: {}\r\n", text.len()));
        let request = [head.as_bytes(), text.as_bytes()].concat();
        socket.write_all(&request).await.expect("it is sent");
        Asking {
            socket,
            read: Vec::new(),
        }
    }

    pub(crate) async fn begin(&self, method: &str, params: &Value) -> Asking {
        static IDS: AtomicUsize = AtomicUsize::new(1);
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.post(&request.to_string()).await
    }

    pub(crate) async fn ask(&self, method: &str, params: &Value) -> Answer {
        self.begin(method, params).await.whole().await
    }

    /// Begins to call a tool, with a progress token.
    pub(crate) async fn begin_call(&self, tool: &str) -> Asking {
        let params = json!({ "name": tool, "arguments": {}, "_meta": { "progressToken": "mine" } });
        self.begin("tools/call", &params).await
    }

    /// Calls a tool; the whole answer.
    pub(crate) async fn call(&self, tool: &str) -> Answer {
        self.begin_call(tool).await.whole().await
    }
}

impl Asking {
    /// What was asked here by hand.
    pub(crate) fn on(socket: TcpStream) -> Self {
        Self {
            socket,
            read: Vec::new(),
        }
    }

    /// Reads to the end of the answer.
    pub(crate) async fn whole(mut self) -> Answer {
        self.answer().await
    }

    /// The same where more may come behind it.
    pub(crate) async fn answer(&mut self) -> Answer {
        soon("an answer", async {
            let head = self.until("\r\n\r\n").await;
            let number = |name: &str| {
                let line = head.lines().find_map(|line| line.strip_prefix(name))?;
                line.trim().parse::<usize>().ok()
            };
            let status = head[9..12].parse().expect("a status");
            let body = match number("content-length:") {
                Some(length) => self.exactly(length).await,
                None if head.contains("transfer-encoding: chunked") => self.chunks().await,
                None => Vec::new(),
            };
            let body = String::from_utf8(body).expect("text");
            Answer { status, head, body }
        })
        .await
    }

    /// Reads up to these words, which must come.
    pub(crate) async fn until(&mut self, words: &str) -> String {
        loop {
            let at = self
                .read
                .windows(words.len())
                .position(|some| some == words.as_bytes());
            if let Some(at) = at {
                let found = self.read.drain(..at + words.len()).collect();
                return String::from_utf8(found).expect("text");
            }
            let came = soon(words, self.socket.read_buf(&mut self.read)).await;
            let said = String::from_utf8_lossy(&self.read);
            assert!(
                came.is_ok_and(|n| n > 0),
                "it ended before {words:?}: {said}"
            );
        }
    }

    async fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.read.len() < length {
            let came = self.socket.read_buf(&mut self.read).await.expect("bytes");
            assert!(came > 0, "the answer ended early");
        }
        self.read.drain(..length).collect()
    }

    async fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let size = self.until("\r\n").await;
            let size = usize::from_str_radix(size.trim(), 16).expect("a size");
            body.extend(self.exactly(size).await);
            self.until("\r\n").await;
            if size == 0 {
                return body;
            }
        }
    }

    /// Whether the answer has come; what comes before it, like the beginning of a stream, does not count.
    pub(crate) fn is_answered(&mut self) -> bool {
        // Nothing to read is as good as nothing read.
        while let Ok(1..) = self.socket.try_read_buf(&mut self.read) {}
        let said = String::from_utf8_lossy(&self.read);
        said.contains("\"result\"") || said.contains("\"error\"")
    }

    /// How many bytes still come before the hub closes the connection.
    pub(crate) async fn rest(mut self) -> usize {
        let mut some = vec![0; 64 * 1024];
        let mut count = self.read.len();
        soon("the end of a connection", async {
            while let Ok(came @ 1..) = self.socket.read(&mut some).await {
                count += came;
            }
            count
        })
        .await
    }

    /// Ends the connection without a good-bye.
    pub(crate) fn reset(self) {
        self.socket.set_zero_linger().expect("no good-bye");
    }
}

impl Answer {
    /// The message: the body, or the last event's.
    pub(crate) fn message(&self) -> Value {
        let last = self
            .body
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("data: "));
        let text = last.unwrap_or(&self.body);
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The text of a tool's result.
    pub(crate) fn text(&self) -> String {
        let message = self.message();
        let text = message["result"]["content"][0]["text"].as_str();
        text.unwrap_or_else(|| panic!("no text: {message}"))
            .to_owned()
    }

    /// The words of an error: of JSON-RPC, or of a tool's result.
    pub(crate) fn error(&self) -> String {
        let message = self.message();
        if message["result"]["isError"] == json!(true) {
            return self.text();
        }
        let text = message["error"]["message"].as_str();
        text.unwrap_or_else(|| panic!("no error: {message}"))
            .to_owned()
    }
}
