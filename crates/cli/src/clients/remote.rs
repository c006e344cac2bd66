//! Servers behind `npx mcp-remote <url>`: the bridge is taken away, for the hub speaks to them itself.
//!
//! mcp-remote's command line: the address, perhaps a callback port, `--header NAME:VALUE`, `--transport`, and OAuth client details as JSON.

use serde_json::{Map, Value, json};

use super::foreign::Foreign;

const BRIDGE: &str = "mcp-remote";
/// What starts packages of npm.
const STARTERS: [&str; 8] = ["npx", "bunx", "bun", "pnpx", "pnpm", "yarn", "deno", "cmd"];
/// Options with a value behind them that mean nothing to a hub.
const WITH_VALUE: [&str; 5] = [
    "--host",
    "--auth-timeout",
    "--ignore-tool",
    "--static-oauth-client-metadata",
    "--resource",
];

/// The server behind the bridge, if the command starts one.
pub(super) fn unwrapped(command: &str, entry: &Value) -> Option<Foreign> {
    let words = entry["args"].as_array()?;
    let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
    let program = command.rsplit(['/', '\\']).next().unwrap_or(command);
    let program = program.strip_suffix(".cmd").unwrap_or(program);
    let program = program.strip_suffix(".exe").unwrap_or(program);
    let options = if program == BRIDGE {
        &words[..]
    } else {
        let is_bridge = |word: &&str| **word == *BRIDGE || word.starts_with("mcp-remote@");
        let at = words.iter().position(is_bridge)?;
        STARTERS.contains(&program).then_some(&words[at + 1..])?
    };
    let mut read = Read {
        url: None,
        config: Map::new(),
        headers: Map::new(),
        notes: Vec::new(),
    };
    let mut rest = options.iter().copied();
    while let Some(word) = rest.next() {
        read.word(word, &mut rest, &entry["env"]);
    }
    let mut config = read.config;
    config.insert("url".into(), read.url?.into());
    if !read.headers.is_empty() {
        config.insert("headers".into(), read.headers.into());
    }
    Some(Foreign {
        config: config.into(),
        notes: read.notes,
    })
}

struct Read<'w> {
    url: Option<&'w str>,
    config: Map<String, Value>,
    headers: Map<String, Value>,
    notes: Vec<String>,
}

impl<'w> Read<'w> {
    fn word(
        &mut self,
        word: &'w str,
        rest: &mut impl Iterator<Item = &'w str>,
        environment: &Value,
    ) {
        match word {
            "--header" => {
                let pair = rest.next().and_then(|pair| pair.split_once(':'));
                let Some((name, value)) = pair else {
                    return self
                        .notes
                        .push("a header without a value is left out".into());
                };
                let value = filled(value.trim(), environment);
                self.headers.insert(name.trim().into(), value.into());
            }
            "--transport" => {
                let kind = match rest.next() {
                    Some("sse-only") => "sse",
                    Some("http-only") => "streamable-http",
                    // The hub finds out.
                    Some(_) | None => return,
                };
                self.config.insert("type".into(), kind.into());
            }
            "--static-oauth-client-info" => {
                let told = rest.next().unwrap_or_default();
                match serde_json::from_str::<Value>(told) {
                    Ok(client) if client["client_id"].is_string() => {
                        self.config.insert("oauth".into(), oauth(&client));
                    }
                    Ok(_) | Err(_) => self.notes.push(format!(
                        "its OAuth client ({told}) is not taken; give it with `mcphub add <url> --client-id`"
                    )),
                }
            }
            _ if WITH_VALUE.contains(&word) => drop(rest.next()),
            _ if word.starts_with("http") && self.url.is_none() => self.url = Some(word),
            _ => {}
        }
    }
}

fn oauth(client: &Value) -> Value {
    let mut oauth = json!({ "clientId": client["client_id"] });
    if client["client_secret"].is_string() {
        oauth["clientSecret"] = client["client_secret"].clone();
    }
    oauth
}

/// `${NAME}` as the bridge fills it in, from the entry's own environment; others stay for the hub's.
fn filled(text: &str, environment: &Value) -> String {
    let own = environment.as_object().into_iter().flatten();
    own.fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("${{{name}}}"), value.as_str().unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(command: &str, arguments: &Value, environment: &Value) -> Option<Foreign> {
        unwrapped(command, &json!({ "args": arguments, "env": environment }))
    }

    #[test]
    fn the_bridge_is_taken_away_and_its_headers_are_kept() {
        let arguments = json!([
            "-y",
            "mcp-remote@latest",
            "https://h/mcp",
            "3334",
            "--header",
            "Authorization:${AUTH}",
            "--header",
            "X-Team: blue",
            "--transport",
            "http-only",
            "--debug"
        ]);
        let found = of("npx", &arguments, &json!({ "AUTH": "Bearer k" })).unwrap();
        assert_eq!(
            found.config,
            json!({ "type": "streamable-http", "url": "https://h/mcp", "headers": { "Authorization": "Bearer k", "X-Team": "blue" } })
        );
        assert!(found.notes.is_empty(), "{:?}", found.notes);
    }

    #[test]
    fn it_is_found_behind_every_starter() {
        for (command, arguments) in [
            ("/usr/bin/npx", json!(["mcp-remote", "https://h/mcp"])),
            (
                "C:\\nodejs\\npx.cmd",
                json!(["mcp-remote", "https://h/mcp"]),
            ),
            (
                "cmd",
                json!(["/c", "npx", "-y", "mcp-remote", "https://h/mcp"]),
            ),
            ("pnpm", json!(["dlx", "mcp-remote", "https://h/mcp"])),
            (
                "mcp-remote",
                json!(["https://h/mcp", "--host", "https://not-this"]),
            ),
        ] {
            let found = of(command, &arguments, &json!({}));
            assert_eq!(
                found.unwrap().config,
                json!({ "url": "https://h/mcp" }),
                "{command}"
            );
        }
    }

    #[test]
    fn what_only_looks_like_it_stays_a_program() {
        assert!(
            of(
                "npx",
                &json!(["-y", "mcp-remote-control", "https://h"]),
                &json!({})
            )
            .is_none()
        );
        assert!(
            of(
                "docker",
                &json!(["run", "mcp-remote", "https://h"]),
                &json!({})
            )
            .is_none()
        );
        assert!(of("npx", &json!(["mcp-remote"]), &json!({})).is_none());
    }

    #[test]
    fn an_oauth_client_comes_along_unless_it_is_in_a_file() {
        let with = |told: &str| {
            let arguments = json!([
                "mcp-remote",
                "https://h/mcp",
                "--static-oauth-client-info",
                told
            ]);
            of("npx", &arguments, &json!({})).unwrap()
        };
        let found = with(r#"{"client_id":"i","client_secret":"s"}"#);
        assert_eq!(
            found.config["oauth"],
            json!({ "clientId": "i", "clientSecret": "s" })
        );
        let found = with("@/home/me/client.json");
        assert!(found.config.get("oauth").is_none());
        assert!(found.notes[0].contains("--client-id"), "{:?}", found.notes);
    }
}
