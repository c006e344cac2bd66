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

fn owner_by_name<'a>(
    shape: &'a Shape,
    lists: &impl Lists,
    named: &Named,
) -> Option<(&'a Member, String)> {
    let mut owners = shape.owners(&named.name).filter(|(member, bare)| {
        shape.shows(member, named.listing, bare)
            && lists
                .known(&member.server)
                .is_some_and(|known| may_have(&known, named.listing, bare))
    });
    owners
        .next()
        .map(|(member, bare)| (member, bare.to_owned()))
}

fn may_have(known: &Known, listing: Listing, bare: &str) -> bool {
    !known.complete
        || known
            .listed
            .of(listing)
            .iter()
            .any(|entry| &*entry.name == bare)
}

fn owner_by_uri<'a>(
    shape: &'a Shape,
    lists: &impl Lists,
    named: &Named,
) -> Option<(&'a Member, String)> {
    let uri = named.name.as_str();
    if let Some((owner, bare)) = name::split_uri(uri) {
        let member = shape
            .members
            .iter()
            .find(|member| *member.shown == *owner)?;
        return shape
            .shows(member, Listing::Resources, bare)
            .then(|| (member, bare.to_owned()));
    }
    let resources = lists.merged(Listing::Resources);
    let templates = lists.merged(Listing::Templates);
    let by_template = || {
        let mut fitting: Vec<_> = templates
            .owners()
            .filter(|(shown, _)| template::fits(shown, uri))
            .collect();
        // The most literal template wins, and of equal ones the first member.
        fitting.sort_by_key(|(shown, place)| (std::cmp::Reverse(template::literal(shown)), *place));
        fitting.first().map(|(_, place)| *place)
    };
    let place = resources
        .owner(uri)
        .or_else(|| templates.owner(uri))
        .or_else(by_template)
        .or_else(|| only_one_with_resources(shape, lists))?;
    let member = shape.members.get(place)?;
    shape
        .shows(member, Listing::Resources, uri)
        .then(|| (member, uri.to_owned()))
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
