//! Logins and sessions: accounts that everybody knows, forged tokens, ids that were given or guessed, keys of somebody else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

use super::wire::Target;
use crate::harness::{Desk, Running};

const PASSWORD: &str = "correct horse battery";

fn shipped() -> Value {
    let password = bcrypt::hash("admin123", 4).unwrap();
    json!({ "users": [{ "username": "admin", "password": password, "isAdmin": true }] })
}

// rule: safe-w05
#[test]
fn no_account_that_everybody_knows_opens_a_hub_that_was_just_started() {
    for settings in [json!({}), json!({ "users": [] }), shipped()] {
        let target = Target::with(&settings);
        for password in ["admin123", "admin", "", "password"] {
            let answer = target.logs_in("admin", password);
            assert_eq!(answer.status, 401, "{password:?}: {}", answer.text);
        }
        assert_eq!(target.ask("GET /api/servers", "", "").status, 401);
        assert_eq!(target.ask("GET /api/settings", "", "").status, 401);
    }
}

// rule: safe-w05
#[test]
fn the_first_password_is_shown_once_and_is_another_one_each_time() {
    let mut shown = Vec::new();
    for _ in 0..2 {
        let mut desk = Desk::new();
        desk.write_settings("{}");
        let mut hub = desk.start(&["serve", "--listen", "127.0.0.1:0"]);
        desk.is_at(&mut hub);
        let line = hub.line_with("admin password (shown once): ");
        let password = line.rsplit(' ').next().unwrap().to_owned();
        assert!(password.len() >= 20, "{line}");
        assert!(!desk.settings().contains(&password));
        let address = desk.url().strip_prefix("http://").unwrap().to_owned();
        let mut target = Target { desk, hub, address };
        assert_eq!(target.logs_in("admin", &password).status, 200);
        // Once more on the same file.
        let mut again = target.desk.start(&["serve", "--listen", "127.0.0.1:0"]);
        target.desk.is_at(&mut again);
        let listed = target.desk.run(&["servers"]);
        assert_eq!(listed.0, 0, "{listed:?}");
        assert!(!says(again, "admin password"));
        shown.push(password);
    }
    assert_ne!(shown[0], shown[1]);
}

/// Whether a hub said this before its end.
fn says(hub: Running, words: &str) -> bool {
    let id = hub.child.id().to_string();
    let told = std::process::Command::new("kill")
        .args(["-TERM", &id])
        .status();
    assert!(told.unwrap().success());
    hub.end().1.iter().any(|line| line.contains(words))
}

// rule: safe-w07
#[test]
fn the_running_hub_takes_no_token_that_it_did_not_sign() {
    const SECRET: &str = "of this hub alone, and long enough";
    let target = Target::changed(&json!({}), &[("JWT_SECRET", SECRET)]);
    target.makes_user("root", PASSWORD, true);
    let token = target.logs_in("root", PASSWORD).json()["token"].clone();
    let token = token.as_str().unwrap();
    assert_eq!(target.status_with(token), 200);

    let body = token.split('.').nth(1).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(body).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    let signed = |claims: &Value, secret: &str| {
        let key = EncodingKey::from_secret(secret.as_bytes());
        jsonwebtoken::encode(&Header::default(), claims, &key).unwrap()
    };
    assert_eq!(target.status_with(&signed(&claims, SECRET)), 200, "as ours");
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let none = format!("{none}.{body}.");
    let mut expired = claims.clone();
    // A day and a second before it would end.
    let ends = expired["exp"].as_u64().unwrap();
    expired["exp"] = (ends - 24 * 60 * 60 - 1).into();
    let mut somebody = claims.clone();
    somebody["user"]["username"] = "nobody".into();

    let other = Target::changed(&json!({}), &[("JWT_SECRET", "of another hub, and as long")]);
    other.makes_user("root", PASSWORD, true);
    let others = other.logs_in("root", PASSWORD).json()["token"].clone();
    for (what, forged) in [
        ("alg none", none),
        ("a known secret", signed(&claims, "your-secret-key")),
        ("an empty secret", signed(&claims, "")),
        ("another hub's", others.as_str().unwrap().to_owned()),
        ("expired", signed(&expired, SECRET)),
        ("of nobody", signed(&somebody, SECRET)),
        ("cut", token.rsplit_once('.').unwrap().0.to_owned()),
    ] {
        assert_eq!(target.status_with(&forged), 401, "{what}");
    }
    let change = json!({ "newPassword": "another horse battery" });
    let changed = target.as_operator("PUT /api/users/root", &change);
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(
        target.status_with(token),
        401,
        "after a change of the password"
    );
}

// rule: safe-w07
#[test]
fn a_secret_that_everybody_knows_signs_nothing_at_the_running_hub() {
    let target = Target::changed(&json!({}), &[("JWT_SECRET", "your-secret-key")]);
    target.makes_user("root", PASSWORD, true);
    let token = target.logs_in("root", PASSWORD).json()["token"].clone();
    let body = token
        .as_str()
        .unwrap()
        .split('.')
        .nth(1)
        .unwrap()
        .to_owned();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap();
    let key = EncodingKey::from_secret(b"your-secret-key");
    let forged = jsonwebtoken::encode(&Header::default(), &claims, &key).unwrap();
    assert_eq!(target.status_with(&forged), 401);
}

fn locked() -> Value {
    let key = |id: &str| json!({ "id": id, "name": id, "token": format!("token-of-{id}"), "enabled": true, "accessType": "all" });
    json!({ "mcpServers": {}, "bearerKeys": [key("alice"), key("bob")] })
}

// rule: safe-w08
#[test]
fn a_cookie_that_a_browser_was_given_does_not_become_a_login() {
    let target = Target::with(&locked());
    target.makes_user("bob", PASSWORD, false);
    let given = "mcphub_walk=given-by-somebody-else";
    let form = target.ask("GET /connect", &format!("cookie: {given}\r\n"), "");
    let tie = form.text.split("name=\"tie\" value=\"").nth(1);
    let tie = tie.unwrap_or_else(|| panic!("{}", form.text));
    let tie = tie.split('"').next().unwrap();
    let own = form.header("set-cookie");
    let own = own.split(';').next().unwrap();
    let headers = format!(
        "cookie: {given}; {own}\r\norigin: http://{}\r\ncontent-type: application/x-www-form-urlencoded\r\n",
        target.address
    );
    let password = PASSWORD.replace(' ', "+");
    let body = format!("tie={tie}&username=bob&password={password}");
    let known = target.ask("POST /connect", &headers, &body);
    assert_eq!(known.status, 303, "{}", known.text);
    let cookie = known.header("set-cookie");
    let walk = cookie.split("mcphub_walk=").nth(1).unwrap();
    let walk = walk.split(';').next().unwrap();
    assert!(walk.len() >= 32 && !walk.contains("given"), "{cookie}");
    let shown = |walk: &str| {
        let cookie = format!("cookie: mcphub_walk={walk}\r\n");
        target.ask("GET /connect", &cookie, "").text
    };
    assert!(!shown(walk).contains("type=\"password\""));
    assert!(shown("given-by-somebody-else").contains("type=\"password\""));
}

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

// rule: safe-w10
#[test]
fn a_session_of_the_running_hub_is_of_no_use_to_anybody_else() {
    let target = Target::with(&locked());
    let key = |who: &str| format!("authorization: Bearer token-of-{who}\r\n");
    let hello = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let opens = || {
        let opened = target.ask("POST /mcp", &key("alice"), hello);
        let id = opened.header("mcp-session-id");
        assert_eq!(opened.status, 200, "{}", opened.text);
        // 128 bits, six in each letter.
        assert!(id.len() >= 22, "{id}");
        id
    };
    let (id, other) = (opens(), opens());
    assert_ne!(id, other);
    let with = |id: &str| format!("mcp-session-id: {id}\r\n");
    let asks = |headers: String| target.ask("POST /mcp", &headers, PING).status;
    assert_eq!(asks(key("alice") + &with(&id)), 200, "her own");
    assert_eq!(asks(key("bob") + &with(&id)), 404, "with bob's key");
    assert_eq!(asks(with(&id)), 401, "without a key");
    assert_eq!(asks(key("alice") + &with("guessed")), 404);
    let mut near = id.clone().into_bytes();
    near[0] ^= 1;
    let near = String::from_utf8(near).unwrap();
    assert_eq!(asks(key("alice") + &with(&near)), 404, "one letter away");
    for name in ["mcp-session-id", "sessionId", "session"] {
        let line = format!("POST /mcp?{name}={id}");
        let answer = target.ask(&line, &key("alice"), PING);
        assert_eq!(
            answer.status, 400,
            "an id in the address is none: {}",
            answer.text
        );
    }
    let ended = target.ask("DELETE /mcp", &(key("bob") + &with(&id)), "");
    assert_eq!(ended.status, 404, "nor does bob end it");
    assert_eq!(asks(key("alice") + &with(&id)), 200);
}

// rule: safe-w12
#[test]
fn a_click_on_the_running_hub_that_comes_from_elsewhere_begins_nothing() {
    let target =
        Target::with(&json!({ "mcpServers": { "up": { "url": "http://127.0.0.1:9/mcp" } } }));
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let ours = format!("origin: http://{}\r\n", target.address);
    for (what, headers) in [
        ("another page's", "origin: https://evil.test\r\n".to_owned()),
        ("nobody's", String::new()),
        (
            "another port's",
            "origin: http://localhost:4000\r\n".to_owned(),
        ),
        (
            "another site's",
            format!("{ours}sec-fetch-site: cross-site\r\n"),
        ),
        ("without its tie", ours),
    ] {
        let answer = target.ask("POST /connect", &format!("{headers}{form}"), "server=up");
        assert_eq!(answer.status, 403, "{what}: {}", answer.text);
        assert_eq!(
            answer.header("refresh") + &answer.header("location"),
            "",
            "{what}"
        );
    }
}
