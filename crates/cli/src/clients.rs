//! The AI clients that people use: where each keeps its configuration, and how it writes down a server over HTTP.
//!
//! As the clients document it: VS Code names the table `servers`, Codex writes TOML, Gemini's `url` and Windsurf's `url` mean the old
//! transport. Claude Desktop's file knows local programs only, so there `npx mcp-remote` stands between.

mod document;
mod file;
mod foreign;
mod place;
mod remote;

pub(crate) use document::{Document, Format};
pub(crate) use file::{Found, backup_of, remove, write};
pub(crate) use foreign::{Foreign, read as read_foreign};
pub(crate) use place::place;

use serde_json::{Map, Value, json};
use url::Url;

use crate::operator::is_loopback;

/// The variable of the environment that carries the header past a command line that others can read.
const HEADER_VARIABLE: &str = "MCPHUB_AUTHORIZATION";

/// What says how a server is reached; all else in an entry is the person's.
const TRANSPORT: [&str; 10] = [
    "type",
    "url",
    "httpUrl",
    "serverUrl",
    "command",
    "args",
    "headers",
    "http_headers",
    "env_http_headers",
    "bearer_token_env_var",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Client {
    ClaudeDesktop,
    ClaudeCode,
    Cursor,
    Vscode,
    Codex,
    Gemini,
    Windsurf,
}

impl Client {
    pub(crate) const ALL: [Self; 7] = [
        Self::ClaudeDesktop,
        Self::ClaudeCode,
        Self::Cursor,
        Self::Vscode,
        Self::Codex,
        Self::Gemini,
        Self::Windsurf,
    ];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "Claude Desktop",
            Self::ClaudeCode => "Claude Code",
            Self::Cursor => "Cursor",
            Self::Vscode => "VS Code",
            Self::Codex => "Codex",
            Self::Gemini => "Gemini CLI",
            Self::Windsurf => "Windsurf",
        }
    }

    /// As the command line calls it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "claude-desktop",
            Self::ClaudeCode => "claude-code",
            Self::Cursor => "cursor",
            Self::Vscode => "vscode",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Windsurf => "windsurf",
        }
    }

    /// Under which key its file lists servers.
    pub(crate) fn table(self) -> &'static str {
        match self {
            Self::Vscode => "servers",
            Self::Codex => "mcp_servers",
            Self::ClaudeDesktop
            | Self::ClaudeCode
            | Self::Cursor
            | Self::Gemini
            | Self::Windsurf => "mcpServers",
        }
    }

    /// The entry for a hub, with a bearer key where it asks for one.
    pub(crate) fn entry(self, url: &Url, key: Option<&str>) -> Value {
        let header = key.map(|key| format!("Bearer {key}"));
        let mut entry = match self {
            Self::ClaudeDesktop => return bridged(url, header),
            Self::ClaudeCode | Self::Vscode => json!({ "type": "http", "url": url.as_str() }),
            Self::Cursor | Self::Codex => json!({ "url": url.as_str() }),
            Self::Gemini => json!({ "httpUrl": url.as_str() }),
            Self::Windsurf => json!({ "serverUrl": url.as_str() }),
        };
        if let Some(header) = header {
            let place = if self == Self::Codex {
                "http_headers"
            } else {
                "headers"
            };
            entry[place] = json!({ "Authorization": header });
        }
        entry
    }

    /// The entry in the place of an older one, of which everything stays that does not say how to reach the server.
    pub(crate) fn renewed(self, old: Option<&Value>, url: &Url, key: Option<&str>) -> Value {
        let mut entry: Map<String, Value> = old
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default()
            .into_iter()
            .filter(|(name, _)| !TRANSPORT.contains(&name.as_str()))
            .collect();
        if let Some(environment) = entry.get_mut("env").and_then(Value::as_object_mut) {
            environment.shift_remove(HEADER_VARIABLE);
        }
        let Value::Object(new) = self.entry(url, key) else {
            return Value::Object(entry);
        };
        for (name, value) in new {
            match (entry.get_mut(&name).and_then(Value::as_object_mut), value) {
                (Some(there), Value::Object(more)) => there.extend(more),
                (_, value) => _ = entry.insert(name, value),
            }
        }
        Value::Object(entry)
    }

    /// What a person does next, and should know.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => {
                "Restart Claude Desktop. Its file knows local programs only, so it starts `npx mcp-remote`, which needs Node.js, between itself and the hub; a hub with a public https address can be added under Settings > Connectors instead."
            }
            Self::ClaudeCode => "Claude Code reads it at its next start; /mcp shows it.",
            Self::Cursor => {
                "Cursor shows it under Settings > MCP; switch it on there if it is off."
            }
            Self::Vscode => "VS Code asks once whether to trust it; `MCP: List Servers` shows it.",
            Self::Codex => "Codex reads it at its next start; /mcp shows it.",
            Self::Gemini => "Gemini CLI reads it at its next start; /mcp shows it.",
            Self::Windsurf => "Press Refresh under Cascade > MCP servers in Windsurf.",
        }
    }
}

/// Through a local program, for a client that knows nothing else. The header is in the environment: command lines can be read by
/// others, and some clients cut arguments at their spaces.
fn bridged(url: &Url, header: Option<String>) -> Value {
    let mut arguments = vec!["-y", "mcp-remote", url.as_str()];
    if url.scheme() == "http" && !is_loopback(url) {
        arguments.push("--allow-http");
    }
    let Some(header) = header else {
        return json!({ "command": "npx", "args": arguments });
    };
    let argument = format!("Authorization:${{{HEADER_VARIABLE}}}");
    arguments.extend(["--header", &argument]);
    json!({ "command": "npx", "args": arguments, "env": { HEADER_VARIABLE: header } })
}

/// The bearer key in an entry, wherever it stands.
pub(crate) fn key_in(entry: &Value) -> Option<&str> {
    ["headers", "http_headers", "env"]
        .iter()
        .filter_map(|place| entry[place].as_object())
        .flat_map(Map::values)
        .find_map(|value| value.as_str()?.strip_prefix("Bearer "))
}

#[cfg(test)]
mod tests;
