//! A sign-in by a code that is typed anywhere: what the terminal shows for it, and how it ends.

use crate::harness::{Desk, Running};
use lab::{Decision, Endpoint, Switches, World};
use serde_json::{Value, json};

/// Asks the hub to ask every second, so that nobody waits longer for it.
async fn world() -> World {
    World::start(Switches {
        device: true,
        device_interval: 1,
        ..Switches::default()
    })
    .await
    .unwrap()
}

fn start_hub(desk: &mut Desk, world: &World) -> Running {
    let practice = json!({"url": world.mcp_url(), "oauth": {"grantType": "device_code"}});
    desk.start_hub(&json!({"mcpServers": {"practice": practice}}).to_string())
}

/// The code that a waiting command shows to a person.
fn shown_code(login: &mut Running) -> String {
    let line = login.line_with("and enter this code:");
    line.rsplit(' ').next().unwrap().to_owned()
}

// rule: at-58
#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_shown_and_the_command_ends_well_once_it_was_typed() {
    let world = world().await;
    let mut desk = Desk::new();
    let hub = start_hub(&mut desk, &world);

    let mut login = desk.start(&["auth", "login", "practice"]);
    let page = login.line_with("Open this on any machine:");
    assert!(page.ends_with(&world.endpoint_url("device")), "{page}");
    let code = shown_code(&mut login);
    assert_eq!(world.user_codes(), [code.as_str()]);
    let complete = login.line_with("Or with the code in it:");
    assert!(
        complete.ends_with(&format!("?user_code={code}")),
        "{complete}"
    );
    assert!(world.decide_device(&code, Decision::Allow));

    let (exit, said) = login.end();
    assert_eq!(exit, 0, "{said:#?}");
    let said = said.join("\n");
    assert!(said.contains("practice is connected, 4 tools"), "{said}");
    assert!(!said.contains("in a browser:"), "{said}");
    let (exit, out, err) = desk.run(&["call", "practice", "echo", "text=42"]);
    assert_eq!((exit, out.trim()), (0, "42"), "{err}");
    let counts = world.counts();
    assert_eq!(counts.of(Endpoint::Authorize), 0);
    assert_eq!((counts.tokens_issued, counts.asked_too_soon), (1, 0));
    drop(hub);
}

// rule: at-58
#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_given_the_code_and_the_hub_goes_on_without_the_command() {
    let world = world().await;
    let mut desk = Desk::new();
    let hub = start_hub(&mut desk, &world);

    let (exit, out, err) = desk.run(&["auth", "login", "practice", "--no-wait", "--json"]);
    assert_eq!(exit, 3, "{out}{err}");
    let told: Value = serde_json::from_str(&out).unwrap(); // one value, and nothing beside it
    let code = told["userCode"].as_str().unwrap();
    assert_eq!(told["verificationUri"], world.endpoint_url("device"));
    assert!(told["linkExpiresAt"].is_string(), "{told}");

    let mut login = desk.start(&["auth", "login", "practice"]);
    assert_eq!(
        shown_code(&mut login),
        code,
        "one code, however often it is shown"
    );
    assert!(world.decide_device(code, Decision::Allow));
    let (exit, said) = login.end();
    assert_eq!(exit, 0, "{said:#?}");
    assert_eq!(desk.run(&["auth", "status", "practice"]).0, 0);
    drop(hub);
}

// rule: at-58
#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_refuses_the_code_ends_the_command_and_may_have_another() {
    let world = world().await;
    let mut desk = Desk::new();
    let hub = start_hub(&mut desk, &world);

    let mut login = desk.start(&["auth", "login", "practice"]);
    let refused = shown_code(&mut login);
    assert!(world.decide_device(&refused, Decision::Deny));
    let (exit, said) = login.end();
    assert_eq!(exit, 3, "{said:#?}");
    assert_eq!(world.counts().tokens_issued, 0);

    let mut login = desk.start(&["auth", "login", "practice"]);
    let code = shown_code(&mut login);
    assert_ne!(code, refused);
    assert!(world.decide_device(&code, Decision::Allow));
    assert_eq!(login.end().0, 0);
    drop(hub);
}
