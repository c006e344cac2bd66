//! Clients that do not read, or do not finish what they ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use mcphub_web::Patience;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::guest::{Asking, Guest};
use crate::house::{House, pass, soon, until};
use crate::process;
use crate::server::{STREAM, Server, event, good, hold, json_answer, write};

const LARGE: usize = 8 * 1024 * 1024;
const PATIENCE: Patience = Patience {
    stall: Duration::from_secs(2),
    idle: Duration::from_secs(20),
};

fn large() -> Server {
    Server::start(|call| async {
        if call.tool == "echo" {
            return call.well("echo").await;
        }
        let answer = json_answer(&call.response(&"x".repeat(LARGE)).to_string());
        write(call.socket, answer.as_bytes()).await
    })
}

/// Waits until the beginning of an answer has come, and reads none of it.
async fn begins(asking: &Asking) {
    soon("an answer", asking.socket.readable())
        .await
        .expect("readable");
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_cut_off_and_others_are_answered_at_once() {
    let server = large();
    let process = process::doing(&format!("ok \"$(letters {LARGE})\""));
    let servers = json!({ "http": server.settings(), "pipe": process });
    let house = House::patient(servers, PATIENCE).await;
    for name in ["http", "pipe"] {
        house.ready(name).await;
        let path = format!("/mcp/{name}");
        let (slow, other) = (
            Guest::of(&house, &path).await,
            Guest::of(&house, &path).await,
        );
        let asking = slow.begin_call("evil").await;
        begins(&asking).await;
        assert_eq!(other.call("echo").await.text(), "echo");
        assert_eq!(slow.call("echo").await.text(), "echo");
        pass(3 * PATIENCE.stall).await;
        let read = asking.rest().await;
        assert!(
            read < LARGE,
            "{name}: {read} bytes came, so it was not cut off"
        );
        // Who reads gets all of it.
        assert_eq!(other.call("evil").await.text().len(), LARGE);
    }
}

#[tokio::test]
async fn a_client_that_reads_slowly_but_steadily_gets_its_whole_answer() {
    let server = large();
    let house = House::patient(json!({ "up": server.settings() }), PATIENCE).await;
    house.ready("up").await;
    let guest = Guest::of(&house, "/mcp/up").await;
    let mut asking = guest.begin_call("evil").await;
    // All of the result, in pieces.
    let mut some = vec![0; LARGE / 8];
    for _ in 0..8 {
        begins(&asking).await;
        pass(PATIENCE.stall / 2).await;
        let read = soon("a piece", asking.socket.read_exact(&mut some)).await;
        read.expect("it is not cut off");
    }
}

/// The hub takes no more from a server than its client reads, but for what sockets hold.
#[tokio::test]
async fn an_endless_stream_to_a_client_that_does_not_read_is_held_back_at_its_server() {
    const MOST: usize = 64 * 1024 * 1024;
    let sent = Arc::new(AtomicUsize::new(0));
    let (sent_there, blocked) = (Arc::clone(&sent), Arc::new(tokio::sync::Notify::new()));
    let blocked_there = Arc::clone(&blocked);
    let server = Server::start(move |call| {
        let (sent, blocked) = (Arc::clone(&sent_there), Arc::clone(&blocked_there));
        async move {
            if call.tool == "echo" {
                return call.well("echo").await;
            }
            let told = event(&call.progress(&"x".repeat(32 * 1024)));
            let mut socket = write(call.socket, STREAM.as_bytes()).await?;
            while sent.fetch_add(told.len(), Ordering::Relaxed) < MOST {
                let writing = socket.write_all(told.as_bytes());
                if tokio::time::timeout(Duration::from_millis(500), writing)
                    .await
                    .is_err()
                {
                    break;
                }
            }
            blocked.notify_one();
            hold(socket).await
        }
    });
    let house = House::patient(json!({ "up": server.settings() }), PATIENCE).await;
    house.ready("up").await;
    let (slow, other) = (
        Guest::of(&house, "/mcp/up").await,
        Guest::of(&house, "/mcp/up").await,
    );
    let asking = slow.begin_call("evil").await;
    soon("the server is held back", blocked.notified()).await;
    let sent = sent.load(Ordering::Relaxed);
    assert!(sent < MOST, "the hub took in all {sent} bytes for nobody");
    assert_eq!(other.call("echo").await.text(), "echo");
    // The client is cut off, and its call given up when it does not come back.
    pass(3 * PATIENCE.stall + Duration::from_secs(120)).await;
    server.hears_the_end_of("evil").await;
    drop(asking);
}

/// On a pipe everything comes on one stream: what is too much for one client is lost for it alone.
#[tokio::test]
async fn an_endless_stream_from_a_process_to_a_client_that_does_not_read_holds_up_nobody_else() {
    let flood = r#"x=$(letters 2000); (while :; do printf '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":1,"message":"%s"}}\n' "$id" "$x"; done) & flood=$!"#;
    let process = process::doing_until(flood, "kill $flood");
    let house = House::patient(json!({ "up": process }), PATIENCE).await;
    house.ready("up").await;
    let (slow, other) = (
        Guest::of(&house, "/mcp/up").await,
        Guest::of(&house, "/mcp/up").await,
    );
    let asking = slow.begin_call("evil").await;
    begins(&asking).await;
    for _ in 0..3 {
        assert_eq!(other.call("echo").await.text(), "echo");
    }
    // The client is cut off, and its call given up when it does not come back. The process never falls silent, so time passes in steps.
    let up = house.server("up");
    let is_told = || {
        up.log()
            .iter()
            .any(|line| line.text.contains("told of the end"))
    };
    for _ in 0..200 {
        if is_told() {
            break;
        }
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(1)).await;
        tokio::time::resume();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
    until("the process hears that the call is over", is_told).await;
    assert_eq!(other.call("echo").await.text(), "echo");
    drop(asking);
}

#[tokio::test]
async fn a_head_that_drips_is_cut_off_and_many_of_them_keep_nobody_out() {
    let server = good();
    let house = House::patient(json!({ "up": server.settings() }), PATIENCE).await;
    house.ready("up").await;
    let guest = Guest::of(&house, "/mcp/up").await;
    let head = guest.head("content-length: 2\r\n");
    let dripping = join_all((0..200).map(async |n| {
        let mut socket = guest.connect().await;
        // Nothing, a letter of HTTP/2's greeting, and all but the last letter.
        let some = match n % 3 {
            0 => "",
            1 => "P",
            _ => &head[..head.len() - 1],
        };
        socket.write_all(some.as_bytes()).await.expect("it is sent");
        socket
    }));
    let mut dripping = dripping.await;
    assert_eq!(guest.call("echo").await.text(), "echo");
    // A letter a while does not help.
    let mut drips = dripping.pop().expect("one");
    let mut sent = 0;
    while drips.write_all(b"x").await.is_ok() {
        pass(PATIENCE.stall / 4).await;
        sent += 1;
        assert!(sent < 40, "it drips on and on");
    }
    pass(PATIENCE.idle + PATIENCE.stall).await;
    for mut socket in dripping {
        let end = soon("the end", socket.read(&mut [0; 64])).await;
        assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    }
    assert_eq!(guest.call("echo").await.text(), "echo");
}

#[tokio::test]
async fn a_body_that_drips_is_cut_off_with_the_reason_and_one_that_comes_steadily_is_not() {
    let server = good();
    let house = House::patient(json!({ "up": server.settings() }), PATIENCE).await;
    house.ready("up").await;
    let guest = Guest::of(&house, "/mcp/up").await;
    for framing in [
        "content-length: 60000\r\n",
        "transfer-encoding: chunked\r\n",
    ] {
        let mut socket = guest.connect().await;
        let head = guest.head(framing);
        socket.write_all(head.as_bytes()).await.expect("a head");
        let mut sent = 0;
        let mut some = [0; 1024];
        let said = loop {
            // Chunks of one letter, or letters of a body that is not read.
            if socket.write_all(b"1\r\n \r\n").await.is_err() {
                break 0;
            }
            pass(PATIENCE.stall / 4).await;
            sent += 1;
            assert!(sent < 40, "it drips on and on");
            if let Ok(came) = socket.try_read(&mut some) {
                break came;
            }
        };
        let said = String::from_utf8_lossy(&some[..said]);
        assert!(said.starts_with("HTTP/1.1 408"), "{framing}: {said:?}");
        assert!(said.contains("connection: close"), "{framing}: {said:?}");
    }
    let call =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "echo" } });
    let text = format!("{call}{}", " ".repeat(60_000));
    let mut socket = guest.connect().await;
    let head = guest.head(&format!("content-length: {}\r\n", text.len()));
    socket.write_all(head.as_bytes()).await.expect("a head");
    for piece in text.as_bytes().chunks(8 * 1024) {
        socket.write_all(piece).await.expect("a piece");
        pass(PATIENCE.stall * 3 / 4).await;
    }
    let mut answer = Vec::new();
    soon("an answer", socket.read_buf(&mut answer))
        .await
        .expect("bytes");
    assert!(answer.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn a_connection_is_closed_when_nothing_is_asked_for_long_and_never_while_an_answer_is_under_way()
 {
    let answer = Arc::new(tokio::sync::Notify::new());
    let answer_there = Arc::clone(&answer);
    let server = Server::start(move |call| {
        let answer = Arc::clone(&answer_there);
        async move {
            answer.notified().await;
            call.well("at last").await
        }
    });
    let mut settings = server.settings();
    settings["options"] = json!({ "timeout": 600_000 });
    let house = House::patient(json!({ "up": settings }), PATIENCE).await;
    house.ready("up").await;
    let guest = Guest::of(&house, "/mcp/up").await;
    let idle = guest.connect().await;
    let asking = guest.begin_call("evil").await;
    server
        .hears("the call", |message| message["method"] == "tools/call")
        .await;
    pass(3 * PATIENCE.idle).await;
    answer.notify_one();
    let answer = asking.whole().await;
    assert!(answer.body.contains("at last"), "{answer:?}");
    let mut idle = idle;
    let end = soon("the end", idle.read(&mut [0; 64])).await;
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
}

#[tokio::test]
async fn connections_are_bounded_and_only_one_on_which_nothing_is_asked_leaves_for_another() {
    let end = Arc::new(tokio::sync::Notify::new());
    let hears = Arc::clone(&end);
    let server = Server::start(move |call| {
        let end = Arc::clone(&hears);
        async move {
            if call.tool == "evil" {
                end.notified().await;
            }
            call.well("at last").await
        }
    });
    let mut settings = server.settings();
    settings["options"] = json!({ "timeout": 600_000 });
    let house = House::changed(json!({ "up": settings }), |options| {
        options.patience = PATIENCE;
        options.connections = 3;
    })
    .await;
    house.ready("up").await;
    let guest = Guest::of(&house, "/mcp/up").await;
    let flood = join_all((0..3).map(|_| guest.connect())).await;
    assert_eq!(guest.call("echo").await.text(), "at last");
    let mut working = Vec::new();
    for _ in 0..3 {
        working.push(guest.begin_call("evil").await);
    }
    until("they work", || server.calls_of("evil") == 3).await;
    let asking = guest.begin_call("echo").await;
    pass(PATIENCE.idle / 2).await;
    assert_eq!(server.calls_of("echo"), 1, "there was a place for it");
    end.notify_waiters();
    for answer in working {
        assert_eq!(answer.whole().await.text(), "at last");
    }
    assert_eq!(asking.whole().await.text(), "at last");
    drop(flood);
}
