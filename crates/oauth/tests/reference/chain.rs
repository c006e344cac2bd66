//! What must hold of a whole sign-in, whatever strangers answer: it ends soon, asks in the order of the specification, and hands its
//! secrets to nobody but an endpoint of validated metadata. Run over made-up answers by the tests, over any bytes by the fuzz target.
//!
//! What is validated is judged here once more and on its own: a document counts for the issuer that it names, if it was
//! served at one of that issuer's well-known places.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mcphub_oauth::authorization::{self, Answer, Chance};
use mcphub_oauth::{
    Challenge, Discovery, Exchange, Policy, Procedure, Refresh, Registration, Request, Response,
    Step, Unanswered,
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use url::Url;

const ORIGIN: &str = "https://mcp.test";
const MCP: &str = "https://mcp.test/mcp";
const RESOURCE_PLACES: [&str; 2] = [
    "https://mcp.test/.well-known/oauth-protected-resource/mcp",
    "https://mcp.test/.well-known/oauth-protected-resource",
];
/// In every secret that is handed out here.
pub(crate) const SECRET: &str = "SECRET-";
/// More than any chain may ask: five servers with four places each, and second attempts.
const MOST: usize = 45;

/// What one request meets.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    /// What belongs at that address, with these addresses in it.
    Fitting(Named),
    /// The same under a status that does not fit.
    Oddly(u16, Named),
    Error(&'static str),
    Redirect(u16, String),
    Bytes(u16, Vec<u8>),
    Nothing(Unanswered),
}

/// The addresses in a document.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) servers: Vec<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) authorization: String,
    pub(crate) token: String,
    pub(crate) registration: Option<String>,
}

pub(crate) fn named() -> Named {
    Named {
        servers: vec!["https://as.test/t".to_owned()],
        issuer: None,
        authorization: "https://as.test/authorize".to_owned(),
        token: "https://as.test/token".to_owned(),
        registration: Some("https://as.test/register".to_owned()),
    }
}

#[derive(Default)]
pub(crate) struct Play {
    script: Vec<Said>,
    asked: Vec<Request>,
    /// Issuers that some document named.
    issuers: Vec<String>,
    /// Endpoints of validated documents: authorization, token, registration.
    valid: [Vec<String>; 3],
    verifier: Option<String>,
}

impl Play {
    pub(crate) fn new(script: Vec<Said>) -> Self {
        Self {
            script,
            ..Self::default()
        }
    }

    fn run<P: Procedure>(&mut self, first: Result<Step<P>, P::Error>) -> Option<P::Output> {
        let mut step = first.ok()?;
        loop {
            let (request, then) = match step {
                Step::Done(output) => return Some(output),
                Step::Send { request, then, .. } => (request, then),
            };
            assert!(self.asked.len() < MOST, "no end: {:?}", self.addresses());
            self.check(&request);
            let answer = self.answer(&request);
            self.asked.push(request);
            step = then.receive(answer).ok()?;
        }
    }

    fn addresses(&self) -> Vec<String> {
        let uris = self.asked.iter().map(Request::uri);
        uris.map(ToString::to_string).collect()
    }

    fn answer(&mut self, request: &Request) -> Result<Response, Unanswered> {
        let said = self.script[self.asked.len() % self.script.len()].clone();
        let response = match said {
            Said::Fitting(named) => answer(200, self.fitting(request, &named).to_string()),
            Said::Oddly(status, named) => answer(status, self.fitting(request, &named).to_string()),
            Said::Error(error) => answer(400, json!({ "error": error }).to_string()),
            Said::Redirect(status, to) => {
                let mut response = answer(status, "");
                if let Ok(to) = to.parse() {
                    response.headers_mut().insert("location", to);
                }
                response
            }
            Said::Bytes(status, bytes) if request.method() == http::Method::GET => {
                answer(status, bytes)
            }
            Said::Bytes(status, bytes) => answer(status, handed_out(bytes)),
            Said::Nothing(why) => return Err(why),
        };
        if request.method() == http::Method::GET {
            self.learn(&request.uri().to_string(), response.body());
        }
        Ok(response)
    }

    /// Writes down what a document vouches for, whoever made it and whatever its status.
    fn learn(&mut self, address: &str, body: &[u8]) {
        let Ok(Value::Object(document)) = serde_json::from_slice(body) else {
            return;
        };
        let servers = document
            .get("authorization_servers")
            .and_then(Value::as_array);
        let servers = servers.into_iter().flatten().filter_map(Value::as_str);
        self.issuers.extend(servers.map(str::to_owned));
        let text = |member: &str| document.get(member).and_then(Value::as_str);
        let is_own = |issuer: &str| places(issuer).iter().any(|place| place == address);
        if text("issuer").is_some_and(is_own) {
            let all = [
                "authorization_endpoint",
                "token_endpoint",
                "registration_endpoint",
            ];
            for (valid, endpoint) in self.valid.iter_mut().zip(all) {
                valid.extend(text(endpoint).and_then(normal));
            }
        }
    }

    /// What belongs at an address.
    fn fitting(&self, request: &Request, named: &Named) -> Value {
        let address = request.uri().to_string();
        if request.method() == http::Method::GET && address.contains("oauth-protected-resource") {
            return json!({ "resource": MCP, "authorization_servers": named.servers });
        }
        if request.method() == http::Method::GET {
            let asked = self
                .issuers
                .iter()
                .find(|one| places(one).contains(&address));
            let own = asked.cloned().unwrap_or_else(|| ORIGIN.to_owned());
            return json!({
                "issuer": named.issuer.clone().unwrap_or(own), "authorization_endpoint": named.authorization,
                "token_endpoint": named.token, "registration_endpoint": named.registration,
                "code_challenge_methods_supported": ["S256"],
            });
        }
        json!({
            "client_id": "hub", "client_secret": format!("{SECRET}client"), "token_endpoint_auth_method": "client_secret_post",
            "access_token": format!("{SECRET}access"), "refresh_token": format!("{SECRET}refresh"), "token_type": "Bearer",
            "expires_in": 60,
        })
    }

    fn check(&self, request: &Request) {
        let address = request.uri().to_string();
        assert_eq!(request.uri().scheme_str(), Some("https"), "{address}");
        let body = String::from_utf8_lossy(request.body());
        let verifier = self.verifier.as_ref();
        let is_secret = [&*address, &*body].iter().any(|text| {
            text.contains(SECRET) || verifier.is_some_and(|verifier| text.contains(&**verifier))
        });
        if is_secret || request.headers().contains_key("authorization") {
            assert!(self.is_valid(1, &address), "a secret for {address}");
        }
        if request.method() != http::Method::GET {
            let valid = self.is_valid(1, &address) || self.is_valid(2, &address);
            assert!(valid, "nobody vouches for {address}");
        }
    }

    /// An endpoint of a validated document, or a default path at the server's own origin.
    fn is_valid(&self, which: usize, address: &str) -> bool {
        let path = ["/authorize", "/token", "/register"][which];
        self.valid[which].iter().any(|valid| valid == address)
            || address == format!("{ORIGIN}{path}")
    }

    /// The well-known places come in their order, without a gap.
    pub(crate) fn check_order(&self, pointer: Option<&str>) {
        let addresses = self.addresses();
        let first = pointer.into_iter().chain(RESOURCE_PLACES);
        let asked = addresses
            .iter()
            .filter(|address| address.contains("oauth-protected-resource"));
        assert!(
            asked.zip(first).all(|(asked, place)| asked == place),
            "{addresses:?}"
        );
        let own = ORIGIN.to_owned();
        for issuer in self.issuers.iter().chain([&own]) {
            let places = places(issuer);
            let at = |address| places.iter().position(|place| place == address);
            let mut due = 0;
            for found in addresses.iter().filter_map(at) {
                assert!(found == due || found == 0, "{issuer}: {addresses:?}");
                due = found + 1;
            }
        }
    }
}

/// Where an issuer's metadata stands, as RFC 8414 and OpenID Connect Discovery say, and one place more.
fn places(issuer: &str) -> Vec<String> {
    let Ok(url) = Url::parse(issuer) else {
        return Vec::new();
    };
    let (origin, path) = (
        url.origin().ascii_serialization(),
        url.path().trim_end_matches('/'),
    );
    let mut places = vec![
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
        format!("{origin}/.well-known/openid-configuration{path}"),
    ];
    if !path.is_empty() {
        places.push(format!("{origin}{path}/.well-known/openid-configuration"));
        places.push(format!(
            "{origin}{path}/.well-known/oauth-authorization-server"
        ));
    }
    places
}

fn normal(address: &str) -> Option<String> {
    Url::parse(address).ok().map(String::from)
}

fn answer(status: u16, body: impl Into<Vec<u8>>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
    response
}

/// How far a chain came.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reached {
    Nothing,
    Server,
    Client,
    Link,
    Grant,
    Renewal,
}

/// The whole chain, from the line of a 401; `back` is what the browser brings, with `{state}` where the state belongs.
pub(crate) fn chain(play: &mut Play, line: Option<&str>, back: &str) -> Reached {
    let policy = Arc::new(Policy::new(MCP, "http://localhost:3000/oauth/callback"));
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let challenge = Challenge::parse(line);
    let Some(found) = play.run(Discovery::start(policy.clone(), challenge)) else {
        return Reached::Nothing;
    };
    let registration = Registration::start(policy.clone(), found.server.clone(), None, now);
    let Some(identified) = play.run(registration) else {
        return Reached::Server;
    };
    let (state, verifier) = ([7; 32], [9; 32]);
    let chance = Chance { state, verifier };
    let begun = authorization::begin(&found, &identified.client, &policy, &chance, now);
    let Ok((link, pending)) = begun else {
        return Reached::Client;
    };
    let url = Url::parse(&link).expect("a link");
    assert_eq!(url.scheme(), "https", "{link}");
    let (bare, _) = link.split_once("code_challenge").expect("PKCE");
    assert!(!link.contains(SECRET), "{link}");
    let legacy = format!("{ORIGIN}/authorize");
    let known = play.valid[0].iter().any(|valid| bare.starts_with(&**valid));
    assert!(
        known || bare.starts_with(&legacy),
        "a person is sent to {link}"
    );
    let verifier = pending.verifier.expose_secret().to_owned();
    assert!(!link.contains(&verifier), "{link}");
    play.verifier = Some(verifier);
    let state = url.query_pairs().find(|(key, _)| key == "state");
    let state = state.expect("a state").1.into_owned();
    let code = Answer::parse(&back.replace("{state}", &state))
        .and_then(|answer| pending.accept(answer, now));
    let Ok(code) = code else {
        return Reached::Link;
    };
    let Some(exchanged) = play.run(Exchange::start(code, identified.client, &policy, now)) else {
        return Reached::Link;
    };
    let first = Refresh::start(exchanged.grant, exchanged.client, &policy, now);
    match play.run(Ok(first)) {
        Some(_) => Reached::Renewal,
        None => Reached::Grant,
    }
}

/// Makes secrets of what begins with a `!` where secrets belong, so that they are known wherever they turn up.
fn handed_out(body: Vec<u8>) -> Vec<u8> {
    let Ok(Value::Object(mut members)) = serde_json::from_slice(&body) else {
        return body;
    };
    let mut any = false;
    for name in ["client_secret", "access_token", "refresh_token"] {
        if let Some(Value::String(text)) = members.get_mut(name)
            && let Some(rest) = text.strip_prefix('!')
        {
            *text = format!("{SECRET}{rest}");
            any = true;
        }
    }
    if any {
        return Value::Object(members).to_string().into_bytes();
    }
    body
}

/// Ends a part of the bytes that are an input.
const SEPARATOR: u8 = 0x1e;

/// Runs a sign-in against an input: the line of a 401, what the browser brings back, and answers, each with a byte that says what it is
/// (`f` a fitting one, `r` a redirect, `n` none, a digit a status and a body). Says how far it came.
pub(crate) fn check(bytes: &[u8]) -> Reached {
    let holds_secret = |window: &[u8]| window == SECRET.as_bytes();
    if bytes.windows(SECRET.len()).any(holds_secret) {
        // Where it would turn up then says nothing.
        return Reached::Nothing;
    }
    let mut parts = bytes.split(|byte| *byte == SEPARATOR);
    let line = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let back = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let mut script: Vec<Said> = parts.map(said).take(2 * MOST).collect();
    if script.is_empty() {
        script.push(Said::Fitting(named()));
    }
    let mut play = Play::new(script);
    let line = Some(&*line).filter(|line| !line.is_empty());
    let back = back.replace("code=!", &format!("code={SECRET}"));
    let reached = chain(&mut play, line, &back);
    if line.is_none() {
        play.check_order(None);
    }
    reached
}

fn said(part: &[u8]) -> Said {
    let statuses = [200, 201, 204, 302, 400, 401, 403, 404, 429, 500];
    match part.split_first() {
        Some((b'f', _)) => Said::Fitting(named()),
        Some((b'r', to)) => Said::Redirect(302, String::from_utf8_lossy(to).into_owned()),
        Some((digit @ b'0'..=b'9', body)) => {
            Said::Bytes(statuses[usize::from(digit - b'0')], body.to_vec())
        }
        Some(_) | None => Said::Nothing(Unanswered::Timeout),
    }
}
