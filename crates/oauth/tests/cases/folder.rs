//! Reading the files of cases, and holding what came against what they say.

use std::error::Error;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde_json::Value;

/// Checks every case of a folder, and names all that fail.
pub(crate) fn for_each(folder: &str, mut check: impl FnMut(&Value)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(folder);
    let (mut count, mut failed) = (0, Vec::new());
    for entry in fs::read_dir(folder).expect("the folder of cases") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a case is readable");
        let case: Value = serde_json::from_str(&text).expect("a case is JSON");
        if catch_unwind(AssertUnwindSafe(|| check(&case))).is_err() {
            failed.push(path.display().to_string());
        }
        count += 1;
    }
    assert!(count > 5, "only {count} cases found");
    assert!(failed.is_empty(), "failed: {failed:#?}");
}

/// What came is what the case says: the members that it names, or words of the error.
pub(crate) fn expect(case: &Value, came: Result<Value, String>) {
    match (came, case.get("gives"), case["error_says"].as_str()) {
        (Ok(came), Some(Value::Object(wanted)), None) if came.is_object() => {
            for (member, wanted) in wanted {
                assert_eq!(
                    came.get(member).unwrap_or(&Value::Null),
                    wanted,
                    "{member} of {came}"
                );
            }
        }
        (Ok(came), Some(wanted), None) => assert_eq!(&came, wanted),
        (Err(error), None, Some(said)) => {
            assert!(error.contains(said), "expected {said:?} in {error:?}");
            assert!(
                error.len() < 2_000,
                "nobody reads {} characters",
                error.len()
            );
            assert!(
                !error.chars().any(char::is_control),
                "{error:?} breaks lines"
            );
        }
        (came, gives, said) => {
            panic!("expected {gives:?} or an error with {said:?}, and got {came:?}")
        }
    }
}

/// An error with what caused it, in one line.
pub(crate) fn words(error: impl Error) -> String {
    let mut all = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        all.push_str(": ");
        all.push_str(&error.to_string());
        cause = error.source();
    }
    all
}
