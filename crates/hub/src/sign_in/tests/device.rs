//! Tests: a code that a person types, and the task that asks about it, on a clock that is moved by hand.

use std::time::{Duration, SystemTime};

use lab::{Decision, Endpoint, Fault, Switches, Trouble};
use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::bench::{Attempt, Bench};
use super::{Event, Forget, State};
use crate::cause::Cause;

const INTERVAL: u64 = 5;

/// The practice server offers it; `oauth` is added to the settings of the server.
async fn bench_with(oauth: Value) -> Bench {
    let switches = Switches {
        device: true,
        mcp_sessions: false,
        ..Switches::default()
    };
    let mut settings = json!({"grantType": "device_code"});
    let all = oauth.as_object().unwrap().clone();
    settings.as_object_mut().unwrap().extend(all);
    Bench::with(
        switches,
        |url| json!({"up": {"url": url, "oauth": settings}}),
    )
    .await
}

async fn bench() -> Bench {
    bench_with(json!({})).await
}

fn asked(bench: &Bench) -> u64 {
    bench.world.counts().of(Endpoint::Token)
}

/// Time passes for both sides.
fn pass(bench: &Bench, seconds: u64) {
    bench.world.advance(Duration::from_secs(seconds));
    bench.clock.advance(Duration::from_secs(seconds));
}

/// So much time passes, and one question comes in it and is answered.
async fn one_question(bench: &Bench, seconds: u64) {
    one_question_asked(bench, seconds).await;
    // A question holds the desk until its answer is taken, and the next one's time is counted from then.
    drop(bench.sign_ins.shared.desk(&"up".into()).flow.lock().await);
}

/// So much time passes, and one question comes in it.
async fn one_question_asked(bench: &Bench, seconds: u64) {
    let before = asked(bench);
    pass(bench, seconds);
    let counts = bench
        .world
        .until(|counts| counts.of(Endpoint::Token) > before)
        .await;
    assert_eq!(counts.of(Endpoint::Token), before + 1);
}

fn millis(time: SystemTime) -> Value {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    json!(u64::try_from(since.as_millis()).unwrap())
}

async fn until(events: &mut broadcast::Receiver<Event>, wanted: Event) {
    while events.recv().await.unwrap() != wanted {}
}

fn allow(bench: &Bench, decision: Decision) {
    let code = bench.sign_ins.view("up").user_code.unwrap();
    assert!(bench.world.decide_device(&code, decision));
}

/// When the hub asked, by its own clock.
fn times(bench: &Bench) -> Vec<SystemTime> {
    let entries = bench.journal.entries("up").into_iter();
    let asked = entries.filter(|entry| {
        entry
            .request
            .as_ref()
            .is_some_and(|asked| asked.path == "/token")
    });
    asked.map(|entry| entry.time).collect()
}

// rule: at-58
#[tokio::test]
async fn the_code_is_shown_and_asked_about_until_the_person_has_typed_it() {
    let bench = bench().await;
    let needed = bench.needed().await;
    assert_eq!(needed.state, State::OauthRequired);
    let code = needed.user_code.clone().unwrap().into_string();
    assert!(needed.to_string().contains(&code), "{needed}");
    assert_eq!(bench.world.user_codes(), [code.as_str()]);
    let view = bench.sign_ins.view("up");
    assert_eq!(view.user_code.as_ref(), Some(&code));
    assert_eq!(
        view.verification_uri,
        Some(bench.world.endpoint_url("device"))
    );
    assert!(view.link_expires_at.is_some());
    let link = bench.sign_ins.begin("up").await.unwrap();
    assert_eq!(
        link.typed.unwrap().user_code,
        code,
        "one code, however often one is asked for"
    );
    let mut events = bench.sign_ins.events();
    one_question(&bench, INTERVAL).await;
    one_question(&bench, INTERVAL).await;
    allow(&bench, Decision::Allow);
    one_question(&bench, INTERVAL).await;
    until(&mut events, Event::SignedIn("up".into())).await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    assert_eq!(bench.world.counts().asked_too_soon, 0);
    assert_eq!(bench.world.counts().of(Endpoint::Authorize), 0);
    assert_eq!(bench.sign_ins.view("up").state, State::Connected);
}

// rule: at-58
#[tokio::test]
async fn the_token_is_renewed_and_given_back_as_any_other() {
    let bench = bench().await;
    bench.needed().await;
    allow(&bench, Decision::Allow);
    let mut events = bench.sign_ins.events();
    one_question(&bench, INTERVAL).await;
    until(&mut events, Event::SignedIn("up".into())).await;
    bench.world.expire_access_tokens();
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    assert_eq!(bench.world.counts().renewed, 1);
    let done = bench.sign_ins.sign_out("up", Forget::Tokens).await.unwrap();
    assert_eq!((done.attempted, done.failed), (2, 0));
    assert!(bench.oauth()["pendingAuthorization"].is_null());
}

// rule: at-58, rfc8628-3.5
#[tokio::test]
async fn slow_down_is_obeyed_and_survives_in_the_file() {
    let bench = bench().await;
    bench.needed().await;
    let slow = Trouble::once(Fault::oauth("slow_down"));
    bench
        .world
        .switches(|switches| switches.order(Endpoint::Token, slow));
    one_question(&bench, INTERVAL).await;
    for _ in 0..2 * INTERVAL {
        pass(&bench, 1);
        tokio::task::yield_now().await;
    }
    bench
        .world
        .until(|counts| counts.of(Endpoint::Token) == 2)
        .await;
    let times = times(&bench);
    let first = times[0];
    assert!(
        first <= bench.clock.now() - Duration::from_secs(2 * INTERVAL),
        "{times:?}"
    );
    assert_eq!(
        bench.oauth()["pendingAuthorization"]["interval"],
        2 * INTERVAL
    );
    assert_eq!(bench.world.counts().asked_too_soon, 0);
}

// rule: at-58, rfc8628-3.5
#[tokio::test]
async fn the_interval_counts_from_the_answer_however_long_that_took() {
    let bench = bench().await;
    let hold = bench.world.hold(Endpoint::Device);
    tokio::join!(bench.needed(), async {
        let come = |counts: &lab::Counts| counts.of(Endpoint::Device) == 1;
        bench.world.until(come).await;
        pass(&bench, 3);
        drop(hold);
    });
    let kept = bench.oauth()["pendingAuthorization"]["createdAt"].clone();
    assert_eq!(kept, millis(bench.clock.now()));

    let hold = bench.world.hold(Endpoint::Token);
    one_question_asked(&bench, INTERVAL).await;
    pass(&bench, 3);
    let answered = bench.clock.now();
    drop(hold);
    while asked(&bench) == 1 {
        pass(&bench, 1);
        let soon = Duration::from_millis(100);
        let asks = bench.world.until(|counts| counts.of(Endpoint::Token) == 2);
        drop(tokio::time::timeout(soon, asks).await);
    }
    let second = bench.clock.now();
    assert!(
        second >= answered + Duration::from_secs(INTERVAL),
        "{second:?} is too soon after {answered:?}"
    );
    assert_eq!(bench.world.counts().asked_too_soon, 0);
}

// rule: at-58, rfc8628-3.5
#[tokio::test]
async fn the_file_makes_no_code_older_than_it_is() {
    let bench = bench().await;
    bench.clock.advance(Duration::from_nanos(1));
    bench.needed().await;
    let kept = &bench.oauth()["pendingAuthorization"]["createdAt"];
    let next = bench.clock.now() + Duration::from_millis(1);
    assert_eq!(*kept, millis(next));
}

// rule: at-58
#[tokio::test]
async fn a_refusal_and_the_end_of_the_code_are_said_and_nobody_is_asked_any_more() {
    for (decision, reason, cause) in [
        (Some(Decision::Deny), "said no", Cause::Declined),
        (None, "in time", Cause::CodeExpired),
    ] {
        let bench = bench().await;
        bench.needed().await;
        let mut events = bench.sign_ins.events();
        if let Some(decision) = decision {
            allow(&bench, decision);
            one_question(&bench, INTERVAL).await;
        } else {
            pass(&bench, 600);
        }
        until(&mut events, Event::Needed("up".into())).await;
        let view = bench.sign_ins.view("up");
        assert_eq!((view.state, view.user_code), (State::OauthRequired, None));
        assert!(view.reason.contains(reason), "{}", view.reason);
        assert_eq!(view.cause, Some(cause));
        assert!(bench.oauth()["pendingAuthorization"].is_null());
        let before = bench.world.user_codes();
        assert!(
            bench.needed().await.user_code.is_some(),
            "another one can be had"
        );
        assert_ne!(bench.world.user_codes(), before);
    }
}

// rule: at-58
#[tokio::test]
async fn signing_out_or_other_settings_end_the_questions() {
    for how in ["sign out", "client", "removed", "disabled"] {
        let bench = bench().await;
        bench.needed().await;
        one_question(&bench, INTERVAL).await;
        let set = |path: &[&str], value: Value| settings::Change::set(path.to_vec(), value);
        let up = ["mcpServers", "up"];
        let change = match how {
            "sign out" => {
                bench.sign_ins.sign_out("up", Forget::Tokens).await.unwrap();
                None
            }
            "client" => Some(set(
                &["mcpServers", "up", "oauth", "clientId"],
                json!("mine"),
            )),
            "disabled" => Some(set(&["mcpServers", "up", "enabled"], json!(false))),
            _ => Some(settings::Change::remove(up)),
        };
        bench
            .store
            .edit(change.into_iter().collect())
            .await
            .unwrap();
        let before = asked(&bench);
        for _ in 0..4 {
            pass(&bench, INTERVAL);
            tokio::task::yield_now().await;
        }
        assert_eq!(asked(&bench), before, "{how}");
    }
}

// rule: at-58
#[tokio::test]
async fn the_questions_go_on_after_a_restart() {
    let mut bench = bench().await;
    let code = bench.needed().await.user_code.map(Into::into);
    one_question(&bench, INTERVAL).await;
    bench.restart().await;
    assert_eq!(bench.sign_ins.view("up").user_code, code);
    allow(&bench, Decision::Allow);
    let mut events = bench.sign_ins.events();
    // When the new process begins to count is its own affair.
    while bench.world.counts().tokens_issued == 0 {
        pass(&bench, INTERVAL);
        let soon = Duration::from_millis(100);
        let asks = bench.world.until(|counts| counts.tokens_issued > 0);
        drop(tokio::time::timeout(soon, asks).await);
    }
    until(&mut events, Event::SignedIn("up".into())).await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    assert_eq!(bench.world.counts().asked_too_soon, 0);
}

// rule: at-58
#[tokio::test]
async fn two_processes_on_one_file_ask_no_oftener_than_one() {
    let bench = bench().await;
    let twin = bench.twin().await;
    bench.needed().await;
    for _ in 0..3 {
        one_question(&bench, INTERVAL).await;
    }
    assert_eq!(bench.world.counts().asked_too_soon, 0);
    assert_eq!(twin.view("up").state, State::Unneeded);
}

// rule: at-58, mcp-auth-grant-transient
#[tokio::test]
async fn a_token_endpoint_in_trouble_costs_time_and_not_the_code() {
    let bench = bench().await;
    let code = bench.needed().await.user_code.map(Into::into);
    let trouble = Trouble::times(Fault::status(503), 2);
    bench
        .world
        .switches(|switches| switches.order(Endpoint::Token, trouble));
    one_question(&bench, INTERVAL).await;
    one_question(&bench, 2 * INTERVAL).await;
    assert_eq!(bench.sign_ins.view("up").user_code, code);
    allow(&bench, Decision::Allow);
    let mut events = bench.sign_ins.events();
    one_question(&bench, 4 * INTERVAL).await;
    until(&mut events, Event::SignedIn("up".into())).await;
}

// rule: at-58, at-06
#[tokio::test]
async fn a_client_that_is_forgotten_there_is_replaced_before_a_person_types_anything() {
    let bench = bench().await;
    bench.needed().await;
    bench.sign_ins.sign_out("up", Forget::Tokens).await.unwrap();
    bench.world.forget_clients();
    bench.clock.advance(Duration::from_secs(601));
    assert!(bench.needed().await.user_code.is_some());
    assert_eq!(bench.world.counts().registered, 2);
}

#[tokio::test]
async fn a_server_that_offers_no_codes_is_said() {
    let bench = bench().await;
    bench.world.switches(|switches| switches.device = false);
    let attempt = bench.attempt().await;
    assert!(matches!(attempt, Attempt::Failed(..)), "{attempt:?}");
    assert_eq!(bench.sign_ins.view("up").state, State::Disconnected);
}

// rule: at-58
#[tokio::test]
async fn the_journal_and_the_view_hold_no_code_that_a_device_asks_with() {
    let bench = bench_with(json!({"scopes": ["tools:read"]})).await;
    bench.needed().await;
    one_question(&bench, INTERVAL).await;
    let secret = bench.oauth()["pendingAuthorization"]["deviceCode"].clone();
    let secret = secret.as_str().unwrap();
    let text = serde_json::to_string(&bench.journal.entries("up")).unwrap();
    assert!(text.contains("a code waits for a person") && !text.contains(secret));
    assert!(!format!("{:?}", bench.sign_ins.view("up")).contains(secret));
}
