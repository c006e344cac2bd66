//! Secrets sealed in the settings file, with the real binary: what is on disk, after a restart, and without the key.

use crate::harness::{Desk, Running};
use lab::{Browser, Consent, Switches, World};
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
    json!({ "mcpServers": {
        "practice": { "url": world.mcp_url() },
        "other": { "url": world.mcp_url(), "enabled": false, "headers": { "Authorization": "Bearer by-hand" } },
    } })
    .to_string()
}

async fn sign_in(desk: &Desk) {
    let mut login = desk.start(&["auth", "login", "practice"]);
    login.line_with("Open this in a browser");
    let link = login.line_with("http://");
    let page = Browser::new().unwrap().sign_in(link.trim()).await.unwrap();
    assert_eq!(page.status, 200, "{}", page.body);
    let (exit, said) = login.end();
    assert_eq!(exit, 0, "{said:#?}");
}

fn stored(desk: &Desk, key: &str) -> String {
    let document: Value = serde_json::from_str(&desk.settings()).unwrap();
    let oauth = &document["mcpServers"]["practice"]["oauth"];
    oauth[key]
        .as_str()
        .unwrap_or_else(|| panic!("no {key}"))
        .to_owned()
}

fn restart(desk: &mut Desk, hub: Running) -> Running {
    let text = desk.settings();
    drop(hub);
    desk.start_hub(&text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_stays_sealed_over_a_restart_and_opens_with_its_key_only() {
    let world = world().await;
    let mut desk = Desk::new();
    desk.write_settings(&settings(&world));
    let (exit, out, err) = desk.run(&["settings", "seal"]);
    assert_eq!(exit, 1, "{out}{err}");
    assert!(err.contains("--new-key"), "{err}");
    let (exit, out, err) = desk.run(&["settings", "seal", "--new-key"]);
    assert_eq!(exit, 0, "{out}{err}");
    assert!(out.contains("one value sealed"), "{out}");
    assert!(!desk.settings().contains("by-hand"));

    let text = desk.settings();
    let hub = desk.start_hub(&text);
    sign_in(&desk).await;
    for key in ["accessToken", "refreshToken"] {
        assert!(stored(&desk, key).starts_with("sealed:v1:"), "{key}");
    }
    let told = desk.json(&["servers", "get", "practice"]).to_string();
    assert!(!told.contains("sealed:v1:"), "{told}");

    let hub = restart(&mut desk, hub);
    world.expire_access_tokens();
    let (exit, out, err) = desk.run(&["call", "practice", "echo", "text=back"]);
    assert_eq!((exit, out.trim()), (0, "back"), "{err}");
    assert_eq!((world.counts().renewed, world.counts().registered), (1, 1));
    assert!(stored(&desk, "refreshToken").starts_with("sealed:v1:"));

    // Without the key: said, and nothing is asked of anybody or written.
    let key = desk.data_folder().join("credential.key");
    let away = desk.data_folder().join("away.key");
    std::fs::rename(&key, &away).unwrap();
    let (before, asked) = (desk.settings(), world.counts());
    let hub = restart(&mut desk, hub);
    let shown = desk.json(&["servers", "get", "practice"]);
    assert_eq!(shown["status"], "disconnected", "{shown}");
    assert!(
        shown
            .to_string()
            .contains("MCPHUB_CREDENTIAL_ENCRYPTION_KEY"),
        "{shown}"
    );
    for refused in [
        &["auth", "login", "practice", "--no-browser"][..],
        &["auth", "logout", "practice"],
    ] {
        let (exit, out, err) = desk.run(refused);
        assert_ne!(exit, 0, "{refused:?} {out}{err}");
    }
    let (exit, _, err) = desk.run(&["settings", "unseal"]);
    assert_eq!(exit, 1, "{err}");
    assert_eq!(desk.settings(), before, "never written over");
    assert_eq!(world.counts(), asked, "nobody was asked");

    // With it again, everything is as it was; unsealed while the hub runs, too.
    std::fs::rename(&away, &key).unwrap();
    let hub = restart(&mut desk, hub);
    let (exit, out, err) = desk.run(&["call", "practice", "echo", "text=again"]);
    assert_eq!((exit, out.trim()), (0, "again"), "{err}");
    let (exit, out, err) = desk.run(&["settings", "unseal"]);
    assert_eq!(exit, 0, "{out}{err}");
    assert!(!desk.settings().contains("sealed:v1:") && desk.settings().contains("by-hand"));
    let (exit, _, err) = desk.run(&["call", "practice", "echo", "text=open"]);
    assert_eq!(exit, 0, "{err}");
    assert_eq!(world.counts().registered, 1);
    drop(hub);
}

#[test]
fn the_settings_are_checked_without_a_hub() {
    let desk = Desk::new();
    let (exit, _, err) = desk.run(&["settings", "check"]);
    assert_eq!(exit, 1, "{err}");
    assert!(err.contains("--settings"), "{err}");
    desk.write_settings(
        r#"{"mcpServers":{"a":{"url":"https://a.test/mcp","oauth":{"scope":[]}}}}"#,
    );
    let (exit, out, err) = desk.run(&["settings", "check"]);
    assert_eq!(exit, 0, "{err}");
    assert!(
        out.contains("did you mean `scopes`?") && out.contains("1 server, 1 problem"),
        "{out}"
    );
    desk.write_settings(
        r#"{"mcpServers":{"a":{"url":"https://a.test","oauth":{"accessToken":"sealed:v1:00.AA"}}}}"#,
    );
    let (exit, out, _) = desk.run(&["settings", "check"]);
    assert_eq!(exit, 1, "{out}");
    assert!(out.contains("no key"), "{out}");
}
