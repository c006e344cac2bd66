//! The journey up to the point where a case begins: one server, one authorization server, all well so far.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mcphub_oauth::authorization::{self, Answer, Chance, Code, Pending};
use mcphub_oauth::client::Kind;
use mcphub_oauth::{
    AuthMethod, Client, Discovered, Discovery, Policy, Procedure, Request, Response, Step,
    Unanswered,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::folder::words;

pub(crate) const MCP_METADATA: &str = "https://mcp.test/.well-known/oauth-protected-resource/mcp";
pub(crate) const SERVER_METADATA: &str = "https://as.test/.well-known/oauth-authorization-server";
pub(crate) const REGISTER: &str = "https://as.test/register";
pub(crate) const TOKEN: &str = "https://as.test/token";

/// Both ends of a procedure in one hand: one address answers as the case says, the others as they should.
pub(crate) struct Play {
    at: &'static str,
    answer: Result<Response, Unanswered>,
    asked: Vec<Request>,
}

impl Play {
    pub(crate) fn new(at: &'static str, answer: Result<Response, Unanswered>) -> Self {
        Self {
            at,
            answer,
            asked: Vec::new(),
        }
    }

    pub(crate) fn run<P: Procedure>(
        &mut self,
        first: Result<Step<P>, P::Error>,
    ) -> Result<P::Output, P::Error> {
        let mut step = first?;
        for _ in 0..30 {
            let (request, then) = match step {
                Step::Done(output) => return Ok(output),
                Step::Send { request, then, .. } => (request, then),
            };
            let address = request.uri().to_string();
            let answer = match address.as_str() {
                address if address == self.at => self.answer.clone(),
                MCP_METADATA => Ok(document(&resource_metadata())),
                SERVER_METADATA => Ok(document(&server_metadata())),
                _ => Ok(plain(404, "not found")),
            };
            self.asked.push(request);
            step = then.receive(answer)?;
        }
        panic!("the chain does not end");
    }

    pub(crate) fn discover(&mut self, case: &Value) -> Result<Discovered, String> {
        self.run(Discovery::start(policy(case), None))
            .map_err(words)
    }

    /// Nobody else was asked anything, and nothing over plain http.
    pub(crate) fn stays_with(&self, hosts: &[&str]) {
        for request in &self.asked {
            let uri = request.uri();
            assert_eq!(uri.scheme_str(), Some("https"), "{uri}");
            assert!(
                uri.host().is_some_and(|host| hosts.contains(&host)),
                "{uri}"
            );
        }
    }
}

/// The policy of a case: the usual one, with the few members that cases change.
pub(crate) fn policy(case: &Value) -> Arc<Policy> {
    let mcp_url = case["mcp_url"].as_str().unwrap_or("https://mcp.test/mcp");
    let mut policy = Policy::new(mcp_url, "http://localhost:3000/oauth/callback");
    policy.issuer = case["issuer"].as_str().map(str::to_owned);
    policy.assume_pkce = case["assume_pkce"] == json!(true);
    Arc::new(policy)
}

pub(crate) fn described(found: &Discovered) -> Value {
    json!({
        "issuer": found.server.issuer,
        "token_endpoint": found.server.token_endpoint.as_str(),
        "resource": found.resource,
        "scopes": found.scopes,
        "iss_promised": found.server.iss_promised,
        "takes_documents": found.server.client_metadata_documents,
    })
}

pub(crate) fn discovered() -> Discovered {
    Play::new("", Err(Unanswered::Timeout))
        .discover(&Value::Null)
        .expect("the usual journey")
}

pub(crate) fn client() -> Client {
    Client {
        id: "hub".to_owned(),
        secret: None,
        key: None,
        method: AuthMethod::None,
        issuer: "https://as.test".to_owned(),
        redirect_uri: "http://localhost:3000/oauth/callback".to_owned(),
        kind: Kind::Settings,
    }
}

pub(crate) fn pending(iss_promised: bool) -> Pending {
    let mut found = discovered();
    found.server.iss_promised = iss_promised;
    begun(&found).1
}

/// The `state` that the person was sent with.
pub(crate) fn state() -> String {
    let (address, _) = begun(&discovered());
    let address = url::Url::parse(&address).expect("an address");
    let state = address.query_pairs().find(|(key, _)| key == "state");
    state.expect("a state").1.into_owned()
}

pub(crate) fn code() -> Code {
    let answer = Answer::parse(&format!("code=C&state={}", state())).expect("an answer");
    pending(false).accept(answer, now()).expect("a code")
}

/// A day far from any edge.
pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

pub(crate) fn revealed(secret: &SecretString) -> &str {
    secret.expose_secret()
}

fn begun(found: &Discovered) -> (String, Pending) {
    let chance = Chance {
        state: [7; 32],
        verifier: [9; 32],
    };
    authorization::begin(found, &client(), &policy(&Value::Null), &chance, now()).expect("a link")
}

fn resource_metadata() -> Value {
    json!({"resource": "https://mcp.test/mcp", "authorization_servers": ["https://as.test"]})
}

fn server_metadata() -> Value {
    json!({
        "issuer": "https://as.test",
        "authorization_endpoint": "https://as.test/authorize",
        "token_endpoint": TOKEN,
        "registration_endpoint": REGISTER,
        "code_challenge_methods_supported": ["S256"],
    })
}

fn document(value: &Value) -> Response {
    plain(200, &value.to_string())
}

fn plain(status: u16, body: &str) -> Response {
    let response = http::Response::builder().status(status);
    response.body(body.as_bytes().to_vec()).expect("an answer")
}
