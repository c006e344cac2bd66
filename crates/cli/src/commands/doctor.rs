//! `mcphub doctor <url or server>`: what is wrong on the way to a server's sign-in, and what helps. Needs no running hub.

mod login;
mod save;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use hub::clock::Clock;
use hub::doctor::{self, Examination, Line, Outcome, Verdict};
use hub::fetch::{Egress, Fetch, Proxies};
use hub::store::Environment as Variables;
use serde_json::json;
use settings::{File, Grants};
use url::Url;

use crate::commands::journey::Wishes;
use crate::credential_key;
use crate::environment::Environment;
use crate::failure::{Exit, Failure, chain};
use crate::operator::{self, Operator};
use crate::output::{Output, plain};
use crate::rest;
use login::Trial;
use save::Place;

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// An address like https://mcp.linear.app/mcp, or the name of a server in the settings file
    #[arg(value_name = "URL or SERVER")]
    whom: String,
    /// Really register a client, and take it back where that is offered
    #[arg(long)]
    register: bool,
    /// Really sign in: opens the browser, tries the token at the server, and gives everything back
    #[arg(long)]
    login: bool,
    /// Put the server into the settings file when nothing is wrong; with --login its sign-in, too
    #[arg(long)]
    save: bool,
    /// Only shows the link of the sign-in
    #[arg(long, requires = "login")]
    no_browser: bool,
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

/// Where a hub listens when nobody says otherwise.
const PORT: u16 = 3000;

pub(crate) async fn run(
    mut wanted: Doctor,
    hub: Option<&str>,
    output: Output,
    environment: &Environment,
) -> Result<(), Failure> {
    let here = here(hub, environment);
    // Whoever names none means the servers that `mcphub servers` shows.
    if wanted.settings.is_none() && environment.text("MCPHUB_SETTING_PATH").is_none() {
        wanted.settings = here.as_ref().and_then(|here| here.settings.clone());
    }
    let port = port(here.as_ref(), environment);
    let path = environment.settings_path(wanted.settings.as_deref());
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let by_address = wanted.whom.contains("://");
    // By its address a server can be looked at without a settings file.
    let file = match by_address && !(wanted.save && path.exists()) {
        true => None,
        false => Some(read(&path)?),
    };
    let place = match by_address {
        true => Place::of_address(&wanted.whom, path.clone(), file.as_ref()),
        false => Place::of_name(&wanted.whom, path.clone(), file.as_ref()),
    };
    let vault = || credential_key::vault(environment);
    let settings = match &file {
        Some(file) if !by_address || place.there.is_some() => {
            settings::resolve_with(file, &|name| environment.raw(name), &vault()?)
        }
        Some(_) | None => doctor::settings_of(&wanted.whom, &place.name)
            .map_err(|error| Failure::usage(chain(&error)))?,
    };
    savable(&wanted, &place, &settings)?;
    let proxies = Proxies::from_environment(&|name| environment.raw(name))
        .map_err(|error| Failure::usage(chain(&error)))?;
    let fetch = Fetch::new(Egress {
        proxies,
        folder: folder.clone(),
        lookup: None,
    });
    let examination = Examination {
        settings,
        server: place.name.clone(),
        folder: folder.clone(),
        port,
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
    let mut lines = examined.map_err(|error| {
        Failure::usage(chain(&error)).cure("give an address, or a name that `mcphub servers` shows")
    })?;
    go_on(
        &wanted,
        &place,
        &mut lines,
        (output, environment, port),
        &mut tell,
    )
    .await?;
    let told = serde_json::to_value(&lines)
        .map_err(|error| Failure::api(format!("the lines cannot be written as JSON: {error}")))?;
    output.result(&told);
    if let Some(path) = &wanted.report {
        write(path, &lines)?;
        output.progress(format!("  written to {}", path.display()));
    }
    verdict(&lines)
}

/// What is only done when nothing is wrong so far: the sign-in, and its place in the settings file.
async fn go_on(
    wanted: &Doctor,
    place: &Place,
    lines: &mut Vec<Line>,
    (output, environment, port): (Output, &Environment, u16),
    tell: &mut (dyn FnMut(&Line) + Send),
) -> Result<(), Failure> {
    let lookup = environment.clone();
    let variables: Variables = Arc::new(move |name: &str| lookup.raw(name));
    let vault = || credential_key::vault(environment);
    let mut signed_in = None;
    if wanted.login && doctor::outcome(lines) == Outcome::Well {
        let bare = json!({ "url": wanted.whom });
        let trial = Trial {
            name: &place.name,
            entry: place.there.as_ref().unwrap_or(&bare),
            folder: place.path.parent().unwrap_or(Path::new("")),
            port,
            wishes: Wishes {
                no_browser: wanted.no_browser,
                no_wait: false,
            },
            keep: wanted.save,
            variables: variables.clone(),
            vault: vault()?,
        };
        let (more, entry) = Box::pin(login::run(&trial, output, environment, tell)).await?;
        lines.extend(more);
        signed_in = entry;
    } else if wanted.login {
        output.progress("  Nobody is asked to sign in while something is wrong.");
    }
    if !wanted.save {
        return Ok(());
    }
    if doctor::outcome(lines) != Outcome::Well {
        output.progress("  Nothing is saved while something is wrong.");
        return Ok(());
    }
    let means = (variables, vault()?);
    save::save(place, &wanted.whom, signed_in.as_ref(), means).await?;
    output.progress(format!(
        "  saved as {} in {}",
        place.name,
        place.path.display()
    ));
    Ok(())
}

/// What would be saved nowhere, or in a place where nobody looks, is said before anything is asked.
fn savable(wanted: &Doctor, place: &Place, settings: &settings::Settings) -> Result<(), Failure> {
    if !wanted.save {
        return Ok(());
    }
    let name = &place.name;
    let per_user = (settings.server(name)).is_some_and(|it| it.oauth.tokens == Grants::PerUser);
    if per_user {
        return Err(Failure::usage(format!(
            "each user signs in to {name} for himself, so there is no sign-in to save"
        )));
    }
    if place.there.is_some() && !wanted.login {
        return Err(
            Failure::usage(format!("{name} is in the settings file already"))
                .cure("with --login its sign-in is saved"),
        );
    }
    Ok(())
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().map_err(|error| error.to_string())?;
    match (0.01..=600.0).contains(&seconds) {
        true => Ok(seconds),
        false => Err("from 0.01 to 600 seconds".to_owned()),
    }
}

/// The hub that commands here speak to, as far as it left a word for us.
fn here(hub: Option<&str>, environment: &Environment) -> Option<Operator> {
    let address = rest::address(hub, environment);
    let folder = operator::folder(environment)?;
    let here = operator::find(&folder, &Url::parse(address).ok()?)?;
    // A hub that was killed leaves its word behind.
    let settings = here.settings.filter(|path| path.exists());
    Some(Operator { settings, ..here })
}

/// Where callbacks come to.
fn port(here: Option<&Operator>, environment: &Environment) -> u16 {
    let given = environment.text("PORT").and_then(|text| text.parse().ok());
    given
        .or_else(|| here?.url.port_or_known_default())
        .unwrap_or(PORT)
}

fn read(path: &Path) -> Result<File, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("cannot read {}: {error}", path.display()))
            .cure("name the settings file: --settings FILE; or give an address instead of a name")
    })?;
    File::parse(&text).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
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
        Outcome::NeedsPerson => Exit::SignInNeeded,
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
