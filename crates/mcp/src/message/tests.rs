//! What stays as it was when a message is changed, built or refused. Whole inputs are in `tests/cases/message`.

use super::*;

#[test]
fn another_id_changes_nothing_else() {
    let text =
        r#"{ "id" : 7, "x": 1.00, "jsonrpc":"2.0","method":"tools/call","params":{"b":1,"a":2} } "#;
    let message = Message::parse(text).unwrap().with_id("\"abc\"");
    assert_eq!(message.text(), text.replace("7", "\"abc\""));
    assert_eq!(message.id(), Some("\"abc\""));
    assert_eq!(message.method(), Some("tools/call"));
    assert_eq!(message.params(), Some(r#"{"b":1,"a":2}"#));
}

#[test]
fn what_the_hub_builds_reads_as_what_it_built() {
    let cases = [
        (Message::request("1", "tools/list", None), Kind::Request),
        (Message::request("\"a\"", "x\"y", Some("{}")), Kind::Request),
        (
            Message::notification("notifications/initialized", None),
            Kind::Notification,
        ),
        (Message::success("1", "{}"), Kind::Response),
        (
            Message::failure(Some("1"), -32601, "no \"such\"", Some("[1]")),
            Kind::Response,
        ),
        (Message::failure(None, -32700, "no", None), Kind::Response),
    ];
    for (built, kind) in cases {
        let read = Message::parse(built.text()).unwrap();
        assert_eq!(read.kind(), kind);
        assert_eq!(built.kind(), kind);
        assert_eq!(
            (
                read.id(),
                read.method(),
                read.params(),
                read.result(),
                read.error()
            ),
            (
                built.id(),
                built.method(),
                built.params(),
                built.result(),
                built.error()
            )
        );
    }
}

#[test]
fn params_are_replaced_or_added_and_a_response_has_none() {
    let with = Message::request("1", "m", Some("{\"a\":1}")).with_params("{}");
    assert_eq!(
        with.text(),
        r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{}}"#
    );
    let added = Message::request("1", "m", None).with_params("{\"b\":2}");
    assert_eq!(added.params(), Some("{\"b\":2}"));
    assert_eq!(
        Message::parse(added.text()).unwrap().params(),
        added.params()
    );
    let response = Message::success("1", "{}").with_params("{\"b\":2}");
    assert_eq!(response.text(), r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
    assert_eq!(response.with_result("[]").result(), Some("[]"));
}

#[test]
fn a_progress_token_is_found_in_meta_and_in_the_notification() {
    let request = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":"t"},"arguments":{"progressToken":1}}}"#;
    let request = Message::parse(request).unwrap();
    assert_eq!(request.progress_token(), Ok(Some("\"t\"")));
    let request = request.with_progress_token("99").unwrap();
    assert_eq!(
        request.params(),
        Some(r#"{"_meta":{"progressToken":99},"arguments":{"progressToken":1}}"#)
    );
    let progress = Message::notification(
        "notifications/progress",
        Some(r#"{"progressToken":99,"progress":1}"#),
    );
    assert_eq!(progress.progress_token(), Ok(Some("99")));
    assert_eq!(
        progress.with_progress_token("\"t\"").unwrap().params(),
        Some(r#"{"progressToken":"t","progress":1}"#)
    );
}

#[test]
fn a_token_written_with_escapes_is_found_and_one_written_twice_is_refused() {
    let with = |params: &str| Message::request("1", "m", Some(params));
    let escaped = with(r#"{"_meta":{"\u0070rogressToken":5}}"#);
    assert_eq!(escaped.progress_token(), Ok(Some("5")));
    let twice = with(r#"{"_meta":{"progressToken":5,"progressToken":6}}"#);
    assert_eq!(
        twice.progress_token(),
        Err(Unreadable::Duplicate("progressToken".to_owned()))
    );
}

#[test]
fn a_cancellation_names_a_request_and_nothing_else_does() {
    let cancelled = Message::notification(
        "notifications/cancelled",
        Some(r#"{"requestId":"a","reason":"r"}"#),
    );
    assert_eq!(cancelled.cancelled_id(), Ok(Some("\"a\"")));
    assert_eq!(
        cancelled.with_cancelled_id("4").unwrap().params(),
        Some(r#"{"requestId":4,"reason":"r"}"#)
    );
    let other = Message::notification("x", Some(r#"{"requestId":"a"}"#));
    assert_eq!(other.cancelled_id(), Ok(None));
}

#[test]
fn a_batch_is_read_member_by_member() {
    let body = br#"[{"jsonrpc":"2.0","id":1,"method":"ping"}, 7]"#.to_vec();
    let Ok(Body::Batch(members)) = parse_body(body) else {
        panic!("not a batch");
    };
    assert_eq!(members[0].as_ref().unwrap().method(), Some("ping"));
    assert_eq!(members[1], Err(Malformed::NotAnObject("a number")));
}

#[test]
fn a_batch_of_millions_in_a_small_text_is_not_taken_apart() {
    let members = |many: usize| format!("[{}0]", "0,".repeat(many - 1)).into_bytes();
    assert!(matches!(
        parse_body(members(body::MOST)),
        Ok(Body::Batch(_))
    ));
    assert_eq!(parse_body(members(2_000_000)), Err(Malformed::LongBatch));
    let broken = [&members(2)[..], b"]"].concat();
    assert_eq!(parse_body(broken).unwrap_err().code(), code::PARSE_ERROR);
}

/// Recursion over what a stranger sends would overflow the stack, which nothing catches.
#[test]
fn a_message_that_nests_100_000_deep_is_read_like_any_other() {
    let deep = ["[".repeat(100_000), "]".repeat(100_000)].concat();
    let params = format!("{{\"_meta\":{{\"progressToken\":7,\"x\":{deep}}},\"y\":{deep}}}");
    let request = Message::request("1", "tools/call", Some(&params));
    let request = Message::parse(request.into_text()).unwrap();
    assert_eq!(request.progress_token(), Ok(Some("7")));
    let other = request.with_progress_token("8").unwrap().with_id("2");
    assert_eq!(other.progress_token(), Ok(Some("8")));
    assert!(Message::parse("{\"a\":".repeat(100_000)).is_err());
    assert!(parse_body("[".repeat(100_000).into_bytes()).is_err());
}

// rule: jsonrpc-6
#[test]
fn an_empty_batch_is_refused_as_a_whole() {
    assert_eq!(parse_body(b"[]".to_vec()), Err(Malformed::EmptyBatch));
    assert_eq!(
        parse_body(b"[".to_vec()).unwrap_err().code(),
        code::PARSE_ERROR
    );
    assert_eq!(parse_body(vec![0xff]), Err(Malformed::NotUtf8));
}

// rule: jsonrpc-4
// rule: jsonrpc-5
// rule: mcp-duplicate-keys
#[test]
fn a_broken_envelope_is_an_invalid_request_and_broken_json_a_parse_error() {
    let code = |text: &str| Message::parse(text).unwrap_err().code();
    assert_eq!(code("{"), code::PARSE_ERROR);
    assert_eq!(
        code(r#"{"jsonrpc":"1.0","method":"m"}"#),
        code::INVALID_REQUEST
    );
    assert_eq!(
        code(r#"{"jsonrpc":"2.0","id":1,"result":1,"error":{}}"#),
        code::INVALID_REQUEST
    );
    assert_eq!(
        code(r#"{"jsonrpc":"2.0","method":"m","method":"m"}"#),
        code::INVALID_REQUEST
    );
}
