//! The hub as an authorization server for its own clients, on the wire: metadata, registration, tokens, revocation, and the page on which a person agrees (`consent`).
//!
//! RFC 8414 and RFC 9728 (the documents), RFC 7591, RFC 6749 3.2 and 5, RFC 7009. The rules are `hub::issuer`'s. `systemConfig.oauthServer.enabled: false` takes all of it away.

pub(crate) mod consent;
pub(crate) mod metadata;
mod words;

use axum::Json;
use axum::extract::{FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hub::issuer::{Failure, Homes};
use serde_json::{Value, json};
use url::{Host, Url};

use crate::access::{Visitor, base_url, bearer};
use crate::app::App;
use crate::connect::came_through;
use crate::problem::Problem;

/// The hub's address as this client knows it. Who is on this machine may use another name than the public one; behind a proxy that names itself, the public one counts.
// rule: as-resource-metadata-address -- metadata speaks of the very address that the client asked.
pub(crate) fn home(app: &App, headers: &HeaderMap) -> String {
    let written = base_url(app, headers);
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let Some(host) = host.filter(|host| !came_through(headers) && is_here(host)) else {
        return written;
    };
    let asked = format!("http://{host}{}", app.options().prefix());
    let same = Url::parse(&written).is_ok_and(|written| {
        Url::parse(&asked)
            .is_ok_and(|asked| (asked.host(), asked.port()) == (written.host(), written.port()))
    });
    if same { written } else { asked }
}

/// A name of this machine.
fn is_here(host: &str) -> bool {
    let url = Url::parse(&format!("http://{host}")).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

pub(crate) fn homes(app: &App, headers: &HeaderMap) -> Homes {
    let issuer = home(app, headers);
    let all = [issuer.clone(), base_url(app, headers)];
    Homes {
        all: all
            .iter()
            .filter_map(|home| Url::parse(home).ok())
            .collect(),
        issuer,
    }
}

pub(crate) fn is_on(app: &App) -> bool {
    app.now().settings.oauth_server.enabled
}

/// What stands before each of these routes.
// rule: mcphub-oauth-server-off
pub(crate) fn on(app: &App) -> Result<(), Problem> {
    let off =
        || Problem::missing("this hub gives no tokens; systemConfig.oauthServer.enabled is false");
    is_on(app).then_some(()).ok_or_else(off)
}

/// POST `/oauth/register`.
pub(crate) async fn register(
    State(app): State<App>,
    request: Request,
) -> Result<Response, Problem> {
    on(&app)?;
    let settings = app.now().settings.clone();
    let registration = &settings.oauth_server.registration;
    if !registration.enabled {
        return Err(Problem::missing(
            "clients do not register here; systemConfig.oauthServer.dynamicRegistration.enabled is false",
        ));
    }
    let (mut head, body) = request.into_parts();
    // rule: mcphub-registration-authentication
    if registration.requires_authentication
        && Visitor::from_request_parts(&mut head, &app).await.is_err()
    {
        let why = "clients are registered by people here: send a login or a system key with access to all";
        return Ok(refused(StatusCode::UNAUTHORIZED, "invalid_token", why));
    }
    let body = read(body).await?;
    Ok(match app.hub().issuer().register(&body) {
        Ok(told) => (StatusCode::CREATED, Json(told)).into_response(),
        Err(failure) => failed(&failure),
    })
}

/// POST `/oauth/token`.
pub(crate) async fn token(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    on(&app)?;
    let (head, body) = request.into_parts();
    let body = read(body).await?;
    let homes = homes(&app, &head.headers);
    let given = app
        .hub()
        .issuer()
        .token(authorization(&head.headers), &body, &homes);
    Ok(match Box::pin(given).await {
        Ok(given) => Json(given).into_response(),
        Err(failure) => failed(&failure),
    })
}

/// POST `/oauth/revoke`.
pub(crate) async fn revoke(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    on(&app)?;
    let (head, body) = request.into_parts();
    let body = read(body).await?;
    let revoked = app
        .hub()
        .issuer()
        .revoke(authorization(&head.headers), &body);
    Ok(match Box::pin(revoked).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(failure) => failed(&failure),
    })
}

/// GET `/oauth/userinfo`: who agreed.
pub(crate) async fn user_info(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    on(&app)?;
    let now = app.now();
    let issued =
        bearer(&headers).and_then(|token| now.rules.issued(token, app.hub().clock().now()));
    let Some(user) = issued.and_then(|issued| issued.caller().user()) else {
        let mut response = refused(
            StatusCode::UNAUTHORIZED,
            "invalid_token",
            "no token of this hub that is valid now",
        );
        let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
        return Ok(response);
    };
    Ok(Json(json!({ "sub": user, "username": user, "preferred_username": user })).into_response())
}

/// Lets pages of the origins that the gate takes read what clients without a server of their own need. Nothing of a browser (cookies) goes with it.
// rule: mcphub-cors-no-credentials
pub(crate) async fn readable(request: Request, next: axum::middleware::Next) -> Response {
    const ALLOWED: [(HeaderName, &str); 4] = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, MCP-Protocol-Version",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    let mut response = if request.method() == http::Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    for (name, value) in ALLOWED {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Larger than anything that belongs here: anybody may send one.
const LARGEST_BODY: usize = 64 * 1024;

// rule: mcphub-registration-pace
async fn read(body: axum::body::Body) -> Result<Bytes, Problem> {
    let body = Limited::new(body, LARGEST_BODY).collect().await;
    let body = body.map_err(|error| Problem::request(format!("the body did not come: {error}")))?;
    Ok(body.to_bytes())
}

fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()
}

/// RFC 6749 5.2, RFC 7591 3.2.2.
fn failed(failure: &Failure) -> Response {
    match failure {
        Failure::Token(error) if error.error == "invalid_client" => {
            let mut response = refused(StatusCode::UNAUTHORIZED, error.error, &error.description);
            if error.by_header {
                let challenge = HeaderValue::from_static("Basic realm=\"MCPHub\"");
                response
                    .headers_mut()
                    .insert(header::WWW_AUTHENTICATE, challenge);
            }
            response
        }
        Failure::Token(error) => refused(StatusCode::BAD_REQUEST, error.error, &error.description),
        Failure::Registration(error) => {
            refused(StatusCode::BAD_REQUEST, error.error, &error.description)
        }
        Failure::Hurry(wait) => {
            let why = failure.to_string();
            let mut response = refused(
                StatusCode::TOO_MANY_REQUESTS,
                "temporarily_unavailable",
                &why,
            );
            let wait = HeaderValue::from(wait.as_secs().max(1));
            response.headers_mut().insert(header::RETRY_AFTER, wait);
            response
        }
        Failure::DocumentAway => refused(
            StatusCode::SERVICE_UNAVAILABLE,
            "temporarily_unavailable",
            &failure.to_string(),
        ),
        Failure::Unwritten(_) | Failure::NeverStill => {
            tracing::error!(
                error = failure as &dyn std::error::Error,
                "a client got nothing"
            );
            let why = "the hub could not write its settings file";
            refused(
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                why,
            )
        }
    }
}

fn refused(status: StatusCode, error: &str, description: &str) -> Response {
    let body: Value = json!({ "error": error, "error_description": description });
    (status, Json(body)).into_response()
}
