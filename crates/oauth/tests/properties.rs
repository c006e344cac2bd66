//! Whatever strangers answer, the whole chain (discovery, registration, authorization, callback, exchange, renewal) ends soon,
//! asks in the order of the specification, and hands its secrets to nobody but an endpoint of validated metadata.
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
use proptest::prelude::*;
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
const SECRET: &str = "SECRET-";
/// More than any chain may ask: five servers with four places each, and second attempts.
const MOST: usize = 45;

/// What one request meets.
#[derive(Debug, Clone)]
enum Said {
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
struct Named {
    servers: Vec<String>,
    issuer: Option<String>,
    authorization: String,
    token: String,
    registration: Option<String>,
}

fn named() -> Named {
    Named {
        servers: vec!["https://as.test/t".to_owned()],
        issuer: None,
        authorization: "https://as.test/authorize".to_owned(),
        token: "https://as.test/token".to_owned(),
        registration: Some("https://as.test/register".to_owned()),
    }
}

#[derive(Default)]
struct Play {
    script: Vec<Said>,
    asked: Vec<Request>,
    /// Issuers that some document named.
    issuers: Vec<String>,
    /// Endpoints of validated documents: authorization, token, registration.
    valid: [Vec<String>; 3],
    verifier: Option<String>,
}

impl Play {
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
        match said {
            Said::Fitting(named) => Ok(answer(200, self.fitting(request, &named).to_string())),
            Said::Oddly(status, named) => {
                Ok(answer(status, self.fitting(request, &named).to_string()))
            }
            Said::Error(error) => Ok(answer(400, json!({ "error": error }).to_string())),
            Said::Redirect(status, to) => {
                let mut response = answer(status, "");
                if let Ok(to) = to.parse() {
                    response.headers_mut().insert("location", to);
                }
                Ok(response)
            }
            Said::Bytes(status, bytes) => Ok(answer(status, bytes)),
            Said::Nothing(why) => Err(why),
        }
    }

    /// What belongs at an address; the truth about it is written down.
    fn fitting(&mut self, request: &Request, named: &Named) -> Value {
        let address = request.uri().to_string();
        if request.method() == http::Method::GET && address.contains("oauth-protected-resource") {
            self.issuers.extend(named.servers.clone());
            return json!({ "resource": MCP, "authorization_servers": named.servers });
        }
        if request.method() == http::Method::GET {
            let asked = self
                .issuers
                .iter()
                .find(|one| places(one).contains(&address));
            let own = asked.cloned().unwrap_or_else(|| ORIGIN.to_owned());
            let issuer = named.issuer.clone().unwrap_or(own);
            if places(&issuer).contains(&address) {
                let all = [
                    Some(&named.authorization),
                    Some(&named.token),
                    named.registration.as_ref(),
                ];
                for (valid, endpoint) in self.valid.iter_mut().zip(all) {
                    valid.extend(endpoint.and_then(|text| normal(text)));
                }
            }
            return json!({
                "issuer": issuer, "authorization_endpoint": named.authorization, "token_endpoint": named.token,
                "registration_endpoint": named.registration, "code_challenge_methods_supported": ["S256"],
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
    fn check_order(&self, pointer: Option<&str>) {
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
enum Reached {
    Nothing,
    Server,
    Client,
    Link,
    Grant,
    Renewal,
}

/// The whole chain; `back` is what the browser brings, with `{state}` where the state belongs.
fn chain(play: &mut Play, pointer: Option<&str>, back: &str) -> Reached {
    let policy = Arc::new(Policy::new(MCP, "http://localhost:3000/oauth/callback"));
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let line = pointer.map(|pointer| format!("Bearer resource_metadata=\"{pointer}\""));
    let challenge = Challenge::parse(line.as_deref());
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

fn address() -> impl Strategy<Value = String> {
    let usual = [
        "https://as.test",
        "https://as.test/t",
        "https://as.test/x?y=1",
        "https://other.test/a/b",
        "https://mcp.test",
    ];
    let hostile = [
        "http://as.test/token",
        "http://127.0.0.1:9/x",
        "https://10.0.0.1/x",
        "https://169.254.169.254/x",
        "https://[::1]/x",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://as.test@evil.test/",
        "https://as.test\\@evil.test",
        "//as.test",
        "",
        "https://as.test#x",
        "https://as.test/\u{202e}",
        "HTTPS://AS.TEST/t",
        "https://as.test:443/t",
        "https://as.test/../x",
        "http://localhost/x",
        "https:as.test",
        "data:text/html,x",
    ];
    prop_oneof![
        8 => prop::sample::select(usual.to_vec()).prop_map(str::to_owned),
        2 => prop::sample::select(hostile.to_vec()).prop_map(str::to_owned),
        1 => ".{0,24}",
    ]
}

fn addresses() -> impl Strategy<Value = Named> {
    let issuer = prop_oneof![4 => Just(None), 1 => address().prop_map(Some)];
    let registration = prop_oneof![1 => Just(None), 4 => address().prop_map(Some)];
    let servers = prop::collection::vec(address(), 0..8);
    (servers, issuer, address(), address(), registration).prop_map(
        |(servers, issuer, authorization, token, registration)| Named {
            servers,
            issuer,
            authorization,
            token,
            registration,
        },
    )
}

fn said() -> impl Strategy<Value = Said> {
    let errors = [
        "invalid_client",
        "invalid_grant",
        "invalid_target",
        "invalid_scope",
        "invalid_redirect_uri",
        "slow_down",
        "x",
    ];
    let statuses =
        prop::sample::select(&[200_u16, 201, 204, 400, 401, 403, 404, 429, 500, 503][..]);
    let nothing = [
        Unanswered::Timeout,
        Unanswered::TooLarge,
        Unanswered::Network("reset".to_owned()),
        Unanswered::Refused("inner".to_owned()),
    ];
    prop_oneof![
        12 => addresses().prop_map(Said::Fitting),
        4 => Just(Said::Fitting(named())),
        1 => (statuses.clone(), addresses()).prop_map(|(status, named)| Said::Oddly(status, named)),
        1 => prop::sample::select(errors.to_vec()).prop_map(Said::Error),
        1 => (prop::sample::select(&[301_u16, 302, 307, 308][..]), address()).prop_map(|(status, to)| Said::Redirect(status, to)),
        1 => (statuses, prop::collection::vec(any::<u8>(), 0..64)).prop_map(|(status, bytes)| Said::Bytes(status, bytes)),
        1 => prop::sample::select(nothing.to_vec()).prop_map(Said::Nothing),
    ]
}

fn back() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => Just(format!("code={SECRET}code&state={{state}}")),
        1 => address().prop_map(|iss| format!("code={SECRET}code&state={{state}}&iss={iss}")),
        1 => Just("error=access_denied&state={state}".to_owned()),
        1 => ".{0,40}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    // rule: mcp-auth-discovery-order, oauth2.1-1.5, mcp-auth-server-binding
    #[test]
    fn whatever_is_answered_the_chain_ends_in_order_and_keeps_its_secrets(
        script in prop::collection::vec(said(), 1..12),
        back in back(),
    ) {
        let mut play = Play { script, ..Play::default() };
        chain(&mut play, None, &back);
        play.check_order(None);
    }

    // rule: mcp-auth-discovery-order
    #[test]
    fn whatever_a_challenge_points_to_nobody_is_asked_over_plain_http(pointer in address(), script in prop::collection::vec(said(), 1..8)) {
        let mut play = Play { script, ..Play::default() };
        chain(&mut play, Some(&pointer), "");
    }
}

#[test]
fn a_chain_of_good_answers_comes_to_its_end() {
    let pointer = "https://mcp.test/.well-known/oauth-protected-resource/named";
    for pointer in [None, Some(pointer)] {
        let script = vec![Said::Fitting(named())];
        let mut play = Play {
            script,
            ..Play::default()
        };
        let back = format!("code={SECRET}code&state={{state}}");
        assert_eq!(chain(&mut play, pointer, &back), Reached::Renewal);
        play.check_order(pointer);
    }
}
