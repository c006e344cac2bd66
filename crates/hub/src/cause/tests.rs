//! Tests: the table is whole, and its names are stable.

use std::collections::HashSet;
use std::sync::Arc;

use oauth::discovery::{Known, Used};
use oauth::policy::GivenClient;
use oauth::step::{Procedure as _, Response, Step};
use oauth::{Discovery, Policy};

use super::*;

#[test]
fn no_number_and_no_word_is_there_twice_and_each_text_can_stand_in_its_line() {
    let (mut ids, mut words) = (HashSet::new(), HashSet::new());
    for cause in Cause::ALL {
        assert!(ids.insert(cause.id()), "{cause}");
        assert!(words.insert(cause.word()), "{cause}");
        assert!(
            cause.title().ends_with('.') && cause.why().ends_with('.'),
            "{cause}"
        );
        assert!(
            !cause.cure().is_empty() && !cause.cure().ends_with('.'),
            "{cause}"
        );
    }
}

#[test]
fn a_code_is_found_however_a_person_writes_it() {
    for written in [
        "MCPHUB-AUTH-014",
        "mcphub-auth-014",
        "auth-014",
        "AUTH-14",
        "auth14",
        "registration-redirect-refused",
        " Registration_Redirect_Refused ",
    ] {
        assert_eq!(
            Cause::find(written),
            Some(Cause::RegistrationRedirectRefused),
            "{written}"
        );
    }
    assert_eq!(Cause::find("auth-999"), None);
    assert_eq!(
        Cause::nearest("isuer-mismatch"),
        Some(Cause::IssuerMismatch)
    );
    assert_eq!(Cause::nearest("nothing of the kind"), None);
}

/// Whoever meets a number in an old bug report finds the same thing behind it.
#[test]
fn numbers_stay_what_they_were() {
    for (cause, id) in [
        (Cause::SignInNeeded, "MCPHUB-AUTH-001"),
        (Cause::RegistrationRedirectRefused, "MCPHUB-AUTH-014"),
        (Cause::IssuerMismatch, "MCPHUB-AUTH-065"),
        (Cause::ConnectionRefused, "MCPHUB-LINK-002"),
        (Cause::CallTimeout, "MCPHUB-CALL-001"),
        (Cause::NotLoggedIn, "MCPHUB-HUB-001"),
        (Cause::ServerSettings, "MCPHUB-CONF-002"),
    ] {
        assert_eq!(cause.id(), id);
    }
}

/// What the search comes to when these addresses answer so, and all others say that nothing is there.
fn searched(policy: Policy, known: Known, answers: &[(&str, String)]) -> Cause {
    let mut step = match Discovery::start(Arc::new(policy), known) {
        Ok(step) => step,
        Err(error) => return Cause::from(&error),
    };
    for _ in 0..20 {
        let (request, then) = match step {
            Step::Done(_) => panic!("it was found"),
            Step::Send { request, then, .. } => (request, then),
        };
        let asked = request.uri().to_string();
        let answer = answers.iter().find(|(address, _)| *address == asked);
        let (status, body) = answer.map_or((404, ""), |(_, body)| (200, body));
        let mut response = Response::new(body.as_bytes().to_vec());
        *response.status_mut() = status.try_into().unwrap();
        step = match then.receive(Ok(response)) {
            Ok(step) => step,
            Err(error) => return Cause::from(&error),
        };
    }
    panic!("the search does not end")
}

const MCP: &str = "https://mcp.example/mcp";
const OF_RESOURCE: &str = "https://mcp.example/.well-known/oauth-protected-resource/mcp";
const OF_SERVER: &str = "https://as.example/.well-known/oauth-authorization-server";

fn resource(server: &str) -> String {
    format!(r#"{{"resource":"{MCP}","authorization_servers":["{server}"]}}"#)
}

fn login_server(issuer: &str, token: &str) -> String {
    format!(
        r#"{{"issuer":"{issuer}","authorization_endpoint":"https://as.example/authorize","token_endpoint":"{token}",
        "code_challenge_methods_supported":["S256"]}}"#
    )
}

/// What the practice world, which lives on this machine alone, cannot show.
#[test]
fn what_only_servers_elsewhere_can_do_wrong_has_its_code() {
    let policy = || Policy::new(MCP, "http://localhost:3000/oauth/callback");
    let named = |secret: Option<&str>| Policy {
        issuer: Some("https://named.example".to_owned()),
        client: secret.map(|secret| GivenClient {
            id: "c".to_owned(),
            secret: Some(secret.into()),
        }),
        ..policy()
    };
    let used = Known {
        used: vec![Used {
            issuer: "https://named.example".to_owned(),
            token_endpoint: "https://as.example/token".to_owned(),
        }],
        ..Known::default()
    };
    let claim = |token: &str| {
        [
            (OF_RESOURCE, resource("https://as.example")),
            (OF_SERVER, login_server("https://named.example", token)),
        ]
    };
    let nobody = Known::default;
    let twice = r#"{"resource":"a","resource":"b"}"#.to_owned();
    for (cause, policy, known, answers) in [
        (
            Cause::McpAddress,
            Policy::new(
                "ftp://mcp.example/mcp",
                "http://localhost:3000/oauth/callback",
            ),
            nobody(),
            Vec::new(),
        ),
        (
            Cause::AuthorizationServerInner,
            policy(),
            nobody(),
            vec![(OF_RESOURCE, resource("https://10.0.0.5"))],
        ),
        (
            Cause::Ambiguous,
            policy(),
            nobody(),
            vec![(OF_RESOURCE, twice)],
        ),
        (
            Cause::TokenEndpointMoved,
            named(None),
            used,
            claim("https://evil.example/token").to_vec(),
        ),
        (
            Cause::SecretElsewhere,
            named(Some("s")),
            nobody(),
            claim("https://as.example/token").to_vec(),
        ),
    ] {
        assert_eq!(searched(policy, known, &answers), cause, "{}", cause.word());
    }
}
