//! Names that say nothing: not in the name of a type, a module or a file, and no `get_` before a function's name.
//! The file of a measurement is no module, and may be called after the data path that it measures; a test may `get_` a page.

use super::Complaint;
use crate::source::{File, Tree};

const EMPTY: [&str; 11] = [
    "manager",
    "service",
    "helper",
    "util",
    "common",
    "data",
    "info",
    "object",
    "context",
    "processor",
    "impl",
];
const TYPES: [&str; 5] = ["struct", "enum", "trait", "type", "union"];

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for file in tree.rust() {
        if let Some(word) = empty_word(file.stem()).filter(|_| !file.is_bench()) {
            complaints.push(Complaint::whole(
                &file.path,
                format!("the file's name says `{word}`"),
                cure(word),
            ));
        }
        for (at, line) in file.lines.iter().enumerate() {
            for (kind, name) in declared(file, &line.code) {
                if let Some(word) = empty_word(name) {
                    complaints.push(Complaint::at(
                        file,
                        at + 1,
                        format!("{kind} `{name}` says `{word}`"),
                        cure(word),
                    ));
                }
            }
            if let Some(name) =
                function(&line.code).filter(|name| !line.test && name.starts_with("get_"))
            {
                complaints.push(Complaint::at(
                    file,
                    at + 1,
                    format!("function `{name}` says `get_`"),
                    format!("call it `{}`", &name[4..]),
                ));
            }
        }
    }
    complaints
}

fn cure(word: &str) -> String {
    format!(
        "name what it is or does instead of `{word}`; ARCHITECTURE.md, Names, has the words of this house"
    )
}

/// Types and modules that this line declares. An associated type (indented `type`) has its name from elsewhere.
fn declared<'a>(file: &File, code: &'a str) -> impl Iterator<Item = (&'static str, &'a str)> {
    let indented = code.starts_with(' ');
    let words: Vec<&str> = code.split_whitespace().collect();
    let kinds = TYPES
        .into_iter()
        .chain(["mod"])
        .filter(move |kind| !(indented && *kind == "type"));
    let named = kinds.filter_map(move |kind| {
        let at = words.iter().position(|word| *word == kind)?;
        let head = words[..at]
            .iter()
            .all(|word| word.starts_with("pub") || word.starts_with("in ") || word.ends_with(')'));
        let name = words
            .get(at + 1)?
            .split(|it: char| !it.is_alphanumeric() && it != '_')
            .next()?;
        (head && !name.is_empty()).then_some((kind, name))
    });
    named
        .collect::<Vec<_>>()
        .into_iter()
        .filter(|_| file.is_rust())
}

/// The name of a function declared here that we named ourselves: one of a trait's implementation has neither `pub` nor the first column.
fn function(code: &str) -> Option<&str> {
    let (head, rest) = code.split_once("fn ")?;
    let ours = head.trim_start().starts_with("pub") || !code.starts_with(' ');
    let name = rest
        .split(|it: char| !it.is_alphanumeric() && it != '_')
        .next()?;
    (ours && !head.contains(['(', '=', '<']) || head.trim_start().starts_with("pub("))
        .then_some(name)
}

fn empty_word(name: &str) -> Option<&'static str> {
    let words = words(name);
    EMPTY.into_iter().find(|empty| {
        words
            .iter()
            .any(|word| word == empty || word.strip_suffix('s') == Some(empty))
    })
}

/// `RateLimitHelper` and `rate_limit_helper` both give `rate`, `limit`, `helper`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in name.chars() {
        if letter == '_' || letter.is_uppercase() {
            words.push(String::new());
        }
        if letter != '_' {
            words
                .last_mut()
                .into_iter()
                .for_each(|word| word.extend(letter.to_lowercase()));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_counts_only_as_a_whole() {
        assert_eq!(empty_word("ServerManager"), Some("manager"));
        assert_eq!(empty_word("string_utils"), Some("util"));
        assert_eq!(empty_word("FetchImpl"), Some("impl"));
        for fine in [
            "Metadata",
            "Database",
            "Utility",
            "informed",
            "implied",
            "Managers1",
            "contextual",
        ] {
            assert_eq!(empty_word(fine), None, "{fine}");
        }
    }

    #[test]
    fn only_functions_that_we_named_are_looked_at() {
        assert_eq!(
            function("pub(crate) async fn get_it(&self) {"),
            Some("get_it")
        );
        assert_eq!(function("fn get_it() {"), Some("get_it"));
        assert_eq!(function("    fn get_info(&self) -> ServerInfo {"), None);
    }
}
