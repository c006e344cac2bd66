//! The shape of a scope: its members, under which name each is shown, and what of it is hidden. Pure.

use std::collections::HashMap;
use std::sync::Arc;

use mcp::merge::{Entry, Listing};
use mcp::{name, raw};
use settings::{Group, Pick, Server, Settings, Toggles};

use super::lists::{Lists, Merged};
use super::{Endpoint, Nowhere};
use crate::access::Caller;
use crate::upstream::Listed;

/// What an endpoint shows, apart from the lists of the day.
#[derive(Debug)]
pub struct Shape {
    /// In the order in which they are shown.
    pub members: Vec<Member>,
    /// One server, shown as it is: no prefix, its own capabilities and words.
    pub transparent: bool,
    /// The name of the group that it is.
    pub group: Option<Arc<str>>,
    separator: Box<str>,
    /// From the name in front of the separator to members.
    prefixes: HashMap<Box<str>, Vec<usize>>,
    lists: Lists,
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        self.transparent == other.transparent
            && self.group == other.group
            && self.separator == other.separator
            && self.members == other.members
    }
}

/// One server in a scope.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    pub server: Arc<str>,
    /// The server's name, or the group's alias for it.
    pub shown: Box<str>,
    tools: Filter,
    prompts: Filter,
    resources: Filter,
}

#[derive(Debug, Clone, PartialEq)]
struct Filter {
    pick: Pick,
    toggles: Toggles,
}

impl Shape {
    /// Whether the member shows this entry here.
    pub fn shows(&self, member: &Member, listing: Listing, entry: &str) -> bool {
        let filter = member.filter(listing);
        let toggle = filter.toggles.of(entry, &member.server, &self.separator);
        filter.pick.includes(entry) && toggle.is_none_or(|toggle| toggle.enabled)
    }

    /// Whether anything of this kind is hidden or described anew, so that lists cannot pass as they are.
    pub fn changes(&self, member: &Member, listing: Listing) -> bool {
        let filter = member.filter(listing);
        filter.pick != Pick::All || !filter.toggles.0.is_empty()
    }

    /// The only member, where nothing is hidden or called otherwise: whose a request is then does not depend on what it names.
    pub fn passes(&self) -> Option<&Member> {
        let as_it_is = |member: &&Member| Listing::ALL.iter().all(|l| !self.changes(member, *l));
        self.members
            .first()
            .filter(|_| self.transparent)
            .filter(as_it_is)
    }

    /// The entry's text as it is shown here: the settings' description, and another name where one is given.
    pub fn text(
        &self,
        member: &Member,
        listing: Listing,
        entry: &Entry,
        shown: Option<&str>,
    ) -> String {
        let text = match shown {
            Some(name) => entry.renamed(listing, name),
            None => entry.raw.to_string(),
        };
        let toggles = &member.filter(listing).toggles;
        let toggle = toggles.of(&entry.name, &member.server, &self.separator);
        match toggle.and_then(|toggle| toggle.description.as_deref()) {
            Some(description) => {
                raw::set(&text, "description", &raw::quote(description)).unwrap_or(text)
            }
            None => text,
        }
    }

    /// The name of a tool or prompt of this member on an endpoint of many.
    pub fn shown_name(&self, member: &Member, entry: &str) -> String {
        name::shown(&member.shown, &self.separator, entry)
    }

    /// Who could own a shown name, the longest prefix first: the places of members, and what they would call it.
    pub fn owners<'n>(&self, shown: &'n str) -> impl Iterator<Item = (usize, &'n str)> {
        let cuts: Vec<_> = shown
            .match_indices(&*self.separator)
            .map(|(at, _)| at)
            .collect();
        cuts.into_iter().rev().flat_map(move |at| {
            let bare = &shown[at + self.separator.len()..];
            let places = self
                .prefixes
                .get(&shown[..at])
                .map_or(&[][..], Vec::as_slice);
            let some = places.iter().filter(move |_| !bare.is_empty());
            some.map(move |place| (*place, bare))
        })
    }

    pub fn member(&self, server: &str) -> Option<&Member> {
        self.members.iter().find(|member| &*member.server == server)
    }

    /// The same without anything in it.
    pub(super) fn without_members(&self) -> Self {
        Self {
            members: Vec::new(),
            transparent: self.transparent,
            group: self.group.clone(),
            separator: self.separator.clone(),
            prefixes: HashMap::new(),
            lists: Lists::default(),
        }
    }

    /// The merged list, from what each member lists (`None`: nothing so far).
    pub(crate) fn merged(
        &self,
        listing: Listing,
        sources: Vec<Option<Arc<Listed>>>,
    ) -> Arc<Merged> {
        self.lists.merged(self, listing, sources)
    }
}

impl Member {
    fn filter(&self, listing: Listing) -> &Filter {
        match listing {
            Listing::Tools => &self.tools,
            Listing::Prompts => &self.prompts,
            Listing::Resources | Listing::Templates => &self.resources,
        }
    }

    fn whole(server: &Server) -> Self {
        let all = |toggles: &Toggles| Filter {
            pick: Pick::All,
            toggles: toggles.clone(),
        };
        Self {
            server: server.name.as_str().into(),
            shown: server.name.as_str().into(),
            tools: all(&server.tools),
            prompts: all(&server.prompts),
            resources: all(&server.resources),
        }
    }

    fn chosen(server: &Server, choice: &settings::Member) -> Self {
        let mut member = Self::whole(server);
        if let Some(alias) = choice.alias.as_deref().filter(|alias| !alias.is_empty()) {
            member.shown = alias.into();
        }
        member.tools.pick = choice.tools.clone();
        member.prompts.pick = choice.prompts.clone();
        member.resources.pick = choice.resources.clone();
        member
    }
}

/// What this caller sees at this endpoint.
pub(super) fn compile(
    settings: &Settings,
    endpoint: &Endpoint,
    caller: &Caller,
) -> Result<Shape, Nowhere> {
    let name = match endpoint {
        Endpoint::Everything if !settings.routing.enable_global_route => {
            return Err(Nowhere::NoGlobalRoute);
        }
        Endpoint::Everything => {
            let seen = settings
                .servers
                .iter()
                .filter(|s| s.enabled && caller.may_use(&s.name));
            return Ok(shape(
                settings,
                seen.map(|s| Member::whole(s)).collect(),
                false,
            ));
        }
        Endpoint::Named(name) => name,
    };
    if let Some(group) = group(settings, name).filter(|_| caller.may_use_group(name)) {
        let members = group_members(settings, group, name, caller);
        return Ok(Shape {
            group: Some(group.name.as_str().into()),
            ..shape(settings, members, false)
        });
    }
    match settings.server(name).filter(|_| caller.may_use(name)) {
        Some(server) if server.enabled => Ok(shape(settings, vec![Member::whole(server)], true)),
        Some(_) => Err(Nowhere::Disabled { name: name.clone() }),
        None => Err(Nowhere::Unknown { name: name.clone() }),
    }
}

fn group<'a>(settings: &'a Settings, name: &str) -> Option<&'a Group> {
    let by_name = settings.routing.enable_group_name_route;
    settings
        .group(name)
        .filter(|group| by_name || group.id == name)
}

fn group_members(settings: &Settings, group: &Group, name: &str, caller: &Caller) -> Vec<Member> {
    let reached = group
        .servers
        .iter()
        .filter(|member| caller.may_use_in(name, &member.name));
    reached
        .filter_map(|choice| {
            let server = settings
                .server(&choice.name)
                .filter(|server| server.enabled)?;
            Some(Member::chosen(server, choice))
        })
        .collect()
}

fn shape(settings: &Settings, members: Vec<Member>, transparent: bool) -> Shape {
    let mut prefixes: HashMap<Box<str>, Vec<usize>> = HashMap::new();
    for (place, member) in members.iter().enumerate() {
        prefixes
            .entry(member.shown.clone())
            .or_default()
            .push(place);
    }
    Shape {
        members,
        transparent,
        group: None,
        separator: settings.name_separator.as_str().into(),
        prefixes,
        lists: Lists::default(),
    }
}
