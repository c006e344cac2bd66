//! The main job by the command line alone: the real binary, a settings file, and the practice world.

use crate::harness::{Desk, Running};
use lab::{Browser, Client, Consent, Registration, Switches, World};
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

/// The link that a waiting command shows, opened by a person who says yes.
async fn consent(command: &mut Running) {
    command.line_with("Open this in a browser");
    let link = command.line_with("http://");
    let page = Browser::new().unwrap().sign_in(link.trim()).await.unwrap();
    assert_eq!(page.status, 200, "{}", page.body);
}

fn status(desk: &Desk) -> Value {
    desk.json(&["servers", "get", "practice"])["status"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_listed_signed_in_to_and_called() {
    let world = world().await;
    let mut desk = Desk::new();
    let hub = desk.start_hub(&settings(&world));

    let (exit, out, err) = desk.run(&["auth", "login", "practice", "--no-wait", "--json"]);
    assert_eq!(exit, 3, "{out}{err}");
    let told: Value = serde_json::from_str(&out).unwrap(); // one value, and nothing beside it
    let link = told["authorizationUrl"].as_str().unwrap();
    assert!(link.starts_with(&world.endpoint_url("authorize")), "{link}");
    let listed = desk.json(&["servers"]);
    assert_eq!(listed[0]["name"], "practice");
    assert_eq!(listed[0]["status"], "oauth_required");
    let (exit, out, err) = desk.run(&["call", "practice", "echo", "text=hi"]);
    assert_eq!(exit, 3, "{out}{err}");
    assert!(err.contains("mcphub auth login practice"), "{err}");

    let mut login = desk.start(&["auth", "login", "practice"]);
    consent(&mut login).await;
    let (exit, said) = login.end();
    assert_eq!(exit, 0, "{said:#?}");
    assert!(
        said.iter()
            .any(|line| line.contains("practice is connected, 4 tools")),
        "{said:#?}"
    );

    let (exit, out, err) = desk.run(&["call", "practice", "echo", "text=42"]);
    assert_eq!((exit, out.trim()), (0, "42"), "{err}");
    let sum = desk.json(&["call", "practice", "add", "a=40", "b=2"]);
    assert_eq!(sum["structuredContent"]["sum"], 42, "{sum}");
    assert_eq!(desk.run(&["auth", "status"]).0, 0);

    let (exit, _, err) = desk.run(&["call", "practice", "no-such-tool"]);
    assert_eq!(exit, 2, "{err}");
    let (exit, _, err) = desk.run(&["auth", "login", "nobody"]);
    assert_eq!(exit, 2, "{err}");
    assert!(err.contains("nobody") && err.contains("do: "), "{err}");

    let (exit, out, err) = desk.run(&["auth", "logout", "practice"]);
    assert_eq!(exit, 0, "{err}");
    assert!(out.contains("practice is signed out"), "{out}");
    assert_eq!(desk.run(&["auth", "status", "practice"]).0, 3);
    drop(hub);
}

#[tokio::test(flavor = "multi_thread")]
async fn adding_an_address_goes_all_the_way_to_its_tools() {
    let world = world().await;
    let mut desk = Desk::new();
    let hub = desk.start_hub("// mine\n{}\n");
    assert_eq!(desk.json(&["servers"]), json!([]));

    let mut add = desk.start(&["add", &world.mcp_url(), "--name", "practice"]);
    consent(&mut add).await;
    let (exit, said) = add.end();
    assert_eq!(exit, 0, "{said:#?}");
    let said = said.join("\n");
    for stage in [
        "saved as       practice",
        "checking       http://",
        "sign-in        protected resource metadata found",
        "login server   http://",
        "client         registered as",
        "scopes         tools:read tools:call",
        "signed in      the token renews by itself",
        "connected      ",
        "tools          4",
    ] {
        assert!(said.contains(stage), "{stage:?} is missing in:\n{said}");
    }
    assert_eq!(status(&desk), "connected");
    assert!(
        desk.settings().starts_with("// mine\n"),
        "{}",
        desk.settings()
    );
    drop(hub);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_the_browser_could_not_open_is_pasted_back() {
    let world = world().await;
    let mut desk = Desk::new();
    let hub = desk.start_hub(&settings(&world));

    let mut login = desk.start(&["auth", "login", "practice"]);
    login.line_with("Open this in a browser");
    let link = login.line_with("http://");
    let ended_at = Browser::new()
        .unwrap()
        .decide(link.trim(), lab::Decision::Allow)
        .await
        .unwrap();
    let (exit, out, err) = desk.run(&["auth", "complete", "practice", &ended_at]);
    assert_eq!(exit, 0, "{out}{err}");
    assert_eq!(login.end().0, 0);
    assert_eq!(status(&desk), "connected");
    drop(hub);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_says_no_is_told_so_and_may_try_again() {
    let world = world().await;
    world.switches(|switches| switches.consent = Consent::Deny);
    let mut desk = Desk::new();
    let hub = desk.start_hub(&settings(&world));

    let mut login = desk.start(&["auth", "login", "practice"]);
    login.line_with("Open this in a browser");
    let link = login.line_with("http://");
    let browser = Browser::new().unwrap();
    let back = browser
        .decide(link.trim(), lab::Decision::Deny)
        .await
        .unwrap();
    assert_eq!(browser.open(&back).await.unwrap().status, 400);
    let (exit, said) = login.end();
    assert_eq!(exit, 3, "{said:#?}");
    assert!(
        said.iter().any(|line| line.contains("access_denied")),
        "{said:#?}"
    );

    world.switches(|switches| switches.consent = Consent::Allow);
    let mut login = desk.start(&["auth", "login", "practice"]);
    consent(&mut login).await;
    assert_eq!(login.end().0, 0);
    drop(hub);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_server_that_registers_nobody_is_given_a_client() {
    let world = world().await;
    world.switches(|switches| switches.registration = Registration::Absent);
    let mut desk = Desk::new();
    let hub = desk.start_hub("{}");
    let url = world.mcp_url();

    let (exit, out, err) = desk.run(&["add", &url, "--name", "practice"]);
    assert_eq!(exit, 3, "{out}{err}");
    assert!(
        err.contains("practice needs a client id")
            && err.contains(&format!("{url} --name practice --client-id")),
        "{err}"
    );
    let callback = out
        .lines()
        .find(|line| line.ends_with("/oauth/callback") && line.starts_with("http"))
        .unwrap();

    // A script is told the same in a form that it reads.
    for wish in [&["--json"][..], &["--json", "--yes", "--no-wait"]] {
        let (exit, out, err) = desk.run(&[&["add", &url][..], wish].concat());
        assert_eq!(exit, 3, "{out}{err}");
        let told: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(told["status"], "needs_client");
        assert_eq!(told["oauth"]["redirectUri"], callback);
        assert!(err.contains("--client-id"), "{err}");
    }
    let (exit, out, err) = desk.run(&["add", &url, "--client-id", "${NOT_SET_ANYWHERE}"]);
    assert_eq!(exit, 1, "{out}{err}");
    assert!(err.contains("`NOT_SET_ANYWHERE` is not set"), "{err}");

    world.register(Client::by_hand("mine", "hush", callback));
    let mut add = desk.start(&[
        "add",
        &url,
        "--client-id",
        "mine",
        "--client-secret",
        "hush",
    ]);
    consent(&mut add).await;
    let (exit, said) = add.end();
    assert_eq!(exit, 0, "{said:#?}");
    assert_eq!(status(&desk), "connected");
    drop(hub);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_adds_a_server_does_not_wait_and_is_given_the_link() {
    let world = world().await;
    let mut desk = Desk::new();
    let _hub = desk.start_hub("{}");
    let arguments = ["add", &world.mcp_url(), "--json", "--yes", "--no-wait"];
    let (exit, out, err) = desk.run(&arguments);
    assert_eq!(exit, 3, "{out}{err}");
    let told: Value = serde_json::from_str(&out).unwrap(); // one value, and nothing beside it
    let link = told["oauth"]["authorizationUrl"].as_str().unwrap();
    assert!(link.starts_with(&world.endpoint_url("authorize")), "{link}");
    assert!(
        err.contains("needs a sign-in") || err.contains("sign-in needed"),
        "{err}"
    );
    let page = Browser::new().unwrap().sign_in(link).await.unwrap();
    assert_eq!(page.status, 200, "{}", page.body);
    let again = desk.json(&["add", &world.mcp_url(), "--yes"]);
    assert_eq!(
        again["status"], "connected",
        "the second time there is nothing left to do"
    );
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_asked_to_stop_ends_well_and_takes_its_invitation_along() {
    let world = world().await;
    let mut desk = Desk::new();
    let hub = desk.start_hub(&settings(&world));
    assert_eq!(desk.run(&["servers"]).0, 0);
    let asked = std::process::Command::new("kill")
        .arg(hub.child.id().to_string())
        .status()
        .unwrap();
    assert!(asked.success());
    assert_eq!(hub.end().0, 0);
    let (exit, _, err) = desk.run(&["servers"]);
    assert_eq!(exit, 4, "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_is_followed_while_it_grows() {
    let world = world().await;
    let mut desk = Desk::new();
    let _hub = desk.start_hub(&settings(&world));
    let (exit, out, err) = desk.run(&["auth", "login", "practice", "--no-wait"]);
    assert_eq!(exit, 3, "{out}{err}");
    let mut log = desk.start(&["auth", "log", "practice", "--follow"]);
    log.line_with("  link ");
    let mut login = desk.start(&["auth", "login", "practice"]);
    consent(&mut login).await;
    let (exit, said) = login.end();
    assert_eq!(exit, 0, "{said:#?}");
    log.line_with("  token ");
}
