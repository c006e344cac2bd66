//! Two hubs on one settings file: the real binary twice, beside a practice world that ends a grant at the first reuse.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::harness::Desk;
use lab::{Browser, Consent, Endpoint, Switches, World};
use serde_json::{Value, json};

const CALL: [&str; 4] = ["call", "practice", "echo", "text=hi"];

async fn sign_in(desk: &Desk) {
    let mut login = desk.start(&["auth", "login", "practice"]);
    login.line_with("Open this in a browser");
    let link = login.line_with("http://");
    let page = Browser::new().unwrap().sign_in(link.trim()).await.unwrap();
    assert_eq!(page.status, 200, "{}", page.body);
    let (exit, said) = login.end();
    assert_eq!(exit, 0, "{said:#?}");
}

/// Reads the file again and again until it is told to stop; gives all the pairs that stood there.
fn watch(desk: &Desk, stop: &Arc<AtomicBool>) -> JoinHandle<BTreeSet<[String; 2]>> {
    let (desk, stop) = (desk.beside(), stop.clone());
    std::thread::spawn(move || {
        let mut pairs = BTreeSet::new();
        while !stop.load(Ordering::Acquire) {
            let document: Value = serde_json::from_str(&desk.settings()).unwrap();
            let oauth = &document["mcpServers"]["practice"]["oauth"];
            let text = |key: &str| oauth[key].as_str().unwrap_or_default().to_owned();
            pairs.insert([text("accessToken"), text("refreshToken")]);
        }
        pairs
    })
}

// rule: at-02
#[tokio::test(flavor = "multi_thread")]
async fn two_hubs_that_are_refused_at_the_same_moment_renew_once_and_both_serve() {
    let switches = Switches {
        consent: Consent::Allow,
        ..Switches::default()
    };
    let world = World::start(switches).await.unwrap();
    let settings = json!({ "mcpServers": { "practice": { "url": world.mcp_url() } } });
    let mut one = Desk::new();
    let first = one.start_hub(&settings.to_string());
    sign_in(&one).await;
    let mut other = one.beside();
    let second = other.start_hub_on_file();
    for desk in [&one, &other] {
        let (exit, out, err) = desk.run(&CALL);
        assert_eq!((exit, out.trim()), (0, "hi"), "{err}");
    }

    for round in 1..=3 {
        let before = world.counts();
        world.expire_access_tokens();
        let stop = Arc::new(AtomicBool::new(false));
        let watched = watch(&one, &stop);
        let hold = world.hold(Endpoint::Token);
        let mut calls = [one.start(&CALL), other.start(&CALL)];
        // Both were refused, and the one whose turn it is has asked.
        world
            .until(|now| {
                now.of(Endpoint::Mcp) >= before.of(Endpoint::Mcp) + 2
                    && now.of(Endpoint::Token) > before.of(Endpoint::Token)
            })
            .await;
        drop(hold);
        for call in &mut calls {
            call.line_with("hi");
        }
        for call in calls {
            assert_eq!(call.end().0, 0);
        }
        stop.store(true, Ordering::Release);
        let pairs = watched.join().unwrap();
        let whole = pairs.iter().flatten().all(|token| !token.is_empty());
        assert!(whole, "the record was empty for a moment: {pairs:?}");
        assert!(pairs.len() <= 2, "more than the old pair and the new one");
        let now = world.counts();
        assert_eq!(
            now.of(Endpoint::Token),
            before.of(Endpoint::Token) + 1,
            "round {round}"
        );
        assert_eq!(now.tools_called, before.tools_called + 2);
        assert_eq!((now.reuse_detected, now.codes_issued), (0, 1));
    }
    drop((first, second));
}
