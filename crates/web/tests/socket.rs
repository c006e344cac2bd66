//! The socket: bound before anything is promised, told apart by address, closed in order.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use std::net::SocketAddr;
use std::time::Duration;

use http::StatusCode;
use mcphub_web::{Loops, OpenError, Web, WebOptions};
use stage::Stage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

fn options(listen: SocketAddr) -> WebOptions {
    let mut options = WebOptions::at(listen);
    options.admin_password = Some("from the environment".into());
    options
}

/// Sends a request as it is written and reads until the other side closes.
async fn raw(address: SocketAddr, request: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn it_answers_until_it_is_told_to_stop() {
    let stage = Stage::new("{}").await;
    let web = Web::open(stage.hub.clone(), options(([127, 0, 0, 1], 0).into()))
        .await
        .unwrap();
    let address = web.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(async move {
        web.serve(&Loops::here(), async { stopped.await.unwrap() })
            .await
    });
    let answer = raw(
        address,
        "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("ready\n"),
        "{answer}"
    );
    // rule: safe-w01
    let answer = raw(address, "GET /readyz HTTP/1.0\r\n\r\n").await;
    assert!(
        answer.starts_with("HTTP/1.0 403"),
        "without a host nobody is answered: {answer}"
    );
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), served)
        .await
        .expect("an idle hub stops at once")
        .unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_hub_that_stops_waits_for_no_body_that_nobody_wanted() {
    let stage = Stage::new("{}").await;
    let web = Web::open(stage.hub.clone(), options(([127, 0, 0, 1], 0).into()))
        .await
        .unwrap();
    let mut owes = TcpStream::connect(web.address()).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(async move {
        web.serve(&Loops::here(), async { stopped.await.unwrap() })
            .await
    });
    let head = "POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n";
    owes.write_all(head.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    owes.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 404");
    stop.send(()).unwrap();
    let served = tokio::time::timeout(Duration::from_secs(5), served).await;
    served.expect("it stops at once").unwrap();
}

#[tokio::test]
async fn whoever_is_connected_and_asks_nothing_leaves_when_somebody_else_wants_the_place() {
    let stage = Stage::new("{}").await;
    let mut options = options(([127, 0, 0, 1], 0).into());
    options.connections = 3;
    let web = Web::open(stage.hub.clone(), options).await.unwrap();
    let address = web.address();
    let served =
        tokio::spawn(async move { web.serve(&Loops::here(), std::future::pending()).await });
    let mut silent = Vec::new();
    for head in [
        "",
        "GET /rea",
        "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(head.as_bytes()).await.unwrap();
        silent.push(socket);
    }
    // This one has a place, and keeps it without asking for more.
    let mut first = [0; 12];
    silent[2].read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let ready = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    for _ in 0..2 {
        let answer = raw(address, ready);
        let answer = tokio::time::timeout(Duration::from_secs(10), answer).await;
        assert!(answer.unwrap().starts_with("HTTP/1.1 200"));
    }
    served.abort();
}

#[tokio::test]
async fn an_address_in_use_is_said_with_the_cure() {
    let stage = Stage::new("{}").await;
    let first = Web::open(stage.hub.clone(), options(([127, 0, 0, 1], 0).into()))
        .await
        .unwrap();
    let Err(error) = Web::open(stage.hub.clone(), options(first.address())).await else {
        panic!("two hubs on one address");
    };
    assert!(matches!(error, OpenError::Bind { .. }));
    assert!(error.to_string().contains("--listen"), "{error}");
}

#[tokio::test]
async fn guessing_from_one_address_does_not_lock_out_another() {
    let stage = Stage::new("{}").await;
    let web = Web::open(stage.hub.clone(), options(([127, 0, 0, 1], 0).into()))
        .await
        .unwrap();
    let address = web.address();
    let served =
        tokio::spawn(async move { web.serve(&Loops::here(), std::future::pending()).await });
    let try_from = |from: [u8; 4], password: &'static str| async move {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        let mut socket = socket.connect(address).await.unwrap();
        let body = format!(r#"{{"username":"admin","password":"{password}"}}"#);
        let head = format!(
            "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        socket
            .write_all(format!("{head}{body}").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer[9..12].parse::<u16>().unwrap()
    };
    for _ in 0..10 {
        assert_eq!(
            try_from([127, 0, 0, 2], "guess").await,
            StatusCode::UNAUTHORIZED.as_u16()
        );
    }
    assert_eq!(
        try_from([127, 0, 0, 2], "from the environment").await,
        StatusCode::TOO_MANY_REQUESTS.as_u16()
    );
    assert_eq!(
        try_from([127, 0, 0, 3], "from the environment").await,
        StatusCode::OK.as_u16()
    );
    served.abort();
}
