//! Tests: the code for a person, what it may look like, and what each answer to a question means.

use std::time::UNIX_EPOCH;

use super::*;
use crate::address::Purpose;
use crate::client::Kind;
use crate::discovery::{Server, Source};
use crate::play::{Play, response};

const DEVICE: &str = "https://as.test/device_authorization";
const TOKEN: &str = "https://as.test/token";
const GOOD: &str = r#"{"device_code":"DC-long-secret","user_code":"WDJB-MJHT","expires_in":1800,"interval":5,
    "verification_uri":"https://as.test/device","verification_uri_complete":"https://as.test/device?user_code=WDJB-MJHT"}"#;
const TOKENS: &str = r#"{"access_token":"AT1","refresh_token":"RT1","expires_in":3600}"#;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000 + seconds)
}

fn endpoint(purpose: Purpose, raw: &str) -> Endpoint {
    Endpoint::check(purpose, raw, Nearness::Public, false).unwrap()
}

fn found() -> Discovered {
    Discovered {
        server: Server {
            issuer: Some("https://as.test".to_owned()),
            authorization_endpoint: None,
            token_endpoint: endpoint(Purpose::Token, TOKEN),
            device_authorization_endpoint: Some(endpoint(Purpose::Device, DEVICE)),
            registration_endpoint: None,
            revocation_endpoint: None,
            iss_promised: false,
            auth_methods: None,
            auth_signing_algs: None,
            grant_types: None,
            client_metadata_documents: false,
            source: Source::Metadata,
        },
        resource: Some("https://mcp.test".to_owned()),
        scopes: vec!["a".to_owned(), "b".to_owned()],
        consent: false,
        dpop: false,
        document: None,
        notes: Vec::new(),
    }
}

fn client(secret: Option<&str>, method: AuthMethod) -> Client {
    Client {
        id: "tv-client".to_owned(),
        secret: secret.map(Into::into),
        key: None,
        method,
        issuer: "https://as.test".to_owned(),
        redirect_uri: String::new(),
        kind: Kind::Settings,
    }
}

fn public() -> Client {
    client(None, AuthMethod::None)
}

fn policy() -> Policy {
    Policy::new("https://mcp.test", "http://localhost:3000/cb")
}

fn begin(play: &mut Play, client: Client) -> Result<Begun, DeviceError> {
    play.run(DeviceAuthorization::start(
        &found(),
        client,
        &policy(),
        at(0),
    ))
}

fn begun() -> Device {
    begin(&mut Play::new().json(DEVICE, GOOD), public())
        .unwrap()
        .device
}

fn ask(play: &mut Play, device: Device, client: Client, now: SystemTime) -> Polled {
    match play.run(Ok(Poll::start(device, client, &policy(), now))) {
        Ok(polled) => polled,
        Err(never) => match never {},
    }
}

/// Asks once at its time; it goes on waiting.
fn still(device: Device, status: u16, body: &str) -> Device {
    let now = device.next_at;
    match ask(
        &mut Play::new().status(TOKEN, status, body),
        device,
        public(),
        now,
    ) {
        Polled::Waiting { device, .. } => *device,
        over @ (Polled::Granted(_) | Polled::Over(_)) => panic!("{over:?}"),
    }
}

fn pause(device: &Device, since: SystemTime) -> u64 {
    device.next_at.duration_since(since).unwrap().as_secs()
}

// rule: at-58, rfc8628-3.1, rfc8628-3.2
#[test]
fn a_code_is_asked_for_with_scope_and_resource_and_shown_with_its_address() {
    let mut play = Play::new().json(DEVICE, GOOD);
    let device = begin(&mut play, public()).unwrap().device;
    let form = play.form(0);
    assert_eq!(
        (
            form["client_id"].as_str(),
            form["scope"].as_str(),
            form["resource"].as_str()
        ),
        ("tv-client", "a b", "https://mcp.test")
    );
    assert_eq!(
        (device.user_code.as_str(), device.verification_uri.as_str()),
        ("WDJB-MJHT", "https://as.test/device")
    );
    assert_eq!(device.link(), "https://as.test/device?user_code=WDJB-MJHT");
    assert_eq!((device.expires_at, device.next_at), (at(1800), at(5)));
    assert!(!format!("{device:?}").contains("DC-long-secret"));
}

// rule: at-58, rfc8628-3.5
#[test]
fn questions_keep_the_interval_and_slow_down_adds_five_seconds_for_good() {
    let pending = r#"{"error":"authorization_pending"}"#;
    let first = still(begun(), 400, pending);
    assert_eq!(
        (first.next_at, first.interval),
        (at(10), Duration::from_secs(5))
    );
    let slower = still(first, 400, r#"{"error":"slow_down"}"#);
    assert_eq!(slower.next_at, at(20));
    let slower = still(slower, 400, r#"{"error":"slow_down"}"#);
    assert_eq!(slower.next_at, at(35), "15 s after the question at 20 s");
    let after = still(slower, 428, pending);
    assert_eq!(after.next_at, at(50), "and so it stays");
}

// rule: at-58, rfc8628-3.5
#[test]
fn nothing_is_asked_before_its_time_or_after_the_code_has_ended() {
    let mut play = Play::new().json(TOKEN, TOKENS);
    let early = ask(&mut play, begun(), public(), at(4));
    assert!(
        matches!(&early, Polled::Waiting { device, .. } if device.next_at == at(5)),
        "{early:?}"
    );
    let late = ask(&mut play, begun(), public(), at(1800));
    assert!(matches!(late, Polled::Over(Over::Expired)), "{late:?}");
    assert!(play.asked.is_empty());
}

// rule: at-58, rfc8628-3.5
#[test]
fn an_answer_that_was_long_on_its_way_puts_the_next_question_off_and_none_brings_it_forward() {
    assert_eq!(begun().answered(at(3)).next_at, at(8));
    let rests = still(begun(), 503, "");
    let next = rests.next_at;
    assert!(next > at(5 + 1 + 5), "{next:?}");
    assert_eq!(rests.answered(at(5 + 1)).next_at, next);
}

// rule: at-58, rfc8628-3.4
#[test]
fn the_token_comes_as_a_grant_that_can_be_renewed() {
    let mut play = Play::new().json(TOKEN, TOKENS);
    let Polled::Granted(exchanged) = ask(&mut play, begun(), public(), at(5)) else {
        panic!()
    };
    let form = play.form(0);
    assert_eq!(
        (
            form["grant_type"].as_str(),
            form["device_code"].as_str(),
            form["client_id"].as_str()
        ),
        (GRANT_TYPE, "DC-long-secret", "tv-client")
    );
    assert_eq!(form["resource"], "https://mcp.test");
    let grant = exchanged.grant;
    assert!(grant.refresh.is_some());
    assert_eq!(
        (grant.issuer.as_str(), grant.token_endpoint.as_str()),
        ("https://as.test", TOKEN)
    );
    assert_eq!(
        (grant.requested, grant.expires_at),
        (vec!["a".to_owned(), "b".to_owned()], Some(at(3605)))
    );
}

// rule: at-58, rfc8628-3.5
#[test]
fn a_clear_word_ends_it() {
    for (body, wanted) in [
        (r#"{"error":"access_denied"}"#, Over::Denied),
        (r#"{"error":"expired_token"}"#, Over::Expired),
        (
            r#"{"error":"invalid_grant"}"#,
            Over::Refused("invalid_grant".to_owned()),
        ),
        (
            r#"{"error":"unsupported_grant_type"}"#,
            Over::Refused("unsupported_grant_type".to_owned()),
        ),
    ] {
        let mut play = Play::new().status(TOKEN, 400, body);
        let polled = ask(&mut play, begun(), public(), at(5));
        assert!(
            matches!(&polled, Polled::Over(over) if *over == wanted),
            "{body}: {polled:?}"
        );
        assert_eq!(play.asked.len(), 1);
    }
}

// rule: rfc8628-3.5, at-habit-2
#[test]
fn a_client_that_is_refused_tries_its_other_method_once_and_is_named_by_its_end() {
    let no = r#"{"error":"invalid_client"}"#;
    let mut play = Play::new().status(TOKEN, 401, no).status(TOKEN, 401, no);
    let known = || client(Some("s"), AuthMethod::Basic);
    let mut device = begun();
    device.method = AuthMethod::Basic;
    let polled = ask(&mut play, device, known(), at(5));
    let Polled::Over(Over::Client { client, why }) = polled else {
        panic!("{polled:?}")
    };
    assert_eq!((client, why.as_str()), (known().tail(), "invalid_client"));
    assert_eq!(play.asked.len(), 2);
}

// rule: at-58, rfc8628-3.5, mcp-auth-grant-transient
#[test]
fn trouble_makes_the_questions_rarer_and_an_answer_makes_it_good() {
    let mut device = begun();
    let mut pauses = Vec::new();
    for (status, body) in [
        (500, "{}"),
        (429, ""),
        (200, "<html>"),
        (400, ""),
        (503, "x"),
        (400, r#"{"error":"server_error"}"#),
    ] {
        let asked = device.next_at;
        device = still(device, status, body);
        pauses.push(pause(&device, asked));
    }
    assert_eq!(pauses, [10, 20, 40, 60, 60, 60]);
    let asked = device.next_at;
    device = still(device, 400, r#"{"error":"authorization_pending"}"#);
    assert_eq!(pause(&device, asked), 5);
    let mut silent = Play::new().silent(TOKEN);
    let polled = ask(&mut silent, begun(), public(), at(5));
    assert!(
        matches!(&polled, Polled::Waiting { device, .. } if device.next_at == at(15)),
        "{polled:?}"
    );
}

// rule: at-58
#[test]
fn a_server_that_wants_to_rest_is_left_alone_for_as_long() {
    for (said, wanted) in [("90", at(95)), ("1", at(15))] {
        let mut busy = response(503, "");
        busy.headers_mut()
            .insert("retry-after", said.parse().unwrap());
        let mut play = Play::new().answer(TOKEN, Ok(busy));
        let polled = ask(&mut play, begun(), public(), at(5));
        assert!(
            matches!(&polled, Polled::Waiting { device, .. } if device.next_at == wanted),
            "{said}: {polled:?}"
        );
    }
}

fn with(key: &str, value: &str) -> String {
    let mut answer: serde_json::Value = serde_json::from_str(GOOD).unwrap();
    answer[key] = serde_json::from_str(value).unwrap();
    answer.to_string()
}

// rule: rfc8628-3.2, at-58
#[test]
fn hostile_times_are_bounded() {
    for (key, value, interval, ends) in [
        ("interval", "0", 1, 1800),
        ("interval", "-5", 1, 1800),
        ("interval", "1e300", 300, 1800),
        ("interval", "\"7\"", 7, 1800),
        ("interval", "null", 5, 1800),
        ("interval", "[9]", 5, 1800),
        ("expires_in", "1e300", 5, 3600),
        ("expires_in", "\"NaN\"", 5, 600),
        ("expires_in", "null", 5, 600),
        ("expires_in", "1", 5, 1),
    ] {
        let device = begin(&mut Play::new().json(DEVICE, &with(key, value)), public())
            .unwrap()
            .device;
        assert_eq!(device.interval.as_secs(), interval, "{key} {value}");
        assert_eq!(device.expires_at, at(ends), "{key} {value}");
    }
    for value in ["0", "-1"] {
        let error = begin(
            &mut Play::new().json(DEVICE, &with("expires_in", value)),
            public(),
        )
        .unwrap_err();
        assert!(matches!(error, DeviceError::Unusable(_)), "{error}");
    }
}

// rule: at-61, at-58, safe-u01
#[test]
fn a_person_is_sent_to_an_address_that_an_authorization_endpoint_could_have() {
    for raw in [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://as.test/device",
        "https://10.0.0.1/device",
        "https://localhost/device",
        "https://honest.test@as.test/",
        "/device",
        "https://as.test/\u{1b}[2J",
    ] {
        let body = with("verification_uri", &serde_json::json!(raw).to_string());
        let error = begin(&mut Play::new().json(DEVICE, &body), public()).unwrap_err();
        assert!(matches!(error, DeviceError::Address(_)), "{raw}: {error}");
    }
}

// rule: safe-b01
#[test]
fn a_code_and_an_address_have_4096_bytes_at_most() {
    let sized = |key: &str, length: usize| {
        let start = if key == "verification_uri" {
            "https://as.test/"
        } else {
            ""
        };
        let value = format!("\"{start}{}\"", "a".repeat(length - start.len()));
        begin(&mut Play::new().json(DEVICE, &with(key, &value)), public())
    };
    for key in ["device_code", "verification_uri"] {
        sized(key, 4096).unwrap();
        for length in [4097, 5000] {
            let error = sized(key, length).unwrap_err();
            assert!(matches!(error, DeviceError::Unusable(_)), "{error}");
        }
    }
}

// rule: rfc8628-5.4
#[test]
fn a_click_does_not_lead_elsewhere_than_typing() {
    for raw in [
        "https://evil.test/device?user_code=X",
        "javascript:alert(1)",
    ] {
        let body = with(
            "verification_uri_complete",
            &serde_json::json!(raw).to_string(),
        );
        let begun = begin(&mut Play::new().json(DEVICE, &body), public()).unwrap();
        assert_eq!(
            (begun.device.link(), begun.notes.len()),
            ("https://as.test/device", 1),
            "{raw}"
        );
    }
}

// rule: rfc8628-3.2, at-58
#[test]
fn what_nobody_can_type_or_send_is_no_code() {
    for (key, value) in [
        ("user_code", r#""""#),
        ("user_code", r#""AB\u001b[31mCD""#),
        ("user_code", r#""call https://evil.test""#),
        ("user_code", r#""012345678901234567890123456789012""#),
        ("user_code", "7"),
        ("device_code", "null"),
        ("device_code", r#""a\r\nb""#),
        ("verification_uri", "null"),
    ] {
        let error = begin(&mut Play::new().json(DEVICE, &with(key, value)), public()).unwrap_err();
        assert!(
            matches!(error, DeviceError::Unusable(_)),
            "{key} {value}: {error}"
        );
    }
    let old = GOOD.replace("verification_uri\"", "verification_url\"");
    let device = begin(&mut Play::new().json(DEVICE, &old), public())
        .unwrap()
        .device;
    assert_eq!(
        device.verification_uri, "https://as.test/device",
        "a large provider's older name"
    );
}

// rule: at-14, at-habit-2
#[test]
fn what_the_server_does_not_like_is_left_out_once() {
    let mut play = Play::new()
        .status(DEVICE, 401, r#"{"error":"invalid_client"}"#)
        .status(DEVICE, 400, r#"{"error":"invalid_target"}"#)
        .status(DEVICE, 400, r#"{"error":"invalid_scope"}"#)
        .json(DEVICE, GOOD);
    let begun = begin(&mut play, client(Some("s"), AuthMethod::Basic)).unwrap();
    let last = play.form(3);
    assert!(!last.contains_key("resource") && !last.contains_key("scope"));
    assert_eq!(
        (begun.client.method, begun.device.method),
        (AuthMethod::Post, AuthMethod::Post)
    );
    assert_eq!(
        (begun.device.resource, begun.device.scopes.len()),
        (None, 0)
    );
    for (error, requests) in [("invalid_target", 2), ("invalid_scope", 2)] {
        let mut play = Play::new().status(DEVICE, 400, &format!(r#"{{"error":"{error}"}}"#));
        let refused = begin(&mut play, public()).unwrap_err();
        assert!(matches!(refused, DeviceError::Refused(_)), "{refused}");
        assert_eq!(play.asked.len(), requests, "{error}");
    }
}

// rule: at-09
#[test]
fn a_server_in_trouble_has_not_refused_the_client() {
    for error in ["temporarily_unavailable", "server_error", "slow_down"] {
        let mut play = Play::new().status(DEVICE, 400, &format!(r#"{{"error":"{error}"}}"#));
        let trouble = begin(&mut play, public()).unwrap_err();
        assert!(
            matches!(&trouble, DeviceError::Unavailable { why, .. } if why == error),
            "{trouble}"
        );
        assert_eq!(play.asked.len(), 1, "{error}");
    }
}

// rule: mcp-auth-server-binding
#[test]
fn a_client_of_another_server_is_not_shown() {
    let foreign = Client {
        issuer: "https://honest.test".to_owned(),
        ..public()
    };
    let mut play = Play::new().json(DEVICE, GOOD).json(TOKEN, TOKENS);
    let error = begin(&mut play, foreign.clone()).unwrap_err();
    assert!(
        matches!(error, DeviceError::ForeignClient { .. }),
        "{error}"
    );
    let polled = ask(&mut play, begun(), foreign, at(5));
    assert!(
        matches!(polled, Polled::Over(Over::Client { .. })),
        "{polled:?}"
    );
    assert!(play.asked.is_empty());
}

// rule: safe-x04
#[test]
fn what_the_server_repeats_of_the_code_is_masked() {
    let body = r#"{"error":"invalid_grant","error_description":"no such code DC-long-secret"}"#;
    let mut play = Play::new().status(TOKEN, 400, body);
    let polled = ask(&mut play, begun(), public(), at(5));
    assert!(
        !format!("{polled:?}").contains("DC-long-secret"),
        "{polled:?}"
    );
}

#[test]
fn a_server_without_the_endpoint_is_said_with_the_setting_that_names_it() {
    let mut found = found();
    found.server.device_authorization_endpoint = None;
    let error = DeviceAuthorization::start(&found, public(), &policy(), at(0)).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("oauth.deviceAuthorizationEndpoint"),
        "{error}"
    );
}
