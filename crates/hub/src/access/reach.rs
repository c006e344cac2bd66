//! How far a key or a person reaches: which servers, which groups, and which servers within a group.

use std::collections::{BTreeMap, BTreeSet};

use super::{Access, Group, Owner};

#[derive(Debug, PartialEq)]
pub(super) enum Reach {
    Everything,
    Only {
        servers: BTreeSet<String>,
        groups: BTreeSet<String>,
        within_groups: BTreeMap<String, BTreeSet<String>>,
    },
}

pub(super) fn reach(access: &Access, owner: Option<&Owner>, groups: &[Group]) -> Reach {
    match (access, owner) {
        (Access::All, None) => Reach::Everything,
        (Access::All, Some(owner)) if owner.is_admin => Reach::Everything,
        (access, owner) => narrow(access, owner, groups),
    }
}

fn narrow(access: &Access, owner: Option<&Owner>, groups: &[Group]) -> Reach {
    let none = Vec::new();
    let (named_groups, named_servers) = match access {
        Access::All => (&none, &none),
        Access::Groups(groups) => (groups, &none),
        Access::Servers(servers) => (&none, servers),
        Access::Custom { groups, servers } => (groups, servers),
    };
    let seen =
        |server: &str| owner.is_none_or(|owner| owner.is_admin || owner.sees.contains(server));
    let mut servers: BTreeSet<String> = match (access, owner) {
        (Access::All, Some(owner)) => owner.sees.clone(),
        _ => named_servers
            .iter()
            .filter(|name| seen(name))
            .cloned()
            .collect(),
    };
    let granted = |group: &Group| {
        named_groups
            .iter()
            .any(|name| *name == group.id || *name == group.name)
    };
    for group in groups.iter().filter(|group| granted(group)) {
        // A group that offers only some tools of a server does not open the rest of that server.
        servers.extend(
            group
                .members
                .iter()
                .filter(|member| member.whole && seen(&member.server))
                .map(|member| member.server.clone()),
        );
    }
    let mut open_groups = BTreeSet::new();
    let mut within_groups = BTreeMap::new();
    for group in groups {
        let granted = granted(group);
        let reached: BTreeSet<String> = group
            .members
            .iter()
            .map(|member| &member.server)
            .filter(|server| servers.contains(*server) || (granted && seen(server)))
            .cloned()
            .collect();
        for name in [&group.id, &group.name] {
            if granted {
                open_groups.insert(name.clone());
            }
            within_groups.insert(name.clone(), reached.clone());
        }
    }
    Reach::Only {
        servers,
        groups: open_groups,
        within_groups,
    }
}
