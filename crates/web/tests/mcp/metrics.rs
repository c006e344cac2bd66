//! `/metrics`: what it says after calls, and to whom.

use http::StatusCode;
use serde_json::{Value, json};

use crate::client::connect;
use crate::harness::{Running, hub, soon};
use crate::up;

async fn ask(hub: &Running, key: Option<&str>) -> (StatusCode, String, String) {
    #[expect(
        clippy::disallowed_methods,
        reason = "a stranger asks the hub, not the hub somebody"
    )]
    let client = reqwest::Client::new();
    let mut request = client.get(hub.url("/metrics"));
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    let answer = soon(request.send()).await.expect("an answer");
    let kind = answer.headers()["content-type"].to_str().expect("a type");
    let (status, kind) = (answer.status(), kind.to_owned());
    (status, kind, soon(answer.text()).await.expect("a text"))
}

fn value(text: &str, line: &str) -> Option<f64> {
    let found = text
        .lines()
        .find_map(|it| it.strip_prefix(line)?.strip_prefix(' '));
    found.map(|value| value.parse().expect("a number"))
}

#[tokio::test]
async fn calls_sessions_and_servers_are_counted() {
    let (up, _) = up::start("up").await;
    let server = |url: &str| json!({ "type": "streamable-http", "url": url });
    let away = server("http://127.0.0.1:9/mcp");
    let mut off = server(&up);
    off["enabled"] = false.into();
    let settings: Value = json!({ "mcpServers": { "up": server(&up), "away": away, "off": off } });
    let hub = hub(settings).await;
    hub.ready("up").await;
    let (_, _, before) = ask(&hub, None).await;
    assert_eq!(value(&before, "mcphub_sessions"), Some(0.0), "{before}");

    let client = connect(&hub.url("/mcp")).await;
    client.tools().await;
    for _ in 0..3 {
        client.tool("up-echo", json!({ "text": "hi" })).await;
    }
    let (status, kind, text) = ask(&hub, None).await;
    assert_eq!(status, StatusCode::OK);
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    for (line, expected) in [
        ("mcphub_upstream_up{server=\"up\"}", Some(1.0)),
        ("mcphub_upstream_up{server=\"away\"}", Some(0.0)),
        ("mcphub_upstream_up{server=\"off\"}", None),
        ("mcphub_sessions", Some(1.0)),
        // Lists and handshakes are no calls.
        ("mcphub_tool_call_seconds_count{server=\"up\"}", Some(3.0)),
        (
            "mcphub_tool_call_seconds_bucket{le=\"+Inf\",server=\"up\"}",
            Some(3.0),
        ),
        ("mcphub_tool_call_seconds_count{server=\"away\"}", Some(0.0)),
    ] {
        assert_eq!(value(&text, line), expected, "{line}: {text}");
    }
    let sum = value(&text, "mcphub_tool_call_seconds_sum{server=\"up\"}");
    assert!(sum.is_some_and(|sum| sum > 0.0 && sum < 20.0), "{text}");
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert!(!text.contains("127.0.0.1"), "{text}");
}

#[tokio::test]
async fn names_of_servers_are_told_only_to_who_may_use_them_all() {
    let key = |id: &str, access: &str| json!({ "id": id, "token": id, "accessType": access, "allowedServers": ["a"] });
    let hub = hub(json!({
        "mcpServers": { "a": { "command": "x", "enabled": false } },
        "bearerKeys": [key("all", "all"), key("some", "servers")],
        "systemConfig": { "routing": { "enableBearerAuth": true } },
    }))
    .await;
    for (key, status) in [
        (None, StatusCode::UNAUTHORIZED),
        (Some("nobody"), StatusCode::UNAUTHORIZED),
        (Some("some"), StatusCode::FORBIDDEN),
        (Some("all"), StatusCode::OK),
    ] {
        assert_eq!(ask(&hub, key).await.0, status, "{key:?}");
    }
}
