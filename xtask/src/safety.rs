//! The cases of abuse that must come to nothing (`xtask/safety.txt`), the tests that try them, and `docs/security.md`, which is made of both.
//!
//! A case names what is tried as it stands in a test (`input`), and all of it must stand in the tests that carry the case's mark: the mark
//! alone, at some other test, proves nothing. Whether those tests pass is for the test run to say.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::Context;

use crate::marked::{self, Marked};
use crate::rules::{self, Rule};
use crate::source::Tree;

mod list;

use list::Case;

/// The list, relative to the root.
pub const LIST: &str = "xtask/safety.txt";
/// The generated page, relative to the root.
pub const PAGE: &str = "docs/security.md";

/// What the list and the marks say together.
#[derive(Debug)]
pub struct Report {
    /// The text of `docs/security.md`.
    pub page: String,
    pub wrong: Vec<Wrong>,
}

/// A case that is not kept as its line says.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    pub id: String,
    pub what: String,
    pub cure: String,
}

/// Fails when the list or a marked file cannot be read.
pub fn report(root: &Path) -> anyhow::Result<Report> {
    let list =
        std::fs::read_to_string(root.join(LIST)).with_context(|| format!("cannot read {LIST}"))?;
    let tree = Tree::read(root)?;
    let rules = rules::collect(&tree);
    let mut texts = BTreeMap::new();
    for id in rules.keys().filter(|id| is_case(id)) {
        texts.insert(id.clone(), marked::texts(&tree, root, &rules[id].tests)?);
    }
    compare(&list, &rules, &texts)
}

/// Whether the page on disk differs from what list and marks say.
pub fn is_stale(report: &Report, root: &Path) -> bool {
    std::fs::read_to_string(root.join(PAGE)).map_or(true, |written| written != report.page)
}

fn compare(
    list: &str,
    rules: &BTreeMap<String, Rule>,
    texts: &BTreeMap<String, Vec<Marked>>,
) -> anyhow::Result<Report> {
    let cases = list::read(list)?;
    let mut wrong: Vec<Wrong> = Vec::new();
    for case in &cases {
        let tests = texts.get(&case.id).map_or(&[][..], Vec::as_slice);
        wrong.extend(faults(case, tests));
    }
    let listed = |id: &str| cases.iter().any(|case| case.id == id);
    for (id, rule) in rules.iter().filter(|(id, _)| is_case(id) && !listed(id)) {
        let place = rule.tests.first().or(rule.code.first());
        let place = place.map_or_else(String::new, |at| format!(" ({}:{})", at.path, at.line));
        wrong.push(Wrong {
            id: id.clone(),
            what: format!("is marked{place} and not listed"),
            cure: format!("correct the id, or add its lines to {LIST}"),
        });
    }
    Ok(Report {
        page: page(&cases, rules),
        wrong,
    })
}

fn is_case(id: &str) -> bool {
    id.starts_with("safe-")
}

/// What a case lacks.
fn faults(case: &Case, tests: &[Marked]) -> Vec<Wrong> {
    let wrong = |what: String, cure: String| Wrong {
        id: case.id.clone(),
        what,
        cure,
    };
    match (&case.none, tests) {
        (Some(_), []) => return Vec::new(),
        (Some(_), [test, ..]) => {
            let what = format!("cannot apply, it says, and has a test in {}", test.path);
            return vec![wrong(what, "take the reason out, or the mark".to_owned())];
        }
        (None, []) => {
            let cure = format!(
                "put `// rule: {}` at the test that tries it, or say why it cannot apply (`none`)",
                case.id
            );
            return vec![wrong("has neither a test nor a reason".to_owned(), cure)];
        }
        (None, _) => {}
    }
    let mut found = Vec::new();
    if case.inputs.is_empty() {
        let cure = "write what its tests try behind `input`".to_owned();
        found.push(wrong("names no input".to_owned(), cure));
    }
    for input in &case.inputs {
        if !tests.iter().any(|test| test.text.contains(input)) {
            let cure = "try it there, or correct the line".to_owned();
            found.push(wrong(
                format!("`{input}` is tried by none of its tests"),
                cure,
            ));
        }
    }
    for test in tests {
        if !case.inputs.iter().any(|input| test.text.contains(input)) {
            let what = format!("{}:{} tries nothing that it names", test.path, test.line);
            let cure = "take the mark out, or name what that test tries (`input`)".to_owned();
            found.push(wrong(what, cure));
        }
    }
    if case.running && !tests.iter().any(Marked::runs_the_binary) {
        let cure = "add a test in crates/cli/tests or e2e".to_owned();
        found.push(wrong("is not tried at the running binary".to_owned(), cure));
    }
    found
}

fn page(cases: &[Case], rules: &BTreeMap<String, Rule>) -> String {
    let tests = |case: &Case| rules.get(&case.id).map_or(0, |rule| rule.tests.len());
    let of = |case: &Case| case.none.is_none();
    let tried = cases.iter().filter(|case| of(case));
    let faults: u64 = cases.iter().map(|case| case.faults).sum();
    let mut page = format!(
        "<!-- @generated by `cargo run -p xtask -- rules` from {LIST} and the marks at checks and tests -->\n\n# Safety: what is tried, and what must happen\n\n\
         Nobody gets in where they do not belong; nothing that was stored is lost; one bad server or client harms only itself. Each row is tried by the tests \
         beside it, with all of the inputs that [{LIST}](../{LIST}) names for it: a row without a test, a test that does not try what its row says, and a table \
         that is not fresh fail `make check`. What is promised, and how to report what is not kept: [SECURITY.md](../SECURITY.md).\n\n\
         | cases | tried | cannot apply | tests | abuse let in | faults injected | lost |\n|---|---|---|---|---|---|---|\n\
         | {} | {} | {} | {} | 0 | {faults} | 0 |\n\n\
         The zeros are what those tests assert: one that lets something in, or loses something, fails. Chance adds more faults in the hour of trouble \
         (`an_hour_of_trouble_costs_no_grant`), which counts its own.\n",
        cases.len(),
        tried.clone().count(),
        cases.iter().filter(|case| !of(case)).count(),
        tried.map(tests).sum::<usize>(),
    );
    let mut section = "";
    for case in cases {
        if case.section != section {
            section = &case.section;
            let _infallible = writeln!(
                page,
                "\n## {section}\n\n| case | tried | must happen | checked in | tests |\n|---|---|---|---|---|"
            );
        }
        let cells = match (&case.none, rules.get(&case.id)) {
            (Some(why), _) => format!("cannot apply: {why} |"),
            (None, Some(rule)) => {
                format!("{} | {}", rules::cell(&rule.code), rules::cell(&rule.tests))
            }
            (None, None) => " |".to_owned(),
        };
        let name = case.id.trim_start_matches("safe-").to_uppercase();
        let _infallible = writeln!(
            page,
            "| {name} | {} | {} | {cells} |",
            case.tried, case.must
        );
    }
    page
}

#[cfg(test)]
mod tests;
