//! The rooms of a crate know each other one way: no circle among the modules at the top of `hub` and `mcp`.
//!
//! What the root itself names is left out: it puts the rooms together.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Complaint;
use crate::paths;
use crate::source::{File, Tree};

const CRATES: [&str; 2] = ["hub", "mcp"];

/// Which rooms a room names, and the first place where it does.
type Arrows<'t> = BTreeMap<String, BTreeMap<String, (&'t File, usize)>>;

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    let circles = CRATES.iter().flat_map(|name| {
        let arrows = arrows(tree, name);
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for room in arrows.keys() {
            let Some(circle) = circle(&arrows, room) else {
                continue;
            };
            // Each is found from all of its rooms.
            if circle.iter().all(|room| !seen.contains(room)) {
                found.push(complaint(&arrows, &circle));
            }
            seen.extend(circle);
        }
        found
    });
    circles.collect()
}

fn arrows<'t>(tree: &'t Tree, name: &str) -> Arrows<'t> {
    let root = format!("crates/{name}/src/");
    let room_of = |file: &File| {
        let inside = file.path.strip_prefix(&root)?;
        let first = inside.split('/').next()?;
        let room = first.strip_suffix(".rs").unwrap_or(first);
        (!matches!(room, "lib" | "main")).then(|| room.to_owned())
    };
    let files = tree
        .rust()
        .filter_map(|file| Some((room_of(file)?, file)))
        .collect::<Vec<_>>();
    let rooms: BTreeSet<&String> = files.iter().map(|(room, _)| room).collect();
    let mut arrows = Arrows::new();
    for (room, file) in &files {
        for (line, path) in paths::named(file) {
            let named = path.strip_prefix("crate::");
            let named = named.and_then(|rest| rest.split("::").next());
            let named = named
                .map(str::to_owned)
                .filter(|named| rooms.contains(named));
            if let Some(named) = named.filter(|named| named != room) {
                let from = arrows.entry(room.clone()).or_default();
                from.entry(named).or_insert((file, line));
            }
        }
    }
    arrows
}

/// The shortest way from a room back to it.
fn circle(arrows: &Arrows<'_>, room: &str) -> Option<Vec<String>> {
    let mut ways = VecDeque::from([vec![room.to_owned()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let last = way.last()?;
        for next in arrows.get(last).into_iter().flat_map(BTreeMap::keys) {
            if next == room {
                return Some(way);
            }
            if seen.insert(next.clone()) {
                ways.push_back([way.as_slice(), std::slice::from_ref(next)].concat());
            }
        }
    }
    None
}

fn complaint(arrows: &Arrows<'_>, circle: &[String]) -> Complaint {
    let nexts = circle.iter().skip(1).chain(circle.first());
    let places: Vec<_> = circle
        .iter()
        .zip(nexts)
        .map(|(room, next)| (next, arrows[room][next]))
        .collect();
    let (_, (file, line)) = places[0];
    let way: Vec<String> = places
        .iter()
        .map(|(next, (file, line))| format!("`{next}` ({}:{line})", file.path))
        .collect();
    Complaint::at(
        file,
        line,
        format!(
            "rooms know each other in a circle: `{}` names {}",
            circle[0],
            way.join(", which names ")
        ),
        "move what both need to the one that needs the other anyway, or hand it over as a plain value",
    )
}
