//! `mcphub doctor <url or server>`: what is wrong on the way to a server's sign-in, and what helps. Needs no running hub.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use hub::clock::Clock;
use hub::doctor::{self, Examination, Line, Outcome, Verdict};
use hub::fetch::{Egress, Fetch, Proxies};
use settings::File;

use crate::commands::serve;
use crate::credential_key;
use crate::environment::Environment;
use crate::failure::{Exit, Failure, chain};
use crate::output::{Output, plain};

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// An address like https://mcp.linear.app/mcp, or the name of a server in the settings file
    #[arg(value_name = "URL or SERVER")]
    whom: String,
    /// Really register a client, and take it back where that is offered
    #[arg(long)]
    register: bool,
    /// Write the lines to a file as well, without tokens, secrets and queries: for a bug report
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// What was asked and what came back also where all is well
    #[arg(long, short)]
    verbose: bool,
    /// For each request
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = seconds)]
    within: f64,
    /// The settings file [env: MCPHUB_SETTING_PATH] [default: mcp_settings.json in this folder]
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

/// What an address without settings is called.
const NAMELESS: &str = "server";
/// Where a hub listens when nobody says otherwise.
const PORT: u16 = 3000;

pub(crate) async fn run(
    wanted: Doctor,
    output: Output,
    environment: &Environment,
) -> Result<(), Failure> {
    let path = serve::settings_path(wanted.settings.clone(), environment);
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let (settings, server) = match wanted.whom.contains("://") {
        true => {
            let settings = doctor::settings_of(&wanted.whom, NAMELESS)
                .map_err(|error| Failure::usage(chain(&error)))?;
            (settings, NAMELESS.to_owned())
        }
        false => (read(&path, environment)?, wanted.whom.clone()),
    };
    let proxies = Proxies::from_environment(&|name| environment.raw(name))
        .map_err(|error| Failure::usage(chain(&error)))?;
    let fetch = Fetch::new(Egress {
        proxies,
        folder: folder.clone(),
        lookup: None,
    });
    let examination = Examination {
        settings,
        server,
        folder,
        port: port(environment),
        within: Duration::from_secs_f64(wanted.within),
        register: wanted.register,
    };
    let colours = colours(environment);
    let mut tell = |line: &Line| {
        let colour = colours.then(|| colour(line.verdict));
        let word = format!("  {:<5}", line.verdict.word());
        output.marked(colour, &word, format!("  {}", shown(line, wanted.verbose)));
    };
    let examined = doctor::examine(&examination, fetch, Clock::system(), &mut tell).await;
    let lines = examined.map_err(|error| {
        Failure::usage(chain(&error)).cure("give an address, or a name that `mcphub servers` shows")
    })?;
    output.result(&serde_json::to_value(&lines).unwrap_or_default());
    if let Some(path) = &wanted.report {
        write(path, &lines)?;
        output.progress(format!("  written to {}", path.display()));
    }
    verdict(&lines)
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().map_err(|error| error.to_string())?;
    match (0.01..=600.0).contains(&seconds) {
        true => Ok(seconds),
        false => Err("from 0.01 to 600 seconds".to_owned()),
    }
}

fn port(environment: &Environment) -> u16 {
    let port = environment.text("PORT").and_then(|text| text.parse().ok());
    port.unwrap_or(PORT)
}

fn read(path: &Path, environment: &Environment) -> Result<settings::Settings, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("cannot read {}: {error}", path.display()))
            .cure("name the settings file: --settings FILE; or give an address instead of a name")
    })?;
    let file = File::parse(&text)
        .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    let vault = credential_key::vault(environment)?;
    Ok(settings::resolve_with(
        &file,
        &|name| environment.raw(name),
        &vault,
    ))
}

/// Colours are for terminals, and for people who want them.
fn colours(environment: &Environment) -> bool {
    let unwanted =
        environment.text("NO_COLOR").is_some() || environment.text("TERM") == Some("dumb");
    std::io::stdout().is_terminal() && !unwanted
}

fn colour(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Ok => 32,
        Verdict::Note => 33,
        Verdict::Wrong => 31,
    }
}

/// A line in words, behind that of its verdict; what is wrong is always told with all that was seen.
fn shown(line: &Line, verbose: bool) -> String {
    let clause = line
        .clause
        .filter(|_| verbose || line.verdict != Verdict::Ok);
    let clause = clause.map_or_else(String::new, |clause| format!("   ({clause})"));
    let code = line.cause.map(|cause| format!("   {cause}"));
    let clause = format!("{clause}{}", code.unwrap_or_default());
    let mut text = format!("{:<13} {}{clause}", line.part.word(), line.text);
    let mut more = |what: &str, said: &Option<String>| {
        if let Some(said) = said {
            text.push_str(&format!("\n         {what:<13} {said}"));
        }
    };
    if verbose || line.verdict == Verdict::Wrong {
        more("asked", &line.asked);
        more("came back", &line.came);
    }
    more("do", &line.cure);
    text
}

fn write(path: &Path, lines: &[Line]) -> Result<(), Failure> {
    let mut text = format!("mcphub doctor {}\n", env!("CARGO_PKG_VERSION"));
    for line in lines {
        let (code, word) = (line.code, line.verdict.word());
        text.push_str(&format!("[{code}] {word}  {}\n", plain(&shown(line, true))));
    }
    std::fs::write(path, text)
        .map_err(|error| Failure::usage(format!("cannot write {}: {error}", path.display())))
}

fn verdict(lines: &[Line]) -> Result<(), Failure> {
    let wrong = |line: &&Line| line.verdict == Verdict::Wrong;
    let count = lines.iter().filter(wrong).count();
    let what = match count {
        1 => "one thing is wrong".to_owned(),
        _ => format!("{count} things are wrong"),
    };
    let exit = match doctor::outcome(lines) {
        Outcome::Well => return Ok(()),
        Outcome::Wrong => Exit::Api,
        Outcome::NeedsClient => Exit::SignInNeeded,
        Outcome::Unreachable => Exit::Unreachable,
    };
    let cure = lines.iter().find(wrong).and_then(|line| line.cure.clone());
    let failure = Failure::new(exit, what).beside_a_result();
    Err(match cure {
        Some(cure) if count == 1 => failure.cure(cure),
        Some(_) | None => failure,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_limit_is_a_number_of_seconds_that_makes_sense() {
        assert_eq!(seconds("0.3"), Ok(0.3));
        for wrong in ["0", "-1", "601", "x", "NaN", "inf"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
