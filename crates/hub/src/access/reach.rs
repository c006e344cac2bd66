//! How far a key or a person reaches: which servers, which groups, and which servers within a group.

use std::collections::{BTreeMap, BTreeSet};

use super::compile::opens;
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
    let may = |seen: &dyn Fn(&Owner) -> bool| owner.is_none_or(|it| it.is_admin || seen(it));
    let seen = |server: &str| may(&|owner| owner.sees.contains(server));
    let mut servers: BTreeSet<String> = match (access, owner) {
        (Access::All, Some(owner)) => owner.sees.clone(),
        _ => named_servers
            .iter()
            .filter(|name| seen(name))
            .cloned()
            .collect(),
    };
    // rule: mcphub-group-sharing -- a person opens a group that is his, or shared with him, or older than sharing, whatever his key says.
    let opens = |group: &Group| may(&|owner| opens(&owner.username, &group.sharing));
    let granted = |group: &Group| {
        let is_named = |name: &String| *name == group.id || *name == group.name;
        named_groups.iter().any(is_named) && opens(group)
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
    for (address, group) in addresses(groups) {
        if !opens(group) {
            continue;
        }
        let granted = granted(group);
        let reached: BTreeSet<String> = group
            .members
            .iter()
            .map(|member| &member.server)
            .filter(|server| servers.contains(*server) || (granted && seen(server)))
            .cloned()
            .collect();
        if granted {
            open_groups.insert(address.to_owned());
        }
        within_groups.insert(address.to_owned(), reached);
    }
    Reach::Only {
        servers,
        groups: open_groups,
        within_groups,
    }
}

/// What each group is called, by `settings::Settings::group`: an id goes before a name, and the first before the next.
fn addresses(groups: &[Group]) -> BTreeMap<&str, &Group> {
    let ids = groups.iter().map(|group| (group.id.as_str(), group));
    let names = groups.iter().map(|group| (group.name.as_str(), group));
    let mut all = BTreeMap::new();
    for (address, group) in ids.chain(names) {
        all.entry(address).or_insert(group);
    }
    all
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use settings::{File, resolve};

    use super::super::{Caller, Rules};

    const SETTINGS: &str = r#"{
        "mcpServers": {
            "public": { "url": "https://a", "visibility": "public" },
            "hers": { "url": "https://b", "owner": "alice" }
        },
        "users": [{ "username": "alice" }, { "username": "bob" }, { "username": "root", "isAdmin": true }],
        "groups": [
            { "id": "1", "name": "older", "servers": ["public"] },
            { "id": "2", "name": "bobs", "owner": "bob", "visibility": "private", "servers": [{ "name": "public", "tools": ["x"] }] },
            { "id": "3", "name": "shared", "owner": "root", "visibility": "group", "sharedWithUsers": ["alice"], "servers": ["public", "hers"] },
            { "id": "4", "name": "all", "owner": "root", "visibility": "public", "servers": ["public"] },
            { "id": "5", "name": "roots", "owner": "root", "visibility": "private", "sharedWithUsers": ["alice"], "servers": ["public"] },
            { "id": "6", "name": "5", "owner": "root", "visibility": "public", "servers": ["public"] }
        ],
        "bearerKeys": [
            { "id": "1", "token": "alice", "kind": "user", "owner": "alice" },
            { "id": "2", "token": "bob", "kind": "user", "owner": "bob" },
            { "id": "3", "token": "root", "kind": "user", "owner": "root" },
            { "id": "5", "token": "named", "kind": "user", "owner": "alice", "accessType": "groups", "allowedGroups": ["bobs", "5", "shared"] },
            { "id": "6", "token": "system" },
            { "id": "7", "token": "agent", "accessType": "groups", "allowedGroups": ["bobs"] },
            { "id": "8", "token": "server", "accessType": "servers", "allowedServers": ["public"] }
        ]
    }"#;

    fn rules() -> Rules {
        Rules::of(&resolve(&File::parse(SETTINGS).unwrap(), &|_| None), true)
    }

    /// The groups that somebody opens, under each of their addresses.
    fn opened(caller: &Caller) -> String {
        let all = ["older", "bobs", "2", "shared", "all", "roots", "5", "6"];
        let opened = all.into_iter().filter(|group| caller.may_use_group(group));
        opened.collect::<Vec<_>>().join(" ")
    }

    // rule: mcphub-group-sharing
    #[test]
    fn a_person_opens_the_groups_that_are_his_or_shared_with_him_and_those_older_than_sharing() {
        let everything = "older bobs 2 shared all roots 5 6";
        for (key, groups) in [
            ("alice", "older shared all 6"),
            ("bob", "older bobs 2 all 6"),
            ("root", everything),
            ("named", "older shared all 6"),
            ("system", everything),
            ("agent", "bobs 2"),
            ("server", everything),
        ] {
            let caller = rules().admit(Some(key)).unwrap();
            assert_eq!(opened(&caller), groups, "{key}");
        }
        let login = rules().user("bob", SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(opened(&login), "older bobs 2 all 6");
    }

    // rule: mcphub-group-sharing
    #[test]
    fn a_group_that_is_not_for_a_person_lends_him_no_server_under_any_of_its_names() {
        let named = rules().admit(Some("named")).unwrap();
        assert!(named.may_use_in("shared", "hers") && named.may_use("public"));
        for group in ["bobs", "2", "5", "roots"] {
            assert!(!named.may_use_in(group, "public"), "{group}");
        }
        let eyes = rules().admit_as("alice", Some("system")).unwrap();
        assert_eq!(opened(&eyes), "older shared all 6");
    }
}
