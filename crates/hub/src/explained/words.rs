//! The words of an explanation: from messages of errors and lines of the table to sentences, and their place on a terminal.

use super::{LABEL, WIDTH};
use crate::cause::{Cause, Family};

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is said here of a few says nothing of a new one, and then its family speaks"
)]
pub(super) fn headline(cause: Cause) -> &'static str {
    match cause {
        Cause::SignInNeeded | Cause::SignInEnded => "sign-in needed",
        Cause::TokenTooLittle => "more scopes needed",
        Cause::RenewalFailing => "renewal is failing",
        _ => match cause.family() {
            Family::Auth => "sign-in failed",
            Family::Link => "not connected",
            Family::Call => "the call failed",
            Family::Hub => "not done",
            Family::Conf => "the settings are wrong",
        },
    }
}

/// This case first, then what it means, then where that is written.
pub(super) fn why(cause: Cause, reason: &str) -> String {
    let general = cause.why();
    let said = match reason.trim() {
        "" => general.to_owned(),
        reason => format!("{} {general}", sentence(reason)),
    };
    match cause.clause() {
        Some(clause) => format!("{} ({clause}).", said.trim_end_matches('.')),
        None => said,
    }
}

pub(super) fn named(command: &str, server: Option<&str>) -> String {
    match server {
        Some(server) => command.replace("<server>", &quoted(server)),
        None => command.to_owned(),
    }
}

/// To be copied into a shell.
fn quoted(name: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./@:".contains(letter);
    let quoted = match !name.is_empty() && name.chars().all(plain) {
        true => name.to_owned(),
        false => format!("'{}'", name.replace('\'', r"'\''")),
    };
    match name.starts_with('-') {
        true => format!("-- '{}'", name.replace('\'', r"'\''")),
        false => quoted,
    }
}

/// Messages of errors are no sentences yet.
pub(super) fn sentence(message: &str) -> String {
    let message = message.trim();
    let word = message.split_whitespace().next().unwrap_or_default();
    // A word like `invalid_grant` or an address keeps its spelling.
    let ordinary = word.chars().all(|letter| letter.is_ascii_lowercase());
    let mut letters = message.chars();
    let first = letters.next().map(|letter| match ordinary {
        true => letter.to_ascii_uppercase(),
        false => letter,
    });
    let mut text: String = first.into_iter().chain(letters).collect();
    if !text.is_empty() && !text.ends_with(['.', '!', '?', ':']) {
        text.push('.');
    }
    text
}

/// Broken between words, so that all lines of a text stand under its first.
pub(super) fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut column = LABEL;
    for word in text.split(' ') {
        let width = word.chars().count();
        if column > LABEL && column + width > WIDTH + LABEL {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', LABEL));
            column = LABEL;
        } else if column > LABEL {
            out.push(' ');
        }
        out.push_str(word);
        column += width + 1;
    }
    out
}
