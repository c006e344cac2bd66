//! Answers of 50 MB: passed where the settings allow them, refused with the setting that helps where not, and in nobody's way.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

use crate::guest::{Answer, Guest};
use crate::house::House;
use crate::process;
use crate::server::{Call, STREAM, Server, event, json_answer};

const LARGE: usize = 50 * 1024 * 1024;
const ENOUGH: usize = LARGE + 1024;

/// How an answer comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wire {
    Json,
    Chunked,
    Events,
}

/// What stands on the wire in front of the letters and behind them.
fn around(call: &Call, wire: Wire) -> [String; 2] {
    const MARK: &str = "HERE";
    let response = call.response(MARK);
    let length = response.to_string().len();
    let text = match wire {
        Wire::Json => json_answer(&response.to_string()).replace(
            &format!("content-length: {length}"),
            &format!("content-length: {}", length - MARK.len() + LARGE),
        ),
        Wire::Chunked => json_answer(&response.to_string())
            .replace(&format!("content-length: {length}"), "connection: close"),
        Wire::Events => [STREAM, &event(&response)].concat(),
    };
    let (front, back) = text.split_once(MARK).expect("the mark");
    [front.to_owned(), back.to_owned()]
}

/// Answers `evil` with 50 MB; the second half only when it is rung for.
fn large(wire: Wire, bell: Option<Arc<Notify>>) -> Server {
    Server::start(move |call| {
        let bell = bell.clone();
        async move {
            if call.tool == "echo" {
                return call.well("echo").await;
            }
            let [front, back] = around(&call, wire);
            let half = vec![b'x'; LARGE / 2];
            let mut socket = call.socket;
            socket.write_all(front.as_bytes()).await.ok()?;
            socket.write_all(&half).await.ok()?;
            if let Some(bell) = bell {
                bell.notified().await;
            }
            socket.write_all(&half).await.ok()?;
            socket.write_all(back.as_bytes()).await.ok()?;
            (wire == Wire::Json).then_some(socket)
        }
    })
}

fn limited(mut settings: Value, bytes: usize) -> Value {
    settings["options"] = json!({ "maxBufferSize": bytes });
    settings
}

fn is_whole(answer: &Answer) -> bool {
    answer.text().len() == LARGE
}

#[tokio::test]
async fn an_answer_of_50_mb_passes_where_the_settings_allow_it_and_is_refused_with_the_cure_where_not()
 {
    for wire in [Wire::Json, Wire::Chunked, Wire::Events] {
        let server = large(wire, None);
        let house = House::with(json!({
            "wide": limited(server.settings(), ENOUGH), "narrow": server.settings(),
        }))
        .await;
        house.ready("wide").await.ready("narrow").await;
        assert!(is_whole(
            &Guest::of(&house, "/mcp/wide").await.call("evil").await
        ));
        let narrow = Guest::of(&house, "/mcp/narrow").await;
        let error = narrow.call("evil").await.error();
        assert!(error.contains("options.maxBufferSize"), "{error}");
        assert_eq!(narrow.call("echo").await.text(), "echo");
    }
}

#[tokio::test]
async fn a_line_of_50_mb_passes_where_the_settings_allow_it_and_is_refused_with_the_cure_where_not()
{
    let process = process::doing(&format!("ok \"$(letters {LARGE})\""));
    let house = House::with(json!({
        "wide": limited(process.clone(), ENOUGH), "narrow": process,
    }))
    .await;
    house.ready("wide").await.ready("narrow").await;
    assert!(is_whole(
        &Guest::of(&house, "/mcp/wide").await.call("evil").await
    ));
    let narrow = Guest::of(&house, "/mcp/narrow").await;
    let error = narrow.call("evil").await.error();
    assert!(error.contains("options.maxBufferSize"), "{error}");
    assert_eq!(narrow.call("echo").await.text(), "echo");
}

#[tokio::test]
async fn while_large_answers_are_under_way_small_calls_begin_and_end() {
    for wire in [Wire::Json, Wire::Events] {
        let bell = Arc::new(Notify::new());
        let server = large(wire, Some(Arc::clone(&bell)));
        let house = House::with(json!({ "up": limited(server.settings(), ENOUGH) })).await;
        house.ready("up").await;
        let guest = Guest::of(&house, "/mcp/up").await;
        let mut large = Vec::new();
        for _ in 0..2 {
            large.push(Guest::of(&house, "/mcp/up").await.begin_call("evil").await);
        }
        server.hears("both", |_| server.calls_of("evil") == 2).await;
        assert_eq!(guest.call("echo").await.text(), "echo");
        for mut asking in large {
            assert!(!asking.is_answered(), "it has ended before the small one");
            bell.notify_one();
            assert!(is_whole(&asking.whole().await));
        }
    }
}
