//! What strangers send without end, or in shapes that break readers: there is a bound to each, and the calls of others do not notice.

use std::time::Duration;

use hub::upstream::State;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::guest::{Asking, Guest};
use crate::house::{House, pass, until};
use crate::process;
use crate::server::{Era, STREAM, Server, event, good, write};

/// Whether the hub noted something about this server.
fn noted(house: &House, server: &str, words: &str) -> bool {
    let log = house.server(server).log();
    log.iter().any(|line| line.text.contains(words))
}

const HELLO: &str = r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}}}"#;

/// A server that gives these results, whatever the request; its address.
async fn answering(result: impl Fn(&str) -> String + Clone + Send + Sync + 'static) -> String {
    let app = axum::Router::new().fallback(move |text: String| {
        let result = result.clone();
        async move {
            let (_, rest) = text.split_once("\"id\":").unwrap_or(("", "0,"));
            let id: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let text = format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{}}}",
                result(&text)
            );
            ([("content-type", "application/json")], text)
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}/mcp", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

/// A process that floods and never reads what it is told is the worst of them.
#[tokio::test]
async fn a_process_that_pings_without_end_and_reads_nothing_costs_a_bounded_number_of_tasks() {
    let flood = r#"while :; do printf '{"jsonrpc":"2.0","id":1,"method":"ping"}\n'; done"#;
    let good = good();
    let servers = json!({ "bad": process::doing(flood), "good": good.settings() });
    let house = House::with(servers).await;
    house.ready("bad").await.ready("good").await;
    let bad = Guest::of(&house, "/mcp/bad").await;
    let other = Guest::of(&house, "/mcp/good").await;
    let tasks = tokio::runtime::Handle::current().metrics();
    let before = tasks.num_alive_tasks();
    let asking = bad.begin_call("evil").await;
    until("more is asked than the process hears", || {
        noted(&house, "bad", "takes in too little")
    })
    .await;
    for _ in 0..3 {
        assert_eq!(other.call("echo").await.text(), "echo");
    }
    let more = tasks.num_alive_tasks().saturating_sub(before);
    assert!(more < 150, "{more} tasks more than before");
    drop(asking);
}

#[tokio::test]
async fn questions_without_end_are_refused_from_some_number_on_and_the_call_goes_on() {
    const QUESTIONS: usize = 3_000;
    let server = Server::start(|call| async move {
        if call.tool == "echo" {
            return call.well("echo").await;
        }
        let response = call.response("at last");
        let mut socket = write(call.socket, STREAM.as_bytes()).await?;
        for n in 0..QUESTIONS {
            let asked =
                json!({ "jsonrpc": "2.0", "id": n, "method": "elicitation/create", "params": {} });
            socket.write_all(event(&asked).as_bytes()).await.ok()?;
        }
        write(socket, event(&response).as_bytes()).await;
        None
    });
    let house = House::with(json!({ "up": server.settings() })).await;
    house.ready("up").await;
    let guest = Guest::of(&house, "/mcp/up").await;
    let answer = guest.call("evil").await;
    assert!(answer.body.contains("at last"));
    let asked = answer.body.matches("elicitation/create").count();
    assert!(
        (1..=64).contains(&asked),
        "{asked} questions reached the client"
    );
    server
        .hears("a refusal", |message| {
            message["error"]["message"].is_string()
        })
        .await;
    until("nothing is left of them", || {
        house.hub.sessions().under_way().questions == 0
    })
    .await;
    assert_eq!(guest.call("echo").await.text(), "echo");
}

#[tokio::test]
async fn a_server_that_wants_its_stream_opened_again_without_a_pause_is_not_obeyed() {
    let server = Server::of(Era::Restless, |call| async { call.well("echo").await });
    let house = House::with(json!({ "up": server.settings() })).await;
    house.ready("up").await;
    let opened = || {
        server
            .heard()
            .iter()
            .filter(|message| message.is_null())
            .count()
    };
    until("it is opened twice", || opened() >= 2).await;
    pass(Duration::from_secs(3)).await;
    assert!(opened() < 60, "opened {} times within 3 s", opened());
}

#[tokio::test]
async fn a_head_without_end_is_refused_whatever_it_is_made_of() {
    let heads: [fn() -> String; 4] = [
        || format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(1_000_000)),
        || format!("HTTP/1.1 200 OK\r\n{}", "x: y\r\n".repeat(100_000)),
        || "x".repeat(1_000_000),
        || format!("{STREAM}: {}", "x".repeat(20_000_000)),
    ];
    for head in heads {
        let server = Server::start(move |call| async move {
            if call.tool == "echo" {
                return call.well("echo").await;
            }
            write(call.socket, head().as_bytes()).await;
            None
        });
        let house = House::with(json!({ "up": server.settings() })).await;
        house.ready("up").await;
        let guest = Guest::of(&house, "/mcp/up").await;
        let error = guest.call("evil").await.error();
        assert!(!error.is_empty() && error.len() < 1_000, "{error}");
        assert_eq!(guest.call("echo").await.text(), "echo");
    }
}

#[tokio::test]
async fn a_clients_head_without_end_is_refused() {
    let house = House::with(json!({})).await;
    let guest = Guest::of(&house, "/mcp").await;
    for more in [
        format!("x: {}\r\n", "x".repeat(4_000_000)),
        "x: y\r\n".repeat(10_000),
    ] {
        let mut socket = guest.connect().await;
        // It may be refused before all is sent.
        drop(socket.write_all(guest.head(&more).as_bytes()).await);
        let mut said = Vec::new();
        drop(socket.read_buf(&mut said).await);
        let said = String::from_utf8_lossy(&said);
        assert!(
            said.is_empty() || said.starts_with("HTTP/1.1 431"),
            "{said}"
        );
    }
    assert!(guest.ask("ping", &json!({})).await.message()["result"].is_object());
}

/// JSON that nests deep overflows the stack of whoever reads it by recursion, and that ends the whole process.
// rule: safe-b04
#[tokio::test]
async fn json_that_nests_deep_passes_or_is_refused_and_overflows_nothing() {
    const DEEP: usize = 20_000;
    let deep = ["[".repeat(DEEP), "]".repeat(DEEP)].concat();
    let result = format!(
        "{{\"content\":[],\"structuredContent\":{{\"d\":{deep}}},\"_meta\":{{\"d\":{deep}}}}}"
    );
    let (there, back) = (result.clone(), deep.clone());
    // It reads no JSON, which no other reader takes that deep.
    let url = answering(move |text| match text {
        _ if text.contains("\"initialize\"") => HELLO.to_owned(),
        _ if text.contains("\"tools/list\"") => {
            r#"{"tools":[{"name":"evil","inputSchema":{}}]}"#.to_owned()
        }
        _ => there.clone(),
    })
    .await;
    let up = json!({ "url": url, "type": "streamable-http" });
    let nest = format!("head -c {DEEP} /dev/zero | tr '\\0'");
    let process = process::doing(&format!("answer \"$({nest} '[')$({nest} ']')\""));
    let house = House::with(json!({ "up": up, "pipe": process })).await;
    house.ready("up").await.ready("pipe").await;
    let call = |name: &str, meta: &str| {
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":\"{name}\",\"arguments\":{{\"d\":{back}}},\"_meta\":{{\"d\":{back}{meta}}}}}}}"
        )
    };
    for (path, name) in [("/mcp/up", "evil"), ("/mcp", "up-evil")] {
        let answer = Guest::of(&house, path)
            .await
            .post(&call(name, ""))
            .await
            .whole()
            .await;
        assert!(answer.body.contains(&result), "{path}: {}", answer.status);
        let pinged = Guest::of(&house, path).await.ask("ping", &json!({})).await;
        assert_eq!(pinged.status, 200);
    }
    let piped = Guest::of(&house, "/mcp/pipe").await.call("evil").await;
    assert!(piped.body.contains(&deep));
    // Without a session, where more of a message is opened.
    let meta = r#","io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"experimental":DEEP}"#;
    let meta = meta.replace("DEEP", &format!("{{\"x\":{deep}}}"));
    let text = call("evil", &meta);
    let guest = Guest::at(&house, "/mcp/up");
    let mut socket = guest.connect().await;
    let head = guest.head(&format!(
        "mcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\nmcp-name: evil\r\ncontent-length: {}\r\n",
        text.len()
    ));
    socket
        .write_all([head, text].concat().as_bytes())
        .await
        .expect("sent");
    let answer = Asking::on(socket).whole().await;
    assert!(
        answer.status == 200 || answer.status == 400,
        "{}",
        answer.status
    );
    // And what is no message at all.
    for text in [deep, "{\"a\":".repeat(DEEP), "[".repeat(DEEP)] {
        let refused = Guest::of(&house, "/mcp/up")
            .await
            .post(&text)
            .await
            .whole()
            .await;
        assert_eq!(refused.status, 400);
    }
}

// rule: safe-b04
#[tokio::test]
async fn a_server_that_lists_without_end_is_used_up_to_the_bounds_and_others_list_meanwhile() {
    let tools: Vec<Value> = (0..300_000)
        .map(|n| json!({ "name": n.to_string() }))
        .collect();
    let page = json!({ "tools": tools, "nextCursor": "more" }).to_string();
    let url = answering(move |text| match text {
        _ if text.contains("\"initialize\"") => HELLO.to_owned(),
        _ => page.clone(),
    })
    .await;
    let good = good();
    let endless = json!({ "url": url, "type": "streamable-http" });
    let house = House::with(json!({ "endless": endless, "good": good.settings() })).await;
    house.ready("good").await;
    let guest = Guest::of(&house, "/mcp").await;
    let listed = guest.ask("tools/list", &json!({})).await;
    assert!(listed.body.contains("good-echo"), "{listed:?}");
    house.ready("endless").await;
    assert_eq!(house.server("endless").catalog().tools.len(), 10_000);
    assert!(noted(&house, "endless", "goes on beyond the bounds"));
}

// rule: safe-b04
#[tokio::test]
async fn fifty_thousand_tools_and_schemas_that_nest_deep_cost_no_other_server_its_list() {
    const DEEP: usize = 20_000;
    let many: Vec<Value> = (0..50_000)
        .map(|n| json!({ "name": n.to_string(), "inputSchema": { "type": "object" } }))
        .collect();
    let many = json!({ "tools": many }).to_string();
    let schema = [
        "{\"items\":".repeat(DEEP),
        "{}".to_owned(),
        "}".repeat(DEEP),
    ]
    .concat();
    let deep = format!("{{\"tools\":[{{\"name\":\"deep\",\"inputSchema\":{schema}}}]}}");
    let listing = |page: String| {
        answering(move |text| match text {
            _ if text.contains("\"initialize\"") => HELLO.to_owned(),
            _ => page.clone(),
        })
    };
    let (many, deep, good) = (listing(many).await, listing(deep).await, good());
    let http = |url: &str| json!({ "url": url, "type": "streamable-http" });
    let servers = json!({ "many": http(&many), "deep": http(&deep), "good": good.settings() });
    let house = House::with(servers).await;
    house.ready("good").await.ready("many").await;
    assert_eq!(house.server("many").catalog().tools.len(), 10_000);
    assert!(noted(&house, "many", "goes on beyond the bounds"));
    until("the deep one is settled", || {
        let state = house.server("deep").state();
        matches!(state, State::Ready) || state.trouble().is_some()
    })
    .await;
    for path in ["/mcp/good", "/mcp", "/mcp/deep"] {
        let listed = Guest::of(&house, path)
            .await
            .ask("tools/list", &json!({}))
            .await;
        assert_eq!(listed.status, 200, "{path}");
        assert!(
            path == "/mcp/deep" || listed.body.contains("echo"),
            "{path}"
        );
    }
    let answer = Guest::of(&house, "/mcp/good").await.call("echo").await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_large_notification_that_belongs_to_no_call_is_dropped_and_noted_and_small_ones_pass() {
    let evil = r#"say() { printf '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"%s"}}\n' "$1"; }; say "$(letters 300000)"; say small; ok done"#;
    let house = House::with(json!({ "up": process::doing(evil) })).await;
    house.ready("up").await;
    let guest = Guest::of(&house, "/mcp/up").await;
    let mut listening = guest.connect().await;
    let head = guest.head("").replace("POST", "GET");
    listening.write_all(head.as_bytes()).await.expect("sent");
    let mut listening = Asking::on(listening);
    listening.until("\r\n\r\n").await;
    assert_eq!(guest.call("evil").await.text(), "done");
    let heard = listening.until("small").await;
    assert!(!heard.contains("xxxx"), "{} bytes", heard.len());
    assert!(noted(&house, "up", "dropped a notification of"));
}
