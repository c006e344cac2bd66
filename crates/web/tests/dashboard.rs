//! The dashboard at `/`: its files, and what it leaves to others.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod stage;

use std::borrow::Cow;

use axum::body::Body;
use http::{HeaderName, Method, Request, StatusCode, header};
use mcphub_web::Dashboard;
use stage::{Answer, Stage, request};

/// A build of four files, one of them pressed.
fn files(path: &str) -> Option<Cow<'static, [u8]>> {
    let text = match path {
        "index.html" => "<!doctype html><div id=root></div>",
        "assets/index-x1.js" => "run()",
        "assets/index-x1.js.br" => "pressed",
        "icon.svg" => "<svg/>",
        _ => return None,
    };
    Some(text.as_bytes().into())
}

async fn stage(base_path: &str) -> Stage {
    let options = |options: &mut mcphub_web::WebOptions| {
        options.base_path = base_path.into();
        options.dashboard = Some(Dashboard::of(files));
    };
    Stage::with("{}", options).await
}

/// As a browser asks when a person types an address.
fn typed(path: &str) -> Request<Body> {
    with(
        path,
        header::ACCEPT,
        "text/html,application/xhtml+xml,*/*;q=0.8",
    )
}

fn with(path: &str, name: HeaderName, value: &str) -> Request<Body> {
    let mut request = request(Method::GET, path);
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

fn is_index(answer: &Answer) -> bool {
    answer.status == StatusCode::OK && answer.text.contains("id=root")
}

#[tokio::test]
async fn the_page_is_asked_for_anew_and_runs_nothing_but_its_own_files() {
    let stage = stage("").await;
    let page = stage.send(typed("/")).await;
    assert!(is_index(&page), "{}", page.text);
    assert_eq!(
        page.header(header::CONTENT_TYPE),
        "text/html; charset=utf-8"
    );
    assert_eq!(page.header(header::CACHE_CONTROL), "no-cache");
    let policy = page.header(header::CONTENT_SECURITY_POLICY);
    for part in [
        "default-src 'self'",
        "script-src 'self';",
        "style-src 'self';",
        "media-src 'self' data:;",
        "frame-ancestors 'none'",
        "connect-src 'self'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    assert_eq!(page.header(header::REFERRER_POLICY), "no-referrer");
}

#[tokio::test]
async fn a_file_that_is_named_after_its_content_is_kept_and_comes_pressed_where_that_is_taken() {
    let stage = stage("").await;
    let path = "/assets/index-x1.js";
    let plain = stage.send(with(path, header::ACCEPT, "*/*")).await;
    assert_eq!(plain.text, "run()");
    assert_eq!(
        plain.header(header::CACHE_CONTROL),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(
        plain.header(header::CONTENT_TYPE),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(plain.header(header::CONTENT_ENCODING), "");
    let pressed = stage
        .send(with(path, header::ACCEPT_ENCODING, "gzip, br"))
        .await;
    assert_eq!(
        (
            pressed.text.as_str(),
            pressed.header(header::CONTENT_ENCODING)
        ),
        ("pressed", "br")
    );
    assert_eq!(pressed.header(header::VARY), "accept-encoding");
    let icon = stage.get("/icon.svg").await;
    assert_eq!(
        (icon.text.as_str(), icon.header(header::CACHE_CONTROL)),
        ("<svg/>", "no-cache")
    );
}

#[tokio::test]
async fn behind_a_prefix_the_page_stands_behind_a_slash() {
    let stage = stage("/hub").await;
    let bare = stage.send(typed("/hub")).await;
    assert_eq!(bare.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(bare.header(header::LOCATION), "/hub/");
    assert!(is_index(&stage.send(typed("/hub/")).await));
    assert_eq!(stage.get("/hub/assets/index-x1.js").await.text, "run()");
    assert_eq!(stage.send(typed("/")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        stage.send(typed("/hubble")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn the_address_of_a_page_leads_to_the_page_and_a_program_hears_that_nothing_is_there() {
    let stage = stage("/hub").await;
    let page = stage.send(typed("/hub/servers/a?show=tools")).await;
    assert_eq!(page.header(header::LOCATION), "/hub/#/servers/a?show=tools");
    for asked in [
        with("/hub/servers/a", header::ACCEPT, "application/json"),
        with("/hub/assets/gone.js", header::ACCEPT, "text/html"),
        request(Method::POST, "/hub/servers"),
    ] {
        let answer = stage.send(asked).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.text);
    }
}

#[tokio::test]
async fn nothing_of_the_hub_is_hidden_behind_the_dashboard() {
    let (with, without) = (stage("").await, Stage::new("{}").await);
    for path in [
        "/api/servers",
        "/api/nothing",
        "/api",
        "/mcp",
        "/mcp/nothing",
        "/messages",
        "/oauth/callback",
        "/oauth/authorize",
        "/connect/nothing",
        "/connect",
        "/c/nothing",
        "/health",
        "/healthz",
        "/readyz",
        "/metrics",
        "/schema/mcp_settings.json",
        "/schema",
        "/openapi.json",
        "/.well-known/oauth-protected-resource",
        "/.well-known/nothing",
        "/discovery/servers",
    ] {
        let (there, usual) = (
            with.send(typed(path)).await,
            without.send(typed(path)).await,
        );
        assert_eq!(
            (there.status, &there.text),
            (usual.status, &usual.text),
            "{path}"
        );
    }
}

#[tokio::test]
async fn without_a_build_the_address_says_what_this_is_and_without_pages_nothing() {
    let bare = Stage::new("{}").await;
    let landing = bare.send(typed("/")).await;
    assert!(landing.text.contains("The hub is running"));
    assert_eq!(
        bare.send(typed("/servers")).await.status,
        StatusCode::NOT_FOUND
    );
    let off = Stage::with("{}", |options| options.dashboard = None).await;
    let answer = off.send(typed("/")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.text.contains("DISABLE_WEB"), "{}", answer.text);
}
