//! `mcphub connect <client>`: writes the hub's address into an AI client's configuration, and takes it out again.

mod undo;

use std::path::PathBuf;

use clap::Args;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;

use super::consent::{agreed, difference};
use super::{Desk, consent};
use crate::clients::{self, Client, Document, Format, Found};
use crate::failure::{Exit, Failure};
use crate::rest::Door;

/// Stands for a key in what is shown.
const HIDDEN_KEY: &str = "<bearer key>";

#[derive(Debug, Args)]
pub(crate) struct Connect {
    client: Client,
    /// One group or server instead of everything
    #[arg(long, value_name = "GROUP OR SERVER")]
    endpoint: Option<String>,
    /// How the client calls the hub
    #[arg(long, default_value = "mcphub")]
    name: String,
    /// The bearer key to write; else one is made where the hub asks for one [env: MCPHUB_KEY]
    #[arg(long)]
    key: Option<String>,
    /// Another configuration file than the client's usual one
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only shows what would be written
    #[arg(long, conflicts_with_all = ["undo", "yes"])]
    print: bool,
    /// Puts back what was there before
    #[arg(long, conflicts_with_all = ["endpoint", "key"])]
    undo: bool,
    /// Asks nothing
    #[arg(long, short)]
    yes: bool,
}

pub(crate) async fn run(desk: &Desk, wanted: Connect) -> Result<(), Failure> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    if wanted.name.is_empty() || !wanted.name.chars().all(plain) {
        return Err(Failure::usage(format!(
            "`{}` is no name for every client; use letters, digits, \"-\" and \"_\"",
            wanted.name
        )));
    }
    let found = find(desk, &wanted)?;
    if wanted.undo {
        return undo::run(desk, &wanted, &found);
    }
    connect(desk, &wanted, &found).await
}

fn find(desk: &Desk, wanted: &Connect) -> Result<Found, Failure> {
    let path = match &wanted.file {
        Some(path) => path.clone(),
        None => clients::place(wanted.client, &desk.environment).ok_or_else(|| {
            Failure::usage("there is no home folder to look in").cure("name the file: --file FILE")
        })?,
    };
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let (title, shown) = (wanted.client.title(), folder.display());
        return Err(Failure::usage(format!(
            "{title} keeps its configuration in {shown}, which is not there"
        ))
        .cure(format!("start {title} once, or name the file: --file FILE")));
    }
    Found::at(&path)
}

fn parse<'t>(found: &'t Found) -> Result<Document<'t>, Failure> {
    let shown = found.path.display();
    Document::parse(Format::of(&found.path), found.text()).map_err(|error| {
        Failure::usage(format!("{shown} is left as it is: {error}"))
            .cure("correct it there and try again")
    })
}

fn unwritable(found: &Found, why: &str) -> Failure {
    Failure::usage(format!("{} is left as it is: {why}", found.path.display()))
}

async fn connect(desk: &Desk, wanted: &Connect, found: &Found) -> Result<(), Failure> {
    let client = wanted.client;
    let place = [client.table(), &wanted.name];
    let old = parse(found)?.at(&place);
    let url = desk.hub.endpoint(wanted.endpoint.as_deref());
    let key = key(desk, wanted, &url, old.as_ref()).await?;
    let text_with = |key: Option<&str>| {
        let entry = client.renewed(old.as_ref(), &url, key);
        let text = parse(found)?.with(place[0], place[1], Some(&entry));
        text.map_err(|why| unwritable(found, &why))
    };
    let known = key.known();
    let proposed = text_with(known.or((key == Key::New).then_some(HIDDEN_KEY)))?;
    let say = |text: String| desk.output.progress(text);
    if wanted.print {
        let entry = client.renewed(old.as_ref(), &url, known.or(key.stand_in()));
        desk.output.result(
            &json!({ "file": shown(found), "table": place[0], "name": place[1], "entry": entry }),
        );
        desk.output
            .line(format!("  {}: {}\n", client.title(), shown(found)));
        desk.output
            .line(alone(client, found, &wanted.name, &entry)?);
        return Ok(());
    }
    say(format!("  {}: {}", client.title(), shown(found)));
    if proposed == found.text() {
        say("  It is connected already; there is nothing to write.".to_owned());
        desk.output.result(&told(wanted, found, &url, false));
        return Ok(());
    }
    let hide =
        |text: &str| known.map_or_else(|| text.to_owned(), |key| text.replace(key, HIDDEN_KEY));
    say(format!(
        "\n{}\n",
        difference(&hide(found.text()), &hide(&proposed))
    ));
    if key == Key::New {
        say("  The hub asks for a bearer key; one will be made for this client.".to_owned());
    }
    if !agreed(desk.output, wanted.yes, "  Write this?")? {
        say("  Nothing was changed.".to_owned());
        return Ok(());
    }
    let made = match key {
        Key::New => Some(make_key(desk, wanted).await?),
        Key::None | Key::Known(_) => None,
    };
    let text = match &made {
        Some(made) => text_with(made["token"].as_str())?,
        None => proposed,
    };
    if let Err(failure) = save(wanted, found, &text) {
        if let Some(id) = made.as_ref().and_then(|made| made["id"].as_str()) {
            desk.hub.delete_key(id).await?;
        }
        return Err(failure);
    }
    let backup = clients::backup_of(&found.path, &wanted.name);
    say(format!(
        "  Written. What was there is in {}",
        backup.display()
    ));
    say(format!("  {}", client.advice()));
    desk.output.result(&told(wanted, found, &url, true));
    Ok(())
}

/// The first copy is kept: it is from before we were there.
fn save(wanted: &Connect, found: &Found, text: &str) -> Result<(), Failure> {
    let backup = Found::at(&clients::backup_of(&found.path, &wanted.name))?;
    let fresh = backup.text.is_none();
    if fresh {
        clients::write(&backup, found.text())?;
    }
    let written = clients::write(found, text);
    if written.is_err() && fresh {
        clients::remove(&backup.path)?;
    }
    written
}

fn shown(found: &Found) -> String {
    found.path.display().to_string()
}

fn told(wanted: &Connect, found: &Found, url: &Url, changed: bool) -> Value {
    let backup = clients::backup_of(&found.path, &wanted.name);
    let backup = changed.then(|| backup.display().to_string());
    json!({ "success": true, "client": wanted.client.word(), "file": shown(found), "url": url.as_str(), "changed": changed, "backup": backup })
}

/// A file with this entry only.
fn alone(client: Client, found: &Found, name: &str, entry: &Value) -> Result<String, Failure> {
    let empty = Document::parse(Format::of(&found.path), "");
    let text = empty.and_then(|empty| empty.with(client.table(), name, Some(entry)));
    text.map_err(|why| unwritable(found, &why))
}

/// With what the client shows itself to the hub.
#[derive(Debug, PartialEq, Eq)]
enum Key {
    /// Not needed, as far as we know.
    None,
    Known(String),
    /// Needed, and to be made.
    New,
}

impl Key {
    fn known(&self) -> Option<&str> {
        match self {
            Self::Known(key) => Some(key),
            Self::None | Self::New => None,
        }
    }

    fn stand_in(&self) -> Option<&'static str> {
        (*self == Self::New).then_some("<a key of `mcphub keys create`>")
    }
}

async fn key(
    desk: &Desk,
    wanted: &Connect,
    url: &Url,
    old: Option<&Value>,
) -> Result<Key, Failure> {
    let given = match &wanted.key {
        Some(key) => Some(key.clone()),
        None => {
            let secret = desk.environment.secret("MCPHUB_KEY")?;
            secret.map(|secret| secret.expose_secret().to_owned())
        }
    };
    let refused = |why: String| {
        Failure::api(format!("{url} is no endpoint for a client: {why}"))
            .cure("`mcphub servers` and `mcphub groups` list the names")
    };
    let door = match desk.hub.knock(url, given.as_deref()).await {
        Ok(door) => door,
        Err(failure) if failure.exit == Exit::Unreachable => {
            desk.output.progress(format!(
                "  {}; whether it asks for a key is not known",
                failure.what()
            ));
            return Ok(given.map_or(Key::None, Key::Known));
        }
        Err(failure) => return Err(failure),
    };
    match (door, given) {
        (Door::Refused(why), _) => Err(refused(why)),
        (Door::Open, None) => Ok(Key::None),
        (Door::Open, Some(given)) => Ok(Key::Known(given)),
        (Door::Shut, Some(_)) => Err(Failure::usage("the hub does not take this key")
            .cure("leave --key out, and one is made; `mcphub keys` lists them")),
        (Door::Shut, None) => match old.and_then(clients::key_in) {
            Some(old) if desk.hub.knock(url, Some(old)).await? == Door::Open => {
                Ok(Key::Known(old.to_owned()))
            }
            Some(_) | None => Ok(Key::New),
        },
    }
}

/// A key for what the client is connected to, and nothing else.
async fn make_key(desk: &Desk, wanted: &Connect) -> Result<Value, Failure> {
    let mut key = json!({ "name": wanted.client.title(), "accessType": "all" });
    if let Some(endpoint) = &wanted.endpoint {
        let groups = desk.hub.groups().await?;
        let is_it = |group: &Value| group["name"] == *endpoint || group["id"] == *endpoint;
        let is_group = groups
            .as_array()
            .is_some_and(|groups| groups.iter().any(is_it));
        let (access, list) = if is_group {
            ("groups", "allowedGroups")
        } else {
            ("servers", "allowedServers")
        };
        key["accessType"] = access.into();
        key[list] = json!([endpoint]);
    }
    desk.hub.create_key(&key).await.map_err(|failure| {
        let again = format!("mcphub connect {} --key ...", wanted.client.word());
        failure.or_cure(|| format!("give a key: {again}"))
    })
}
