//! No test is ignored without a reason.

use super::Complaint;
use crate::source::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for file in tree.rust() {
        for (at, line) in file.lines.iter().enumerate() {
            let bare = line.code.contains("#[ignore]")
                || (line.code.contains("cfg_attr(") && line.code.contains("ignore)]"));
            if bare {
                complaints.push(Complaint::at(
                    file,
                    at + 1,
                    "a test is ignored without a reason",
                    "write `#[ignore = \"why, and until when\"]`, or mend the test",
                ));
            }
        }
    }
    complaints
}
