//! Whose is it: from a request on an endpoint to the server that owns what it names, in that server's own words.
//!
//! Tools, prompts and completions go by name, resources by address. On `/mcp/{server}` nothing is renamed; what is hidden there
//! is missing as everywhere. Pure but for the question what an upstream lists.

mod template;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use mcp::merge::Listing;
use mcp::message::Message;
use mcp::raw::{self, Unreadable};
use mcp::{method, name};

use crate::catalog::{Member, Merged, Shape};
use crate::upstream::Listed;

/// What an upstream lists, as far as is known.
pub struct Known {
    pub listed: Arc<Listed>,
    /// It is connected, so what is not in the list does not exist.
    pub complete: bool,
}

/// The two questions that routing asks.
pub trait Lists {
    fn known(&self, server: &str) -> Option<Known>;
    fn merged(&self, listing: Listing) -> Arc<Merged>;
}

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub enum Route {
    /// To this server, with this request.
    To { server: Arc<str>, request: Message },
    /// Nobody here has it, or it is hidden, which is the same.
    Missing(Missing),
    /// The method names nothing.
    Nameless(Message),
}

/// What nobody has.
#[derive(Debug, PartialEq, Eq)]
pub struct Missing {
    pub listing: Listing,
    pub name: String,
}

/// Why a request cannot be routed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unroutable {
    #[error("the params cannot be read: {0}")]
    Unreadable(#[from] Unreadable),
    #[error("{method} needs the string params.{key}")]
    NoName { method: String, key: &'static str },
}

/// What a request names.
struct Named {
    listing: Listing,
    /// Where in the params the name stands.
    path: &'static [&'static str],
    name: String,
}

/// Finds the server that owns what the request names.
pub fn route(shape: &Shape, lists: &impl Lists, request: Message) -> Result<Route, Unroutable> {
    if let Some(member) = shape.passes() {
        let server = Arc::clone(&member.server);
        return Ok(Route::To { server, request });
    }
    let Some(named) = named(&request)? else {
        return Ok(Route::Nameless(request));
    };
    let owner = if shape.transparent {
        transparent_owner(shape, lists, &named)
    } else {
        match named.listing {
            Listing::Tools | Listing::Prompts => owner_by_name(shape, lists, &named),
            Listing::Resources | Listing::Templates => owner_by_uri(shape, lists, &named),
        }
    };
    let Some((member, bare)) = owner else {
        return Ok(Route::Missing(Missing {
            listing: named.listing,
            name: named.name,
        }));
    };
    let server = Arc::clone(&member.server);
    let request = if bare == named.name {
        request
    } else {
        let params = request.params().unwrap_or("{}");
        match raw::replace(params, named.path, &raw::quote(&bare))? {
            Some(params) => request.with_params(&params),
            None => request,
        }
    };
    Ok(Route::To { server, request })
}

fn named(request: &Message) -> Result<Option<Named>, Unroutable> {
    let of = |listing, path| named_at(request, listing, path).map(Some);
    match request.method() {
        Some(method::TOOLS_CALL) => of(Listing::Tools, &["name"]),
        Some(method::PROMPTS_GET) => of(Listing::Prompts, &["name"]),
        Some(method::RESOURCES_READ | method::SUBSCRIBE | method::UNSUBSCRIBE) => {
            of(Listing::Resources, &["uri"])
        }
        Some(method::COMPLETE) => {
            let kind = raw::string_at(request.params().unwrap_or("{}"), &["ref", "type"])?;
            match kind.as_deref() {
                Some("ref/resource") => of(Listing::Templates, &["ref", "uri"]),
                Some(_) | None => of(Listing::Prompts, &["ref", "name"]),
            }
        }
        Some(_) | None => Ok(None),
    }
}

fn named_at(
    request: &Message,
    listing: Listing,
    path: &'static [&'static str],
) -> Result<Named, Unroutable> {
    let name = raw::string_at(request.params().unwrap_or("{}"), path)?;
    let missing = || Unroutable::NoName {
        method: request.method().unwrap_or_default().to_owned(),
        key: path.last().copied().unwrap_or_default(),
    };
    Ok(Named {
        listing,
        path,
        name: name.ok_or_else(missing)?.into_owned(),
    })
}

/// With nothing hidden the server itself says what it does not have; else a hidden thing must look like a missing one.
fn transparent_owner<'a>(
    shape: &'a Shape,
    lists: &impl Lists,
    named: &Named,
) -> Option<(&'a Member, String)> {
    let member = shape.members.first()?;
    let (listing, name) = (named.listing, named.name.as_str());
    let listed = || {
        lists
            .known(&member.server)
            .is_none_or(|known| may_have(&known, listing, name))
    };
    let shown = || match listing {
        // A template can stand for any address, so only what is hidden by its own address is missing.
        Listing::Resources | Listing::Templates => shape.shows(member, listing, name),
        Listing::Tools | Listing::Prompts => shape.shows(member, listing, name) && listed(),
    };
    let passes = !shape.changes(member, listing) || shown();
    passes.then(|| (member, named.name.clone()))
}

/// A name may be put together in two ways, and two members may show the same one. It means what the list shows under it: the first
/// member that has it. Where nobody is known to have it, whoever is not connected could, the longest prefix first.
fn owner_by_name<'a>(
    shape: &'a Shape,
    lists: &impl Lists,
    named: &Named,
) -> Option<(&'a Member, String)> {
    let mut has: Option<(usize, &str)> = None;
    let mut could: Option<(usize, &str)> = None;
    for (place, bare) in shape.owners(&named.name) {
        let member = &shape.members[place];
        if !shape.shows(member, named.listing, bare) {
            continue;
        }
        let Some(known) = lists.known(&member.server) else {
            continue;
        };
        if lists_it(&known, named.listing, bare) {
            has = Some(has.map_or((place, bare), |first| first.min((place, bare))));
        } else if !known.complete {
            could = could.or(Some((place, bare)));
        }
    }
    let (place, bare) = has.or(could)?;
    Some((&shape.members[place], bare.to_owned()))
}

fn may_have(known: &Known, listing: Listing, bare: &str) -> bool {
    !known.complete || lists_it(known, listing, bare)
}

fn lists_it(known: &Known, listing: Listing, bare: &str) -> bool {
    let mut entries = known.listed.of(listing).iter();
    entries.any(|entry| &*entry.name == bare)
}

/// What is listed leads to the member that lists it, also where it is written like an address that we tell apart: another hub may
/// stand behind this one.
fn owner_by_uri<'a>(
    shape: &'a Shape,
    lists: &impl Lists,
    named: &Named,
) -> Option<(&'a Member, String)> {
    let uri = named.name.as_str();
    let resources = lists.merged(Listing::Resources);
    let templates = lists.merged(Listing::Templates);
    let (first, second) = match named.listing {
        Listing::Templates => (&templates, &resources),
        Listing::Tools | Listing::Prompts | Listing::Resources => (&resources, &templates),
    };
    if let Some(owner) = first.owner(uri).or_else(|| second.owner(uri)) {
        let member = shape.members.get(owner.place)?;
        return Some((member, owner.bare.to_owned()));
    }
    let told_apart = name::split_uri(uri).and_then(|(owner, bare)| {
        let mut members = shape.members.iter();
        let member = members.find(|member| *member.shown == *owner)?;
        Some((member, bare))
    });
    let (member, bare) = match told_apart {
        Some(told_apart) => told_apart,
        None => {
            let place =
                by_template(&templates, uri).or_else(|| only_one_with_resources(shape, lists))?;
            (shape.members.get(place)?, uri)
        }
    };
    shape
        .shows(member, Listing::Resources, bare)
        .then(|| (member, bare.to_owned()))
}

/// The most literal template wins, and of equal ones the first member.
fn by_template(templates: &Merged, uri: &str) -> Option<usize> {
    let fitting = templates
        .owners()
        .filter(|(shown, _)| template::fits(shown, uri));
    fitting
        .min_by_key(|(shown, place)| (std::cmp::Reverse(template::literal(shown)), *place))
        .map(|(_, place)| place)
}

/// An address that nobody lists can only belong to the one server that has resources at all.
fn only_one_with_resources(shape: &Shape, lists: &impl Lists) -> Option<usize> {
    let mut having = shape.members.iter().enumerate().filter(|(_, member)| {
        lists.known(&member.server).is_some_and(|known| {
            !known.listed.resources.is_empty() || !known.listed.templates.is_empty()
        })
    });
    match (having.next(), having.next()) {
        (Some((place, _)), None) => Some(place),
        _ => None,
    }
}
