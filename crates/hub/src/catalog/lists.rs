//! The merged lists of a scope: texts ready to be sent, and whose each resource is.
//!
//! Kept until an upstream lists something else, which is a comparison of pointers.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use mcp::merge::{self, Entry, Listing};
use mcp::name;

use super::shape::{Member, Shape};
use crate::upstream::Listed;

/// One merged list.
#[derive(Debug)]
pub struct Merged {
    sources: Vec<Option<Arc<Listed>>>,
    /// The result of the list request.
    pub result: Box<str>,
    /// From a shown resource address to its member's place and what the member calls it.
    owners: HashMap<Box<str>, (usize, Box<str>)>,
}

/// Whose a shown address or template is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'m> {
    /// The member's place.
    pub place: usize,
    /// What the member itself calls it.
    pub bare: &'m str,
}

impl Merged {
    /// Whose a shown address or template is.
    pub fn owner(&self, shown: &str) -> Option<Owner<'_>> {
        let (place, bare) = self.owners.get(shown)?;
        Some(Owner {
            place: *place,
            bare,
        })
    }

    /// The shown addresses or templates with the places of their members.
    pub fn owners(&self) -> impl Iterator<Item = (&str, usize)> {
        self.owners
            .iter()
            .map(|(shown, (place, _))| (&**shown, *place))
    }

    fn is_made_of(&self, sources: &[Option<Arc<Listed>>]) -> bool {
        let same = |pair: (&Option<Arc<Listed>>, &Option<Arc<Listed>>)| match pair {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        self.sources.len() == sources.len() && self.sources.iter().zip(sources).all(same)
    }
}

#[derive(Debug, Default)]
pub(super) struct Lists {
    held: [Mutex<Option<Arc<Merged>>>; 4],
}

impl Lists {
    pub(super) fn merged(
        &self,
        shape: &Shape,
        listing: Listing,
        sources: Vec<Option<Arc<Listed>>>,
    ) -> Arc<Merged> {
        let mut held = self.held[listing as usize]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(merged) = held.as_ref().filter(|merged| merged.is_made_of(&sources)) {
            return Arc::clone(merged);
        }
        let merged = Arc::new(merge(shape, listing, sources));
        *held = Some(Arc::clone(&merged));
        merged
    }
}

fn merge(shape: &Shape, listing: Listing, sources: Vec<Option<Arc<Listed>>>) -> Merged {
    let mut texts = Vec::new();
    let mut taken = HashSet::new();
    let mut owners = HashMap::new();
    for (place, (member, listed)) in shape.members.iter().zip(&sources).enumerate() {
        let Some(listed) = listed else { continue };
        let entries = listed.of(listing).iter();
        for entry in entries.filter(|entry| shape.shows(member, listing, &entry.name)) {
            let shown = shown(shape, member, listing, entry, &taken);
            // The second of two equal names could not be called.
            if !taken.insert(shown.clone()) {
                continue;
            }
            let renamed = (*shown != *entry.name).then_some(&*shown);
            texts.push(shape.text(member, listing, entry, renamed));
            if matches!(listing, Listing::Resources | Listing::Templates) {
                owners.insert(shown, (place, entry.name.clone()));
            }
        }
    }
    let result = merge::result(listing, texts.iter().map(String::as_str));
    Merged {
        sources,
        result: result.into(),
        owners,
    }
}

fn shown(
    shape: &Shape,
    member: &Member,
    listing: Listing,
    entry: &Entry,
    taken: &HashSet<Box<str>>,
) -> Box<str> {
    if shape.transparent {
        return entry.name.clone();
    }
    match listing {
        Listing::Tools | Listing::Prompts => shape.shown_name(member, &entry.name).into(),
        Listing::Resources | Listing::Templates if taken.contains(&entry.name) => {
            name::owned_uri(&member.shown, &entry.name).into()
        }
        Listing::Resources | Listing::Templates => entry.name.clone(),
    }
}
