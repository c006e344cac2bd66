//! The trivial upstream: a session without an id, and answers made beforehand. Over HTTP at `/mcp/{anything}`, or over stdio.
//!
//! What a call asks for stands in its tool's name: `b64` is an answer of 64 bytes, `sse` one with progress before it, `late` the
//! same with some time in between.

use std::io::{self, BufRead as _, Write as _};
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::wire::Reader;

/// Tools that every upstream has, so that a merged list has some length.
pub(crate) const TOOLS: usize = 50;

const LATE: Duration = Duration::from_millis(20);

pub(crate) async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        // A connection that ends is no trouble of the bench's.
        tokio::spawn(connection(stream));
    }
}

async fn connection(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = Reader::new(stream);
    loop {
        let read = reader.next().await?;
        let (now, later) = answer(&read.head, &read.body);
        reader.stream.write_all(&now).await?;
        if let Some(later) = later {
            tokio::time::sleep(LATE).await;
            reader.stream.write_all(&later).await?;
        }
    }
}

/// What is sent at once, and what later.
fn answer(head: &str, body: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    if !head.starts_with("POST") {
        let none = b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n";
        return (none.to_vec(), None);
    }
    let message: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(text) = result(&message) else {
        return (
            b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_vec(),
            None,
        );
    };
    let tool = &message["params"]["name"];
    if tool != "sse" && tool != "late" {
        return (http("application/json", &text), None);
    }
    let token = &message["params"]["_meta"]["progressToken"];
    let progress = format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":1}}}}"#
    );
    let (progress, text) = (format!("data: {progress}\n\n"), format!("data: {text}\n\n"));
    if tool == "sse" {
        return (http("text/event-stream", &(progress + &text)), None);
    }
    let whole = http("text/event-stream", &format!("{progress}{text}"));
    let (now, later) = whole.split_at(whole.len() - text.len());
    (now.to_vec(), Some(later.to_vec()))
}

fn http(kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// The answer to a request; none for a notification.
fn result(message: &Value) -> Option<String> {
    let id = message.get("id")?;
    let result = match message["method"].as_str()? {
        "initialize" => {
            r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"up","version":"1"}}"#.to_owned()
        }
        "tools/list" => format!(r#"{{"tools":[{}]}}"#, tools()),
        "tools/call" => {
            let name = message["params"]["name"].as_str().unwrap_or_default();
            let size = name.strip_prefix('b').and_then(|n| n.parse().ok());
            let text = "x".repeat(size.unwrap_or(64));
            format!(r#"{{"content":[{{"type":"text","text":"{text}"}}]}}"#)
        }
        "server/discover" => {
            return Some(format!(
                r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32601,"message":"unknown method"}}}}"#
            ));
        }
        _ => "{}".to_owned(),
    };
    Some(format!(
        r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#
    ))
}

fn tools() -> String {
    let known = ["b64", "b1024", "b65536", "b262144", "sse", "late"].map(str::to_owned);
    let more = (known.len()..TOOLS).map(|n| format!("tool{n}"));
    let tool = |name: String| {
        format!(
            r#"{{"name":"{name}","description":"Does what a tool of a bench does","inputSchema":{{"type":"object","properties":{{"text":{{"type":"string"}}}}}}}}"#
        )
    };
    let all: Vec<String> = known.into_iter().chain(more).map(tool).collect();
    all.join(",")
}

/// The same over standard input and output, until the input ends.
pub(crate) fn serve_stdio() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let message: Value = serde_json::from_str(&line?).unwrap_or_default();
        if let Some(text) = result(&message) {
            writeln!(out, "{text}")?;
            out.flush()?;
        }
    }
    Ok(())
}
