//! Every file in `cases/` is one case: a settings text and what must come of it. To add a case, add a file.
//!
//! `text` (lines) with `environment` is read; `error`, `problems` and `means` (a part of what is meant) say what must come out.
//! With `changes`, the text must become `becomes`, or the change must be `refused` with this message.

mod meaning;

use std::collections::BTreeMap;
use std::path::Path;

use mcphub_settings::{Change, File, ParseError, apply, resolve};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// Why this case is here.
    #[serde(rename = "about")]
    _about: String,
    text: Vec<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    error: Option<String>,
    problems: Option<Vec<String>>,
    means: Option<Value>,
    #[serde(default)]
    changes: Vec<Edit>,
    becomes: Option<Vec<String>>,
    refused: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Edit {
    Set(Vec<String>, Value),
    Record(Vec<String>, Value),
    Remove(Vec<String>),
    Rename(Vec<String>, String),
}

impl From<Edit> for Change {
    fn from(edit: Edit) -> Self {
        match edit {
            Edit::Set(path, value) => Self::Set { path, value },
            Edit::Record(path, value) => Self::Record { path, value },
            Edit::Remove(path) => Self::Remove { path },
            Edit::Rename(path, to) => Self::Rename { path, to },
        }
    }
}

#[test]
fn every_case_comes_out_as_its_file_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let case = serde_json::from_str(&std::fs::read_to_string(&path).unwrap());
        let case: Case = case.unwrap_or_else(|error| panic!("{name}: {error}"));
        wrong.extend(
            run(case)
                .into_iter()
                .map(|what| format!("== {name}: {what}")),
        );
        count += 1;
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(count >= 40, "only {count} cases were found");
}

/// What does not come out as the case says.
fn run(case: Case) -> Vec<String> {
    let text = case.text.join("\n");
    let mut wrong = Vec::new();
    let mut compare = |what: &str, found: &str, expected: &str| {
        if found != expected {
            wrong.push(format!(
                "{what}\n--- is\n{found}\n--- should be\n{expected}"
            ));
        }
    };
    let parsed = File::parse(&text);
    let error = parsed.as_ref().err().map(ToString::to_string);
    compare(
        "error",
        error.as_deref().unwrap_or("none"),
        case.error.as_deref().unwrap_or("none"),
    );
    if let Ok(file) = &parsed {
        let settings = resolve(file, &|name| case.environment.get(name).cloned());
        if let Some(problems) = case.problems {
            let found: Vec<String> = settings.problems.iter().map(ToString::to_string).collect();
            compare("problems", &found.join("\n"), &problems.join("\n"));
        }
        if let Some(means) = case.means {
            let found = meaning::part_of(&meaning::of(&settings), &means);
            compare("meaning", &pretty(&found), &pretty(&means));
        }
    }
    let changes: Vec<Change> = case.changes.into_iter().map(Change::from).collect();
    match (apply(&text, &changes), case.becomes, case.refused) {
        (Ok(edited), Some(becomes), None) => {
            compare("edit", &edited, &becomes.join("\n"));
            // A key that was renamed is not there to be renamed again.
            if !changes
                .iter()
                .any(|change| matches!(change, Change::Rename { .. }))
            {
                let again = apply(&edited, &changes).unwrap_or_else(|error| error.to_string());
                compare("the same edit again", &again, &edited);
            }
        }
        (Err(error), None, Some(refused)) => compare("refusal", &error.to_string(), &refused),
        (Ok(edited), None, None) => compare("the text without an edit", &edited, &text),
        (Err(error), None, None) => compare(
            "refusal",
            &error.to_string(),
            &unreadable(&error_of(&parsed)),
        ),
        (found, _, _) => compare("edit", &format!("{found:?}"), "something else"),
    }
    wrong
}

fn error_of(parsed: &Result<File, ParseError>) -> String {
    parsed
        .as_ref()
        .err()
        .map_or_else(|| "no error".to_owned(), ToString::to_string)
}

fn unreadable(error: &str) -> String {
    format!(
        "the settings file has an error, so nothing was written to it: {error}; correct it there and try again"
    )
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}
