//! `mcphub lab`: serves the practice world until a signal comes; `mcphub lab demo` walks the main job in it.

use std::io::IsTerminal;
use std::net::SocketAddr;

use clap::{Args, Subcommand};
use lab::demo::{self, DemoOptions};
use lab::{ServeOptions, Switches};

use crate::browser;
use crate::environment::Environment;
use crate::failure::{Failure, chain};
use crate::output::Output;
use crate::shutdown;

#[derive(Debug, Args)]
#[command(after_long_help = every_switch(), args_conflicts_with_subcommands = true)]
pub(crate) struct Lab {
    #[command(subcommand)]
    walk: Option<Walk>,
    /// How the world behaves, like `tokenLife=5 rotation=off`; `--help` lists every switch
    #[arg(value_name = "SWITCH=VALUE")]
    switches: Vec<String>,
    /// Where the login server listens
    #[arg(long, value_name = "ADDRESS:PORT", default_value_t = ServeOptions::default().authorization_server)]
    authorization_server: SocketAddr,
    /// Where the MCP server listens
    #[arg(long, value_name = "ADDRESS:PORT", default_value_t = ServeOptions::default().mcp_server)]
    mcp_server: SocketAddr,
}

#[derive(Debug, Subcommand)]
enum Walk {
    /// Watch the main job: refused, discovered, registered, allowed, stored, used, restarted, renewed
    Demo {
        /// Nobody is asked: "Allow" is clicked for you
        #[arg(long)]
        auto: bool,
    },
}

pub(crate) async fn run(
    wanted: Lab,
    output: Output,
    environment: &Environment,
) -> Result<(), Failure> {
    match wanted.walk {
        Some(Walk::Demo { auto }) => walk(auto, environment).await,
        None => serve(wanted, output).await,
    }
}

/// The walk shows itself, its failure too.
async fn walk(auto: bool, environment: &Environment) -> Result<(), Failure> {
    let binary = std::env::current_exe()
        .map_err(|error| Failure::usage(format!("this program cannot be found: {error}")))?;
    let person = std::io::stdout().is_terminal();
    let color = person && environment.text("NO_COLOR").is_none();
    let options = DemoOptions {
        binary,
        auto,
        color,
        open_browser: !auto && browser::is_at_hand(person, environment),
    };
    demo::run(options)
        .await
        .map_err(|error| Failure::api(chain(&error)))
}

async fn serve(wanted: Lab, output: Output) -> Result<(), Failure> {
    let switches = Switches::from_pairs(&wanted.switches).map_err(|error| {
        Failure::usage(error.to_string()).cure("`mcphub lab --help` lists every switch")
    })?;
    let options = ServeOptions {
        authorization_server: wanted.authorization_server,
        mcp_server: wanted.mcp_server,
        switches,
    };
    let stop = shutdown::watch()
        .map_err(|error| Failure::usage(format!("signals cannot be heard: {error}")))?;
    let started = |world: &lab::World| {
        output.result(&world.report());
        output.line(format!("MCP server    {}", world.mcp_url()));
        output.line(format!("login server  {}", world.issuer()));
        output.line(format!("  try it:     mcphub add {}", world.mcp_url()));
        output.line(format!(
            "  change it:  curl -d '{{\"tokenLife\": 5}}' {}/lab/switches",
            world.issuer()
        ));
    };
    let served = async {
        let served = lab::serve(options, started, stop.asked.cancelled()).await;
        served.map_err(|error| {
            Failure::usage(chain(&error))
                .cure("choose other addresses with --authorization-server and --mcp-server")
        })
    };
    stop.unless_insisted(served).await
}

/// The switches with their defaults, read from the switches themselves.
fn every_switch() -> String {
    let defaults = serde_json::to_value(Switches::default()).unwrap_or_default();
    let lines = defaults
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| match value.as_str() {
            Some(text) => format!("  {name}={text}"),
            None => format!("  {name}={value}"),
        });
    format!(
        "Switches and their defaults:\n{}",
        lines.collect::<Vec<_>>().join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_lists_every_switch_in_the_form_that_is_read() {
        let listed = every_switch();
        let pairs: Vec<&str> = listed
            .lines()
            .skip(1)
            .map(str::trim)
            .filter(|pair| !pair.ends_with('='))
            .collect();
        assert!(pairs.contains(&"tokenLife=3600"), "{listed}");
        assert_eq!(Switches::from_pairs(&pairs).unwrap(), Switches::default());
    }
}
