//! Reads all that a server lists, page by page, within bounds: pages, entries, bytes and depth.
//!
//! MCP server features, the list requests, and utilities "Pagination". Only what the server offers is asked for.

use std::collections::HashMap;

use mcp::{
    capability::Offers,
    merge::{self, Entry, Listing},
    mirror::Mirror,
    raw,
};

use super::{Shared, hello::refusal, link::Link, outgoing::Refused, trouble::plain};

/// All that an upstream lists, every page read, in its own order and words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    pub tools: Vec<Entry>,
    pub prompts: Vec<Entry>,
    pub resources: Vec<Entry>,
    pub templates: Vec<Entry>,
    /// The marked parameters of the tools that have some.
    pub(super) mirrors: HashMap<Box<str>, Vec<Mirror>>,
}

// rule: safe-b04
const MOST_PAGES: usize = 200;
const MOST_ENTRIES: usize = 10_000;
const MOST_BYTES: usize = 32 * 1024 * 1024;
const DEEPEST: usize = 128;

impl Listed {
    /// Whether any tool has parameters that are repeated in headers.
    pub(crate) fn has_marks(&self) -> bool {
        !self.mirrors.is_empty()
    }

    /// The parameters of a tool that are repeated in headers.
    pub(crate) fn marks(&self, tool: &str) -> &[Mirror] {
        self.mirrors.get(tool).map_or(&[], Vec::as_slice)
    }

    pub fn of(&self, listing: Listing) -> &[Entry] {
        match listing {
            Listing::Tools => &self.tools,
            Listing::Prompts => &self.prompts,
            Listing::Resources => &self.resources,
            Listing::Templates => &self.templates,
        }
    }

    fn place(&mut self, listing: Listing) -> &mut Vec<Entry> {
        match listing {
            Listing::Tools => &mut self.tools,
            Listing::Prompts => &mut self.prompts,
            Listing::Resources => &mut self.resources,
            Listing::Templates => &mut self.templates,
        }
    }

    /// Notes the marked parameters of tools, and leaves out the tools whose marks break a rule.
    // rule: mcp-mirror-invalid-tool
    fn look_for_marks(&mut self, shared: &Shared) {
        let mirrors = &mut self.mirrors;
        self.tools.retain(|tool| match Mirror::of_tool(&tool.raw) {
            Ok(marked) => {
                if !marked.is_empty() {
                    mirrors.insert(tool.name.clone(), marked);
                }
                true
            }
            Err(why) => {
                let name = plain(&tool.name);
                shared
                    .log
                    .note(&format!("the tool {name:?} is left out: {why}"));
                false
            }
        });
    }

    /// Notes the marked parameters of tools whose server knows no such headers: clients of ours may, and what they repeat is compared.
    fn note_marks(&mut self) {
        let marked = self.tools.iter().filter_map(|tool| {
            let marks = Mirror::of_tool(&tool.raw).ok()?;
            (!marks.is_empty()).then(|| (tool.name.clone(), marks))
        });
        self.mirrors = marked.collect();
    }

    /// The lists in which these two differ.
    pub(super) fn changes(&self, other: &Self) -> impl Iterator<Item = Listing> {
        Listing::ALL
            .into_iter()
            .filter(|listing| self.of(*listing) != other.of(*listing))
    }
}

fn offered(offers: &Offers, listing: Listing) -> bool {
    match listing {
        Listing::Tools => offers.tools,
        Listing::Prompts => offers.prompts,
        Listing::Resources | Listing::Templates => offers.resources,
    }
}

/// Reads these lists; the others stay as they were in `before`. A list that the server refuses is empty and noted.
pub(super) async fn read(
    shared: &Shared,
    link: &Link,
    offers: &Offers,
    which: &[Listing],
    before: &Listed,
) -> Result<Listed, Refused> {
    let mut listed = before.clone();
    for listing in which.iter().copied() {
        let entries = if offered(offers, listing) {
            pages(shared, link, listing).await?
        } else {
            Vec::new()
        };
        *listed.place(listing) = entries;
        if listing == Listing::Tools {
            listed.mirrors = HashMap::new();
            if link.mirrors() {
                listed.look_for_marks(shared);
            } else {
                listed.note_marks();
            }
        }
    }
    Ok(listed)
}

async fn pages(shared: &Shared, link: &Link, listing: Listing) -> Result<Vec<Entry>, Refused> {
    let mut found = Found::default();
    let mut cursor: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let params = cursor
            .as_deref()
            .map(|cursor| format!("{{\"cursor\":{}}}", mcp::raw::quote(cursor)));
        let answer = shared
            .ask(link, listing.method(), params.as_deref())
            .await?;
        let Some(result) = answer.result() else {
            shared
                .log
                .note(&refusal(listing.method(), &answer).to_string());
            break;
        };
        let page = match merge::page(listing, result) {
            Ok(page) => page,
            Err(error) => {
                shared.log.note(&error.to_string());
                break;
            }
        };
        found.skipped += page.skipped;
        let full = !found.take(page.entries);
        match page.next {
            Some(next) if !full && Some(&next) != cursor.as_ref() => cursor = Some(next),
            None if !full => {
                cursor = None;
                break;
            }
            Some(_) | None => {
                shared.log.note(&format!(
                    "{} goes on beyond the bounds; {} entries are used",
                    listing.method(),
                    found.entries.len()
                ));
                return Ok(found.entries);
            }
        }
    }
    if cursor.is_some() {
        shared.log.note(&format!(
            "{} was read up to page {MOST_PAGES}",
            listing.method()
        ));
    }
    if found.skipped > 0 {
        shared.log.note(&format!(
            "{} entries of {} cannot be used and were left out",
            found.skipped,
            listing.method()
        ));
    }
    Ok(found.entries)
}

/// The result of a live `tools/list` without the tools whose marks break a rule; `None` when there are no such.
pub(super) fn without_invalid_tools(result: &str) -> Option<String> {
    let key = Listing::Tools.list_key();
    let tools = raw::elements(raw::field(result, key).ok()??)?;
    let count = tools.len();
    let valid: Vec<&str> = tools
        .into_iter()
        .filter(|tool| Mirror::of_tool(tool).is_ok())
        .collect();
    if valid.len() == count {
        return None;
    }
    raw::replace(result, &[key], &format!("[{}]", valid.join(","))).ok()?
}

#[derive(Default)]
struct Found {
    entries: Vec<Entry>,
    bytes: usize,
    skipped: usize,
}

impl Found {
    /// False: the bounds are reached.
    fn take(&mut self, entries: Vec<Entry>) -> bool {
        for entry in entries {
            if self.entries.len() == MOST_ENTRIES || self.bytes + entry.raw.len() > MOST_BYTES {
                return false;
            }
            if deeper_than(&entry.raw, DEEPEST) {
                self.skipped += 1;
                continue;
            }
            self.bytes += entry.raw.len();
            self.entries.push(entry);
        }
        true
    }
}

/// Whether JSON nests deeper than this; deep nesting breaks the parsers of clients.
fn deeper_than(json: &str, limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limit {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(raw: String) -> Entry {
        Entry {
            name: "a".into(),
            raw: raw.into(),
        }
    }

    #[test]
    fn an_entry_that_nests_too_deep_is_left_out_and_the_others_stay() {
        let deep = format!("{}{}", "[".repeat(DEEPEST + 1), "]".repeat(DEEPEST + 1));
        let brackets_in_text = format!(
            "{{\"name\":\"a\",\"d\":\"\\\"{}\"}}",
            "[".repeat(DEEPEST + 1)
        );
        let mut found = Found::default();
        assert!(found.take(vec![entry(deep), entry(brackets_in_text)]));
        assert_eq!((found.entries.len(), found.skipped), (1, 1));
    }

    #[test]
    fn entries_and_bytes_are_bounded() {
        let mut found = Found::default();
        assert!(!found.take(vec![entry("{}".into()); MOST_ENTRIES + 1]));
        assert_eq!(found.entries.len(), MOST_ENTRIES);
        let mut found = Found::default();
        let big = entry(format!("\"{}\"", "x".repeat(MOST_BYTES / 2)));
        assert!(!found.take(vec![big.clone(), big]));
        assert_eq!(found.entries.len(), 1);
    }
}
