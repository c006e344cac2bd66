//! What is wrong in a settings file that parses: where, in words, and what to do. Never an error of the whole file.

use std::fmt;

use crate::file::Place;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The entry cannot be used until it is changed; everything else works.
    Broken,
    /// The entry works, but a value in it was ignored or looks wrong.
    Warning,
}

/// One thing that a person should change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Keys and array indexes from the top of the file, e.g. `["mcpServers", "github", "url"]`.
    pub path: Vec<String>,
    pub severity: Severity,
    pub message: String,
    /// What helps, as an order: `write ...`, `did you mean ...`.
    pub cure: Option<String>,
    /// Where `path`, or the nearest part of it that exists, begins in the file.
    pub place: Option<Place>,
}

impl Problem {
    pub(crate) fn broken(path: &[String], message: impl Into<String>) -> Self {
        Self::new(path, Severity::Broken, message.into())
    }

    pub(crate) fn warning(path: &[String], message: impl Into<String>) -> Self {
        Self::new(path, Severity::Warning, message.into())
    }

    pub(crate) fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }

    fn new(path: &[String], severity: Severity, message: String) -> Self {
        Self {
            path: path.to_vec(),
            severity,
            message,
            cure: None,
            place: None,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.place {
            write!(f, "line {}: ", place.line)?;
        }
        write!(f, "{}: {}", self.path.join("."), self.message)?;
        match &self.cure {
            Some(cure) => write!(f, "; {cure}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

/// The known word that was probably meant, when one is near enough.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (written.chars().count() / 3).min(2);
    known
        .into_iter()
        .map(|word| {
            (
                distance(&written.to_lowercase(), &word.to_lowercase()),
                word,
            )
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Edits between two words, a swap of neighbours counting as one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 2 {
        return usize::MAX;
    }
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_word_is_offered_and_a_far_one_is_not() {
        let known = ["clientId", "clientSecret", "type", "url"];
        for (written, expected) in [
            ("clientid", Some("clientId")),
            ("cleintId", Some("clientId")),
            ("client_id", Some("clientId")),
            ("tpye", Some("type")),
            ("uri", Some("url")),
            ("x", None),
            ("notes", None),
            ("myOwnKey", None),
        ] {
            assert_eq!(nearest(written, known), expected, "{written}");
        }
    }

    #[test]
    fn a_problem_reads_as_one_sentence_with_its_place_and_cure() {
        let mut problem =
            Problem::broken(&["mcpServers".into(), "a".into()], "has no url").cure("write one");
        problem.place = Some(Place { line: 3, column: 5 });
        assert_eq!(
            problem.to_string(),
            "line 3: mcpServers.a: has no url; write one"
        );
    }
}
