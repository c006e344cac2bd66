//! From the file and the environment to what is meant.
//!
//! Nothing here fails: what makes no sense becomes a `Problem`, and the rest works.

use std::cell::RefCell;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::check;
use crate::expand::{self, Rule, Wanted};
use crate::file::File;
use crate::forward_auth::{self, ForwardAuth};
use crate::group::Group;
use crate::issuer::{OAuthClient, OAuthServer, OAuthToken};
use crate::items::{Prompt, Resource};
use crate::problem::Problem;
use crate::reader::{Log, Reader};
use crate::sealed::{self, Keyless, Vault};
use crate::server::{Server, Servers};
use crate::system::{Install, Routing, System};
use crate::user::{BearerKey, User};

/// What a settings file means, in one environment.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub servers: Servers,
    pub groups: Vec<Group>,
    pub users: Vec<User>,
    pub bearer_keys: Vec<BearerKey>,
    pub prompts: Vec<Prompt>,
    pub resources: Vec<Resource>,
    pub routing: Routing,
    pub install: Install,
    /// Between a server's name and a tool's.
    pub name_separator: String,
    pub enable_session_rebuild: bool,
    /// How long a call waits for a person to sign in, where its server says nothing; zero: not at all.
    pub wait_for_sign_in: Option<Duration>,
    /// How the hub gives tokens to its own clients.
    pub oauth_server: OAuthServer,
    /// Whether another issuer's tokens say who comes.
    pub forward_auth: ForwardAuth,
    pub oauth_clients: Vec<OAuthClient>,
    pub oauth_tokens: Vec<OAuthToken>,
    /// All that a person should change, in the order of the file.
    pub problems: Vec<Problem>,
}

impl Settings {
    pub fn server(&self, name: &str) -> Option<&Server> {
        self.servers.get(name).map(AsRef::as_ref)
    }

    /// The hub's public address as the file says it, else as `INSTALL_BASE_URL` does.
    pub fn base_url(&self) -> Option<&str> {
        self.install.base_url.as_deref()
    }

    /// A group by its id or name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        let by_id = self.groups.iter().find(|group| group.id == name);
        by_id.or_else(|| self.groups.iter().find(|group| group.name == name))
    }
}

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Parts of the file that belong to features which we do not have yet.
const LATER: [&str; 1] = ["userConfigs"];

/// Reads the meaning of a file. `lookup` is the environment. What is sealed stays shut.
pub fn resolve(file: &File, lookup: Lookup<'_>) -> Settings {
    resolve_with(file, lookup, &Keyless)
}

/// Reads the meaning of a file in which secrets may be sealed. A server whose secrets do not open is broken.
pub fn resolve_with(file: &File, lookup: Lookup<'_>, vault: &dyn Vault) -> Settings {
    let log = Log::default();
    let top = Reader::new(file.document(), Vec::new(), &log);
    let users: Vec<User> = top
        .objects("users")
        .into_iter()
        .filter_map(User::read)
        .collect();
    let servers = servers(&top, &users, lookup, vault);
    let system = with_environment(system(&top, lookup), lookup, &log);
    let mut settings = Settings {
        servers,
        groups: top
            .objects("groups")
            .into_iter()
            .filter_map(Group::read)
            .collect(),
        bearer_keys: top
            .objects("bearerKeys")
            .into_iter()
            .filter_map(|key| BearerKey::read(key, &users))
            .collect(),
        users,
        prompts: top
            .objects("prompts")
            .into_iter()
            .filter_map(Prompt::read)
            .collect(),
        resources: top
            .objects("resources")
            .into_iter()
            .filter_map(Resource::read)
            .collect(),
        routing: system.routing,
        install: system.install,
        name_separator: system.name_separator,
        enable_session_rebuild: system.enable_session_rebuild,
        wait_for_sign_in: system.wait_for_sign_in,
        oauth_server: system.oauth_server,
        forward_auth: forward_auth::judge(system.forward_auth, &log),
        oauth_clients: top
            .objects("oauthClients")
            .into_iter()
            .filter_map(OAuthClient::read)
            .collect(),
        oauth_tokens: top
            .objects("oauthTokens")
            .into_iter()
            .filter_map(OAuthToken::read)
            .collect(),
        problems: Vec::new(),
    };
    top.finish_knowing(&LATER);
    settings.problems = log.into_problems();
    check::across(file, &mut settings);
    let places = file.places(
        settings
            .problems
            .iter()
            .map(|problem| problem.path.as_slice()),
    );
    for (problem, place) in settings.problems.iter_mut().zip(places) {
        problem.place = place;
    }
    settings
        .problems
        .sort_by_key(|problem| problem.place.map(|place| (place.line, place.column)));
    settings
}

/// What the environment says of the hub itself.
fn with_environment(mut system: System, lookup: Lookup<'_>, log: &Log) -> System {
    if system.install.base_url.is_none() {
        let address = lookup("INSTALL_BASE_URL").map(|text| text.trim().to_owned());
        system.install.base_url = address.filter(|address| !address.is_empty());
    }
    system.forward_auth = system.forward_auth.with_environment(lookup, log);
    system
}

fn servers(top: &Reader<'_>, users: &[User], lookup: Lookup<'_>, vault: &dyn Vault) -> Servers {
    let entries = match top.raw("mcpServers") {
        None => return Servers::default(),
        Some(Value::Object(entries)) => entries,
        Some(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_),
        ) => {
            let problem = Problem::broken(
                &["mcpServers".to_owned()],
                "must be an object, from name to server",
            );
            top.report(
                problem.cure("write `\"mcpServers\": { \"name\": { \"url\": \"https://...\" } }`"),
            );
            return Servers::default();
        }
    };
    let log = top.log();
    entries
        .iter()
        .map(|(name, entry)| {
            let mut entry = filled_in(name, entry, users, lookup, log);
            // After the placeholders: what was sealed is never looked at for any.
            let shut = sealed::open_entry(name, &mut entry, vault);
            Server::read(name, &entry, shut, log)
        })
        .collect()
}

/// A server's entry with its placeholders filled in: from its own `env` first, then, when its owner may, from the environment.
fn filled_in(name: &str, entry: &Value, users: &[User], lookup: Lookup<'_>, log: &Log) -> Value {
    let own = entry.get("env").and_then(Value::as_object);
    let trusted = entry
        .get("owner")
        .and_then(Value::as_str)
        .is_none_or(|owner| may_read_environment(owner, users));
    let templated = entry
        .get("credentialTemplate")
        .and_then(Value::as_array)
        .is_some_and(|slots| !slots.is_empty());
    let rule = move |path: &[String]| match path.first().map(String::as_str) {
        Some("env" | "headers") if templated => Rule::Literal,
        _ => expand::rule_for(path),
    };
    let mut lookup = |wanted: Wanted<'_>, path: &[String]| {
        let variable = wanted.name;
        let in_env = path.first().is_some_and(|key| key == "env");
        let found = match own
            .filter(|_| !in_env)
            .and_then(|own| scalar(own, variable))
        {
            Some(written) => Some(expand::text(&written, Rule::Anywhere, &mut |inner| {
                trusted.then(|| lookup(inner.name)).flatten()
            })),
            None => trusted.then(|| lookup(variable)).flatten(),
        };
        if found.is_none() && !wanted.optional {
            log.add(unset(name, path, variable, trusted));
        }
        found
    };
    expand::value(entry, &mut Vec::new(), &rule, &mut lookup)
}

fn scalar(own: &Map<String, Value>, variable: &str) -> Option<String> {
    match own.get(variable)? {
        Value::String(text) => Some(text.clone()),
        number @ (Value::Number(_) | Value::Bool(_)) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The environment holds the hub's own secrets: a server of an ordinary user must not read it.
fn may_read_environment(owner: &str, users: &[User]) -> bool {
    owner.is_empty()
        || owner == "admin"
        || users
            .iter()
            .any(|user| user.username == owner && user.is_admin)
}

fn unset(server: &str, path: &[String], variable: &str, trusted: bool) -> Problem {
    let mut full = vec!["mcpServers".to_owned(), server.to_owned()];
    full.extend_from_slice(path);
    if trusted {
        let problem = Problem::warning(
            &full,
            format!("the environment variable `{variable}` is not set"),
        );
        problem.cure(format!(
            "set it before the hub starts, or write `${{{variable}:-default}}`"
        ))
    } else {
        let problem = Problem::warning(
            &full,
            format!("`{variable}` is not in the server's own `env`"),
        );
        problem.cure("only servers of an admin read the hub's environment")
    }
}

fn system(top: &Reader<'_>, lookup: Lookup<'_>) -> System {
    let Some(written) = top.raw("systemConfig") else {
        return System::default();
    };
    let missing = RefCell::new(Vec::new());
    let mut lookup = |wanted: Wanted<'_>, path: &[String]| {
        let variable = wanted.name;
        let found = lookup(variable);
        if found.is_none() && !wanted.optional {
            missing
                .borrow_mut()
                .push((path.to_vec(), variable.to_owned()));
        }
        found
    };
    let filled = expand::value(
        written,
        &mut vec!["systemConfig".to_owned()],
        &|_| Rule::Anywhere,
        &mut lookup,
    );
    for (path, variable) in missing.into_inner() {
        top.report(Problem::warning(
            &path,
            format!("the environment variable `{variable}` is not set"),
        ));
    }
    let Value::Object(object) = &filled else {
        top.report(Problem::warning(
            &["systemConfig".to_owned()],
            "must be an object, and was ignored",
        ));
        return System::default();
    };
    System::read(Reader::new(
        object,
        vec!["systemConfig".to_owned()],
        top.log(),
    ))
}
