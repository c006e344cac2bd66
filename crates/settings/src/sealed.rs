//! Secrets that stand sealed in the file: which values those are, what each is bound to, and how they come and go.
//!
//! `sealed:v1:...` stands where the secret stood. How it is sealed is the business of whoever has the key (`Vault`); here is
//! where. A sealed value is bound to its server, its key in the file and the authorization server that it came from (with the
//! addresses that it is sent to), so that one that was moved, or whose companions were changed, does not open.
//! Keys of the hub itself (`bearerKeys`, password hashes of `users`) are not sealed.

mod change;

use serde_json::{Map, Value, json};

use crate::expand;
use crate::file::File;
use crate::problem::Problem;

pub use change::{Converted, seal_all, unseal_all};
pub(crate) use change::{reseal, would_lose};

/// What a sealed value begins with.
pub const PREFIX: &str = "sealed:v1:";

/// Seals and opens single values.
pub trait Vault {
    /// Whether there is a key to seal with.
    fn has_key(&self) -> bool;

    /// The sealed text, from its prefix on; none without a key.
    fn seal(&self, binding: &Binding, plain: &str) -> Option<String>;

    /// # Errors
    /// When it cannot be opened here.
    fn open(&self, binding: &Binding, sealed: &str) -> Result<String, Shut>;
}

/// What a sealed value belongs to, as an unambiguous text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding(String);

/// Why a sealed value does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Shut {
    #[error("it is sealed, and the hub has no key")]
    NoKey,
    #[error("it was sealed with another key than the hub's")]
    OtherKey,
    #[error("it was changed, or belongs to another place, server or authorization server")]
    Foreign,
}

/// For whoever has no key: seals nothing and opens nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keyless;

/// Takes every sealed value for a good one, to judge what stands around it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Supposed;

impl Binding {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `inside` is the path below the server's entry.
    fn of(server: &str, entry: &Value, inside: &[String]) -> Self {
        let from = came_from(entry, inside);
        Self(json!(["mcphub", server, inside, from]).to_string())
    }
}

impl Shut {
    pub(crate) fn cure(self) -> &'static str {
        match self {
            Self::NoKey => {
                "start the hub with MCPHUB_CREDENTIAL_ENCRYPTION_KEY, or take the sealed values out and sign in again"
            }
            Self::OtherKey => {
                "start the hub with the key that sealed it, or take the sealed values out and sign in again"
            }
            Self::Foreign => {
                "put back what belongs to it, or take the sealed values out and sign in again"
            }
        }
    }
}

impl Vault for Keyless {
    fn has_key(&self) -> bool {
        false
    }

    fn seal(&self, _: &Binding, _: &str) -> Option<String> {
        None
    }

    fn open(&self, _: &Binding, _: &str) -> Result<String, Shut> {
        Err(Shut::NoKey)
    }
}

impl Vault for Supposed {
    fn has_key(&self) -> bool {
        false
    }

    fn seal(&self, _: &Binding, _: &str) -> Option<String> {
        None
    }

    fn open(&self, _: &Binding, sealed: &str) -> Result<String, Shut> {
        Ok(sealed.to_owned())
    }
}

/// Opens what is sealed in a server's entry, in place. What does not open is taken out, so that nobody sends it as it is;
/// the first of them is the entry's problem.
pub(crate) fn open_entry(server: &str, entry: &mut Value, vault: &dyn Vault) -> Option<Problem> {
    let mut shut = None;
    for (inside, sealed) in sealed_in(entry) {
        let opened = vault.open(&Binding::of(server, entry, &inside), &sealed);
        // Bindings read only what is never sealed, so the order makes no difference.
        if let Err(why) = &opened {
            let mut path = vec!["mcpServers".to_owned(), server.to_owned()];
            path.extend_from_slice(&inside);
            let problem = Problem::broken(&path, format!("cannot be opened: {why}"));
            shut.get_or_insert(problem.cure(why.cure()));
        }
        put(entry, &inside, opened.ok());
    }
    shut
}

/// A server's entry as it is written, with what is sealed opened; what does not open is left out.
#[must_use]
pub fn opened(server: &str, entry: &Value, vault: &dyn Vault) -> Value {
    let mut entry = entry.clone();
    // Whoever resolves the settings says what does not open.
    let _shut = open_entry(server, &mut entry, vault);
    entry
}

/// The sealed values of an entry, with their paths below it.
fn sealed_in(entry: &Value) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    walk(entry, &mut |inside, text| {
        if text.starts_with(PREFIX) {
            found.push((inside.to_vec(), text.to_owned()));
        }
    });
    found
}

/// All texts in the parts of an entry where secrets may stand.
fn walk(entry: &Value, found: &mut dyn FnMut(&[String], &str)) {
    for part in ["oauth", "headers", "env", "proxy"] {
        if let Some(value) = entry.get(part) {
            texts(value, &mut vec![part.to_owned()], found);
        }
    }
}

fn texts(value: &Value, path: &mut Vec<String>, found: &mut dyn FnMut(&[String], &str)) {
    let mut inner = |key: String, value: &Value| {
        path.push(key);
        texts(value, path, found);
        path.pop();
    };
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                inner(key.clone(), value);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                inner(index.to_string(), value);
            }
        }
        Value::String(text) => found(path, text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether what stands at this path below a server is a secret that may be sealed. A placeholder is none.
fn is_secret(inside: &[String], text: &str) -> bool {
    let pending = inside.iter().any(|key| key == "pendingAuthorization");
    let named = inside.last().is_some_and(|key| {
        let key: String = key
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        let always = [
            "token",
            "secret",
            "password",
            "passwd",
            "apikey",
            "privatekey",
            "authorization",
            "cookie",
            "verifier",
            "assertion",
        ];
        let outside = ["key", "credential", "credentials", "pat"];
        let own = inside.first().is_some_and(|part| part != "oauth");
        always.iter().any(|ending| key.ends_with(ending))
            || own && outside.iter().any(|ending| key.ends_with(ending))
            || pending && matches!(key.as_str(), "state" | "authorizationurl" | "devicecode")
    });
    named && !text.is_empty() && !expand::is_live(text, expand::rule_for(inside))
}

/// Where a value of `oauth` came from and where it will be sent: what stands beside it says so.
fn came_from(entry: &Value, inside: &[String]) -> Value {
    let keys: Vec<&str> = inside.iter().map(String::as_str).collect();
    let (holder, rest) = match keys.as_slice() {
        ["oauth", "users", user, rest @ ..] => (
            entry
                .pointer("/oauth/users")
                .and_then(|users| users.get(*user)),
            rest,
        ),
        ["oauth", rest @ ..] => (entry.get("oauth"), rest),
        _ => return Value::Null,
    };
    let of = |record: &str, keys: &[&str]| {
        let record = holder.and_then(|holder| holder.get(record));
        let said = keys
            .iter()
            .map(|key| record.and_then(|record| record.get(*key)).cloned());
        Value::Array(said.map(Option::unwrap_or_default).collect())
    };
    match rest {
        ["accessToken" | "refreshToken"] | ["grant", ..] => {
            of("grant", &["issuer", "tokenEndpoint", "server"])
        }
        ["clientSecret"] | ["registration", ..] => of("registration", &["issuer", "managementUri"]),
        ["pendingAuthorization", ..] => of(
            "pendingAuthorization",
            &["issuer", "tokenEndpoint", "server"],
        ),
        _ => Value::Null,
    }
}

/// Writes a text at a path that is there, or takes it out.
fn put(entry: &mut Value, inside: &[String], text: Option<String>) {
    let Some((last, way)) = inside.split_last() else {
        return;
    };
    let holder = way.iter().try_fold(entry, |at, key| match at {
        Value::Object(object) => object.get_mut(key),
        Value::Array(list) => list.get_mut(key.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    });
    match (holder, text) {
        (Some(Value::Object(object)), Some(text)) => {
            object.insert(last.clone(), Value::String(text));
        }
        (Some(Value::Object(object)), None) => _ = object.shift_remove(last),
        (Some(Value::Array(list)), text) => {
            if let Some(place) = last.parse().ok().and_then(|at: usize| list.get_mut(at)) {
                *place = text.map_or(Value::Null, Value::String);
            }
        }
        (Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None, _) => {}
    }
}

/// The entries of all servers.
fn entries(file: &File) -> impl Iterator<Item = (&String, &Value)> {
    let servers = file.document().get("mcpServers").and_then(Value::as_object);
    servers.into_iter().flat_map(Map::iter)
}
