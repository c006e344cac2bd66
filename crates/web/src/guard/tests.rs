//! Hosts and origins, ours and strange ones.

use super::*;

fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.clone(), value.parse().unwrap()))
        .collect()
}

fn host(hosts: &Hosts, host: &str) -> bool {
    hosts
        .check_host(&"/mcp".parse().unwrap(), &headers(&[(header::HOST, host)]))
        .is_ok()
}

fn origin(hosts: &Hosts, origin: &str) -> bool {
    hosts
        .check_origin(&headers(&[(header::ORIGIN, origin)]), "192.168.1.5:3000")
        .is_ok()
}

// rule: safe-w01
#[test]
fn we_answer_as_localhost_as_an_address_and_as_the_host_of_the_base_url() {
    let hosts = Hosts::new(Some("https://hub.example.com/x"), &["box.lan:3000".into()]);
    for ours in [
        "localhost",
        "localhost:3000",
        "LOCALHOST",
        "a.localhost:1",
        "127.0.0.1:3000",
        "[::1]:3000",
        "192.168.1.5",
        "hub.example.com",
        "Hub.Example.com:443",
        "hub.example.com.",
        "box.lan",
    ] {
        assert!(host(&hosts, ours), "{ours}");
    }
    for strange in [
        "evil.test",
        "evil.test:3000",
        "localhost.evil.test",
        "127.0.0.1.evil.test",
        "hub.example.com.evil.test",
        "localhost@evil.test",
        "evil.test@localhost",
        "2130706433",
        "0x7f.1",
        "",
        ":3000",
    ] {
        assert!(!host(&hosts, strange), "{strange}");
    }
}

// rule: safe-w01
#[test]
fn a_request_that_names_no_host_or_two_is_refused() {
    let hosts = Hosts::new(None, &[]);
    assert!(
        hosts
            .check_host(&"/".parse().unwrap(), &HeaderMap::new())
            .is_err()
    );
    let two = headers(&[(header::HOST, "localhost"), (header::HOST, "evil.test")]);
    assert!(hosts.check_host(&"/".parse().unwrap(), &two).is_err());
    let differs = hosts.check_host(
        &"http://localhost/".parse().unwrap(),
        &headers(&[(header::HOST, "evil.test")]),
    );
    assert!(differs.is_err());
    assert!(
        hosts
            .check_host(
                &"http://localhost:3000/".parse().unwrap(),
                &HeaderMap::new()
            )
            .is_ok()
    );
}

// rule: safe-w02
// rule: mcp-transport-origin
#[test]
fn pages_of_others_are_refused() {
    let hosts = Hosts::new(Some("https://hub.example.com"), &[]);
    for ours in [
        "http://localhost:6274",
        "https://localhost",
        "http://127.0.0.1:5173",
        "http://[::1]:9",
        "https://hub.example.com",
        "http://192.168.1.5:3000",
        "http://app.localhost",
    ] {
        assert!(origin(&hosts, ours), "{ours}");
    }
    for strange in [
        "null",
        "",
        "https://evil.test",
        "http://hub.example.com",
        "https://hub.example.com:8443",
        "https://hub.example.com.evil.test",
        "http://203.0.113.7",
        "http://192.168.1.5:4000",
        "http://localhost.evil.test",
        "file://",
        "chrome-extension://abc",
        "http://127.0.0.1.evil.test",
        "javascript:alert(1)",
    ] {
        assert!(!origin(&hosts, strange), "{strange}");
    }
    assert!(
        hosts.check_origin(&HeaderMap::new(), "localhost").is_ok(),
        "programs send no origin"
    );
}
