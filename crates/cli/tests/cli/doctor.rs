//! The real `mcphub doctor` in worlds with one planted fault each: it names that fault, and nothing else.
//!
//! The table in `docs/guide/doctor.md` is made from what it says here.

mod faults;
mod login;
mod places;

use std::path::Path;

use faults::{ALL, Fault, NO_NAME, Place, WELL};
use places::{Stage, answering, self_signed};
use serde_json::{Value, json};

use crate::harness::Desk;

/// How long a server that never answers is waited for.
const PATIENCE: [&str; 2] = ["--within", "0.4"];

/// What the doctor said: exit code, lines, and what it wrote elsewhere.
struct Said {
    exit: i32,
    lines: Vec<Value>,
    aside: String,
}

impl Said {
    fn of(desk: &Desk, arguments: &[&str]) -> Self {
        let all = [&["doctor", "--json"], arguments].concat();
        let (exit, out, aside) = desk.run(&all);
        let lines = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{aside}"));
        Self { exit, lines, aside }
    }

    fn wrong(&self) -> Vec<&Value> {
        let wrong = self.lines.iter().filter(|line| line["verdict"] == "wrong");
        wrong.collect()
    }

    fn codes(&self) -> Vec<&str> {
        let codes = self.lines.iter().filter_map(|line| line["code"].as_str());
        codes.collect()
    }
}

async fn examined(fault: &Fault) -> (Stage, Said) {
    let desk = Desk::new();
    let switches = match fault.place {
        Place::World(switches)
        | Place::Registering(switches)
        | Place::SigningIn(switches)
        | Place::Entry(switches, _) => switches,
        Place::At(_) | Place::Untrusted => "{}",
    };
    let stage = Stage::set(switches).await;
    let url = stage.world.mcp_url();
    let said = match fault.place {
        Place::World(switches) if switches.contains("hang") => {
            Said::of(&desk, &[&[url.as_str()][..], &PATIENCE].concat())
        }
        Place::World(_) => Said::of(&desk, &[&url]),
        Place::Registering(_) => Said::of(&desk, &[&url, "--register"]),
        Place::SigningIn(_) => login::signed_in(&desk, &[&url, "--login"]).await,
        Place::At(address) => Said::of(&desk, &[&stage.named(address)]),
        Place::Untrusted => {
            let (port, _) = self_signed(stage.server()).await;
            Said::of(&desk, &[&format!("https://localhost:{port}/mcp")])
        }
        Place::Entry(_, members) => {
            let mut entry: Value = serde_json::from_str(members).unwrap();
            entry["url"] = json!(url);
            desk.write_settings(&json!({ "mcpServers": { "practice": entry } }).to_string());
            Said::of(&desk, &["practice"])
        }
    };
    (stage, said)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_planted_fault_is_named_alone_with_what_helps_and_the_page_says_the_same() {
    let (mut rows, mut missed) = (Vec::new(), Vec::new());
    for fault in ALL {
        let (stage, said) = examined(fault).await;
        match judged(fault, &said) {
            Ok(line) => rows.push(row(fault, line, &stage)),
            Err(why) => missed.push(format!("{}: {why}", fault.is)),
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    page_says(&rows.join("\n"));
}

/// The one line that is wrong, if it is the right one.
fn judged<'s>(fault: &Fault, said: &'s Said) -> Result<&'s Value, String> {
    let wrong = said.wrong();
    let [line] = wrong.as_slice() else {
        return Err(format!("{} lines are wrong: {wrong:#?}", wrong.len()));
    };
    let cure = line["do"].as_str().unwrap_or_default();
    if line["code"] != fault.code || !cure.contains(fault.cure) || said.exit != fault.exit {
        return Err(format!("exit {}, {line:#}{}", said.exit, said.aside));
    }
    Ok(line)
}

fn row(fault: &Fault, line: &Value, stage: &Stage) -> String {
    let cell = |key: &str| {
        let text = stage.shown(line[key].as_str().unwrap_or_default());
        text.replace('<', "&lt;").replace('|', "\\|")
    };
    format!(
        "| {} | `{}` {} | {} | {} | {} |",
        fault.is,
        fault.code,
        cell("errorCode"),
        cell("text"),
        cell("clause"),
        cell("do")
    )
}

/// The page between its two marks.
fn page_says(rows: &str) {
    const BEGIN: &str = "<!-- made by crates/cli/tests/cli/doctor.rs -->\n";
    const END: &str = "\n<!-- end -->";
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/doctor.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, behind) = rest.split_once(END).unwrap();
    let head = "| what is wrong | code | what the doctor says | by | what helps |\n|---|---|---|---|---|\n";
    let fresh = format!("{before}{BEGIN}{head}{rows}{END}{behind}");
    let written = Path::new(env!("CARGO_TARGET_TMPDIR")).join("doctor.md");
    std::fs::write(&written, &fresh).unwrap();
    let written = written.display();
    assert!(
        page == fresh,
        "the page is stale; from the root of the repository: cp {written} docs/guide/doctor.md"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_wrong_nothing_is_called_wrong() {
    for (switches, code) in WELL {
        let stage = Stage::set(switches).await;
        let said = Said::of(&Desk::new(), &[&stage.world.mcp_url()]);
        assert!(said.wrong().is_empty(), "{switches}: {:#?}", said.wrong());
        assert_eq!(said.exit, 0, "{switches}: {}", said.aside);
        assert!(
            said.codes().contains(code),
            "{switches}: {:?}",
            said.codes()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_registered_unless_it_is_asked_for() {
    let stage = Stage::set("{}").await;
    let url = stage.world.mcp_url();
    Said::of(&Desk::new(), &[&url]);
    assert_eq!(stage.world.counts().registered, 0);
    let said = Said::of(&Desk::new(), &[&url, "--register"]);
    assert_eq!(stage.world.counts().registered, 1);
    assert_eq!(said.exit, 0, "{}", said.aside);
    assert!(said.codes().contains(&"registered"), "{:?}", said.codes());
    assert!(
        said.codes().contains(&"stays-registered"),
        "{:?}",
        said.codes()
    );
    // rule: rfc7592-2.3
    let managed = Stage::set(r#"{"registrationManagement": true}"#).await;
    let said = Said::of(&Desk::new(), &[&managed.world.mcp_url(), "--register"]);
    assert!(said.codes().contains(&"taken-back"), "{:?}", said.codes());
    assert_eq!(managed.world.report()["clients"], json!([]));
    // A login server whose word is doubtful learns nothing of us.
    let doubtful = Stage::set(r#"{"pkce": "notOffered"}"#).await;
    Said::of(&Desk::new(), &[&doubtful.world.mcp_url(), "--register"]);
    assert_eq!(doubtful.world.counts().registered, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_transport_is_noted_and_fine() {
    let url = answering(&[
        ("POST", "HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", false),
        ("GET", "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\nevent: endpoint\ndata: /messages\n\n", true),
    ])
    .await;
    let said = Said::of(&Desk::new(), &[&url]);
    assert!(said.codes().contains(&"old-sse"), "{:#?}", said.lines);
    assert_eq!(said.exit, 0, "{}", said.aside);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_a_stream_that_begins_with_an_empty_event_and_stays_open_is_read() {
    let url = answering(&[("POST", "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\nid: 1\ndata:\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocolVersion\":\"2025-06-18\"}}\n\n", true)]).await;
    let said = Said::of(&Desk::new(), &[&url]);
    assert_eq!(
        said.codes()[1..3],
        ["streamable-http", "open"],
        "{:#?}",
        said.lines
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_speaks_mcp_and_refuses_the_handshake_is_told_from_one_that_does_not() {
    let url = answering(&[(
        "POST",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 75\r\nconnection: close\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602,\"message\":\"not this one\"}}  ",
        false,
    )])
    .await;
    let said = Said::of(&Desk::new(), &[&url]);
    assert_eq!(
        said.wrong()[0]["code"],
        "handshake-refused",
        "{:#?}",
        said.lines
    );
    assert!(said.wrong()[0]["text"].to_string().contains("not this one"));
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_one_fault_that_settings_could_accept_the_next_one_is_found() {
    let switches = r#"{"publishedIssuer": "{mcp}", "pkce": "plain", "registration": "absent", "dateAhead": -9000}"#;
    let stage = Stage::set(switches).await;
    let said = Said::of(&Desk::new(), &[&stage.world.mcp_url()]);
    let codes: Vec<&str> = said
        .wrong()
        .iter()
        .filter_map(|line| line["code"].as_str())
        .collect();
    let all = [
        "issuer-mismatch",
        "pkce-without-s256",
        "no-registration",
        "clock-off",
    ];
    assert_eq!(codes, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_holds_no_secret_and_no_query() {
    let switches = r#"{"trouble": {"register": [{"fault": "oauth", "error": "no s3cret-token-of-mine here"}]}}"#;
    let stage = Stage::set(switches).await;
    let desk = Desk::new();
    let url = format!("{}?api_key=hidden-in-the-query", stage.world.mcp_url());
    let registration = json!({ "initialAccessToken": "s3cret-token-of-mine" });
    let entry = json!({ "url": url, "headers": { "X-Key": "k3y-of-the-header" }, "oauth": { "dynamicRegistration": registration } });
    desk.write_settings(&json!({ "mcpServers": { "practice": entry } }).to_string());
    let report = desk.data_folder().with_extension("txt");
    let path = report.to_str().unwrap();
    let (exit, out, err) = desk.run(&["doctor", "practice", "--register", "--report", path]);
    assert_eq!(exit, 2, "{out}{err}");
    let report = std::fs::read_to_string(path).unwrap();
    assert!(report.contains("[registration-refused] wrong"), "{report}");
    assert!(report.contains("no [secret] here"), "{report}");
    for text in [report, out, err] {
        for secret in ["s3cret-token", "k3y-of", "hidden-in", "api_key", "\u{1b}"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

// rule: at-56
#[tokio::test(flavor = "multi_thread")]
async fn a_server_behind_an_authority_of_the_house_is_well_with_its_ca_file() {
    let stage = Stage::set(r#"{"placement": "sameOrigin"}"#).await;
    let (port, certificate) = self_signed(stage.server()).await;
    let origin = format!("https://localhost:{port}");
    stage.world.call_itself(&origin, &origin);
    let desk = Desk::new();
    let house = desk.settings_path().with_file_name("house.pem");
    std::fs::write(house, certificate).unwrap();
    let url = format!("{origin}/mcp");
    let servers =
        json!({ "house": { "url": url, "caFile": "house.pem" }, "strange": { "url": url } });
    desk.write_settings(&json!({ "mcpServers": servers }).to_string());
    let said = Said::of(&desk, &["house", "--register"]);
    assert!(said.wrong().is_empty(), "{:#?}", said.wrong());
    assert!(said.codes().contains(&"registered"), "{:?}", said.codes());
    let said = Said::of(&desk, &["strange"]);
    assert_eq!(said.wrong()[0]["code"], "certificate-unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_only_a_proxy_knows_is_asked_through_it() {
    let proxy = answering(&[(
        "POST http://",
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>",
        false,
    )])
    .await;
    let proxy = proxy.trim_end_matches("/mcp").to_owned();
    let url = format!("http://{NO_NAME}/mcp");
    let desk = Desk::new();
    let mut command = desk.command(&["doctor", "--json", &url]);
    let output = command.env("HTTP_PROXY", &proxy).output().unwrap();
    let lines: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let codes: Vec<&str> = lines
        .iter()
        .filter_map(|line| line["code"].as_str())
        .collect();
    assert_eq!(codes[..3], ["address-proxied", "plain-http", "html"]);
}

#[test]
fn whom_nobody_knows_is_a_mistake_of_usage() {
    let desk = Desk::new();
    desk.write_settings(r#"{"mcpServers": {"local": {"command": "true"}}}"#);
    for whom in ["nobody", "local", "ftp://mcp.example/mcp"] {
        let (exit, out, err) = desk.run(&["doctor", whom]);
        assert_eq!(exit, 1, "{whom}: {out}{err}");
        assert!(err.contains("error: "), "{whom}: {err}");
    }
}
