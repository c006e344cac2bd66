//! The text of what carries a mark: the item below it, or the function around it, and the folders of cases that a test goes through.

use std::path::Path;

use anyhow::Context;

use crate::rules::Place;
use crate::source::{File, Tree};

#[derive(Debug)]
pub(crate) struct Marked {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) text: String,
}

impl Marked {
    /// The tests of the command line and the end-to-end tests start the program that people run.
    pub(crate) fn runs_the_binary(&self) -> bool {
        ["crates/cli/tests/", "e2e/"]
            .iter()
            .any(|folder| self.path.starts_with(folder))
    }
}

/// The text of each place. Fails when a folder of cases cannot be read.
pub(crate) fn texts(tree: &Tree, root: &Path, places: &[Place]) -> anyhow::Result<Vec<Marked>> {
    let mut marked = Vec::new();
    for place in places {
        let file = tree.files.iter().find(|file| file.path == place.path);
        let file = file.with_context(|| format!("{} is gone", place.path))?;
        let mut text = item(file, place.line - 1);
        for folder in folders(&text) {
            let beside = root.join(place.path.trim_end_matches(".rs")).join(folder);
            text.push_str(&all_of(&beside)?);
        }
        marked.push(Marked {
            path: place.path.clone(),
            line: place.line,
            text,
        });
    }
    Ok(marked)
}

/// `for_each("token", ..)`: the test goes through the files of a folder beside it.
fn folders(text: &str) -> Vec<String> {
    let calls = text.split("for_each(\"").skip(1);
    calls
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .collect()
}

fn all_of(folder: &Path) -> anyhow::Result<String> {
    let place = || format!("cannot read {}", folder.display());
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).with_context(place)? {
        all.push_str(&std::fs::read_to_string(entry?.path()).with_context(place)?);
    }
    Ok(all)
}

/// From the mark to the end of the item below it; from the beginning of the function where the mark stands in one.
fn item(file: &File, mark: usize) -> String {
    let between = |text: &str| {
        let text = text.trim();
        text.is_empty() || text.starts_with("#[") || text.starts_with("//")
    };
    let texts: Vec<&str> = file.lines.iter().map(|line| line.text.as_str()).collect();
    let next = (mark..texts.len()).find(|at| !between(texts[*at]));
    let first = match next {
        Some(next) if begins(texts[next]) => next,
        _ => (0..mark)
            .rev()
            .find(|at| begins(texts[*at]) && indent(texts[*at]) < indent(texts[mark]))
            .unwrap_or(mark),
    };
    let last = end(&texts, first);
    texts[first.min(mark)..=last].join("\n")
}

fn begins(text: &str) -> bool {
    let text = text.trim_start();
    let words = text.trim_start_matches("pub(crate) ");
    ["fn ", "async fn ", "const ", "static ", "test("]
        .iter()
        .any(|start| words.starts_with(start))
}

fn indent(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// The line that closes what `first` opens: formatters put it as far in as the first one.
fn end(texts: &[&str], first: usize) -> usize {
    if texts[first].ends_with(';') || texts[first].ends_with('}') {
        return first;
    }
    let closes = |text: &str| {
        indent(text) == indent(texts[first])
            && text.trim_start().starts_with(['}', ']', ')'])
            && !text.ends_with('{')
    };
    (first + 1..texts.len())
        .find(|at| closes(texts[*at]))
        .unwrap_or(texts.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: &str) -> String {
        let root = tempfile::tempdir().unwrap();
        let whole = root.path().join(path);
        std::fs::create_dir_all(whole.parent().unwrap()).unwrap();
        std::fs::write(&whole, text).unwrap();
        let tree = Tree::read(root.path()).unwrap();
        let line = 1 + text.lines().position(|it| it.contains("rule:")).unwrap();
        let place = Place {
            path: path.to_owned(),
            line,
            function: None,
        };
        let found = texts(&tree, root.path(), &[place]).unwrap();
        found[0].text.clone()
    }

    #[test]
    fn a_mark_above_a_test_means_that_test_and_nothing_behind_it() {
        let text = "// rule: safe-a\n#[test]\nfn one(\n    a: u8,\n) -> u8 {\n    mine();\n}\n\nfn two() {\n    other();\n}\n";
        let found = of("crates/a/tests/a.rs", text);
        assert!(
            found.contains("mine") && !found.contains("other"),
            "{found}"
        );
    }

    #[test]
    fn a_mark_inside_a_test_means_the_test_around_it() {
        let text = "fn zero() {\n    other();\n}\n#[test]\nfn one() {\n    before();\n    // rule: safe-a\n    after();\n}\n";
        let found = of("crates/a/tests/a.rs", text);
        assert!(
            found.contains("before") && found.contains("after"),
            "{found}"
        );
        assert!(!found.contains("other"), "{found}");
    }

    #[test]
    fn a_mark_above_a_table_means_the_table() {
        let text = "// rule: safe-a\nconst ALL: [&str; 1] = [\n    \"mine\",\n];\nfn two() {\n    other();\n}\n";
        let found = of("crates/a/tests/a.rs", text);
        assert!(
            found.contains("mine") && !found.contains("other"),
            "{found}"
        );
    }

    #[test]
    fn a_test_of_the_browser_is_read_like_others() {
        let text = "// rule: safe-a\ntest('one', async () => {\n  mine();\n});\n\ntest('two', () => other());\n";
        let found = of("e2e/journey/a.test.mjs", text);
        assert!(
            found.contains("mine") && !found.contains("other"),
            "{found}"
        );
    }
}
