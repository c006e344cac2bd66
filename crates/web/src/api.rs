//! The REST API under `/api`, in MCPHub's shapes: `{success, message?, data?}`, and the error envelope of `problem`.

mod activities;
pub(crate) mod answer;
mod asked;
mod auth;
mod change;
mod clients;
mod doctor;
mod events;
mod export;
mod groups;
mod items;
mod keys;
mod lists;
mod logs;
mod name;
mod oauth;
mod page;
mod prompts;
mod redaction;
pub(crate) mod request_id;
mod resources;
mod servers;
mod sessions;
mod shape;
mod sharing;
mod system;
mod tools;
mod users;
mod view;

pub(crate) use redaction::without_url_secrets;
pub(crate) use view::rfc3339;

use axum::Router;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::still_there;
use crate::app::App;
use crate::problem::{Problem, Whose};
use hub::cause::Cause;

pub(crate) fn routes(app: &App) -> Router<App> {
    let (routes, _) = described().split_for_parts();
    routes
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(middleware::from_fn_with_state(app.clone(), read_only))
        .layer(middleware::from_fn(request_id::carry))
}

/// Every route with its description: none is made without one.
pub(crate) fn described() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(auth::login))
        .routes(routes!(auth::user))
        .routes(routes!(users::own_password))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::read, users::change, users::remove))
        .routes(routes!(users::counts))
        .routes(routes!(servers::list, servers::add))
        .routes(routes!(servers::read, servers::replace, servers::remove))
        .routes(routes!(servers::toggle))
        .routes(routes!(servers::reload))
        .routes(routes!(oauth::authorize))
        .routes(routes!(oauth::complete))
        .routes(routes!(oauth::disconnect))
        .routes(routes!(oauth::journal))
        .routes(routes!(clients::list))
        .routes(routes!(clients::remove))
        .routes(routes!(items::toggle))
        .routes(routes!(items::describe, items::restore))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::change, keys::remove))
        .merge(groups::routes())
        .routes(routes!(sessions::list))
        .routes(routes!(activities::available))
        .routes(routes!(activities::list))
        .routes(routes!(activities::stats))
        .routes(routes!(activities::filters))
        .routes(routes!(activities::clean_up))
        .routes(routes!(activities::read))
        .routes(routes!(events::events))
        .routes(routes!(doctor::examine))
        .routes(routes!(system::read))
        .routes(routes!(system::replace))
        .routes(routes!(export::export))
        .routes(routes!(logs::read, logs::clear))
        .routes(routes!(logs::follow))
        .routes(routes!(tools::call))
        .routes(routes!(prompts::get))
        .routes(routes!(resources::read))
}

async fn no_route() -> Problem {
    Problem::missing("the API has no such route")
}

async fn no_method() -> Problem {
    Problem::new(Whose::Method, "this route does not know the method")
}

/// `READONLY`: nothing is changed; logins and what servers are asked for still work.
// rule: mcphub-rights
async fn read_only(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let harmless = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let path = request.uri().path();
    let asks_only = [
        "/auth/login",
        "/tools/call/",
        "/mcp/",
        "/resources/read",
        "/doctor",
    ];
    if app.options().read_only
        && !harmless
        && !asks_only.iter().any(|start| path.starts_with(start))
    {
        return Err(
            Problem::new(Whose::Forbidden, "this hub is read-only (READONLY)")
                .code("read_only")
                .cause(Cause::ReadOnly),
        );
    }
    Ok(next.run(request).await)
}

/// A server's name out of the path, decoded: it may hold `/`.
pub(crate) struct Named(pub(crate) String);

impl FromRequestParts<App> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, app).await {
            Ok(Path(name)) => Ok(Self(name)),
            Err(rejection) => Err(Problem::request(format!(
                "the name in the path cannot be read: {rejection}"
            ))),
        }
    }
}

/// What stands behind the question mark.
pub(crate) struct InQuery<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for InQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, app).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => Err(Problem::request(format!(
                "the query of the address is not what this route takes: {}",
                rejection.body_text()
            ))),
        }
    }
}

/// A JSON body; none at all counts as `{}`.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let request = Request::from_parts(parts.clone(), body);
        let bytes = Bytes::from_request(request, app)
            .await
            .map_err(|rejection| {
                let whose = match rejection.status() {
                    StatusCode::PAYLOAD_TOO_LARGE => Whose::TooLarge,
                    _ => Whose::Request,
                };
                Problem::new(
                    whose,
                    format!("the body cannot be read: {}", rejection.body_text()),
                )
            })?;
        still_there(app, &mut parts).await?;
        let text: &[u8] = if bytes.trim_ascii().is_empty() {
            b"{}"
        } else {
            &bytes
        };
        match serde_json::from_slice(text) {
            Ok(body) => Ok(Self(body)),
            Err(error) => Err(Problem::request(format!(
                "the body is not what this route takes: {error}"
            ))),
        }
    }
}
