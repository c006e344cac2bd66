//! Servers: how to reach each one, what of it is shown, and how it may behave.
//!
//! An entry that makes no sense keeps its place: its `transport` is the problem, so that the hub can show it beside the others.

mod passed_on;
mod transport;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::group::Sharing;
use crate::oauth::OAuth;
use crate::problem::Problem;
use crate::reader::{Log, Reader};
use crate::secret::Secret;

pub use passed_on::may_be_passed_on;
pub use transport::{Prefer, Transport};

#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    pub name: String,
    pub enabled: bool,
    pub description: Option<String>,
    /// How to reach it, or why that cannot be told.
    pub transport: Result<Transport, Problem>,
    pub sharing: Sharing,
    pub created_at: Option<String>,
    pub oauth: OAuth,
    pub tools: Toggles,
    pub prompts: Toggles,
    /// By URI.
    pub resources: Toggles,
    pub options: Options,
    /// Names of headers of a client's request that are passed on.
    pub passthrough_headers: Vec<String>,
    /// What each user fills in.
    pub credential_template: Vec<CredentialSlot>,
    /// One connection for each session of a client.
    pub per_session: bool,
    /// Between signs of life; absent: none are sent.
    pub keep_alive: Option<Duration>,
    pub start_on_demand: bool,
    /// How long a process that was started on demand may idle.
    pub idle_timeout: Option<Duration>,
    pub proxy: Option<Proxy>,
    /// PEM file with further certificate authorities.
    pub ca_file: Option<String>,
    /// Addresses inside private networks may be contacted on this server's behalf.
    pub allow_private_network: bool,
}

/// What is switched off or described anew, by the item's name, bare or with the server's prefix.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Toggles(pub Vec<Toggle>);

#[derive(Clone, Debug, PartialEq)]
pub struct Toggle {
    pub item: String,
    pub enabled: bool,
    pub description: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// For one request; absent: the hub's usual one.
    pub timeout: Option<Duration>,
    pub reset_timeout_on_progress: bool,
    pub max_total_timeout: Option<Duration>,
    /// Bytes of one message, for stdio.
    pub max_buffer_size: Option<u64>,
    /// How long a call waits for a person to sign in; zero: not at all.
    pub wait_for_sign_in: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CredentialSlot {
    pub target: CredentialTarget,
    pub name: String,
    pub label: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialTarget {
    Env,
    Headers,
}

/// proxychains for a stdio server.
#[derive(Clone, Debug, PartialEq)]
pub struct Proxy {
    pub enabled: bool,
    /// `socks4`, `socks5` or `http`.
    pub kind: String,
    pub host: Option<String>,
    pub port: Option<u64>,
    pub username: Option<String>,
    pub password: Option<Secret>,
    pub config_path: Option<String>,
}

/// All servers, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Servers {
    list: Vec<Arc<Server>>,
    places: HashMap<String, usize>,
}

impl Servers {
    pub fn get(&self, name: &str) -> Option<&Arc<Server>> {
        self.places.get(name).map(|place| &self.list[*place])
    }

    pub fn contains(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Arc<Server>> {
        self.list.iter()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|server| server.name.as_str())
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl FromIterator<Server> for Servers {
    fn from_iter<I: IntoIterator<Item = Server>>(servers: I) -> Self {
        let list: Vec<Arc<Server>> = servers.into_iter().map(Arc::new).collect();
        let places = list
            .iter()
            .enumerate()
            .map(|(place, server)| (server.name.clone(), place))
            .collect();
        Self { list, places }
    }
}

impl<'a> IntoIterator for &'a Servers {
    type Item = &'a Arc<Server>;
    type IntoIter = std::slice::Iter<'a, Arc<Server>>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl Toggles {
    /// The entry for an item: under its bare name, or with the server's name and the separator before it.
    pub fn of(&self, item: &str, server: &str, separator: &str) -> Option<&Toggle> {
        let bare = |key: &str| {
            key.strip_prefix(server)?
                .strip_prefix(separator)
                .map(|rest| rest == item)
        };
        let exact = self.0.iter().find(|toggle| toggle.item == item);
        exact.or_else(|| {
            self.0
                .iter()
                .find(|toggle| bare(&toggle.item) == Some(true))
        })
    }

    fn read(reader: &Reader<'_>, key: &'static str) -> Self {
        let Some(items) = reader.object(key) else {
            return Self::default();
        };
        Self(
            items
                .children()
                .into_iter()
                .map(|(item, reader)| Toggle::read(item, reader))
                .collect(),
        )
    }
}

impl Toggle {
    fn read(item: String, reader: Reader<'_>) -> Self {
        // Somebody may have switched it off: what cannot be read is off.
        let enabled = reader.raw("enabled").is_none() || reader.flag("enabled").unwrap_or(false);
        let toggle = Self {
            item,
            enabled,
            description: reader.text("description"),
        };
        reader.finish();
        toggle
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: None,
            reset_timeout_on_progress: true,
            max_total_timeout: None,
            max_buffer_size: None,
            wait_for_sign_in: None,
        }
    }
}

impl Options {
    fn read(reader: Reader<'_>) -> Self {
        let options = Self {
            timeout: reader
                .milliseconds("timeout")
                .filter(|timeout| !timeout.is_zero()),
            reset_timeout_on_progress: reader.flag("resetTimeoutOnProgress").unwrap_or(true),
            max_total_timeout: reader
                .milliseconds("maxTotalTimeout")
                .filter(|timeout| !timeout.is_zero()),
            max_buffer_size: reader.number("maxBufferSize").filter(|bytes| *bytes > 0),
            wait_for_sign_in: reader.milliseconds("waitForSignIn"),
        };
        reader.finish_knowing(&["startOnDemand", "idleTimeoutMs"]);
        options
    }
}

impl Server {
    /// `value` has its placeholders filled in and its secrets opened; `shut` is why some of them are not.
    pub(crate) fn read(name: &str, value: &Value, shut: Option<Problem>, log: &Log) -> Self {
        let path = vec!["mcpServers".to_owned(), name.to_owned()];
        let empty = serde_json::Map::new();
        let reader = Reader::new(value.as_object().unwrap_or(&empty), path, log);
        let transport = match value {
            Value::Object(_) => Transport::read(&reader),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => {
                let problem = Problem::broken(reader.path(), "a server must be an object");
                Err(problem
                    .cure("write `{ \"url\": \"https://...\" }` or `{ \"command\": \"...\" }`"))
            }
        };
        let server = Self::parts(
            name,
            &reader,
            transport
                .and_then(|transport| fits(&reader, transport))
                .and_then(|transport| shut.map_or(Ok(transport), Err)),
        );
        if let Err(problem) = &server.transport {
            reader.report(problem.clone());
        }
        reader.finish_knowing(&transport::KEYS);
        server
    }

    fn parts(name: &str, reader: &Reader<'_>, transport: Result<Transport, Problem>) -> Self {
        let keep_alive = reader
            .milliseconds("keepAliveInterval")
            .unwrap_or(Duration::from_secs(60));
        Self {
            name: name.to_owned(),
            enabled: reader.flag("enabled").unwrap_or(true),
            description: reader.text("description"),
            transport,
            sharing: Sharing::read(reader),
            created_at: reader
                .raw("createdAt")
                .and_then(Value::as_str)
                .map(str::to_owned),
            oauth: reader.object("oauth").map(OAuth::read).unwrap_or_default(),
            tools: Toggles::read(reader, "tools"),
            prompts: Toggles::read(reader, "prompts"),
            resources: Toggles::read(reader, "resources"),
            options: reader
                .object("options")
                .map(Options::read)
                .unwrap_or_default(),
            passthrough_headers: reader.texts("passthroughHeaders").unwrap_or_default(),
            credential_template: reader
                .objects("credentialTemplate")
                .into_iter()
                .filter_map(slot)
                .collect(),
            per_session: reader.flag("perSessionClient").unwrap_or(false),
            keep_alive: reader
                .flag("enableKeepAlive")
                .unwrap_or(false)
                .then_some(keep_alive),
            start_on_demand: reader.flag("startOnDemand").unwrap_or(false),
            idle_timeout: reader.milliseconds("idleTimeoutMs"),
            proxy: reader.object("proxy").map(Proxy::read),
            ca_file: reader.text("caFile"),
            allow_private_network: reader.flag("allowPrivateNetwork").unwrap_or(false),
        }
    }
}

impl Proxy {
    fn read(reader: Reader<'_>) -> Self {
        let kinds = [("socks4", "socks4"), ("socks5", "socks5"), ("http", "http")];
        let proxy = Self {
            enabled: reader.flag("enabled").unwrap_or(false),
            kind: reader.choice("type", &kinds).unwrap_or("socks5").to_owned(),
            host: reader.text("host"),
            port: reader.number("port"),
            username: reader.text("username"),
            password: reader.secret("password"),
            config_path: reader.text("configPath"),
        };
        reader.finish();
        proxy
    }
}

/// Combinations that contradict each other.
fn fits(reader: &Reader<'_>, transport: Transport) -> Result<Transport, Problem> {
    let slots = reader
        .raw("credentialTemplate")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    if slots > 32 {
        let path = reader.path_to("credentialTemplate");
        return Err(Problem::broken(
            &path,
            format!("has {slots} entries, and 32 is the most"),
        ));
    }
    if slots > 0 && reader.raw("oauth").is_some() {
        let path = reader.path_to("credentialTemplate");
        return Err(
            Problem::broken(&path, "cannot be combined with `oauth`").cure("remove one of the two")
        );
    }
    Ok(transport)
}

fn slot(reader: Reader<'_>) -> Option<CredentialSlot> {
    let target = reader.choice(
        "target",
        &[
            ("env", CredentialTarget::Env),
            ("headers", CredentialTarget::Headers),
        ],
    );
    let name = reader.text("name");
    if target.is_none() || name.is_none() {
        let problem = Problem::warning(
            reader.path(),
            "needs a `target` and a `name`, and was left out",
        );
        reader.report(problem);
    }
    let slot = target.zip(name).map(|(target, name)| CredentialSlot {
        target,
        name,
        label: reader.text("label"),
    });
    reader.finish_knowing(&["label"]);
    slot
}
