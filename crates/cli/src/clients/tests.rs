//! What is written for each client.

use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[test]
fn each_client_gets_the_entry_that_it_documents() {
    let hub = url("http://localhost:3000/mcp");
    let headers = json!({ "Authorization": "Bearer k" });
    for (client, entry) in [
        (
            Client::ClaudeCode,
            json!({ "type": "http", "url": hub.as_str(), "headers": headers }),
        ),
        (
            Client::Cursor,
            json!({ "url": hub.as_str(), "headers": headers }),
        ),
        (
            Client::Vscode,
            json!({ "type": "http", "url": hub.as_str(), "headers": headers }),
        ),
        (
            Client::Codex,
            json!({ "url": hub.as_str(), "http_headers": headers }),
        ),
        (
            Client::Gemini,
            json!({ "httpUrl": hub.as_str(), "headers": headers }),
        ),
        (
            Client::Windsurf,
            json!({ "serverUrl": hub.as_str(), "headers": headers }),
        ),
    ] {
        assert_eq!(client.entry(&hub, Some("k")), entry);
        let open = client.entry(&hub, None);
        assert!(!open.to_string().contains("eaders"), "{open}");
        assert_eq!(key_in(&entry), Some("k"));
    }
}

#[test]
fn a_client_that_knows_local_programs_only_never_has_the_key_on_a_command_line() {
    let entry = Client::ClaudeDesktop.entry(&url("http://localhost:3000/mcp"), Some("k"));
    assert_eq!(entry["command"], "npx");
    let arguments = [
        "-y",
        "mcp-remote",
        "http://localhost:3000/mcp",
        "--header",
        "Authorization:${MCPHUB_AUTHORIZATION}",
    ];
    assert_eq!(entry["args"], json!(arguments));
    assert_eq!(key_in(&entry), Some("k"));
    let away = Client::ClaudeDesktop.entry(&url("http://hub.lan:3000/mcp"), None);
    assert_eq!(away["args"][3], "--allow-http");
    assert!(away.get("env").is_none());
}

#[test]
fn what_a_person_added_to_the_entry_stays() {
    let old = json!({ "command": "npx", "args": ["old"], "env": { "MCPHUB_AUTHORIZATION": "Bearer old", "MINE": "1" }, "alwaysAllow": ["a"] });
    let hub = url("http://localhost:3000/mcp");
    let new = Client::Cursor.renewed(Some(&old), &hub, None);
    assert_eq!(
        new,
        json!({ "env": { "MINE": "1" }, "alwaysAllow": ["a"], "url": hub.as_str() })
    );
    let new = Client::ClaudeDesktop.renewed(Some(&old), &hub, Some("k"));
    assert_eq!(
        new["env"],
        json!({ "MINE": "1", "MCPHUB_AUTHORIZATION": "Bearer k" })
    );
}

#[test]
fn the_words_of_the_command_line_are_those_of_the_clients() {
    use clap::ValueEnum;
    for client in Client::ALL {
        let word = client.to_possible_value().unwrap();
        assert_eq!(word.get_name(), client.word());
    }
}
