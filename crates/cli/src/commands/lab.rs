//! `mcphub lab`: serves the practice world until a signal comes.

use std::net::SocketAddr;

use clap::Args;
use lab::{ServeOptions, Switches};
use serde_json::Value;

use crate::failure::{Failure, chain};
use crate::output::Output;
use crate::shutdown;

#[derive(Debug, Args)]
#[command(after_long_help = every_switch())]
pub(crate) struct Lab {
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

pub(crate) async fn run(wanted: Lab, output: Output) -> Result<(), Failure> {
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
    lab::serve(options, started, stop.cancelled())
        .await
        .map_err(|error| {
            Failure::usage(chain(&error))
                .cure("choose other addresses with --authorization-server and --mcp-server")
        })
}

/// The switches with their defaults, read from the switches themselves.
fn every_switch() -> String {
    let defaults = serde_json::to_value(Switches::default()).unwrap_or_default();
    let lines = defaults
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| match value {
            Value::String(text) => format!("  {name}={text}"),
            other => format!("  {name}={other}"),
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
