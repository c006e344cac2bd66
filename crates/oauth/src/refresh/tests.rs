//! Tests: what each answer says about a grant.

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use serde_json::json;

use super::*;
use crate::assertion::ClientKey;
use crate::assertion::tests::{Keyless, Practice};
use crate::client::{AuthMethod, Kind};
use crate::dpop::ProofKey;
use crate::play::Play;

const TOKEN: &str = "https://as.test/token";

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(10_000)
}

fn client() -> Client {
    Client {
        id: "c1".to_owned(),
        secret: Some("s".into()),
        key: None,
        method: AuthMethod::Basic,
        issuer: "https://as.test".to_owned(),
        redirect_uri: "http://localhost:3000/oauth/callback".to_owned(),
        kind: Kind::Settings,
    }
}

fn grant() -> Grant {
    Grant {
        access: "AT1".into(),
        refresh: Some("RT1".into()),
        issued_at: Some(now() - Duration::from_secs(1_800)),
        expires_at: Some(now()),
        scopes: vec!["a".to_owned()],
        requested: vec!["a".to_owned(), "b".to_owned()],
        resource: Some("https://mcp.test/mcp".to_owned()),
        issuer: "https://as.test".to_owned(),
        token_endpoint: TOKEN.to_owned(),
        bound: false,
    }
}

fn policy() -> Policy {
    Policy::new(
        "https://mcp.test/mcp",
        "http://localhost:3000/oauth/callback",
    )
}

fn refresh(play: &mut Play) -> Outcome {
    with(play, &policy())
}

fn with(play: &mut Play, policy: &Policy) -> Outcome {
    match play.run(Ok(Refresh::start(grant(), client(), policy, now()))) {
        Ok(outcome) => outcome,
        Err(never) => match never {},
    }
}

fn renewed(play: &mut Play) -> Grant {
    let outcome = refresh(play);
    let Outcome::Renewed(grant) = outcome else {
        panic!("{outcome:?}")
    };
    grant
}

fn answered(status: u16, body: &str) -> Outcome {
    refresh(&mut Play::new().status(TOKEN, status, body))
}

// rule: rfc9449-5
#[test]
fn a_renewed_token_is_bound_when_its_answer_says_so() {
    for (kind, bound) in [("DPoP", true), ("Bearer", false)] {
        let body = format!(r#"{{"access_token":"AT2","token_type":"{kind}"}}"#);
        let mut policy = policy();
        policy.proof_key = Some(ProofKey::new(Arc::new(Practice(now())), json!({})));
        let Outcome::Renewed(grant) = with(&mut Play::new().json(TOKEN, &body), &policy) else {
            panic!("{kind} will do")
        };
        assert_eq!(grant.bound, bound, "{kind}");
    }
}

// rule: rfc6749-6, at-15, at-66
#[test]
fn a_new_pair_replaces_the_old_one() {
    let mut play = Play::new().json(
        TOKEN,
        r#"{"access_token":"AT2","refresh_token":"RT2","expires_in":60}"#,
    );
    let grant = renewed(&mut play);
    assert_eq!(grant.access.expose_secret(), "AT2");
    assert_eq!(grant.refresh.unwrap().expose_secret(), "RT2");
    assert_eq!(grant.expires_at, Some(now() + Duration::from_secs(60)));
    assert_eq!(grant.issued_at, Some(now()));
    assert_eq!(grant.requested, ["a", "b"]);
    let form = play.form(0);
    assert_eq!(form["grant_type"], "refresh_token");
    assert_eq!(form["refresh_token"], "RT1");
    assert_eq!(form["resource"], "https://mcp.test/mcp");
    assert!(!form.contains_key("scope"));
    assert!(play.authorization(0).unwrap().starts_with("Basic "));
}

// rule: rfc6749-6, at-36
#[test]
fn without_a_new_refresh_token_the_old_one_stays_and_so_does_the_lifetime() {
    let grant = renewed(&mut Play::new().json(TOKEN, r#"{"access_token":"AT2"}"#));
    assert_eq!(grant.refresh.unwrap().expose_secret(), "RT1");
    assert_eq!(grant.expires_at, Some(now() + Duration::from_secs(1_800)));
    assert_eq!(grant.scopes, ["a"]);
}

#[test]
fn the_scopes_that_the_answer_names_are_the_new_ones() {
    let body = r#"{"access_token":"AT2","scope":"a c"}"#;
    let grant = renewed(&mut Play::new().json(TOKEN, body));
    assert_eq!(grant.scopes, ["a", "c"]);
    assert_eq!(grant.requested, ["a", "b"], "what was asked for stays");
}

// rule: at-09, mcp-auth-grant-classes
#[test]
fn a_server_in_trouble_does_not_cost_the_grant() {
    for status in [403, 404, 405, 408, 418, 425, 429, 500, 502, 503, 530] {
        let outcome = answered(status, "<html>");
        assert!(
            matches!(outcome, Outcome::Trouble { .. }),
            "{status}: {outcome:?}"
        );
    }
    assert!(matches!(
        answered(503, r#"{"error":"invalid_grant"}"#),
        Outcome::Trouble { .. }
    ));
    for (status, body) in [
        (200, "<!doctype html><title>Welcome</title>"),
        (200, r#"{"access_token":"AT"#),
        (200, r#"{"error":"temporarily_unavailable"}"#),
        (400, r#"{"error":"server_error"}"#),
        (400, r#"{"error":"slow_down"}"#),
        (200, r#"{"ok":false,"error":"ratelimited"}"#),
        (403, r#"{"error":"Forbidden"}"#),
        (404, r#"{"error":"not_found"}"#),
    ] {
        let outcome = answered(status, body);
        assert!(
            matches!(outcome, Outcome::Trouble { .. }),
            "{status} {body}: {outcome:?}"
        );
    }
    assert!(matches!(
        refresh(&mut Play::new().silent(TOKEN)),
        Outcome::Trouble { .. }
    ));
    let slow = http::Response::builder()
        .status(429)
        .header("retry-after", "2")
        .body(Vec::new())
        .unwrap();
    let outcome = refresh(&mut Play::new().answer(TOKEN, Ok(slow)));
    assert!(
        matches!(outcome, Outcome::Trouble { retry_after: Some(after), .. } if after == Duration::from_secs(2))
    );
}

// rule: mcp-auth-grant-classes
#[test]
fn a_rejected_grant_is_dead_in_every_wording() {
    for (status, body) in [
        (400, r#"{"error":"invalid_grant"}"#),
        (
            401,
            r#"{"error":"invalid_grant","error_description":"gone"}"#,
        ),
        (403, r#"{"error":"invalid_code"}"#),
        (200, r#"{"error":"invalid_grant"}"#),
        (400, r#"{"error":"invalid_scope"}"#),
    ] {
        let outcome = answered(status, body);
        assert!(matches!(outcome, Outcome::Dead(_)), "{body}: {outcome:?}");
    }
}

// rule: at-06, mcp-auth-grant-classes
#[test]
fn a_lost_client_is_told_apart_from_a_dead_grant() {
    for body in [
        r#"{"error":"invalid_client"}"#,
        r#"{"error":"unauthorized_client"}"#,
    ] {
        for status in [400, 401] {
            assert!(matches!(answered(status, body), Outcome::ClientLost(_)));
        }
    }
}

// rule: mcp-auth-grant-classes
#[test]
fn what_says_nothing_for_sure_is_doubtful() {
    for (status, body) in [
        (400, ""),
        (401, "<html>"),
        (400, r#"{"error":"invalid_request"}"#),
        (403, r#"{"error":"access_denied"}"#),
        (400, r#"{"error":"no_such_word"}"#),
        (200, "{}"),
        (200, r#"{"access_token":"a","token_type":"mac"}"#),
    ] {
        let outcome = answered(status, body);
        assert!(
            matches!(outcome, Outcome::Doubtful(_)),
            "{status} {body}: {outcome:?}"
        );
    }
}

// rule: rfc8707-2.2
#[test]
fn a_refused_resource_is_left_out_once() {
    let mut play = Play::new()
        .status(TOKEN, 400, r#"{"error":"invalid_target"}"#)
        .json(TOKEN, r#"{"access_token":"AT2"}"#);
    let grant = renewed(&mut play);
    assert!(!play.form(1).contains_key("resource"));
    assert_eq!(grant.resource, None, "and stays left out");
    let mut play = Play::new().status(TOKEN, 400, r#"{"error":"invalid_target"}"#);
    assert!(matches!(refresh(&mut play), Outcome::Dead(_)));
    assert_eq!(play.asked.len(), 2);
}

// rule: at-15, mcp-auth-grant-classes
#[test]
fn the_scope_is_said_again_where_the_server_wants_it_and_left_out_once_it_refuses() {
    let repeating = Policy {
        repeat_scope_on_refresh: true,
        ..policy()
    };
    let refusal = r#"{"error":"invalid_scope"}"#;
    let mut play = Play::new()
        .status(TOKEN, 400, refusal)
        .json(TOKEN, r#"{"access_token":"AT2"}"#);
    let outcome = with(&mut play, &repeating);
    assert!(matches!(outcome, Outcome::Renewed(_)), "{outcome:?}");
    assert_eq!(play.form(0)["scope"], "a b", "as it was asked for");
    assert!(!play.form(1).contains_key("scope"));
    assert_eq!(play.form(1)["resource"], "https://mcp.test/mcp");
    let mut play = Play::new()
        .status(TOKEN, 400, refusal)
        .status(TOKEN, 400, refusal);
    assert!(matches!(with(&mut play, &repeating), Outcome::Dead(_)));
    assert_eq!(play.asked.len(), 2);
    let mut play = Play::new().status(TOKEN, 400, refusal);
    assert!(matches!(refresh(&mut play), Outcome::Dead(_)));
    assert_eq!(play.asked.len(), 1, "nothing was there to leave out");
}

// rule: safe-x04
#[test]
fn the_servers_words_do_not_repeat_the_token() {
    let grant = Grant {
        access: "access-token-1".into(),
        refresh: Some("refresh-token-1".into()),
        ..grant()
    };
    let client = Client {
        secret: Some("client-secret-1".into()),
        ..client()
    };
    let body = r#"{"error":"invalid_grant","error_description":"refresh-token-1 access-token-1 client-secret-1"}"#;
    let mut play = Play::new().status(TOKEN, 400, body);
    let outcome = play.run(Ok(Refresh::start(grant, client, &policy(), now())));
    let Ok(Outcome::Dead(why)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(why, "invalid_grant: [masked] [masked] [masked]");
}

// rule: rfc6749-10.4
#[test]
fn a_refresh_token_is_never_shown_to_another_server() {
    let policy = Policy::new(
        "https://mcp.test/mcp",
        "http://localhost:3000/oauth/callback",
    );
    let moved = Client {
        issuer: "https://as2.test".to_owned(),
        ..client()
    };
    let step = Refresh::start(grant(), moved, &policy, now());
    assert!(matches!(step, Step::Done(Outcome::Dead(_))));
}

#[test]
fn a_key_that_cannot_be_read_does_not_cost_the_grant() {
    let mut keyed = client();
    keyed.method = AuthMethod::PrivateKeyJwt;
    keyed.key = Some(ClientKey::new(Arc::new(Keyless), None));
    let policy = Policy::new("https://mcp.test/mcp", "http://localhost:3000/cb");
    let step = Refresh::start(grant(), keyed, &policy, now());
    let Step::Done(Outcome::Trouble { why, .. }) = step else {
        panic!("{step:?}")
    };
    assert!(why.contains("the file is not there"), "{why}");
}
