//! What strangers send, one file each in `cases/`, and what must come of it: adding a case is adding a file.
//!
//! A case says `why` it is there, and either what the input `gives` or what its error says (`error_says`). Bodies are
//! text, `{"base64": ..}` for other octets, or `{"before": .., "repeat": .., "times": .., "after": ..}` for long ones.

mod cases {
    pub(crate) mod answer;
    pub(crate) mod folder;
    pub(crate) mod journey;
}

use std::collections::BTreeSet;

use mcphub_oauth::authorization::Answer;
use mcphub_oauth::{Challenge, Exchange, Registration};
use serde_json::{Value, json};

use cases::answer::answer;
use cases::folder::{expect, for_each, words};
use cases::journey::{self, Play};

// rule: rfc9110-11.6.1, safe-d08
#[test]
fn challenges_are_read_as_their_cases_say() {
    for_each("challenge", |case| {
        let lines = case["lines"].as_array().expect("lines");
        let lines: Vec<String> = lines.iter().map(cases::answer::text).collect();
        let read = Challenge::parse(lines.iter().map(String::as_str));
        let given = read.map_or(Value::Null, |challenge| {
            let mut given = json!({
                "resource_metadata": challenge.resource_metadata,
                "scopes": challenge.scopes,
                "error": challenge.error,
                "authorization_servers": challenge.authorization_servers,
                "step_up": challenge.is_insufficient_scope().then_some(true),
            });
            let members = given.as_object_mut().expect("an object");
            members.retain(|_, value| !value.is_null() && *value != json!([]));
            given
        });
        expect(case, Ok(given));
    });
}

// rule: rfc9728-3.3, safe-d07
#[test]
fn resource_metadata_is_taken_or_refused_as_its_case_says() {
    for_each("resource", |case| {
        let mut play = Play::new(journey::MCP_METADATA, answer(&case["answer"]));
        let found = play.discover(case);
        play.stays_with(&["mcp.test", "as.test"]);
        expect(case, found.map(|found| journey::described(&found)));
    });
}

// rule: rfc8414-3.3, safe-d01, safe-d02, safe-d04, safe-d05, safe-s04, safe-u01, safe-u04, safe-u05, safe-u07
#[test]
fn server_metadata_is_taken_or_refused_as_its_case_says() {
    for_each("server", |case| {
        let mut play = Play::new(journey::SERVER_METADATA, answer(&case["answer"]));
        let found = play.discover(case);
        // An issuer that the settings name is asked itself, too.
        let named = case["issuer"]
            .as_str()
            .and_then(|issuer| issuer.strip_prefix("https://"));
        play.stays_with(&["mcp.test", "as.test", named.unwrap_or("as.test")]);
        expect(case, found.map(|found| journey::described(&found)));
    });
}

// rule: rfc7591-3.2.1, safe-r01
#[test]
fn registrations_are_taken_or_refused_as_their_cases_say() {
    for_each("registration", |case| {
        let mut play = Play::new(journey::REGISTER, answer(&case["answer"]));
        let policy = journey::policy(case);
        let server = journey::discovered().server;
        let first = Registration::start(policy, server, None, journey::now());
        let registered = play.run(first).map(|identified| {
            let client = identified.client;
            json!({"id": client.id, "method": client.method, "redirect_uri": client.redirect_uri})
        });
        play.stays_with(&["as.test"]);
        expect(case, registered.map_err(words));
    });
}

// rule: rfc6749-5.1, safe-t01, safe-t02, safe-t04, safe-t05
#[test]
fn token_answers_are_taken_or_refused_as_their_cases_say() {
    for_each("token", |case| {
        let mut play = Play::new(journey::TOKEN, answer(&case["answer"]));
        let policy = journey::policy(case);
        let first = Exchange::start(journey::code(), journey::client(), &policy, journey::now());
        let granted = play.run(first).map(|exchanged| {
            let grant = exchanged.grant;
            let lives = grant
                .expires_at
                .map(|end| (end.duration_since(journey::now())).map_or(0, |left| left.as_secs()));
            json!({
                "access": journey::revealed(&grant.access),
                "refresh": grant.refresh.as_ref().map(journey::revealed),
                "scopes": grant.scopes,
                "lives": lives,
            })
        });
        play.stays_with(&["as.test"]);
        expect(case, granted.map_err(words));
    });
}

// rule: rfc9207-2.4, rfc6749-10.12, safe-c01, safe-c02, safe-c05, safe-c07, safe-c08
#[test]
fn callbacks_are_taken_or_refused_as_their_cases_say() {
    for_each("callback", |case| {
        let pending = journey::pending(case["iss_promised"] == json!(true));
        let query = cases::answer::text(&case["query"]).replace("{state}", &journey::state());
        let code = Answer::parse(&query).and_then(|answer| pending.accept(answer, journey::now()));
        expect(case, code.map(|_| json!("a code")).map_err(words));
    });
}

#[test]
fn there_are_as_many_cases_as_strangers_have_ideas() {
    let mut names = BTreeSet::new();
    for folder in [
        "challenge",
        "resource",
        "server",
        "registration",
        "token",
        "callback",
    ] {
        for_each(folder, |case| {
            assert!(
                case["why"].as_str().is_some_and(|why| !why.is_empty()),
                "why is it there?"
            );
            assert!(
                names.insert(case["why"].to_string()),
                "twice: {}",
                case["why"]
            );
        });
    }
    assert!(names.len() >= 150, "only {} cases", names.len());
}
