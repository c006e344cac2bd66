//! Servers that repeat the token that they were sent, in every place where they can: nobody reads it.

use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    desk::{Desk, call, response, trouble},
    stand_in::{Seen, StandIn, events, json_answer, usual},
};

const TOKEN: &str = "AT/of-one-person+0123456789==";

async fn signed_in(server: &StandIn) -> Desk {
    let oauth = json!({ "accessToken": TOKEN });
    let up = json!({ "type": "streamable-http", "url": server.url, "oauth": oauth });
    Desk::with(json!({ "up": up })).await
}

/// What the server was sent as `Authorization`.
fn word(seen: &Seen) -> String {
    let word = seen.header("authorization").unwrap_or_default();
    assert_eq!(word, format!("Bearer {TOKEN}"));
    word.to_owned()
}

fn error(seen: &Seen, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": seen.body["id"], "error": { "code": -32000, "message": message, "data": { "headers": [message] } } })
}

fn result(seen: &Seen, text: &str) -> Value {
    let content = [json!({ "type": "text", "text": text })];
    json!({ "jsonrpc": "2.0", "id": seen.body["id"], "result": { "content": content, "isError": true } })
}

type Repeats = fn(&Seen, &str) -> Response;

// rule: safe-x04
#[tokio::test]
async fn a_token_that_a_server_repeats_reaches_no_client_no_page_and_no_log() {
    let ways: [(&str, Repeats); 7] = [
        ("error", |seen, word| json_answer(&error(seen, word))),
        ("result", |seen, word| json_answer(&result(seen, word))),
        ("stream", |seen, word| events([result(seen, word)])),
        ("error in a stream", |seen, word| {
            events([error(seen, word)])
        }),
        ("status", |_, word| {
            (StatusCode::INTERNAL_SERVER_ERROR, word.to_owned()).into_response()
        }),
        ("page", |_, word| {
            Html(format!("<p>{word}</p>")).into_response()
        }),
        ("no message", |_, word| {
            json_answer(&json!({ "headers": word }))
        }),
    ];
    for (way, repeats) in ways {
        let server = StandIn::with_calls(move |seen: Seen| async move {
            let word = word(&seen);
            repeats(&seen, &word)
        })
        .await;
        let desk = signed_in(&server).await;
        let up = desk.ready().await;
        let told = match response(call(&up, "1", "echo")).await {
            Ok(answer) => answer.text().to_owned(),
            Err(error) => format!("{error} {error:?} {}", up.explain_call(&error)),
        };
        let log = format!("{:?} {:?}", up.log(), up.state());
        for place in [&told, &log] {
            assert!(!place.contains("AT/of-one"), "{way}: {place}");
        }
        // What is no message is not shown, for the server is on this machine.
        let is_message = !["status", "page", "no message"].contains(&way);
        assert_eq!(
            told.contains("masked"),
            is_message,
            "{way} says that something was there: {told}"
        );
    }
}

// rule: safe-x04
#[tokio::test]
async fn a_token_that_a_server_repeats_before_it_is_connected_is_masked_too() {
    let ways: [(Repeats, bool); 2] = [
        (|seen, word| json_answer(&error(seen, word)), true),
        (
            |_, word| (StatusCode::BAD_GATEWAY, format!("{:>390}", word)).into_response(),
            false,
        ),
    ];
    for (repeats, is_message) in ways {
        let server = StandIn::start(move |seen: Seen| async move {
            match (seen.asks(), seen.header("authorization")) {
                ("initialize", Some(word)) => repeats(&seen, word),
                _ => usual(&seen).unwrap_or_else(|| StatusCode::ACCEPTED.into_response()),
            }
        })
        .await;
        let desk = signed_in(&server).await;
        let told = trouble(&desk.up()).await;
        assert!(!told.contains("AT/of"), "{told}");
        assert_eq!(told.contains("masked"), is_message, "{told}");
    }
}
