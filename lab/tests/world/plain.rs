//! A plain OAuth client, written out step by step, so that a test can take any step wrongly.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mcphub_lab::{Browser, Decision, World};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

pub(crate) const REDIRECT: &str = "http://127.0.0.1:9/callback";
pub(crate) const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters-x";

#[expect(
    clippy::disallowed_methods,
    reason = "the tests play a client that is none of the hub's"
)]
pub(crate) fn http() -> Client {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}

pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// Registers a public client with both grant types, and gives its id.
pub(crate) async fn public_client(world: &World) -> String {
    let body = json!({
        "client_name": "Plain", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
    });
    let answer = register(world, &body).await;
    assert_eq!(answer.status(), 201);
    json_of(answer).await["client_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

pub(crate) async fn register(world: &World, body: &Value) -> Response {
    http()
        .post(world.endpoint_url("register"))
        .json(body)
        .send()
        .await
        .unwrap()
}

/// The fields of a correct authorization request.
pub(crate) fn authorization(world: &World, client_id: &str) -> Vec<(&'static str, String)> {
    vec![
        ("response_type", "code".to_owned()),
        ("client_id", client_id.to_owned()),
        ("redirect_uri", REDIRECT.to_owned()),
        ("state", "s1".to_owned()),
        ("code_challenge", challenge(VERIFIER)),
        ("code_challenge_method", "S256".to_owned()),
        ("resource", world.mcp_url()),
    ]
}

pub(crate) fn with(
    mut fields: Vec<(&'static str, String)>,
    name: &'static str,
    value: &str,
) -> Vec<(&'static str, String)> {
    fields.retain(|(known, _)| *known != name);
    fields.push((name, value.to_owned()));
    fields
}

pub(crate) fn without(
    mut fields: Vec<(&'static str, String)>,
    name: &str,
) -> Vec<(&'static str, String)> {
    fields.retain(|(known, _)| *known != name);
    fields
}

pub(crate) fn authorization_url(world: &World, fields: &[(&'static str, String)]) -> String {
    Url::parse_with_params(&world.endpoint_url("authorize"), fields)
        .unwrap()
        .into()
}

/// Lets the person press a button, and gives the parameters of the way back.
pub(crate) async fn way_back(
    world: &World,
    fields: &[(&'static str, String)],
    decision: Decision,
) -> Vec<(String, String)> {
    let back = Browser::new()
        .unwrap()
        .decide(&authorization_url(world, fields), decision)
        .await
        .unwrap();
    let back = Url::parse(&back).unwrap();
    assert!(back.as_str().starts_with(REDIRECT), "{back}");
    back.query_pairs().into_owned().collect()
}

pub(crate) fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

/// A code for the client, asked for correctly.
pub(crate) async fn code(world: &World, client_id: &str) -> String {
    let back = way_back(world, &authorization(world, client_id), Decision::Allow).await;
    field(&back, "code").unwrap().to_owned()
}

/// The fields of a correct code exchange by a public client.
pub(crate) fn exchange(world: &World, client_id: &str, code: &str) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "authorization_code".to_owned()),
        ("client_id", client_id.to_owned()),
        ("code", code.to_owned()),
        ("redirect_uri", REDIRECT.to_owned()),
        ("code_verifier", VERIFIER.to_owned()),
        ("resource", world.mcp_url()),
    ]
}

pub(crate) fn refresh(world: &World, client_id: &str, token: &str) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "refresh_token".to_owned()),
        ("client_id", client_id.to_owned()),
        ("refresh_token", token.to_owned()),
        ("resource", world.mcp_url()),
    ]
}

pub(crate) fn form(fields: &[(&'static str, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

pub(crate) async fn post_form(url: String, fields: &[(&'static str, String)]) -> Response {
    let kind = "application/x-www-form-urlencoded";
    http()
        .post(url)
        .header("content-type", kind)
        .body(form(fields))
        .send()
        .await
        .unwrap()
}

/// The token endpoint's status and JSON answer.
pub(crate) async fn token(world: &World, fields: &[(&'static str, String)]) -> (u16, Value) {
    let answer = post_form(world.endpoint_url("token"), fields).await;
    (answer.status().as_u16(), json_of(answer).await)
}

/// Registers, signs in and exchanges: the client id and the token answer.
pub(crate) async fn signed_in(world: &World) -> (String, Value) {
    let client_id = public_client(world).await;
    let code = code(world, &client_id).await;
    let (status, tokens) = token(world, &exchange(world, &client_id, &code)).await;
    assert_eq!(status, 200, "{tokens}");
    (client_id, tokens)
}

pub(crate) fn text<'a>(answer: &'a Value, key: &str) -> &'a str {
    answer[key]
        .as_str()
        .unwrap_or_else(|| panic!("no {key} in {answer}"))
}

pub(crate) async fn json_of(answer: Response) -> Value {
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

pub(crate) fn initialize() -> Value {
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "plain", "version": "1" } } })
}

/// One POST to the MCP endpoint, with or without token and session.
pub(crate) async fn mcp(
    world: &World,
    message: &Value,
    token: Option<&str>,
    session: Option<&str>,
) -> Response {
    let mut request = http()
        .post(world.mcp_url())
        .header("accept", "application/json, text/event-stream")
        .json(message);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(session) = session {
        request = request.header("mcp-session-id", session);
    }
    request.send().await.unwrap()
}

/// Initializes with a token, and gives the session id.
pub(crate) async fn session(world: &World, token: &str) -> String {
    let answer = mcp(world, &initialize(), Some(token), None).await;
    assert_eq!(answer.status(), 200);
    answer.headers()["mcp-session-id"]
        .to_str()
        .unwrap()
        .to_owned()
}

pub(crate) fn call(tool: &str, arguments: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": { "name": tool, "arguments": arguments } })
}
