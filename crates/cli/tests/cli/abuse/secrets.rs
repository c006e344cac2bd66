//! A whole sign-in at the running binary: nothing of it in its log, however much that says; no program runs because of an address; and
//! a token that is on its way when the hub ends is kept.

use std::process::{Command, Stdio};

use lab::{Browser, Consent, Decision, Endpoint, Switches, World};
use serde_json::{Value, json};

use super::wire::{Answer, ask};
use crate::harness::{Desk, Running};
use crate::terminal::{FakeBrowser, on_terminal};

async fn world() -> World {
    World::start(Switches {
        consent: Consent::Allow,
        ..Switches::default()
    })
    .await
    .unwrap()
}

/// A hub in front of this world, with all that it says on stderr in a file.
fn hub(desk: &mut Desk, world: &World, level: &str) -> Running {
    let settings = json!({ "mcpServers": { "practice": { "url": world.mcp_url() } } });
    desk.write_settings(&settings.to_string());
    started(desk, level)
}

fn started(desk: &mut Desk, level: &str) -> Running {
    let mut command = desk.command(&["serve", "--listen", "127.0.0.1:0"]);
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(desk.home().join("log"))
        .unwrap();
    command.env("RUST_LOG", level);
    let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    let out = std::io::BufReader::new(child.stdout.take().unwrap());
    let hub = Running::reading(child, out);
    desk.started(hub)
}

fn link(desk: &Desk) -> String {
    let (_, out, err) = desk.run(&["auth", "login", "practice", "--no-wait", "--json"]);
    let told: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    told["authorizationUrl"].as_str().unwrap().to_owned()
}

/// Says yes, and opens the page that the browser is sent back to; that page and its query.
async fn signs_in(desk: &Desk) -> (Answer, Vec<(String, String)>) {
    let browser = Browser::new().unwrap();
    let back = browser.decide(&link(desk), Decision::Allow).await.unwrap();
    let back = url::Url::parse(&back).unwrap();
    let query = back.query_pairs().into_owned().collect();
    let address = desk.url().strip_prefix("http://").unwrap();
    let line = format!("GET {}?{}", back.path(), back.query().unwrap());
    (ask(address, &line, "", ""), query)
}

fn stored(desk: &Desk, key: &str) -> String {
    let oauth = &desk.settings_as_json()["mcpServers"]["practice"]["oauth"];
    oauth[key].as_str().unwrap().to_owned()
}

fn terminate(hub: &Running) {
    let id = hub.child.id().to_string();
    let told = Command::new("kill").args(["-TERM", &id]).status();
    assert!(told.unwrap().success());
}

// rule: safe-c14
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_says_everything_says_no_code_no_state_and_no_token() {
    let world = world().await;
    let mut desk = Desk::new();
    let hub = hub(&mut desk, &world, "trace");
    let (page, query) = signs_in(&desk).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    let mut secrets: Vec<String> = ["accessToken", "refreshToken"]
        .map(|key| stored(&desk, key))
        .into();
    let (exit, _, err) = desk.run(&["call", "practice", "echo", "text=hello"]);
    assert_eq!(exit, 0, "{err}");
    world.expire_access_tokens();
    let (exit, _, err) = desk.run(&["call", "practice", "echo", "text=hello"]);
    assert_eq!(exit, 0, "{err}");
    assert_eq!(world.counts().renewed, 1);
    secrets.extend(["accessToken", "refreshToken"].map(|key| stored(&desk, key)));
    let parts = query
        .iter()
        .filter(|(name, _)| name == "code" || name == "state");
    secrets.extend(parts.map(|(_, value)| value.clone()));
    let exchange = world.requests_at(Endpoint::Token);
    secrets.extend(
        exchange
            .iter()
            .filter_map(|seen| seen.form("code_verifier")),
    );
    assert_eq!(secrets.len(), 7, "{secrets:?}");
    let journal = desk.run(&["auth", "log", "practice"]).1;
    terminate(&hub);
    assert_eq!(hub.end().0, 0);
    let log = std::fs::read_to_string(desk.home().join("log")).unwrap();
    assert!(log.len() > 10_000, "it says little: {log}");
    for secret in &secrets {
        for (place, text) in [("log", &log), ("page", &page.text), ("journal", &journal)] {
            let line = text.lines().find(|line| line.contains(secret.as_str()));
            assert_eq!(line, None, "{secret} in the {place}");
        }
    }
}

// rule: safe-u02
#[tokio::test(flavor = "multi_thread")]
async fn an_address_with_what_a_shell_would_read_starts_no_program() {
    let world = world().await;
    let mut desk = Desk::new();
    let pwned = desk.home().join("hub-pwned");
    let touch = format!("touch${{IFS}}{}", pwned.display());
    let hostile = format!(
        "{}?a=$({touch})&b=`{touch}`&c=';Start-Process${{IFS}}calc;'&d=|{touch}&e=--version&f=\"&{touch}&g=%0a{touch}",
        world.endpoint_url("authorize")
    );
    world.switches(|switches| {
        switches
            .server_members
            .insert("authorization_endpoint".to_owned(), json!(hostile));
    });
    let _hub = hub(&mut desk, &world, "info");
    let browser = FakeBrowser::at(&desk);
    let mut command = desk.command(&["auth", "login", "practice"]);
    browser.is_of(&mut command);
    let (mut login, _keyboard) = on_terminal(command);
    let opened = browser.page();
    assert!(
        opened.starts_with(&world.endpoint_url("authorize")),
        "{opened}"
    );
    assert!(
        opened.contains("$(touch$") && opened.contains("code_challenge="),
        "one word: {opened}"
    );
    login.line_with("Opening the browser. Not opening?");
    assert!(!pwned.exists());
    // What begins like an option is no address, and nothing is opened for it.
    for no_address in ["--version", "-a", "$(touch x)"] {
        world.switches(|switches| {
            switches
                .server_members
                .insert("authorization_endpoint".to_owned(), json!(no_address));
        });
        let (exit, out, err) = desk.run(&["auth", "login", "practice", "--no-wait"]);
        assert!(exit != 0, "{no_address}: {out}{err}");
    }
    assert!(browser.is_idle() && !pwned.exists());
}

// rule: safe-e04
#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_is_under_way_when_the_hub_is_told_to_stop_costs_no_grant() {
    let world = world().await;
    let mut desk = Desk::new();
    let first = hub(&mut desk, &world, "info");
    assert_eq!(signs_in(&desk).await.0.status, 200);
    let before = stored(&desk, "refreshToken");
    let (exit, _, err) = desk.run(&["call", "practice", "echo", "text=hello"]);
    assert_eq!(exit, 0, "{err}");
    world.expire_access_tokens();
    let hold = world.hold(Endpoint::Token);
    let asked = world.counts().of(Endpoint::Token);
    let mut call = desk.command(&["call", "practice", "echo", "text=late"]);
    let mut call = call
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    world
        .until(|counts| counts.of(Endpoint::Token) > asked)
        .await;
    terminate(&first);
    drop(hold);
    assert_eq!(first.end().0, 0);
    call.wait().unwrap();
    assert_ne!(stored(&desk, "refreshToken"), before, "what came is kept");
    let _second = started(&mut desk, "info");
    let (exit, out, err) = desk.run(&["call", "practice", "echo", "text=again"]);
    assert_eq!((exit, out.trim()), (0, "again"), "{err}");
    let counts = world.counts();
    assert_eq!(
        (counts.codes_issued, counts.families_revoked),
        (1, 0),
        "{counts:?}"
    );
}
