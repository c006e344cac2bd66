//! Calls over kept-alive connections: as many as there can be, or at a pace.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::wire::{Reader, Side, header};

const HELLO: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#;
const READY: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// What is called, and how.
#[derive(Clone)]
pub(crate) struct Work {
    pub(crate) method: &'static str,
    pub(crate) params: String,
    pub(crate) connections: usize,
    pub(crate) time: Duration,
    /// Calls a second over all connections; none: as many as there can be.
    pub(crate) pace: Option<u32>,
}

/// What one round measured.
#[derive(Clone, Copy)]
pub(crate) struct Round {
    pub(crate) calls: usize,
    pub(crate) per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

impl Work {
    /// Calls of a tool with an answer of a known kind (see `upstream`).
    pub(crate) fn call(tool: &str, connections: usize, time: Duration) -> Self {
        Self {
            method: "tools/call",
            params: format!(
                r#"{{"name":"{tool}","arguments":{{"text":"hello"}},"_meta":{{"progressToken":7}}}}"#
            ),
            connections,
            time,
            pace: None,
        }
    }

    pub(crate) fn list(connections: usize, time: Duration) -> Self {
        Self {
            method: "tools/list",
            params: "{}".to_owned(),
            connections,
            time,
            pace: None,
        }
    }

    /// A session takes an id once at a time, so each connection has its own.
    pub(crate) fn body(&self, connection: usize) -> String {
        format!(
            r#"{{"jsonrpc":"2.0","id":{connection},"method":"{}","params":{}}}"#,
            self.method, self.params
        )
    }
}

/// Opens a session where the side keeps them.
pub(crate) async fn open(mut side: Side) -> io::Result<Side> {
    let mut reader = connect(&side).await?;
    let hello = exchange(&mut reader, &side.request(HELLO)).await?;
    side.session = header(&hello.0, "mcp-session-id");
    exchange(&mut reader, &side.request(READY)).await?;
    Ok(side)
}

/// One answer, for what is not measured.
pub(crate) async fn ask(side: &Side, work: &Work) -> io::Result<Vec<u8>> {
    let mut reader = connect(side).await?;
    Ok(exchange(&mut reader, &side.request(&work.body(1))).await?.1)
}

pub(crate) async fn connect(side: &Side) -> io::Result<Reader<TcpStream>> {
    let stream = TcpStream::connect(&side.address).await?;
    stream.set_nodelay(true)?;
    Ok(Reader::new(stream))
}

async fn exchange(reader: &mut Reader<TcpStream>, request: &[u8]) -> io::Result<(String, Vec<u8>)> {
    reader.stream.write_all(request).await?;
    let read = reader.next().await?;
    Ok((read.head, read.body))
}

/// Opens this many sessions, over a few connections, and leaves them open.
pub(crate) async fn sessions(side: &Side, count: usize) -> io::Result<()> {
    let mut reader = connect(side).await?;
    for _ in 0..count {
        let (head, _) = exchange(&mut reader, &side.request(HELLO)).await?;
        let id = header(&head, "mcp-session-id");
        let session = id.ok_or_else(|| io::Error::other(format!("no session: {head}")))?;
        let one = Side {
            session: Some(session),
            ..side.clone()
        };
        exchange(&mut reader, &one.request(READY)).await?;
    }
    Ok(())
}

pub(crate) async fn round(side: &Side, work: &Work) -> io::Result<Round> {
    let started = Instant::now();
    let tasks: Vec<_> = (0..work.connections)
        .map(|connection| tokio::spawn(caller(side.clone(), work.clone(), connection)))
        .collect();
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await.map_err(io::Error::other)??);
    }
    let elapsed = started.elapsed();
    taken.sort_unstable();
    let nothing = || io::Error::other("no call was answered in the time of a round");
    let last = taken.len().checked_sub(1).ok_or_else(nothing)?;
    Ok(Round {
        calls: taken.len(),
        per_second: taken.len() as f64 / elapsed.as_secs_f64(),
        p50: taken[last / 2],
        p99: taken[last * 99 / 100],
    })
}

/// One connection's calls. At a pace the time of a call begins when it is due, also where the one before it was late.
async fn caller(side: Side, work: Work, connection: usize) -> io::Result<Vec<Duration>> {
    let request = side.request(&work.body(connection));
    let mut reader = connect(&side).await?;
    let mut taken = Vec::new();
    let began = Instant::now();
    let step = work
        .pace
        .map(|pace| Duration::from_secs(1) * work.connections as u32 / pace);
    let mut due = began + step.unwrap_or_default() * connection as u32 / work.connections as u32;
    while began.elapsed() < work.time {
        let started = match step {
            Some(step) => {
                tokio::time::sleep_until(due.into()).await;
                let started = due;
                due += step;
                started
            }
            None => Instant::now(),
        };
        let (_, body) = exchange(&mut reader, &request).await?;
        if !body.windows(8).take(400).any(|part| part == b"\"result\"")
            && !body.windows(8).any(|part| part == b"\"result\"")
        {
            return Err(io::Error::other(
                String::from_utf8_lossy(&body).into_owned(),
            ));
        }
        taken.push(started.elapsed());
    }
    Ok(taken)
}
