//! The address of one user: who may come in there, and what he sees.
//!
//! The user himself, with his own key and his own sign-ins. Who may use everything anyway may look through the user's eyes: he sees
//! what the user sees, and is nobody to servers that keep a sign-in for each user. All others get one answer, whether or not there
//! is such a user.

use std::sync::Arc;
use std::time::SystemTime;

use secrecy::ExposeSecret;

use super::{Access, Caller, Denied, Group, Known, Owner, Rules, Shown, reach};
use crate::issuer::digest::Digest;

impl Rules {
    /// The same rules, which also know these people.
    #[must_use]
    pub fn with_users(mut self, users: &[Owner], groups: &[Group]) -> Self {
        self.users = users
            .iter()
            .map(|user| {
                let seen = reach(&Access::All, Some(user), groups);
                let known = Known {
                    sees: Arc::new(seen),
                    password: Digest::of(user.password.expose_secret()),
                };
                (user.username.clone(), known)
            })
            .collect();
        self
    }

    /// Lets a caller in at a user's address. The door of `/mcp` may be open: here it is asked who comes.
    // rule: mcphub-user-scope -- nobody acts as a user but that user, and an address tells nobody which users there are.
    pub fn admit_as(&self, username: &str, presented: Option<&str>) -> Result<Caller, Denied> {
        match presented.and_then(|token| self.find(token)) {
            Some(key) if key.caller.user().is_some() => {
                let own = key.caller.user() == Some(username) && self.users.contains_key(username);
                own.then(|| key.caller.clone()).ok_or(Denied::SomebodyElse)
            }
            Some(key) => self.through_the_eyes_of(username, &key.caller),
            None if presented.is_some() && !self.open => Err(Denied::Unknown),
            None => Err(Denied::Nobody),
        }
    }

    /// What the user sees, for a caller who may use everything; the user's sign-ins are not for him.
    pub fn through_the_eyes_of(&self, username: &str, caller: &Caller) -> Result<Caller, Denied> {
        let seen = self
            .users
            .get(username)
            .filter(|_| caller.may_use_everything() && caller.user().is_none());
        let seen = seen.ok_or(Denied::SomebodyElse)?;
        Ok(Caller {
            identity: format!("{}\0as\0{username}", caller.identity).into(),
            user: None,
            key: caller.key.clone(),
            reach: Arc::clone(&seen.sees),
            shown: Shown::EyesOf(username.into(), Arc::new(caller.clone())),
        })
    }

    /// The user himself, who showed it in another way than by a key, which counts until then.
    pub fn user(&self, username: &str, until: SystemTime) -> Result<Caller, Denied> {
        let seen = self.users.get(username).ok_or(Denied::SomebodyElse)?;
        Ok(Caller {
            // With the account as it is: a new user of the same name gets nothing that the old one left open.
            identity: format!("user:{username}\0login\0{}", seen.password.written()).into(),
            user: Some(username.into()),
            key: None,
            reach: Arc::clone(&seen.sees),
            shown: Shown::Login(seen.password, until),
        })
    }
}

#[cfg(test)]
mod tests {
    use settings::{File, resolve};

    use super::*;

    const SETTINGS: &str = r#"{
        "mcpServers": {
            "hers": { "url": "https://a", "owner": "alice" },
            "his": { "url": "https://b", "owner": "bob" },
            "public": { "url": "https://c", "visibility": "public" }
        },
        "users": [{ "username": "alice" }, { "username": "bob" }, { "username": "root", "isAdmin": true }],
        "bearerKeys": [
            { "id": "1", "token": "alice", "kind": "user", "owner": "alice" },
            { "id": "2", "token": "alice-some", "kind": "user", "owner": "alice", "accessType": "servers", "allowedServers": ["public"] },
            { "id": "3", "token": "bob", "kind": "user", "owner": "bob" },
            { "id": "4", "token": "root", "kind": "user", "owner": "root" },
            { "id": "5", "token": "left", "kind": "user", "owner": "left" },
            { "id": "6", "token": "all" },
            { "id": "7", "token": "some", "accessType": "servers", "allowedServers": ["hers", "public"] }
        ],
        "systemConfig": { "routing": { "enableBearerAuth": true } }
    }"#;

    fn rules(text: &str) -> Rules {
        Rules::of(&resolve(&File::parse(text).unwrap(), &|_| None), true)
    }

    fn seen(caller: &Caller) -> String {
        let all = ["hers", "his", "public"];
        let seen = all.into_iter().filter(|server| caller.may_use(server));
        seen.collect::<Vec<_>>().join(" ")
    }

    // rule: mcphub-user-scope
    #[test]
    fn at_a_users_address_are_the_user_and_who_may_use_everything_through_the_users_eyes() {
        let rules = rules(SETTINGS);
        for (key, user, expected) in [
            ("alice", "alice", Ok(("hers public", Some("alice")))),
            ("alice-some", "alice", Ok(("public", Some("alice")))),
            ("root", "root", Ok(("hers his public", Some("root")))),
            ("all", "alice", Ok(("hers public", None))),
            ("all", "bob", Ok(("his public", None))),
            ("all", "nobody", Err(Denied::SomebodyElse)),
            ("bob", "alice", Err(Denied::SomebodyElse)),
            ("bob", "nobody", Err(Denied::SomebodyElse)),
            ("root", "alice", Err(Denied::SomebodyElse)),
            ("some", "alice", Err(Denied::SomebodyElse)),
            ("some", "nobody", Err(Denied::SomebodyElse)),
            ("left", "left", Err(Denied::Unknown)),
            ("guessed", "alice", Err(Denied::Unknown)),
        ] {
            let caller = rules.admit_as(user, Some(key));
            let found = caller.as_ref().map(|caller| (seen(caller), caller.user()));
            let found = found
                .as_ref()
                .map(|(seen, user)| (seen.as_str(), *user))
                .map_err(|denied| **denied);
            assert_eq!(found, expected, "{key} at {user}'s address");
        }
        assert_eq!(rules.admit_as("alice", None).err(), Some(Denied::Nobody));
    }

    // rule: mcphub-user-scope
    #[test]
    fn an_open_door_is_closed_at_a_users_address() {
        let rules =
            rules(&SETTINGS.replace("\"enableBearerAuth\": true", "\"enableBearerAuth\": false"));
        assert!(rules.admit(None).is_ok());
        for (user, key) in [
            ("alice", None),
            ("nobody", None),
            ("alice", Some("guessed")),
        ] {
            assert_eq!(rules.admit_as(user, key).err(), Some(Denied::Nobody));
        }
        assert!(rules.admit_as("alice", Some("alice")).is_ok());
    }

    #[test]
    fn a_session_that_was_opened_through_a_users_eyes_is_no_other_address_session() {
        let rules = rules(SETTINGS);
        let plain = rules.admit(Some("all")).unwrap();
        let [alice, bob] = ["alice", "bob"].map(|user| rules.admit_as(user, Some("all")).unwrap());
        assert_ne!(plain.identity(), alice.identity());
        assert_ne!(alice.identity(), bob.identity());
        assert!(!alice.may_use_everything(), "it opens no API either");
    }

    // rule: mcphub-key-taken-back
    #[test]
    fn who_was_let_in_before_is_asked_for_again_when_the_rules_change() {
        let locked = SETTINGS.to_owned();
        let opened = locked.replace("\"enableBearerAuth\": true", "\"enableBearerAuth\": false");
        let [before, open] = [&locked, &opened].map(|text| rules(text));
        let all = before.admit(Some("all")).unwrap();
        let some = before.admit(Some("some")).unwrap();
        let eyes = before.admit_as("alice", Some("all")).unwrap();
        let login = open.user("alice", SystemTime::UNIX_EPOCH).unwrap();
        let now = |change: (&str, &str)| rules(&locked.replace(change.0, change.1));
        let stays = now(("public\": {", "public\": { \"enabled\": false,"));
        for caller in [&all, &some, &eyes] {
            let again = stays.again(caller).unwrap();
            assert_eq!(again.identity(), caller.identity());
            assert!(again.may_the_same(caller));
        }
        assert!(
            before.again(&login).is_none(),
            "a login counts at an open door only"
        );
        assert!(open.again(&login).unwrap().may_the_same(&login));
        assert!(
            open.again(&Caller::anyone()).is_some() && before.again(&Caller::anyone()).is_none()
        );
        assert!(before.again(&Caller::operator()).is_some());
        let gone = now(("\"id\": \"6\"", "\"enabled\": false, \"id\": \"6\""));
        assert!(gone.again(&all).is_none() && gone.again(&eyes).is_none());
        let rotated = now(("\"token\": \"some\"", "\"token\": \"fresh\""));
        assert!(
            rotated.again(&some).is_none(),
            "the old token is no longer a key"
        );
        let renamed = now(("\"id\": \"7\"", "\"id\": \"8\""));
        assert!(renamed.again(&some).is_none());
        let less = now(("[\"hers\", \"public\"]", "[\"public\"]"));
        assert_eq!(seen(&less.again(&some).unwrap()), "public");
        assert!(!less.again(&some).unwrap().may_the_same(&some));
        let private = now((
            "\"owner\": \"alice\" },\n            \"his",
            "\"owner\": \"bob\" },\n            \"his",
        ));
        assert_eq!(seen(&private.again(&eyes).unwrap()), "public");
    }

    // rule: mcphub-key-taken-back
    #[test]
    fn a_login_ends_with_the_password_that_it_was_made_with() {
        let with = |password: &str| {
            let open = SETTINGS.replace(
                r#"{ "username": "alice" }"#,
                &format!(r#"{{ "username": "alice", "password": "{password}" }}"#),
            );
            rules(&open.replace(
                r#""enableBearerAuth": true"#,
                r#""enableBearerAuth": false"#,
            ))
        };
        let login = with("one").user("alice", SystemTime::UNIX_EPOCH).unwrap();
        assert!(with("one").again(&login).is_some());
        assert!(with("two").again(&login).is_none());
    }
}
