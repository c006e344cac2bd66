//! The gate before every route: Host, Origin, size, protective headers.

mod stage;

use axum::body::Body;
use http::{Method, StatusCode, header};
use stage::{Stage, request};

const EVERYWHERE: [(&str, &str); 19] = [
    ("GET", "/"),
    ("GET", "/health"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/oauth/callback?code=x&state=y"),
    ("GET", "/.well-known/oauth-protected-resource"),
    ("POST", "/mcp"),
    ("GET", "/mcp"),
    ("DELETE", "/mcp/a"),
    ("GET", "/sse/a"),
    ("POST", "/messages?sessionId=x"),
    ("POST", "/alice/mcp"),
    ("GET", "/alice/mcp/a"),
    ("GET", "/alice/sse"),
    ("POST", "/alice/messages?sessionId=x"),
    ("POST", "/api/auth/login"),
    ("GET", "/api/servers"),
    ("POST", "/api/servers/a/oauth/authorize"),
    ("GET", "/nowhere"),
];

// rule: safe-w01
#[tokio::test]
async fn another_host_is_refused_on_every_route() {
    let stage = Stage::new("{}").await;
    for (method, path) in EVERYWHERE {
        let mut request = request(method.parse().unwrap(), path);
        request
            .headers_mut()
            .insert(header::HOST, "evil.test".parse().unwrap());
        let answer = stage.send(request).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
        assert!(
            answer.json()["message"]
                .as_str()
                .unwrap()
                .contains("install.baseUrl"),
            "{path} names the cure"
        );
    }
}

// rule: safe-w02
#[tokio::test]
async fn pages_of_others_are_refused_on_every_route_and_get_no_permission() {
    let stage = Stage::new("{}").await;
    for origin in ["https://evil.test", "null", "http://localhost.evil.test"] {
        for (method, path) in EVERYWHERE {
            let mut request = request(method.parse().unwrap(), path);
            request
                .headers_mut()
                .insert(header::ORIGIN, origin.parse().unwrap());
            let answer = stage.send(request).await;
            assert_eq!(
                answer.status,
                StatusCode::FORBIDDEN,
                "{origin} {method} {path}"
            );
            assert!(
                answer
                    .headers
                    .get(header::ACCESS_CONTROL_ALLOW_ORIGIN)
                    .is_none()
            );
        }
    }
    let mut request = request(Method::GET, "/healthz");
    request
        .headers_mut()
        .insert(header::ORIGIN, "http://localhost:6274".parse().unwrap());
    assert_eq!(
        stage.send(request).await.status,
        StatusCode::OK,
        "pages of this machine are welcome"
    );
}

#[tokio::test]
async fn the_host_of_the_base_url_becomes_ours_as_soon_as_the_settings_say_so() {
    let stage = Stage::new("{}").await;
    let ask = || {
        let mut request = request(Method::GET, "/healthz");
        request
            .headers_mut()
            .insert(header::HOST, "hub.example.com".parse().unwrap());
        stage.send(request)
    };
    assert_eq!(ask().await.status, StatusCode::FORBIDDEN);
    let change = settings::Change::set(
        ["systemConfig", "install", "baseUrl"],
        "https://hub.example.com",
    );
    stage.hub.store().edit(vec![change]).await.unwrap();
    assert_eq!(ask().await.status, StatusCode::OK);
}

// rule: safe-w04
#[tokio::test]
async fn every_answer_forbids_framing_sniffing_and_caching() {
    let stage = Stage::new("{}").await;
    for (method, path) in EVERYWHERE {
        let answer = stage.send(request(method.parse().unwrap(), path)).await;
        assert!(
            answer
                .header(header::CONTENT_SECURITY_POLICY)
                .contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert!(
            !answer
                .header(header::CONTENT_SECURITY_POLICY)
                .contains("unsafe"),
            "{path}"
        );
        assert_eq!(
            answer.header(header::X_CONTENT_TYPE_OPTIONS),
            "nosniff",
            "{path}"
        );
        assert_eq!(
            answer.header(header::REFERRER_POLICY),
            "no-referrer",
            "{path}"
        );
        assert!(
            answer.header(header::CACHE_CONTROL).contains("no-"),
            "{path}: {}",
            answer.header(header::CACHE_CONTROL)
        );
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_also_when_it_does_not_announce_itself() {
    let stage =
        Stage::new(r#"{ "systemConfig": { "routing": { "jsonBodyLimit": "2kb" } } }"#).await;
    for announced in [true, false] {
        let mut request = request(Method::POST, "/api/auth/login");
        let long = format!(r#"{{"username":"{}","password":"x"}}"#, "a".repeat(4000));
        if announced {
            request
                .headers_mut()
                .insert(header::CONTENT_LENGTH, long.len().into());
        }
        *request.body_mut() =
            Body::from_stream(futures::stream::iter([Ok::<_, std::io::Error>(long)]));
        let answer = stage.send(request).await;
        assert_eq!(
            answer.status,
            StatusCode::PAYLOAD_TOO_LARGE,
            "announced {announced}: {}",
            answer.text
        );
        assert_eq!(answer.json()["success"], false);
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_one_envelope() {
    let stage = Stage::new("{}").await;
    for (method, path, status) in [
        (Method::GET, "/nowhere", 404),
        (Method::GET, "/api/nowhere", 404),
        (Method::PATCH, "/api/servers", 405),
        (Method::GET, "/api/servers/nobody", 404),
    ] {
        let answer = stage.ask(method, path, None).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(answer.json()["success"], false, "{path}");
        assert!(answer.json()["message"].is_string(), "{path}");
    }
}

#[tokio::test]
async fn a_base_path_moves_all_but_the_bare_probes_and_the_callback() {
    let stage = Stage::with("{}", |options| options.base_path = "hub/".into()).await;
    for (path, status) in [
        ("/hub/api/servers", 200),
        ("/hub", 200),
        ("/hub/healthz", 200),
        ("/healthz", 200),
        ("/oauth/callback", 400),
        ("/hub/oauth/callback", 400),
        ("/api/servers", 404),
    ] {
        assert_eq!(stage.get(path).await.status.as_u16(), status, "{path}");
    }
}

#[tokio::test]
async fn a_read_only_hub_changes_nothing() {
    let stage = Stage::with(
        r#"{ "mcpServers": { "a": { "command": "x", "enabled": false } } }"#,
        |options| {
            options.read_only = true;
        },
    )
    .await;
    let before = stage.written();
    for (method, path) in [
        ("POST", "/api/servers"),
        ("PUT", "/api/servers/a"),
        ("DELETE", "/api/servers/a"),
        ("POST", "/api/servers/a/reload"),
    ] {
        let answer = stage.ask(method.parse().unwrap(), path, None).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
        assert_eq!(answer.json()["code"], "read_only");
    }
    assert_eq!(stage.get("/api/servers/a").await.status, StatusCode::OK);
    // What servers are asked for changes nothing here.
    for path in ["/api/tools/call/b", "/api/mcp/b/prompts/p", "/api/doctor"] {
        let answer = stage.ask(http::Method::POST, path, None).await;
        assert_ne!(answer.json()["code"], "read_only", "{path}");
    }
    assert_ne!(stage.log_in("admin", "x").await.json()["code"], "read_only");
    assert_eq!(stage.written(), before);
}

#[tokio::test]
async fn whether_a_login_is_asked_for_is_told_to_everybody_and_nothing_else_of_the_settings() {
    for (skips, permissions) in [
        (false, serde_json::json!({})),
        (true, serde_json::json!(["*"])),
    ] {
        let settings = serde_json::json!({ "systemConfig": { "routing": { "skipAuth": skips } } });
        let stage = Stage::with(&settings.to_string(), |options| {
            options.base_path = "/hub".into()
        })
        .await;
        let ask = |path| stage.ask_as(None, http::Method::GET, path, None);
        let answer = ask("/hub/public-config").await.json();
        let data = serde_json::json!({ "skipAuth": skips, "permissions": permissions, "betterAuth": { "enabled": false }, "asksForKey": false });
        assert_eq!(answer, serde_json::json!({ "success": true, "data": data }));
        let answer = ask("/hub/config").await.json();
        assert_eq!(answer["data"]["basePath"], "/hub");
        assert_eq!(answer["data"]["name"], "mcphub");
    }
    let stage =
        Stage::new(r#"{ "systemConfig": { "routing": { "enableBearerAuth": true } } }"#).await;
    let answer = stage.ask_as(None, http::Method::GET, "/public-config", None);
    assert_eq!(answer.await.json()["data"]["asksForKey"], true);
}
