//! Tests: each code of a sign-in, produced: the practice world is broken in one place, or a step is taken that cannot succeed, and
//! what the hub says of it has that code and no other. `tests/codes.rs` of this crate reads which codes are produced here.

use lab::{AuthMethod, Client, Switches};
use serde_json::{Value, json};

use super::bench::{Attempt, Bench, quick};
use super::{Refusal, SignInError, State, Verdict};
use crate::cause::Cause;

/// A world with this patch, and the server with these settings of `oauth`.
async fn broken(patch: &Value, oauth: &Value) -> Bench {
    let bench = Bench::with(quick(), |url| json!({"up": {"url": url, "oauth": oauth}})).await;
    let text = patch
        .to_string()
        .replace("{mcp}", &origin(&bench.world.mcp_url()));
    let patch = serde_json::from_str(&text).unwrap();
    bench
        .world
        .switches(|switches| *switches = switches.merged(&patch).unwrap());
    bench
}

fn origin(url: &str) -> String {
    url::Url::parse(url).unwrap().origin().ascii_serialization()
}

/// What a person is told who asks for a link.
async fn begun(bench: &Bench) -> Option<Cause> {
    let error = bench.sign_ins.begin("up").await.err()?;
    let cause = Cause::from(&error);
    // Whoever looks later reads the same.
    if let SignInError::Needed(needed) = error
        && needed.state != State::RefreshFailing
    {
        assert_eq!(bench.sign_ins.view("up").cause, Some(cause));
    }
    Some(cause)
}

fn trouble(endpoint: &str, fault: &Value) -> Value {
    json!({"trouble": {endpoint: [fault]}})
}

/// What the world does otherwise, and what the settings say.
const NO_LINK: &[(Cause, &str, &str)] = &[
    (
        Cause::ResourceMetadataUnreachable,
        r#"{"trouble": {"resourceMetadata": [{"fault": "drop"}]}}"#,
        "{}",
    ),
    (
        Cause::ResourceMetadataTrouble,
        r#"{"trouble": {"resourceMetadata": [{"fault": "status", "status": 500}]}}"#,
        "{}",
    ),
    (
        Cause::ResourceMismatch,
        r#"{"resourceMembers": {"resource": "https://other.example/mcp"}}"#,
        "{}",
    ),
    (
        Cause::ResourceMissing,
        r#"{"resourceMembers": {"resource": null}}"#,
        "{}",
    ),
    (
        Cause::NoAuthorizationServer,
        r#"{"publishedServers": []}"#,
        "{}",
    ),
    (
        Cause::AuthorizationServerUnusable,
        r#"{"publishedServers": ["javascript:alert(1)"]}"#,
        "{}",
    ),
    (
        Cause::AuthorizationServerPlainHttp,
        r#"{"publishedServers": ["http://other.example"]}"#,
        "{}",
    ),
    (
        Cause::LoginServerInner,
        r#"{"publishedServers": ["https://10.0.0.5"]}"#,
        "{}",
    ),
    (
        Cause::LoginServerUnreachable,
        r#"{"trouble": {"serverMetadata": [{"fault": "drop"}]}}"#,
        "{}",
    ),
    (
        Cause::LoginServerTrouble,
        r#"{"trouble": {"serverMetadata": [{"fault": "status", "status": 500}]}}"#,
        "{}",
    ),
    (
        Cause::NoServerMetadata,
        r#"{"serverMetadata": "absent"}"#,
        "{}",
    ),
    (
        Cause::IssuerMismatch,
        r#"{"publishedIssuer": "{mcp}"}"#,
        "{}",
    ),
    (
        Cause::IssuerMissing,
        r#"{"serverMembers": {"issuer": null}}"#,
        "{}",
    ),
    (
        Cause::OtherIssuer,
        "{}",
        r#"{"issuer": "https://mine.example"}"#,
    ),
    (Cause::PkceUnsaid, r#"{"pkce": "notOffered"}"#, "{}"),
    (Cause::PkceWithoutS256, r#"{"pkce": "plain"}"#, "{}"),
    (
        Cause::EndpointPlainHttp,
        r#"{"serverMembers": {"token_endpoint": "http://other.example/token"}}"#,
        "{}",
    ),
    (
        Cause::EndpointScheme,
        r#"{"serverMembers": {"authorization_endpoint": "javascript:alert(1)"}}"#,
        "{}",
    ),
    (
        Cause::EndpointUnusable,
        r#"{"serverMembers": {"token_endpoint": "https://a.example/token#x"}}"#,
        "{}",
    ),
    (Cause::NoRegistration, r#"{"registration": "absent"}"#, "{}"),
    (
        Cause::RegistrationOff,
        "{}",
        r#"{"dynamicRegistration": {"enabled": false}}"#,
    ),
    (
        Cause::RegistrationProtected,
        r#"{"registration": {"protected": "initial"}}"#,
        "{}",
    ),
    (
        Cause::RegistrationRefused,
        r#"{"trouble": {"register": [{"fault": "oauth", "error": "invalid_software_statement"}]}}"#,
        "{}",
    ),
    (
        Cause::RegistrationRedirectRefused,
        r#"{"registrationRedirects": "httpsOnly"}"#,
        "{}",
    ),
    (
        Cause::RegistrationUnusable,
        r#"{"trouble": {"register": [{"fault": "html"}]}}"#,
        "{}",
    ),
    (
        Cause::RegistrationUnavailable,
        r#"{"trouble": {"register": [{"fault": "status", "status": 500}]}}"#,
        "{}",
    ),
    (
        Cause::RegistrationEnded,
        r#"{"secretLife": 1, "authMethods": ["client_secret_basic"]}"#,
        "{}",
    ),
    (
        Cause::CodeNotGiven,
        r#"{"device": true, "trouble": {"device": [{"fault": "oauth", "error": "invalid_scope"}]}}"#,
        r#"{"grantType": "device_code"}"#,
    ),
    (
        Cause::UnattendedIncomplete,
        "{}",
        r#"{"grantType": "client_credentials"}"#,
    ),
    (
        Cause::UnattendedRefused,
        "{}",
        r#"{"grantType": "client_credentials", "clientId": "nobody", "clientSecret": "x"}"#,
    ),
    (
        Cause::KeyUnusable,
        "{}",
        r#"{"grantType": "client_credentials", "clientId": "robot", "privateKeyFile": "/nowhere/key.pem"}"#,
    ),
];

#[tokio::test]
async fn what_is_wrong_on_the_way_to_a_link_has_its_code() {
    let read = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    let long = json!({ "scopes": ["x".repeat(70_000)] }).to_string();
    let mut missed = Vec::new();
    let too_long = [(Cause::LinkNotMade, "{}", long.as_str())];
    for (cause, patch, oauth) in NO_LINK.iter().chain(&too_long) {
        let bench = broken(&read(patch), &read(oauth)).await;
        let met = begun(&bench).await;
        if met != Some(*cause) {
            missed.push(format!("{cause} {}: {met:?}", cause.word()));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// The query of a callback that this login server could have sent for the sign-in that waits.
fn answer(bench: &Bench, link: &str, said: &str) -> String {
    let link = url::Url::parse(link).unwrap();
    let state = link.query_pairs().find(|(name, _)| name == "state");
    let state = state.unwrap().1.into_owned();
    let issuer = bench.world.issuer();
    format!("{said}&state={state}&iss={issuer}")
}

#[tokio::test]
async fn what_is_wrong_with_an_answer_has_its_code() {
    let given = json!({"clientId": "given", "clientSecret": "stale"});
    let (none, token) = (json!({}), "token");
    let invalid = json!({"fault": "oauth", "error": "invalid_grant"});
    let wrong: &[(Cause, Value, &Value, &str)] = &[
        (Cause::AnswerMalformed, none.clone(), &none, "x=1"),
        (
            Cause::AnswerUnknown,
            none.clone(),
            &none,
            "code=1&state=of-nobody",
        ),
        (Cause::AnswerElsewhere, none.clone(), &none, "elsewhere"),
        (Cause::Declined, none.clone(), &none, "error=access_denied"),
        (
            Cause::LoginRefused,
            none.clone(),
            &none,
            "error=server_error",
        ),
        (
            Cause::TokenNotGiven,
            trouble(token, &invalid),
            &none,
            "allowed",
        ),
        (
            Cause::TokenUnavailable,
            trouble(token, &json!({"fault": "status", "status": 500})),
            &none,
            "allowed",
        ),
        (Cause::ClientRejected, none.clone(), &given, "allowed"),
        (Cause::AnswerUsed, none.clone(), &none, "twice"),
    ];
    let mut missed = Vec::new();
    for (cause, patch, oauth, said) in wrong {
        let bench = broken(patch, oauth).await;
        let callback = "http://localhost:3000/oauth/callback";
        bench
            .world
            .register(Client::by_hand("given", "rotated", callback));
        let link = bench.sign_ins.begin("up").await.unwrap().url;
        let query = match *said {
            "allowed" | "twice" => bench.person(&link).await,
            "elsewhere" => {
                answer(&bench, &link, "code=1").replace("&iss=", "&iss=https://evil.test#")
            }
            error @ ("error=server_error" | "error=access_denied") => answer(&bench, &link, error),
            whole => whole.to_owned(),
        };
        if *said == "twice" {
            bench.sign_ins.callback(&query).await.unwrap();
        }
        let met = bench.sign_ins.callback(&query).await;
        let met = met.err().map(|error| Cause::from(&error));
        if met != Some(*cause) {
            missed.push(format!("{cause} {}: {met:?}", cause.word()));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// What a request of the server comes to.
async fn met(bench: &Bench) -> Option<Cause> {
    match bench.attempt().await {
        Attempt::Needed(needed) => needed.cause,
        Attempt::Failed(cause, _) => Some(cause),
        Attempt::Answered(_) => None,
    }
}

fn set(bench: &Bench, change: impl FnOnce(&mut Switches)) {
    bench.world.switches(change);
}

#[tokio::test]
async fn what_ends_a_sign_in_that_worked_has_its_code() {
    let bench = Bench::start(quick()).await;
    assert_eq!(met(&bench).await, Some(Cause::SignInNeeded));
    bench.sign_in().await;
    set(&bench, |switches| switches.refuse_tokens = true);
    assert_eq!(met(&bench).await, Some(Cause::TokenRefused));

    let bench = Bench::start(quick()).await;
    bench.sign_in().await;
    bench.world.end_grants();
    assert_eq!(met(&bench).await, Some(Cause::SignInEnded));

    let bench = Bench::start(quick()).await;
    bench.sign_in().await;
    bench.clock.advance(std::time::Duration::from_secs(3600));
    let busy = lab::Trouble::forever(lab::Fault::busy(60));
    set(&bench, |switches| {
        switches.order(lab::Endpoint::Token, busy)
    });
    assert_eq!(met(&bench).await, Some(Cause::RenewalFailing));
}

#[tokio::test]
async fn scopes_that_are_never_enough_have_their_code() {
    let bench = Bench::start(quick()).await;
    bench.sign_in().await;
    let mut causes = Vec::new();
    for _ in 0..3 {
        let refusal = Refusal {
            status: 403,
            challenges: vec![r#"Bearer error="insufficient_scope", scope="tools:call""#.to_owned()],
            used: bench.sign_ins.token("up").await.unwrap(),
        };
        match bench.sign_ins.refused("up", refusal).await {
            Verdict::Needed(needed) => {
                causes.extend(needed.cause);
                bench
                    .follow(&needed.authorization_url.unwrap())
                    .await
                    .unwrap();
            }
            Verdict::Failed { cause, .. } => causes.push(cause),
            Verdict::Retry(_) => panic!("a step-up is no refresh"),
        }
    }
    let [first, second, last] = causes.try_into().unwrap();
    assert_eq!(
        (first, second),
        (Cause::TokenTooLittle, Cause::TokenTooLittle)
    );
    assert_eq!(last, Cause::ScopesInVain);
}

#[tokio::test]
async fn a_login_server_that_forgets_what_it_registered_has_its_code() {
    let bench = Bench::start(quick()).await;
    let link = bench.needed().await.authorization_url.unwrap();
    let query = bench.person(&link).await;
    bench.world.forget_clients();
    let error = bench.sign_ins.callback(&query).await.unwrap_err();
    assert_eq!(Cause::from(&error), Cause::RegistrationForgotten);
    assert_eq!(met(&bench).await, Some(Cause::RegistrationForgotten));
}

#[tokio::test]
async fn a_client_of_another_login_server_has_its_code() {
    let robot = || Client::robot("robot", AuthMethod::Post, None);
    let oauth = json!({"grantType": "client_credentials", "clientId": "robot", "clientSecret": "secret",
        "tokenEndpointAuthMethod": "client_secret_post"});
    let bench = broken(&json!({}), &oauth).await;
    bench.world.register(robot());
    assert_eq!(met(&bench).await, None);
    let second = lab::World::start(quick()).await.unwrap();
    second.register(robot());
    set(&bench, |switches| {
        switches.published_servers = Some(vec![second.issuer()])
    });
    bench
        .clock
        .advance(std::time::Duration::from_secs(2 * 3600));
    bench.world.expire_access_tokens();
    assert_eq!(met(&bench).await, Some(Cause::ClientElsewhere));
}

#[tokio::test]
async fn an_id_token_that_is_refused_has_its_code() {
    let bench = broken(&json!({}), &json!({})).await;
    let provider = json!({"tokenEndpoint": bench.world.endpoint_url("token"), "clientId": "visitor", "idToken": "refused"});
    let oauth = json!({"grantType": "jwt_bearer", "clientId": "robot", "clientSecret": "secret", "identityProvider": provider});
    let text = json!({"mcpServers": {"up": {"url": bench.world.mcp_url(), "oauth": oauth}}});
    std::fs::write(bench.path(), text.to_string()).unwrap();
    bench.store.reload().await;
    bench
        .world
        .register(Client::robot("robot", AuthMethod::Basic, None));
    assert_eq!(begun(&bench).await, Some(Cause::IdentityRefused));
}
