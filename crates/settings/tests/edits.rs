//! Any edit of any text: what the change names changes, nothing else does, and what is written is read again.

mod reference;

use std::fs;
use std::path::Path;

use mcphub_settings::{Change, EditError, File, apply};
use proptest::prelude::*;
use serde_json::{Map, Value};

use reference::edit::{self, read, remove, set};

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec!["a", "b", "c", "mcpServers", "oauth", "0", "1"]).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
        1 => any::<String>(),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(Value::from("${TOKEN:-x}")),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..5).prop_map(|members| Value::Object(
                members.into_iter().collect::<Map<String, Value>>()
            )),
        ]
    })
}

fn document() -> impl Strategy<Value = Value> {
    prop::collection::vec((key(), value()), 0..5)
        .prop_map(|members| Value::Object(members.into_iter().collect::<Map<String, Value>>()))
}

/// How the text is laid out; every comment has a number of its own.
#[derive(Debug, Clone)]
struct Style {
    line: &'static str,
    indent: &'static str,
    comments: bool,
    trailing_commas: bool,
}

fn style() -> impl Strategy<Value = Style> {
    let lines = prop::sample::select(vec!["\n", "\r\n", " "]);
    let indents = prop::sample::select(vec!["  ", "\t", ""]);
    (lines, indents, any::<bool>(), any::<bool>()).prop_map(
        |(line, indent, comments, trailing_commas)| Style {
            line,
            indent,
            comments,
            trailing_commas,
        },
    )
}

struct Writer {
    style: Style,
    out: String,
    comments: usize,
}

impl Writer {
    fn write(style: &Style, value: &Value) -> String {
        let mut writer = Self {
            style: style.clone(),
            out: String::new(),
            comments: 0,
        };
        writer.value(value, 0);
        writer.out
    }

    fn comment(&mut self) {
        if self.style.comments {
            self.comments += 1;
            self.out
                .push_str(&format!(" /* note {} */ ", self.comments));
        }
    }

    fn line(&mut self, depth: usize) {
        self.out.push_str(self.style.line);
        self.out.push_str(&self.style.indent.repeat(depth));
    }

    fn value(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Array(list) => {
                self.out.push('[');
                for (index, element) in list.iter().enumerate() {
                    self.line(depth + 1);
                    self.value(element, depth + 1);
                    self.comma(index + 1 == list.len());
                }
                self.line(depth);
                self.out.push(']');
            }
            Value::Object(object) => {
                self.out.push('{');
                for (index, (key, element)) in object.iter().enumerate() {
                    self.comment();
                    self.line(depth + 1);
                    self.out.push_str(&Value::from(key.as_str()).to_string());
                    self.out.push_str(": ");
                    self.value(element, depth + 1);
                    self.comma(index + 1 == object.len());
                }
                self.line(depth);
                self.out.push('}');
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.out.push_str(&value.to_string())
            }
        }
    }

    fn comma(&mut self, last: bool) {
        if !last || self.style.trailing_commas {
            self.out.push(',');
        }
    }
}

fn path() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(key(), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn setting_changes_only_its_path(document in document(), path in path(), new in value(), style in style()) {
        let text = Writer::write(&style, &document);
        let mut expected = document;
        let possible = set(&mut expected, &path, &new).is_some();
        match apply(&text, &[Change::Set { path, value: new }]) {
            Ok(edited) => {
                prop_assert!(possible, "this should have been refused:\n{}", edited);
                prop_assert_eq!(read(&edited), expected, "{}\n->\n{}", text, edited);
            }
            Err(error) => prop_assert!(!possible, "{}\n{}", error, text),
        }
    }

    #[test]
    fn removing_changes_only_its_path(document in document(), path in path(), style in style()) {
        let text = Writer::write(&style, &document);
        let mut expected = document;
        remove(&mut expected, &path);
        let edited = apply(&text, &[Change::Remove { path }]).unwrap();
        prop_assert_eq!(read(&edited), expected, "{}\n->\n{}", text, edited);
    }

    #[test]
    fn setting_and_removing_a_new_key_gives_back_the_meaning(document in document(), new in value(), style in style()) {
        let text = Writer::write(&style, &document);
        let path = vec!["a key that is not there".to_owned()];
        let longer = apply(&text, &[Change::Set { path: path.clone(), value: new }]).unwrap();
        let back = apply(&longer, &[Change::Remove { path }]).unwrap();
        prop_assert_eq!(read(&back), document);
    }

    #[test]
    fn comments_outside_the_path_stay(document in document(), new in value(), style in style()) {
        let style = Style { comments: true, ..style };
        let text = Writer::write(&style, &document);
        let edited = apply(&text, &[Change::set(["mcpServers", "new one", "oauth", "accessToken"], new)]);
        prop_assume!(edited.is_ok());
        let edited = edited.unwrap();
        for number in 1..=text.matches("/* note ").count() {
            let note = format!("/* note {number} */");
            // A value that gives way to an object takes the comments inside it along; objects on this path never do.
            prop_assert_eq!(edited.matches(&note).count(), 1, "{}\n->\n{}", text, edited);
        }
    }

    #[test]
    fn any_text_is_read_or_refused_and_never_changed_when_refused(text in "[\\[\\]{}\":,0-9a-z$ \\n/*]{0,60}") {
        match (File::parse(&text), apply(&text, &[])) {
            (Ok(_), Ok(same)) => prop_assert_eq!(same, text),
            (Ok(_), Err(error)) => prop_assert!(false, "read, but not edited: {}", error),
            (Err(_), _) => {}
        }
    }
}

#[test]
fn a_deep_path_is_written_with_two_spaces_a_level_however_the_text_begins() {
    let path: Vec<String> = (0..40).map(|depth| format!("level {depth}")).collect();
    for text in ["", "\n ", "\n {}", " { \"level 0\": null }"] {
        let change = Change::set(path.iter().map(String::as_str), true);
        let edited = apply(text, &[change]).unwrap();
        assert!(edited.len() < 10_000, "{text:?}: {} bytes", edited.len());
    }
}

// rule: safe-p07
#[test]
fn what_came_from_outside_does_not_bring_back_what_was_taken_out() {
    let path = ["mcpServers", "gone", "oauth", "accessToken"];
    let error = apply(r#"{ "mcpServers": {} }"#, &[Change::record(path, "t")]).unwrap_err();
    assert!(matches!(error, EditError::NoEntry(_)), "{error}");
}

#[test]
fn the_seeds_of_fuzzing_are_edited_as_the_reference_does() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/settings");
    let mut edited = 0;
    for seed in fs::read_dir(seeds).unwrap() {
        edited += usize::from(edit::check(&fs::read(seed.unwrap().path()).unwrap()));
    }
    assert!(edited >= 4, "{edited} of the seeds are settings");
}

#[test]
fn a_text_that_is_no_object_is_refused_by_the_edit_as_by_the_reader() {
    for text in ["null", "\n // mine\n [1, 2]", "\u{feff}7", "\"{}\" // é"] {
        let unread = File::parse(text).unwrap_err();
        let refused = apply(text, &[Change::set(["a"], 1)]).unwrap_err();
        assert_eq!(refused, EditError::Unreadable(unread), "{text}");
    }
}
