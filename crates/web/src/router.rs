//! Which path leads where. Everything passes the gate (`guard`) first.
//!
//! The MCP endpoints stand in front of every call, so they are told by their path at once; all else is the router's.

use std::sync::Arc;

use axum::Router;
use axum::extract::{OriginalUri, RawQuery, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderMap, Method};
use hub::access::Caller;
use hub::catalog::Endpoint;
use hub::trace;
use percent_encoding::percent_decode_str;
use tower::ServiceExt;
use tracing::Instrument;

use crate::access::NotAdmitted;
use crate::address::{Address, Door};
use crate::api::request_id;
use crate::app::App;
use crate::mcp::Mcp;
use crate::problem::{self, Problem, Whose};
use crate::sse::Sse;
use crate::{
    access, api, callback, connect, dashboard, errors, guard, health, issuer, landing, metrics,
    openapi, public_config,
};

/// What is asked to see how the hub stands.
const PROBES: [&str; 4] = ["/health", "/healthz", "/readyz", "/metrics"];

/// Answers every request. A clone is the same.
#[derive(Clone)]
pub(crate) struct Front {
    app: App,
    mcp: Mcp,
    sse: Sse,
    /// In front of every path but those that probes and login servers know.
    prefix: Arc<str>,
    rest: Router,
}

impl Front {
    pub(crate) fn new(app: App) -> Self {
        let prefix = app.options().prefix();
        Self {
            mcp: Mcp::new(app.clone()),
            sse: Sse::new(app.clone()),
            rest: rest(&app, &prefix),
            prefix: prefix.into(),
            app,
        }
    }

    pub(crate) async fn answer(&self, request: Request) -> Response {
        let mut response = match guard::pass(&self.app, request) {
            Ok(request) => self.led(request).await,
            Err(problem) => problem.into_response(),
        };
        guard::protect(response.headers_mut());
        response
    }

    /// Answers somebody who comes while the hub stops: probes hear how it stands, and nothing new is begun.
    pub(crate) async fn answer_late(&self, request: Request) -> Response {
        let path = request.uri().path();
        let bare = path.strip_prefix(&*self.prefix).unwrap_or(path);
        if PROBES.contains(&path) || PROBES.contains(&bare) {
            return self.answer(request).await;
        }
        let mut response =
            Problem::new(Whose::Stopping, "the hub stops; ask again when it is back")
                .code("stopping")
                .into_response();
        guard::protect(response.headers_mut());
        response
    }

    async fn led(&self, request: Request) -> Response {
        let address = Address::of(request.uri().path(), &self.prefix);
        let Some(address) = address.filter(|address| !self.is_callback(address, &request)) else {
            let standard = problem::is_wanted(request.headers());
            let response = match self.rest.clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            return match standard {
                true => problem::in_standard_shape(response),
                false => response,
            };
        };
        let path = request.uri().path();
        let path = path.strip_prefix(&*self.prefix).unwrap_or(path);
        let caller = match self.caller(&address, (path, request.headers())).await {
            Ok(caller) => caller,
            Err(refused) => return refused.into_response(),
        };
        let endpoint = match percent_decode_str(address.name).decode_utf8() {
            Ok(name) if name.is_empty() => Endpoint::Everything,
            Ok(name) => Endpoint::Named(name.into()),
            Err(_) => return missing(),
        };
        let (door, messages) = (address.door, self.messages(address.user));
        let mut request = request;
        access::keep_back(&self.app, request.headers_mut());
        match door {
            // On the heap: what a call holds is large, and connections are many.
            Door::Mcp => {
                let kept = request_id::kept(request.headers());
                let span = trace::request(request.headers());
                let answered = Box::pin(self.mcp.answer(endpoint, &caller, request));
                match span {
                    None => request_id::keep(kept, answered).await,
                    Some(span) => request_id::keep(kept, answered.instrument(span)).await,
                }
            }
            Door::Sse => self.sse.open(endpoint, &caller, (request, messages)),
            Door::Messages => Box::pin(self.sse.receive(&caller, request)).await,
        }
    }

    async fn caller(
        &self,
        address: &Address<'_>,
        asked: (&str, &HeaderMap),
    ) -> Result<Caller, NotAdmitted> {
        // What is no text is nobody's name.
        let user = address
            .user
            .map(|user| percent_decode_str(user).decode_utf8_lossy());
        if let Some(vouched) = access::outside::admit(&self.app, user.as_deref(), asked).await {
            return vouched;
        }
        match user {
            None => access::admit(&self.app, asked),
            Some(user) => access::admit_as(&self.app, &user, asked),
        }
    }

    /// Where clients of the old transport send their messages. In the path as it was asked for, it needs no escaping.
    fn messages(&self, user: Option<&str>) -> String {
        let slash = if user.is_some() { "/" } else { "" };
        format!(
            "{}{slash}{}/messages",
            self.prefix,
            user.unwrap_or_default()
        )
    }

    /// The settings may place the callback where a user's address would be.
    fn is_callback(&self, address: &Address<'_>, request: &Request) -> bool {
        address.user.is_some() && *request.method() == Method::GET && {
            let settings = self.app.hub().store().current();
            hub::sign_in::is_callback(&settings, request.uri().path())
        }
    }
}

fn rest(app: &App, prefix: &str) -> Router {
    let fixed = Router::new()
        .route("/health", get(health::health))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::metrics))
        .route("/oauth/callback", get(callback::callback))
        .route(
            "/connect/{ticket}",
            get(connect::show).post(connect::confirm),
        )
        .route(
            "/connect",
            get(connect::all::show).post(connect::all::confirm),
        )
        .route("/c/{code}", get(connect::short))
        .route("/errors/{code}", get(errors::show))
        .route(
            "/oauth/authorize",
            get(issuer::consent::show).post(issuer::consent::decide),
        )
        .route("/oauth/userinfo", get(issuer::user_info))
        .merge(of_clients())
        .route(hub::sign_in::document::PATH, get(landing::client_document));
    let placed = Router::new()
        .route("/", get(dashboard::front))
        .route("/schema/mcp_settings.json", get(landing::schema))
        .route("/openapi.json", get(openapi::serve))
        .route("/config", get(public_config::runtime))
        .route("/public-config", get(public_config::public))
        .nest("/api", api::routes(app));
    let all = if prefix.is_empty() {
        fixed.merge(placed)
    } else {
        // Probes and login servers know the bare addresses, too.
        fixed.clone().nest(prefix, fixed.merge(placed))
    };
    all.fallback(elsewhere)
        // The gate limits bodies, by the settings of the moment.
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(app.clone())
}

/// What programs ask that want to be let in, also those that live in a browser.
fn of_clients() -> Router<App> {
    let resource = issuer::metadata::RESOURCE;
    let server = "/.well-known/oauth-authorization-server";
    Router::new()
        .route(resource, get(issuer::metadata::resource))
        .route(
            &format!("{resource}/{{*path}}"),
            get(issuer::metadata::resource),
        )
        .route(server, get(issuer::metadata::server))
        .route(
            &format!("{server}/{{*path}}"),
            get(issuer::metadata::server),
        )
        .route("/oauth/register", post(issuer::register))
        .route("/oauth/token", post(issuer::token))
        .route("/oauth/revoke", post(issuer::revoke))
        .layer(axum::middleware::from_fn(issuer::readable))
}

/// A callback that the settings place at another path than ours, or something of the dashboard; else there is nothing.
// rule: at-16
async fn elsewhere(
    state: State<App>,
    (method, uri, query): (Method, OriginalUri, RawQuery),
    headers: HeaderMap,
) -> Response {
    let settings = state.0.hub().store().current();
    if method == Method::GET && hub::sign_in::is_callback(&settings, uri.path()) {
        return callback::callback(state, uri, headers, query).await;
    }
    dashboard::page(&state.0, &method, &uri.0, &headers).unwrap_or_else(missing)
}

fn missing() -> Response {
    Problem::missing("there is nothing at this address").into_response()
}
