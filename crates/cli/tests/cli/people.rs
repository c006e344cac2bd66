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
    desk.write_settings("{}");
    let mut command = desk.command(&["serve", "--listen", "127.0.0.1:0"]);
    browser.is_of(&mut command);
    let (mut hub, _) = on_terminal(command);
    desk.is_at(&mut hub);
    // Not there at the start, when each server has its turn by itself.
    let url = world.mcp_url();
    let add = ["add", &url, "--name", "practice", "--no-wait"];
    assert_eq!(desk.run(&add).0, 3);
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
    let unwanted = [
        ("MCPHUB_NO_BROWSER", "true"),
        ("CI", "true"),
        ("SSH_CONNECTION", "192.0.2.7 51000 192.0.2.1 22"),
        ("--no-browser", ""),
    ];
    for (why, value) in unwanted {
        let mut desk = Desk::new();
        let browser = FakeBrowser::at(&desk);
        let mut hub = start_hub(&mut desk, &world, |command| {
            browser.is_of(command);
            if why.starts_with("--") {
                command.arg(why);
            } else {
                command.env(why, value);
            }
        });
        link(&desk);
        let _call = Caller::calls(desk.url(), "hello");
        let said = hub.line_with("practice needs a sign-in, and a call waits for it");
        assert!(said.contains("; open http://localhost:"), "{why}: {said}");
        assert!(browser.is_idle(), "{why}");
    }
    // Whoever has a public address has callers elsewhere.
    let mut desk = Desk::new();
    let browser = FakeBrowser::at(&desk);
    let mut public: Value = serde_json::from_str(&settings(&world)).unwrap();
    public["systemConfig"] = json!({ "install": { "baseUrl": "https://hub.example.com" } });
    desk.write_settings(&public.to_string());
    let mut command = desk.command(&["serve", "--listen", "127.0.0.1:0"]);
    browser.is_of(&mut command);
    let (mut hub, _) = on_terminal(command);
    desk.is_at(&mut hub);
    link(&desk);
    let _call = Caller::calls(desk.url(), "hello");
    let said = hub.line_with("practice needs a sign-in, and a call waits for it");
    assert!(said.contains("; open https://hub.example.com/c/"), "{said}");
    assert!(browser.is_idle());
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
async fn who_asks_for_a_sign_in_at_the_own_machine_sees_the_login_server_and_a_link_to_type() {
    let world = world().await;
    let mut desk = Desk::new();
    let _hub = desk.start_hub(&settings(&world));
    let browser = FakeBrowser::at(&desk);
    let mut command = desk.command(&["auth", "login", "practice"]);
    browser.is_of(&mut command);
    let (mut login, _keyboard) = on_terminal(command);
    let link = browser.page();
    assert!(link.starts_with(&world.endpoint_url("authorize")), "{link}");
    let said = login.line_with("Opening the browser. Not opening?");
    assert!(
        said.contains("http://localhost:") && said.contains("/c/"),
        "{said}"
    );
    let page = Browser::new().unwrap().sign_in(&link).await.unwrap();
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(login.end().0, 0);
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

/// Two servers that wait, and what they are called.
fn two(world: &World) -> String {
    let practice = json!({ "url": world.mcp_url() });
    json!({ "mcpServers": { "practice": practice, "second": practice } }).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn where_several_servers_wait_the_hub_and_its_list_name_the_one_page() {
    let world = world().await;
    let mut desk = Desk::new();
    let mut hub = desk.start_hub(&two(&world));
    let said = hub.line_with("2 servers wait for a sign-in");
    let page = said.split_whitespace().last().unwrap();
    assert!(
        page.starts_with("http://localhost:") && page.ends_with("/connect"),
        "{said}"
    );
    let (_, out, _) = desk.run(&["servers"]);
    let last = out.lines().last().unwrap();
    assert!(last.ends_with(&format!("{}/connect", desk.url())), "{out}");
    let (exit, out, err) = desk.run(&["auth", "login", "--all", "--no-wait"]);
    assert_eq!(exit, 3, "{out}{err}");
    assert!(out.contains(&format!("{}/connect", desk.url())), "{out}");
    assert!(
        err.contains("practice, second still need a person"),
        "{err}"
    );
    assert_eq!(desk.run(&["auth", "login"]).0, 1, "a server, or all");
    assert_eq!(desk.run(&["auth", "login", "practice", "--all"]).0, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_sign_ins_are_made_on_the_page_that_the_browser_opens() {
    let world = world().await;
    let mut desk = Desk::new();
    let mut hub = desk.start_hub(&two(&world));
    hub.line_with("2 servers wait for a sign-in");
    let browser = FakeBrowser::at(&desk);
    let mut command = desk.command(&["auth", "login", "--all"]);
    browser.is_of(&mut command);
    let (mut login, _keyboard) = on_terminal(command);
    assert_eq!(browser.page(), format!("{}/connect", desk.url()));
    for name in ["second", "practice"] {
        // What the page does.
        let told = desk.run(&["auth", "login", name, "--no-wait", "--json"]).1;
        let told: Value = serde_json::from_str(&told).unwrap();
        let link = told["authorizationUrl"].as_str().unwrap();
        Browser::new().unwrap().sign_in(link).await.unwrap();
        login.line_with(&format!("signed in      {name}, 4 tools"));
    }
    assert_eq!(login.end().0, 0);
    let (exit, out, _) = desk.run(&["auth", "login", "--all"]);
    assert_eq!((exit, out.trim()), (0, "no server waits for a sign-in"));
    let (_, out, _) = desk.run(&["servers"]);
    assert!(!out.contains("/connect"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_sign_ins_are_made_one_after_the_other_where_no_browser_opens() {
    let world = world().await;
    let mut desk = Desk::new();
    let mut hub = desk.start_hub(&two(&world));
    hub.line_with("2 servers wait for a sign-in");
    let command = desk.command(&["auth", "login", "--all"]);
    let (mut login, mut keyboard) = on_terminal(command);
    for place in ["practice   (1 of 2)", "second   (2 of 2)"] {
        login.line_with(place);
        login.line_with("Open this in a browser");
        let link = login.line_with("http://");
        login.line_with("Paste its address here");
        let browser = Browser::new().unwrap();
        let ended_at = browser.decide(link.trim(), Decision::Allow).await.unwrap();
        keyboard.types(&ended_at);
        login.line_with("signed in");
    }
    let (exit, said) = login.end();
    assert_eq!(exit, 0, "{said:#?}");
    assert_eq!(desk.run(&["auth", "status"]).0, 0);
}
