//! `mcphub servers`: what is connected, what wants something, and what to do; and the small changes to one server.

use clap::Subcommand;
use serde_json::Value;

use super::Desk;
use super::all_sign_ins::is_by_link;
use super::serve::beside::many_wait;
use crate::failure::Failure;
use crate::output::table;
use crate::rest::shape::Server;

/// Said where there is nothing to list.
pub(super) const NONE_YET: &str = "no servers yet:  mcphub add https://mcp.linear.app/mcp";

#[derive(Debug, Subcommand)]
pub(crate) enum Servers {
    /// All servers and their states (also without a word)
    List,
    /// One server as the API tells it
    Get { name: String },
    /// Take a server out of the settings
    Remove { name: String },
    /// Connect to a server anew
    Reload { name: String },
    /// Switch a server on when it is off, and off when it is on
    Toggle {
        name: String,
        /// Switch it on, whatever it is now (`--on false`: off)
        #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
        on: Option<bool>,
        /// Switch it off, whatever it is now
        #[arg(long, conflicts_with = "on")]
        off: bool,
    },
}

pub(crate) async fn run(desk: &Desk, wanted: Option<Servers>) -> Result<(), Failure> {
    match wanted.unwrap_or(Servers::List) {
        Servers::List => list(desk).await,
        Servers::Get { name } => {
            let told = desk.hub.server_as_told(&name).await?;
            desk.output.value(&told);
            Ok(())
        }
        Servers::Remove { name } => done(
            desk,
            &desk.hub.remove(&name).await?,
            &format!("{name} is removed from the settings"),
        ),
        Servers::Reload { name } => done(
            desk,
            &desk.hub.reload(&name).await?,
            &format!("{name} is being connected anew; `mcphub servers` tells how it goes"),
        ),
        Servers::Toggle { name, on, off } => {
            let on = match on {
                Some(on) => on,
                None if off => false,
                None => desk.hub.server(&name).await?.status == "disabled",
            };
            let now = if on { "on" } else { "off" };
            done(
                desk,
                &desk.hub.toggle(&name, on).await?,
                &format!("{name} is switched {now}"),
            )
        }
    }
}

fn done(desk: &Desk, told: &Value, words: &str) -> Result<(), Failure> {
    desk.output.result(told);
    desk.output.line(words);
    Ok(())
}

async fn list(desk: &Desk) -> Result<(), Failure> {
    let mut answer = desk.hub.servers_and_trouble().await?;
    if let Some(trouble) = answer["trouble"].as_str() {
        desk.output.progress(format!("trouble: {trouble}"));
    }
    let told = answer["data"].take();
    desk.output.result(&told);
    let servers = Server::read_all(&told)?;
    if servers.is_empty() {
        desk.output.line(NONE_YET);
    }
    for line in table(&rows(desk, &servers)) {
        desk.output.line(line);
    }
    let waiting = servers.iter().filter(|server| is_by_link(server)).count();
    if let Some(line) = many_wait(waiting, desk.hub.address()) {
        desk.output.line(line);
    }
    Ok(())
}

fn rows(desk: &Desk, servers: &[Server]) -> Vec<Vec<String>> {
    let hub = desk.hub.address();
    servers.iter().map(|server| row(server, hub)).collect()
}

/// Name, state, and either what it offers or why not and what to do.
pub(super) fn row(server: &Server, hub: &str) -> Vec<String> {
    let more = if server.is_connected() {
        let count = server.tools.len();
        format!("{count} {}", if count == 1 { "tool" } else { "tools" })
    } else {
        let why = server.why().map(str::to_owned);
        [why, server.cure(hub)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("; ")
    };
    vec![server.name.clone(), server.words().to_owned(), more]
}
