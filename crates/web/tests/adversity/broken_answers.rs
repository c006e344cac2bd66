//! Servers that break off, or answer what is no answer: one clear error to whoever asked, and the next call works.

use futures::future::join_all;
use serde_json::json;

use crate::guest::Guest;
use crate::house::{House, until};
use crate::process;
use crate::server::{Call, STREAM, Server, event, json_answer, write};

/// What stands on the wire, and words of the error that the caller reads.
type Broken = (&'static str, fn(&Call) -> String, &'static str);

fn whole(call: &Call) -> String {
    json_answer(&call.response("half of it is not here").to_string())
}

fn chunked(call: &Call, length: usize) -> String {
    let text = call.response("chunked").to_string();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{text}"
    )
}

const BROKEN: [Broken; 14] = [
    (
        "cut before its head",
        |_| String::new(),
        "closed the connection before its answer was whole",
    ),
    (
        "cut in its head",
        |call| whole(call)[..40].to_owned(),
        "before its answer was whole",
    ),
    (
        "cut in a body",
        |call| whole(call).replace(" is not here\"}]}}", ""),
        "before its answer was whole",
    ),
    (
        "cut in a chunk",
        |call| chunked(call, 4_000),
        "before its answer was whole",
    ),
    (
        "cut between chunks",
        |call| {
            format!(
                "{}\r\n",
                chunked(call, call.response("chunked").to_string().len())
            )
        },
        "before its answer was whole",
    ),
    (
        "no chunk",
        |call| chunked(call, 0xfff).replace("fff\r\n", "zz\r\n"),
        "chunk size",
    ),
    (
        "a length that is too long",
        |call| whole(call).replace("content-length: ", "content-length: 1"),
        "before its answer was whole",
    ),
    (
        "a length that is too short",
        |call| whole(call).replace("content-length: 1", "content-length: "),
        "not JSON",
    ),
    (
        "cut in an event",
        |call| format!("{STREAM}data: {}", call.response("half")),
        "closed the stream before it answered",
    ),
    (
        "an empty stream",
        |_| STREAM.to_owned(),
        "closed the stream before it answered",
    ),
    (
        "an event that is no message",
        |_| format!("{STREAM}data: <html>\n\n"),
        "not JSON",
    ),
    (
        "garbage",
        |_| "\u{1}\u{2}\u{3} 418 I am\r\n\r\n".to_owned(),
        "invalid HTTP version",
    ),
    (
        "another's id",
        |call| {
            json_answer(
                &call
                    .response("x")
                    .to_string()
                    .replace(&format!("\"id\":{}", call.id), "\"id\":987654"),
            )
        },
        "closed the stream before it answered",
    ),
    ("no message", |_| json_answer("[1,2"), "not JSON"),
];

/// Two servers: `evil` breaks the connection as told, and counts.
fn breaking(how: fn(&Call) -> String) -> Server {
    Server::start(move |call| async move {
        if call.tool == "echo" {
            return call.well("echo").await;
        }
        let text = how(&call);
        // The connection ends with it.
        write(call.socket, text.as_bytes()).await;
        None
    })
}

#[tokio::test]
async fn a_broken_answer_is_one_clear_error_is_not_asked_for_twice_and_the_next_call_works() {
    for (what, how, words) in BROKEN {
        let server = breaking(how);
        let house = House::with(json!({ "up": server.settings() })).await;
        house.ready("up").await;
        let (guest, other) = (
            Guest::of(&house, "/mcp/up").await,
            Guest::of(&house, "/mcp/up").await,
        );
        let others = join_all((0..4).map(async |_| other.call("echo").await.text()));
        let (broken, others) = futures::join!(guest.call("evil"), others);
        let error = broken.error();
        assert!(error.contains(words), "{what}: {error}");
        assert!(
            others.iter().all(|text| text == "echo"),
            "{what}: {others:?}"
        );
        // It may have been executed, so it is not sent again.
        assert_eq!(server.calls_of("evil"), 1, "{what}");
        assert_eq!(guest.call("echo").await.text(), "echo", "{what}");
    }
}

#[tokio::test]
async fn of_two_answers_the_first_counts_and_the_second_reaches_nobody() {
    let twice: [fn(&Call) -> String; 3] = [
        |call| {
            [
                json_answer(&call.response("first").to_string()),
                json_answer(&call.response("second").to_string()),
            ]
            .concat()
        },
        |call| {
            [
                STREAM,
                &event(&call.response("first")),
                &event(&call.response("second")),
            ]
            .concat()
        },
        |call| json_answer(&json!([call.response("first"), call.response("second")]).to_string()),
    ];
    for how in twice {
        let server = Server::start(move |call| async move {
            if call.tool == "echo" {
                return call.well("echo").await;
            }
            let text = how(&call);
            write(call.socket, text.as_bytes()).await
        });
        let house = House::with(json!({ "up": server.settings() })).await;
        house.ready("up").await;
        let guest = Guest::of(&house, "/mcp/up").await;
        for _ in 0..3 {
            let answer = guest.call("evil").await;
            assert_eq!(answer.text(), "first", "{answer:?}");
            assert!(!answer.body.contains("second"), "{answer:?}");
            assert_eq!(guest.call("echo").await.text(), "echo");
        }
    }
}

// rule: safe-x05
#[tokio::test]
async fn a_process_that_says_things_twice_to_nobody_and_in_pieces_confuses_no_call() {
    let evil =
        r#"ok first; ok second; id=987654; ok nobody; printf 'garbage\n{"jsonrpc":\n\377\376\n'"#;
    let house = House::with(json!({ "up": process::doing(evil) })).await;
    house.ready("up").await;
    let guest = Guest::of(&house, "/mcp/up").await;
    for _ in 0..3 {
        assert_eq!(guest.call("evil").await.text(), "first");
        assert_eq!(guest.call("echo").await.text(), "echo");
    }
}

#[tokio::test]
async fn a_process_that_dies_in_the_middle_of_a_line_fails_what_waits_and_is_started_again() {
    let evil = r#"printf 'out of memory\n' >&2; printf '{"jsonrpc":"2.0","id":%s,"resu' "$id"; kill -9 $$"#;
    let house = House::with(json!({ "up": process::doing(evil) })).await;
    house.ready("up").await;
    let guest = Guest::of(&house, "/mcp/up").await;
    let error = guest.call("evil").await.error();
    assert!(
        error.contains("signal: 9") && error.contains("out of memory"),
        "{error}"
    );
    until("it is started again", || {
        !matches!(house.server("up").state(), hub::upstream::State::Ready)
    })
    .await;
    assert_eq!(guest.call("echo").await.text(), "echo");
}
