//! `mcphub keys`: the bearer keys that clients of `/mcp` send.

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::Desk;
use crate::failure::Failure;
use crate::output::table;

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// All keys, and what each opens (also without a word)
    List,
    /// Make a key, and show it this once
    Create {
        name: String,
        /// What it opens; else as the lists say, and everything without any
        #[arg(long, value_enum)]
        access_type: Option<Access>,
        /// The groups that it opens, with commas between
        #[arg(long, value_name = "GROUP,GROUP", value_delimiter = ',')]
        groups: Vec<String>,
        /// The servers that it opens, with commas between
        #[arg(long, value_name = "SERVER,SERVER", value_delimiter = ',')]
        servers: Vec<String>,
    },
    /// End a key, by its id or its name
    Delete { key: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Access {
    All,
    Groups,
    Servers,
    Custom,
}

/// Until then the door was open to whoever sits at this machine.
const FIRST: &str = "It is the first one: clients that send none are turned away from now on. `mcphub connect <client>` writes one into a client's configuration.";

impl Access {
    fn of(groups: &[String], servers: &[String]) -> Self {
        match (groups.is_empty(), servers.is_empty()) {
            (true, true) => Self::All,
            (false, true) => Self::Groups,
            (true, false) => Self::Servers,
            (false, false) => Self::Custom,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Groups => "groups",
            Self::Servers => "servers",
            Self::Custom => "custom",
        }
    }
}

pub(crate) async fn run(desk: &Desk, wanted: Option<Keys>) -> Result<(), Failure> {
    match wanted.unwrap_or(Keys::List) {
        Keys::List => list(desk).await,
        Keys::Create {
            name,
            access_type,
            groups,
            servers,
        } => {
            let access = Access::of(&groups, &servers);
            if access_type.is_some_and(|wished| wished != access) {
                let wished = access_type.unwrap_or(access).word();
                return Err(Failure::usage(format!(
                    "a key for `{wished}` does not fit the groups and servers that are named"
                ))
                .cure("name groups with --groups, servers with --servers, both for `custom`, none for `all`"));
            }
            let key = json!({ "name": name, "accessType": access.word(), "allowedGroups": groups, "allowedServers": servers });
            let first = all(&desk.hub.keys().await?).is_empty();
            let told = desk.hub.create_key(&key).await?;
            let token = told["token"].as_str().unwrap_or_default();
            desk.output.line(token);
            desk.output
                .line("This is the only time that it is shown. Clients send it as `Authorization: Bearer <key>`.");
            if first {
                desk.output.line(FIRST);
            }
            desk.output.result(&told);
            Ok(())
        }
        Keys::Delete { key } => delete(desk, &key).await,
    }
}

fn all(told: &Value) -> &[Value] {
    told.as_array().map(Vec::as_slice).unwrap_or_default()
}

async fn list(desk: &Desk) -> Result<(), Failure> {
    let told = desk.hub.keys().await?;
    if all(&told).is_empty() {
        desk.output.line("no keys yet:  mcphub keys create <name>");
    }
    for line in table(&all(&told).iter().map(row).collect::<Vec<_>>()) {
        desk.output.line(line);
    }
    desk.output.result(&told);
    Ok(())
}

fn row(key: &Value) -> Vec<String> {
    let text = |name: &str| key[name].as_str().unwrap_or_default().to_owned();
    let list = |name: &str| {
        let members = all(&key[name]).iter().filter_map(Value::as_str);
        members.collect::<Vec<_>>().join(", ")
    };
    let opens = match (key["kind"].as_str(), key["accessType"].as_str()) {
        (Some("user"), _) => format!("what {} sees", text("owner")),
        (_, Some("groups")) => format!("groups {}", list("allowedGroups")),
        (_, Some("servers")) => format!("servers {}", list("allowedServers")),
        (_, Some("custom")) => {
            let (groups, servers) = (list("allowedGroups"), list("allowedServers"));
            format!("groups {groups}; servers {servers}")
        }
        (_, Some(_) | None) => "everything".to_owned(),
    };
    let off = if key["enabled"] == false {
        ", switched off"
    } else {
        ""
    };
    vec![
        text("id"),
        text("name"),
        text("token"),
        format!("{opens}{off}"),
    ]
}

/// A name that several keys have ends none of them.
async fn delete(desk: &Desk, wanted: &str) -> Result<(), Failure> {
    let told = desk.hub.keys().await?;
    let named: Vec<&Value> = all(&told)
        .iter()
        .filter(|key| key["name"] == wanted)
        .collect();
    let id = match named.as_slice() {
        _ if all(&told).iter().any(|key| key["id"] == wanted) => wanted,
        [one] => one["id"].as_str().unwrap_or(wanted),
        [] => wanted,
        several => {
            let count = several.len();
            return Err(Failure::usage(format!("{count} keys are named {wanted}"))
                .cure("name the one by its id; `mcphub keys` lists them"));
        }
    };
    let told = desk.hub.delete_key(id).await?;
    desk.output.result(&told);
    desk.output.line(format!("{wanted} opens nothing any more"));
    Ok(())
}
