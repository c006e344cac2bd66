//! What the hub adds to a tool call: calls per second and latency through `/mcp/{server}`, as ratios to the direct
//! connection, interleaved in one run (absolute figures mean nothing from one machine to the next).
//!
//! The upstream and the load generator live in this process and speak HTTP/1.1 by hand, so that they cost as little as
//! possible; the hub is the release binary (`MCPHUB_BIN`, else `target/release/mcphub`). Leaves out what has its own
//! place later: other proxies, large answers, SSE answers, memory.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints, asks the clock and is its own root"
)]

use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);
const HELLO: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#;

/// One side of the comparison: where to send calls, and the session to name.
struct Side {
    address: String,
    path: &'static str,
    session: Option<String>,
}

/// What one round measured.
struct Round {
    per_second: f64,
    p50: Duration,
    p99: Duration,
}

fn main() -> io::Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(bench())
}

async fn bench() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let upstream = listener.local_addr()?.to_string();
    tokio::spawn(serve_upstream(listener));

    let hub = Hub::start(&upstream).await?;
    let mut direct = Side {
        address: upstream,
        path: "/mcp",
        session: None,
    };
    let mut through = Side {
        address: hub.address.clone(),
        path: "/mcp/up",
        session: None,
    };
    direct.session = open_session(&direct).await?;
    through.session = open_session(&through).await?;

    println!(
        "tools/call, 64-byte answer: hub as a ratio to the direct connection, median of {ROUNDS} interleaved rounds"
    );
    println!(
        "{:>12} {:>12} {:>12} {:>12} {:>14}",
        "connections", "calls/s", "p50", "p99", "hub calls/s"
    );
    for connections in [1, 32, 256] {
        let mut rounds = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            rounds.push((
                load(&direct, connections).await?,
                load(&through, connections).await?,
            ));
        }
        println!(
            "{connections:>12} {:>12.2} {:>12.2} {:>12.2} {:>14.0}",
            median(rounds.iter().map(|(d, h)| h.per_second / d.per_second)),
            median(
                rounds
                    .iter()
                    .map(|(d, h)| h.p50.as_secs_f64() / d.p50.as_secs_f64())
            ),
            median(
                rounds
                    .iter()
                    .map(|(d, h)| h.p99.as_secs_f64() / d.p99.as_secs_f64())
            ),
            median(rounds.iter().map(|(_, h)| h.per_second)),
        );
    }
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Sends calls over `connections` kept-alive connections for one round.
async fn load(side: &Side, connections: usize) -> io::Result<Round> {
    let until = Instant::now() + ROUND;
    let tasks: Vec<_> = (0..connections)
        .map(|connection| {
            let (address, request) = (side.address.clone(), request_bytes(side, &call(connection)));
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(&address).await?;
                stream.set_nodelay(true)?;
                let mut taken = Vec::new();
                let mut buffer = Vec::new();
                while Instant::now() < until {
                    let started = Instant::now();
                    stream.write_all(&request).await?;
                    let answer = read_message(&mut stream, &mut buffer).await?;
                    if !answer.1.windows(8).any(|part| part == b"\"result\"") {
                        return Err(io::Error::other(
                            String::from_utf8_lossy(&answer.1).into_owned(),
                        ));
                    }
                    taken.push(started.elapsed());
                }
                Ok(taken)
            })
        })
        .collect();
    let started = Instant::now();
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await.map_err(io::Error::other)??);
    }
    taken.sort_unstable();
    Ok(Round {
        per_second: taken.len() as f64 / started.elapsed().as_secs_f64(),
        p50: taken[taken.len() / 2],
        p99: taken[taken.len() * 99 / 100],
    })
}

/// A session takes an id once at a time, so each connection has its own.
fn call(id: usize) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"echo","arguments":{{"text":"hello"}}}}}}"#
    )
}

fn request_bytes(side: &Side, body: &str) -> Vec<u8> {
    let session = side
        .session
        .as_ref()
        .map(|id| format!("mcp-session-id: {id}\r\n"))
        .unwrap_or_default();
    format!(
        "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\n\
         mcp-protocol-version: 2025-11-25\r\n{session}content-length: {}\r\n\r\n{body}",
        side.path,
        side.address,
        body.len()
    )
    .into_bytes()
}

async fn open_session(side: &Side) -> io::Result<Option<String>> {
    let mut stream = TcpStream::connect(&side.address).await?;
    stream.write_all(&request_bytes(side, HELLO)).await?;
    let (head, _) = read_message(&mut stream, &mut Vec::new()).await?;
    Ok(header(&head, "mcp-session-id"))
}

/// Reads one HTTP/1.1 message with a content length: its head and its body. `buffer` keeps what came early.
async fn read_message(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> io::Result<(String, Vec<u8>)> {
    loop {
        if let Some(end) = buffer.windows(4).position(|part| part == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let length: usize = header(&head, "content-length")
                .and_then(|n| n.parse().ok())
                .unwrap_or(0);
            while buffer.len() < end + 4 + length {
                fill(stream, buffer).await?;
            }
            let body = buffer[end + 4..end + 4 + length].to_vec();
            buffer.drain(..end + 4 + length);
            return Ok((head, body));
        }
        fill(stream, buffer).await?;
    }
}

async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(buffer).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().to_owned())
}

/// The trivial upstream: a session without an id, one tool, the same answer for every call.
async fn serve_upstream(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            stream.set_nodelay(true)?;
            let mut buffer = Vec::new();
            while let Ok((head, body)) = read_message(&mut stream, &mut buffer).await {
                stream.write_all(&upstream_answer(&head, &body)).await?;
            }
            io::Result::Ok(())
        });
    }
}

fn upstream_answer(head: &str, body: &[u8]) -> Vec<u8> {
    let message: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    if !head.starts_with("POST") {
        return b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n".to_vec();
    }
    let result = match message["method"].as_str() {
        Some("initialize") => {
            r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"up","version":"1"}}"#
        }
        Some("tools/list") => r#"{"tools":[{"name":"echo","inputSchema":{"type":"object"}}]}"#,
        Some("tools/call") => r#"{"content":[{"type":"text","text":"hello"}]}"#,
        _ if message.get("id").is_none() => {
            return b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_vec();
        }
        _ => "{}",
    };
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#,
        message["id"]
    );
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The release binary with one server, ended when this is dropped.
struct Hub {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Hub {
    async fn start(upstream: &str) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let settings = folder.path().join("mcp_settings.json");
        std::fs::write(
            &settings,
            format!(
                r#"{{"mcpServers":{{"up":{{"type":"streamable-http","url":"http://{upstream}/mcp"}}}}}}"#
            ),
        )?;
        let address = TcpListener::bind("127.0.0.1:0")
            .await?
            .local_addr()?
            .to_string();
        let child = Command::new(binary())
            .args(["serve", "--listen", &address, "--settings"])
            .arg(&settings)
            .env("MCPHUB_DATA_DIR", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let hub = Self {
            child,
            address,
            _folder: folder,
        };
        hub.until_connected().await?;
        Ok(hub)
    }

    /// Asks `/health` until the one server is connected, for at most ten seconds.
    async fn until_connected(&self) -> io::Result<()> {
        let url = format!("http://{}/health", self.address);
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until {
            if let Ok(answer) = reqwest::get(&url).await {
                let health: serde_json::Value = answer.json().await.map_err(io::Error::other)?;
                if health["servers"]["connected"] == 1 {
                    return Ok(());
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(io::Error::other(
            "the hub did not connect to the upstream within ten seconds",
        ))
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a bench is its own root: nobody hands it an environment"
)]
fn binary() -> PathBuf {
    std::env::var_os("MCPHUB_BIN").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/release/mcphub"),
        PathBuf::from,
    )
}
