//! Where each client keeps the configuration of its user, per operating system, as the clients document it.

use std::path::PathBuf;

use super::Client;
use crate::environment::Environment;

/// Whose habits count for places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Linux,
    Mac,
    Windows,
}

/// The client's file of this user; none for a user without a home.
pub(crate) fn place(client: Client, environment: &Environment) -> Option<PathBuf> {
    let system = if cfg!(target_os = "macos") {
        System::Mac
    } else if cfg!(windows) {
        System::Windows
    } else {
        System::Linux
    };
    place_on(system, client, environment)
}

fn place_on(system: System, client: Client, environment: &Environment) -> Option<PathBuf> {
    let variable = |name| environment.text(name).map(PathBuf::from);
    let own = || directories::BaseDirs::new().map(|folders| folders.home_dir().to_owned());
    let home = match system {
        System::Windows => variable("USERPROFILE"),
        System::Linux | System::Mac => variable("HOME"),
    };
    let home = home.or_else(own)?;
    // Where programs with windows keep theirs.
    let applications = match system {
        System::Linux => variable("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")),
        System::Mac => home.join("Library/Application Support"),
        System::Windows => variable("APPDATA").unwrap_or_else(|| home.join("AppData/Roaming")),
    };
    Some(match client {
        Client::ClaudeDesktop => applications.join("Claude/claude_desktop_config.json"),
        Client::ClaudeCode => variable("CLAUDE_CONFIG_DIR")
            .unwrap_or(home)
            .join(".claude.json"),
        Client::Cursor => home.join(".cursor/mcp.json"),
        Client::Vscode => applications.join("Code/User/mcp.json"),
        Client::Codex => variable("CODEX_HOME")
            .unwrap_or_else(|| home.join(".codex"))
            .join("config.toml"),
        Client::Gemini => home.join(".gemini/settings.json"),
        Client::Windsurf => home.join(".codeium/windsurf/mcp_config.json"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_has_its_places() {
        use Client::{ClaudeCode, ClaudeDesktop, Codex, Vscode, Windsurf};
        use System::{Linux, Mac, Windows};
        let environment = Environment::of(&[
            ("HOME", "/h"),
            ("USERPROFILE", "/u"),
            ("APPDATA", "/u/roaming"),
        ]);
        for (system, client, file) in [
            (
                Linux,
                ClaudeDesktop,
                "/h/.config/Claude/claude_desktop_config.json",
            ),
            (
                Mac,
                ClaudeDesktop,
                "/h/Library/Application Support/Claude/claude_desktop_config.json",
            ),
            (
                Windows,
                ClaudeDesktop,
                "/u/roaming/Claude/claude_desktop_config.json",
            ),
            (Linux, Vscode, "/h/.config/Code/User/mcp.json"),
            (Windows, Vscode, "/u/roaming/Code/User/mcp.json"),
            (Mac, ClaudeCode, "/h/.claude.json"),
            (Windows, Codex, "/u/.codex/config.toml"),
            (Linux, Windsurf, "/h/.codeium/windsurf/mcp_config.json"),
        ] {
            let found = place_on(system, client, &environment).unwrap();
            assert_eq!(found, PathBuf::from(file), "{system:?} {client:?}");
        }
    }

    #[test]
    fn who_moved_his_folders_is_found_there() {
        let environment = Environment::of(&[
            ("HOME", "/h"),
            ("XDG_CONFIG_HOME", "/x"),
            ("CODEX_HOME", "/c"),
            ("CLAUDE_CONFIG_DIR", "/d"),
        ]);
        for (client, file) in [
            (Client::Vscode, "/x/Code/User/mcp.json"),
            (Client::Codex, "/c/config.toml"),
            (Client::ClaudeCode, "/d/.claude.json"),
        ] {
            let found = place_on(System::Linux, client, &environment).unwrap();
            assert_eq!(found, PathBuf::from(file));
        }
    }
}
