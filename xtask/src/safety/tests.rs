//! Tests: which lists and marks are refused.

use super::*;
use crate::rules::Place;

const LINES: &str = "## Discovery\n\nsafe-d01 an issuer elsewhere\nmust be refused\ninput honest.test\ninput file:///\n";

fn place(path: &str) -> Place {
    Place {
        path: path.to_owned(),
        line: 7,
        function: Some("one".to_owned()),
    }
}

fn held(list: &str, id: &str, tests: &[(&str, &str)]) -> Report {
    let rule = Rule {
        code: vec![place("crates/a/src/b.rs")],
        tests: tests.iter().map(|(path, _)| place(path)).collect(),
    };
    let marked = |(path, text): &(&str, &str)| Marked {
        path: (*path).to_owned(),
        line: 7,
        text: (*text).to_owned(),
    };
    let texts = BTreeMap::from([(id.to_owned(), tests.iter().map(marked).collect())]);
    compare(list, &BTreeMap::from([(id.to_owned(), rule)]), &texts).unwrap()
}

fn said(report: &Report) -> Vec<&str> {
    report
        .wrong
        .iter()
        .map(|wrong| wrong.what.as_str())
        .collect()
}

#[test]
fn a_case_whose_tests_try_all_that_it_names_stands_in_the_table() {
    let tests = [
        ("a/tests/t.rs", "honest.test"),
        ("a/tests/u.rs", "file:///x"),
    ];
    let report = held(LINES, "safe-d01", &tests);
    assert_eq!(said(&report), [""; 0]);
    let row = "| D01 | an issuer elsewhere | be refused | [crates/a/b.rs](../crates/a/src/b.rs) `one` | [a/tests/t.rs]";
    assert!(report.page.contains(row), "{}", report.page);
    assert!(report.page.contains("| 1 | 1 | 0 | 2 | 0 | 0 | 0 |"));
}

#[test]
fn a_mark_at_a_test_that_tries_something_else_is_not_enough() {
    let report = held(LINES, "safe-d01", &[("a/tests/t.rs", "honest.test")]);
    assert_eq!(said(&report), ["`file:///` is tried by none of its tests"]);
    let tests = [
        ("a/tests/t.rs", "honest.test file:///"),
        ("a/tests/other.rs", "assert!(true)"),
    ];
    let report = held(LINES, "safe-d01", &tests);
    assert_eq!(
        said(&report),
        ["a/tests/other.rs:7 tries nothing that it names"]
    );
}

#[test]
fn a_case_has_a_test_or_a_reason_and_not_both() {
    let report = held(LINES, "safe-d01", &[]);
    assert_eq!(said(&report), ["has neither a test nor a reason"]);
    let none = "## S\n\nsafe-d01 x\nmust y\nnone there is nothing of the kind here\n";
    assert_eq!(said(&held(none, "safe-d01", &[])), [""; 0]);
    let report = held(none, "safe-d01", &[("a/tests/t.rs", "x")]);
    assert_eq!(report.wrong.len(), 1);
    assert!(
        report
            .page
            .contains("cannot apply: there is nothing of the kind here")
    );
    let short = "## S\n\nsafe-d01 x\nmust y\nnone no\n";
    assert!(compare(short, &BTreeMap::new(), &BTreeMap::new()).is_err());
}

#[test]
fn a_case_without_inputs_and_a_mark_of_no_case_are_wrong() {
    let bare = "## S\n\nsafe-d01 x\nmust y\n";
    assert_eq!(
        said(&held(bare, "safe-d01", &[("a/tests/t.rs", "x")]))[0],
        "names no input"
    );
    let report = held(LINES, "safe-d99", &[("a/tests/t.rs", "x")]);
    assert!(said(&report).contains(&"is marked (a/tests/t.rs:7) and not listed"));
}

#[test]
fn what_comes_over_the_network_is_tried_at_the_running_binary() {
    let list = "## S\n\nsafe-w01 x\nmust y\ninput z\n";
    let report = held(list, "safe-w01", &[("crates/web/tests/t.rs", "z")]);
    assert_eq!(said(&report), ["is not tried at the running binary"]);
    for running in ["crates/cli/tests/cli/t.rs", "e2e/journey/t.test.mjs"] {
        assert_eq!(said(&held(list, "safe-w01", &[(running, "z")])), [""; 0]);
    }
}

#[test]
fn a_number_of_faults_stands_in_what_is_tried() {
    let list = "## S\n\nsafe-p01 x\nmust y\ninput 0..200\nfaults 200\n";
    assert!(compare(list, &BTreeMap::new(), &BTreeMap::new()).is_ok());
    let more = list.replace("faults 200", "faults 300");
    assert!(compare(&more, &BTreeMap::new(), &BTreeMap::new()).is_err());
}
