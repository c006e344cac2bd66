//! GET `/config` and `/public-config`: what MCPHub's pages ask before anybody is logged in, in its shapes. Nothing of the settings but
//! whether a login is asked for, and, which MCPHub does not say, whether clients are asked for a key; whoever asks `/mcp` learns that,
//! too. Leaves out Better Auth, which this hub does not have.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use serde_json::{Value, json};

use crate::app::App;

/// Where and what the hub is.
pub(crate) async fn runtime(State(app): State<App>) -> Response {
    told(&json!({
        "basePath": app.options().prefix(),
        "version": env!("CARGO_PKG_VERSION"),
        "name": "mcphub",
    }))
}

/// Whether a login is asked for, and what may be done without.
pub(crate) async fn public(State(app): State<App>) -> Response {
    let now = app.now();
    let skips = now.settings.routing.skip_auth;
    let permissions = if skips { json!(["*"]) } else { json!({}) };
    told(&json!({
        "skipAuth": skips,
        "permissions": permissions,
        "betterAuth": { "enabled": false },
        "asksForKey": !now.rules.is_open(),
    }))
}

fn told(data: &Value) -> Response {
    let body = Json(json!({ "success": true, "data": data }));
    ([(CACHE_CONTROL, "no-store")], body).into_response()
}
