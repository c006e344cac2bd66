//! Files fit into a head: at 600 lines a file fails, and at most 5 % of the files may have more than 400.

use super::Complaint;
use crate::source::Tree;

const LIMIT: usize = 600;
const LONG: usize = 400;
/// How many of a hundred files may be long; one always may.
const LONG_PERCENT: usize = 5;

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut long = Vec::new();
    for file in &tree.files {
        let lines = file.lines.len();
        if lines >= LIMIT {
            complaints.push(Complaint::whole(
                &file.path,
                format!("{lines} lines, and a file must stay under {LIMIT}"),
                "cut it along its parts: a module a question, tests into their own `tests.rs`",
            ));
        } else if lines > LONG {
            long.push((lines, &file.path));
        }
    }
    let allowed = (tree.files.len() * LONG_PERCENT / 100).max(1);
    if long.len() > allowed {
        long.sort_by(|a, b| b.cmp(a));
        for (lines, path) in &long {
            complaints.push(Complaint::whole(
                path,
                format!(
                    "{lines} lines; {} files have more than {LONG}, and {allowed} may",
                    long.len()
                ),
                "cut the longest of them",
            ));
        }
    }
    complaints
}
