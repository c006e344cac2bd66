//! Servers that take their time: their own calls wait and end with the setting that helps, and nobody else's do.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

use crate::guest::{Asking, Guest};
use crate::house::{House, pass, soon};
use crate::process;
use crate::server::{Call, STREAM, Server, good, hold, json_answer};

fn with_timeout(mut settings: Value, milliseconds: u32) -> Value {
    settings["options"] = json!({ "timeout": milliseconds });
    settings
}

/// Calls of the slow one begin first and end last.
async fn only_its_own_calls_wait(slow: Value) {
    let fast = good();
    let servers = json!({ "slow": with_timeout(slow, 60_000), "fast": fast.settings() });
    let house = House::with(servers).await;
    house.ready("slow").await.ready("fast").await;
    let (one, all) = (
        Guest::of(&house, "/mcp/slow").await,
        Guest::of(&house, "/mcp").await,
    );
    let mut waiting = [
        one.begin_call("evil").await,
        all.begin_call("slow-evil").await,
    ];
    assert_eq!(
        Guest::of(&house, "/mcp/fast")
            .await
            .call("echo")
            .await
            .text(),
        "echo"
    );
    assert_eq!(all.call("fast-echo").await.text(), "echo");
    let listed = all.ask("tools/list", &json!({})).await;
    assert_eq!(
        listed.message()["result"]["tools"].as_array().map(Vec::len),
        Some(4)
    );
    assert!(
        !waiting.iter_mut().any(Asking::is_answered),
        "the slow one was not slow"
    );
    pass(Duration::from_secs(61)).await;
    for asking in waiting {
        let error = asking.whole().await.error();
        assert!(
            error.contains("options.timeout") && error.contains("60 s"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_server_that_never_answers_costs_its_own_callers_their_time_and_nobody_else() {
    let server = Server::start(|call| hold(call.socket));
    only_its_own_calls_wait(server.settings()).await;
}

#[tokio::test]
async fn a_server_whose_answer_drips_costs_its_own_callers_their_time_and_nobody_else() {
    let drips = async |call: Call, head: &str| {
        let text = [head, &json_answer(&call.response("late").to_string())].concat();
        let mut socket = call.socket;
        let mut drop_by_drop = tokio::time::interval(Duration::from_secs(1));
        for byte in text.bytes() {
            socket.write_all(&[byte]).await.ok()?;
            drop_by_drop.tick().await;
        }
        None
    };
    for head in ["", "HTTP/1.1 100 Continue\r\n\r\n", STREAM] {
        let server = Server::start(move |call| drips(call, head));
        only_its_own_calls_wait(server.settings()).await;
    }
}

#[tokio::test]
async fn a_process_that_never_answers_costs_its_own_callers_their_time_and_nobody_else() {
    only_its_own_calls_wait(process::doing(":")).await;
}

#[tokio::test]
async fn an_answer_after_the_time_is_for_nobody_and_the_next_call_is_answered() {
    let late = Arc::new(Notify::new());
    let late_there = Arc::clone(&late);
    let server = Server::start(move |call| {
        let late = Arc::clone(&late_there);
        async move {
            if call.tool == "echo" {
                return call.well("echo").await;
            }
            late.notified().await;
            call.well("late").await
        }
    });
    let servers = json!({ "up": with_timeout(server.settings(), 1_000) });
    let house = House::with(servers).await;
    house.ready("up").await;
    let guest = Guest::of(&house, "/mcp/up").await;
    let error = guest.call("evil").await.error();
    assert!(error.contains("options.timeout"), "{error}");
    server.hears_the_end_of("evil").await;
    late.notify_one();
    for _ in 0..3 {
        assert_eq!(guest.call("echo").await.text(), "echo");
    }
}

/// The system takes in a little of the body; then the writing waits, and with it the call.
#[tokio::test]
async fn a_server_that_does_not_read_its_requests_is_given_up_in_time() {
    let listener = tokio::net::TcpSocket::new_v4().expect("a socket");
    listener.set_recv_buffer_size(4 * 1024).expect("small");
    listener.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let listener = listener.listen(16).expect("it listens");
    let url = format!("http://{}/mcp", listener.local_addr().expect("an address"));
    let good = good();
    let inner = good.url.clone();
    tokio::spawn(async move {
        // The first messages are another's; from then on nobody reads.
        let mut held = Vec::new();
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut first = vec![0; 16 * 1024];
            let read = socket.peek(&mut first).await.unwrap_or_default();
            if String::from_utf8_lossy(&first[..read]).contains("tools/call") {
                held.push(socket);
                continue;
            }
            let to = inner
                .trim_start_matches("http://")
                .trim_end_matches("/mcp")
                .to_owned();
            tokio::spawn(async move {
                let mut there = tokio::net::TcpStream::connect(to).await?;
                tokio::io::copy_bidirectional(&mut socket, &mut there).await
            });
        }
    });
    let slow = json!({ "url": url, "type": "streamable-http", "options": { "timeout": 60_000 } });
    let house = House::with(json!({ "slow": slow, "fast": good.settings() })).await;
    house.ready("slow").await.ready("fast").await;
    // Connections that were good are kept for a while.
    pass(Duration::from_secs(5)).await;
    let guest = Guest::of(&house, "/mcp/slow").await;
    let large = json!({ "name": "evil", "arguments": { "x": "x".repeat(1_000_000) } });
    let asking = guest.begin("tools/call", &large).await;
    assert_eq!(
        Guest::of(&house, "/mcp/fast")
            .await
            .call("echo")
            .await
            .text(),
        "echo"
    );
    pass(Duration::from_secs(61)).await;
    let error = asking.whole().await.error();
    assert!(error.contains("options.timeout"), "{error}");
}

// rule: safe-b05
#[tokio::test]
async fn a_merged_list_has_the_others_tools_while_one_server_stalls_at_its_first_word() {
    let stalled = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}/mcp", stalled.local_addr().expect("an address"));
    let good = good();
    let servers =
        json!({ "good": good.settings(), "slow": { "url": url, "type": "streamable-http" } });
    let house = House::with(servers).await;
    house.ready("good").await;
    let guest = Guest::of(&house, "/mcp").await;
    let asking = guest.begin("tools/list", &json!({})).await;
    let listed = soon("the list", asking.whole()).await.message();
    let names: Vec<_> = listed["result"]["tools"]
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(names.len(), 2, "{listed}");
    drop(stalled);
}
