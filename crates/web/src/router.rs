//! Which path leads where. Everything passes the gate (`guard`) first.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::get;

use crate::app::App;
use crate::problem::Problem;
use crate::{access, api, callback, guard, health, landing, mcp};

pub(crate) fn build(app: App) -> Router {
    let fixed = Router::new()
        .route("/health", get(health::health))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/oauth/callback", get(callback::callback))
        .route(
            "/.well-known/oauth-protected-resource",
            get(landing::resource_metadata),
        );
    let endpoints = mcp::routes(app.hub().sessions().clone(), app.draining());
    let endpoints = endpoints.layer(middleware::from_fn_with_state(app.clone(), access::admit));
    let placed = Router::new()
        .route("/", get(landing::landing))
        .nest("/api", api::routes(&app))
        .merge(endpoints);
    let prefix = app.options().prefix();
    let all = if prefix.is_empty() {
        fixed.merge(placed)
    } else {
        // Probes and login servers know the bare addresses, too.
        fixed.clone().nest(&prefix, fixed.merge(placed))
    };
    all.fallback(nothing_here)
        // The gate limits bodies, by the settings of the moment.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}

async fn nothing_here() -> Problem {
    Problem::missing("there is nothing at this address")
}
