//! Tests: tokens without a person, against a server that verifies signatures.

use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lab::{AuthMethod, Client, Endpoint, Fault, Trouble};
use serde_json::{Value, json};

use super::bench::{Attempt, Bench, quick};
use super::{SignInError, State};

const HOUR: Duration = Duration::from_secs(3600);

/// A private key as PEM text, and the public half as a key set.
fn key() -> (String, Value) {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let der = STANDARD.encode(key.to_pkcs8v1().unwrap().as_ref());
    let point = key.public_key().as_ref().to_vec();
    let octets = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
    let jwks =
        json!({"keys": [{"kty": "EC", "crv": "P-256", "x": octets(1..33), "y": octets(33..65)}]});
    (
        format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n"),
        jwks,
    )
}

async fn robot(oauth: Value) -> Bench {
    let bench = Bench::with(quick(), |url| json!({"up": {"url": url, "oauth": oauth}})).await;
    let client = Client::robot("robot", AuthMethod::Post, None);
    bench.world.register(client);
    bench
}

fn with_secret() -> Value {
    json!({"grantType": "client_credentials", "clientId": "robot", "clientSecret": "secret",
        "tokenEndpointAuthMethod": "client_secret_post"})
}

fn tokens(bench: &Bench) -> u64 {
    bench.world.counts().tokens_issued
}

// rule: at-59
#[tokio::test]
async fn a_token_is_minted_without_a_person_and_again_on_a_401() {
    let mut bench = robot(with_secret()).await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    assert_eq!(bench.sign_ins.view("up").state, State::Connected);
    bench.world.expire_access_tokens();
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    assert_eq!(tokens(&bench), 2, "one mint, and one more for the 401");
    let oauth = bench.oauth();
    assert!(oauth["refreshToken"].is_null() && oauth["accessToken"].is_string());
    assert_eq!(bench.world.counts().of(Endpoint::Authorize), 0);
    assert_eq!(bench.world.counts().of(Endpoint::Register), 0);
    bench.restart().await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    assert_eq!(tokens(&bench), 2, "the stored one serves after a restart");
}

// rule: at-59
#[tokio::test]
async fn a_token_is_minted_again_before_its_end_once_for_all() {
    let bench = robot(with_secret()).await;
    bench.attempt().await;
    bench.clock.advance(HOUR - Duration::from_secs(30));
    let all = (0..20).map(|_| bench.sign_ins.token("up"));
    let all = futures::future::join_all(all).await;
    let first = all[0].as_ref().unwrap().as_ref().unwrap().header_value();
    assert!(
        all.iter()
            .all(|token| token.as_ref().unwrap().as_ref().unwrap().header_value() == first)
    );
    assert_eq!(tokens(&bench), 2);
}

// rule: at-59, rfc7523-2.2, rfc7523-3
#[tokio::test]
async fn a_client_with_a_key_is_known_by_its_signature_alone() {
    let (pem, jwks) = key();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    std::fs::write(&path, key().0).unwrap();
    let oauth =
        json!({"grantType": "client_credentials", "clientId": "robot", "privateKeyFile": path});
    let bench = robot(oauth).await;
    let client = Client::robot("robot", AuthMethod::PrivateKeyJwt, Some(jwks));
    bench.world.register(client);
    let wrong = bench.needed().await;
    assert_eq!(wrong.state, State::ClientRejected, "{wrong}");
    std::fs::write(&path, pem).unwrap();
    // The right key is there now, and a person says so.
    let Err(SignInError::Needed(needed)) = bench.sign_ins.begin("up").await else {
        panic!()
    };
    assert_eq!(needed.state, State::Connected, "{needed}");
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    let asked = bench.world.requests_at(Endpoint::Token);
    assert!(
        asked
            .iter()
            .all(|seen| seen.form("client_secret").is_none())
    );
}

// rule: at-59
#[tokio::test]
async fn files_that_settings_name_are_looked_for_beside_the_settings() {
    let (pem, jwks) = key();
    let oauth = json!({"grantType": "client_credentials", "clientId": "robot", "privateKeyFile": "keys/robot.pem"});
    let bench = robot(oauth).await;
    let client = Client::robot("robot", AuthMethod::PrivateKeyJwt, Some(jwks));
    bench.world.register(client);
    std::fs::create_dir(bench.folder.path().join("keys")).unwrap();
    std::fs::write(bench.folder.path().join("keys/robot.pem"), pem).unwrap();
    assert_eq!(bench.attempt().await, Attempt::Answered(200));

    let oauth = json!({"grantType": "jwt_bearer", "clientId": "robot", "clientSecret": "secret", "assertionFile": "word.jwt"});
    let bench = robot(oauth).await;
    std::fs::write(bench.folder.path().join("word.jwt"), "a.b.c\n").unwrap();
    bench.attempt().await;
    let asked = bench.world.requests_at(Endpoint::Token);
    assert_eq!(asked[0].form("assertion").as_deref(), Some("a.b.c"));
}

#[tokio::test]
async fn a_refused_client_is_said_and_not_tried_at_every_call() {
    let mut oauth = with_secret();
    oauth["clientSecret"] = json!("wrong");
    let bench = robot(oauth).await;
    assert_eq!(bench.needed().await.state, State::ClientRejected);
    let asked = bench.world.counts().of(Endpoint::Token);
    for _ in 0..5 {
        assert_eq!(bench.needed().await.state, State::ClientRejected);
    }
    assert_eq!(bench.world.counts().of(Endpoint::Token), asked);
}

// rule: safe-l10
#[tokio::test]
async fn a_server_that_refuses_every_token_gets_no_storm_of_them() {
    let bench = robot(with_secret()).await;
    bench
        .world
        .switches(|switches| switches.refuse_tokens = true);
    for _ in 0..5 {
        let _ = bench.attempt().await;
    }
    assert_eq!(bench.sign_ins.view("up").state, State::RejectedByResource);
    assert!(tokens(&bench) <= 2, "{}", tokens(&bench));
}

// rule: mcp-auth-grant-transient
#[tokio::test]
async fn a_token_endpoint_in_trouble_does_not_cost_the_living_token() {
    let bench = robot(with_secret()).await;
    bench.attempt().await;
    bench.clock.advance(HOUR - Duration::from_secs(30));
    bench
        .world
        .switches(|switches| switches.order(Endpoint::Token, Trouble::once(Fault::status(500))));
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    bench.clock.advance(Duration::from_secs(5));
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    assert_eq!(tokens(&bench), 2);
}

#[tokio::test]
async fn without_a_client_nobody_is_registered_for_it() {
    let bench = robot(json!({"grantType": "client_credentials"})).await;
    assert_eq!(bench.needed().await.state, State::NeedsClient);
    assert_eq!(bench.world.counts().of(Endpoint::Register), 0);
}

// rule: safe-d13, mcp-auth-server-binding
#[tokio::test]
async fn a_secret_stays_with_the_login_server_that_it_was_first_shown_to() {
    let mut bench = robot(with_secret()).await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    let second = lab::World::start(quick()).await.unwrap();
    second.register(Client::robot("robot", AuthMethod::Post, None));
    let issuer = second.issuer();
    bench.world.switches(|switches| {
        switches.published_servers = Some(vec![issuer]);
    });
    bench.restart().await;
    bench.clock.advance(HOUR);
    bench.world.expire_access_tokens();
    let needed = bench.needed().await;
    assert_eq!(needed.state, State::ClientRejected, "{needed}");
    assert!(needed.reason.contains("oauth.issuer"), "{needed}");
    assert_eq!(second.counts().of(Endpoint::Token), 0);
}

async fn of_an_organisation(id_token: Value) -> Bench {
    let bench = Bench::with(quick(), |url| json!({"up": {"url": url}})).await;
    bench
        .world
        .register(Client::robot("robot", AuthMethod::Basic, None));
    let mut visitor = Client::robot("visitor", AuthMethod::None, None);
    visitor.client_secret = None;
    bench.world.register(visitor);
    let mut provider =
        json!({"tokenEndpoint": bench.world.endpoint_url("token"), "clientId": "visitor"});
    provider
        .as_object_mut()
        .unwrap()
        .extend(id_token.as_object().unwrap().clone());
    let oauth = json!({"grantType": "jwt_bearer", "clientId": "robot", "clientSecret": "secret", "identityProvider": provider});
    let text = json!({"mcpServers": {"up": {"url": bench.world.mcp_url(), "oauth": oauth}}});
    std::fs::write(bench.path(), text.to_string()).unwrap();
    bench.store.reload().await;
    bench
}

// rule: rfc8693-2.1, rfc7523-2.1
#[tokio::test]
async fn an_organisations_word_is_had_for_an_id_token_and_shown_once_for_each_token() {
    let bench = of_an_organisation(json!({"idToken": "id-token-of-ada"})).await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    bench.world.expire_access_tokens();
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    assert_eq!(tokens(&bench), 2);
    let asked = bench.world.requests_at(Endpoint::Token);
    let words: Vec<_> = asked
        .iter()
        .filter_map(|seen| seen.form("assertion"))
        .collect();
    assert_eq!((asked.len(), words.len()), (4, 2));
    assert_ne!(words[0], words[1], "each token has a word of its own");
    assert!(
        asked
            .iter()
            .filter(|seen| seen.form("assertion").is_some())
            .all(|seen| seen.form("subject_token").is_none()),
        "the id token goes to the identity provider alone"
    );
    assert_eq!(bench.world.counts().of(Endpoint::Authorize), 0);
}

#[tokio::test]
async fn an_id_token_that_is_refused_is_said_and_a_new_file_serves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("id-token");
    std::fs::write(&path, "ended\n").unwrap();
    let bench = of_an_organisation(json!({"idTokenFile": path})).await;
    let needed = bench.needed().await;
    assert_eq!(needed.state, State::ClientRejected, "{needed}");
    assert!(needed.action.contains("oauth.identityProvider"), "{needed}");
    std::fs::write(&path, "id-token-of-ada\n").unwrap();
    let Err(SignInError::Needed(needed)) = bench.sign_ins.begin("up").await else {
        panic!()
    };
    assert_eq!(needed.state, State::Connected, "{needed}");
}

// rule: safe-t04
#[tokio::test]
async fn a_token_that_ends_at_once_is_not_minted_for_each_who_asks() {
    let bench = robot(with_secret()).await;
    bench.attempt().await;
    let before = tokens(&bench);
    bench.world.switches(|switches| switches.token_life = 0);
    bench.clock.advance(HOUR);
    let all = (0..20).map(|_| bench.sign_ins.token("up"));
    let all = futures::future::join_all(all).await;
    assert!(all.iter().all(|token| matches!(token, Ok(Some(_)))));
    assert_eq!(tokens(&bench), before + 1);
}
