//! Which path leads where. Everything passes the gate (`guard`) first.

use axum::Router;
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{Method, Uri};

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
        )
        .route(hub::sign_in::document::PATH, get(landing::client_document));
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
    all.fallback(elsewhere)
        // The gate limits bodies, by the settings of the moment.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}

/// A callback that the settings place at another path than ours; else there is nothing.
// rule: at-16
async fn elsewhere(state: State<App>, method: Method, uri: Uri, query: RawQuery) -> Response {
    let settings = state.0.hub().store().current();
    if method == Method::GET && hub::sign_in::is_callback(&settings, uri.path()) {
        return callback::callback(state, query).await;
    }
    Problem::missing("there is nothing at this address").into_response()
}
