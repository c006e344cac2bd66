//! Traces as a collector receives them: nothing unless the variables name one, and nothing in them that is nobody's business.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value, json};

use crate::harness::{Desk, Running};

const PATIENCE: Duration = Duration::from_secs(30);
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// One request that somebody sent.
struct Asked {
    head: String,
    body: Vec<u8>,
}

/// Answers every request with what `answer` says, and tells what was asked.
fn listen(answer: impl Fn(&Asked) -> String + Send + 'static) -> (String, mpsc::Receiver<Asked>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, asked) = mpsc::channel();
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let asked = read(&socket);
            let said = answer(&asked);
            if socket.write_all(said.as_bytes()).is_err() || sender.send(asked).is_err() {
                return;
            }
        }
    });
    (url, asked)
}

fn read(socket: &TcpStream) -> Asked {
    let mut reader = BufReader::new(socket);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
    let head = head.to_ascii_lowercase();
    let length = header(&head, "content-length").map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Asked { head, body }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn http(kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// An MCP server whose tool is called `secret`.
fn server(asked: &Asked) -> String {
    let Ok(message) = serde_json::from_slice::<Value>(&asked.body) else {
        return "HTTP/1.1 405 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned();
    };
    let result = match message["method"].as_str() {
        Some("initialize") => {
            json!({ "protocolVersion": "2025-06-18", "capabilities": { "tools": {} }, "serverInfo": { "name": "t", "version": "1" } })
        }
        Some("tools/list") => {
            json!({ "tools": [{ "name": "look", "inputSchema": { "type": "object" } }] })
        }
        Some("tools/call") => json!({ "content": [{ "type": "text", "text": "the answer" }] }),
        _ => {
            let error = json!({ "jsonrpc": "2.0", "id": message["id"], "error": { "code": -32601, "message": "no" } });
            return http("application/json", &error.to_string());
        }
    };
    let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
    http("application/json", &answer.to_string())
}

/// Calls the tool over the hub; what the server was asked then.
fn call(hub: &str, server: &mpsc::Receiver<Asked>, headers: &str) -> Asked {
    let post = |method: &str, params: &Value, more: &str| {
        let body =
            json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let head = format!(
            "POST /mcp/up HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\n{more}content-length: {}\r\n\r\n",
            body.len()
        );
        let mut socket = TcpStream::connect(hub.strip_prefix("http://").unwrap()).unwrap();
        socket.write_all((head + &body).as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    };
    let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    let opened = post("initialize", &hello, "");
    let session = header(&opened, "mcp-session-id").unwrap().to_owned();
    let params = json!({ "name": "look", "arguments": { "q": "an argument" }, "_meta": { "traceparent": "as it is" } });
    let answer = post(
        "tools/call",
        &params,
        &format!("mcp-session-id: {session}\r\n{headers}"),
    );
    assert!(answer.contains("the answer"), "{answer}");
    loop {
        let asked = server.recv_timeout(PATIENCE).unwrap();
        if String::from_utf8_lossy(&asked.body).contains("tools/call") {
            return asked;
        }
    }
}

fn start(desk: &mut Desk, server: &str, variables: &[(&str, &str)]) -> Running {
    let up = json!({ "type": "streamable-http", "url": format!("{server}/mcp?key=in-the-query"), "headers": { "x-api-key": "a-secret" } });
    desk.write_settings(&json!({ "mcpServers": { "up": up } }).to_string());
    let mut command = desk.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.envs(variables.iter().copied());
    desk.started(Running::of(command))
}

fn ends(hub: Running) {
    let id = hub.child.id().to_string();
    let told = std::process::Command::new("kill")
        .args(["-TERM", &id])
        .status();
    assert!(told.unwrap().success());
    assert_eq!(hub.end().0, 0);
}

/// What a collector received, which is told nothing that is nobody's business.
fn sent(received: &mpsc::Receiver<Asked>) -> Vec<Span> {
    let mut spans = Vec::new();
    while let Ok(sent) = received.try_recv() {
        assert!(sent.head.starts_with("post /v1/traces "), "{}", sent.head);
        assert_eq!(header(&sent.head, "api-key"), Some("of-the-collector"));
        let text = String::from_utf8_lossy(&sent.body).into_owned();
        for secret in ["an argument", "in-the-query", "a-secret", "the answer"] {
            assert!(!text.contains(secret), "{secret} in {text:?}");
        }
        assert!(text.contains("my hub"), "{text:?}");
        let sent = ExportTraceServiceRequest::decode(&*sent.body).unwrap();
        let scopes = sent
            .resource_spans
            .into_iter()
            .flat_map(|of| of.scope_spans);
        spans.extend(scopes.flat_map(|scope| scope.spans));
    }
    spans
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attribute(span: &Span, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|one| one.key == name)?;
    let value = found.value.as_ref()?.value.as_ref()?;
    if let Any::StringValue(text) = value {
        return Some(text.clone());
    }
    Some(format!("{value:?}"))
}

#[test]
fn a_collector_receives_a_span_for_the_request_and_one_for_what_the_server_was_asked() {
    let (up, asked) = listen(server);
    let (collector, received) = listen(|_| http("application/x-protobuf", ""));
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=of-the-collector"),
        ("OTEL_SERVICE_NAME", "my hub"),
        // Even so no span stands in the log.
        ("RUST_LOG", "trace"),
    ];
    let mut desk = Desk::new();
    let hub = start(&mut desk, &up, &variables);
    let said = format!("traceparent: 00-{TRACE}-{PARENT}-01\r\ntracestate: a=1\r\n");
    let told = call(desk.url(), &asked, &said);
    ends(hub);

    let spans = sent(&received);
    let of_call = |kind: i32| {
        let mut found = spans
            .iter()
            .filter(|span| span.kind == kind && span.name == "tools/call");
        found.next().unwrap_or_else(|| panic!("{spans:#?}"))
    };
    let (request, exchange) = (of_call(2), of_call(3));
    assert_eq!(
        (
            hex(&request.trace_id).as_str(),
            hex(&request.parent_span_id).as_str()
        ),
        (TRACE, PARENT)
    );
    assert_eq!(exchange.trace_id, request.trace_id);
    assert_eq!(exchange.parent_span_id, request.span_id);
    assert_eq!(attribute(exchange, "mcphub.server").as_deref(), Some("up"));
    assert_eq!(
        attribute(exchange, "gen_ai.tool.name").as_deref(),
        Some("look")
    );
    // The server belongs to the hub's span, in the client's trace.
    let ours = format!("00-{TRACE}-{}-01", hex(&exchange.span_id));
    assert_eq!(header(&told.head, "traceparent"), Some(ours.as_str()));
    assert_eq!(header(&told.head, "tracestate"), Some("a=1"));
    assert!(String::from_utf8_lossy(&told.body).contains(r#""_meta":{"traceparent":"as it is"}"#));
}

#[test]
fn without_a_collector_a_trace_is_passed_on_as_the_client_said_it_and_none_is_begun() {
    let (up, asked) = listen(server);
    let mut desk = Desk::new();
    let hub = start(&mut desk, &up, &[]);
    let parent = format!("00-{TRACE}-{PARENT}-01");
    let said = format!("traceparent: {parent}\r\ntracestate: a=1\r\n");
    let told = call(desk.url(), &asked, &said);
    assert_eq!(header(&told.head, "traceparent"), Some(parent.as_str()));
    assert_eq!(header(&told.head, "tracestate"), Some("a=1"));
    assert!(String::from_utf8_lossy(&told.body).contains(r#""_meta":{"traceparent":"as it is"}"#));
    let none = call(desk.url(), &asked, "");
    assert_eq!(header(&none.head, "traceparent"), None);
    let wrong = call(
        desk.url(),
        &asked,
        "traceparent: 00-1-1-1\r\ntracestate: a=1\r\n",
    );
    assert_eq!(header(&wrong.head, "traceparent"), None);
    assert_eq!(header(&wrong.head, "tracestate"), None);
    ends(hub);
}

#[test]
fn a_collector_that_is_not_there_costs_no_answer() {
    let (up, asked) = listen(server);
    let mut desk = Desk::new();
    let hub = start(
        &mut desk,
        &up,
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")],
    );
    call(desk.url(), &asked, "");
    ends(hub);
}

#[test]
fn what_a_sign_in_asks_of_others_is_in_a_span_without_its_query() {
    let (up, asked) = listen(|asked| {
        let refused = "www-authenticate: Bearer\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let status = if asked.head.contains("/.well-known/") {
            404
        } else {
            401
        };
        format!("HTTP/1.1 {status} No\r\n{refused}")
    });
    let (collector, received) = listen(|_| http("application/x-protobuf", ""));
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=of-the-collector"),
        ("OTEL_SERVICE_NAME", "my hub"),
    ];
    let mut desk = Desk::new();
    let hub = start(&mut desk, &up, &variables);
    let looks = |asked: Asked| asked.head.contains("/.well-known/");
    while !looks(asked.recv_timeout(PATIENCE).unwrap()) {}
    ends(hub);
    let spans = sent(&received);
    let mut found = spans.iter().filter(|span| span.name == "oauth discovery");
    let span = found.next().unwrap_or_else(|| panic!("{spans:#?}"));
    assert_eq!(attribute(span, "mcphub.server").as_deref(), Some("up"));
    assert_eq!(
        attribute(span, "server.address").as_deref(),
        Some("127.0.0.1")
    );
    assert_eq!(
        attribute(span, "http.response.status_code").as_deref(),
        Some("IntValue(404)")
    );
}
