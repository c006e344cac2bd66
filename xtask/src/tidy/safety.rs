//! Each case of abuse has tests that try it, or a reason why it cannot apply.

use std::path::Path;

use super::Complaint;
use crate::safety;

/// A folder without the list is another house (those that the tests build); the house itself has a test that the list is there.
pub(super) fn check(root: &Path) -> anyhow::Result<Vec<Complaint>> {
    if !root.join(safety::LIST).exists() {
        return Ok(Vec::new());
    }
    let report = safety::report(root)?;
    let complaints = report.wrong.into_iter().map(|wrong| {
        let what = format!("{} {}", wrong.id, wrong.what);
        Complaint::whole(safety::LIST, what, wrong.cure)
    });
    Ok(complaints.collect())
}
