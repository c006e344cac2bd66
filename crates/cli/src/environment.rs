//! The environment, read once: the process's own variables over those of a `.env` file, secrets also from `NAME_FILE`.
//!
//! Nothing else in the workspace reads the environment; whoever needs a variable is given it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::failure::Failure;

/// What the settings file is called where nobody says otherwise.
pub(crate) const SETTINGS: &str = "mcp_settings.json";

#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    variables: HashMap<String, String>,
}

impl Environment {
    pub(crate) fn of_process() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is where the environment is read"
        )]
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { variables }
    }

    /// Adds the variables of a `.env` file that the process does not have. A missing file adds nothing.
    pub(crate) fn with_file(mut self, path: &Path) -> Result<Self, Failure> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(self),
            Err(error) => {
                return Err(Failure::usage(format!(
                    "cannot read {}: {error}",
                    path.display()
                )));
            }
        };
        for (name, value) in text.lines().filter_map(assignment) {
            self.variables.entry(name.to_owned()).or_insert(value);
        }
        Ok(self)
    }

    /// A variable as it is, empty or not.
    pub(crate) fn raw(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    /// A variable that says something.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// The settings file: the one that was named on the command line, else in the environment, else the one in this folder.
    pub(crate) fn settings_path(&self, named: Option<&Path>) -> PathBuf {
        named
            .or_else(|| self.text("MCPHUB_SETTING_PATH").map(Path::new))
            .unwrap_or(Path::new(SETTINGS))
            .to_owned()
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|value| {
            matches!(
                value.to_ascii_lowercase().as_str(),
                "1" | "true" | "yes" | "on"
            )
        })
    }

    /// `NAME`, or the content of the file that `NAME_FILE` names.
    pub(crate) fn secret(&self, name: &str) -> Result<Option<SecretString>, Failure> {
        if let Some(value) = self.text(name) {
            return Ok(Some(SecretString::from(value)));
        }
        let Some(path) = self.text(&format!("{name}_FILE")) else {
            return Ok(None);
        };
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::usage(format!(
                "cannot read {path}, which {name}_FILE names: {error}"
            ))
        })?;
        Ok(Some(SecretString::from(text.trim())))
    }
}

/// `NAME=value`, with or without `export`, quotes and a comment behind.
fn assignment(line: &str) -> Option<(&str, String)> {
    let line = line.trim();
    let (name, value) = line
        .strip_prefix("export ")
        .unwrap_or(line)
        .split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() || name.starts_with('#') {
        return None;
    }
    let quoted = |quote: char| {
        value
            .strip_prefix(quote)
            .and_then(|rest| rest.split_once(quote))
            .map(|(inner, _)| inner)
    };
    let value = match (quoted('"'), quoted('\'')) {
        (Some(inner), _) => inner.replace("\\n", "\n"),
        (None, Some(inner)) => inner.to_owned(),
        (None, None) => value
            .split_once(" #")
            .map_or(value, |(before, _)| before)
            .trim_end()
            .to_owned(),
    };
    Some((name, value))
}

#[cfg(test)]
impl Environment {
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        Self {
            variables: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_process_goes_before_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(
            &path,
            "# a comment\nPORT=4000\nexport NAME='x # y'\nPLAIN=a b # c\nEMPTY=\n\nno assignment\n",
        )
        .unwrap();
        let environment = Environment::of(&[("PORT", "5000")])
            .with_file(&path)
            .unwrap();
        assert_eq!(environment.text("PORT"), Some("5000"));
        assert_eq!(environment.text("NAME"), Some("x # y"));
        assert_eq!(environment.text("PLAIN"), Some("a b"));
        assert_eq!(environment.text("EMPTY"), None);
        assert_eq!(environment.raw("EMPTY").as_deref(), Some(""));
    }

    #[test]
    fn a_missing_file_adds_nothing() {
        assert!(
            Environment::default()
                .with_file(Path::new("/nowhere/.env"))
                .is_ok()
        );
    }

    #[test]
    fn a_secret_may_stand_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "from a file\n").unwrap();
        let environment = Environment::of(&[
            ("ADMIN_PASSWORD_FILE", path.to_str().unwrap()),
            ("TOKEN_FILE", "/nowhere"),
        ]);
        assert_eq!(
            environment
                .secret("ADMIN_PASSWORD")
                .unwrap()
                .unwrap()
                .expose_secret(),
            "from a file"
        );
        assert!(environment.secret("JWT_SECRET").unwrap().is_none());
        assert!(
            environment
                .secret("TOKEN")
                .unwrap_err()
                .to_string()
                .contains("TOKEN_FILE")
        );
    }
}
