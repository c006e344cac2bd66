//! The OAuth cases that must be kept (`xtask/cases.txt`: an id and a sentence on each line), and the tests that carry their ids.
//!
//! Whether those tests pass is for the test run to say; this says that they are there.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::Context;

use crate::rules::{self, Rule};
use crate::source::Tree;

/// The list, relative to the root.
pub const LIST: &str = "xtask/cases.txt";

/// What the list and the marks say together.
#[derive(Debug)]
pub struct Report {
    /// Each case with its tests, for a person to read.
    pub text: String,
    /// What is wrong: a case without a test, a test of a case that is not listed.
    pub wrong: Vec<String>,
}

/// Fails when the list cannot be read.
pub fn report(root: &Path) -> anyhow::Result<Report> {
    let list =
        std::fs::read_to_string(root.join(LIST)).with_context(|| format!("cannot read {LIST}"))?;
    let rules = rules::collect(&Tree::read(root)?);
    Ok(compare(&list, &rules))
}

fn compare(list: &str, rules: &BTreeMap<String, Rule>) -> Report {
    let mut report = Report {
        text: String::new(),
        wrong: Vec::new(),
    };
    let lines = list.lines().map(str::trim);
    let cases: BTreeMap<&str, &str> = lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(' ').unwrap_or((line, "")))
        .collect();
    let mut tests = 0;
    for (id, sentence) in &cases {
        let carriers = rules.get(*id).map_or(&[][..], |rule| rule.tests.as_slice());
        let _infallible = writeln!(report.text, "{} {sentence}", id.to_uppercase());
        for place in carriers {
            let name = place.function.as_deref().unwrap_or("(no name)");
            let _infallible = writeln!(report.text, "      {name}  {}", place.path);
        }
        tests += carriers.len();
        if carriers.is_empty() {
            report.wrong.push(format!(
                "{id} ({sentence}) has no test\n    do: put `// rule: {id}` at the test that proves it"
            ));
        }
    }
    for (id, rule) in rules.iter().filter(|(id, _)| is_case(id)) {
        if let (false, Some(place)) = (cases.contains_key(id.as_str()), rule.tests.first()) {
            report.wrong.push(format!(
                "{}:{}: {id} is no case\n    do: correct the id, or add its line to {LIST}",
                place.path, place.line
            ));
        }
    }
    let _infallible = writeln!(report.text, "{} cases, {tests} tests", cases.len());
    report
}

/// `at-` and a number.
fn is_case(id: &str) -> bool {
    id.strip_prefix("at-")
        .is_some_and(|number| number.chars().all(|it| it.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Place;

    fn marked(id: &str, tests: &[&str]) -> BTreeMap<String, Rule> {
        let place = |name: &&str| Place {
            path: "crates/a/src/b.rs".to_owned(),
            line: 7,
            function: Some((*name).to_owned()),
        };
        let rule = Rule {
            code: vec![place(&"check")],
            tests: tests.iter().map(place).collect(),
        };
        BTreeMap::from([(id.to_owned(), rule)])
    }

    #[test]
    fn a_case_is_listed_with_each_of_its_tests() {
        let report = compare(
            "# words\nat-01 one renewal\n",
            &marked("at-01", &["fifty_calls", "two_calls"]),
        );
        assert_eq!(report.wrong, [""; 0]);
        for words in [
            "AT-01 one renewal\n",
            "fifty_calls  crates/a/src/b.rs\n",
            "two_calls",
            "1 cases, 2 tests",
        ] {
            assert!(report.text.contains(words), "{}", report.text);
        }
    }

    #[test]
    fn a_case_without_a_test_is_wrong_however_often_the_code_is_marked() {
        let report = compare("at-01 one renewal\n", &marked("at-01", &[]));
        assert_eq!(report.wrong.len(), 1, "{:?}", report.wrong);
        assert!(report.wrong[0].contains("at-01 (one renewal) has no test"));
    }

    #[test]
    fn a_test_of_a_case_that_nobody_listed_is_wrong_and_a_habit_is_no_case() {
        let list = "at-01 one renewal\n";
        let mut rules = marked("at-01", &["one"]);
        rules.extend(marked("at-habit-3", &["two"]));
        assert_eq!(compare(list, &rules).wrong, [""; 0]);
        rules.extend(marked("at-99", &["three"]));
        let wrong = compare(list, &rules).wrong;
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert!(wrong[0].contains("crates/a/src/b.rs:7: at-99 is no case"));
    }
}
