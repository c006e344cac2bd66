//! Tests: what is done on start-up for servers that demand no token.

use lab::{Endpoint, ResourceMetadata, ServerMetadata, Switches};
use serde_json::json;

use super::State;
use super::bench::{Attempt, Bench, quick};

fn open() -> Switches {
    Switches {
        token_required: false,
        ..quick()
    }
}

async fn that_registers(switches: Switches) -> Bench {
    Bench::with(switches, |url| {
        let oauth = json!({ "dynamicRegistration": { "enabled": true } });
        json!({ "up": { "url": url, "oauth": oauth } })
    })
    .await
}

#[tokio::test]
async fn a_client_is_registered_once_where_the_settings_want_it() {
    let mut bench = that_registers(open()).await;
    bench.sign_ins.prepare("up").await;
    assert_eq!(bench.world.counts().registered, 1);
    assert!(bench.oauth()["clientId"].is_string());
    assert!(bench.oauth()["pendingAuthorization"].is_null());
    let view = bench.sign_ins.view("up");
    assert_eq!(view.state, State::Unneeded);
    assert_eq!(view.offered_by, Some(bench.world.issuer()));
    bench.restart().await;
    bench.sign_ins.prepare("up").await;
    assert_eq!(bench.world.counts().registered, 1);
}

#[tokio::test]
async fn a_sign_in_is_offered_and_not_forced() {
    let bench = Bench::start(open()).await;
    bench.sign_ins.prepare("up").await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    let view = bench.sign_ins.view("up");
    assert_eq!(view.offered_by, Some(bench.world.issuer()));
    assert_eq!(bench.world.counts().of(Endpoint::Register), 0);
    let link = bench.sign_ins.begin("up").await.unwrap();
    bench.follow(&link.url).await.unwrap();
    let view = bench.sign_ins.view("up");
    assert_eq!((view.state, view.offered_by), (State::Connected, None));
}

#[tokio::test]
async fn nothing_is_guessed_where_nothing_is_published() {
    let bench = that_registers(Switches {
        resource_metadata: ResourceMetadata::Absent,
        server_metadata: ServerMetadata::Absent,
        ..open()
    })
    .await;
    bench.sign_ins.prepare("up").await;
    assert_eq!(bench.sign_ins.view("up").offered_by, None);
    assert_eq!(bench.world.counts().of(Endpoint::Register), 0);
}

#[tokio::test]
async fn a_server_that_is_signed_in_is_not_asked_again() {
    let bench = Bench::start(quick()).await;
    bench.sign_in().await;
    let asked = bench.world.counts();
    bench.sign_ins.prepare("up").await;
    assert_eq!(bench.world.counts(), asked);
}

#[tokio::test]
async fn one_that_is_being_signed_in_keeps_no_other_from_being_prepared() {
    let bench = Bench::with(open(), |url| {
        let one = |_: usize| json!({ "url": url });
        let busy = (0..64).map(|n| (format!("busy{n}"), one(n)));
        json!(
            busy.chain([("up".to_owned(), one(64))])
                .collect::<std::collections::BTreeMap<_, _>>()
        )
    })
    .await;
    let shared = &bench.sign_ins.shared;
    let desks: Vec<_> = (0..64)
        .map(|n| shared.desk(&super::Account::of(format!("busy{n}"), None)))
        .collect();
    let mut flows = Vec::new();
    for desk in &desks {
        flows.push(desk.flow.lock().await);
    }
    let mut busy: Vec<_> = (0..64)
        .map(|n| {
            Box::pin({
                let sign_ins = bench.sign_ins.clone();
                async move { sign_ins.prepare(format!("busy{n}").as_str()).await }
            })
        })
        .collect();
    for one in &mut busy {
        assert!(futures::poll!(one.as_mut()).is_pending());
    }
    let up = bench.sign_ins.prepare("up");
    let done = tokio::time::timeout(std::time::Duration::from_secs(20), up);
    done.await.expect("it does not wait for them");
    assert_eq!(
        bench.sign_ins.view("up").offered_by,
        Some(bench.world.issuer())
    );
}
