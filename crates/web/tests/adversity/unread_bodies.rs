//! Clients that are answered from the head alone, and send the body, or do not, when they have the answer.

use mcphub_web::Patience;
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::guest::{Asking, Guest};
use crate::house::{House, pass, soon};
use crate::server::good;

/// Long: what really passes must not count, however slow the machine is.
const PATIENCE: Patience = Patience {
    stall: Duration::from_secs(60),
    idle: Duration::from_secs(600),
};
const CLOSE: &str = "connection: close";
const NEXT: &str = "GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A hub that asks for a key.
async fn house() -> House {
    let settings = json!({
        "mcpServers": {},
        "bearerKeys": [{ "id": "1", "name": "one", "token": "secret", "enabled": true, "accessType": "all" }],
        "systemConfig": { "routing": { "enableBearerAuth": true } },
    });
    House::of(settings, |options| options.patience = PATIENCE).await
}

/// Sends this head, and what of the body goes with it.
async fn begin(guest: &Guest, more: &str, body: &str) -> Asking {
    let mut socket = guest.connect().await;
    // The system would hold the second of two pieces back, and time that passes for the test alone would overtake it.
    socket.set_nodelay(true).expect("no delay");
    let text = [&guest.head(more), body].concat();
    socket.write_all(text.as_bytes()).await.expect("it is sent");
    Asking::on(socket)
}

/// Asks for something else on the same connection.
async fn goes_on(asking: &mut Asking) -> bool {
    let sent = asking.socket.write_all(NEXT.as_bytes()).await;
    sent.is_ok() && asking.answer().await.status == 200
}

/// The connection has come to its end.
async fn ends(mut asking: Asking) {
    let end = soon("the end", asking.socket.read(&mut [0; 64])).await;
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
}

// rule: rfc9112-9.6
#[tokio::test]
async fn a_connection_goes_on_when_the_body_comes_behind_the_answer() {
    let house = house().await;
    for (path, more, status) in [
        ("/mcp", "", 401),
        ("/sse", "", 401),
        ("/api/servers", "", 401),
        ("/nothing", "", 404),
        ("/readyz", "", 405),
        ("/mcp", "origin: http://evil.example\r\n", 403),
    ] {
        let guest = Guest::at(&house, path);
        for size in [1, 300, 20_000, 200_000] {
            let body = "x".repeat(size);
            let head = format!("{more}content-length: {size}\r\n");
            for with_head in [0, size / 2, size] {
                let mut asking = begin(&guest, &head, &body[..with_head]).await;
                let answer = asking.answer().await;
                assert_eq!(answer.status, status, "{path}");
                assert!(!answer.head.contains(CLOSE), "{}", answer.head);
                for piece in body.as_bytes()[with_head..].chunks(size.div_ceil(3)) {
                    asking.socket.write_all(piece).await.expect("it is read");
                }
                assert!(
                    goes_on(&mut asking).await,
                    "{path}: {with_head} of {size} came with the head"
                );
            }
        }
    }
}

// rule: rfc9112-9.6
#[tokio::test]
async fn a_client_is_told_that_the_connection_ends_when_more_is_to_come_than_is_read_for_nothing() {
    let house = house().await;
    let guest = Guest::at(&house, "/mcp");
    let much = "x".repeat(600_000);
    let chunk = "5\r\nhello\r\n0\r\n\r\n";
    let too_large = "x".repeat(1_500_000);
    for (framing, body, status) in [
        ("content-length: 600000\r\n", &*much, 401),
        ("content-length: 1500000\r\n", &*too_large, 413),
        ("transfer-encoding: chunked\r\n", chunk, 401),
    ] {
        for with_head in [0, body.len()] {
            let mut asking = begin(&guest, framing, &body[..with_head]).await;
            // Whoever sends all of it before he reads gets his answer, too.
            let rest = &body.as_bytes()[with_head..];
            asking.socket.write_all(rest).await.expect("it is read");
            let answer = asking.answer().await;
            assert_eq!(answer.status, status, "{framing}");
            assert!(answer.head.contains(CLOSE), "{framing}: {}", answer.head);
            ends(asking).await;
        }
    }
    // A client of HTTP/1.0 that wants to go on is not told both.
    let head = guest.head("connection: keep-alive\r\ncontent-length: 600000\r\n");
    let mut socket = guest.connect().await;
    let head = head.replace("HTTP/1.1", "HTTP/1.0");
    socket.write_all(head.as_bytes()).await.expect("a head");
    let answer = Asking::on(socket).answer().await;
    let said = answer.head.to_lowercase();
    assert!(
        said.contains(CLOSE) && !said.contains("keep-alive"),
        "{said}"
    );
}

// rule: rfc9110-10.1.1
#[tokio::test]
async fn a_client_that_waits_to_be_asked_for_its_body_is_answered_without_it_and_told_of_the_end() {
    let house = house().await;
    let expecting = "expect: 100-continue\r\ncontent-length: 20\r\n";
    let mut asking = begin(&Guest::at(&house, "/mcp"), expecting, "").await;
    let answer = asking.answer().await;
    assert_eq!(answer.status, 401, "and not 100 before");
    assert!(answer.head.contains(CLOSE), "{}", answer.head);
    ends(asking).await;
    // Where the body is wanted it is asked for, and the connection goes on.
    let body = r#"{"username":"a","password":"b"}"#;
    let expecting = format!("expect: 100-continue\r\ncontent-length: {}\r\n", body.len());
    let mut asking = begin(&Guest::at(&house, "/api/auth/login"), &expecting, "").await;
    assert!(asking.until("\r\n\r\n").await.starts_with("HTTP/1.1 100"));
    let sent = asking.socket.write_all(body.as_bytes()).await;
    sent.expect("it is read");
    let answer = asking.answer().await;
    assert_eq!(answer.status, 401);
    assert!(!answer.head.contains(CLOSE), "{}", answer.head);
    assert!(goes_on(&mut asking).await);
}

#[tokio::test]
async fn the_rest_of_a_body_that_is_not_sent_holds_no_answer_and_its_connection_not_for_long() {
    let house = house().await;
    let guest = Guest::at(&house, "/mcp");
    let mut silent = begin(&guest, "content-length: 1000\r\n", "").await;
    assert_eq!(silent.answer().await.status, 401);
    let mut drips = begin(&guest, "content-length: 100000\r\n", "").await;
    assert_eq!(drips.answer().await.status, 401);
    let mut sent = 0;
    while drips.socket.write_all(b"x").await.is_ok() {
        pass(PATIENCE.stall / 4).await;
        sent += 1;
        assert!(sent < 40, "it drips on and on");
    }
    ends(silent).await;
    // One that has come is not taken for the head of a request that does not come to its end.
    let mut asking = begin(&guest, "content-length: 1000\r\n", "").await;
    assert_eq!(asking.answer().await.status, 401);
    for piece in [[b'x'; 500]; 2] {
        let sent = asking.socket.write_all(&piece).await;
        sent.expect("it is read");
        pass(PATIENCE.stall / 4).await;
    }
    pass(PATIENCE.idle / 2).await;
    assert!(goes_on(&mut asking).await);
}

#[tokio::test]
async fn a_client_that_owes_the_rest_of_a_body_leaves_when_somebody_else_wants_the_place() {
    let server = good();
    let house = House::changed(json!({ "up": server.settings() }), |options| {
        options.connections = 1;
    })
    .await;
    house.ready("up").await;
    let guest = Guest::at(&house, "/nothing");
    let mut owes = begin(&guest, "content-length: 1000\r\n", "").await;
    assert_eq!(owes.answer().await.status, 404);
    // There is no other place.
    Guest::of(&house, "/mcp/up").await;
    ends(owes).await;
}
