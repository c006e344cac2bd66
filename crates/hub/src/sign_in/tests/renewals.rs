//! Tests: keeping a grant through expiry, trouble, forgetful servers and other processes.

use std::time::Duration;

use lab::{Endpoint, Fault, RefreshTokens, Rotation, Switches, Trouble};

use super::bench::{Attempt, Bench, quick};
use super::{Event, SignIns, State};

const HOUR: Duration = Duration::from_secs(3600);

async fn signed_in(switches: Switches) -> Bench {
    let bench = Bench::start(switches).await;
    bench.sign_in().await;
    bench
}

fn order(bench: &Bench, fault: Fault, times: u32) {
    bench
        .world
        .switches(|switches| switches.order(Endpoint::Token, Trouble::times(fault, times)));
}

fn token_requests(bench: &Bench) -> u64 {
    bench.world.counts().of(Endpoint::Token)
}

async fn all_tokens(sign_ins: &SignIns, count: usize) -> Vec<String> {
    let asked = (0..count).map(|_| sign_ins.token("up"));
    let all = futures::future::join_all(asked).await;
    all.into_iter()
        .map(|token| token.unwrap().unwrap().header_value())
        .collect()
}

// rule: at-01
#[tokio::test]
async fn fifty_callers_at_expiry_are_one_token_request() {
    let bench = signed_in(quick()).await;
    let before = token_requests(&bench);
    bench.clock.advance(HOUR);
    let all = all_tokens(&bench.sign_ins, 50).await;
    assert_eq!(token_requests(&bench), before + 1);
    assert!(all.iter().all(|token| *token == all[0]));
    let stored = bench.oauth()["accessToken"].as_str().unwrap().to_owned();
    assert_eq!(
        all[0],
        format!("Bearer {stored}"),
        "stored before anybody got it"
    );
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    assert_eq!(bench.world.counts().reuse_detected, 0);
}

// rule: at-02
#[tokio::test]
async fn two_processes_on_one_file_are_one_token_request() {
    let bench = signed_in(quick()).await;
    let twin = bench.twin().await;
    let before = token_requests(&bench);
    bench.clock.advance(HOUR);
    let (one, other) = tokio::join!(all_tokens(&bench.sign_ins, 5), all_tokens(&twin, 5));
    assert_eq!(one, other);
    assert_eq!(token_requests(&bench), before + 1);
    assert_eq!(bench.world.counts().families_revoked, 0);
}

// rule: at-03
#[tokio::test]
async fn a_rejection_of_a_token_that_another_process_renewed_costs_nothing() {
    let bench = signed_in(quick()).await;
    bench.clock.advance(HOUR);
    let hold = bench.world.hold(Endpoint::Token);
    order(&bench, Fault::oauth("invalid_grant"), 1);
    let waiting = tokio::spawn({
        let sign_ins = bench.sign_ins.clone();
        async move { sign_ins.token("up").await }
    });
    let before = token_requests(&bench);
    bench
        .world
        .until(|counts| counts.of(Endpoint::Token) > before.min(1))
        .await;
    // Meanwhile another program, which takes no lock, writes a new pair.
    let text = std::fs::read_to_string(bench.path()).unwrap();
    let old = bench.oauth()["accessToken"].as_str().unwrap().to_owned();
    std::fs::write(bench.path(), text.replace(&old, "adopted")).unwrap();
    drop(hold);
    let token = waiting.await.unwrap().unwrap().unwrap();
    assert_eq!(token.header_value(), "Bearer adopted");
    assert!(bench.sign_ins.view("up").connected);
}

// rule: at-09, mcp-auth-grant-transient, safe-l05
#[tokio::test]
async fn a_token_endpoint_in_trouble_does_not_cost_the_grant() {
    for fault in [
        Fault::status(500),
        Fault::status(530),
        Fault::busy(1),
        Fault::Html,
        Fault::Drop,
    ] {
        let bench = signed_in(quick()).await;
        let old = bench.oauth()["refreshToken"].clone();
        // Within the last minute of the token's life: the old one serves on.
        bench.clock.advance(HOUR - Duration::from_secs(30));
        order(&bench, fault.clone(), 1);
        assert_eq!(bench.attempt().await, Attempt::Answered(200), "{fault:?}");
        assert_eq!(bench.oauth()["refreshToken"], old, "{fault:?}");
        let view = bench.sign_ins.view("up");
        assert_eq!(view.state, State::RefreshFailing, "{fault:?}");
        bench.clock.advance(Duration::from_secs(2));
        assert_eq!(bench.attempt().await, Attempt::Answered(200));
        assert_eq!(
            bench.sign_ins.view("up").state,
            State::Connected,
            "{fault:?}"
        );
        assert_ne!(bench.oauth()["refreshToken"], old);
        assert_eq!(
            bench.world.counts().codes_issued,
            1,
            "nobody was asked to sign in"
        );
    }
}

#[tokio::test]
async fn a_caller_with_a_dead_token_waits_out_a_short_trouble() {
    let bench = signed_in(quick()).await;
    bench.clock.advance(HOUR);
    order(&bench, Fault::busy(0), 1);
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    assert_eq!(bench.sign_ins.view("up").state, State::Connected);
}

// rule: safe-l05
#[tokio::test]
async fn a_long_trouble_is_told_and_its_end_as_well() {
    let bench = signed_in(quick()).await;
    let mut events = bench.sign_ins.events();
    bench.clock.advance(HOUR);
    order(&bench, Fault::busy(60), 1);
    let Attempt::Needed(needed) = bench.attempt().await else {
        panic!()
    };
    assert_eq!(
        (needed.state, needed.authorization_url),
        (State::RefreshFailing, None)
    );
    let asked = token_requests(&bench);
    assert!(matches!(bench.attempt().await, Attempt::Needed(_)));
    assert_eq!(
        token_requests(&bench),
        asked,
        "not before the server's own word"
    );
    assert!(events.try_recv().is_err(), "no sign-in is asked for");
    bench.clock.advance(Duration::from_secs(60));
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    assert_eq!(events.try_recv().unwrap(), Event::SignedIn("up".into()));
}

#[tokio::test]
async fn what_comes_of_renewals_is_counted() {
    let bench = signed_in(quick()).await;
    assert!(bench.sign_ins.renewed().is_empty());
    let hour = || bench.clock.advance(HOUR);
    hour();
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    hour();
    order(&bench, Fault::busy(60), 1);
    assert!(matches!(bench.attempt().await, Attempt::Needed(_)));
    hour();
    bench.world.end_grants();
    bench.needed().await;
    let renewed = bench.sign_ins.renewed();
    assert_eq!(renewed.len(), 1);
    assert_eq!(&*renewed[0].0, "up");
    assert_eq!(
        renewed[0].1.read(),
        [("ok", 1), ("retry", 1), ("sign_in", 1)]
    );
}

// rule: at-31, mcp-auth-grant-classes
#[tokio::test]
async fn a_rejected_grant_asks_for_a_sign_in_and_keeps_the_client() {
    let bench = signed_in(quick()).await;
    let client = bench.oauth()["clientId"].clone();
    bench.clock.advance(HOUR);
    bench.world.end_grants();
    let needed = bench.needed().await;
    assert_eq!(needed.state, State::OauthRequired);
    assert!(needed.reason.contains("ended"), "{needed}");
    assert!(
        needed
            .authorization_url
            .unwrap()
            .contains(client.as_str().unwrap())
    );
    let oauth = bench.oauth();
    assert_eq!(oauth["clientId"], client);
    assert!(oauth["accessToken"].is_null() && oauth["refreshToken"].is_null());
    bench.sign_in().await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    assert_eq!(bench.world.counts().registered, 1);
}

// rule: safe-l07
#[tokio::test]
async fn a_grant_that_is_refused_without_a_clear_word_ends_at_the_second_try() {
    for fault in [Fault::oauth("invalid_request"), Fault::status(400)] {
        let bench = signed_in(quick()).await;
        bench.clock.advance(HOUR - Duration::from_secs(30));
        order(&bench, fault, 2);
        assert_eq!(bench.attempt().await, Attempt::Answered(200));
        bench.clock.advance(Duration::from_secs(5));
        assert_eq!(bench.needed().await.state, State::OauthRequired);
        nobody_asks_any_more(&bench).await;
    }
}

// rule: safe-l07
#[tokio::test]
async fn a_grant_that_is_refused_with_status_401_is_dead_at_once() {
    let bench = signed_in(quick()).await;
    bench.clock.advance(HOUR);
    let dead = Fault::OAuth {
        error: "invalid_grant".to_owned(),
        status: 401,
    };
    order(&bench, dead, 1);
    assert_eq!(bench.needed().await.state, State::OauthRequired);
    nobody_asks_any_more(&bench).await;
}

/// An hour of callers is no further request for a token.
async fn nobody_asks_any_more(bench: &Bench) {
    let asked = token_requests(bench);
    for _ in 0..60 {
        assert_eq!(bench.needed().await.state, State::OauthRequired);
        bench.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(token_requests(bench), asked, "a loop");
}

// rule: at-06
#[tokio::test]
async fn a_forgotten_client_is_registered_anew_once() {
    let bench = signed_in(quick()).await;
    let client = bench.oauth()["clientId"].clone();
    bench.clock.advance(HOUR);
    bench.world.forget_clients();
    let needed = bench.needed().await;
    let second = bench.oauth()["clientId"].clone();
    assert_ne!(second, client);
    assert!(
        needed
            .authorization_url
            .unwrap()
            .contains(second.as_str().unwrap())
    );
    assert_eq!(bench.world.counts().registered, 2);
    bench.sign_in().await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
}

// rule: mcp-auth-registration-rest
#[tokio::test]
async fn a_server_that_forgets_at_every_turn_gets_no_storm_of_registrations() {
    let bench = Bench::start(quick()).await;
    let link = bench.needed().await.authorization_url.unwrap();
    let query = bench.person(&link).await;
    bench.world.forget_clients();
    assert!(bench.sign_ins.callback(&query).await.is_err());
    for _ in 0..5 {
        assert_eq!(bench.needed().await.state, State::RegistrationRefused);
    }
    assert_eq!(bench.world.counts().registered, 1);
    bench.clock.advance(Duration::from_secs(601));
    bench.sign_ins.begin("up").await.unwrap();
    assert_eq!(bench.world.counts().registered, 2);
}

// rule: rfc6749-6, safe-l08
#[tokio::test]
async fn without_rotation_the_refresh_token_serves_again_and_again() {
    let bench = signed_in(Switches {
        rotation: Rotation::Off,
        ..quick()
    })
    .await;
    let first = bench.oauth()["refreshToken"].clone();
    for _ in 0..3 {
        bench.clock.advance(HOUR);
        assert_eq!(bench.attempt().await, Attempt::Answered(200));
        assert_eq!(bench.oauth()["refreshToken"], first);
    }
    assert_eq!(bench.world.counts().renewed, 3);
}

#[tokio::test]
async fn without_a_refresh_token_the_end_asks_for_a_sign_in() {
    let bench = signed_in(Switches {
        refresh_tokens: RefreshTokens::Never,
        ..quick()
    })
    .await;
    bench.clock.advance(HOUR);
    assert_eq!(
        bench.attempt().await,
        Attempt::Answered(200),
        "the server's word counts"
    );
    bench.world.expire_access_tokens();
    assert_eq!(bench.needed().await.state, State::OauthRequired);
    bench.sign_in().await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
}

#[tokio::test]
async fn tokens_that_were_deleted_in_the_file_ask_for_a_fresh_sign_in() {
    let bench = signed_in(quick()).await;
    let path = |key: &'static str| ["mcpServers", "up", "oauth", key];
    let gone = ["accessToken", "refreshToken"].map(|key| settings::Change::remove(path(key)));
    bench.store.edit(gone.into()).await.unwrap();
    assert_eq!(bench.needed().await.state, State::OauthRequired);
    bench.sign_in().await;
    assert_eq!(bench.world.counts().registered, 1);
}

#[tokio::test]
async fn tokens_of_another_program_are_used_and_renewed() {
    let mut bench = signed_in(quick()).await;
    let foreign = ["grant", "registration", "expiresAt", "grantedScopes"];
    let gone = foreign.map(|key| settings::Change::remove(["mcpServers", "up", "oauth", key]));
    bench.store.edit(gone.into()).await.unwrap();
    bench.restart().await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    bench.world.expire_access_tokens();
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    assert_eq!(bench.world.counts().renewed, 1);
    assert_eq!(bench.world.counts().registered, 1);
}

// rule: safe-p02
#[tokio::test]
async fn a_pair_that_cannot_be_written_is_kept_in_memory_and_written_later() {
    let mut bench = signed_in(quick()).await;
    let good = std::fs::read_to_string(bench.path()).unwrap();
    std::fs::write(bench.path(), "{ broken").unwrap();
    bench.clock.advance(HOUR);
    let first = all_tokens(&bench.sign_ins, 3).await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    assert_eq!(bench.world.counts().renewed, 1);
    assert_eq!(
        std::fs::read_to_string(bench.path()).unwrap(),
        "{ broken",
        "never written over"
    );
    assert_eq!(all_tokens(&bench.sign_ins, 1).await[0], first[0]);

    std::fs::write(bench.path(), good).unwrap();
    bench.store.reload().await;
    super::idle::round(&bench.sign_ins.shared).await;
    let stored = bench.oauth()["accessToken"].as_str().unwrap().to_owned();
    assert_eq!(first[0], format!("Bearer {stored}"));
    bench.restart().await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    assert_eq!(bench.world.counts().renewed, 1);
}

// rule: safe-l01
#[tokio::test]
async fn fifty_callers_through_many_short_lives_lose_nothing_under_strict_rotation() {
    let life = Duration::from_secs(2);
    let bench = Bench::start(Switches {
        token_life: life.as_secs(),
        rotation: Rotation::Strict,
        ..quick()
    })
    .await;
    bench.world.hurry(0); // time passes by hand alone
    bench.sign_in().await;
    for round in 1..=15 {
        bench.clock.advance(life);
        bench.world.advance(life);
        let calls = futures::future::join_all((0..50).map(|_| bench.attempt())).await;
        let served = |call: &Attempt| *call == Attempt::Answered(200);
        assert!(calls.iter().all(served), "round {round}: {calls:?}");
        assert_eq!(bench.world.counts().renewed, round);
    }
    let counts = bench.world.counts();
    let lost = (counts.reuse_detected, counts.families_revoked);
    assert_eq!((lost, counts.codes_issued), ((0, 0), 1));
}

// rule: safe-l04
#[tokio::test]
async fn a_lost_answer_costs_at_most_one_reuse_and_then_a_sign_in_without_a_loop() {
    let bench = signed_in(Switches {
        rotation: Rotation::Strict,
        ..quick()
    })
    .await;
    for lost in 1..=3 {
        bench.clock.advance(HOUR);
        order(&bench, Fault::Lose, 1);
        let needed = bench.needed().await;
        assert_eq!(needed.state, State::OauthRequired, "{needed}");
        let counts = bench.world.counts();
        assert!(counts.reuse_detected <= lost, "{counts:?}");
        for _ in 0..5 {
            bench.needed().await;
            bench.clock.advance(Duration::from_secs(60));
        }
        assert_eq!(token_requests(&bench), counts.of(Endpoint::Token), "a loop");
        bench.sign_in().await;
        assert_eq!(bench.attempt().await, Attempt::Answered(200));
    }
}
