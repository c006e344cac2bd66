//! The lists of the settings file that the API changes, `groups`, `bearerKeys`, `users` and `oauthClients`: one entry at a time, by the smallest edit.
//!
//! An entry has its place as its address in the file, so a change is made only where the lists still say what it was made up for.

use hub::cause::Cause;
use serde_json::Value;
use settings::{Change, File, Settings, Sharing};

use crate::app::App;
use crate::problem::{Problem, Whose};

/// How often a change is made up anew because somebody else changed the same lists.
const ROUNDS: usize = 5;

/// The entries of a list, as they are written.
pub(super) fn entries<'f>(file: &'f File, list: &str) -> &'f [Value] {
    let written = file.document().get(list).and_then(Value::as_array);
    written.map(Vec::as_slice).unwrap_or_default()
}

/// Where the entry is of which this is true, and the entry.
pub(super) fn find<'f>(
    file: &'f File,
    list: &str,
    is_it: impl Fn(&Value) -> bool,
) -> Option<(usize, &'f Value)> {
    entries(file, list)
        .iter()
        .enumerate()
        .find(|(_, entry)| is_it(entry))
}

/// The change that writes one more entry behind the others.
pub(super) fn one_more(file: &File, list: &str, entry: Value) -> Change {
    if file.document().get(list).is_some_and(Value::is_array) {
        let place = entries(file, list).len().to_string();
        Change::set([list, &place], entry)
    } else {
        Change::set([list], vec![entry])
    }
}

/// Makes up changes for the file as it is, and makes them; gives what was made up beside them.
pub(super) async fn change<T>(
    app: &App,
    make: impl Fn(&File) -> Result<(Vec<Change>, T), Problem>,
) -> Result<T, Problem> {
    let _turn = app.changing().lock().await;
    let store = app.hub().store();
    for _ in 0..ROUNDS {
        // In this order: a file that is newer than what we know of it is found out below.
        let known = store.current();
        let (changes, made) = make(&store.file())?;
        let as_known = move |settings: &Settings| {
            settings.groups == known.groups
                && settings.bearer_keys == known.bearer_keys
                && settings.users == known.users
                && settings.oauth_clients == known.oauth_clients
                && settings.oauth_tokens == known.oauth_tokens
                && people_of(settings).eq(people_of(&known))
        };
        let landed = store.edit_when(as_known, changes).await;
        if landed.map_err(|error| unwritten(&error))? {
            return Ok(made);
        }
    }
    Err(Problem::new(
        Whose::Taken,
        "the settings file is being changed by somebody else; try again",
    )
    .cause(Cause::SettingsNotWritten))
}

/// Of whom the servers speak.
fn people_of(settings: &Settings) -> impl Iterator<Item = (&str, &Sharing, Vec<&String>)> {
    let servers = settings.servers.iter();
    servers.map(|server| {
        let signed_in = server.oauth.users.keys().collect();
        (server.name.as_str(), &server.sharing, signed_in)
    })
}

/// A name that a person gives to an entry.
pub(super) fn named(what: &str, name: &str) -> Result<String, Problem> {
    let name = name.trim();
    let hidden = |letter| crate::page::is_hidden(letter) || matches!(letter, '\n' | '\t');
    if name.is_empty() || name.chars().any(hidden) {
        return Err(Problem::request(format!(
            "a {what} needs a name, without control characters"
        )));
    }
    Ok(name.to_owned())
}

/// A change of the settings that did not reach the file.
pub(super) fn unwritten(error: &hub::store::EditError) -> Problem {
    Problem::us("writing the settings", error).cause(Cause::SettingsNotWritten)
}
