//! Who may use what: a pure decision over the bearer keys and groups of the settings.
//!
//! Compiled once per settings change (`Rules::new`), asked once per request (`Rules::admit`; `Rules::admit_as` at a user's own address).
//! Leaves out: where the credential stands in a request and which status a refusal gets (crate `web`), and sign-ins of people.

mod compile;
mod issued;
pub mod names;
pub mod outside;
mod reach;
#[cfg(test)]
mod tests;
mod user;
mod vouched;
mod who;

pub use self::compile::{sees, signs_in_for_all};
pub use self::issued::{Issued, Token};
pub use self::who::{KeyName, Who};

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::SystemTime;

use secrecy::{ExposeSecret, SecretString};
use settings::Sharing;

use self::reach::{Reach, reach};
use crate::issuer::book::PREFIX;
use crate::issuer::digest::Digest;

/// A bearer key as the settings mean it.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: String,
    pub name: String,
    pub token: SecretString,
    pub enabled: bool,
    pub access: Access,
    /// Set for keys of kind `user`: such a key never reaches beyond its owner.
    pub owner: Option<Owner>,
}

/// What a key was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    All,
    Groups(Vec<String>),
    Servers(Vec<String>),
    Custom {
        groups: Vec<String>,
        servers: Vec<String>,
    },
}

/// The person behind a key of kind `user`.
#[derive(Clone, Debug, Default)]
pub struct Owner {
    pub username: String,
    /// The servers that this person may see.
    pub sees: BTreeSet<String>,
    pub is_admin: bool,
    /// There is no such user: his keys open nothing.
    pub is_gone: bool,
    /// What his logins end with when it changes: the stored hash.
    pub password: SecretString,
}

/// A group, as far as access goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub id: String,
    pub name: String,
    pub members: Vec<Member>,
    /// Who may open it, beside administrators and whoever is no person.
    pub sharing: Sharing,
}

/// A server in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub server: String,
    /// The group offers every tool, prompt and resource of it.
    pub whole: bool,
}

/// `systemConfig.routing.enableBearerAuth`, and where we listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    /// As written in the settings; `None` when absent.
    pub bearer_required: Option<bool>,
    /// Only this machine can reach us.
    pub loopback: bool,
}

/// Why nobody was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error(
        "no bearer key was sent; create one under bearerKeys and send it as \"Authorization: Bearer <key>\""
    )]
    Missing,
    #[error(
        "the bearer key is unknown or disabled; check bearerKeys in the settings (or sign in again, if it is a token of this hub)"
    )]
    Unknown,
    #[error("this token was given for another address of the hub; sign in for this one")]
    Elsewhere,
    #[error(
        "this address is one user's, so it asks who you are also where /mcp does not; send a bearer key of kind \"user\" whose owner that user is"
    )]
    Nobody,
    #[error(
        "this key does not open this address; a user's address takes a key of kind \"user\" whose owner that user is, or a system key with access to all"
    )]
    SomebodyElse,
    #[error(transparent)]
    Outside(#[from] outside::Refused),
}

/// Whoever was let in, and how far.
#[derive(Clone, Debug)]
pub struct Caller {
    identity: Arc<str>,
    /// The person behind it.
    user: Option<Arc<str>>,
    /// The key that let it in.
    key: Option<Arc<KeyName>>,
    reach: Arc<Reach>,
    shown: Shown,
}

/// By what a caller was let in.
#[derive(Clone, Debug)]
enum Shown {
    Nothing,
    Operator,
    Key(Digest),
    /// A token that the hub gave him.
    Issued(Token),
    /// A token of an issuer outside the hub.
    Vouched(Arc<vouched::Mark>),
    /// With the password that the account had then; every login ends with it, and by itself at that time.
    Login(Digest, SystemTime),
    /// The other caller looks through the eyes of a user.
    EyesOf(Arc<str>, Arc<Caller>),
}

impl Caller {
    /// Nobody had to show anything: the door is open.
    #[must_use]
    pub fn anyone() -> Self {
        Self {
            identity: "anyone".into(),
            user: None,
            key: None,
            reach: Arc::new(Reach::Everything),
            shown: Shown::Nothing,
        }
    }

    /// The person who runs the hub (operator token, login of an administrator).
    #[must_use]
    pub fn operator() -> Self {
        Self {
            identity: "operator".into(),
            user: None,
            key: None,
            reach: Arc::new(Reach::Everything),
            shown: Shown::Operator,
        }
    }

    /// Stable and different for each key: an MCP session belongs to the identity that opened it.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// In whose name servers are used that keep a sign-in for each user; a system key and an open door have none.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Whether both may use the same, in the name of the same person.
    #[must_use]
    pub fn may_the_same(&self, other: &Self) -> bool {
        self.user == other.user
            && (Arc::ptr_eq(&self.reach, &other.reach) || self.reach == other.reach)
    }

    /// May this caller use the server as a whole, by its own name or on the global endpoint?
    #[must_use]
    pub fn may_use(&self, server: &str) -> bool {
        match &*self.reach {
            Reach::Everything => true,
            Reach::Only { servers, .. } => servers.contains(server),
        }
    }

    /// May this caller open the group's endpoint? `group` is its id or its name.
    #[must_use]
    pub fn may_use_group(&self, group: &str) -> bool {
        match &*self.reach {
            Reach::Everything => true,
            Reach::Only {
                groups,
                within_groups,
                ..
            } => {
                groups.contains(group)
                    || within_groups
                        .get(group)
                        .is_some_and(|servers| !servers.is_empty())
            }
        }
    }

    /// May this caller use the server through the group? `group` is its id or its name.
    #[must_use]
    pub fn may_use_in(&self, group: &str, server: &str) -> bool {
        match &*self.reach {
            Reach::Everything => true,
            Reach::Only { within_groups, .. } => within_groups
                .get(group)
                .is_some_and(|servers| servers.contains(server)),
        }
    }

    /// Nothing is out of reach: such a system key also opens the REST API.
    #[must_use]
    pub fn may_use_everything(&self) -> bool {
        matches!(*self.reach, Reach::Everything)
    }
}

/// The compiled rules of one state of the settings.
#[derive(Debug)]
pub struct Rules {
    open: bool,
    keys: HashMap<Digest, Compiled>,
    users: BTreeMap<String, Known>,
    issued: issued::Tokens,
    outside: Option<vouched::Book>,
    /// All words of the settings that open or opened the hub, or may again: also keys that are switched off, and clients' secrets.
    written: HashSet<Digest>,
}

/// A user of the settings.
#[derive(Debug)]
struct Known {
    sees: Arc<Reach>,
    /// Digest of the stored password.
    password: Digest,
}

#[derive(Debug)]
struct Compiled {
    system: bool,
    caller: Caller,
}

impl Rules {
    #[must_use]
    pub fn new(door: Door, keys: &[Key], groups: &[Group]) -> Self {
        let written = keys
            .iter()
            .filter(|key| !key.token.expose_secret().is_empty());
        let all = written.clone().filter(|key| key.enabled);
        let written = written
            .map(|key| Digest::of(key.token.expose_secret()))
            .collect();
        // Also a key of nobody shuts the door: it was written to have it shut.
        let open = match door.bearer_required {
            Some(required) => !required,
            None => all.clone().next().is_none() && door.loopback,
        };
        let mut keys = HashMap::new();
        for key in all {
            // rule: mcphub-key-of-nobody -- a user's key ends with the user, whoever took him out of the settings.
            if key.owner.as_ref().is_some_and(|owner| owner.is_gone) {
                continue;
            }
            let digest = Digest::of(key.token.expose_secret());
            // Of two with one text the first counts.
            keys.entry(digest)
                .or_insert_with(|| compile(key, digest, groups));
        }
        Self {
            open,
            keys,
            users: BTreeMap::new(),
            issued: issued::Tokens::default(),
            outside: None,
            written,
        }
    }

    /// Whether `/mcp` asks for a key at all.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Lets a caller in at `/mcp`. With an open door a known key still narrows what its bearer reaches.
    pub fn admit(&self, presented: Option<&str>) -> Result<Caller, Denied> {
        self.admit_word(presented.map(Word::of))
    }

    /// As `admit`, at this path below the hub's address; a token that the hub gave counts, too.
    pub fn admit_at(
        &self,
        path: &str,
        presented: Option<&str>,
        now: SystemTime,
    ) -> Result<Caller, Denied> {
        let word = presented.map(Word::of);
        match word.and_then(|word| self.issued_as(word.digest, now)) {
            Some(issued) => issued.let_in(path),
            None => self.admit_word(word),
        }
    }

    fn admit_word(&self, presented: Option<Word>) -> Result<Caller, Denied> {
        match presented.and_then(|word| self.keys.get(&word.digest)) {
            Some(key) => Ok(key.caller.clone()),
            // rule: mcphub-token-over -- who comes with a token that is over is told so, also where nobody has to show anything.
            None if presented.is_some_and(|word| self.gave(word)) => Err(Denied::Unknown),
            None if self.open => Ok(Caller::anyone()),
            None if presented.is_some() => Err(Denied::Unknown),
            None => Err(Denied::Missing),
        }
    }

    /// Lets a key in at the REST API: only a system key that reaches everything.
    #[must_use]
    pub fn admit_to_api(&self, presented: &str) -> Option<Caller> {
        self.find(presented)
            .filter(|key| key.system && key.caller.may_use_everything())
            .map(|key| key.caller.clone())
    }

    /// Who was let in before, as these rules have it; `None`: they do not let him in any more.
    // rule: mcphub-key-taken-back -- what a key may not do any more, it may not do in sessions that are open either.
    #[must_use]
    pub fn again(&self, caller: &Caller) -> Option<Caller> {
        match &caller.shown {
            Shown::Nothing => self.open.then(Caller::anyone),
            Shown::Operator => Some(Caller::operator()),
            Shown::Key(digest) => {
                let same = self.keys.get(digest);
                let same = same.filter(|key| key.caller.identity == caller.identity);
                same.map(|key| key.caller.clone())
            }
            Shown::Issued(_) => self.issued_again(caller),
            Shown::Vouched(mark) => self.vouched_again(caller, mark),
            Shown::Login(password, until) => {
                let user = caller.user().filter(|_| self.open)?;
                let caller = self.user(user, *until).ok()?;
                matches!(&caller.shown, Shown::Login(now, _) if now == password).then_some(caller)
            }
            Shown::EyesOf(user, behind) => {
                let behind = self.again(behind)?;
                self.through_the_eyes_of(user, &behind).ok()
            }
        }
    }

    /// Whether this word opens the hub, or did, or may again: all that it gave, the keys of the settings, the secrets of its clients.
    #[must_use]
    pub fn is_of_hub(&self, presented: &str) -> bool {
        let word = Word::of(presented);
        self.written.contains(&word.digest) || self.gave(word)
    }

    /// Whether the hub gave this word, or one that looks like it, to anybody at any time.
    fn gave(&self, word: Word) -> bool {
        word.looks_given || self.issued.knows(word.digest)
    }

    /// Digests are compared, so the time taken says nothing about a stored key.
    fn find(&self, presented: &str) -> Option<&Compiled> {
        self.keys.get(&Digest::of(presented))
    }
}

/// What somebody presented, hashed once.
#[derive(Clone, Copy)]
struct Word {
    digest: Digest,
    /// It begins as the words do that the hub gives.
    looks_given: bool,
}

impl Word {
    fn of(presented: &str) -> Self {
        Self {
            digest: Digest::of(presented),
            looks_given: presented.starts_with(PREFIX),
        }
    }
}

fn compile(key: &Key, digest: Digest, groups: &[Group]) -> Compiled {
    let reach = reach(&key.access, key.owner.as_ref(), groups);
    Compiled {
        system: key.owner.is_none(),
        caller: Caller {
            identity: format!("key:{}", key.id).into(),
            user: key
                .owner
                .as_ref()
                .map(|owner| owner.username.as_str().into()),
            key: Some(Arc::new(KeyName::of(key))),
            reach: Arc::new(reach),
            shown: Shown::Key(digest),
        },
    }
}
