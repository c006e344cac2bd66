//! The rules of access as tables: doors, kinds of access, owners of keys.

use super::*;

fn key(id: &str, access: Access) -> Key {
    Key {
        id: id.into(),
        name: id.into(),
        token: format!("token-{id}").into(),
        enabled: true,
        access,
        owner: None,
    }
}

fn group(id: &str, name: &str, members: &[(&str, bool)]) -> Group {
    let members = members
        .iter()
        .map(|(server, whole)| Member {
            server: (*server).into(),
            whole: *whole,
        })
        .collect();
    Group {
        id: id.into(),
        name: name.into(),
        members,
        sharing: Sharing::default(),
    }
}

fn groups() -> Vec<Group> {
    vec![
        group("g1", "dev", &[("github", true), ("linear", false)]),
        group("g2", "ops", &[("aws", true)]),
    ]
}

const LOCKED: Door = Door {
    bearer_required: Some(true),
    loopback: true,
};

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn the_door_is_open_only_when_told_so_or_for_a_single_user_on_this_machine() {
    let with_key = [key("a", Access::All)];
    let disabled = [Key {
        enabled: false,
        ..key("a", Access::All)
    }];
    let cases: [(Option<bool>, bool, &[Key], bool); 8] = [
        (Some(false), false, &with_key, true),
        (Some(false), true, &[], true),
        (Some(true), true, &[], false),
        (Some(true), true, &with_key, false),
        (None, true, &[], true),
        (None, true, &disabled, true),
        (None, true, &with_key, false),
        (None, false, &[], false),
    ];
    for (bearer_required, loopback, keys, open) in cases {
        let rules = Rules::new(
            Door {
                bearer_required,
                loopback,
            },
            keys,
            &[],
        );
        assert_eq!(
            rules.is_open(),
            open,
            "{bearer_required:?} loopback {loopback} keys {}",
            keys.len()
        );
        assert_eq!(rules.admit(None).is_ok(), open);
    }
}

#[test]
fn a_locked_door_wants_a_known_and_enabled_key() {
    let keys = [
        key("a", Access::All),
        Key {
            enabled: false,
            ..key("off", Access::All)
        },
        Key {
            token: "".into(),
            ..key("empty", Access::All)
        },
    ];
    let rules = Rules::new(LOCKED, &keys, &[]);
    assert_eq!(rules.admit(None).unwrap_err(), Denied::Missing);
    for wrong in ["", "token-off", "token-b", "token-a ", "TOKEN-A"] {
        assert_eq!(
            rules.admit(Some(wrong)).unwrap_err(),
            Denied::Unknown,
            "{wrong:?}"
        );
    }
    assert!(rules.admit(Some("token-a")).unwrap().may_use("anything"));
}

/// What a key may reach: servers whole, groups, and servers within a group.
type Reach = (
    Access,
    &'static [&'static str],
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
);

#[test]
fn a_key_reaches_what_its_access_type_names_and_nothing_else() {
    let cases: [Reach; 4] = [
        (
            Access::All,
            &["github", "linear", "aws", "other"],
            &["g1", "dev", "g2", "ops"],
            &[("dev", "github"), ("dev", "linear"), ("ops", "aws")],
        ),
        (
            Access::Groups(texts(&["g1"])),
            &["github"],
            &["g1", "dev"],
            &[("dev", "github"), ("dev", "linear")],
        ),
        (
            Access::Servers(texts(&["aws"])),
            &["aws"],
            &["g2", "ops"],
            &[("ops", "aws")],
        ),
        (
            Access::Custom {
                groups: texts(&["dev"]),
                servers: texts(&["other"]),
            },
            &["github", "other"],
            &["g1", "dev"],
            &[("dev", "github"), ("dev", "linear")],
        ),
    ];
    for (access, servers, open, within) in cases {
        let caller = Rules::new(LOCKED, &[key("k", access.clone())], &groups())
            .admit(Some("token-k"))
            .unwrap();
        for server in ["github", "linear", "aws", "other"] {
            assert_eq!(
                caller.may_use(server),
                servers.contains(&server),
                "{access:?} {server}"
            );
        }
        for group in ["g1", "dev", "g2", "ops"] {
            assert_eq!(
                caller.may_use_group(group),
                open.contains(&group),
                "{access:?} {group}"
            );
        }
        for pair in [("dev", "github"), ("dev", "linear"), ("ops", "aws")] {
            assert_eq!(
                caller.may_use_in(pair.0, pair.1),
                within.contains(&pair),
                "{access:?} {pair:?}"
            );
        }
    }
}

#[test]
fn a_group_with_some_tools_of_a_server_does_not_open_the_whole_server() {
    let caller = Rules::new(
        LOCKED,
        &[key("k", Access::Groups(texts(&["dev"])))],
        &groups(),
    )
    .admit(Some("token-k"))
    .unwrap();
    assert!(caller.may_use_in("dev", "linear"));
    assert!(!caller.may_use("linear"));
}

#[test]
fn a_key_of_a_person_never_reaches_beyond_that_person() {
    let owner = |is_admin| {
        Some(Owner {
            username: "bob".into(),
            sees: BTreeSet::from(["github".to_owned()]),
            is_admin,
            ..Owner::default()
        })
    };
    let keys = [
        Key {
            owner: owner(false),
            ..key("all", Access::All)
        },
        Key {
            owner: owner(false),
            ..key("servers", Access::Servers(texts(&["github", "aws"])))
        },
        Key {
            owner: owner(false),
            ..key("groups", Access::Groups(texts(&["dev", "ops"])))
        },
        Key {
            owner: owner(true),
            ..key("admin", Access::All)
        },
    ];
    let rules = Rules::new(LOCKED, &keys, &groups());
    for id in ["all", "servers", "groups"] {
        let caller = rules.admit(Some(&format!("token-{id}"))).unwrap();
        assert!(caller.may_use("github"), "{id}");
        assert!(
            !caller.may_use("aws")
                && !caller.may_use_in("ops", "aws")
                && !caller.may_use_in("dev", "linear"),
            "{id}"
        );
    }
    assert!(rules.admit(Some("token-admin")).unwrap().may_use("aws"));
}

#[test]
fn only_a_system_key_with_access_to_all_opens_the_rest_api() {
    let owner = Owner {
        username: "root".into(),
        is_admin: true,
        ..Owner::default()
    };
    let keys = [
        key("all", Access::All),
        key("some", Access::Servers(texts(&["aws"]))),
        Key {
            owner: Some(owner),
            ..key("user", Access::All)
        },
    ];
    let rules = Rules::new(LOCKED, &keys, &groups());
    assert!(rules.admit_to_api("token-all").is_some());
    for refused in ["token-some", "token-user", "token-none", ""] {
        assert!(rules.admit_to_api(refused).is_none(), "{refused}");
    }
}

#[test]
fn an_open_door_still_narrows_a_known_key_and_tells_callers_apart() {
    let rules = Rules::new(
        Door {
            bearer_required: Some(false),
            loopback: false,
        },
        &[key("k", Access::Servers(texts(&["aws"])))],
        &[],
    );
    let known = rules.admit(Some("token-k")).unwrap();
    assert!(!known.may_use("github"));
    assert_ne!(known.identity(), rules.admit(None).unwrap().identity());
}
