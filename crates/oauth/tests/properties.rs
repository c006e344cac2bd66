//! The whole chain (discovery, registration, authorization, callback, exchange, renewal) against made-up answers and the seeds of
//! the fuzz target.

mod reference;

use std::fs;
use std::path::Path;

use mcphub_oauth::Unanswered;
use proptest::prelude::*;

use reference::chain::{self, Named, Play, Reached, SECRET, Said, chain, named};

fn address() -> impl Strategy<Value = String> {
    let usual = [
        "https://as.test",
        "https://as.test/t",
        "https://as.test/x?y=1",
        "https://other.test/a/b",
        "https://mcp.test",
    ];
    let hostile = [
        "http://as.test/token",
        "http://127.0.0.1:9/x",
        "https://10.0.0.1/x",
        "https://169.254.169.254/x",
        "https://[::1]/x",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://as.test@evil.test/",
        "https://as.test\\@evil.test",
        "//as.test",
        "",
        "https://as.test#x",
        "https://as.test/\u{202e}",
        "HTTPS://AS.TEST/t",
        "https://as.test:443/t",
        "https://as.test/../x",
        "http://localhost/x",
        "https:as.test",
        "data:text/html,x",
    ];
    prop_oneof![
        8 => prop::sample::select(usual.to_vec()).prop_map(str::to_owned),
        2 => prop::sample::select(hostile.to_vec()).prop_map(str::to_owned),
        1 => ".{0,24}",
    ]
}

fn addresses() -> impl Strategy<Value = Named> {
    let issuer = prop_oneof![4 => Just(None), 1 => address().prop_map(Some)];
    let registration = prop_oneof![1 => Just(None), 4 => address().prop_map(Some)];
    let servers = prop::collection::vec(address(), 0..8);
    (servers, issuer, address(), address(), registration).prop_map(
        |(servers, issuer, authorization, token, registration)| Named {
            servers,
            issuer,
            authorization,
            token,
            registration,
        },
    )
}

fn said() -> impl Strategy<Value = Said> {
    let errors = [
        "invalid_client",
        "invalid_grant",
        "invalid_target",
        "invalid_scope",
        "invalid_redirect_uri",
        "slow_down",
        "x",
    ];
    let statuses =
        prop::sample::select(&[200_u16, 201, 204, 400, 401, 403, 404, 429, 500, 503][..]);
    let nothing = [
        Unanswered::Timeout,
        Unanswered::TooLarge,
        Unanswered::Network("reset".to_owned()),
        Unanswered::Refused("inner".to_owned()),
    ];
    prop_oneof![
        12 => addresses().prop_map(Said::Fitting),
        4 => Just(Said::Fitting(named())),
        1 => (statuses.clone(), addresses()).prop_map(|(status, named)| Said::Oddly(status, named)),
        1 => prop::sample::select(errors.to_vec()).prop_map(Said::Error),
        1 => (prop::sample::select(&[301_u16, 302, 307, 308][..]), address()).prop_map(|(status, to)| Said::Redirect(status, to)),
        1 => (statuses, prop::collection::vec(any::<u8>(), 0..64)).prop_map(|(status, bytes)| Said::Bytes(status, bytes)),
        1 => prop::sample::select(nothing.to_vec()).prop_map(Said::Nothing),
    ]
}

fn back() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => Just(format!("code={SECRET}code&state={{state}}")),
        1 => address().prop_map(|iss| format!("code={SECRET}code&state={{state}}&iss={iss}")),
        1 => Just("error=access_denied&state={state}".to_owned()),
        1 => ".{0,40}",
    ]
}

fn pointing(pointer: &str) -> String {
    format!("Bearer resource_metadata=\"{pointer}\"")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    // rule: mcp-auth-discovery-order, oauth2.1-1.5, mcp-auth-server-binding
    #[test]
    fn whatever_is_answered_the_chain_ends_in_order_and_keeps_its_secrets(
        script in prop::collection::vec(said(), 1..12),
        back in back(),
    ) {
        let mut play = Play::new(script);
        chain(&mut play, None, &back);
        play.check_order(None);
    }

    // rule: mcp-auth-discovery-order
    #[test]
    fn whatever_a_challenge_points_to_nobody_is_asked_over_plain_http(pointer in address(), script in prop::collection::vec(said(), 1..8)) {
        let mut play = Play::new(script);
        chain(&mut play, Some(&pointing(&pointer)), "");
    }
}

#[test]
fn a_chain_of_good_answers_comes_to_its_end() {
    let pointer = "https://mcp.test/.well-known/oauth-protected-resource/named";
    for pointer in [None, Some(pointer)] {
        let mut play = Play::new(vec![Said::Fitting(named())]);
        let back = format!("code={SECRET}code&state={{state}}");
        let line = pointer.map(pointing);
        assert_eq!(chain(&mut play, line.as_deref(), &back), Reached::Renewal);
        play.check_order(pointer);
    }
}

#[test]
fn the_seeds_of_fuzzing_come_as_far_as_their_names_say() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/sign_in");
    for seed in fs::read_dir(seeds).unwrap() {
        let seed = seed.unwrap();
        let reached = format!("{:?}", chain::check(&fs::read(seed.path()).unwrap()));
        let name = seed.file_name().to_string_lossy().to_lowercase();
        assert!(
            name.starts_with(&reached.to_lowercase()),
            "{name}: {reached}"
        );
    }
}
