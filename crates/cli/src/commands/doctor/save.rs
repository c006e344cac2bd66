//! `mcphub doctor --save`: the server that was looked at goes into the settings file, with its sign-in after `--login`.
//!
//! The store edits the file in place, under its lock, and a hub that runs on it hears of the change as of one by hand: nothing needs to be
//! stopped for it.

use std::path::PathBuf;

use hub::doctor;
use hub::store::{Environment as Variables, Store};
use hub::vault::Vault;
use serde_json::{Value, json};
use settings::{Change, File};
use url::Url;

use crate::commands::add;
use crate::failure::{Failure, chain};

/// In which file a server would be, as what, or is.
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) name: String,
    /// Its entry, if the file has one.
    pub(super) there: Option<Value>,
}

impl Place {
    /// An address that the file has already keeps its name; another one gets the name that `mcphub add` would give it.
    pub(super) fn of_address(address: &str, path: PathBuf, file: Option<&File>) -> Self {
        let is_it = |name: &&str| {
            let entry = file.and_then(|file| file.raw_server(name));
            entry.is_some_and(|entry| entry["url"] == address)
        };
        let names: Vec<&str> = file.iter().flat_map(|file| file.server_names()).collect();
        if let Some(name) = names.iter().find(|name| is_it(name)) {
            return Self::of_name(name, path, file);
        }
        let name = match Url::parse(address) {
            Ok(url) => add::free_name(&url, &names),
            Err(_no_address) => "server".to_owned(),
        };
        Self {
            path,
            name,
            there: None,
        }
    }

    pub(super) fn of_name(name: &str, path: PathBuf, file: Option<&File>) -> Self {
        let there = file.and_then(|file| file.raw_server(name)).cloned();
        Self {
            path,
            name: name.to_owned(),
            there,
        }
    }
}

/// Writes it: a new entry whole, of one that is there the sign-in only.
pub(super) async fn save(
    place: &Place,
    address: &str,
    signed_in: Option<&Value>,
    (variables, vault): (Variables, Vault),
) -> Result<(), Failure> {
    let change = match (&place.there, signed_in) {
        (None, None) => Change::set(["mcpServers", &place.name], json!({ "url": address })),
        (None, Some(entry)) => Change::set(["mcpServers", &place.name], entry.clone()),
        (Some(there), Some(entry)) => Change::set(
            ["mcpServers", &place.name, "oauth"],
            doctor::kept(there, entry),
        ),
        (Some(_), None) => return Ok(()),
    };
    let store = Store::open_with(&place.path, variables, vault).await;
    let store = store.map_err(|error| Failure::usage(chain(&error)))?;
    let edited = store.edit(vec![change]).await;
    edited.map_err(|error| Failure::usage(chain(&error)))
}
