//! What there is to look at again, gathered for a moment, and what a change of the settings adds to it. Bounded by the number of servers.

use std::collections::{BTreeMap, BTreeSet};

use hub::issuer;
use settings::Settings;

use super::{ListName, Part};
use crate::access::Visitor;
use crate::api::view::sees;

#[derive(Default)]
pub(super) struct Gathered {
    /// Some of it was lost.
    pub(super) all: bool,
    pub(super) parts: BTreeSet<Part>,
    pub(super) servers: BTreeMap<String, Marks>,
}

/// What there is to look at of one server.
#[derive(Default)]
pub(super) struct Marks {
    pub(super) server: bool,
    pub(super) lists: BTreeSet<ListName>,
}

impl Gathered {
    pub(super) fn of(&mut self, server: &str) -> &mut Marks {
        self.servers.entry(server.to_owned()).or_default()
    }
}

/// The lists of the API that are different now, for this visitor.
pub(super) fn parts(visitor: &Visitor, before: &Settings, now: &Settings) -> Vec<Part> {
    let mut parts = Vec::new();
    let renamed = before.name_separator != now.name_separator;
    if renamed || seen(visitor, before) != seen(visitor, now) || problems(before) != problems(now) {
        parts.push(Part::Servers);
    }
    if !visitor.is_admin {
        return parts;
    }
    if before.groups != now.groups {
        parts.push(Part::Groups);
    }
    if before.bearer_keys != now.bearer_keys {
        parts.push(Part::Keys);
    }
    if before.users != now.users {
        parts.push(Part::Users);
    }
    if renamed
        || before.routing != now.routing
        || before.install != now.install
        || before.enable_session_rebuild != now.enable_session_rebuild
        || before.wait_for_sign_in != now.wait_for_sign_in
    {
        parts.push(Part::System);
    }
    if !issuer::lets_in_the_same(before, now) {
        parts.push(Part::Clients);
    }
    parts
}

fn seen<'s>(visitor: &Visitor, settings: &'s Settings) -> Vec<&'s str> {
    let servers = settings.servers.iter();
    let seen = servers.filter(|server| sees(visitor, server));
    seen.map(|server| server.name.as_str()).collect()
}

/// Where they are written may change with every edit.
fn problems(settings: &Settings) -> Vec<(&[String], &str)> {
    let problems = settings.problems.iter();
    let said = problems.map(|problem| (&*problem.path, &*problem.message));
    said.collect()
}
