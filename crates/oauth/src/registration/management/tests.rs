//! Tests: a registration is read, asked for anew, and taken back.

use std::time::Duration;

use secrecy::SecretString;

use super::*;
use crate::client::AuthMethod;
use crate::play::{Play, response};

const AT: &str = "https://as.test/register/c1";
const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn after(secs: u64) -> SystemTime {
    NOW + Duration::from_secs(secs)
}

fn client(management: Option<(&str, &str)>) -> Client {
    let answer = serde_json::json!({
        "client_id": "c1", "client_id_issued_at": 1, "client_secret_expires_at": 30, "client_name": "MCPHub",
        "redirect_uris": ["https://hub.test/oauth/callback"], "registration_client_uri": AT, "x": [7],
    });
    Client {
        id: "c1".to_owned(),
        secret: Some("s1".into()),
        key: None,
        method: AuthMethod::Basic,
        issuer: "https://as.test".to_owned(),
        redirect_uri: "https://hub.test/oauth/callback".to_owned(),
        kind: Kind::Registered(Registered {
            at: Some(NOW),
            secret_expires_at: Some(after(30)),
            management_uri: management.map(|(uri, _)| uri.to_owned()),
            management_token: management.map(|(_, token)| SecretString::from(token)),
            answer: answer.as_object().unwrap().clone(),
            ..Registered::default()
        }),
    }
}

fn renew(play: &mut Play, client: Client) -> Renewed {
    match play.run(Ok(Renewal::start(client, NOW))) {
        Ok(renewed) => renewed,
        Err(never) => match never {},
    }
}

fn said(secret: &str, ends: u64, more: &str) -> String {
    format!(
        r#"{{"client_id":"c1","client_secret":"{secret}","client_secret_expires_at":{ends},"token_endpoint_auth_method":"client_secret_basic"{more}}}"#
    )
}

// rule: rfc7592-3
#[test]
fn a_registration_that_reads_as_good_is_taken_as_it_is_read() {
    let more = r#","registration_access_token":"rat2","registration_client_uri":"https://as.test/register/c1b""#;
    let mut play = Play::new().json(AT, &said("s2", 3_600, more));
    let Renewed::Client(client) = renew(&mut play, client(Some((AT, "rat")))) else {
        panic!()
    };
    assert_eq!(play.authorization(0), Some("Bearer rat"));
    assert_eq!(play.asked[0].method(), Method::GET);
    assert_eq!(client.secret.as_ref().unwrap().expose_secret(), "s2");
    assert_eq!(client.redirect_uri, "https://hub.test/oauth/callback");
    let Kind::Registered(registered) = &client.kind else {
        panic!()
    };
    assert_eq!(registered.secret_expires_at, Some(after(3_600)));
    assert_eq!(registered.at, Some(NOW));
    let token = registered.management_token.as_ref().unwrap();
    assert_eq!(token.expose_secret(), "rat2");
    let uri = registered.management_uri.as_deref();
    assert_eq!(uri, Some("https://as.test/register/c1b"));
}

// rule: rfc7592-2.2
#[test]
fn a_secret_that_still_ends_is_asked_for_anew_with_all_that_was_registered() {
    let mut play = Play::new()
        .json(AT, &said("s1", 30, ""))
        .json(AT, &said("s2", 0, ""));
    let Renewed::Client(client) = renew(&mut play, client(Some((AT, "rat")))) else {
        panic!()
    };
    assert_eq!(client.secret.unwrap().expose_secret(), "s2");
    assert_eq!(play.asked[1].method(), Method::PUT);
    assert_eq!(play.authorization(1), Some("Bearer rat"));
    let sent = play.sent_json(1);
    assert_eq!(
        (&sent["client_id"], &sent["client_secret"]),
        (&json!("c1"), &json!("s1"))
    );
    for key in THEIRS {
        assert_eq!(sent.get(key), None, "{key}");
    }
}

// rule: rfc7592-2.2
#[test]
fn a_registration_that_cannot_be_read_is_updated_with_what_is_held() {
    let mut play = Play::new().status(AT, 403, "").json(AT, &said("s2", 0, ""));
    assert!(matches!(
        renew(&mut play, client(Some((AT, "rat")))),
        Renewed::Client(_)
    ));
    let sent = play.sent_json(1);
    assert_eq!(
        (&sent["x"], &sent["client_name"]),
        (&json!([7]), &json!("MCPHub"))
    );
}

#[test]
fn an_answer_that_leaves_the_secret_out_keeps_it_with_its_end() {
    let body = r#"{"client_id":"c1","token_endpoint_auth_method":"client_secret_basic"}"#;
    let mut play = Play::new().json(AT, body);
    let Renewed::Not(why) = renew(&mut play, client(Some((AT, "rat")))) else {
        panic!("the old end counts")
    };
    assert_eq!(
        (why.as_str(), play.asked.len()),
        ("the secret ends as before", 2)
    );
}

// rule: rfc7592-3
#[test]
fn nothing_is_gained_where_the_server_refuses_or_speaks_of_another_client() {
    for (status, body) in [
        (401, ""),
        (404, ""),
        (500, ""),
        (200, "<html>"),
        (200, r#"{"client_id":"c2"}"#),
        (200, r#"{"error":"invalid_token"}"#),
    ] {
        let mut play = Play::new().status(AT, status, body);
        let renewed = renew(&mut play, client(Some((AT, "rat"))));
        assert!(
            matches!(renewed, Renewed::Not(_)),
            "{status} {body}: {renewed:?}"
        );
        assert_eq!(play.asked.len(), 2);
    }
    let mut play = Play::new();
    for unmanaged in [None, Some(("javascript:x", "rat")), Some((AT, "a\r\nb"))] {
        let renewed = renew(&mut play, client(unmanaged));
        assert!(matches!(renewed, Renewed::Not(_)), "{renewed:?}");
    }
    assert!(play.asked.is_empty());
}

// rule: rfc7592-2.3
#[test]
fn a_registration_is_taken_back_once_and_told_how_that_went() {
    for (status, deleted) in [
        (204, Deleted::Gone),
        (401, Deleted::Gone),
        (405, Deleted::NotOffered),
        (500, Deleted::Failed("status 500".to_owned())),
    ] {
        let mut play = Play::new().status(AT, status, "");
        let first = Deletion::start(&client(Some((AT, "rat"))));
        let Ok(done) = play.run(Ok(first));
        assert_eq!(done, deleted);
        assert_eq!(play.asked[0].method(), Method::DELETE);
        assert_eq!(play.authorization(0), Some("Bearer rat"));
    }
    let Step::Done(done) = Deletion::start(&client(None)) else {
        panic!()
    };
    assert_eq!(done, Deleted::NotOffered);
    let silent = Deletion.receive(Err(Unanswered::Timeout)).unwrap();
    assert!(matches!(silent, Step::Done(Deleted::Failed(_))));
    assert!(matches!(
        Deletion.receive(Ok(response(204, ""))),
        Ok(Step::Done(Deleted::Gone))
    ));
}

// rule: rfc7592-3
#[test]
fn the_end_that_is_held_counts_for_the_same_secret_only() {
    let ends = |body: &str| {
        let mut play = Play::new().json(AT, body);
        match renew(&mut play, client(Some((AT, "rat")))) {
            Renewed::Client(client) => match client.kind {
                Kind::Registered(registered) => Some(registered.secret_expires_at),
                Kind::Settings | Kind::MetadataDocument => panic!(),
            },
            Renewed::Not(_) => None,
        }
    };
    let method = r#""token_endpoint_auth_method":"client_secret_basic""#;
    let silent = |secret: &str| {
        ends(&format!(
            r#"{{"client_id":"c1","client_secret":"{secret}",{method}}}"#
        ))
    };
    assert_eq!(silent("s2"), Some(None), "another secret, with no end");
    assert_eq!(silent("s1"), None, "the old one ends as before");
    assert_eq!(ends(&said("s1", 3_600, "")), Some(Some(after(3_600))));
}

// rule: rfc7592-3
#[test]
fn an_answer_without_address_or_token_leaves_the_old_ones() {
    let mut held = client(Some((AT, "rat")));
    if let Kind::Registered(registered) = &mut held.kind {
        registered.instead_of = Some("https://hub.test/cb".to_owned());
    }
    let mut play = Play::new().json(AT, &said("s2", 3_600, ""));
    let Renewed::Client(client) = renew(&mut play, held) else {
        panic!()
    };
    let Kind::Registered(registered) = client.kind else {
        panic!()
    };
    assert_eq!(registered.management_uri.as_deref(), Some(AT));
    assert_eq!(registered.management_token.unwrap().expose_secret(), "rat");
    assert_eq!(
        registered.instead_of.as_deref(),
        Some("https://hub.test/cb")
    );
}
