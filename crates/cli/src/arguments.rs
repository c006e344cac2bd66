//! The command line, as written. Variables of the environment stand in for what is left out; `--help` names them.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::commands::add::Add;
use crate::commands::auth::Auth;
use crate::commands::call::Call;
use crate::commands::connect::Connect;
use crate::commands::doctor::Doctor;
use crate::commands::explain::Explain;
use crate::commands::export::Export;
use crate::commands::groups::Groups;
use crate::commands::import::Import;
use crate::commands::keys::Keys;
use crate::commands::lab::Lab;
use crate::commands::programs::Programs;
use crate::commands::servers::Servers;
use crate::commands::settings::Settings;
use crate::commands::tools::Tools;

/// One binary between your AI clients and all your MCP servers.
///
/// Without a command it starts the hub. The other commands ask a running one.
#[derive(Debug, Parser)]
#[command(name = "mcphub", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: Serve,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 command line or settings file, 2 refused by the hub or the server, 3 a sign-in is needed, 4 no hub answers";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the hub (also without a command)
    Serve(Serve),
    /// Add a server by its address, sign in, and see its tools
    Add(Add),
    /// What is connected, what wants something, and what to do
    Servers {
        #[command(subcommand)]
        wanted: Option<Servers>,
    },
    /// Sign-ins: status, login, complete, logout, log
    Auth {
        #[command(subcommand)]
        wanted: Auth,
    },
    /// Call a tool
    Call(Call),
    /// What is wrong on the way to a server's sign-in, and what helps
    Doctor(Doctor),
    /// What an error code means, and what helps; without one, all of them
    Explain(Explain),
    /// The tools of all servers
    Tools {
        #[command(subcommand)]
        wanted: Option<Tools>,
    },
    /// Named subsets of servers: list, add, add-server, remove-server, remove
    Groups {
        #[command(subcommand)]
        wanted: Option<Groups>,
    },
    /// The keys that clients send: list, create, delete
    Keys {
        #[command(subcommand)]
        wanted: Option<Keys>,
    },
    /// The programs that people let in: list, remove
    Clients {
        #[command(subcommand)]
        wanted: Option<Programs>,
    },
    /// The settings without secrets
    Export(Export),
    /// Let an AI client use the hub: writes the hub's address into its configuration
    Connect(Connect),
    /// Take over the servers that AI clients have in their configuration
    Import(Import),
    /// The settings file: check, seal, unseal
    Settings {
        #[command(subcommand)]
        wanted: Settings,
    },
    /// Words for your shell to complete, like `mcphub completion bash`
    Completion { shell: clap_complete::Shell },
    /// The practice world: a login server and an MCP server that demands its tokens
    Lab(Lab),
}

/// What a shell reads to complete our words.
pub(crate) fn completion(shell: clap_complete::Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "mcphub", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Serve {
    /// Where to listen; loopback unless you say otherwise [env: PORT changes the port]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// The settings file [env: MCPHUB_SETTING_PATH] [default: mcp_settings.json in this folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// Opens no browser: neither for servers that want a sign-in at the start, nor when a call waits for one [env: MCPHUB_NO_BROWSER]
    #[arg(long)]
    pub(crate) no_browser: bool,
}

impl Serve {
    /// What is left out here may have been written before the word `serve`.
    pub(crate) fn or(self, before: Self) -> Self {
        Self {
            listen: self.listen.or(before.listen),
            settings: self.settings.or(before.settings),
            no_browser: self.no_browser || before.no_browser,
        }
    }
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Asking {
    /// The hub to ask [env: MCPHUB_URL] [default: http://localhost:3000]
    #[arg(long, global = true)]
    pub(crate) url: Option<String>,
    /// Lets us in; not needed on the hub's own machine [env: MCPHUB_TOKEN]
    #[arg(long, global = true)]
    pub(crate) token: Option<String>,
    /// The result as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_address_of_a_new_server_is_not_the_hubs() {
        let add =
            Arguments::try_parse_from(["mcphub", "add", "https://mcp.example.com/mcp"]).unwrap();
        assert_eq!(add.asking.url, None);
        let both = [
            "mcphub",
            "add",
            "https://mcp.example.com/mcp",
            "--url",
            "http://localhost:1",
        ];
        assert_eq!(
            Arguments::try_parse_from(both)
                .unwrap()
                .asking
                .url
                .as_deref(),
            Some("http://localhost:1")
        );
    }

    #[test]
    fn serve_is_what_happens_without_a_command() {
        let bare = Arguments::try_parse_from(["mcphub", "--listen", "127.0.0.1:1"]).unwrap();
        assert!(bare.command.is_none());
        assert_eq!(bare.serve.listen, Some(([127, 0, 0, 1], 1).into()));
    }
}
