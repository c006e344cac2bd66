//! `mcphub groups`: named subsets of servers, each served at `/mcp/{group}`.

use clap::Subcommand;
use hub::explained::quoted;
use serde_json::{Value, json};

use super::Desk;
use crate::failure::Failure;
use crate::output::table;

#[derive(Debug, Subcommand)]
pub(crate) enum Groups {
    /// All groups and their servers (also without a word)
    List,
    /// Make a group
    Add {
        name: String,
        #[arg(long)]
        description: Option<String>,
        /// Its servers, with commas between
        #[arg(long, value_name = "SERVER,SERVER", value_delimiter = ',')]
        servers: Vec<String>,
    },
    /// Put a server into a group
    AddServer { group: String, server: String },
    /// Take a server out of a group
    RemoveServer { group: String, server: String },
    /// Delete a group; its servers stay
    Remove { group: String },
}

pub(crate) async fn run(desk: &Desk, wanted: Option<Groups>) -> Result<(), Failure> {
    let hub = &desk.hub;
    let (told, words) = match wanted.unwrap_or(Groups::List) {
        Groups::List => return list(desk).await,
        Groups::Add {
            name,
            description,
            servers,
        } => {
            let mut group = json!({ "name": name, "servers": servers });
            if let Some(text) = description {
                group["description"] = text.into();
            }
            let told = hub.add_group(&group).await?;
            let place = hub.endpoint(Some(&name));
            (told, format!("{name} is made; clients find it at {place}"))
        }
        Groups::AddServer { group, server } => {
            let told = hub.add_to_group(&group, &server).await?;
            (told, format!("{server} is in {group}"))
        }
        Groups::RemoveServer { group, server } => (
            hub.remove_from_group(&group, &server).await?,
            format!("{server} is no longer in {group}"),
        ),
        Groups::Remove { group } => (
            hub.remove_group(&group).await?,
            format!("{group} is deleted; its servers stay"),
        ),
    };
    desk.output.result(&told);
    desk.output.line(words);
    Ok(())
}

async fn list(desk: &Desk) -> Result<(), Failure> {
    let told = desk.hub.groups().await?;
    let groups = told.as_array().map(Vec::as_slice).unwrap_or_default();
    if groups.is_empty() {
        desk.output
            .line("no groups yet:  mcphub groups add <name> --servers <server>,<server>");
    }
    for line in table(&groups.iter().map(row).collect::<Vec<_>>()) {
        desk.output.line(line);
    }
    desk.output.result(&told);
    Ok(())
}

fn row(group: &Value) -> Vec<String> {
    let name = group["name"].as_str().or(group["id"].as_str());
    let members = group["servers"].as_array().into_iter().flatten();
    let members = members.filter_map(|member| member.as_str().or(member["name"].as_str()));
    let members: Vec<String> = members.map(quoted).collect();
    let description = group["description"].as_str().unwrap_or_default();
    vec![
        quoted(name.unwrap_or_default()),
        members.join(", "),
        description.to_owned(),
    ]
}
