//! Tests: what comes back from a browser or a clipboard.

use lab::{Client, Decision, Iss, Registration, Switches};

use oauth::step::Stage;

use super::bench::{Attempt, Bench, quick};
use super::{CallbackError, Forget, SignInError, State};

async fn begun(switches: Switches) -> (Bench, String) {
    let bench = Bench::start(switches).await;
    let link = bench.sign_ins.begin("up").await.unwrap().url;
    let query = bench.person(&link).await;
    (bench, query)
}

// rule: safe-c02
#[tokio::test]
async fn a_state_of_nobody_or_of_yesterday_is_refused() {
    let (bench, query) = begun(quick()).await;
    let foreign = bench
        .sign_ins
        .callback("code=C&state=nobodys")
        .await
        .unwrap_err();
    assert!(matches!(foreign, CallbackError::UnknownState), "{foreign}");
    for malformed in ["", "code=C", "state=a&state=b", "code=a&code=b&state=x"] {
        let error = bench.sign_ins.callback(malformed).await.unwrap_err();
        assert!(
            matches!(error, CallbackError::Malformed(_)),
            "{malformed:?}: {error}"
        );
    }
    bench.clock.advance(std::time::Duration::from_secs(600));
    let late = bench.sign_ins.callback(&query).await.unwrap_err();
    assert!(matches!(late, CallbackError::UnknownState), "{late}");
    assert_eq!(bench.world.counts().of(lab::Endpoint::Token), 0);
}

// rule: safe-c13
#[tokio::test]
async fn the_same_callback_twenty_times_at_once_is_one_token_request() {
    let (bench, query) = begun(quick()).await;
    let all = futures::future::join_all((0..20).map(|_| bench.sign_ins.callback(&query))).await;
    assert_eq!(all.iter().filter(|done| done.is_ok()).count(), 1);
    let used = all
        .iter()
        .filter(|done| matches!(done, Err(CallbackError::AlreadyUsed)));
    assert_eq!(used.count(), 19);
    assert_eq!(bench.world.counts().of(lab::Endpoint::Token), 1);
}

// rule: at-65
#[tokio::test]
async fn the_same_callback_at_two_hubs_is_one_token_request() {
    let (bench, query) = begun(quick()).await;
    let twin = bench.twin().await;
    let (here, there) = tokio::join!(bench.sign_ins.callback(&query), twin.callback(&query));
    let lost = match (here, there) {
        (Ok(_), Err(lost)) | (Err(lost), Ok(_)) => lost,
        both => panic!("{both:?}"),
    };
    assert!(
        matches!(
            lost,
            CallbackError::AlreadyUsed | CallbackError::UnknownState
        ),
        "{lost}"
    );
    assert_eq!(bench.world.counts().of(lab::Endpoint::Token), 1);
}

// rule: at-12
#[tokio::test]
async fn an_answer_can_be_pasted_as_address_as_query_or_as_bare_code() {
    let of = |query: &str| format!("  http://localhost:3000/oauth/callback?{query}#fragment ");
    for paste in [
        of,
        |query: &str| query.to_owned(),
        |query: &str| format!("?{query}"),
    ] {
        let (bench, query) = begun(quick()).await;
        let pasted = paste(&query);
        bench.sign_ins.complete("up", &pasted).await.unwrap();
        let again = bench.sign_ins.complete("up", &pasted).await.unwrap_err();
        assert!(matches!(again, CallbackError::AlreadyUsed), "{again}");
        assert_eq!(bench.attempt().await, Attempt::Answered(200));
    }
    let (bench, query) = begun(Switches {
        iss: Iss::Absent,
        ..quick()
    })
    .await;
    bench.sign_ins.complete("up", &code(&query)).await.unwrap();
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
}

// rule: rfc9207-2.4
#[tokio::test]
async fn a_bare_code_is_refused_where_the_issuer_was_promised() {
    let (bench, query) = begun(quick()).await;
    let error = bench
        .sign_ins
        .complete("up", &code(&query))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("paste the whole address"),
        "{error}"
    );
    // That is a slip of the person, and no attack of a login server.
    assert!(matches!(error, CallbackError::Malformed(_)), "{error}");
    bench.sign_ins.complete("up", &query).await.unwrap();
}

#[tokio::test]
async fn an_answer_pasted_for_another_server_is_refused() {
    let bench = Bench::with(
        quick(),
        |url| serde_json::json!({ "up": { "url": url }, "other": { "url": url } }),
    )
    .await;
    let link = bench.sign_ins.begin("up").await.unwrap().url;
    let query = bench.person(&link).await;
    let error = bench.sign_ins.complete("other", &query).await.unwrap_err();
    assert!(matches!(error, CallbackError::Malformed(_)), "{error}");
    assert_eq!(bench.world.counts().of(lab::Endpoint::Token), 0);
    bench.sign_ins.callback(&query).await.unwrap();
}

// rule: rfc9207-2.4
#[tokio::test]
async fn an_answer_of_another_server_is_refused_before_the_token_request() {
    for iss in [Iss::Wrong, Iss::WrongUnpromised, Iss::Missing] {
        let (bench, query) = begun(Switches { iss, ..quick() }).await;
        let error = bench.sign_ins.callback(&query).await.unwrap_err();
        assert!(
            matches!(error, CallbackError::WrongIssuer(_)),
            "{iss:?}: {error}"
        );
        assert_eq!(bench.world.counts().of(lab::Endpoint::Token), 0);
        let view = bench.sign_ins.view("up");
        assert_eq!(
            (view.state, view.authorization_url),
            (State::Disconnected, None)
        );
        // What disagreed is for those who may read the journal.
        let journal = bench.sign_ins.journal().entries("up");
        let refused = journal.iter().rev().find(|it| it.cause.is_some()).unwrap();
        assert_eq!(refused.stage, Stage::Callback);
        let why = refused.why.as_deref().unwrap();
        assert!(why.contains(&bench.world.issuer()), "{why}");
        let named = why.contains(r#"iss is "https://other.test", expected "#);
        assert_eq!(named, iss != Iss::Missing, "{why}");
    }
}

#[tokio::test]
async fn a_denial_is_told_and_another_sign_in_can_begin() {
    let bench = Bench::start(Switches::default()).await;
    let link = bench.needed().await.authorization_url.unwrap();
    let query = bench.person_decides(&link, Decision::Deny).await;
    let error = bench.sign_ins.callback(&query).await.unwrap_err();
    assert!(matches!(error, CallbackError::Denied { .. }), "{error}");
    let view = bench.sign_ins.view("up");
    assert_eq!(view.state, State::OauthRequired);
    assert!(view.reason.contains("access_denied"), "{}", view.reason);
    let second = bench.sign_ins.begin("up").await.unwrap().url;
    assert_ne!(second, link);
    bench.follow(&second).await.unwrap();
}

// rule: at-14
#[tokio::test]
async fn a_server_that_takes_no_resource_is_asked_again_without() {
    let bench = Bench::start(Switches {
        indicators: lab::Indicators::Refused,
        ..quick()
    })
    .await;
    bench.sign_in().await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    let asked = bench.world.requests_at(lab::Endpoint::Authorize);
    assert!(asked[0].query("resource").is_some());
    assert_eq!(asked[1].query("resource"), None);
    assert_ne!(asked[0].query("state"), asked[1].query("state"));
}

// rule: at-26
#[tokio::test]
async fn a_client_of_the_settings_is_used_and_stays() {
    let bench = Bench::with(
        Switches {
            registration: Registration::Absent,
            ..quick()
        },
        |url| serde_json::json!({ "up": { "url": url } }),
    )
    .await;
    let needed = bench.needed().await;
    assert_eq!(needed.state, State::NeedsClient);
    assert!(
        needed
            .reason
            .contains("http://localhost:3000/oauth/callback"),
        "{}",
        needed.reason
    );
    let error = bench.sign_ins.begin("up").await.unwrap_err();
    assert!(matches!(error, SignInError::Needed(_)), "{error}");
    let redirect_uri = "http://localhost:3000/oauth/callback";
    bench
        .world
        .register(Client::by_hand("given", "s:e/c+r%t", redirect_uri));
    let path = |key| ["mcpServers", "up", "oauth", key];
    let given = [("clientId", "given"), ("clientSecret", "s:e/c+r%t")];
    let changes = given.map(|(key, value)| settings::Change::set(path(key), value));
    bench.store.edit(changes.into()).await.unwrap();
    bench.sign_in().await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    bench.sign_ins.sign_out("up", Forget::All).await.unwrap();
    assert_eq!(bench.oauth()["clientId"], "given");
    assert_eq!(bench.world.counts().of(lab::Endpoint::Register), 0);
}

// rule: at-41
#[tokio::test]
async fn a_client_of_the_settings_that_is_refused_is_told_with_its_callback_and_works_once_corrected()
 {
    let redirect_uri = "http://localhost:3000/oauth/callback";
    let secret = ["mcpServers", "up", "oauth", "clientSecret"];
    let bench = Bench::with(quick(), |url| {
        let client = serde_json::json!({ "clientId": "given", "clientSecret": "stale" });
        serde_json::json!({ "up": { "url": url, "oauth": client } })
    })
    .await;
    bench
        .world
        .register(Client::by_hand("given", "rotated", redirect_uri));
    let link = bench.sign_ins.begin("up").await.unwrap().url;
    let query = bench.person(&link).await;
    let error = bench.sign_ins.callback(&query).await.unwrap_err();
    assert!(matches!(error, CallbackError::Client { .. }), "{error}");
    let told = error.to_string();
    assert!(told.contains(redirect_uri), "{told}");
    assert!(told.contains("the client secret is wrong"), "{told}");
    assert!(told.contains("ends in \"iven\""), "{told}");
    assert_eq!(bench.sign_ins.view("up").state, State::ClientRejected);
    let corrected = settings::Change::set(secret, "rotated");
    bench.store.edit(vec![corrected]).await.unwrap();
    bench.sign_in().await;
    assert_eq!(bench.attempt().await, Attempt::Answered(200));
    assert_eq!(bench.oauth()["clientSecret"], "rotated");
}

fn code(query: &str) -> String {
    let code = query.split('&').find_map(|pair| pair.strip_prefix("code="));
    code.unwrap().to_owned()
}

#[tokio::test]
async fn a_pasted_address_without_an_answer_is_named_as_that_and_costs_nothing() {
    let bench = Bench::start(Switches::default()).await;
    let link = bench.needed().await.authorization_url.unwrap();
    let empty = "http://localhost:3000/oauth/callback";
    let error = bench.sign_ins.complete("up", empty).await.unwrap_err();
    assert!(error.to_string().contains("carries no answer"), "{error}");
    let back = bench.person(&link).await;
    let done = bench.sign_ins.complete("up", &back).await.unwrap();
    assert_eq!(done.server, "up");
}

// rule: at-57
#[tokio::test]
async fn a_server_that_gets_another_name_during_the_exchange_keeps_its_grant() {
    let bench = Bench::start(quick()).await;
    let link = bench.needed().await.authorization_url.unwrap();
    let query = bench.person(&link).await;
    let hold = bench.world.hold(lab::Endpoint::Token);
    let sign_ins = bench.sign_ins.clone();
    let coming = tokio::spawn(async move { sign_ins.callback(&query).await });
    let asked = |counts: &lab::Counts| counts.of(lab::Endpoint::Token) > 0;
    bench.world.until(asked).await;
    let text = std::fs::read_to_string(bench.path()).unwrap();
    std::fs::write(bench.path(), text.replacen(r#""up""#, r#""moved""#, 1)).unwrap();
    drop(hold);
    let done = coming.await.unwrap().unwrap();
    assert_eq!(done.server, "moved");
    assert!(bench.sign_ins.token("moved").await.unwrap().is_some());
    let text = std::fs::read_to_string(bench.path()).unwrap();
    assert!(text.contains("accessToken") && !text.contains(r#""up""#));
}
