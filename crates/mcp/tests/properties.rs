//! What must hold for every text: nothing is lost on the way through, however it arrives.

use mcphub_mcp::sse::{self, Event, Parser};
use mcphub_mcp::{Message, raw};
use proptest::prelude::*;
use serde_json::{Map, Value};

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            object(inner).prop_map(Value::from),
        ]
    })
}

fn object(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec(("[a-z_ü\"\\\\]{1,6}", value), 0..5)
        .prop_map(|pairs| pairs.into_iter().collect())
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|id| id.to_string()),
        ".{0,10}".prop_map(|id| raw::quote(&id)),
    ]
}

/// A message's text in any order of keys, with spaces, and with the id at a known place.
fn message() -> impl Strategy<Value = (String, String, String)> {
    let space = "[ \n\r\t]{0,3}";
    let payload = prop_oneof![
        (object(json()), "[a-z/]{1,12}").prop_map(|(params, method)| vec![
            ("method".to_owned(), raw::quote(&method)),
            ("params".to_owned(), Value::from(params).to_string()),
        ]),
        json().prop_map(|result| vec![("result".to_owned(), result.to_string())]),
    ];
    let extra = (json(), "x-[a-z]{1,5}").prop_map(|(value, key)| (key, value.to_string()));
    (payload, extra, id(), space, any::<prop::sample::Index>()).prop_flat_map(
        |(payload, extra, id, space, at)| {
            let mut pairs = payload;
            pairs.push(("jsonrpc".to_owned(), "\"2.0\"".to_owned()));
            pairs.push(extra);
            Just(pairs).prop_shuffle().prop_map(move |pairs| {
                let place = at.index(pairs.len() + 1);
                let write = |(key, value): &(String, String)| {
                    format!("{space}{}{space}:{space}{value}{space}", raw::quote(key))
                };
                let before: Vec<_> = pairs[..place].iter().map(write).collect();
                let after: Vec<_> = pairs[place..].iter().map(write).collect();
                let head = before.iter().map(|p| format!("{p},")).collect::<String>();
                let tail = after.iter().map(|p| format!(",{p}")).collect::<String>();
                (
                    format!("{space}{{{head}\"id\":{space}"),
                    id.clone(),
                    format!("{space}{tail}}}{space}"),
                )
            })
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    (
        prop::option::of("[a-z]{1,8}"),
        "[a-z:{}\" ü]{0,20}(\n[a-z ]{0,10}){0,3}",
        prop::option::of("[!-~]{1,8}"),
        prop::option::of(0u64..100_000),
    )
        .prop_map(|(kind, data, id, retry)| Event {
            kind,
            data,
            id,
            retry,
        })
}

proptest! {
    #[test]
    fn reading_and_another_id_lose_nothing((head, old, tail) in message(), new in id()) {
        let text = format!("{head}{old}{tail}");
        let message = Message::parse(text.clone()).unwrap();
        prop_assert_eq!(message.text(), &text);
        prop_assert_eq!(message.id(), Some(old.as_str()));
        let parts = |m: &Message| (m.method().map(str::to_owned), m.params().map(str::to_owned), m.result().map(str::to_owned));
        let before = parts(&message);
        let other = message.with_id(&new);
        prop_assert_eq!(other.text(), format!("{head}{new}{tail}"));
        prop_assert_eq!(&parts(&other), &before);
        prop_assert_eq!(&Message::parse(other.text()).unwrap(), &other);
        prop_assert_eq!(other.with_id(&old).into_text(), text);
    }

    #[test]
    fn any_text_is_read_or_refused_without_a_crash(text in "[\\[\\]{}\":,a-z0-9\\\\u \n]{0,60}") {
        if let Ok(message) = Message::parse(text.clone()) {
            prop_assert_eq!(message.text(), text);
        }
    }

    #[test]
    fn setting_a_field_is_what_a_tree_would_do(fields in object(json()), key in "[a-c]", value in json()) {
        let text = Value::from(fields.clone()).to_string();
        let set = raw::set(&text, &key, &value.to_string()).unwrap();
        let mut expected = fields;
        expected.insert(key, value);
        prop_assert_eq!(set, Value::from(expected).to_string());
    }

    #[test]
    fn events_are_the_same_however_the_stream_is_cut(
        events in prop::collection::vec(event(), 0..6),
        end in prop_oneof![Just("\n"), Just("\r\n"), Just("\r")],
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let mut text = String::new();
        events.iter().for_each(|event| sse::write(&mut text, event));
        let bytes = text.replace('\n', end).into_bytes();
        let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        let mut parser = Parser::new(10_000);
        places.windows(2).for_each(|pair| parser.feed(&bytes[pair[0]..pair[1]]));
        let read: Vec<_> = std::iter::from_fn(|| parser.take()).collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(read, events);
    }

    #[test]
    fn any_bytes_give_the_same_events_in_one_piece_and_byte_by_byte(
        bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), Just(b' '), Just(b'd'), any::<u8>()], 0..80),
        limit in 1usize..40,
    ) {
        let mut whole = Parser::new(limit);
        whole.feed(&bytes);
        let mut single = Parser::new(limit);
        bytes.chunks(1).for_each(|byte| single.feed(byte));
        let all = |mut parser: Parser| std::iter::from_fn(move || parser.take()).collect::<Vec<_>>();
        prop_assert_eq!(all(whole), all(single));
    }
}
