//! Secrets that stand in files: each variable that holds one also as `<NAME>_FILE`, at the real binary.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Desk, Running};

const PASSWORD: &str = "only for this test";

/// Writes a file and names it in the variable.
fn in_file(command: &mut Command, folder: &Path, name: &str, secret: &str) {
    let path = folder.join(name);
    std::fs::write(&path, format!("{secret}\n")).unwrap();
    command.env(format!("{name}_FILE"), path);
}

fn hub(desk: &mut Desk, secrets: &[(&str, &str)]) -> Running {
    let folder = desk.home().to_owned();
    let mut command = desk.command(&["serve", "--listen", "127.0.0.1:0"]);
    for (name, secret) in secrets {
        in_file(&mut command, &folder, name, secret);
    }
    desk.started(Running::of(command))
}

/// The token of a login with the password, or nothing.
fn log_in(desk: &Desk) -> Option<String> {
    let body = json!({ "username": "admin", "password": PASSWORD }).to_string();
    let mut socket = TcpStream::connect(desk.url().strip_prefix("http://").unwrap()).unwrap();
    let head = "POST /api/auth/login HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length:";
    let request = format!("{head} {}\r\n\r\n{body}", body.len());
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
    Some(body["token"].as_str()?.to_owned())
}

#[test]
fn the_password_the_key_of_logins_and_the_token_of_commands_may_stand_in_files() {
    let mut desk = Desk::new();
    desk.write_settings("{}");
    let secrets = [
        ("ADMIN_PASSWORD", PASSWORD),
        ("JWT_SECRET", "signs the logins of two hubs 0123456789"),
    ];
    let mut other = desk.beside();
    let (_one, _two) = (hub(&mut desk, &secrets), hub(&mut other, &secrets));
    let token = log_in(&desk).expect("ADMIN_PASSWORD_FILE counts");
    // Nothing was left on this machine that would let the command in.
    let stranger = |secret: Option<&str>| {
        let mut command = other.command(&["servers"]);
        command.env("MCPHUB_DATA_DIR", other.home().join("empty"));
        if let Some(secret) = secret {
            in_file(&mut command, other.home(), "MCPHUB_TOKEN", secret);
        }
        command.output().unwrap().status.code()
    };
    assert_ne!(stranger(None), Some(0));
    // The other hub takes it, so both sign with what stands in the file.
    assert_eq!(stranger(Some(&token)), Some(0));
}

#[test]
fn the_key_that_seals_may_stand_in_a_file() {
    let desk = Desk::new();
    desk.write_settings(r#"{"mcpServers":{"a":{"type":"streamable-http","url":"http://127.0.0.1:9/mcp","oauth":{"clientId":"c","accessToken":"plain"}}}}"#);
    let key = "a".repeat(64);
    let mut command = desk.command(&["settings", "seal"]);
    in_file(
        &mut command,
        desk.home(),
        "MCPHUB_CREDENTIAL_ENCRYPTION_KEY",
        &key,
    );
    let sealed = command.output().unwrap();
    assert!(sealed.status.success(), "{sealed:?}");
    assert!(
        desk.settings().contains("sealed:v1:"),
        "{}",
        desk.settings()
    );
    let mut command = desk.command(&["settings", "unseal"]);
    command.env("MCPHUB_CREDENTIAL_ENCRYPTION_KEY", &key);
    assert!(command.output().unwrap().status.success());
    assert!(desk.settings().contains("\"plain\""), "{}", desk.settings());
}

#[test]
fn the_key_that_is_written_for_a_client_may_stand_in_a_file() {
    let mut desk = Desk::new();
    let key = json!({ "id": "k", "name": "k", "token": "of-the-file", "enabled": true, "accessType": "all" });
    let _hub = desk.start_hub(&json!({ "bearerKeys": [key] }).to_string());
    std::fs::create_dir(desk.home().join(".cursor")).unwrap();
    let mut command = desk.command(&["connect", "cursor", "--yes"]);
    in_file(&mut command, desk.home(), "MCPHUB_KEY", "of-the-file");
    let connected = command.output().unwrap();
    assert!(connected.status.success(), "{connected:?}");
    let written = std::fs::read_to_string(desk.home().join(".cursor/mcp.json")).unwrap();
    assert!(written.contains("of-the-file"), "{written}");
}
