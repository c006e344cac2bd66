//! Where a person sits when a sign-in is needed: before the hub, behind ssh, or nowhere.

use std::process::Command;

use crate::harness::{Desk, Running};
use crate::terminal::{Caller, FakeBrowser, on_terminal};
use lab::{Browser, Consent, Decision, Switches, World};
use serde_json::{Value, json};

async fn world() -> World {
    World::start(Switches {
        consent: Consent::Allow,
        ..Switches::default()
    })
    .await
    .unwrap()
}

fn settings(world: &World) -> String {
    json!({ "mcpServers": { "practice": { "url": world.mcp_url() } } }).to_string()
}

/// A hub on a terminal, as somebody starts it on the own machine.
fn start_hub(desk: &mut Desk, world: &World, change: impl FnOnce(&mut Command)) -> Running {
    desk.write_settings(&settings(world));
    let mut command = desk.command(&["serve", "--listen", "127.0.0.1:0"]);
    change(&mut command);
    let (mut hub, _) = on_terminal(command);
    desk.is_at(&mut hub);
    hub
}

/// The hub has tried, and knows that a sign-in is needed.
fn link(desk: &Desk) -> String {
    let (exit, out, err) = desk.run(&["auth", "login", "practice", "--no-wait", "--json"]);
    assert_eq!(exit, 3, "{out}{err}");
    let told: Value = serde_json::from_str(&out).unwrap();
    told["authorizationUrl"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_opens_one_tab_on_the_machine_of_a_person_who_runs_the_hub() {
    let world = world().await;
    let mut desk = Desk::new();
    let browser = FakeBrowser::at(&desk);
    let mut hub = start_hub(&mut desk, &world, |command| browser.is_of(command));
    let link = link(&desk);

    let mut first = Caller::calls(desk.url(), "one");
    let said = hub.line_with("practice needs a sign-in, and a call waits for it");
    let opened = browser.page();
    assert!(
        said.ends_with(&format!("the browser opens {opened}")),
        "{said}"
    );
    assert!(
        opened.starts_with("http://localhost:") && opened.contains("/c/"),
        "{opened}"
    );
    let mut second = Caller::calls(desk.url(), "two");
    second.hears("needs a sign-in");
    let page = Browser::new().unwrap().sign_in(&link).await.unwrap();
    assert_eq!(page.status, 200, "{}", page.body);
    first.hears("one");
    second.hears("two");
    assert!(browser.is_idle(), "one sign-in is one tab");
    drop(hub);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_nobody_sits_before_shows_the_address_and_opens_nothing() {
    let world = world().await;
    let unwanted: [(&str, fn(&mut Command)); 4] = [
        ("--no-browser", |command| {
            command.arg("--no-browser");
        }),
        ("MCPHUB_NO_BROWSER", |command| {
            command.env("MCPHUB_NO_BROWSER", "true");
        }),
        ("CI", |command| {
            command.env("CI", "true");
        }),
        ("ssh", |command| {
            command.env("SSH_CONNECTION", "192.0.2.7 51000 192.0.2.1 22");
        }),
    ];
    for (why, change) in unwanted {
        let mut desk = Desk::new();
        let browser = FakeBrowser::at(&desk);
        let mut hub = start_hub(&mut desk, &world, |command| {
            browser.is_of(command);
            change(command);
        });
        link(&desk);
        let _call = Caller::calls(desk.url(), "hello");
        let said = hub.line_with("practice needs a sign-in, and a call waits for it");
        assert!(said.contains("; open http://localhost:"), "{why}: {said}");
        assert!(browser.is_idle(), "{why}");
    }
    let mut desk = Desk::new();
    let mut hub = desk.start_hub(&settings(&world));
    link(&desk);
    let _call = Caller::calls(desk.url(), "hello");
    let said = hub.line_with("practice needs a sign-in, and a call waits for it");
    assert!(
        said.contains("; open http://localhost:"),
        "no terminal: {said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_came_by_ssh_reads_the_short_link_and_the_tunnel_and_pastes_the_address() {
    let world = world().await;
    let mut desk = Desk::new();
    let hub = desk.start_hub(&settings(&world));
    let browser = FakeBrowser::at(&desk);
    let mut command = desk.command(&["auth", "login", "practice"]);
    browser.is_of(&mut command);
    command
        .env("SSH_CONNECTION", "192.0.2.7 51000 192.0.2.1 22")
        .env("USER", "ada");
    let (mut login, mut keyboard) = on_terminal(command);
    let short = login.line_with("short link");
    assert!(
        short.contains("http://localhost:") && short.contains("/c/"),
        "{short}"
    );
    let port = desk.url().rsplit(':').next().unwrap();
    let tunnel = login.line_with("ssh -L");
    assert!(
        tunnel.ends_with(&format!("ssh -L {port}:localhost:{port} ada@192.0.2.1")),
        "{tunnel}"
    );
    login.line_with("Open this in a browser");
    let link = login.line_with("http://");
    login.line_with("Paste its address here");
    keyboard.types("http://localhost/oauth/callback?code=of-nobody&state=of-nobody");
    login.line_with("not taken");
    login.line_with("Paste the whole address");
    let ended_at = Browser::new()
        .unwrap()
        .decide(link.trim(), Decision::Allow)
        .await
        .unwrap();
    keyboard.types(&ended_at);
    let (exit, said) = login.end();
    assert_eq!(exit, 0, "{said:#?}");
    assert!(
        !said.iter().any(|line| line.contains('█')),
        "localhost is no address for a phone"
    );
    assert!(browser.is_idle());
    drop(hub);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_with_a_public_address_is_reached_with_a_phone() {
    let world = world().await;
    let mut desk = Desk::new();
    let settings = json!({
        "mcpServers": { "practice": { "url": world.mcp_url() } },
        "systemConfig": { "install": { "baseUrl": "https://hub.example.com" } },
    });
    let _hub = desk.start_hub(&settings.to_string());
    let (login, _keyboard) = on_terminal(desk.command(&["auth", "login", "practice", "--no-wait"]));
    let (exit, said) = login.end();
    assert_eq!(exit, 3, "{said:#?}");
    let said = said.join("\n");
    assert!(
        said.contains("short link     https://hub.example.com/c/"),
        "{said}"
    );
    assert!(
        said.contains("█▀▀▀▀▀█") && !said.contains("ssh -L"),
        "{said}"
    );
    let (_, piped, _) = desk.run(&["auth", "login", "practice", "--no-wait"]);
    assert!(
        piped.contains("short link") && !piped.contains('█'),
        "{piped}"
    );
}
