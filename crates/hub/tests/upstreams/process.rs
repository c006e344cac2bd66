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
    assert_eq!(up.catalog().tools.len(), 7);
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
    let hostile = ["; touch /tmp/x", "$(touch /tmp/x)", "`touch /tmp/x`", "a b"];
    // What a person writes for his server is passed as it is: whoever may write it may name any program.
    let own = json!({ "KEY": "${KEY_FOR_UP}", "LD_PRELOAD": "/nowhere.so", "PATH": "/nowhere" });
    let server = json!({ "up": { "command": child(), "args": hostile, "env": own } });
    let desk = Desk::in_environment(server, environment).await;
    let up = desk.ready().await;
    let found = text(&response(call(&up, "1", "environment")).await.unwrap());
    let mut names: Vec<_> = found.lines().collect();
    names.sort_unstable();
    let expected = [
        "HOME=/",
        "KEY=its own",
        "LD_PRELOAD=/nowhere.so",
        "PATH=/nowhere",
    ];
    assert_eq!(names, expected);
    let given = text(&response(call(&up, "2", "arguments")).await.unwrap());
    assert_eq!(given.lines().collect::<Vec<_>>(), hostile);
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
    assert_eq!(up.catalog().tools.len(), 7);
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

/// A server in a few lines; `before` runs first, `call` when a tool is called.
fn script(before: &str, call: &str) -> Value {
    let server = format!(
        r#"{before}
        while read -r line; do
            id=${{line#*\"id\":}}; id=${{id%%,*}}
            case "$line" in
                *server/discover*) echo "{{\"jsonrpc\":\"2.0\",\"id\":$id,\"error\":{{\"code\":-32601,\"message\":\"no\"}}}}" ;;
                *\"initialize\"*) echo "{{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{{}}}}}}" ;;
                *tools/call*) {call}; echo "{{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{{}}}}" ;;
            esac
        done"#
    );
    json!({ "up": { "command": "/bin/sh", "args": ["-c", server] } })
}

/// Starts a process of its own that nobody waits for, and says who both are.
const WITH_CHILD: &str =
    "tail -f /dev/null >/dev/null 2>&1 & echo \"child $!\" >&2; echo \"started as $$\" >&2";

async fn grandchild(up: &Upstream) -> String {
    let line = logged(up, "child ").await;
    line.rsplit(' ').next().unwrap().to_owned()
}

/// Whether it does anything still. Whoever inherits an orphan may be slow to collect it.
fn runs(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

/// Waits until a child of the hub is dead and collected.
pub(crate) async fn gone(process: &str) {
    let look = async {
        while alive(process) {
            tokio::task::yield_now().await;
        }
    };
    soon("the end of a process", look).await;
}

async fn orphan_ended(process: &str) {
    let look = async {
        while runs(process) {
            tokio::task::yield_now().await;
        }
    };
    soon("the end of an orphan", look).await;
}

// rule: safe-e04
#[tokio::test]
async fn what_a_process_started_ends_with_it() {
    let desk = Desk::with(script(WITH_CHILD, ":")).await;
    let up = desk.ready().await;
    let (leader, child) = (process(&up).await, grandchild(&up).await);
    assert!(alive(&leader) && alive(&child));
    soon("the end", desk.hub.shutdown()).await;
    orphan_ended(&child).await;
    assert!(!alive(&leader));
}

// rule: safe-e04
#[tokio::test]
async fn what_a_process_that_died_left_behind_is_ended_and_the_dead_are_collected() {
    let desk = Desk::with(script(WITH_CHILD, "exit 3")).await;
    let up = desk.ready().await;
    let (leader, child) = (process(&up).await, grandchild(&up).await);
    response(call(&up, "1", "any")).await.unwrap_err();
    // One that is dead and not collected would be seen still.
    gone(&leader).await;
    orphan_ended(&child).await;
    desk.ready().await;
}

#[tokio::test]
async fn what_a_process_writes_to_stderr_is_bounded_and_holds_nothing_up() {
    let long = "head -c 300000 /dev/zero | tr '\\0' x >&2; echo >&2";
    let flood =
        format!("{long}; i=0; while [ $i -lt 2000 ]; do echo \"line $i\" >&2; i=$((i+1)); done");
    let desk = Desk::with(script(":", &flood)).await;
    let up = desk.ready().await;
    response(call(&up, "1", "any")).await.unwrap();
    logged(&up, "line 1999").await;
    let log = up.log();
    assert!(log.len() <= 200, "{} lines", log.len());
    assert!(log.iter().all(|line| line.text.chars().count() <= 2_000));
    assert_eq!(up.state().trouble().map(Trouble::explain), None);
}

#[tokio::test]
async fn a_process_that_keeps_dying_is_waited_for_longer_each_time() {
    let desk = Desk::with(script(":", "exit 3")).await;
    let up = desk.ready().await;
    response(call(&up, "1", "any")).await.unwrap_err();
    // The first death is mended at once, the second is not.
    until(&up, |state| matches!(state, State::Ready)).await;
    response(call(&up, "2", "any")).await.unwrap_err();
    let state = until(&up, |state| matches!(state, State::BackingOff { .. })).await;
    assert!(
        matches!(state, State::BackingOff { attempt: 2, .. }),
        "{state:?}"
    );
}
