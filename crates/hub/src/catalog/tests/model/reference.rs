//! The reference: servers in a list, and loops over them. It knows nothing of shapes, caches and places.

use std::collections::BTreeSet;

use mcp::merge::{Entry, Listing};
use serde_json::{Map, Value, json};

use super::step::{SERVERS, names};
use crate::upstream::Listed;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Up,
    /// Not connected; what it listed is still known.
    Away,
    /// Nothing is known of it.
    Gone,
}

/// Which switches hide a thing. Templates share those of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Tools,
    Prompts,
    Resources,
}

impl From<&Listing> for Kind {
    fn from(listing: &Listing) -> Self {
        match listing {
            Listing::Tools => Self::Tools,
            Listing::Prompts => Self::Prompts,
            Listing::Resources | Listing::Templates => Self::Resources,
        }
    }
}

#[derive(Debug)]
pub(super) struct Server {
    pub name: String,
    pub enabled: bool,
    pub standing: Standing,
    pub lists: [Vec<String>; 4],
    pub hidden: BTreeSet<(Kind, String)>,
}

/// A member of the group.
#[derive(Debug)]
pub(super) struct Choice {
    pub server: String,
    pub alias: Option<&'static str>,
    pub tools: Option<Vec<String>>,
}

#[derive(Debug)]
pub(super) struct Reference {
    pub servers: Vec<Server>,
    pub group: Vec<Choice>,
    pub separator: &'static str,
}

impl Default for Reference {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            group: Vec::new(),
            separator: "-",
        }
    }
}

/// An entry as an endpoint shows it.
#[derive(Debug)]
pub(super) struct Shown {
    pub name: String,
    pub server: String,
    pub bare: String,
    listing: Listing,
}

impl Shown {
    pub(super) fn text(&self) -> String {
        entry(self.listing, &self.server, &self.bare, &self.name)
    }
}

/// What a server writes about a thing: whose it is, so that an entry cannot be taken for another's.
fn entry(listing: Listing, server: &str, bare: &str, name: &str) -> String {
    let key = listing.entry_key();
    format!("{{\"of\":\"{server} {bare}\", \"{key}\":\"{name}\",\"x\":1.0}}")
}

impl Server {
    pub(super) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            enabled: true,
            standing: Standing::Up,
            lists: Default::default(),
            hidden: BTreeSet::new(),
        }
    }

    pub(super) fn listed(&self) -> Listed {
        let of = |listing: Listing| {
            let entries = self.lists[listing as usize].iter().map(|name| Entry {
                name: name.as_str().into(),
                raw: entry(listing, &self.name, name, name).into(),
            });
            entries.collect()
        };
        let mut listed = Listed::default();
        listed.tools = of(Listing::Tools);
        listed.prompts = of(Listing::Prompts);
        listed.resources = of(Listing::Resources);
        listed.templates = of(Listing::Templates);
        listed
    }

    fn hides(&self, listing: Listing, item: &str, separator: &str) -> bool {
        let prefixed = format!("{}{separator}{item}", self.name);
        let kind = Kind::from(&listing);
        [item, &prefixed]
            .iter()
            .any(|key| self.hidden.contains(&(kind, (*key).to_owned())))
    }
}

/// A server as an endpoint shows it: by which name, and which of its tools.
struct Seen<'r> {
    server: &'r Server,
    alias: &'r str,
    tools: Option<&'r [String]>,
}

impl Reference {
    pub(super) fn server(&self, name: &str) -> Option<&Server> {
        self.servers.iter().find(|server| server.name == name)
    }

    pub(super) fn with(&mut self, name: &str, change: impl FnOnce(&mut Server)) {
        if let Some(server) = self.servers.iter_mut().find(|server| server.name == name) {
            change(server);
        }
    }

    /// The settings file that says all this.
    pub(super) fn settings(&self) -> String {
        let toggles = |server: &Server, kind: Kind| {
            let hidden = server.hidden.iter().filter(|(of, _)| *of == kind);
            let off = hidden.map(|(_, item)| (item.clone(), json!({"enabled": false})));
            Value::Object(off.collect())
        };
        let servers = self.servers.iter().map(|server| {
            let written = json!({
                "command": "x",
                "enabled": server.enabled,
                "tools": toggles(server, Kind::Tools),
                "prompts": toggles(server, Kind::Prompts),
                "resources": toggles(server, Kind::Resources),
            });
            (server.name.clone(), written)
        });
        let members = self.group.iter().map(|choice| {
            let mut member = Map::from_iter([("name".to_owned(), json!(choice.server))]);
            member.extend(choice.alias.map(|alias| ("alias".to_owned(), json!(alias))));
            let tools = choice.tools.as_ref();
            member.extend(tools.map(|tools| ("tools".to_owned(), json!(tools))));
            Value::Object(member)
        });
        json!({
            "mcpServers": servers.collect::<Map<_, _>>(),
            "groups": [{ "id": "id-of-g", "name": "g", "servers": members.collect::<Vec<_>>() }],
            "systemConfig": { "nameSeparator": self.separator },
        })
        .to_string()
    }

    pub(super) fn is_there(&self, endpoint: Option<&str>) -> bool {
        match endpoint {
            None | Some("g") => true,
            Some(name) => self.server(name).is_some_and(|server| server.enabled),
        }
    }

    fn seen<'r>(&'r self, endpoint: Option<&str>) -> Vec<Seen<'r>> {
        let whole = |server| Seen {
            server,
            alias: &server.name,
            tools: None,
        };
        let on = |server: &&Server| server.enabled;
        match endpoint {
            None => self.servers.iter().filter(on).map(whole).collect(),
            Some("g") => {
                let chosen = |choice: &'r Choice| {
                    let server = self.server(&choice.server).filter(on)?;
                    Some(Seen {
                        server,
                        alias: choice.alias.unwrap_or(&server.name),
                        tools: choice.tools.as_deref(),
                    })
                };
                self.group.iter().filter_map(chosen).collect()
            }
            Some(name) => self
                .server(name)
                .filter(on)
                .map(whole)
                .into_iter()
                .collect(),
        }
    }

    fn shows(&self, seen: &Seen<'_>, listing: Listing, item: &str) -> bool {
        let chosen = seen
            .tools
            .is_none_or(|tools| tools.iter().any(|tool| tool == item));
        let picked = listing != Listing::Tools || chosen;
        picked && !seen.server.hides(listing, item, self.separator)
    }

    pub(super) fn shown(&self, endpoint: Option<&str>, listing: Listing) -> Vec<Shown> {
        let mut shown: Vec<Shown> = Vec::new();
        let transparent = !matches!(endpoint, None | Some("g"));
        for seen in self.seen(endpoint) {
            if seen.server.standing == Standing::Gone {
                continue;
            }
            for bare in &seen.server.lists[listing as usize] {
                let taken = |name: &str| shown.iter().any(|other| other.name == name);
                let name = match listing {
                    _ if transparent => bare.clone(),
                    Listing::Tools | Listing::Prompts => {
                        format!("{}{}{bare}", seen.alias, self.separator)
                    }
                    Listing::Resources | Listing::Templates if taken(bare) => {
                        format!("mcphub+owner:{}/{bare}", seen.alias.replace('/', "%2F"))
                    }
                    Listing::Resources | Listing::Templates => bare.clone(),
                };
                if self.shows(&seen, listing, bare) && !taken(&name) {
                    let (server, bare) = (seen.server.name.clone(), bare.clone());
                    shown.push(Shown {
                        name,
                        server,
                        bare,
                        listing,
                    });
                }
            }
        }
        shown
    }

    /// Every name that any server's thing could have here, hidden or not, listed or not.
    pub(super) fn names_worth_a_try(
        &self,
        endpoint: Option<&str>,
        listing: Listing,
    ) -> Vec<String> {
        let aliases = self.seen(endpoint);
        let aliases: BTreeSet<&str> = aliases
            .iter()
            .map(|seen| seen.alias)
            .chain(SERVERS)
            .collect();
        let prefixed = |bare: &String| match listing {
            Listing::Tools | Listing::Prompts => aliases
                .iter()
                .map(|alias| format!("{alias}{}{bare}", self.separator))
                .collect::<Vec<_>>(),
            Listing::Resources | Listing::Templates => aliases
                .iter()
                .map(|alias| format!("mcphub+owner:{}/{bare}", alias.replace('/', "%2F")))
                .collect(),
        };
        names(listing)
            .flat_map(|bare| [vec![bare.clone()], prefixed(&bare)].concat())
            .collect()
    }

    /// Whether this server may be asked here for what it calls so: it is shown, and it has it or may have it.
    pub(super) fn may_ask(
        &self,
        endpoint: Option<&str>,
        listing: Listing,
        server: &str,
        bare: &str,
    ) -> bool {
        let transparent = !matches!(endpoint, None | Some("g"));
        self.seen(endpoint).iter().any(|seen| {
            let nothing_hidden = transparent && seen.server.hidden.is_empty();
            let named = matches!(listing, Listing::Tools | Listing::Prompts);
            let listed = || {
                seen.server.lists[listing as usize]
                    .iter()
                    .any(|it| it == bare)
            };
            let has = !named || seen.server.standing != Standing::Up || listed();
            seen.server.name == server
                && self.shows(seen, listing, bare)
                && (has || nothing_hidden || (transparent && !self.hides_any(seen, listing)))
        })
    }

    fn hides_any(&self, seen: &Seen<'_>, listing: Listing) -> bool {
        let kind = Kind::from(&listing);
        seen.server.hidden.iter().any(|(of, _)| *of == kind)
    }
}
