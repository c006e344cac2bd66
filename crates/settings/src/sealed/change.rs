//! Changes of a file in which secrets are sealed: what is written is sealed, what is moved is sealed anew for its place, and
//! nothing that does not open is written over by what came from outside.

use std::collections::HashMap;

use super::{Binding, PREFIX, Vault, entries, is_secret, sealed_in, walk};
use crate::edit::{Change, EditError, apply};
use crate::file::File;

/// A file whose secrets were all sealed, or all opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    pub text: String,
    /// How many values were changed.
    pub changed: usize,
}

/// The text with every secret of every server sealed. What is sealed already, and placeholders, stay.
///
/// # Errors
/// When the text does not parse.
pub fn seal_all(text: &str, vault: &dyn Vault) -> Result<Converted, EditError> {
    let file = File::parse(text)?;
    let mut changes = Vec::new();
    for (server, entry) in entries(&file) {
        walk(entry, &mut |inside, plain| {
            if plain.starts_with(PREFIX) || !is_secret(inside, plain) {
                return;
            }
            if let Some(sealed) = vault.seal(&Binding::of(server, entry, inside), plain) {
                changes.push(Change::set(whole(server, inside), sealed));
            }
        });
    }
    converted(text, &changes)
}

/// The text with every sealed value opened; all of them or none.
///
/// # Errors
/// When one of them does not open, or would be read as a placeholder.
pub fn unseal_all(text: &str, vault: &dyn Vault) -> Result<Converted, EditError> {
    let file = File::parse(text)?;
    let mut changes = Vec::new();
    for (server, entry) in entries(&file) {
        for (inside, sealed) in sealed_in(entry) {
            let path = whole(server, &inside);
            match vault.open(&Binding::of(server, entry, &inside), &sealed) {
                Ok(plain) => changes.push(Change::record(path, plain)),
                Err(why) => return Err(EditError::Shut { path, why }),
            }
        }
    }
    converted(text, &changes)
}

/// After `changes` made `after` of `before`: the further changes that seal what was written and what was moved.
pub(crate) fn reseal(
    before: &File,
    after: &File,
    changes: &[Change],
    vault: &dyn Vault,
) -> Result<Vec<Change>, EditError> {
    let known = Known::read(before);
    let mut further = Vec::new();
    for (server, entry) in entries(after) {
        for (inside, sealed) in sealed_in(entry) {
            let binding = Binding::of(server, entry, &inside);
            let path = whole(server, &inside);
            // What nobody knows was written by a person, and stays as it is.
            if let Some(old) = known.of(&path, &sealed).filter(|old| **old != binding) {
                let opened = vault.open(old, &sealed);
                let plain = opened.map_err(|why| EditError::Shut {
                    path: path.clone(),
                    why,
                })?;
                further.extend(
                    vault
                        .seal(&binding, &plain)
                        .map(|sealed| Change::set(path, sealed)),
                );
            }
        }
        walk(entry, &mut |inside, plain| {
            let path = whole(server, inside);
            if plain.starts_with(PREFIX) || !is_secret(inside, plain) || !wrote(changes, &path) {
                return;
            }
            let binding = Binding::of(server, entry, inside);
            let same = known.by_path.get(&path).filter(|(sealed, old)| {
                *old == binding && vault.open(&binding, sealed).as_deref() == Ok(plain)
            });
            let same = same.map(|(sealed, _)| sealed.clone());
            let sealed = same.or_else(|| vault.seal(&binding, plain));
            further.extend(sealed.map(|sealed| Change::set(path, sealed)));
        });
    }
    Ok(further)
}

/// Refuses to write what came from outside over a secret that does not open here: it would be lost.
pub(crate) fn would_lose(
    before: &File,
    changes: &[Change],
    vault: &dyn Vault,
) -> Result<(), EditError> {
    let received: Vec<&[String]> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Record { path, .. } => Some(path.as_slice()),
            Change::Set { .. } | Change::Remove { .. } | Change::Rename { .. } => None,
        })
        .collect();
    if received.is_empty() {
        return Ok(());
    }
    for (server, entry) in entries(before) {
        for (inside, sealed) in sealed_in(entry) {
            let path = whole(server, &inside);
            if !received.iter().any(|written| path.starts_with(written)) {
                continue;
            }
            if let Err(why) = vault.open(&Binding::of(server, entry, &inside), &sealed) {
                return Err(EditError::Shut { path, why });
            }
        }
    }
    Ok(())
}

/// What was sealed before a change.
struct Known {
    by_text: HashMap<String, Binding>,
    by_path: HashMap<Vec<String>, (String, Binding)>,
}

impl Known {
    /// What a sealed text was bound to. One that stands where it stood has no other place: else a copy that somebody made in the
    /// file would be sealed anew for where it does not belong.
    fn of(&self, path: &[String], sealed: &str) -> Option<&Binding> {
        match self.by_path.get(path) {
            Some((stood, binding)) if stood == sealed => Some(binding),
            Some(_) | None => self.by_text.get(sealed),
        }
    }

    fn read(file: &File) -> Self {
        let (mut by_text, mut by_path) = (HashMap::new(), HashMap::new());
        for (server, entry) in entries(file) {
            for (inside, sealed) in sealed_in(entry) {
                let binding = Binding::of(server, entry, &inside);
                by_text.insert(sealed.clone(), binding.clone());
                by_path.insert(whole(server, &inside), (sealed, binding));
            }
        }
        Self { by_text, by_path }
    }
}

/// Whether one of the changes wrote what is at this path now.
fn wrote(changes: &[Change], path: &[String]) -> bool {
    changes.iter().any(|change| match change {
        Change::Set { path: at, .. } | Change::Record { path: at, .. } => path.starts_with(at),
        Change::Remove { .. } | Change::Rename { .. } => false,
    })
}

fn whole(server: &str, inside: &[String]) -> Vec<String> {
    let mut path = vec!["mcpServers".to_owned(), server.to_owned()];
    path.extend_from_slice(inside);
    path
}

fn converted(text: &str, changes: &[Change]) -> Result<Converted, EditError> {
    Ok(Converted {
        text: apply(text, changes)?,
        changed: changes.len(),
    })
}

impl Change {
    /// Whether this could concern a value of some server: the rest of the file is never sealed.
    pub(crate) fn is_of_servers(&self) -> bool {
        let path = match self {
            Self::Set { path, .. }
            | Self::Record { path, .. }
            | Self::Remove { path }
            | Self::Rename { path, .. } => path,
        };
        path.first().is_none_or(|first| first == "mcpServers")
    }
}
