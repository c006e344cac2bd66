//! `/api/servers`: reading without secrets, changing without loss.

mod stage;

use http::{Method, StatusCode};
use http_body_util::BodyExt;
use hub::upstream::State;
use hub::vault::Vault;
use serde_json::{Value, json};
use settings::Change;
use stage::Stage;
use tower::ServiceExt;

const WRITTEN: &str = r#"{
  // my servers
  "mcpServers": {
    "a": {
      "type": "streamable-http",
      "url": "${URL_OF_A}", // the real one
      "enabled": false,
      "headers": { "Authorization": "Bearer hunter2", "X-Team": "blue" },
      "myOwn": { "kept": true },
      "oauth": {
        "clientId": "given", "clientSecret": "hunter2", "registration": { "registrationAccessToken": "hunter2" },
        "accessToken": "hunter2", "refreshToken": "hunter2", "scopes": ["read"]
      }
    },
    "io.github.x/b": { "command": "x", "args": ["--token", "hunter2"], "enabled": false }
  },
  "groups": [{ "id": "g", "name": "dev", "servers": ["a", { "name": "io.github.x/b", "tools": ["t"] }] }],
  "bearerKeys": [{ "id": "k", "token": "mcphub_k", "accessType": "servers", "allowedServers": ["a"] }],
  "somethingElse": [1, 2]
}
"#;

#[tokio::test]
async fn servers_are_shown_as_written_and_without_secrets() {
    let stage = Stage::new(WRITTEN).await;
    let answer = stage.get("/api/servers").await;
    assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    let told = answer.json();
    let a = &told["data"][0];
    assert_eq!(a["name"], "a");
    assert_eq!(a["status"], "disabled");
    assert_eq!(a["enabled"], false);
    assert_eq!(a["config"]["url"], "${URL_OF_A}", "a placeholder stays one");
    assert_eq!(
        a["config"]["headers"],
        json!({ "Authorization": "********", "X-Team": "blue" })
    );
    assert_eq!(a["config"]["myOwn"], json!({ "kept": true }));
    for key in ["tools", "prompts", "resources"] {
        assert!(a[key].is_array(), "{key}");
    }
    assert!(a["oauth"]["connected"].is_boolean() && a["oauth"]["clientIdConfigured"].is_boolean());
}

#[tokio::test]
async fn pages_are_cut_as_asked() {
    let stage = Stage::new(WRITTEN).await;
    let told = stage.get("/api/servers?page=2&limit=1").await.json();
    assert_eq!(told["data"].as_array().unwrap().len(), 1);
    assert_eq!(told["data"][0]["name"], "io.github.x/b");
    assert_eq!(told["allServers"].as_array().unwrap().len(), 2);
    let pagination = json!({ "page": 2, "limit": 1, "total": 2, "totalPages": 2, "hasNextPage": false, "hasPrevPage": true });
    assert_eq!(told["pagination"], pagination);
}

#[tokio::test]
async fn what_was_read_can_be_sent_back_without_a_change_of_the_file() {
    let stage = Stage::new(WRITTEN).await;
    for path in ["/api/servers/a", "/api/servers/io.github.x%2Fb"] {
        let config = stage.get(path).await.json()["data"]["config"].clone();
        let answer = stage
            .ask(Method::PUT, path, Some(json!({ "config": config })))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }
    assert_eq!(stage.written(), WRITTEN);
}

#[tokio::test]
async fn a_change_keeps_comments_unknown_keys_and_secrets() {
    let stage = Stage::new(WRITTEN).await;
    let mut config = stage.get("/api/servers/a").await.json()["data"]["config"].clone();
    config["headers"]["X-Team"] = "red".into();
    let answer = stage
        .ask(
            Method::PUT,
            "/api/servers/a",
            Some(json!({ "config": config })),
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(stage.written(), WRITTEN.replace("blue", "red"));
}

#[tokio::test]
async fn a_form_without_sign_in_fields_loses_no_sign_in_and_another_address_does() {
    let stage = Stage::new(WRITTEN).await;
    let put = |config: Value| {
        stage.ask(
            Method::PUT,
            "/api/servers/a",
            Some(json!({ "config": config })),
        )
    };
    put(json!({ "type": "streamable-http", "url": "${URL_OF_A}", "enabled": false })).await;
    let stored = stage.hub.store().file().raw_server("a").unwrap().clone();
    assert_eq!(stored["oauth"]["refreshToken"], "hunter2");
    assert!(stored.get("headers").is_none(), "the rest is replaced");

    put(json!({ "type": "streamable-http", "url": "http://127.0.0.1:9/other", "enabled": false, "oauth": { "scopes": ["read"] } })).await;
    let stored = stage.hub.store().file().raw_server("a").unwrap().clone();
    assert_eq!(stored["oauth"], json!({ "scopes": ["read"] }));
}

#[tokio::test]
async fn a_sealed_secret_that_is_sent_in_the_clear_is_the_same_client() {
    let vault = Vault::with_key(&"k".repeat(40).into()).unwrap();
    let stage = Stage::with_key("{}", vault, |_| {}).await;
    let config = |secret: &str, scope: &str| {
        json!({ "url": "http://127.0.0.1:9/mcp", "enabled": false, "headers": { "X-Token": "t" }, "oauth": {
            "clientId": "mine", "clientSecret": secret, "scopes": [scope] } })
    };
    let new = json!({ "name": "s", "config": config("hunter2", "read") });
    let added = stage.ask(Method::POST, "/api/servers", Some(new)).await;
    assert_eq!(added.status, StatusCode::OK, "{}", added.text);
    let token = Change::set(["mcpServers", "s", "oauth", "accessToken"], "hunter3");
    stage.hub.store().edit(vec![token]).await.unwrap();
    let before = stage.settings()["mcpServers"]["s"].clone();
    for secret in ["clientSecret", "accessToken"] {
        let sealed = before["oauth"][secret].as_str().unwrap();
        assert!(sealed.starts_with("sealed:v1:"), "{sealed}");
    }

    let put = |config: Value| {
        stage.ask(
            Method::PUT,
            "/api/servers/s",
            Some(json!({ "config": config })),
        )
    };
    let same = put(config("hunter2", "write")).await;
    assert_eq!(same.status, StatusCode::OK, "{}", same.text);
    let mut expected = before.clone();
    expected["oauth"]["scopes"] = json!(["write"]);
    assert_eq!(stage.settings()["mcpServers"]["s"], expected);

    put(config("hunter4", "write")).await;
    let oauth = stage.settings()["mcpServers"]["s"]["oauth"].clone();
    assert_ne!(oauth["clientSecret"], before["oauth"]["clientSecret"]);
    assert!(oauth["accessToken"].is_null(), "{oauth}");
}

#[tokio::test]
async fn a_rename_takes_groups_and_keys_along() {
    let stage = Stage::new(WRITTEN).await;
    let answer = stage
        .ask(
            Method::PUT,
            "/api/servers/a",
            Some(json!({ "newName": "z/a" })),
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.json()["data"]["name"], "z/a");
    let file = stage.hub.store().file();
    assert_eq!(
        file.server_names().collect::<Vec<_>>(),
        ["z/a", "io.github.x/b"],
        "it keeps its place"
    );
    assert_eq!(
        file.at(&["groups", "0", "servers", "0"]),
        Some(&json!("z/a"))
    );
    assert_eq!(
        file.at(&["bearerKeys", "0", "allowedServers", "0"]),
        Some(&json!("z/a"))
    );
    assert!(file.raw_server("z/a").unwrap()["oauth"]["refreshToken"] == "hunter2");
    let taken = stage
        .ask(
            Method::PUT,
            "/api/servers/z%2Fa",
            Some(json!({ "newName": "io.github.x/b" })),
        )
        .await;
    assert_eq!(taken.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_removed_server_is_gone_from_groups_and_keys_and_nothing_else_is() {
    let stage = Stage::new(WRITTEN).await;
    assert_eq!(
        stage
            .ask(Method::DELETE, "/api/servers/a", None)
            .await
            .status,
        StatusCode::OK
    );
    let file = stage.hub.store().file();
    assert!(file.raw_server("a").is_none() && file.raw_server("io.github.x/b").is_some());
    assert_eq!(
        file.at(&["groups", "0", "servers"]),
        Some(&json!([{ "name": "io.github.x/b", "tools": ["t"] }]))
    );
    assert_eq!(file.at(&["somethingElse"]), Some(&json!([1, 2])));
    assert!(stage.written().contains("// my servers"));
    assert_eq!(
        stage
            .ask(Method::DELETE, "/api/servers/a", None)
            .await
            .status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_server_is_added_switched_and_reloaded() {
    let stage = Stage::new("{}").await;
    let body = json!({ "name": "new/one", "config": { "url": "http://127.0.0.1:9/mcp", "enabled": false, "x": 1 } });
    let answer = stage
        .ask(Method::POST, "/api/servers", Some(body.clone()))
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(stage.settings()["mcpServers"]["new/one"], body["config"]);
    assert_eq!(
        stage
            .ask(Method::POST, "/api/servers", Some(body))
            .await
            .status,
        StatusCode::CONFLICT
    );

    let path = "/api/servers/new%2Fone";
    let on = stage
        .ask(
            Method::POST,
            &format!("{path}/toggle"),
            Some(json!({ "enabled": true })),
        )
        .await
        .json();
    assert_eq!(on["data"]["enabled"], true);
    assert_eq!(stage.settings()["mcpServers"]["new/one"]["enabled"], true);
    assert_eq!(
        stage
            .ask(Method::POST, &format!("{path}/reload"), None)
            .await
            .status,
        StatusCode::OK
    );
    assert_eq!(
        stage
            .ask(Method::POST, "/api/servers/nobody/reload", None)
            .await
            .status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn configurations_that_can_never_work_are_refused_with_the_cure() {
    let stage = Stage::new(WRITTEN).await;
    for (config, part) in [
        (
            json!({ "type": "carrier-pigeon", "url": "https://x" }),
            "config.type",
        ),
        (json!({ "type": "streamable-http" }), "url"),
        (json!({ "url": "ftp://x/mcp" }), "config.url"),
        (json!({ "url": "not an address" }), "config.url"),
        (json!({ "url": "javascript:alert(1)" }), "config.url"),
        (json!({}), "config"),
        (
            json!({ "headers": { "Authorization": "********" }, "url": "https://x" }),
            "headers.Authorization",
        ),
    ] {
        let added = stage
            .ask(
                Method::POST,
                "/api/servers",
                Some(json!({ "name": "n", "config": config })),
            )
            .await;
        assert_eq!(
            added.status,
            StatusCode::BAD_REQUEST,
            "{config}: {}",
            added.text
        );
        let message = added.json()["message"].as_str().unwrap().to_owned();
        assert!(
            message.contains(part) && message.contains("; "),
            "{config}: {message}"
        );
        if !config.to_string().contains("****") {
            let changed = stage
                .ask(
                    Method::PUT,
                    "/api/servers/a",
                    Some(json!({ "config": config })),
                )
                .await;
            assert_eq!(changed.status, StatusCode::BAD_REQUEST, "{config}");
        }
    }
    for config in [json!("x"), json!([]), json!(null)] {
        let answer = stage
            .ask(
                Method::POST,
                "/api/servers",
                Some(json!({ "name": "n", "config": config })),
            )
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{config}");
    }
    assert_eq!(stage.written(), WRITTEN, "nothing was changed");
}

// rule: safe-w11
#[tokio::test]
async fn names_that_deceive_are_refused_on_create_and_on_rename() {
    let stage = Stage::new(WRITTEN).await;
    let long = "x".repeat(201);
    for name in [
        "",
        "../../etc",
        "%2e%2e",
        "a\u{0}b",
        "a\nb",
        "\u{202e}evil",
        "a\\b",
        "/a",
        "$smart",
        &long,
    ] {
        let body = json!({ "name": name, "config": { "url": "http://127.0.0.1:9/mcp" } });
        assert_eq!(
            stage
                .ask(Method::POST, "/api/servers", Some(body))
                .await
                .status,
            StatusCode::BAD_REQUEST,
            "{name:?}"
        );
        let rename = stage
            .ask(
                Method::PUT,
                "/api/servers/a",
                Some(json!({ "newName": name })),
            )
            .await;
        assert_eq!(rename.status, StatusCode::BAD_REQUEST, "{name:?}");
    }
    assert_eq!(stage.written(), WRITTEN);
}

// rule: safe-s11
#[tokio::test]
async fn what_answers_at_an_inner_address_is_not_read_through_the_api() {
    let secret = "the inner secret";
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let inner = format!("http://{}/latest", listener.local_addr().unwrap());
    let answer = move || async move { ([("content-type", "text/plain")], secret.repeat(30)) };
    let app = axum::Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, app).await });
    let users =
        json!([{ "username": "eve", "password": bcrypt::hash("eves password", 4).unwrap() }]);
    let stage = Stage::new(&json!({ "mcpServers": {}, "users": users }).to_string()).await;
    let eve = stage.log_in("eve", "eves password").await.json()["token"].clone();
    for url in [
        inner.as_str(),
        "http://169.254.169.254/latest",
        "http://[fd00:ec2::254]/",
    ] {
        let server = json!({ "name": "x", "config": { "url": url, "visibility": "public" } });
        for (path, body) in [
            ("/api/servers", &server),
            ("/api/doctor", &json!({ "url": url })),
        ] {
            let refused = stage
                .ask_as(eve.as_str(), Method::POST, path, Some(body.clone()))
                .await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path} {url}");
        }
        let mut examined = stage::request(Method::POST, "/api/doctor");
        let operator = format!("Bearer {}", stage::OPERATOR).parse().unwrap();
        examined.headers_mut().insert("authorization", operator);
        *examined.body_mut() = json!({ "url": url }).to_string().into();
        // A stream of events, which the description of the API knows as one.
        let examined = stage.router.clone().oneshot(examined).await.unwrap();
        let lines = examined.into_body().collect().await.unwrap().to_bytes();
        let lines = String::from_utf8_lossy(&lines);
        assert!(
            lines.contains("event: end") && !lines.contains(secret),
            "{lines}"
        );
        let added = stage.ask(Method::POST, "/api/servers", Some(server)).await;
        assert_eq!(added.status, StatusCode::OK, "{}", added.text);
        let up = stage.hub.upstreams().get("x").unwrap();
        let mut states = up.watch();
        let failed = states.wait_for(|state| state.trouble().is_some());
        let failed = tokio::time::timeout(std::time::Duration::from_secs(20), failed).await;
        // What was heard is let go: it keeps the state from changing.
        assert!(failed.is_ok_and(|state| state.is_ok()), "{url}");
        for path in [
            "/api/servers",
            "/api/servers/x",
            "/api/servers/x/oauth/journal",
            "/api/logs",
        ] {
            let shown = stage.get(path).await;
            assert!(!shown.text.contains(secret), "{path}: {}", shown.text);
        }
        stage.ask(Method::DELETE, "/api/servers/x", None).await;
    }
}

/// What answers here is no server of MCP, and each answer has the secret in another place.
async fn talkative() -> std::net::SocketAddr {
    let version = || async { axum::Json(json!({ "jsonrpc": { "password": "inner-secret" } })) };
    let location = [("location", "/x?inner-secret")];
    let elsewhere = async move || (StatusCode::TEMPORARY_REDIRECT, location);
    let endpoint = || async {
        let event = "event: endpoint\ndata: http://[inner-secret\n\n";
        ([("content-type", "text/event-stream")], event)
    };
    let app = axum::Router::new()
        .route("/version", axum::routing::any(version))
        .route("/elsewhere", axum::routing::any(elsewhere))
        .route("/endpoint", axum::routing::get(endpoint));
    let bound = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = bound.expect("loopback has a port");
    let address = listener.local_addr().expect("it listens");
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

// rule: safe-s11
#[tokio::test]
async fn neither_the_api_nor_the_log_quotes_an_inner_answer_where_it_says_what_is_wrong_with_it() {
    let at = format!("http://{}", talkative().await);
    let stage = Stage::new(r#"{"mcpServers":{}}"#).await;
    for (path, said) in [
        ("version", "not jsonrpc".to_owned()),
        ("elsewhere", format!("a redirect to {at}/x, and")),
        ("endpoint", "an endpoint that is no address;".to_owned()),
    ] {
        let server = json!({ "name": path, "config": { "url": format!("{at}/{path}") } });
        stage.ask(Method::POST, "/api/servers", Some(server)).await;
        let up = stage.hub.upstreams().get(path).unwrap();
        let mut states = up.watch();
        let failed = states.wait_for(|state| state.trouble().is_some());
        let failed = tokio::time::timeout(std::time::Duration::from_secs(20), failed).await;
        let told = failed.unwrap().unwrap().trouble().unwrap().explain();
        assert!(told.contains(&said), "{path}: {told}");
        let told = format!("{told} {:?}", up.log());
        assert!(!told.contains("inner-secret"), "{path}: {told}");
    }
    let text = stage.get("/api/servers").await.text + &stage.get("/api/logs").await.text;
    assert!(text.contains("no address;"), "{text}");
    assert!(!text.contains("inner-secret"), "{text}");
}

#[tokio::test]
async fn a_server_that_makes_no_sense_is_shown_with_what_to_do() {
    let stage = Stage::new(r#"{ "mcpServers": { "bad": { "type": "pigeon", "url": "https://x" }, "fine": { "command": "x", "enabled": false } } }"#).await;
    let bad = stage.get("/api/servers/bad").await.json()["data"].clone();
    assert_eq!(bad["status"], "disconnected");
    assert!(
        bad["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("pigeon")),
        "{bad}"
    );
    assert!(bad["action"].is_string(), "{bad}");
    assert_eq!(
        stage.get("/api/servers/fine").await.json()["data"]["status"],
        "disabled"
    );
}

#[tokio::test]
async fn a_server_on_demand_that_nobody_uses_is_shown_so_and_is_no_trouble() {
    let stage =
        Stage::new(r#"{ "mcpServers": { "later": { "command": "x", "startOnDemand": true } } }"#)
            .await;
    let later = stage.get("/api/servers/later").await.json()["data"].clone();
    assert_eq!(later["status"], "disconnected");
    assert!(
        later["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("on demand")),
        "{later}"
    );
    assert!(later["error"].is_null(), "{later}");
    let health = stage.get("/health").await;
    assert_eq!(health.status, StatusCode::OK, "{}", health.text);
    assert_eq!(health.json()["servers"]["disconnected"], 0);
}

#[tokio::test]
async fn a_tool_of_a_server_that_is_not_there_or_not_connected_is_a_clear_no() {
    let stage = Stage::new(WRITTEN).await;
    let call = json!({ "toolName": "t", "arguments": {} });
    let nobody = stage
        .ask(Method::POST, "/api/tools/call/nobody", Some(call.clone()))
        .await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    let off = stage
        .ask(Method::POST, "/api/tools/call/io.github.x%2Fb", Some(call))
        .await;
    assert_eq!(off.status, StatusCode::BAD_GATEWAY, "{}", off.text);
    assert!(
        off.json()["message"]
            .as_str()
            .unwrap()
            .contains("switched off"),
        "{}",
        off.text
    );
    let nameless = stage
        .ask(Method::POST, "/api/tools/call/a", Some(json!({})))
        .await;
    assert_eq!(nameless.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_server_that_is_off_gives_no_link() {
    let stage =
        Stage::new(r#"{"mcpServers":{"off":{"url":"http://127.0.0.1:9/mcp","enabled":false}}}"#)
            .await;
    let path = "/api/servers/off/oauth/authorize";
    let answer = stage.ask(Method::POST, path, Some(json!({}))).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
    assert_eq!(answer.json()["code"], "disabled");
    assert!(
        answer.text.contains("mcpServers.off.enabled"),
        "{}",
        answer.text
    );
}

// rule: at-25
#[tokio::test]
async fn a_server_whose_metadata_never_answers_holds_up_neither_health_nor_the_others() {
    let open = lab::World::start(lab::Switches {
        token_required: false,
        mcp_sessions: false,
        ..lab::Switches::default()
    });
    let open = open.await.unwrap();
    let never = lab::Trouble::forever(lab::Fault::Hang);
    let mute = lab::World::start(lab::Switches {
        trouble: [(lab::Endpoint::ResourceMetadata, vec![never])].into(),
        ..lab::Switches::default()
    });
    let mute = mute.await.unwrap();
    let mut servers = serde_json::Map::new();
    servers.insert("mute".to_owned(), json!({ "url": mute.mcp_url() }));
    for number in 0..30 {
        let server = json!({ "url": open.mcp_url() });
        servers.insert(format!("other-{number}"), server);
    }
    let begun = tokio::time::Instant::now();
    let stage = Stage::new(&json!({ "mcpServers": servers }).to_string()).await;
    let health = stage.get("/health").await;
    assert_eq!(health.status, StatusCode::OK, "{}", health.text);
    assert!(begun.elapsed() < std::time::Duration::from_secs(5));

    let upstreams = stage.hub.upstreams();
    for upstream in upstreams.all() {
        if upstream.name() != "mute" {
            let mut state = upstream.watch();
            let ready = |state: &State| matches!(state, State::Ready);
            state.wait_for(ready).await.unwrap();
        }
    }
    // Now nobody is waited for but those who never answer, so time may run.
    tokio::time::pause();
    let mut state = upstreams.get("mute").unwrap().watch();
    let failed = state.wait_for(|state| state.trouble().is_some());
    let why = failed.await.unwrap().trouble().unwrap().explain();
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(15),
        "{why}"
    );
    assert!(why.contains("discovery timeout"), "{why}");
    let health = stage.get("/health").await;
    assert_eq!(health.status, StatusCode::OK);
    assert_eq!(health.json()["servers"]["connected"], 30);
}
