//! Tests: the lean connection against a server that follows a script, byte by byte.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::*;
use crate::fetch::{Egress, Fetch, Outlet, Reach, Way};

struct Bench {
    listener: TcpListener,
    lean: Lean,
    url: Url,
}

fn plain(outlet: Outlet) -> Dialer {
    match outlet {
        Outlet::Plain(dialer) => dialer,
        Outlet::General { .. } => panic!("more than TCP"),
    }
}

const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

impl Bench {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = Url::parse(&format!("http://{address}/mcp?a=b#c")).unwrap();
        let way = Way::from(Reach::Loopback);
        let outlet = Fetch::new(Egress::default()).outlet(&url, &way).await;
        let lean = Lean::new(plain(outlet.unwrap()));
        Self {
            listener,
            lean,
            url,
        }
    }

    async fn ask(&self, body: impl Into<Bytes>) -> Result<(Head, Body), Failed> {
        let mut headers = HeaderMap::new();
        headers.insert("x-one", HeaderValue::from_static("1"));
        headers.insert("content-length", HeaderValue::from_static("77"));
        let ask = Ask {
            method: &Method::POST,
            url: &self.url,
            headers: Layers(&[Some(&headers)]),
            body: Some(&body.into()),
        };
        self.lean.send(&ask).await
    }

    /// What a request comes to when the server answers with these bytes on a new connection and closes it.
    async fn answered(&self, answer: &[u8]) -> Result<String, String> {
        let asked = async {
            let (_, body) = self.ask("").await.map_err(|e| e.to_string())?;
            let whole = body.whole(100).await.map_err(|e| e.to_string())?;
            let whole = whole.map_err(|TooLarge| "too large".to_owned())?;
            Ok(String::from_utf8(whole).unwrap())
        };
        let served = async {
            let mut socket = self.connection().await;
            request(&mut socket).await;
            // The client may have heard enough before the end.
            let _ = socket.write_all(answer).await;
        };
        tokio::join!(asked, served).0
    }

    /// A request, and the server's side of the connection over which it was answered with these bytes.
    async fn begun(&self, answer: &[u8]) -> (TcpStream, Body) {
        let served = async {
            let mut socket = self.connection().await;
            request(&mut socket).await;
            socket.write_all(answer).await.unwrap();
            socket
        };
        let (socket, asked) = tokio::join!(served, self.ask("ask"));
        (socket, asked.unwrap().1)
    }

    /// A connection over which one request was answered.
    async fn used(&self) -> TcpStream {
        let (socket, answer) = self.begun(HELLO).await;
        answer.whole(100).await.unwrap().unwrap();
        socket
    }

    /// The reactor has seen that no connection can be used any more.
    async fn seen(&self) {
        while let Some(connection) = self.lean.pool.take() {
            self.lean.pool.put(connection, framing::Framing::Over);
            tokio::task::yield_now().await;
        }
    }

    async fn connection(&self) -> TcpStream {
        self.listener.accept().await.unwrap().0
    }

    /// One request over the connection, and its whole answer.
    async fn exchange(&self, socket: &mut TcpStream) -> String {
        let served = async {
            let asked = request(socket).await;
            socket.write_all(HELLO).await.unwrap();
            asked
        };
        let (asked, answer) = tokio::join!(served, self.ask("ask"));
        let whole = answer.unwrap().1.whole(100).await.unwrap().unwrap();
        assert_eq!(whole, b"hello");
        asked
    }
}

/// Reads one request, whose length its head says.
async fn request(socket: &mut TcpStream) -> String {
    let mut text = String::new();
    loop {
        let mut some = [0; 1024];
        let n = socket.read(&mut some).await.unwrap();
        assert_ne!(n, 0, "the client closed after {text:?}");
        text.push_str(std::str::from_utf8(&some[..n]).unwrap());
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split_once("content-length: ").unwrap().1;
            let length: usize = length.lines().next().unwrap().parse().unwrap();
            if body.len() == length {
                return text;
            }
        }
    }
}

/// The client closed it.
async fn closed(socket: &mut TcpStream) -> bool {
    matches!(socket.read(&mut [0; 1]).await, Ok(0) | Err(_))
}

#[tokio::test]
async fn a_request_is_written_as_the_standard_wants_it_and_the_settings_change_no_framing() {
    let bench = Bench::start().await;
    let (served, asked) = tokio::join!(
        async {
            let mut socket = bench.connection().await;
            let asked = request(&mut socket).await;
            socket.write_all(HELLO).await.unwrap();
            asked
        },
        bench.ask("{}"),
    );
    assert_eq!(asked.unwrap().0.status, 200);
    let host = bench.url.authority();
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "POST /mcp?a=b HTTP/1.1\r\nhost: {host}\r\nuser-agent: mcphub/{version}\r\naccept-encoding: identity\r\nx-one: 1\r\ncontent-length: 2\r\n\r\n{{}}"
    );
    assert_eq!(served, expected);
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let bench = Bench::start().await;
    let mut socket = bench.used().await;
    for _ in 0..3 {
        bench.exchange(&mut socket).await;
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_or_spoke_on_unasked_is_not_used_again() {
    let bench = Bench::start().await;
    drop(bench.used().await);
    bench.seen().await;
    let mut second = bench.used().await;
    second
        .write_all(b"HTTP/1.1 408 Timeout\r\n\r\n")
        .await
        .unwrap();
    bench.seen().await;
    let third = bench.used().await;
    assert!(closed(&mut second).await);
    drop(third);
}

#[tokio::test]
async fn a_server_that_says_close_is_taken_at_its_word() {
    let bench = Bench::start().await;
    for head in [
        "HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ] {
        assert_eq!(bench.answered(head.as_bytes()).await.unwrap(), "ok");
        assert!(bench.lean.pool.take().is_none(), "{head}");
    }
}

/// An answer of one event, of which the end is still to come.
const EVENT: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n";

async fn finished_early(bench: &Bench) -> TcpStream {
    let (socket, mut answer) = bench.begun(EVENT).await;
    assert_eq!(answer.chunk().await.unwrap().unwrap(), &b"data: 1\n\n"[..]);
    answer.finish();
    socket
}

#[tokio::test]
async fn what_is_left_of_an_answer_that_was_read_far_enough_is_read_away() {
    let bench = Bench::start().await;
    let mut socket = finished_early(&bench).await;
    socket.write_all(b"0\r\n\r\n").await.unwrap();
    // The reactor has to see it; until then another connection would be taken, which nobody here accepts.
    let kept = &bench.lean.pool;
    let connection = loop {
        match kept.take() {
            Some(connection) => break connection,
            None => tokio::task::yield_now().await,
        }
    };
    kept.put(connection, framing::Framing::Over);
    bench.exchange(&mut socket).await;
}

#[tokio::test]
async fn an_answer_that_does_not_end_blocks_nobody_and_is_given_up_in_the_end() {
    let bench = Bench::start().await;
    let mut endless = finished_early(&bench).await;
    let mut second = bench.used().await;
    bench.exchange(&mut second).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(5)).await;
    assert!(closed(&mut endless).await);
    assert!(closed(&mut second).await);
}

#[tokio::test]
async fn dropping_an_answer_closes_its_connection() {
    let bench = Bench::start().await;
    let (mut socket, answer) = bench.begun(EVENT).await;
    drop(answer);
    assert!(closed(&mut socket).await);
}

#[tokio::test]
async fn an_answer_to_a_request_that_is_not_whole_yet_is_read_and_the_rest_not_sent() {
    let bench = Bench::start().await;
    let large = Bytes::from(vec![b'x'; 16 * 1024 * 1024]);
    let (socket, answer) = tokio::join!(
        async {
            let mut socket = bench.connection().await;
            let refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno";
            socket.write_all(refusal).await.unwrap();
            socket
        },
        bench.ask(large)
    );
    let (head, body) = answer.unwrap();
    assert_eq!(head.status, 413);
    assert_eq!(body.whole(100).await.unwrap().unwrap(), b"no");
    assert!(bench.lean.pool.take().is_none());
    drop(socket);
}

#[tokio::test]
async fn a_connection_stays_with_the_runtime_that_watches_it() {
    let bench = Bench::start().await;
    let _socket = bench.used().await;
    let pool = Arc::clone(&bench.lean.pool);
    let elsewhere = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(async { pool.take().is_none() })
    });
    assert!(elsewhere.join().unwrap());
    assert!(bench.lean.pool.take().is_some());
}

#[tokio::test]
async fn nobody_there_is_told_apart_from_an_answer_that_broke_off() {
    let Bench {
        listener,
        lean,
        url,
    } = Bench::start().await;
    drop(listener);
    let ask = Ask {
        method: &Method::GET,
        url: &url,
        headers: Layers(&[]),
        body: None,
    };
    let failed = lean.send(&ask).await.err().unwrap();
    assert!(
        matches!(&failed, Failed::Unreachable(error) if error.kind() == io::ErrorKind::ConnectionRefused),
        "{failed:?}"
    );
}

#[tokio::test]
async fn a_name_that_leads_to_where_requests_must_not_go_is_not_dialled() {
    let url = Url::parse("http://inner.example:9/mcp").unwrap();
    let egress = Egress {
        lookup: Some(Arc::new(|_| {
            Box::pin(async { Ok(vec![IpAddr::from([127, 0, 0, 1])]) })
        })),
        ..Egress::default()
    };
    let fetch = Fetch::new(egress);
    let outlet = fetch.outlet(&url, &Way::from(Reach::Public)).await;
    let refused = plain(outlet.unwrap()).dial().await.unwrap_err().to_string();
    assert!(refused.contains("inner address"), "{refused}");
    let tls = Url::parse("https://127.0.0.1:9/mcp").unwrap();
    let outlet = fetch.outlet(&tls, &Way::from(Reach::Any)).await;
    assert!(matches!(outlet.unwrap(), Outlet::General { .. }));
}

#[tokio::test]
async fn nothing_is_sent_for_an_address_elsewhere() {
    let bench = Bench::start().await;
    let port = bench.url.port().unwrap();
    for other in [
        format!("https://127.0.0.1:{port}/mcp"),
        format!("http://localhost:{port}/mcp"),
        format!("http://127.0.0.2:{port}/mcp"),
        "http://127.0.0.1/mcp".to_owned(),
    ] {
        let ask = Ask {
            method: &Method::GET,
            url: &Url::parse(&other).unwrap(),
            headers: Layers(&[]),
            body: None,
        };
        let failed = bench.lean.send(&ask).await.err().unwrap().to_string();
        assert!(failed.contains("another server"), "{other}: {failed}");
    }
}

// rule: rfc9112-6.3, rfc9112-7.1
#[tokio::test]
async fn the_end_of_a_body_is_where_the_standard_says() {
    let bench = Bench::start().await;
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc", "abc"),
        ("HTTP/1.1 200 OK\r\n\r\nabc", "abc"),
        ("HTTP/1.1 204 None\r\n\r\n", ""),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", ""),
        (
            "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na",
            "a",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nt: 1\r\n\r\n",
            "abc",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            "a",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-encoding: identity\r\ncontent-length: 1\r\n\r\na",
            "a",
        ),
    ] {
        let found = bench.answered(answer.as_bytes()).await;
        assert_eq!(found.as_deref(), Ok(expected), "{answer}");
    }
}

// rule: rfc9112-6.3, rfc9112-7.1
#[tokio::test]
async fn an_answer_that_can_be_read_in_two_ways_or_breaks_off_is_none() {
    let bench = Bench::start().await;
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(70_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(200));
    for (answer, why) in [
        ("", "before its answer was whole"),
        ("HTTP/1.1 200 OK\r\nconte", "before its answer was whole"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab",
            "before its answer was whole",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab",
            "before its answer was whole",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n",
            "its chunk cannot",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-2\r\nab\r\n",
            "its chunk size cannot",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
            "its Content-Length cannot",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: +3\r\n\r\nabc",
            "its Content-Length cannot",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n",
            "too large",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\na",
            "compressed (gzip)",
        ),
        ("HTTP/2 200\r\n\r\n", "not HTTP/1.1"),
        ("SSH-2.0-x\r\n", "not HTTP/1.1"),
        (&long, "larger than 64 kB"),
        (&many, "not HTTP/1.1"),
    ] {
        let found = bench.answered(answer.as_bytes()).await.unwrap_err();
        assert!(found.contains(why), "{answer:.80}: {found}");
    }
    assert!(bench.lean.pool.take().is_none());
}

proptest! {
    // rule: rfc9112-7.1
    #[test]
    fn chunks_are_read_the_same_however_they_arrive(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6),
        cuts in prop::collection::vec(1_usize..9, 1..30),
    ) {
        let mut wire = Vec::new();
        for chunk in &chunks {
            wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            wire.extend_from_slice(chunk);
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b"0\r\n\r\nNEXT");
        let mut framing = framing::Framing::Chunked(framing::Chunked::Size);
        let (mut read, mut found) = (bytes::BytesMut::new(), Vec::new());
        let (mut rest, mut cuts) = (&wire[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
            rest = later;
            read.extend_from_slice(piece);
            while let Some(piece) = framing.take(&mut read).unwrap() {
                found.extend_from_slice(&piece);
            }
        }
        prop_assert_eq!(found, chunks.concat());
        prop_assert_eq!(framing, framing::Framing::Over);
        prop_assert_eq!(&read[..], b"NEXT");
    }
}
