//! Tests: how a server says that it does not know a client any more.

use super::*;
use crate::address::{Nearness, Purpose};
use crate::client::{AuthMethod, Registered};
use crate::play::response;

const TOKEN: &str = "https://as.test/token";

fn endpoint(text: &str) -> Endpoint {
    Endpoint::check(Purpose::Token, text, Nearness::Public, false).unwrap()
}

fn client(answer: &str) -> Client {
    Client {
        id: "c1".to_owned(),
        secret: None,
        key: None,
        method: AuthMethod::None,
        issuer: "https://as.test".to_owned(),
        redirect_uri: "http://localhost:3000/oauth/callback".to_owned(),
        kind: Kind::Registered(Registered {
            answer: serde_json::from_str(answer).unwrap(),
            ..Registered::default()
        }),
    }
}

fn first(answer: &str) -> Step<Probe> {
    let at = endpoint("https://as.test/authorize?tenant=7");
    Probe::start(client(answer), &endpoint(TOKEN), Some(at), [7; 32])
}

/// What the probe makes of an answer of each endpoint.
fn probed(token: (u16, &str), authorize: Response) -> (Probed, usize) {
    let Step::Send { then, .. } = first("{}") else {
        panic!()
    };
    let step = then.receive(Ok(response(token.0, token.1))).unwrap();
    let Step::Send { then, request, .. } = step else {
        let Step::Done(probed) = step else { panic!() };
        return (probed, 1);
    };
    assert_eq!(request.method(), Method::GET);
    let Step::Done(probed) = then.receive(Ok(authorize)).unwrap() else {
        panic!("it does not end")
    };
    (probed, 2)
}

fn forgotten(probed: &Probed) -> bool {
    matches!(probed, Probed::Forgotten(_))
}

// rule: at-07
#[test]
fn a_token_endpoint_that_does_not_know_the_client_says_so() {
    for (status, body) in [
        (401, r#"{"error":"invalid_client"}"#),
        (400, r#"{"error":"invalid_client"}"#),
        (400, r#"{"error":"unauthorized_client"}"#),
        (200, r#"{"error":"incorrect_client_credentials"}"#),
    ] {
        let (said, asked) = probed((status, body), response(200, ""));
        assert!(forgotten(&said) && asked == 1, "{status} {body}: {said:?}");
    }
}

// rule: at-07
#[test]
fn the_question_names_the_client_and_a_token_that_nobody_gave_out() {
    let Step::Send { request, .. } = first("{}") else {
        panic!()
    };
    let form: std::collections::BTreeMap<String, String> =
        url::form_urlencoded::parse(request.body())
            .into_owned()
            .collect();
    assert_eq!(form["grant_type"], "refresh_token");
    assert_eq!(form["client_id"], "c1");
    assert_eq!(form["refresh_token"], pkce::verifier(&[7; 32]));
}

// rule: at-07
#[test]
fn a_client_without_refresh_tokens_is_known_where_it_may_not_ask() {
    let answer = r#"{"grant_types":["authorization_code"]}"#;
    let Step::Send { then, .. } = first(answer) else {
        panic!()
    };
    let said = response(400, r#"{"error":"unauthorized_client"}"#);
    let next = then.receive(Ok(said)).unwrap();
    assert!(matches!(next, Step::Send { .. }), "{next:?}");
}

// rule: at-08
#[test]
fn an_authorization_endpoint_that_does_not_know_the_client_says_so() {
    let grant = (400, r#"{"error":"invalid_grant"}"#);
    let elsewhere = |error: &str| {
        let mut answer = response(302, "");
        let location = format!("http://localhost:3000/oauth/callback?error={error}");
        answer
            .headers_mut()
            .insert(LOCATION, location.parse().unwrap());
        answer
    };
    for answer in [
        response(422, r#"{"message":"Unrecognized client_id"}"#),
        response(400, r#"{"error":"invalid_client"}"#),
        response(404, r#"{"detail":"Client does not exist"}"#),
        response(400, "<html><h1>Unknown client</h1>"),
        elsewhere("unauthorized_client"),
    ] {
        let (said, asked) = probed(grant, answer.clone());
        assert!(forgotten(&said) && asked == 2, "{answer:?}: {said:?}");
    }
    for answer in [
        response(200, "<html>Unknown client</html>"),
        response(302, ""),
        elsewhere("login_required"),
        response(400, r#"{"error":"invalid_request"}"#),
        response(404, "<html>page not found, ask a client</html>"),
        response(500, r#"{"error":"invalid_client"}"#),
    ] {
        let (said, _) = probed(grant, answer.clone());
        assert_eq!(said, Probed::Usable, "{answer:?}");
    }
}

// rule: at-08
#[test]
fn the_authorization_endpoint_is_asked_as_a_browser_would() {
    let Step::Send { then, .. } = first("{}") else {
        panic!()
    };
    let said = response(400, r#"{"error":"invalid_grant"}"#);
    let Step::Send { request, .. } = then.receive(Ok(said)).unwrap() else {
        panic!()
    };
    let url = Url::parse(&request.uri().to_string()).unwrap();
    let of = |name: &str| {
        let mut all = url.query_pairs().filter(|(key, _)| key == name);
        all.next().map(|(_, value)| value.into_owned()).unwrap()
    };
    assert_eq!((of("tenant"), of("client_id")), ("7".into(), "c1".into()));
    assert_eq!(of("response_type"), "code");
    assert_eq!(of("code_challenge_method"), "S256");
    assert_eq!(of("redirect_uri"), "http://localhost:3000/oauth/callback");
    assert_eq!(request.headers().get("authorization"), None);
}

#[test]
fn a_server_in_trouble_or_out_of_reach_says_nothing_about_the_client() {
    let Step::Send { then, .. } = first("{}") else {
        panic!()
    };
    let Step::Done(probed) = then.receive(Err(Unanswered::Timeout)).unwrap() else {
        panic!("it is not asked again")
    };
    assert_eq!(probed, Probed::Usable);
    let Step::Send { then, .. } = first("{}") else {
        panic!()
    };
    let trouble = response(503, r#"{"error":"invalid_client"}"#);
    assert!(matches!(
        then.receive(Ok(trouble)).unwrap(),
        Step::Send { .. }
    ));
}

// rule: at-07
#[test]
fn a_client_that_may_refresh_is_forgotten_where_it_is_refused() {
    let refused = |kind| {
        let Step::Send { then, .. } = Probe::start(
            Client {
                kind,
                ..client("{}")
            },
            &endpoint(TOKEN),
            None,
            [7; 32],
        ) else {
            panic!()
        };
        let said = response(400, r#"{"error":"unauthorized_client"}"#);
        match then.receive(Ok(said)).unwrap() {
            Step::Done(probed) => probed,
            Step::Send { .. } => panic!("there is nowhere to ask"),
        }
    };
    let may = |answer| client(answer).kind;
    assert!(forgotten(&refused(may(
        r#"{"grant_types":["x","refresh_token"]}"#
    ))));
    assert!(forgotten(&refused(Kind::Settings)));
    assert_eq!(refused(may(r#"{"grant_types":["x"]}"#)), Probed::Usable);
}

// rule: at-08
#[test]
fn the_servers_own_words_are_told_in_one_short_line() {
    let grant = (400, r#"{"error":"invalid_grant"}"#);
    let said = |status, body: &str| probed(grant, response(status, body)).0;
    let words = |text: &str| Probed::Forgotten(text.to_owned());
    assert_eq!(
        said(400, r#"{"message":"Unknown\nclient"}"#),
        words("Unknownclient")
    );
    let long = format!(r#"{{"detail":"unknown client {}"}}"#, "x".repeat(200));
    let Probed::Forgotten(short) = said(403, &long) else {
        panic!()
    };
    assert_eq!(short.len(), 100);
    let page = words("a page that says \"client not found\"");
    for (before, probed) in [
        (0, page.clone()),
        (8_192 - "client not found".len(), page),
        (8_193 - "client not found".len(), Probed::Usable),
    ] {
        let body = format!("{}Client not found", " ".repeat(before));
        assert_eq!(said(401, &body), probed, "{before}");
    }
    for body in [
        r#"{"message":"client is busy"}"#,
        r#"{"message":"page not found"}"#,
    ] {
        assert_eq!(said(404, body), Probed::Usable, "{body}");
    }
}

// rule: at-08
#[test]
fn only_a_redirect_that_names_the_client_as_unknown_counts() {
    let grant = (400, r#"{"error":"invalid_grant"}"#);
    for (status, location, known) in [
        (302, "https://x.test/?error=invalid_client", false),
        (399, "https://x.test/?error=invalid_client", false),
        (302, "https://x.test/?code=invalid_client", true),
        (400, "https://x.test/?error=invalid_client", true),
    ] {
        let mut answer = response(status, "");
        let headers = answer.headers_mut();
        headers.insert(LOCATION, location.parse().unwrap());
        let (said, _) = probed(grant, answer);
        assert_eq!(!forgotten(&said), known, "{status} {location}");
    }
}
