//! Inputs and what must come of them, one file each in `cases/`: adding a case is adding a file.

use std::fs;
use std::path::Path;

use mcphub_mcp::merge::{self, Listing};
use mcphub_mcp::sse::{Event, Parser};
use mcphub_mcp::{Kind, Message};
use serde_json::Value;

#[test]
fn messages_are_read_or_refused_as_their_cases_say() {
    for_each("message", |case| {
        let input = case["input"].as_str().unwrap();
        let message = match (Message::parse(input), said(case)) {
            (Ok(message), None) => message,
            (Err(error), Some(words)) => return has(&error.to_string(), words),
            (Ok(_), Some(words)) => panic!("read, but expected: {words}"),
            (Err(error), None) => panic!("refused: {error}"),
        };
        let kind = match message.kind() {
            Kind::Request => "request",
            Kind::Notification => "notification",
            Kind::Response => "response",
        };
        assert_eq!(message.text(), input);
        assert_eq!(Some(kind), case["kind"].as_str());
        assert_eq!(message.id(), case["id"].as_str());
        assert_eq!(message.method(), case["method"].as_str());
        assert_eq!(message.params(), case["params"].as_str());
        assert_eq!(message.result(), case["result"].as_str());
        assert_eq!(message.error(), case["error"].as_str());
    });
}

#[test]
fn event_streams_are_read_as_their_cases_say() {
    for_each("sse", |case| {
        let limit = case["limit"].as_u64().unwrap_or(10_000);
        let mut parser = Parser::new(usize::try_from(limit).unwrap());
        parser.feed(case["stream"].as_str().unwrap().as_bytes());
        for expected in case["events"].as_array().unwrap() {
            let event = parser.take().expect("one more event");
            match expected.as_str() {
                Some(words) => assert_eq!((event.is_err(), words), (true, "too long")),
                None => assert_eq!(event.unwrap(), expected_event(expected)),
            }
        }
        assert_eq!(parser.take(), None);
    });
}

#[test]
fn lists_are_read_or_refused_as_their_cases_say() {
    for_each("list", |case| {
        let listing = match case["listing"].as_str().unwrap() {
            "tools" => Listing::Tools,
            "prompts" => Listing::Prompts,
            "resources" => Listing::Resources,
            _ => Listing::Templates,
        };
        let page = match (
            merge::page(listing, case["result"].as_str().unwrap()),
            said(case),
        ) {
            (Ok(page), None) => page,
            (Err(error), Some(words)) => return has(&error.to_string(), words),
            (Ok(_), Some(words)) => panic!("read, but expected: {words}"),
            (Err(error), None) => panic!("refused: {error}"),
        };
        let names: Vec<Value> = page.entries.iter().map(|e| Value::from(&*e.name)).collect();
        assert_eq!(&Value::from(names), &case["names"]);
        assert_eq!(page.next.as_deref(), case["next"].as_str());
        assert_eq!(Some(page.skipped as u64), case["skipped"].as_u64());
    });
}

fn for_each(folder: &str, check: impl Fn(&Value)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(folder);
    let mut count = 0;
    for file in fs::read_dir(folder).expect("the folder of cases") {
        let path = file.expect("an entry").path();
        eprintln!("{}", path.display());
        let text = fs::read_to_string(&path).expect("a case is readable");
        let case: Value = serde_json::from_str(&text).expect("a case is JSON");
        check(&case);
        count += 1;
    }
    assert!(count > 5, "only {count} cases found");
}

fn said(case: &Value) -> Option<&str> {
    case["error_says"].as_str()
}

fn has(error: &str, words: &str) {
    assert!(error.contains(words), "expected \"{words}\" in \"{error}\"");
}

fn expected_event(expected: &Value) -> Event {
    let text = |key: &str| expected[key].as_str().map(str::to_owned);
    Event {
        kind: text("kind"),
        data: text("data").expect("data"),
        id: text("id"),
        retry: expected["retry"].as_u64(),
    }
}
