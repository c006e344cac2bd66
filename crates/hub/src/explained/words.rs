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

/// A command about this server, to be copied into a shell.
// rule: safe-x03 -- a name or an address in a command is one word of it, whatever stands in it.
#[must_use]
pub fn named(command: &str, server: &str) -> String {
    let Some((before, after)) = command.split_once("<server>") else {
        return command.to_owned();
    };
    let name = quoted(server);
    match (server.starts_with('-'), after.starts_with(" --")) {
        (false, _) => format!("{before}{name}{after}"),
        // Else it would be an option; and behind `--` nothing is one.
        (true, false) => format!("{before}-- {name}{after}"),
        (true, true) => format!("{before}{} -- {name}", after.trim_start()),
    }
}

/// One word of a command that is copied into a shell.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./@:".contains(letter);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// The command that gives a server its client. The name belongs to it: several servers may have the same address.
// rule: safe-x03
#[must_use]
pub fn with_client(address: &str, server: &str) -> String {
    // What begins with a dash would be an option.
    let equals = if server.starts_with('-') { '=' } else { ' ' };
    format!(
        "mcphub add {} --name{equals}{} --client-id ... --client-secret ...",
        quoted(address),
        quoted(server)
    )
}

/// Messages of errors are no sentences yet.
#[must_use]
pub fn sentence(message: &str) -> String {
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
