//! The issuer on a settings file of its own: who waits for whom, and what a write that fails leaves.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::fetch::Egress;

const HUB: &str = "http://localhost:3000";
const BACK: &str = "http://127.0.0.1/cb";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// So long a test waits for what should not wait at all. Its clock stands still, so it is over at once.
const NEVER: Duration = Duration::from_secs(600);

struct Bench {
    issuer: Issuer,
    clock: Clock,
    folder: TempDir,
}

fn homes() -> Homes {
    Homes {
        issuer: HUB.to_owned(),
        all: vec![Url::parse(HUB).unwrap()],
    }
}

fn form(pairs: &[(&str, &str)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs).finish()
}

impl Bench {
    async fn start() -> Self {
        Self::with(json!({})).await
    }

    /// `server` is `systemConfig.oauthServer`.
    async fn with(server: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mcp_settings.json");
        let written = json!({ "users": [{ "username": "alice", "password": "one" }], "systemConfig": { "oauthServer": server } });
        std::fs::write(&path, written.to_string()).unwrap();
        let clock = Clock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000));
        let store = Store::open(path, Arc::new(|_: &str| None)).await.unwrap();
        let issuer = Issuer::new(store, Fetch::new(Egress::default()), clock.clone());
        Self {
            issuer,
            clock,
            folder,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("mcp_settings.json")
    }

    fn written(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.path()).unwrap()).unwrap()
    }

    fn registered(&self) -> String {
        let body = json!({ "redirect_uris": [BACK], "token_endpoint_auth_method": "none" });
        let told = self.issuer.register(body.to_string().as_bytes()).unwrap();
        told["client_id"].as_str().unwrap().to_owned()
    }

    async fn asked(&self, client: &str) -> Authorization {
        let query = form(&[
            ("client_id", client),
            ("response_type", "code"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        self.issuer.asked(&query, &homes()).await.unwrap()
    }

    async fn code(&self, client: &str) -> String {
        let asked = self.asked(client).await;
        let back = self.issuer.agreed(asked, "alice", &homes()).await.unwrap();
        let mut pairs = back.query_pairs();
        let code = pairs.find(|(key, _)| key == "code").unwrap();
        code.1.into_owned()
    }

    async fn redeem(&self, client: &str, code: &str) -> Result<Value, Failure> {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", code),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    async fn refresh(&self, client: &str, word: &str) -> Result<Value, Failure> {
        self.token(&[
            ("grant_type", "refresh_token"),
            ("client_id", client),
            ("refresh_token", word),
        ])
        .await
    }

    async fn token(&self, pairs: &[(&str, &str)]) -> Result<Value, Failure> {
        let body = form(pairs);
        self.issuer.token(None, body.as_bytes(), &homes()).await
    }

    async fn revoke(&self, client: &str, word: &str) -> Result<(), Failure> {
        let body = form(&[("client_id", client), ("token", word)]);
        self.issuer.revoke(None, body.as_bytes()).await
    }
}

fn text<'v>(told: &'v Value, key: &str) -> &'v str {
    told[key].as_str().unwrap()
}

fn error(failure: &Failure) -> &'static str {
    let Failure::Token(error) = failure else {
        panic!("{failure}");
    };
    error.error
}

// rule: as-garbage-waits-alone
#[tokio::test(start_paused = true)]
async fn who_shows_nothing_good_waits_for_nobody_and_nobody_waits_for_him() {
    let bench = Bench::start().await;
    let (client, other) = (bench.registered(), bench.registered());
    let code = bench.code(&client).await;
    let given = bench.redeem(&client, &code).await.unwrap();
    let (access, refresh) = (text(&given, "access_token"), text(&given, "refresh_token"));
    let turn = bench.issuer.inner.turn.lock().await;
    let at_once = async {
        for (client, word) in [(&client, "garbage"), (&other, refresh)] {
            let failed = bench.refresh(client, word).await.unwrap_err();
            assert_eq!(error(&failed), "invalid_grant", "{word}");
        }
        let failed = bench.redeem(&client, "garbage").await.unwrap_err();
        assert_eq!(error(&failed), "invalid_grant");
        let more = [
            ("grant_type", "refresh_token"),
            ("client_id", client.as_str()),
            ("refresh_token", refresh),
            ("scope", "root"),
        ];
        assert_eq!(
            error(&bench.token(&more).await.unwrap_err()),
            "invalid_scope"
        );
        bench.revoke(&client, "garbage").await.unwrap();
        bench.revoke(&other, refresh).await.unwrap();
    };
    tokio::time::timeout(NEVER, at_once).await.unwrap();
    let ends = bench.revoke(&client, access);
    let waits = tokio::time::timeout(NEVER, ends).await;
    assert!(waits.is_err(), "what ends a sign-in takes its turn");
    drop(turn);
    assert!(bench.refresh(&client, refresh).await.is_ok());
}

// rule: as-code-unwritten
#[tokio::test]
async fn a_code_for_which_nothing_could_be_written_is_as_good_as_before() {
    let bench = Bench::start().await;
    let client = bench.registered();
    let code = bench.code(&client).await;
    let before = std::fs::read_to_string(bench.path()).unwrap();
    // The hub writes over no file that somebody emptied.
    std::fs::write(bench.path(), "").unwrap();
    let failed = bench.redeem(&client, &code).await.unwrap_err();
    assert!(matches!(failed, Failure::Unwritten(_)), "{failed}");
    std::fs::write(bench.path(), before).unwrap();
    bench.redeem(&client, &code).await.unwrap();
    let again = bench.redeem(&client, &code).await.unwrap_err();
    assert_eq!(error(&again), "invalid_grant", "and once");
}

// rule: as-client-once
#[tokio::test]
async fn who_agrees_twice_at_once_writes_the_client_down_once() {
    let bench = Bench::start().await;
    let client = bench.registered();
    let (one, two) = (bench.asked(&client).await, bench.asked(&client).await);
    let homes = homes();
    let agreed = |asked| bench.issuer.agreed(asked, "alice", &homes);
    let (one, two) = tokio::join!(agreed(one), agreed(two));
    assert!(one.is_ok() && two.is_ok());
    let written = bench.written();
    let clients = written["oauthClients"].as_array().unwrap();
    assert_eq!(clients.len(), 1, "{written}");
}

// rule: as-client-later
#[tokio::test]
async fn a_client_whose_document_is_not_looked_at_now_is_told_to_come_again() {
    let bench = Bench::with(json!({ "clientIdMetadata": { "enabled": true } })).await;
    // An address of this machine is asked by nobody.
    let client = "https://127.0.0.1/client.json";
    let away = bench.refresh(client, "r").await.unwrap_err();
    assert!(matches!(away, Failure::DocumentAway), "{away}");
    let now = bench.clock.now();
    while bench.issuer.desk().newcomers.step(now).is_ok() {}
    let paced = bench.refresh(client, "r").await.unwrap_err();
    assert!(matches!(paced, Failure::Hurry(_)), "{paced}");
    let query = form(&[("client_id", client), ("response_type", "code")]);
    let shown = bench.issuer.asked(&query, &homes()).await.unwrap_err();
    assert!(
        matches!(shown, Refused::Shown(Shown::Hurry(_))),
        "{shown:?}"
    );
}

#[tokio::test]
async fn lifetimes_and_dates_that_no_calendar_has_stop_nobody() {
    let huge = u64::MAX;
    let bench = Bench::with(json!({
        "accessTokenLifetime": huge, "refreshTokenLifetime": huge, "authorizationCodeLifetime": huge,
        "dynamicRegistration": { "clientTtl": huge },
    }))
    .await;
    let mut written = bench.written();
    written["oauthClients"] =
        json!([{ "clientId": "old", "redirectUris": [BACK], "clientIdIssuedAt": huge }]);
    std::fs::write(bench.path(), written.to_string()).unwrap();
    bench.issuer.inner.store.reload().await;
    let client = bench.registered();
    let code = bench.code(&client).await;
    let given = bench.redeem(&client, &code).await.unwrap();
    let given = bench.refresh(&client, text(&given, "refresh_token")).await;
    let lives = given.unwrap()["expires_in"].as_u64().unwrap();
    assert!(lives > 3_600, "{lives}");
}

// rule: as-grant-end
#[tokio::test]
async fn a_sign_in_ends_for_its_client_when_the_settings_say_so() {
    let bench = Bench::with(json!({ "grantLifetime": 10_000 })).await;
    let client = bench.registered();
    let code = bench.code(&client).await;
    let given = bench.redeem(&client, &code).await.unwrap();
    bench.clock.advance(Duration::from_secs(9_000));
    let renewed = bench.refresh(&client, text(&given, "refresh_token")).await;
    let renewed = renewed.unwrap();
    assert_eq!(renewed["expires_in"], 1_000);
    let mut written = bench.written();
    written["systemConfig"]["oauthServer"]["grantLifetime"] = 9_500.into();
    std::fs::write(bench.path(), written.to_string()).unwrap();
    bench.issuer.inner.store.reload().await;
    bench.clock.advance(Duration::from_secs(500));
    let over = bench
        .refresh(&client, text(&renewed, "refresh_token"))
        .await;
    assert_eq!(error(&over.unwrap_err()), "invalid_grant");
}

#[tokio::test]
async fn who_let_a_program_in_is_told_once_however_often_it_renewed_and_until_nothing_of_it_lives()
{
    let bench = Bench::start().await;
    let (client, other) = (bench.registered(), bench.registered());
    let agreed_at = bench.clock.now();
    let code = bench.code(&client).await;
    let given = bench.redeem(&client, &code).await.unwrap();
    bench.clock.advance(Duration::from_secs(100));
    let code = bench.code(&other).await;
    bench.redeem(&other, &code).await.unwrap();
    let renewed = bench.refresh(&client, text(&given, "refresh_token")).await;
    let renewed = renewed.unwrap();
    let told = bench.issuer.let_in();
    let first = LetIn {
        client_id: client.clone(),
        username: "alice".to_owned(),
        agreed_at: Some(agreed_at),
        scopes: vec!["read".to_owned(), "write".to_owned()],
        resource: None,
    };
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0], first);
    assert!(!first.opens_api());
    assert_eq!(told[1].client_id, other);
    bench
        .revoke(&client, text(&renewed, "access_token"))
        .await
        .unwrap();
    assert_eq!(bench.issuer.let_in(), told[1..]);
    bench.clock.advance(Duration::from_secs(1_209_600));
    assert_eq!(bench.issuer.let_in(), []);
}

#[tokio::test]
async fn who_is_let_in_no_more_is_not_told_though_his_tokens_are_written_down() {
    let bench = Bench::start().await;
    let document = "https://client.example/client.json";
    let client = bench.registered();
    let code = bench.code(&client).await;
    bench.redeem(&client, &code).await.unwrap();
    let whole = bench.written();
    let ids = async |change: &dyn Fn(&mut Value)| {
        let mut written = whole.clone();
        change(&mut written);
        std::fs::write(bench.path(), written.to_string()).unwrap();
        bench.issuer.inner.store.reload().await;
        let told = bench.issuer.let_in().into_iter();
        told.map(|it| it.client_id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&|_| {}).await, [client.as_str()]);
    let over: [&dyn Fn(&mut Value); 6] = [
        &|written| written["users"] = json!([{ "username": "bob" }]),
        &|written| written["users"][0]["password"] = "two".into(),
        &|written| written["oauthClients"] = json!([]),
        &|written| written["oauthTokens"][0]["clientId"] = document.into(),
        &|written| written["oauthTokens"][0]["refreshTokenExpiresAt"] = "soon".into(),
        &|written| written["systemConfig"]["oauthServer"]["enabled"] = false.into(),
    ];
    bench.clock.advance(Duration::from_secs(3_600));
    for (at, change) in over.into_iter().enumerate() {
        assert_eq!(ids(change).await, [] as [&str; 0], "{at}");
    }
    let by_document = |written: &mut Value| {
        written["oauthTokens"][0]["clientId"] = document.into();
        written["systemConfig"]["oauthServer"]["clientIdMetadata"] = json!({ "enabled": true });
    };
    assert_eq!(ids(&by_document).await, [document]);
    let impatient = |written: &mut Value| {
        written["systemConfig"]["oauthServer"]["grantLifetime"] = 3_600.into()
    };
    assert_eq!(ids(&impatient).await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_renewal_is_no_news_of_who_is_let_in_and_a_sign_in_is() {
    let bench = Bench::start().await;
    let settings = || bench.issuer.inner.store.current();
    let client = bench.registered();
    let nobody = settings();
    let code = bench.code(&client).await;
    let given = bench.redeem(&client, &code).await.unwrap();
    let one = settings();
    assert!(!lets_in_the_same(&nobody, &one));
    bench
        .refresh(&client, text(&given, "refresh_token"))
        .await
        .unwrap();
    let renewed = settings();
    assert_ne!(one.oauth_tokens, renewed.oauth_tokens);
    assert!(lets_in_the_same(&one, &renewed));
    let code = bench.code(&client).await;
    bench.redeem(&client, &code).await.unwrap();
    assert!(!lets_in_the_same(&renewed, &settings()));
}
