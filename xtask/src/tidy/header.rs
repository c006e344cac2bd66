//! Every Rust file begins by saying what it is.

use super::Complaint;
use crate::source::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    let says_what_it_is = |line: &str| {
        line.strip_prefix("//!")
            .is_some_and(|words| words.trim().len() > 3)
    };
    tree.rust()
        .filter(|file| !file.lines.first().is_some_and(|line| says_what_it_is(&line.text)))
        .map(|file| {
            Complaint::whole(
                &file.path,
                "does not begin with a module header",
                "make `//!` its first line: what it is, which sections of which standard, what it leaves out",
            )
        })
        .collect()
}
