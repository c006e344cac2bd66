//! The checks of the house, one file each, and what they say.
//!
//! A check reads; it never writes. Each complaint names the place, what is wrong there, and what to do.

mod absence;
mod dependencies;
mod header;
mod ignored;
mod marks;
mod names;
mod one_way;
mod safety;
mod size;
mod sleeping;

use std::fmt;
use std::path::Path;

use crate::source::{File, Tree};

/// Something that breaks a promise of the house.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Complaint {
    pub path: String,
    /// From 1; none when the whole file is meant.
    pub line: Option<usize>,
    pub wrong: String,
    pub cure: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}\n    do: {}", self.wrong, self.cure)
    }
}

impl Complaint {
    fn whole(path: &str, wrong: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            wrong: wrong.into(),
            cure: cure.into(),
        }
    }

    fn at(file: &File, line: usize, wrong: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            ..Self::whole(&file.path, wrong, cure)
        }
    }
}

/// All complaints about the workspace at `root`, sorted by place. Fails only when it cannot be read.
pub fn check(root: &Path) -> anyhow::Result<Vec<Complaint>> {
    let tree = Tree::read(root)?;
    let mut complaints = dependencies::check(root)?;
    complaints.extend(safety::check(root)?);
    for check in [
        size::check,
        header::check,
        marks::check,
        names::check,
        ignored::check,
        sleeping::check,
        absence::check,
        one_way::check,
    ] {
        complaints.extend(check(&tree));
    }
    complaints.sort();
    Ok(complaints)
}
