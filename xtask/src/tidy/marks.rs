//! A rule that is marked in the code is marked at a test too, and the other way round.

use super::Complaint;
use crate::rules;
use crate::source::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (id, rule) in rules::collect(tree) {
        if !rules::is_id(&id) {
            complaints.extend(rule.code.iter().chain(&rule.tests).map(|place| Complaint {
                path: place.path.clone(),
                line: Some(place.line),
                wrong: format!("`{id}` is no rule id"),
                cure: "write `// rule: rfc9207-2.4`: small letters, digits, `.` and `-`; several are parted by commas, a sentence stands behind ` -- `".to_owned(),
            }));
            continue;
        }
        let (orphans, wrong, cure) = match (rule.code.as_slice(), rule.tests.as_slice()) {
            (code, []) => (
                code,
                format!("rule {id} is marked here and at no test"),
                format!("put `// rule: {id}` at the test that fails without this check"),
            ),
            ([], tests) => (
                tests,
                format!("rule {id} is marked at this test and nowhere in the code"),
                format!("put `// rule: {id}` at the check that it tests, or remove the mark"),
            ),
            _ => continue,
        };
        complaints.extend(orphans.iter().map(|place| Complaint {
            path: place.path.clone(),
            line: Some(place.line),
            wrong: wrong.clone(),
            cure: cure.clone(),
        }));
    }
    complaints
}
