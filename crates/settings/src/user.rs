//! People and keys: `users` and `bearerKeys`. Nothing in them is ever expanded: password hashes are full of `$`.

use secrecy::ExposeSecret;

use crate::problem::{Problem, nearest};
use crate::reader::{Reader, shown};
use crate::secret::Secret;

/// As the administrator of the environment is called.
pub const ADMIN: &str = "admin";

#[derive(Clone, Debug, PartialEq)]
pub struct User {
    pub username: String,
    /// A hash (bcrypt or argon2), never a password. Absent for people who sign in elsewhere.
    pub password: Option<Secret>,
    pub is_admin: bool,
    pub email: Option<String>,
    pub sso_user_id: Option<String>,
}

/// A key that clients of `/mcp` send.
#[derive(Clone, Debug, PartialEq)]
pub struct BearerKey {
    pub id: String,
    pub name: String,
    pub token: Secret,
    pub enabled: bool,
    pub kind: KeyKind,
    pub access: Access,
}

#[derive(Clone, Debug, PartialEq)]
pub enum KeyKind {
    System,
    User { owner: String },
}

/// What a key opens. A kind of access that we do not know opens nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Access {
    All,
    Groups(Vec<String>),
    Servers(Vec<String>),
    Custom {
        groups: Vec<String>,
        servers: Vec<String>,
    },
    Nothing,
}

impl User {
    pub(crate) fn read(reader: Reader<'_>) -> Option<Self> {
        let Some(username) = reader.text("username") else {
            reader.report(
                Problem::broken(reader.path(), "a user needs a name")
                    .cure("write one under `username`"),
            );
            return None;
        };
        let user = Self {
            username,
            password: reader.secret("password"),
            is_admin: reader.flag("isAdmin").unwrap_or(false),
            email: reader.text("email"),
            sso_user_id: reader.text("ssoUserId"),
        };
        reader.finish();
        Some(user)
    }
}

impl BearerKey {
    /// A key without a token, or a user's key without a user, opens nothing and is left out.
    pub(crate) fn read(reader: Reader<'_>, users: &[User]) -> Option<Self> {
        let id = reader.text("id").unwrap_or_default();
        let token = reader.secret("token");
        if token.is_none() {
            reader.report(
                Problem::broken(reader.path(), "a key needs a `token`")
                    .cure("write one, or remove the key"),
            );
        }
        let kind = key_kind(&reader);
        let key = token.zip(kind).map(|(token, kind)| Self {
            name: reader.text("name").unwrap_or_else(|| id.clone()),
            id,
            token,
            enabled: reader.flag("enabled").unwrap_or(true),
            kind,
            access: access(&reader),
        });
        if let Some(key) = key.as_ref().filter(|key| key.enabled) {
            key.has_owner(&reader, users);
        }
        reader.finish_knowing(&[
            "name",
            "enabled",
            "accessType",
            "allowedGroups",
            "allowedServers",
            "createdAt",
        ]);
        key
    }

    /// Says so where the user whose key it is is not there, or no longer.
    fn has_owner(&self, reader: &Reader<'_>, users: &[User]) {
        let KeyKind::User { owner } = &self.kind else {
            return;
        };
        if is_of_environment(owner, users) || users.iter().any(|user| user.username == *owner) {
            return;
        }
        let message = format!("`{}` is no user, so this key opens nothing", shown(owner));
        let problem = Problem::warning(&reader.path_to("owner"), message);
        let names = users.iter().map(|user| user.username.as_str());
        reader.report(problem.cure(match nearest(owner, names) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "write a name of `users`, or take the key out".to_owned(),
        }));
    }
}

/// The administrator of the environment, who stands in no list and counts while no administrator there has a password of his own.
#[must_use]
pub fn is_of_environment(name: &str, users: &[User]) -> bool {
    let mut admins = users.iter().filter(|user| user.is_admin);
    let has_password = |user: &User| {
        let mut hash = user.password.iter().map(|hash| hash.expose_secret());
        hash.any(|hash| !hash.is_empty())
    };
    name == ADMIN && !users.iter().any(|user| user.username == name) && !admins.any(has_password)
}

fn key_kind(reader: &Reader<'_>) -> Option<KeyKind> {
    let owner = reader.text("owner");
    let for_user = match reader.raw("kind") {
        None => false,
        Some(_) => reader.choice("kind", &[("system", false), ("user", true)])?,
    };
    match (for_user, owner) {
        (false, _) => Some(KeyKind::System),
        (true, Some(owner)) => Some(KeyKind::User { owner }),
        (true, None) => {
            let problem = Problem::broken(reader.path(), "a key of kind `user` needs an `owner`");
            reader.report(problem.cure("write the user's name under `owner`"));
            None
        }
    }
}

fn access(reader: &Reader<'_>) -> Access {
    #[derive(Clone, Copy)]
    enum Word {
        All,
        Groups,
        Servers,
        Custom,
    }
    let words = [
        ("all", Word::All),
        ("groups", Word::Groups),
        ("servers", Word::Servers),
        ("custom", Word::Custom),
    ];
    let groups = reader.texts("allowedGroups").unwrap_or_default();
    let servers = reader.texts("allowedServers").unwrap_or_default();
    let chosen = match reader.raw("accessType") {
        None => Some(Word::All),
        Some(_) => reader.choice("accessType", &words),
    };
    match chosen {
        Some(Word::All) => Access::All,
        Some(Word::Groups) => Access::Groups(groups),
        Some(Word::Servers) => Access::Servers(servers),
        Some(Word::Custom) => Access::Custom { groups, servers },
        None => Access::Nothing,
    }
}
