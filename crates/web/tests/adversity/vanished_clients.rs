//! Clients that go away in the middle: their work is given up where it is done, nothing of it stays, and others go on.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::guest::{Asking, Guest};
use crate::house::{House, pass, soon, until};
use crate::process;
use crate::server::{Call, Era, STREAM, Server, event, hold, write};

/// How a client goes away.
const WAYS: [fn(Asking); 3] = [Asking::reset, drop, half_closed];

/// Says that it will say no more, and is never seen again.
fn half_closed(mut asking: Asking) {
    tokio::spawn(async move {
        drop(asking.socket.shutdown().await);
        hold(asking.socket).await;
    });
}

/// A client that was told an id of its stream is waited for, since it may come back for it.
const GRACE: Duration = Duration::from_secs(60);

/// A server that is waited for longer than a client.
fn patient(mut server: Value) -> Value {
    server["options"] = json!({ "timeout": 600_000 });
    server
}

/// Nothing is under way any more.
async fn nothing_is_left(house: &House) {
    let sessions = house.hub.sessions();
    until("nothing is under way", || {
        let open = sessions.under_way();
        (open.calls, open.questions, open.waiting) == (0, 0, 0)
    })
    .await;
}

/// A server that says nothing, something, or asks something, and then nothing more.
fn silent_after(era: Era, said: fn(&Call) -> Option<Value>) -> Server {
    Server::of(era, move |call| async move {
        if call.tool == "echo" {
            return call.well("echo").await;
        }
        let Some(said) = said(&call) else {
            return hold(call.socket).await;
        };
        let said = [STREAM, &event(&said)].concat();
        hold(write(call.socket, said.as_bytes()).await?).await
    })
}

fn question(_: &Call) -> Option<Value> {
    Some(
        json!({ "jsonrpc": "2.0", "id": "theirs", "method": "elicitation/create", "params": {
        "message": "who?", "requestedSchema": { "type": "object", "properties": {} },
    } }),
    )
}

#[tokio::test]
async fn a_client_that_goes_away_ends_its_work_at_the_server_whatever_it_was_waiting_for() {
    let said: [fn(&Call) -> Option<Value>; 3] =
        [|_| None, |call| Some(call.progress("begun")), question];
    for (n, said) in said.into_iter().enumerate() {
        for gone in WAYS {
            let server = silent_after(Era::Handshake, said);
            let house = House::with(json!({ "up": patient(server.settings()) })).await;
            house.ready("up").await;
            let (guest, other) = (
                Guest::of(&house, "/mcp/up").await,
                Guest::of(&house, "/mcp/up").await,
            );
            let mut asking = guest.begin_call("evil").await;
            match n {
                0 => drop(
                    server
                        .hears("the call", |m| m["params"]["name"] == "evil")
                        .await,
                ),
                1 => drop(asking.until("begun").await),
                _ => drop(asking.until("elicitation/create").await),
            }
            gone(asking);
            pass(2 * GRACE).await;
            server.hears_the_end_of("evil").await;
            nothing_is_left(&house).await;
            assert_eq!(other.call("echo").await.text(), "echo");
            assert_eq!(guest.call("echo").await.text(), "echo");
        }
    }
}

/// Without a handshake the end of its stream tells a server that nobody waits any more.
#[tokio::test]
async fn a_client_that_goes_away_closes_the_stream_of_a_server_without_a_handshake() {
    let ended = std::sync::Arc::new(tokio::sync::Notify::new());
    let ended_there = std::sync::Arc::clone(&ended);
    let server = Server::of(Era::Stateless, move |call| {
        let ended = std::sync::Arc::clone(&ended_there);
        async move {
            if call.tool == "echo" {
                return call.well("echo").await;
            }
            let said = [STREAM, &event(&call.progress("begun"))].concat();
            let socket = write(call.socket, said.as_bytes()).await?;
            hold(socket).await;
            ended.notify_one();
            None
        }
    });
    let house = House::with(json!({ "up": patient(server.settings()) })).await;
    house.ready("up").await;
    for gone in WAYS {
        let guest = Guest::of(&house, "/mcp/up").await;
        let mut asking = guest.begin_call("evil").await;
        asking.until("begun").await;
        gone(asking);
        pass(2 * GRACE).await;
        soon("the end of the stream", ended.notified()).await;
        nothing_is_left(&house).await;
        assert_eq!(guest.call("echo").await.text(), "echo");
    }
}

/// Clients of 2026-07-28 are answered with the question, and may never come back: that call waits for ten minutes, and no longer.
#[tokio::test]
async fn a_client_without_a_session_that_goes_away_ends_its_work_at_the_server() {
    let server = silent_after(Era::Handshake, |call| Some(call.progress("begun")));
    let house = House::with(json!({ "up": patient(server.settings()) })).await;
    house.ready("up").await;
    let guest = Guest::at(&house, "/mcp/up");
    for gone in WAYS {
        let params = json!({ "name": "evil", "arguments": {}, "_meta": {
            "progressToken": "mine",
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "guest", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        } });
        let request =
            json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let text = request.to_string();
        let mut socket = guest.connect().await;
        let head = guest.head(&format!(
            "mcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\nmcp-name: evil\r\ncontent-length: {}\r\n",
            text.len()
        ));
        socket
            .write_all([head, text].concat().as_bytes())
            .await
            .expect("sent");
        let mut asking = Asking::on(socket);
        let before = server.calls_of("evil");
        asking.until("begun").await;
        gone(asking);
        assert!(before <= server.calls_of("evil"));
        server.hears_the_end_of("evil").await;
        nothing_is_left(&house).await;
    }
}

#[tokio::test]
async fn a_client_that_goes_away_ends_its_work_in_the_process_and_others_go_on() {
    let begun = r#"printf '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":1,"message":"begun"}}\n' "$id""#;
    for gone in WAYS {
        let house = House::with(json!({ "up": patient(process::doing(begun)) })).await;
        house.ready("up").await;
        let (guest, other) = (
            Guest::of(&house, "/mcp/up").await,
            Guest::of(&house, "/mcp/up").await,
        );
        let mut asking = guest.begin_call("evil").await;
        asking.until("begun").await;
        gone(asking);
        pass(2 * GRACE).await;
        let up = house.server("up");
        until("the process hears of it", || {
            up.log()
                .iter()
                .any(|line| line.text.contains("told of the end"))
        })
        .await;
        nothing_is_left(&house).await;
        assert_eq!(other.call("echo").await.text(), "echo");
    }
}
