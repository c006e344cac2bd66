//! `mcphub import`: takes the servers over that AI clients have in their configuration.
//!
//! They go to the running hub, or, where none runs on this machine, into the settings file. The clients' files are not touched.

mod candidate;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use hub::explained::quoted;
use hub::store::Store;
use serde_json::{Value, json};
use settings::{Change, File};

use super::Desk;
use super::consent::agreed;
use crate::clients::{self, Client, Document, Foreign, Format, Found};
use crate::credential_key;
use crate::failure::{Exit, Failure, chain};
use crate::output::table;
use crate::rest::shape::Server;
use candidate::{Candidate, Fate, judged, told};

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Only these servers
    #[arg(value_name = "SERVER")]
    only: Vec<String>,
    /// Only from these clients
    #[arg(long, value_name = "CLIENT")]
    from: Vec<Client>,
    /// From this configuration file
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    file: Option<PathBuf>,
    /// Where to write when no hub runs [env: MCPHUB_SETTING_PATH]
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Asks nothing
    #[arg(long, short)]
    yes: bool,
}

/// Where they go.
enum Target {
    Hub,
    File(PathBuf),
}

pub(crate) async fn run(desk: &Desk, wanted: Import) -> Result<(), Failure> {
    let found = chosen(find(desk, &wanted)?, &wanted.only)?;
    let (target, mut known) = target(desk, &wanted).await?;
    let mut candidates = Vec::new();
    for (name, from, read) in found {
        let candidate = judged(desk, &known, name, from, read);
        if let (Fate::New, Some(foreign)) = (&candidate.fate, &candidate.foreign) {
            known.push((candidate.name.clone(), foreign.config.clone()));
        }
        candidates.push(candidate);
    }
    tell(desk, &candidates);
    let new: Vec<&Candidate> = candidates
        .iter()
        .filter(|it| it.fate == Fate::New)
        .collect();
    let place = match &target {
        Target::Hub => desk.hub.address().to_owned(),
        Target::File(path) => path.display().to_string(),
    };
    if new.is_empty() {
        desk.output.line("There is nothing new to take over.");
    } else {
        let servers = if new.len() == 1 { "server" } else { "servers" };
        let question = format!("Add {} {servers} to {place}?", new.len());
        if !agreed(desk.output, wanted.yes, &question)? {
            desk.output.line("Nothing was changed.");
            return Ok(());
        }
        match &target {
            Target::Hub => to_hub(desk, &new).await?,
            Target::File(path) => to_file(desk, path, &new).await?,
        }
        desk.output.line(format!(
            "{} {servers} added to {place}. `mcphub servers` tells how they are, `mcphub connect <client>` lets a client use them through the hub.",
            new.len()
        ));
    }
    let list: Vec<Value> = candidates.iter().map(told).collect();
    desk.output
        .result(&json!({ "success": true, "to": place, "servers": list }));
    Ok(())
}

/// A server's name, where it was found, and what it is or why it cannot be taken.
type Read = (String, String, Result<Foreign, String>);

/// Those that were asked for; nothing is taken over when one of them is not there.
fn chosen(found: Vec<Read>, only: &[String]) -> Result<Vec<Read>, Failure> {
    if only.is_empty() {
        return Ok(found);
    }
    let names = || found.iter().map(|(name, ..)| name.as_str());
    if let Some(missing) = only.iter().find(|name| !names().any(|it| it == *name)) {
        let failure = Failure::usage(format!(
            "there is no server named {missing:?} among those that were found"
        ));
        return Err(failure.cure(match settings::nearest(missing, names()) {
            Some(meant) => format!("did you mean {}? `mcphub import` lists them", quoted(meant)),
            None => "`mcphub import` lists them; `--file` names another place".to_owned(),
        }));
    }
    let wished = |(name, ..): &Read| only.contains(name);
    Ok(found.into_iter().filter(wished).collect())
}

fn find(desk: &Desk, wanted: &Import) -> Result<Vec<Read>, Failure> {
    let mut read: Vec<Read> = Vec::new();
    let mut take = |from: &str, path: &PathBuf| -> Result<bool, Failure> {
        let found = Found::at(path)?;
        let Some(text) = &found.text else {
            return Ok(false);
        };
        let document = Document::parse(Format::of(path), text).map_err(|error| {
            Failure::usage(format!("{} cannot be read: {error}", path.display()))
        })?;
        for (name, server) in clients::read_foreign(&document) {
            let is_it = |(other, _, same): &Read| *other == name && *same == server;
            if !read.iter().any(is_it) {
                read.push((name, from.to_owned(), server));
            }
        }
        Ok(true)
    };
    if let Some(path) = &wanted.file {
        if !take(&path.display().to_string(), path)? {
            return Err(Failure::usage(format!("there is no {}", path.display())));
        }
        return Ok(read);
    }
    let all = if wanted.from.is_empty() {
        &Client::ALL[..]
    } else {
        &wanted.from
    };
    for client in all {
        let Some(path) = clients::place(*client, &desk.environment) else {
            continue;
        };
        match take(client.title(), &path) {
            Ok(_) => {}
            // One broken file does not hide the others.
            Err(failure) => desk
                .output
                .progress(format!("{}: {}", client.title(), failure.what())),
        }
    }
    Ok(read)
}

/// The hub, or the file when none runs here; and what is there already.
async fn target(desk: &Desk, wanted: &Import) -> Result<(Target, Vec<(String, Value)>), Failure> {
    let failure = match desk.hub.servers().await {
        Ok(told) => {
            let servers = Server::read_all(&told)?.into_iter();
            let known = servers.map(|server| (server.name, server.config)).collect();
            return Ok((Target::Hub, known));
        }
        Err(failure) => failure,
    };
    // A hub that was named is not answered for by some file.
    let named = desk.hub.is_named() && wanted.settings.is_none();
    if failure.exit != Exit::Unreachable || named {
        return Err(failure);
    }
    let path = desk.environment.settings_path(wanted.settings.as_deref());
    let text = Found::at(&path)?;
    let file = File::parse(text.text())
        .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    let servers = file.document().get("mcpServers").and_then(Value::as_object);
    let known = servers.into_iter().flatten();
    let known = known.map(|(name, config)| (name.clone(), config.clone()));
    desk.output.progress(format!(
        "{}, so servers go to {}",
        failure.what(),
        path.display()
    ));
    Ok((Target::File(path), known.collect()))
}

fn tell(desk: &Desk, candidates: &[Candidate]) {
    if candidates.is_empty() {
        desk.output.line("No client on this machine has servers in its configuration, as far as can be seen; `--file` names another place.");
    }
    let row = |candidate: &Candidate| {
        let config = candidate.foreign.as_ref().map(|it| &it.config);
        let how = config.and_then(|it| it["url"].as_str().or(it["command"].as_str()));
        let fate = match &candidate.fate {
            Fate::New => "new".to_owned(),
            Fate::There(name) => format!("there already, as {}", quoted(name)),
            Fate::Left(why) => format!("left: {why}"),
        };
        vec![
            candidate.name.clone(),
            how.unwrap_or_default().to_owned(),
            candidate.from.clone(),
            fate,
        ]
    };
    for line in table(&candidates.iter().map(row).collect::<Vec<_>>()) {
        desk.output.line(line);
    }
    for candidate in candidates.iter().filter(|it| it.fate == Fate::New) {
        for note in candidate.foreign.iter().flat_map(|it| &it.notes) {
            desk.output.line(format!("  {}: {note}", candidate.name));
        }
    }
}

async fn to_hub(desk: &Desk, new: &[&Candidate]) -> Result<(), Failure> {
    for candidate in new {
        let Some(foreign) = &candidate.foreign else {
            continue;
        };
        let added = desk.hub.add(&candidate.name, &foreign.config).await;
        added.map_err(|failure| {
            let what = format!("{} was not added: {}", candidate.name, failure.what());
            Failure::new(failure.exit, what)
                .cure("those before it are in; name the others to leave it out")
        })?;
    }
    Ok(())
}

async fn to_file(desk: &Desk, path: &PathBuf, new: &[&Candidate]) -> Result<(), Failure> {
    let vault = credential_key::vault(&desk.environment)?;
    let environment = desk.environment.clone();
    let store = Store::open_with(
        path,
        Arc::new(move |name: &str| environment.raw(name)),
        vault,
    );
    let store = store.await.map_err(|error| Failure::usage(chain(&error)))?;
    let change = |candidate: &&Candidate| {
        let config = candidate.foreign.as_ref()?.config.clone();
        Some(Change::set(["mcpServers", &candidate.name], config))
    };
    let changes = new.iter().filter_map(change).collect();
    let edited = store.edit(changes).await;
    edited.map_err(|error| Failure::usage(chain(&error)))
}
