//! Frames and event streams against their references, over made-up and mutilated inputs and the seeds of the fuzz targets. What a
//! day of fuzzing would look for, a few thousand inputs at a time.

mod reference;

use std::fs;
use std::path::Path;

use mcphub_mcp::sse::{self, Event, Parser};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use reference::{frame, stream};

/// Values of every kind, with spellings that a reader who writes them anew would lose, and some that are not JSON.
const VALUES: [&str; 30] = [
    "null",
    "true",
    "0",
    "-0",
    "1",
    "1.0",
    "1E5",
    "1e999",
    "-1.50e-07",
    "123456789012345678901234567890",
    "01",
    "1.",
    "+1",
    "-",
    "\"\"",
    "\"a\"",
    "\"2.0\"",
    "\"2\\u002e0\"",
    "\"tools/call\"",
    "\"tools\\/list\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\"\\x\"",
    "\"é\"",
    "{}",
    "[]",
    "[1,[2,{\"a\":[]}]]",
    "{\"a\":1,\"a\":2}",
    "{\"_meta\":{\"progressToken\":\"t\"}}",
    "{ \"_meta\" : { \"progress\\u0054oken\" : 7.0 , \"progressToken\":8} }",
];

const KEYS: [&str; 12] = [
    "\"jsonrpc\"",
    "\"id\"",
    "\"method\"",
    "\"params\"",
    "\"result\"",
    "\"error\"",
    "\"x\"",
    "\"i\\u0064\"",
    "\"\\u006dethod\"",
    "\"ID\"",
    "\"\\ud800\"",
    "x",
];

const SPACES: [&str; 6] = ["", "", "", " ", "\r\n\t", "\u{a0}"];

/// Entries that make a message, to be spoiled.
fn sound() -> impl Strategy<Value = Vec<(String, String)>> {
    let kinds: [&[(&str, &str)]; 5] = [
        &[
            ("method", "\"tools/call\""),
            ("id", "1"),
            (
                "params",
                "{\"name\":\"x\",\"_meta\":{\"progressToken\":1.0}}",
            ),
        ],
        &[
            ("method", "\"notifications/progress\""),
            ("params", "{\"progressToken\":\"t\",\"progress\":1e2}"),
        ],
        &[
            ("id", "\"a\\u0000\""),
            ("result", "{\"n\":12345678901234567890.10,\"x\":[ ]}"),
        ],
        &[
            ("id", "-7"),
            ("error", "{\"code\":-32601,\"message\":\"no\"}"),
        ],
        &[("id", "null"), ("error", "{}")],
    ];
    select(kinds.to_vec()).prop_map(|entries| {
        let version = [("jsonrpc", "\"2.0\"")];
        let entries = version.iter().chain(entries);
        entries
            .map(|(key, value)| (format!("\"{key}\""), (*value).to_owned()))
            .collect()
    })
}

/// A sound envelope, or one with entries of any kind among its own, in any order and with any spaces.
fn envelope() -> impl Strategy<Value = String> {
    let any = (select(&KEYS[..]), select(&VALUES[..]))
        .prop_map(|(key, value)| (key.to_owned(), value.to_owned()));
    let more = prop_oneof![3 => Just(0), 2 => 1..4usize]
        .prop_flat_map(move |count| prop::collection::vec(any.clone(), count));
    (sound(), more, select(&SPACES[..])).prop_flat_map(|(sound, more, space)| {
        Just([sound, more].concat())
            .prop_shuffle()
            .prop_map(move |entries| {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| format!("{space}{key}{space}:{space}{value}{space}"))
                    .collect();
                format!("{{{}}}{space}", entries.join(","))
            })
    })
}

/// A message or a batch of some.
fn body() -> impl Strategy<Value = String> {
    let members = prop_oneof![4 => envelope(), 1 => select(&VALUES[..]).prop_map(str::to_owned)];
    prop_oneof![
        4 => envelope(),
        1 => prop::collection::vec(members, 0..4).prop_map(|members| format!(" [{}]", members.join(" , "))),
    ]
}

/// One thing that can happen to bytes on their way.
#[derive(Debug, Clone)]
enum Harm {
    Set(Index, u8),
    Cut(Index, Index),
    Again(Index, Index),
    Put(Index, &'static str),
}

fn harm() -> impl Strategy<Value = Harm> {
    let place = any::<Index>;
    let pieces = [
        VALUES.as_slice(),
        &KEYS,
        &[
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\\",
            "\u{feff}",
            "\n",
            "\0",
            "\"id\":2,",
        ],
    ]
    .concat();
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Harm::Set(at, byte)),
        (place(), place()).prop_map(|(from, to)| Harm::Cut(from, to)),
        (place(), place()).prop_map(|(from, to)| Harm::Again(from, to)),
        (place(), select(pieces)).prop_map(|(at, piece)| Harm::Put(at, piece)),
    ]
}

fn harmed(mut bytes: Vec<u8>, harms: &[Harm]) -> Vec<u8> {
    for harm in harms {
        let length = bytes.len() + 1;
        let between = |from: &Index, to: &Index| {
            let (from, to) = (from.index(length), to.index(length));
            from.min(to)..from.max(to)
        };
        match harm {
            Harm::Set(at, byte) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Harm::Set(..) => {}
            Harm::Cut(from, to) => drop(bytes.drain(between(from, to))),
            Harm::Again(from, to) => {
                let piece = bytes[between(from, to)].to_vec();
                bytes.extend(piece);
            }
            Harm::Put(at, piece) => {
                let at = at.index(length);
                bytes.splice(at..at, piece.bytes());
            }
        }
    }
    bytes
}

fn stream_bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "data",
        "data:",
        "data: ",
        ":",
        " ",
        "id: 7",
        "id",
        "id: a\0b",
        "retry: 500",
        "retry: 5x",
        "retry: 99999999999999999999999",
        "event: message",
        "event",
        "event:",
        "\u{feff}",
        "é",
        "{\"jsonrpc\":\"2.0\"}",
        "Data: x",
        " data: x",
        "\n",
        "\n",
        "\n\n",
        "\r",
        "\r\n",
        "\r\n\r\n",
        "\n\r",
    ];
    let piece = prop_oneof![
        12 => select(pieces.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..6),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_the_frame_that_the_reference_sees(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        frame::check(&bytes);
    }

    #[test]
    fn envelopes_of_any_entries_are_the_frames_that_the_reference_sees(body in body()) {
        frame::check(body.as_bytes());
    }

    #[test]
    fn harmed_envelopes_are_the_frames_that_the_reference_sees(
        body in body(),
        harms in prop::collection::vec(harm(), 1..4),
    ) {
        frame::check(&harmed(body.into_bytes(), &harms));
    }

    #[test]
    fn a_sound_envelope_is_read_with_its_parts_in_any_order(entries in sound().prop_shuffle()) {
        let entries: Vec<_> = entries.iter().map(|(key, value)| format!("{key}:{value}")).collect();
        prop_assert_eq!(frame::check(format!("{{{}}}", entries.join(",")).as_bytes()), 1);
    }

    // rule: mcp-duplicate-keys
    #[test]
    fn a_sound_envelope_with_one_of_its_keys_again_is_refused(
        entries in sound(),
        which in any::<Index>(),
        at in any::<Index>(),
        escaped in any::<bool>(),
    ) {
        let (key, value) = which.get(&entries).clone();
        let letter = key.as_bytes()[1];
        let spelled = if escaped { format!("\"\\u00{letter:02x}{}", &key[2..]) } else { key };
        let mut entries = entries;
        entries.insert(at.index(entries.len() + 1), (spelled, value));
        let entries: Vec<_> = entries.iter().map(|(key, value)| format!("{key}:{value}")).collect();
        prop_assert_eq!(frame::check(format!("{{{}}}", entries.join(",")).as_bytes()), 0);
    }

    #[test]
    fn streams_are_read_as_the_reference_does_however_they_are_cut(
        bytes in stream_bytes(),
        limit in prop_oneof![3usize..60, Just(10_000)],
        cuts in prop::collection::vec(any::<usize>(), 0..6),
    ) {
        stream::check(&bytes, limit, &cuts);
    }

    #[test]
    fn any_bytes_are_the_stream_that_the_reference_reads(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        limit in 3usize..100,
        cuts in prop::collection::vec(any::<usize>(), 0..6),
    ) {
        stream::check(&bytes, limit, &cuts);
    }

    #[test]
    fn no_text_in_an_event_forges_a_field_or_another_event(
        kind in prop::option::of("[\\PC\r\n:]{0,12}"),
        data in "([\\PC\r\n\0:]|data: |\n\n|\r\r){0,20}",
        id in prop::option::of("[\\PC\r\n:]{0,12}"),
        retry in prop::option::of(any::<u64>()),
    ) {
        let event = Event { kind, data, id, retry };
        let mut text = String::new();
        sse::write(&mut text, &event);
        let mut parser = Parser::new(10_000);
        parser.feed(text.as_bytes());
        let without_breaks = |text: &String| text.replace(['\r', '\n'], "");
        let expected = Event {
            kind: event.kind.as_ref().map(without_breaks).filter(|kind| !kind.is_empty()),
            data: event.data.replace("\r\n", "\n").replace('\r', "\n"),
            id: event.id.as_ref().map(without_breaks),
            retry: event.retry,
        };
        prop_assert_eq!(parser.take(), Some(Ok(expected)));
        prop_assert_eq!(parser.take(), None);
    }
}

#[test]
fn nesting_of_any_depth_is_passed_on_and_no_depth_breaks_the_reader() {
    let depth = 200_000;
    let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(
        frame::check(format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{deep}}}").as_bytes()),
        1
    );
    assert_eq!(frame::check("[".repeat(depth).as_bytes()), 0);
    assert_eq!(frame::check("{\"a\":".repeat(depth).as_bytes()), 0);
}

#[test]
fn the_seeds_of_the_fuzz_targets_hold() {
    let read = seeds("frame")
        .iter()
        .map(|seed| frame::check(seed))
        .sum::<usize>();
    assert!(read >= 6, "only {read} messages in the seeds");
    for seed in seeds("stream") {
        stream::check(&seed, 64, &[1, 7, 20]);
        stream::check(&seed, 10_000, &[]);
    }
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(target);
    let files = fs::read_dir(folder).expect("the folder of seeds");
    let seeds: Vec<_> = files
        .map(|file| fs::read(file.expect("an entry").path()).expect("a seed"))
        .collect();
    assert!(seeds.len() > 5, "only {} seeds", seeds.len());
    seeds
}
