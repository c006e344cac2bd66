//! The paths that a piece of Rust code names, with the groups of `use` spelled out: `std::{fs, io::Read}` gives `std::fs` and `std::io::Read`.
//!
//! It leaves out what is imported under another name and used by that: the import itself is seen.

use crate::source::File;

/// Every path with at least two segments that code outside of tests names, and single identifiers; with the line (from 1).
pub(crate) fn named(file: &File) -> Vec<(usize, String)> {
    let tokens = tokens(file);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].1.starts_with(is_word) {
            at = path(&tokens, at, "", &mut found);
        } else {
            at += 1;
        }
    }
    found
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

type Token = (usize, String);

fn tokens(file: &File) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for (number, line) in file.lines.iter().enumerate().filter(|(_, line)| !line.test) {
        let mut word = String::new();
        for letter in line.code.chars().chain([' ']) {
            if is_word(letter) {
                word.push(letter);
                continue;
            }
            if !word.is_empty() {
                tokens.push((number + 1, std::mem::take(&mut word)));
            }
            match tokens.last_mut() {
                Some((_, last)) if letter == ':' && last == ":" => last.push(':'),
                _ if letter.is_whitespace() => {}
                _ => tokens.push((number + 1, letter.to_string())),
            }
        }
    }
    tokens
}

/// Reads the path that begins at `at`; gives the place after it.
fn path(tokens: &[Token], mut at: usize, prefix: &str, found: &mut Vec<(usize, String)>) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |(_, text)| text.as_str());
    let line = tokens[at].0;
    let mut path = format!("{prefix}{}", text(at));
    at += 1;
    while text(at) == "::" {
        if text(at + 1) == "{" {
            return group(tokens, at + 2, &format!("{path}::"), found);
        }
        if !text(at + 1).starts_with(is_word) && text(at + 1) != "*" {
            break;
        }
        path = format!("{path}::{}", text(at + 1));
        at += 2;
    }
    found.push((line, path));
    at
}

fn group(tokens: &[Token], mut at: usize, prefix: &str, found: &mut Vec<(usize, String)>) -> usize {
    while let Some((_, text)) = tokens.get(at) {
        at = match text.as_str() {
            "}" => return at + 1,
            it if it.starts_with(is_word) => path(tokens, at, prefix, found),
            _ => at + 1,
        };
    }
    at
}
