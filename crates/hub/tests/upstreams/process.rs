//! Upstreams as child processes, with a server on another implementation of the protocol.

use std::{path::PathBuf, time::Duration};

use hub::upstream::{self, CallError, State, Trouble, Upstream};
use serde_json::{Value, json};

use crate::desk::{Desk, call, response, soon, trouble, until};

/// The example of this crate; `cargo test` builds it.
pub(crate) fn child() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let path = here
        .parent()
        .and_then(|deps| deps.parent())
        .unwrap()
        .join("examples/stdio_child");
    assert!(
        path.exists(),
        "{} is not built: run the tests of the whole crate",
        path.display()
    );
    path
}

fn at(arguments: &[&str]) -> Value {
    json!({ "up": { "command": child(), "args": arguments } })
}

/// Waits until the log has a line like this, and returns it.
pub(crate) async fn logged(up: &Upstream, words: &str) -> String {
    let look = async {
        loop {
            if let Some(line) = up.log().into_iter().find(|line| line.text.contains(words)) {
                return line.text;
            }
            tokio::task::yield_now().await;
        }
    };
    soon(words, look).await
}

pub(crate) fn alive(process: &str) -> bool {
    PathBuf::from(format!("/proc/{process}")).exists()
}

pub(crate) async fn process(up: &Upstream) -> String {
    logged(up, "started as")
        .await
        .rsplit(' ')
        .next()
        .unwrap()
        .to_owned()
}

fn text(answer: &mcp::message::Message) -> String {
    let result: Value = serde_json::from_str(answer.result().unwrap()).unwrap();
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_process_is_listed_called_by_many_and_stopped_with_the_hub() {
    let desk = Desk::with(at(&[])).await;
    let up = desk.ready().await;
    assert_eq!(up.catalog().tools.len(), 6);
    let answers =
        futures::future::join_all((0..20).map(|_| response(call(&up, "\"same\"", "echo")))).await;
    assert!(
        answers
            .into_iter()
            .all(|answer| answer.unwrap().id() == Some("\"same\""))
    );
    let process = process(&up).await;
    assert!(alive(&process));
    soon("the end", desk.hub.shutdown()).await;
    assert!(!alive(&process));
}

// rule: mcp-era-stdio-exit
#[tokio::test]
async fn a_process_that_ends_over_the_first_question_is_started_again_and_met_with_a_handshake() {
    const SERVER: &str = r#"while read -r line; do
        id=${line#*\"id\":}; id=${id%%,*}
        case "$line" in
            *server/discover*) exit 3 ;;
            *\"initialize\"*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{}}}" ;;
        esac
    done"#;
    let desk = Desk::with(json!({ "up": { "command": "/bin/sh", "args": ["-c", SERVER] } })).await;
    let up = desk.ready().await;
    logged(&up, "ended when it was asked what it speaks").await;
}

// rule: mcp-lifecycle-shutdown-stdio
// rule: safe-e04
#[tokio::test]
async fn a_process_that_ignores_the_end_of_its_input_is_ended_all_the_same() {
    let desk = Desk::with(at(&["stay"])).await;
    let up = desk.ready().await;
    let process = process(&up).await;
    soon("the end", desk.hub.shutdown()).await;
    assert!(!alive(&process));
}

// rule: safe-e02
#[tokio::test]
async fn a_process_gets_its_own_environment_and_no_secret_of_the_hub() {
    let environment = |name: &str| match name {
        "HOME" => Some("/".to_owned()),
        "JWT_SECRET" | "ADMIN_PASSWORD" => Some("hub secret".to_owned()),
        "KEY_FOR_UP" => Some("its own".to_owned()),
        _ => None,
    };
    let hostile = ["; touch /tmp/x", "$(touch /tmp/x)"];
    let server =
        json!({ "up": { "command": child(), "args": hostile, "env": { "KEY": "${KEY_FOR_UP}" } } });
    let desk = Desk::in_environment(server, environment).await;
    let found = text(
        &response(call(&desk.ready().await, "1", "environment"))
            .await
            .unwrap(),
    );
    let mut names: Vec<_> = found.lines().collect();
    names.sort_unstable();
    assert_eq!(names, ["HOME=/", "KEY=its own"]);
}

#[tokio::test]
async fn what_is_no_message_is_dropped_and_noted_and_stderr_is_kept() {
    let desk = Desk::with(at(&[])).await;
    let up = desk.ready().await;
    assert_eq!(
        text(&response(call(&up, "1", "noise")).await.unwrap()),
        "done"
    );
    logged(&up, "dropped what is not a message").await;
    // rule: safe-x02
    let line = logged(&up, "something happened").await;
    assert_eq!(line, "[31msomething happened");
    assert!(up.log().iter().any(|line| line.from == upstream::From::Hub));
}

#[tokio::test]
async fn a_message_over_the_limit_fails_its_call_and_the_process_goes_on() {
    let desk = Desk::with(json!({ "up": { "command": child(), "args": [], "options": { "maxBufferSize": 100_000 } } })).await;
    let up = desk.ready().await;
    let (big, small) = tokio::join!(
        response(call(&up, "1", "big")),
        response(call(&up, "2", "echo"))
    );
    assert!(
        matches!(
            big,
            Err(CallError::Failed {
                trouble: Trouble::TooLarge { .. },
                ..
            })
        ),
        "{big:?}"
    );
    assert_eq!(small.unwrap().id(), Some("2"));
    assert_eq!(
        up.log()
            .iter()
            .filter(|line| line.text.contains("started as"))
            .count(),
        1
    );
}

#[tokio::test]
async fn a_process_that_dies_fails_its_call_with_its_last_words_and_is_started_again() {
    let desk = Desk::with(at(&[])).await;
    let up = desk.ready().await;
    let error = response(call(&up, "1", "die"))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("exit status: 3") && error.contains("out of cheese"),
        "{error}"
    );
    assert_eq!(
        response(call(&up, "2", "echo")).await.unwrap().id(),
        Some("2")
    );
    assert_eq!(up.catalog().tools.len(), 6);
}

// rule: mcp-cancellation
#[tokio::test]
async fn a_call_that_is_dropped_is_cancelled_in_the_process() {
    let desk = Desk::with(
        json!({ "up": { "command": child(), "args": [], "options": { "timeout": 300 } } }),
    )
    .await;
    let up = desk.ready().await;
    let error = response(call(&up, "1", "hang")).await.unwrap_err();
    assert!(
        matches!(error, CallError::Timeout { after, .. } if after == Duration::from_millis(300)),
        "{error}"
    );
    logged(&up, "cancelled").await;
}

#[tokio::test]
async fn a_command_that_is_not_there_is_named_with_the_cure() {
    let desk =
        Desk::with(json!({ "up": { "command": "no-such-command-anywhere", "args": [] } })).await;
    let trouble = trouble(&desk.up()).await;
    assert!(
        trouble.contains("\"no-such-command-anywhere\" could not be started")
            && trouble.contains("PATH"),
        "{trouble}"
    );
}

#[tokio::test]
async fn a_command_that_is_no_server_ends_in_words() {
    let desk = Desk::with(json!({ "up": { "command": "/bin/echo", "args": ["hello"] } })).await;
    let state = until(&desk.up(), |state| {
        matches!(state, State::BackingOff { .. })
    })
    .await;
    let told = state.trouble().unwrap().explain();
    assert!(
        told.contains("the process ended with exit status: 0"),
        "{told}"
    );
}
