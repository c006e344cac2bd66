//! `mcphub doctor --login`: a real sign-in, made by a hub of its own that ends with the command.
//!
//! That hub has nothing but the one server, in a folder that nobody else can read and that is gone afterwards; nobody but this command is
//! let in. So the sign-in keeps every rule that a hub keeps, and no hub that runs is touched. It listens where a hub would, when that port
//! is free: a client that was made by hand has its callback there.

use std::path::Path;

use hub::HubOptions;
use hub::clock::Clock;
use hub::doctor::{self, Line};
use hub::store::Environment as Variables;
use hub::vault::Vault;
use secrecy::SecretString;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use web::{Loops, Web, WebOptions};

use crate::commands::journey::{Journey, Wishes};
use crate::commands::{Desk, serve};
use crate::environment::Environment;
use crate::failure::{Exit, Failure, chain};
use crate::output::Output;
use crate::rest;
use crate::shutdown;

/// Whom to sign in to, and how.
pub(super) struct Trial<'a> {
    pub(super) name: &'a str,
    /// Its entry in the settings file, or one with the address alone.
    pub(super) entry: &'a Value,
    /// Where files are that the entry names by a relative path.
    pub(super) folder: &'a Path,
    pub(super) port: u16,
    pub(super) wishes: Wishes,
    /// Gives back nothing.
    pub(super) keep: bool,
    pub(super) variables: Variables,
    pub(super) vault: Vault,
}

/// What it showed; and the entry with what came of it, when somebody is signed in and it is to be kept.
pub(super) async fn run(
    trial: &Trial<'_>,
    output: Output,
    environment: &Environment,
    tell: &mut (dyn FnMut(&Line) + Send),
) -> Result<(Vec<Line>, Option<Value>), Failure> {
    let signals = shutdown::watch()
        .map_err(|error| Failure::usage(format!("signals cannot be heard: {error}")))?;
    let ended = || Failure::new(Exit::SignInNeeded, "ended before somebody had signed in");
    let walk = in_a_hub(trial, output, environment, tell);
    let done = signals.asked.run_until_cancelled(walk).await;
    done.ok_or_else(ended)?
}

async fn in_a_hub(
    trial: &Trial<'_>,
    output: Output,
    environment: &Environment,
    tell: &mut (dyn FnMut(&Line) + Send),
) -> Result<(Vec<Line>, Option<Value>), Failure> {
    let broken = |error: &dyn std::error::Error| {
        Failure::usage(format!("the sign-in cannot be tried: {}", chain(error)))
    };
    let folder = tempfile::Builder::new().prefix("mcphub-doctor-").tempdir();
    let folder = folder.map_err(|error| broken(&error))?; // only its owner can look into it
    let (key, token) = (hub::chance::token(32), hub::chance::token(32));
    let settings = doctor::trial(trial.name, trial.entry, trial.folder, &key);
    let path = folder.path().join("mcp_settings.json");
    std::fs::write(&path, settings.to_string()).map_err(|error| broken(&error))?;
    let by_hand = settings["mcpServers"][trial.name]["oauth"]["clientId"].is_string();
    let (listener, other) = match serve::localhost(trial.port).await {
        Err(taken) if by_hand => return Err(taken.cure(format!("the client of the settings has its callback there: stop that hub for a while, or sign in in it (mcphub auth login {})", trial.name))),
        Err(_taken) => serve::localhost(0).await?,
        Ok(own) => own,
    };
    let address = listener.local_addr().map_err(|error| broken(&error))?;
    let options = HubOptions {
        settings_path: path,
        environment: trial.variables.clone(),
        vault: trial.vault.clone(),
        port: address.port(),
        clock: Clock::system(),
    };
    let hub = hub::Hub::start(options);
    let hub = hub.await.map_err(|error| broken(&error))?;
    let options = WebOptions {
        operator_token: Some(SecretString::from(token.as_str())),
        ..WebOptions::at(address)
    };
    let web = Web::over(listener, hub.clone(), options).map_err(|error| broken(&error))?;
    let web = match other {
        Some(other) => web.and_at(other),
        None => web,
    };
    let loops = Loops::start(1).map_err(|error| broken(&error))?;
    let url = format!("http://localhost:{}", address.port());
    let desk = Desk {
        hub: rest::Hub::new(Some(&url), Some(&token), environment)?,
        output,
        environment: environment.clone(),
    };
    let stop = CancellationToken::new();
    let walk = async {
        let walked = walk(trial, &desk, &hub, tell).await;
        stop.cancel();
        walked
    };
    let (walked, ()) = tokio::join!(walk, web.serve(&loops, stop.cancelled()));
    hub.shutdown().await;
    walked
}

async fn walk(
    trial: &Trial<'_>,
    desk: &Desk,
    hub: &hub::Hub,
    tell: &mut (dyn FnMut(&Line) + Send),
) -> Result<(Vec<Line>, Option<Value>), Failure> {
    let mut journey = Journey::of_new(desk, trial.name);
    let server = journey.settled().await?;
    // Asked for a client again, the login server would say no again; why it did is judged below.
    if server.waits_for_a_person() && !server.wants_a_client() {
        // What went wrong on the way is judged below.
        match journey.sign_in(trial.wishes).await {
            Ok(_) => {}
            Err(failure) => desk.output.progress(format!("  {}", failure.what())),
        }
    }
    let mut lines = doctor::judge(hub, trial.name);
    let well = doctor::outcome(&lines) == doctor::Outcome::Well;
    let raw = || hub.store().file().raw_server(trial.name).cloned();
    let kept = (trial.keep && well).then(raw).flatten();
    if kept.is_none() {
        lines.extend(doctor::give_back(hub, trial.name).await);
    }
    lines.iter().for_each(tell);
    Ok((lines, kept))
}
