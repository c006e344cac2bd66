//! What strangers can make the process hold: looked at from outside, in `/proc`, with clients and servers made by hand.
//!
//! The bounds are several times what was measured (noted beside them), and a small part of what an unbounded hub would need.

mod counterparts;

use futures::future::join_all;
use serde_json::{Value, json};

use counterparts::{Guest, MB, server};

use crate::hub::{Hub, free_port};

async fn started(more: Value) -> Hub {
    let url = server().await;
    let up =
        json!({ "url": url, "type": "streamable-http", "options": { "maxBufferSize": 60 * MB } });
    let mut servers = json!({ "up": up });
    if let (Value::Object(servers), Value::Object(more)) = (&mut servers, more) {
        servers.extend(more);
    }
    let hub = Hub::start(
        free_port().await,
        &json!({ "mcpServers": servers }).to_string(),
        &[],
    )
    .await;
    hub.reaches("up", "connected").await;
    hub
}

/// A process that answers one call with 50 MB.
fn process() -> Value {
    const SCRIPT: &str = r#"
        while read -r line; do
            id=${line##*\"id\":}; id=${id%%[,\}]*}
            case "$line" in
                *server/discover*) printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"unknown"}}\n' "$id" ;;
                *'"initialize"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","capabilities":{}}}\n' "$id" ;;
                *'"large"'*)
                    printf '{"jsonrpc":"2.0","id":%s,"result":"' "$id"
                    head -c 52428800 /dev/zero | tr '\0' x
                    printf '"}\n' ;;
            esac
        done"#;
    json!({ "command": "/bin/sh", "args": ["-c", SCRIPT], "options": { "maxBufferSize": 60 * MB } })
}

#[tokio::test]
async fn answers_of_50_mb_cost_a_small_multiple_of_their_size_and_nothing_afterwards() {
    const AT_ONCE: usize = 3;
    let hub = started(json!({ "pipe": process() })).await;
    hub.reaches("pipe", "connected").await;
    // Measured: 50, 100 and 50 MB.
    for (path, tool) in [
        ("/mcp/up", "large"),
        ("/mcp/up", "events"),
        ("/mcp/pipe", "large"),
    ] {
        let mut guest = Guest::new(&hub).await;
        guest.open(path).await;
        let before = hub.memory("VmRSS");
        hub.forget_peak();
        let answer = guest.call(path, tool).await;
        assert!(answer.len() > 50 * MB, "{path} {tool}: {:.2000}", answer);
        let peak = hub.memory("VmHWM") - before;
        assert!(peak < 200 * MB, "{path} {tool}: {} MB", peak / MB);
    }
    let before = hub.memory("VmRSS");
    hub.forget_peak();
    let large = join_all((0..AT_ONCE).map(async |_| {
        let mut guest = Guest::new(&hub).await;
        guest.open("/mcp/up").await;
        guest.call("/mcp/up", "large").await.len()
    }));
    assert!(large.await.into_iter().all(|length| length > 50 * MB));
    // Measured: 150 MB.
    let peak = hub.memory("VmHWM") - before;
    assert!(
        peak < AT_ONCE * 100 * MB,
        "{AT_ONCE} at once: {} MB",
        peak / MB
    );
    let left = hub.memory("VmRSS").saturating_sub(before);
    assert!(left < 60 * MB, "{} MB are left", left / MB);
}

/// Endless streams to clients that do not read are held back at the server.
#[tokio::test]
async fn clients_that_do_not_read_an_endless_stream_cost_little() {
    const CLIENTS: usize = 20;
    let hub = started(json!({})).await;
    let mut other = Guest::new(&hub).await;
    other.open("/mcp/up").await;
    let before = hub.memory("VmRSS");
    let mut silent = Vec::new();
    for _ in 0..CLIENTS {
        let mut guest = Guest::new(&hub).await;
        guest.open("/mcp/up").await;
        guest.begin("/mcp/up", "stream").await;
        guest.socket.readable().await.expect("the stream begins");
        silent.push(guest);
    }
    // So much of another call passes by that the streams have had their time.
    for _ in 0..2 {
        assert!(other.call("/mcp/up", "large").await.len() > 50 * MB);
    }
    assert!(other.call("/mcp/up", "small").await.contains("result"));
    let more = hub.memory("VmRSS").saturating_sub(before);
    // Measured: 650 kB each, what hyper holds back of an answer.
    assert!(more < CLIENTS * 2 * MB, "{} kB each", more / 1024 / CLIENTS);
}

#[tokio::test]
async fn ten_thousand_idle_sessions_cost_less_than_20_kb_each_and_no_file() {
    const SESSIONS: usize = 10_000;
    const CONNECTIONS: usize = 8;
    let hub = started(json!({})).await;
    let mut guests = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut guest = Guest::new(&hub).await;
        guest.open("/mcp/up").await;
        guests.push(guest);
    }
    let (before, files) = (hub.memory("VmRSS"), hub.files());
    let opened = join_all(guests.iter_mut().map(async |guest| {
        for n in 0..SESSIONS / CONNECTIONS {
            guest.open(["/mcp/up", "/mcp"][n % 2]).await;
        }
    }));
    opened.await;
    let more = hub.memory("VmRSS").saturating_sub(before);
    // Measured: 900 bytes each.
    assert!(
        more < SESSIONS * 20 * 1024,
        "{} bytes each",
        more / SESSIONS
    );
    assert!(
        hub.files() <= files + 4,
        "{} files more",
        hub.files() - files
    );
    for mut guest in guests {
        guest.open("/mcp/up").await;
        assert!(guest.call("/mcp/up", "small").await.contains("result"));
    }
}

/// A process that asks without end and takes no answer in.
#[tokio::test]
async fn a_flood_of_a_process_costs_little() {
    const SCRIPT: &str = r#"
        while read -r line; do
            id=${line##*\"id\":}; id=${id%%[,\}]*}
            case "$line" in
                *server/discover*) printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"unknown"}}\n' "$id" ;;
                *'"initialize"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true}}}}\n' "$id" ;;
                *'"tools/list"'*)
                    printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":[]}}\n' "$id"
                    letters=$(head -c 200000 /dev/zero | tr '\0' x)
                    for i in 1 2 3 4 5 6 7 8 9 10; do
                        for j in 1 2 3 4 5 6 7 8 9 10; do
                            printf '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"%s"}}\n' "$letters"
                        done
                    done
                    while :; do
                        printf '{"jsonrpc":"2.0","id":1,"method":"ping"}\n{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n'
                    done ;;
            esac
        done"#;
    let flood = json!({ "command": "/bin/sh", "args": ["-c", SCRIPT] });
    let hub = started(json!({ "flood": flood })).await;
    hub.reaches("flood", "connected").await;
    let mut guest = Guest::new(&hub).await;
    guest.open("/mcp/up").await;
    let before = hub.memory("VmRSS");
    for _ in 0..100 {
        assert!(guest.call("/mcp/up", "small").await.contains("result"));
    }
    let more = hub.memory("VmRSS").saturating_sub(before);
    // Measured: 1 MB.
    assert!(more < 60 * MB, "{} MB more", more / MB);
}
