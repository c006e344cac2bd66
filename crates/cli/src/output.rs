//! What a command says: lines for people, or one JSON value with `--json`.
//!
//! Text from servers is stripped of control characters before it reaches a terminal.

use std::fmt::Display;
use std::io::Write;

use hub::explained::steers;
use serde_json::Value;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
}

impl Output {
    /// The result for a person; nothing with `--json`.
    pub(crate) fn line(self, text: impl Display) {
        if !self.json {
            write_out(&plain(&text.to_string()));
        }
    }

    /// A line for a person that begins with a word of ours in a colour (of ANSI, as 31 for red), where there is one.
    pub(crate) fn marked(self, colour: Option<u8>, word: &str, text: impl Display) {
        if !self.json {
            write_out(&marked(colour, word, &text.to_string()));
        }
    }

    /// The result for a program; nothing without `--json`.
    pub(crate) fn result(self, value: &Value) {
        if self.json {
            self.value(value);
        }
    }

    /// What happens on the way: for a person among the results, for a program apart from them.
    pub(crate) fn progress(self, text: impl Display) {
        if self.json {
            eprintln!("{}", plain(&text.to_string()));
        } else {
            self.line(text);
        }
    }

    /// A text that is for a program in any case.
    pub(crate) fn text(text: &str) {
        write_out(text.trim_end());
    }

    pub(crate) fn value(self, value: &Value) {
        write_out(&format!("{value:#}"));
    }
}

fn write_out(text: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        // Whoever read our output has gone (`mcphub servers | head -1`): there is nobody to tell more.
        std::process::exit(0);
    }
}

/// Without control characters other than line breaks and tabs, and without letters that turn the direction of writing: a tool's answer
/// must not steer the terminal, nor look like something else there.
// rule: safe-x02
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .filter(|letter| !steers(*letter) || matches!(letter, '\n' | '\t'))
        .collect()
}

/// Only the word is in the colour; the text may be a server's.
fn marked(colour: Option<u8>, word: &str, text: &str) -> String {
    match colour {
        Some(colour) => format!("\u{1b}[{colour}m{word}\u{1b}[0m{}", plain(text)),
        None => format!("{word}{}", plain(text)),
    }
}

/// Rows with columns as wide as their longest cell; the last column is left as it is.
pub(crate) fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        cells.join("   ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // rule: safe-x02
    #[test]
    fn an_answer_cannot_steer_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\r\u{9b}1mc\n\td"), "a[2Jb1mc\n\td");
        assert_eq!(plain("safe\u{202e}gnp.exe\u{2066}x"), "safegnp.exex");
    }

    #[test]
    fn a_word_of_ours_may_be_in_a_colour_and_a_servers_may_not() {
        let red = marked(Some(31), "wrong", " a\u{1b}[2Jb");
        assert_eq!(red, "\u{1b}[31mwrong\u{1b}[0m a[2Jb");
        assert_eq!(marked(None, "wrong", " \u{1b}[2J"), "wrong [2J");
    }

    #[test]
    fn columns_line_up() {
        let rows = vec![
            vec!["a".into(), "connected".into()],
            vec!["longer".into(), "x".into()],
        ];
        assert_eq!(table(&rows), ["a        connected", "longer   x"]);
    }
}
