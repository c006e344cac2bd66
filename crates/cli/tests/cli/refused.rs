//! A login server that registers clients, but not this hub: what a person and a script are told, how often it is asked, and the client
//! that is made by hand instead.

#[cfg(target_os = "linux")]
use std::process::Command;

use lab::{Endpoint, Redirects, Registration, Switches, World};
use serde_json::{Value, json};

use crate::harness::Desk;

async fn world() -> World {
    let switches = Switches {
        registration: Registration::Refused,
        ..Switches::default()
    };
    World::start(switches).await.unwrap()
}

fn asked(world: &World) -> usize {
    world.requests_at(Endpoint::Register).len()
}

/// The line that is to be copied.
fn callback(said: &str) -> &str {
    let mut lines = said.lines();
    let callback = lines.find(|line| line.ends_with("/oauth/callback") && line.starts_with("http"));
    callback.unwrap_or_else(|| panic!("no callback in {said}"))
}

// rule: mcp-auth-registration-rest
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_registration_is_asked_for_and_told_once_with_the_callback_for_a_client_by_hand()
{
    let world = world().await;
    let mut desk = Desk::new();
    let _hub = desk.start_hub("{}");
    let url = world.mcp_url();
    let arguments = ["add", &url, "--name", "practice", "--yes"];
    let (exit, out, err) = desk.run(&arguments);
    assert_eq!(exit, 3, "{out}{err}");
    let whole = format!("{out}{err}");
    for (words, count) in [
        ("protected resource metadata found", 1),
        ("login server   http://", 1),
        ("refused to register a client: 403 Forbidden", 1),
        ("does not register just anybody.   MCPHUB-AUTH-011", 1),
        ("practice needs a client id", 1),
    ] {
        assert_eq!(whole.matches(words).count(), count, "{words} in {whole}");
    }
    let place = format!("in:   the console of {}\n", world.issuer());
    assert!(out.contains(&place), "{whole}");
    assert!(err.contains("--client-id ... --client-secret"), "{err}");
    let callback = callback(&out);

    let (exit, out, err) = desk.run(&[&arguments[..], &["--json"]].concat());
    assert_eq!(exit, 3, "{out}{err}");
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["status"], "registration_refused");
    assert_eq!(told["oauth"]["redirectUri"], callback);
    assert_eq!(asked(&world), 1, "what was refused is not asked for again");

    // A sign-in that a person asks for tries it once more.
    let (exit, out, err) = desk.run(&["auth", "login", "practice", "--json"]);
    assert_eq!(exit, 3, "{out}{err}");
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["server"], "practice");
    assert_eq!(told["oauth"]["redirectUri"], callback);
    assert_eq!(asked(&world), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_callback_is_answered_with_one_advice() {
    let world = world().await;
    world.switches(|switches| {
        switches.registration = Registration::Open;
        switches.registration_redirects = Redirects::HttpsOnly;
    });
    let mut desk = Desk::new();
    let settings = json!({ "mcpServers": { "practice": { "url": world.mcp_url() } } });
    let _hub = desk.start_hub(&settings.to_string());
    let (exit, out, err) = desk.run(&["auth", "login", "practice"]);
    assert_eq!(exit, 3, "{out}{err}");
    assert!(
        out.contains("what helps     Set oauth.redirectUri to an address that it takes"),
        "{out}"
    );
    callback(&out);
    let server = desk.json(&["servers", "get", "practice"]);
    for text in [
        &server["reason"],
        &server["action"],
        &server["explained"]["why"],
    ] {
        let text = text.as_str().unwrap();
        assert!(text.contains("set oauth.redirectUri to"), "{text}");
        assert!(!text.contains("dynamicRegistration"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_asks_for_a_refused_registration_once() {
    let world = world().await;
    let desk = Desk::new();
    let mut command = desk.command(&["doctor", &world.mcp_url(), "--login"]);
    let output = command.env("PORT", "0").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        said.matches("protected resource metadata found").count(),
        1,
        "{said}"
    );
    assert_eq!(asked(&world), 1, "{said}");
    assert!(said.contains("MCPHUB-AUTH-011"), "{said}");
}

/// As the leader of a session that the terminal controls: a secret is read from there, past what stdin may be.
#[cfg(target_os = "linux")]
fn leading(command: &Command) -> Command {
    let mut leader = Command::new("setsid");
    leader.arg("--ctty").arg(command.get_program());
    leader.args(command.get_args()).env_clear();
    let told = |(name, value): (_, Option<_>)| value.map(|value| (name, value));
    leader.envs(command.get_envs().filter_map(told));
    leader.current_dir(command.get_current_dir().unwrap());
    leader
}

/// On a terminal, whichever command meets the refusal.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_asked_for_the_client_and_goes_on_to_the_sign_in() {
    let world = world().await;
    let url = world.mcp_url();
    for login in [false, true] {
        let mut desk = Desk::new();
        let known = match login {
            true => json!({ "mcpServers": { "practice": { "url": url } } }),
            false => json!({}),
        };
        let _hub = desk.start_hub(&known.to_string());
        let arguments: &[&str] = match login {
            true => &["auth", "login", "practice"],
            false => &["add", &url, "--name", "practice"],
        };
        let (mut command, mut keyboard) =
            crate::terminal::on_terminal(leading(&desk.command(arguments)));
        command.line_with("Make a client");
        let callback = command.line_with("/oauth/callback");
        let id = format!("mine-{login}");
        world.register(lab::Client::by_hand(&id, "hush", callback.trim()));
        command.line_with("client id, or a variable");
        keyboard.types(&id);
        command.line_with("client secret");
        keyboard.types("hush");
        command.line_with("client         saved");
        command.line_with("Open this in a browser");
        let link = command.line_with("http://");
        let page = lab::Browser::new()
            .unwrap()
            .sign_in(link.trim())
            .await
            .unwrap();
        assert_eq!(page.status, 200, "{}", page.body);
        let (exit, said) = command.end();
        assert_eq!(exit, 0, "{said:#?}");
        let server = desk.json(&["servers", "get", "practice"]);
        assert_eq!(server["status"], "connected");
    }
}
