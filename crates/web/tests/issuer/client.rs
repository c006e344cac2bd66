//! A client and its person, as far as these tests need them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

use crate::stage::{Answer, Stage, request};

pub(crate) const HUB: &str = "http://localhost:3000";
pub(crate) const BACK: &str = "http://127.0.0.1:5000/cb";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const PASSWORD: &str = "correct horse";

/// Alice, and Root who is an administrator; a server of hers and one of his, each in a group.
pub(crate) fn settings() -> Value {
    let hash = bcrypt::hash(PASSWORD, 4).unwrap();
    let server = |owner: &str| json!({ "command": "x", "enabled": false, "owner": owner });
    json!({
        "mcpServers": { "hers": server("alice"), "his": server("root") },
        "groups": [
            { "id": "a", "name": "team-a", "servers": ["hers"] },
            { "id": "b", "name": "team-b", "servers": ["his"] },
        ],
        "users": [
            { "username": "alice", "password": hash },
            { "username": "root", "password": hash, "isAdmin": true },
        ],
        "systemConfig": { "routing": { "enableBearerAuth": true } },
    })
}

pub(crate) async fn stage() -> Stage {
    Stage::new(&settings().to_string()).await
}

/// What an answer of the hub's page says, and what the browser holds of it.
pub(crate) struct Shown {
    pub(crate) answer: Answer,
    pub(crate) path: String,
    pub(crate) cookie: String,
    pub(crate) tie: String,
}

/// What a client got.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) scope: String,
}

pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs).finish()
}

pub(crate) fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// Registers a public client.
pub(crate) async fn register(stage: &Stage) -> String {
    let body = json!({ "client_name": "Claude", "redirect_uris": ["http://127.0.0.1/cb"], "token_endpoint_auth_method": "none" });
    let answer = stage
        .ask_as(None, Method::POST, "/oauth/register", Some(body))
        .await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    answer.json()["client_id"].as_str().unwrap().to_owned()
}

/// The usual request, with these parameters besides.
pub(crate) fn authorize(client: &str, more: &[(&str, &str)]) -> String {
    let challenge = challenge();
    let mut pairs = vec![
        ("client_id", client),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("state", "s"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    pairs.extend(more);
    format!("/oauth/authorize?{}", form(&pairs))
}

pub(crate) async fn show(stage: &Stage, path: &str) -> Shown {
    show_with(stage, path, "").await
}

/// In a browser that has this cookie.
pub(crate) async fn show_with(stage: &Stage, path: &str, cookie: &str) -> Shown {
    let mut asked = request(Method::GET, path);
    if !cookie.is_empty() {
        let headers = asked.headers_mut();
        headers.insert(header::COOKIE, cookie.parse().unwrap());
    }
    let answer = stage.send(asked).await;
    let cookie = answer.header(header::SET_COOKIE);
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let tie = between(&answer.text, "name=\"tie\" value=\"", "\"").to_owned();
    let path = path.to_owned();
    Shown {
        answer,
        path,
        cookie,
        tie,
    }
}

pub(crate) fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let rest = text.split_once(before).map_or("", |(_, rest)| rest);
    rest.split_once(after).map_or("", |(found, _)| found)
}

/// The decision, as a browser sends it.
pub(crate) async fn decide(stage: &Stage, shown: &Shown, fields: &[(&str, &str)]) -> Answer {
    let headers = [("cookie", shown.cookie.as_str()), ("origin", HUB)];
    let mut pairs = vec![("tie", shown.tie.as_str())];
    pairs.extend(fields);
    decide_with(stage, &shown.path, &headers, &form(&pairs)).await
}

pub(crate) async fn decide_with(
    stage: &Stage,
    path: &str,
    headers: &[(&'static str, &str)],
    body: &str,
) -> Answer {
    let mut click = request(Method::POST, path);
    for (name, value) in headers {
        click.headers_mut().insert(*name, value.parse().unwrap());
    }
    *click.body_mut() = body.to_owned().into();
    stage.send(click).await
}

pub(crate) async fn allow(stage: &Stage, shown: &Shown, user: &str) -> Answer {
    let fields = [("username", user), ("password", PASSWORD)];
    decide(stage, shown, &fields).await
}

/// Where the page sends the browser by itself.
pub(crate) fn back(answer: &Answer) -> Option<Url> {
    let address = answer.header(header::REFRESH).strip_prefix("0; url=")?;
    Some(Url::parse(address).unwrap())
}

pub(crate) fn said(url: &Url, key: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    let found = pairs.find(|(name, _)| name == key);
    found.map(|(_, value)| value.into_owned())
}

/// The whole way up to the code.
pub(crate) async fn code(stage: &Stage, client: &str, user: &str, more: &[(&str, &str)]) -> String {
    let shown = show(stage, &authorize(client, more)).await;
    assert_eq!(shown.answer.status, StatusCode::OK, "{}", shown.answer.text);
    let allowed = allow(stage, &shown, user).await;
    let back = back(&allowed).unwrap_or_else(|| panic!("{}", allowed.text));
    assert!(back.as_str().starts_with(BACK), "{back}");
    said(&back, "code").unwrap()
}

pub(crate) async fn post(stage: &Stage, path: &str, pairs: &[(&str, &str)]) -> Answer {
    let mut post = request(Method::POST, path);
    let kind = "application/x-www-form-urlencoded".parse().unwrap();
    post.headers_mut().insert(header::CONTENT_TYPE, kind);
    *post.body_mut() = form(pairs).into();
    stage.send(post).await
}

pub(crate) async fn redeem(stage: &Stage, client: &str, code: &str) -> Answer {
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    post(stage, "/oauth/token", &pairs).await
}

pub(crate) async fn refresh(stage: &Stage, client: &str, token: &str) -> Answer {
    let pairs = [
        ("grant_type", "refresh_token"),
        ("client_id", client),
        ("refresh_token", token),
    ];
    post(stage, "/oauth/token", &pairs).await
}

pub(crate) fn tokens(answer: &Answer) -> Tokens {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let told = answer.json();
    assert_eq!(told["token_type"], "Bearer");
    let text = |key: &str| told[key].as_str().unwrap().to_owned();
    Tokens {
        access: text("access_token"),
        refresh: text("refresh_token"),
        scope: text("scope"),
    }
}

/// The whole way, as a client of `/mcp` goes it.
pub(crate) async fn sign_in(stage: &Stage, client: &str, user: &str) -> Tokens {
    let resource = format!("{HUB}/mcp");
    let code = code(stage, client, user, &[("resource", &resource)]).await;
    tokens(&redeem(stage, client, &code).await)
}

/// The first message at an endpoint; what stands in the answer's head is all that is looked at.
pub(crate) async fn initialize(stage: &Stage, path: &str, token: &str) -> Answer {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } });
    let bearer = (!token.is_empty()).then_some(token);
    stage.ask_as(bearer, Method::POST, path, Some(body)).await
}

pub(crate) async fn status(stage: &Stage, path: &str, token: &str) -> u16 {
    initialize(stage, path, token).await.status.as_u16()
}

/// The standard's word for what went wrong.
pub(crate) fn error(answer: &Answer) -> String {
    let told = answer.json();
    told["error"].as_str().unwrap_or_default().to_owned()
}
