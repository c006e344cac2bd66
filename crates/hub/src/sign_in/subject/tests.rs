//! Tests: where the browser comes back to, at providers with an opinion on it.

use std::time::{Duration, SystemTime};

use serde_json::json;

use super::*;

const USUAL: &str = "http://localhost:3000/oauth/callback";

fn subject(server: &serde_json::Value, base: Option<&str>) -> Subject {
    let mut document = json!({ "mcpServers": { "up": server } });
    if let Some(base) = base {
        document["systemConfig"] = json!({ "install": { "baseUrl": base } });
    }
    let file = settings::File::parse(&document.to_string()).unwrap();
    let settings = settings::resolve(&file, &|_: &str| None);
    let clock = Clock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1));
    Subject::of(&settings, &"up".into(), 3000, &clock, Path::new(".")).unwrap()
}

fn callback(subject: Subject, issuer: &str) -> String {
    subject.at(Some(issuer)).policy.redirect_uri.clone()
}

// rule: profile
#[test]
fn a_provider_that_knows_one_name_of_this_machine_gets_that_one() {
    let server = json!({ "url": "https://mcp.example/mcp" });
    let house = Some("http://127.0.0.1:3000");
    let (snowflake, salesforce) = (
        "https://x.snowflakecomputing.com",
        "https://login.salesforce.com",
    );
    let numbered = "http://127.0.0.1:3000/oauth/callback";
    assert_eq!(callback(subject(&server, None), snowflake), numbered);
    assert_eq!(callback(subject(&server, house), salesforce), USUAL);
    assert_eq!(
        callback(subject(&server, None), "https://as.example"),
        USUAL
    );
    let by_address = json!({ "url": "https://x.snowflakecomputing.com/mcp" });
    assert_eq!(subject(&by_address, None).policy.redirect_uri, numbered);
}

// rule: profile
#[test]
fn a_provider_that_takes_this_machine_only_is_not_given_the_public_address() {
    let base = Some("https://hub.example.com");
    let vercel = subject(&json!({ "url": "https://mcp.vercel.com" }), base);
    assert_eq!(vercel.policy.redirect_uri, USUAL);
    assert_eq!(vercel.policy.client_metadata_url, None);
    let elsewhere = vercel.policy.profile(Some("https://as.example"));
    assert!(elsewhere.is_some(), "the server's own address says it too");
    let other = subject(&json!({ "url": "https://mcp.example/mcp" }), base);
    let usual = other.policy.clone();
    assert_eq!(usual.redirect_uri, "https://hub.example.com/oauth/callback");
    let there = other.at(Some("https://vercel.com"));
    assert_eq!(there.policy.redirect_uri, USUAL);
    let back = there.at(Some("https://as.example"));
    assert_eq!(back.policy.redirect_uri, usual.redirect_uri);
    assert_eq!(back.policy.client_metadata_url, usual.client_metadata_url);
}

// rule: profile
#[test]
fn what_a_person_chose_stands_above_the_provider() {
    let url = "https://x.snowflakecomputing.com/mcp";
    for oauth in [
        json!({ "profile": false }),
        json!({ "redirectUri": USUAL }),
        json!({ "dynamicRegistration": { "metadata": { "redirect_uris": [USUAL] } } }),
    ] {
        let subject = subject(&json!({ "url": url, "oauth": oauth }), None);
        assert_eq!(subject.policy.redirect_uri, USUAL, "{oauth}");
    }
}
