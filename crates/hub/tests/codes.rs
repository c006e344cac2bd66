//! The table of error codes against the rest of the house: each code is produced by a test, and the guide says what the table says.

#![expect(clippy::unwrap_used, reason = "all of this is a test")]

extern crate mcphub_hub as hub;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use hub::cause::{Cause, Family};

/// Files whose tests go through tables of codes and what produces them; each row is asserted. A code that stands in one is produced.
const TABLES: [&str; 3] = [
    "crates/hub/src/sign_in/tests/codes.rs",
    "crates/hub/tests/upstreams/codes.rs",
    "crates/web/tests/codes.rs",
];
/// The same with words instead of names: worlds with one planted fault, which the doctor has to find.
const FAULTS: &str = "crates/cli/tests/cli/doctor/faults.rs";
/// Codes that take a test of their own kind.
const ELSEWHERE: &[(&str, &str, &[Cause])] = &[
    (
        "crates/hub/src/cause/tests.rs",
        "what_only_servers_elsewhere_can_do_wrong_has_its_code",
        &[
            Cause::McpAddress,
            Cause::AuthorizationServerInner,
            Cause::Ambiguous,
            Cause::TokenEndpointMoved,
            Cause::SecretElsewhere,
        ],
    ),
    (
        "crates/hub/src/upstream/causes.rs",
        "a_connection_that_does_not_come_about_is_told_apart_by_the_systems_own_word",
        &[Cause::ConnectionSilent, Cause::ConnectionFailed],
    ),
    (
        "crates/hub/src/doctor/transport.rs",
        "what_is_wrong_with_a_certificate_is_told_apart",
        &[
            Cause::CertificateUnknown,
            Cause::CertificateEnded,
            Cause::CertificateWrong,
        ],
    ),
    (
        "crates/hub/src/sign_in/tests/device.rs",
        "a_refusal_and_the_end_of_the_code_are_said_and_nobody_is_asked_any_more",
        &[Cause::CodeExpired, Cause::Declined],
    ),
    (
        "crates/web/src/problem.rs",
        "what_is_our_own_fault_has_its_code",
        &[Cause::Internal],
    ),
    (
        "crates/cli/tests/cli/messages.rs",
        "without_a_hub_a_command_ends_with_4_and_says_how_to_start_one",
        &[Cause::NoHub],
    ),
    (
        "crates/cli/tests/cli/messages.rs",
        "settings_that_do_not_parse_stop_the_start_with_line_and_column_and_are_not_touched",
        &[Cause::SettingsUnreadable],
    ),
    (
        "crates/cli/tests/cli/drain.rs",
        "a_call_that_is_under_way_when_the_hub_is_told_to_stop_is_answered_and_nothing_new_is_begun",
        &[Cause::Stopping],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The code of a file. What a comment says of a code produces nothing.
fn text(path: &str) -> String {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    let lines: Vec<&str> = text.lines().map(without_comment).collect();
    lines.join("\n")
}

/// Up to `//`, unless that stands in a text.
fn without_comment(line: &str) -> &str {
    let mut ends = line.match_indices("//").map(|(at, _)| at);
    let in_text = |at: &usize| line[..*at].replace("\\\"", "").matches('"').count() % 2 == 1;
    match ends.find(|at| !in_text(at)) {
        Some(end) => &line[..end],
        None => line,
    }
}

#[test]
fn a_code_in_a_comment_is_not_produced() {
    for (line, code) in [
        ("// Cause::IssuerMismatch", ""),
        (
            "    asserts(x); // Cause::IssuerMismatch",
            "    asserts(x); ",
        ),
        ("/// Cause::IssuerMismatch", ""),
        (
            r#"("https://a.test", Cause::Twice), // why"#,
            r#"("https://a.test", Cause::Twice), "#,
        ),
        (
            r#"say("a \" // b", Cause::Twice)"#,
            r#"say("a \" // b", Cause::Twice)"#,
        ),
    ] {
        assert_eq!(without_comment(line), code);
    }
    assert!(!names(
        without_comment("x(); // Cause::Internal"),
        Cause::Internal
    ));
}

/// `Cause::IssuerMismatch` as a whole word.
fn names(text: &str, cause: Cause) -> bool {
    let name = format!("Cause::{cause:?}");
    text.match_indices(&name).any(|(at, _)| {
        let behind = text[at + name.len()..].chars().next();
        !behind.is_some_and(char::is_alphanumeric)
    })
}

/// From the test's name to the next test.
fn body<'t>(text: &'t str, test: &str) -> &'t str {
    let (_, behind) = text
        .split_once(&format!("fn {test}("))
        .unwrap_or_else(|| panic!("there is no test {test}"));
    behind
        .split("#[test]")
        .next()
        .unwrap()
        .split("#[tokio::test")
        .next()
        .unwrap()
}

#[test]
fn each_code_is_produced_by_a_test() {
    let mut produced = BTreeSet::new();
    for path in TABLES {
        let text = text(path);
        produced.extend(Cause::ALL.iter().filter(|cause| names(&text, **cause)));
    }
    let faults = text(FAULTS);
    let planted = |cause: &&Cause| faults.contains(&format!("\"{}\",", cause.word()));
    produced.extend(Cause::ALL.iter().filter(planted));
    for (path, test, causes) in ELSEWHERE {
        let text = text(path);
        for cause in *causes {
            assert!(names(body(&text, test), *cause), "{test} has no {cause:?}");
            produced.insert(*cause);
        }
    }
    let missing: Vec<String> = Cause::ALL
        .iter()
        .filter(|cause| !produced.contains(cause))
        .map(|cause| format!("{cause} {}", cause.word()))
        .collect();
    assert!(
        missing.is_empty(),
        "no test produces:\n{}",
        missing.join("\n")
    );
}

const FAMILIES: [Family; 5] = [
    Family::Auth,
    Family::Link,
    Family::Call,
    Family::Hub,
    Family::Conf,
];

fn guide() -> String {
    let mut page = String::from(
        "# Errors\n\nEvery error that you can meet has a code, the same in the terminal, in the API, in the log, on pages and in the doctor's lines. \
        Number and word never change. `mcphub explain <code>` says what stands here without a network; a hub serves each code as `/errors/<code>`.\n\n\
        ```\n",
    );
    let shown = hub::explained::Explained::of(Cause::RegistrationRedirectRefused, Some("linear"));
    let _ = writeln!(page, "{shown}\n```\n");
    page.push_str(
        "What is wrong in a case of yours (which address, which of two values) is in the lines *Evidence* and *Why*. In the API these lines are `explained` \
        of a server and of an error; an error carries its code as `errorCode`, and the members of RFC 9457 (`type`, `title`, `status`, `detail`).\n",
    );
    for family in FAMILIES {
        let _ = writeln!(
            page,
            "\n## {}\n\n| code | word | what happened | why | by | what helps |\n|---|---|---|---|---|---|",
            family.about()
        );
        for cause in Cause::ALL.iter().filter(|cause| cause.family() == family) {
            let command = cause.command().map(|command| format!("<br>`{command}`"));
            let _ = writeln!(
                page,
                "| {cause} | `{}` | {} | {} | {} | {}{} |",
                cause.word(),
                cause.title(),
                cause.why(),
                cause.clause().unwrap_or_default(),
                cause.cure(),
                command.unwrap_or_default()
            );
        }
    }
    page
}

#[test]
fn the_guide_says_what_the_table_says() {
    let fresh = guide();
    let written = Path::new(env!("CARGO_TARGET_TMPDIR")).join("errors.md");
    std::fs::write(&written, &fresh).unwrap();
    let page = std::fs::read_to_string(root().join("docs/guide/errors.md")).unwrap_or_default();
    assert!(
        page == fresh,
        "the page is stale; from the root of the repository: cp {} docs/guide/errors.md",
        written.display()
    );
}
