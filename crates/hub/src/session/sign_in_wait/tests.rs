//! What a client that waits is told.

use mcp::message::Message;

use super::*;

fn progress() -> Progress {
    Progress {
        token: "\"mine\"".into(),
        text: "practice needs a sign-in".into(),
        count: 0,
    }
}

fn number(told: &Message) -> f64 {
    let number = raw::field(told.params().unwrap(), "progress").unwrap();
    number.unwrap().parse().unwrap()
}

// rule: mcp-progress-grows
#[test]
fn progress_grows_while_a_call_waits_and_stays_below_what_a_server_counts() {
    let mut progress = progress();
    let mut last = 0.0;
    for _ in 0..400 {
        let told = progress.next();
        assert_eq!(told.progress_token(), Ok(Some("\"mine\"")));
        assert!(number(&told) > last && number(&told) < 0.001, "{told:?}");
        last = number(&told);
    }
}

#[test]
fn only_an_accepting_answer_is_a_yes() {
    for (result, yes) in [
        (r#"{"action":"accept"}"#, true),
        (r#"{"action":"decline"}"#, false),
        (r#"{"action":"cancel"}"#, false),
        ("{}", false),
    ] {
        assert_eq!(is_yes(&Message::success("1", result)), yes, "{result}");
    }
    assert!(!is_yes(&Message::failure(Some("1"), -32601, "no", None)));
}

#[test]
fn lists_are_never_waited_for() {
    assert!(may_wait(method::TOOLS_CALL) && may_wait(method::RESOURCES_READ));
    assert!(!may_wait(method::TOOLS_LIST) && !may_wait(method::COMPLETE));
}
