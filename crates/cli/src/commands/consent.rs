//! Before something of a person's is changed: what it would be is shown, and the person is asked.

use std::io::{BufRead, IsTerminal};

use similar::TextDiff;

use crate::failure::Failure;
use crate::output::Output;

/// Lines around a change, so that its place is seen.
const AROUND: usize = 2;

/// What would change in a text, as `diff -u` shows it.
pub(super) fn difference(before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut shown = diff.unified_diff();
    shown.context_radius(AROUND).missing_newline_hint(false);
    shown.to_string().trim_end().to_owned()
}

/// `true`: go on. Where nobody can be asked, nothing is changed, and that is said.
// rule: safe-e01
pub(super) fn agreed(output: Output, yes: bool, question: &str) -> Result<bool, Failure> {
    if yes {
        return Ok(true);
    }
    if output.json || !std::io::stdin().is_terminal() {
        return Err(
            Failure::usage("nothing was changed, because nobody is here to be asked")
                .cure("look at what is shown, and say --yes"),
        );
    }
    output.progress(format!("{question} [y/N]"));
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| Failure::usage(format!("cannot read the answer: {error}")))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_is_shown_and_where() {
        let before = "1\n2\n3\n4\n5\n6\n7\n";
        let shown = difference(before, &before.replace('5', "five"));
        assert_eq!(shown, "@@ -3,5 +3,5 @@\n 3\n 4\n-5\n+five\n 6\n 7");
    }
}
