//! Tests: a 401 or 403 at any time.

use std::time::Duration;

use lab::{
    Challenge, Endpoint, Placement, RefreshTokens, ResourceMetadata, ServerMetadata, Switches,
};

use super::bench::{Attempt, Bench, quick};
use super::{Forget, Refusal, State, Verdict};

// rule: at-05, safe-l02
#[tokio::test]
async fn a_token_that_ended_early_is_renewed_and_the_request_sent_again() {
    let bench = Bench::start(quick()).await;
    bench.sign_in().await;
    bench.world.expire_access_tokens();
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    let counts = bench.world.counts();
    assert_eq!((counts.renewed, counts.codes_issued), (1, 1));
}

// rule: at-05
#[tokio::test]
async fn many_refused_at_once_are_one_renewal() {
    let bench = Bench::start(quick()).await;
    bench.sign_in().await;
    bench.world.expire_access_tokens();
    let all = futures::future::join_all((0..50).map(|_| bench.attempt())).await;
    assert!(
        all.iter().all(|attempt| *attempt == Attempt::Answered(200)),
        "{all:?}"
    );
    assert_eq!(bench.world.counts().renewed, 1);
}

// rule: safe-l10, mcp-auth-401-any-time
#[tokio::test]
async fn a_server_that_refuses_every_token_ends_in_a_stable_error() {
    let bench = Bench::start(quick()).await;
    bench.sign_in().await;
    bench
        .world
        .switches(|switches| switches.refuse_tokens = true);
    for _ in 0..10 {
        let needed = bench.needed().await;
        assert_eq!(needed.state, State::RejectedByResource);
        let client = bench.oauth()["clientId"].clone();
        for word in [
            "audience",
            "tools:read tools:call",
            client.as_str().unwrap(),
        ] {
            assert!(needed.reason.contains(word), "{word}: {needed}");
        }
    }
    let counts = bench.world.counts();
    let asked = counts.of(Endpoint::Token) + counts.of(Endpoint::Authorize);
    assert!(asked <= 4, "{counts:?}");
    bench
        .world
        .switches(|switches| switches.refuse_tokens = false);
    bench.clock.advance(Duration::from_secs(601));
    assert_eq!(
        bench.attempt().await,
        Attempt::Answered(200),
        "it is tried again after a while"
    );
}

// rule: at-45, mcp-auth-401-any-time
#[tokio::test]
async fn a_public_initialize_and_a_later_401_end_in_the_same_sign_in() {
    let bench = Bench::start(Switches {
        public_initialize: true,
        ..quick()
    })
    .await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    let Attempt::Needed(needed) = bench.call_tool("echo").await else {
        panic!()
    };
    assert_eq!(needed.state, State::OauthRequired);
    bench
        .follow(&needed.authorization_url.unwrap())
        .await
        .unwrap();
    assert_eq!(bench.call_tool("echo").await, Attempt::Answered(200));
}

fn with_tool_scope(scope: &str) -> Switches {
    let mut switches = quick();
    switches.challenge_scope = Some("tools:read".to_owned());
    switches
        .tool_scopes
        .insert("echo".to_owned(), scope.to_owned());
    switches
}

// rule: at-50, mcp-auth-step-up, safe-l11
#[tokio::test]
async fn a_step_up_asks_for_the_union_and_also_after_a_restart() {
    let mut bench = Bench::start(with_tool_scope("tools:call")).await;
    bench.sign_in().await;
    bench.restart().await;
    let Attempt::Needed(needed) = bench.call_tool("echo").await else {
        panic!()
    };
    assert!(needed.reason.contains("more scopes"), "{needed}");
    let link = needed.authorization_url.unwrap();
    assert!(link.contains("scope=tools%3Aread+tools%3Acall"), "{link}");
    let counts = bench.world.counts();
    assert_eq!(counts.renewed, 0, "never a refresh");
    bench.follow(&link).await.unwrap();
    assert_eq!(bench.call_tool("echo").await, Attempt::Answered(200));
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
}

// rule: safe-l10, mcp-auth-step-up
#[tokio::test]
async fn a_scope_that_is_never_enough_stops_after_two_rounds() {
    let bench = Bench::start(quick()).await;
    bench.sign_in().await;
    let refused = || async {
        let line = r#"Bearer error="insufficient_scope", scope="tools:call""#;
        let used = bench.sign_ins.token("up").await.unwrap();
        let challenges = vec![line.to_owned()];
        let refusal = Refusal {
            status: 403,
            challenges,
            used,
        };
        bench.sign_ins.refused("up", refusal).await
    };
    for _ in 0..2 {
        let Verdict::Needed(needed) = refused().await else {
            panic!()
        };
        bench
            .follow(&needed.authorization_url.unwrap())
            .await
            .unwrap();
    }
    for _ in 0..3 {
        let Verdict::Failed { why, .. } = refused().await else {
            panic!()
        };
        assert!(why.contains("tools:call"), "{why}");
    }
    assert_eq!(bench.world.counts().of(Endpoint::Authorize), 3);
}

// rule: safe-l10
#[tokio::test]
async fn a_server_that_wants_a_new_scope_each_time_is_not_followed_for_ever() {
    let known = ["tools:read".to_owned(), "tools:call".to_owned()].into_iter();
    let known = known.chain((0..20).map(|number| format!("tools:{number}")));
    let bench = Bench::start(Switches {
        server_scopes: Some(known.collect()),
        ..quick()
    })
    .await;
    bench.sign_in().await;
    let mut stable = Vec::new();
    for number in 0..20 {
        match refused_for(&bench, &format!("tools:{number}")).await {
            Ok(()) => assert!(stable.is_empty(), "it began again at {number}"),
            Err(why) => stable.push(why),
        }
    }
    assert!(stable.iter().all(|why| *why == stable[0]), "{stable:?}");
    let counts = bench.world.counts();
    let asked = counts.of(Endpoint::Token) + counts.of(Endpoint::Authorize);
    assert!(asked <= 12, "{counts:?}");
}

// rule: at-40
#[tokio::test]
async fn once_a_sign_in_is_needed_no_further_request_is_sent() {
    let bench = Bench::start(quick()).await;
    bench.needed().await;
    let sent = bench.world.counts().of(Endpoint::Mcp);
    for _ in 0..3 {
        bench.needed().await;
    }
    assert_eq!(bench.world.counts().of(Endpoint::Mcp), sent);
}

#[tokio::test]
async fn a_discovery_that_fails_is_no_sign_in_and_is_tried_again() {
    let bench = Bench::start(quick()).await;
    let broken = lab::Trouble::times(lab::Fault::status(500), 4);
    bench
        .world
        .switches(|switches| switches.order(Endpoint::ResourceMetadata, broken));
    let Attempt::Failed(_, why) = bench.attempt().await else {
        panic!()
    };
    assert!(why.contains("not known yet"), "{why}");
    assert_eq!(bench.sign_ins.view("up").state, State::Disconnected);
    bench
        .world
        .switches(|switches| switches.calm(Endpoint::ResourceMetadata));
    bench.sign_in().await;
}

// rule: mcp-auth-server-binding, safe-d13
#[tokio::test]
async fn a_server_that_moves_to_another_login_server_is_signed_in_there_as_another_client() {
    let bench = Bench::start(Switches {
        refresh_tokens: RefreshTokens::Never,
        ..quick()
    })
    .await;
    bench.sign_in().await;
    let old = bench.oauth();
    let second = lab::World::start(quick()).await.unwrap();
    bench.world.switches(|switches| {
        switches.published_servers = Some(vec![second.issuer()]);
        switches.refuse_tokens = true;
    });
    let needed = bench.needed().await;
    assert_eq!(needed.state, State::OauthRequired, "{needed}");
    let link = needed.authorization_url.unwrap();
    assert!(link.starts_with(&second.issuer()), "{link}");
    let seen = second.requests();
    let client = old["clientId"].as_str().unwrap();
    assert!(!link.contains(client));
    assert!(
        seen.iter()
            .all(|request| !format!("{request:?}").contains(client))
    );
    assert_eq!(second.counts().registered, 1);
}

#[tokio::test]
async fn after_a_sign_out_the_tokens_are_given_back_and_the_reason_says_so() {
    let bench = Bench::start(quick()).await;
    assert_eq!(bench.needed().await.reason, "never signed in");
    bench.sign_in().await;
    let done = bench.sign_ins.sign_out("up", Forget::Tokens).await.unwrap();
    assert_eq!((done.attempted, done.succeeded, done.failed), (2, 2, 0));
    assert!(bench.oauth()["accessToken"].is_null());
    assert_eq!(bench.needed().await.reason, "signed out");
    bench.sign_in().await;
    assert_eq!(bench.world.counts().registered, 1, "the client is kept");
}

// rule: mcp-auth-legacy-fallback
#[tokio::test]
async fn servers_of_the_older_style_are_signed_in_as_well() {
    let older = Switches {
        placement: Placement::SameOrigin,
        resource_metadata: ResourceMetadata::Absent,
        challenge: Challenge::Absent,
        ..quick()
    };
    for server_metadata in [ServerMetadata::PathInserted, ServerMetadata::Absent] {
        let bench = Bench::start(Switches {
            server_metadata,
            ..older.clone()
        })
        .await;
        bench.sign_in().await;
        assert_eq!(
            bench.attempt().await,
            Attempt::Answered(200),
            "{server_metadata:?}"
        );
    }
    let named = Switches {
        resource_metadata: ResourceMetadata::Absent,
        challenge: Challenge::AuthorizationServer,
        ..quick()
    };
    let bench = Bench::start(named).await;
    bench.sign_in().await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
}

/// A 403 that wants this scope, and a person who follows the link; else why there is none.
async fn refused_for(bench: &Bench, scope: &str) -> Result<(), String> {
    let line = format!(r#"Bearer error="insufficient_scope", scope="{scope}""#);
    let refusal = Refusal {
        status: 403,
        challenges: vec![line],
        used: bench.sign_ins.token("up").await.unwrap(),
    };
    match bench.sign_ins.refused("up", refusal).await {
        Verdict::Needed(needed) => {
            let link = needed.authorization_url.unwrap();
            bench.follow(&link).await.unwrap();
            Ok(())
        }
        Verdict::Failed { why, .. } => Err(why),
        Verdict::Retry(_) => panic!("a step-up is no refresh"),
    }
}

// rule: safe-l11, mcp-auth-step-up
#[tokio::test]
async fn step_ups_are_counted_over_restarts_and_cost_nobody_else_a_call() {
    let mut bench = Bench::start(with_tool_scope("tools:read")).await;
    bench.sign_in().await;
    for _ in 0..2 {
        refused_for(&bench, "tools:call").await.unwrap();
        bench.restart().await;
        let others = bench.call_tool("echo").await;
        assert_eq!(others, Attempt::Answered(200), "the first call of others");
    }
    for _ in 0..2 {
        let why = refused_for(&bench, "tools:call").await.unwrap_err();
        assert!(why.contains("tools:call"), "{why}");
        bench.restart().await;
    }
    let asked = bench.world.requests_at(Endpoint::Authorize);
    assert_eq!(asked.len(), 3, "one sign-in and two rounds");
    let scopes: Vec<_> = asked.iter().map(|seen| seen.query("scope")).collect();
    let union = Some("tools:read tools:call".to_owned());
    assert_eq!(scopes[1..], [union.clone(), union]);
    bench.clock.advance(Duration::from_secs(3_601));
    assert!(refused_for(&bench, "tools:call").await.is_ok(), "forgiven");
}

// rule: mcp-auth-server-binding
#[tokio::test]
async fn a_secret_of_the_settings_goes_to_no_other_login_server_after_a_sign_out() {
    for forget in [Forget::Tokens, Forget::All] {
        let mut bench = Bench::with(quick(), |url| {
            let oauth = serde_json::json!({ "clientId": "mine", "clientSecret": "hush" });
            serde_json::json!({ "up": { "url": url, "oauth": oauth } })
        })
        .await;
        let callback = "http://localhost:3000/oauth/callback";
        let mine = || lab::Client::by_hand("mine", "hush", callback);
        bench.world.register(mine());
        bench.sign_in().await;
        bench.sign_ins.sign_out("up", forget).await.unwrap();
        assert!(bench.oauth()["accessToken"].is_null());
        let second = lab::World::start(quick()).await.unwrap();
        second.register(mine());
        let issuer = second.issuer();
        bench
            .world
            .switches(|switches| switches.published_servers = Some(vec![issuer.clone()]));
        for _ in 0..2 {
            let needed = bench.needed().await;
            assert_eq!(needed.state, State::ClientRejected, "{needed}");
            assert!(needed.reason.contains("set oauth.issuer"), "{needed}");
            bench.restart().await;
        }
        let counts = second.counts();
        let asked = counts.of(Endpoint::Token) + counts.of(Endpoint::Authorize);
        assert_eq!(asked, 0, "{counts:?}");
        bench
            .world
            .switches(|switches| switches.published_servers = None);
        bench.sign_in().await;
        assert_eq!(bench.attempt().await, Attempt::Answered(200));
    }
}

// rule: at-60
#[tokio::test]
async fn a_revocation_endpoint_that_never_answers_holds_up_no_sign_out() {
    let bench = Bench::start(quick()).await;
    bench.sign_in().await;
    let hang = lab::Trouble::forever(lab::Fault::Hang);
    bench
        .world
        .switches(|switches| switches.order(Endpoint::Revoke, hang));
    let sign_ins = bench.sign_ins.clone();
    let leaving = tokio::spawn(async move { sign_ins.sign_out("up", Forget::Tokens).await });
    bench
        .world
        .until(|counts| counts.of(Endpoint::Revoke) > 0)
        .await;
    // From here on time passes only where everybody waits for it.
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let done = leaving.await.unwrap().unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
    assert_eq!((done.succeeded, done.failed), (0, done.attempted));
    let first = &bench.world.requests_at(Endpoint::Revoke)[0];
    let hint = first.form("token_type_hint");
    assert_eq!(hint.as_deref(), Some("refresh_token"));
    assert!(bench.oauth()["refreshToken"].is_null());
}

// rule: at-60
#[tokio::test]
async fn a_server_that_takes_no_tokens_back_is_left_locally_and_that_is_said() {
    let bench = Bench::start(Switches {
        revocation: false,
        ..quick()
    })
    .await;
    bench.sign_in().await;
    let done = bench.sign_ins.sign_out("up", Forget::Tokens).await.unwrap();
    assert_eq!(done.attempted, 0);
    let said = bench.journal.entries("up");
    let said = said
        .iter()
        .any(|entry| format!("{entry:?}").contains("local only"));
    assert!(said);
    assert!(bench.oauth()["refreshToken"].is_null());
}
