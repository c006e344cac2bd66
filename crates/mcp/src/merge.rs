//! Lists of many servers merged into one: pages into entries, entries into one list.
//!
//! MCP server features, `tools/list`, `prompts/list`, `resources/list`, `resources/templates/list`, and pagination. An entry is
//! its name and its raw text, so a merged list is a concatenation, and a renamed entry differs in its name alone.

use std::borrow::Cow;

use crate::raw::{self, Unreadable};

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Listing {
    Tools,
    Prompts,
    Resources,
    Templates,
}

impl Listing {
    pub const ALL: [Self; 4] = [Self::Tools, Self::Prompts, Self::Resources, Self::Templates];

    /// The method that asks for it.
    pub fn method(self) -> &'static str {
        match self {
            Self::Tools => "tools/list",
            Self::Prompts => "prompts/list",
            Self::Resources => "resources/list",
            Self::Templates => "resources/templates/list",
        }
    }

    pub fn of_method(method: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|listing| listing.method() == method)
    }

    /// The key of the array in the result.
    pub fn list_key(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
            Self::Templates => "resourceTemplates",
        }
    }

    /// The key by which an entry is called.
    pub fn entry_key(self) -> &'static str {
        match self {
            Self::Tools | Self::Prompts => "name",
            Self::Resources => "uri",
            Self::Templates => "uriTemplate",
        }
    }
}

/// One entry of a list: what it is called by, and all that the server wrote about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `name`, `uri` or `uriTemplate`, decoded.
    pub name: Box<str>,
    /// The entry as the server wrote it.
    pub raw: Box<str>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub entries: Vec<Entry>,
    /// Entries that nobody can call, because they have no name or two.
    pub skipped: usize,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// Why a result is not a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAList {
    #[error("the result of {method} cannot be read: {source}")]
    Unreadable {
        method: &'static str,
        source: Unreadable,
    },
    #[error("the result of {method} has no array \"{key}\"")]
    Missing {
        method: &'static str,
        key: &'static str,
    },
}

/// Reads the result of one list request.
pub fn page(listing: Listing, result: &str) -> Result<Page, NotAList> {
    let method = listing.method();
    let [list, next] = raw::fields(result, [listing.list_key(), "nextCursor"])
        .map_err(|source| NotAList::Unreadable { method, source })?;
    let elements = list.and_then(raw::elements).ok_or(NotAList::Missing {
        method,
        key: listing.list_key(),
    })?;
    let count = elements.len();
    let entries: Vec<Entry> = elements
        .into_iter()
        .filter_map(|raw| Entry::read(listing, raw))
        .collect();
    Ok(Page {
        skipped: count - entries.len(),
        entries,
        next: next.and_then(raw::string).map(Cow::into_owned),
    })
}

impl Entry {
    fn read(listing: Listing, raw: &str) -> Option<Self> {
        let name = raw::field(raw, listing.entry_key()).ok()??;
        Some(Self {
            name: raw::string(name)?.into(),
            raw: raw.into(),
        })
    }

    /// The entry's text with another name in it.
    pub fn renamed(&self, listing: Listing, name: &str) -> String {
        let renamed = raw::set(&self.raw, listing.entry_key(), &raw::quote(name));
        // An entry was read as an object with one name, so it can be set.
        renamed.unwrap_or_else(|_| self.raw.to_string())
    }
}

/// The result of a list request from the texts of its entries.
pub fn result<'a>(listing: Listing, entries: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = format!("{{\"{}\":[", listing.list_key());
    for (index, entry) in entries.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(entry);
    }
    text.push_str("]}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renamed_entry_differs_in_its_name_alone() {
        let list =
            r#"{"tools":[{"title":"a", "name":"a","inputSchema":{"name":1e999,"$defs":{}}}]}"#;
        let page = page(Listing::Tools, list).unwrap();
        assert_eq!(
            page.entries[0].renamed(Listing::Tools, "up-\"a"),
            r#"{"title":"a", "name":"up-\"a","inputSchema":{"name":1e999,"$defs":{}}}"#
        );
    }

    #[test]
    fn a_merged_list_is_the_entries_in_order() {
        assert_eq!(
            result(Listing::Templates, []),
            r#"{"resourceTemplates":[]}"#
        );
        assert_eq!(
            result(Listing::Prompts, ["{}", "{ }"]),
            r#"{"prompts":[{},{ }]}"#
        );
    }
}
