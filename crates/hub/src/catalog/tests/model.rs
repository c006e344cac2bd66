//! The catalog against a simple reference: servers come, go and are renamed, fail and come back, lists change, things are hidden,
//! and after each step what an endpoint lists, and where each name leads, is what a few nested loops say.

mod reference;
mod step;

use std::collections::HashMap;

use mcp::message::Message;
use mcp::raw;
use proptest::prelude::*;

use self::reference::{Reference, Shown, Standing};
use super::*;
use crate::route::{self, Known, Route};

/// What the hub has: shapes that live on over changes that do not concern them, as in the catalog, and the upstreams' lists.
#[derive(Default)]
struct Held {
    shapes: HashMap<Option<&'static str>, Arc<Shape>>,
    lists: HashMap<String, (Arc<Listed>, Standing)>,
}

struct Asked<'h> {
    held: &'h Held,
    shape: &'h Shape,
}

impl route::Lists for Asked<'_> {
    fn known(&self, server: &str) -> Option<Known> {
        let (listed, standing) = self.held.lists.get(server)?;
        Some(match standing {
            Standing::Gone => Known {
                listed: Arc::default(),
                complete: false,
            },
            Standing::Up | Standing::Away => Known {
                listed: Arc::clone(listed),
                complete: *standing == Standing::Up,
            },
        })
    }

    fn merged(&self, listing: Listing) -> Arc<Merged> {
        self.held.merged(self.shape, listing)
    }
}

impl Held {
    fn follow(&mut self, reference: &Reference) {
        let lists = reference.servers.iter().map(|server| {
            let now = server.listed();
            let held = self.lists.remove(&server.name);
            let listed = match held {
                Some((held, _)) if *held == now => held,
                Some(_) | None => Arc::new(now),
            };
            (server.name.clone(), (listed, server.standing))
        });
        self.lists = lists.collect();
    }

    /// The shape of an endpoint; the one from before where nothing about it changed.
    fn shape(&mut self, settings: &Settings, name: Option<&'static str>) -> Option<Arc<Shape>> {
        let Ok(shape) = shape::compile(settings, &endpoint(name), &Caller::anyone()) else {
            self.shapes.remove(&name);
            return None;
        };
        let held = self.shapes.get(&name).filter(|held| ***held == shape);
        let shape = held.map_or_else(|| Arc::new(shape), Arc::clone);
        self.shapes.insert(name, Arc::clone(&shape));
        Some(shape)
    }

    fn merged(&self, shape: &Shape, listing: Listing) -> Arc<Merged> {
        let source = |member: &Member| match &self.lists[&*member.server] {
            (_, Standing::Gone) => None,
            (listed, Standing::Up | Standing::Away) => Some(Arc::clone(listed)),
        };
        shape.merged(listing, shape.members.iter().map(source).collect())
    }
}

/// A request that names an entry, and the same as its owner should get it.
fn request(listing: Listing, name: &str) -> Message {
    let name = raw::quote(name);
    let (method, params) = match listing {
        Listing::Tools => (
            "tools/call",
            format!("{{\"arguments\":{{\"n\":1.0}},\"name\":{name}}}"),
        ),
        Listing::Prompts => ("prompts/get", format!("{{ \"name\" : {name} }}")),
        Listing::Resources => ("resources/read", format!("{{\"uri\":{name}}}")),
        Listing::Templates => (
            "completion/complete",
            format!("{{\"ref\":{{\"type\":\"ref/resource\",\"uri\":{name}}}}}"),
        ),
    };
    Message::request("1", method, Some(&params))
}

/// What a request names.
fn named(listing: Listing, request: &Message) -> String {
    let path: &[&str] = match listing {
        Listing::Tools | Listing::Prompts => &["name"],
        Listing::Resources => &["uri"],
        Listing::Templates => &["ref", "uri"],
    };
    let name = raw::string_at(request.params().unwrap(), path).unwrap();
    name.unwrap().into_owned()
}

fn led(shape: &Shape, held: &Held, listing: Listing, name: &str) -> Route {
    route::route(shape, &Asked { held, shape }, request(listing, name)).unwrap()
}

/// What is listed is what the reference shows, in its order, and each name leads to the one whose entry it is.
fn check_listed(
    reference: &Reference,
    held: &Held,
    shape: &Shape,
    endpoint: Option<&str>,
    listing: Listing,
) {
    let merged = held.merged(shape, listing);
    let page = merge::page(listing, &merged.result).unwrap();
    let expected = reference.shown(endpoint, listing);
    let written: Vec<_> = page.entries.iter().map(|entry| &*entry.raw).collect();
    let wanted: Vec<_> = expected.iter().map(Shown::text).collect();
    assert_eq!(written, wanted, "{listing:?} at {endpoint:?}");
    for Shown {
        name, server, bare, ..
    } in expected
    {
        let to = Route::To {
            server: server.as_str().into(),
            request: request(listing, &bare),
        };
        assert_eq!(
            led(shape, held, listing, &name),
            to,
            "{listing:?} {name} at {endpoint:?}"
        );
    }
}

/// No name leads to a server that does not show the thing here, and where all servers are up, none to one that does not have it.
fn check_hidden(
    reference: &Reference,
    held: &Held,
    shape: &Shape,
    endpoint: Option<&str>,
    listing: Listing,
) {
    for name in reference.names_worth_a_try(endpoint, listing) {
        let Route::To { server, request } = led(shape, held, listing, &name) else {
            continue;
        };
        let bare = named(listing, &request);
        assert!(
            reference.may_ask(endpoint, listing, &server, &bare),
            "{listing:?} {name} at {endpoint:?} went to {server} as {bare}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn endpoints_show_and_lead_where_the_reference_says_after_every_step(
        beginning in step::beginning(),
        steps in prop::collection::vec(step::any_step(), 1..40),
    ) {
        let mut reference = Reference::default();
        let mut held = Held::default();
        for step in [beginning, steps].concat() {
            step.take(&mut reference);
            held.follow(&reference);
            let settings = settings(&reference.settings());
            for endpoint in step::ENDPOINTS {
                let shape = held.shape(&settings, endpoint);
                prop_assert_eq!(shape.is_some(), reference.is_there(endpoint), "{:?} after {:?}", endpoint, step);
                let Some(shape) = shape else { continue };
                for listing in Listing::ALL {
                    check_listed(&reference, &held, &shape, endpoint, listing);
                    check_hidden(&reference, &held, &shape, endpoint, listing);
                }
            }
        }
    }
}
