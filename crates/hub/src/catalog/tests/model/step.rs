//! What can happen between two looks at the catalog, over so few names that they meet often.

use mcp::merge::Listing;
use proptest::prelude::*;
use proptest::sample::select;

use super::reference::{Reference, Server, Standing};

/// Names that hold the separator, and each other, and a slash.
pub(super) const SERVERS: [&str; 5] = ["a", "a-b", "b", "a-b-c", "team/c"];
const ITEMS: [&str; 6] = ["x", "b-x", "c", "b-c-x", "b", "-x"];
/// One of them is written like an address that we tell apart, as another hub behind this one would list it.
const ADDRESSES: [&str; 4] = [
    "file:///x",
    "file:///y",
    "mcphub+owner:b/file:///x",
    "mcphub+owner:inner/file:///x",
];
const TEMPLATES: [&str; 3] = ["file:///{x}", "t://{a}/b", "t://{+a}"];
const SEPARATORS: [&str; 3] = ["-", "__", "/"];
pub(super) const ENDPOINTS: [Option<&str>; 7] = [
    None,
    Some("g"),
    Some("a"),
    Some("a-b"),
    Some("b"),
    Some("a-b-c"),
    Some("team/c"),
];

#[derive(Debug, Clone)]
pub(super) enum Step {
    Add(&'static str),
    Remove(&'static str),
    Rename(&'static str, &'static str),
    Switch(&'static str, bool),
    Stand(&'static str, Standing),
    List(&'static str, Listing, Vec<String>),
    Unlist(&'static str, Listing, String),
    Hide(&'static str, Listing, String),
    ShowAll(&'static str),
    Join(&'static str, Option<&'static str>, Option<Vec<String>>),
    Leave(&'static str),
    Separate(&'static str),
}

pub(super) fn names(listing: Listing) -> impl Iterator<Item = String> {
    let names: &[&str] = match listing {
        Listing::Tools | Listing::Prompts => &ITEMS,
        Listing::Resources => &ADDRESSES,
        Listing::Templates => &TEMPLATES,
    };
    names.iter().map(|name| (*name).to_owned())
}

fn server() -> impl Strategy<Value = &'static str> {
    select(&SERVERS[..])
}

fn item() -> impl Strategy<Value = (Listing, String)> {
    select(&Listing::ALL[..])
        .prop_flat_map(|listing| (Just(listing), select(names(listing).collect::<Vec<_>>())))
}

fn items() -> impl Strategy<Value = (Listing, Vec<String>)> {
    select(&Listing::ALL[..]).prop_flat_map(|listing| {
        let all: Vec<_> = names(listing).collect();
        let most = all.len();
        (Just(listing), prop::sample::subsequence(all, 1..=most))
    })
}

/// Some servers to begin with, in any order.
pub(super) fn beginning() -> impl Strategy<Value = Vec<Step>> {
    let some = prop::sample::subsequence(SERVERS.to_vec(), 0..=SERVERS.len()).prop_shuffle();
    some.prop_map(|servers| servers.into_iter().map(Step::Add).collect())
}

pub(super) fn any_step() -> impl Strategy<Value = Step> {
    let standing = select(&[Standing::Up, Standing::Away, Standing::Gone][..]);
    let alias = prop::option::of(select(&["a", "short", "a-b"][..]));
    let chosen = prop::option::weighted(
        0.3,
        prop::sample::subsequence(ITEMS.map(str::to_owned).to_vec(), 1..4),
    );
    let separator = select(&SEPARATORS[..]);
    prop_oneof![
        2 => server().prop_map(Step::Add),
        1 => server().prop_map(Step::Remove),
        1 => (server(), server()).prop_map(|(from, to)| Step::Rename(from, to)),
        1 => (server(), any::<bool>()).prop_map(|(server, on)| Step::Switch(server, on)),
        2 => (server(), standing).prop_map(|(server, standing)| Step::Stand(server, standing)),
        16 => (server(), items()).prop_map(|(server, (listing, names))| Step::List(server, listing, names)),
        3 => (server(), item()).prop_map(|(server, (listing, name))| Step::Unlist(server, listing, name)),
        2 => (server(), item()).prop_map(|(server, (listing, name))| Step::Hide(server, listing, name)),
        1 => server().prop_map(Step::ShowAll),
        3 => (server(), alias, chosen).prop_map(|(server, alias, tools)| Step::Join(server, alias, tools)),
        1 => server().prop_map(Step::Leave),
        1 => separator.prop_map(Step::Separate),
    ]
}

impl Step {
    /// Happens, where it can: what concerns a server that is not there does nothing.
    pub(super) fn take(&self, reference: &mut Reference) {
        match self {
            Self::Add(name) => {
                if reference.server(name).is_none() {
                    reference.servers.push(Server::named(name));
                }
            }
            Self::Remove(name) => reference.servers.retain(|server| server.name != *name),
            Self::Rename(from, to) => {
                if reference.server(to).is_none() {
                    reference.with(from, |server| server.name = (*to).to_owned());
                }
            }
            Self::Switch(name, on) => reference.with(name, |server| server.enabled = *on),
            Self::Stand(name, standing) => {
                reference.with(name, |server| server.standing = *standing);
            }
            Self::List(name, listing, items) => reference.with(name, |server| {
                let list = &mut server.lists[*listing as usize];
                let new = items.iter().filter(|item| !list.contains(item));
                let new: Vec<_> = new.cloned().collect();
                list.extend(new);
            }),
            Self::Unlist(name, listing, item) => reference.with(name, |server| {
                server.lists[*listing as usize].retain(|listed| listed != item);
            }),
            Self::Hide(name, listing, item) => reference.with(name, |server| {
                server.hidden.insert((listing.into(), item.clone()));
            }),
            Self::ShowAll(name) => reference.with(name, |server| server.hidden.clear()),
            Self::Join(name, alias, tools) => {
                reference.group.retain(|choice| choice.server != *name);
                reference.group.push(super::reference::Choice {
                    server: (*name).to_owned(),
                    alias: *alias,
                    tools: tools.clone(),
                });
            }
            Self::Leave(name) => reference.group.retain(|choice| choice.server != *name),
            Self::Separate(separator) => reference.separator = separator,
        }
    }
}
