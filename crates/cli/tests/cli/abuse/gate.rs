//! The gate: who is asked (`Host`), from which page (`Origin`), what every answer forbids, and what names and paths may hold.

use serde_json::json;

use super::wire::Target;

/// Every kind of route.
const EVERYWHERE: [&str; 24] = [
    "GET /",
    "GET /health",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /openapi.json",
    "GET /oauth/callback?code=x&state=y",
    "GET /.well-known/oauth-protected-resource",
    "GET /connect",
    "POST /connect",
    "GET /c/code",
    "GET /errors/14",
    "POST /mcp",
    "GET /mcp",
    "DELETE /mcp/a",
    "GET /sse",
    "POST /messages?sessionId=x",
    "POST /alice/mcp",
    "GET /alice/sse",
    "POST /api/auth/login",
    "GET /api/servers",
    "POST /api/tools/call/a",
    "GET /api/logs/stream",
    "GET /nowhere",
];

// rule: safe-w01
#[test]
fn the_running_hub_does_not_answer_under_another_name() {
    let target = Target::with(&json!({}));
    for line in EVERYWHERE {
        for host in ["evil.test", "localhost.evil.test", "evil.test:80"] {
            let answer = target.ask(line, &format!("host: {host}\r\n"), "{}");
            assert_eq!(answer.status, 403, "{line} as {host}: {}", answer.text);
        }
    }
    // A page that was rebound to this machine asks under its own name and for us in the address.
    let rebound = format!("GET http://{}/healthz", target.address);
    assert_eq!(target.ask(&rebound, "host: evil.test\r\n", "").status, 403);
}

// rule: safe-w02
#[test]
fn the_running_hub_answers_no_page_of_others() {
    let target = Target::with(&json!({}));
    let socket = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    for origin in ["https://evil.test", "null", "http://localhost.evil.test"] {
        let page = format!("origin: {origin}\r\n");
        for line in EVERYWHERE {
            let answer = target.ask(line, &page, "{}");
            assert_eq!(answer.status, 403, "{line} of {origin}: {}", answer.text);
            let allowed = answer.header("access-control-allow-origin");
            assert_eq!(allowed, "", "{line} of {origin}");
        }
        for path in ["/mcp", "/api/events", "/api/logs/stream"] {
            let line = format!("GET {path}");
            let answer = target.ask(&line, &format!("{page}{socket}"), "");
            assert_eq!(answer.status, 403, "a websocket to {path} of {origin}");
        }
        // What a browser asks before it sends.
        let may_i = format!("{page}access-control-request-method: POST\r\n");
        let answer = target.ask("OPTIONS /mcp", &may_i, "");
        assert_eq!(answer.status, 403, "{}", answer.text);
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }
}

// rule: safe-w04
#[test]
fn no_page_of_the_running_hub_is_framed_sniffed_or_kept() {
    let target = Target::with(&json!({}));
    for line in EVERYWHERE.iter().filter(|line| !line.contains("sse")) {
        let answer = target.ask(line, "", "{}");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{line}: {policy}"
        );
        assert!(!policy.contains("unsafe-inline"), "{line}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{line}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{line}");
        let kept = answer.header("cache-control");
        assert!(
            kept.contains("no-store") || kept.contains("no-cache"),
            "{line}: {kept}"
        );
    }
    // What holds a secret is stored nowhere.
    let key = json!({ "name": "k", "kind": "system", "accessType": "all" });
    let made = target.as_operator("POST /api/auth/keys", &key);
    assert_eq!(
        (made.status, made.header("cache-control").as_str()),
        (201, "no-store")
    );
}

// rule: safe-w11
#[test]
fn the_running_hub_takes_no_name_that_deceives_and_no_path_out_of_its_folder() {
    let target = Target::with(&json!({ "mcpServers": {} }));
    let (before, long) = (target.desk.settings(), "x".repeat(300));
    for name in [
        "../../etc",
        "a/../b",
        "%2e%2e",
        "a\u{0}b",
        "a%00b",
        "\u{202e}evil",
        "a\\b",
        &long,
        "",
    ] {
        let server = json!({ "name": name, "config": { "command": "true" } });
        let answer = target.as_operator("POST /api/servers", &server);
        assert_eq!(answer.status, 400, "{name:?}: {}", answer.text);
        let group = json!({ "name": name, "servers": [] });
        let answer = target.as_operator("POST /api/groups", &group);
        assert_eq!(answer.status, 400, "{name:?}: {}", answer.text);
    }
    assert_eq!(target.desk.settings(), before);
    // These are names like others, and no part of a path.
    for name in ["con", "a/b"] {
        let server = json!({ "name": name, "config": { "command": "true", "enabled": false } });
        let answer = target.as_operator("POST /api/servers", &server);
        assert_eq!(answer.status, 200, "{name:?}: {}", answer.text);
    }
    std::fs::write(target.desk.home().join("secret.txt"), "of this machine").unwrap();
    for path in [
        "/..%2fsecret.txt",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/..%5c..%5csecret.txt",
        "/assets//etc/passwd",
        "/..%2f..%2f..%2f..%2fetc/passwd",
        "/errors/..%2f..%2fsecret.txt",
    ] {
        let answer = target.ask(&format!("GET {path}"), "", "");
        assert!(!answer.text.contains("of this machine"), "{path}");
        assert!(!answer.text.contains("root:"), "{path}");
    }
}

// rule: safe-e01
#[test]
fn no_page_and_no_stranger_makes_the_running_hub_start_a_program() {
    let target = Target::with(&json!({ "mcpServers": {} }));
    target.makes_user("eve", "correct horse battery", false);
    let login = target.logs_in("eve", "correct horse battery").json();
    let eve = format!("x-auth-token: {}\r\n", login["token"].as_str().unwrap());
    let pwned = target.desk.home().join("pwned");
    let config = json!({ "command": "/usr/bin/touch", "args": [pwned] });
    let body = json!({ "name": "x", "config": config }).to_string();
    for (who, headers, status) in [
        ("nobody", String::new(), 401),
        ("a user", eve.clone(), 403),
        ("a page", format!("{eve}origin: https://evil.test\r\n"), 403),
        (
            "a form",
            "origin: null\r\ncontent-type: text/plain\r\n".to_owned(),
            403,
        ),
    ] {
        let answer = target.ask("POST /api/servers", &headers, &body);
        assert_eq!(answer.status, status, "{who}: {}", answer.text);
    }
    let change = json!({ "config": config }).to_string();
    assert_eq!(target.ask("PUT /api/servers/x", &eve, &change).status, 403);
    assert!(!target.desk.settings().contains("touch"));
    assert!(!pwned.exists());
}
