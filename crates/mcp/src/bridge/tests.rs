//! The shapes between the revisions: senders, discovery, rounds of a call, listening.

use super::*;

const SENDER: Sender<'_> = Sender {
    revision: Revision::V2026_07_28,
    implementation: r#"{"name":"hub"}"#,
    capabilities: r#"{"roots":{}}"#,
    log_level: None,
};

// rule: mcp-meta-every-request
#[test]
fn every_request_says_its_revision_and_its_sender_and_keeps_what_was_there() {
    let dressed =
        with_sender(Some(r#"{"name":"a","_meta":{"progressToken":7}}"#), &SENDER).unwrap();
    assert_eq!(
        dressed,
        r#"{"name":"a","_meta":{"progressToken":7,"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"hub"},"io.modelcontextprotocol/clientCapabilities":{"roots":{}}}}"#
    );
    for nothing in [None, Some("null"), Some("{}"), Some(r#"{"_meta":null}"#)] {
        let dressed = with_sender(nothing, &SENDER).unwrap();
        let version = raw::string_at(&dressed, &["_meta", key::PROTOCOL_VERSION]);
        assert_eq!(version.unwrap().unwrap(), "2026-07-28", "{nothing:?}");
    }
}

#[test]
fn a_client_cannot_say_another_revision_than_the_hub_speaks() {
    let lying = r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"1999-01-01"}}"#;
    let dressed = with_sender(
        Some(lying),
        &Sender {
            log_level: Some("info"),
            ..SENDER
        },
    )
    .unwrap();
    assert!(!dressed.contains("1999-01-01"), "{dressed}");
    let level = raw::string_at(&dressed, &["_meta", key::LOG_LEVEL]);
    assert_eq!(level.unwrap().unwrap(), "info");
}

#[test]
fn a_clients_capabilities_are_those_that_a_call_can_use() {
    let declared = r#"{"elicitation":{"url":{}},"roots":{"listChanged":true},"sampling":null,"tasks":{},"extensions":{"a/b":{}}}"#;
    assert_eq!(
        capabilities(declared),
        r#"{"elicitation":{"url":{}},"extensions":{"a/b":{}},"roots":{}}"#
    );
    assert_eq!(capabilities("[]"), "{}");
}

// rule: mcp-discover-result
#[test]
fn a_server_is_modern_only_when_it_lists_revisions() {
    assert_eq!(supported("{}"), None);
    assert_eq!(supported(r#"{"supportedVersions":[]}"#), None);
    assert_eq!(supported(r#"{"supportedVersions":"2026-07-28"}"#), None);
    assert_eq!(
        supported(r#"{"supportedVersions":[1,"2026-07-28"]}"#).unwrap(),
        ["2026-07-28"]
    );
}

#[test]
fn the_newest_revision_that_both_know_is_chosen() {
    assert_eq!(
        choose(["2025-11-25", "2026-07-28"]),
        Choice::Stateless(Revision::V2026_07_28)
    );
    assert_eq!(choose(["2999-01-01", "2025-06-18"]), Choice::Handshake);
    assert_eq!(choose(["2999-01-01"]), Choice::Nothing);
}

// rule: mcp-unsupported-version
// rule: mcp-era-modern-error
#[test]
fn only_three_errors_tell_a_modern_server() {
    let refused = r#"{"code":-32022,"message":"no","data":{"supported":["2026-07-28"]}}"#;
    assert_eq!(unsupported(refused).unwrap(), ["2026-07-28"]);
    assert_eq!(
        unsupported(r#"{"code":-32601,"data":{"supported":["2026-07-28"]}}"#),
        None
    );
    assert_eq!(unsupported(r#"{"code":-32022}"#), Some(Vec::new()));
    for (code, modern) in [
        (-32020, true),
        (-32021, true),
        (-32022, true),
        (-32601, false),
        (-32602, false),
        (-32000, false),
    ] {
        assert_eq!(is_modern(&format!("{{\"code\":{code}}}")), modern, "{code}");
    }
}

#[test]
fn a_discovery_reads_like_an_answer_to_initialize() {
    let discovered = r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{"x":1e400}},"instructions":"do","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}}}"#;
    assert_eq!(
        introduction(discovered, "up", Revision::V2026_07_28).unwrap(),
        r#"{"protocolVersion":"2026-07-28","capabilities":{"tools":{"x":1e400}},"serverInfo":{"name":"s","version":"1"},"instructions":"do"}"#
    );
    let bare = introduction("{}", "up", Revision::V2026_07_28).unwrap();
    assert!(
        bare.contains(r#""serverInfo":{"name":"up","version":""}"#),
        "{bare}"
    );
}

// rule: mcp-result-type
#[test]
fn a_result_without_a_type_is_complete_and_an_unknown_type_is_told() {
    assert_eq!(outcome(r#"{"content":[]}"#), Ok(Outcome::Complete));
    assert_eq!(
        outcome(r#"{"resultType":"complete"}"#),
        Ok(Outcome::Complete)
    );
    assert_eq!(
        outcome(r#"{"resultType":"task"}"#),
        Ok(Outcome::Other("task".into()))
    );
}

// rule: mcp-mrtr-requests
#[test]
fn the_questions_of_a_result_come_in_order_with_the_state_as_written() {
    let asked = r#"{"resultType":"input_required","inputRequests":{"b":{"method":"roots/list"},"a":{"method":"elicitation/create","params":{"message":"?"}}},"requestState":"\u0041 \"x\""}"#;
    let Ok(Outcome::InputRequired(input)) = outcome(asked) else {
        panic!("not a question");
    };
    let keys: Vec<_> = input.questions.iter().map(|q| q.key.as_str()).collect();
    assert_eq!(keys, ["b", "a"]);
    assert_eq!(
        input.questions[1].params.as_deref(),
        Some(r#"{"message":"?"}"#)
    );
    assert_eq!(input.state.as_deref(), Some(r#""\u0041 \"x\"""#));
}

// rule: mcp-mrtr-requests
#[test]
fn questions_that_nobody_can_answer_are_refused() {
    let asked = |rest: &str| outcome(&format!("{{\"resultType\":\"input_required\"{rest}}}"));
    assert_eq!(asked(""), Err(Unanswerable::Empty));
    assert_eq!(asked(r#","inputRequests":[]"#), Err(Unanswerable::NotAMap));
    assert!(matches!(
        asked(r#","inputRequests":{"a":{}}"#),
        Err(Unanswerable::Nothing { .. })
    ));
    assert!(matches!(
        asked(r#","inputRequests":{"a":{"method":"tools/call"}}"#),
        Err(Unanswerable::Method { .. })
    ));
    let twice = r#","inputRequests":{"a":{"method":"roots/list"},"a":{"method":"roots/list"}}"#;
    assert_eq!(asked(twice), Err(Unanswerable::Twice("a".into())));
}

// rule: mcp-mrtr-retry
#[test]
fn a_retry_is_the_first_request_with_answers_and_the_state_byte_for_byte() {
    let first = r#"{"name":"t","arguments":{"n":1e400}}"#;
    assert_eq!(
        retry(
            first,
            [("k\"", r#"{"action":"accept"}"#)],
            Some(r#""\u0041""#)
        )
        .unwrap(),
        r#"{"name":"t","arguments":{"n":1e400},"inputResponses":{"k\"":{"action":"accept"}},"requestState":"\u0041"}"#
    );
    assert_eq!(retry(first, [], None).unwrap(), first);
}

#[test]
fn a_listener_says_what_it_wants_to_hear() {
    assert_eq!(
        listen(&["toolsListChanged"], &[], &["t-1".into()]),
        r#"{"notifications":{"toolsListChanged":true,"taskIds":["t-1"]}}"#
    );
    assert_eq!(
        listen(&[], &["file:///\"x".into()], &[]),
        r#"{"notifications":{"resourceSubscriptions":["file:///\"x"]}}"#
    );
}
