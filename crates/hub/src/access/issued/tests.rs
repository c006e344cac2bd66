//! What a token opens, for how long, and what it ends with.

use std::time::Duration;

use serde_json::{Value, json};
use settings::{File, resolve};

use super::*;
use crate::access::Denied;

fn settings(change: impl FnOnce(&mut Value)) -> Settings {
    let mut written = json!({
        "mcpServers": {
            "hers": { "url": "https://a", "owner": "alice" },
            "his": { "url": "https://b", "owner": "bob" },
        },
        "users": [{ "username": "alice", "password": "one" }],
        "oauthClients": [{ "clientId": "c" }, { "clientId": "d" }],
        "oauthTokens": [{
            "accessToken": Digest::of("word").written(), "accessTokenExpiresAt": "2030-01-01T00:00:00.000Z", "scope": "read write",
            "clientId": "c", "username": "alice", "resource": "/mcp",
        }],
        "systemConfig": { "routing": { "enableBearerAuth": true } },
    });
    let known = |value: &Value| resolve(&File::parse(&value.to_string()).unwrap(), &|_| None);
    written["oauthTokens"][0]["account"] = account(&known(&written), "alice").into();
    change(&mut written);
    known(&written)
}

fn before() -> SystemTime {
    time::read("2029-12-31T00:00:00Z").unwrap()
}

fn rules(change: impl FnOnce(&mut Value)) -> Rules {
    Rules::of(&settings(change), true)
}

#[test]
fn a_token_is_its_user_and_sees_what_he_sees() {
    let rules = rules(|_| {});
    let issued = rules.issued("word", before()).unwrap();
    assert_eq!(issued.caller().user(), Some("alice"));
    assert!(issued.caller().may_use("hers") && !issued.caller().may_use("his"));
    assert!(issued.has_scope("write") && !issued.has_scope("admin") && !issued.is_admin());
    assert!(
        rules
            .issued(&Digest::of("word").written(), before())
            .is_none(),
        "what stands in the file is no token"
    );
    assert_eq!(
        rules.admit(Some("word")).err(),
        Some(Denied::Unknown),
        "nor is it a key"
    );
}

#[test]
fn a_token_ends_when_its_time_is_over() {
    let rules = rules(|_| {});
    let end = before() + Duration::from_secs(24 * 60 * 60);
    assert!(rules.issued("word", end - Duration::from_secs(1)).is_some());
    assert!(rules.issued("word", end).is_none());
}

// rule: mcphub-token-account
#[test]
fn a_token_ends_with_the_user_with_the_password_and_with_the_switch() {
    let gone = |change: fn(&mut Value)| rules(change).issued("word", before()).is_none();
    assert!(gone(|file| file["users"] = json!([])));
    assert!(gone(|file| file["users"][0]["password"] = "two".into()));
    assert!(gone(
        |file| file["systemConfig"]["oauthServer"] = json!({ "enabled": false })
    ));
    assert!(gone(|file| file["oauthTokens"] = json!([])));
    assert!(!gone(|file| file["users"][0]["isAdmin"] = true.into()));
}

// rule: mcphub-token-client
#[test]
fn a_token_ends_with_its_client() {
    let opens = |change: fn(&mut Value)| rules(change).issued("word", before()).is_some();
    assert!(opens(|_| {}));
    assert!(!opens(
        |file| file["oauthClients"] = json!([{ "clientId": "d" }])
    ));
    let by_document = |file: &mut Value| {
        file["oauthTokens"][0]["clientId"] = "https://client.example/client.json".into();
    };
    assert!(!opens(by_document), "such clients are not taken");
    assert!(opens(|file| {
        file["oauthTokens"][0]["clientId"] = "https://client.example/client.json".into();
        file["systemConfig"]["oauthServer"] = json!({ "clientIdMetadata": { "enabled": true } });
    }));
}

// rule: mcphub-token-account
#[test]
fn a_session_goes_on_with_the_next_token_of_the_same_client_and_ends_with_the_last() {
    let first = rules(|_| {});
    let caller = first.issued("word", before()).unwrap().caller().clone();
    let renewed = rules(|file| file["oauthTokens"][0]["accessToken"] = "another".into());
    let token = caller.token().unwrap();
    assert!(first.holds(token, before()) && !renewed.holds(token, before()));
    let again = renewed.again(&caller).unwrap();
    assert_eq!(again.identity(), caller.identity());
    let other = rules(|file| file["oauthTokens"][0]["clientId"] = "d".into());
    assert!(other.again(&caller).is_none());
    assert!(
        rules(|file| file["users"] = json!([]))
            .again(&caller)
            .is_none()
    );
}

// rule: mcphub-token-over
#[test]
fn a_token_that_is_over_is_nobodys_and_not_anybodys_at_an_open_door() {
    let open = rules(|file| {
        file["systemConfig"] = json!({ "routing": { "enableBearerAuth": false } });
        file["oauthTokens"][0]["refreshToken"] = "renewal".into();
    });
    let late = before() + Duration::from_secs(24 * 60 * 60);
    assert!(open.admit_at("/mcp", Some("word"), before()).is_ok());
    for over in ["word", "renewal", "mcphub_t_of_last_year"] {
        let admitted = open.admit_at("/mcp", Some(over), late);
        assert_eq!(admitted.err(), Some(Denied::Unknown), "{over}");
        assert!(open.is_of_hub(over));
    }
    // A key that MCPHub made, and that was deleted here, says no more than a stranger's word.
    let old_key = format!("mcphub_{}", "0123456789abcdef".repeat(4));
    for other in ["of a server", &old_key] {
        let anybody = open.admit_at("/mcp", Some(other), late);
        assert_eq!(anybody.unwrap().identity(), "anyone", "{other}");
        assert!(!open.is_of_hub(other));
    }
    assert!(crate::issuer::book::new_family().starts_with(crate::issuer::book::PREFIX));
}

// rule: rfc8707-2
#[test]
fn a_token_opens_what_it_was_given_for() {
    let given = |resource: Value| {
        let rules = rules(|file| file["oauthTokens"][0]["resource"] = resource);
        let issued = rules.issued("word", before()).unwrap();
        let paths = [
            "/mcp",
            "/mcp/dev",
            "/mcp/dev/secret",
            "/mcps",
            "/sse",
            "/messages",
            "/alice/mcp",
            "/alice/messages",
            "/api/servers",
        ];
        let opened: Vec<&str> = paths
            .into_iter()
            .filter(|path| issued.opens(path))
            .collect();
        opened.join(" ")
    };
    assert_eq!(given("/mcp".into()), "/mcp /mcp/dev /mcp/dev/secret");
    assert_eq!(given("/mcp/dev".into()), "/mcp/dev");
    assert_eq!(given("/sse".into()), "/sse /messages");
    assert_eq!(given("/alice/sse/dev".into()), "/alice/messages");
    assert_eq!(given("/api".into()), "/api/servers");
    assert!(given(Value::Null).contains("/sse /messages"));
    assert!(!given(Value::Null).contains("/api"));
}

// rule: mcphub-token-api
#[test]
fn a_token_opens_the_api_only_if_it_was_given_for_it_by_name() {
    let opens = |resource: Value| {
        let rules = rules(|file| file["oauthTokens"][0]["resource"] = resource);
        rules.issued("word", before()).unwrap().opens_api()
    };
    assert!(!opens("/mcp".into()) && !opens(Value::Null) && !opens("/sse".into()));
    assert!(opens("/api".into()));
}

#[test]
fn the_administrator_of_the_environment_has_tokens_until_the_settings_have_one() {
    let as_admin = |file: &mut Value| {
        file["oauthTokens"][0]["username"] = "admin".into();
        let nobody = json!({ "users": [] }).to_string();
        let nobody = resolve(&File::parse(&nobody).unwrap(), &|_| None);
        file["oauthTokens"][0]["account"] = account(&nobody, "admin").into();
    };
    let rules_then = rules(as_admin);
    let issued = rules_then.issued("word", before()).unwrap();
    assert!(issued.is_admin() && issued.caller().may_use("his"));
    let own = rules(|file| {
        as_admin(file);
        file["users"][0]["isAdmin"] = true.into();
    });
    assert!(own.issued("word", before()).is_none());
}
