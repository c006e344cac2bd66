//! Tests: as whom the hub goes to a login server, and what happens when it is not known there any more.

use std::time::Duration;

use lab::{Endpoint, Fault, Trouble};
use serde_json::json;

use super::Forget;
use super::bench::{Attempt, Bench, quick};

const DAY: Duration = Duration::from_secs(25 * 3_600);

/// Signed in a day ago; the grant has ended since.
async fn long_ago() -> (Bench, String) {
    let bench = Bench::start(quick()).await;
    bench.sign_in().await;
    bench.sign_ins.sign_out("up", Forget::Tokens).await.unwrap();
    bench.clock.advance(DAY);
    let client = bench.oauth()["clientId"].as_str().unwrap().to_owned();
    (bench, client)
}

// rule: at-07
#[tokio::test]
async fn a_client_that_was_forgotten_is_replaced_before_a_person_is_sent_with_it() {
    let (bench, client) = long_ago().await;
    bench.world.forget_clients();
    let link = bench.sign_ins.begin("up").await.unwrap().url;
    assert!(!link.contains(&client), "{link}");
    assert_eq!(bench.world.counts().registered, 2);
    bench.follow(&link).await.unwrap();
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
}

// rule: at-08
#[tokio::test]
async fn a_login_server_whose_authorization_endpoint_alone_says_so_is_heard() {
    let (bench, client) = long_ago().await;
    bench.world.switches(|switches| {
        let order = |error: &str| Trouble::once(Fault::oauth(error));
        switches.order(Endpoint::Token, order("invalid_grant"));
        switches.order(Endpoint::Authorize, order("invalid_client"));
    });
    let link = bench.sign_ins.begin("up").await.unwrap().url;
    assert!(!link.contains(&client), "{link}");
    assert_eq!(bench.world.counts().registered, 2);
}

// rule: at-07, at-08
#[tokio::test]
async fn a_client_that_is_known_is_asked_about_and_kept() {
    let (bench, client) = long_ago().await;
    let before = bench.world.counts().of(Endpoint::Token);
    let link = bench.sign_ins.begin("up").await.unwrap().url;
    assert!(link.contains(&client), "{link}");
    let counts = bench.world.counts();
    assert_eq!(
        (counts.registered, counts.of(Endpoint::Token)),
        (1, before + 1)
    );
    bench.follow(&link).await.unwrap();
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
}

// rule: at-06, mcp-auth-registration-rest
#[tokio::test]
async fn a_client_that_is_forgotten_under_way_is_replaced_while_the_browser_is_there() {
    let bench = Bench::start(quick()).await;
    bench.sign_in().await;
    bench.sign_ins.sign_out("up", Forget::Tokens).await.unwrap();
    bench.clock.advance(Duration::from_secs(3_600));
    let link = bench.sign_ins.begin("up").await.unwrap().url;
    let back = bench.person(&link).await;
    bench.world.forget_clients();
    let done = bench.sign_ins.callback(&back).await.unwrap();
    bench.follow(&done.again.unwrap()).await.unwrap();
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    assert_eq!(bench.world.counts().registered, 2);
}

// rule: at-30
#[tokio::test]
async fn ten_servers_that_need_a_sign_in_have_one_link_each_through_restarts_and_probes() {
    let mut bench = Bench::with(quick(), |url| {
        let all = (0..10).map(|n| (format!("s{n}"), json!({ "url": url })));
        serde_json::Value::Object(all.collect())
    })
    .await;
    let names: Vec<String> = (0..10).map(|n| format!("s{n}")).collect();
    let mut links = Vec::new();
    for name in &names {
        links.push(bench.sign_ins.begin(name).await.unwrap().url);
    }
    for _ in 0..5 {
        bench.restart().await;
        for _ in 0..20 {
            for (name, link) in names.iter().zip(&links) {
                assert_eq!(bench.sign_ins.begin(name).await.unwrap().url, *link);
            }
        }
    }
    assert_eq!(bench.world.counts().registered, 10);
    assert_eq!(
        bench.world.counts().of(Endpoint::Authorize),
        0,
        "nobody opened a browser"
    );
}

// rule: at-16
#[tokio::test]
async fn a_callback_of_the_settings_is_used_to_the_byte_and_told_as_elsewhere() {
    let callback = "http://127.0.0.1:8080/cb";
    let bench = Bench::with(
        quick(),
        |url| json!({ "up": { "url": url, "oauth": { "redirectUri": callback } } }),
    )
    .await;
    bench.sign_in().await;
    let registered = bench.world.requests_at(Endpoint::Register)[0].json();
    assert_eq!(registered["redirect_uris"], json!([callback]));
    let of = |seen: &lab::Seen| seen.query("redirect_uri").or(seen.form("redirect_uri"));
    for endpoint in [Endpoint::Authorize, Endpoint::Token] {
        let seen = &bench.world.requests_at(endpoint)[0];
        assert_eq!(of(seen).as_deref(), Some(callback));
    }
    assert!(bench.sign_ins.view("up").paste_back);
    let text = serde_json::to_string(&bench.journal.entries("up")).unwrap();
    assert!(text.contains("is not where this hub listens"), "{text}");
}

// rule: at-33, at-11
#[tokio::test]
async fn a_public_callback_that_is_refused_is_replaced_by_the_local_one_and_pasted_back() {
    let public = "https://hub.example.org/oauth/callback";
    let begun = |redirects| async move {
        let switches = lab::Switches {
            registration_redirects: redirects,
            ..quick()
        };
        let bench = Bench::with(
            switches,
            |url| json!({ "up": { "url": url, "oauth": { "redirectUri": public } } }),
        )
        .await;
        let link = bench.sign_ins.begin("up").await.unwrap().url;
        let query = bench.person(&link).await;
        bench.sign_ins.complete("up", &query).await.unwrap();
        assert_eq!(bench.attempt().await, Attempt::Answered(200));
        let used = bench.world.requests_at(Endpoint::Token)[0].form("redirect_uri");
        (bench.sign_ins.view("up").paste_back, used.unwrap())
    };
    let local = "http://localhost:3000/oauth/callback".to_owned();
    assert_eq!(begun(lab::Redirects::LoopbackOnly).await, (true, local));
    assert_eq!(begun(lab::Redirects::Any).await, (false, public.to_owned()));
}

// rule: at-32
#[tokio::test]
async fn a_login_server_that_refuses_to_register_gives_no_link_and_says_what_helps() {
    let switches = lab::Switches {
        registration: lab::Registration::Refused,
        ..quick()
    };
    let bench = Bench::start(switches).await;
    let needed = bench.needed().await;
    assert_eq!(needed.state, super::State::RegistrationRefused);
    assert_eq!(needed.authorization_url, None);
    for part in ["403", "known clients only", "oauth.clientId", "metadata"] {
        assert!(needed.reason.contains(part), "{}", needed.reason);
    }
}

// rule: at-41, safe-r07
#[tokio::test]
async fn a_secret_for_a_client_registered_as_public_is_not_sent_and_what_is_registered_counts() {
    for (method, sent) in [
        (lab::AuthMethod::None, false),
        (lab::AuthMethod::Post, true),
    ] {
        let switches = lab::Switches {
            registers_as: Some(method),
            secret_for_public_clients: true,
            ..quick()
        };
        let bench = Bench::start(switches).await;
        bench.sign_in().await;
        let asked = &bench.world.requests_at(Endpoint::Token)[0];
        assert_eq!(asked.form("client_secret").is_some(), sent);
        assert_eq!(asked.header("authorization"), None);
    }
}

// rule: safe-c04
#[tokio::test]
async fn the_code_of_one_sign_in_with_the_state_of_another_gets_no_token() {
    let bench = Bench::with(
        quick(),
        |url| json!({ "up": { "url": url }, "other": { "url": url } }),
    )
    .await;
    let mut back = Vec::new();
    for name in ["up", "other"] {
        let link = bench.sign_ins.begin(name).await.unwrap().url;
        back.push(bench.person(&link).await);
    }
    for (code, state) in [(0, 1), (1, 0)] {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("code", &part(&back[code], "code"));
        query.append_pair("state", &part(&back[state], "state"));
        query.append_pair("iss", &part(&back[state], "iss"));
        assert!(bench.sign_ins.callback(&query.finish()).await.is_err());
    }
    assert_eq!(bench.world.counts().tokens_issued, 0);
}

fn part(query: &str, key: &str) -> String {
    let mut all = url::form_urlencoded::parse(query.as_bytes());
    all.find(|(name, _)| name == key).unwrap().1.into_owned()
}

/// Sign-ins at two login servers that wait, and what comes back from each.
async fn at_two_login_servers(iss: lab::Iss) -> (Bench, lab::World, [String; 2]) {
    let says = || lab::Switches { iss, ..quick() };
    let second = lab::World::start(says()).await.unwrap();
    let other = second.mcp_url();
    let servers = |url: &str| json!({ "up": { "url": url }, "other": { "url": other } });
    let bench = Bench::with(says(), servers).await;
    let mut back = Vec::new();
    for name in ["up", "other"] {
        let link = bench.sign_ins.begin(name).await.unwrap().url;
        back.push(bench.person(&link).await);
    }
    (bench, second, back.try_into().unwrap())
}

// rule: safe-c04, rfc9207-2.4
#[tokio::test]
async fn a_code_of_one_login_server_with_the_state_of_another_goes_to_neither() {
    for iss in [lab::Iss::Promised, lab::Iss::Unpromised] {
        let (bench, second, back) = at_two_login_servers(iss).await;
        assert_ne!(part(&back[0], "iss"), part(&back[1], "iss"));
        for (code, state) in [(0, 1), (1, 0)] {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("code", &part(&back[code], "code"));
            query.append_pair("state", &part(&back[state], "state"));
            query.append_pair("iss", &part(&back[code], "iss"));
            let query = query.finish();
            let refused = bench.sign_ins.callback(&query).await;
            assert!(refused.is_err(), "{refused:?}");
        }
        for world in [&bench.world, &second] {
            assert_eq!(world.requests_at(Endpoint::Token).len(), 0);
        }
    }
}

// rule: safe-c04
#[tokio::test]
async fn where_login_servers_do_not_say_who_they_are_a_code_of_another_gets_no_token() {
    let (bench, second, back) = at_two_login_servers(lab::Iss::Absent).await;
    for (code, state) in [(0, 1), (1, 0)] {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("code", &part(&back[code], "code"));
        query.append_pair("state", &part(&back[state], "state"));
        let refused = bench.sign_ins.callback(&query.finish()).await;
        assert!(refused.is_err(), "{refused:?}");
    }
    for world in [&bench.world, &second] {
        assert_eq!(world.counts().tokens_issued, 0);
    }
}

// rule: rfc6749-6
#[tokio::test]
async fn a_grant_outlives_its_clients_place_when_the_hubs_address_changes() {
    let mut bench = Bench::start(quick()).await;
    bench.sign_in().await;
    let first = bench.oauth()["clientId"].clone();
    let address = ["systemConfig", "install", "baseUrl"];
    let change = settings::Change::set(address, "https://hub.example.test");
    bench.store.edit(vec![change]).await.unwrap();
    // A person begins and never ends it.
    bench.sign_ins.begin("up").await.unwrap();
    assert_ne!(
        bench.oauth()["clientId"],
        first,
        "another callback, another client"
    );
    for round in 0..3 {
        bench.clock.advance(Duration::from_secs(3_600));
        assert_eq!(bench.attempt().await, Attempt::Answered(200), "{round}");
        bench.restart().await;
    }
    assert_eq!(bench.world.counts().registered, 2);
    let sent = bench.world.requests_at(Endpoint::Token);
    assert!(sent.iter().all(|seen| seen.status == Some(200)));
    let done = bench.sign_ins.sign_out("up", Forget::Tokens).await.unwrap();
    assert!(done.attempted > 0 && done.failed == 0, "{done:?}");
    let left = bench.oauth().to_string();
    assert!(!left.contains(first.as_str().unwrap()), "{left}");
}
