//! `mcphub settings`: looks at the settings file, seals and opens its secrets. Works on the file itself, also while a hub runs.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use settings::{Converted, EditError, File, Severity};

use crate::credential_key;
use crate::environment::Environment;
use crate::failure::{Failure, chain};
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum Settings {
    /// What a person should change in the file
    Check(Which),
    /// The JSON Schema of the file, for editors
    Schema,
    /// Seal every secret in the file with the hub's key
    Seal {
        #[command(flatten)]
        which: Which,
        /// Make a key first, in the data folder
        #[arg(long)]
        new_key: bool,
    },
    /// Open every sealed secret in the file
    Unseal(Which),
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The settings file [env: MCPHUB_SETTING_PATH] [default: mcp_settings.json in this folder]
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

pub(crate) fn run(
    wanted: Settings,
    output: Output,
    environment: &Environment,
) -> Result<(), Failure> {
    match wanted {
        Settings::Check(which) => check(&which.path(environment), output, environment),
        Settings::Schema => {
            Output::text(settings::SCHEMA);
            Ok(())
        }
        Settings::Seal { which, new_key } => {
            let path = which.path(environment);
            if new_key {
                let place = credential_key::make(environment)?;
                let place = place.display();
                output.progress(format!("made a key: {place}; keep a copy of it elsewhere"));
            }
            let vault = vault(environment)?;
            let count = convert(&path, &|text| settings::seal_all(text, &vault))?;
            changed(output, &path, "sealed", count);
            Ok(())
        }
        Settings::Unseal(which) => {
            let path = which.path(environment);
            let vault = credential_key::vault(environment)?;
            let count = convert(&path, &|text| settings::unseal_all(text, &vault))?;
            changed(output, &path, "unsealed", count);
            Ok(())
        }
    }
}

impl Which {
    fn path(self, environment: &Environment) -> PathBuf {
        environment.settings_path(self.settings.as_deref())
    }
}

fn vault(environment: &Environment) -> Result<hub::vault::Vault, Failure> {
    let vault = credential_key::vault(environment)?;
    if settings::Vault::has_key(&vault) {
        return Ok(vault);
    }
    Err(Failure::usage("there is no key to seal with").cure(
        "give the hub and this command MCPHUB_CREDENTIAL_ENCRYPTION_KEY, or make a key: mcphub settings seal --new-key",
    ))
}

fn convert(
    path: &Path,
    make: &dyn Fn(&str) -> Result<Converted, EditError>,
) -> Result<usize, Failure> {
    if !path.exists() {
        return Err(missing(path));
    }
    hub::store::convert(path, make).map_err(|error| {
        let shown = path.display();
        Failure::usage(format!("{shown} was not changed: {}", chain(&error)))
    })
}

fn missing(path: &Path) -> Failure {
    Failure::usage(format!("there is no {}", path.display()))
        .cure("name the settings file: --settings FILE")
}

fn changed(output: Output, path: &Path, what: &str, count: usize) {
    let shown = path.display();
    output.line(match count {
        0 => format!("{shown}: nothing to do"),
        1 => format!("{shown}: one value {what}"),
        _ => format!("{shown}: {count} values {what}"),
    });
    output.result(&json!({ "success": true, "path": shown.to_string(), "changed": count }));
}

/// Problems in the words of the log; broken entries make the exit code 1.
fn check(path: &Path, output: Output, environment: &Environment) -> Result<(), Failure> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(missing(path)),
        Err(error) => {
            return Err(Failure::usage(format!(
                "cannot read {}: {error}",
                path.display()
            )));
        }
    };
    let file = File::parse(&text)
        .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    let vault = credential_key::vault(environment)?;
    let meant = settings::resolve_with(&file, &|name| environment.raw(name), &vault);
    for problem in &meant.problems {
        output.line(placed(problem));
    }
    let (servers, problems) = (meant.servers.len(), meant.problems.len());
    output.line(format!(
        "{}, {}",
        counted(servers, "server"),
        counted(problems, "problem")
    ));
    let list: Vec<Value> = meant.problems.iter().map(told).collect();
    let broken = |problem: &settings::Problem| problem.severity == Severity::Broken;
    let good = !meant.problems.iter().any(broken);
    output.result(&json!({ "success": good, "servers": servers, "problems": list }));
    if !good {
        return Err(Failure::usage("some servers cannot be used as they are").beside_a_result());
    }
    Ok(())
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// With the column, for who goes there in an editor.
fn placed(problem: &settings::Problem) -> String {
    let mut words = problem.clone();
    let place = words.place.take();
    place.map_or_else(
        || words.to_string(),
        |place| format!("line {}, column {}: {words}", place.line, place.column),
    )
}

fn told(problem: &settings::Problem) -> Value {
    let broken = problem.severity == Severity::Broken;
    let (line, column) = problem.place.map(|at| (at.line, at.column)).unzip();
    json!({ "severity": if broken { "broken" } else { "warning" }, "path": problem.path, "line": line, "column": column,
        "message": problem.message, "do": problem.cure })
}
