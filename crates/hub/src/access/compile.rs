//! From the settings to the rules: keys with what their owners may see, groups with their members, the older single key.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret, SecretString};
use settings::{KeyKind, Pick, Settings, Sharing, Visibility, is_of_environment};

use super::{Access, Door, Group, Key, Member, Owner, Rules};
use crate::issuer::account::account;
use crate::issuer::digest::Digest;

impl Rules {
    /// The rules of these settings. `loopback`: only this machine can reach us.
    #[must_use]
    pub fn of(settings: &Settings, loopback: bool) -> Self {
        let door = Door {
            // rule: mcphub-outside-door -- whoever wants to know who comes, from whomever, has decided that not everybody may.
            bearer_required: settings
                .routing
                .enable_bearer_auth
                .or(settings.forward_auth.is_wanted().then_some(true)),
            loopback,
        };
        let mut keys: Vec<Key> = settings
            .bearer_keys
            .iter()
            .map(|key| read(key, settings))
            .collect();
        keys.extend(settings.routing.bearer_auth_key.clone().map(|token| Key {
            id: "bearerAuthKey".to_owned(),
            name: "systemConfig.routing.bearerAuthKey".to_owned(),
            token: token.into(),
            enabled: true,
            access: Access::All,
            owner: None,
        }));
        let groups: Vec<Group> = settings.groups.iter().map(group).collect();
        let users: Vec<Owner> = settings
            .users
            .iter()
            .map(|user| owner(&user.username, settings))
            .collect();
        let mut rules = Self::new(door, &keys, &groups)
            .with_users(&users, &groups)
            .with_issued(settings);
        rules.outside = super::vouched::Book::of(settings);
        let secrets = settings.oauth_clients.iter();
        let secrets = secrets.filter_map(|client| client.client_secret.as_ref());
        let secrets = secrets
            .map(|secret| secret.expose_secret())
            .filter(|secret| !secret.is_empty());
        rules.written.extend(secrets.map(Digest::read));
        rules
    }
}

/// May this person, who is no administrator, see what is shared so?
#[must_use]
pub fn sees(username: &str, sharing: &Sharing) -> bool {
    if sharing.owner.as_deref() == Some(username) {
        return true;
    }
    match sharing.visibility {
        Some(Visibility::Public) => true,
        Some(Visibility::Group) => sharing.with_users.iter().any(|user| user == username),
        Some(Visibility::Private) | None => false,
    }
}

/// May this person, who is no administrator, open a group that is shared so? One that says nothing is older than visibility, and open as it was then.
pub(super) fn opens(username: &str, sharing: &Sharing) -> bool {
    sharing.visibility.is_none() || sees(username, sharing)
}

/// May this person, who is no administrator, sign in where all who may use a server share one sign-in? Whoever does lends himself to all of
/// them, so it takes more than the use of it.
// rule: at-37
#[must_use]
pub fn signs_in_for_all(username: &str, sharing: &Sharing) -> bool {
    sharing.owner.as_deref() == Some(username)
}

fn read(key: &settings::BearerKey, settings: &Settings) -> Key {
    let owner = match &key.kind {
        KeyKind::System => None,
        KeyKind::User { owner: name } => Some(owner(name, settings)),
    };
    Key {
        id: key.id.clone(),
        name: key.name.clone(),
        token: key.token.clone().into(),
        enabled: key.enabled,
        access: match &key.access {
            settings::Access::All => Access::All,
            settings::Access::Groups(groups) => Access::Groups(groups.clone()),
            settings::Access::Servers(servers) => Access::Servers(servers.clone()),
            settings::Access::Custom { groups, servers } => Access::Custom {
                groups: groups.clone(),
                servers: servers.clone(),
            },
            settings::Access::Nothing => Access::Servers(Vec::new()),
        },
        owner,
    }
}

fn owner(username: &str, settings: &Settings) -> Owner {
    let mut users = settings.users.iter();
    let user = users.find(|user| user.username == username);
    let password = user.and_then(|user| user.password.clone());
    Owner {
        username: username.to_owned(),
        sees: seen_by(username, settings),
        is_admin: match user {
            Some(user) => user.is_admin,
            None => is_of_environment(username, &settings.users),
        },
        is_gone: account(settings, username).is_none(),
        password: password.map(SecretString::from).unwrap_or_default(),
    }
}

fn seen_by(username: &str, settings: &Settings) -> BTreeSet<String> {
    let servers = settings
        .servers
        .iter()
        .filter(|server| sees(username, &server.sharing));
    servers.map(|server| server.name.clone()).collect()
}

fn group(group: &settings::Group) -> Group {
    let whole = |member: &settings::Member| {
        [&member.tools, &member.prompts, &member.resources]
            .into_iter()
            .all(|pick| *pick == Pick::All)
    };
    let members = group.servers.iter().map(|member| Member {
        server: member.name.clone(),
        whole: whole(member),
    });
    Group {
        id: group.id.clone(),
        name: group.name.clone(),
        members: members.collect(),
        sharing: group.sharing.clone(),
    }
}

#[cfg(test)]
mod tests {
    use settings::{File, resolve};

    use super::*;

    fn rules(text: &str) -> Rules {
        Rules::of(&resolve(&File::parse(text).unwrap(), &|_| None), true)
    }

    #[test]
    fn keys_groups_and_the_older_key_of_a_file_become_rules() {
        let rules = rules(
            r#"{
                "mcpServers": {
                    "a": { "url": "https://a", "owner": "bob" },
                    "b": { "url": "https://b", "visibility": "public" },
                    "c": { "url": "https://c", "visibility": "group", "sharedWithUsers": ["bob"] },
                    "d": { "url": "https://d" }
                },
                "users": [{ "username": "bob" }],
                "groups": [{ "id": "g", "name": "dev", "servers": ["d", { "name": "a", "tools": ["x"] }] }],
                "bearerKeys": [
                    { "id": "1", "token": "groups", "accessType": "groups", "allowedGroups": ["dev"] },
                    { "id": "2", "token": "bobs", "kind": "user", "owner": "bob" },
                    { "id": "3", "token": "odd", "accessType": "everything please" }
                ],
                "systemConfig": { "routing": { "bearerAuthKey": "legacy" } }
            }"#,
        );
        let reached = |token: &str| {
            let caller = rules.admit(Some(token)).unwrap();
            ["a", "b", "c", "d"]
                .into_iter()
                .filter(|server| caller.may_use(server))
                .collect::<String>()
        };
        assert_eq!(reached("groups"), "d");
        assert_eq!(reached("bobs"), "abc");
        assert_eq!(reached("odd"), "");
        assert_eq!(reached("legacy"), "abcd");
        assert!(rules.admit(None).is_err(), "enabled keys lock the door");
    }

    // rule: mcphub-key-of-nobody
    #[test]
    fn a_key_of_nobody_opens_nothing_and_shuts_the_door_all_the_same() {
        let key = |owner: &str| {
            format!(r#"{{ "id": "1", "token": "t", "kind": "user", "owner": "{owner}" }}"#)
        };
        for (users, owner, opens) in [
            (r#"[{ "username": "bob" }]"#, "bob", true),
            (r#"[{ "username": "bob" }]"#, "alice", false),
            ("[]", "alice", false),
            // The administrator of the environment stands in no list.
            ("[]", "admin", true),
            (
                r#"[{ "username": "root", "isAdmin": true }]"#,
                "admin",
                true,
            ),
            (
                r#"[{ "username": "root", "isAdmin": true, "password": "$2b$04$x" }]"#,
                "admin",
                false,
            ),
        ] {
            let text = format!(r#"{{ "users": {users}, "bearerKeys": [{}] }}"#, key(owner));
            let rules = rules(&text);
            assert!(!rules.is_open(), "{text}");
            assert_eq!(rules.admit(Some("t")).is_ok(), opens, "{text}");
        }
    }
}
