//! `mcphub tools`: the tools of all servers, under the names that clients of `/mcp` see, and one of them in full.

use clap::Subcommand;
use serde_json::Value;

use super::Desk;
use crate::failure::Failure;
use crate::output::table;

/// A description is cut after so many letters; `get` shows it whole.
const LONGEST: usize = 80;

#[derive(Debug, Subcommand)]
pub(crate) enum Tools {
    /// All tools (also without a word)
    List {
        /// Only of this server
        #[arg(long)]
        server: Option<String>,
        /// With the schema of what each takes
        #[arg(long)]
        schema: bool,
        /// Without those that are switched off
        #[arg(long)]
        enabled_only: bool,
    },
    /// One tool as its server describes it
    Get {
        server: String,
        /// Its name, with or without the server's before it
        tool: String,
    },
}

pub(crate) async fn run(desk: &Desk, wanted: Option<Tools>) -> Result<(), Failure> {
    let all = Tools::List {
        server: None,
        schema: false,
        enabled_only: false,
    };
    match wanted.unwrap_or(all) {
        Tools::List {
            server,
            schema,
            enabled_only,
        } => list(desk, server.as_deref(), schema, enabled_only).await,
        Tools::Get { server, tool } => get(desk, &server, &tool).await,
    }
}

async fn list(
    desk: &Desk,
    only: Option<&str>,
    schema: bool,
    enabled_only: bool,
) -> Result<(), Failure> {
    let servers = match only {
        Some(name) => vec![desk.hub.server_as_told(name).await?],
        None => listed(desk.hub.servers().await?),
    };
    let mut found = Vec::new();
    let mut rows = Vec::new();
    for server in servers {
        for mut tool in listed(server["tools"].clone()) {
            let off = tool["enabled"] == false;
            if off && enabled_only {
                continue;
            }
            tool["server"] = server["name"].clone();
            rows.push((row(&tool, off), format!("{:#}", tool["inputSchema"])));
            if !schema && let Some(tool) = tool.as_object_mut() {
                tool.shift_remove("inputSchema");
                tool.shift_remove("outputSchema");
            }
            found.push(tool);
        }
    }
    if rows.is_empty() {
        desk.output
            .line("no tools; `mcphub servers` tells which servers are connected");
    }
    let lines = table(&rows.iter().map(|(row, _)| row.clone()).collect::<Vec<_>>());
    for (line, (_, takes)) in lines.iter().zip(&rows) {
        desk.output.line(line);
        if schema {
            desk.output.line(takes);
        }
    }
    desk.output.result(&found.into());
    Ok(())
}

fn listed(told: Value) -> Vec<Value> {
    match told {
        Value::Array(list) => list,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Vec::new()
        }
    }
}

fn row(tool: &Value, off: bool) -> Vec<String> {
    let text = |key: &str| tool[key].as_str().unwrap_or_default();
    let first = text("description").lines().next().unwrap_or_default();
    let mut shown: String = first.chars().take(LONGEST).collect();
    if shown.len() < first.len() {
        shown.push_str("...");
    }
    if off {
        shown = format!("(switched off) {shown}");
    }
    vec![text("server").to_owned(), text("name").to_owned(), shown]
}

async fn get(desk: &Desk, server: &str, tool: &str) -> Result<(), Failure> {
    let told = desk.hub.server_as_told(server).await?;
    // Which separator stands behind the server's name is the hub's affair; letters are no part of it.
    let is_it = |it: &&Value| {
        let name = it["name"].as_str().unwrap_or_default();
        let bare = name
            .strip_prefix(server)
            .and_then(|rest| rest.strip_suffix(tool));
        name == tool || bare.is_some_and(|between| !between.chars().any(char::is_alphanumeric))
    };
    let tools = listed(told["tools"].clone());
    let found = tools.iter().find(|it| it["name"] == tool);
    let found = found.or_else(|| tools.iter().find(is_it));
    let found = found.ok_or_else(|| {
        Failure::api(format!("{server} has no tool named {tool}")).cure(format!(
            "mcphub tools list --server {}",
            hub::explained::quoted(server)
        ))
    })?;
    desk.output.value(found);
    Ok(())
}
