//! `mcphub doctor --login` and `--save`: a person signs in, and what is left behind.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use lab::Browser;
use serde_json::json;

use super::Said;
use super::places::Stage;
use crate::harness::Desk;

/// The doctor with a person who opens its link and says yes.
pub(super) async fn signed_in(desk: &Desk, arguments: &[&str]) -> Said {
    let all = [&["doctor", "--json"], arguments].concat();
    let mut command = desk.command(&all);
    // A port that the system chooses, and a place for what is temporary that can be looked into afterwards.
    let temporary = desk.home().join("temporary");
    std::fs::create_dir_all(&temporary).unwrap();
    command.env("PORT", "0").env("TMPDIR", &temporary);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut aside = String::new();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let link = lines.by_ref().map_while(Result::ok).find(|line| {
        aside.push_str(&format!("{line}\n"));
        line.starts_with("http") && line.contains("/authorize?")
    });
    if let Some(link) = link {
        Browser::new().unwrap().sign_in(&link).await.unwrap();
    }
    for line in lines.map_while(Result::ok) {
        aside.push_str(&format!("{line}\n"));
    }
    let mut out = String::new();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_to_string(&mut out).unwrap();
    let exit = child.wait().unwrap().code().unwrap();
    let left: Vec<_> = std::fs::read_dir(&temporary).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    let lines = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{aside}"));
    Said { exit, lines, aside }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_shows_the_token_and_nothing_of_it_is_left() {
    let stage = Stage::set(r#"{"registrationManagement": true, "tokenShape": "jwt"}"#).await;
    let desk = Desk::new();
    let said = signed_in(&desk, &[&stage.world.mcp_url(), "--login"]).await;
    assert_eq!(said.exit, 0, "{:#?}{}", said.lines, said.aside);
    let codes = said.codes();
    let shown = [
        "answer-named",
        "token-made",
        "token-renews",
        "token-taken",
        "tokens-revoked",
        "taken-back",
    ];
    assert_eq!(codes[codes.len() - shown.len()..], shown);
    let made = said.lines.iter().find(|it| it["code"] == "token-made");
    let made = made.unwrap()["text"].as_str().unwrap();
    let audience = format!("made for {}", stage.world.mcp_url());
    assert!(
        made.contains(&audience) && made.contains("scope tools:read tools:call"),
        "{made}"
    );
    assert_eq!(stage.world.report()["clients"], json!([]));
    assert!(!desk.settings_path().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_works_is_saved_in_place_and_a_hub_that_runs_on_the_file_takes_it_up() {
    let stage = Stage::set("{}").await;
    let url = stage.world.mcp_url();
    let mut desk = Desk::new();
    let hub = desk.start_hub("// mine\n{ \"mcpServers\": {} }\n");
    let said = signed_in(&desk, &[&url, "--login", "--save"]).await;
    assert_eq!(said.exit, 0, "{:#?}{}", said.lines, said.aside);
    assert!(
        !said.codes().contains(&"tokens-revoked"),
        "{:?}",
        said.codes()
    );
    let settings = desk.settings();
    assert!(settings.starts_with("// mine\n"), "{settings}");
    let port = stage.server().port();
    let name = format!("local-{port}");
    assert!(
        said.aside.contains(&format!("saved as {name}")),
        "{}",
        said.aside
    );
    let connected = |_: &u32| desk.run(&["servers", "get", &name]).1.contains("connected");
    assert!(
        (0..1_000).any(|attempt| connected(&attempt)),
        "not taken up"
    );
    let (exit, out, err) = desk.run(&["call", &name, "echo", "text=kept"]);
    assert_eq!((exit, out.trim()), (0, "kept"), "{err}");
    assert_eq!(stage.world.counts().registered, 1);
    drop(hub);

    // The same address keeps its name, and what a person wrote there.
    let mut written = desk.settings_as_json();
    written["mcpServers"][&name]["oauth"]["scopes"] = json!(["tools:read"]);
    desk.write_settings(&written.to_string());
    let said = signed_in(&desk, &[&url, "--login", "--save"]).await;
    assert_eq!(said.exit, 0, "{:#?}{}", said.lines, said.aside);
    let after = desk.settings_as_json();
    let oauth = &after["mcpServers"][&name]["oauth"];
    assert_eq!(
        oauth["scopes"],
        json!(["tools:read"]),
        "{written:#}{after:#}"
    );
    let before = &written["mcpServers"][&name]["oauth"];
    assert!(oauth["accessToken"].is_string() && oauth["accessToken"] != before["accessToken"]);
    assert_eq!(after["mcpServers"].as_object().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_sign_in_the_address_is_saved_and_nothing_that_is_wrong() {
    let stage = Stage::set("{}").await;
    let url = stage.world.mcp_url();
    let desk = Desk::new();
    let said = Said::of(&desk, &[&url, "--save"]);
    assert_eq!(said.exit, 0, "{}", said.aside);
    let name = format!("local-{}", stage.server().port());
    let saved = json!({ "mcpServers": { &name: { "url": url } } });
    assert_eq!(desk.settings_as_json(), saved);
    let (exit, _, err) = desk.run(&["doctor", &name, "--save"]);
    assert_eq!(exit, 1, "{err}");

    let broken = Stage::set(r#"{"pkce": "plain"}"#).await;
    let arguments = [&broken.world.mcp_url(), "--login", "--save"];
    let said = signed_in(&desk, &arguments).await;
    assert_eq!(said.exit, 2, "{}", said.aside);
    assert!(
        said.aside.contains("Nobody is asked to sign in"),
        "{}",
        said.aside
    );
    assert_eq!(desk.settings_as_json(), saved);
    assert_eq!(broken.world.counts().registered, 0);
}

/// In another folder than the hub's, without a word on its settings file or its port.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_looked_up_where_the_hub_that_runs_here_has_it_and_callbacks_come_to_its_port() {
    let stage = Stage::set(r#"{"registration": "absent"}"#).await;
    let mut desk = Desk::new();
    let settings = json!({ "mcpServers": { "here": { "url": stage.world.mcp_url() } } });
    let hub = desk.start_hub(&settings.to_string());
    let elsewhere = desk.home().join("elsewhere");
    std::fs::create_dir_all(&elsewhere).unwrap();
    let mut command = desk.command(&["doctor", "here", "--json"]);
    let output = command.current_dir(&elsewhere).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let url = hub_url(&desk);
    assert!(said.contains(&format!("{url}/oauth/callback")), "{said}");
    drop(hub);
}

/// As the hub calls itself.
fn hub_url(desk: &Desk) -> String {
    let mut files = std::fs::read_dir(desk.data_folder().join("hubs")).unwrap();
    let text = std::fs::read_to_string(files.next().unwrap().unwrap().path()).unwrap();
    let written: serde_json::Value = serde_json::from_str(&text).unwrap();
    written["url"]
        .as_str()
        .unwrap()
        .trim_end_matches('/')
        .to_owned()
}
